# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
"""How the rows of bench start programs and take their times."""

import json
import os
import time

ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root',
       'LC_ALL': 'C.UTF-8', 'DEBIAN_FRONTEND': 'noninteractive'}


class Inside:
    """A process in a chroot that starts programs and takes their time."""

    def __init__(self, root):
        self.requests, requests = os.pipe()
        answers, self.answers = os.pipe()
        if os.fork() == 0:
            os.close(requests)
            os.close(answers)
            null = os.open('/dev/null', os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(null, 1)
            os.chroot(root)
            os.chdir('/')
            self.serve()
        os.close(self.requests)
        os.close(self.answers)
        self.to = os.fdopen(requests, 'w')
        self.back = os.fdopen(answers)
        self.odd = 0

    def serve(self):
        for line in os.fdopen(self.requests):
            job = json.loads(line)
            odd = 0
            begin = time.monotonic()
            for _ in range(job['times']):
                for argv in job['commands']:
                    pid = os.posix_spawn(
                        argv[0], argv, ENV | job['env'], file_actions=[
                            (os.POSIX_SPAWN_OPEN, 2, '/dev/null',
                             os.O_WRONLY, 0)])
                    status = (self.watch(pid) if job['peak'] else
                              os.waitpid(pid, 0)[1])
                    if status not in (0, *job['fine']):
                        odd += 1
                        os.write(2, f'{argv}: status {status}\n'.encode())
            took = (self.high if job['peak'] else
                    (time.monotonic() - begin) / job['times'])
            os.write(self.answers, f'{took} {odd}\n'.encode())
        os._exit(0)

    @staticmethod
    def own_children(pid):
        """Those that still run the same program."""
        try:
            program = os.readlink(f'/proc/{pid}/exe')
            with open(f'/proc/{pid}/task/{pid}/children', 'rb') as f:
                return [p for p in map(int, f.read().split())
                        if os.readlink(f'/proc/{p}/exe') == program]
        except OSError:
            return []

    def watch(self, pid):
        """Waits; the most memory that it had, with what it forked of its own
        program, but without other programs."""
        most = {}
        while True:
            for p in [pid, *self.own_children(pid)]:
                try:
                    with open(f'/proc/{p}/status', 'rb') as f:
                        for line in f:
                            if line.startswith(b'VmHWM:'):
                                most[p] = int(line.split()[1]) * 1024
                except OSError:
                    pass
            self.high = sum(most.values())
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return status
            time.sleep(0.001)

    def run(self, *commands, times=1, fine=(), peak=False, env=None):
        """Seconds that one round of the commands takes; with `peak` the
        bytes that the last of them had at most. What ends with a status
        that isn't fine is told, and counted in self.odd."""
        self.to.write(json.dumps({'commands': commands, 'times': times,
                                  'fine': fine, 'peak': peak,
                                  'env': env or {}}) + '\n')
        self.to.flush()
        took, odd = self.back.readline().split()
        self.odd += int(odd)
        return float(took)
