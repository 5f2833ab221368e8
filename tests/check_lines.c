/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "err.h"
#include "lines.h"

static struct lines walk;

static void
expect(const char *line, size_t len, unsigned long number)
{
	const char *at;
	size_t n;

	ck_assert(lines_next(&walk, &at, &n));
	ck_assert_uint_eq(n, len);
	ck_assert_int_eq(memcmp(at, line, len), 0);
	ck_assert_uint_eq(walk.number, number);
}

static void
expect_end(void)
{
	const char *at = "untouched";
	size_t n = 77;

	ck_assert(!lines_next(&walk, &at, &n));
	ck_assert_str_eq(at, "untouched");
	ck_assert_uint_eq(n, 77);
}

START_TEST(lines_of_nothing)
{
	lines_init(&walk, NULL, 0);
	expect_end();
	lines_init(&walk, "beyond", 0);
	expect_end();
	expect_end();
	ck_assert_uint_eq(walk.number, 0);
}
END_TEST

START_TEST(lines_with_and_without_last_newline)
{
	lines_init(&walk, "a\nbc\n", 5);
	expect("a", 1, 1);
	expect("bc", 2, 2);
	expect_end();
	lines_init(&walk, "a\nbcX", 4);
	expect("a", 1, 1);
	expect("bc", 2, 2);
	expect_end();
}
END_TEST

START_TEST(lines_may_be_empty)
{
	lines_init(&walk, "\n\nx\n\n", 5);
	expect("", 0, 1);
	expect("", 0, 2);
	expect("x", 1, 3);
	expect("", 0, 4);
	expect_end();
}
END_TEST

START_TEST(lines_may_be_binary)
{
	lines_init(&walk, "a\0b\r\n\xff\n\0", 8);
	expect("a\0b\r", 4, 1);
	expect("\xff", 1, 2);
	expect("\0", 1, 3);
	expect_end();
}
END_TEST

START_TEST(lines_may_be_huge)
{
	size_t size = 3 << 20;
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', size);
	text[size - 2] = '\n';
	lines_init(&walk, text, size);
	expect(text, size - 2, 1);
	expect("x", 1, 2);
	expect_end();
	free(text);
}
END_TEST

START_TEST(number_reads_decimals)
{
	unsigned long long v = 1;

	ck_assert_int_eq(lines_number("0", 1, 10, &v), 0);
	ck_assert_uint_eq(v, 0);
	ck_assert_int_eq(lines_number("0012x", 4, 12, &v), 0);
	ck_assert_uint_eq(v, 12);
	ck_assert_int_eq(lines_number("18446744073709551615", 20,
	                              ULLONG_MAX, &v), 0);
	ck_assert_uint_eq(v, ULLONG_MAX);
	ck_assert_int_eq(lines_number("0", 1, 0, &v), 0);
	ck_assert_uint_eq(v, 0);
}
END_TEST

START_TEST(number_refuses_all_else)
{
	static const char *const bad[] = {
		"", "-1", "+1", " 1", "1 ", "1a", "0x1", "1.0", "\xb1",
		"101", "1000", "18446744073709551616",
		"99999999999999999999999999"
	};
	unsigned long long v = 42;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(lines_number(bad[i], strlen(bad[i]), 100,
		                              &v), ERR_FORMAT);
	ck_assert_int_eq(lines_number("1\0", 2, 100, &v), ERR_FORMAT);
	ck_assert_int_eq(lines_number("1", 1, 0, &v), ERR_FORMAT);
	ck_assert_int_eq(lines_number("9", 1, 8, &v), ERR_FORMAT);
	ck_assert_int_eq(lines_number("18446744073709551616", 20,
	                              ULLONG_MAX, &v), ERR_FORMAT);
	ck_assert_uint_eq(v, 42);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("lines");
	TCase *t = tcase_create("lines");

	tcase_add_test(t, lines_of_nothing);
	tcase_add_test(t, lines_with_and_without_last_newline);
	tcase_add_test(t, lines_may_be_empty);
	tcase_add_test(t, lines_may_be_binary);
	tcase_add_test(t, lines_may_be_huge);
	tcase_add_test(t, number_reads_decimals);
	tcase_add_test(t, number_refuses_all_else);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
