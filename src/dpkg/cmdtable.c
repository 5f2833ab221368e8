/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <string.h>

#include "cmdline.h"
#include "cmdtable.h"
#include "bare.h"

#define ACTION(name, letter, action) \
	{ name, letter, CMD_PLAIN, CMD_DO_ACTION, action }
#define QUERY(name, letter) ACTION(name, letter, CMD_QUERY)
#define PLAIN(name, letter, effect, arg) \
	{ name, letter, CMD_PLAIN, effect, arg }
#define VALUE(name, letter, effect) { name, letter, CMD_VALUE, effect, 0 }

/*
 * dpkg takes the first row that fits, so a name that begins with another
 * one and a dash must not stand behind it (force, no-force, assert).
 */
static const struct cmd_row rows[] = {
	ACTION("install", 'i', CMD_INSTALL),
	ACTION("unpack", 0, CMD_UNPACK),
	QUERY("record-avail", 'A'),
	ACTION("configure", 0, CMD_CONFIGURE),
	ACTION("remove", 'r', CMD_REMOVE),
	ACTION("purge", 'P', CMD_PURGE),
	ACTION("triggers-only", 0, CMD_TRIGGERS),
	QUERY("verify", 'V'),
	QUERY("listfiles", 'L'),
	QUERY("status", 's'),
	QUERY("get-selections", 0),
	QUERY("set-selections", 0),
	QUERY("clear-selections", 0),
	QUERY("print-avail", 'p'),
	QUERY("update-avail", 0),
	QUERY("merge-avail", 0),
	QUERY("clear-avail", 0),
	QUERY("forget-old-unavail", 0),
	QUERY("audit", 'C'),
	QUERY("yet-to-unpack", 0),
	QUERY("list", 'l'),
	QUERY("search", 'S'),
	{ "assert", 0, CMD_DASH, CMD_DO_ACTION, CMD_QUERY },
	QUERY("add-architecture", 0),
	QUERY("remove-architecture", 0),
	QUERY("print-architecture", 0),
	QUERY("print-foreign-architectures", 0),
	QUERY("predep-package", 0),
	QUERY("validate-pkgname", 0),
	QUERY("validate-trigname", 0),
	QUERY("validate-archname", 0),
	QUERY("validate-version", 0),
	QUERY("compare-versions", 0),
	QUERY("help", '?'),
	QUERY("version", 0),
	QUERY("build", 'b'),
	QUERY("contents", 'c'),
	QUERY("control", 'e'),
	QUERY("info", 'I'),
	QUERY("field", 'f'),
	QUERY("extract", 'x'),
	QUERY("vextract", 'X'),
	QUERY("ctrl-tarfile", 0),
	QUERY("fsys-tarfile", 0),

	PLAIN("pending", 'a', CMD_DO_PENDING, 1),
	PLAIN("recursive", 'R', CMD_DO_RECURSIVE, 1),
	PLAIN("no-act", 0, CMD_DO_NO_ACT, 1),
	PLAIN("dry-run", 0, CMD_DO_NO_ACT, 1),
	PLAIN("simulate", 0, CMD_DO_NO_ACT, 1),
	PLAIN("triggers", 0, CMD_DO_TRIGGERS, 1),
	PLAIN("no-triggers", 0, CMD_DO_TRIGGERS, 0),
	PLAIN("auto-deconfigure", 'B', CMD_DO_DECONFIGURE, 1),
	PLAIN("selected-only", 'O', CMD_DO_NOTHING, 0),
	PLAIN("no-also-select", 'N', CMD_DO_NOTHING, 0),
	PLAIN("skip-same-version", 'E', CMD_DO_NOTHING, 0),
	PLAIN("", 'G', CMD_DO_NOTHING, 0),	/* is --refuse-downgrade */
	PLAIN("no-pager", 0, CMD_DO_NOTHING, 0),
	PLAIN("no-debsig", 0, CMD_DO_NOTHING, 0),
	PLAIN("robot", 0, CMD_DO_NOTHING, 0),

	VALUE("root", 0, CMD_DO_ROOT),
	VALUE("instdir", 0, CMD_DO_INSTDIR),
	VALUE("admindir", 0, CMD_DO_ADMINDIR),
	VALUE("status-fd", 0, CMD_DO_INTEGER),
	VALUE("abort-after", 0, CMD_DO_INTEGER),
	VALUE("debug", 'D', CMD_DO_DEBUG),
	VALUE("ignore-depends", 0, CMD_DO_IGNORE_DEPENDS),
	VALUE("verify-format", 0, CMD_DO_FORMAT),
	VALUE("pre-invoke", 0, CMD_DO_NOTHING),
	VALUE("post-invoke", 0, CMD_DO_NOTHING),
	VALUE("path-exclude", 0, CMD_DO_NOTHING),
	VALUE("path-include", 0, CMD_DO_NOTHING),
	VALUE("status-logger", 0, CMD_DO_NOTHING),
	VALUE("log", 0, CMD_DO_NOTHING),

	{ "force", 0, CMD_DASH, CMD_DO_FORCE, 1 },
	{ "refuse", 0, CMD_DASH, CMD_DO_FORCE, 0 },
	{ "no-force", 0, CMD_DASH, CMD_DO_FORCE, 0 }
};

