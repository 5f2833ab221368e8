/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_COMPANION_PRIV_H
#define DI_COMPANION_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "cmdtable.h"
#include "companion.h"

/* What a row of a companion's table does, beside enum cmd_effect. */
enum companion_effect {
	COMPANION_DO_RENAME = CMD_DO_FORMAT + 1,	/* arg: 1 yes, 0 no */
	COMPANION_DO_UPDATE,
	COMPANION_DO_DIVERT,	/* the value must be an absolute path */
	COMPANION_DO_PACKAGE	/* the value must be one line */
};

/* arg of CMD_DO_ACTION in a companion's table. */
enum companion_verb {
	COMPANION_VERB_NONE,
	COMPANION_VERB_ADD,
	COMPANION_VERB_REMOVE,
	COMPANION_VERB_QUERY
};

/* The options of dpkg-divert or dpkg-statoverride. */
const struct cmd_row *companion_rows(enum companion_program program,
                                     size_t *ret_n);

/*
 * True if word, as a companion's first, settles that it touches nothing,
 * whatever follows. Calls nothing, for the shim before its own relocation.
 */
bool companion_query_word(enum companion_program program, const char *word);

/* What a walk over the words of dpkg-reconfigure finds. */
struct companion_reconf {
	bool posix;		/* in: POSIXLY_CORRECT is set */
	char **operands;	/* in: room for argc of them, or NULL */
	int n_operands;
	bool unknown;
};

/* 0 or ERR_REFUSED. */
int companion_reconf_walk(struct companion_reconf *ret, int argc,
                          char *const *argv);

#endif
