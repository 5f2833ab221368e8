/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_RUN_H
#define DI_RUN_H

#include <stdbool.h>

#include "child.h"
#include "cmdline.h"
#include "companion.h"
#include "real.h"
#include "session.h"

/*
 * A protected run of the real dpkg (design.md section 4), as a state machine
 * over the journal; recovery (recover.h) is the same path entered later.
 */
struct run_outcome {
	bool started;			/* dpkg ran: child tells how it ended */
	struct child_result child;
	int status;			/* else: our exit status */
	int error;			/* else: why, negative */
	bool executed;			/* else: the program itself was why */
};

/*
 * `c` touches files and its root is adopted. Prints its own troubles on
 * stderr, in dpkg's manner. argv and envp are handed on as they are.
 */
void run_dpkg(const struct cmdline *c, char *const *argv, char *const *envp,
              struct run_outcome *ret);

/*
 * The same around a companion that changes something: dpkg's lock-frontend is
 * not taken, as it takes none. Either may find a live run and then joins it
 * (nested.h): it opens, runs the real program, and closes nothing.
 */
void run_companion(enum real_program program, const struct companion *c,
                   char *const *argv, char *const *envp,
                   struct run_outcome *ret);

/*
 * The same around any command of an admin's, with the files of packages open
 * (--open): what it makes of them is recorded at its end. `packages` are
 * words as target.h has them; config as session_conf; argv is the command's.
 */
struct run_command {
	const char *instdir, *admindir, *config;
	char *const *packages;
	size_t n_packages;
	const char *path;		/* of the program */
};
void run_command(const struct run_command *c, char *const *argv,
                 char *const *envp, struct run_outcome *ret);

#endif
