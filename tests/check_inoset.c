/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdlib.h>

#include "check_main.h"
#include "inoset.h"

enum { MANY = 200000 };

START_TEST(inoset_free_takes_null)
{
	inoset_free(NULL);
}
END_TEST

START_TEST(inoset_keeps_the_first_value)
{
	struct inoset *s = inoset_new();
	uintptr_t v = 42;

	ck_assert_ptr_nonnull(s);
	ck_assert(!inoset_has(s, 1, 2, &v));
	ck_assert_uint_eq(v, 42);
	ck_assert_int_eq(inoset_add(s, 1, 2, 3), 1);
	ck_assert_int_eq(inoset_add(s, 1, 2, 4), 0);
	ck_assert(inoset_has(s, 1, 2, &v));
	ck_assert_uint_eq(v, 3);
	ck_assert(inoset_has(s, 1, 2, NULL));
	ck_assert_uint_eq(inoset_count(s), 1);
	inoset_free(s);
}
END_TEST

START_TEST(inoset_tells_device_from_number)
{
	struct inoset *s = inoset_new();
	uintptr_t v;

	ck_assert_int_eq(inoset_add(s, 1, 2, 12), 1);
	ck_assert(!inoset_has(s, 2, 1, NULL));
	ck_assert(!inoset_has(s, 1, 1, NULL));
	ck_assert(!inoset_has(s, 2, 2, NULL));
	ck_assert_int_eq(inoset_add(s, 2, 1, 21), 1);
	ck_assert(inoset_has(s, 1, 2, &v));
	ck_assert_uint_eq(v, 12);
	ck_assert(inoset_has(s, 2, 1, &v));
	ck_assert_uint_eq(v, 21);
	inoset_free(s);
}
END_TEST

/* In a small and full table other devices' slots are met on the way. */
START_TEST(inoset_keeps_one_number_of_many_devices)
{
	struct inoset *s = inoset_new();
	uintptr_t v;

	for (uint64_t dev = 1; dev <= 48; dev++)
		ck_assert_int_eq(inoset_add(s, dev, 5, dev), 1);
	for (uint64_t dev = 1; dev <= 48; dev++) {
		ck_assert(inoset_has(s, dev, 5, &v));
		ck_assert_uint_eq(v, dev);
		ck_assert(!inoset_has(s, dev + 48, 5, NULL));
	}
	inoset_free(s);
}
END_TEST

START_TEST(inoset_takes_zeroes)
{
	struct inoset *s = inoset_new();
	uintptr_t v = 42;

	ck_assert(!inoset_has(s, 0, 0, &v));
	ck_assert_uint_eq(v, 42);
	ck_assert_int_eq(inoset_add(s, 0, 1, 1), 1);
	ck_assert_int_eq(inoset_add(s, 1, 0, 2), 1);
	ck_assert(!inoset_has(s, 0, 0, NULL));
	ck_assert_int_eq(inoset_add(s, 0, 0, 3), 1);
	ck_assert_int_eq(inoset_add(s, 0, 0, 4), 0);
	ck_assert(inoset_has(s, 0, 0, &v));
	ck_assert_uint_eq(v, 3);
	ck_assert_uint_eq(inoset_count(s), 3);
	inoset_free(s);
}
END_TEST

/* Steps as of ext4, of a large file system, and of the top of the range. */
static void
fill(uint64_t dev, uint64_t first, uint64_t step)
{
	struct inoset *s = inoset_new();
	uintptr_t v;

	for (uint64_t i = 0; i < MANY; i++) {
		if (inoset_add(s, dev, first + i * step, i) != 1)
			ck_abort();
	}
	ck_assert_uint_eq(inoset_count(s), MANY);
	for (uint64_t i = 0; i < MANY; i++) {
		if (!inoset_has(s, dev, first + i * step, &v) || v != i)
			ck_abort();
		if (inoset_has(s, dev + 1, first + i * step, NULL))
			ck_abort();
		if (inoset_add(s, dev, first + i * step, 0) != 0)
			ck_abort();
	}
	inoset_free(s);
}

START_TEST(inoset_holds_many)
{
	fill(0x803, 12, 1);
	fill(0xfd00, 1, 4096);
	fill(UINT64_MAX - 1, 1, (uint64_t)1 << 40);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("inoset");
	TCase *t = tcase_create("inoset");

	tcase_add_test(t, inoset_free_takes_null);
	tcase_add_test(t, inoset_keeps_the_first_value);
	tcase_add_test(t, inoset_tells_device_from_number);
	tcase_add_test(t, inoset_keeps_one_number_of_many_devices);
	tcase_add_test(t, inoset_takes_zeroes);
	tcase_add_test(t, inoset_holds_many);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
