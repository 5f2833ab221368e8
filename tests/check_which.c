/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <sys/stat.h>

#include "apart.h"
#include "check_main.h"
#include "scratch.h"
#include "which.h"

static char found[256];

static int
look(const char *name, const char *path)
{
	found[0] = '\0';
	return which_program(name, path, found, sizeof(found));
}

static void
program(const char *name, mode_t mode)
{
	scratch_write(name, "x", 1);
	ck_assert_int_eq(fchmodat(scratch_fd, name, mode, 0), 0);
}

START_TEST(the_first_that_may_be_run)
{
	ck_assert_int_eq(mkdirat(scratch_fd, "a", 0755), 0);
	ck_assert_int_eq(mkdirat(scratch_fd, "b", 0755), 0);
	ck_assert_int_eq(mkdirat(scratch_fd, "a/folder", 0755), 0);
	program("b/tool", 0755);
	program("a/plain", 0644);
	program("b/folder", 0755);
	ck_assert_int_eq(fchdir(scratch_fd), 0);
	ck_assert_int_eq(look("tool", "a:b"), 0);
	ck_assert_str_eq(found, "b/tool");
	ck_assert_int_eq(look("tool", "/nowhere::b"), 0);
	ck_assert_str_eq(found, "b/tool");
	ck_assert_int_eq(look("plain", "a:b"), -EACCES);
	ck_assert_int_eq(look("none", "a:b"), -ENOENT);
	ck_assert_int_eq(look("", "a:b"), -ENOENT);
	/* a folder is no program, but one further on may be */
	ck_assert_int_eq(look("folder", "a:b"), 0);
	ck_assert_str_eq(found, "b/folder");
	ck_assert_int_eq(look("folder", "a"), -EACCES);
}
END_TEST

START_TEST(here_and_by_name)
{
	program("here", 0755);
	ck_assert_int_eq(fchdir(scratch_fd), 0);
	ck_assert_int_eq(look("here", "/nowhere:"), 0);
	ck_assert_str_eq(found, "./here");
	ck_assert_int_eq(look("here", "/nowhere"), -ENOENT);
	ck_assert_int_eq(look("./here", "/nowhere"), 0);
	ck_assert_str_eq(found, "./here");
	ck_assert_int_eq(look("./none", "/nowhere"), -ENOENT);
	ck_assert_int_eq(look("sh", NULL), 0);
	ck_assert_int_eq(look("sh", ""), 0);
}
END_TEST

START_TEST(too_long)
{
	char name[300], path[600];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(look(name, "/bin"), -ENOENT);
	name[0] = '/';
	ck_assert_int_eq(look(name, "/bin"), -ENAMETOOLONG);
	/* a folder that is too long hides nothing behind it */
	memset(path, 'y', sizeof(path));
	snprintf(path + 400, 100, ":/bin:/usr/bin");
	ck_assert_int_eq(look("sh", path), 0);
}
END_TEST

/* In a folder that we may not search there may be one. */
static int
hidden(int unused)
{
	(void)unused;
	HOLDS(deny(SYS_newfstatat, -1, 0, EACCES));
	HOLDS(look("sh", "/no/such:/bin") == -EACCES);
	HOLDS(look("/bin/sh", NULL) == -EACCES);
	return 0;
}

APART_TEST(folders_that_are_closed, hidden)

static Suite *
suite(void)
{
	Suite *s = suite_create("which");
	TCase *t = tcase_create("which");

	tcase_add_checked_fixture(t, scratch_open, scratch_close);
	tcase_add_test(t, the_first_that_may_be_run);
	tcase_add_test(t, here_and_by_name);
	tcase_add_test(t, too_long);
	tcase_add_test(t, folders_that_are_closed);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
