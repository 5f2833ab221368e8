# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# A bed so small that each system call of a run can be made to fail in turn,
# and the word that does it. Source it before bed_enter.
#
#	faults_start			sets ROOT and INJECT
#	faults PREFIX WORD...		what faults.py has to say of it

# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What dpkg's database knows, and whose programs it needs besides.
FAULTS_KNOWN="base-files dash dpkg sed"
FAULTS_TOOLS="coreutils diffutils e2fsprogs grep libacl1 libattr1 libblkid1
	libbz2-1.0 libc-bin libc6 libcom-err2 libext2fs2 libgmp10 liblzma5
	libmd0 libpcre2-8-0 libselinux1 libuuid1 libzstd1 tar util-linux
	zlib1g"
# Nobody reads these here.
FAULTS_LEFT='(^/|  )usr/share/(bash-completion|doc|info|lintian|locale|man)'

# faults_inject: builds the program, or tells why it can't run here.
faults_inject()
{
	local cc rc=0

	INJECT=$WORK/inject
	for cc in cc gcc clang ''; do
		[ -n "$cc" ] || skip_all "no C compiler"
		! command -v "$cc" >/dev/null || break
	done
	"$cc" -std=gnu11 -D_GNU_SOURCE -O1 -Wall -Wextra -o "$INJECT" \
		"$DI_TESTS/system/inject.c" \
		"$DI_TESTS/system/inject_calls.c" >"$OUT" 2>&1 ||
		die "inject is not built: $(cat "$OUT")"
	"$INJECT" --ours /bin/sh -- /bin/true >"$OUT" 2>&1 || rc=$?
	case $rc in
	0) ;;
	77) skip_all "inject knows x86-64 only" ;;
	*) skip_all "no ptrace on this machine: $(cat "$OUT")" ;;
	esac
}

# The names in a package's list that this bed has.
faults_list()
{
	local info=$1/var/lib/dpkg/info package

	shift
	for package; do
		cat "$info/$package".list "$info/$package":*.list 2>/dev/null
	done | grep -vE "$FAULTS_LEFT" | sort -u
}

# faults_fill BASE: the files and a database of the known packages.
faults_fill()
{
	local base=$1 admin=$ROOT/var/lib/dpkg package dir file

	for dir in bin sbin lib lib64; do
		mkdir -p "$ROOT/usr/$dir" &&
		cp -a "$base/$dir" "$ROOT/" || return
	done
	# shellcheck disable=SC2086  # lists
	faults_list "$base" $FAULTS_KNOWN $FAULTS_TOOLS |
		sed '/^\/\.$/d; s|^/||' >"$WORK/names"
	tar -C "$base" --no-recursion --ignore-failed-read -cf - \
		-T "$WORK/names" 2>/dev/null | tar -C "$ROOT" -xpf - || return
	cp -a "$base"/etc/{passwd,group,ld.so.cache} "$ROOT/etc/" &&
	mkdir -p "$admin"/{info,updates,triggers,alternatives,parts} &&
	: >"$admin/available" && : >"$admin/triggers/File" &&
	: >"$admin/triggers/Unincorp" || return
	for package in $FAULTS_KNOWN; do
		for file in "$base/var/lib/dpkg/info/$package".*; do
			grep -vE "$FAULTS_LEFT" "$file" \
				>"$admin/info/${file##*/}"
			chmod --reference="$file" "$admin/info/${file##*/}"
		done
	done
	echo 1 >"$admin/info/format"
	awk -v known=" $FAULTS_KNOWN " 'BEGIN { RS = ""; FS = "\n" }
		index(known, " " substr($1, 10) " ") { print $0 "\n" }' \
		"$base/var/lib/dpkg/status" >"$admin/status"
}

# A fresh copy of the bed.
faults_mount()
{
	umount -R "$ROOT" 2>/dev/null || umount -R -l "$ROOT" 2>/dev/null
	cp --sparse=always "$WORK/images/ready" "$WORK/images/bed" &&
	mount -o loop "$WORK/images/bed" "$ROOT" &&
	bed_dev "$ROOT"
}

faults_make()
{
	local base

	ROOT=$WORK/root
	mkdir -p "$ROOT" "$WORK/base" "$WORK/images" &&
	mount -t tmpfs -o mode=700,size=600m tmpfs "$WORK/images" &&
	base=$(bed_base bookworm) &&
	mount -o loop,ro "$base" "$WORK/base" &&
	truncate -s 192M "$WORK/images/ready" &&
	mkfs.ext4 -q -F "$WORK/images/ready" &&
	mount -o loop "$WORK/images/ready" "$ROOT" &&
	BED_OPEN+=("$ROOT") &&
	faults_fill "$WORK/base" &&
	umount "$WORK/base" &&
	mkdir -p "$ROOT"/{dev,proc,sys,tmp,run,root/debs} &&
	bed_dev "$ROOT"
}

# Two versions of what changes, what is interested in it, and what diverts it.
faults_debs()
{
	local dir=$ROOT/root/debs s=/usr/share/di-f v

	for v in 1 2; do
		mkdeb "$dir/f$v.deb" di-f $v $s/same=same $s/changed=$v \
			$s/only-$v=$v $s/hl1=linked-$v hl:$s/hl2=$s/hl1 \
			ln:$s/link=same /usr/bin/di-f=suid-$v \
			mode:/usr/bin/di-f=4755 conf:/etc/di-f.conf=$v \
			"/usr/share/di-seen/file=$v" &&
		mkdeb "$dir/d$v.deb" di-d $v $s/same=diverted-$v \
			preinst="dpkg-divert --package di-d --rename \\
				--divert $s/same.di-d --add $s/same" \
			postrm="[ \"\$1\" = upgrade ] || dpkg-divert \\
				--package di-d --rename \\
				--divert $s/same.di-d --remove $s/same" ||
			return
	done
	mkdeb "$dir/t1.deb" di-t 1 /usr/share/di-t/file=t \
		triggers="interest /usr/share/di-seen" \
		postinst='[ "$1" != triggered ] || echo "$2" >/var/lib/di-t'
}

faults_start()
{
	local why

	why=$(bed_probe) || skip_all "$why"
	faults_inject
	faults_make >"$OUT" 2>&1 || die "no bed: $(tail -n 5 "$OUT")"
	faults_debs || die "local packages can't be built"
	bed_install_programs
	bed_clean "the bed"
	umount -R "$ROOT" || die "the bed can't be kept"
	export WORK ROOT
	export -f faults_mount bed_dev
	faults_mount || die "the bed can't be copied"
}

# faults PREFIX WORD...
faults()
{
	local prefix=$1 rc=0

	shift
	python3 "$DI_TESTS/system/faults.py" "$ROOT" "$INJECT" "$@" \
		>"$WORK/faults.tap" 2>"$WORK/faults.err" || rc=$?
	tap_of "$prefix" "faults" $rc "$WORK/faults.tap" "$WORK/faults.err"
}
