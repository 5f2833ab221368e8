/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CMDWORDS_H
#define DI_CMDWORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "cmdtable.h"
#include "err.h"

/*
 * The way in which dpkg and its companions in C read the words of a command
 * line: exact long names, bundled letters, no reordering. What the words
 * mean is in the caller's table.
 */
struct cmd_words {
	const struct cmd_row *rows;
	size_t n_rows;
	/* Anything but 0 ends the walk; value is NULL for CMD_PLAIN. */
	int (*apply)(void *ctx, const struct cmd_row *row, const char *value);
	void *ctx;
	bool greedy;		/* read what we do not know as taking a value */
	bool unknown;		/* out: there was something we do not know */
	int operands;		/* out: index of the first operand */
};

/* 0, ERR_REFUSED where the program ends with a message, or of apply. */
int cmdwords_walk(struct cmd_words *w, int argc, char *const *argv);

#endif
