# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
"""The completions, asked in real shells on a terminal of their own.

What must be offered is asked of the engine: --help names actions and options,
and which option goes with which action is what it refuses or not. In bash and
zsh a key inserts all that is offered, and a function in the engine's place
tells what came of it once the shell has read the line: so the quoting is
tested too. fish prints what it would offer.
"""
import concurrent.futures
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

TOP = os.path.abspath(os.environ.get("TOP_SRCDIR") or ".")
BUILD = os.path.abspath(os.environ.get("DI_BUILD") or ".")
ENGINE = os.path.join(BUILD, "dpkg-immutable")
DIVERT = os.path.join(BUILD, "dpkg-immutable-divert")
FILES = os.path.join(TOP, "completions")
DPKG_ACTIONS = {"--install", "--unpack", "--configure", "--triggers-only",
                "--remove", "--purge"}
ODD = ["a b", "a'c", 'a"d', "a$e", "a`touch g`", "a*h", "a\u00fci", "a;j",
       "a\\k", "a$(touch l)", "a(m)", "a#n", "a&o", "a{p,q}"]
# What the engine refuses whatever else stands beside it, so that nothing is
# ever begun: an operand too many, or one too few.
REFUSED = {"--adopt": ["x"], "--release": ["x"], "--coverage": ["x"],
           "--recover": ["x"], "--history": ["x"], "--protect": ["-a", "x"],
           "--unprotect": ["-a", "x"], "--open": [], "--plan": [],
           "--explain": [], "--verify": ["--digests=all", "--quick"],
           "--list": [], "--export": ["none"], "--posture": ["x"],
           "--setup-readonly": ["x"]}
# Actions that take a value, and one that they take.
VALUED = {"--export": "json", "--setup-readonly": "usr"}


def with_value(action):
    return f"{action}={VALUED[action]}" if action in VALUED else action


class Tap:
    count = failed = 0

    def point(self, good, name, *why):
        self.count += 1
        self.failed += not good
        print("ok" if good else "not ok", self.count, "-", name)
        if not good:
            for line in why:
                print("#  ", line)

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}")

    def same(self, got, wanted, name):
        got, wanted = set(got), set(wanted)
        self.point(got == wanted, name,
                   f"missing {sorted(wanted - got)}",
                   f"too many {sorted(got - wanted)}"[:1000])

    def has(self, got, wanted, name):
        missing = set(wanted) - set(got)
        self.point(not missing, name, f"missing {sorted(missing)}",
                   f"of {sorted(got)}"[:1000])


