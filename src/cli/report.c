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
	struct report_last last;
	int fd;
	int err;
	bool quiet;
};

static const struct report_backend *const backends[] = {
	[REPORT_TEXT] = &report_text,
	[REPORT_COLOR] = &report_color,
	[REPORT_JSON] = &report_json,
	[REPORT_RPM] = &report_rpm
};

int
report_new(enum report_format format, int fd, bool quiet,
           struct report **ret)
{
	struct report *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	r->backend = backends[format];
	r->quiet = quiet && format != REPORT_JSON;
	r->fd = fd;
	buf_init(&r->out, 0);
	buf_init(&r->last.name, 0);
	*ret = r;
	return 0;
}

void
report_free(struct report *r)
{
	if (r == NULL)
		return;
	buf_free(&r->last.name);
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

/* Where all but findings go: what findings left comes first. */
static struct buf *
settled(struct report *r)
{
	if (r->backend->settle != NULL)
		put(r, r->backend->settle(&r->last, &r->out), false);
	return &r->out;
}

int
report_end(struct report *r)
{
	settled(r);
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
	return put(r, r->backend->path(settled(r), row), false);
}

int
report_finding(struct report *r, const struct finding *f)
{
	return put(r, r->backend->finding(&r->last, &r->out, f), true);
}

int
report_explanation(struct report *r, const struct explanation *e)
{
	return put(r, r->backend->explanation(settled(r), e), false);
}

int
report_plan(struct report *r, const struct plan_line *line)
{
	return put(r, r->backend->plan(settled(r), line), false);
}

int
report_transaction(struct report *r, const char *line, size_t len)
{
	return put(r, r->backend->transaction(settled(r), line, len), false);
}

int
report_posture(struct report *r, const struct posture_line *lines, size_t n)
{
	return put(r, r->backend->posture(settled(r), lines, n), false);
}

int
report_error(struct report *r, const struct diag *d)
{
	return put(r, r->backend->error(settled(r), d), true);
}

int
report_counts(struct report *r, const struct report_count *rows, size_t n)
{
	return put(r, r->backend->counts(settled(r), rows, n), false);
}

int
report_summary(struct report *r, const char *sentence,
               const struct report_fact *facts, size_t n)
{
	if (r->quiet)
		sentence = NULL;
	return put(r, r->backend->summary(settled(r), sentence, facts, n), true);
}
