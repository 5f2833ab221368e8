/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "policy.h"

static struct conf *
conf_of(const char *text)
{
	struct conf *c = NULL;

	ck_assert_int_eq(conf_parse("t", text, strlen(text), &c, NULL), 0);
	return c;
}

struct row {
	const char *listed;
	const char *folder;
	enum exempt expected;
};

static void
expect_rows(const char *text, const struct row *rows, size_t n)
{
	struct conf *c = conf_of(text);

	for (size_t i = 0; i < n; i++) {
		enum exempt e = policy_path(c, rows[i].listed, rows[i].folder);

		ck_assert_msg(e == rows[i].expected, "%s in %s is %s",
		              rows[i].listed, rows[i].folder, exempt_name(e));
	}
	conf_free(c);
}

#define EXPECT(text, rows) \
	expect_rows(text, rows, sizeof(rows) / sizeof((rows)[0]))

START_TEST(default_trees_by_either_name)
{
	static const struct row rows[] = {
		{ "/usr/bin/ls", "/usr/bin", EXEMPT_NO },
		{ "/bin/ls", "/usr/bin", EXEMPT_NO },
		{ "/bin/ls", NULL, EXEMPT_NO },
		{ "/etc/passwd", "/etc", EXEMPT_TREE },
		{ "/etc", "", EXEMPT_TREE },
		{ "/etcetera/x", "/etcetera", EXEMPT_NO },
		{ "/usr/etc/x", "/usr/etc", EXEMPT_NO },
		{ "/var/lib/x", NULL, EXEMPT_TREE },
		{ "/run/x", "/run", EXEMPT_TREE },
		{ "/srv/x", "/srv", EXEMPT_TREE },
		{ "/home/x", "/home", EXEMPT_TREE },
		{ "/root/x", "/root", EXEMPT_TREE },
		{ "/tmp/x", "/tmp", EXEMPT_TREE },
		{ "/media/x", "/media", EXEMPT_TREE },
		{ "/mnt/x", "/mnt", EXEMPT_TREE },
		{ "/proc/x", "/proc", EXEMPT_TREE },
		{ "/sys/x", "/sys", EXEMPT_TREE },
		{ "/dev/x", "/dev", EXEMPT_TREE },
		{ "/opt/x", "/opt", EXEMPT_NO },
		{ "/vmlinuz", "", EXEMPT_NO },
		{ "/usr/lib/data/f", "/var/lib/data", EXEMPT_TREE },
		{ "/opt/f", "/srv", EXEMPT_TREE },
	};

	EXPECT("", rows);
}
END_TEST

START_TEST(a_match_covers_a_tree)
{
	static const struct row rows[] = {
		{ "/opt/app/f", "/opt/app", EXEMPT_GLOB },
		{ "/opt/app/a/b/c/d", "/opt/app/a/b/c", EXEMPT_GLOB },
		{ "/opt/app", "/opt", EXEMPT_GLOB },
		{ "/opt/apple", "/opt", EXEMPT_NO },
		{ "/usr/lib/x/cache/f", NULL, EXEMPT_GLOB },
		{ "/usr/lib/x/y/cache/f/g", NULL, EXEMPT_GLOB },
		{ "/usr/lib/x/caches", NULL, EXEMPT_NO },
		{ "/usr/share/doc/a.pyc", NULL, EXEMPT_GLOB },
		{ "/bin/tool", "/usr/bin", EXEMPT_GLOB },
		{ "/lib/m", "/usr/lib", EXEMPT_GLOB },
	};

	EXPECT("exempt = /opt/app\nexempt = /usr/lib/*/cache\n"
	       "exempt = *.pyc\nexempt = /usr/bin/tool\nexempt = /lib/m\n",
	       rows);
}
END_TEST

START_TEST(the_last_match_wins)
{
	static const struct row rows[] = {
		{ "/etc/a", "/etc", EXEMPT_NO },
		{ "/etc/b", "/etc", EXEMPT_TREE },
		{ "/etc/ssl/x", "/etc/ssl", EXEMPT_NO },
		{ "/etc/ssl/private/x", NULL, EXEMPT_GLOB },
		{ "/etc/ssl/private/keep", NULL, EXEMPT_NO },
		{ "/usr/a", NULL, EXEMPT_NO },
	};
	static const struct row all[] = {
		{ "/usr/bin/ls", "/usr/bin", EXEMPT_GLOB },
		{ "/vmlinuz", "", EXEMPT_GLOB },
	};

	EXPECT("exempt = /etc/a\nprotect = /etc/a\nprotect = /etc/ssl\n"
	       "exempt = /etc/ssl/private\nprotect = /etc/ssl/private/keep\n",
	       rows);
	EXPECT("exempt = /\n", all);
}
END_TEST

START_TEST(what_no_call_can_name_is_no_file)
{
	char *path = malloc(5001);
	struct conf *c = conf_of("exempt = /x\n");

	memset(path, 'a', 5000);
	path[0] = '/';
	path[5000] = '\0';
	ck_assert_int_eq(policy_path(c, path, NULL), EXEMPT_TYPE);
	ck_assert_int_eq(policy_path(c, "/a", path), EXEMPT_TYPE);
	path[4095] = '\0';
	ck_assert_int_eq(policy_path(c, path, NULL), EXEMPT_NO);
	memset(path, '/', 4095);
	ck_assert_int_eq(policy_path(c, path, NULL), EXEMPT_NO);
	conf_free(c);
	free(path);
}
END_TEST

START_TEST(packages_by_name)
{
	struct conf *c = conf_of("exempt-package = linux-image-* dkms\n");

	ck_assert_int_eq(policy_package(c, "dkms"), EXEMPT_PACKAGE);
	ck_assert_int_eq(policy_package(c, "linux-image-amd64"),
	                 EXEMPT_PACKAGE);
	ck_assert_int_eq(policy_package(c, "linux-image"), EXEMPT_NO);
	ck_assert_int_eq(policy_package(c, "xdkms"), EXEMPT_NO);
	conf_free(c);
	c = conf_of("");
	ck_assert_int_eq(policy_package(c, "dkms"), EXEMPT_NO);
	conf_free(c);
}
END_TEST

START_TEST(every_reason_has_its_own_name)
{
	for (enum exempt a = EXEMPT_NO; a <= EXEMPT_TYPE; a++)
		for (enum exempt b = EXEMPT_NO; b < a; b++)
			ck_assert_str_ne(exempt_name(a), exempt_name(b));
	ck_assert_str_eq(exempt_name(EXEMPT_CONFFILE), "conffile");
	ck_assert_str_eq(exempt_name(EXEMPT_TREE), "tree");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("policy");
	TCase *t = tcase_create("policy");

	tcase_add_test(t, default_trees_by_either_name);
	tcase_add_test(t, a_match_covers_a_tree);
	tcase_add_test(t, the_last_match_wins);
	tcase_add_test(t, what_no_call_can_name_is_no_file);
	tcase_add_test(t, packages_by_name);
	tcase_add_test(t, every_reason_has_its_own_name);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
