/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "err.h"
#include "sandbox.h"

/* Beyond it nobody has descriptors, but a limit may be a thousand million. */
#define FD_END 65536u

static void
close_at_exec(void)
{
	struct rlimit limit;
	unsigned int fd, end = FD_END;

	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* A kernel before 5.11, or a sandbox that does not know the call. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end)
		end = (unsigned int)limit.rlim_cur;
	for (fd = 3; fd < end; fd++)
		fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

/* What is ignored would stay so in the program; handlers go by themselves. */
static void
default_signals(void)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		sigaction(sig, &plain, NULL);	/* some cannot be: as well */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Shares the parent's memory until execve: it writes to no variable of it. */
static _Noreturn void
become(char *const *argv, char *const *envp, int in, bool bare, int out,
       int report)
{
	int err, null;
	ssize_t n;

	null = open("/dev/null", O_RDWR);
	if (null < 0)	/* a root without devices: nothing can be done to this */
		null = open("/", O_PATH);
	if (null >= 0 && dup2(in < 0 ? null : in, 0) == 0 &&
	    dup2(out, 1) == 1 &&
	    dup2(null, 2) == 2) {
		close_at_exec();
		default_signals();
		if (bare)
			sandbox_nothing();
		else
			sandbox_wake();
		execve(argv[0], argv, envp);
	}
	err = errno;
	n = write(report, &err, sizeof(err));
	_exit(n == (ssize_t)sizeof(err) ? 127 : 126);
}

/* A pipe whose ends are above 2, where the child's redirections are not. */
static int
high_pipe(int ret[2])
{
	int low[2], high[2];
	int err = 0;

	if (pipe2(low, O_CLOEXEC) < 0)
		return -errno;
	high[0] = fcntl(low[0], F_DUPFD_CLOEXEC, 3);
	high[1] = fcntl(low[1], F_DUPFD_CLOEXEC, 3);
	if (high[0] < 0 || high[1] < 0)
		err = -errno;
	close(low[0]);
	close(low[1]);
	if (err < 0) {
		if (high[0] >= 0)
			close(high[0]);
		if (high[1] >= 0)
			close(high[1]);
		return err;
	}
	ret[0] = high[0];
	ret[1] = high[1];
	return 0;
}

static int
reap(pid_t pid, int *ret_status)
{
	pid_t got;

	do
		got = waitpid(pid, ret_status, 0);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : 0;
}

/* Waits for the exec; the errno where it failed. */
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
capture_start(char *const *argv, char *const *envp, int in, bool bare,
              struct capture *ret)
{
	int out[2], report[2];
	sigset_t all, mask;
	int status;
	pid_t pid;
	int err;

	err = high_pipe(out);
	if (err < 0)
		return err;
	err = high_pipe(report);
	if (err < 0) {
		close(out[0]);
		close(out[1]);
		return err;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask);
	/* A copy of our memory would cost more than all the rest. */
	pid = vfork();
	if (pid == 0)
		become(argv, envp, in, bare, out[1], report[1]);
	err = pid < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	close(out[1]);
	close(report[1]);
	if (err == 0) {
		err = exec_error(report[0]);
		if (err < 0)
			(void)reap(pid, &status);
	}
	close(report[0]);
	if (err < 0) {
		close(out[0]);
		return err;
	}
	ret->pid = pid;
	ret->fd = out[0];
	return 0;
}

int
capture_end(struct capture *c, int early)
{
	int status;
	int err;

	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	err = reap(c->pid, &status);
	c->pid = -1;
	if (err < 0)
		return ERR_CHILD;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (early && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE)
		return 0;
	return ERR_CHILD;
}
