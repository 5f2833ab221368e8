/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * dpkg-reconfigure's words, as Perl's Getopt::Long takes them with bundling:
 * long names in any case and as short as they are plain, `+name' as well as
 * `--name', letters in bundles, operands anywhere. With POSIXLY_CORRECT there
 * are no short forms and no +, and the first operand ends the options.
 */
#include <string.h>
#include <strings.h>

#include "companion_priv.h"
#include "err.h"

enum effect {
	NOTHING,
	HELP		/* prints and ends */
};

/* A letter is a name as well: --f is --frontend. */
static const struct reconf_row {
	const char *name;
	bool value;
	enum effect effect;
} rows[] = {
	{ "f", true, NOTHING },
	{ "frontend", true, NOTHING },
	{ "p", true, NOTHING },
	{ "priority", true, NOTHING },
	{ "h", false, HELP },
	{ "help", false, HELP },
	{ "u", false, NOTHING },
	{ "unseen-only", false, NOTHING },
	{ "terse", false, NOTHING },
	{ "default-priority", false, NOTHING },
	{ "force", false, NOTHING },
	{ "reload", false, NOTHING },
	{ "noreload", false, NOTHING },
	{ "no-reload", false, NOTHING }
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct place {
	int argc;
	char *const *argv;
	int next;
	bool ended;		/* there was a -- */
};

/*
 * The first row that fits will do: no short form means two options but by a
 * letter, which then is meant and stands in front.
 */
static const struct reconf_row *
find_long(const char *name, size_t n, bool short_forms)
{
	for (size_t i = 0; n > 0 && i < COUNT(rows); i++)
		if (strncasecmp(rows[i].name, name, n) == 0 &&
		    (short_forms || rows[i].name[n] == '\0'))
			return &rows[i];
	return NULL;
}

static const struct reconf_row *
find_letter(char letter)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].name[0] == letter && rows[i].name[1] == '\0')
			return &rows[i];
	return NULL;
}

/* Behind "--", or behind "+", where = is no sign for a value. */
static int
walk_long(struct companion_reconf *c, const char *name, bool plus,
          struct place *at)
{
	const struct reconf_row *row;
	const char *value = NULL;
	size_t n = strlen(name);

	if (!plus && n > 0)
		value = strchr(name + 1, '=');
	if (value)
		n = (size_t)(value++ - name);
	row = find_long(name, n, !c->posix);
	if (!row) {
		if (n == 0)
			return ERR_REFUSED;
		c->unknown = true;
		return 0;
	}
	if (row->effect == HELP || (value && (!row->value || !*value)))
		return ERR_REFUSED;
	if (row->value && !value) {
		if (at->next >= at->argc)
			return ERR_REFUSED;
		at->next++;
	}
	return 0;
}

/*
 * Behind "-". What follows a letter is read again as a word of its own behind
 * a new dash, so that -u-force is -u --force and -u- is -u --.
 */
static int
walk_letters(struct companion_reconf *c, const char *letters,
             struct place *at)
{
	while (*letters) {
		const struct reconf_row *row = find_letter(*letters++);

		if (!row)
			c->unknown = true;
		else if (row->effect == HELP)
			return ERR_REFUSED;
		else if (row->value) {
			if (*letters)
				return 0;
			if (at->next >= at->argc)
				return ERR_REFUSED;
			at->next++;
			return 0;
		}
		if (*letters != '-')
			continue;
		if (letters[1])
			return walk_long(c, letters + 1, false, at);
		at->ended = true;
		return 0;
	}
	return 0;
}

static void
keep_operand(struct companion_reconf *c, char *word)
{
	if (c->operands)
		c->operands[c->n_operands] = word;
	c->n_operands++;
}

/* debconf does not look for options at all unless a word has a dash. */
static bool
has_dash(int argc, char *const *argv)
{
	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-')
			return true;
	return false;
}

int
companion_reconf_walk(struct companion_reconf *ret, int argc,
                      char *const *argv)
{
	struct place at = { argc, argv, 1, false };

	ret->n_operands = 0;
	ret->unknown = false;
	at.ended = !has_dash(argc, argv);
	while (!at.ended && at.next < argc) {
		const char *word = argv[at.next++];
		int r = 0;

		if (strcmp(word, "--") == 0)
			break;
		if (word[0] == '-' && word[1] == '-')
			r = walk_long(ret, word + 2, false, &at);
		else if (word[0] == '-' && word[1])
			r = walk_letters(ret, word + 1, &at);
		else if (word[0] == '+' && !ret->posix)
			r = walk_long(ret, word + 1, true, &at);
		else if (ret->posix) {
			at.next--;
			break;
		} else
			keep_operand(ret, argv[at.next - 1]);
		if (r)
			return r;
	}
	while (at.next < argc)
		keep_operand(ret, argv[at.next++]);
	return 0;
}
