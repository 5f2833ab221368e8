/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "which.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_PATH "/bin:/usr/bin"

/* May this be run? 0, -ENOENT, -EACCES. */
static int
look_at(const char *file)
{
	struct stat st;

	if (stat(file, &st) < 0)
		return errno == EACCES ? -EACCES : -ENOENT;
	if (!S_ISREG(st.st_mode) || access(file, X_OK) < 0)
		return -EACCES;
	return 0;
}

/* The folder is n bytes of `dir`. */
static int
join(const char *dir, size_t n, const char *name, char *ret, size_t size)
{
	int len = snprintf(ret, size, "%.*s%s%s", (int)n, dir,
	                   n > 0 ? "/" : "./", name);

	return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}

int
which_program(const char *name, const char *path, char *ret, size_t size)
{
	int worst = -ENOENT;

	if (name[0] == '\0')
		return -ENOENT;
	if (strchr(name, '/') != NULL) {
		if (strlen(name) >= size)
			return -ENAMETOOLONG;
		snprintf(ret, size, "%s", name);
		return look_at(ret);
	}
	if (path == NULL || path[0] == '\0')
		path = NO_PATH;
	for (;;) {
		size_t n = strcspn(path, ":");
		int r = join(path, n, name, ret, size);

		if (r == 0)
			r = look_at(ret);
		if (r == 0)
			return 0;
		if (r == -EACCES)
			worst = r;
		if (path[n] == '\0')
			return worst;
		path += n + 1;
	}
}
