/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stdio.h>
#include <string.h>

#include "check_main.h"
#include "found.h"

START_TEST(strings_are_kept)
{
	char path[] = "/usr/x", package[] = "p", version[] = "1",
	     expected[] = "e", actual[] = "a", copy[] = "c";
	const struct finding one = {
		.kind = FINDING_MODE, .package = package, .version = version,
		.path = path, .expected = expected, .actual = actual,
		.copy = copy
	};
	const struct finding bare = { .kind = FINDING_SELF, .path = path };
	struct found f = { .n = 0 };

	found_add(&f, &one);
	found_add(&f, &bare);
	path[1] = package[0] = version[0] = '?';
	expected[0] = actual[0] = copy[0] = '?';
	ck_assert_uint_eq(f.n, 2);
	ck_assert_int_eq(f.list[0].kind, FINDING_MODE);
	ck_assert_str_eq(f.list[0].path, "/usr/x");
	ck_assert_str_eq(f.list[0].package, "p");
	ck_assert_str_eq(f.list[0].version, "1");
	ck_assert_str_eq(f.list[0].expected, "e");
	ck_assert_str_eq(f.list[0].actual, "a");
	ck_assert_str_eq(f.list[0].copy, "c");
	ck_assert_int_eq(f.list[1].kind, FINDING_SELF);
	ck_assert_str_eq(f.list[1].path, "/usr/x");
	ck_assert_ptr_null(f.list[1].package);
	ck_assert_ptr_null(f.list[1].version);
	ck_assert_ptr_null(f.list[1].expected);
	ck_assert_ptr_null(f.list[1].actual);
	ck_assert_ptr_null(f.list[1].copy);
	found_free(&f);
	ck_assert_uint_eq(f.n, 0);
	ck_assert_ptr_null(f.arena);
}
END_TEST

/* The first so many; it can be used again when it was freed. */
START_TEST(no_more_than_there_is_room_for)
{
	struct found f = { .n = 0 };
	char path[20];
	const struct finding one = { .kind = FINDING_FLAG, .path = path };

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < FOUND_MAX + 50; i++) {
			snprintf(path, sizeof(path), "/%d", i);
			found_add(&f, &one);
		}
		ck_assert_uint_eq(f.n, FOUND_MAX);
		for (int i = 0; i < FOUND_MAX; i++) {
			snprintf(path, sizeof(path), "/%d", i);
			ck_assert_str_eq(f.list[i].path, path);
		}
		found_free(&f);
	}
}
END_TEST

START_TEST(nothing_without_a_path)
{
	const struct finding none = { .kind = FINDING_FLAG, .package = "p" };
	struct found f = { .n = 0 };

	found_free(&f);
	found_add(&f, &none);
	ck_assert_uint_eq(f.n, 0);
	found_free(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("found");
	TCase *t = tcase_create("found");

	tcase_add_test(t, strings_are_kept);
	tcase_add_test(t, no_more_than_there_is_room_for);
	tcase_add_test(t, nothing_without_a_path);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
