/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "err.h"
#include "json.h"
#include "jsonread.h"

static int
check_text(const char *text)
{
	return jsonread_check(text, strlen(text));
}

static void
expect_str(const char *text, const char *key, const char *want)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(jsonread_str(text, strlen(text), key, &b), 0);
	ck_assert_str_eq(b.len > 0 ? b.data : "", want);
	buf_free(&b);
}

static int
str_error(const char *text, const char *key)
{
	struct buf b;
	int r;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, "kept"), 0);
	r = jsonread_str(text, strlen(text), key, &b);
	if (r < 0)
		ck_assert_str_eq(b.data, "kept");
	buf_free(&b);
	return r;
}

START_TEST(jsonread_finds_strings)
{
	expect_str("{\"a\":\"b\"}", "a", "b");
	expect_str(" {\t\"a\" : \"b\" ,\r\n\"c\":\"\" } ", "c", "");
	expect_str("{\"x\":{\"a\":\"in\"},\"a\":\"out\"}", "a", "out");
	expect_str("{\"x\":[{\"a\":1}],\"a\":\"out\"}", "a", "out");
	expect_str("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "a",
	           "\"\\/\b\f\n\r\t");
	expect_str("{\"\\u0061\":\"\\u00e4\\u20AC\\ud83d\\ude00\"}", "a",
	           "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	expect_str("{\"\":\"no name\"}", "", "no name");
	/* What stands for itself is not looked into. */
	expect_str("{\"a\":\"\xff\"}", "a", "\xff");
}
END_TEST

START_TEST(jsonread_tells_what_is_not_there)
{
	ck_assert_int_eq(str_error("{}", "a"), -ENOENT);
	ck_assert_int_eq(str_error("{\"ab\":\"x\"}", "a"), -ENOENT);
	ck_assert_int_eq(str_error("{\"a\":1}", "a"), -ENOENT);
	ck_assert_int_eq(str_error("{\"a\":null}", "a"), -ENOENT);
	ck_assert_int_eq(str_error("{\"a\":[\"x\"]}", "a"), -ENOENT);
	ck_assert_int_eq(str_error("{\"b\":{\"a\":\"x\"}}", "a"), -ENOENT);
}
END_TEST

START_TEST(jsonread_refuses_what_is_broken)
{
	static const char *const bad[] = {
		"", " ", "{", "}", "[]", "\"a\"", "1", "null", "{}{}", "{} x",
		"{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":\"b\"", "{\"a\" 1}",
		"{\"a\":\"b\",}", "{,}", "{\"a\":1 \"b\":2}", "{a:1}",
		"{'a':1}", "{1:1}", "{\"a\":\"b", "{\"a\":\"b\\\"}",
		"{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}",
		"{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\udc00\"}",
		"{\"a\":\"\\ud83dxx\"}", "{\"a\":\"b\nc\"}", "{\"a\":01}",
		"{\"a\":+1}", "{\"a\":-}", "{\"a\":.5}", "{\"a\":1.}",
		"{\"a\":1e}", "{\"a\":1e+}", "{\"a\":0x1}", "{\"a\":tru}",
		"{\"a\":trueish}", "{\"a\":nul", "{\"a\":[1,]}", "{\"a\":[}",
		"{\"a\":[1 2]}", "{\"a\":{]}", "{\"a\":[{}}",
		"{\"x\":\"y\"}\x01"
	};
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(check_text(bad[i]) == ERR_FORMAT, "%s", bad[i]);
		ck_assert_int_eq(jsonread_str(bad[i], strlen(bad[i]), "x",
		                              &b), ERR_FORMAT);
		ck_assert_uint_eq(b.len, 0);
	}
	/* Found, but the text is broken behind it, or has it twice. */
	ck_assert_int_eq(str_error("{\"a\":\"b\",\"c\":}", "a"), ERR_FORMAT);
	ck_assert_int_eq(str_error("{\"a\":\"b\",\"a\":\"b\"}", "a"),
	                 ERR_FORMAT);
	ck_assert_int_eq(jsonread_check("{\"a\":\"b\0c\"}", 11), ERR_FORMAT);
	ck_assert_int_eq(jsonread_check(NULL, 0), ERR_FORMAT);
	buf_free(&b);
}
END_TEST

