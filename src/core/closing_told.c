/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* What a run that was cut short, or could not write, may have told nobody of. */
#include "closing_priv.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "history.h"

int
closing_drop(void *ctx, const char *key)
{
	struct work *w = ctx;
	int r = ledger_remove(w->s->state->ledger_fd, key);

	/* A run that was cut short may have removed it, and told nobody. */
	if (r < 0 || w->c->account == NULL || (r == 0 && !w->c->recovering))
		return r < 0 ? r : 0;
	return account_removed(w->c->account, key);
}

/* The history names another ledger. The run may have caught up with a package
 * that another changed past us, or somebody has edited both: it is told. */
static void
tell_other(struct work *w, const struct package *p, const char *named,
           const char *actual)
{
	char path[PATH_MAX];
	const struct finding f = {
		.kind = FINDING_LEDGER, .package = p->key,
		.version = p->version, .path = path, .expected = named,
		.actual = actual
	};

	snprintf(path, sizeof(path), "%s/ledger/%.3000s.mtree", STATE_DIR,
	         p->key);
	w->c->tally.findings++;
	if (w->c->on_finding != NULL)
		w->c->on_finding(w->c->ctx, &f);
}

static int
name_recorded(struct work *w, const struct history_ledgers *h,
              const struct package *p)
{
	const struct ledger *l = session_ledger(w->s, p->key);
	const char *named = history_ledger(h, p->key);
	char actual[2 * DIGEST_MAX + 1];

	if (l == NULL)
		return w->s->unread;
	digest_hex(l->digest, sizeof(l->digest), actual);
	if (named != NULL && strcmp(named, actual) == 0)
		return 0;
	if (named != NULL && strcmp(named, "-") != 0)
		tell_other(w, p, named, actual);
	return account_recorded(w->c->account, p->key, l->digest);
}

static bool
told_now(const struct account *a, const char *key)
{
	for (size_t i = 0; i < a->n_ledgers; i++)
		if (strcmp(a->ledgers[i].key, key) == 0)
			return true;
	return false;
}

/*
 * Packages that the interrupted run has recorded, in the index as well, whose
 * plan did not know them: it may have told nobody. Those that it took away it
 * knew. In any other run those that one before had written, which then could
 * not write the index.
 */
static bool
untold(const struct work *w, size_t i)
{
	const struct package *p = &w->s->db->packages[i];
	const struct seal_item *item = w->item_of[i];
	bool recorded = item != NULL && item->recorded;
	const struct index_row *row;

	if (w->c->recovering ? recorded :
	    !recorded || item->fresh != NULL || w->c->accept)
		return false;
	row = index_find(w->s->index, p->name, p->arch);
	return w->c->recovering ? row != NULL && row->run == w->c->id :
	       (row == NULL || !index_row_current(row, p)) &&
	       !told_now(w->c->account, p->key);
}

int
closing_told(struct work *w)
{
	struct session *s = w->s;
	struct diag broken = { .line = 0 };
	struct history_ledgers *h = NULL;
	int r = 0;

	if (s->state->history_fd < 0 || w->c->account == NULL)
		return 0;
	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++) {
		if (!untold(w, i))
			continue;
		if (h == NULL) {
			r = history_ledgers(s->state->history_fd, &h, &broken);
			if (r < 0)
				return err_passes(r) ? r : 0;
		}
		r = name_recorded(w, h, &s->db->packages[i]);
	}
	history_ledgers_free(h);
	return r;
}
