# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Beds for tests against a real dpkg, and the words that cases speak in.
#
# A case is an executable file in this folder:
#
#	#!/bin/bash
#	. "$(dirname "$0")/lib.sh"
#	bed_enter "$@"			# private mount and pid namespaces
#	bed_start bookworm		# a Debian in $ROOT, on ext4
#	bed_install_programs		# ours, diverted and adopted
#	expect_rc 0 "less is installed" in_root apt-get install -y less
#	bed_clean "after the install"	# tests/oracle has nothing to say
#	done_testing
#
# It prints TAP. Whatever ends it, SIGKILL too, the namespaces take every
# process, mount and loop device along.
#
# Set from outside:
#	DI_BUILD	folder of the build to test (_build/release)
#	DI_CACHE	keeps the suites' images between runs
#	DI_TMP		working images go here; not a tmpfs (/var/tmp)
#	DI_MIRROR	Debian mirror; else the one this machine's apt uses
#	DI_REFRESH	not empty: make the suites' images anew
#	DI_PACKAGED	not empty: our Debian package is installed, not only the
#			programs (package.sh)
#	DI_COVERAGE	where programs built with --enable-coverage count

export LC_ALL=C.UTF-8
umask 022

DI_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DI_TOP=$(dirname "$DI_TESTS")
DI_BUILD=${DI_BUILD:-$DI_TOP/_build/release}
DI_CACHE=${DI_CACHE:-/var/cache/dpkg-immutable-tests}
DI_TMP=${DI_TMP:-/var/tmp}
export DI_TESTS DI_TOP DI_BUILD DI_CACHE DI_TMP

# Downloaded into every image, so that cases need no network.
BED_PACKAGES="cron dbus man-db iputils-ping openssh-client perl-doc
	wireshark-common python3-minimal vim-tiny less locales
	initramfs-tools sudo tzdata ca-certificates attr acl libcap2-bin"
# Installed in the images of SUITE+frontends besides: for the cases that speak
# of front ends, so that the others' images stay small.
BED_FRONTENDS="aptitude python3-apt unattended-upgrades packagekit
	packagekit-tools apt-utils debconf locales initramfs-tools python3
	fakeroot dpkg-dev dbus mtree-netbsd libarchive-tools acl libcap2-bin"
# Raise it when images made by older code must not be used any more.
BED_VERSION=1
BED_SIZE=6G

# shellcheck source=tests/system/mkdeb
. "$DI_TESTS/system/mkdeb"

##### TAP ###################################################################

TAP_COUNT=0
TAP_FAILED=0
TAP_DONE=

# Lines for the reader, not for the harness.
note()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

ok()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	printf 'ok %d - %s\n' "$TAP_COUNT" "$1"
}

# not_ok DESCRIPTION [FILE]: the first and last lines of FILE say why.
not_ok()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	TAP_FAILED=$((TAP_FAILED + 1))
	printf 'not ok %d - %s\n' "$TAP_COUNT" "$1"
	if [ -n "${2:-}" ]; then
		awk '{ line[NR] = $0 }
			END { for (i = 1; i <= NR; i++)
				if (i <= 15 || i > NR - 30)
					print "#   " line[i]
				else if (i == 16)
					print "#   ..." }' "$2"
	fi
}

# skip DESCRIPTION REASON
skip()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	printf 'ok %d - %s # SKIP %s\n' "$TAP_COUNT" "$1" "$2"
}

# The machine can't run this case at all.
skip_all()
{
	printf '1..0 # SKIP %s\n' "$*"
	TAP_DONE=1
	exit 0
}

# is GOT WANTED DESCRIPTION
is()
{
	if [ "$1" = "$2" ]; then
		ok "$3"
	else
		not_ok "$3"
		note "got    '$1'"
		note "wanted '$2'"
	fi
}

# ok_if DESCRIPTION COMMAND...: true is ok.
ok_if()
{
	expect_rc 0 "$@"
}

# expect_rc STATUS DESCRIPTION COMMAND...; `!0` is anything but 0. The output
# stays in $OUT until the next call.
expect_rc()
{
	local want=$1 desc=$2 rc=0
	shift 2
	"$@" >"$OUT" 2>&1 || rc=$?
	if [ "$want" = '!0' ] && [ "$rc" != 0 ]; then
		ok "$desc"
	elif [ "$rc" = "$want" ]; then
		ok "$desc"
	else
		not_ok "$desc" "$OUT"
		note "exit status $rc, wanted $want: $*"
	fi
}

