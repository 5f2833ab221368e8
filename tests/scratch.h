/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_TEST_SCRATCH_H
#define DI_TEST_SCRATCH_H

/*
 * For unit tests: a folder of a test's own, which goes away with it, and
 * whole files in it at once.
 */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_path[64];
static int scratch_fd = -1;

static inline void
scratch_open(void)
{
	snprintf(scratch_path, sizeof(scratch_path), "/tmp/di-check.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch_path));
	scratch_fd = open(scratch_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(scratch_fd, 0);
}

static inline int
scratch_remove(const char *path, const struct stat *st, int type,
               struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static inline void
scratch_close(void)
{
	close(scratch_fd);
	nftw(scratch_path, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* Makes the file, or puts new bytes into it. */
static inline void
scratch_write(const char *name, const void *data, size_t n)
{
	int fd = openat(scratch_fd, name, O_WRONLY | O_CREAT | O_TRUNC |
	                O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, 0600), 0);
	ck_assert(n == 0 || write(fd, data, n) == (ssize_t)n);
	close(fd);
}

static inline void
scratch_text(const char *name, const char *text)
{
	scratch_write(name, text, strlen(text));
}

/* All of a file, NUL behind it; to be freed. */
static inline char *
scratch_read(const char *name, size_t *ret_n)
{
	int fd = openat(scratch_fd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	data = calloc(1, (size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(read(fd, data, (size_t)st.st_size), st.st_size);
	close(fd);
	if (ret_n != NULL)
		*ret_n = (size_t)st.st_size;
	return data;
}

/* A small generator, so that a failure comes again. */
static inline unsigned int
scratch_random(unsigned int *state, unsigned int below)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) % below;
}

#endif
