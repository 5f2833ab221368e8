/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>

#include "check_main.h"
#include "ledger.h"
#include "scratch.h"

#define HEAD "#mtree\n# dpkg-immutable ledger 1\n"
#define MD5 "00112233445566778899aabbccddeeff"
#define REST " type=file size=5 md5digest=" MD5 " tags=ino:6,ctime:7\n"

static struct diag diag;

static int
load(const char *text, size_t n, struct ledger **ret)
{
	scratch_write("p.mtree", text, n);
	memset(&diag, 0, sizeof(diag));
	return ledger_load(scratch_fd, "p", ret, &diag);
}

static void
bad(const char *text, unsigned long line)
{
	struct ledger *const untouched = (struct ledger *)&diag;
	struct ledger *l = untouched;

	ck_assert_msg(load(text, strlen(text), &l) == ERR_FORMAT,
	              "accepted: %s", text);
	ck_assert_ptr_eq(l, untouched);
	ck_assert_str_eq(diag.file, "p.mtree");
	ck_assert_uint_eq(diag.line, line);
}

START_TEST(a_missing_ledger_is_told)
{
	struct ledger *l;

	ck_assert_int_eq(ledger_load(scratch_fd, "p", &l, NULL), -ENOENT);
	ledger_free(NULL);
}
END_TEST

static struct ledger *
sample(void)
{
	static const struct ledger_row rows[] = {
		{ "/usr/b", false, { 0 }, UINT64_MAX, 0, INT64_MAX },
		{ "/usr/a b#\n\xff", true, { 0xab, [15] = 0x01 }, 3, 4, -5 },
		{ "/[x]*\\", false, { 0 }, 0, UINT64_MAX, -INT64_MAX },
	};
	struct ledger *l = ledger_new();

	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(ledger_add(l, &rows[i]), 0);
	return l;
}

START_TEST(rows_come_back)
{
	struct ledger *l = sample(), *m;
	const struct ledger_row *row;
	char *text;

	ck_assert_ptr_eq(ledger_find(l, "/usr/b"), &l->rows[0]);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, false), -EINVAL);
	ledger_seal(l);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, true), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, "p", &m, NULL), -ENOENT);
	ck_assert_int_eq(ledger_commit(scratch_fd, "p"), 0);
	text = scratch_read("p.mtree", NULL);
	ck_assert_str_eq(text, HEAD
	    "./\\133x]\\052\\134 type=file size=18446744073709551615"
	    " tags=ino:0,ctime:-9223372036854775807\n"
	    "./usr/a\\040b\\043\\012\\377 type=file size=4"
	    " md5digest=ab000000000000000000000000000001"
	    " tags=ino:3,ctime:-5\n"
	    "./usr/b type=file size=0"
	    " tags=ino:18446744073709551615,ctime:9223372036854775807\n");
	free(text);
	ck_assert_int_eq(ledger_load(scratch_fd, "p", &m, &diag), 0);
	ck_assert_uint_eq(m->n_rows, 3);
	row = ledger_find(m, "/usr/a b#\n\xff");
	ck_assert_ptr_nonnull(row);
	ck_assert(row->has_md5);
	ck_assert_uint_eq(row->md5[0], 0xab);
	ck_assert_uint_eq(row->md5[15], 1);
	ck_assert_uint_eq(row->ino, 3);
	ck_assert_uint_eq(row->size, 4);
	ck_assert_int_eq(row->ctime, -5);
	row = ledger_find(m, "/[x]*\\");
	ck_assert(!row->has_md5);
	ck_assert_int_eq(row->ctime, -INT64_MAX);
	ck_assert_uint_eq(row->size, UINT64_MAX);
	ck_assert_ptr_null(ledger_find(m, "/usr"));
	ck_assert_ptr_null(ledger_find(m, "/usr/c"));
	ledger_free(l);
	ledger_free(m);
}
END_TEST

START_TEST(a_path_added_twice_counts_once)
{
	struct ledger_row row = { .path = "/a" };
	struct ledger *l = ledger_new();

	ck_assert_int_eq(ledger_add(l, &row), 0);
	ck_assert_int_eq(ledger_add(l, &row), 0);
	ledger_seal(l);
	ck_assert_uint_eq(l->n_rows, 1);
	row.path = "relative";
	ck_assert_int_eq(ledger_add(l, &row), -EINVAL);
	ledger_free(l);
}
END_TEST

