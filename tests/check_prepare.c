/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "closing.h"
#include "core_fixture.h"
#include "prepare.h"

#define OK "ok installed"

static char *words[8];
static struct cmdline line = {
	.action = CMD_REMOVE, .no_triggers = true, .operands = words
};
static struct prepared prepared;

/* Packages a, with two links to one file, and b; protected. */
static void
two_packages(void)
{
	put("/usr/a", "a");
	put_hard("/usr/a", "/usr/a.link");
	put("/usr/b", "b");
	put("/var/lib/b", "b");
	add_package("a", OK, "", "/usr/a", "/usr/a.link", NULL);
	add_package("b", OK, "", "/usr/b", "/var/lib/b", "/usr/nothing",
	            NULL);
	database();
	adopt();
	open_session();

	struct closing c = { .full = true };

	ok(closing_run(session, &c, &diag));
	ck_assert_uint_eq(c.tally.closed, 2);
}

/* Plans the removal of these packages. */
static void
prepare(const char *first, const char *second)
{
	open_session();
	words[0] = (char *)(uintptr_t)first;
	words[1] = (char *)(uintptr_t)second;
	line.n_operands = first == NULL ? 0 : second == NULL ? 1 : 2;
	ok(prepare_plan(session, &line, &prepared, &diag));
}

static void
done(void)
{
	prepared_free(&prepared);
	ck_assert_ptr_null(prepared.plan);
}

/* --plan: what would be opened, closed and cleared. */
static char told[2000];

static int
tell(void *ctx, const struct plan_line *l)
{
	size_t n = strlen(told);

	snprintf(told + n, sizeof(told) - n, "%s %s %s %s;", l->action,
	         l->reason, l->package, l->path);
	return *(int *)ctx;
}

START_TEST(a_plan_is_shown)
{
	int stop = 0;

	NEEDS_ROOT();
	two_packages();
	prepare("b", NULL);
	ok(prepared_show(session, &line, &prepared, tell, &stop, &diag));
	ck_assert_str_eq(told, "open own b /usr/b;");
	done();
	line.action = CMD_CONFIGURE;
	database_new();
	add_package("a", "ok unpacked", "", "/usr/a", "/usr/a.link", NULL);
	add_package("b", OK, "", "/var/lib/b", NULL);
	database();
	prepare("a", "b");
	told[0] = '\0';
	ok(prepared_show(session, &line, &prepared, tell, &stop, &diag));
	ck_assert_str_eq(told, "clear stale b /usr/b;close own a /usr/a;"
	                 "close own a /usr/a.link;open own a /usr/a;"
	                 "open own a /usr/a.link;");
	told[0] = '\0';
	stop = 7;
	ck_assert_int_eq(prepared_show(session, &line, &prepared, tell, &stop,
	                               &diag), 7);
	ck_assert_str_eq(told, "clear stale b /usr/b;");
	done();
	protected("/usr/b");
}
END_TEST

START_TEST(archives_that_are_none)
{
	NEEDS_ROOT();
	two_packages();
	line.action = CMD_UNPACK;
	put("/tmp.deb", "!<arch>\nnot at all\n");
	prepare(host("/tmp.deb"), NULL);
	ck_assert_uint_eq(prepared.n_files, 1);
	ck_assert_uint_eq(prepared.n_archives, 0);
	ck_assert_uint_eq(prepared.plan->n_paths, 0);
	done();
	prepare(host("/nosuch.deb"), NULL);
	ck_assert_uint_eq(prepared.n_archives, 0);
	done();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prepare");
	TCase *t = tcase_create("prepare");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, a_plan_is_shown);
	tcase_add_test(t, archives_that_are_none);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
