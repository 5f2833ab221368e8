/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_RUN_PRIV_H
#define DI_RUN_PRIV_H

#include <signal.h>

#include "closing.h"
#include "found.h"
#include "guard.h"
#include "nested.h"
#include "opening.h"
#include "prepare.h"
#include "run.h"

/* What run.c and run_close.c share; for nobody else. */

/*
 * One run on its way. The steps come in the order of design.md section 4;
 * each is a function below, and run_dpkg reads as their list.
 */
struct run {
	const struct cmdline *c;		/* one of the three */
	const struct companion *companion;
	const struct run_command *command;
	const char *name;	/* of the real program, as people know it */
	const char *real;	/* its path; NULL: there is none */
	const char *action;
	const char *instdir, *admindir;
	char *const *argv;
	char *const *envp;
	uint64_t id;
	struct session *s;
	struct guard guard;
	struct nested nested;		/* journal NULL: we are the outermost */
	int visitors_fd;		/* keeps others from joining */
	struct journal *journal;	/* NULL: there is no place for one */
	bool unkept;		/* recovery has ended a --release */
	bool released;		/* by a program within the run */
	bool refused;		/* by check-before */
	int record_error;	/* the first of closing's */
	bool replaced;		/* our own program; its successor records */
	struct prepared prepared;
	struct opening opening;
	struct tally tally;
	struct found found;
	struct account account;
	struct diag diag;
	struct child_result child;
	sigset_t mask;		/* that we were started with */
	struct run_outcome outcome;
};

/* The steps of run_close.c: close all that was opened, by whomever; tell the
 * history, with dpkg's status or ours. */
int run_settle(struct run *r);
void run_record(struct run *r, int closed);
void run_entry(struct run *r, int exit_status, const char *note);
/* A finding_fn whose ctx is the run. */
void run_finding(void *ctx, const struct finding *f);

#endif
