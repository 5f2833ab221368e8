/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "ids.h"
#include "scratch.h"

static struct ids *ids;

static void
setup(void)
{
	scratch_open();
	ck_assert_int_eq(mkdirat(scratch_fd, "etc", 0755), 0);
	ids = NULL;
}

static void
teardown(void)
{
	ids_free(ids);
	scratch_close();
}

static void
load(const char *passwd, const char *group)
{
	if (passwd)
		scratch_text("etc/passwd", passwd);
	if (group)
		scratch_text("etc/group", group);
	ids_free(ids);
	ids = NULL;
	ck_assert_int_eq(ids_load(scratch_fd, &ids, NULL), 0);
	ck_assert_ptr_nonnull(ids);
}

/* The number, or -1 for nobody: no number of 32 bits is that. */
static long long
user(const char *name)
{
	uint32_t id = 77;
	int err = ids_user(ids, name, &id);

	if (err == 0)
		return id;
	ck_assert_int_eq(err, -ENOENT);
	ck_assert_uint_eq(id, 77);
	return -1;
}

static long long
group_of(const char *name)
{
	uint32_t id = 77;
	int err = ids_group(ids, name, &id);

	if (err == 0)
		return id;
	ck_assert_int_eq(err, -ENOENT);
	ck_assert_uint_eq(id, 77);
	return -1;
}

START_TEST(ids_reads_both)
{
	load("root:x:0:0:root:/root:/bin/bash\n"
	     "daemon:*:1:9::/:/bin/sh\n"
	     "big::4294967294:1:::", "root:x:0:\nmail:x:8:a,b\ndaemon:x:2");
	ck_assert_int_eq(user("root"), 0);
	ck_assert_int_eq(user("daemon"), 1);
	ck_assert_int_eq(user("big"), 4294967294);
	ck_assert_int_eq(user("mail"), -1);
	ck_assert_int_eq(user(""), -1);
	ck_assert_int_eq(group_of("root"), 0);
	ck_assert_int_eq(group_of("mail"), 8);
	ck_assert_int_eq(group_of("daemon"), 2);
	ck_assert_int_eq(group_of("big"), -1);
}
END_TEST

START_TEST(ids_numbers_need_no_entry)
{
	load(NULL, NULL);
	ck_assert_int_eq(user("#0"), 0);
	ck_assert_int_eq(user("#1234"), 1234);
	ck_assert_int_eq(group_of("#4294967294"), 4294967294);
	ck_assert_int_eq(group_of("#4294967295"), -1);
	ck_assert_int_eq(user("#"), -1);
	ck_assert_int_eq(user("#-1"), -1);
	ck_assert_int_eq(user("# 1"), -1);
	ck_assert_int_eq(user("#1x"), -1);
	ck_assert_int_eq(user("#99999999999999999999999"), -1);
}
END_TEST

START_TEST(ids_first_of_two_counts)
{
	load("a:x:5:5::/:\na:x:6:6::/:\n", "g:x:7:\ng:x:8:\n");
	ck_assert_int_eq(user("a"), 5);
	ck_assert_int_eq(group_of("g"), 7);
}
END_TEST

/* A broken line hides nothing behind it, nor a good one of the same name. */
START_TEST(ids_passes_over_what_is_no_entry)
{
	load("\n:x:1:1:::\n#c:x:1:1:::\n+n:x:1:1:::\n-m:x:1:1:::\n+\n"
	     "word\nd:x\nd:x:1\nd:x:1:\nd:x::1\nd:x:-1:1:\nd:x:1x:1:\n"
	     "d:x: 1:1:\nd:x:0x1:1:\nd:x:4294967295:1:\n"
	     "d:x:99999999999999999999:1:\nd:x:1:y:\n:::::::\n"
	     "  blank:x:11:1::\n"
	     "d:x:12:1::\n\xff\xfe:x:13:1::\nlast:x:14:1",
	     "h\nh:x\nh:x:\nh:x:z:\nh:x:9:m\n");
	ck_assert_int_eq(user("#c"), -1);
	ck_assert_int_eq(user("+n"), -1);
	ck_assert_int_eq(user("-m"), -1);
	ck_assert_int_eq(user("+"), -1);
	ck_assert_int_eq(user("word"), -1);
	ck_assert_int_eq(user("blank"), 11);
	ck_assert_int_eq(user("d"), 12);
	ck_assert_int_eq(user("\xff\xfe"), 13);
	ck_assert_int_eq(user("last"), 14);
	ck_assert_int_eq(group_of("h"), 9);
}
END_TEST

