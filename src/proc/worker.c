/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Beyond it nobody has descriptors, but a limit may be a thousand million. */
enum { FD_END = 65536 };

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

/* The same file under the same number, to be read. */
static bool
only_read(int fd)
{
	char name[40];
	struct stat st;
	int again, r;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	again = open(name, O_RDONLY | O_CLOEXEC);
	if (again < 0)
		return false;
	r = dup3(again, fd, O_CLOEXEC);
	close(again);
	return r == fd;
}

/* Not standard input, output and error. */
static void
close_at(int fd, int keep, bool writable)
{
	int flags;

	if (fd <= STDERR_FILENO || fd == keep)
		return;
	flags = writable ? fcntl(fd, F_GETFL) : O_RDWR;
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return;
	if (!writable || !only_read(fd))
		close(fd);
}

/* False: the list can't be read to its end. */
static bool
close_listed(int keep, bool writable)
{
	DIR *all = opendir("/proc/self/fd");
	struct dirent *e;
	bool read;

	if (all == NULL)
		return false;
	while ((errno = 0, e = readdir(all)) != NULL) {
		int fd = atoi(e->d_name);	/* 0 of "." and ".." */

		if (fd != dirfd(all))
			close_at(fd, keep, writable);
	}
	read = errno == 0;
	closedir(all);
	return read;
}

/* Whoever keeps its parent's channel keeps the other side waiting: nothing that
 * fails may leave one open. */
void
worker_close(int keep, bool writable)
{
	if (!close_listed(keep, writable))
		for (int fd = 0; fd < FD_END; fd++)
			close_at(fd, keep, writable);
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
