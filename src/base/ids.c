/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "file.h"
#include "ids.h"
#include "lines.h"
#include "strmap.h"

enum { TEXT_MAX = 16 << 20 };

/* (uint32_t)-1 means "do not change" to chown(2): nobody has it. */
#define ID_LAST (UINT32_MAX - 1)

/* One of the two files: the names in the map point into the text. */
struct table {
	struct buf text;
	struct strmap *map;
};

struct ids {
	struct table users;
	struct table groups;
};

static int
table_init(struct table *t)
{
	buf_init(&t->text, TEXT_MAX);
	t->map = strmap_new();
	return t->map ? 0 : -ENOMEM;
}

static void
table_free(struct table *t)
{
	strmap_free(t->map);
	buf_free(&t->text);
}

/* Up to the next colon, which *s is then behind; NULL: the line has no more. */
static const char *
next_field(const char **s, const char *end, size_t *ret_n)
{
	const char *field = *s, *colon;

	if (!field)
		return NULL;
	colon = memchr(field, ':', (size_t)(end - field));
	*ret_n = (size_t)((colon ? colon : end) - field);
	*s = colon ? colon + 1 : NULL;
	return field;
}

/*
 * NAME:PASSWORD:ID[:ID...: passwd has two numbers, group one. What follows
 * them is not looked at. Comments and the "+" and "-" lines of compat, which
 * name nobody here, are passed over with all that is broken.
 */
static int
add_line(struct table *t, const char *line, size_t n, unsigned int numbers)
{
	unsigned long long id = 0, number;
	const char *end = line + n, *name, *field;
	size_t name_len, len;

	while (line < end && strchr(" \t\v\f\r", *line) && *line)
		line++;
	if (line == end || strchr("#+-:", *line) ||
	    memchr(line, '\0', (size_t)(end - line)))
		return 0;
	name = next_field(&line, end, &name_len);
	if (!name || !next_field(&line, end, &len))
		return 0;
	for (unsigned int i = 0; i < numbers; i++) {
		field = next_field(&line, end, &len);
		if (!field || lines_number(field, len, ID_LAST, &number) < 0)
			return 0;
		if (i == 0)
			id = number;
	}
	/* The colon behind it, in our own text. */
	t->text.data[(size_t)(name - t->text.data) + name_len] = '\0';
	if (strmap_get(t->map, name, NULL))
		return 0;
	return strmap_put(t->map, name, (uintptr_t)id);
}

static int
table_load(struct table *t, int etc_fd, const char *name,
           unsigned int numbers, struct diag *diag)
{
	struct lines lines;
	const char *line;
	size_t n;
	int err;

	err = file_read(etc_fd, name, &t->text);
	if (err == -ENOENT)
		return 0;
	if (err == ERR_LIMIT)
		return diag_set(diag, err, name, 0,
		                "has more than %d bytes", TEXT_MAX);
	if (err < 0)
		return diag_set(diag, err, name, 0, "%s", err_text(err));
	lines_init(&lines, t->text.data, t->text.len);
	while (err == 0 && lines_next(&lines, &line, &n))
		err = add_line(t, line, n, numbers);
	return err;
}

/* Both files; without the folder there is neither. */
static int
load_both(struct ids *ids, int root_fd, struct diag *diag)
{
	int err, etc_fd;

	etc_fd = openat(root_fd, "etc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	                O_CLOEXEC);
	if (etc_fd < 0) {
		if (errno == ENOENT)
			return 0;
		err = -errno;
		return diag_set(diag, err, "etc", 0, "%s", err_text(err));
	}
	err = table_load(&ids->users, etc_fd, "passwd", 2, diag);
	if (err == 0)
		err = table_load(&ids->groups, etc_fd, "group", 1, diag);
	close(etc_fd);
	return err;
}

int
ids_load(int root_fd, struct ids **ret, struct diag *diag)
{
	struct ids *ids = calloc(1, sizeof(*ids));
	int err;

	if (!ids)
		return -ENOMEM;
	err = table_init(&ids->users);
	if (err == 0)
		err = table_init(&ids->groups);
	if (err == 0)
		err = load_both(ids, root_fd, diag);
	if (err < 0) {
		ids_free(ids);
		return err;
	}
	*ret = ids;
	return 0;
}

void
ids_free(struct ids *ids)
{
	if (!ids)
		return;
	table_free(&ids->users);
	table_free(&ids->groups);
	free(ids);
}

static int
find(const struct table *t, const char *name, uint32_t *ret)
{
	unsigned long long number;
	uintptr_t value;

	if (*name == '#') {
		if (lines_number(name + 1, strlen(name + 1), ID_LAST,
		                 &number) < 0)
			return -ENOENT;
		*ret = (uint32_t)number;
		return 0;
	}
	if (!strmap_get(t->map, name, &value))
		return -ENOENT;
	*ret = (uint32_t)value;
	return 0;
}

int
ids_user(const struct ids *ids, const char *name, uint32_t *ret)
{
	return find(&ids->users, name, ret);
}

int
ids_group(const struct ids *ids, const char *name, uint32_t *ret)
{
	return find(&ids->groups, name, ret);
}
