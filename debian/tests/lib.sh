# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# What the tests have in common: points, small packages, and a copy of our
# own package from what is installed of it.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C.UTF-8
DEBIAN_FRONTEND=noninteractive
export PATH LC_ALL DEBIAN_FRONTEND
umask 022
unset DPKG_ROOT DPKG_ADMINDIR

tmp=${AUTOPKGTEST_TMP:-}
if [ -z "$tmp" ]; then
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
fi
points=0
failed=0
names='/usr/bin/dpkg /usr/bin/dpkg-divert /usr/bin/dpkg-statoverride
/usr/sbin/dpkg-reconfigure'

# point DESCRIPTION COMMAND...: what it prints is shown where it fails.
point() {
	points=$((points + 1))
	what=$1
	shift
	if "$@" >"$tmp/out" 2>&1 </dev/null; then
		echo "ok $points - $what"
	else
		echo "not ok $points - $what (status $?): $*"
		sed 's/^/#   /' "$tmp/out" | tail -n 40
		failed=$((failed + 1))
	fi
}

# denied DESCRIPTION COMMAND...: must fail.
denied() {
	desc=$1
	shift
	point "$desc" fails "$@"
}

fails() {
	! "$@"
}

is() {
	[ "$1" = "$2" ] || {
		echo "'$1' is not '$2'"
		return 1
	}
}

done_testing() {
	echo "1..$points"
	[ "$failed" = 0 ]
	exit
}

# True if the file carries the immutable flag.
immutable() {
	flags=$(lsattr -d "$1") || return
	case "${flags%% *}" in
	*i*) ;;
	*)
		echo "$flags"
		return 1
		;;
	esac
}

# Files of packages, ours too, that carry the flag.
flagged() {
	{
		cat /var/lib/dpkg/info/*.list
		dpkg-divert --list | sed -n 's/.* to \(.*\) by .*/\1/p'
		echo /var/lib/dpkg-immutable
		find /var/lib/dpkg-immutable 2>/dev/null || true
		# shellcheck disable=SC2086 # words
		printf '%s\n' $names
	} | sort -u | tr '\n' '\0' |
		xargs -0 -r lsattr -d 2>/dev/null | awk '$1 ~ /i/'
}

# version PACKAGE
version() {
	# shellcheck disable=SC2016 # dpkg-query's
	dpkg-query -W -f '${Version}' "$1"
}

# small VERSION: prints the name of an archive of package di-small, with a
# file that all versions have and one that only this one has.
small() {
	rm -rf "$tmp/small"
	mkdir -p "$tmp/small/DEBIAN" "$tmp/small/usr/share/di-small" \
		"$tmp/small/etc"
	echo "version $1" >"$tmp/small/usr/share/di-small/file"
	echo "only $1" >"$tmp/small/usr/share/di-small/only-$1"
	echo "a = 1" >"$tmp/small/etc/di-small.conf"
	echo /etc/di-small.conf >"$tmp/small/DEBIAN/conffiles"
	cat >"$tmp/small/DEBIAN/control" <<-END
	Package: di-small
	Version: $1
	Architecture: all
	Maintainer: Nobody <nobody@example.org>
	Description: test of dpkg-immutable
	END
	( cd "$tmp/small" && find usr -type f -exec md5sum {} + ) \
		>"$tmp/md5sums"
	mv "$tmp/md5sums" "$tmp/small/DEBIAN/md5sums"
	dpkg-deb --root-owner-group -b "$tmp/small" \
		"$tmp/di-small_$1.deb" >/dev/null
	echo "$tmp/di-small_$1.deb"
}

# repack VERSION: prints the name of an archive of our own package as it is
# installed, with another version.
repack() {
	rm -rf "$tmp/own"
	mkdir -p "$tmp/own/DEBIAN"
	dpkg-query -L dpkg-immutable | while IFS= read -r file; do
		# A folder that is a link here (/lib) is one of /usr merged.
		if [ -d "$file" ]; then
			mkdir -p "$tmp/own$file"
		elif [ -e "$file" ] || [ -h "$file" ]; then
			cp -a --no-preserve=links "$file" "$tmp/own$file"
		fi
	done
	for file in /var/lib/dpkg/info/dpkg-immutable.*; do
		case $file in
		*.list) ;;
		*)
			cp -p "$file" "$tmp/own/DEBIAN/${file##*.}"
			;;
		esac
	done
	# The stanza in the status file has what only the database needs.
	dpkg-query -s dpkg-immutable | awk -v v="$1" '
		/^[^ ]/ {
			keep = !/^(Status|Conffiles|Config-Version|Triggers-.*):/
		}
		/^Version:/ { print "Version: " v; next }
		keep && NF' >"$tmp/own/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$tmp/own" \
		"$tmp/dpkg-immutable_$1.deb" >/dev/null
	echo "$tmp/dpkg-immutable_$1.deb"
}

# True if our shim stands at every name, the real program behind it.
shims_stand() {
	for name in $names; do
		[ -e "$name.distrib" ] || continue
		cmp /usr/libexec/dpkg-immutable/shim "$name" || return
		dpkg-divert --list "$name" | grep -q 'by dpkg-immutable$' ||
			return
	done
	[ -e /usr/bin/dpkg.distrib ]
}

# True if nothing of the shims is left, and every program is its package's.
shims_gone() {
	for name in $names; do
		[ ! -e "$name.distrib" ] || return
	done
	is "$(dpkg-divert --list | grep -c dpkg-immutable)" 0 &&
		is "$(dpkg -V dpkg debconf)" ''
}

# our_files: what the installed package has outside of /etc; files_gone reads
# that list. dpkg leaves behind without a word what it may not delete.
our_files() {
	dpkg-query -L dpkg-immutable | while IFS= read -r file; do
		case $file in
		/etc/*) ;;
		*) [ -d "$file" ] || printf '%s\n' "$file" ;;
		esac
	done >"$tmp/files"
	[ -s "$tmp/files" ]
}

files_gone() {
	while IFS= read -r file; do
		[ ! -e "$file" ] || echo "$file"
	done <"$tmp/files" >"$tmp/left"
	is "$(cat "$tmp/left")" ''
}

apt_get() {
	apt-get -y -q -o Dpkg::Options::=--force-confdef "$@"
}
