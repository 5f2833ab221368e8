/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "cmdplaces.h"
#include "cmdtable.h"
#include "cmdwords.h"
#include "dpkgcfg.h"

/*
 * ERR_REFUSED, wherever it comes from here, means: dpkg ends at this point,
 * with a message and status 2 or with a help text and status 0.
 */
struct parse {
	struct cmdline *c;
	bool looking;	/* only argv counts: keep no places, take no memory */
	bool greedy;	/* read what we do not know as taking a value */
	int force;	/* bits of cmdtable_force */
	struct cmd_places places;
};

static int
apply_force(struct parse *p, const char *value, bool on)
{
	if (strcmp(value, "help") == 0)
		return ERR_REFUSED;
	for (;;) {
		size_t n = strcspn(value, ",");
		int bits = cmdtable_force(value, n);

		if (bits < 0)
			p->c->unknown_option = true;
		else if (on)
			p->force |= bits;
		else
			p->force &= ~bits;
		if (value[n] == '\0')
			return 0;
		value += n + 1;
	}
}

static bool
is_integer(const char *value)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 0);
	return end != value && *end == '\0' && errno == 0 && n >= 0 &&
	       n <= INT_MAX;
}

/* dpkg keeps the mask in an int: what gets negative there is refused. */
static bool
is_debug_mask(const char *value)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 8);
	return end != value && *end == '\0' && errno == 0 && n >= 0 &&
	       ((unsigned long)n & 0x80000000ul) == 0;
}

static bool
is_name_list(const char *value)
{
	size_t n = strlen(value);

	return n == 0 || (value[0] != ',' && value[n - 1] != ',' &&
	                  !strstr(value, ",,"));
}

static int
apply(void *ctx, const struct cmd_row *row, const char *value)
{
	struct parse *p = ctx;
	struct cmdline *c = p->c;

	switch ((enum cmd_effect)row->effect) {
	case CMD_DO_NOTHING:
		break;
	case CMD_DO_ACTION:
		if (c->action != CMD_NONE)
			return ERR_REFUSED;
		c->action = (enum cmd_action)row->arg;
		break;
	case CMD_DO_NO_ACT:
		c->no_act = true;
		break;
	case CMD_DO_PENDING:
		c->pending = true;
		break;
	case CMD_DO_RECURSIVE:
		c->recursive = true;
		break;
	case CMD_DO_TRIGGERS:
		c->triggers = row->arg != 0;
		c->no_triggers = row->arg == 0;
		break;
	case CMD_DO_DECONFIGURE:
		c->auto_deconfigure = true;
		break;
	case CMD_DO_ROOT:
	case CMD_DO_INSTDIR:
	case CMD_DO_ADMINDIR:
		return p->looking ? 0 : cmdplaces_apply(&p->places,
		                                        row->effect, value);
	case CMD_DO_FORCE:
		return apply_force(p, value, row->arg != 0);
	case CMD_DO_INTEGER:
		return is_integer(value) ? 0 : ERR_REFUSED;
	case CMD_DO_DEBUG:
		return is_debug_mask(value) ? 0 : ERR_REFUSED;
	case CMD_DO_IGNORE_DEPENDS:
		return is_name_list(value) ? 0 : ERR_REFUSED;
	case CMD_DO_FORMAT:
		/* A newer dpkg may know more of them. */
		if (strcmp(value, "rpm") != 0)
			c->unknown_option = true;
		break;
	}
	return 0;
}

static int
apply_line(void *ctx, const char *name, const char *value)
{
	struct parse *p = ctx;
	const struct cmd_row *row = cmdtable_name(name, &value);

	if (!row) {
		p->c->unknown_option = true;
		return 0;
	}
	if ((row->kind == CMD_PLAIN) != (value == NULL))
		return ERR_REFUSED;
	return apply(p, row, value);
}

static int
parse_words(struct parse *p, int argc, char *const *argv)
{
	struct cmd_words w = { .apply = apply, .ctx = p,
	                       .greedy = p->greedy };
	int r;

	w.rows = cmdtable_rows(&w.n_rows);
	r = cmdwords_walk(&w, argc, argv);
	p->c->unknown_option |= w.unknown;
	if (r == 0) {
		p->c->operands = argv + w.operands;
		p->c->n_operands = argc - w.operands;
	}
	return r;
}

