/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crc32c.h"
#include "digest.h"
#include "file.h"
#include "ledger_priv.h"

#define KEY_MAX		240	/* with ".mtree.new" still a file name */
#define KEY_CUT		200
/* A larger file is looked through before it is read into memory. */
#define LARGE		((off_t)1 << 20)
/* Two names and a target, all bytes escaped, and meta.h's words are less. */
#define MAX_LINE	((size_t)64 << 10)

struct ledger *
ledger_new(void)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->priv = calloc(1, sizeof(*l->priv));
	if (l->priv != NULL) {
		buf_init(&l->priv->text, LEDGER_MAX_TEXT);
		l->priv->arena = arena_new();
	}
	if (l->priv == NULL || l->priv->arena == NULL) {
		ledger_free(l);
		return NULL;
	}
	l->priv->sorted = true;
	return l;
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	if (l->priv != NULL) {
		arena_free(l->priv->arena);
		buf_free(&l->priv->text);
		free(l->priv->order);
	}
	free(l->priv);
	free(l->rows);
	free(l);
}

int
ledger_head(struct ledger *l, const char *key, const char *version)
{
	char *k = arena_strdup(l->priv->arena, key);
	char *v = version == NULL ? NULL :
	    arena_strdup(l->priv->arena, version);

	if (k == NULL || (version != NULL && v == NULL))
		return -ENOMEM;
	l->key = k;
	l->version = v;
	return 0;
}

static int
by_path(const struct ledger_row *a, const struct ledger_row *b)
{
	return strcmp(a->path, b->path);
}

int
ledger_take(struct ledger *l, const struct ledger_row *row)
{
	if (l->n_rows >= LEDGER_MAX_ROWS)
		return ERR_LIMIT;
	if (l->n_rows == l->priv->cap) {
		size_t cap = l->priv->cap == 0 ? 64 : l->priv->cap * 2;
		struct ledger_row *rows;

		rows = realloc(l->rows, cap * sizeof(*rows));
		if (rows == NULL)
			return -ENOMEM;
		l->rows = rows;
		l->priv->cap = cap;
	}
	if (l->n_rows > 0 && by_path(&l->rows[l->n_rows - 1], row) >= 0)
		l->priv->sorted = false;
	l->rows[l->n_rows++] = *row;
	return 0;
}

/* Room to sort n rows in. */
static int
reserve_order(struct ledger_priv *p, size_t n)
{
	size_t cap = p->order_cap == 0 ? 64 : p->order_cap * 2;
	const struct ledger_row **order;

	if (n <= p->order_cap)
		return 0;
	while (cap < n)
		cap *= 2;
	order = realloc(p->order, (cap + cap / 2) * sizeof(*order));
	if (order == NULL)
		return -ENOMEM;
	p->order = order;
	p->order_cap = cap;
	return 0;
}

/* NULL stays NULL. */
static int
copy_string(struct arena *a, const char **s)
{
	if (*s != NULL && (*s = arena_strdup(a, *s)) == NULL)
		return -ENOMEM;
	return 0;
}

int
ledger_add(struct ledger *l, const struct ledger_row *row)
{
	struct ledger_row copy = *row;
	struct arena *a = l->priv->arena;
	int err;

	if (row->path[0] != '/' || !ledger_clean(ledger_real(row)))
		return -EINVAL;
	err = copy_string(a, &copy.path);
	if (err == 0)
		err = copy_string(a, &copy.real);
	if (err == 0)
		err = copy_string(a, &copy.link);
	if (err == 0)
		err = copy_string(a, &copy.meta);
	if (err == 0)
		err = reserve_order(l->priv, l->n_rows + 1);
	return err < 0 ? err : ledger_take(l, &copy);
}

/* Puts each row where `order` has it, which then is 0, 1, 2... */
static void
arrange(struct ledger_row *rows, const struct ledger_row **order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ledger_row first = rows[i];
		size_t at = i, from;

		while ((from = (size_t)(order[at] - rows)) != i) {
			order[at] = &rows[at];
			rows[at] = rows[from];
			at = from;
		}
		order[at] = &rows[at];
		rows[at] = first;
	}
}

