/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <limits.h>
#include <stdlib.h>

#include "check_main.h"
#include "err.h"
#include "json.h"

static struct buf out;
static struct json j;

static void
setup(void)
{
	buf_init(&out, 0);
	json_begin(&j, &out);
}

static void
teardown(void)
{
	buf_free(&out);
}

static void
expect(const char *text)
{
	ck_assert_int_eq(json_end(&j), 0);
	ck_assert_str_eq(out.data, text);
}

START_TEST(json_empty_object)
{
	expect("{}");
}
END_TEST

START_TEST(json_all_kinds)
{
	char *values[] = { (char []){ "a" }, (char []){ "b\"" } };

	json_str(&j, "type", "path");
	json_num(&j, "low", LLONG_MIN);
	json_num(&j, "zero", 0);
	json_bool(&j, "yes", true);
	json_bool(&j, "no", false);
	json_strs(&j, "none", NULL, 0);
	json_strs(&j, "two", values, 2);
	json_str(&j, "empty", "");
	expect("{\"type\":\"path\",\"low\":-9223372036854775808,\"zero\":0,"
	       "\"yes\":true,\"no\":false,\"none\":[],"
	       "\"two\":[\"a\",\"b\\\"\"],\"empty\":\"\"}");
}
END_TEST

START_TEST(json_escapes)
{
	json_str(&j, "k", "\"\\/\b\f\n\r\t\x01\x1f\x7f a");
	expect("{\"k\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f a\"}");
}
END_TEST

START_TEST(json_keeps_utf8)
{
	json_str(&j, "k", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	json_str(&j, "c1", "\xc2\x80\xc2\x9f\xc2\xa0");
	expect("{\"k\":\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\","
	       "\"c1\":\"\\u0080\\u009f\xc2\xa0\"}");
}
END_TEST

START_TEST(json_replaces_bad_bytes)
{
	json_str(&j, "k", "a\xff" "b\xc3");
	json_str(&j, "l", "\xed\xa0\x80\"");
	expect("{\"k\":\"a\xef\xbf\xbd" "b\xef\xbf\xbd\","
	       "\"l\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\\"\"}");
}
END_TEST

START_TEST(json_path_has_hex_only_where_needed)
{
	json_path(&j, "path", "/\xc3\xa4");
	json_path(&j, "old", "/\xe4\n");
	expect("{\"path\":\"/\xc3\xa4\",\"old\":\"/\xef\xbf\xbd\\n\","
	       "\"old_hex\":\"2fe40a\"}");
}
END_TEST

START_TEST(json_tells_the_error_of_the_buffer)
{
	buf_free(&out);
	buf_init(&out, 8);
	json_begin(&j, &out);
	json_str(&j, "k", "too long for it");
	json_num(&j, "n", 1);
	ck_assert_int_eq(json_end(&j), ERR_LIMIT);
	ck_assert_uint_le(out.len, 8);
}
END_TEST

START_TEST(utf8_good)
{
	static const char *const good[] = {
		"", "ascii \x01\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(json_utf8(good[i]), "case %zu", i);
}
END_TEST

START_TEST(utf8_bad)
{
	static const char *const bad[] = {
		"\x80", "\xbf", "a\xff", "\xfe", "\xc0\x80", "\xc1\xbf",
		"\xc2", "\xc2" "a", "\xe0\x80\x80", "\xe0\x9f\xbf",
		"\xe2\x82", "\xe2" "aa", "\xe2\x82" "a", "\xed\xa0\x80",
		"\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
		"\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80", "ok\xc3\xa4\xc3"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!json_utf8(bad[i]), "case %zu", i);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("json");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, json_empty_object);
	tcase_add_test(t, json_all_kinds);
	tcase_add_test(t, json_escapes);
	tcase_add_test(t, json_keeps_utf8);
	tcase_add_test(t, json_replaces_bad_bytes);
	tcase_add_test(t, json_path_has_hex_only_where_needed);
	tcase_add_test(t, json_tells_the_error_of_the_buffer);
	tcase_add_test(t, utf8_good);
	tcase_add_test(t, utf8_bad);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
