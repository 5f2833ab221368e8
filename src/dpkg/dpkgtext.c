/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Files of dpkg's database as texts that are cut up where they lie. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "dpkgdb_priv.h"

/* Reads up to t->len bytes; a file that shrank meanwhile is shorter. */
static int
read_all(int fd, struct dpkgtext *t)
{
	size_t got = 0;

	while (got < t->len) {
		ssize_t n = read(fd, t->at + got, t->len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	t->len = got;
	t->at[got] = '\0';
	return 0;
}

/* Memory for the text and its NUL, in the arena or for a short while. */
static int
make_room(struct dpkgdb_priv *priv, bool keep, struct dpkgtext *t)
{
	int err;

	if (keep) {
		t->at = arena_alloc(priv->arena, t->len + 1);
		return t->at ? 0 : -ENOMEM;
	}
	err = buf_reserve(&priv->scratch, t->len + 1);
	t->at = priv->scratch.data;
	return err;
}

static int
read_text(struct dpkgdb *db, int dirfd, const char *name, bool keep,
          struct dpkgtext *ret, struct diag *diag)
{
	struct dpkgtext t = *ret;
	const char *file = t.file;
	int fd, err;

	fd = openat(dirfd, name,
	            O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		err = -errno;
		return err == -ENOENT ? err :
		       diag_set(diag, err, file, 0, "%s", err_text(err));
	}
	if (fstat(fd, &t.st) < 0) {
		err = -errno;
		goto out;
	}
	if (!S_ISREG(t.st.st_mode)) {
		err = diag_set(diag, ERR_NOT_REGULAR, file, 0,
		               "not a regular file");
		goto out;
	}
	if ((unsigned long long)t.st.st_size > BUF_MAX_DEFAULT) {
		err = diag_set(diag, ERR_LIMIT, file, 0, "file too large");
		goto out;
	}
	t.len = (size_t)t.st.st_size;
	err = make_room(db->priv, keep, &t);
	if (err == 0)
		err = read_all(fd, &t);
	if (err == 0)
		*ret = t;
out:
	close(fd);
	return err;
}

int
dpkgtext_read(struct dpkgdb *db, int dirfd, const char *name,
              const char *file, struct dpkgtext *ret, struct diag *diag)
{
	struct dpkgtext t = { .file = file };
	int err;

	if (dirfd < 0)
		return -ENOENT;
	err = read_text(db, dirfd, name, true, &t, diag);
	if (err == 0)
		*ret = t;
	return err;
}

int
dpkgtext_peek(struct dpkgdb *db, int dirfd, const char *name,
              const char *file, struct dpkgtext *ret, struct diag *diag)
{
	struct dpkgtext t = { .file = file };
	int err;

	if (dirfd < 0)
		return -ENOENT;
	err = read_text(db, dirfd, name, false, &t, diag);
	if (err == 0)
		*ret = t;
	return err;
}

int
dpkgtext_check(const struct dpkgtext *t, struct diag *diag)
{
	if (t->len == 0)
		return 0;
	if (memchr(t->at, '\0', t->len))
		return diag_set(diag, ERR_FORMAT, t->file, 0, "NUL byte");
	if (t->at[t->len - 1] != '\n')
		return diag_set(diag, ERR_FORMAT, t->file, 0,
		                "missing final newline");
	return 0;
}

size_t
dpkgtext_count(const struct dpkgtext *t)
{
	const char *end = t->at + t->len, *s = t->at;
	size_t n = 0;

	while (s < end && (s = memchr(s, '\n', (size_t)(end - s))) != NULL) {
		n++;
		s++;
	}
	return n;
}

char *
dpkgtext_line(const struct dpkgtext *t, char **at, size_t *ret_len,
              unsigned long *number)
{
	char *line = *at;
	char *stop;

	if (line == t->at + t->len)
		return NULL;
	stop = memchr(line, '\n', (size_t)(t->at + t->len - line));
	if (!stop)
		return NULL;
	*stop = '\0';
	*ret_len = (size_t)(stop - line);
	*at = stop + 1;
	(*number)++;
	return line;
}

/* Without "/" and "./" in front save one slash; needs path[-1]. */
static char *
from_root(char *path, const char *end)
{
	while (path < end && (*path == '/' ||
	                      (*path == '.' && path + 1 < end &&
	                       path[1] == '/')))
		path++;
	path[-1] = '/';
	return path - 1;
}

char *
dpkgtext_path(char *path, size_t len)
{
	char *start = from_root(path, path + len), *end = path + len;

	while (end > start + 1 && end[-1] == '/')
		end--;
	*end = '\0';
	return start;
}

char *
dpkgtext_name(struct dpkgdb *db, char *line, size_t len)
{
	char *copy;

	if (line[0] == '/')
		return from_root(line + 1, line + len);
	/* The byte before it is the end of another line. */
	copy = arena_alloc(db->priv->arena, len + 2);
	if (!copy)
		return NULL;
	memcpy(copy + 1, line, len);
	return from_root(copy + 1, copy + 1 + len);
}
