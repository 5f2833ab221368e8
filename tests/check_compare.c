/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base64.h"
#include "check_main.h"
#include "compare.h"

static char told[1000];		/* "KIND EXPECTED ACTUAL;" of each */

static void
tell(void *ctx, enum finding_kind kind, const char *expected,
     const char *actual)
{
	size_t n = strlen(told);

	ck_assert_ptr_eq(ctx, told);
	snprintf(told + n, sizeof(told) - n, "%s %s %s;", finding_name(kind),
	         expected, actual);
}

static const struct ledger_row file_row = {
	.path = "/f", .type = LEDGER_FILE, .mode = 0644, .uid = 1, .gid = 2,
	.nlink = 1, .size = 3, .ino = 4, .mtime = 5, .ctime = 6
};
static const struct node file_node = {
	.mode = S_IFREG | 0644, .uid = 1, .gid = 2, .nlink = 1, .size = 3,
	.ino = 4, .mtime = 5, .ctime = 6
};

static void
expect(const struct ledger_row *row, const struct compare_override *o,
       const struct node *n, bool time, const char *want)
{
	size_t differ = 0;

	told[0] = '\0';
	for (const char *s = want; (s = strchr(s, ';')) != NULL; s++)
		differ++;
	ck_assert_uint_eq(compare_node(row, o, n, time, tell, told), differ);
	ck_assert_str_eq(told, want);
}

