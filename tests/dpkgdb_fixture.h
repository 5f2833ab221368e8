/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_DPKGDB_FIXTURE_H
#define DI_DPKGDB_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dpkgdb.h"

/* A little admindir in a temporary folder. */
static char top[PATH_MAX];
static int dir_fd;
static struct dpkgdb *db;
static struct diag diag;

static inline void
put_bytes(const char *name, const char *data, size_t n)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
	close(fd);
}

static inline void
put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static inline void
set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(top, sizeof(top), "%s/check_dpkgdb.XXXXXX",
	         tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(top));
	dir_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
	ck_assert_int_eq(mkdirat(dir_fd, "info", 0755), 0);
	ck_assert_int_eq(mkdirat(dir_fd, "updates", 0755), 0);
	put("info/format", "1\n");
	db = NULL;
	memset(&diag, 0, sizeof(diag));
}

static inline int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void
tear_down(void)
{
	dpkgdb_free(db);
	close(dir_fd);
	nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void
load(void)
{
	int err = dpkgdb_load(dir_fd, &db, &diag);

	ck_assert_msg(err == 0, "%d %s:%lu %s", err, diag.file, diag.line,
	              diag.what);
}

static inline void
load_fails(int expected, const char *file, unsigned long line)
{
	memset(&diag, 0, sizeof(diag));
	ck_assert_int_eq(dpkgdb_load(dir_fd, &db, &diag), expected);
	ck_assert_ptr_null(db);
	ck_assert_str_eq(diag.file, file);
	ck_assert_uint_eq(diag.line, line);
	ck_assert_str_ne(diag.what, "");
}

#define OK(name, arch) \
	"Package: " name "\nStatus: install ok installed\n" \
	"Architecture: " arch "\nVersion: 1-1\n"

static inline struct package *
get(const char *name, const char *arch)
{
	struct package *p = dpkgdb_find(db, name, arch);

	ck_assert_ptr_nonnull(p);
	return p;
}

#endif