START_TEST(an_empty_ledger_is_one)
{
	struct ledger *l = ledger_new(), *m;

	ledger_seal(l);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p:amd64", l, false), 0);
	ck_assert_int_eq(ledger_commit(scratch_fd, "p:amd64"), 0);
	ck_assert_int_eq(faccessat(scratch_fd, "p:amd64.mtree", F_OK, 0), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, "p:amd64", &m, &diag), 0);
	ck_assert_uint_eq(m->n_rows, 0);
	ck_assert_ptr_null(ledger_find(m, "/a"));
	ledger_free(l);
	ledger_free(m);
}
END_TEST

START_TEST(remove_takes_the_staged_one_too)
{
	struct ledger *l = ledger_new();

	ck_assert_int_eq(ledger_remove(scratch_fd, "p"), 0);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, false), 0);
	ck_assert_int_eq(ledger_commit(scratch_fd, "p"), 0);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, false), 0);
	ck_assert_int_eq(ledger_remove(scratch_fd, "p"), 0);
	ck_assert_int_ne(faccessat(scratch_fd, "p.mtree", F_OK, 0), 0);
	ck_assert_int_ne(faccessat(scratch_fd, "p.mtree.new", F_OK, 0), 0);
	ck_assert_int_lt(ledger_commit(scratch_fd, "p"), 0);
	ledger_free(l);
}
END_TEST

START_TEST(keys_cannot_leave_the_folder)
{
	static const char *const keys[] = { "", ".", "..", "../x", "a/b", "/",
	                                    ".hidden" };
	struct ledger *l = ledger_new(), *m;
	char key[300];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		ck_assert_int_eq(ledger_load(scratch_fd, keys[i], &m, NULL),
		                 -EINVAL);
		ck_assert_int_eq(ledger_stage(scratch_fd, keys[i], l, false),
		                 -EINVAL);
		ck_assert_int_eq(ledger_commit(scratch_fd, keys[i]), -EINVAL);
		ck_assert_int_eq(ledger_remove(scratch_fd, keys[i]), -EINVAL);
	}
	memset(key, 'a', sizeof(key));
	key[240] = '\0';
	ck_assert_int_eq(ledger_stage(scratch_fd, key, l, false), 0);
	ledger_free(l);
}
END_TEST

/* dpkg takes names that are too long for a file of ours: two of them, alike
 * but for their ends, have ledgers of their own. */
START_TEST(long_keys_have_ledgers)
{
	struct ledger_row row = { .path = "/usr/x", .ino = 7 };
	struct ledger *l = ledger_new(), *m;
	char one[300], two[300];

	memset(one, 'a', sizeof(one));
	one[247] = '\0';
	memcpy(two, one, sizeof(two));
	two[246] = 'b';
	ck_assert_int_eq(ledger_add(l, &row), 0);
	ledger_seal(l);
	ck_assert_int_eq(ledger_stage(scratch_fd, one, l, false), 0);
	ck_assert_int_eq(ledger_commit(scratch_fd, one), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, two, &m, NULL), -ENOENT);
	ck_assert_int_eq(ledger_remove(scratch_fd, two), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, one, &m, NULL), 0);
	ck_assert_uint_eq(m->n_rows, 1);
	ledger_free(m);
	ck_assert_int_eq(ledger_remove(scratch_fd, one), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, one, &m, NULL), -ENOENT);
	ledger_free(l);
}
END_TEST

START_TEST(keywords_in_any_order_and_tags_of_later_versions)
{
	static const char text[] = HEAD
	    "./a tags=new,ctime:1,other:2,ino:3 size=0 type=file\n";
	struct ledger *l;

	ck_assert_int_eq(load(text, strlen(text), &l), 0);
	ck_assert_uint_eq(l->n_rows, 1);
	ck_assert_str_eq(l->rows[0].path, "/a");
	ck_assert_uint_eq(l->rows[0].ino, 3);
	ck_assert_int_eq(l->rows[0].ctime, 1);
	ledger_free(l);
}
END_TEST

