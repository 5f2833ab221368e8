/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "relation.h"

/* As dpkg --compare-versions has them (1.21.22). */
static const struct {
	const char *a;
	char sign;
	const char *b;
} orders[] = {
	{ "1", '=', "1" },
	{ "1.0", '=', "1.0" },
	{ "1", '<', "2" },
	{ "1.9", '<', "1.10" },
	{ "1.09", '=', "1.9" },
	{ "1.0", '<', "1.0-1" },
	{ "1.0-0", '=', "1.0" },
	{ "1.0-1", '<', "1.0-1.1" },
	{ "1.0~rc1", '<', "1.0" },
	{ "1.0~~", '<', "1.0~" },
	{ "1.0~~a", '<', "1.0~" },
	{ "1.0", '<', "1.0a" },
	{ "1.0a", '<', "1.0+" },
	{ "1.0a", '<', "1.0b" },
	{ "1.0Z", '<', "1.0a" },
	{ "1.0+", '<', "1.0." },
	{ "0:1", '=', "1" },
	{ "1:0", '>', "99" },
	{ "1:1-1", '>', "2-1" },
	{ "9:1", '<', "10:1" },
	{ "1:2:3", '>', "1:2" },
	{ "1-2-3", '>', "1-2" },
	{ "1-2-3", '<', "1.-1" },
	{ "1.2.3-4+deb12u1", '>', "1.2.3-4" },
	{ "1.2.3-4~bpo1", '<', "1.2.3-4" },
	{ "99999999999999999999998", '<', "99999999999999999999999" },
	{ "0000000000000000000001", '=', "1" },
	{ "", '=', "" },
	{ "", '<', "0" },
	{ "", '<', "~" },
	{ " 1.0 ", '=', "1.0" },
};

static int
sign(int c)
{
	return c < 0 ? '<' : c > 0 ? '>' : '=';
}

START_TEST(version_order)
{
	int mirror = orders[_i].sign == '<' ? '>' :
	             orders[_i].sign == '>' ? '<' : '=';

	ck_assert_msg(sign(version_compare(orders[_i].a, orders[_i].b)) ==
	              orders[_i].sign, "%s %c %s", orders[_i].a,
	              orders[_i].sign, orders[_i].b);
	ck_assert_int_eq(sign(version_compare(orders[_i].b, orders[_i].a)),
	                 mirror);
}
END_TEST

START_TEST(version_any_bytes)
{
	char *a = malloc(1 << 20), *b = malloc(1 << 20);

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	memset(a, '9', (1 << 20) - 1);
	a[(1 << 20) - 1] = '\0';
	memcpy(b, a, 1 << 20);
	ck_assert_int_eq(version_compare(a, b), 0);
	b[(1 << 20) - 2] = '8';
	ck_assert_int_gt(version_compare(a, b), 0);
	memset(a, '-', (1 << 20) - 1);
	memset(b, ':', (1 << 20) - 1);
	ck_assert_int_ne(version_compare(a, b), 0);
	ck_assert_int_ne(version_compare("\xff\xfe", "\x80"), 0);
	ck_assert_int_eq(version_compare("\xff\xfe", "\xff\xfe"), 0);
	free(a);
	free(b);
}
END_TEST

