/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "err.h"
#include "lock.h"

static struct flock
whole_file(void)
{
	/* l_pid must be 0 for the open-file-description calls. */
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

static int
try_lock(int fd, int command)
{
	struct flock lock = whole_file();

	if (fcntl(fd, command, &lock) == 0)
		return 0;
	/* POSIX lets a system choose between these two. */
	return errno == EAGAIN || errno == EACCES ? ERR_BUSY : -errno;
}

int
lock_own(int fd)
{
	return try_lock(fd, F_OFD_SETLK);
}

int
lock_posix(int fd, pid_t *ret_holder)
{
	pid_t holder = 0;
	int err;

	err = try_lock(fd, F_SETLK);
	if (err == ERR_BUSY && ret_holder) {
		/* It may be free again by now: busy all the same. */
		if (lock_posix_held(fd, &holder) != 1)
			holder = 0;
		*ret_holder = holder;
	}
	return err;
}

int
lock_posix_held(int fd, pid_t *ret_holder)
{
	struct flock lock = whole_file();

	if (fcntl(fd, F_GETLK, &lock) < 0)
		return -errno;
	if (lock.l_type == F_UNLCK)
		return 0;
	/* -1 is an open-file-description lock, which has no process. */
	if (ret_holder)
		*ret_holder = lock.l_pid > 0 ? lock.l_pid : 0;
	return 1;
}
