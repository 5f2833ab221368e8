/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "check_main.h"
#include "strmap.h"

enum { MANY = 200000, KEY_SIZE = 64 };

START_TEST(strmap_free_takes_null)
{
	strmap_free(NULL);
}
END_TEST

START_TEST(strmap_is_empty_at_first)
{
	struct strmap *m = strmap_new();
	uintptr_t v = 42;

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(strmap_get(m, "", &v), 0);
	ck_assert_int_eq(strmap_get(m, "a", &v), 0);
	ck_assert_uint_eq(v, 42);
	ck_assert_uint_eq(strmap_count(m), 0);
	strmap_free(m);
}
END_TEST

START_TEST(strmap_replaces)
{
	struct strmap *m = strmap_new();
	char same[] = "usr";
	uintptr_t v = 0;

	ck_assert_int_eq(strmap_put(m, "usr", 1), 0);
	ck_assert_int_eq(strmap_put(m, same, 2), 0);
	ck_assert_uint_eq(strmap_count(m), 1);
	/* The first key stays: the second may go away. */
	same[0] = 'x';
	ck_assert_int_eq(strmap_get(m, "usr", &v), 1);
	ck_assert_uint_eq(v, 2);
	ck_assert_int_eq(strmap_get(m, "xsr", &v), 0);
	ck_assert_int_eq(strmap_get(m, "usr", NULL), 1);
	strmap_free(m);
}
END_TEST

START_TEST(strmap_tells_like_keys_apart)
{
	/* Around the steps of eight bytes, and with bytes over 127. */
	static const char *const keys[] = {
		"", "a", "aa", "aaaaaaa", "aaaaaaaa", "aaaaaaaaa",
		"aaaaaaab", "baaaaaaa", "aaaaaaaaaaaaaaaa",
		"aaaaaaaaaaaaaaaaa", "\xff", "\xfe", "\x01"
	};
	const size_t n = sizeof(keys) / sizeof(keys[0]);
	struct strmap *m = strmap_new();
	uintptr_t v;

	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(strmap_put(m, keys[i], i), 0);
	ck_assert_uint_eq(strmap_count(m), n);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(strmap_get(m, keys[i], &v), 1);
		ck_assert_uint_eq(v, i);
	}
	strmap_free(m);
}
END_TEST

/* Two keys of one hash, at least where the low byte comes first. */
START_TEST(strmap_compares_beyond_the_hash)
{
	static const char one[] = "usr/bin/collides";
	static const char two[] = "usr/aaaa"
	                          "\164\123\230\333\176\130\221\304";
	struct strmap *m = strmap_new();
	uintptr_t v;

	ck_assert_int_eq(strmap_put(m, one, 1), 0);
	ck_assert_int_eq(strmap_get(m, two, NULL), 0);
	ck_assert_int_eq(strmap_put(m, two, 2), 0);
	ck_assert_uint_eq(strmap_count(m), 2);
	ck_assert_int_eq(strmap_get(m, one, &v), 1);
	ck_assert_uint_eq(v, 1);
	ck_assert_int_eq(strmap_get(m, two, &v), 1);
	ck_assert_uint_eq(v, 2);
	strmap_free(m);
}
END_TEST

START_TEST(strmap_holds_many)
{
	struct strmap *m = strmap_new();
	char (*keys)[KEY_SIZE] = calloc(MANY, KEY_SIZE), other[KEY_SIZE];
	uintptr_t v;

	ck_assert_ptr_nonnull(keys);
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(keys[i], KEY_SIZE, "/usr/share/doc/pack%u/copy%u",
		         i % 1000, i);
		if (strmap_put(m, keys[i], i) != 0)
			ck_abort();
	}
	ck_assert_uint_eq(strmap_count(m), MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		if (strmap_get(m, keys[i], &v) != 1 || v != i)
			ck_abort_msg("%s is lost", keys[i]);
		snprintf(other, sizeof(other), "%s.", keys[i]);
		if (strmap_get(m, other, NULL) != 0)
			ck_abort_msg("%s was never put", other);
	}
	free(keys);
	strmap_free(m);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("strmap");
	TCase *t = tcase_create("strmap");

	tcase_add_test(t, strmap_free_takes_null);
	tcase_add_test(t, strmap_is_empty_at_first);
	tcase_add_test(t, strmap_replaces);
	tcase_add_test(t, strmap_tells_like_keys_apart);
	tcase_add_test(t, strmap_compares_beyond_the_hash);
	tcase_add_test(t, strmap_holds_many);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