START_TEST(bad_files_are_refused)
{
	static const char *const rows[] = {
		"", "#", "./", "./b", "./b ", "b" REST, "/b" REST, "." REST,
		"./ type=file size=1 tags=ino:1,ctime:1",
		"./b  type=file size=1 tags=ino:1,ctime:1",
		"./b type=file size=1 tags=ino:1,ctime:1 ",
		"./b type=file size=1",
		"./b type=file tags=ino:1,ctime:1",
		"./b size=1 tags=ino:1,ctime:1",
		"./b type=file size=1 tags=ino:1",
		"./b type=file size=1 tags=ctime:1",
		"./b type=dir size=1 tags=ino:1,ctime:1",
		"./b type=files size=1 tags=ino:1,ctime:1",
		"./b type=file size= tags=ino:1,ctime:1",
		"./b type=file size=-1 tags=ino:1,ctime:1",
		"./b type=file size=1x tags=ino:1,ctime:1",
		"./b type=file size=18446744073709551616 tags=ino:1,ctime:1",
		"./b type=file size=1 size=1 tags=ino:1,ctime:1",
		"./b type=file size=1 tags=ino:1,ctime:1 tags=a",
		"./b type=file size=1 tags=ino:1,ino:1,ctime:1",
		"./b type=file size=1 tags=ino:-1,ctime:1",
		"./b type=file size=1 tags=ino:,ctime:1",
		"./b type=file size=1 tags=ino:1,ctime:--1",
		"./b type=file size=1 tags=ino:1,ctime:-",
		"./b type=file size=1 tags=ino:1,ctime:9223372036854775808",
		"./b type=file size=1 mode=0644 tags=ino:1,ctime:1",
		"./b type=file size=1 md5digest= tags=ino:1,ctime:1",
		"./b type=file size=1 md5digest=" MD5 "00 tags=ino:1,ctime:1",
		"./b type=file size=1 md5digest=0011223344556677"
		    "8899aabbccddeefg tags=ino:1,ctime:1",
		"./b type=file size=1 md5digest=" MD5 " md5digest=" MD5
		    " tags=ino:1,ctime:1",
		"./b\\9 type=file size=1 tags=ino:1,ctime:1",
		"./b\\000 type=file size=1 tags=ino:1,ctime:1",
		"./b\\ type=file size=1 tags=ino:1,ctime:1",
	};
	char text[400];
	struct ledger *l;

	bad("", 1);
	bad("#mtree\n", 1);
	bad("#mtree\n# dpkg-immutable ledger 1", 1);
	bad("#mtree v2.0\n# dpkg-immutable ledger 1\n", 1);
	bad("# dpkg-immutable ledger 1\n#mtree\n", 1);
	bad(HEAD "./a", 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), HEAD "./a" REST "%s\n", rows[i]);
		bad(text, 4);
	}
	bad(HEAD "./a" REST "./a" REST, 4);
	bad(HEAD "./b" REST "./a" REST, 4);
	ck_assert_int_eq(load("#mtree\n# dpkg-immutable ledger 2\n", 33, &l),
	                 ERR_VERSION);
}
END_TEST

START_TEST(nul_and_noise)
{
	static const char text[] = HEAD "./a" REST "./b\\040c" REST;
	size_t n = sizeof(text) - 1;
	char noise[sizeof(text)];
	unsigned int state = 1;
	struct ledger *l;

	ck_assert_int_eq(load(text, n, &l), 0);
	ck_assert_str_eq(l->rows[1].path, "/b c");
	ledger_free(l);
	for (size_t i = 0; i < n; i++) {
		memcpy(noise, text, n);
		noise[i] = '\0';
		ck_assert_int_eq(load(noise, n, &l), ERR_FORMAT);
		if (i == 0 || text[i - 1] != '\n' || i < sizeof(HEAD) - 1)
			ck_assert_int_eq(load(text, i, &l), ERR_FORMAT);
	}
	for (int i = 0; i < 3000; i++) {
		memcpy(noise, text, n);
		for (int k = 0; k < 2; k++)
			noise[scratch_random(&state, (unsigned int)n)] =
			    (char)scratch_random(&state, 256);
		if (load(noise, n, &l) == 0)
			ledger_free(l);
	}
}
END_TEST

START_TEST(a_huge_path_is_read)
{
	size_t n = 300000;
	char *text = malloc(n);
	struct ledger *l;

	memset(text, 'a', n);
	memcpy(text, HEAD "./", sizeof(HEAD "./") - 1);
	memcpy(text + n - (sizeof(REST) - 1), REST, sizeof(REST) - 1);
	ck_assert_int_eq(load(text, n, &l), 0);
	ck_assert_uint_eq(l->n_rows, 1);
	ledger_free(l);
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("ledger");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, scratch_open, scratch_close);
	tcase_add_test(t, a_missing_ledger_is_told);
	tcase_add_test(t, rows_come_back);
	tcase_add_test(t, a_path_added_twice_counts_once);
	tcase_add_test(t, an_empty_ledger_is_one);
	tcase_add_test(t, remove_takes_the_staged_one_too);
	tcase_add_test(t, keys_cannot_leave_the_folder);
	tcase_add_test(t, long_keys_have_ledgers);
	tcase_add_test(t, keywords_in_any_order_and_tags_of_later_versions);
	tcase_add_test(t, bad_files_are_refused);
	tcase_add_test(t, nul_and_noise);
	tcase_add_test(t, a_huge_path_is_read);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