START_TEST(types_of_modes)
{
	static const struct {
		uint32_t mode;
		enum ledger_type type;
	} types[] = {
		{ S_IFREG | 0644, LEDGER_FILE }, { S_IFDIR, LEDGER_DIR },
		{ S_IFLNK | 0777, LEDGER_LINK }, { S_IFCHR, LEDGER_CHAR },
		{ S_IFBLK, LEDGER_BLOCK }, { S_IFIFO | 07777, LEDGER_FIFO },
		{ S_IFSOCK, LEDGER_SOCKET }
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		ck_assert_int_eq(compare_type(types[i].mode), types[i].type);
}
END_TEST

START_TEST(each_difference_of_a_file)
{
	struct node n = file_node;

	expect(&file_row, NULL, &n, true, "");
	/* these two are none of this function's */
	n.ino = 99;
	n.ctime = 99;
	expect(&file_row, NULL, &n, true, "");
	n.mode = S_IFREG | 04755;
	expect(&file_row, NULL, &n, true, "mode 0644 4755;");
	n = file_node;
	n.uid = UINT32_MAX;
	expect(&file_row, NULL, &n, true, "owner 1:2 4294967295:2;");
	n = file_node;
	n.gid = 0;
	expect(&file_row, NULL, &n, true, "owner 1:2 1:0;");
	n = file_node;
	n.size = UINT64_MAX;
	expect(&file_row, NULL, &n, true, "size 3 18446744073709551615;");
	n = file_node;
	n.nlink = 2;
	expect(&file_row, NULL, &n, true, "hardlink 1 2;");
	n.mode = S_IFREG;
	n.uid = n.gid = 0;
	n.size = 0;
	n.mtime = 0;
	expect(&file_row, NULL, &n, true, "mode 0644 0000;owner 1:2 0:0;"
	       "size 3 0;hardlink 1 2;time 0.000000005 0.000000000;");
}
END_TEST

START_TEST(fewer_names_are_none_too_many)
{
	struct ledger_row row = file_row;
	struct node n = file_node;

	row.nlink = 3;
	n.nlink = 2;
	expect(&row, NULL, &n, true, "");
}
END_TEST

START_TEST(times_where_asked_for)
{
	struct ledger_row row = file_row;
	struct node n = file_node;

	n.mtime = 1700000000123456789;
	expect(&row, NULL, &n, false, "");
	expect(&row, NULL, &n, true,
	       "time 0.000000005 1700000000.123456789;");
	row.mtime = -1;
	n.mtime = -1500000000;
	expect(&row, NULL, &n, true, "time -0.000000001 -1.500000000;");
	row.mtime = INT64_MIN;
	n.mtime = INT64_MAX;
	expect(&row, NULL, &n, true, "time -9223372036.854775808 "
	       "9223372036.854775807;");
}
END_TEST

START_TEST(another_type_is_all_that_is_told)
{
	struct ledger_row row = file_row;
	struct node n = file_node;

	n.mode = S_IFDIR | 0700;
	n.uid = 7;
	n.size = 4096;
	expect(&row, NULL, &n, true, "type file dir;");
	row.type = LEDGER_CHAR;
	n.mode = S_IFLNK | 0777;
	expect(&row, NULL, &n, true, "type char link;");
}
END_TEST

START_TEST(links_and_folders)
{
	struct ledger_row row = { .type = LEDGER_LINK, .mode = 0777 };
	struct node n = { .mode = S_IFLNK | 0644, .size = 9, .nlink = 4,
	                  .mtime = 8 };

	/* no mode of its own, and size, names and time say nothing */
	expect(&row, NULL, &n, true, "");
	n.uid = 5;
	expect(&row, NULL, &n, true, "owner 0:0 5:0;");
	row.type = LEDGER_DIR;
	row.mode = 0755;
	n = (struct node){ .mode = S_IFDIR | 01777, .size = 4096, .nlink = 9,
	                   .mtime = 8 };
	expect(&row, NULL, &n, true, "mode 0755 1777;");
	n.mode = S_IFDIR | 0755;
	expect(&row, NULL, &n, true, "");
}
END_TEST

/* As recorded or as overridden: each of mode and owner may be either. */
START_TEST(overrides_excuse)
{
	const struct compare_override o = { .mode = 04710, .uid = 0,
	                                    .gid = 50 };
	struct node n = file_node;

	expect(&file_row, &o, &n, true, "");
	n.mode = S_IFREG | 04710;
	expect(&file_row, &o, &n, true, "");
	expect(&file_row, NULL, &n, true, "mode 0644 4710;");
	n.uid = 0;
	n.gid = 50;
	expect(&file_row, &o, &n, true, "");
	/* not the one's user and the other's group */
	n.gid = 2;
	expect(&file_row, &o, &n, true, "owner 1:2 0:2;");
	n.gid = 50;
	n.mode = S_IFREG | 0710;
	expect(&file_row, &o, &n, true, "mode 0644 0710;");
	/* nothing else is excused */
	n.mode = S_IFREG | 0644;
	n.size = 4;
	expect(&file_row, &o, &n, true, "size 3 4;");
}
END_TEST

START_TEST(attributes)
{
	struct ledger_row row = file_row;
	char words[100];
	struct buf b;
	int n;

	told[0] = '\0';
	ck_assert_int_eq(compare_meta(&row, NULL, tell, told), 0);
	ck_assert_int_eq(compare_meta(&row, "", tell, told), 0);
	row.meta = "";
	ck_assert_int_eq(compare_meta(&row, NULL, tell, told), 0);
	ck_assert_str_eq(told, "");
	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, "xattr."), 0);
	ck_assert_int_eq(base64_add(&b, "user.x", 6), 0);
	ck_assert_int_eq(buf_add_str(&b, ":"), 0);
	ck_assert_int_eq(base64_add(&b, "v", 1), 0);
	snprintf(words, sizeof(words), "%s", b.data);
	buf_free(&b);
	n = compare_meta(&row, words, tell, told);
	ck_assert_int_eq(n, 1);
	ck_assert_str_eq(told, "xattr none user.x=v;");
	told[0] = '\0';
	row.meta = words;
	ck_assert_int_eq(compare_meta(&row, words, tell, told), 0);
	ck_assert_int_eq(compare_meta(&row, NULL, tell, told), 1);
	ck_assert_str_eq(told, "xattr user.x=v none;");
	/* each kind by its own name */
	told[0] = '\0';
	row.meta = NULL;
	ck_assert_int_eq(compare_meta(&row, "acl:AAAA,cap:AAAA", tell, told),
	                 2);
	ck_assert_ptr_nonnull(strstr(told, "acl none "));
	ck_assert_ptr_nonnull(strstr(told, "capability none "));
}
END_TEST