START_TEST(ids_passes_over_nul_bytes)
{
	static const char text[] = "a\0b:x:1:1::\na:\0x:2:2::\na:x:3:3::\n\0";

	scratch_write("etc/passwd", text, sizeof(text));
	load(NULL, NULL);
	ck_assert_int_eq(user("a"), 3);
}
END_TEST

START_TEST(ids_huge_line_and_many_entries)
{
	size_t size = 4 << 20, at;
	char *text = malloc(size);
	int n;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', size / 2);
	text[size / 2] = '\n';
	at = size / 2 + 1;
	for (n = 0; at < size - 64; n++)
		at += (size_t)snprintf(text + at, size - at,
		                       "user%d:x:%d:5::/:\n", n, n + 1000);
	scratch_write("etc/passwd", text, at);
	load(NULL, NULL);
	ck_assert_int_gt(n, 1000);
	ck_assert_int_eq(user("user0"), 1000);
	snprintf(text, size, "user%d", n - 1);
	ck_assert_int_eq(user(text), n + 999);
	snprintf(text, size, "user%d", n);
	ck_assert_int_eq(user(text), -1);
	free(text);
}
END_TEST

START_TEST(ids_missing_is_empty)
{
	load(NULL, NULL);
	ck_assert_int_eq(user("root"), -1);
	load("", "");
	ck_assert_int_eq(user("root"), -1);
	ck_assert_int_eq(unlinkat(scratch_fd, "etc/passwd", 0), 0);
	ck_assert_int_eq(unlinkat(scratch_fd, "etc/group", 0), 0);
	ck_assert_int_eq(unlinkat(scratch_fd, "etc", AT_REMOVEDIR), 0);
	load(NULL, NULL);
	ck_assert_int_eq(group_of("root"), -1);
}
END_TEST

static int
load_error(struct diag *diag)
{
	struct ids *none = NULL;
	int err;

	memset(diag, 0, sizeof(*diag));
	err = ids_load(scratch_fd, &none, diag);
	ck_assert_ptr_null(none);
	return err;
}

START_TEST(ids_limit)
{
	struct diag diag;

	scratch_text("etc/group", "a:x:1:\n");
	ck_assert_int_eq(fchdir(scratch_fd), 0);
	ck_assert_int_eq(truncate("etc/group", 16 << 20), 0);
	load(NULL, NULL);
	ck_assert_int_eq(group_of("a"), 1);
	ck_assert_int_eq(truncate("etc/group", (16 << 20) + 1), 0);
	ck_assert_int_eq(load_error(&diag), ERR_LIMIT);
	ck_assert_str_eq(diag.file, "group");
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* Another root's link would lead out of it, to this machine's own file. */
START_TEST(ids_follows_no_symlink)
{
	struct diag diag;

	scratch_text("real", "a:x:1:1::\n");
	ck_assert_int_eq(symlinkat("../real", scratch_fd, "etc/passwd"), 0);
	ck_assert_int_eq(load_error(&diag), ERR_NOT_REGULAR);
	ck_assert_str_eq(diag.file, "passwd");
	ck_assert_int_eq(unlinkat(scratch_fd, "etc/passwd", 0), 0);
	ck_assert_int_eq(mkfifoat(scratch_fd, "etc/passwd", 0600), 0);
	ck_assert_int_eq(load_error(&diag), ERR_NOT_REGULAR);
	ck_assert_int_eq(unlinkat(scratch_fd, "etc/passwd", 0), 0);
	ck_assert_int_eq(renameat(scratch_fd, "etc", scratch_fd, "etc2"), 0);
	ck_assert_int_eq(symlinkat("etc2", scratch_fd, "etc"), 0);
	ck_assert_int_eq(load_error(&diag), -ENOTDIR);
	ck_assert_str_eq(diag.file, "etc");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ids");
	TCase *t = tcase_create("ids");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, ids_reads_both);
	tcase_add_test(t, ids_numbers_need_no_entry);
	tcase_add_test(t, ids_first_of_two_counts);
	tcase_add_test(t, ids_passes_over_what_is_no_entry);
	tcase_add_test(t, ids_passes_over_nul_bytes);
	tcase_add_test(t, ids_huge_line_and_many_entries);
	tcase_add_test(t, ids_missing_is_empty);
	tcase_add_test(t, ids_limit);
	tcase_add_test(t, ids_follows_no_symlink);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
