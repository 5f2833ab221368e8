# SPDX-License-Identifier: GPL-2.0-or-later
# Where there is no systemd: a run has made a read-only file system writable,
# and somebody's open files kept it from being made read-only again.

SHELL=/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin

*/5 * * * * root [ -d /run/systemd/system ] || [ ! -x /usr/sbin/dpkg-immutable ] || for f in /run/dpkg-immutable/remounted-*; do [ ! -e "$f" ] || /usr/sbin/dpkg-immutable --recover --quiet; break; done >/dev/null 2>&1
