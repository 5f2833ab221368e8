/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* The file diversions: three lines each; and where a file really lies. */
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "dpkgdb_priv.h"
#include "strmap.h"

/*
 * A path takes part in one diversion only, at one end of it, or at both.
 * dpkg refuses to run at all otherwise.
 */
static int
note_end(struct strmap *ends, const char *path, bool *ret_known)
{
	if (strmap_get(ends, path, NULL)) {
		*ret_known = true;
		return 0;
	}
	return strmap_put(ends, path, 1);
}

static int
check_ends(const struct dpkgdb *db, const struct dpkgtext *t,
           struct diag *diag)
{
	struct strmap *ends = strmap_new();
	bool known = false;
	int err = 0;

	if (!ends)
		return -ENOMEM;
	for (size_t i = 0; i < db->n_diversions && err == 0; i++) {
		const struct diversion *v = &db->priv->diversions[i];

		err = note_end(ends, v->from, &known);
		if (err == 0 && strcmp(v->from, v->to) != 0)
			err = note_end(ends, v->to, &known);
		if (err == 0 && known)
			err = diag_set(diag, ERR_FORMAT, t->file, i * 3 + 1,
			               "conflicting diversion of '%s'",
			               v->from);
	}
	strmap_free(ends);
	return err;
}

/* dpkg folds the case of a name. NULL: local. */
static const char *
package_of(char *line)
{
	if (strcmp(line, ":") == 0)
		return NULL;
	for (char *c = line; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return line;
}

static int
parse(struct dpkgdb *db, const struct dpkgtext *t, size_t n_lines)
{
	struct dpkgdb_priv *priv = db->priv;
	unsigned long number = 0;
	char *at = t->at, *s;
	size_t len, n = 0;

	priv->diversions = arena_alloc(priv->arena,
	                               n_lines / 3 * sizeof(struct diversion));
	if (!priv->diversions)
		return -ENOMEM;
	while ((s = dpkgtext_line(t, &at, &len, &number)) != NULL) {
		struct diversion *v = &priv->diversions[n / 3];
		size_t part = n++ % 3;

		if (part == 2) {
			v->package = package_of(s);
			continue;
		}
		s = dpkgtext_name(db, s, len);
		if (!s)
			return -ENOMEM;
		*(part == 0 ? &v->from : &v->to) = s;
	}
	db->diversions = priv->diversions;
	db->n_diversions = n / 3;
	return 0;
}

static int
index_diversions(struct dpkgdb *db)
{
	struct dpkgdb_priv *priv = db->priv;
	int err = 0;

	if (db->n_diversions == 0)
		return 0;
	priv->diverted = strmap_new();
	if (!priv->diverted)
		return -ENOMEM;
	for (size_t i = 0; i < db->n_diversions && err == 0; i++) {
		const char *from = db->diversions[i].from;

		priv->lengths |= UINT64_C(1) << strlen(from) % 64;
		err = strmap_put(priv->diverted, from, i);
	}
	return err;
}

int
dpkgdivert_load(struct dpkgdb *db, struct diag *diag)
{
	struct dpkgtext t;
	size_t lines;
	int err;

	err = dpkgtext_read(db, db->priv->admindir_fd, "diversions",
	                    "diversions", &t, diag);
	if (err == -ENOENT)
		return 0;
	if (err == 0)
		err = dpkgtext_check(&t, diag);
	if (err < 0)
		return err;
	lines = dpkgtext_count(&t);
	if (lines % 3 != 0)
		return diag_set(diag, ERR_FORMAT, t.file, lines,
		                "diversion cut short");
	err = parse(db, &t, lines);
	if (err == 0)
		err = check_ends(db, &t, diag);
	if (err == 0)
		err = index_diversions(db);
	return err;
}

const char *
dpkgdb_real(const struct dpkgdb *db, const struct package *p, const char *path)
{
	const struct diversion *v;
	uintptr_t i;

	/* Asked of every file there is; few names have such a length. */
	if (!db->priv->diverted ||
	    !(db->priv->lengths >> strlen(path) % 64 & 1) ||
	    !strmap_get(db->priv->diverted, path, &i))
		return path;
	v = &db->diversions[i];
	if (p && v->package && strcmp(v->package, p->name) == 0)
		return path;
	return v->to;
}

int
dpkgdb_moved(const struct dpkgdb *a, const struct dpkgdb *b,
             struct strmap *names)
{
	for (size_t i = 0; i < a->n_diversions; i++) {
		const struct diversion *d = &a->diversions[i];
		bool same = false;

		for (size_t k = 0; !same && k < b->n_diversions; k++)
			same = strcmp(b->diversions[k].from, d->from) == 0 &&
			       strcmp(b->diversions[k].to, d->to) == 0;
		if (!same && strmap_put(names, d->from, 1) < 0)
			return -ENOMEM;
	}
	return 0;
}
