# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Words for cases about file systems that are read-only but for a run; source
# it after lib.sh.

RECORDS=/run/dpkg-immutable

# /usr of the bed, not adopted yet, becomes a file system of its own.
usr_apart()
{
	USR_IMAGE=$WORK/usr.img
	[ ! -d "$WORK/memory" ] || USR_IMAGE=$WORK/memory/usr.img
	: >"$ROOT/usr/local/witness" &&
	truncate -s 1G "$USR_IMAGE" &&
	mkfs.ext4 -q -F -d "$ROOT/usr" "$USR_IMAGE" &&
	mount -o loop "$USR_IMAGE" "$ROOT/usr"
}

# mount_state DIR: "ro rw" and the like: what the uppermost mount there has as
# a flag of its own, then what its file system has.
mount_state()
{
	awk -v dir="$ROOT$1" '$5 == dir {
			split($6, own, ","); split($NF, all, ",")
			told = own[1] " " all[1]
		}
		END { print told }' /proc/self/mountinfo
}

# set_mount DIR OWN FS: as mount_state has it. One call for each: where a mount
# is made read-only as a whole, both become so.
set_mount()
{
	# On the way there it may be writable for a moment.
	[ "$(mount_state "$1")" != "$2 $3" ] || return 0
	mount -o "remount,$3" "$ROOT$1"
	mount -o "remount,bind,$2" "$ROOT$1"
	if [ "$(mount_state "$1")" != "$2 $3" ]; then
		die "$1 can't be made $2 $3: $(mount_state "$1")"
	fi
}

# stack_readonly DIR: another mount of it on itself, read-only by its own flag.
stack_readonly()
{
	mount --bind "$ROOT$1" "$ROOT$1"
	set_mount "$1" ro rw
}

# conf LINE...: the whole configuration.
conf()
{
	printf '%s\n' "$@" >"$ROOT/etc/dpkg-immutable.conf"
}

# How many file systems are on record as made writable.
remounted()
{
	find "$ROOT$RECORDS" -name 'remounted-*' 2>/dev/null | wc -l
}

# outside_start FILE: from here on somebody tries to write to /usr who has no
# part in any run; FILE is one that runs replace.
outside_start()
{
	local i

	rm -f "$WORK/outside.on"
	python3 "$DI_TESTS/system/outside.py" "$ROOT/usr" \
		"$ROOT/usr/local/witness" "$ROOT$1" "$WORK/outside.on" \
		>"$WORK/outside" 2>&1 </dev/null &
	OUTSIDE=$!
	for ((i = 0; i < 500; i++)); do
		[ ! -e "$WORK/outside.on" ] || return 0
		sleep 0.02
	done
	die "nobody tries from outside: $(cat "$WORK/outside")"
}

# outside_end WHAT: not one of its attempts came to anything.
outside_end()
{
	local tries=0 refused=0

	kill -TERM "$OUTSIDE"
	wait "$OUTSIDE"
	read -r tries refused <"$WORK/outside"
	if [ "$tries" -ge 200 ] && [ "$refused" = "$tries" ]; then
		ok "$1: $tries attempts from outside, all refused"
	else
		not_ok "$1: every attempt from outside is refused" \
			"$WORK/outside"
	fi
	absent_outside "$1"
}

absent_outside()
{
	if [ ! -e "$ROOT/usr/from-outside" ]; then
		ok "$1: nothing of it is there"
	else
		not_ok "$1: nothing of it is there"
	fi
}

# All that a run could change: the database, its log, our packages' files with
# what tells of a moved flag.
picture()
{
	(
		cd "$ROOT" || exit
		find var/lib/dpkg usr/share/di etc/di -type f \
			-exec md5sum {} + 2>/dev/null | sort -k2
		find usr/share/di -printf '%p %i %m %C@\n' 2>/dev/null | sort
		find usr/share/di -type f -exec lsattr -d {} + | sort
		cksum var/log/dpkg.log
	)
}

# refused WHAT WORDS COMMAND...: status 2, one line with these words, nothing
# touched.
refused()
{
	local what=$1 words=$2

	shift 2
	picture >"$WORK/before"
	expect_rc 2 "$what: exit status 2" "$@" </dev/null
	out_has "$what: why" "$words"
	picture >"$WORK/after"
	ok_if "$what: nothing is touched" cmp "$WORK/before" "$WORK/after"
}
