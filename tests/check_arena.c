/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "check_main.h"

enum { MANY = 20000 };

START_TEST(arena_free_takes_null)
{
	arena_free(NULL);
	arena_free(arena_new());
}
END_TEST

START_TEST(arena_memory_is_zeroed_and_aligned)
{
	static const char zero[3000];
	struct arena *a = arena_new();
	char *p;

	ck_assert_ptr_nonnull(a);
	for (size_t n = 0; n < 3000; n += 7) {
		ck_assert_ptr_nonnull(arena_strndup(a, "odd", n % 3));
		p = arena_alloc(a, n);
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
		if (n > 0) {
			ck_assert_mem_eq(p, zero, n);
			memset(p, 0xff, n);
		}
	}
	arena_free(a);
}
END_TEST

START_TEST(arena_pieces_do_not_overlap)
{
	struct arena *a = arena_new();
	unsigned int **all = calloc(MANY, sizeof(*all));

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(all);
	for (unsigned int i = 0; i < MANY; i++) {
		all[i] = arena_alloc(a, sizeof(int) * (i % 50 + 1));
		for (unsigned int k = 0; k <= i % 50; k++)
			all[i][k] = i;
	}
	for (unsigned int i = 0; i < MANY; i++) {
		for (unsigned int k = 0; k <= i % 50; k++)
			ck_assert_uint_eq(all[i][k], i);
	}
	free(all);
	arena_free(a);
}
END_TEST

START_TEST(arena_takes_large_pieces)
{
	struct arena *a = arena_new();
	char *first, *big, *small, *other;

	first = arena_alloc(a, 1000000);
	small = arena_strdup(a, "small");
	big = arena_alloc(a, 1000000);
	other = arena_strdup(a, "other");
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_nonnull(big);
	memset(first, 'x', 1000000);
	memset(big, 'y', 1000000);
	ck_assert_str_eq(small, "small");
	ck_assert_str_eq(other, "other");
	/* The large piece has not cut short the chunk being filled. */
	ck_assert_ptr_eq(other, small + sizeof("small"));
	ck_assert_int_eq(first[999999], 'x');
	arena_free(a);
}
END_TEST

START_TEST(arena_refuses_the_impossible)
{
	struct arena *a = arena_new();

	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX - 16));
	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX / 2));
	ck_assert_str_eq(arena_strdup(a, "still fine"), "still fine");
	arena_free(a);
}
END_TEST

START_TEST(arena_copies_strings)
{
	struct arena *a = arena_new();

	ck_assert_str_eq(arena_strdup(a, ""), "");
	ck_assert_str_eq(arena_strndup(a, "abcdef", 3), "abc");
	ck_assert_str_eq(arena_strndup(a, "ab\0def", 6), "ab");
	ck_assert_str_eq(arena_strndup(a, "ab", 10), "ab");
	ck_assert_str_eq(arena_strndup(a, NULL, 0), "");
	arena_free(a);
}
END_TEST

START_TEST(arena_takes_another_ones_pieces)
{
	struct arena *a = arena_new(), *b = arena_new(), *c = arena_new();
	char *large, *small, *own = arena_strdup(a, "own");

	large = arena_alloc(b, 1000000);
	small = arena_strdup(b, "small");
	arena_join(a, b);
	memset(large, 'x', 1000000);
	arena_join(a, NULL);
	arena_join(c, a);
	/* the chunk that was being filled goes on being filled */
	ck_assert_str_eq(arena_strdup(c, "more"), "more");
	ck_assert_str_eq(small, "small");
	ck_assert_str_eq(own, "own");
	arena_free(c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("arena");
	TCase *t = tcase_create("arena");

	tcase_add_test(t, arena_free_takes_null);
	tcase_add_test(t, arena_memory_is_zeroed_and_aligned);
	tcase_add_test(t, arena_pieces_do_not_overlap);
	tcase_add_test(t, arena_takes_large_pieces);
	tcase_add_test(t, arena_refuses_the_impossible);
	tcase_add_test(t, arena_copies_strings);
	tcase_add_test(t, arena_takes_another_ones_pieces);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
