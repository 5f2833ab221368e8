/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <inttypes.h>

#include "admin_priv.h"
#include "clock.h"
#include "history.h"
#include "hook.h"
#include "lifting.h"
#include "log.h"
#include "records.h"

/* Packages on and off: --protect and --unprotect. */

static int
add_off(struct index *x, const struct package *p)
{
	const struct index_row row = {
		.name = p->name, .arch = p->arch, .version = p->version,
		.state = p->state, .off = true
	};

	return index_add(x, &row);
}

/* Marks the chosen rows; how many of them that changed, or -ENOMEM. */
static int
set_off(struct act *a, bool off, int64_t from, int64_t to)
{
	struct session *s = a->s;
	struct dpkgdb *db = s->db;
	int changed = 0;

	for (size_t i = 0; i < db->n_packages; i++) {
		const struct package *p = &db->packages[i];
		struct index_row *row;

		if (!a->chosen[i])
			continue;
		row = index_find(s->index, p->name, p->arch);
		if (row == NULL && off) {
			/* of a run that we missed; it is looked at later */
			if (add_off(s->index, p) < 0)
				return -ENOMEM;
			changed++;
			continue;
		}
		if (row == NULL)
			continue;
		changed += row->off != off;
		row->was_off = row->off;
		row->off = off;
		if (from != 0) {
			row->set_from = from;
			row->set_to = to;
		}
	}
	index_seal(s->index);
	return changed;
}

static int
accept_one(void *ctx, const char *key)
{
	struct act *a = ctx;

	return account_removed(&a->account, key);
}

/* Packages that the history knows and dpkg does not: of a run whose entry was
 * lost, or removed by somebody else. */
static int
accept_gone(struct act *a)
{
	struct diag ignored = { .line = 0 };
	struct history_ledgers *chain;
	int r = history_ledgers(a->s->state->history_fd, &chain, &ignored);

	if (r >= 0) {
		r = records_gone(a->s->db, chain, accept_one, a);
		history_ledgers_free(chain);
	}
	/* too broken to be read: it is put aside */
	return r == ERR_LIMIT || r == ERR_FORMAT ? 0 : r;
}

/* To accept all that is there is to accept that its history is lost. */
static int
accept_history(struct act *a, struct diag *diag)
{
	int r;

	if (!a->job->accept || !a->job->all || a->s->state->history_fd < 0)
		return 0;
	r = accept_gone(a);
	if (r < 0)
		return diag_set(diag, r, STATE_DIR "/history/log", 0,
		                "cannot be read: %s", err_text(r));
	r = history_set_aside(a->s->state->history_fd, a->t.id);
	if (r < 0)
		return diag_set(diag, r, STATE_DIR "/history/log", 0,
		                "cannot be put aside: %s", err_text(r));
	if (r > 0) {
		a->note = "the history before this was broken: history/log.TXN";
		log_warn("%s/history/log is broken: kept as log.%016" PRIx64
		         ", a new one begins", STATE_DIR, a->t.id);
	}
	return 0;
}

int
admin_protect(struct session *s, struct admin_job *job, struct diag *diag)
{
	struct act a = {
		.s = s, .job = job, .name = "protect",
		.guard = { .frontend_fd = -1 }, .nested = { .hold_fd = -1 }
	};
	int r = act_begin(&a, diag);

	if (r == 0 && job->no_act)
		return act_finish(&a, act_each_verdict(&a, act_count_due, diag));
	if (r == 0)
		r = act_journal(&a, diag);
	/* told first, so that recovery goes on to protect them */
	if (r == 0 && set_off(&a, false, 0, 0) > 0)
		r = index_store(s->state->ledger_fd, s->index);
	if (r == 0)
		r = act_close(&a, false, diag);
	if (r == 0)
		r = accept_history(&a, diag);
	return act_finish(&a, r);
}

/*
 * What can't be lifted stays protected: marked as off it would be lifted by
 * the next run, for somebody who may not.
 */
static int
lift_chosen(struct act *a, struct diag *diag)
{
	struct session *s = a->s;
	struct dpkgdb *db = s->db;
	struct diag again = { .line = 0 };
	int r = lifting_run(s, a->chosen, NULL, &a->job->tally, diag);

	if (r == 0)
		return 0;
	for (size_t i = 0; i < db->n_packages; i++) {
		const struct package *p = &db->packages[i];
		struct index_row *row = !a->chosen[i] ? NULL :
		    index_find(s->index, p->name, p->arch);

		if (row == NULL)
			continue;
		row->off = row->was_off;
		row->was_off = true;	/* it was we who lifted: no news */
	}
	(void)index_store(s->state->ledger_fd, s->index);
	a->undone = act_close(a, false, &again) == 0;
	return r;
}

int
admin_unprotect(struct session *s, struct admin_job *job, struct diag *diag)
{
	struct act a = {
		.s = s, .job = job, .name = "unprotect",
		.guard = { .frontend_fd = -1 }, .nested = { .hold_fd = -1 }
	};
	int64_t from = clock_ns(CLOCK_REALTIME_COARSE);
	int r = act_begin(&a, diag);

	if (r == 0)
		r = act_no_newer(s, diag);
	if (r == 0 && job->no_act)
		return act_finish(&a, act_each_verdict(&a, act_count_lifts, diag));
	/* Else recovery would lift, with the right that we don't have. */
	if (r == 0)
		r = guard_may_flag(s, diag);
	if (r == 0)
		r = act_journal(&a, diag);
	if (r == 0 && set_off(&a, true, 0, 0) > 0)
		r = index_store(s->state->ledger_fd, s->index);
	hook("marked");
	if (r == 0)
		r = lift_chosen(&a, diag);
	hook("lifted");
	if (r == 0) {
		set_off(&a, true, from, clock_ns(CLOCK_REALTIME));
		r = index_store(s->state->ledger_fd, s->index);
	}
	return act_finish(&a, r);
}
