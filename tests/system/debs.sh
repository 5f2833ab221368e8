# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Words for cases that speak of small packages of their own; source it after
# lib.sh. Archives lie in /debs of the bed, named as the case names them.

# deb FILE NAME VERSION [ITEM]...: builds /debs/FILE.deb; mkdeb has the ITEMs.
deb()
{
	local file=$1

	shift
	mkdir -p "$ROOT/debs"
	mkdeb "$ROOT/debs/$file.deb" "$@" || die "cannot build $file"
}

# dpkg_rc STATUS DESCRIPTION ARG...: one run of dpkg, then the oracle.
dpkg_rc()
{
	local want=$1 desc=$2

	shift 2
	expect_rc "$want" "$desc" in_root dpkg "$@" </dev/null
	cp "$OUT" "$WORK/dpkg.out"
	bed_clean "$desc"
}

# flagged DESCRIPTION PATH...: each carries +i.
flagged()
{
	local desc=$1 path bad=

	shift
	for path; do
		[ "$(flags "$path")" = i ] || bad="$bad $path"
	done
	is "$bad" "" "$desc"
}

# unflagged DESCRIPTION PATH...: each is there and carries neither +i nor +a.
unflagged()
{
	local desc=$1 path bad=

	shift
	for path; do
		if [ ! -f "$ROOT$path" ]; then
			bad="$bad $path(absent)"
		elif [ -n "$(flags "$path")" ]; then
			bad="$bad $path"
		fi
	done
	is "$bad" "" "$desc"
}

# absent DESCRIPTION PATH...
absent()
{
	local desc=$1 path bad=

	shift
	for path; do
		[ ! -e "$ROOT$path" ] && [ ! -L "$ROOT$path" ] ||
			bad="$bad $path"
	done
	is "$bad" "" "$desc"
}

# content PATH: its only line, nothing where it isn't there.
content()
{
	cat "$ROOT$1" 2>/dev/null
}