START_TEST(unchanged_by_inode_size_and_time)
{
	const struct ledger_row row = { .ino = 1, .size = 2, .ctime = 50 };
	struct index_row x = { .set_from = 100, .set_to = 200 };
	struct node n = { .ino = 1, .size = 2, .ctime = 50 };

	ck_assert(compare_unchanged(&row, NULL, &n));
	ck_assert(compare_unchanged(&row, &x, &n));
	n.ctime = 99;
	ck_assert(!compare_unchanged(&row, NULL, &n));
	ck_assert(!compare_unchanged(&row, &x, &n));
	n.ctime = 100;
	ck_assert(!compare_unchanged(&row, NULL, &n));
	ck_assert(compare_unchanged(&row, &x, &n));
	n.ctime = 200;
	ck_assert(compare_unchanged(&row, &x, &n));
	n.ctime = 201;
	ck_assert(!compare_unchanged(&row, &x, &n));
	n.ctime = 150;
	n.size = 3;
	ck_assert(!compare_unchanged(&row, &x, &n));
	n.size = 2;
	n.ino = 2;
	ck_assert(!compare_unchanged(&row, &x, &n));
	/* no window at all */
	n.ino = 1;
	x = (struct index_row){ .set_from = 0, .set_to = 200 };
	ck_assert(!compare_unchanged(&row, &x, &n));
}
END_TEST

START_TEST(which_digest_tells)
{
	struct ledger_row row = { .path = "/f" };
	unsigned char sum[16] = { 1 };
	enum digest_kind kind = DIGEST_SHA1;

	ck_assert_ptr_null(compare_digest(NULL, NULL, &kind));
	ck_assert_ptr_null(compare_digest(&row, NULL, &kind));
	ck_assert_ptr_eq(compare_digest(NULL, sum, &kind), sum);
	ck_assert_int_eq(kind, DIGEST_MD5);
	ck_assert_ptr_eq(compare_digest(&row, sum, &kind), sum);
	/* SHA-256 alone: dpkg's word can't be held against it */
	row.has_sha256 = true;
	ck_assert_ptr_eq(compare_digest(&row, NULL, &kind), row.sha256);
	ck_assert_int_eq(kind, DIGEST_SHA256);
	ck_assert_ptr_eq(compare_digest(&row, sum, &kind), sum);
	ck_assert_int_eq(kind, DIGEST_MD5);
	/* both of the ledger's, with and without dpkg's */
	row.has_md5 = true;
	ck_assert_ptr_eq(compare_digest(&row, NULL, &kind), row.sha256);
	ck_assert_ptr_eq(compare_digest(&row, sum, &kind), row.md5);
	ck_assert_int_eq(kind, DIGEST_MD5);
	row.md5[0] = 1;
	ck_assert_ptr_eq(compare_digest(&row, sum, &kind), row.sha256);
	ck_assert_int_eq(kind, DIGEST_SHA256);
	row.has_sha256 = false;
	ck_assert_ptr_eq(compare_digest(&row, sum, &kind), row.md5);
	row.md5[15] = 9;
	ck_assert_ptr_eq(compare_digest(&row, sum, &kind), row.md5);
	ck_assert_ptr_eq(compare_digest(&row, NULL, &kind), row.md5);
}
END_TEST

START_TEST(digests_as_text)
{
	unsigned char bytes[32];
	char text[COMPARE_DIGEST_TEXT];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(0xf0 + i);
	compare_digest_text(DIGEST_MD5, bytes, text);
	ck_assert_str_eq(text, "md5:f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
	compare_digest_text(DIGEST_SHA1, bytes, text);
	ck_assert_str_eq(text, "sha1:f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
	                 "00010203");
	compare_digest_text(DIGEST_SHA256, bytes, text);
	ck_assert_str_eq(text, "sha256:f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
	                 "000102030405060708090a0b0c0d0e0f");
	ck_assert_uint_eq(strlen(text) + 1, sizeof(text));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("compare");
	TCase *t = tcase_create("compare");

	tcase_add_test(t, types_of_modes);
	tcase_add_test(t, each_difference_of_a_file);
	tcase_add_test(t, fewer_names_are_none_too_many);
	tcase_add_test(t, times_where_asked_for);
	tcase_add_test(t, another_type_is_all_that_is_told);
	tcase_add_test(t, links_and_folders);
	tcase_add_test(t, overrides_excuse);
	tcase_add_test(t, attributes);
	tcase_add_test(t, unchanged_by_inode_size_and_time);
	tcase_add_test(t, which_digest_tells);
	tcase_add_test(t, digests_as_text);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
