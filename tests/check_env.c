/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "env.h"

static char *envp[] = {
	(char *)"PATH=/bin", (char *)"EMPTY=", (char *)"PATHS=x",
	(char *)"odd", NULL
};

START_TEST(values)
{
	ck_assert_str_eq(env_get(envp, "PATH"), "/bin");
	ck_assert_str_eq(env_get(envp, "EMPTY"), "");
	ck_assert_ptr_null(env_get(envp, "PAT"));
	ck_assert_ptr_null(env_get(envp, "odd"));
	ck_assert_ptr_null(env_get(envp, "NONE"));
	ck_assert_ptr_null(env_get(NULL, "PATH"));
	ck_assert_ptr_null(env_get(envp + 4, "PATH"));
}
END_TEST

START_TEST(one_more)
{
	char **more = env_with(envp, "NEW=1");

	ck_assert_ptr_nonnull(more);
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_eq(more[i], envp[i]);
	ck_assert_str_eq(more[4], "NEW=1");
	ck_assert_ptr_null(more[5]);
	free(more);
}
END_TEST

START_TEST(only_some)
{
	static const char *const names[] = { "PATH", "odd", "NONE" };
	char *copy[5];

	memcpy(copy, envp, sizeof(copy));
	env_only(copy, names, 3);
	ck_assert_ptr_eq(copy[0], envp[0]);
	ck_assert_ptr_eq(copy[1], envp[3]);
	ck_assert_ptr_null(copy[2]);
	env_only(copy, names, 0);
	ck_assert_ptr_null(copy[0]);
	env_only(copy, names, 3);
	ck_assert_ptr_null(copy[0]);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("env");
	TCase *t = tcase_create("env");

	tcase_add_test(t, values);
	tcase_add_test(t, one_more);
	tcase_add_test(t, only_some);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
