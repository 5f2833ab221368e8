#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
"""Asks the real dpkg and our parser about the same command lines.

    grammar.py ROOT SHOW

ROOT is a scratch chroot with a real dpkg (it is written to), SHOW the program
built from tests/show_cmdline.c. The case `grammar` runs this for each suite.

The oracle is what the real dpkg does under strace: it acts if and only if it
opens ADMINDIR/lock for writing. Cases are in grammar.cases beside this file.
"""
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

LOCK = re.compile(r'open(?:at)?\((?:AT_FDCWD, )?"((?:[^"\\]|\\.)*)/lock", '
                  r'[^)]*O_RDWR')
DEBUG = re.compile(r'^D\d+: root=(.*?) admindir=(.*)$', re.M)


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def read_cases(path):
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if line and not line.startswith("#"):
                yield number, line


class Case:
    """[db] [cfg=TEXT] [cfgd:NAME=TEXT] [home=TEXT] [env:NAME=VALUE] : WORDS"""

    def __init__(self, line):
        setup, _, words = f"{line} ".partition(":: ")
        self.words = shlex.split(words)
        self.database, self.files, self.env = False, {}, {}
        for part in shlex.split(setup):
            key, _, text = part.partition("=")
            if part == "db":
                self.database = True
            elif key == "cfg":
                self.files["etc/dpkg/dpkg.cfg"] = text
            elif key.startswith("cfgd:"):
                self.files["etc/dpkg/dpkg.cfg.d/" + key[5:]] = text
            elif key == "home":
                self.files["di-grammar/home/.dpkg.cfg"] = text
            elif key.startswith("env:"):
                self.env[key[4:]] = text
            else:
                raise ValueError(f"bad setup {part!r}")


def make_alt(root, name):
    base = os.path.join(root, "di-grammar", name, "var/lib/dpkg")
    for folder in ("info", "updates", "triggers", "parts"):
        os.makedirs(os.path.join(base, folder))
    for file in ("status", "available", "diversions", "statoverride"):
        open(os.path.join(base, file), "w", encoding="ascii").close()


class Machine:
    def __init__(self, root, show):
        self.root, self.show = root, show
        real = "usr/bin/dpkg.distrib"
        if not os.path.exists(os.path.join(root, real)):
            real = "usr/bin/dpkg"
        self.dpkg = "/" + real

    def plain(self, path):
        """Where path leads inside the chroot; the root itself is empty."""
        whole = os.path.realpath(os.path.join(self.root, path.lstrip("/")))
        return whole[len(self.root):]

    def put(self, files):
        for name, text in files.items():
            path = os.path.join(self.root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text.encode().decode("unicode_escape"))

    def drop(self, files):
        for name in files:
            os.unlink(os.path.join(self.root, name))

    def environment(self, case):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
               "HOME": "/di-grammar/home"}
        env.update(case.env)
        return env

    def ask_dpkg(self, case):
        env = self.environment(case)
        env.setdefault("DPKG_DEBUG", "1")
        with tempfile.NamedTemporaryFile() as log:
            argv = ["strace", "-f", "-qq", "-s", "4096", "-o", log.name,
                    "-e", "trace=open,openat", "chroot", self.root,
                    self.dpkg] + case.words
            run = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL,
                                 capture_output=True, check=False)
            trace = log.read().decode("utf-8", "replace")
        lock = LOCK.search(trace)
        debug = DEBUG.search(run.stderr.decode("utf-8", "replace"))
        return run.returncode, lock and lock.group(1), debug

    def ask_us(self, case):
        run = subprocess.run([self.show, self.root, "dpkg"] + case.words,
                             env=self.environment(case),
                             capture_output=True, check=True)
        told = {}
        for line in run.stdout.decode("utf-8", "replace").splitlines():
            key, _, value = line.partition("=")
            told[key] = value
        return told


def differences(case, status, lock, debug, told, plain):
    on = {k: v == "1" for k, v in told.items()}
    acts = on["touches"] and not on["no_act"] and not on["invalid"]
    if case.database:
        if lock is None or on["touches"]:
            yield "is not a change of the database only"
        return
    if on["query"] and lock is not None:
        yield "taken for a query, but dpkg acts"
    if on["unknown_option"]:
        if status != 2 or lock is not None:
            yield f"unknown to us, not to dpkg (status {status})"
        return
    if acts != (lock is not None):
        yield f"acts={acts}, but dpkg's lock: {lock}"
    if on["invalid"] and status == 1:
        yield "taken for refused, but dpkg ended with 1"
    if lock is not None and plain(lock) != plain(told["admindir"]):
        yield f"admindir {told['admindir']}, dpkg's is {lock}"
    if debug:
        if on["invalid"]:
            yield "taken for refused, but dpkg parsed it all"
        if plain(debug.group(1)) != plain(told["root"]):
            yield f"root {told['root']!r}, dpkg's is {debug.group(1)!r}"
        if plain(debug.group(2)) != plain(told["admindir"]):
            yield f"admindir {told['admindir']}, not {debug.group(2)}"


def run_all(machine, cases):
    failed = 0
    print(f"1..{len(cases) + 1}")
    for n, (number, line) in enumerate(cases, 1):
        case = Case(line)
        machine.put(case.files)
        try:
            status, lock, debug = machine.ask_dpkg(case)
            told = machine.ask_us(case)
        finally:
            machine.drop(case.files)
        bad = list(differences(case, status, lock, debug, told,
                               machine.plain))
        failed += bool(bad)
        name = line.replace("#", r"\#")
        print(f"{'not ok' if bad else 'ok'} {n} - {name}")
        for text in bad:
            print(f"# grammar.cases:{number}: {text}")
    enough = len(cases) >= 120
    print(f"{'ok' if enough else 'not ok'} {len(cases) + 1} - enough cases")
    return 1 if failed or not enough else 0


@contextlib.contextmanager
def prepared(root):
    """The chroot with configuration and folders of ours in it, and its name."""
    root = os.path.realpath(root)
    own = os.path.join(root, "di-grammar")
    etc = os.path.join(root, "etc/dpkg")
    kept = os.path.join(root, "etc/dpkg.di-kept")
    os.rename(etc, kept)
    try:
        os.makedirs(os.path.join(own, "home"))
        os.makedirs(os.path.join(own, "debs"))
        os.makedirs(os.path.join(etc, "dpkg.cfg.d"))
        make_alt(root, "alt")
        make_alt(root, "other")
        os.symlink("alt", os.path.join(own, "link"))
        yield root
    finally:
        shutil.rmtree(own, ignore_errors=True)
        shutil.rmtree(os.path.join(root, "di-new"), ignore_errors=True)
        shutil.rmtree(etc, ignore_errors=True)
        os.rename(kept, etc)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: grammar.py ROOT SHOW")
    root, show = sys.argv[1:]
    if os.geteuid() != 0 or not shutil.which("strace"):
        skip("needs root and strace")
    root = os.path.realpath(root)
    if root == "/" or not os.path.isdir(os.path.join(root, "etc/dpkg")):
        skip(f"{root} is no scratch chroot")
    cases = list(read_cases(os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "grammar.cases")))
    with prepared(root):
        return run_all(Machine(root, os.path.abspath(show)), cases)


if __name__ == "__main__":
    sys.exit(main())
