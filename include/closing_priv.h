/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CLOSING_PRIV_H
#define DI_CLOSING_PRIV_H

#include "closing.h"
#include "sealall.h"
#include "strmap.h"

/* What closing.c, closing_mark.c and closing_told.c share; for nobody else. */

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
	const struct seal_item **item_of;	/* the same; NULL: none */
	bool *missed;			/* the same; a run went past us */
	struct strmap *opened;		/* keys of the plan's packages */
	struct strmap *moved;		/* real paths of seal_job; or NULL */
	int64_t from;			/* when flags began to move */
	struct ledger **gone;		/* ledgers of what is no more */
	size_t n_gone;
	bool durable;			/* the index is, and with it flags */
	const char **candidates;	/* of orphans: borrowed from ledgers */
	size_t n_candidates, cap_candidates;
};

/*
 * Finds out which packages have to be looked at: fills opened, affected and
 * missed, and makes room for what else is kept by package.
 */
int closing_mark(struct work *w, struct diag *diag);
/* Removes the ledger of KEY, a package that is no more, and accounts for it;
 * ctx: struct work. */
int closing_drop(void *ctx, const char *key);
/*
 * Once ledgers are written: accounts for those that a run before (in recovery:
 * the interrupted one) wrote and that no entry of the history may name. Needs
 * the index as it was found.
 */
int closing_told(struct work *w);
/* Whether the run's plan opened the package. */
bool closing_opened(const struct work *w, const struct package *p);

#endif
