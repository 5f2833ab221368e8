/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "closing_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "hook.h"
#include "log.h"
#include "orphan.h"
#include "self.h"

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
	if (err_passes(r))
		w->s->unread = r;
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
	for (size_t i = 0; r == 0 && i < l->n_rows; i++)
		if (l->rows[i].flagged)
			r = add_candidate(w, l->rows[i].path);
	return r;
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
				     closing_opened(w, p)),
				.closed = w->c->by_hand && !w->c->full &&
				    !w->c->recovering &&
				    w->c->plan != NULL &&
				    w->c->plan->n_paths == 0 &&
				    row != NULL && !row->was_off &&
				    index_row_current(row, p),
				.accept = w->c->accept &&
				    (w->c->plan == NULL || closing_opened(w, p))
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
			const struct ledger_row *row = &it->old->rows[k];

			if (row->flagged &&
			    ledger_find(it->fresh, row->path) == NULL &&
			    add_candidate(w, row->path) < 0)
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
		row.bytes = old->bytes;
	}
	if (w->item_of[i] != NULL)
		row.bytes = w->item_of[i]->bytes;
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
 * to write over: by the index it finds what happened. What was recorded and
 * could not be read for the moment is none of what is lost. */
static int
store(struct work *w)
{
	struct session *s = w->s;
	int r, told = 0;

	if (s->newer)
		return ERR_VERSION;
	if (s->unread < 0)
		return s->unread;
	if (session_replaced(s))
		return 0;
	if (s->state->ledger_fd < 0)
		return -ENOENT;
	r = seal_store(s, w->items, w->n_items);
	/* those that were, even if others could not be */
	if (w->c->account != NULL)
		told = account_ledgers(w->c->account, w->items, w->n_items,
		                       w->c->recovering || w->c->accept);
	if (r == 0)
		r = told;
	hook_time("ledgers written");
	if (r == 0 && !w->c->only_plan)
		r = orphan_keys(s, w->affected, w->c->plan, closing_drop, w);
	if (r == 0)
		r = closing_told(w);
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

/*
 * What a companion had open: what it has made of mode and owner is right. It
 * may have joined another's run, whose packages are not this file's: what the
 * run itself opened is of packages that count as run over (seal_record.c).
 */
static int
note_moved(struct work *w)
{
	const struct journal_plan *plan = w->c->plan;
	int r = 0;

	if (plan == NULL)
		return 0;
	w->moved = strmap_new();
	if (w->moved == NULL)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < plan->n_paths; i++)
		r = strmap_put(w->moved, plan->paths[i].path, 1);
	return r;
}

static int
close_all(struct work *w, struct diag *diag)
{
	struct session *s = w->s;
	struct closing *c = w->c;
	struct overrides *overrides = NULL;
	struct seal_job job = {
		.foreign = s->foreign, .spoiled = s->spoiled,
		.hash = !c->quick && !s->newer,
		.lazy = c->by_hand,
		.on_finding = c->on_finding, .ctx = c->ctx
	};
	int r = closing_mark(w, diag);

	if (r == 0)
		r = sort_out(w, diag);
	if (r == 0)
		r = note_moved(w);
	job.moved = w->moved;
	if (r == 0 && c->account != NULL)
		r = account_changes(c->account);
	if (r == 0 && overrides_new(s->db, root_fd(s->root), &overrides,
	                            NULL) == -ENOMEM)
		r = -ENOMEM;
	job.overrides = overrides;
	hook_time("packages compared");
	if (r == 0)
		r = seal_all(s, w->items, w->n_items, &job, w->sync,
		             &c->tally, diag);
	overrides_free(overrides);
	hook_time("flagged and hashed");
	for (size_t i = 0; i < w->n_items; i++) {
		size_t at = (size_t)(w->items[i].package - s->db->packages);

		s->newer |= w->items[i].newer;
		if (w->items[i].unread < 0)
			s->unread = w->items[i].unread;
		w->item_of[at] = &w->items[i];
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
		r = orphan_keys(s, w->affected, c->plan, add_gone, w);
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
	/* Nothing but the journal says then what is open. */
	if (r == 0 && c->record_error < 0 && c->tally.failed > 0)
		r = diag_set(diag, c->tally.first_error, c->tally.first_path,
		             0, "%zu files could not be protected: %s",
		             c->tally.failed, err_text(c->tally.first_error));
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
	free(w.item_of);
	free(w.missed);
	strmap_free(w.opened);
	strmap_free(w.moved);
	syncset_free(w.sync);
	return r;
}