# out_has DESCRIPTION REGEX: about what expect_rc's command printed.
out_has()
{
	if grep -qE -- "$2" "$OUT"; then
		ok "$1"
	else
		not_ok "$1" "$OUT"
		note "nothing like: $2"
	fi
}

# tap_of PREFIX GROUP STATUS TAP ERR: another program's points as ours. One that
# printed no plan, or not all of it, or that failed without a failed point,
# counts as a failure itself.
tap_of()
{
	local prefix="$2: $1" line failed=$TAP_FAILED count=$TAP_COUNT plan=

	while IFS= read -r line; do
		case $line in
		'ok '*)
			ok "$prefix: ${line#* - }"
			;;
		'not ok '*)
			not_ok "$prefix: ${line#* - }"
			;;
		1..[0-9]*)
			plan=${line#1..}
			;;
		'#'*)
			printf '%s\n' "$line"
			;;
		esac
	done <"$4"
	if [ "${plan%% *}" != $((TAP_COUNT - count)) ] || [ "$plan" = 0 ] ||
	    { [ "$3" != 0 ] && [ "$TAP_FAILED" = "$failed" ]; }; then
		not_ok "$prefix: ended early, status $3" "$5"
	fi
}

done_testing()
{
	printf '1..%d\n' "$TAP_COUNT"
	TAP_DONE=1
	[ "$TAP_FAILED" = 0 ]
	exit
}

die()
{
	printf 'Bail out! %s\n' "$*"
	TAP_DONE=1
	exit 2
}

##### Namespaces ############################################################

# First thing of a case: runs the case again in mount and pid namespaces of
# its own, with the folder $WORK, which the outer half removes at the end.
bed_enter()
{
	local work rc=0

	if [ -n "${DI_INSIDE:-}" ]; then
		WORK=$DI_INSIDE
		OUT=$WORK/out
		unset DI_INSIDE
		: >"$OUT"
		trap bed_leave EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
		return
	fi
	[ "$(id -u)" = 0 ] || skip_all "not root"
	unshare --mount --pid --fork --mount-proc true 2>/dev/null ||
		skip_all "no namespaces of our own on this machine"
	work=$(mktemp -d "$DI_TMP/di-test.XXXXXX") || exit 2
	# A signal comes to the whole group: the inner half ends, then we tidy.
	trap : INT TERM HUP
	DI_INSIDE=$work unshare --mount --pid --fork --kill-child=KILL \
		--mount-proc --propagation private -- \
		/bin/bash "$0" "$@" || rc=$?
	rm -rf --one-file-system -- "$work"
	exit "$rc"
}

# Tells a case that ended without done_testing from one that is through.
bed_leave()
{
	local rc=$?

	trap - EXIT
	cd /
	if [ -z "$TAP_DONE" ]; then
		printf 'Bail out! the case ended early, status %d\n' "$rc"
		[ "$rc" != 0 ] || rc=2
	fi
	bed_close_all
	exit "$rc"
}

BED_OPEN=()

bed_close_all()
{
	local dir

	for dir in "${BED_OPEN[@]}"; do
		umount -R "$dir" 2>/dev/null || umount -R -l "$dir" 2>/dev/null
	done
	BED_OPEN=()
}

# bed_close DIR
bed_close()
{
	local dir keep=()

	umount -R "$1" || umount -R -l "$1"
	for dir in "${BED_OPEN[@]}"; do
		[ "$dir" = "$1" ] || keep+=("$dir")
	done
	BED_OPEN=("${keep[@]}")
}

##### The suites' images ####################################################

bed_codename()
{
	# shellcheck disable=SC1091
	(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
}

# The mirror that this machine's apt is set to; nothing printed leaves
# debootstrap its own default.
bed_mirror()
{
	local code uri

	if [ -n "${DI_MIRROR:-}" ]; then
		printf '%s' "$DI_MIRROR"
		return
	fi
	code=$(bed_codename)
	# shellcheck disable=SC2016  # apt's variables, not the shell's
	uri=$(apt-get indextargets --format \
		'$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' \
		2>/dev/null |
		awk -v c="$code" '$1 == "Debian" && $2 == c { print $3; exit }')
	# Without lists yet: what apt would fetch.
	[ -n "$uri" ] || uri=$(apt-get update --print-uris 2>/dev/null |
		sed -n "s|^'\\(.*/debian/*\\)/dists/$code/InRelease'.*|\\1|p" |
		head -n 1)
	case $uri in
	http://* | https://*) printf '%s' "${uri%/}" ;;
	esac
}

# A proxy that only apt's configuration knows, for debootstrap's wget.
bed_proxy()
{
	local P=

	[ -z "${http_proxy:-}" ] || return 0
	eval "$(apt-config shell P Acquire::http::Proxy 2>/dev/null)"
	case $P in
	http*) export http_proxy=$P ;;
	esac
}

