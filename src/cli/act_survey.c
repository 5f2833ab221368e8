/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* --list and --coverage: the same walk, told a line a file or counted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "act.h"

struct walk {
	struct cli *c;
	struct report_count *counts;	/* --coverage; few */
	enum survey_state *states;	/* of the counts: quicker to compare */
	size_t n, cap;
	size_t last;			/* found last time */
	size_t files;
	size_t by_state[SURVEY_UNKNOWN + 1];
};

/* The walk does not look at what is exempt by its name. */
static bool
is_folder(struct walk *w, const struct survey_row *row)
{
	struct node node;

	if (row->state != SURVEY_EXEMPT || row->folder)
		return row->folder;
	return root_stat(w->c->session->root, row->path, &node) == 0 &&
	       S_ISDIR(node.mode);
}

static int
open_walk(struct cli *c, struct diag *diag)
{
	int r = cli_open(c, c->o->root, c->o->admindir, false, diag);

	return r < 0 ? r : cli_load(c, diag);
}

/* Unknown files make it that we could not tell. */
static int
walk_status(const struct walk *w)
{
	return w->c->blind || w->by_state[SURVEY_UNKNOWN] > 0 ?
	    EXIT_TROUBLE : EXIT_CLEAN;
}

static int
list_row(void *ctx, const struct survey_row *row)
{
	struct walk *w = ctx;

	if (!w->c->o->verbose && is_folder(w, row))
		return 0;
	w->files++;
	w->by_state[row->state]++;
	return report_path(w->c->report, row);
}

int
act_list(struct cli *c)
{
	struct diag diag = { .line = 0 };
	struct walk w = { .c = c };
	struct report_fact facts[2] = {
		{ .key = "action", .text = "list" }, { .key = "files" }
	};
	int r = open_walk(c, &diag);

	if (r == 0)
		r = survey_walk(c->session, c->o->operands, c->o->n_operands,
		                list_row, &w, &diag);
	if (r < 0)
		return cli_fail(c, r, &diag);
	facts[1].number = (long long)w.files;
	report_summary(c->report, NULL, facts, 2);
	return walk_status(&w);
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
is_count(const struct walk *w, size_t i, const struct survey_row *row)
{
	return w->states[i] == row->state &&
	       same(w->counts[i].reason, row->reason) &&
	       same(w->counts[i].fs, row->fs);
}

static int
add_count(struct walk *w, const struct survey_row *row)
{
	if (w->n == w->cap) {
		size_t cap = w->cap == 0 ? 32 : w->cap * 2;
		void *more = realloc(w->counts, cap * sizeof(*w->counts));

		if (more == NULL)
			return -ENOMEM;
		w->counts = more;
		more = realloc(w->states, cap * sizeof(*w->states));
		if (more == NULL)
			return -ENOMEM;
		w->states = more;
		w->cap = cap;
	}
	w->states[w->n] = row->state;
	w->counts[w->n++] = (struct report_count){
		.fs = row->fs, .state = survey_state_name(row->state),
		.reason = row->reason
	};
	return 0;
}

static int
count_row(void *ctx, const struct survey_row *row)
{
	struct walk *w = ctx;
	size_t i = w->last;

	if (!w->c->o->verbose && is_folder(w, row))
		return 0;
	if (i >= w->n || !is_count(w, i, row))
		for (i = 0; i < w->n && !is_count(w, i, row); i++)
			;
	if (i == w->n) {
		int r = add_count(w, row);

		if (r < 0)
			return r;
	}
	w->last = i;
	w->counts[i].files++;
	w->files++;
	w->by_state[row->state]++;
	return 0;
}

static int
order_of(const char *state)
{
	int i = 0;

	while (i <= SURVEY_UNKNOWN &&
	       strcmp(survey_state_name((enum survey_state)i), state) != 0)
		i++;
	return i;
}

/* States in their order, the most files first, then reasons. */
static int
by_state(const void *a, const void *b)
{
	const struct report_count *x = a, *y = b;
	int c = order_of(x->state) - order_of(y->state);

	if (c == 0 && x->files != y->files)
		c = x->files < y->files ? 1 : -1;
	if (c == 0)
		c = strcmp(x->reason != NULL ? x->reason : "",
		           y->reason != NULL ? y->reason : "");
	return c;
}

static void
report_coverage(struct walk *w)
{
	struct report_fact facts[SURVEY_UNKNOWN + 3] = {
		{ .key = "action", .text = "coverage" },
		{ .key = "files", .number = (long long)w->files }
	};

	for (int i = 0; i <= SURVEY_UNKNOWN; i++) {
		facts[i + 2].key = survey_state_name((enum survey_state)i);
		facts[i + 2].number = (long long)w->by_state[i];
	}
	if (w->n > 0)
		qsort(w->counts, w->n, sizeof(*w->counts), by_state);
	report_counts(w->c->report, w->counts, w->n);
	report_summary(w->c->report, NULL, facts, SURVEY_UNKNOWN + 3);
}

int
act_coverage(struct cli *c)
{
	struct diag diag = { .line = 0 };
	struct walk w = { .c = c };
	int status, r = open_walk(c, &diag);

	if (r == 0)
		r = survey_walk(c->session, NULL, 0, count_row, &w, &diag);
	if (r == 0) {
		report_coverage(&w);
		status = walk_status(&w);
	} else {
		status = cli_fail(c, r, &diag);
	}
	free(w.counts);
	free(w.states);
	return status;
}
