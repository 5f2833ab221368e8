/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "act.h"
#include "cmdline.h"
#include "err.h"
#include "log.h"
#include "prepare.h"

/* The command line that is asked about, as dpkg would be given it. */
struct asked {
	char **argv;
	int argc;
	char *root;		/* our own --root and --admindir in dpkg's */
	char *admindir;		/* words; NULL where not given */
};

struct plan_walk {
	struct cli *c;
	size_t lines;
};

static void
asked_free(struct asked *a)
{
	free(a->argv);
	free(a->root);
	free(a->admindir);
}

/* DPKG_ROOT and DPKG_ADMINDIR dpkg's grammar knows by itself. */
static int
asked_new(const struct options *o, struct asked *ret)
{
	static char name[] = "dpkg";
	struct asked a = { .argc = 0 };

	a.argv = calloc(o->n_operands + 4, sizeof(*a.argv));
	if (a.argv == NULL)
		return -ENOMEM;
	a.argv[a.argc++] = name;
	if (o->own_root) {
		if (asprintf(&a.root, "--root=%s",
		             o->root[0] != '\0' ? o->root : "/") < 0) {
			a.root = NULL;
			asked_free(&a);
			return -ENOMEM;
		}
		a.argv[a.argc++] = a.root;
	}
	if (o->own_root && o->admindir != NULL) {
		if (asprintf(&a.admindir, "--admindir=%s", o->admindir) < 0) {
			a.admindir = NULL;
			asked_free(&a);
			return -ENOMEM;
		}
		a.argv[a.argc++] = a.admindir;
	}
	for (size_t i = 0; i < o->n_operands; i++)
		a.argv[a.argc++] = o->operands[i];
	*ret = a;
	return 0;
}

static int
show_line(void *ctx, const struct plan_line *line)
{
	struct plan_walk *w = ctx;

	w->lines++;
	return report_plan(w->c->report, line);
}

/* What dpkg will not unpack is in no plan, and nobody would see why. */
static void
tell_refused(struct cli *c, const struct prepared *p)
{
	for (size_t i = 0; p->refused != NULL && i < p->n_files; i++) {
		if (p->refused[i] == 0)
			continue;
		log_warn("%s: dpkg will refuse it: %s", p->files[i],
		         err_text(p->refused[i]));
		c->blind = true;
	}
	if (p->refused_all != 0) {
		log_warn("dpkg will refuse these operands: %s",
		         err_text(p->refused_all));
		c->blind = true;
	}
}

static int
show(struct plan_walk *w, const struct cmdline *line, struct diag *diag)
{
	struct cli *c = w->c;
	struct prepared prepared;
	int r = cli_open(c, line->instdir, line->admindir, false, diag);

	if (r == 0)
		r = cli_load(c, diag);
	if (r == 0)
		r = prepare_plan(c->session, line, &prepared, diag);
	if (r < 0)
		return r;
	tell_refused(c, &prepared);
	r = prepared_show(c->session, line, &prepared, show_line, w, diag);
	prepared_free(&prepared);
	return r;
}

int
act_plan(struct cli *c)
{
	const struct cmdline_host host = { "/etc/dpkg", c->envp };
	struct diag diag = { .line = 0 };
	struct plan_walk w = { .c = c };
	struct cmdline line = { .storage = NULL };
	struct asked asked = { .argc = 0 };
	struct report_fact facts[2] = {
		{ .key = "action", .text = "plan" }, { .key = "lines" }
	};
	int status, r = asked_new(c->o, &asked);

	if (r == 0)
		r = cmdline_parse(&line, asked.argc, asked.argv, &host);
	if (r == 0 && (line.invalid || line.action == CMD_NONE))
		r = diag_set(&diag, ERR_REFUSED, NULL, 0,
		             "dpkg itself would refuse these words");
	else if (r == 0 && cmdline_touches(&line) && !line.no_act)
		r = show(&w, &line, &diag);
	if (r == 0) {
		facts[1].number = (long long)w.lines;
		report_summary(c->report, NULL, facts, 2);
	}
	status = r < 0 ? cli_fail(c, r, &diag) :
	    c->blind ? EXIT_TROUBLE : EXIT_CLEAN;
	/* The session borrows the places from the command line. */
	session_free(c->session);
	c->session = NULL;
	cmdline_free(&line);
	asked_free(&asked);
	return status;
}
