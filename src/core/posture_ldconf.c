/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* ld.so.conf(5), as ldconfig(8) reads it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "posture_priv.h"

#define FILE_MAX ((size_t)1 << 20)
#define FILES_MAX 256
#define FOLDERS_MAX 1024
#define DEPTH_MAX 8

struct reader {
	struct posture *p;
	int (*fn)(void *ctx, const char *path, bool folder);
	void *ctx;
	struct strmap *files;
	size_t folders;
};

static int read_conf(struct reader *r, const char *path, int depth);

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static int
by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* What of a folder matches, read in the order of names. */
static int
include_matches(struct reader *r, DIR *dir, const char *folder,
                const char *pattern, int depth)
{
	const char *names[FILES_MAX];
	struct dirent *e;
	size_t n = 0;
	int err = 0;

	while ((e = readdir(dir)) != NULL) {
		if (fnmatch(pattern, e->d_name, FNM_PERIOD) != 0)
			continue;
		if (n == FILES_MAX)
			return ERR_LIMIT;
		names[n++] = posture_text(r->p, "%s/%s", folder, e->d_name);
	}
	if (n > 1)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; err == 0 && i < n; i++)
		err = read_conf(r, names[i], depth + 1);
	return err;
}

/* A word behind "include"; relative to the folder of the file it is in. */
static int
include(struct reader *r, const char *word, size_t n, const char *from,
        int depth)
{
	const char *path = posture_text(r->p, "%.*s", (int)n, word), *slash;
	const char *folder;
	DIR *dir;
	int fd, err;

	if (path[0] != '/') {
		slash = strrchr(from, '/');
		path = posture_text(r->p, "%.*s/%s", (int)(slash - from),
		                    from, path);
	}
	slash = strrchr(path, '/');
	if (slash == NULL)	/* no memory; all is over then */
		return -ENOMEM;
	folder = posture_text(r->p, "%.*s", slash == path ? 1 :
	                      (int)(slash - path), path);
	if (strpbrk(folder, "*?[") != NULL)
		return ERR_UNSUPPORTED;
	if (strpbrk(slash, "*?[") == NULL)
		return read_conf(r, path, depth + 1);
	fd = posture_open(r->p, folder, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return -ENOMEM;
	}
	err = include_matches(r, dir, folder, slash + 1, depth);
	closedir(dir);
	return err;
}

static int
include_words(struct reader *r, const char *at, const char *end,
              const char *from, int depth)
{
	int err = 0;

	while (err == 0) {
		const char *word;

		while (at < end && is_blank(*at))
			at++;
		if (at == end)
			break;
		word = at;
		while (at < end && !is_blank(*at))
			at++;
		err = include(r, word, (size_t)(at - word), from, depth);
	}
	return err;
}

static int
add_folder(struct reader *r, const char *at, const char *end)
{
	const char *equals = memchr(at, '=', (size_t)(end - at));
	size_t n;

	if (equals != NULL)
		end = equals;
	while (end > at && is_blank(end[-1]))
		end--;
	while (end > at + 1 && end[-1] == '/')
		end--;
	n = (size_t)(end - at);
	if (at[0] != '/')
		return 0;	/* ldconfig passes it over, and says so */
	if (++r->folders > FOLDERS_MAX)
		return ERR_LIMIT;
	return r->fn(r->ctx, posture_text(r->p, "%.*s", (int)n, at), true);
}

static int
read_line(struct reader *r, const char *at, size_t len, const char *from,
          int depth)
{
	const char *hash = memchr(at, '#', len);
	const char *end = hash != NULL ? hash : at + len;

	if (memchr(at, '\0', len) != NULL)
		return 0;
	while (at < end && is_blank(*at))
		at++;
	if (at == end)
		return 0;
	if (end - at > 7 && memcmp(at, "include", 7) == 0 && is_blank(at[7]))
		return include_words(r, at + 7, end, from, depth);
	if (end - at > 5 && memcmp(at, "hwcap", 5) == 0 && is_blank(at[5]))
		return 0;
	return add_folder(r, at, end);
}

/* Each file once: whoever includes himself says nothing new. */
static int
read_conf(struct reader *r, const char *path, int depth)
{
	struct buf text;
	struct lines l;
	const char *line;
	size_t len;
	int err;

	if (strmap_get(r->files, path, NULL) > 0)
		return 0;
	if (depth > DEPTH_MAX || strmap_count(r->files) == FILES_MAX)
		return ERR_LIMIT;
	if (strmap_put(r->files, path, 1) < 0)
		return -ENOMEM;
	err = posture_read(r->p, path, FILE_MAX, &text);
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	err = r->fn(r->ctx, path, false);
	lines_init(&l, text.data, text.len);
	while (err == 0 && lines_next(&l, &line, &len))
		err = read_line(r, line, len, path, depth);
	buf_free(&text);
	return err != 0 ? err : r->p->err;
}

int
posture_ldconf(struct posture *p,
               int (*fn)(void *ctx, const char *path, bool folder),
               void *ctx)
{
	struct reader r = { .p = p, .fn = fn, .ctx = ctx };
	int err;

	r.files = strmap_new();
	if (r.files == NULL)
		return -ENOMEM;
	err = read_conf(&r, "/etc/ld.so.conf", 0);
	strmap_free(r.files);
	return err;
}
