/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CLOSING_H
#define DI_CLOSING_H

#include <stdbool.h>

#include "account.h"
#include "finding.h"
#include "journal.h"
#include "seal.h"
#include "session.h"

/*
 * The second half of a run, of recovery and of catching up: protects what the
 * database now says is installed, for every package whose index row differs
 * from now or that the run had open; lifts the flag from what nobody owns any
 * more; records and makes durable. The session's database and due facts must
 * be of after the run.
 */
struct closing {
	uint64_t id;		/* of the run, for the index */
	const struct journal_plan *plan;	/* NULL: none */
	size_t n_known;		/* the first so many of its paths are of its
				 * packages; whose the rest is, is found out */
	bool full;		/* look at every package, whatever its row */
	bool only_plan;		/* the plan's packages and what a diversion moved,
				 * no catching up: dpkg itself may be at work */
	bool moves_only;	/* the run moves files and changes modes, no
				 * content (dpkg-divert, dpkg-statoverride) */
	bool by_hand;		/* no dpkg has run: what no md5sums line knows
				 * must be as recorded */
	bool quick;		/* flags only, no content is read */
	bool recovering;	/* an entry in the history may have been lost */
	bool accept;		/* take over what differs, in packages that the
				 * plan names, and in no others */
	finding_fn *on_finding;
	void *ctx;
	struct account *account;	/* filled; or NULL */
	struct tally tally;	/* filled */
	size_t n_packages;	/* filled: that were looked at */
	int record_error;	/* filled: ledger or index not written */
	size_t n_caught;	/* filled: packages that a run which went past
				 * us changed */
	const char *caught_all;	/* filled: what made us look at every package,
				 * since it changed behind our back; or NULL */
};

/* 0 or the error that kept it from being done; the journal then stays. */
int closing_run(struct session *s, struct closing *c, struct diag *diag);

#endif
