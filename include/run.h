/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_RUN_H
#define DI_RUN_H

#include <stdbool.h>

#include "child.h"
#include "cmdline.h"
#include "session.h"

/*
 * A protected run of the real dpkg (design.md section 4), as a state machine
 * over the journal; recovery is the same path entered later.
 */
struct run_outcome {
	bool started;			/* dpkg ran: child tells how it ended */
	struct child_result child;
	int status;			/* else: our exit status */
};

/*
 * `c` touches files and its root is adopted. Prints its own troubles on
 * stderr, in dpkg's manner. argv and envp are handed on as they are.
 */
void run_dpkg(const struct cmdline *c, char *const *argv, char *const *envp,
              struct run_outcome *ret);

/*
 * Closes what an interrupted run left open. The session holds our lock, has
 * configuration and records. *ret_did: there was something. ERR_BUSY: dpkg
 * itself still lives (*diag says so); the journal stays.
 */
int run_recover(struct session *s, bool *ret_did, struct diag *diag);

#endif