class Engine:
    """What the engine says of its own command line."""

    def __init__(self):
        text = self.run("--help").stdout
        actions, options = text.split("\nOptions:\n")
        row = re.compile(r"^  (?:(-\w), |    )(--[\w-]+)(\S*)( \S+)?", re.M)
        self.letters = {}
        self.actions, self.options, self.values = [], [], {}
        for part, names in ((actions.split("Actions:\n")[1], self.actions),
                            (options, self.options)):
            for letter, name, value, _ in row.findall(part):
                names.append(name)
                if letter:
                    self.letters[letter] = name
                if value.startswith("="):
                    self.values[name] = value[1:].split("|")
        pairs = [(a, o) for a in self.actions for o in self.options]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            goes = list(pool.map(lambda pair: self.goes(*pair), pairs))
        self.fits = {a: {o for (b, o), good in zip(pairs, goes)
                         if good and a == b} for a in self.actions}

    @staticmethod
    def run(*words):
        return subprocess.run([ENGINE, *words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False,
                              env={"PATH": os.environ["PATH"]})

    def goes(self, action, option):
        if action not in REFUSED:
            return False
        word = option
        if option in self.values:
            word += "=" + {"--slice": "1/2", "--jobs": "1"}.get(
                option, self.values[option][0])
        words = [with_value(action), word, *REFUSED[action]]
        if option != "--root":
            words.append("--root=/nonexistent/dpkg-immutable")
        told = self.run(*words)
        assert told.returncode != 0, words
        return f"{option} does not go with {words[0]}" not in told.stderr


def dpkg_words():
    """dpkg's long options and the words of --force, from our table."""
    with open(os.path.join(TOP, "src/dpkg/cmdtable.c")) as f:
        text = f.read()
    options = {"--" + n for n in re.findall(r'PLAIN\("([\w-]+)"', text)}
    options |= {"--" + n for n in re.findall(r'VALUE\("([\w-]+)"', text)}
    part = text[text.index("} forces[] = {"):]
    forces = re.findall(r'\{ "([\w-]+)",', part[:part.index("};")])
    assert len(options) > 20 and len(forces) > 20
    return options, forces


def make_database(root, packages):
    """packages: (name, architecture, state)"""
    folder = os.path.join(root, "var/lib/dpkg")
    os.makedirs(os.path.join(folder, "info"))
    os.makedirs(os.path.join(folder, "updates"))
    with open(os.path.join(folder, "info/format"), "w") as f:
        f.write("1\n")
    with open(os.path.join(folder, "status"), "w") as f:
        for name, arch, state in packages:
            want = "deinstall" if state == "config-files" else "install"
            f.write(f"Package: {name}\nStatus: {want} ok {state}\n"
                    "Maintainer: n <n@example.org>\nVersion: 1\n"
                    f"Architecture: {arch}\nDescription: d\n")
            if name == "libtwo":
                f.write("Multi-Arch: same\n")
            if state == "triggers-pending":
                f.write("Triggers-Pending: /x\n")
            f.write("\n")


class Terminal:
    """A shell on a terminal; subclasses say how it is set up."""

    PROMPT = "<<ready>>"

    def __init__(self, tmp, words, setup, env):
        self.out = os.path.join(tmp, "answer")
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(tmp)
            os.execvpe(words[0], words, env)
        self.pid = pid
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 1000, 500, 0, 0))
        script = os.path.join(tmp, "setup")
        with open(script, "w") as f:
            f.write(setup)
        self.type(f". {script}\n")

    def type(self, text):
        """Types, and waits for the next prompt."""
        data = text.encode()
        seen = b""
        end = time.monotonic() + 20
        want = self.PROMPT.encode()
        while want not in seen:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{text!r}: {seen[-2000:]!r}")
            r, w, _ = select.select([self.fd], [self.fd] if data else [], [],
                                    left)
            if w:
                data = data[os.write(self.fd, data[:256]):]
            if r:
                try:
                    seen += os.read(self.fd, 65536)
                except OSError as e:
                    raise TimeoutError(f"{text!r}: gone: {seen!r}") from e

    def ask(self, line):
        """What is offered at the end of the line."""
        if os.path.exists(self.out):
            os.unlink(self.out)
        self.type(line + "\x18a\n")
        with open(self.out, "rb") as f:
            got = f.read().decode().split("\0")[:-1]
        before = re.split(r"(?<!\\) ", line)[1:]
        cur = before.pop()
        got = got[len(before):]
        if got in ([], [cur], [""]):
            return []
        # The part up to the last "=" or ":" stands there once.
        keep = cur[:1 + max(cur.rfind("="), cur.rfind(":"))]
        return [w if w.startswith(keep) else keep + w for w in got]

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def function(name, out):
    return (f"{name}() {{ printf '%s\\0' \"$@\" >{out}; }}\n")


class Bash(Terminal):
    def __init__(self, tmp, env, extra):
        setup = extra
        for name in ("dpkg-immutable", "dpkg-immutable-divert"):
            setup += function(name, os.path.join(tmp, "answer"))
        setup += ("bind '\"\\C-xa\": insert-completions'\n"
                  "bind 'set bell-style none'\n"
                  "bind 'set enable-bracketed-paste off'\n"
                  f"PS1='{self.PROMPT[:4]}''{self.PROMPT[4:]}'\n")
        super().__init__(tmp, ["bash", "--norc", "--noprofile", "-i"], setup,
                         dict(env, INPUTRC="/dev/null", HISTFILE="",
                              PS1="", PS2=""))


class Zsh(Terminal):
    def __init__(self, tmp, env):
        setup = f"""
fpath=({FILES} $fpath)
autoload -Uz compinit && compinit -D -u
zmodload zsh/complist 2>/dev/null
setopt no_beep no_prompt_sp no_prompt_cr
unsetopt zle_bracketed_paste 2>/dev/null
unset zle_bracketed_paste
zle -C all-matches complete-word _generic
bindkey '^Xa' all-matches
zstyle ':completion:all-matches:*' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
zstyle ':completion:*' menu no
"""
        for name in ("dpkg-immutable", "dpkg-immutable-divert"):
            setup += function(name, os.path.join(tmp, "answer"))
        setup += f"PS1='{self.PROMPT[:4]}''{self.PROMPT[4:]}'\n"
        super().__init__(tmp, ["zsh", "-f", "-i"], setup,
                         dict(env, PS1="", PS2="", ZDOTDIR=tmp))


