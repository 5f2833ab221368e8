/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <string.h>

#include "base64.h"
#include "check_main.h"
#include "err.h"

/* RFC 4648 section 10, its padding left off; and what is not ASCII. */
static const struct {
	const char *plain, *text;
} known[] = {
	{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbf", "+/+/" },
};

START_TEST(base64_known_texts)
{
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		buf_clear(&b);
		ck_assert_int_eq(buf_add_str(&b, "x="), 0);
		ck_assert_int_eq(base64_add(&b, known[i].plain,
		                            strlen(known[i].plain)), 0);
		ck_assert_str_eq(b.data + 2, known[i].text);
		ck_assert_uint_eq(b.len, 2 + strlen(known[i].text));
		buf_clear(&b);
		ck_assert_int_eq(buf_add_str(&b, "x="), 0);
		ck_assert_int_eq(base64_undo(known[i].text,
		                             strlen(known[i].text), &b), 0);
		ck_assert_str_eq(b.data + 2, known[i].plain);
		ck_assert_uint_eq(b.len, 2 + strlen(known[i].plain));
	}
	buf_free(&b);
}
END_TEST

START_TEST(base64_every_byte_and_length)
{
	unsigned char all[256 + 3];
	struct buf text, back;

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)(i * 7);
	buf_init(&text, 0);
	buf_init(&back, 0);
	for (size_t n = 0; n <= sizeof(all); n++) {
		buf_clear(&text);
		buf_clear(&back);
		ck_assert_int_eq(base64_add(&text, all, n), 0);
		ck_assert_uint_eq(text.len, (n * 8 + 5) / 6);
		ck_assert_int_eq(base64_undo(text.data, text.len, &back), 0);
		ck_assert_uint_eq(back.len, n);
		ck_assert_mem_eq(back.data, all, n);
		ck_assert_int_eq(back.data[n], '\0');
	}
	buf_free(&text);
	buf_free(&back);
}
END_TEST

START_TEST(base64_bad_text_changes_nothing)
{
	static const struct {
		const char *text;
		size_t n;
	} bad[] = {
		{ "A", 1 }, { "AAAAA", 5 }, { "Zg==", 4 }, { "Zm8=", 4 },
		{ "Zh", 2 }, { "Zm9", 3 }, { "Z m8", 4 }, { "Zm8\n", 4 },
		{ "Zm-v", 4 }, { "Zm_v", 4 }, { "Zm9v\0", 5 },
		{ "\xff\xff", 2 },
		{ "Zm9v,", 5 }, { "=", 1 }, { "\0", 1 },
	};
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, "kept"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(base64_undo(bad[i].text, bad[i].n, &b) ==
		              ERR_FORMAT, "accepted: %s", bad[i].text);
		ck_assert_uint_eq(b.len, 4);
		ck_assert_str_eq(b.data, "kept");
	}
	buf_free(&b);
}
END_TEST

START_TEST(base64_keeps_the_bound)
{
	struct buf b;

	buf_init(&b, 7);
	ck_assert_int_eq(base64_add(&b, "abcdef", 6), ERR_LIMIT);
	ck_assert_int_eq(base64_add(&b, "", (size_t)-1), ERR_LIMIT);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(base64_add(&b, "abcde", 5), 0);
	ck_assert_int_eq(base64_undo("Zg", 2, &b), ERR_LIMIT);
	ck_assert_str_eq(b.data, "YWJjZGU");
	buf_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("base64");
	TCase *t = tcase_create("base64");

	tcase_add_test(t, base64_known_texts);
	tcase_add_test(t, base64_every_byte_and_length);
	tcase_add_test(t, base64_bad_text_changes_nothing);
	tcase_add_test(t, base64_keeps_the_bound);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
