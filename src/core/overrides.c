/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "overrides.h"

#include <errno.h>
#include <stdlib.h>

#include "ids.h"
#include "strmap.h"

struct overrides {
	struct strmap *by_path;		/* borrows the database's paths */
	struct compare_override *rows;
};

static int
fill(struct overrides *o, const struct dpkgdb *db, const struct ids *ids)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < db->n_overrides; i++) {
		const struct statoverride *so = &db->overrides[i];
		struct compare_override *row = &o->rows[i];

		row->mode = so->mode;
		if (ids_user(ids, so->user, &row->uid) == 0 &&
		    ids_group(ids, so->group, &row->gid) == 0)
			r = strmap_put(o->by_path, so->path, (uintptr_t)row);
	}
	return r;
}

int
overrides_new(const struct dpkgdb *db, int root_fd, struct overrides **ret,
              struct diag *diag)
{
	struct overrides *o;
	struct ids *ids;
	int r;

	if (db->n_overrides == 0) {
		*ret = NULL;
		return 0;
	}
	r = ids_load(root_fd, &ids, diag);
	if (r < 0)
		return r;
	o = calloc(1, sizeof(*o));
	if (o != NULL) {
		o->by_path = strmap_new();
		o->rows = calloc(db->n_overrides, sizeof(*o->rows));
	}
	r = o == NULL || o->by_path == NULL || o->rows == NULL ? -ENOMEM :
	    fill(o, db, ids);
	ids_free(ids);
	if (r < 0)
		overrides_free(o);
	else
		*ret = o;
	return r;
}

void
overrides_free(struct overrides *o)
{
	if (o == NULL)
		return;
	strmap_free(o->by_path);
	free(o->rows);
	free(o);
}

const struct compare_override *
overrides_find(const struct overrides *o, const char *path)
{
	uintptr_t row;

	if (o == NULL || !strmap_get(o->by_path, path, &row))
		return NULL;
	return (const struct compare_override *)row;
}