/* Every cut of a good text is bad, and is read only up to the cut. */
START_TEST(jsonread_refuses_every_cut)
{
	static const char text[] = "{\"a\":[1,-2.5e+3,{\"b\":null}],"
	    "\"c\":\"\\ud83d\\ude00\\n\",\"d\":{\"e\":[true,false]}}";
	size_t n = sizeof(text) - 1;

	ck_assert_int_eq(jsonread_check(text, n), 0);
	for (size_t i = 0; i < n; i++) {
		char *cut = malloc(i + 1);

		ck_assert_ptr_nonnull(cut);
		memcpy(cut, text, i);
		ck_assert_int_eq(jsonread_check(cut, i), ERR_FORMAT);
		free(cut);
	}
}
END_TEST

START_TEST(jsonread_is_bounded)
{
	char deep[200];
	char *huge;
	size_t n = (size_t)4 << 20;

	for (int depth = 1; depth <= 40; depth++) {
		int at = 0;

		at += snprintf(deep, sizeof(deep), "{\"a\":");
		for (int i = 1; i < depth; i++)
			deep[at++] = '[';
		deep[at++] = '1';
		for (int i = 1; i < depth; i++)
			deep[at++] = ']';
		deep[at++] = '}';
		ck_assert_int_eq(jsonread_check(deep, (size_t)at),
		                 depth <= JSONREAD_DEPTH ? 0 : ERR_LIMIT);
	}
	huge = malloc(n);
	ck_assert_ptr_nonnull(huge);
	memset(huge, '[', n);
	memcpy(huge, "{\"a\":", 5);
	ck_assert_int_eq(jsonread_check(huge, n), ERR_LIMIT);
	memset(huge, 'x', n);
	memcpy(huge, "{\"a\":\"", 6);
	ck_assert_int_eq(jsonread_check(huge, n), ERR_FORMAT);
	memcpy(huge + n - 2, "\"}", 2);
	ck_assert_int_eq(jsonread_check(huge, n), 0);
	free(huge);
}
END_TEST

START_TEST(jsonread_reads_numbers)
{
	static const struct {
		const char *text;
		long long want;
	} good[] = {
		{ "{\"n\":0}", 0 }, { "{\"n\":-0}", 0 }, { "{\"n\":42}", 42 },
		{ "{\"n\":-7 }", -7 },
		{ "{\"n\":9223372036854775807}", LLONG_MAX },
		{ "{\"n\":-9223372036854775808}", LLONG_MIN }
	};
	static const char *const bad[] = {
		"{\"n\":1.5}", "{\"n\":1e3}", "{\"n\":\"1\"}", "{\"n\":true}",
		"{\"n\":9223372036854775808}", "{\"n\":-9223372036854775809}",
		"{\"n\":99999999999999999999999}", "{\"n\":[1]}", "{\"m\":1}"
	};
	long long n = -1;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(jsonread_num(good[i].text,
		                              strlen(good[i].text), "n", &n),
		                 0);
		ck_assert_int_eq(n, good[i].want);
	}
	n = 11;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(jsonread_num(bad[i], strlen(bad[i]), "n",
		                              &n), -ENOENT);
		ck_assert_int_eq(n, 11);
	}
}
END_TEST

START_TEST(jsonread_joins_arrays)
{
	static const char text[] = "{\"v\":[\"dpkg\",\"-i\",\"\\u0061\"],"
	    "\"none\":[],\"mixed\":[\"a\",1],\"s\":\"x\"}";
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(jsonread_strs(text, sizeof(text) - 1, "none", " ",
	                               &b), 0);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(jsonread_strs(text, sizeof(text) - 1, "v", " ", &b),
	                 0);
	ck_assert_str_eq(b.data, "dpkg -i a");
	ck_assert_int_eq(jsonread_strs(text, sizeof(text) - 1, "mixed", " ",
	                               &b), -ENOENT);
	ck_assert_int_eq(jsonread_strs(text, sizeof(text) - 1, "s", " ", &b),
	                 -ENOENT);
	ck_assert_int_eq(jsonread_strs(text, sizeof(text) - 1, "q", " ", &b),
	                 -ENOENT);
	ck_assert_str_eq(b.data, "dpkg -i a");
	buf_free(&b);
}
END_TEST

