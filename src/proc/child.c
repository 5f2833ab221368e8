/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alive.h"
#include "child.h"
#include "sandbox.h"

/*
 * While the child runs, the signals below are blocked here and taken with
 * sigwaitinfo(2), one after the other: no handler, no global state, and no
 * moment in which a signal could reach a process id that is reaped already.
 * A blocked signal is queued even where its disposition is to be ignored.
 *
 * The terminal's stop signals come to the whole group as well. We drop ours
 * and stop when the child is seen to have stopped, by the same signal: were
 * both stopped by the terminal, then waitpid could tell us of the child's
 * stop just after we were continued, and just before the child is.
 */
static const int taken[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN,
	SIGTTOU,
};

static void
taken_set(sigset_t *ret)
{
	size_t i;

	sigemptyset(ret);
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(ret, taken[i]);
}

/*
 * Stops this process as the child was stopped; back when it is continued, and
 * SIGCONT is then waiting to be taken.
 */
static void
stop_by(int sig)
{
	struct sigaction deadly = { .sa_handler = SIG_DFL }, before;
	sigset_t just_it;

	sigemptyset(&just_it);
	sigaddset(&just_it, sig);
	if (sigaction(sig, &deadly, &before) < 0)
		return;
	/* Blocked until here, so that one ^Z more does not stop us twice. */
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &just_it, NULL);
	sigprocmask(SIG_BLOCK, &just_it, NULL);
	sigaction(sig, &before, NULL);
}

static void
result_of(int status, struct child_result *ret)
{
	ret->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	ret->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	ret->dumped = WIFSIGNALED(status) && WCOREDUMP(status);
}

/* What is known of the child. */
struct child {
	pid_t pid;
	bool stopped;
	struct child_result result;
};

/* All news of the child. 1: it has ended; 0: it goes on; -errno. */
static int
hear(struct child *c)
{
	pid_t got;
	int status;

	for (;;) {
		got = waitpid(c->pid, &status,
		              WNOHANG | WUNTRACED | WCONTINUED);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		c->stopped = WIFSTOPPED(status);
		if (WIFEXITED(status) || WIFSIGNALED(status))
			break;
		/*
		 * SIGSTOP is for one process. Who sends it to the child alone
		 * continues the child alone, and we would sleep for ever; who
		 * sends it to the group has stopped us already.
		 */
		if (c->stopped && WSTOPSIG(status) != SIGSTOP)
			stop_by(WSTOPSIG(status));
	}
	result_of(status, &c->result);
	return 1;
}

static int
wait_for(struct child *c, const sigset_t *set)
{
	int err = 0;
	int sig;

	while (err == 0) {
		sig = sigwaitinfo(set, NULL);
		switch (sig) {
		case SIGCHLD:
			err = hear(c);
			break;
		case SIGCONT:
			/*
			 * A shell continues the whole group. A second SIGCONT
			 * from us could come late and undo the next ^Z.
			 */
			err = hear(c);
			if (err == 0 && c->stopped)
				kill(c->pid, SIGCONT);
			break;
		case SIGTERM:
		case SIGHUP:
			kill(c->pid, sig);
			break;
		case -1:
			err = errno == EINTR ? 0 : -errno;
			break;
		default:	/* it came to the whole group */
			break;
		}
	}
	return err < 0 ? err : 0;
}

/*
 * What came to the group between blocking and fork: the child was not there
 * to get it. (What came just after it gets twice; it would not notice.)
 */
static void
hand_on_pending(pid_t pid)
{
	static const int group[] = {
		SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU,
	};
	const struct timespec now = { 0 };
	sigset_t one;
	size_t i;

	for (i = 0; i < sizeof(group) / sizeof(group[0]); i++) {
		sigemptyset(&one);
		sigaddset(&one, group[i]);
		if (sigtimedwait(&one, NULL, &now) == group[i])
			kill(pid, group[i]);
	}
}

static _Noreturn void
become(const char *path, char *const *argv, char *const *envp,
       const struct sigaction *chld, const struct child_way *way,
       pid_t parent, int report)
{
	struct sigaction plain = { .sa_handler = SIG_DFL }, now;
	ssize_t n;
	size_t i;
	int err;

	sigaction(SIGCHLD, chld, NULL);
	/* exec will do this, but a caught signal may be waiting already. */
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (sigaction(taken[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN && now.sa_handler != SIG_DFL)
			sigaction(taken[i], &plain, NULL);
	if (way->note_fd >= 0)
		alive_note(way->note_fd);
	sandbox_wake();
	/* after it: a change of credentials may take it back */
	if (way->bound) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(126);
	}
	sigprocmask(SIG_SETMASK, way->mask, NULL);
	execve(path, argv, envp);
	err = errno;
	n = write(report, &err, sizeof(err));
	_exit(n == (ssize_t)sizeof(err) ? 127 : 126);
}

/* 0 where the child could exec: then its end was closed unused. */
static int
exec_error(int report)
{
	ssize_t n;
	int err;

	do
		n = read(report, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(err) ? -err : 0;
}

int
child_run(const char *path, char *const *argv, char *const *envp,
          struct child_result *ret)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	return child_run_as(path, argv, envp, &(struct child_way){
		.mask = &mask, .note_fd = -1
	}, ret);
}

int
child_run_as(const char *path, char *const *argv, char *const *envp,
             const struct child_way *way, struct child_result *ret)
{
	/* Were SIGCHLD ignored, the kernel would reap the child unseen. */
	struct sigaction plain = { .sa_handler = SIG_DFL }, chld;
	struct child c = { .stopped = false };
	const pid_t self = getpid();
	sigset_t set, mask;
	int report[2];
	int err;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	taken_set(&set);
	sigprocmask(SIG_BLOCK, &set, &mask);
	sigaction(SIGCHLD, &plain, &chld);
	c.pid = fork();
	if (c.pid == 0)
		become(path, argv, envp, &chld, way, self, report[1]);
	err = c.pid < 0 ? -errno : 0;
	close(report[1]);
	if (err == 0) {
		hand_on_pending(c.pid);
		err = wait_for(&c, &set);
	}
	/* Read last: a child that ^Z stops before exec must not hold us up. */
	if (err == 0)
		err = exec_error(report[0]);
	close(report[0]);
	sigaction(SIGCHLD, &chld, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (err == 0)
		*ret = c.result;
	return err;
}

void
child_exit_like(const struct child_result *r)
{
	struct sigaction deadly = { .sa_handler = SIG_DFL };
	struct rlimit none = { 0, 0 };
	sigset_t set;

	if (r->signal == 0)
		exit(r->exit_status >= 0 ? r->exit_status : 2);
	fflush(NULL);
	/* One core is enough; the limit does not bind a core_pattern pipe. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	sigaction(r->signal, &deadly, NULL);
	sigemptyset(&set);
	sigaddset(&set, r->signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(r->signal);
	_exit(128 + r->signal);		/* the init of a container lives on */
}
