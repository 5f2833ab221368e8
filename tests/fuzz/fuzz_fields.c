/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Texts of the control part of an archive: deb822, relations, versions,
 * control, conffiles, md5sums. First a byte that chooses, then parts.
 *
 * Reaches: edges:300 relation_names:6 relation_provided:9 version_compare:7
 * Reaches: archive_control:12 archive_conffiles:9 archive_md5sums:15
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive_control.h"
#include "arena.h"
#include "deb822.h"
#include "fuzz.h"
#include "relation.h"

/* The fields as dpkg would write them; the same result. */
static int
rewrite(const char *text, size_t n, struct buf *out)
{
	struct diag diag = { .what = "" };
	struct deb822_field f;
	unsigned long line = 0;
	struct deb822 d;
	int r = 0;

	deb822_init(&d, "text", text, n);
	while (r >= 0 && deb822_more(&d)) {
		while ((r = deb822_next(&d, &f, &diag)) > 0) {
			FUZZ_CHECK(f.line > line);
			line = f.line;
			FUZZ_CHECK(f.name_len > 0 && f.name >= text);
			FUZZ_CHECK(f.value + f.value_len <= text + n);
			buf_addf(out, "%.*s: ", (int)f.name_len, f.name);
			buf_add(out, f.value, f.value_len);
			buf_add_char(out, '\n');
		}
		buf_add_char(out, '\n');
	}
	FUZZ_CHECK(r == 0 || (r == ERR_FORMAT && diag.what[0] != '\0'));
	return r;
}

static void
deb822(struct fuzz *f)
{
	struct buf once, twice;
	size_t n;
	char *text = (char *)fuzz_part(f, &n);

	buf_init(&once, 0);
	buf_init(&twice, 0);
	if (rewrite(text, n, &once) == 0 && once.len > 0) {
		FUZZ_CHECK(rewrite(once.data, once.len, &twice) == 0);
		FUZZ_CHECK(once.len == twice.len &&
		           memcmp(once.data, twice.data, once.len) == 0);
	}
	buf_free(&once);
	buf_free(&twice);
	free(text);
}

static void
relations(struct fuzz *f)
{
	char *name = fuzz_string(f), *version = fuzz_string(f);
	char *field = fuzz_string(f), *provides = fuzz_string(f);
	bool any = relation_names(field, name, NULL);

	/* A version can only match less. */
	if (relation_names(field, name, version))
		FUZZ_CHECK(any);
	if (relation_provided(field, provides))
		FUZZ_CHECK(field[0] != '\0' && provides[0] != '\0');
	FUZZ_CHECK(!relation_names(NULL, name, version));
	free(name);
	free(version);
	free(field);
	free(provides);
}

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

static void
versions(struct fuzz *f)
{
	char *a = fuzz_string(f), *b = fuzz_string(f), *c = fuzz_string(f);
	int ab = sign(version_compare(a, b)), bc = sign(version_compare(b, c));
	int ac = sign(version_compare(a, c));

	FUZZ_CHECK(version_compare(a, a) == 0);
	FUZZ_CHECK(ab == -sign(version_compare(b, a)));
	if (ab == bc)
		FUZZ_CHECK(ac == ab);
	if (ab == 0)
		FUZZ_CHECK(ac == bc);
	free(a);
	free(b);
	free(c);
}

static void
check_control(const struct archive *a)
{
	FUZZ_CHECK(a->package[0] != '\0' && a->version[0] != '\0');
	FUZZ_CHECK(a->arch != NULL);
	for (const char *c = a->package; *c != '\0'; c++)
		FUZZ_CHECK(*c < 'A' || *c > 'Z');
}

static void
check_files(const struct archive *a)
{
	for (size_t i = 0; i < a->n_conffiles; i++)
		FUZZ_CHECK(a->conffiles[i][0] == '/');
	FUZZ_CHECK(a->has_md5sums || a->n_files == 0);
	for (size_t i = 0; i < a->n_files; i++) {
		FUZZ_CHECK(a->files[i].path[0] == '/' &&
		           a->files[i].path[1] != '/' &&
		           a->files[i].path[1] != '\0');
		if (i > 0)
			FUZZ_CHECK(strcmp(a->files[i - 1].path,
			                  a->files[i].path) < 0);
	}
}

static void
control(struct fuzz *f, unsigned int which)
{
	struct diag diag = { .what = "" };
	struct archive a = { .file = "x.deb", .arena = arena_new() };
	size_t n;
	uint8_t *part = fuzz_part(f, &n);
	struct buf text;
	int r = 0;

	FUZZ_CHECK(a.arena != NULL);
	buf_init(&text, 0);
	FUZZ_CHECK(buf_add(&text, part, n) == 0);
	if (which == 3)
		r = archive_control(&a, &text, &diag);
	else if (which == 4)
		r = archive_conffiles(&a, &text, &diag);
	else
		r = archive_md5sums(&a, &text);
	FUZZ_CHECK(r == 0 || (r == ERR_FORMAT && diag.what[0] != '\0'));
	if (r == 0 && which == 3)
		check_control(&a);
	if (r == 0)
		check_files(&a);
	buf_free(&text);
	arena_free(a.arena);
	free(part);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	unsigned int which = fuzz_byte(&f) % 6;

	if (which == 0)
		deb822(&f);
	else if (which == 1)
		relations(&f);
	else if (which == 2)
		versions(&f);
	else
		control(&f, which);
	return 0;
}
