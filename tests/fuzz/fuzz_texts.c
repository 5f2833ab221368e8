/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * The smaller texts: index, foreign flags, users and groups, configuration,
 * words of attributes. First a byte that chooses. What was read is written and
 * read again where there is a writer.
 *
 * Reaches: edges:500 ids_load:3 conf_parse:2 conf_format:15 foreign_store:6
 * Reaches: index_load:16 index_store:4 meta_compare:30 capability_text:12
 */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "conf.h"
#include "foreign.h"
#include "fuzz.h"
#include "ids.h"
#include "index.h"
#include "meta.h"

/* The bytes behind the first line that such a file has. */
static void
write_under(const char *name, const char *line, struct fuzz *f)
{
	struct buf b;
	size_t n;
	uint8_t *part = fuzz_part(f, &n);

	buf_init(&b, 0);
	/* Now and then with a first line of its own. */
	if (n > 0 && part[0] != '!')
		buf_add_str(&b, line);
	FUZZ_CHECK(buf_add(&b, part, n) == 0);
	fuzz_write(name, b.data, b.len);
	buf_free(&b);
	free(part);
}

static bool
loads(int r, const struct diag *diag)
{
	FUZZ_CHECK(r == 0 || r == ERR_FORMAT || r == ERR_VERSION);
	FUZZ_CHECK(r == 0 || diag->what[0] != '\0');
	return r == 0;
}

static void
check_index(const struct index *x)
{
	for (size_t i = 0; i < x->n_rows; i++) {
		const struct index_row *row = &x->rows[i];

		FUZZ_CHECK(row->name[0] != '\0');
		FUZZ_CHECK(index_find(x, row->name, row->arch) == row);
		FUZZ_CHECK(row->state <= PKG_INSTALLED);
	}
}

static void
take_index(struct fuzz *f)
{
	struct diag diag = { .what = "" };
	char *once, *twice;
	struct index *x;
	size_t n, m;

	write_under("index", "dpkg-immutable index 1\n", f);
	if (!loads(index_load(fuzz_folder(), &x, &diag), &diag))
		return;
	check_index(x);
	FUZZ_CHECK(index_store(fuzz_folder(), x) == 0);
	index_free(x);
	FUZZ_CHECK(fuzz_read("index", &once, &n));
	FUZZ_CHECK(index_load(fuzz_folder(), &x, &diag) == 0);
	FUZZ_CHECK(index_store(fuzz_folder(), x) == 0);
	index_free(x);
	FUZZ_CHECK(fuzz_read("index", &twice, &m));
	FUZZ_CHECK(n == m && memcmp(once, twice, n) == 0);
	free(once);
	free(twice);
}

static void
take_foreign(struct fuzz *f)
{
	struct diag diag = { .what = "" };
	struct foreign *x;
	char *once, *twice;
	size_t count, n, m;

	write_under("foreign", "dpkg-immutable foreign 1\n", f);
	if (!loads(foreign_load(fuzz_folder(), &x, &diag), &diag))
		return;
	count = foreign_count(x);
	FUZZ_CHECK(foreign_store(fuzz_folder(), x) == 0);
	foreign_free(x);
	FUZZ_CHECK(fuzz_read("foreign", &once, &n));
	FUZZ_CHECK(foreign_load(fuzz_folder(), &x, &diag) == 0);
	FUZZ_CHECK(foreign_count(x) == count);
	FUZZ_CHECK(foreign_store(fuzz_folder(), x) == 0);
	foreign_free(x);
	FUZZ_CHECK(fuzz_read("foreign", &twice, &m));
	FUZZ_CHECK(n == m && memcmp(once, twice, n) == 0);
	free(once);
	free(twice);
}

static void
take_ids(struct fuzz *f)
{
	struct diag diag = { .what = "" };
	struct ids *ids;
	uint32_t id;
	size_t n;
	uint8_t *part;
	char *name = fuzz_string(f);

	fuzz_mkdir("etc");
	part = fuzz_part(f, &n);
	fuzz_write("etc/passwd", part, n);
	free(part);
	part = fuzz_part(f, &n);
	fuzz_write("etc/group", part, n);
	free(part);
	FUZZ_CHECK(ids_load(fuzz_folder(), &ids, &diag) == 0);
	if (ids_user(ids, name, &id) == 0)
		FUZZ_CHECK(id != UINT32_MAX);
	if (ids_group(ids, name, &id) == 0)
		FUZZ_CHECK(id != UINT32_MAX);
	FUZZ_CHECK(ids_user(ids, "#12", &id) == 0 && id == 12);
	ids_free(ids);
	free(name);
}

static void
take_conf(struct fuzz *f)
{
	struct diag diag = { .what = "" };
	struct buf once, twice;
	struct conf *c;
	size_t n;
	char *text = (char *)fuzz_part(f, &n);

	buf_init(&once, 0);
	buf_init(&twice, 0);
	if (loads(conf_parse("conf", text, n, &c, &diag), &diag)) {
		FUZZ_CHECK(conf_format(c, &once) == 0);
		conf_free(c);
		FUZZ_CHECK(conf_parse("conf", once.data, once.len, &c,
		                      &diag) == 0);
		FUZZ_CHECK(conf_format(c, &twice) == 0);
		FUZZ_CHECK(once.len == twice.len &&
		           memcmp(once.data, twice.data, once.len) == 0);
		conf_free(c);
	}
	buf_free(&once);
	buf_free(&twice);
	free(text);
}

static void
check_difference(void *ctx, const struct meta_difference *d)
{
	++*(size_t *)ctx;
	FUZZ_CHECK(d->expected[0] != '\0' && d->actual[0] != '\0');
	for (const char *c = d->expected; *c != '\0'; c++)
		FUZZ_CHECK(*c >= ' ' && *c <= '~');
	for (const char *c = d->actual; *c != '\0'; c++)
		FUZZ_CHECK(*c >= ' ' && *c <= '~');
}

static void
take_meta(struct fuzz *f)
{
	char *a = fuzz_string(f), *b = fuzz_string(f);
	size_t there = 0, back = 0, none = 0;

	FUZZ_CHECK(meta_compare(a, b, check_difference, &there) == 0);
	FUZZ_CHECK(meta_compare(b, a, check_difference, &back) == 0);
	FUZZ_CHECK(there == back);
	FUZZ_CHECK(meta_compare(a, a, check_difference, &none) == 0);
	FUZZ_CHECK(none == 0);
	free(a);
	free(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const takes[])(struct fuzz *f) = {
		take_index, take_foreign, take_ids, take_conf, take_meta
	};
	struct fuzz f = { data, size };

	takes[fuzz_byte(&f) % (sizeof(takes) / sizeof(takes[0]))](&f);
	return 0;
}