# The devices and file systems that packages expect; every one of them goes
# with `umount -R`.
bed_dev()
{
	local dev=$1/dev

	mount -t proc -o nosuid,nodev,noexec proc "$1/proc" &&
	mount -t tmpfs -o mode=755,size=1m,nosuid tmpfs "$dev" &&
	mkdir "$dev/pts" "$dev/shm" &&
	mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 \
		devpts "$dev/pts" &&
	mknod -m 666 "$dev/null" c 1 3 &&
	mknod -m 666 "$dev/zero" c 1 5 &&
	mknod -m 666 "$dev/full" c 1 7 &&
	mknod -m 666 "$dev/random" c 1 8 &&
	mknod -m 666 "$dev/urandom" c 1 9 &&
	mknod -m 666 "$dev/tty" c 5 0 &&
	ln -s pts/ptmx "$dev/ptmx" &&
	ln -s /proc/self/fd "$dev/fd" &&
	ln -s fd/0 "$dev/stdin" &&
	ln -s fd/1 "$dev/stdout" &&
	ln -s fd/2 "$dev/stderr" || return
	[ -z "${DI_COVERAGE:-}" ] || {
		mkdir "$1$DI_COVERAGE" &&
		mount --bind "$DI_COVERAGE" "$1$DI_COVERAGE"
	}
}

# A clean environment, so that nothing of the tester's shell gets in.
in_root()
{
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive \
		chroot "$ROOT" "$@"
}

# debootstrap into the empty mounted folder, then the packages' archives.
bed_fill()
{
	local suite=$1 ROOT=$2 mirror

	mirror=$(bed_mirror)
	bed_proxy
	# $mirror stays unquoted: empty means no argument.
	# shellcheck disable=SC2086
	debootstrap --variant=minbase "$suite" "$ROOT" $mirror || return
	umount -R "$ROOT/proc" "$ROOT/sys" "$ROOT/dev" 2>/dev/null
	bed_dev "$ROOT" || return
	printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d" &&
	chmod 755 "$ROOT/usr/sbin/policy-rc.d" &&
	cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf" || return
	# Nothing may speed dpkg up: what is measured is what users have.
	if grep -rqs unsafe-io "$ROOT/etc/dpkg"; then
		echo "$suite: dpkg is set to unsafe i/o" >&2
		return 1
	fi
	# shellcheck disable=SC2086,SC2016  # a list; the inner shell's
	in_root env http_proxy="${http_proxy:-}" sh -c '
		[ -n "$http_proxy" ] || unset http_proxy
		apt-get update &&
		apt-get install -d -y --no-install-recommends "$@"' \
		sh $BED_PACKAGES || return
	# Its host name and servers are this machine's.
	rm -f "$ROOT/etc/resolv.conf" "$ROOT/etc/hostname"
	: >"$ROOT/etc/resolv.conf"
}

# bed_build SUITE IMAGE: makes IMAGE in a mount namespace of its own.
bed_build()
{
	local suite=$1 image=$2 dir rc=0

	dir=$(mktemp -d "$DI_TMP/di-build.XXXXXX") || return
	if ! {
		truncate -s "$BED_SIZE" "$image.tmp" &&
		mkfs.ext4 -q -F -L di-bed "$image.tmp" &&
		mount -o loop,discard "$image.tmp" "$dir" &&
		bed_fill "$suite" "$dir" &&
		umount -R "$dir" &&
		mv "$image.tmp" "$image"
	}; then
		umount -R -l "$dir" 2>/dev/null
		rm -f "$image.tmp"
		rc=1
	fi
	rmdir "$dir"
	return "$rc"
}