/* Every byte at every place of strings up to some words long. */
START_TEST(jsonread_sees_every_byte)
{
	char text[64], want[64];

	for (int n = 1; n <= 20; n++) {
		for (int at = 0; at < n; at++) {
			for (int c = 0; c < 256; c++) {
				int bad = c < 0x20 || c == '"' || c == '\\';

				snprintf(text, sizeof(text), "{\"a\":\"%.*s\"}",
				         n, "\x80.\xff!#[]~\x7f-012345678901");
				snprintf(want, sizeof(want), "%.*s", n,
				         text + 6);
				text[6 + at] = want[at] = (char)c;
				if (bad)
					ck_assert_int_eq(jsonread_check(text,
					    (size_t)n + 8), ERR_FORMAT);
				else
					expect_str(text, "a", want);
			}
		}
	}
}
END_TEST

static int
join(void *ctx, const char *s)
{
	struct buf *b = ctx;

	ck_assert_int_eq(buf_addf(b, "<%s>", s), 0);
	return strcmp(s, "stop") == 0 ? 7 : 0;
}

static void
expect_each(const char *text, const char *key, int want, const char *got)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_msg(jsonread_each(text, strlen(text), key, join, &b) == want,
	              "%s", text);
	ck_assert_str_eq(b.len > 0 ? b.data : "", got);
	buf_free(&b);
}

START_TEST(jsonread_walks_arrays)
{
	expect_each("{\"v\":[]}", "v", 0, "");
	expect_each("{\"v\":[\"a\",\"\",\"\\u0062 c\"]}", "v", 0,
	            "<a><><b c>");
	expect_each("{\"\\u0076\":[\"a\"]}", "v", 0, "<a>");
	expect_each("{\"w\":[\"a\"],\"vv\":[\"b\"]}", "v", -ENOENT, "");
	expect_each("{\"x\":{\"v\":[\"a\"]}}", "v", -ENOENT, "");
	expect_each("{\"v\":[\"a\",\"stop\",\"b\"]}", "v", 7, "<a><stop>");
	expect_each("{\"v\":\"a\"}", "v", ERR_FORMAT, "");
	expect_each("{\"v\":{\"a\":\"b\"}}", "v", ERR_FORMAT, "");
	expect_each("{\"v\":[\"a\",[\"b\"]]}", "v", ERR_FORMAT, "<a>");
	expect_each("{\"v\":[\"a\",null]}", "v", ERR_FORMAT, "<a>");
	/* Nothing is taken from what is broken further on. */
	expect_each("{\"v\":[\"a\"],}", "v", ERR_FORMAT, "");
	expect_each("{\"v\":[\"a\"],\"\\u0076\":1}", "v", ERR_FORMAT, "");
	expect_each("", "v", ERR_FORMAT, "");
}
END_TEST

START_TEST(jsonread_reads_what_json_writes)
{
	char all[256];
	struct buf b, back;
	struct json j;
	long long n;

	for (int i = 1; i < 128; i++)
		all[i - 1] = (char)i;
	all[127] = '\0';
	buf_init(&b, 0);
	buf_init(&back, 0);
	json_begin(&j, &b);
	json_num(&j, "n", -5);
	json_str(&j, "all", all);
	json_bool(&j, "yes", true);
	ck_assert_int_eq(json_end(&j), 0);
	ck_assert_int_eq(jsonread_str(b.data, b.len, "all", &back), 0);
	ck_assert_str_eq(back.data, all);
	ck_assert_int_eq(jsonread_num(b.data, b.len, "n", &n), 0);
	ck_assert_int_eq(n, -5);
	buf_free(&b);
	buf_free(&back);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("jsonread");
	TCase *t = tcase_create("core");

	tcase_add_test(t, jsonread_finds_strings);
	tcase_add_test(t, jsonread_tells_what_is_not_there);
	tcase_add_test(t, jsonread_refuses_what_is_broken);
	tcase_add_test(t, jsonread_refuses_every_cut);
	tcase_add_test(t, jsonread_is_bounded);
	tcase_add_test(t, jsonread_reads_numbers);
	tcase_add_test(t, jsonread_joins_arrays);
	tcase_add_test(t, jsonread_sees_every_byte);
	tcase_add_test(t, jsonread_walks_arrays);
	tcase_add_test(t, jsonread_reads_what_json_writes);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
