/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <unistd.h>

#include "act.h"
#include "export.h"
#include "file.h"
#include "log.h"

struct sink {
	int err;	/* of writing, which nobody has told of yet */
};

static int
write_piece(void *ctx, const char *text, size_t len)
{
	struct sink *sink = ctx;

	sink->err = file_write(STDOUT_FILENO, text, len);
	return sink->err;
}

/* In text nothing but what was asked for may stand on stdout. */
static int
fail(struct cli *c, const struct sink *sink, int err, struct diag *diag)
{
	/* Who closed our pipe does not want to know. */
	if (sink->err == -EPIPE)
		return EXIT_TROUBLE;
	if (sink->err < 0)
		diag_set(diag, err, "standard output", 0, "%s",
		         err_text(err));
	return cli_fail(c, err, diag);
}

int
act_export(struct cli *c)
{
	struct diag diag = { .line = 0 };
	struct sink sink = { .err = 0 };
	size_t left = 0;
	int r = cli_open(c, c->o->root, c->o->admindir, false, &diag);

	if (r == 0)
		r = cli_load(c, &diag);
	if (r == 0 && c->blind)
		r = diag_set(&diag, -EPERM, NULL, 0,
		             "requires superuser privilege");
	if (r == 0 && c->session->state->ledger_fd < 0)
		r = diag_set(&diag, -ENOENT, STATE_DIR "/ledger", 0,
		             "cannot be opened");
	if (r == 0)
		r = export_run(c->session, c->o->export_form, c->o->operands,
		               c->o->n_operands, write_piece, &sink, &left,
		               &diag);
	if (r < 0)
		return fail(c, &sink, r, &diag);
	if (left > 0)
		log_warn("left out: %zu file%s without a recorded SHA-256",
		         left, left == 1 ? "" : "s");
	return EXIT_CLEAN;
}
