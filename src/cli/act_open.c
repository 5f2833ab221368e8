/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <limits.h>

#include "act.h"
#include "child.h"
#include "env.h"
#include "log.h"
#include "run.h"
#include "which.h"

/* As env(1): 127 where there is none, 126 where it can't be run. */
static int
status_of(int err)
{
	return err == -ENOENT ? EXIT_NO_COMMAND : EXIT_NO_EXEC;
}

/*
 * The command is looked for before anything is opened, so that a mistyped
 * word opens nothing.
 */
int
act_open(struct cli *c)
{
	const struct options *o = c->o;
	char *const *argv = o->operands + o->n_before;
	char program[PATH_MAX];
	const struct run_command command = {
		.instdir = o->root, .admindir = o->admindir,
		.config = o->config, .packages = o->operands,
		.n_packages = o->n_before, .path = program
	};
	struct run_outcome outcome;
	int r = which_program(argv[0], env_get(c->envp, "PATH"), program,
	                      sizeof(program));

	if (r < 0) {
		log_error("%s: %s", argv[0], err_text(r));
		return status_of(r);
	}
	run_command(&command, argv, c->envp, &outcome);
	if (outcome.started)
		child_exit_like(&outcome.child);
	return outcome.executed ? status_of(outcome.error) : EXIT_OPEN_TROUBLE;
}
