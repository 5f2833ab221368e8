/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ADMIN_H
#define DI_ADMIN_H

#include <stdbool.h>
#include <stddef.h>

#include "finding.h"
#include "seal.h"
#include "session.h"

/*
 * What an admin asks for by hand. Each takes our lock and dpkg's
 * lock-frontend by itself (ERR_BUSY with *diag), finishes an unfinished run
 * first, writes a history entry and a log line. Adopt and release may be called
 * within a live run (or below a plain dpkg, from a maintainer script): they tell
 * its journal, and at its end it protects all, or nothing. The session has been opened,
 * with configuration (and records and database, but for adopt on a root that
 * is not adopted); everything else is done here.
 */
struct admin_job {
	char *const *packages;	/* NAME[:ARCH] or fnmatch globs of either */
	size_t n_packages;
	bool all;
	bool accept;		/* take the present state over */
	bool no_act;
	bool quick;		/* adopt, protect: flags only, no digests */
	finding_fn *on_finding;
	void *ctx;
	struct tally tally;	/* filled; no_act: what would be done */
	bool deferred;		/* filled: the run that is on will do it */
	size_t n_matched;	/* filled: packages */
};

/* 0, or a negative error with *diag. Findings only count in the tally. */
int admin_adopt(struct session *s, struct admin_job *job, struct diag *diag);
int admin_release(struct session *s, struct admin_job *job, bool forget,
                  struct diag *diag);
int admin_protect(struct session *s, struct admin_job *job,
                  struct diag *diag);
int admin_unprotect(struct session *s, struct admin_job *job,
                    struct diag *diag);
/* *ret_did: there was an unfinished run. */
int admin_recover(struct session *s, struct admin_job *job, bool *ret_did,
                  struct diag *diag);

#endif
