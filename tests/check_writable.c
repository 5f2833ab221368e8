/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "core_fixture.h"
#include "mounts.h"
#include "plan.h"
#include "writable.h"

/*
 * What is decided, on mounts that are told and not there. Without a keeper, and
 * so not in a namespace of our own: where a mount would be opened it is to be
 * begun again.
 */

#define NO_MOUNT 1000000000u	/* beyond all that the kernel has given */

static struct buf table;
static unsigned int ids;

/* A mount below the root; own and fs: "ro" or "rw"; device "0:99" and up is
 * none that sysfs knows. */
static void
mounted(const char *at, const char *type, const char *own, const char *fs,
        const char *more)
{
	ids++;
	ck_assert_int_eq(buf_addf(&table, "%u %u 0:%u / %s%s %s - %s none %s%s\n",
	                          NO_MOUNT + ids, ids == 1 ? 0 : NO_MOUNT + 1,
	                          900 + ids,
	                          at[0] == '\0' ? "/" : top, at, own, type,
	                          fs, more), 0);
}

/* The whole table at once; "/" of the host is first. */
static void
begin(void)
{
	buf_init(&table, 0);
	ids = 0;
	mounted("", "ext4", "rw", "rw", "");
}

static void
use(void)
{
	mounts_free(session->mounts);
	session->mounts = NULL;
	memset(&diag, 0, sizeof(diag));
	ck_assert_int_eq(mounts_parse("mountinfo", table.data, table.len, "",
	                              &session->mounts, &diag), 0);
	buf_free(&table);
}

static void
one_package(const char *path)
{
	put(path, "a");
	add_package("a", "ok installed", "", path, NULL);
	database();
	adopt();
	open_session();
}

static struct plan *
plan_of_a(void)
{
	struct package *p = dpkgdb_find(session->db, "a", "amd64");
	struct plan *plan;

	ck_assert_ptr_nonnull(p);
	ok(dpkgdb_load_list(session->db, p, &diag));
	ok(plan_of(session->db, NULL, 0, &p, 1, &plan));
	return plan;
}

static int
planned(bool changes, bool scripts)
{
	struct plan *plan = plan_of_a();
	int r = writable_plan(session, plan, changes, scripts, &diag);

	plan_free(plan);
	return r;
}

static int
flags_on(char **keys, size_t n_keys, struct journal_path *paths, size_t n)
{
	const struct journal_plan plan = {
		.packages = keys, .n_packages = n_keys,
		.paths = paths, .n_paths = n
	};

	return writable_flags(session, &plan, false, &diag);
}

START_TEST(mounts_in_the_way)
{
	NEEDS_ROOT();
	one_package("/usr/share/a/file");
	begin();
	use();
	ck_assert_int_eq(planned(true, true), 0);
	begin();
	mounted("/usr", "ext4", "ro", "rw", "");
	use();
	ck_assert_int_eq(planned(true, true), ERR_AGAIN);
	ck_assert_int_eq(planned(false, false), ERR_AGAIN);
	session->conf->mounts = CONF_MOUNTS_OFF;
	ck_assert_int_eq(planned(true, true), 0);
	session->conf->mounts = CONF_MOUNTS_AUTO;
	/* where it has nothing */
	begin();
	mounted("/usr/lib", "ext4", "ro", "rw", "");
	mounted("/srv", "ext4", "ro", "rw", "");
	mounted("/run/x", "ext4", "ro", "rw", "");
	use();
	ck_assert_int_eq(planned(true, true), 0);
	/* only scripts */
	begin();
	mounted("/etc", "ext4", "ro", "rw", "");
	use();
	put("/etc/x", "");
	ck_assert_int_eq(planned(true, false), 0);
	ck_assert_int_eq(planned(true, true), ERR_AGAIN);
}
END_TEST

START_TEST(file_systems_in_the_way)
{
	NEEDS_ROOT();
	one_package("/usr/share/a/file");
	begin();
	mounted("/usr", "ext4", "ro", "ro", "");
	use();
	ck_assert_int_eq(planned(true, true), -EROFS);
	ck_assert_str_eq(diag.file, host("/usr"));
	ck_assert_ptr_nonnull(strstr(diag.what, "mounts = remount"));
	/* flags will say it, or nothing has to be lifted */
	ck_assert_int_eq(planned(false, true), 0);
	session->conf->mounts = CONF_MOUNTS_OFF;
	ck_assert_int_eq(planned(true, true), 0);
	session->conf->mounts = CONF_MOUNTS_REMOUNT;
	ck_assert_int_eq(planned(true, true), ERR_AGAIN);
	/* its other mount has to be shut first, and nobody is there to do it */
	begin();
	mounted("/usr", "ext4", "rw", "ro", "");
	use();
	ck_assert_int_eq(planned(true, true), -ESTALE);
	begin();
	mounted("/usr", "squashfs", "ro", "ro", "");
	use();
	ck_assert_int_eq(planned(true, true), -EROFS);
	ck_assert_ptr_nonnull(strstr(diag.what, "nobody can write"));
	/* useful, not needed */
	begin();
	mounted("/etc", "squashfs", "ro", "ro", "");
	use();
	put("/etc/x", "");
	ck_assert_int_eq(planned(true, true), 0);
}
END_TEST

