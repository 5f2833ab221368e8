/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "closing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "hook.h"
#include "log.h"
#include "orphan.h"
#include "sealall.h"
#include "self.h"
#include "strmap.h"

/* Work in progress; freed at the end whatever happened. */
struct work {
	struct session *s;
	struct closing *c;
	struct syncset *sync;
	struct seal_item *items;	/* settled and affected */
	size_t n_items;
	bool *affected;			/* by index of db->packages */
	bool *failed;			/* the same; not all is protected */
	bool *exact;			/* the same; the ledger is fresh */
	bool *missed;			/* the same; a run went past us */
	struct strmap *opened;		/* keys of the plan's packages */
	int64_t from;			/* when flags began to move */
	struct ledger **gone;		/* ledgers of what is no more */
	size_t n_gone;
	bool durable;			/* the index is, and with it flags */
	const char **candidates;	/* of orphans: borrowed from ledgers */
	size_t n_candidates, cap_candidates;
};

/* Inode times come from the coarse clock, which may lag by a tick. */
static int64_t
clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

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

static bool
was_opened(const struct work *w, const struct package *p)
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
	return index_missed(row, was, p, was_opened(w, p) &&
	                    !w->c->by_hand);
}

static int
mark_packages(struct work *w, struct diag *diag)
{
	struct session *s = w->s;
	int r = mark_opened(w);

	w->affected = calloc(s->db->n_packages + 1, sizeof(*w->affected));
	w->failed = calloc(s->db->n_packages + 1, sizeof(*w->failed));
	w->exact = calloc(s->db->n_packages + 1, sizeof(*w->exact));
	w->missed = calloc(s->db->n_packages + 1, sizeof(*w->missed));
	if (r < 0 || w->affected == NULL || w->failed == NULL ||
	    w->exact == NULL || w->missed == NULL)
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
		if (was_opened(w, p))
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

static int
add_candidate(struct work *w, const char *path)
{
	if (w->n_candidates == w->cap_candidates) {
		size_t cap = w->cap_candidates == 0 ? 64 :
		             w->cap_candidates * 2;
		void *more = realloc(w->candidates,
		                     cap * sizeof(*w->candidates));

		if (more == NULL)
			return -ENOMEM;
		w->candidates = more;
		w->cap_candidates = cap;
	}
	w->candidates[w->n_candidates++] = path;
	return 0;
}

/* A package is no more: its recorded files are candidates, its ledger goes. */
static int
add_gone(void *ctx, const char *key)
{
	struct work *w = ctx;
	int fd = w->s->state->ledger_fd, r;
	struct ledger *l;
	void *more;

	r = ledger_load(fd, key, &l, NULL);
	if (r == -ENOMEM)
		return r;
	if (r == ERR_VERSION)
		w->s->newer = true;
	if (r < 0)
		return 0;
	more = realloc(w->gone, (w->n_gone + 1) * sizeof(*w->gone));
	if (more == NULL) {
		ledger_free(l);
		return -ENOMEM;
	}
	w->gone = more;
	w->gone[w->n_gone++] = l;
	for (size_t i = 0; i < l->n_rows; i++) {
		r = add_candidate(w, l->rows[i].path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
drop_ledger(void *ctx, const char *key)
{
	struct work *w = ctx;

	return ledger_remove(w->s->state->ledger_fd, key);
}

/* Unsettled packages are left open on purpose (dpkg-facts 5.3); an
 * interrupted --unprotect is finished. */
static int
open_package(struct work *w, struct package *p, struct diag *diag)
{
	int r = dpkgdb_load_list(w->s->db, p, diag);

	return r < 0 ? r : unseal_package(w->s->due, p,
	                                  session_ledger(w->s, p->key),
	                                  w->s->foreign, w->sync,
	                                  &w->c->tally);
}

/* Another version than the one that was recorded: dpkg has run. */
static bool
moved_on(const struct index_row *row, const struct package *p)
{
	return row != NULL && strcmp(row->version, p->version) != 0;
}

static int
sort_out(struct work *w, struct diag *diag)
{
	struct dpkgdb *db = w->s->db;

	w->items = calloc(db->n_packages + 1, sizeof(*w->items));
	if (w->items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < db->n_packages; i++) {
		struct package *p = &db->packages[i];
		const struct index_row *row;
		int r = 0;

		if (!w->affected[i])
			continue;
		row = index_find(w->s->index, p->name, p->arch);
		if (row != NULL && row->off)
			r = strmap_get(w->opened, p->key, NULL) ?
			    open_package(w, p, diag) : 0;
		else if (package_settled(p))
			w->items[w->n_items++] = (struct seal_item){
				.package = p, .row = row,
				.in_run = moved_on(row, p) ||
				    (!w->c->by_hand && !w->c->moves_only &&
				     was_opened(w, p)),
				.accept = w->c->accept &&
				    (w->c->plan == NULL || was_opened(w, p))
			};
		else if (package_unsettled(p))
			r = open_package(w, p, diag);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What a package's ledger had and has no more. */
static int
dropped_rows(struct work *w)
{
	for (size_t i = 0; i < w->n_items; i++) {
		const struct seal_item *it = &w->items[i];

		if (it->old == NULL || it->fresh == NULL)
			continue;
		for (size_t k = 0; k < it->old->n_rows; k++) {
			const char *path = it->old->rows[k].path;

			if (ledger_find(it->fresh, path) == NULL &&
			    add_candidate(w, path) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int
add_row(struct work *w, struct index *x, size_t i)
{
	const struct package *p = &w->s->db->packages[i];
	const struct index_row *old = index_find(w->s->index, p->name,
	                                         p->arch);
	struct index_row row = {
		.name = p->name, .arch = p->arch, .version = p->version,
		.state = p->state, .reinstreq = p->reinstreq,
		.list_ino = p->list_ino, .list_size = p->list_size,
		.list_mtime = p->list_mtime, .run = w->c->id
	};

	if (!w->affected[i] && (old != NULL || w->c->only_plan))
		return old != NULL ? index_add(x, old) : 0;
	if (old != NULL) {
		row.off = old->off;
		row.set_from = old->set_from;
		row.set_to = old->set_to;
	}
	/* A ledger written just now knows the times themselves. */
	if (w->affected[i] && !row.off) {
		row.set_from = w->exact[i] ? 0 : w->from;
		row.set_to = w->exact[i] ? 0 : clock_ns(CLOCK_REALTIME);
	}
	/* A row that never is current: the next run tries again. */
	if (w->failed[i])
		row.list_ino = 0;
	return p->state == PKG_NOT_INSTALLED ? 0 : index_add(x, &row);
}

/* Rows of packages that are no more are for the run that catches up. */
static int
add_gone_rows(struct work *w, struct index *x)
{
	const struct index_row *row = w->s->index->rows;
	size_t n = w->c->only_plan ? w->s->index->n_rows : 0;
	int r = 0;

	for (; r == 0 && n > 0; row++, n--)
		if (dpkgdb_find(w->s->db, row->name, row->arch) == NULL)
			r = index_add(x, row);
	return r;
}

static int
store_index(struct work *w)
{
	struct session *s = w->s;
	struct index *x = index_new();
	struct stat st;
	int r = x == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++)
		r = add_row(w, x, i);
	if (r == 0)
		r = add_gone_rows(w, x);
	if (r == 0) {
		index_seal(x);
		if (fstatat(s->db_fd, "diversions", &st,
		            AT_SYMLINK_NOFOLLOW) == 0) {
			x->diversions_ino = st.st_ino;
			x->diversions_size = (uint64_t)st.st_size;
			x->diversions_mtime = (int64_t)st.st_mtim.tv_sec *
			                      1000000000 + st.st_mtim.tv_nsec;
		}
		r = index_store(s->state->ledger_fd, x);
		w->durable = r == 0;
	}
	if (r < 0) {
		index_free(x);
		return r;
	}
	index_free(s->index);
	s->index = x;
	return 0;
}

/* What is a newer program's, or of one that has taken our place, is not ours
 * to write over: by the index it finds what happened. */
static int
store(struct work *w)
{
	struct session *s = w->s;
	int r;

	if (s->newer)
		return ERR_VERSION;
	if (session_replaced(s))
		return 0;
	if (s->state->ledger_fd < 0)
		return -ENOENT;
	r = seal_store(s, w->items, w->n_items);
	hook_time("ledgers written");
	if (r == 0 && !w->c->only_plan)
		r = orphan_keys(s, w->affected, drop_ledger, w);
	if (r == 0 && s->records_lost)
		r = foreign_store(s->state->ledger_fd, s->foreign);
	return r == 0 ? store_index(w) : r;
}

/* How many packages went in runs that went past us. */
static size_t
gone_before(const struct session *s)
{
	const struct dpkgdb *db = s->before != NULL ? s->before : s->db;
	size_t n = 0;

	for (size_t i = 0; i < s->index->n_rows; i++) {
		const struct index_row *row = &s->index->rows[i];

		n += dpkgdb_find(db, row->name, row->arch) == NULL &&
		     dpkgdb_find(s->db, row->name, row->arch) == NULL;
	}
	return n;
}

static int
close_all(struct work *w, struct diag *diag)
{
	struct session *s = w->s;
	struct closing *c = w->c;
	struct seal_job job = {
		.foreign = s->foreign, .hash = !c->quick && !s->newer,
		.lazy = c->by_hand,
		.on_finding = c->on_finding, .ctx = c->ctx
	};
	int r = mark_packages(w, diag);

	if (r == 0)
		r = sort_out(w, diag);
	hook_time("packages compared");
	if (r == 0)
		r = seal_all(s, w->items, w->n_items, &job, w->sync,
		             &c->tally, diag);
	hook_time("flagged and hashed");
	for (size_t i = 0; i < w->n_items; i++) {
		size_t at = (size_t)(w->items[i].package - s->db->packages);

		s->newer |= w->items[i].newer;
		w->failed[at] = w->items[i].failed;
		w->exact[at] = w->items[i].fresh != NULL;
	}
	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++)
		c->n_caught += w->missed[i] && !w->failed[i];
	if (r == 0 && !c->only_plan && (s->before != NULL || c->by_hand))
		c->n_caught += gone_before(s);
	if (r == 0)
		r = dropped_rows(w);
	if (r == 0 && s->state->ledger_fd >= 0 && !c->only_plan)
		r = orphan_keys(s, w->affected, add_gone, w);
	if (r == 0)
		r = orphan_lift(s, w->candidates, w->n_candidates, w->sync,
		                &c->tally, diag);
	hook_time("orphans cleared");
	c->n_packages = w->n_items;
	return r;
}

/* Where the index lies, which is synced in any case; none if it won't be. */
static uint64_t
ledger_dev(const struct session *s)
{
	struct stat st;

	if (s->guest_db || s->state == NULL || s->state->ledger_fd < 0 ||
	    fstat(s->state->ledger_fd, &st) < 0)
		return UINT64_MAX;
	return st.st_dev;
}

int
closing_run(struct session *s, struct closing *c, struct diag *diag)
{
	struct work w = {
		.s = s, .c = c, .sync = syncset_new(),
		.from = clock_ns(CLOCK_REALTIME_COARSE)
	};
	int r = w.sync == NULL ? -ENOMEM : 0, flushed;

	if (r == 0 && !s->guest_db)
		r = close_all(&w, diag);
	if (r == 0 && !s->guest_db)
		self_change(s->root, s->due, IFLAG_IMMUTABLE, w.sync,
		            &c->tally);
	if (w.sync != NULL) {
		seal_restore(s->due, c->plan, s->guest_db, s->foreign, w.sync,
		             &c->tally);
		flushed = syncset_flush_but(w.sync, ledger_dev(s));
		if (r == 0)
			r = flushed;
	}
	hook("sealed");
	if (r == 0 && !s->guest_db) {
		if (state_unguarded(s->state))
			state_adopt(s->state);	/* only its flags */
		c->record_error = store(&w);
		hook_time("index written");
		session_forget_ledgers(s);
	}
	if (w.sync != NULL && !w.durable) {
		flushed = syncset_flush(w.sync);
		if (r == 0)
			r = flushed;
	}
	for (size_t i = 0; i < w.n_gone; i++)
		ledger_free(w.gone[i]);
	free(w.gone);
	free(w.candidates);
	seal_items_free(w.items, w.n_items);
	free(w.affected);
	free(w.failed);
	free(w.exact);
	free(w.missed);
	strmap_free(w.opened);
	syncset_free(w.sync);
	return r;
}
