/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* A package's files in info beside its list: md5sums and conffiles. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "dpkgdb_priv.h"

#define PREFIX_LEN (sizeof(DPKGINFO_PREFIX) - 1)

int
dpkginfo_name(struct dpkginfo_name *n, const char *key, const char *ext)
{
	int len = snprintf(n->text, sizeof(n->text), DPKGINFO_PREFIX "%s.%s",
	                   key, ext);

	return len < 0 || (size_t)len >= sizeof(n->text) ? -ENAMETOOLONG : 0;
}

const char *
dpkginfo_base(const struct dpkginfo_name *n)
{
	return n->text + PREFIX_LEN;
}

/* MD5 in hex, two bytes that part it from the path, the path. */
enum { MD5_HEX = 32, MD5_PATH = MD5_HEX + 2 };

/* Value plus one of a hex digit; 0: none. */
static const unsigned char hex[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6,
	['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

static int
parse_md5(const char *line, size_t len, struct dpkgdb_md5 *md5)
{
	if (len <= MD5_PATH || line[MD5_HEX] != ' ' ||
	    (line[MD5_HEX + 1] != ' ' && line[MD5_HEX + 1] != '*'))
		return ERR_FORMAT;
	for (size_t i = 0; i < sizeof(md5->md5); i++) {
		unsigned int high = hex[(unsigned char)line[2 * i]];
		unsigned int low = hex[(unsigned char)line[2 * i + 1]];

		if (high == 0 || low == 0)
			return ERR_FORMAT;
		md5->md5[i] = (unsigned char)((high - 1) << 4 | (low - 1));
	}
	return 0;
}

static int
compare_md5s(const void *a, const void *b)
{
	const struct dpkgdb_md5 *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	/* The same path twice: in the order of the file. */
	return c != 0 ? c : (x->path > y->path) - (x->path < y->path);
}

/* Sorts them; of the same path twice the later counts, as in dpkg. */
static size_t
sort_md5s(struct dpkgdb_md5 *all, size_t n)
{
	size_t kept = 0, i;

	for (i = 1; i < n; i++) {
		if (compare_md5s(&all[i - 1], &all[i]) >= 0)
			break;
	}
	if (i < n)
		qsort(all, n, sizeof(*all), compare_md5s);
	for (i = 0; i < n; i++) {
		if (kept > 0 && strcmp(all[kept - 1].path, all[i].path) == 0)
			kept--;
		all[kept++] = all[i];
	}
	return kept;
}

/* Only the paths are kept, one behind the other, not the hex digits. */
static int
parse_md5s(struct dpkgdb *db, struct package *p, const struct dpkgtext *t,
           struct diag *diag)
{
	size_t lines = dpkgtext_count(t), room, len, n = 0;
	char *at = t->at, *s, *to;
	unsigned long number = 0;
	struct dpkgdb_md5 *all;

	all = arena_alloc(db->priv->arena, lines * sizeof(*all));
	/* What good lines need: the digits and one byte between go. */
	room = lines * (MD5_HEX + 1);
	room = t->len > room ? t->len - room : 0;
	to = arena_alloc(db->priv->arena, room);
	if (!all || !to)
		return -ENOMEM;
	while ((s = dpkgtext_line(t, &at, &len, &number)) != NULL) {
		if (parse_md5(s, len, &all[n]) < 0)
			return diag_set(diag, ERR_FORMAT, t->file, number,
			                "no MD5 and path");
		len -= MD5_PATH;
		/* Too small only for the sake of a bad line further on. */
		if (room < len + 2)
			continue;
		room -= len + 2;
		memcpy(to + 1, s + MD5_PATH, len);
		all[n++].path = dpkgtext_path(to + 1, len);
		to += len + 2;
	}
	if (n < lines)
		return diag_set(diag, ERR_FORMAT, t->file, 0, "bad lines");
	p->n_md5s = sort_md5s(all, n);
	p->md5s = all;
	return 0;
}

int
dpkgdb_load_md5s(struct dpkgdb *db, struct package *p, struct diag *diag)
{
	struct dpkginfo_name n;
	struct dpkgtext t;
	int err;

	if (p->md5s_loaded)
		return 0;
	/* The list settles how the package's files are spelled. */
	err = dpkgdb_list_stat(db, p);
	if (err == 0)
		err = dpkginfo_name(&n, p->key, "md5sums");
	if (err == 0 && p->state != PKG_NOT_INSTALLED)
		err = dpkgtext_peek(db, db->priv->info_fd, dpkginfo_base(&n),
		                    n.text, &t, diag);
	else if (err == 0)
		err = -ENOENT;
	if (err == 0)
		err = dpkgtext_check(&t, diag);
	if (err == 0)
		err = parse_md5s(db, p, &t, diag);
	if (err < 0 && err != -ENOENT)
		return err;
	p->md5s_loaded = true;
	return 0;
}

const unsigned char *
dpkgdb_md5(const struct package *p, const char *path)
{
	size_t low = 0, high = p->n_md5s;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(p->md5s[middle].path, path);

		if (c == 0)
			return p->md5s[middle].md5;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* "/path" or "remove-on-upgrade /path"; blanks behind do not count. */
static int
conffile_line(char *s, size_t len, char **ret_path, bool *ret_remove)
{
	static const char flag[] = "remove-on-upgrade ";
	bool remove = strncmp(s, flag, sizeof(flag) - 1) == 0;

	if (remove) {
		s += sizeof(flag) - 1;
		len -= sizeof(flag) - 1;
	}
	if (s[0] != '/')
		return ERR_FORMAT;
	*ret_path = dpkgtext_path(s + 1, len - 1);
	*ret_remove = remove;
	return 0;
}

int
dpkgdb_info_conffiles(struct dpkgdb *db, const struct package *p,
                      int (*fn)(void *ctx, const char *path, bool remove),
                      void *ctx, struct diag *diag)
{
	struct dpkginfo_name n;
	struct dpkgtext t;
	unsigned long number = 0;
	char *at, *s, *path;
	bool remove;
	size_t len;
	int err;

	if (p->state == PKG_NOT_INSTALLED)
		return 0;
	err = dpkginfo_name(&n, p->key, "conffiles");
	if (err == 0)
		err = dpkgtext_read(db, db->priv->info_fd, dpkginfo_base(&n),
		                    n.text, &t, diag);
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	err = dpkgtext_check(&t, diag);
	at = t.at;
	while (err == 0 &&
	       (s = dpkgtext_line(&t, &at, &len, &number)) != NULL) {
		while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t' ||
		                   s[len - 1] == '\r'))
			s[--len] = '\0';
		if (len == 0)
			continue;
		if (conffile_line(s, len, &path, &remove) < 0)
			err = diag_set(diag, ERR_FORMAT, t.file, number,
			               "no absolute path");
		else
			err = fn(ctx, path, remove);
	}
	return err;
}