class Fish:
    """Says on a pipe what it would offer."""

    def __init__(self, tmp, env):
        script = (f"source {FILES}/dpkg-immutable.fish\n"
                  "while read -z line\n"
                  "complete -C $line\n"
                  "printf '\\0'\n"
                  "end\n")
        self.errors = open(os.path.join(tmp, "errors"), "w+b")
        self.shell = subprocess.Popen(
            ["fish", "-c", script], cwd=tmp, env=env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors)

    def ask(self, line):
        self.shell.stdin.write(line.encode() + b"\0")
        self.shell.stdin.flush()
        got = b""
        end = time.monotonic() + 20
        while not got.endswith(b"\0"):
            left = max(end - time.monotonic(), 0)
            ready = select.select([self.shell.stdout], [], [], left)[0]
            more = ready and os.read(self.shell.stdout.fileno(), 65536)
            if not more:
                raise TimeoutError(f"{line!r}: {got!r}")
            got += more
        self.errors.seek(0)
        said = self.errors.read()
        if said:
            raise TimeoutError(f"{line!r}: {said!r}")
        return [w.split("\t")[0] for w in got[:-1].decode().splitlines()]

    def close(self):
        self.shell.stdin.close()
        self.shell.wait()
        self.shell.stdout.close()
        self.errors.close()


def bare(words):
    """Options without the "=" that some shells show."""
    return {w[:-1] if w.endswith("=") else w for w in words}


def make_world(tmp):
    """What packages and files there are to complete."""
    packages = [(f"many{i}", "amd64", "installed") for i in range(600)]
    packages += [("alpha", "amd64", "installed"),
                 ("alpha-gone", "amd64", "config-files"),
                 ("alpha-open", "amd64", "unpacked"),
                 ("alpha-half", "all", "half-configured"),
                 ("alpha-fired", "amd64", "triggers-pending"),
                 ("libtwo", "amd64", "installed"),
                 ("libtwo", "i386", "installed"),
                 ("libc++1.2", "amd64", "installed")]
    make_database(os.path.join(tmp, "host"), packages)
    other = os.path.join(tmp, "o t")
    make_database(other, [("alpha-other", "amd64", "installed")])
    os.makedirs(os.path.join(other, "usr/only here"))
    os.makedirs(os.path.join(tmp, "odd"))
    for name in ODD:
        with open(os.path.join(tmp, "odd", name), "w"):
            pass
    os.makedirs(os.path.join(tmp, "debs/x dir"))
    for name in ("x_1.deb", "x y_1.deb", "x_1.txt", "x.deb.asc"):
        with open(os.path.join(tmp, "debs", name), "w"):
            pass
    os.symlink(other, os.path.join(tmp, "other"))


