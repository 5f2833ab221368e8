/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "companion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmdplaces.h"
#include "cmdtable.h"
#include "cmdwords.h"
#include "companion_priv.h"

/* As in cmdline.c, ERR_REFUSED means that the program ends at this point. */
struct parse {
	struct companion *c;
	enum companion_program program;
	bool looking;		/* keep no places, take no memory */
	enum companion_verb verb;
	bool no_act;
	bool no_rename;
	bool update;
	struct cmd_places places;
};

static bool
is_line(const char *text)
{
	return strchr(text, '\n') == NULL;
}

static bool
is_path(const char *text)
{
	return text[0] == '/' && is_line(text);
}

static int
apply_force(struct parse *p, const char *value)
{
	if (strcmp(value, "help") == 0)
		return ERR_REFUSED;
	for (;;) {
		size_t n = strcspn(value, ",");

		if (cmdtable_force(value, n) < 0)
			p->c->unknown_option = true;
		if (value[n] == '\0')
			return 0;
		value += n + 1;
	}
}

static int
apply(void *ctx, const struct cmd_row *row, const char *value)
{
	struct parse *p = ctx;

	switch (row->effect) {
	case CMD_DO_ACTION:
		if (p->verb != COMPANION_VERB_NONE)
			return ERR_REFUSED;
		p->verb = (enum companion_verb)row->arg;
		break;
	case CMD_DO_NO_ACT:
		p->no_act = true;
		break;
	case CMD_DO_ROOT:
	case CMD_DO_INSTDIR:
	case CMD_DO_ADMINDIR:
		return p->looking ? 0 : cmdplaces_apply(&p->places,
		                                        row->effect, value);
	case CMD_DO_FORCE:
		return apply_force(p, value);
	case COMPANION_DO_RENAME:
		p->no_rename = row->arg == 0;
		break;
	case COMPANION_DO_UPDATE:
		p->update = true;
		break;
	case COMPANION_DO_DIVERT:
		if (!is_path(value))
			return ERR_REFUSED;
		p->c->divert = value;
		break;
	case COMPANION_DO_PACKAGE:
		return is_line(value) ? 0 : ERR_REFUSED;
	}
	return 0;
}

static int
settle_divert(struct parse *p, int n, char *const *operands)
{
	struct companion *c = p->c;
	bool remove = p->verb == COMPANION_VERB_REMOVE;

	if (p->verb == COMPANION_VERB_QUERY)
		return 0;
	if (n != 1 || !is_path(operands[0]))
		return ERR_REFUSED;
	if (!remove && c->divert && strcmp(operands[0], c->divert) == 0)
		return ERR_REFUSED;
	c->path = operands[0];
	if (p->no_act)
		return 0;
	if (p->no_rename)
		c->action = COMPANION_RECORD;
	else
		c->action = remove ? COMPANION_MOVE_REMOVE :
		                     COMPANION_MOVE_ADD;
	return 0;
}

static int
settle_statoverride(struct parse *p, int n, char *const *operands)
{
	if (p->verb == COMPANION_VERB_QUERY)
		return 0;
	if (p->verb == COMPANION_VERB_NONE || n != 4 || !is_line(operands[3]))
		return ERR_REFUSED;
	p->c->path = operands[3];
	if (p->update)
		p->c->action = COMPANION_OVERRIDE;
	return 0;
}

static int
parse_words(struct parse *p, int argc, char *const *argv, bool greedy)
{
	struct cmd_words w = { .apply = apply, .ctx = p, .greedy = greedy };
	char *const *operands;
	int r;

	w.rows = companion_rows(p->program, &w.n_rows);
	r = cmdwords_walk(&w, argc, argv);
	p->c->unknown_option |= w.unknown;
	if (r)
		return r;
	operands = argv + w.operands;
	return p->program == COMPANION_DIVERT ?
	       settle_divert(p, argc - w.operands, operands) :
	       settle_statoverride(p, argc - w.operands, operands);
}

static int
parse_environment(struct parse *p, char *const *envp)
{
	const char *force = cmdplaces_env(envp, "DPKG_FORCE");

	if (p->program == COMPANION_STATOVERRIDE && force && *force)
		return apply_force(p, force);
	return 0;
}