/* There is room to sort in. */
static void
sort_by_path(struct ledger *l)
{
	const struct ledger_row **order = l->priv->order;

	for (size_t i = 0; i < l->n_rows; i++)
		order[i] = &l->rows[i];
	ledger_sort(order, order + l->n_rows, l->n_rows, by_path);
	arrange(l->rows, order, l->n_rows);
}

void
ledger_seal(struct ledger *l)
{
	size_t n = 0;

	if (l->priv->sorted)
		return;
	sort_by_path(l);
	for (size_t i = 0; i < l->n_rows; i++) {
		if (n > 0 && by_path(&l->rows[n - 1], &l->rows[i]) == 0)
			n--;
		l->rows[n++] = l->rows[i];
	}
	l->n_rows = n;
	l->priv->sorted = true;
}

/* What was loaded, from the order of lines to that of paths. */
static int
settle_rows(struct ledger *l, const char *name, struct diag *diag)
{
	int err;

	if (l->priv->sorted)
		return 0;
	err = reserve_order(l->priv, l->n_rows);
	if (err < 0)
		return diag_set(diag, err, name, 0, "%s", err_text(err));
	sort_by_path(l);
	for (size_t i = 1; i < l->n_rows; i++)
		if (by_path(&l->rows[i - 1], &l->rows[i]) == 0)
			return diag_set(diag, ERR_FORMAT, name, 0,
			                "two lines for %s", l->rows[i].path);
	l->priv->sorted = true;
	return 0;
}

static int
search_path(const void *key, const void *row)
{
	return strcmp(key, ((const struct ledger_row *)row)->path);
}

struct ledger_row *
ledger_any(const struct ledger *l, const char *path)
{
	if (l->priv->sorted)
		return l->n_rows == 0 ? NULL :
		    bsearch(path, l->rows, l->n_rows, sizeof(l->rows[0]),
		            search_path);
	for (size_t i = l->n_rows; i > 0; i--)
		if (strcmp(l->rows[i - 1].path, path) == 0)
			return &l->rows[i - 1];
	return NULL;
}

struct ledger_row *
ledger_find(const struct ledger *l, const char *path)
{
	struct ledger_row *row = ledger_any(l, path);

	return row != NULL && row->flagged ? row : NULL;
}

/* The file of a package; KEY comes from a database, so look at it. */
static int
file_name(const char *key, char *name, size_t size)
{
	size_t n = strlen(key);

	if (key[0] == '\0' || key[0] == '.' || strchr(key, '/') != NULL)
		return -EINVAL;
	if (n <= KEY_MAX)
		snprintf(name, size, "%s.mtree", key);
	else	/* too long for a file's name: cut, and told apart by a sum */
		snprintf(name, size, "%.*s~%08x.mtree", KEY_CUT, key,
		         (unsigned int)crc32c(0, key, n));
	return 0;
}

static int
digest_text(struct ledger *l, const struct buf *text)
{
	struct digest d;
	int err = digest_memory(text->data, text->len, DIGEST_SHA256, &d);

	if (err == 0)
		memcpy(l->digest, d.bytes, sizeof(l->digest));
	return err;
}

/* Where a line is too long, or holds a NUL: the number of it; else 0. */
static unsigned long
bad_line(int fd, char *room)
{
	unsigned long number = 1;
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, room, MAX_LINE)) > 0) {
		const char *at = room, *end = room + n, *newline;

		if (memchr(room, '\0', (size_t)n) != NULL)
			return number;
		while ((newline = memchr(at, '\n', (size_t)(end - at))) !=
		       NULL) {
			if (len + (size_t)(newline - at) > MAX_LINE)
				return number;
			number++;
			len = 0;
			at = newline + 1;
		}
		len += (size_t)(end - at);
		if (len > MAX_LINE)
			return number;
	}
	return 0;
}

