/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CLI_H
#define DI_CLI_H

#include <stdbool.h>

#include "options.h"
#include "report.h"
#include "session.h"
#include "watch.h"

/* Exit statuses of our own actions. */
enum { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_TROUBLE = 2 };
/* Of --open, where it is not the command's, as env(1) has them. */
enum { EXIT_OPEN_TROUBLE = 125, EXIT_NO_EXEC = 126, EXIT_NO_COMMAND = 127 };

/* One call of the engine by its own name. */
struct cli {
	const struct options *o;
	char *const *envp;
	struct report *report;
	struct session *session;	/* NULL until opened */
	struct progress progress;
	struct watch *watch;	/* shows it; NULL: nobody looks */
	bool blind;		/* not root: what is recorded is unknown */
};

/* Parses argv, does what it says, reports; the exit status. */
int cli_main(int argc, char *const *argv, char *const *envp);

/*
 * Says on stderr, and in JSON, what went wrong: *d, or the words of err where
 * d is NULL or empty. EXIT_TROUBLE. Silent about errors of writing the report:
 * they are told once, at the end.
 */
int cli_fail(struct cli *c, int err, const struct diag *d);

/*
 * Opens the session of `root` and `admindir` with its configuration; with
 * `lenient` a bad configuration only warns. 0 or a negative error.
 */
int cli_open(struct cli *c, const char *root, const char *admindir,
             bool lenient, struct diag *diag);

/*
 * What readers need beyond that: records and database. A root that is not
 * adopted is -ENOENT. Whoever is not root goes on without records.
 */
int cli_load(struct cli *c, struct diag *diag);

/* The work is done, what follows are words on it. */
void cli_worked(struct cli *c);

/* Prints findings to the report; ctx is the struct cli. */
void cli_finding(void *ctx, const struct finding *f);

#endif
