# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# bash dbreader.sh ROOT SHOW: compares what our reader makes of the dpkg
# database below ROOT, plain and mistreated, with what dpkg-query says. SHOW
# is the program built from tests/show_db.c. Works on a copy; needs no root.
# The case `dbreader` runs this for each suite.

# shellcheck disable=SC2016	# ${...} in formats is dpkg-query's
set -u
export LC_ALL=C.UTF-8

n=0
failed=0
root=$1
show=$2

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
export HOME=$tmp	# no ~/.dpkg.cfg
db=$tmp/db
mkdir "$db" && cd "$root/var/lib/dpkg" &&
	cp -R status info "$db" && mkdir "$db/updates" || exit 2
[ ! -e diversions ] || cp diversions "$db" || exit 2
cd "$tmp" || exit 2

# same WHAT WANTED GOT: two files that must be equal and not empty
same()
{
	n=$((n + 1))
	if [ -s "$2" ] && diff -u "$2" "$3" >"$tmp/diff"; then
		echo "ok $n - $1 ($(wc -l <"$2") lines)"
	else
		failed=$((failed + 1))
		echo "not ok $n - $1"
		head -n 20 "$tmp/diff" | sed 's/^/# /'
	fi
}

query()
{
	dpkg-query --admindir="$db" "$@"
}

# Packages whose files can be asked for, as NAME:ARCH.
names()
{
	query -W -f '${db:Status-Status} ${Package}:${Architecture}\n' |
		sed -n '/^not-installed /d; s/^[^ ]* //p'
}

# dpkg-query -L as ours: package, path, where it lies
list_paths()
{
	names | while read -r name; do
		query -L "$name" | awk -v p="$name" '
		function flush() {
			if (path != "")
				printf "%s\t%s\t%s\n", p, path, real
			path = ""
		}
		/^\/\.$/ { next }
		/^\// { flush(); path = $0; real = $0 }
		/^(locally diverted|diverted by [^ ]+) to: / {
			sub(/^[^:]*: /, ""); real = $0
		}
		END { flush() }'
	done
}

list_md5s()
{
	names | while read -r name; do
		query --control-show "$name" md5sums 2>/dev/null |
			awk -v p="$name" '{ print p "\t" $0 }'
	done
}

packages()
{
	query -W -f '${Package} ${Architecture} ${Version} ${db:Status-Status} ${db:Status-Want}\n' |
		grep -v ' not-installed ' | sort >want
	"$show" "$db" packages | sort >got
	same "packages, $1" want got
}

paths()
{
	list_paths | sort >want
	"$show" "$db" paths | sort >got
	same "paths, $1" want got
}

md5sums()
{
	list_md5s | sort >want
	"$show" "$db" md5sums | sort >got
	same "md5sums, $1" want got
}

# stanza NAME SED-SCRIPT: a package's stanza of status, changed
stanza()
{
	awk -v RS= -v name="$1" 'index($0 "\n", "Package: " name "\n") == 1' \
		"$db/status" | sed "$2"
}

packages "as installed"
paths "as installed"
md5sums "as installed"

divert()
{
	dpkg-divert --admindir="$db" --no-rename --quiet "$@"
}
divert --local --divert /usr/bin/diff.mine --add /usr/bin/diff
divert --package dash --divert /usr/share/doc/c.dash \
	--add /usr/share/doc/coreutils/copyright
divert --package coreutils --divert /usr/share/doc/c.dist \
	--add /usr/share/doc/dash/copyright
divert --package tar --divert /usr/share/doc/c.tar \
	--add /usr/share/doc/tar/copyright
paths "diverted"
n=$((n + 1))
if [ "$(awk -F '\t' '$2 != $3' got | wc -l)" -ge 3 ]; then
	echo "ok $n - there are diverted paths"
else
	failed=$((failed + 1))
	echo "not ok $n - there are diverted paths"
fi

# what dpkg leaves in updates when it is killed
stanza tar 's/^Status: .*/Status: install reinstreq half-installed/' \
	>"$db/updates/0000"
stanza grep 's/^Status: .*/Status: deinstall ok config-files/' \
	>"$db/updates/0001"
stanza sed 's/^Architecture: .*/Architecture: i386/' >"$db/updates/0002"
stanza libc6 's/^Architecture: .*/Architecture: i386/' >"$db/updates/0003"
cp "$(echo "$db"/info/libc6:*.list)" "$db/info/libc6:i386.list"
printf '%s\n' 'Package: gzip' 'Status: purge ok not-installed' \
	"Architecture: $(query -W -f '${Architecture}' gzip)" \
	>"$db/updates/0004"
stanza dash 's/^Version: .*/Version: 9:9~9-9/' >"$db/updates/0005"
stanza dash 's/^Package: .*/Package: dash-new/' >"$db/updates/0006"
stanza dash 's/^Version: .*/Version: 9:9-10/' >"$db/updates/0007"
echo '#padding' >"$db/updates/tmp.i"
packages "with updates"
paths "with updates" 2>/dev/null
rm -f "$db"/updates/*

# the same stanzas in another order, many empty lines between
awk -v RS= '{ printf "%s%c", $0, 0 }' "$db/status" | sort -zr |
	tr '\0' '\n' | sed 's/^Package: /\n\n\n&/' >"$tmp/status"
cp "$tmp/status" "$db/status"
packages "unsorted"
sed -i 's/^Package: /PACKAGE :\t/; s/^Status: /status:/' "$db/status"
packages "other spelling"
rm -f "$db/info/bash.list"
paths "a list missing" 2>/dev/null

# versions: those of the database one after the other, odd ones each with each
cat >odd <<'END'
0
1
01
1.0
1.00
1.0-0
1.0-1
1.0-1.1
1.0~
1.0~~
1.0~rc1-1
1.0+b1
1.0a
1.0Z
1.0.
1.0-1~bpo12+1
1.0-1+deb12u1
1:0
0:1.0
1:1.0-1-1
1-1-1
2:1:1
1.10
1.9
1.09
10
9999999999999999999999
10000000000000000000000
END
{
	query -W -f '${Version}\n' | awk 'NR > 1 { print last, $0 } { last = $0 }'
	awk '{ v[NR] = $0 }
	END { for (i = 1; i <= NR; i++) for (j = i; j <= NR; j++)
		print v[i], v[j] }' odd
} >pairs
while read -r a b; do
	if dpkg --compare-versions "$a" lt "$b"; then
		echo "$a < $b"
	elif dpkg --compare-versions "$a" eq "$b"; then
		echo "$a = $b"
	else
		echo "$a > $b"
	fi
done <pairs >want
"$show" compare <pairs >got
same "versions" want got

echo "1..$n"
[ "$failed" -eq 0 ]
