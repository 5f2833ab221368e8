# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Two beds of one suite, one with us ($ROOT) and one without ($PLAIN): what
# dpkg does in the first must be what it does in the second.
#
#	pair_start bookworm
#	mkdeb "$DEBS/a1.deb" a 1 /usr/share/di/file=one
#	pair "group 4: install" dpkg -i /debs/a1.deb
#
# The packages of a case put their files below the folders of $PAIR_TREES.

# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PAIR_TREES=(usr/share/di etc/di)

# Both beds; $DEBS is /debs in either.
pair_start()
{
	PLAIN=$WORK/plain
	DEBS=$WORK/debs
	mkdir -p "$DEBS"
	bed_start "$1"
	bed_open "$1" "$PLAIN" || die "no second bed for $1"
	for dir in "$ROOT" "$PLAIN"; do
		mkdir "$dir/debs" || die "no folder for debs"
		mount --bind "$DEBS" "$dir/debs" || die "no folder for debs"
	done
	bed_install_programs
}

in_plain()
{
	local ROOT=$PLAIN

	in_root "$@"
}

# Every package's version and state, and who owns which file of ours, in the
# bed DIR.
pair_states()
{
	local ROOT=$1

	# shellcheck disable=SC2016  # dpkg-query's variables
	in_root dpkg-query -W \
		-f '${Package}:${Architecture} ${Version} ${Status}\n' 2>&1
	for dir in "${PAIR_TREES[@]}"; do
		grep -rae "^/$dir/" "$ROOT/var/lib/dpkg/info" \
			--include='*.list' | sed 's|^.*/info/||'
	done | sort
}

# Name, type, mode, owner, links and content of the trees in the bed DIR.
pair_tree()
{
	(
		cd "$1" || exit
		for dir in "${PAIR_TREES[@]}"; do
			[ -e "$dir" ] || continue
			find "$dir" -type d -printf '%p/ %m %U:%G\n' -o \
				-printf '%p %y %m %U:%G %n %l\n'
			find "$dir" -type f -exec md5sum {} +
		done
	) | LC_ALL=C sort
}

pair_words()
{
	sed 's/^(Reading database .*)$/(Reading database)/' "$1"
}

# pair_same WHAT FUNCTION
pair_same()
{
	"$2" "$PLAIN" >"$WORK/plain.txt"
	"$2" "$ROOT" >"$WORK/ours.txt"
	if diff "$WORK/plain.txt" "$WORK/ours.txt" >"$WORK/diff"; then
		ok "$1 as without us"
	else
		not_ok "$1 as without us" "$WORK/diff"
	fi
}

# Runs a command in both beds. Exit status, output, states and files must be
# the same; the oracle must have nothing to say. `pair -o` leaves the output
# out, where ours has a warning of its own.
pair()
{
	local words=1 want=0 rc=0 name

	if [ "$1" = -o ]; then
		words=
		shift
	fi
	name=$1
	shift
	in_plain timeout 120 "$@" >"$WORK/plain.out" 2>&1 </dev/null ||
		want=$?
	in_root timeout 120 "$@" >"$OUT" 2>&1 </dev/null || rc=$?
	PAIR_RC=$want
	if [ "$rc" = "$want" ]; then
		ok "$name: exit status $want as without us"
	else
		not_ok "$name: exit status $want as without us" "$OUT"
		note "exit status $rc: $*"
	fi
	if [ -n "$words" ]; then
		# The count of known names has our diversions in it.
		if diff <(pair_words "$WORK/plain.out") <(pair_words "$OUT") \
				>"$WORK/diff"; then
			ok "$name: the same words"
		else
			not_ok "$name: the same words" "$WORK/diff"
		fi
	fi
	pair_same "$name: states and lists" pair_states
	pair_same "$name: files" pair_tree
	bed_clean "$name" "${PAIR_ORACLE[@]}"
}

PAIR_ORACLE=()

# pair_rc STATUS DESCRIPTION ARG...: as pair, and dpkg itself must exit so:
# a case that fails for another reason proves nothing.
pair_rc()
{
	local status=$1

	shift
	pair "$@"
	is "$PAIR_RC" "$status" "${*:1:1}: dpkg exits $status"
}

# The flagged files of our trees, one a line: INODE PATH MODE OWNER.
pair_flagged()
{
	(
		cd "$ROOT" || exit
		for dir in "${PAIR_TREES[@]}"; do
			[ ! -e "$dir" ] || find "$dir" -type f -exec \
				lsattr -d -- {} +
		done | awk '$1 ~ /i/ { print $2 }' |
			xargs -r stat -c '%i /%n %a %u:%g'
	) | LC_ALL=C sort
}

# pair_plan STATUS DESCRIPTION ARG...: `dpkg ARG...` as pair_rc, and before it
# its plan. All flagged files that dpkg replaced, removed or changed must have
# been planned to be open, by any of their names. $PAIR_SPARE has what was
# planned in vain, as names below the first tree. PAIR_WORDS=-o: as `pair -o`.
pair_plan()
{
	local status=$1 name=$2 missed

	shift 2
	expect_rc 0 "$name: its plan" in_root dpkg-immutable --plan -- "$@"
	# The plan's names are listed ones: of /lib, where /usr/lib is meant.
	awk -F '\t' '$1 == "open" { print $4 }' "$OUT" |
		sed -E 's,^/(bin|sbin|lib)/,/usr/\1/,' |
		grep -F "$(printf '/%s/\n' "${PAIR_TREES[@]}")" |
		(cd "$ROOT" && sed 's,^/,,' | xargs -r stat -c '%i /%n') |
		LC_ALL=C sort -u >"$WORK/planned"
	pair_flagged >"$WORK/flagged"
	# shellcheck disable=SC2086	# it may be nothing
	pair ${PAIR_WORDS:-} "$name" dpkg "$@"
	is "$PAIR_RC" "$status" "$name: dpkg exits $status"
	pair_flagged | LC_ALL=C comm -23 "$WORK/flagged" - >"$WORK/touched"
	missed=$(awk 'FILENAME == ARGV[1] { planned[$1]; next }
		!($1 in planned) { print $2 }' "$WORK/planned" "$WORK/touched")
	is "$missed" '' "$name: all that dpkg touched was planned"
	# shellcheck disable=SC2034	# the cases'
	PAIR_SPARE=$(awk 'FILENAME == ARGV[1] { touched[$1]; next }
		!($1 in touched) { print $2 }' "$WORK/touched" "$WORK/planned" |
		sed "s|^/${PAIR_TREES[0]}/||" | xargs)
}

# Does the same to both beds.
both()
{
	(cd "$PLAIN" && "$@") && (cd "$ROOT" && "$@")
}

# open_by_hand PATH...: as an admin who knows chattr.
open_by_hand()
{
	local path

	for path; do
		chattr -i -- "$ROOT$path" || return
	done
}
