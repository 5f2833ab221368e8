/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdlib.h>

#include "file.h"
#include "report.h"
#include "report_priv.h"

#define FULL ((size_t)32 << 10)

struct report {
	const struct report_backend *backend;
	struct buf out;
	int fd;
	int err;
	bool quiet;
};

int
report_new(enum report_format format, int fd, bool quiet,
           struct report **ret)
{
	struct report *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	r->backend = format == REPORT_JSON ? &report_json :
	             format == REPORT_COLOR ? &report_color : &report_text;
	r->quiet = quiet && format != REPORT_JSON;
	r->fd = fd;
	buf_init(&r->out, 0);
	*ret = r;
	return 0;
}

void
report_free(struct report *r)
{
	if (r == NULL)
		return;
	buf_free(&r->out);
	free(r);
}

static int
flush(struct report *r)
{
	if (r->err == 0 && r->out.len > 0)
		r->err = file_write(r->fd, r->out.data, r->out.len);
	buf_clear(&r->out);
	return r->err;
}

/* `now`: somebody may be waiting for this line. */
static int
put(struct report *r, int err, bool now)
{
	if (r->err == 0)
		r->err = err;
	return now || r->out.len >= FULL ? flush(r) : r->err;
}

int
report_end(struct report *r)
{
	return flush(r);
}

int
report_failed(const struct report *r)
{
	return r->err;
}

int
report_path(struct report *r, const struct survey_row *row)
{
	return put(r, r->backend->path(&r->out, row), false);
}

int
report_finding(struct report *r, const struct finding *f)
{
	return put(r, r->backend->finding(&r->out, f), true);
}

int
report_explanation(struct report *r, const struct explanation *e)
{
	return put(r, r->backend->explanation(&r->out, e), false);
}

int
report_plan(struct report *r, const struct plan_line *line)
{
	return put(r, r->backend->plan(&r->out, line), false);
}

int
report_transaction(struct report *r, const char *line, size_t len)
{
	return put(r, r->backend->transaction(&r->out, line, len), false);
}

int
report_error(struct report *r, const struct diag *d)
{
	return put(r, r->backend->error(&r->out, d), true);
}

int
report_counts(struct report *r, const struct report_count *rows, size_t n)
{
	return put(r, r->backend->counts(&r->out, rows, n), false);
}

int
report_summary(struct report *r, const char *sentence,
               const struct report_fact *facts, size_t n)
{
	if (r->quiet)
		sentence = NULL;
	return put(r, r->backend->summary(&r->out, sentence, facts, n), true);
}
