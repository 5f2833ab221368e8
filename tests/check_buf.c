/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "check_main.h"
#include "err.h"

START_TEST(buf_starts_empty)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_uint_eq(b.max, BUF_MAX_DEFAULT);
	buf_clear(&b);
	buf_free(&b);
	buf_free(&b);
}
END_TEST

START_TEST(buf_adds_and_ends_in_nul)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add(&b, NULL, 0), 0);
	ck_assert_str_eq(b.data, "");
	ck_assert_int_eq(buf_add(&b, "ab\0c", 4), 0);
	ck_assert_int_eq(buf_add_str(&b, "de"), 0);
	ck_assert_int_eq(buf_add_char(&b, 'f'), 0);
	ck_assert_int_eq(buf_addf(&b, "%d-%s", 12, "x"), 0);
	ck_assert_uint_eq(b.len, 11);
	ck_assert_mem_eq(b.data, "ab\0cdef12-x", 12);
	buf_clear(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(b.data, "");
	buf_free(&b);
	ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(buf_numbers_are_little_endian)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_u32(&b, 0x01020304), 0);
	ck_assert_int_eq(buf_add_u64(&b, 0x0102030405060708ULL), 0);
	ck_assert_uint_eq(b.len, 12);
	ck_assert_mem_eq(b.data, "\4\3\2\1\10\7\6\5\4\3\2\1", 13);
	buf_free(&b);
}
END_TEST

START_TEST(buf_keeps_its_bound)
{
	struct buf b;

	buf_init(&b, 5);
	ck_assert_int_eq(buf_add_str(&b, "abc"), 0);
	ck_assert_int_eq(buf_add_str(&b, "def"), ERR_LIMIT);
	ck_assert_int_eq(buf_addf(&b, "%d", 123), ERR_LIMIT);
	ck_assert_int_eq(buf_add_u32(&b, 1), ERR_LIMIT);
	ck_assert_int_eq(buf_add_u64(&b, 1), ERR_LIMIT);
	ck_assert_str_eq(b.data, "abc");
	ck_assert_uint_eq(b.len, 3);
	ck_assert_int_eq(buf_add_str(&b, "de"), 0);
	ck_assert_str_eq(b.data, "abcde");
	ck_assert_int_eq(buf_add_char(&b, 'f'), ERR_LIMIT);
	ck_assert_int_eq(buf_add(&b, NULL, 0), 0);
	ck_assert_uint_le(b.cap, 6);
	buf_free(&b);
}
END_TEST

START_TEST(buf_survives_huge_sizes)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	ck_assert_int_eq(buf_add_char(&b, 'x'), 0);
	ck_assert_int_eq(buf_reserve(&b, SIZE_MAX), ERR_LIMIT);
	ck_assert_int_eq(buf_reserve(&b, SIZE_MAX - 1), ERR_LIMIT);
	ck_assert_str_eq(b.data, "x");
	buf_free(&b);
}
END_TEST

START_TEST(buf_grows_far)
{
	struct buf b;

	buf_init(&b, 0);
	for (int i = 0; i < 100000; i++)
		ck_assert_int_eq(buf_addf(&b, "%05d\n", i), 0);
	ck_assert_uint_eq(b.len, 600000);
	ck_assert_mem_eq(b.data + 6 * 54321, "54321\n", 6);
	ck_assert_int_eq(buf_reserve(&b, 4096), 0);
	ck_assert_uint_gt(b.cap, b.len + 4096);
	ck_assert_int_eq(b.data[b.len], '\0');
	buf_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("buf");
	TCase *t = tcase_create("buf");

	tcase_add_test(t, buf_starts_empty);
	tcase_add_test(t, buf_adds_and_ends_in_nul);
	tcase_add_test(t, buf_numbers_are_little_endian);
	tcase_add_test(t, buf_keeps_its_bound);
	tcase_add_test(t, buf_survives_huge_sizes);
	tcase_add_test(t, buf_grows_far);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
