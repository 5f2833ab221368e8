/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <unistd.h>

#include "act.h"
#include "file.h"
#include "setup.h"

static int
tell(const struct setup *p, bool done, bool quiet, struct diag *diag)
{
	struct buf text;
	int r;

	buf_init(&text, 0);
	r = setup_text(p, done, quiet, &text);
	if (r == 0)
		r = file_write(STDOUT_FILENO, text.data, text.len);
	buf_free(&text);
	/* Who closed our pipe does not want to know. */
	if (r < 0 && r != -EPIPE)
		diag_set(diag, r, "standard output", 0, "%s", err_text(r));
	return r;
}

/*
 * Reads other people's files, and writes a few: root's rights are enough, and
 * that to change flags is gone by now (cli.c).
 */
int
act_setup(struct cli *c)
{
	struct diag diag = { .line = 0 };
	struct setup *p = NULL;
	int r = 0;

	if (c->o->apply && geteuid() != 0)
		r = diag_set(&diag, -EPERM, NULL, 0,
		             "requires superuser privilege");
	if (r == 0)
		r = cli_open(c, c->o->root, c->o->admindir, false, &diag);
	if (r == 0)
		r = session_db(c->session, &diag);
	if (r == 0)
		r = setup_plan(c->session, c->o->scheme, &p, &diag);
	if (r == 0 && c->o->apply)
		r = setup_apply(c->session, p, &diag);
	if (r == 0)
		r = tell(p, c->o->apply, c->o->quiet, &diag);
	setup_free(p);
	if (r == -EPIPE)
		return c->o->apply ? EXIT_CLEAN : EXIT_TROUBLE;
	return r < 0 ? cli_fail(c, r, &diag) : EXIT_CLEAN;
}
