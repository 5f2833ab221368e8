# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
#
# Words for cases in which the engine dies by SIGKILL where DI_TEST_KILL says:
# the flavour with sanitizers does, which is looked for in $DI_BUILD_SAN.
# Source it before bed_enter.

# shellcheck source=tests/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
SAN=${DI_BUILD_SAN:-$DI_TOP/_build/san}
if [ ! -x "$SAN/dpkg-immutable" ]; then
	skip_all "no build with --enable-sanitizers in $SAN"
fi
DI_BUILD=$SAN

# kills_start: a bed with the sanitized programs, diverted and adopted.
kills_start()
{
	bed_start bookworm
	STATE=$ROOT/var/lib/dpkg-immutable
	copy_libraries || die "the sanitizers' libraries can't be copied"
	bed_copy_programs
	in_root /usr/sbin/dpkg-immutable --version >"$OUT" 2>&1 ||
		skip_all "the sanitized engine does not start: $(cat "$OUT")"
	bed_install_programs
}

# What the sanitized programs need and a small Debian has not: in no package.
copy_libraries()
{
	local name path

	mkdir -p "$ROOT/usr/local/lib"
	while read -r name path; do
		if ! in_root /sbin/ldconfig -p | grep -qw -- "$name"; then
			cp -L -- "$path" "$ROOT/usr/local/lib/" || return
		fi
	done < <(ldd "$SAN/dpkg-immutable" "$SAN/shim" |
		awk '$2 == "=>" && $3 ~ "^/" { print $1, $3 }' | sort -u)
	in_root /sbin/ldconfig
}

# Leaks are what unit tests look for; here a leak must not hide a status.
run()
{
	in_root env ASAN_OPTIONS=detect_leaks=0 \
		UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "$@"
}

# killed_at POINT COMMAND...: it must die there.
killed_at()
{
	local point=$1

	shift
	expect_rc 137 "$*: killed at '$point'" \
		run env DI_TEST_KILL="$point" "$@"
}

engine()
{
	run /usr/sbin/dpkg-immutable "$@"
}

recovers()
{
	expect_rc 0 "$1: --recover" engine --recover
	bed_clean "$1: after --recover"
}

# Nothing is open and nothing is in the way.
settled()
{
	expect_rc 0 "$1: dpkg --configure -a" run dpkg --configure -a
	expect_rc 0 "$1: dpkg --audit" run dpkg --audit
	is "$(cat "$OUT")" "" "$1: dpkg --audit is silent"
	bed_clean "$1"
	expect_rc 0 "$1: ledgers are as the history names them" \
		engine --verify --quick
}

# What the journal tells: idle, planned, ran, closed.
journal()
{
	python3 - "$1" "${2:-show}" <<-'END'
	import struct, sys
	path, what = sys.argv[1:]
	data = bytearray(open(path, 'rb').read())
	at, first, last, names = 64, None, None, []
	while True:
	    size, kind, run = struct.unpack_from('<IIQ', data, at)
	    if size == 0 or (first is not None and run != first):
	        break
	    first = run
	    names.append({1: 'plan', 2: 'open', 3: 'ran', 4: 'closed',
	                  5: 'done'}[kind])
	    last, at = at, at + 16 + size + 4
	    if kind == 5:
	        break
	if what == 'show':
	    print(' '.join(names))
	    sys.exit()
	if what == 'damage':        # in the first record, others behind it
	    for i in range(64 + 16 + 8, 64 + 16 + 16):
	        data[i] ^= 0x5a
	elif what == 'tear':        # the last one was not written to its end
	    for i in range(at - 6, at):
	        data[i] = 0x5a
	elif what == 'rubbish':     # the magic, too
	    data[0:64] = b'\xff' * 64
	with open(path, 'r+b') as f:
	    f.write(data)
	END
}

# What a program of ours does that is called inside of a run: tells the
# journal of one more file, then lifts its flag.
nested_open()
{
	python3 - "$STATE/run/journal" "$ROOT" "$1" <<-'END' || return
	import os, struct, sys
	path, root, name = sys.argv[1:]
	st = os.stat(root + name)
	name = name.encode()

	def crc32c(data):
	    crc = 0xffffffff
	    for byte in data:
	        crc ^= byte
	        for _ in range(8):
	            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
	    return crc ^ 0xffffffff

	with open(path, 'r+b') as f:
	    data, at = f.read(), 64
	    run = struct.unpack_from('<Q', data, at + 8)[0]
	    while struct.unpack_from('<Q', data, at + 8)[0] == run:
	        at += 16 + struct.unpack_from('<I', data, at)[0] + 4
	    # one path: nothing shared, its flags and device told
	    payload = (struct.pack('<IHHB', 1, 0, len(name), 6) + name +
	               struct.pack('<IQQ', 0x10, st.st_dev, st.st_ino))
	    record = struct.pack('<IIQ', len(payload), 2, run) + payload
	    f.seek(at)
	    f.write(record + struct.pack('<I', crc32c(record)) + bytes(16))
	END
	chattr -i "$ROOT$1"
}

# Waits until a file is there. 20 seconds, or it never will be.
wait_for()
{
	local i

	for ((i = 0; i < 2000; i++)); do
		[ ! -e "$1" ] || return 0
		sleep 0.01
	done
	echo "$1 did not come"
	return 1
}

gone()
{
	local i

	for ((i = 0; i < 1000; i++)); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.01
	done
	return 1
}
