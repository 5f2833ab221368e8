/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "buf.h"
#include "check_main.h"
#include "dpkgdb_fixture.h"
#include "overrides.h"

static struct overrides *overrides;

/* The admindir is the root as well: its etc is the root's. */
static void
make(const char *lines)
{
	put("statoverride", lines);
	load();
	ck_assert_int_eq(overrides_new(db, dir_fd, &overrides, &diag), 0);
}

static void
set_up_root(void)
{
	set_up();
	overrides = (struct overrides *)&diag;
	ck_assert_int_eq(mkdirat(dir_fd, "etc", 0755), 0);
	put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
	    "games:x:5:60:games:/:/bin/false\n");
	put("etc/group", "root:x:0:\nmail:x:8:\ngames:x:60:\n");
}

static void
tear_down_root(void)
{
	if ((void *)overrides != (void *)&diag)
		overrides_free(overrides);
	tear_down();
}

static void
is(const char *path, uint32_t mode, uint32_t uid, uint32_t gid)
{
	const struct compare_override *o = overrides_find(overrides, path);

	ck_assert_msg(o != NULL, "%s", path);
	ck_assert_uint_eq(o->mode, mode);
	ck_assert_uint_eq(o->uid, uid);
	ck_assert_uint_eq(o->gid, gid);
}

START_TEST(none_at_all)
{
	load();
	ck_assert_int_eq(overrides_new(db, dir_fd, &overrides, &diag), 0);
	ck_assert_ptr_null(overrides);
	ck_assert_ptr_null(overrides_find(NULL, "/usr/x"));
	overrides_free(NULL);
}
END_TEST

START_TEST(names_and_numbers)
{
	make("root mail 2755 /usr/bin/mail\n"
	     "games #77 644 /usr/share/a b\n"
	     "#4294967294 games 0 /usr/n\n");
	is("/usr/bin/mail", 02755, 0, 8);
	is("/usr/share/a b", 0644, 5, 77);
	is("/usr/n", 0, UINT32_MAX - 1, 60);
	ck_assert_ptr_null(overrides_find(overrides, "/usr/bin/mai"));
	ck_assert_ptr_null(overrides_find(overrides, "/usr/bin/mail/"));
	ck_assert_ptr_null(overrides_find(overrides, ""));
}
END_TEST

/* Users and groups are the root's: a machine's own do not count. */
START_TEST(nobody_knows_them)
{
	make("daemon root 755 /usr/user\nroot daemon 755 /usr/group\n"
	     "root root 700 /usr/x\n");
	ck_assert_ptr_null(overrides_find(overrides, "/usr/user"));
	ck_assert_ptr_null(overrides_find(overrides, "/usr/group"));
	is("/usr/x", 0700, 0, 0);
}
END_TEST

START_TEST(without_passwd_and_group)
{
	unlinkat(dir_fd, "etc/passwd", 0);
	unlinkat(dir_fd, "etc/group", 0);
	make("root root 755 /usr/names\n#1 #2 755 /usr/numbers\n");
	ck_assert_ptr_null(overrides_find(overrides, "/usr/names"));
	is("/usr/numbers", 0755, 1, 2);
}
END_TEST

START_TEST(passwd_that_can_not_be_read)
{
	unlinkat(dir_fd, "etc/passwd", 0);
	ck_assert_int_eq(symlinkat("group", dir_fd, "etc/passwd"), 0);
	put("statoverride", "root root 755 /usr/x\n");
	load();
	ck_assert_int_lt(overrides_new(db, dir_fd, &overrides, &diag), 0);
	ck_assert_ptr_eq(overrides, &diag);
	/* where nothing is asked of it, it need not be */
	dpkgdb_free(db);
	put("statoverride", "");
	load();
	ck_assert_int_eq(overrides_new(db, dir_fd, &overrides, &diag), 0);
	ck_assert_ptr_null(overrides);
}
END_TEST

START_TEST(many)
{
	char line[100], path[40];
	struct buf b;

	buf_init(&b, 0);
	for (int i = 0; i < 3000; i++) {
		snprintf(line, sizeof(line), "#%d #%d %o /usr/lib/%d\n", i,
		         i + 1, i & 07777, i);
		ck_assert_int_eq(buf_add_str(&b, line), 0);
	}
	make(b.data);
	buf_free(&b);
	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), "/usr/lib/%u", i);
		is(path, i & 07777, i, i + 1);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("overrides");
	TCase *t = tcase_create("overrides");

	tcase_add_checked_fixture(t, set_up_root, tear_down_root);
	tcase_add_test(t, none_at_all);
	tcase_add_test(t, names_and_numbers);
	tcase_add_test(t, nobody_knows_them);
	tcase_add_test(t, without_passwd_and_group);
	tcase_add_test(t, passwd_that_can_not_be_read);
	tcase_add_test(t, many);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
