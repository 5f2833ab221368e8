/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dpkgcfg.h"
#include "err.h"

/* dpkg reads with fgets into 1024 bytes: the rest is the next "line". */
#define LINE_MAX_BYTES 1023

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* Takes the quotes off; NULL where only one is there. */
static char *
unquote(char *s)
{
	size_t n = strlen(s);

	if (*s != '"' && *s != '\'')
		return s;
	if (s[n - 1] != *s)
		return NULL;
	s[n - 1] = '\0';
	return n > 1 ? s + 1 : s;
}

int
dpkgcfg_line(char *line, dpkgcfg_fn *fn, void *ctx)
{
	size_t n = strlen(line);
	char *value;

	while (n > 0 && is_space(line[n - 1]))
		line[--n] = '\0';
	if (*line == '\0' || *line == '#')
		return 0;
	for (value = line; is_alnum(*value) || *value == '-'; value++)
		;
	if (*value == '\0') {
		value = NULL;
	} else {
		*value++ = '\0';
		if (*value == '=')
			value++;
		while (is_space(*value))
			value++;
		value = unquote(value);
		if (!value)
			return ERR_FORMAT;
	}
	/* No dpkg, however new, has an option of such a name. */
	if (*line == '\0' || *line == '-')
		return ERR_FORMAT;
	return fn(ctx, line, value);
}

/* What keeps us from reading need not keep dpkg from it: that is no verdict on
 * the file. 0 otherwise. Root meets EPERM where a policy confines one program
 * and not the other. */
static int
own_trouble(int err)
{
	return err_passes(-err) || err == EPERM ? -err : 0;
}

static int
walk_fd(int fd, dpkgcfg_fn *fn, void *ctx)
{
	char line[LINE_MAX_BYTES + 1];
	char block[4096];
	size_t len = 0;
	ssize_t got;
	int r = 0;

	while ((got = read(fd, block, sizeof(block))) != 0) {
		if (got < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		for (ssize_t i = 0; i < got; i++) {
			line[len++] = block[i];
			if (block[i] != '\n' && len < LINE_MAX_BYTES)
				continue;
			line[len] = '\0';
			len = 0;
			r = dpkgcfg_line(line, fn, ctx);
			if (r)
				return r;
		}
	}
	line[len] = '\0';
	return dpkgcfg_line(line, fn, ctx);
}

static int
walk_file(const char *dir, const char *name, dpkgcfg_fn *fn, void *ctx)
{
	char path[PATH_MAX];
	struct stat st;
	int fd, n, r = 0;

	n = snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return 0;
	/* Links are followed as by dpkg; a fifo must not hold us up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return own_trouble(errno);
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = ERR_FORMAT;
	else if (S_ISREG(st.st_mode))	/* else its bytes are dpkg's to read */
		r = walk_fd(fd, fn, ctx);
	close(fd);
	return r;
}

static int
is_valid_name(const struct dirent *d)
{
	const char *c = d->d_name;

	while (is_alnum(*c) || *c == '_' || *c == '-')
		c++;
	return *c == '\0';
}

static int
walk_dir(const char *etc, dpkgcfg_fn *fn, void *ctx)
{
	char path[PATH_MAX];
	struct dirent **names;
	int count, n, r = 0;

	n = snprintf(path, sizeof(path), "%s/dpkg.cfg.d", etc);
	if (n < 0 || (size_t)n >= sizeof(path))
		return ERR_FORMAT;
	count = scandir(path, &names, is_valid_name, alphasort);
	if (count < 0) {
		r = own_trouble(errno);
		return r < 0 || errno == ENOENT ? r : ERR_FORMAT;
	}
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = walk_file(path, names[i]->d_name, fn, ctx);
		free(names[i]);
	}
	free(names);
	return r;
}

int
dpkgcfg_walk(const char *etc, const char *home, dpkgcfg_fn *fn, void *ctx)
{
	int r = walk_dir(etc, fn, ctx);

	if (r == 0)
		r = walk_file(etc, "dpkg.cfg", fn, ctx);
	if (r == 0 && home)
		r = walk_file(home, ".dpkg.cfg", fn, ctx);
	return r;
}
