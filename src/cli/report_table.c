/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_priv.h"

/*
 * A line for each state and reason, a column for each file system, sums to
 * the right and below. Both are few: they are looked for one by one.
 */
struct line {
	const char *state;
	const char *reason;
	size_t sum;
};

struct table {
	const struct report_count *rows;
	size_t n;
	struct line *lines;
	size_t n_lines;
	const char **columns;
	size_t *sums;		/* of the columns */
	size_t n_columns;
	size_t sum;
	int state_width, reason_width;
};

static const char *
or_dash(const char *s)
{
	return s != NULL ? s : "-";
}

static bool
is_line(const struct line *l, const struct report_count *row)
{
	return strcmp(l->state, row->state) == 0 &&
	       strcmp(l->reason, or_dash(row->reason)) == 0;
}

static void
widen(int *width, const char *text)
{
	int n = (int)strlen(text);

	if (n > *width)
		*width = n;
}

static void
measure_row(struct table *t, const struct report_count *row)
{
	size_t l = 0, c = 0;

	while (l < t->n_lines && !is_line(&t->lines[l], row))
		l++;
	if (l == t->n_lines) {
		t->lines[t->n_lines++] = (struct line){
			row->state, or_dash(row->reason), 0
		};
		widen(&t->state_width, row->state);
		widen(&t->reason_width, or_dash(row->reason));
	}
	while (c < t->n_columns &&
	       strcmp(t->columns[c], or_dash(row->fs)) != 0)
		c++;
	if (c == t->n_columns)
		t->columns[t->n_columns++] = or_dash(row->fs);
	t->lines[l].sum += row->files;
	t->sums[c] += row->files;
	t->sum += row->files;
}

static size_t
cell(const struct table *t, const struct line *l, const char *column)
{
	size_t files = 0;

	for (size_t i = 0; i < t->n; i++)
		if (is_line(l, &t->rows[i]) &&
		    strcmp(column, or_dash(t->rows[i].fs)) == 0)
			files += t->rows[i].files;
	return files;
}

static int
column_width(const struct table *t, size_t c)
{
	int width = 6;

	widen(&width, t->columns[c]);
	return width;
}

/* A tenth of a percent, cut and not rounded: 100.0 means all. */
static int
add_sum(struct buf *out, size_t sum, size_t all)
{
	unsigned long long tenths = all == 0 ? 0 :
	    (unsigned long long)sum * 1000 / all;

	return buf_addf(out, "  %8zu %3llu.%llu%%\n", sum, tenths / 10,
	                tenths % 10);
}

static int
add_head(struct buf *out, const struct table *t)
{
	int r = buf_addf(out, "%-*s  %-*s", t->state_width, "STATE",
	                 t->reason_width, "REASON");

	for (size_t c = 0; r == 0 && c < t->n_columns; c++)
		r = buf_addf(out, "  %*s", column_width(t, c), t->columns[c]);
	return r < 0 ? r : buf_addf(out, "  %8s  share\n", "FILES");
}

static int
add_line(struct buf *out, const struct table *t, const struct line *l)
{
	int r = buf_addf(out, "%-*s  %-*s", t->state_width, l->state,
	                 t->reason_width, l->reason);

	for (size_t c = 0; r == 0 && c < t->n_columns; c++) {
		size_t files = cell(t, l, t->columns[c]);

		r = files > 0 ? buf_addf(out, "  %*zu", column_width(t, c),
		                         files) :
		    buf_addf(out, "  %*s", column_width(t, c), "-");
	}
	return r < 0 ? r : add_sum(out, l->sum, t->sum);
}

static int
add_foot(struct buf *out, const struct table *t)
{
	int r = buf_addf(out, "%-*s  %-*s", t->state_width, "all",
	                 t->reason_width, "");

	for (size_t c = 0; r == 0 && c < t->n_columns; c++)
		r = buf_addf(out, "  %*zu", column_width(t, c), t->sums[c]);
	return r < 0 ? r : add_sum(out, t->sum, t->sum);
}

int
report_table(struct buf *out, const struct report_count *rows, size_t n)
{
	struct table t = {
		.rows = rows, .n = n, .state_width = 5, .reason_width = 6
	};
	int r = -ENOMEM;

	t.lines = calloc(n + 1, sizeof(*t.lines));
	t.columns = calloc(n + 1, sizeof(*t.columns));
	t.sums = calloc(n + 1, sizeof(*t.sums));
	if (t.lines == NULL || t.columns == NULL || t.sums == NULL)
		goto out;
	for (size_t i = 0; i < n; i++)
		measure_row(&t, &rows[i]);
	r = add_head(out, &t);
	for (size_t i = 0; r == 0 && i < t.n_lines; i++)
		r = add_line(out, &t, &t.lines[i]);
	if (r == 0)
		r = add_foot(out, &t);
out:
	free(t.sums);
	free(t.columns);
	free(t.lines);
	return r;
}
