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

/* What src/core/admin*.c share; for nobody else. */

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
	bool lost;		/* our state is, the flags are not */
	bool undone;		/* it failed, and all is as it was before */
	bool goes_on;		/* there is more to do after act_finish, which
				 * leaves mounts and lock-frontend alone */
	const char *note;	/* for the entry; NULL: none */
};

/* Locks, recovery, records, database, choice. */
int act_begin(struct act *a, struct diag *diag);
/* What a newer version has written would be lost, or not be told of it. */
int act_no_newer(const struct session *s, struct diag *diag);
int act_journal(struct act *a, struct diag *diag);
/* Closes the chosen packages; full: all that is due. */
int act_close(struct act *a, bool full, struct diag *diag);
/* The entry, and the end of the journal; frees what *a has. Returns r. */
int act_finish(struct act *a, int r);

/* Runs fn on every listed file of the chosen packages. */
typedef int act_verdict_fn(struct act *a, struct package *p,
                           const struct verdict *v);
int act_each_verdict(struct act *a, act_verdict_fn *fn, struct diag *diag);
/* Count, in the job's tally, what would be closed or lifted. */
act_verdict_fn act_count_due, act_count_lifts;
/* Every flag that is there before our first one is somebody else's. */
act_verdict_fn act_note_foreign;

#endif
