/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CMDTABLE_H
#define DI_CMDTABLE_H

#include <stddef.h>

/*
 * The one table of dpkg's options and actions, used for the command line and
 * for the configuration files alike.
 */
enum cmd_kind {
	CMD_PLAIN,		/* takes no value */
	CMD_VALUE,		/* --name=value or --name value */
	CMD_DASH		/* --name-value or --name value */
};

enum cmd_effect {
	CMD_DO_NOTHING,		/* known, and of no concern to us */
	CMD_DO_ACTION,		/* arg: enum cmd_action */
	CMD_DO_NO_ACT,
	CMD_DO_PENDING,
	CMD_DO_RECURSIVE,
	CMD_DO_TRIGGERS,	/* arg: 1 on, 0 off */
	CMD_DO_DECONFIGURE,
	CMD_DO_ROOT,
	CMD_DO_INSTDIR,
	CMD_DO_ADMINDIR,
	CMD_DO_FORCE,		/* arg: 1 force, 0 refuse */
	CMD_DO_INTEGER,		/* the value must be a number */
	CMD_DO_DEBUG,		/* the value must be octal, or begins with h */
	CMD_DO_IGNORE_DEPENDS,	/* the value must hold no empty name */
	CMD_DO_FORMAT		/* the value must be "rpm" */
};

/* No pointers: the shim looks rows up before its own relocation. */
struct cmd_row {
	char name[28];		/* "": has a letter only */
	char letter;		/* 0: has a name only */
	unsigned char kind;	/* enum cmd_kind */
	unsigned char effect;	/* enum cmd_effect */
	unsigned char arg;
};

/*
 * The row of the word behind "--". *ret_value is the part behind = or -, or
 * NULL where the word holds none. NULL: no such row, *ret_value is untouched.
 * This one and cmdtable_letter call nothing, not even the C library.
 */
const struct cmd_row *cmdtable_word(const char *word, const char **ret_value);

/* The same in another program's table; they call nothing either. */
const struct cmd_row *cmdtable_find_word(const struct cmd_row *table, size_t n,
                                         const char *word,
                                         const char **ret_value);
const struct cmd_row *cmdtable_find_letter(const struct cmd_row *table,
                                           size_t n, char letter);

/*
 * The row of an option name from a configuration file, whose value, if any,
 * stands apart; *io_value is set where the name itself holds one (force-x).
 */
const struct cmd_row *cmdtable_name(const char *name, const char **io_value);

/* The row of a letter, NULL: none. */
const struct cmd_row *cmdtable_letter(char letter);

/* All rows. */
const struct cmd_row *cmdtable_rows(size_t *ret_n);

/* The n-th row, NULL past the end: for tests that compare with dpkg's. */
const struct cmd_row *cmdtable_row(size_t n);

/* What --force can say. A bit only for what concerns us, else 0. */
enum {
	FORCE_BIT_OVERWRITE = 1,
	FORCE_BIT_CONFIGURE_ANY = 2,
	FORCE_BIT_CHROOTLESS = 4,
	FORCE_BIT_OVERWRITE_DIR = 8,
	FORCE_BIT_ALL = 15
};

/* Bits of a force word of n bytes, -1 where dpkg has no such word. */
int cmdtable_force(const char *word, size_t n);

#endif
