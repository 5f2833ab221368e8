# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Words for cases about apt and what is built on it; source it after lib.sh.
# Packages come from a repository in /srv/repo of the bed, so that no case
# needs a network.

# Makes it the only source of the bed.
repo_start()
{
	rm -rf "$ROOT/etc/apt/sources.list" "$ROOT"/var/lib/apt/lists/*
	mkdir -p "$ROOT/srv/repo"
	printf 'deb [trusted=yes] file:/srv/repo ./\n' \
		>"$ROOT/etc/apt/sources.list.d/di.list"
}

# publish NAME VERSION [ITEM]...: mkdeb has the ITEMs; repo_index shows it.
publish()
{
	mkdeb "$ROOT/srv/repo" "$@" || die "cannot build $1 $2"
}

repo_index()
{
	in_root sh -c 'cd /srv/repo && rm -f Release Packages &&
		apt-ftparchive packages . >../Packages &&
		mv ../Packages . &&
		apt-ftparchive -o APT::FTPArchive::Release::Origin=DI \
			-o APT::FTPArchive::Release::Suite=di \
			release . >../Release && mv ../Release . &&
		apt-get update' >"$WORK/index.out" 2>&1 ||
		die "no repository: $(cat "$WORK/index.out")"
}

REPO_ENV=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb
	LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot)

# A command in the bed, as in_root; every call of it and below it that failed,
# and no other, in $WORK/trace.
traced()
{
	strace -f -qq --seccomp-bpf -Z \
		-e trace=%file,fchmod,fchown,fsetxattr,fremovexattr,ftruncate \
		-o "$WORK/trace" -- "${REPO_ENV[@]}" "$ROOT" "$@"
}

# behind COMMAND...: as in_root, but not waited for; $! is the command itself.
behind()
{
	"${REPO_ENV[@]}" "$ROOT" "$@" >"$WORK/behind" 2>&1 </dev/null &
}

# What anything met EPERM on, and what apt's terminal log says of it. A file of
# another owner is opened without O_NOATIME after that.
refused()
{
	grep -h EPERM "$WORK/trace" | grep -v O_NOATIME
	grep -h 'Operation not permitted' "$ROOT/var/log/apt/term.log" \
		"$WORK/fe.out"
}

# hand STATUS DESCRIPTION COMMAND...: its status, no EPERM anywhere in it.
hand()
{
	local want=$1 desc=$2

	shift 2
	rm -f "$ROOT/var/log/apt/term.log"
	expect_rc "$want" "$desc" traced "$@" </dev/null
	cp "$OUT" "$WORK/fe.out"
	is "$(refused 2>/dev/null)" "" "$desc: nothing was refused"
}

# fe STATUS DESCRIPTION COMMAND...: one run of a front end; then the oracle.
fe()
{
	hand "$@"
	bed_clean "$2"
}

# packages WANTED DESCRIPTION NAME...: versions and states, a comma between.
packages()
{
	local want=$1 desc=$2 got

	shift 2
	# shellcheck disable=SC2016  # dpkg-query's variables
	got=$(in_root dpkg-query -W \
		-f '${Package} ${Version} ${db:Status-Status}, ' "$@" \
		2>/dev/null)
	is "${got%, }" "$want" "$desc"
}

# at_tty KEY MARK COMMAND...: COMMAND on a terminal of its own; once the file
# MARK is there, KEY is typed.
at_tty()
{
	python3 -c "$REPO_TTY" "$@"
}

REPO_TTY='
import os, pty, select, sys

key, mark, argv = sys.argv[1].encode(), sys.argv[2], sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
	os.execvp(argv[0], argv)
while True:
	if key and os.path.exists(mark):
		os.write(fd, key)
		key = b""
	if not select.select([fd], [], [], 0.05)[0]:
		continue
	try:
		data = os.read(fd, 65536)
	except OSError:
		data = b""
	if not data:
		break
	sys.stdout.buffer.write(data)
sys.stdout.flush()
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(status if status >= 0 else 128 - status)
'
