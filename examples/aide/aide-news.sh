#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# aide-news.sh DATABASE <REPORT: an AIDE report without what dpkg's own runs
# explain.
#
#	aide --config=/etc/aide/aide.conf --check |
#		aide-news.sh /var/lib/aide/aide.db
#
# A path of the report is left out only if all three hold:
#   - it belongs to a package that a run changed (our history) since DATABASE
#     was written;
#   - --verify finds it, now, to be as that run recorded it;
#   - the history is whole.
# What a removed package took along nobody knows any more: it stays in.
# Needs root, jq, and AIDE's report_level=list_entries or above.
# Adapt: nothing.
#
# Exit status: 0 nothing is left, 1 news (the paths are printed), 2 trouble.
set -u
LC_ALL=C
export LC_ALL

[ $# -eq 1 ] || {
	echo "usage: $0 DATABASE <REPORT" >&2
	exit 2
}
since=$(stat -c %Y -- "$1") || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

# A history that was tampered with explains nothing.
dpkg-immutable --history --check --quiet >"$work/check" 2>&1 || {
	cat "$work/check" >&2
	exit 2
}
dpkg-immutable --history --format=json >"$work/history" || exit 2

# The report's entries: "f > ...    : /path", "f++++++++++: /path".
sed -n 's|^[fdlbcpsD|?][^:/]*: \(/.*\)$|\1|p' | sort -u >"$work/reported"

# Packages that were installed or upgraded since: "NAME BEFORE AFTER".
jq -r --argjson since "$since" '
	select(.type == "transaction" and (.time | fromdate) >= $since)
	| .changes // [] | .[] | split(" ") | select(.[2] != "-") | .[0]' \
	<"$work/history" | sort -u >"$work/changed" || exit 2

# Of those that are still there: the paths that are theirs, less the ones that
# differ or can't be looked at.
: >"$work/ours"
: >"$work/differ"
while IFS= read -r package; do
	dpkg-query -L "$package" >>"$work/ours" 2>/dev/null || continue
	status=0
	dpkg-immutable --verify --format=json "$package" >"$work/verdict" ||
		status=$?
	[ "$status" -le 1 ] || exit 2
	jq -r 'select(.type == "finding") | .path' <"$work/verdict" \
		>>"$work/differ" || exit 2
done <"$work/changed"
sort -u "$work/differ" -o "$work/differ"
sort -u "$work/ours" | comm -23 - "$work/differ" >"$work/explained"

comm -23 "$work/reported" "$work/explained" >"$work/news"
[ -s "$work/news" ] || exit 0
cat "$work/news"
exit 1
