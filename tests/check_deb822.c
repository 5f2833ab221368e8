/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "deb822.h"

static struct deb822 d;
static struct deb822_field f;
static struct diag diag;

static void
start(const char *text)
{
	memset(&diag, 0, sizeof(diag));
	deb822_init(&d, "text", text, strlen(text));
}

static void
expect(const char *name, const char *value)
{
	ck_assert_int_eq(deb822_next(&d, &f, &diag), 1);
	ck_assert_msg(deb822_is(&f, name), "field %.*s", (int)f.name_len,
	              f.name);
	ck_assert_uint_eq(f.value_len, strlen(value));
	ck_assert_int_eq(memcmp(f.value, value, f.value_len), 0);
}

static void
expect_end(void)
{
	ck_assert_int_eq(deb822_next(&d, &f, &diag), 0);
}

START_TEST(two_stanzas)
{
	start("\n\nA: 1\nB:\t two words \t\nC:\n\n\n\nA: x\n\n");
	ck_assert(deb822_more(&d));
	expect("A", "1");
	ck_assert_uint_eq(f.line, 3);
	expect("b", "two words");
	expect("C", "");
	expect_end();
	ck_assert(deb822_more(&d));
	expect("a", "x");
	ck_assert_uint_eq(f.line, 9);
	expect_end();
	ck_assert(!deb822_more(&d));
	expect_end();
}
END_TEST

/* dpkg does not look at it: it has read one byte ahead. */
START_TEST(last_byte)
{
	start("x");
	ck_assert(!deb822_more(&d));
	start("A: 1\n\n\n\r");
	expect("A", "1");
	expect_end();
	ck_assert(!deb822_more(&d));
	start("A: 1\n\nxy");
	expect("A", "1");
	expect_end();
	ck_assert(deb822_more(&d));
	ck_assert_int_eq(deb822_next(&d, &f, &diag), ERR_FORMAT);
}
END_TEST

START_TEST(continuation)
{
	start("Conffiles:\n /a 1\n /b 2 \nD : first\n .\n\tlast\nE: e\n");
	expect("Conffiles", "\n /a 1\n /b 2");
	expect("D", "first\n .\n\tlast");
	ck_assert_uint_eq(f.line, 4);
	expect("E", "e");
	ck_assert_uint_eq(f.line, 7);
}
END_TEST

START_TEST(blank_line_in_value)
{
	/* dpkg only warns of it in its own database */
	start("A: 1\n \n more\nB: 2\n");
	expect("A", "1\n \n more");
	expect("B", "2");
	expect_end();
}
END_TEST

START_TEST(empty)
{
	start("");
	ck_assert(!deb822_more(&d));
	expect_end();
	start("\n\n\n");
	ck_assert(!deb822_more(&d));
	deb822_init(&d, "text", NULL, 0);
	ck_assert(!deb822_more(&d));
	expect_end();
}
END_TEST

START_TEST(names)
{
	start("Package: x\n");
	expect("pACKAGE", "x");
	ck_assert(!deb822_is(&f, "Pack"));
	ck_assert(!deb822_is(&f, "Packages"));
	ck_assert(!deb822_is(&f, ""));
}
END_TEST

static const char *const malformed[] = {
	"A: 1",			/* cut short */
	"A:",
	"A\n",
	"A\nB: 1\n",
	"A b: 1\n",
	": 1\n",
	" continuation first\n",
	"-A: 1\n",
	"A: 1\n more",
	"\x7f\x45LF\x02",
};

START_TEST(refused)
{
	start(malformed[_i]);
	memset(&f, 0, sizeof(f));
	ck_assert_int_eq(deb822_next(&d, &f, &diag), ERR_FORMAT);
	ck_assert_ptr_null(f.name);	/* untouched */
	ck_assert_str_eq(diag.file, "text");
	ck_assert_uint_ge(diag.line, 1);
	ck_assert_str_ne(diag.what, "");
}
END_TEST

START_TEST(nul_bytes)
{
	static const char value[] = "A: 1\0002\n", name[] = "A\000B: 1\n";

	deb822_init(&d, "text", value, sizeof(value) - 1);
	ck_assert_int_eq(deb822_next(&d, &f, &diag), ERR_FORMAT);
	deb822_init(&d, "text", name, sizeof(name) - 1);
	ck_assert_int_eq(deb822_next(&d, &f, &diag), ERR_FORMAT);
	ck_assert_int_eq(deb822_next(&d, &f, NULL), ERR_FORMAT);
}
END_TEST

START_TEST(bad_line_number)
{
	start("A: 1\n x\n\nB: 2\nbroken\n");
	expect("A", "1\n x");
	expect_end();
	expect("B", "2");
	ck_assert_int_eq(deb822_next(&d, &f, &diag), ERR_FORMAT);
	ck_assert_uint_eq(diag.line, 5);
}
END_TEST

START_TEST(huge_line)
{
	size_t n = 4u << 20;
	char *text = malloc(n);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', n);
	memcpy(text, "A: ", 3);
	deb822_init(&d, "text", text, n);
	ck_assert_int_eq(deb822_next(&d, &f, &diag), ERR_FORMAT);
	text[n - 1] = '\n';
	deb822_init(&d, "text", text, n);
	ck_assert_int_eq(deb822_next(&d, &f, &diag), 1);
	ck_assert_uint_eq(f.value_len, n - 4);
	free(text);
}
END_TEST

/* Each cut of a good text is read to its end without reading past it. */
START_TEST(every_cut)
{
	static const char good[] = "Package: a\nD:\n .\n b\n\nPackage: c\n";

	for (size_t n = 0; n < sizeof(good); n++) {
		char *copy = malloc(n ? n : 1);
		int got = 1;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, good, n);
		deb822_init(&d, "text", copy, n);
		while (deb822_more(&d) && got >= 0)
			got = deb822_next(&d, &f, &diag);
		free(copy);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("deb822");
	TCase *t = tcase_create("deb822");

	tcase_add_test(t, two_stanzas);
	tcase_add_test(t, last_byte);
	tcase_add_test(t, continuation);
	tcase_add_test(t, blank_line_in_value);
	tcase_add_test(t, empty);
	tcase_add_test(t, names);
	tcase_add_loop_test(t, refused, 0,
	                    (int)(sizeof(malformed) / sizeof(malformed[0])));
	tcase_add_test(t, nul_bytes);
	tcase_add_test(t, bad_line_number);
	tcase_add_test(t, huge_line);
	tcase_add_test(t, every_cut);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
