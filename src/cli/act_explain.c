/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "act.h"
#include "explain.h"

static int
show(void *ctx, const struct explanation *e)
{
	struct cli *c = ctx;

	return report_explanation(c->report, e);
}

/* As dpkg has its names: no slash behind, and none twice. */
static char *
tidy(const char *word)
{
	char *copy = strdup(word), *to = copy;

	if (copy == NULL)
		return NULL;
	for (const char *at = word; *at != '\0'; at++)
		if (*at != '/' || (at[1] != '/' && at[1] != '\0'))
			*to++ = *at;
	if (to == copy)
		*to++ = '/';
	*to = '\0';
	return copy;
}

int
act_explain(struct cli *c)
{
	struct diag diag = { .line = 0 };
	struct report_fact facts[2] = {
		{ .key = "action", .text = "explain" }, { .key = "files" }
	};
	int r = cli_open(c, c->o->root, c->o->admindir, false, &diag);

	if (r == 0)
		r = cli_load(c, &diag);
	for (size_t i = 0; r == 0 && i < c->o->n_operands; i++) {
		char *path = tidy(c->o->operands[i]);

		r = path == NULL ? -ENOMEM :
		    explain_path(c->session, path, show, c, &diag);
		free(path);
	}
	if (r < 0)
		return cli_fail(c, r, &diag);
	facts[1].number = (long long)c->o->n_operands;
	report_summary(c->report, NULL, facts, 2);
	return c->blind ? EXIT_TROUBLE : EXIT_CLEAN;
}
