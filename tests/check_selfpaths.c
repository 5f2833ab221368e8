/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <sys/sendfile.h>

#include "apart.h"
#include "core_fixture.h"
#include "marker.h"
#include "seal.h"
#include "self.h"

/* This program carries our marker: a copy of it is "ours". */
static void
put_ours(const char *path)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to;
	struct stat st;
	off_t at = 0;

	put(path, "");
	to = open(host(path), O_WRONLY | O_CLOEXEC);
	ck_assert(from >= 0 && to >= 0 && fstat(from, &st) == 0);
	while (at < st.st_size)
		ck_assert_int_gt(sendfile(to, from, &at,
		                 (size_t)(st.st_size - at)), 0);
	close(from);
	close(to);
}

START_TEST(the_seven)
{
	for (size_t i = 0; i < SELF_COUNT; i++) {
		ck_assert(self_is(self_paths[i]));
		ck_assert_int_eq(self_paths[i][0], '/');
		ck_assert(i == 0 ||
		          strcmp(self_paths[i - 1], self_paths[i]) < 0);
	}
	ck_assert(!self_is("/usr/bin/dpkg.distrib"));
	ck_assert(!self_is("/usr/bin/dpk"));
	ck_assert(!self_is(""));
}
END_TEST

START_TEST(only_what_is_really_ours)
{
	struct node n;
	int fd = -7;

	NEEDS_ROOT();
	open_session();
	ck_assert_int_eq(self_open(session->root, "/usr/bin/dpkg", &fd, &n),
	                 -ENOENT);
	put("/usr/bin/dpkg", "#!/bin/sh\n");
	ck_assert_int_eq(self_open(session->root, "/usr/bin/dpkg", &fd, &n),
	                 -ENOENT);
	put_link("dpkg", "/usr/bin/dpkg-divert");
	ck_assert_int_eq(self_open(session->root, "/usr/bin/dpkg-divert", &fd,
	                           &n), -ENOENT);
	ck_assert_int_eq(fd, -7);
	put_ours("/usr/bin/dpkg");
	ok(self_open(session->root, "/usr/bin/dpkg", &fd, &n));
	ck_assert_int_ge(fd, 0);
	close(fd);
	/* the script is known by its place */
	put("/usr/sbin/dpkg-immutable-divert", "#!/bin/sh\n");
	ok(self_open(session->root, "/usr/sbin/dpkg-immutable-divert", &fd,
	             &n));
	close(fd);
}
END_TEST

START_TEST(set_and_lifted)
{
	struct syncset *sync_set = syncset_new();
	struct tally t = { .opened = 0 };

	NEEDS_ROOT();
	put_ours("/usr/bin/dpkg");
	put("/usr/bin/dpkg-statoverride", "another's");
	put("/usr/sbin/dpkg-immutable-divert", "s");
	database();
	open_session();
	for (int i = 0; i < 2; i++)
		self_change(session->root, session->due, IFLAG_IMMUTABLE,
		            sync_set, &t);
	ck_assert_uint_eq(t.closed, 2);
	protected("/usr/bin/dpkg");
	protected("/usr/sbin/dpkg-immutable-divert");
	open_file("/usr/bin/dpkg-statoverride");
	for (int i = 0; i < 2; i++)
		self_change(session->root, session->due, 0, sync_set, &t);
	ck_assert_uint_eq(t.cleared, 2);
	ck_assert_uint_eq(t.closed, 2);
	ck_assert_uint_eq(t.failed, 0);
	open_file("/usr/bin/dpkg");
	syncset_free(sync_set);
}
END_TEST

START_TEST(what_cannot_be_looked_at_is_told)
{
	struct syncset *sync_set = syncset_new();
	struct tally t = { .opened = 0 };
	struct rlimit before;

	NEEDS_ROOT();
	put_ours("/usr/bin/dpkg");
	database();
	open_session();
	ck_assert(room_for(0, &before));
	self_change(session->root, session->due, IFLAG_IMMUTABLE, sync_set,
	            &t);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_uint_eq(t.closed, 0);
	ck_assert_uint_gt(t.failed, 0);
	ck_assert_int_eq(t.first_error, -EMFILE);
	ck_assert_str_eq(t.first_path, "/usr/bin/dpkg");
	open_file("/usr/bin/dpkg");
	syncset_free(sync_set);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("selfpaths");
	TCase *t = tcase_create("selfpaths");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, the_seven);
	tcase_add_test(t, only_what_is_really_ours);
	tcase_add_test(t, set_and_lifted);
	tcase_add_test(t, what_cannot_be_looked_at_is_told);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
