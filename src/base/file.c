/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "file.h"

enum {
	READ_STEP = 16 * 1024,
	PAGE_MOST = 64 * 1024	/* on any machine */
};

static ssize_t
read_some(int fd, void *data, size_t n)
{
	ssize_t got;

	do {
		got = read(fd, data, n);
	} while (got < 0 && errno == EINTR);
	if (got >= 0)
		return got;
	return errno == EISDIR ? ERR_NOT_REGULAR : -errno;
}

/*
 * Memory for all of a regular file at once; anything else grows by steps. A
 * file of sysfs says that it has a page, and reading tells what it has; what
 * is larger than that, and too large, is refused unread. One of /proc says
 * that it has nothing, and a sysctl gives all to the first read, or never.
 */
static int
reserve_rest(int fd, struct buf *b)
{
	size_t room = b->max - b->len;
	struct stat st;
	off_t at;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	at = lseek(fd, 0, SEEK_CUR);
	if (at < 0 || (at > 0 && st.st_size <= at))
		return 0;
	st.st_size -= at;
	if (st.st_size > 0 && (unsigned long long)st.st_size <= room)
		return buf_reserve(b, (size_t)st.st_size);
	if (st.st_size > PAGE_MOST)
		return ERR_LIMIT;
	return buf_reserve(b, room < READ_STEP ? room : READ_STEP);
}

static int
read_rest(int fd, struct buf *b)
{
	size_t room, want;
	ssize_t got;
	char probe;
	int err;

	for (;;) {
		room = b->cap ? b->cap - 1 - b->len : 0;
		if (room > b->max - b->len)
			room = b->max - b->len;
		if (room == 0) {
			/* A full buffer may just be the end of the file. */
			got = read_some(fd, &probe, 1);
			if (got < 0)
				return (int)got;
			if (got == 0)
				return buf_reserve(b, 0);
			err = buf_add_char(b, probe);
			if (err < 0)
				return err;
			want = b->max - b->len;
			err = buf_reserve(b, want < READ_STEP ? want :
			                  READ_STEP);
			if (err < 0)
				return err;
			continue;
		}
		got = read_some(fd, b->data + b->len, room);
		if (got <= 0)
			return (int)got;
		b->len += (size_t)got;
		b->data[b->len] = '\0';
	}
}

int
file_read_fd(int fd, struct buf *b)
{
	size_t old_len = b->len;
	int err;

	err = reserve_rest(fd, b);
	if (err == 0)
		err = read_rest(fd, b);
	if (b->data) {
		if (err < 0)
			b->len = old_len;
		b->data[b->len] = '\0';
	}
	return err;
}

int
file_read(int dirfd, const char *name, struct buf *b)
{
	struct stat st;
	int err = 0, fd;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	            O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		/* What open says of a symlink, a socket and a dead device. */
		if (errno == ELOOP || errno == ENXIO || errno == ENODEV)
			return ERR_NOT_REGULAR;
		return -errno;
	}
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = ERR_NOT_REGULAR;
	else
		err = file_read_fd(fd, b);
	close(fd);
	return err;
}

int
file_write(int fd, const void *data, size_t n)
{
	const char *at = data;
	ssize_t done;

	while (n > 0) {
		done = write(fd, at, n);
		if (done < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (done == 0)
			return -EIO;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

static int
temporary_name(const char *name, char *ret, size_t size)
{
	int n = snprintf(ret, size, "%s.new", name);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/*
 * Of what we have just made: the umask, or a default ACL of its folder, may
 * have taken bits away, or given an ACL. A worker (sandbox.h) has no umask and
 * may not do this; less than asked for is no danger then.
 */
static int
set_mode(int fd, mode_t mode)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & 07777) == mode || fchmod(fd, mode) == 0)
		return 0;
	return errno == EPERM && (st.st_mode & 07777 & ~mode) == 0 ? 0 : -errno;
}

int
file_stage(int dirfd, const char *name, const void *data, size_t n,
           mode_t mode, unsigned int flags)
{
	char temporary[PATH_MAX];
	int err, fd;

	err = temporary_name(name, temporary, sizeof(temporary));
	if (err < 0)
		return err;
	/* Never write into what is there: it may be a link to elsewhere. */
	if (unlinkat(dirfd, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL |
	            O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;

	err = file_write(fd, data, n);
	if (err == 0)
		err = set_mode(fd, mode);
	if (err == 0 && (flags & FILE_DURABLE) && fsync(fd) < 0)
		err = -errno;
	/* only begins; what goes wrong is for file_settle to tell */
	if (err == 0 && (flags & FILE_STARTED))
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	if (close(fd) < 0 && err == 0 && errno != EINTR)
		err = -errno;
	if (err < 0)
		unlinkat(dirfd, temporary, 0);
	return err;
}

int
file_settle(int dirfd, const char *name)
{
	char temporary[PATH_MAX];
	int err, fd;

	err = temporary_name(name, temporary, sizeof(temporary));
	if (err < 0)
		return err;
	fd = openat(dirfd, temporary, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	            O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

int
file_commit(int dirfd, const char *name)
{
	char temporary[PATH_MAX];
	int err;

	err = temporary_name(name, temporary, sizeof(temporary));
	if (err < 0)
		return err;
	if (renameat(dirfd, temporary, dirfd, name) < 0)
		return -errno;
	return 0;
}

/* The folder that name is in. Reopened, since dirfd may be O_PATH. */
static int
sync_folder(int dirfd, const char *name)
{
	const char *slash = strrchr(name, '/');
	char folder[PATH_MAX] = ".";
	int err = 0, fd;

	if (slash)
		snprintf(folder, sizeof(folder), "%.*s",
		         slash == name ? 1 : (int)(slash - name), name);
	fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* EINVAL: a file system whose folders need no fsync. */
	if (fsync(fd) < 0 && errno != EINVAL)
		err = -errno;
	close(fd);
	return err;
}

int
file_replace(int dirfd, const char *name, const void *data, size_t n,
             mode_t mode, unsigned int flags)
{
	char temporary[PATH_MAX];
	int err;

	err = file_stage(dirfd, name, data, n, mode, flags);
	if (err < 0)
		return err;
	err = file_commit(dirfd, name);
	if (err < 0) {
		if (temporary_name(name, temporary, sizeof(temporary)) == 0)
			unlinkat(dirfd, temporary, 0);
		return err;
	}
	return flags & FILE_DURABLE ? sync_folder(dirfd, name) : 0;
}

int
file_mkdir(int dirfd, const char *name, mode_t mode)
{
	struct stat st;
	bool made;
	int err = 0, fd;

	made = mkdirat(dirfd, name, mode) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	            O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (st.st_uid != 0)
		err = ERR_UNSAFE;
	else if (made)
		err = set_mode(fd, mode);
	close(fd);
	if (err < 0 && made)
		unlinkat(dirfd, name, AT_REMOVEDIR);
	return err;
}
