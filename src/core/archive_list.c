/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"

/*
 * dpkg has neither bound. A path of PATH_MAX bytes ends its walk too, yet
 * folders that link to each other can be visited in 2^n ways before that.
 */
#define DEPTH_MAX 256u
#define ENTRIES_MAX ((size_t)1 << 20)

struct list {
	char **v;
	size_t n;
	size_t cap;
};

struct entry {
	char *name;
	mode_t mode;
	dev_t dev;
	ino_t ino;
};

struct folder {
	const char *path;
	const struct folder *up;
	unsigned int depth;
	dev_t dev;
	ino_t ino;
	struct entry *v;
	size_t n;
	size_t cap;
};

struct search {
	struct list found;
	size_t entries;		/* seen in all folders */
};

static int
list_add(struct list *l, char *s)
{
	size_t cap;
	char **v;

	if (s == NULL)
		return -ENOMEM;
	if (l->n == l->cap) {
		cap = l->cap > 0 ? l->cap * 2 : 16;
		v = reallocarray(l->v, cap, sizeof(*v));
		if (v == NULL) {
			free(s);
			return -ENOMEM;
		}
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = s;
	return 0;
}

void
archive_list_free(char **files, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(files[i]);
	free(files);
}

/* NULL: no memory. */
static char *
path_join(const char *folder, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return NULL;
	return path;
}

static int
folder_add(struct folder *f, const char *name, const struct stat *st)
{
	struct entry *v;
	size_t cap;

	if (f->n == f->cap) {
		cap = f->cap > 0 ? f->cap * 2 : 64;
		v = reallocarray(f->v, cap, sizeof(*v));
		if (v == NULL)
			return -ENOMEM;
		f->v = v;
		f->cap = cap;
	}
	v = &f->v[f->n];
	v->name = strdup(name);
	if (v->name == NULL)
		return -ENOMEM;
	v->mode = st->st_mode;
	v->dev = st->st_dev;
	v->ino = st->st_ino;
	f->n++;
	return 0;
}

/* Like dpkg, a link that leads nowhere is an error, whatever its name. */
static int
entry_read(struct folder *f, const struct dirent *e)
{
	struct stat st;
	char *path;
	int rc = 0;

	if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
		return 0;
	path = path_join(f->path, e->d_name);
	if (path == NULL)
		return -ENOMEM;
	if (stat(path, &st) < 0)
		rc = -errno;
	free(path);
	return rc < 0 ? rc : folder_add(f, e->d_name, &st);
}

static int
folder_read(struct search *s, struct folder *f)
{
	struct dirent *e;
	DIR *d;
	int rc = 0;

	d = opendir(f->path);
	if (d == NULL)
		return -errno;
	while (rc == 0) {
		errno = 0;
		e = readdir(d);
		if (e == NULL) {
			rc = -errno;
			break;
		}
		rc = ++s->entries > ENTRIES_MAX ? ERR_LIMIT
		                                : entry_read(f, e);
	}
	closedir(d);
	return rc;
}

static void
folder_free(struct folder *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free(f->v[i].name);
	free(f->v);
}

static int
entry_compare(const void *x, const void *y)
{
	const struct entry *a = x;
	const struct entry *b = y;

	return strcmp(a->name, b->name);
}

/*
 * dpkg's walk, when it leaves such a folder out, goes through the rest of the
 * folder around it twice; here each archive has its one place.
 */
static bool
below_itself(const struct folder *f)
{
	const struct folder *up;

	for (up = f->up; up != NULL; up = up->up) {
		if (up->dev == f->dev && up->ino == f->ino)
			return true;
	}
	return false;
}

static bool
is_archive(const struct entry *e)
{
	size_t n = strlen(e->name);

	return S_ISREG(e->mode) && n >= 4 &&
	       strcmp(e->name + n - 4, ".deb") == 0;
}

static int walk(struct search *s, struct folder *f);

static int
walk_entry(struct search *s, const struct folder *f, const struct entry *e)
{
	struct folder below = { .up = f };
	char *path;
	int rc;

	if (!S_ISDIR(e->mode) && !is_archive(e))
		return 0;
	path = path_join(f->path, e->name);
	if (!S_ISDIR(e->mode))
		return list_add(&s->found, path);
	if (path == NULL)
		return -ENOMEM;
	below.path = path;
	below.depth = f->depth + 1;
	below.dev = e->dev;
	below.ino = e->ino;
	rc = walk(s, &below);
	free(path);
	return rc;
}

/* A folder's names in byte order, folders entered where they stand. */
static int
walk(struct search *s, struct folder *f)
{
	size_t i;
	int rc;

	if (below_itself(f))
		return 0;
	if (f->depth > DEPTH_MAX)
		return ERR_LIMIT;
	rc = folder_read(s, f);
	if (rc == 0 && f->n > 0)
		qsort(f->v, f->n, sizeof(f->v[0]), entry_compare);
	for (i = 0; rc == 0 && i < f->n; i++)
		rc = walk_entry(s, f, &f->v[i]);
	folder_free(f);
	return rc;
}

static int
operand_add(struct search *s, const char *operand, bool recursive)
{
	struct folder top = { .path = operand };
	struct stat st;

	if (!recursive) {
		if (stat(operand, &st) < 0)
			return -errno;
		if (!S_ISREG(st.st_mode))
			return ERR_NOT_REGULAR;
		return list_add(&s->found, strdup(operand));
	}
	/* The top itself may not be a symlink, what is in it may. */
	if (lstat(operand, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	top.dev = st.st_dev;
	top.ino = st.st_ino;
	return walk(s, &top);
}

int
archive_list(char *const *operands, int n, bool recursive,
             char ***ret_files, size_t *ret_n)
{
	struct search s = { .entries = 0 };
	int i, rc = 0;

	for (i = 0; rc == 0 && i < n; i++)
		rc = operand_add(&s, operands[i], recursive);
	if (rc < 0) {
		archive_list_free(s.found.v, s.found.n);
		return rc;
	}
	*ret_files = s.found.v;
	*ret_n = s.found.n;
	return 0;
}
