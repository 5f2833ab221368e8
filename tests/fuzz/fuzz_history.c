/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * The history. The first byte chooses whether the lines are the log as they
 * stand, or get the links that make a chain of them; then the moment for
 * --since, a separator, the lines.
 *
 * Reaches: edges:370 history_tail:12 history_walk:8 history_since:6
 * Reaches: history_newest:9
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "history.h"
#include "history_priv.h"

static int
count_id(void *ctx, uint64_t id)
{
	(void)id;
	++*(size_t *)ctx;
	return 0;
}

static int
count_line(void *ctx, const char *line, size_t len)
{
	(void)line;
	FUZZ_CHECK(len <= HISTORY_MAX_LINE + HISTORY_CHUNK);
	++*(size_t *)ctx;
	return 0;
}

static int
check_key(void *ctx, const char *key, const char *digest)
{
	const struct history_ledgers *h = ctx;

	FUZZ_CHECK(strchr(key, '/') == NULL && key[0] != '.');
	FUZZ_CHECK(strlen(digest) == HISTORY_HEX);
	FUZZ_CHECK(history_ledger(h, key) == digest);
	return 0;
}

/* Whether the chain is whole; the ledgers' reading must say the same. */
static int
check_chain(size_t lines)
{
	struct diag diag = { .what = "" }, other = { .what = "" };
	struct history_ledgers *h;
	int whole = history_check(fuzz_folder(), &diag);
	int r = history_ledgers(fuzz_folder(), &h, &other);

	FUZZ_CHECK(whole == 0 || whole == 1);
	FUZZ_CHECK(r == 0 || r == 1);
	/* It may be what an entry says of ledgers that can't be read. */
	FUZZ_CHECK(whole == 0 || r == 1);
	FUZZ_CHECK(whole == 0 || (diag.line > 0 && diag.line <= lines));
	FUZZ_CHECK(strlen(history_ledgers_head(h)) == HISTORY_HEX);
	FUZZ_CHECK(history_ledgers_each(h, check_key, h) == 0);
	history_ledgers_free(h);
	return whole;
}

/* Entries, each linked to what stands before it. */
static void
link_lines(struct fuzz *f, struct buf *log)
{
	char link[HISTORY_HEAD_SIZE];
	struct buf line;

	buf_init(&line, 0);
	FUZZ_CHECK(history_hash("", 0, link) == 0);
	while (f->left > 0) {
		const uint8_t *end = memchr(f->at, '\n', f->left);
		size_t n = end == NULL ? f->left : (size_t)(end - f->at);

		buf_clear(&line);
		buf_add(&line, f->at, n);
		if (n > 2 && f->at[0] == '{' && f->at[n - 1] == '}') {
			line.len--;
			buf_addf(&line, "%s%s%s", HISTORY_PREV, link,
			         HISTORY_PREV_END);
		}
		if (line.len > 0)
			FUZZ_CHECK(history_link(link, line.data,
			                        line.len) == 0);
		buf_add(log, line.data, line.len);
		buf_add_char(log, '\n');
		f->at += n + (end != NULL);
		f->left -= n + (end != NULL);
	}
	buf_free(&line);
}

static void
append(int whole)
{
	char head[HISTORY_HEAD_SIZE];
	struct history_ledgers *h;
	size_t lines = 0;
	struct buf b;

	buf_init(&b, 0);
	buf_add_str(&b, "{\"txn\":\"00000000000000ff\"}");
	FUZZ_CHECK(history_append(fuzz_folder(), &b, head) == 0);
	history_unseal(fuzz_folder());
	FUZZ_CHECK(history_walk(fuzz_folder(), count_line, &lines) == 0);
	/* A whole chain stays whole, a broken one stays broken. */
	FUZZ_CHECK(check_chain(lines) == whole);
	FUZZ_CHECK(history_newest(fuzz_folder(), &h) == 0);
	history_ledgers_free(h);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	unsigned int how = fuzz_byte(&f);
	size_t lines = 0, ids = 0;
	struct history_ledgers *h;
	struct buf log;
	char *moment;
	int r, whole;

	moment = fuzz_string(&f);
	buf_init(&log, 0);
	if ((how & 1) == 0)
		link_lines(&f, &log);
	else if (f.left > 0)
		FUZZ_CHECK(buf_add(&log, f.at, f.left) == 0);
	fuzz_write(HISTORY_NAME, log.data, log.len);
	buf_free(&log);
	FUZZ_CHECK(history_walk(fuzz_folder(), count_line, &lines) == 0);
	whole = check_chain(lines);
	r = history_since(fuzz_folder(), moment, count_id, &ids);
	FUZZ_CHECK(r == 0 || r == -ENOENT || r == ERR_FORMAT);
	FUZZ_CHECK(ids <= lines);
	FUZZ_CHECK(history_newest(fuzz_folder(), &h) == 0);
	history_ledgers_free(h);
	append(whole);
	free(moment);
	return 0;
}
