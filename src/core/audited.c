/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "audited.h"

#include <inttypes.h>
#include <string.h>

#include "buf.h"
#include "file.h"
#include "formatver.h"
#include "lines.h"

#define NAME "audited"
#define WORDS "dpkg-immutable audited"
#define FORMAT_VERSION 1
#define TEXT_MAX 4096

int
audited_write(const struct state *s, const struct audited *a)
{
	struct buf text;
	int r;

	if (s->run_fd < 0)
		return -ENOENT;
	buf_init(&text, TEXT_MAX);
	r = buf_addf(&text, "%s %d\ntime %" PRId64 "\nfindings %" PRIu64
	             "\nunknown %" PRIu64 "\n", WORDS, FORMAT_VERSION, a->time,
	             a->findings, a->unknown);
	if (r == 0)
		r = file_replace(s->run_fd, NAME, text.data, text.len, 0600,
		                 0);
	buf_free(&text);
	return r;
}

/* "KEY NUMBER", at most max. */
static int
number_of(struct lines *l, const char *key, unsigned long long max,
          unsigned long long *ret)
{
	size_t head = strlen(key), n;
	const char *line;

	if (!lines_next(l, &line, &n) || n <= head + 1 ||
	    memcmp(line, key, head) != 0 || line[head] != ' ')
		return ERR_FORMAT;
	return lines_number(line + head + 1, n - head - 1, max, ret);
}

int
audited_parse(const char *text, size_t n, struct audited *ret)
{
	unsigned long long when = 0, findings = 0, unknown = 0;
	struct lines l;
	const char *line;
	size_t len;
	int r;

	lines_init(&l, text, n);
	if (n == 0 || text[n - 1] != '\n' || !lines_next(&l, &line, &len))
		return ERR_FORMAT;
	r = formatver_check(line, len, WORDS, FORMAT_VERSION);
	if (r == 0)
		r = number_of(&l, "time", INT64_MAX, &when);
	if (r == 0)
		r = number_of(&l, "findings", UINT64_MAX, &findings);
	if (r == 0)
		r = number_of(&l, "unknown", UINT64_MAX, &unknown);
	if (r == 0 && lines_next(&l, &line, &len))
		r = ERR_FORMAT;
	if (r < 0)
		return r;
	ret->time = (int64_t)when;
	ret->findings = findings;
	ret->unknown = unknown;
	return 0;
}

int
audited_read(const struct state *s, struct audited *ret)
{
	struct buf text;
	int r;

	if (s->run_fd < 0)
		return -ENOENT;
	buf_init(&text, TEXT_MAX);
	r = file_read(s->run_fd, NAME, &text);
	if (r == 0)
		r = audited_parse(text.data != NULL ? text.data : "",
		                  text.len, ret);
	buf_free(&text);
	return r;
}