/* A call that is refused touches nothing, however far it was read. */
static int
refuse(struct companion *c, int r)
{
	if (r != ERR_REFUSED)
		return r;
	c->invalid = true;
	c->action = COMPANION_QUERY;
	return 0;
}

static int
parse_once(struct companion *ret, enum companion_program program, int argc,
           char *const *argv, char *const *envp, bool greedy)
{
	struct companion c = { .action = COMPANION_QUERY };
	struct parse p = { .c = &c, .program = program };
	int r;

	r = cmdplaces_begin(&p.places, envp);
	if (r)
		return r;
	r = parse_environment(&p, envp);
	if (r == 0)
		r = parse_words(&p, argc, argv, greedy);
	r = refuse(&c, r);
	if (r == 0)
		r = cmdplaces_keep(&p.places, 0, &c.storage, &c.instdir,
		                   &c.admindir);
	cmdplaces_free(&p.places);
	if (r == 0)
		*ret = c;
	return r;
}

/* The operands need not stand together, so their list is in storage too. */
static int
parse_reconfigure(struct companion *ret, int argc, char *const *argv,
                  char *const *envp)
{
	struct companion c = { .action = COMPANION_QUERY };
	struct companion_reconf found = { 0 };
	struct cmd_places places;
	int r;

	r = cmdplaces_begin(&places, envp);
	if (r)
		return r;
	r = cmdplaces_keep(&places, (size_t)argc * sizeof(char *), &c.storage,
	                   &c.instdir, &c.admindir);
	cmdplaces_free(&places);
	if (r)
		return r;
	found.posix = cmdplaces_env(envp, "POSIXLY_CORRECT") != NULL;
	found.operands = (char **)(void *)c.storage;
	r = companion_reconf_walk(&found, argc, argv);
	c.unknown_option = found.unknown;
	if (r == 0 && found.n_operands > 0) {
		c.action = COMPANION_CONFIGURE;
		c.operands = found.operands;
		c.n_operands = found.n_operands;
	} else {
		c.invalid = true;
	}
	*ret = c;
	return 0;
}

int
companion_parse(struct companion *ret, enum companion_program program,
                int argc, char *const *argv, const struct cmdline_host *host)
{
	struct companion plain, greedy;
	int r;

	if (program == COMPANION_RECONFIGURE)
		return parse_reconfigure(ret, argc, argv, host->envp);
	r = parse_once(&plain, program, argc, argv, host->envp, false);
	if (r)
		return r;
	/* As cmdline_parse: what acts under either reading is held to act. */
	if (plain.unknown_option && plain.action == COMPANION_QUERY) {
		r = parse_once(&greedy, program, argc, argv, host->envp, true);
		if (r) {
			companion_free(&plain);
			return r;
		}
		if (greedy.action != COMPANION_QUERY) {
			companion_free(&plain);
			plain = greedy;
		} else {
			companion_free(&greedy);
		}
	}
	*ret = plain;
	return 0;
}

/* POSIXLY_CORRECT is for companion_parse to see: here, both ways count. */
static bool
reconfigure_is_query(int argc, char *const *argv)
{
	for (int posix = 0; posix < 2; posix++) {
		struct companion_reconf found = { .posix = posix != 0 };
		int r = companion_reconf_walk(&found, argc, argv);

		if (found.unknown || (r == 0 && found.n_operands > 0))
			return false;
	}
	return true;
}

bool
companion_is_query(enum companion_program program, int argc,
                   char *const *argv)
{
	struct companion c = { .action = COMPANION_QUERY };
	struct parse p = { .c = &c, .program = program, .looking = true };

	if (program == COMPANION_RECONFIGURE)
		return reconfigure_is_query(argc, argv);
	if (argc > 1 && companion_query_word(program, argv[1]))
		return true;
	if (parse_words(&p, argc, argv, false) != 0)
		return !c.unknown_option;
	return !c.unknown_option && c.action == COMPANION_QUERY;
}

void
companion_free(struct companion *c)
{
	if (!c)
		return;
	free(c->storage);
	memset(c, 0, sizeof(*c));
}