static const struct {
	const char *field;
	const char *name;
	const char *version;
	bool match;
} cases[] = {
	{ NULL, "a", "1", false },
	{ "", "a", "1", false },
	{ "  ,, | ", "a", "1", false },
	{ "a", "a", "1", true },
	{ "a", "b", "1", false },
	{ "ab", "a", "1", false },
	{ "a", "ab", "1", false },
	{ "A", "a", "1", true },
	{ "b, a", "a", "1", true },
	{ "b,a", "a", "1", true },
	{ "b|a", "a", "1", true },
	{ "b,\n a (<< 2)", "a", "1", true },
	{ "a (<< 2)", "a", "1", true },
	{ "a (<< 2)", "a", "2", false },
	{ "a (<= 2)", "a", "2", true },
	{ "a (= 2)", "a", "2", true },
	{ "a (= 2)", "a", "2-1", false },
	{ "a (>= 2)", "a", "2", true },
	{ "a (>= 2)", "a", "1", false },
	{ "a (>> 2)", "a", "2", false },
	{ "a (>> 2)", "a", "3", true },
	{ "a (< 2)", "a", "2", true },		/* obsolete: <= */
	{ "a (> 2)", "a", "2", true },
	{ "a (2)", "a", "2", true },
	{ "a (2)", "a", "3", false },
	{ "a(<<2)", "a", "1", true },
	{ "a(<<2)", "a", "3", false },
	{ "a ( <<\t2 )", "a", "3", false },
	{ "a:any (<< 2)", "a", "3", false },
	{ "a:any (<< 2)", "a", "1", true },
	{ "a:amd64", "a", "1", true },
	{ "a (<< 2) [amd64] <!nocheck>", "a", "3", false },
	{ "a [amd64]", "a", "1", true },
	{ "a (<< 2), a (>> 5)", "a", "6", true },
	{ "a (<< 2), a (>> 5)", "a", "3", false },
	{ "a (<< 2)", "a", "", true },		/* unknown version */
	{ "a (<< 2)", "a", NULL, true },
	/* what cannot be parsed matches by name */
	{ "a (<< 2", "a", "3", true },
	{ "a (<> 2)", "a", "3", true },
	{ "a ()", "a", "3", true },
	{ "a (<<)", "a", "3", true },
	{ "a (<< 2 3)", "a", "3", true },
	{ "a (<< 2(", "a", "3", true },
	{ "a b", "a", "3", true },
	{ "a (<< 2, b", "b", "3", true },
	{ "a (<< 2)", "b", "1", false },
	{ "a (", "a", "1", true },
	{ "(<< 2)", "a", "1", false },
	{ "\xff\xfe (\x01", "a", "1", false },
};

START_TEST(names)
{
	ck_assert_msg(relation_names(cases[_i].field, cases[_i].name,
	                             cases[_i].version) == cases[_i].match,
	              "%s: %s %s", cases[_i].field, cases[_i].name,
	              cases[_i].version);
}
END_TEST

START_TEST(huge)
{
	size_t n = 1 << 20;
	char *text = malloc(n);

	ck_assert_ptr_nonnull(text);
	memset(text, '1', n);
	memcpy(text, "a (<< ", 6);
	text[n - 1] = '\0';
	ck_assert(relation_names(text, "a", "3"));
	text[n - 2] = ')';
	ck_assert(relation_names(text, "a", "3"));	/* too long: odd */
	memset(text, 'a', n - 1);
	ck_assert(!relation_names(text, "a", "3"));
	memset(text, '(', n - 1);
	ck_assert(!relation_names(text, "a", "3"));
	free(text);
}
END_TEST

static const struct {
	const char *field;
	const char *provides;
	bool match;
} offers[] = {
	{ NULL, "a", false },
	{ "a", NULL, false },
	{ "a", "", false },
	{ "a", "a", true },
	{ "a", "b, a", true },
	{ "b, a", "c, a", true },
	{ "a", "b", false },
	{ "a (<< 2)", "a", false },
	{ "a (<< 2)", "a (= 1)", true },
	{ "a (<< 2)", "a (= 2)", false },
	{ "a", "a (= 2)", true },
	{ "a (<< 2)", "a (= 2), a (= 1)", true },
	{ "a (<< 2", "a", true },		/* odd: by name */
	{ "a (<< 2)", "a (= 1", true },
	{ "a (<< 2)", "a (>= 9)", true },
};

START_TEST(provided)
{
	ck_assert_msg(relation_provided(offers[_i].field,
	                                offers[_i].provides) ==
	              offers[_i].match, "%s by %s", offers[_i].field,
	              offers[_i].provides);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("relation");
	TCase *t = tcase_create("relation");

	tcase_add_loop_test(t, version_order, 0, COUNT(orders));
	tcase_add_test(t, version_any_bytes);
	tcase_add_loop_test(t, names, 0, COUNT(cases));
	tcase_add_test(t, huge);
	tcase_add_loop_test(t, provided, 0, COUNT(offers));
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