static const struct {
	const char *word;
	int bits;
} forces[] = {
	{ "all", FORCE_BIT_ALL },
	{ "overwrite", FORCE_BIT_OVERWRITE },
	{ "configure-any", FORCE_BIT_CONFIGURE_ANY },
	{ "script-chrootless", FORCE_BIT_CHROOTLESS },
	{ "overwrite-dir", FORCE_BIT_OVERWRITE_DIR },
	{ "security-mac", 0 }, { "downgrade", 0 }, { "hold", 0 },
	{ "not-root", 0 }, { "bad-path", 0 }, { "bad-verify", 0 },
	{ "bad-version", 0 }, { "statoverride-add", 0 },
	{ "statoverride-remove", 0 }, { "overwrite-diverted", 0 },
	{ "unsafe-io", 0 }, { "confnew", 0 },
	{ "confold", 0 }, { "confdef", 0 }, { "confmiss", 0 },
	{ "confask", 0 }, { "architecture", 0 }, { "breaks", 0 },
	{ "conflicts", 0 }, { "depends", 0 }, { "depends-version", 0 },
	{ "remove-reinstreq", 0 }, { "remove-protected", 0 },
	{ "remove-essential", 0 }
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct cmd_row *
cmdtable_row(size_t n)
{
	return n < COUNT(rows) ? &rows[n] : NULL;
}

const struct cmd_row *
cmdtable_rows(size_t *ret_n)
{
	*ret_n = COUNT(rows);
	return rows;
}

/*
 * The rest of word behind name; NULL where word does not begin with it. By
 * hand, since the shim comes here before the C library is set up.
 */
EARLY static inline const char *
rest_behind(const char *word, const char *name)
{
	while (*name && *word == *name) {
		word++;
		name++;
	}
	return *name ? NULL : word;
}

EARLY const struct cmd_row *
cmdtable_find_word(const struct cmd_row *table, size_t n, const char *word,
                   const char **ret_value)
{
	for (size_t i = 0; i < n; i++) {
		const struct cmd_row *row = &table[i];
		const char *rest;

		if (!row->name[0])
			continue;
		rest = rest_behind(word, row->name);
		if (!rest)
			continue;
		if (*rest == '\0') {
			*ret_value = NULL;
			return row;
		}
		if (*rest == (row->kind == CMD_DASH ? '-' : '=')) {
			*ret_value = rest + 1;
			return row;
		}
	}
	return NULL;
}

EARLY const struct cmd_row *
cmdtable_word(const char *word, const char **ret_value)
{
	return cmdtable_find_word(rows, COUNT(rows), word, ret_value);
}

const struct cmd_row *
cmdtable_name(const char *name, const char **io_value)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct cmd_row *row = &rows[i];
		const char *rest;

		if (!row->name[0])
			continue;
		rest = rest_behind(name, row->name);
		if (!rest)
			continue;
		if (*rest == '\0')
			return row;
		if (row->kind == CMD_DASH && *rest == '-' && !*io_value) {
			*io_value = rest + 1;
			return row;
		}
	}
	return NULL;
}

EARLY const struct cmd_row *
cmdtable_find_letter(const struct cmd_row *table, size_t n, char letter)
{
	for (size_t i = 0; letter && i < n; i++)
		if (table[i].letter == letter)
			return &table[i];
	return NULL;
}

EARLY const struct cmd_row *
cmdtable_letter(char letter)
{
	return cmdtable_find_letter(rows, COUNT(rows), letter);
}

int
cmdtable_force(const char *word, size_t n)
{
	for (size_t i = 0; i < COUNT(forces); i++)
		if (strncmp(forces[i].word, word, n) == 0 &&
		    forces[i].word[n] == '\0')
			return forces[i].bits;
	return -1;
}
