/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "file.h"
#include "foreign.h"
#include "formatver.h"
#include "iflag.h"
#include "lines.h"
#include "vis.h"

#define FOREIGN_NAME	"foreign"
#define FOREIGN_WORDS	"dpkg-immutable foreign"
#define FOREIGN_VERSION	1
#define FOREIGN_MAX	1000000

struct item {
	char *path;
	unsigned int flags;
};

struct foreign {
	struct item *items;	/* sorted by path */
	size_t n;
	size_t cap;
};

static const struct {
	const char *letters;
	unsigned int flags;
} names[] = {
	{ "i", IFLAG_IMMUTABLE },
	{ "a", IFLAG_APPEND },
	{ "ai", IFLAG_APPEND | IFLAG_IMMUTABLE },
};

struct foreign *
foreign_new(void)
{
	return calloc(1, sizeof(struct foreign));
}

void
foreign_free(struct foreign *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n; i++)
		free(f->items[i].path);
	free(f->items);
	free(f);
}

/* Where path is, or where it would have to be put in. */
static size_t
place_of(const struct foreign *f, const char *path, bool *ret_there)
{
	size_t low = 0, high = f->n;

	*ret_there = false;
	/* Nearly all come in order: look at the end first. */
	if (f->n > 0 && strcmp(f->items[f->n - 1].path, path) < 0)
		return f->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(f->items[middle].path, path);

		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
insert(struct foreign *f, size_t at, const char *path, unsigned int flags)
{
	char *copy;

	if (f->n >= FOREIGN_MAX)
		return ERR_LIMIT;
	if (f->n == f->cap) {
		size_t cap = f->cap == 0 ? 16 : f->cap * 2;
		struct item *items = realloc(f->items, cap * sizeof(*items));

		if (items == NULL)
			return -ENOMEM;
		f->items = items;
		f->cap = cap;
	}
	copy = strdup(path);
	if (copy == NULL)
		return -ENOMEM;
	memmove(&f->items[at + 1], &f->items[at],
	        (f->n - at) * sizeof(f->items[0]));
	f->items[at] = (struct item){ copy, flags };
	f->n++;
	return 0;
}

int
foreign_set(struct foreign *f, const char *path, unsigned int flags)
{
	bool there;
	size_t at = place_of(f, path, &there);

	flags &= IFLAG_IMMUTABLE | IFLAG_APPEND;
	if (!there)
		return flags == 0 ? 0 : insert(f, at, path, flags);
	f->items[at].flags = flags;
	if (flags == 0) {
		free(f->items[at].path);
		f->n--;
		memmove(&f->items[at], &f->items[at + 1],
		        (f->n - at) * sizeof(f->items[0]));
	}
	return 0;
}

unsigned int
foreign_get(const struct foreign *f, const char *path)
{
	bool there;
	size_t at = place_of(f, path, &there);

	return there ? f->items[at].flags : 0;
}

size_t
foreign_count(const struct foreign *f)
{
	return f->n;
}

static unsigned int
parse_flags(const char *s, size_t n)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].letters) == n &&
		    memcmp(names[i].letters, s, n) == 0)
			return names[i].flags;
	return 0;
}

/* line is ended by a NUL of ours. */
static int
parse_line(struct foreign *f, char *line, size_t len, unsigned long number,
           struct diag *diag)
{
	char *tab = strchr(line, '\t');
	unsigned int flags = 0;
	const char *wrong = NULL;
	int err;

	if (tab != NULL)
		flags = parse_flags(line, (size_t)(tab - line));
	if (strlen(line) != len)
		wrong = "NUL";
	else if (flags == 0)
		wrong = "bad flags";
	else if (vis_undo(tab + 1) < 0 || tab[1] != '/')
		wrong = "bad path";
	else if (f->n > 0 && strcmp(f->items[f->n - 1].path, tab + 1) >= 0)
		wrong = "twice or out of order";
	if (wrong != NULL)
		return diag_set(diag, ERR_FORMAT, FOREIGN_NAME, number, "%s",
		                wrong);
	err = insert(f, f->n, tab + 1, flags);
	if (err < 0)
		diag_set(diag, err, FOREIGN_NAME, number, "%s", err_text(err));
	return err;
}

static int
parse(struct foreign *f, struct buf *text, struct diag *diag)
{
	struct lines lines;
	const char *line;
	size_t len;
	int err = ERR_FORMAT;

	lines_init(&lines, text->data, text->len);
	if (text->len > 0 && text->data[text->len - 1] == '\n' &&
	    lines_next(&lines, &line, &len))
		err = formatver_check(line, len, FOREIGN_WORDS,
		                      FOREIGN_VERSION);
	if (err < 0)
		return diag_set(diag, err, FOREIGN_NAME, 1,
		                "first line or last newline: %s",
		                err_text(err));
	while (err == 0 && lines_next(&lines, &line, &len)) {
		char *own = text->data + (line - text->data);

		own[len] = '\0';	/* was a newline */
		err = parse_line(f, own, len, lines.number, diag);
	}
	return err;
}

/* A missing file says that there are none. */
int
foreign_load(int ledger_dirfd, struct foreign **ret, struct diag *diag)
{
	struct foreign *f = foreign_new();
	struct buf text;
	int err;

	buf_init(&text, 0);
	if (f == NULL)
		return -ENOMEM;
	err = file_read(ledger_dirfd, FOREIGN_NAME, &text);
	if (err == -ENOENT)
		err = 0;
	else if (err < 0)
		diag_set(diag, err, FOREIGN_NAME, 0, "%s", err_text(err));
	else
		err = parse(f, &text, diag);
	buf_free(&text);
	if (err < 0)
		foreign_free(f);
	else
		*ret = f;
	return err;
}

static int
format_item(struct buf *b, const struct item *item)
{
	const char *letters = "";
	int err;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].flags == item->flags)
			letters = names[i].letters;
	err = buf_addf(b, "%s\t", letters);
	if (err == 0)
		err = vis_add(b, item->path);
	return err == 0 ? buf_add_char(b, '\n') : err;
}

int
foreign_store(int ledger_dirfd, const struct foreign *f)
{
	struct buf b;
	int err;

	buf_init(&b, 0);
	err = buf_addf(&b, "%s %d\n", FOREIGN_WORDS, FOREIGN_VERSION);
	for (size_t i = 0; err == 0 && i < f->n; i++)
		err = format_item(&b, &f->items[i]);
	if (err == 0)
		err = file_replace(ledger_dirfd, FOREIGN_NAME, b.data, b.len,
		                   0600, FILE_DURABLE);
	buf_free(&b);
	return err;
}
