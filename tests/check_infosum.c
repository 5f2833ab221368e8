/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>

#include "check_main.h"
#include "digest.h"
#include "infosum.h"
#include "scratch.h"

/* The folder is dpkg's admindir. */
static void
set_up(void)
{
	scratch_open();
	ck_assert_int_eq(mkdirat(scratch_fd, "info", 0755), 0);
}

static void
is_sum(const unsigned char sum[32], const char *hex)
{
	char text[2 * DIGEST_MAX + 1];

	digest_hex(sum, 32, text);
	ck_assert_str_eq(text, hex);
}

#define OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61" \
	"f20015ad"
#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca4959" \
	"91b7852b855"

START_TEST(sums_of_the_texts)
{
	struct infosum s;

	scratch_text("info/p:amd64.list", "abc");
	scratch_text("info/p:amd64.md5sums", "");
	scratch_text("info/p.list", "not this one");
	ck_assert_int_eq(infosum_read(scratch_fd, "p:amd64", &s), 0);
	ck_assert(s.has_list && s.has_md5sums);
	is_sum(s.list, OF_ABC);
	is_sum(s.md5sums, OF_NOTHING);
	/* NUL and all */
	scratch_write("info/p.list", "abc\0", 4);
	ck_assert_int_eq(infosum_read(scratch_fd, "p", &s), 0);
	ck_assert(s.has_list && !s.has_md5sums);
	is_sum(s.list, "dc1114cd074914bd872cc1f9a23ec910ea2203bc79779ab2e17da2"
	       "5782a624fc");
}
END_TEST

START_TEST(what_is_not_there)
{
	struct infosum s = { .has_list = true, .has_md5sums = true };

	ck_assert_int_eq(infosum_read(scratch_fd, "p", &s), 0);
	ck_assert(!s.has_list && !s.has_md5sums);
}
END_TEST

START_TEST(what_can_not_be_read)
{
	struct infosum s = { .has_list = true };
	char key[400];

	ck_assert_int_eq(mkdirat(scratch_fd, "info/p.list", 0755), 0);
	ck_assert_int_lt(infosum_read(scratch_fd, "p", &s), 0);
	ck_assert(s.has_list);
	scratch_text("info/q.list", "abc");
	ck_assert_int_eq(mkdirat(scratch_fd, "info/q.md5sums", 0755), 0);
	ck_assert_int_lt(infosum_read(scratch_fd, "q", &s), 0);
	ck_assert(s.has_list && !s.has_md5sums);
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	ck_assert_int_eq(infosum_read(scratch_fd, key, &s), -ENAMETOOLONG);
}
END_TEST

START_TEST(in_a_ledgers_head)
{
	struct infosum s = { .has_list = true, .list = { 1, 2 } };
	struct infosum t = { .has_md5sums = true };
	struct ledger *l = ledger_new();

	infosum_of(l, &t);
	ck_assert(!t.has_list && !t.has_md5sums);
	infosum_set(l, &s);
	ck_assert(l->has_list && !l->has_md5sums);
	infosum_of(l, &t);
	ck_assert(infosum_same(&s, &t));
	s.has_md5sums = true;
	s.md5sums[31] = 7;
	infosum_set(l, &s);
	infosum_of(l, &t);
	ck_assert(t.has_list && t.has_md5sums);
	ck_assert_uint_eq(t.list[1], 2);
	ck_assert_uint_eq(t.md5sums[31], 7);
	s = (struct infosum){ .has_list = false };
	infosum_set(l, &s);
	ck_assert(!l->has_list && !l->has_md5sums);
	ledger_free(l);
}
END_TEST

START_TEST(same_or_not)
{
	const struct infosum a = { .has_list = true, .has_md5sums = true,
	                           .list = { 1 }, .md5sums = { 2 } };
	struct infosum b = a;

	ck_assert(infosum_same(&a, &b));
	b.list[31] = 1;
	ck_assert(!infosum_same(&a, &b));
	b = a;
	b.md5sums[0] = 3;
	ck_assert(!infosum_same(&a, &b));
	b = a;
	b.has_md5sums = false;
	ck_assert(!infosum_same(&a, &b) && !infosum_same(&b, &a));
	b = a;
	b.has_list = false;
	ck_assert(!infosum_same(&a, &b));
	/* what is not there has no sum */
	b = (struct infosum){ .list = { 1 } };
	ck_assert(infosum_same(&b, &(struct infosum){ .list = { 9 } }));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("infosum");
	TCase *t = tcase_create("infosum");

	tcase_add_checked_fixture(t, set_up, scratch_close);
	tcase_add_test(t, sums_of_the_texts);
	tcase_add_test(t, what_is_not_there);
	tcase_add_test(t, what_can_not_be_read);
	tcase_add_test(t, in_a_ledgers_head);
	tcase_add_test(t, same_or_not);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
