/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "core_fixture.h"
#include "orphan.h"

#define OK "ok installed"

static struct tally tally;

static void
lift(const char *const *paths, size_t n)
{
	struct syncset *sync_set = syncset_new();

	open_session();
	memset(&tally, 0, sizeof(tally));
	ok(orphan_lift(session, paths, n, sync_set, &tally, &diag));
	ok(syncset_flush(sync_set));
	syncset_free(sync_set);
	ck_assert_uint_eq(tally.failed, 0);
}

static void
flagged(const char *path)
{
	put(path, path);
	set_flags(path, IFLAG_IMMUTABLE);
}

START_TEST(what_nobody_owns)
{
	static const char *const paths[] = {
		"/usr/gone", "/usr/orphan", "/usr/orphan", "/usr/owned",
		"/usr/open", "/usr/unpacked", "/usr/removed", "/usr/folder",
		"/usr/link", "/usr/foreign", "/usr/append"
	};

	NEEDS_ROOT();
	adopt();
	flagged("/usr/orphan");
	flagged("/usr/owned");
	put("/usr/open", "");
	flagged("/usr/unpacked");
	flagged("/usr/removed");
	flagged("/usr/folder/x");
	put_link("orphan", "/usr/link");
	flagged("/usr/foreign");
	put("/usr/append", "");
	set_flags("/usr/append", IFLAG_APPEND | IFLAG_IMMUTABLE);
	flagged("/usr/other/orphan");
	put("/var/lib/dpkg-immutable/ledger/foreign",
	    "dpkg-immutable foreign 1\na\t/usr/append\ni\t/usr/foreign\n");
	add_package("a", OK, "", "/usr/owned", "/usr/other/orphan", NULL);
	add_package("u", "ok unpacked", "", "/usr/unpacked", NULL);
	add_package("r", "ok config-files", "", "/usr/removed", NULL);
	database();
	lift(paths, sizeof(paths) / sizeof(paths[0]));
	open_file("/usr/orphan");
	protected("/usr/owned");
	open_file("/usr/unpacked");
	open_file("/usr/removed");
	protected("/usr/folder/x");
	protected("/usr/foreign");
	ck_assert_str_eq(flags_of("/usr/append"), "a");
	protected("/usr/other/orphan");
	ck_assert_uint_eq(tally.cleared, 4);
	lift(paths, sizeof(paths) / sizeof(paths[0]));
	ck_assert_uint_eq(tally.cleared, 0);
	lift(NULL, 0);
}
END_TEST

START_TEST(owned_by_another_name)
{
	static const char *const paths[] = {
		"/usr/hard", "/bin/alias", "/usr/was", "/usr/left"
	};

	NEEDS_ROOT();
	put("/usr/hard", "h");
	put_hard("/usr/hard", "/usr/another");
	set_flags("/usr/hard", IFLAG_IMMUTABLE);
	flagged("/usr/bin/alias");
	put_link("usr/bin", "/bin");
	flagged("/usr/is");
	flagged("/usr/was");
	put("/usr/left", "l");
	put_hard("/usr/left", "/usr/backup");
	set_flags("/usr/left", IFLAG_IMMUTABLE);
	/* diverted: the name is listed, the file there is not a's */
	put("/var/lib/dpkg/diversions", "/usr/was\n/usr/is\n:\n");
	add_package("a", OK, "", "/usr/another", "/usr/bin/alias", "/usr/was",
	            NULL);
	database();
	lift(paths, 4);
	protected("/usr/hard");
	protected("/bin/alias");
	protected("/usr/is");
	open_file("/usr/was");
	open_file("/usr/left");
	ck_assert_uint_eq(tally.cleared, 2);
}
END_TEST

START_TEST(our_own_programs)
{
	static const char *const paths[] = { "/usr/bin/dpkg" };

	NEEDS_ROOT();
	flagged("/usr/bin/dpkg");
	database();
	lift(paths, 1);
	protected("/usr/bin/dpkg");
}
END_TEST

START_TEST(a_bad_list_stops_it)
{
	static const char *const paths[] = { "/usr/orphan" };
	struct syncset *sync_set = syncset_new();

	NEEDS_ROOT();
	flagged("/usr/orphan");
	add_package("a", OK, "", "", NULL);
	database();
	open_session();
	ck_assert_int_eq(orphan_lift(session, paths, 1, sync_set, &tally,
	                             &diag), ERR_FORMAT);
	protected("/usr/orphan");
	syncset_free(sync_set);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("orphan");
	TCase *t = tcase_create("orphan");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, what_nobody_owns);
	tcase_add_test(t, owned_by_another_name);
	tcase_add_test(t, our_own_programs);
	tcase_add_test(t, a_bad_list_stops_it);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
