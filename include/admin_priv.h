/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ADMIN_PRIV_H
#define DI_ADMIN_PRIV_H

#include "admin.h"
#include "closing.h"
#include "found.h"
#include "guard.h"
#include "nested.h"
#include "transaction.h"

/* What admin.c and admin_count.c share; for nobody else. */

/* What every action here begins and ends with. */
struct act {
	struct session *s;
	struct admin_job *job;
	const char *name;
	struct guard guard;
	bool joins;		/* may act within a live run */
	struct nested nested;	/* journal NULL: it does not */
	struct journal *journal;
	struct transaction t;
	struct found found;
	struct account account;
	char **keys;		/* of the packages that were named */
	bool *chosen;		/* by index of db->packages */
	bool recovered;
	const char *note;	/* for the entry; NULL: none */
};

/* Runs fn on every listed file of the chosen packages. */
typedef int act_verdict_fn(struct act *a, struct package *p,
                           const struct verdict *v);
int act_each_verdict(struct act *a, act_verdict_fn *fn, struct diag *diag);
/* Count, in the job's tally, what would be closed or lifted. */
act_verdict_fn act_count_due, act_count_lifts;
/* Every flag that is there before our first one is somebody else's. */
act_verdict_fn act_note_foreign;

#endif
