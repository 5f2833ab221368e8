/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "bare.h"
#include "companion_priv.h"

#define ACTION(name, letter, verb) \
	{ name, letter, CMD_PLAIN, CMD_DO_ACTION, verb }
#define PLAIN(name, effect, arg) { name, 0, CMD_PLAIN, effect, arg }
#define VALUE(name, effect) { name, 0, CMD_VALUE, effect, 0 }

static const struct cmd_row divert_rows[] = {
	ACTION("add", 0, COMPANION_VERB_ADD),
	ACTION("remove", 0, COMPANION_VERB_REMOVE),
	ACTION("list", 0, COMPANION_VERB_QUERY),
	ACTION("listpackage", 0, COMPANION_VERB_QUERY),
	ACTION("truename", 0, COMPANION_VERB_QUERY),
	ACTION("help", '?', COMPANION_VERB_QUERY),
	ACTION("version", 0, COMPANION_VERB_QUERY),
	VALUE("admindir", CMD_DO_ADMINDIR),
	VALUE("instdir", CMD_DO_INSTDIR),
	VALUE("root", CMD_DO_ROOT),
	VALUE("divert", COMPANION_DO_DIVERT),
	VALUE("package", COMPANION_DO_PACKAGE),
	PLAIN("local", CMD_DO_NOTHING, 0),
	PLAIN("quiet", CMD_DO_NOTHING, 0),
	PLAIN("rename", COMPANION_DO_RENAME, 1),
	PLAIN("no-rename", COMPANION_DO_RENAME, 0),
	PLAIN("test", CMD_DO_NO_ACT, 1)
};

/* --remove only ever writes the database, with --update too. */
static const struct cmd_row statoverride_rows[] = {
	ACTION("add", 0, COMPANION_VERB_ADD),
	ACTION("remove", 0, COMPANION_VERB_QUERY),
	ACTION("list", 0, COMPANION_VERB_QUERY),
	ACTION("help", '?', COMPANION_VERB_QUERY),
	ACTION("version", 0, COMPANION_VERB_QUERY),
	VALUE("admindir", CMD_DO_ADMINDIR),
	VALUE("instdir", CMD_DO_INSTDIR),
	VALUE("root", CMD_DO_ROOT),
	PLAIN("quiet", CMD_DO_NOTHING, 0),
	/* Bare it is an old form of --force-all, and takes no value. */
	PLAIN("force", CMD_DO_NOTHING, 0),
	{ "force", 0, CMD_DASH, CMD_DO_FORCE, 1 },
	{ "no-force", 0, CMD_DASH, CMD_DO_FORCE, 0 },
	{ "refuse", 0, CMD_DASH, CMD_DO_FORCE, 0 },
	PLAIN("update", COMPANION_DO_UPDATE, 1)
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

EARLY const struct cmd_row *
companion_rows(enum companion_program program, size_t *ret_n)
{
	if (program == COMPANION_DIVERT) {
		*ret_n = COUNT(divert_rows);
		return divert_rows;
	}
	if (program == COMPANION_STATOVERRIDE) {
		*ret_n = COUNT(statoverride_rows);
		return statoverride_rows;
	}
	*ret_n = 0;
	return NULL;
}

/*
 * A second action is refused and --test cannot be taken back, so the first
 * word is enough.
 */
EARLY bool
companion_query_word(enum companion_program program, const char *word)
{
	const struct cmd_row *rows, *row;
	const char *value;
	size_t n;

	if (word[0] != '-')
		return false;
	rows = companion_rows(program, &n);
	row = word[1] == '-' ? cmdtable_find_word(rows, n, word + 2, &value) :
	                       cmdtable_find_letter(rows, n, word[1]);
	if (!row)
		return false;
	return row->effect == CMD_DO_NO_ACT ||
	       (row->effect == CMD_DO_ACTION &&
	        row->arg == COMPANION_VERB_QUERY);
}