/* What is large, and no ledger, is not worth the memory. */
static int
refuse_large(int dirfd, const char *name, struct diag *diag)
{
	unsigned long number = 0;
	struct stat st;
	char *room;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode) || st.st_size <= LARGE)
		return 0;
	room = malloc(MAX_LINE);
	fd = room == NULL ? -1 : openat(dirfd, name, O_RDONLY | O_NOFOLLOW |
	                                O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		number = bad_line(fd, room);
		close(fd);
	}
	free(room);
	return number == 0 ? 0 :
	       diag_set(diag, ERR_FORMAT, name, number, "no line of text");
}

int
ledger_load(int ledger_dirfd, const char *key, struct ledger **ret,
            struct diag *diag)
{
	char name[256];
	struct ledger *l;
	int err = file_name(key, name, sizeof(name));

	if (err < 0)
		return diag_set(diag, err, key, 0, "no name of a ledger");
	l = ledger_new();
	if (l == NULL)
		return diag_set(diag, -ENOMEM, name, 0, "%s",
		                err_text(-ENOMEM));
	err = refuse_large(ledger_dirfd, name, diag);
	if (err < 0) {
		ledger_free(l);
		return err;
	}
	err = file_read(ledger_dirfd, name, &l->priv->text);
	if (err == 0)	/* before the text is cut up */
		err = digest_text(l, &l->priv->text);
	if (err < 0)
		diag_set(diag, err, name, 0, "%s", err_text(err));
	else
		err = ledger_parse(l, name, diag);
	if (err == 0)
		err = settle_rows(l, name, diag);
	if (err < 0)
		ledger_free(l);
	else
		*ret = l;
	return err;
}

int
ledger_stage(int ledger_dirfd, const char *key, struct ledger *l, bool durable)
{
	const struct ledger *const one = l;
	char name[256];
	struct buf b;
	int err = file_name(key, name, sizeof(name));

	if (err < 0)
		return err;
	buf_init(&b, LEDGER_MAX_TEXT);
	err = ledger_format(&one, 1, &b);
	if (err == 0)
		err = digest_text(l, &b);
	if (err == 0)
		err = file_stage(ledger_dirfd, name, b.data, b.len, 0600,
		                 durable ? FILE_DURABLE : FILE_STARTED);
	buf_free(&b);
	return err;
}

int
ledger_settle(int ledger_dirfd, const char *key)
{
	char name[256];
	int err = file_name(key, name, sizeof(name));

	return err < 0 ? err : file_settle(ledger_dirfd, name);
}

int
ledger_commit(int ledger_dirfd, const char *key)
{
	char name[256];
	int err = file_name(key, name, sizeof(name));

	return err < 0 ? err : file_commit(ledger_dirfd, name);
}

/* The staged one of a killed run as well. */
int
ledger_remove(int ledger_dirfd, const char *key)
{
	char name[256], staged[sizeof(name) + 4];
	int err = file_name(key, name, sizeof(name));

	if (err < 0)
		return err;
	snprintf(staged, sizeof(staged), "%s.new", name);
	if (unlinkat(ledger_dirfd, staged, 0) < 0 && errno != ENOENT)
		return -errno;
	if (unlinkat(ledger_dirfd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return 1;
}

int
ledger_each(int ledger_dirfd, int (*fn)(void *ctx, const char *key), void *ctx)
{
	int fd = openat(ledger_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (d == NULL) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r >= 0 && (errno = 0, e = readdir(d)) != NULL) {
		char *end = strrchr(e->d_name, '.');

		if (end == NULL || end == e->d_name ||
		    strcmp(end, ".mtree") != 0 ||
		    strchr(e->d_name, '~') != NULL)
			continue;
		*end = '\0';
		r = fn(ctx, e->d_name);
	}
	if (r >= 0 && errno != 0)
		r = -errno;
	closedir(d);
	return r < 0 ? r : 0;
}
