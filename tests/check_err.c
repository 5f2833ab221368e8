/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "err.h"

START_TEST(err_text_knows_every_code)
{
	for (int code = ERR_FORMAT; code <= ERR_AGAIN; code++) {
		ck_assert_ptr_nonnull(err_text(code));
		ck_assert_str_ne(err_text(code), "unknown error");
		for (int other = ERR_FORMAT; other < code; other++)
			ck_assert_str_ne(err_text(code), err_text(other));
	}
}
END_TEST

START_TEST(err_text_knows_errno)
{
	ck_assert_str_eq(err_text(-ENOENT), "No such file or directory");
	ck_assert_str_eq(err_text(-EPERM), "Operation not permitted");
}
END_TEST

START_TEST(err_text_is_never_null)
{
	static const int odd[] = {
		0, 1, ENOENT, -4000, -4095, -4096, ERR_FORMAT - 1,
		ERR_AGAIN + 1, INT_MIN, INT_MAX
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		ck_assert_ptr_nonnull(err_text(odd[i]));
		ck_assert_str_ne(err_text(odd[i]), "");
	}
	ck_assert_str_eq(err_text(ERR_AGAIN + 1), "unknown error");
	ck_assert_str_eq(err_text(ENOENT), "unknown error");
}
END_TEST

START_TEST(diag_set_fills_and_returns_err)
{
	struct diag d;
	char text[600];

	ck_assert_int_eq(diag_set(&d, ERR_FORMAT, "status", 7, "no %s", "x"),
	                 ERR_FORMAT);
	ck_assert_str_eq(d.file, "status");
	ck_assert_uint_eq(d.line, 7);
	ck_assert_str_eq(d.what, "no x");
	diag_text(&d, text, sizeof(text));
	ck_assert_str_eq(text, "status:7: no x");
	ck_assert_int_eq(diag_set(NULL, -EIO, "status", 7, "x"), -EIO);
}
END_TEST

START_TEST(diag_text_leaves_out_what_is_absent)
{
	struct diag d;
	char text[600];

	diag_set(&d, -1, "f", 0, "bad");
	diag_text(&d, text, sizeof(text));
	ck_assert_str_eq(text, "f: bad");
	diag_set(&d, -1, NULL, 0, "bad");
	diag_text(&d, text, sizeof(text));
	ck_assert_str_eq(text, "bad");
	diag_set(&d, -1, NULL, 3, "bad");
	diag_text(&d, text, sizeof(text));
	ck_assert_str_eq(text, "3: bad");
	diag_set(&d, -1, "f", 3, "%s", "");
	diag_text(&d, text, sizeof(text));
	ck_assert_str_eq(text, "f:3");
}
END_TEST

START_TEST(diag_cuts_long_texts)
{
	struct diag d;
	char longer[1000], text[8];

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	diag_set(&d, -1, longer, 1, "%s", longer);
	ck_assert_uint_eq(strlen(d.file), sizeof(d.file) - 1);
	ck_assert_uint_eq(strlen(d.what), sizeof(d.what) - 1);
	diag_text(&d, text, sizeof(text));
	ck_assert_str_eq(text, "aaaaaaa");
	text[0] = 'x';
	diag_text(&d, text, 0);
	ck_assert_int_eq(text[0], 'x');
}
END_TEST

START_TEST(errors_of_the_moment)
{
	ck_assert(err_passes(-EIO));
	ck_assert(err_passes(-EMFILE));
	ck_assert(err_passes(-ENFILE));
	ck_assert(err_passes(-ENOMEM));
	ck_assert(err_passes(-EINTR));
	ck_assert(!err_passes(-ENOENT));
	ck_assert(!err_passes(-EACCES));
	ck_assert(!err_passes(0));
	ck_assert(!err_passes(ERR_FORMAT));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("err");
	TCase *t = tcase_create("err");

	tcase_add_test(t, err_text_knows_every_code);
	tcase_add_test(t, err_text_knows_errno);
	tcase_add_test(t, err_text_is_never_null);
	tcase_add_test(t, diag_set_fills_and_returns_err);
	tcase_add_test(t, diag_text_leaves_out_what_is_absent);
	tcase_add_test(t, diag_cuts_long_texts);
	tcase_add_test(t, errors_of_the_moment);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