# bed_add IMAGE PREPARE PACKAGE...: installs packages in an image, in a mount
# namespace of its own; the function PREPARE comes before that, with the image
# on $ROOT.
bed_add()
{
	local image=$1 prepare=$2 ROOT rc=0

	shift 2
	ROOT=$(mktemp -d "$DI_TMP/di-build.XXXXXX") || return
	bed_proxy
	# shellcheck disable=SC2016  # the inner shell's
	if ! {
		mount -o loop,discard "$image" "$ROOT" &&
		bed_dev "$ROOT" &&
		cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf" &&
		"$prepare" &&
		in_root env http_proxy="${http_proxy:-}" sh -c '
			[ -n "$http_proxy" ] || unset http_proxy
			apt-get update &&
			apt-get install -y --no-install-recommends "$@" &&
			apt-get clean' sh "$@" &&
		: >"$ROOT/etc/resolv.conf" &&
		umount -R "$ROOT"
	}; then
		umount -R -l "$ROOT" 2>/dev/null
		rc=1
	fi
	rmdir "$ROOT"
	return "$rc"
}

# bed_derived SUITE TAG WORDS FILL [FILE]...: as bed_base, of the image that
# the function FILL makes of a copy of that one, given its name; of a shell
# that has sourced this and FILEs. Made anew once WORDS are others.
bed_derived()
{
	local suite=$1 tag=$2 words=$3 fill=$4 base image key lock log

	shift 4
	base=$(bed_base "$suite") || return
	key=$(printf '%s ' "$words" |
		command md5sum | command cut -c1-8) && [ -n "$key" ] || return
	log=$DI_CACHE/$suite+$tag.log
	image=${base%.ext4}+$tag-$key.ext4
	exec {lock}>"$DI_CACHE/$suite+$tag.lock" && flock "$lock" || return
	if [ -n "${DI_REFRESH:-}" ] || [ ! -f "$image" ]; then
		rm -f "${base%.ext4}+$tag"-*
		# shellcheck disable=SC2016  # the inner shell's
		if ! cp --reflink=auto --sparse=always -- "$base" \
				"$image.tmp" ||
		    ! unshare --mount --propagation private -- \
			/bin/bash -c 'f=$1 i=$2; shift 2
				for file; do . "$file"; done
				"$f" "$i"' "$fill" "$fill" "$image.tmp" \
			"$DI_TESTS/system/lib.sh" "$@" \
			{lock}>&- >"$log" 2>&1 </dev/null ||
		    ! mv "$image.tmp" "$image"; then
			tail -n 20 "$log" >&2
			rm -f "$image.tmp"
			exec {lock}>&-
			return 1
		fi
	fi
	exec {lock}>&-
	printf '%s' "$image"
}

# shellcheck disable=SC2317,SC2086  # called by bed_derived; a list
bed_fill_frontends()
{
	bed_add "$1" : $BED_FRONTENDS
}

# bed_frontends SUITE: the image that has BED_FRONTENDS too.
bed_frontends()
{
	bed_derived "$1" frontends "$BED_FRONTENDS" bed_fill_frontends
}

# bed_base SUITE: prints the name of the suite's cached ext4 image, which is
# made first if need be. Never mount it but read-only: copies are for that.
bed_base()
{
	local suite=$1 key image lock arch

	arch=$(command dpkg --print-architecture) && [ -n "$arch" ] || return
	# A case may have functions of these names.
	key=$(printf '%s ' "$BED_VERSION" "$BED_SIZE" "$BED_PACKAGES" |
		command md5sum | command cut -c1-8) && [ -n "$key" ] || return
	image=$DI_CACHE/$suite-$arch-$key.ext4
	mkdir -p "$DI_CACHE" || return
	exec {lock}>"$DI_CACHE/$suite.lock" && flock "$lock" || return
	if [ -n "${DI_REFRESH:-}" ] || [ ! -f "$image" ]; then
		rm -rf "$DI_CACHE/$suite"-*
		# In a namespace of its own, for callers outside any; its
		# output is for the log, ours is the image's name.
		# shellcheck disable=SC2016  # the inner shell's
		unshare --mount --propagation private -- \
			/bin/bash -c '. "$1"; bed_build "$2" "$3"' \
			bed_build "$DI_TESTS/system/lib.sh" "$suite" "$image" \
			{lock}>&- >"$DI_CACHE/$suite.log" 2>&1 </dev/null || {
			tail -n 20 "$DI_CACHE/$suite.log" >&2
			exec {lock}>&-
			return 1
		}
	fi
	exec {lock}>&-
	printf '%s' "$image"
}

