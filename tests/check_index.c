/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>

#include "check_main.h"
#include "index.h"
#include "scratch.h"

#define HEAD "dpkg-immutable index 1\n"
#define DIV "diversions 0 0 0\n"
#define RUN "\t0000000000000001"
#define REST "\ton\t4\t5\t77" RUN
#define ROW(name, arch) \
	name "\t" arch "\t1.0-1\tinstalled\tok\t12\t345\t678\ton" \
	"\t9\t10\t11\t00000000000000aa\n"

static struct diag diag;

static int
load(const char *text, size_t n, struct index **ret)
{
	scratch_write("index", text, n);
	memset(&diag, 0, sizeof(diag));
	return index_load(scratch_fd, ret, &diag);
}

static void
bad(const char *text, unsigned long line)
{
	struct index *const untouched = (struct index *)&diag;
	struct index *x = untouched;

	ck_assert_msg(load(text, strlen(text), &x) == ERR_FORMAT,
	              "accepted: %s", text);
	ck_assert_ptr_eq(x, untouched);
	ck_assert_str_eq(diag.file, "index");
	ck_assert_uint_eq(diag.line, line);
}

static void
same_row(const struct index_row *a, const struct index_row *b)
{
	ck_assert_str_eq(a->name, b->name);
	ck_assert_str_eq(a->arch, b->arch);
	ck_assert_str_eq(a->version, b->version);
	ck_assert_int_eq(a->state, b->state);
	ck_assert_int_eq(a->reinstreq, b->reinstreq);
	ck_assert_uint_eq(a->list_ino, b->list_ino);
	ck_assert_uint_eq(a->list_size, b->list_size);
	ck_assert_int_eq(a->list_mtime, b->list_mtime);
	ck_assert_int_eq(a->off, b->off);
	ck_assert_int_eq(a->set_from, b->set_from);
	ck_assert_int_eq(a->set_to, b->set_to);
	ck_assert_uint_eq(a->bytes, b->bytes);
	ck_assert_uint_eq(a->run, b->run);
}

START_TEST(a_missing_file_is_empty)
{
	struct index *x;

	ck_assert_int_eq(index_load(scratch_fd, &x, NULL), 0);
	ck_assert_uint_eq(x->n_rows, 0);
	ck_assert_uint_eq(x->diversions_ino, 0);
	ck_assert_ptr_null(index_find(x, "a", "b"));
	index_free(x);
	index_free(NULL);
}
END_TEST

START_TEST(rows_come_back)
{
	static const struct index_row rows[] = {
		{ "libc6", "i386", "2.36-9", PKG_INSTALLED, false, 1, 2, 3,
		  false, 4, 5, 6, 7, false },
		{ "zsh", "amd64", "1:5~rc+x", PKG_TRIGGERS_AWAITED, true,
		  UINT64_MAX, UINT64_MAX, INT64_MAX, true, -1, INT64_MAX,
		  UINT64_MAX, UINT64_MAX, false },
		{ "libc6", "amd64", "2.36-9", PKG_HALF_INSTALLED, false, 0, 0,
		  -INT64_MAX, false, 0, 0, 0, 0, false },
		{ "odd", "", "", PKG_CONFIG_FILES, false, 0, 0, 0, false,
		  0, 0, 0, 1, false },
		{ "od\td", "a b", "\\\n\xff", PKG_UNPACKED, false, 0, 0, 0,
		  false, 0, 0, 8, 1, false },
	};
	struct index *x = index_new(), *y;

	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(index_add(x, &rows[i]), 0);
	ck_assert_ptr_eq(index_find(x, "zsh", "amd64"), &x->rows[1]);
	ck_assert_int_eq(index_store(scratch_fd, x), -EINVAL);
	index_seal(x);
	x->diversions_ino = UINT64_MAX;
	x->diversions_size = 7;
	x->diversions_mtime = -8;
	ck_assert_int_eq(index_store(scratch_fd, x), 0);
	ck_assert_int_eq(index_load(scratch_fd, &y, &diag), 0);
	ck_assert_uint_eq(y->n_rows, 5);
	ck_assert_str_eq(y->rows[0].arch, "amd64");
	ck_assert_uint_eq(y->diversions_ino, UINT64_MAX);
	ck_assert_uint_eq(y->diversions_size, 7);
	ck_assert_int_eq(y->diversions_mtime, -8);
	for (size_t i = 0; i < 5; i++) {
		same_row(index_find(x, rows[i].name, rows[i].arch), &rows[i]);
		same_row(index_find(y, rows[i].name, rows[i].arch), &rows[i]);
	}
	ck_assert_ptr_null(index_find(y, "libc6", "arm64"));
	ck_assert_ptr_null(index_find(y, "libc", "i386"));
	index_free(x);
	index_free(y);
}
END_TEST

