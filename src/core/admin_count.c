/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "admin_priv.h"

#include <sys/stat.h>

#include "foreign.h"
#include "ledger.h"
#include "self.h"

int
act_each_verdict(struct act *a, act_verdict_fn *fn, struct diag *diag)
{
	struct dpkgdb *db = a->s->db;

	for (size_t i = 0; i < db->n_packages; i++) {
		struct package *p = &db->packages[i];
		int r;

		if (!a->chosen[i])
			continue;
		r = dpkgdb_load_list(db, p, diag);
		for (size_t k = 0; r == 0 && k < p->n_paths; k++) {
			struct verdict v;

			due_judge(a->s->due, p, p->paths[k], &v);
			r = fn(a, p, &v);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int
act_count_due(struct act *a, struct package *p, const struct verdict *v)
{
	(void)p;
	if (v->kind == DUE_YES && !(v->flags & IFLAG_IMMUTABLE))
		a->job->tally.closed++;
	return 0;
}

int
act_count_lifts(struct act *a, struct package *p, const struct verdict *v)
{
	(void)p;
	if (v->have_node && (v->flags & IFLAG_IMMUTABLE) &&
	    v->kind != DUE_EXEMPT &&
	    !(foreign_get(a->s->foreign, v->path) & IFLAG_IMMUTABLE))
		a->job->tally.cleared++;
	return 0;
}

int
act_note_foreign(struct act *a, struct package *p, const struct verdict *v)
{
	unsigned int flags = v->flags & (IFLAG_IMMUTABLE | IFLAG_APPEND);

	if (!v->have_node || !S_ISREG(v->node.mode) || flags == 0 ||
	    self_is(v->path))
		return 0;
	/* our state was lost: it was we who set them */
	if (a->lost && flags == IFLAG_IMMUTABLE && v->kind == DUE_YES)
		return 0;
	/* the marker was lost, not released: what we recorded is ours */
	if (!state_was_released(a->s->state) && flags == IFLAG_IMMUTABLE) {
		const struct ledger *l = session_ledger(a->s, p->key);

		if (l != NULL && ledger_find(l, v->path) != NULL)
			return 0;
	}
	return foreign_set(a->s->foreign, v->path, flags);
}
