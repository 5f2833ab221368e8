# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Words for cases that kill a run of the packages rk-* at moments that nobody
# chose, and mend what is left as a person would; source it after lib.sh.
# A case sets STATE, and brings
#
#	archives VERSION [PACKAGE]...	sets FILES to those, or all
#
# shellcheck disable=SC2154	# the cases'

# strike WHO HOW AMOUNT COMMAND...: runs it in the bed and kills. Prints who
# was killed, after how many ms and status changes, and the journal's records;
# or `nobody` and the same, where it ended before. Its output is in $OUT.
strike()
{
	python3 - "$ROOT" "$OUT" "$@" <<'END'
import os, signal, struct, subprocess, sys, time
root, out, who, how, amount = sys.argv[1:6]
amount = int(amount)
names = {1: 'plan', 2: 'open', 3: 'ran', 4: 'closed', 5: 'done'}
log = root + '/var/log/dpkg.log'


def journal():
    """The run's id, and its records."""
    with open(root + '/var/lib/dpkg-immutable/run/journal', 'rb') as f:
        data = f.read()
    at, first, found = 64, None, []
    while at + 16 <= len(data):
        size, kind, run = struct.unpack_from('<IIQ', data, at)
        if size == 0 or first not in (None, run) or kind not in names:
            break
        first = run
        found.append(names[kind])
        at += 16 + size + 4
        if kind == 5:
            break
    return first, found


def changes(f):
    return sum(b' status ' in line for line in f)


def tree(top):
    """All processes below, by pid: what they are called."""
    parent, name = {}, {}
    for p in filter(str.isdigit, os.listdir('/proc')):
        try:
            text = open('/proc/%s/stat' % p).read()
        except OSError:
            continue
        name[int(p)] = text[text.index('(') + 1:text.rindex(')')]
        parent[int(p)] = int(text[text.rindex(')') + 2:].split()[1])
    below = [top]
    for p in below:
        below += [c for c in parent if parent[c] == p]
    return {p: name.get(p, '?') for p in below}


before = journal()[0]
f = open(log, 'rb')
f.seek(0, 2)
env = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root',
       'LC_ALL': 'C.UTF-8', 'DEBIAN_FRONTEND': 'noninteractive'}
run = subprocess.Popen(['chroot', root] + sys.argv[6:], env=env,
                       stdin=subprocess.DEVNULL, stdout=open(out, 'wb'),
                       stderr=subprocess.STDOUT)
start, seen, struck = time.monotonic(), 0, 'nobody'
while run.poll() is None:
    seen += changes(f)
    ms = (time.monotonic() - start) * 1000
    records = 0
    if how == 'journal':
        run_id, found = journal()
        records = len(found) if run_id != before else 0
    if {'time': ms, 'status': seen, 'journal': records}[how] < amount:
        time.sleep(0.001)
        continue
    below = tree(run.pid)
    dpkg = [p for p in below if below[p] == 'dpkg.distrib' and p != run.pid]
    victims = {'engine': [run.pid], 'dpkg': dpkg[:1],
               'both': [run.pid] + dpkg[:1], 'tree': list(below)}[who]
    if not victims:
        who, victims = 'engine', [run.pid]
    for p in victims:
        try:
            os.kill(p, signal.SIGKILL)
        except ProcessLookupError:
            pass
    struck = who + ('' if dpkg else '(no-dpkg)')
    break
ms = (time.monotonic() - start) * 1000
records = journal()[1]
rc = run.wait()
seen += changes(f)
if rc != -signal.SIGKILL:
    struck = 'nobody'       # it was through already
print(struck, int(ms), seen, rc, '+'.join(records))
END
}

# shellcheck disable=SC2317  # called by way of ok_if
# Until nothing runs in the bed any more, whatever namespace it is in: twice
# found to be so.
survivors_gone()
{
	local i p none=0

	for ((i = 0; i < 6000; i++)); do
		for p in /proc/[0-9]*; do
			if [ "$p/root" -ef "$ROOT" ]; then
				none=0
				sleep 0.01
				continue 2
			fi
		done
		none=$((none + 1))
		[ "$none" -lt 2 ] || return 0
		sleep 0.01
	done
	echo "something runs on in the bed"
	return 1
}

# statuses AWK-CONDITION: the packages of which it is true.
statuses()
{
	# shellcheck disable=SC2016  # dpkg-query's variables
	in_root dpkg-query -W -f '${Package} ${Status}\n' 'rk-*' |
		awk "$1 { print \$1 }"
}

# Which packages dpkg wants again.
half_installed()
{
	# shellcheck disable=SC2016  # awk's
	statuses '$4 == "half-installed" || $3 == "reinstreq"'
}

broken()
{
	# shellcheck disable=SC2016  # awk's
	statuses '$4 != "half-installed" && $3 == "reinstreq"'
}

# shellcheck disable=SC2317  # called by way of ok_if
journal_done()
{
	python3 - "$STATE/run/journal" <<'END'
import struct, sys
data, at, first, last = open(sys.argv[1], 'rb').read(), 64, None, None
while True:
    size, kind, run = struct.unpack_from('<IIQ', data, at)
    if size == 0 or first not in (None, run):
        break
    first, last, at = run, kind, at + 16 + size + 4
    if kind == 5:
        break
sys.exit(last not in (5, None))
END
}

# Another run while dpkg lives on: refused, or dpkg has come to its end.
too_early()
{
	local rc=0

	in_root dpkg-immutable --recover >"$OUT" 2>&1 || rc=$?
	case $rc in
	0 | 2) ok "$1: --recover while dpkg lives on ends with $rc" ;;
	*) not_ok "$1: --recover while dpkg lives on ends with $rc" "$OUT" ;;
	esac
}

# mend WHEN VERSION: what a person does who finds this machine.
mend()
{
	local when=$1 v=$2 want=0 half

	if [ $((RANDOM % 2)) = 0 ]; then
		expect_rc 0 "$when: --recover" \
			in_root dpkg-immutable --recover
		bed_clean "$when: --recover"
	fi
	# dpkg says of a package that is unpacked and broken that it has to be
	# installed again.
	[ -z "$(broken)" ] || want=1
	expect_rc $want "$when: dpkg --configure -a" in_root dpkg --configure -a
	bed_clean "$when: dpkg --configure -a"
	mapfile -t half < <(half_installed)
	if [ ${#half[@]} -gt 0 ]; then
		archives "$v" "${half[@]}"
		expect_rc 0 "$when: again ${half[*]}" \
			in_root dpkg -i "${FILES[@]}"
		bed_clean "$when: again"
		expect_rc 0 "$when: dpkg --configure -a once more" \
			in_root dpkg --configure -a
	fi
	expect_rc 0 "$when: dpkg --audit" in_root dpkg --audit
	is "$(cat "$OUT")" "" "$when: dpkg --audit is silent"
	ok_if "$when: the journal is done" journal_done
}
