# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Long cases: a story of real packages from the network, told once with us and
# under strace, and once in a twin bed without us; source it first. A case
# brings
#
#	prepare		in the first bed, before it is copied for the twin: what
#			needs the network
#	story		`step NAME COMMAND...`, the same in both beds
#
# and calls long_suite SUITE. After every step: the exit status, the packages'
# states, the tree and the content of packaged files as without us; the oracle
# silent; no EPERM at all, ./eperm tells which would be ours.
#
# Set from outside, beside what lib.sh names:
#	DI_TWIN		0: without the twin; then statuses must be 0
#	DI_KEEP		folder that gets outputs and traces of the steps

# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

LONG=$DI_TESTS/system/long
LONG_SIZE=${LONG_SIZE:-16G}
DI_TWIN=${DI_TWIN:-1}
STEP_TIMEOUT=3600
# What changes a file or opens it for that. The rest (stat, read) can't fail
# for a flag and would make up most of the stops.
TRACED="?open,openat,?openat2,?creat,truncate,ftruncate,fallocate,\
?rename,?renameat,renameat2,?unlink,unlinkat,?link,linkat,?symlink,symlinkat,\
?rmdir,?mkdir,mkdirat,?mknod,mknodat,?chmod,fchmod,fchmodat,?fchmodat2,\
?chown,?lchown,fchown,fchownat,?utime,?utimes,?futimesat,utimensat,\
setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr,\
ioctl,write,pwrite64,writev,pwritev,copy_file_range,sendfile"

# long_mount IMAGE DIR: the image has no name any more, as in bed_open.
long_mount()
{
	mkdir -p "$2" &&
	mount -o loop "$1" "$2" || return
	rm -f "$1"
	BED_OPEN+=("$2")
	bed_dev "$2"
}

# long_network: this machine's name servers and proxy, in both beds alike.
long_network()
{
	bed_proxy
	cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf" || return
	[ -z "${http_proxy:-}" ] ||
		printf 'Acquire::http::Proxy "%s";\n' "$http_proxy" \
			>"$ROOT/etc/apt/apt.conf.d/90proxy"
}

# Initial ramdisks without modules: a full one takes minutes under strace, and
# there is one a kernel and trigger.
long_initramfs()
{
	mkdir -p "$ROOT/etc/initramfs-tools/conf.d" &&
	echo MODULES=list >"$ROOT/etc/initramfs-tools/conf.d/small"
}

# shellcheck disable=SC2034  # the cases'
APT=(apt-get -y -o Dpkg::Options::=--force-confdef
	-o Dpkg::Options::=--force-confold)

# A grown copy of the suite's image, with the lists and archives that the
# story needs.
long_image()
{
	local image=$WORK/$1.img ROOT=$WORK/prepare

	bed_image "$1" "$image" &&
	truncate -s "$LONG_SIZE" "$image" || return
	e2fsck -fy "$image" >/dev/null 2>&1
	resize2fs "$image" >/dev/null 2>&1 &&
	mkdir -p "$ROOT" &&
	mount -o loop "$image" "$ROOT" || return
	BED_OPEN+=("$ROOT")
	bed_dev "$ROOT" && long_network && long_initramfs &&
	prepare "$1" || return
	# What our package needs, in both beds.
	[ -z "${DI_PACKAGED:-}" ] ||
		in_root "${APT[@]}" install e2fsprogs || return
	bed_close "$ROOT"
}

##### What is compared ######################################################

# Every package's version and state.
states()
{
	# shellcheck disable=SC2016  # dpkg-query's variables
	in_root dpkg-query -W \
		-f '${Package} ${Architecture} ${Version} ${Status}\n' |
		grep -v '^dpkg-immutable ' | sort
}

# Type, mode, owner, name and link target, but for what is ours, the
# kernel's, a cache, a daemon's data, or named anew in every installation.
# Our package (DI_PACKAGED) brings folders that are not called after us.
tree()
{
	local but='^$'

	[ -z "${DI_PACKAGED:-}" ] || but='^d'
	(
		cd "$ROOT" || exit
		find . -xdev \( -path ./proc -o -path ./dev -o -path ./run \
			-o -path ./var/cache -o -path ./var/log -o -path ./tmp \
			-o -path ./var/tmp -o -path ./var/lib/mysql \
			-o -path ./var/lib/postgresql -o -path ./var/backups \
			-o -path ./etc/ssl/certs \
			-o -path ./var/lib/dpkg-immutable \) -prune -o \
			-printf '%y %m %U:%G %p -> %l\n' |
			grep -avE '/(dpkg[a-z-]*)\.distrib( |$)|dpkg-immutable'
	) | grep -av "$but" | LC_ALL=C sort
}

