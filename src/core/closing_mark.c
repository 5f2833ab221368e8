/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "closing_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

/*
 * By key, and by the bare name too: the instances of a Multi-Arch: same
 * package list the same files, so what was opened for one that is gone now is
 * another's still.
 */
static int
mark_opened(struct work *w)
{
	const struct journal_plan *plan = w->c->plan;
	const char *colon;
	char *name;

	w->opened = strmap_new();
	if (w->opened == NULL)
		return -ENOMEM;
	for (size_t i = 0; plan != NULL && i < plan->n_packages; i++) {
		if (strmap_put(w->opened, plan->packages[i], 1) < 0)
			return -ENOMEM;
		colon = strchr(plan->packages[i], ':');
		/* what is taken over is what was named, to the letter */
		if (colon == NULL || w->c->accept)
			continue;
		name = arena_strndup(w->s->arena, plan->packages[i],
		                     (size_t)(colon - plan->packages[i]));
		if (name == NULL || strmap_put(w->opened, name, 1) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The same place for the names that a merged /usr gives it. */
static const char *
unmerged(const char *path)
{
	return strncmp(path, "/usr/", 5) == 0 ? path + 4 : path;
}

/* Packages that list one of the names: as listed, or where the file really
 * lies, merged /usr aside. */
static int
mark_listing(struct work *w, const struct strmap *names, bool real,
             struct diag *diag)
{
	struct dpkgdb *db = w->s->db;

	for (size_t i = 0; i < db->n_packages; i++) {
		struct package *p = &db->packages[i];
		int r;

		if (w->affected[i] || p->state <= PKG_CONFIG_FILES)
			continue;
		r = dpkgdb_load_list(db, p, diag);
		if (r < 0)
			return r;
		for (size_t k = 0; !w->affected[i] && k < p->n_paths; k++)
			w->affected[i] = strmap_get(names, !real ?
			    p->paths[k] : unmerged(dpkgdb_real(db, p,
			                           p->paths[k])), NULL);
	}
	return 0;
}

/* A file lies elsewhere since its diversion came or went. Where the view of
 * before is missing, or not the recorded one, everything is looked at. */
static int
mark_diverted(struct work *w, struct diag *diag)
{
	struct session *s = w->s;
	struct strmap *names;
	int r;

	if (index_diversions_current(s->index, s->db_fd))
		return 0;
	if (s->before == NULL || s->diverted_since) {
		if (!w->c->full)
			w->c->caught_all = s->index->n_rows == 0 ?
			    "the index" : "diversions";
		w->c->full = true;
		return 0;
	}
	names = strmap_new();
	if (names == NULL)
		return -ENOMEM;
	r = dpkgdb_moved(s->before, s->db, names);
	if (r == 0)
		r = dpkgdb_moved(s->db, s->before, names);
	if (r == 0 && strmap_count(names) > 0)
		r = mark_listing(w, names, false, diag);
	strmap_free(names);
	return r;
}

/* Paths that a nested caller opened, of packages that the plan has not. */
static int
mark_opened_paths(struct work *w, struct diag *diag)
{
	const struct journal_plan *plan = w->c->plan;
	struct strmap *places;
	int r = 0;

	if (plan == NULL || plan->n_paths <= w->c->n_known)
		return 0;
	places = strmap_new();
	if (places == NULL)
		return -ENOMEM;
	for (size_t i = w->c->n_known; r == 0 && i < plan->n_paths; i++)
		if (!plan->paths[i].foreign)
			r = strmap_put(places, unmerged(plan->paths[i].path),
			               1);
	if (r == 0 && strmap_count(places) > 0)
		r = mark_listing(w, places, true, diag);
	strmap_free(places);
	return r;
}

bool
closing_opened(const struct work *w, const struct package *p)
{
	return strmap_get(w->opened, p->key, NULL) ||
	       strmap_get(w->opened, p->name, NULL);
}

/* Recovery has no view of before the run: it can't tell. */
static bool
went_past(const struct work *w, const struct package *p,
          const struct index_row *row)
{
	const struct dpkgdb *before = w->s->before;
	const struct package *was = p;

	if (w->c->only_plan || w->c->full ||
	    (before == NULL && !w->c->by_hand))
		return false;
	if (before != NULL)
		was = dpkgdb_find(before, p->name, p->arch);
	return index_missed(row, was, p, closing_opened(w, p) &&
	                    !w->c->by_hand);
}

int
closing_mark(struct work *w, struct diag *diag)
{
	struct session *s = w->s;
	int r = mark_opened(w);

	w->affected = calloc(s->db->n_packages + 1, sizeof(*w->affected));
	w->failed = calloc(s->db->n_packages + 1, sizeof(*w->failed));
	w->exact = calloc(s->db->n_packages + 1, sizeof(*w->exact));
	w->missed = calloc(s->db->n_packages + 1, sizeof(*w->missed));
	w->item_of = calloc(s->db->n_packages + 1, sizeof(*w->item_of));
	if (r < 0 || w->affected == NULL || w->failed == NULL ||
	    w->exact == NULL || w->missed == NULL || w->item_of == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < s->db->n_packages; i++) {
		struct package *p = &s->db->packages[i];
		const struct index_row *row;

		r = dpkgdb_list_stat(s->db, p);
		if (r < 0)
			return r;
		row = index_find(s->index, p->name, p->arch);
		if (w->c->only_plan)
			w->affected[i] = false;
		else if (row == NULL)
			w->affected[i] = p->state > PKG_CONFIG_FILES;
		else
			w->affected[i] = !index_row_current(row, p);
		w->missed[i] = went_past(w, p, row);
		if (closing_opened(w, p))
			w->affected[i] = true;
	}
	/* A copy of a root has no flags, and its lists may happen to have
	 * their old inode numbers. */
	if (!w->c->full && !w->c->only_plan && state_unguarded(s->state)) {
		w->c->full = true;
		w->c->caught_all = "the flags of the state folder";
	}
	r = mark_diverted(w, diag);
	if (r == 0)
		r = mark_opened_paths(w, diag);
	for (size_t i = 0; w->c->full && i < s->db->n_packages; i++)
		w->affected[i] = true;
	return r;
}