static int
parse_all(struct parse *p, int argc, char *const *argv,
          const struct cmdline_host *host)
{
	const char *force = cmdplaces_env(host->envp, "DPKG_FORCE");
	int r = 0;

	if (force && *force)
		r = apply_force(p, force, true);
	if (r == 0)
		r = dpkgcfg_walk(host->etc,
		                 cmdplaces_env(host->envp, "HOME"),
		                 apply_line, p);
	if (r == 0)
		r = parse_words(p, argc, argv);
	if (r == ERR_REFUSED || r == ERR_FORMAT) {
		p->c->invalid = true;
		r = 0;
	}
	return r;
}

static int
parse_once(struct cmdline *ret, int argc, char *const *argv,
           const struct cmdline_host *host, bool greedy)
{
	struct cmdline c = { .action = CMD_NONE };
	struct parse p = { .c = &c, .greedy = greedy };
	int r;

	r = cmdplaces_begin(&p.places, host->envp);
	if (r)
		return r;
	r = parse_all(&p, argc, argv, host);
	if (r == 0)
		r = cmdplaces_keep(&p.places, 0, &c.storage, &c.instdir,
		                   &c.admindir);
	cmdplaces_free(&p.places);
	if (r)
		return r;
	c.unknown_action = c.unknown_option && c.action == CMD_NONE;
	c.force_overwrite = (p.force & FORCE_BIT_OVERWRITE) != 0;
	c.force_overwrite_dir = (p.force & FORCE_BIT_OVERWRITE_DIR) != 0;
	c.force_configure_any = (p.force & FORCE_BIT_CONFIGURE_ANY) != 0;
	c.script_chrootless = (p.force & FORCE_BIT_CHROOTLESS) != 0;
	*ret = c;
	return 0;
}

static bool
would_act(const struct cmdline *c)
{
	return cmdline_touches(c) && !c->no_act && !c->invalid;
}

int
cmdline_parse(struct cmdline *ret, int argc, char *const *argv,
              const struct cmdline_host *host)
{
	struct cmdline plain, greedy;
	int r;

	r = parse_once(&plain, argc, argv, host, false);
	if (r)
		return r;
	/*
	 * An option of a newer dpkg may take the next word as its value. What
	 * acts under either reading is held to act: a removal over flags that
	 * nobody lifted would fail without a word.
	 */
	if (plain.unknown_option && !would_act(&plain)) {
		r = parse_once(&greedy, argc, argv, host, true);
		if (r) {
			cmdline_free(&plain);
			return r;
		}
		if (would_act(&greedy)) {
			cmdline_free(&plain);
			plain = greedy;
		} else {
			cmdline_free(&greedy);
		}
	}
	*ret = plain;
	return 0;
}

bool
cmdline_is_query(int argc, char *const *argv)
{
	struct cmdline c = { .action = CMD_NONE };
	struct parse p = { .c = &c, .looking = true };

	/*
	 * A configuration file can only add an action to one that is there,
	 * which dpkg refuses, and cannot take --no-act back.
	 */
	if (parse_words(&p, argc, argv) != 0)
		return !c.unknown_option;
	return !c.unknown_option && (c.no_act || c.action == CMD_QUERY);
}

void
cmdline_free(struct cmdline *c)
{
	if (!c)
		return;
	free(c->storage);
	memset(c, 0, sizeof(*c));
}

bool
cmdline_touches(const struct cmdline *c)
{
	switch (c->action) {
	case CMD_INSTALL:
	case CMD_UNPACK:
	case CMD_CONFIGURE:
	case CMD_TRIGGERS:
	case CMD_REMOVE:
	case CMD_PURGE:
		return true;
	case CMD_NONE:
	case CMD_QUERY:
		break;
	}
	return false;
}

const char *
cmdline_action_name(enum cmd_action action)
{
	switch (action) {
	case CMD_NONE:
		return "none";
	case CMD_INSTALL:
		return "install";
	case CMD_UNPACK:
		return "unpack";
	case CMD_CONFIGURE:
		return "configure";
	case CMD_TRIGGERS:
		return "triggers-only";
	case CMD_REMOVE:
		return "remove";
	case CMD_PURGE:
		return "purge";
	case CMD_QUERY:
		break;
	}
	return "query";
}
