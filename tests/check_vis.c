/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "err.h"
#include "vis.h"

START_TEST(vis_leaves_plain_text)
{
	static const char plain[] = "/usr/lib/x86_64-linux-gnu/a+b:~{}]=!\"$";
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(vis_add(&b, plain), 0);
	ck_assert_str_eq(b.data, plain);
	buf_clear(&b);
	ck_assert_int_eq(vis_add(&b, ""), 0);
	ck_assert_uint_eq(b.len, 0);
	buf_free(&b);
}
END_TEST

START_TEST(vis_escapes_in_octal)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, "./"), 0);
	ck_assert_int_eq(vis_add(&b, "a b#\\*?[\n\x01\x7f\xc3\xa4z"), 0);
	ck_assert_str_eq(b.data, "./a\\040b\\043\\134\\052\\077\\133"
	                 "\\012\\001\\177\\303\\244z");
	buf_free(&b);
}
END_TEST

START_TEST(vis_goes_there_and_back)
{
	char all[256], copy[256 * 4];
	struct buf b;

	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	buf_init(&b, 0);
	ck_assert_int_eq(vis_add(&b, all), 0);
	for (size_t i = 0; i < b.len; i++)
		ck_assert(b.data[i] > ' ' && b.data[i] < 0x7f);
	ck_assert_uint_lt(b.len, sizeof(copy));
	memcpy(copy, b.data, b.len + 1);
	ck_assert_int_eq(vis_undo(copy), 0);
	ck_assert_str_eq(copy, all);
	buf_free(&b);
}
END_TEST

START_TEST(vis_undo_refuses_bad_escapes)
{
	static const char *const bad[] = {
		"\\", "a\\", "\\0", "\\04", "a\\04", "\\8", "\\048", "\\n",
		"\\\\", "\\s", "\\400", "\\777", "\\000", "x\\000y",
		"\\040\\", "\\x41", "\\-40", "ok\\101\\9"
	};
	char copy[32];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(copy, bad[i], strlen(bad[i]) + 1);
		ck_assert_int_eq(vis_undo(copy), ERR_FORMAT);
		ck_assert_str_eq(copy, bad[i]);
	}
}
END_TEST

START_TEST(vis_undo_does_not_undo_twice)
{
	char text[] = "\\134101\\101";

	ck_assert_int_eq(vis_undo(text), 0);
	ck_assert_str_eq(text, "\\101A");
}
END_TEST

START_TEST(vis_keeps_the_bound)
{
	struct buf b;

	buf_init(&b, 6);
	ck_assert_int_eq(buf_add_str(&b, "ab"), 0);
	ck_assert_int_eq(vis_add(&b, "c  "), ERR_LIMIT);
	ck_assert_str_eq(b.data, "ab");
	ck_assert_uint_eq(b.len, 2);
	ck_assert_int_eq(vis_add(&b, " "), 0);
	ck_assert_str_eq(b.data, "ab\\040");
	buf_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("vis");
	TCase *t = tcase_create("vis");

	tcase_add_test(t, vis_leaves_plain_text);
	tcase_add_test(t, vis_escapes_in_octal);
	tcase_add_test(t, vis_goes_there_and_back);
	tcase_add_test(t, vis_undo_refuses_bad_escapes);
	tcase_add_test(t, vis_undo_does_not_undo_twice);
	tcase_add_test(t, vis_keeps_the_bound);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
