# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
"""Tries to write below a folder all the time, as a process that has no part
in a run.

    outside.py DIR WITNESS FILE READY

WITNESS is a file of DIR that carries no flag, FILE one that runs replace. Every
attempt must end with EROFS. READY is made after the first round; SIGTERM ends
it. Prints how many attempts there were, how many of them were refused in that
way, and what else came of them: a line each.
"""
import collections
import errno
import fcntl
import os
import signal
import sys
import time

FS_IOC_GETFLAGS, FS_IOC_SETFLAGS = 0x80086601, 0x40086602
top, witness, target, ready = sys.argv[1:]
made = os.path.join(top, 'from-outside')


def flags(path):
    """Sets what is set already: it would still count as a change."""
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, FS_IOC_SETFLAGS,
                    fcntl.ioctl(fd, FS_IOC_GETFLAGS, bytes(8)))
    finally:
        os.close(fd)


def truncate(path):
    os.close(os.open(path, os.O_WRONLY | os.O_TRUNC))


def scratch(path):
    fd = os.open(path, os.O_WRONLY | os.O_TMPFILE)
    os.close(fd)


def proc(path):
    """By the way of a descriptor that is open for reading."""
    fd = os.open(path, os.O_RDONLY)
    try:
        truncate('/proc/self/fd/%d' % fd)
    finally:
        os.close(fd)


attempts = [
    ('create', lambda: os.close(os.open(made, os.O_WRONLY | os.O_CREAT))),
    ('write', lambda: os.close(os.open(witness, os.O_RDWR))),
    ('truncate', lambda: truncate(witness)),
    ('descriptor', lambda: proc(witness)),
    ('rename', lambda: os.rename(witness, made)),
    ('unlink', lambda: os.unlink(witness)),
    ('link', lambda: os.link(witness, made)),
    ('symlink', lambda: os.symlink('x', made)),
    ('mkdir', lambda: os.mkdir(made)),
    ('chmod', lambda: os.chmod(witness, 0o666)),
    ('utime', lambda: os.utime(witness)),
    ('setxattr', lambda: os.setxattr(witness, 'user.x', b'x')),
    ('flags', lambda: flags(witness)),
    ('tmpfile', lambda: scratch(top)),
    # What a run is at: there or not, flagged or not.
    ('target: truncate', lambda: truncate(target)),
    ('target: rename', lambda: os.rename(target, made)),
    ('target: unlink', lambda: os.unlink(target)),
    ('target: replace', lambda: os.rename(witness, target)),
]
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
tries = refused = 0
others = collections.Counter()
while not ended:
    for name, attempt in attempts:
        tries += 1
        try:
            attempt()
            others[name + ': done'] += 1
        except OSError as e:
            if e.errno == errno.EROFS:
                refused += 1
            elif e.errno == errno.ENOENT and name.startswith('target'):
                tries -= 1      # its folder is not there at this moment
            else:
                others['%s: %s' % (name, e.strerror)] += 1
    if ready:
        open(ready, 'w').close()
        ready = None
    time.sleep(0.002)
print(tries, refused)
for what, times in sorted(others.items()):
    print(what, times)
