# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Words for cases that speak of --verify; source it after lib.sh.

# shellcheck disable=SC2034	# the cases'
STATE=/var/lib/dpkg-immutable
LEDGERS=$STATE/ledger
INFO=/var/lib/dpkg/info
HISTORY=$STATE/history/log

# found [ARG]...: runs --verify. $FOUND has "KIND PACKAGE PATH" of each finding
# ("-" for no package; UNKNOWN and errors too), sorted, ";" between; $FOUND_RC
# its status; $WORK/rows.json what it printed.
found()
{
	FOUND_RC=0
	in_root dpkg-immutable --verify --format=json "$@" \
		>"$WORK/rows.json" 2>"$WORK/rows.err" || FOUND_RC=$?
	FOUND=$(python3 - "$WORK/rows.json" <<-'END' 2>&1
		import json, sys
		rows = [json.loads(l) for l in open(sys.argv[1], 'rb')]
		said = []
		n = 0
		for r in rows:
		    if r['type'] == 'finding':
		        n += r['kind'] != 'unknown'
		        said.append('%s %s %s' % (r['kind'],
		                    r.get('package', '-'), r['path']))
		    elif r['type'] == 'error':
		        said.append('error %s %s' % (r.get('file', '-'),
		                    r.get('line', '-')))
		    elif r['type'] != 'summary' or r is not rows[-1]:
		        said.append('odd %r' % r)
		if rows and rows[-1]['type'] == 'summary' and \
		   rows[-1]['findings'] != n:
		    said.append('summary: %d findings' % rows[-1]['findings'])
		if not rows:
		    said.append('nothing printed')
		print(';'.join(sorted(said)))
	END
	)
}

# fact KEY: of the summary that `found` has seen.
fact()
{
	python3 -c 'import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
print(rows[-1].get(sys.argv[2], "absent"))' "$WORK/rows.json" "$1"
}

# none WHAT [ARG]...: --verify has nothing to say, and says nothing.
none()
{
	local what=$1

	shift
	expect_rc 0 "$what: --verify is clean" \
		in_root dpkg-immutable --verify --quiet "$@"
	is "$(head -c 600 "$OUT")" "" "$what: and silent"
}

# form FORMAT [ARG]...: one form of output in $OUT; stdout alone counts.
form()
{
	local rc=0

	in_root dpkg-immutable --verify --format "$@" >"$OUT" \
		2>"$WORK/form.err" || rc=$?
	is "$rc $(cat "$WORK/form.err")" "1 " \
		"$what: exit status 1 in $1 form, no complaint"
}

# one WHAT KIND PACKAGE PATH COLUMNS [ARG]...: exactly this is found, in each
# form. COLUMNS is what stands before the path in rpm form, without the blanks
# behind it. A package's own findings are all that text and rpm are asked for.
one()
{
	local what=$1 kind=$2 package=$3 path=$4 columns=$5 target=() want

	shift 5
	found "$@"
	is "$FOUND_RC $FOUND" "1 $kind $package $path" \
		"$what: exactly one finding, exit status 1"
	[ "$package" = - ] || target=("$package")
	form text "$@" "${target[@]}"
	if [ "$(grep -c . "$OUT") $(grep -cE \
		'; 1 finding(, 1 whose content was not read)?$' "$OUT")" = \
		"3 1" ] &&
	    grep -qF -- "  $path: " "$OUT" &&
	    grep -qE "^(${target[0]:-of no package})( |\$)" "$OUT"; then
		ok "$what: told in text, below its package"
	else
		not_ok "$what: told in text, below its package" "$OUT"
	fi
	form rpm "$@" "${target[@]}"
	want=$(printf '%-12s%s' "$columns" "$path")
	# What has no column is named.
	[ "$columns" != ......... ] || want="$want ($kind)"
	is "$(cat "$OUT")" "$want" "$what: told in rpm form"
}

# lifted PATH COMMAND...: its flag lifted for the time of a command.
lifted()
{
	local path=$ROOT$1

	shift
	chattr -i -- "$path" && "$@" && chattr +i -- "$path"
}

# As touch -r, but to the nanosecond and of what was before the command.
same_time()
{
	local path=$1 was

	shift
	was=$(stat -c %y -- "$path") && "$@" && touch -h -d "$was" -- "$path"
}

# spoil FILE: one byte of it becomes another, its size stays.
spoil()
{
	python3 - "$@" <<-'END'
		import sys
		with open(sys.argv[1], 'r+b') as f:
		    at = int(sys.argv[2]) if len(sys.argv) > 2 else 0
		    f.seek(at)
		    byte = f.read(1)[0]
		    f.seek(at)
		    f.write(bytes([byte ^ 1]))
	END
}

# xattr FILE NAME [HEX]: set, or without a value taken away.
xattr()
{
	python3 - "$@" <<-'END'
		import os, sys
		if len(sys.argv) > 3:
		    os.setxattr(sys.argv[1], sys.argv[2],
		                bytes.fromhex(sys.argv[3]))
		else:
		    os.removexattr(sys.argv[1], sys.argv[2])
	END
}

# user::rw-,user:5:r--,group::r--,mask::r--,other::r--: of a file of mode 644
ACL=02000000'01000600ffffffff''0200040005000000''04000400ffffffff'
ACL=$ACL'10000400ffffffff''20000400ffffffff'
# cap_net_raw=ep
CAP=0100000200200000000000000000000000000000

# An append-only file's flag lifted for the time of a command on it.
written()
{
	local path=$ROOT$1 rc=0

	shift
	chattr -a -- "$path" && "$@" "$path" || rc=$?
	chattr +a -- "$path"
	return "$rc"
}

# last_txn: the newest entry's id.
last_txn()
{
	tail -n 1 "$ROOT$HISTORY" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["txn"])'
}

# rewrite SCRIPT FILE: of a history. Python changes `lines`, a list of bytes with
# their newlines.
rewrite()
{
	python3 - "$2" "$1" <<-'END'
		import hashlib, json, os, random, re, sys
		lines = open(sys.argv[1], 'rb').read().splitlines(True)
		random.seed(7)
		before = list(lines)
		exec(sys.argv[2])
		assert lines != before
		open(sys.argv[1], 'wb').write(b''.join(lines))
	END
}

# A chain that is whole again after lines[0] or another was changed: an
# intruder who knows how it is made. For python.
RECHAIN='
def rechain(lines):
    link = hashlib.sha256(b"").hexdigest()
    for i, line in enumerate(lines):
        entry = re.sub(rb"\"prev\":\"[0-9a-f]{64}\"\}\n$", b"", line)
        if entry == line:    # torn
            line = link.encode() + line
        else:
            line = entry + b"\"prev\":\"" + link.encode() + b"\"}\n"
            lines[i] = line
        link = hashlib.sha256(line[:-1]).hexdigest()
'

# heads FILE: the head that each entry of a history once was.
heads()
{
	python3 -c 'import hashlib, sys
for line in open(sys.argv[1], "rb").read().splitlines():
    print(hashlib.sha256(line).hexdigest())' "$1"
}
