/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "check_main.h"
#include "foreign.h"
#include "iflag.h"
#include "scratch.h"

#define HEAD "dpkg-immutable foreign 1\n"
#define BOTH (IFLAG_IMMUTABLE | IFLAG_APPEND)

static struct diag diag;

static int
load(const char *text, size_t n, struct foreign **ret)
{
	scratch_write("foreign", text, n);
	memset(&diag, 0, sizeof(diag));
	return foreign_load(scratch_fd, ret, &diag);
}

static void
bad(const char *text, unsigned long line)
{
	struct foreign *const untouched = (struct foreign *)&diag;
	struct foreign *f = untouched;

	ck_assert_msg(load(text, strlen(text), &f) == ERR_FORMAT,
	              "accepted: %s", text);
	ck_assert_ptr_eq(f, untouched);
	ck_assert_str_eq(diag.file, "foreign");
	ck_assert_uint_eq(diag.line, line);
}

START_TEST(a_missing_file_is_empty)
{
	struct foreign *f;

	ck_assert_int_eq(foreign_load(scratch_fd, &f, NULL), 0);
	ck_assert_uint_eq(foreign_count(f), 0);
	ck_assert_uint_eq(foreign_get(f, "/a"), 0);
	foreign_free(f);
	foreign_free(NULL);
}
END_TEST

START_TEST(files_come_back)
{
	struct foreign *f = foreign_new(), *g;
	char *text;

	ck_assert_int_eq(foreign_set(f, "/m", IFLAG_IMMUTABLE), 0);
	ck_assert_int_eq(foreign_set(f, "/z", IFLAG_APPEND), 0);
	ck_assert_int_eq(foreign_set(f, "/a b\n\xff", BOTH), 0);
	ck_assert_int_eq(foreign_set(f, "/gone", BOTH), 0);
	ck_assert_int_eq(foreign_set(f, "/gone", 0), 0);
	ck_assert_int_eq(foreign_set(f, "/never", 0), 0);
	ck_assert_int_eq(foreign_set(f, "/z", BOTH | 0x80000), 0);
	ck_assert_uint_eq(foreign_count(f), 3);
	ck_assert_int_eq(foreign_store(scratch_fd, f), 0);
	text = scratch_read("foreign", NULL);
	ck_assert_str_eq(text, HEAD "ai\t/a\\040b\\012\\377\ni\t/m\nai\t/z\n");
	free(text);
	ck_assert_int_eq(foreign_load(scratch_fd, &g, &diag), 0);
	ck_assert_uint_eq(foreign_count(g), 3);
	ck_assert_uint_eq(foreign_get(g, "/a b\n\xff"), BOTH);
	ck_assert_uint_eq(foreign_get(g, "/m"), IFLAG_IMMUTABLE);
	ck_assert_uint_eq(foreign_get(g, "/z"), BOTH);
	ck_assert_uint_eq(foreign_get(g, "/gone"), 0);
	ck_assert_uint_eq(foreign_get(g, "/zz"), 0);
	foreign_free(f);
	foreign_free(g);
}
END_TEST

START_TEST(many_in_any_order)
{
	struct foreign *f = foreign_new();
	char path[32];

	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "/%u", i * 7919 % 2000);
		ck_assert_int_eq(foreign_set(f, path, IFLAG_APPEND), 0);
	}
	ck_assert_uint_eq(foreign_count(f), 2000);
	for (unsigned int i = 0; i < 2000; i += 2) {
		snprintf(path, sizeof(path), "/%u", i);
		ck_assert_int_eq(foreign_set(f, path, 0), 0);
	}
	ck_assert_uint_eq(foreign_count(f), 1000);
	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "/%u", i);
		ck_assert_uint_eq(foreign_get(f, path),
		                  i % 2 == 0 ? 0 : IFLAG_APPEND);
	}
	foreign_free(f);
}
END_TEST

START_TEST(bad_files_are_refused)
{
	static const char *const rows[] = {
		"", "\t", "i", "i\t", "\t/a", "i\ta", "i /a", "ia\t/a",
		"I\t/a", "ii\t/a", "x\t/a", "i\t/a\\9", "i\t/a\\000b",
		"i\t./a",
	};
	char text[200];
	struct foreign *f;

	bad("", 1);
	bad("dpkg-immutable foreign 1", 1);
	bad("dpkg-immutable foreign\n", 1);
	bad("i\t/a\n", 1);
	bad(HEAD "i\t/a", 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), HEAD "i\t/A\n%s\n", rows[i]);
		bad(text, 3);
	}
	bad(HEAD "i\t/a\na\t/a\n", 3);
	bad(HEAD "i\t/b\na\t/a\n", 3);
	ck_assert_int_eq(load("dpkg-immutable foreign 2\nx", 26, &f),
	                 ERR_FORMAT);	/* torn */
	ck_assert_int_eq(load("dpkg-immutable foreign 2\n", 25, &f),
	                 ERR_VERSION);
}
END_TEST

START_TEST(nul_and_noise)
{
	static const char text[] = HEAD "ai\t/a\ni\t/b/c\\040d\na\t/d\n";
	size_t n = sizeof(text) - 1;
	char noise[sizeof(text)];
	unsigned int state = 1;
	struct foreign *f;

	for (size_t i = 0; i < n; i++) {
		memcpy(noise, text, n);
		noise[i] = '\0';
		ck_assert_int_eq(load(noise, n, &f), ERR_FORMAT);
		if (i == 0 || text[i - 1] != '\n')
			ck_assert_int_eq(load(text, i, &f), ERR_FORMAT);
	}
	for (int i = 0; i < 3000; i++) {
		memcpy(noise, text, n);
		for (int k = 0; k < 2; k++)
			noise[scratch_random(&state, (unsigned int)n)] =
			    (char)scratch_random(&state, 256);
		if (load(noise, n, &f) == 0)
			foreign_free(f);
	}
}
END_TEST

START_TEST(a_huge_line_is_read)
{
	size_t n = 300000;
	char *text = malloc(n + 1);
	struct foreign *f;

	memset(text, 'a', n);
	memcpy(text, HEAD "i\t/", sizeof(HEAD "i\t/") - 1);
	text[n - 1] = '\n';
	ck_assert_int_eq(load(text, n, &f), 0);
	ck_assert_uint_eq(foreign_count(f), 1);
	foreign_free(f);
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("foreign");
	TCase *t = tcase_create("foreign");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, scratch_open, scratch_close);
	tcase_add_test(t, a_missing_file_is_empty);
	tcase_add_test(t, files_come_back);
	tcase_add_test(t, many_in_any_order);
	tcase_add_test(t, bad_files_are_refused);
	tcase_add_test(t, nul_and_noise);
	tcase_add_test(t, a_huge_line_is_read);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
