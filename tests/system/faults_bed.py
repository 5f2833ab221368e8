# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
"""The bed of faults.py: what runs in it, and what it looks like after that."""
import argparse
import hashlib
import importlib.machinery
import importlib.util
import os
import select
import stat
import struct
import subprocess
import sys
import time

ENGINE = '/usr/sbin/dpkg-immutable'
STATE = '/var/lib/dpkg-immutable'
OURS = [ENGINE, '/usr/bin/dpkg', '/usr/bin/dpkg-divert']
TREES = ['usr/share/di-f', 'usr/share/di-t', 'usr/share/di-seen',
         'usr/bin/di-f', 'etc/di-f.conf']
ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root',
       'TERM': 'dumb', 'LC_ALL': 'C.UTF-8',
       'DEBIAN_FRONTEND': 'noninteractive'}
TIMEOUT = 30


def load_oracle():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..',
                        'oracle')
    loader = importlib.machinery.SourceFileLoader('oracle', path)
    spec = importlib.util.spec_from_loader('oracle', loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


ORACLE = load_oracle()


# -- the journal ------------------------------------------------------------

def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC = crc_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, size):
        value = int.from_bytes(self.bytes(size), 'little')
        return value

    def bytes(self, size):
        if self.at + size > len(self.data):
            raise ValueError('a record is cut short')
        self.at += size
        return self.data[self.at - size:self.at]

    def strings(self):
        return [self.bytes(self.number(4)) for _ in range(self.number(4))]

    def paths(self):
        found, last = [], b''
        for _ in range(self.number(4)):
            shared, own, marks = (self.number(n) for n in (2, 2, 1))
            last = last[:shared] + self.bytes(own)
            self.bytes((4 if marks & 2 else 0) + (8 if marks & 4 else 0) + 8)
            found.append(last)
        return found


class Journal:
    """What a journal's file says: which records, and what is open."""

    def __init__(self, path):
        self.kinds, self.paths, self.packages = [], set(), set()
        self.all = False
        try:
            with open(path, 'rb') as f:
                data = f.read()
        except FileNotFoundError:
            return
        at, run = 64, None
        while len(data) - at >= 20:
            size, kind, this = struct.unpack_from('<IIQ', data, at)
            record = data[at:at + 16 + size]
            if (size == 0 or run not in (None, this) or
                    len(data) < at + 20 + size or crc32c(record) !=
                    struct.unpack_from('<I', data, at + 16 + size)[0]):
                # No first record: damaged, which costs a look at everything.
                self.all |= run is None and any(data[64:])
                break
            run = this
            self.take(kind, record[16:])
            at += 20 + size
            if kind == 5:
                break

    def take(self, kind, payload):
        self.kinds.append(kind)
        r = Reader(payload)
        if kind == 1:
            r.number(4)
            action = r.bytes(r.number(4))
            self.all |= action in (b'adopt', b'release')
            r.bytes(r.number(4))
            r.strings()
            self.packages |= set(r.strings())
        if kind in (1, 2):
            self.paths |= set(r.paths())
        self.all |= kind in (6, 7)

    @property
    def live(self):
        return self.all if not self.kinds else self.kinds[-1] in (1, 2, 3, 6,
                                                                  7)

    @property
    def idle(self):
        return not self.all if not self.kinds else self.kinds[-1] == 5


# -- the bed ----------------------------------------------------------------

def ends(pid, seconds):
    """At once when it does: Popen.wait with a timeout sleeps and looks."""
    fd = os.pidfd_open(pid)
    try:
        return bool(select.select([fd], [], [], seconds)[0])
    finally:
        os.close(fd)


class Result:
    def __init__(self, rc, out):
        self.rc, self.out = rc, out


