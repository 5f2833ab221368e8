/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "closing.h"
#include "core_fixture.h"
#include "lifting.h"

#define OK "ok installed"
#define LEDGER "/var/lib/dpkg-immutable/ledger"

static struct tally tally;

/* Packages a and b, protected; an admin's own flag on a file of b. */
static void
two_packages(void)
{
	put("/usr/a", "a");
	put("/usr/b", "b");
	put("/usr/own", "own");
	put(LEDGER "/foreign", "dpkg-immutable foreign 1\ni\t/usr/own\n");
	set_flags("/usr/own", IFLAG_IMMUTABLE);
	add_package("a", OK, "", "/usr/a", NULL);
	add_package("b", OK, "", "/usr/b", "/usr/own", NULL);
	database();
	open_session();

	struct closing c = { .full = true };

	ok(closing_run(session, &c, &diag));
	ck_assert_int_eq(c.record_error, 0);
	protected("/usr/a");
	protected("/usr/b");
}

static int
lift(void)
{
	open_session();
	memset(&tally, 0, sizeof(tally));
	return lifting_run(session, NULL, NULL, &tally, &diag);
}

/* What is ours, and no more. */
static void
lifts_both(void)
{
	ok(lift());
	open_file("/usr/a");
	open_file("/usr/b");
	protected("/usr/own");
}

START_TEST(all_that_is_ours)
{
	NEEDS_ROOT();
	adopt();
	two_packages();
	lifts_both();
	ck_assert_uint_eq(tally.cleared, 2);
}
END_TEST

/* Purged past us: dpkg leaves what it can't remove. */
START_TEST(what_only_a_ledger_knows)
{
	NEEDS_ROOT();
	adopt();
	two_packages();
	database_new();
	add_package("a", OK, "", "/usr/a", NULL);
	database();
	lifts_both();
	ck_assert_uint_eq(tally.cleared, 2);
}
END_TEST

START_TEST(without_a_status)
{
	NEEDS_ROOT();
	adopt();
	two_packages();
	unlink(host("/var/lib/dpkg/status"));
	put(LEDGER "/index", "nonsense\n");
	lifts_both();
}
END_TEST

/* What has a flag there has it of somebody else. */
START_TEST(what_is_off_stays)
{
	NEEDS_ROOT();
	adopt();
	two_packages();
	index_find(session->index, "b", "amd64")->off = true;
	ok(index_store(session->state->ledger_fd, session->index));
	ok(lift());
	open_file("/usr/a");
	protected("/usr/b");
	set_flags("/usr/a", IFLAG_IMMUTABLE);
	unlink(host("/var/lib/dpkg/status"));
	ok(lift());
	open_file("/usr/a");
	protected("/usr/b");
}
END_TEST

START_TEST(unreadable_ledgers)
{
	NEEDS_ROOT();
	adopt();
	two_packages();
	unreadable(LEDGER "/b.mtree");
	ck_assert_int_eq(lift(), -EIO);
	unlink(host("/var/lib/dpkg/status"));
	ck_assert_int_eq(lift(), -EIO);
	readable(LEDGER "/b.mtree");
	ok(lift());
	open_file("/usr/b");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("lifting");
	TCase *t = tcase_create("lifting");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, all_that_is_ours);
	tcase_add_test(t, what_only_a_ledger_knows);
	tcase_add_test(t, without_a_status);
	tcase_add_test(t, what_is_off_stays);
	tcase_add_test(t, unreadable_ledgers);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
