#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
"""Makes one system call of ours go wrong, and looks at what is left.

    faults.py ROOT INJECT [--sample N] [ACTION[:FAULT[:POINT]]]...

ROOT is the bed that faults.sh has made; `faults_mount` makes it anew. A point
is one call of one action's run, and a fault that can happen to it. After it:

  - what should be protected and is not, a journal names;
  - an exit status of 0 means that all was done, another that dpkg's database
    and files are as before; a run that dpkg came to the end of exits as dpkg;
  - --recover (at every other point), dpkg --configure -a and the same command
    again lead to where an undisturbed run leads: same states, same files, the
    oracle, dpkg --audit and --verify silent, no journal open.

Prints TAP, a point each, and at the end how many they were of each kind.
"""
import argparse
import collections
import os
import sys

sys.dont_write_bytecode = True

from faults_bed import ENGINE, ORACLE, Bed  # noqa: E402

ERRORS = ['ENOSPC', 'EIO', 'EPERM', 'EMFILE', 'ENOMEM', 'EINTR']
# A star: it stays so until the run ends.
FAULTS = (['kill', 'kill-all', 'short'] + ERRORS +
          ['ENOSPC*', 'EIO*', 'EMFILE*', 'ENOMEM*'])
DEBS = '/root/debs/'
# Calls of a program's beginning, before main.
EARLY = 6
# To come to where something is to be recovered.
TRIES = 10
# Findings that are right where the history could not be written: of what it
# names last, and of what it does not know to be gone.
UNTOLD = (': not the ledger that the history names: ',
          ": dpkg's own record was changed: expected installed, found not")


# -- what is done -----------------------------------------------------------

class Broken(Exception):
    pass


def archives(names):
    return [DEBS + n + '.deb' for n in names.split()]


class Action:
    """A command; how to come to where it is called; what its status tells.

    That of a run is dpkg's, of a command with its files open the command's;
    own ones' is ours. Of a nested action those calls count that scripts make.
    """

    def __init__(self, name, argv, before, nested=False, own=False,
                 command=False):
        self.name, self.argv, self.begin = name, argv, before
        self.nested, self.own, self.command = nested, own, command
        self.before = self.after = None
        self.total = {}

    def prepare(self, bed):
        self.begin(bed)

    def measure(self, bed):
        self.prepare(bed)
        self.before = bed.picture()
        r, calls = bed.calls(self.argv, self.nested)
        if r.rc != 0:
            raise SystemExit('%s: undisturbed it exits %s: %s' %
                             (self.name, r.rc, r.out))
        self.after = bed.picture()
        self.calls = calls
        for fault in FAULTS:
            kind = fault.rstrip('*')
            self.total[fault] = len(calls) if kind.startswith('kill') else \
                sum(kind in kinds for kinds, _ in calls)


def must(bed, argv, rc=0):
    r = bed.run(argv)
    if r.rc != rc:
        raise Broken('%s exits %s: %s' % (' '.join(argv), r.rc,
                                          r.out.strip()))
    return r


def absent(bed):
    must(bed, ['dpkg', '-P', 'di-d', 'di-f', 'di-t'])


def installed(version):
    def begin(bed):
        must(bed, ['dpkg', '-i'] + archives('f%s t1 d%s' % (version,
                                                           version)))
    return begin


def unprotected(bed):
    installed(1)(bed)
    must(bed, [ENGINE, '--unprotect', 'di-f', 'di-t', 'sed'])


def on_again(bed):
    installed(1)(bed)
    must(bed, [ENGINE, '--protect', '-a'])


def there(bed):
    if not os.path.exists(bed.path('/usr/bin/di-f')):
        installed(1)(bed)


def released(bed):
    there(bed)
    if bed.adopted():
        must(bed, [ENGINE, '--release'])


def adopted(bed):
    there(bed)
    must(bed, [ENGINE, '--adopt'])


def readonly(bed):
    """An upgrade in a mount namespace of its own."""
    bed.make_readonly('/usr')
    if not bed.adopted():
        must(bed, [ENGINE, '--adopt'])
    installed(1)(bed)


