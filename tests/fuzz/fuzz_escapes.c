/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Encodings: vis, base64, JSON read and written, numbers, hex. All of them look
 * at the same bytes.
 *
 * Reaches: edges:305 json_path:7 jsonread_num:8 jsonread_strs:4 vis_undo:14
 * Reaches: digest_unhex:18 formatver_check:3
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "digest.h"
#include "err.h"
#include "formatver.h"
#include "fuzz.h"
#include "json.h"
#include "jsonread.h"
#include "lines.h"
#include "vis.h"

static void
escape(const char *s)
{
	char *copy = strdup(s), *undone;
	struct buf b;

	FUZZ_CHECK(copy != NULL);
	if (vis_undo(copy) < 0)
		FUZZ_CHECK(strcmp(copy, s) == 0);
	else
		FUZZ_CHECK(strlen(copy) <= strlen(s));
	free(copy);
	buf_init(&b, 0);
	FUZZ_CHECK(vis_add(&b, s) == 0);
	undone = strdup(b.len > 0 ? b.data : "");
	FUZZ_CHECK(undone != NULL && vis_undo(undone) == 0);
	FUZZ_CHECK(strcmp(undone, s) == 0);
	free(undone);
	buf_free(&b);
}

static void
encode(const uint8_t *data, size_t n)
{
	struct buf text, back, again;

	buf_init(&text, 0);
	buf_init(&back, 0);
	buf_init(&again, 0);
	FUZZ_CHECK(base64_add(&text, data, n) == 0);
	FUZZ_CHECK(base64_undo(text.data, text.len, &back) == 0);
	FUZZ_CHECK(back.len == n && (n == 0 ||
	           memcmp(back.data, data, n) == 0));
	buf_clear(&back);
	buf_clear(&text);
	/* One text for the same bytes. */
	if (base64_undo((const char *)data, n, &back) == 0) {
		FUZZ_CHECK(base64_add(&again, back.data, back.len) == 0);
		FUZZ_CHECK(again.len == n &&
		           (n == 0 || memcmp(again.data, data, n) == 0));
	} else {
		FUZZ_CHECK(back.len == 0);
	}
	buf_free(&text);
	buf_free(&back);
	buf_free(&again);
}

static int
count(void *ctx, const char *s)
{
	++*(size_t *)ctx;
	FUZZ_CHECK(s != NULL);
	return 0;
}

/* Members of an object from outside. */
static void
read_json(const char *text, size_t n)
{
	int good = jsonread_check(text, n), r;
	long long number;
	struct buf b;
	size_t each = 0;

	FUZZ_CHECK(good == 0 || good == ERR_FORMAT || good == ERR_LIMIT);
	buf_init(&b, 0);
	r = jsonread_str(text, n, "a", &b);
	FUZZ_CHECK(good == 0 || r == good || r == ERR_FORMAT);
	FUZZ_CHECK(b.len == 0 || r == 0);
	r = jsonread_num(text, n, "a", &number);
	FUZZ_CHECK(good == 0 || r < 0);
	buf_clear(&b);
	r = jsonread_strs(text, n, "a", ",", &b);
	FUZZ_CHECK(good == 0 || r < 0);
	FUZZ_CHECK(b.len == 0 || r == 0);
	r = jsonread_each(text, n, "a", count, &each);
	FUZZ_CHECK(good == 0 || r < 0);
	buf_free(&b);
}

/* What we write we read. */
static void
write_json(const char *s, size_t n)
{
	struct buf text, back;
	struct json j;
	long long number;
	char *strs[] = { (char *)(uintptr_t)s, (char *)(uintptr_t)s };
	size_t each = 0;

	buf_init(&text, 0);
	buf_init(&back, 0);
	json_begin(&j, &text);
	json_str(&j, "s", s);
	json_path(&j, "p", s);
	json_num(&j, "n", (long long)n - 7);
	json_strs(&j, "v", strs, 2);
	FUZZ_CHECK(json_end(&j) == 0);
	FUZZ_CHECK(jsonread_check(text.data, text.len) == 0);
	FUZZ_CHECK(jsonread_str(text.data, text.len, "s", &back) == 0);
	if (json_utf8(s))
		FUZZ_CHECK(strcmp(back.len > 0 ? back.data : "", s) == 0);
	FUZZ_CHECK(json_utf8(back.len > 0 ? back.data : ""));
	FUZZ_CHECK(jsonread_num(text.data, text.len, "n", &number) == 0 &&
	           number == (long long)n - 7);
	FUZZ_CHECK(jsonread_each(text.data, text.len, "v", count,
	                         &each) == 0 && each == 2);
	buf_free(&text);
	buf_free(&back);
}

static void
numbers(const char *s, size_t n)
{
	unsigned char bytes[DIGEST_MAX];
	unsigned long long v = 0, less = 0;
	char hex[2 * DIGEST_MAX + 1];

	if (lines_number(s, n, ULLONG_MAX, &v) == 0) {
		FUZZ_CHECK(n > 0 && s[0] >= '0' && s[0] <= '9');
		if (lines_number(s, n, 1000, &less) == 0)
			FUZZ_CHECK(less == v && v <= 1000);
		else
			FUZZ_CHECK(v > 1000 || less == 0);
	} else {
		FUZZ_CHECK(lines_number(s, n, 1000, &less) < 0);
	}
	formatver_check(s, n, "dpkg-immutable index", 1);
	if (n % 2 == 0 && n / 2 <= sizeof(bytes) &&
	    digest_unhex(s, n, bytes, n / 2) == 0) {
		digest_hex(bytes, n / 2, hex);
		FUZZ_CHECK(strlen(hex) == n);
		for (size_t i = 0; i < n; i++)
			FUZZ_CHECK(hex[i] == (s[i] >= 'A' && s[i] <= 'F' ?
			                      s[i] + 32 : s[i]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	struct fuzz whole = { data, size };
	char *text = fuzz_string(&f);
	size_t n;
	uint8_t *part = fuzz_part(&whole, &n);

	escape(text);
	encode(part, n);
	read_json((const char *)part, n);
	write_json(text, n);
	numbers((const char *)part, n);
	free(text);
	free(part);
	return 0;
}
