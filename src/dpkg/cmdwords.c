/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "cmdwords.h"

#include <string.h>

struct place {
	int argc;
	char *const *argv;
	int next;
};

static int
apply(const struct cmd_words *w, const struct cmd_row *row, const char *value)
{
	return w->apply(w->ctx, row, value);
}

static void
skip_unknown_value(const struct cmd_words *w, struct place *at)
{
	if (w->greedy && at->next < at->argc)
		at->next++;
}

static int
walk_word(struct cmd_words *w, const char *word, struct place *at)
{
	const char *value = NULL;
	const struct cmd_row *row;

	row = cmdtable_find_word(w->rows, w->n_rows, word, &value);
	if (!row) {
		w->unknown = true;
		if (!strchr(word, '='))
			skip_unknown_value(w, at);
		return 0;
	}
	if (row->kind == CMD_PLAIN)
		return value ? ERR_REFUSED : apply(w, row, NULL);
	if (!value) {
		if (at->next >= at->argc)
			return ERR_REFUSED;
		value = at->argv[at->next++];
	}
	return apply(w, row, value);
}

static int
walk_letters(struct cmd_words *w, const char *letters, struct place *at)
{
	while (*letters) {
		const struct cmd_row *row;
		int r;

		row = cmdtable_find_letter(w->rows, w->n_rows, *letters++);
		if (!row) {
			w->unknown = true;
			if (w->greedy && *letters == '\0')
				skip_unknown_value(w, at);
			if (w->greedy || *letters == '=')
				return 0;
			continue;
		}
		if (row->kind == CMD_PLAIN) {
			if (*letters == '=')
				return ERR_REFUSED;
			r = apply(w, row, NULL);
			if (r)
				return r;
			continue;
		}
		if (*letters == '\0') {
			if (at->next >= at->argc)
				return ERR_REFUSED;
			letters = at->argv[at->next++];
		} else if (*letters == '=') {
			letters++;
		}
		return apply(w, row, letters);
	}
	return 0;
}

/* Ends at the first word that is no option: dpkg does not reorder. */
int
cmdwords_walk(struct cmd_words *w, int argc, char *const *argv)
{
	struct place at = { argc, argv, 1 };

	if (argc < 1)
		return ERR_REFUSED;
	while (at.next < argc) {
		const char *word = argv[at.next];
		int r;

		if (word[0] != '-' || word[1] == '\0')
			break;
		at.next++;
		if (strcmp(word, "--") == 0)
			break;
		if (word[1] == '-')
			r = walk_word(w, word + 2, &at);
		else
			r = walk_letters(w, word + 1, &at);
		if (r)
			return r;
	}
	w->operands = at.next;
	return 0;
}
