/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "self.h"

static size_t
noted(const char *text, const char *ret[SELF_NOTED])
{
	return self_noted(text, strlen(text), ret);
}

START_TEST(ours_and_the_real_ones)
{
	const char *ret[SELF_NOTED];

	ck_assert_uint_eq(noted("/usr/bin/dpkg\n/usr/bin/dpkg.distrib\n"
	                        "/usr/sbin/dpkg-reconfigure.distrib\n"
	                        "/usr/sbin/dpkg-immutable", ret), 4);
	ck_assert_str_eq(ret[0], "/usr/bin/dpkg");
	ck_assert_str_eq(ret[1], "/usr/sbin/dpkg-immutable");
	ck_assert_str_eq(ret[2], "/usr/bin/dpkg.distrib");
	ck_assert_str_eq(ret[3], "/usr/sbin/dpkg-reconfigure.distrib");
}
END_TEST

START_TEST(nothing_else)
{
	const char *ret[SELF_NOTED];

	ck_assert_uint_eq(noted("", ret), 0);
	ck_assert_uint_eq(noted("\n\n", ret), 0);
	ck_assert_uint_eq(noted("/etc/passwd\n../usr/bin/dpkg\n"
	                        "usr/bin/dpkg\n/usr/bin/dpkg \n"
	                        " /usr/bin/dpkg\n/usr/bin/dpkg/\n"
	                        "/usr/bin/dpk\n/usr/bin/dpkg.dist\n"
	                        "/usr/bin/dpkg.distrib.distrib\n"
	                        "/usr/sbin/dpkg-immutable.distrib\n"
	                        "/usr/bin/dpkg\r\n/usr/bin/apt", ret), 0);
	ck_assert_uint_eq(self_noted(NULL, 0, ret), 0);
}
END_TEST

START_TEST(binary_and_long_lines)
{
	static const char nul[] = "/usr/bin/dpkg\0\n/usr/bin/dpkg-divert\n";
	static char longest[70000];
	const char *ret[SELF_NOTED];

	ck_assert_uint_eq(self_noted(nul, sizeof(nul) - 1, ret), 1);
	ck_assert_str_eq(ret[0], "/usr/bin/dpkg-divert");
	memset(longest, 'x', sizeof(longest));
	ck_assert_uint_eq(self_noted(longest, sizeof(longest), ret), 0);
	memset(longest, 0, sizeof(longest));
	ck_assert_uint_eq(self_noted(longest, sizeof(longest), ret), 0);
}
END_TEST

START_TEST(each_once_however_often)
{
	const char *ret[SELF_NOTED];
	char text[20000] = "";
	char *at = text;

	for (size_t i = 0; i < 100; i++)
		for (size_t k = 0; k < SELF_COUNT; k++) {
			at = stpcpy(at, self_paths[k]);
			at = stpcpy(at, "\n");
		}
	ck_assert_uint_eq(noted(text, ret), SELF_COUNT);
	for (size_t k = 0; k < SELF_COUNT; k++)
		ck_assert_str_eq(ret[k], self_paths[k]);
}
END_TEST

START_TEST(the_seven)
{
	for (size_t i = 0; i < SELF_COUNT; i++)
		ck_assert(self_is(self_paths[i]));
	ck_assert(!self_is("/usr/bin/dpkg.distrib"));
	ck_assert(!self_is("/usr/bin"));
	ck_assert(!self_is(""));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("self");
	TCase *t = tcase_create("self");

	tcase_add_test(t, ours_and_the_real_ones);
	tcase_add_test(t, nothing_else);
	tcase_add_test(t, binary_and_long_lines);
	tcase_add_test(t, each_once_however_often);
	tcase_add_test(t, the_seven);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