class Recover(Action):
    """What is to be recovered: an upgrade that was killed where CHOOSE says."""

    def __init__(self, name, choose):
        super().__init__(name, [ENGINE, '--recover'], None, own=True)
        self.choose = choose
        self.at = None
        self.ready = None

    def prepare(self, bed):
        upgrade = ['dpkg', '-i'] + archives('f2 d2')
        for _ in range(TRIES):
            installed(1)(bed)
            if self.at is None:
                _, calls = bed.calls(upgrade)
                self.at = self.choose([c[1] for c in calls]) + 1
                installed(1)(bed)
            if not bed.injected(upgrade, ['--at', str(self.at),
                                          '--kill-all']).met:
                raise Broken('what is to be recovered is not killed')
            picture = bed.picture()
            if self.ready is None and must(bed, ['dpkg', '--audit']).out == '':
                self.ready = picture
            if picture == self.ready:
                return
            # A call more than before, say where the history begins a new
            # file: it was killed at another place.
            self.at = None
        raise Broken('it is never killed at the same place')


def when_dpkg_starts(calls):
    return next(i for i, c in enumerate(calls) if c.startswith('execve ') and
                'dpkg.distrib' in c)


def when_it_closes(calls):
    start = when_dpkg_starts(calls)
    flags = [i for i, c in enumerate(calls) if i > start and
             c.startswith('ioctl ')]
    return flags[len(flags) // 2]


def when_it_records(calls):
    return next(i for i, c in enumerate(calls) if i > when_dpkg_starts(calls)
                and c.startswith('rename') and 'index.new' in c) + 1


def all_actions():
    f1 = archives('f1 t1 d1')
    purged = ['dpkg', '-P', 'di-d', 'di-f', 'di-t']
    return [
        Action('install', ['dpkg', '-i'] + f1, absent),
        Action('upgrade', ['dpkg', '-i'] + archives('f2 d2'), installed(1)),
        Action('remove', ['dpkg', '-r', 'di-d', 'di-f', 'di-t'],
               installed(1)),
        Action('purge', purged, installed(1)),
        Action('protect', [ENGINE, '--protect', '-a'], unprotected, own=True),
        Recover('recover-open', when_dpkg_starts),
        Recover('recover-half', when_it_closes),
        Recover('recover-recorded', when_it_records),
        Action('in-install', ['dpkg', '-i'] + f1, absent, nested=True),
        Action('in-purge', purged, installed(1), nested=True),
        Action('unprotect', [ENGINE, '--unprotect', 'di-f'], on_again,
               own=True),
        Action('open', [ENGINE, '--open', 'di-f', '--', 'true'], installed(1),
               own=True, command=True),
        Action('adopt', [ENGINE, '--adopt'], released, own=True),
        Action('release', [ENGINE, '--release'], adopted, own=True),
        # The last: /usr stays as it is.
        Action('readonly', ['dpkg', '-i'] + archives('f2 d2'), readonly),
    ]


# -- one point --------------------------------------------------------------

def words_of(action, fault, n):
    kind = fault.rstrip('*')
    words = ['--at', str(n)]
    if kind in ERRORS:
        words += ['--error', kind]
    else:
        words.append('--' + kind)
    if fault.endswith('*'):
        words.append('--lasting')
    return words + (['--nested'] if action.nested else [])


class Point:
    def __init__(self, bed, action, fault, n):
        self.bed, self.action, self.fault, self.n = bed, action, fault, n
        self.killed = fault.startswith('kill')
        self.wrong = []
        self.met = ''
        self.excused = False  # what is open was told, and waits for a run
        self.outcome = 'killed' if self.killed else 'unaffected'

    def expect(self, true, what):
        if not true:
            self.wrong.append(what)

    def step(self, argv, rcs=(0,)):
        r = self.bed.run(argv)
        self.expect(r.rc in rcs, 'then `%s` exits %s: %s' %
                    (' '.join(argv), r.rc, r.out.strip()))
        return r

    def clean(self, when):
        o = self.bed.oracle()
        if not self.bed.adopted() and len(o.missing) == o.due:
            o.missing = []
        for kind in ('missing', 'extra', 'leftover'):
            rows = getattr(o, kind)
            self.expect(not rows, '%s: %s: %s' % (
                when, kind, ', '.join('%s (%s)' % (ORACLE.text(p), w)
                                      for p, w in rows[:4])))

    def go(self):
        bed, action = self.bed, self.action
        action.prepare(bed)
        self.began = len(bed.log())
        self.r = bed.injected(action.argv, words_of(action, self.fault,
                                                    self.n))
        self.met = self.r.met
        if not self.met:
            self.outcome = 'not met'
        self.at_once()
        if action.command:
            if self.r.rc != 0:
                self.outcome = 'refused'
        elif action.own:
            self.own_status()
        elif not action.nested:
            self.dpkg_status()
        self.repair()
        self.afterwards()
        return not self.wrong

    def told(self):
        return self.r.out + self.bed.log()[self.began:]

    # What nobody protects somebody must know of.
    def at_once(self):
        self.expect(isinstance(self.r.rc, int) and self.r.rc != 99,
                    'it hangs, or a part of it lives on: %s' % self.r.out)
        # Without any memory the C library itself does not come to main.
        self.expect(self.killed or self.r.rc not in (134, 135, 136, 139) or
                    (self.fault == 'ENOMEM*' and self.n <= EARLY),
                    'it crashes: %s' % self.r.rc)
        if not self.bed.adopted():
            self.open = []
            return
        journals = [j for j in self.bed.journals() if j.live]
        o = self.bed.oracle()
        owned = {}
        for package in o.db.packages.values():
            for name in package.paths:
                owned.setdefault(o.db.real(package.name, name),
                                 set()).add(package.name)
        self.open = [ORACLE.text(p) for p, _ in o.missing]
        new = self.bed.unrecorded()
        lost = [p for p, _ in o.missing if not any(
            j.all or p in j.paths or
            (new | {k.split(b':')[0] for k in j.packages}) &
            self.owners(owned, p) for j in journals)]
        # Without the engine dpkg went past us, as it was told to its caller.
        if lost and not self.killed and any(
                words in self.told() for words in (
                    'could not protect', 'over protected files')):
            self.outcome = 'told'
            self.excused = True
            return
        # To the end of a run no log may take a word.
        self.expect(not self.open or self.killed or self.fault[-1] == '*' or
                    self.r.rc != 0 or '"' in self.told(),
                    'open, and nothing is told: %s' % ', '.join(
                        self.open[:4]))
        self.expect(not lost, 'open, and no journal says so: %s' % ', '.join(
            map(ORACLE.text, lost[:4])))

    @staticmethod
    def owners(owned, path):
        merged = path[4:] if path.startswith(b'/usr/') else path
        return owned.get(path, set()) | owned.get(merged, set())

    def dpkg_status(self):
        now = self.bed.picture()
        rc = self.r.rc
        if self.killed and rc == 137:
            self.expect(now in (self.action.before, self.action.after),
                        'neither as before nor as after')
            return
        if now == self.action.after:
            self.expect(rc == 0, 'all is done, and it exits %s: %s' %
                        (rc, self.r.out))
            if self.open or 'dpkg-immutable:' in self.told():
                self.outcome = 'told'
        elif now == self.action.before:
            self.expect(rc != 0, 'nothing is done, and it exits 0')
            self.expect(self.r.out.strip() or rc == 139,
                        'nothing is done nor said')
            self.outcome = 'refused'
        else:
            self.expect(rc != 0, 'half is done, and it exits 0')
            self.outcome = 'failed'

    def own_status(self):
        rc = self.r.rc
        if self.killed and rc == 137:
            return
        if rc == 0:
            self.clean('exit status 0')
            # Others' work is done; it is the next run that looks again.
            self.expect(all(j.idle for j in self.bed.journals()) or
                        not self.action.name.startswith('recover'),
                        'exit status 0, and a journal is open')
        else:
            self.expect(self.r.out.strip() or rc == 139,
                        'exits %s and says nothing' % rc)
            self.outcome = 'refused'

    def repair(self):
        bed, action = self.bed, self.action
        if self.n % 2 == 1 and bed.adopted():
            self.step([ENGINE, '--recover'])
            if not self.excused and bed.adopted():
                self.clean('after --recover')
        if bed.adopted():
            self.step(['dpkg', '--configure', '-a'])
        if action.own:
            if action.name == 'release' and not bed.adopted():
                return
            rcs = (0, 1) if action.name == 'protect' else (0,)
            self.step(action.argv, rcs)
        elif bed.picture() != action.after:
            self.step(action.argv)

    def afterwards(self):
        bed = self.bed
        self.expect(bed.picture() == self.action.after,
                    'not where an undisturbed run leads')
        if self.action.name == 'release':
            self.expect(not bed.adopted(), 'still adopted')
        self.clean('in the end')
        r = self.step(['dpkg', '--audit'])
        self.expect(r.out == '', 'dpkg --audit: ' + r.out)
        if not bed.adopted():
            return
        self.expect(all(j.idle for j in bed.journals()),
                    'in the end a journal is open')
        self.verify()

    def verify(self):
        """Silent; but what no entry of the history tells of is told."""
        r = self.bed.run([ENGINE, '--verify'])
        found = [line for line in r.out.splitlines() if line[:2] == '  ']
        unwritten = ('history not written' in self.told() or
                     'ledger not written' in self.told() or
                     self.fault[-1] == '*')
        if (r.rc == 1 and unwritten and found and
                all(any(u in line for u in UNTOLD) for line in found)):
            self.outcome = 'unwritten'
            self.step([ENGINE, '--protect', '-a', '--accept'], (0, 1))
            r = self.bed.run([ENGINE, '--verify'])
        self.expect(r.rc == 0, 'then --verify exits %s: %s' %
                    (r.rc, r.out.strip()))


# -- all of them ------------------------------------------------------------

class Matrix:
    def __init__(self, bed):
        self.bed = bed
        self.count = 0
        self.cells = collections.defaultdict(lambda: [0, 0])
        self.outcomes = collections.Counter()

    def point(self, action, fault, n):
        p = Point(self.bed, action, fault, n)
        try:
            good = p.go()
        except Broken as e:
            p.wrong.append(str(e))
            good = False
        self.count += 1
        cell = self.cells[action.name, fault]
        cell[0] += p.outcome != 'not met'
        cell[1] += not good
        self.outcomes[p.outcome] += 1
        print('%sok %d - %s, %s at %d (%s): %s' % (
            '' if good else 'not ', self.count, action.name, fault, n,
            p.met.replace('#', '?'), p.outcome), flush=True)
        for line in p.wrong:
            for part in line.splitlines()[:12]:
                print('#   ' + part)
        if not good:
            self.bed.renew()

    def report(self):
        faults = [f for f in FAULTS if any(k[1] == f for k in self.cells)]
        print('# points / broken; a star: to the end of the run')
        print('# %-17s' % 'action' + ''.join('%11s' % f for f in faults))
        names = list(dict.fromkeys(k[0] for k in self.cells))
        for name in names:
            row = [self.cells.get((name, f)) for f in faults]
            print('# %-17s' % name + ''.join(
                '%11s' % ('-' if c is None else '%d/%d' % tuple(c))
                for c in row))
        print('# ' + ', '.join('%s %d' % x for x in
                               sorted(self.outcomes.items())))
        print('# in all %d points, %d broken' % (
            sum(c[0] for c in self.cells.values()),
            sum(c[1] for c in self.cells.values())))
        print('1..%d' % self.count)


def spread(action, number, count):
    """(fault, point) so many times: all faults in turn, and points that are
    far from each other, others for each action."""
    found = []
    for i in range(count):
        fault = FAULTS[(i + number * 5) % len(FAULTS)]
        total = action.total[fault]
        if total > 0:
            part = ((i + number * count) * 0.6180339887) % 1
            found.append((fault, 1 + int(part * total)))
    return found


def each(action, faults, points):
    return [(fault, n) for fault in faults
            for n in points or range(1, action.total[fault] + 1)]


def chosen(words, actions):
    """(action, faults, points); points None for all."""
    if not words:
        return [(a, FAULTS, None) for a in actions]
    found = []
    for word in words:
        name, fault, n = (word.split(':') + ['', ''])[:3]
        found += [(a, [fault] if fault else FAULTS, [int(n)] if n else None)
                  for a in actions if a.name == name]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('root')
    parser.add_argument('inject')
    parser.add_argument('--sample', type=int, metavar='N',
                        help='about so many points in all')
    parser.add_argument('words', nargs='*', metavar='ACTION[:FAULT[:POINT]]')
    args = parser.parse_intermixed_args()
    bed = Bed(os.path.realpath(args.root), args.inject)
    matrix = Matrix(bed)
    jobs = chosen(args.words, all_actions())
    for number, (action, faults, points) in enumerate(jobs):
        action.measure(bed)
        print('# %s: %d calls' % (action.name, len(action.calls)), flush=True)
        todo = each(action, faults, points)
        if args.sample and points is None:
            share = [args.sample * k // len(jobs) for k in (number,
                                                            number + 1)]
            todo = spread(action, number, share[1] - share[0])
        for fault, n in todo:
            matrix.point(action, fault, n)
    matrix.report()
    return 1 if any(c[1] for c in matrix.cells.values()) else 0


if __name__ == '__main__':
    sys.exit(main())