# Checksums of the packaged regular files of the system's folders; where we
# divert, the name is ours.
sums()
{
	(
		cd "$ROOT" || exit
		cat var/lib/dpkg/info/*.list |
			grep -aE '^/(usr|bin|sbin|lib[^/]*|opt|boot)/' |
			grep -avE '/dpkg(-divert|-statoverride|-reconfigure)?$' |
			grep -avE '/_?dpkg-immutable([-./]|$)' |
			LC_ALL=C sort -u | sed 's|^/||' |
			while IFS= read -r path; do
				[ ! -f "$path" ] || [ -L "$path" ] ||
					printf '%s\0' "$path"
			done | xargs -0 md5sum --
	)
}

# record FOLDER STEP
record()
{
	states >"$1/$2.states"
	tree >"$1/$2.tree"
	sums >"$1/$2.sums"
}

##### The twin ##############################################################

twin_step()
{
	local name=${1// /-} rc=0 start=$SECONDS

	shift
	in_root "$@" >"$TWIN/$name.out" 2>&1 </dev/null || rc=$?
	echo "$((SECONDS - start))" >"$TWIN/$name.seconds"
	echo "$rc" >"$TWIN/$name.rc"
	record "$TWIN" "$name"
}

twin()
{
	local ROOT=$WORK/twin

	long_mount "$1" "$ROOT" || return
	step()
	{
		# shellcheck disable=SC2317  # called by the story
		twin_step "$@"
	}
	story
	bed_close "$ROOT"
}

##### Protected #############################################################

# Names that some package lists, and diversions' other ends.
listed()
{
	cat "$ROOT"/var/lib/dpkg/info/*.list
	awk 'NR % 3 == 2' "$ROOT/var/lib/dpkg/diversions"
}

# As in_root, with every failure for EPERM in $TRACE.
traced()
{
	# The shell of `-o |` must not see the case's own environment.
	timeout -k 20 "$STEP_TIMEOUT" strace -f -qq --seccomp-bpf -Z -y -s 1 \
		-e trace="$TRACED" -e signal=none \
		-o "|exec grep -av O_NOATIME | grep -a ' = -1 EPERM ' >'$TRACE'" \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive chroot "$ROOT" "$@"
}

# That the trace and its reading would notice: a file that is due, unlinked
# past us as dpkg would do it.
trace_control()
{
	local path=/usr/bin/dpkg-deb

	TRACE=$WORK/control.trace
	listed >"$WORK/names"
	traced rm -f "$path" >/dev/null 2>&1
	expect_rc 1 "the trace notices a file that is due" \
		"$LONG/eperm" "$ROOT" "$WORK/names" "$TRACE"
	out_has "the trace names that file" "^due 1 unlinkat $path\$"
}

same_step()
{
	local what=$1 name=${1// /-} rc=0 start=$SECONDS seconds due

	shift
	TRACE=$OURS/$name.trace
	listed >"$WORK/names"
	traced "$@" >"$OURS/$name.out" 2>&1 </dev/null || rc=$?
	seconds=$((SECONDS - start))
	listed >>"$WORK/names"
	echo "$rc" >"$OURS/$name.rc"
	bed_clean "$what"
	due=$(awk '$1 == "due" { print $2 }' "$OUT")
	record "$OURS" "$name"
	expect_rc 0 "$what: no EPERM" \
		"$LONG/eperm" "$ROOT" "$WORK/names" "$TRACE"
	cp "$OUT" "$OURS/$name.eperm"
	note "$what: exit status $(cat "$OURS/$name.rc"), $seconds s traced," \
		"$(grep -c ' installed$' "$OURS/$name.states") packages" \
		"installed, $(listed | sort -u | wc -l) names listed," \
		"$due inodes due, $(wc -l <"$TRACE") EPERM"
	STEPS+=("$what")
}

# Against the twin, once both are through.
same_as_twin()
{
	local what=$1 name=${1// /-} kind

	note "$what: the twin took $(cat "$TWIN/$name.seconds") s, untraced"
	is "$(cat "$OURS/$name.rc")" "$(cat "$TWIN/$name.rc")" \
		"$what: exit status as without us"
	for kind in states tree sums; do
		if diff "$TWIN/$name.$kind" "$OURS/$name.$kind" >"$OUT"; then
			ok "$what: $kind as without us"
		else
			not_ok "$what: $kind as without us" "$OUT"
		fi
	done
}

# A root that went through all that must be whole.
long_end()
{
	expect_rc 0 "$1: --verify has no finding" in_root dpkg-immutable \
		--verify
	note "$(tail -n 1 "$OUT")"
	expect_rc 0 "$1: dpkg --audit" in_root dpkg --audit
	is "$(cat "$OUT")" "" "$1: dpkg --audit is silent"
	expect_rc 0 "$1: --history --check" in_root dpkg-immutable \
		--history --check
	expect_rc 0 "$1: --coverage" in_root dpkg-immutable --coverage
	note "$(cat "$OUT")"
}

long_suite()
{
	local suite=$1 image=$WORK/$1.img twin_pid='' what

	ROOT=$WORK/root.$suite
	OURS=$WORK/ours.$suite
	TWIN=$WORK/twin.$suite
	STEPS=()
	mkdir -p "$OURS" "$TWIN"
	long_image "$suite" >"$OURS/prepare.out" 2>&1 || {
		tail -n 20 "$OURS/prepare.out" | sed 's/^/# /'
		die "$suite: the bed can't be prepared"
	}
	if [ "$DI_TWIN" != 0 ]; then
		cp --sparse=always "$image" "$image.twin" ||
			die "no room for the twin"
		twin "$image.twin" >"$TWIN/log" 2>&1 &
		twin_pid=$!
	fi
	long_mount "$image" "$ROOT" || die "$suite: no bed"
	bed_install_programs
	bed_clean "$suite: adopted"
	trace_control
	states >"$OURS/before.states"
	step()
	{
		# shellcheck disable=SC2317  # called by the story
		same_step "$@"
	}
	story
	long_end "$suite"
	if [ -n "$twin_pid" ]; then
		wait "$twin_pid" || not_ok "$suite: the twin" "$TWIN/log"
	fi
	for what in "${STEPS[@]}"; do
		if [ -n "$twin_pid" ]; then
			same_as_twin "$what"
		else
			is "$(cat "$OURS/${what// /-}.rc")" 0 \
				"$what: exit status"
		fi
	done
	[ -z "${DI_KEEP:-}" ] || {
		mkdir -p "$DI_KEEP/${0##*/}" &&
		cp -a "$OURS" "$TWIN" "$DI_KEEP/${0##*/}/"
	}
	bed_close "$ROOT"
}
