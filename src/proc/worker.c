/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t
worker_fork(void)
{
	pid_t above = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		return pid;
	/* It may have died before we asked for its signal. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != above)
		_exit(2);
	/* It makes its files with the mode that they keep. */
	umask(0);
	return 0;
}

void
worker_end(int status)
{
	exit(status);
}

int
worker_wait(pid_t pid)
{
	pid_t got;
	int status;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	       256 + WTERMSIG(status);
}
