/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* The file statoverride: "USER GROUP OCTAL-MODE PATH", one a line. */
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "dpkgdb_priv.h"

/* One to five octal digits, at most 07777. */
static int
parse_mode(const char *s, mode_t *ret)
{
	mode_t mode = 0;
	size_t n;

	for (n = 0; s[n] >= '0' && s[n] <= '7' && mode <= 07777; n++)
		mode = mode * 8 + (mode_t)(s[n] - '0');
	if (n == 0 || s[n] != '\0' || mode > 07777)
		return ERR_FORMAT;
	*ret = mode;
	return 0;
}

/* Cuts the next word off at its blank; NULL if there is none. */
static char *
word(char **at)
{
	char *start = *at;
	char *stop = strchr(start, ' ');

	if (!stop || stop == start)
		return NULL;
	*stop = '\0';
	*at = stop + 1;
	return start;
}

static int
parse_line(struct dpkgdb *db, char *s, struct statoverride *o)
{
	const char *mode;

	o->user = word(&s);
	if (!o->user)
		return ERR_FORMAT;
	o->group = word(&s);
	if (!o->group)
		return ERR_FORMAT;
	mode = word(&s);
	if (!mode || parse_mode(mode, &o->mode) < 0)
		return ERR_FORMAT;
	s = dpkgtext_name(db, s, strlen(s));
	if (!s)
		return -ENOMEM;
	o->path = dpkgtext_path(s + 1, strlen(s + 1));
	return 0;
}

int
dpkgoverride_load(struct dpkgdb *db, struct diag *diag)
{
	struct statoverride *all;
	struct dpkgtext t;
	unsigned long number = 0;
	size_t lines, len;
	char *at, *s;
	int err;

	err = dpkgtext_read(db, db->priv->admindir_fd, "statoverride",
	                    "statoverride", &t, diag);
	if (err == -ENOENT)
		return 0;
	if (err == 0)
		err = dpkgtext_check(&t, diag);
	if (err < 0)
		return err;
	lines = dpkgtext_count(&t);
	all = arena_alloc(db->priv->arena, lines * sizeof(*all));
	if (!all)
		return -ENOMEM;
	at = t.at;
	while ((s = dpkgtext_line(&t, &at, &len, &number)) != NULL) {
		err = parse_line(db, s, &all[number - 1]);
		if (err == ERR_FORMAT)
			diag_set(diag, err, t.file, number,
			         "no user, group, mode and path");
		if (err < 0)
			return err;
	}
	db->overrides = all;
	db->n_overrides = lines;
	return 0;
}