class Bed:
    def __init__(self, root, inject):
        self.root, self.inject = root, inject
        self.work = os.environ['WORK']
        self.cache = {}

    def path(self, name):
        return self.root + name

    def renew(self):
        subprocess.run(['bash', '-c', 'faults_mount'], check=True)

    def make_readonly(self, name):
        """By a mount's own flag."""
        path = self.path(name)
        with open('/proc/self/mountinfo') as f:
            there = any(line.split()[4] == path for line in f)
        if not there:
            subprocess.run(['mount', '--bind', path, path], check=True)
            subprocess.run(['mount', '-o', 'remount,bind,ro', path],
                           check=True)

    def run(self, argv, words=None):
        command = ['chroot', self.root] + argv
        if words is not None:
            command = ([self.inject] + words + ['--'] + command)
        with open(self.work + '/said', 'w+b') as said:
            p = subprocess.Popen(command, env=ENV, stdin=subprocess.DEVNULL,
                                 stdout=said, stderr=subprocess.STDOUT)
            rc = p.wait() if ends(p.pid, TIMEOUT) else 'it hangs'
            if p.returncode is None:
                p.kill()
                p.wait()
            said.seek(0)
            return Result(rc, said.read().decode('utf-8', 'replace'))

    def injected(self, argv, words):
        """A run with a fault; what it met, nothing where it met nothing."""
        log = self.work + '/met'
        for ours in OURS:
            words = ['--ours', self.path(ours)] + words
        r = self.run(argv, words + ['--log', log])
        with open(log) as f:
            r.met = f.read().strip()
        self.quiet()
        return r

    def calls(self, argv, nested=False):
        """(kinds of faults, name and file) of each call of a command."""
        table = self.work + '/calls'
        words = ['--list', table] + (['--nested'] if nested else [])
        for ours in OURS:
            words += ['--ours', self.path(ours)]
        r = self.run(argv, words)
        found = []
        with open(table) as f:
            for line in f:
                _, name, kinds, _, detail = line.rstrip('\n').split('\t', 4)
                found.append((kinds.split(','), name + ' ' + detail))
        return r, found

    def quiet(self):
        """Until nothing runs in the bed any more."""
        for _ in range(3000):
            for pid in filter(str.isdigit, os.listdir('/proc')):
                try:
                    # its name in another mount namespace is another
                    if os.path.samefile('/proc/%s/root' % pid, self.root):
                        break
                except OSError:
                    pass
            else:
                return
            time.sleep(0.01)
        raise SystemExit('something runs on in the bed')

    def adopted(self):
        return os.path.lexists(self.path(STATE + '/adopted'))

    def index(self):
        lines = ORACLE.read_or_empty(self.path(STATE + '/ledger/index'))
        rows = [line.split('\t') for line in lines.decode().split('\n')[2:]]
        return {row[0]: row for row in rows if len(row) > 8}

    def off(self):
        """Packages that an admin's --unprotect has marked."""
        return {name for name, row in self.index().items() if row[8] == 'off'}

    def unrecorded(self):
        """Packages that any recovery looks at: not as the index has them."""
        index = self.index()
        found = set()
        admin = self.path('/var/lib/dpkg')
        for package in ORACLE.Database(os.fsencode(admin)).packages.values():
            name = package.name.decode()
            row = index.get(name)
            try:
                st = os.stat('%s/info/%s.list' % (admin, name))
                now = [st.st_ino, st.st_size, st.st_mtime_ns]
            except FileNotFoundError:
                now = [0, 0, 0]
            if row is None or row[5:8] != list(map(str, now)):
                found.add(package.name)
        return found

    def oracle(self):
        args = argparse.Namespace(
            root=self.root, admindir=None, off=sorted(self.off()), foreign=[],
            exempt=[], overlay=False)
        setattr(args, 'self', self.adopted())
        oracle = ORACLE.Oracle(args)
        oracle.run()
        return oracle

    def journals(self):
        places = [self.path(STATE + '/run/journal')]
        run = self.path('/run/dpkg-immutable')
        if os.path.isdir(run):
            places += [os.path.join(run, d, 'journal')
                       for d in os.listdir(run)]
        return [Journal(p) for p in places]

    def log(self):
        return ORACLE.read_or_empty(
            self.path('/var/log/dpkg-immutable.log')).decode()

    def states(self):
        """dpkg's word on our packages, and its diversions."""
        found = []
        admin = self.path('/var/lib/dpkg')
        for package in ORACLE.Database(os.fsencode(admin)).packages.values():
            if package.name.startswith(b'di-'):
                found.append((package.name, package.state, package.eflag))
        for line in ORACLE.read(admin + '/status').split(b'\n\n'):
            if line.startswith(b'Package: di-'):
                found += [x for x in line.split(b'\n')
                          if x.startswith(b'Version')]
        return sorted(map(str, found)), ORACLE.read_or_empty(
            admin + '/diversions')

    def thing(self, path):
        st = os.lstat(path)
        what = [path[len(self.root):], oct(st.st_mode), st.st_nlink,
                st.st_uid, st.st_gid]
        if stat.S_ISREG(st.st_mode):
            what.append(hashlib.md5(ORACLE.read(path)).hexdigest())
        elif stat.S_ISLNK(st.st_mode):
            what.append(os.readlink(path))
        elif stat.S_ISDIR(st.st_mode):
            what[2] = 0
        return tuple(what)

    def picture(self):
        """All that dpkg is answerable for."""
        tree = []
        for top in TREES:
            top = self.path('/' + top)
            if os.path.lexists(top):
                tree.append(self.thing(top))
            for folder, folders, files in os.walk(top):
                tree += [self.thing(os.path.join(folder, name))
                         for name in folders + files]
        leftover = [name for name in os.listdir(self.path('/etc')) +
                    os.listdir(self.path('/usr/bin')) if '.dpkg-' in name]
        return self.states(), sorted(tree), sorted(leftover)
