/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "explain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "history.h"
#include "jsonread.h"
#include "self.h"

struct explaining {
	struct session *s;
	const char *path;
	const char *base;	/* its last component */
	const char *folder;	/* canonical; NULL: there is none */
	explain_fn *fn;
	void *ctx;
	size_t found;
};

static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The same name, in a folder that is the same though it may have two. */
static bool
is_asked(struct explaining *x, const char *path)
{
	const char *folder;
	int err;

	if (strcmp(base_of(path), x->base) != 0)
		return false;
	if (strcmp(path, x->path) == 0)
		return true;
	folder = root_folder(x->s->root, path, &err);
	return folder != NULL && x->folder != NULL &&
	       strcmp(folder, x->folder) == 0;
}

struct wanted {
	char id[20];
	struct buf *entry;
};

/* The last entry of a run is kept: recovery writes one under the same id. */
static int
match_entry(void *ctx, const char *line, size_t len)
{
	struct wanted *w = ctx;
	struct buf id;
	int r;

	if (memmem(line, len, w->id, strlen(w->id)) == NULL)
		return 0;
	buf_init(&id, 0);
	r = jsonread_str(line, len, "txn", &id);
	if (r == 0 && strcmp(id.data, w->id) == 0) {
		w->entry->len = 0;
		r = buf_add(w->entry, line, len);
	}
	buf_free(&id);
	return r == -ENOMEM ? r : 0;
}

static int
find_entry(struct session *s, uint64_t run, struct buf *entry)
{
	struct wanted w = { .entry = entry };

	if (run == 0 || s->state == NULL || s->state->history_fd < 0)
		return 0;
	snprintf(w.id, sizeof(w.id), "%016" PRIx64, run);
	return history_walk(s->state->history_fd, match_entry, &w);
}

static const char *
diverter_of(const struct dpkgdb *db, const char *from)
{
	for (size_t i = 0; i < db->n_diversions; i++)
		if (strcmp(db->diversions[i].from, from) == 0)
			return db->diversions[i].package != NULL ?
			       db->diversions[i].package : "";
	return "";
}

static int
tell_owner(struct explaining *x, struct package *p, const char *listed)
{
	struct session *s = x->s;
	struct explanation e = { .package_state = pkg_state_name(p->state) };
	const struct index_row *ir = s->index == NULL ? NULL :
	    index_find(s->index, p->name, p->arch);
	const struct ledger *l = session_ledger(s, p->key);
	int r = dpkgdb_load_md5s(s->db, p, NULL);

	if (r == -ENOMEM)
		return r;
	survey_judge(s, p, listed, &e.row);
	if (e.row.path != listed) {
		e.listed = listed;
		e.diverter = diverter_of(s->db, listed);
	} else if (strcmp(listed, x->path) != 0) {
		e.listed = listed;
		e.row.path = x->path;
	}
	if (l != NULL)
		e.recorded = ledger_find(l, e.diverter != NULL ? e.row.path :
		                         listed);
	e.archive_md5 = dpkgdb_md5(p, listed);
	buf_init(&e.entry, 0);
	r = ir == NULL ? 0 : find_entry(s, ir->run, &e.entry);
	if (r >= 0)
		r = x->fn(x->ctx, &e);
	buf_free(&e.entry);
	x->found++;
	return r;
}

static int
look_in(struct explaining *x, struct package *p, struct diag *diag)
{
	int r = dpkgdb_load_list(x->s->db, p, diag);

	for (size_t i = 0; r == 0 && i < p->n_paths; i++) {
		const char *listed = p->paths[i];
		const char *real = dpkgdb_real(x->s->db, p, listed);

		if (is_asked(x, listed) || (real != listed &&
		    is_asked(x, real)))
			r = tell_owner(x, p, listed);
	}
	return r;
}

/* One of our own, or a file that dpkg knows nothing of. */
static int
tell_unowned(struct explaining *x, struct diag *diag)
{
	struct explanation e = { .row = {
		.path = x->path, .state = SURVEY_UNOWNED
	} };
	struct session *s = x->s;
	unsigned int flags;
	struct node node;
	int r = due_flags(s->due, x->path, &node, &flags);

	if (r < 0 && x->found > 0)
		return 0;
	if (r < 0)
		return diag_set(diag, r, x->path, 0, "%s", err_text(r));
	e.row.fs = due_fskind(s->due, x->path, &node)->name;
	e.row.folder = S_ISDIR(node.mode);
	if (s->foreign != NULL && foreign_get(s->foreign, x->path) != 0)
		e.row.state = SURVEY_FOREIGN;
	else if (self_is(x->path)) {
		e.row.package = e.row.name = SELF_PACKAGE;
		e.row.state = flags & IFLAG_IMMUTABLE ? SURVEY_SELF :
		              SURVEY_OPEN;
	} else if (flags & (IFLAG_IMMUTABLE | IFLAG_APPEND))
		e.row.reason = "flag";
	buf_init(&e.entry, 0);
	return x->fn(x->ctx, &e);
}

int
explain_path(struct session *s, const char *path, explain_fn *fn, void *ctx,
             struct diag *diag)
{
	struct explaining x = {
		.s = s, .path = path, .base = base_of(path), .fn = fn,
		.ctx = ctx
	};
	int err, r = 0;

	x.folder = root_folder(s->root, path, &err);
	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++)
		if (s->db->packages[i].state > PKG_CONFIG_FILES)
			r = look_in(&x, &s->db->packages[i], diag);
	if (r == 0 && (x.found == 0 || self_is(path)))
		r = tell_unowned(&x, diag);
	return r;
}
