/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "crc32c.h"

START_TEST(crc32c_check_value)
{
	ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(crc32c(0, NULL, 0), 0);
	ck_assert_uint_eq(crc32c(0, "a", 1), 0xc1d04330);
}
END_TEST

START_TEST(crc32c_iscsi_examples)
{
	static const unsigned char read_pdu[48] = {
		0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
		0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18,
		0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
	};
	unsigned char up[32], down[32], bytes[32];

	for (unsigned char i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = (unsigned char)(31 - i);
	}
	memset(bytes, 0, sizeof(bytes));
	ck_assert_uint_eq(crc32c(0, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	ck_assert_uint_eq(crc32c(0, bytes, 32), 0x62a8ab43);
	ck_assert_uint_eq(crc32c(0, up, 32), 0x46dd794e);
	ck_assert_uint_eq(crc32c(0, down, 32), 0x113fdb5c);
	ck_assert_uint_eq(crc32c(0, read_pdu, 48), 0xd9963a56);
}
END_TEST

START_TEST(crc32c_can_be_chained)
{
	unsigned char bytes[256];
	uint32_t whole, part;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7 + 3);
	whole = crc32c(0, bytes, sizeof(bytes));
	for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
		part = crc32c(0, bytes, cut);
		part = crc32c(part, bytes + cut, sizeof(bytes) - cut);
		ck_assert_uint_eq(part, whole);
	}
}
END_TEST

START_TEST(crc32c_sees_every_flipped_bit)
{
	unsigned char bytes[256];
	uint32_t whole;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	whole = crc32c(0, bytes, sizeof(bytes));
	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		ck_assert_uint_ne(crc32c(0, bytes, sizeof(bytes)), whole);
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("crc32c");
	TCase *t = tcase_create("crc32c");

	tcase_add_test(t, crc32c_check_value);
	tcase_add_test(t, crc32c_iscsi_examples);
	tcase_add_test(t, crc32c_can_be_chained);
	tcase_add_test(t, crc32c_sees_every_flipped_bit);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