START_TEST(single_paths_and_packages)
{
	struct journal_path paths[] = {
		{ .path = "/opt/not/there/yet" }, { .path = "/usr/x" }
	};
	char *keys[] = { (char *)"a", (char *)"unknown" };

	NEEDS_ROOT();
	one_package("/usr/share/a/file");
	put("/opt/x", "");
	begin();
	mounted("/opt", "ext4", "ro", "rw", "");
	use();
	ck_assert_int_eq(flags_on(NULL, 0, paths, 2), ERR_AGAIN);
	ck_assert_int_eq(flags_on(NULL, 0, paths + 1, 1), 0);
	ck_assert_int_eq(flags_on(keys, 2, NULL, 0),
	                 0);
	begin();
	mounted("/usr/share", "ext4", "ro", "rw", "");
	use();
	ck_assert_int_eq(flags_on(keys, 2, NULL, 0),
	                 ERR_AGAIN);
	ck_assert_int_eq(flags_on(keys + 1, 1, NULL, 0), 0);
	ck_assert_int_eq(writable_flags(session, NULL, false, &diag),
	                 ERR_AGAIN);
	/* what may not be remounted is told by flags that can't be set */
	begin();
	mounted("/usr/share", "ext4", "ro", "ro", "");
	use();
	ck_assert_int_eq(flags_on(keys, 1, NULL, 0),
	                 0);
	ck_assert_int_eq(flags_on(NULL, 0, paths + 1, 1), 0);
	session->conf->mounts = CONF_MOUNTS_OFF;
	ck_assert_int_eq(flags_on(keys, 1, NULL, 0),
	                 0);
	ck_assert_int_eq(flags_on(NULL, 0, paths + 1, 1), 0);
}
END_TEST

START_TEST(our_own_places)
{
	NEEDS_ROOT();
	one_package("/usr/share/a/file");
	begin();
	mounted("/usr", "ext4", "ro", "rw", "");
	use();
	ck_assert_int_eq(writable_own(session, true, &diag), 0);
	begin();
	mounted("/var", "ext4", "ro", "rw", "");
	use();
	ck_assert_int_eq(writable_own(session, true, &diag), ERR_AGAIN);
	begin();
	mounted("/var/lib/dpkg", "ext4", "ro", "ro", "");
	use();
	ck_assert_int_eq(writable_own(session, true, &diag), -EROFS);
	ck_assert_int_eq(writable_own(session, false, &diag), 0);
	session->conf->mounts = CONF_MOUNTS_OFF;
	ck_assert_int_eq(writable_own(session, true, &diag), 0);
}
END_TEST

static void
forgetful(const char *at, const char *type, const char *more)
{
	begin();
	mounted("/var/lib/dpkg", "ext4", "rw", "rw", "");
	mounted(at, type, "rw", "rw", more);
	use();
}

START_TEST(a_database_that_would_be_lost)
{
	static const char *const places[] = {
		"/var/lib/dpkg", "/var/lib/dpkg-immutable"
	};

	NEEDS_ROOT();
	one_package("/usr/share/a/file");
	for (int i = 0; i < 2; i++) {
		forgetful(places[i], "tmpfs", "");
		ck_assert_int_eq(planned(true, true), ERR_REFUSED);
		ck_assert_str_eq(diag.file, i == 0 ? session->admindir :
		                 places[i]);
		ck_assert_ptr_nonnull(strstr(diag.what, "next boot"));
		ck_assert_int_eq(writable_adoption(session, &diag),
		                 ERR_REFUSED);
		forgetful(places[i], "ramfs", "");
		ck_assert_int_eq(planned(false, false), ERR_REFUSED);
		session->conf->mounts = CONF_MOUNTS_OFF;
		ck_assert_int_eq(planned(false, false), ERR_REFUSED);
		session->conf->mounts = CONF_MOUNTS_AUTO;
		session->conf->volatile_database = true;
		ck_assert_int_eq(planned(true, true), 0);
		ck_assert_int_eq(writable_adoption(session, &diag), 0);
		session->conf->volatile_database = false;
	}
	/* all of it in memory, database or not */
	begin();
	mounted("/usr", "tmpfs", "rw", "rw", "");
	mounted("/var", "tmpfs", "rw", "rw", "");
	use();
	ck_assert_int_eq(planned(true, true), 0);
	ck_assert_int_eq(writable_adoption(session, &diag), 0);
	/* an overlay that writes to a disk */
	forgetful("/var/lib/dpkg", "overlay", ",lowerdir=/a,upperdir=/b");
	ck_assert_int_eq(planned(true, true), 0);
	/* one that does not */
	begin();
	mounted("/memory", "tmpfs", "rw", "rw", "");
	ck_assert_int_eq(buf_addf(&table, "%u %u 0:980 / %s/var/lib/dpkg rw "
	                          "- overlay none rw,upperdir=%s/memory/up\n",
	                          NO_MOUNT + 80, NO_MOUNT + 1, top, top), 0);
	use();
	ck_assert_int_eq(planned(true, true), ERR_REFUSED);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("writable");
	TCase *t = tcase_create("writable");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, mounts_in_the_way);
	tcase_add_test(t, file_systems_in_the_way);
	tcase_add_test(t, single_paths_and_packages);
	tcase_add_test(t, our_own_places);
	tcase_add_test(t, a_database_that_would_be_lost);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
