# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
"""For the case `signals`: term.py ROOT SCREEN STEP... -- COMMAND...

Runs the command in ROOT as a shell's job on a terminal of its own, and does
the steps one after the other:

    wait:FILE     until it is there (below ROOT)
    touch:FILE
    send:TEXT     types it (\n, \x1a)
    expect:TEXT   until the terminal has shown it
    group:SIG     a signal to the job's process group
    alone:SIG     to the process that was started, alone
    inner:SIG     to the group of the first dpkg, or us, below it
    lone:SIG      to that process alone
    stopped       until the job has stopped
    running       neither stopped nor ended, a moment later
    resize        the terminal's window gets another size
    resize:RxC    so many rows and columns
    hangup        the terminal goes away

Prints how it ended: `exit N` or `signal N`. SCREEN gets what was shown.
"""
import fcntl
import os
import pty
import queue
import select
import signal
import struct
import sys
import termios
import threading
import time

root, screen = sys.argv[1:3]
split = sys.argv.index('--')
steps, command = sys.argv[3:split], sys.argv[split + 1:]
env = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root',
       'TERM': 'dumb', 'LC_ALL': 'C.UTF-8'}
LIMIT = 30


def job():
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, os.getpid())
    for s in (signal.SIGTTOU, signal.SIGPIPE, signal.SIGXFSZ,
              signal.SIGINT):
        signal.signal(s, signal.SIG_DFL)
    os.chroot(root)
    os.chdir('/')
    os.execvpe(command[0], command, env)


def shell(out):     # the session's leader: starts the job, tells its news
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        job()
    os.write(out, b'job %d\n' % pid)
    while True:
        status = os.waitpid(pid, os.WUNTRACED | os.WCONTINUED)[1]
        if os.WIFSTOPPED(status):
            os.write(out, b'stopped\n')
        elif os.WIFCONTINUED(status):
            os.write(out, b'continued\n')
        else:
            how = (b'exit %d\n' % os.WEXITSTATUS(status)
                   if os.WIFEXITED(status) else
                   b'signal %d\n' % os.WTERMSIG(status))
            os.write(out, how)
            time.sleep(0.1)     # the screen is read to its end
            os._exit(0)

got, put = os.pipe()
leader, master = pty.fork()
if leader == 0:
    os.close(got)
    shell(put)
os.close(put)
news, seen, at = queue.Queue(), bytearray(), 0
hung = []


def read_screen():
    try:
        while not hung:
            # Who reads keeps it open, also while another closes it.
            if not select.select([master], [], [], 0.05)[0]:
                continue
            data = os.read(master, 4096)
            if not data:
                break
            seen.extend(data)
    except OSError:
        pass


def read_news():
    with os.fdopen(got) as f:
        for line in f:
            news.put(line.strip())


reader = threading.Thread(target=read_screen, daemon=True)
reader.start()
threading.Thread(target=read_news, daemon=True).start()
pid = int(news.get(timeout=LIMIT).split()[1])


def inner():
    """The first dpkg below the job, by whatever name."""
    below = [pid]
    for p in below:
        try:
            name = open('/proc/%d/comm' % p).read().strip()
            if name in ('dpkg', 'dpkg.distrib', 'dpkg-immutable'):
                return p
            for t in os.listdir('/proc/%d/task' % p):
                with open('/proc/%d/task/%s/children' % (p, t)) as f:
                    below += map(int, f.read().split())
        except OSError:
            pass
    give_up('no dpkg below the job')


def give_up(why):
    open(screen, 'wb').write(bytes(seen))
    print(why)
    os.killpg(pid, signal.SIGKILL)
    sys.exit(1)


def until(true, what):
    end = time.time() + LIMIT
    while not true():
        if time.time() > end:
            give_up('timeout: ' + what)
        time.sleep(0.01)


def hear(wanted):
    while True:
        try:
            line = news.get(timeout=LIMIT)
        except queue.Empty:
            give_up('timeout: ' + ' '.join(wanted))
        if line.split()[0] in wanted:
            return line
        if line.split()[0] in ('exit', 'signal'):
            give_up('early: ' + line)

for step in steps:
    word, _, arg = step.partition(':')
    if word == 'wait':
        until(lambda: os.path.exists(root + arg), step)
    elif word == 'touch':
        open(root + arg, 'w').close()
    elif word == 'send':
        os.write(master, arg.encode().decode('unicode_escape').encode())
    elif word == 'expect':
        until(lambda: seen.find(arg.encode(), at) >= 0, step)
        at = seen.find(arg.encode(), at) + len(arg)
    elif word == 'group':
        os.killpg(pid, getattr(signal, 'SIG' + arg))
    elif word == 'alone':
        os.kill(pid, getattr(signal, 'SIG' + arg))
    elif word == 'inner':
        os.killpg(os.getpgid(inner()), getattr(signal, 'SIG' + arg))
    elif word == 'lone':
        os.kill(inner(), getattr(signal, 'SIG' + arg))
    elif word == 'resize':
        fcntl.ioctl(master, termios.TIOCSWINSZ,
                    struct.pack('4H', *map(int, (arg or '33x99').split('x')),
                                0, 0))
    elif word == 'hangup':
        hung.append(True)
        reader.join()
        os.close(master)
    elif word == 'stopped':
        hear(['stopped'])
    elif word == 'running':
        time.sleep(0.3)
        while not news.empty():
            line = news.get()
            if line != 'continued':
                give_up('not running: ' + line)
    else:
        give_up('what is ' + step)
how = hear(['exit', 'signal'])
time.sleep(0.2)
open(screen, 'wb').write(bytes(seen))
print(how)