START_TEST(a_row_added_twice_counts_once)
{
	struct index_row row = { "a", "all", "1", PKG_INSTALLED, false, 1, 2,
	                         3, false, 4, 5, 6, 0, false };
	struct index *x = index_new();

	ck_assert_int_eq(index_add(x, &row), 0);
	ck_assert_int_eq(index_add(x, &row), 0);
	index_seal(x);
	ck_assert_uint_eq(x->n_rows, 1);
	same_row(&x->rows[0], &row);
	index_free(x);
}
END_TEST

START_TEST(whose_key)
{
	const struct index_row row = { .name = "a", .arch = "amd64" };

	ck_assert(index_row_is(&row, "a"));
	ck_assert(index_row_is(&row, "a:amd64"));
	ck_assert(!index_row_is(&row, "a:i386"));
	ck_assert(!index_row_is(&row, "ab"));
	ck_assert(!index_row_is(&row, ""));
}
END_TEST

START_TEST(current_rows)
{
	struct index_row row = { "a", "all", "1", PKG_INSTALLED, false, 11, 12,
	                         13, true, 4, 5, 6, 7, false };
	struct package p = { .name = "a", .arch = "all", .version = "1",
		.state = PKG_INSTALLED, .list_known = true, .list_ino = 11,
		.list_size = 12, .list_mtime = 13 };
	struct package q;

	ck_assert(index_row_current(&row, &p));
	q = p;
	q.version = "2";
	ck_assert(!index_row_current(&row, &q));
	q = p;
	q.state = PKG_TRIGGERS_PENDING;
	ck_assert(!index_row_current(&row, &q));
	q = p;
	q.reinstreq = true;
	ck_assert(!index_row_current(&row, &q));
	q = p;
	q.list_ino++;
	ck_assert(!index_row_current(&row, &q));
	q = p;
	q.list_size++;
	ck_assert(!index_row_current(&row, &q));
	q = p;
	q.list_mtime++;
	ck_assert(!index_row_current(&row, &q));
	q = p;
	q.list_known = false;
	ck_assert(!index_row_current(&row, &q));
}
END_TEST

START_TEST(bad_files_are_refused)
{
	static const char *const rows[] = {
		"", "\t", "a", "a\tb\tc",
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4",
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5\t77",
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5" RUN,
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5\t" RUN,
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5\t-1" RUN,
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5\t7x" RUN,
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5"
		"\t18446744073709551616" RUN,
		"a\tall\t1\tinstalled\tok\t1\t2\t3" REST "\t6",
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5\t77"
		"\t0",
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5\t77"
		"\t000000000000000g",
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5\t77"
		"\t00000000000000001",
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5\t77"
		"\t-000000000000001",
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5\t77"
		"\t 000000000000001",
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t4\t5\t77"
		"\t000000000000000A",
		"\tall\t1\tinstalled\tok\t1\t2\t3" REST,
		"a\tall\t1\tInstalled\tok\t1\t2\t3" REST,
		"a\tall\t1\tinstalled\t\t1\t2\t3" REST,
		"a\tall\t1\tinstalled\tok\t\t2\t3" REST,
		"a\tall\t1\tinstalled\tok\t-1\t2\t3" REST,
		"a\tall\t1\tinstalled\tok\t1\t2x\t3" REST,
		"a\tall\t1\tinstalled\tok\t1\t2\t--3" REST,
		"a\tall\t1\tinstalled\tok\t1\t2\t-" REST,
		"a\tall\t1\tinstalled\tok\t1\t2\t3\tno\t4\t5\t77" RUN,
		"a\tall\t1\tinstalled\tok\t1\t2\t3\ton\t 4\t5\t77" RUN,
		"a\t\t1\tinstalled\tok\t18446744073709551616\t2\t3" REST,
		"a\tall\t1\tinstalled\tok\t1\t2\t9223372036854775808" REST,
		"a\\9\tall\t1\tinstalled\tok\t1\t2\t3" REST,
		"a\\000\tall\t1\tinstalled\tok\t1\t2\t3" REST,
		"a\tall\t1\tinstalled\tok\t1\t2\t3" REST "\r",
	};
	char text[400];

	bad("", 1);
	bad("\n", 1);
	bad(HEAD, 0);
	bad("dpkg-immutable index 1", 1);
	bad("dpkg-immutable index x\n" DIV, 1);
	bad("dpkg-immutable ledger 1\n" DIV, 1);
	bad(HEAD ROW("a", "all"), 2);
	bad(HEAD "diversions 1 2\n", 2);
	bad(HEAD "diversions 1 2 x\n", 2);
	bad(HEAD "diversions 1 2 3 4\n", 2);
	bad(HEAD DIV ROW("a", "all") "b", 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), HEAD DIV ROW("A", "all") "%s\n",
		         rows[i]);
		bad(text, 4);
	}
}
END_TEST

