/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "lifting.h"

#include <errno.h>
#include <stdlib.h>

#include "hook.h"
#include "orphan.h"
#include "self.h"

static int
lift_packages(struct session *s, const bool *chosen, struct syncset *sync,
              struct tally *tally, struct diag *diag)
{
	struct dpkgdb *db = s->db;
	int r = 0;

	progress_total(s->progress, db->n_packages);
	for (size_t i = 0; r == 0 && i < db->n_packages; i++) {
		struct package *p = &db->packages[i];
		const struct index_row *row;

		progress_step(s->progress);
		if (chosen != NULL ? !chosen[i] : p->state <= PKG_CONFIG_FILES)
			continue;
		/* What has a flag there has it of somebody else. */
		row = chosen != NULL ? NULL :
		    index_find(s->index, p->name, p->arch);
		if (row != NULL && row->off)
			continue;
		r = dpkgdb_load_list(db, p, diag);
		if (r == 0)
			r = unseal_package(s->due, p,
			                   session_ledger(s, p->key),
			                   s->foreign, sync, tally);
		hook_kill("lifting");
	}
	/* it may have listed what only it knows for ours */
	return r == 0 ? session_unread(s, diag) : r;
}

struct left {
	struct session *s;
	struct syncset *sync;
	struct tally *tally;
	struct diag *diag;
};

/* What has a flag there has it of somebody else. */
static bool
is_off(const struct index *x, const char *key)
{
	for (size_t i = 0; i < x->n_rows; i++)
		if (x->rows[i].off && index_row_is(&x->rows[i], key))
			return true;
	return false;
}

/* What a ledger has for ours, and no package lists any more. */
static int
lift_left(void *ctx, const char *key)
{
	struct left *x = ctx;
	const struct ledger *l;
	const char **paths;
	size_t n = 0;
	int r;

	if (is_off(x->s->index, key))
		return 0;
	l = session_ledger(x->s, key);
	if (l == NULL)
		return session_unread(x->s, x->diag);
	paths = calloc(l->n_rows + 1, sizeof(*paths));
	if (paths == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_rows; i++)
		if (l->rows[i].flagged)
			paths[n++] = l->rows[i].path;
	r = orphan_lift(x->s, paths, n, x->sync, x->tally, x->diag);
	free(paths);
	return r;
}

/* The database may not know all of it: what went past us, or a status that is
 * gone. */
static int
lift_recorded(struct session *s, struct syncset *sync, struct tally *tally,
              struct diag *diag)
{
	struct left x = { s, sync, tally, diag };
	int r = s->state == NULL || s->state->ledger_fd < 0 || s->guest_db ?
	        0 : ledger_each(s->state->ledger_fd, lift_left, &x);

	return err_passes(r) ? diag_set(diag, r, STATE_DIR "/ledger", 0, "%s",
	                                err_text(r)) : r;
}

int
lifting_run(struct session *s, const bool *chosen,
            const struct journal_plan *plan, struct tally *tally,
            struct diag *diag)
{
	struct syncset *sync = syncset_new();
	struct tally own = { .opened = 0 };
	int r = sync == NULL ? -ENOMEM : 0, e;

	if (r == 0)
		r = lift_packages(s, chosen, sync, &own, diag);
	if (r == 0 && chosen == NULL && own.failed == 0)
		r = lift_recorded(s, sync, &own, diag);
	if (r == 0 && chosen == NULL)
		self_change(s->root, s->due, 0, sync, &own);
	if (r == 0)
		seal_restore(s->due, plan, false, s->foreign, sync, &own);
	e = sync == NULL ? 0 : syncset_flush(sync);
	syncset_free(sync);
	tally_add(tally, &own);
	if (r == 0 && own.failed > 0)
		return diag_set(diag, own.first_error, own.first_path, 0,
		                "%zu files could not be lifted: %s",
		                own.failed, err_text(own.first_error));
	return r < 0 ? r : e;
}