##### Beds ##################################################################

# bed_image SUITE[+frontends] FILE: FILE becomes a copy of the suite's image.
bed_image()
{
	local base

	case $1 in
	*+frontends) base=$(bed_frontends "${1%+*}") ;;
	*) base=$(bed_base "$1") ;;
	esac &&
	cp --reflink=auto --sparse=always -- "$base" "$2"
}

# With DI_MEMORY=yes images lie in memory, where there is plenty of it: beds are
# copied and filled in a third of the time, and disks are left in peace.
bed_memory()
{
	local free

	[ "${DI_MEMORY:-}" = yes ] || return
	[ ! -d "$WORK/memory" ] || return 0
	free=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
	[ "$free" -gt 6000000 ] && mkdir "$WORK/memory" &&
		mount -t tmpfs -o mode=700,size=5g tmpfs "$WORK/memory"
}

# bed_open SUITE DIR: a fresh Debian, mounted on DIR. The image has no name
# once it is mounted, so nothing is left of it whatever happens to us.
# Set BED_KEEP to a file name for an image that stays.
bed_open()
{
	local image=${BED_KEEP:-$2.img}

	if [ -z "${BED_KEEP:-}" ] && bed_memory; then
		image=$WORK/memory/${2##*/}.img
	fi
	mkdir -p "$2" &&
	bed_image "$1" "$image" &&
	mount -o loop "$image" "$2" || return
	[ -n "${BED_KEEP:-}" ] || rm -f "$image"
	BED_OPEN+=("$2")
	bed_dev "$2"
}

# bed_start SUITE: the bed that in_root, bed_clean and others mean.
bed_start()
{
	local why

	ROOT=$WORK/root
	why=$(bed_probe) || skip_all "$why"
	bed_open "$1" "$ROOT" || die "no bed for $1"
}

# A machine without loop devices can't run the cases: say so.
bed_probe()
{
	local image=$WORK/probe.img dir=$WORK/probe rc=0

	mkdir -p "$dir"
	truncate -s 8M "$image"
	mkfs.ext4 -q -F "$image" >/dev/null 2>&1 &&
	mount -o loop "$image" "$dir" 2>/dev/null || rc=1
	if [ "$rc" = 0 ]; then
		: >"$dir/file"
		chattr +i "$dir/file" 2>/dev/null || rc=2
		chattr -i "$dir/file" 2>/dev/null
		umount "$dir"
	fi
	rm -f "$image"
	case $rc in
	1) echo "this machine mounts no ext4 image" ;;
	2) echo "no right to set inode flags on this machine" ;;
	esac
	return "$rc"
}

# The built programs, without diversions.
bed_copy_programs()
{
	make -s -C "$DI_BUILD" install DESTDIR="$ROOT" >"$OUT" 2>&1 || {
		tail -n 20 "$OUT" | sed 's/^/# /'
		die "make install in $DI_BUILD failed"
	}
}

# The built programs, diverted and adopted: what the package does, and with
# DI_PACKAGED the package itself.
bed_install_programs()
{
	if [ -n "${DI_PACKAGED:-}" ]; then
		# shellcheck source=tests/system/package.sh
		. "$DI_TESTS/system/package.sh"
		package_install
		BED_ORACLE=(--self)
		return
	fi
	bed_copy_programs
	expect_rc 0 "the diversions are put in place" \
		in_root /usr/sbin/dpkg-immutable-divert add
	expect_rc 0 "the root is adopted" \
		in_root /usr/sbin/dpkg-immutable --adopt
	BED_ORACLE=(--self)
}

BED_ORACLE=()

# bed_clean WHEN [ORACLE-OPTION...]
bed_clean()
{
	local when=$1

	shift
	expect_rc 0 "$when: the oracle has nothing to say" \
		"$DI_TESTS/oracle" "${BED_ORACLE[@]}" "$@" "$ROOT"
}

# flags PATH: the letters among i and a that PATH below $ROOT carries.
flags()
{
	lsattr -d -- "$ROOT$1" 2>/dev/null | cut -d' ' -f1 | tr -cd 'ia'
}

# State of a package as dpkg tells it, "not-installed" where it knows none.
state()
{
	local s

	# shellcheck disable=SC2016  # dpkg-query's variable
	s=$(in_root dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)
	printf '%s' "${s:-not-installed}"
}
