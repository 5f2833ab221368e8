/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "remounted.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "check_main.h"

#define HEAD "dpkg-immutable remounted 1\n"

static struct remounted m;
static struct diag diag;
static char text[65536];

static int
parse(const char *from, size_t n)
{
	memcpy(text, from, n);
	memset(&diag, 0, sizeof(diag));
	m.n = 99;
	return remounted_parse("remounted-x", text, n, &m, &diag);
}

START_TEST(rows_are_read)
{
	static const char good[] = HEAD "8:1 /usr\n4294967295:0 /a\\040b\\134\n";

	ck_assert_int_eq(parse(HEAD, strlen(HEAD)), 0);
	ck_assert_uint_eq(m.n, 0);
	ck_assert_int_eq(parse(good, strlen(good)), 0);
	ck_assert_uint_eq(m.n, 2);
	ck_assert_uint_eq(m.rows[0].dev, makedev(8, 1));
	ck_assert_str_eq(m.rows[0].path, "/usr");
	ck_assert_uint_eq(m.rows[1].dev, makedev(4294967295u, 0));
	ck_assert_str_eq(m.rows[1].path, "/a b\\");
}
END_TEST

START_TEST(bad_lines_are_named)
{
	static const char *const bad[] = {
		"8 /usr", "8:1", "8:1 ", "8:1 usr", ":1 /usr", "8: /usr",
		"x:1 /usr", "8:1x /usr", "-8:1 /usr", "4294967296:1 /usr",
		"8 1: /usr", "8:1 /\\400", "8:1 /\\000", "8:1 /\\12", ""
	};
	char line[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int n = snprintf(line, sizeof(line), HEAD "8:1 /ok\n%s\n",
		                 bad[i]);

		ck_assert_msg(parse(line, (size_t)n) == ERR_FORMAT, "%s",
		              bad[i]);
		ck_assert_str_eq(diag.file, "remounted-x");
		ck_assert_uint_eq(diag.line, 3);
	}
	ck_assert_int_eq(parse(HEAD "8:1 /a\0b\n", strlen(HEAD) + 9),
	                 ERR_FORMAT);
	ck_assert_uint_eq(diag.line, 2);
}
END_TEST

START_TEST(other_texts_are_refused)
{
	static const char *const bad[] = {
		"", "\n", "8:1 /usr\n", "dpkg-immutable remounted 2\n",
		"dpkg-immutable remounted 1", HEAD "8:1 /usr", "\xff\xfe\n"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(parse(bad[i], strlen(bad[i])) == ERR_FORMAT,
		              "%s", bad[i]);
}
END_TEST

START_TEST(there_are_not_too_many)
{
	static char many[65536] = HEAD;
	size_t n = strlen(HEAD);

	for (int i = 0; i < REMOUNTED_MAX; i++)
		n += (size_t)sprintf(many + n, "8:%d /x%d\n", i, i);
	ck_assert_int_eq(parse(many, n), 0);
	ck_assert_uint_eq(m.n, REMOUNTED_MAX);
	n += (size_t)sprintf(many + n, "9:1 /y\n");
	ck_assert_int_eq(parse(many, n), ERR_LIMIT);
	ck_assert_uint_eq(diag.line, REMOUNTED_MAX + 2);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("remounted");
	TCase *c = tcase_create("text");

	tcase_add_test(c, rows_are_read);
	tcase_add_test(c, bad_lines_are_named);
	tcase_add_test(c, other_texts_are_refused);
	tcase_add_test(c, there_are_not_too_many);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN()
