/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "target.h"

static const struct package libc = {
	.name = "libc6", .arch = "amd64", .key = "libc6:amd64"
};
static const struct package dash = {
	.name = "dash", .arch = "amd64", .key = "dash"
};
static struct targets t;
static struct diag diag;

static void
init(char *const *words, size_t n)
{
	ck_assert_int_eq(targets_init(&t, words, n), 0);
}

static void
tear_down(void)
{
	targets_free(&t);
	targets_free(&t);
}

START_TEST(names_and_globs)
{
	static const struct { const char *word; bool libc, dash; } rows[] = {
		{ "libc6", true, false }, { "libc6:amd64", true, false },
		{ "libc6:i386", false, false }, { "libc", false, false },
		{ "lib*", true, false }, { "*:amd64", true, true },
		{ "*", true, true }, { "dash:amd64", false, true },
		{ "d?sh", false, true }, { "[a-d]*", false, true },
		{ "", false, false }, { "[", false, false },
		{ "DASH", false, false }, { "libc6:*", true, false }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(target_names(rows[i].word, &libc) ==
		              rows[i].libc, "%s", rows[i].word);
		ck_assert_msg(target_names(rows[i].word, &dash) ==
		              rows[i].dash, "%s", rows[i].word);
	}
}
END_TEST

START_TEST(a_huge_name)
{
	struct package p = { .arch = "amd64" };
	char *name = malloc(5001);

	memset(name, 'a', 5000);
	name[5000] = '\0';
	p.name = p.key = name;
	ck_assert(target_names(name, &p));
	ck_assert(!target_names("b", &p));
	free(name);
}
END_TEST

START_TEST(none_means_all)
{
	init(NULL, 0);
	ck_assert(targets_package(&t, &dash));
	ck_assert(targets_path(&t, &dash, "/a", "/b"));
	ck_assert(targets_path(&t, NULL, "/a", "/a"));
	ck_assert_int_eq(targets_check(&t, &diag), 0);
}
END_TEST

START_TEST(packages_only)
{
	char *words[] = { (char *)"dash", (char *)"zz*" };

	init(words, 2);
	ck_assert(targets_package(&t, &dash));
	ck_assert(!targets_package(&t, &libc));
	ck_assert(targets_path(&t, &dash, "/bin/sh", "/bin/sh"));
	ck_assert(!targets_path(&t, &libc, "/bin/sh", "/bin/sh"));
	ck_assert(!targets_path(&t, NULL, "/bin/sh", "/bin/sh"));
	ck_assert_int_eq(targets_check(&t, &diag), -ENOENT);
	ck_assert_ptr_nonnull(strstr(diag.what, "named zz*"));
}
END_TEST

START_TEST(paths)
{
	char *words[] = { (char *)"/usr/lib/", (char *)"/bin/sh" };

	init(words, 2);
	ck_assert(targets_package(&t, &libc));
	ck_assert(targets_path(&t, &libc, "/usr/lib", "/usr/lib"));
	ck_assert(targets_path(&t, &libc, "/usr/lib/a/b", "/x"));
	ck_assert(targets_path(&t, &libc, "/x", "/usr/lib/a"));
	ck_assert(!targets_path(&t, &libc, "/usr/library", "/usr/li"));
	ck_assert_int_eq(targets_check(&t, &diag), -ENOENT);
	ck_assert_ptr_nonnull(strstr(diag.what, "file /bin/sh"));
	ck_assert(!targets_path(&t, NULL, "/bin/sh.distrib", "/bin/s"));
	ck_assert(targets_path(&t, NULL, "/bin/sh", "/bin/sh"));
	ck_assert_int_eq(targets_check(&t, &diag), 0);
}
END_TEST

/* By either name of a place, whichever one the package has. */
START_TEST(merged_usr)
{
	char *words[] = {
		(char *)"/usr/bin/ls", (char *)"/bin/cat", (char *)"/usr/lib",
		(char *)"/sbin"
	};

	init(words, 4);
	ck_assert(!targets_path(&t, &libc, "/bin/ls", "/bin/ls"));
	t.merged = 1u << 0 | 1u << 2;		/* bin, lib */
	ck_assert(targets_path(&t, &libc, "/bin/ls", "/bin/ls"));
	ck_assert(targets_path(&t, &libc, "/usr/bin/ls", "/usr/bin/ls"));
	ck_assert(targets_path(&t, &libc, "/usr/bin/cat", "/usr/bin/cat"));
	ck_assert(targets_path(&t, &libc, "/lib/x/y", "/lib/x/y"));
	ck_assert(!targets_path(&t, &libc, "/lib64/x", "/lib64/x"));
	ck_assert(!targets_path(&t, &libc, "/bin/lsx", "/bin/lsx"));
	ck_assert(!targets_path(&t, &libc, "/usr/sbin/x", "/usr/sbin/x"));
	ck_assert(targets_path(&t, &libc, "/sbin/x", "/sbin/x"));
	ck_assert_int_eq(targets_check(&t, &diag), 0);
}
END_TEST

START_TEST(usr_holds_the_merged)
{
	char *words[] = { (char *)"/usr" };

	init(words, 1);
	ck_assert(!targets_path(&t, &libc, "/bin/ls", "/bin/ls"));
	t.merged = 1u << 0;
	ck_assert(targets_path(&t, &libc, "/bin/ls", "/bin/ls"));
	ck_assert(!targets_path(&t, &libc, "/opt/ls", "/opt/ls"));
}
END_TEST

START_TEST(the_root)
{
	char *words[] = { (char *)"/" };

	init(words, 1);
	ck_assert(targets_path(&t, &dash, "/anything", "/anything"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("target");
	TCase *c = tcase_create("target");

	tcase_add_checked_fixture(c, NULL, tear_down);
	tcase_add_test(c, names_and_globs);
	tcase_add_test(c, a_huge_name);
	tcase_add_test(c, none_means_all);
	tcase_add_test(c, packages_only);
	tcase_add_test(c, paths);
	tcase_add_test(c, merged_usr);
	tcase_add_test(c, usr_holds_the_merged);
	tcase_add_test(c, the_root);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN()