START_TEST(rows_twice_or_out_of_order_are_refused)
{
	bad(HEAD DIV ROW("a", "all") ROW("a", "all"), 4);
	bad(HEAD DIV ROW("b", "all") ROW("a", "all"), 4);
	bad(HEAD DIV ROW("a", "b") ROW("b", "a") ROW("b", "a"), 5);
	bad(HEAD DIV ROW("a", "i386") ROW("a", "amd64"), 4);
}
END_TEST

START_TEST(a_newer_version_is_told)
{
	struct index *x;
	const char text[] = "dpkg-immutable index 2\nwhatever\n";

	ck_assert_int_eq(load(text, strlen(text), &x), ERR_VERSION);
}
END_TEST

START_TEST(nul_and_noise)
{
	static const char text[] = HEAD DIV ROW("a", "all") ROW("b\\040", "x");
	size_t n = sizeof(text) - 1;
	char noise[sizeof(text)];
	unsigned int state = 1;
	struct index *x;

	ck_assert_int_eq(load(text, n, &x), 0);
	ck_assert_str_eq(x->rows[1].name, "b ");
	index_free(x);
	for (size_t i = 0; i < n; i++) {
		memcpy(noise, text, n);
		noise[i] = '\0';
		ck_assert_int_eq(load(noise, n, &x), ERR_FORMAT);
		/* cut anywhere but behind a line's end */
		if (i == 0 || text[i - 1] != '\n' ||
		    i < sizeof(HEAD DIV) - 1)
			ck_assert_int_eq(load(text, i, &x), ERR_FORMAT);
	}
	for (int i = 0; i < 3000; i++) {
		memcpy(noise, text, n);
		for (int k = 0; k < 2; k++)
			noise[scratch_random(&state, (unsigned int)n)] =
			    (char)scratch_random(&state, 256);
		if (load(noise, n, &x) == 0) {
			ck_assert_int_eq(index_store(scratch_fd, x), 0);
			index_free(x);
			ck_assert_int_eq(index_load(scratch_fd, &x, NULL), 0);
			index_free(x);
		}
	}
}
END_TEST

START_TEST(rows_are_bounded)
{
	struct index_row row = { .name = "a", .arch = "", .version = "" };
	struct index *x = index_new();

	for (int i = 0; i < 1000000; i++)
		ck_assert_int_eq(index_add(x, &row), 0);
	ck_assert_int_eq(index_add(x, &row), ERR_LIMIT);
	ck_assert_uint_eq(x->n_rows, 1000000);
	index_free(x);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	struct index *x;

	ck_assert_int_eq(mkdirat(scratch_fd, "index", 0700), 0);
	ck_assert_int_lt(index_load(scratch_fd, &x, &diag), 0);
	ck_assert_str_eq(diag.file, "index");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("index");
	TCase *t = tcase_create("index");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, scratch_open, scratch_close);
	tcase_add_test(t, a_missing_file_is_empty);
	tcase_add_test(t, rows_come_back);
	tcase_add_test(t, a_row_added_twice_counts_once);
	tcase_add_test(t, current_rows);
	tcase_add_test(t, bad_files_are_refused);
	tcase_add_test(t, rows_twice_or_out_of_order_are_refused);
	tcase_add_test(t, a_newer_version_is_told);
	tcase_add_test(t, nul_and_noise);
	tcase_add_test(t, rows_are_bounded);
	tcase_add_test(t, whose_key);
	tcase_add_test(t, what_is_no_file_is_refused);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
