# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Words for cases about actions that only ask; source it after lib.sh.

# only_asks WHAT STATUS ARG...: the engine changes nothing and asks no other
# program, by what it calls the kernel for.
only_asks()
{
	local what=$1 want=$2 rc=0 calls=$WORK/asks

	shift 2
	if ! command -v strace >/dev/null; then
		skip "$what: asks no other program" "strace is not installed"
		return
	fi
	strace -f -qq -o "$calls.all" -e trace=%file,%network,%process,%desc \
		-- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		chroot "$ROOT" /usr/sbin/dpkg-immutable "$@" >"$OUT" 2>&1 \
		</dev/null || rc=$?
	is "$rc" "$want" "$what: exit status $want"
	sed '1,/ execve("[^"]*dpkg-immutable".* = 0$/d' "$calls.all" >"$calls"
	ok_if "$what: it asks the kernel" grep -q 'openat2*(' "$calls"
	is "$(grep -E '^[0-9]+ +(exec|socket|connect|send)' "$calls")" "" \
		"$what: asks no other program"
	# The journal is opened as runs do it, and not written.
	is "$(grep -E -e 'O_(WRONLY|CREAT|TMPFILE|TRUNC)|FS_IOC_SETFLAGS' \
		-e '^[0-9]+ +(p?write|fallocate)[a-z0-9]*\(([3-9]|[0-9]{2})' \
		-e '^[0-9]+ +(rename|link|unlink|symlink|mkdir|rmdir|mknod)' \
		-e '^[0-9]+ +l?f?(chmod|chown|truncate|utime|setxattr)' \
		-e '^[0-9]+ +(removexattr|mount|umount|kill)' "$calls")" "" \
		"$what: changes nothing"
}
