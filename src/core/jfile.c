/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "err.h"
#include "file.h"
#include "jfile.h"

#define PREALLOCATED	((size_t)1 << 20)
#define STEP		((size_t)64 << 10)
/* No byte of the file is there. */
#define LOCK_BYTE	((off_t)1 << 40)
#define UNLOCK_TRIES	100
#define UNLOCK_PAUSE_NS	10000000L

static const unsigned char zeros[STEP];

static int
add_magic(struct buf *b)
{
	int err = buf_addf(b, "%s %d\n", JFILE_WORDS, JFILE_VERSION);

	return err == 0 ? buf_add(b, zeros, JFILE_FIRST - b->len) : err;
}

static int
stage(int run_dirfd)
{
	struct buf b;
	int err;

	buf_init(&b, 0);
	err = add_magic(&b);
	while (err == 0 && b.len < PREALLOCATED) {
		size_t left = PREALLOCATED - b.len;

		err = buf_add(&b, zeros, left < STEP ? left : STEP);
	}
	if (err == 0)
		err = file_stage(run_dirfd, JFILE_NAME, b.data, b.len, 0600,
		                 FILE_DURABLE);
	buf_free(&b);
	return err;
}

/*
 * Written beside and renamed, so that a journal is never seen half made, and
 * before the old one is touched, so that a full disk changes nothing.
 */
int
jfile_make(int run_dirfd)
{
	int err = stage(run_dirfd);
	int fd;

	if (err < 0)
		return err;
	if (renameat(run_dirfd, JFILE_NAME, run_dirfd, JFILE_BAD_NAME) < 0 &&
	    errno != ENOENT)
		return -errno;
	err = file_commit(run_dirfd, JFILE_NAME);
	if (err < 0)
		return err;
	fd = openat(run_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* EINVAL: a file system whose folders need no fsync. */
	if (fsync(fd) < 0 && errno != EINVAL)
		err = -errno;
	close(fd);
	return err;
}

int
jfile_open(int run_dirfd)
{
	static const int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(run_dirfd, JFILE_NAME, O_RDWR | flags), err;
	struct stat st;

	if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM))
		fd = openat(run_dirfd, JFILE_NAME, O_RDONLY | flags);
	if (fd < 0)
		return errno == ELOOP || errno == EISDIR || errno == ENXIO ?
		    ERR_NOT_REGULAR : -errno;
	err = fstat(fd, &st) < 0 ? -errno :
	    S_ISREG(st.st_mode) ? 0 : ERR_NOT_REGULAR;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

int
jfile_is_named(int run_dirfd, int fd)
{
	struct stat named, ours;

	if (fstatat(run_dirfd, JFILE_NAME, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &ours) < 0)
		return -errno;
	return named.st_dev == ours.st_dev && named.st_ino == ours.st_ino;
}

int
jfile_lock(int fd, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET,
	                    .l_start = LOCK_BYTE, .l_len = 1 };

	while (fcntl(fd, F_OFD_SETLKW, &fl) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

void
jfile_unlock(int fd)
{
	const struct timespec pause = { .tv_nsec = UNLOCK_PAUSE_NS };
	struct flock fl = { .l_type = F_UNLCK, .l_whence = SEEK_SET,
	                    .l_start = LOCK_BYTE, .l_len = 1 };

	/* even that may want memory, and who waits for it would do so for ever */
	for (int i = 0; i < UNLOCK_TRIES && fcntl(fd, F_OFD_SETLK, &fl) < 0;
	     i++)
		nanosleep(&pause, NULL);
}

int
jfile_read(int fd, off_t from, struct buf *b)
{
	if (lseek(fd, from, SEEK_SET) < 0)
		return -errno;
	return file_read_fd(fd, b);
}

int
jfile_write(int fd, off_t at, const void *data, size_t n)
{
	if (lseek(fd, at, SEEK_SET) < 0)
		return -errno;
	return file_write(fd, data, n);
}

int
jfile_write_magic(int fd)
{
	struct buf b;
	int err;

	buf_init(&b, 0);
	err = add_magic(&b);
	if (err == 0)
		err = jfile_write(fd, 0, b.data, b.len);
	buf_free(&b);
	return err;
}

int
jfile_make_room(int fd, off_t need)
{
	static const off_t step = STEP;
	struct stat st;
	off_t at, goal;
	int err = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (need <= st.st_size)
		return 0;
	if (need > (off_t)JFILE_MAX - 2 * step)
		return ERR_LIMIT;
	goal = (need / step + 2) * step;
	for (at = st.st_size; err == 0 && at < goal; at += step)
		err = jfile_write(fd, at, zeros, (size_t)(goal - at < step ?
		                                          goal - at : step));
	if (err == 0)
		return 1;
	if (ftruncate(fd, st.st_size) < 0)
		return -errno;
	return err;
}
