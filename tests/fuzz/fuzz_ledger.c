/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Ledgers. The first byte chooses whether the text gets the two lines that
 * every ledger begins with. What was read is written, read again and written
 * again: rows and text must be the same.
 *
 * Reaches: edges:480 ledger_parse:52 ledger_format:50 meta_compare:25
 * Reaches: capability_text:12
 */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "fuzz.h"
#include "ledger.h"
#include "ledger_priv.h"
#include "meta.h"

static const char start[] = "#mtree\n# dpkg-immutable ledger 1\n";

static int
load(const char *key, const void *text, size_t n, struct ledger **ret)
{
	struct diag diag = { .what = "" };
	int r;

	fuzz_write("p.mtree", text, n);
	r = ledger_load(fuzz_folder(), key, ret, &diag);
	FUZZ_CHECK(r == 0 || diag.what[0] != '\0');
	return r;
}

static void
check_difference(void *ctx, const struct meta_difference *d)
{
	(void)ctx;
	FUZZ_CHECK(d->expected[0] != '\0' && d->actual[0] != '\0');
	FUZZ_CHECK(strcmp(d->expected, d->actual) != 0);
	FUZZ_CHECK(strpbrk(d->expected, "\n\033") == NULL);
	FUZZ_CHECK(strpbrk(d->actual, "\n\033") == NULL);
}

static void
check_rows(const struct ledger *l)
{
	const char *meta = NULL;

	for (size_t i = 0; i < l->n_rows; i++) {
		const struct ledger_row *row = &l->rows[i];

		FUZZ_CHECK(row->path[0] == '/');
		FUZZ_CHECK(i == 0 || strcmp(row[-1].path, row->path) < 0);
		FUZZ_CHECK(ledger_clean(ledger_real(row)));
		FUZZ_CHECK(ledger_any(l, row->path) == row);
		FUZZ_CHECK((ledger_find(l, row->path) == row) ==
		           row->flagged);
		FUZZ_CHECK(!row->flagged || row->type == LEDGER_FILE);
		FUZZ_CHECK((row->link != NULL) == (row->type == LEDGER_LINK));
		FUZZ_CHECK(row->mode <= 07777);
		FUZZ_CHECK(meta_compare(meta, row->meta, check_difference,
		                        NULL) == 0);
		if (row->meta != NULL)
			meta = row->meta;
	}
}

static void
format(const struct ledger *l, struct buf *b)
{
	buf_init(b, 0);
	FUZZ_CHECK(ledger_format(&l, 1, b) == 0);
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_same(const struct ledger *a, const struct ledger *b)
{
	FUZZ_CHECK(same_text(a->key, b->key));
	FUZZ_CHECK(same_text(a->version, b->version));
	FUZZ_CHECK(a->has_list == b->has_list);
	FUZZ_CHECK(a->has_md5sums == b->has_md5sums);
	FUZZ_CHECK(a->n_rows == b->n_rows);
	for (size_t i = 0; i < a->n_rows; i++) {
		const struct ledger_row *x = &a->rows[i], *y = &b->rows[i];

		FUZZ_CHECK(same_text(x->path, y->path));
		FUZZ_CHECK(same_text(x->real, y->real));
		FUZZ_CHECK(same_text(x->link, y->link));
		FUZZ_CHECK(same_text(x->meta, y->meta));
		FUZZ_CHECK(x->type == y->type && x->flagged == y->flagged);
		FUZZ_CHECK(x->mode == y->mode && x->uid == y->uid);
		FUZZ_CHECK(x->gid == y->gid && x->nlink == y->nlink);
		FUZZ_CHECK(x->ino == y->ino && x->size == y->size);
		FUZZ_CHECK(x->mtime == y->mtime && x->ctime == y->ctime);
		FUZZ_CHECK(x->has_md5 == y->has_md5 &&
		           memcmp(x->md5, y->md5, sizeof(x->md5)) == 0);
		FUZZ_CHECK(x->has_sha256 == y->has_sha256 &&
		           memcmp(x->sha256, y->sha256,
		                  sizeof(x->sha256)) == 0);
	}
}

static void
read_ledger(const void *text, size_t n)
{
	struct ledger *l, *again;
	struct buf once, twice;

	if (load("p", text, n, &l) < 0)
		return;
	check_rows(l);
	format(l, &once);
	FUZZ_CHECK(load("p", once.data, once.len, &again) == 0);
	check_same(l, again);
	format(again, &twice);
	FUZZ_CHECK(once.len == twice.len &&
	           memcmp(once.data, twice.data, once.len) == 0);
	ledger_free(l);
	ledger_free(again);
	buf_free(&once);
	buf_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	struct buf b;

	buf_init(&b, 0);
	if ((fuzz_byte(&f) & 1) == 0)
		buf_add_str(&b, start);
	if (f.left > 0)
		FUZZ_CHECK(buf_add(&b, f.at, f.left) == 0);
	read_ledger(b.data, b.len);
	buf_free(&b);
	return 0;
}