class Points:
    """What is asked of each shell; `name` begins the points' names."""

    def __init__(self, tap, engine, shell, name, tmp):
        self.tap, self.engine, self.tmp = tap, engine, tmp
        self.shell, self.name = shell, name

    def ask(self, rest, program="dpkg-immutable"):
        return self.shell.ask(f"{program} {rest}")

    def same(self, rest, wanted, what):
        got = self.ask(rest)
        self.tap.same(got, wanted, f"{self.name}: {what}")

    def everything(self):
        e = self.engine
        got = bare(self.ask("-"))
        self.tap.same(got, {*e.actions, *e.options, *e.letters, *DPKG_ACTIONS,
                            "-i", "-r", "-P"},
                      f"{self.name}: all actions and options")
        for letter, name in e.letters.items():
            line = f"{letter} x --" if letter == "-V" else f"{letter} --p"
            wanted = (e.fits[name] if name in e.fits else
                      {"--protect", "--purge", "--plan", "--polite",
                       "--posture"})
            self.tap.same(bare(self.ask(line)), wanted,
                          f"{self.name}: behind {letter}")

    def fitting(self):
        for action, fits in self.engine.fits.items():
            self.tap.same(bare(self.ask(f"{with_value(action)} --")), fits,
                          f"{self.name}: what goes with {action}")
        quiet = self.engine.fits["--verify"] - {"--quiet", "--root"}
        self.tap.same(bare(self.ask("--quiet --verify --root=/ --")), quiet,
                      f"{self.name}: nothing twice")
        self.tap.same(bare(self.ask("--verify --root / alpha --")),
                      quiet | {"--quiet"},
                      f"{self.name}: behind a value and an operand")

    def words(self):
        for option, words in self.engine.values.items():
            if not all(re.fullmatch("[a-z0-9]+", w) for w in words):
                continue
            action = "" if option in VALUED else "--verify "
            self.same(f"{action}{option}=", {f"{option}={w}" for w in words},
                      f"values of {option}=")
            self.same(f"{action}{option} ", words, f"values of {option}")
        self.same("--list --format=", {"--format=text", "--format=json"},
                  "rpm is for --verify alone")
        today = time.strftime("%Y-%m-%d", time.gmtime())
        self.tap.has(self.ask("--verify --since="), {f"--since={today}"},
                     f"{self.name}: --since= today")

    def packages(self):
        here = {"alpha", "alpha-open", "alpha-half", "alpha-fired"}
        for line, wanted in (
                ("--protect al", here), ("--unprotect alpha al", here),
                ("--verify al", here), ("-V al", here), ("--list al", here),
                ("--open al", here), ("--export=json al", here),
                ("--export json al", here), ("--remove al", here),
                ("-r al", here), ("-P al", here | {"alpha-gone"}),
                ("--purge al", here | {"alpha-gone"}),
                ("--configure al", here - {"alpha"}),
                ("--triggers-only al", {"alpha-fired"}),
                ("--plan -- --remove al", here),
                ("--plan -- -P al", here | {"alpha-gone"}),
                ("--protect libc+", {"libc++1.2"}),
                ("--protect libtwo:",
                 {"libtwo:amd64", "libtwo:i386"}),
                ("--adopt al", {}), ("--explain al", {}),
                (f"--root={self.tmp}/other --verify al", {"alpha-other"}),
                (f"--root {self.tmp}/o\\ t/ --verify al",
                 {"alpha-other"}),
                (f"--admindir={self.tmp}/other/var/lib/dpkg --verify al",
                 {"alpha-other"})):
            self.same(line, wanted, f"packages, {line.replace(self.tmp, '')}")
        self.tap.point(len(set(self.ask("--protect many"))) == 600,
                       f"{self.name}: 600 packages")

    def files(self):
        odd = f"{self.tmp}/odd/a"
        names = {f"{self.tmp}/odd/{n}" for n in ODD}
        self.same(f"--explain {odd}", names, "odd names")
        self.same(f"--verify {odd}", names, "odd names beside packages")
        self.same(f"--verify --trust={odd}", {f"--trust={n}" for n in names},
                  "odd names behind =")
        self.same(f"--verify --config {odd}", names, "odd names of a value")
        debs = f"{self.tmp}/debs"
        self.tap.same([w.rstrip("/") for w in self.ask(f"-i {debs}/x")],
                      {f"{debs}/{n}" for n in
                       ("x_1.deb", "x y_1.deb", "x dir")},
                      f"{self.name}: archives and folders")
        self.tap.same([w.rstrip("/") for w in
                       self.ask(f"--verify --root={debs}/x")],
                      {f"--root={debs}/x dir"}, f"{self.name}: folders")
        got = self.ask(f"--root={self.tmp}/other --explain /usr/on")
        self.tap.same([w.rstrip("/") for w in got], {"/usr/only here"},
                      f"{self.name}: paths below --root")
        left = {n for n in os.listdir(self.tmp) if len(n) == 1}
        self.tap.same(left, {}, f"{self.name}: no name was run")

    def dpkg(self):
        options, forces = dpkg_words()
        got = {w for w in bare(self.ask("--install --"))
               if not re.match("--(no-force|force|refuse)-", w)}
        self.tap.same(got, options, f"{self.name}: dpkg's options")
        got = bare(self.ask("--plan -- --"))
        self.tap.has(got, DPKG_ACTIONS, f"{self.name}: actions of --plan")
        for mine in ("--verify", "--adopt", "--quiet"):
            self.tap.point(mine not in got,
                           f"{self.name}: {mine} is not for dpkg")
        for start in ("--force-", "--no-force-", "--refuse-"):
            self.same(f"--install {start}", {start + f for f in forces},
                      f"words of {start}")
        self.same("--force-confn", {"--force-confnew"}, "dpkg's options first")
        self.same("-i --force-confnew --no-p", {"--no-pager"},
                  "options between")

    def rest(self):
        got = self.ask("--open alpha -- dpkg-que")
        self.tap.has(got, {"dpkg-query"}, f"{self.name}: the command of --open")
        text = subprocess.run([DIVERT, "--help"], capture_output=True,
                              text=True, check=True).stdout
        wanted = {"add", "remove", *re.findall(r"^  (--\w+)", text, re.M)}
        program = "dpkg-immutable-divert"
        got = bare(self.ask("", program)) | bare(self.ask("-", program))
        self.tap.same(got, wanted, f"{self.name}: words of {program}")
        got = bare(self.ask("remove ", program)) | bare(
            self.ask("remove --", program))
        self.tap.point(got <= {"--root"},
                       f"{self.name}: one action of {program}", str(got))
        self.tap.same([w.rstrip("/") for w in self.ask(
            f"remove --root={self.tmp}/debs/x", program)],
            {f"--root={self.tmp}/debs/x dir"},
            f"{self.name}: folders of {program}")

    def all(self):
        self.everything()
        self.fitting()
        self.words()
        self.packages()
        self.files()
        self.dpkg()
        self.rest()


BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"


def shells(tmp, env):
    """Name, program, a file that it needs, and how it is started."""
    mine = f". {FILES}/dpkg-immutable.bash\n"
    # As installed: found by name, loaded at the first question.
    lazy = os.path.join(tmp, "lazy")
    os.makedirs(os.path.join(lazy, "completions"))
    for name in ("dpkg-immutable", "dpkg-immutable-divert"):
        os.symlink(f"{FILES}/dpkg-immutable.bash",
                   os.path.join(lazy, "completions", name))
    lazy_env = dict(env, BASH_COMPLETION_USER_DIR=lazy)
    return (
        ("bash", "bash", None, lambda d: Bash(d, env, mine)),
        ("bash without = and :", "bash", None,
         lambda d: Bash(d, env, mine + "COMP_WORDBREAKS=$' \\t\\n\"><;|&('\n"
                        "\\shopt -s failglob nullglob; set -u\n")),
        ("bash with bash-completion", "bash", BASH_COMPLETION,
         lambda d: Bash(d, lazy_env, f". {BASH_COMPLETION}\n")),
        ("zsh", "zsh", None, lambda d: Zsh(d, env)),
        ("fish", "fish", None, lambda d: Fish(d, env)))


def one_shell(tap, engine, tmp, name, start):
    folder = os.path.join(tmp, re.sub("[^a-z]", "", name))
    os.mkdir(folder)
    try:
        shell = start(folder)
        try:
            Points(tap, engine, shell, name, tmp).all()
        finally:
            shell.close()
    except (TimeoutError, OSError) as e:
        tap.point(False, f"{name}: answers", repr(e)[:1000])


def main():
    tap = Tap()
    engine = Engine()
    tap.point(len(engine.actions) > 10 and len(engine.options) > 15
              and any(engine.fits.values()), "--help was understood")
    with tempfile.TemporaryDirectory(dir=os.environ.get("DI_TMP")) as tmp:
        tmp = os.path.realpath(tmp)
        make_world(tmp)
        env = {"PATH": f"{BUILD}:/usr/sbin:/usr/bin:/sbin:/bin",
               "TERM": "vt100", "HOME": tmp, "LC_ALL": "C.UTF-8",
               "XDG_CONFIG_HOME": f"{tmp}/none", "XDG_DATA_HOME": f"{tmp}/no",
               "DPKG_ADMINDIR": f"{tmp}/host/var/lib/dpkg"}
        for name, program, needs, start in shells(tmp, env):
            if shutil.which(program) is None:
                tap.skip(name, f"no {program}")
            elif needs and not os.path.exists(needs):
                tap.skip(name, f"no {needs}")
            elif shutil.which("dpkg-query") is None:
                tap.skip(name, "no dpkg-query")
            else:
                one_shell(tap, engine, tmp, name, start)
    print(f"1..{tap.count}")
    return tap.failed > 0


if __name__ == "__main__":
    sys.exit(main())
