/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "closing.h"
#include "core_fixture.h"
#include "opening.h"
#include "prepare.h"

#define OK "ok installed"

static char *words[8];
static struct cmdline line = {
	.action = CMD_REMOVE, .no_triggers = true, .operands = words
};
static struct prepared prepared;
static struct opening opening;
static struct before before;
static bool locked = true;	/* as the outermost has it */

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

/* As if the lists had been recorded as they are now. */
static void
lists_are_recorded(void)
{
	open_session();
	for (size_t i = 0; i < session->db->n_packages; i++) {
		struct package *p = &session->db->packages[i];
		struct index_row *row = index_find(session->index, p->name,
		                                   p->arch);

		ok(dpkgdb_list_stat(session->db, p));
		ck_assert_ptr_nonnull(row);
		row->list_ino = p->list_ino;
		row->list_size = p->list_size;
		row->list_mtime = p->list_mtime;
	}
	ok(index_store(session->state->ledger_fd, session->index));
}

/* Plans the removal of these packages and looks at its files. */
static void
probe(const char *first, const char *second)
{
	open_session();
	if (locked)
		ok(state_lock(session->state));
	words[0] = (char *)(uintptr_t)first;
	words[1] = (char *)(uintptr_t)second;
	line.n_operands = first == NULL ? 0 : second == NULL ? 1 : 2;
	findings[0] = '\0';
	ok(prepare_plan(session, &line, &prepared, &diag));
	before = (struct before){
		.txn = 0xab, .on_finding = fixture_finding
	};
	ok(opening_probe(session, prepared.plan, &before, &opening, &diag));
	before_free(&before);
}

static void
done(void)
{
	opening_free(&opening);
	ck_assert_uint_eq(opening.n_paths, 0);
	prepared_free(&prepared);
}

START_TEST(just_what_the_plan_has)
{
	NEEDS_ROOT();
	two_packages();
	probe("a", NULL);
	ck_assert_uint_eq(opening.n_paths, 1);	/* one inode */
	ck_assert_str_eq(opening.paths[0].path, "/usr/a");
	ck_assert_uint_eq(opening.paths[0].flags, IFLAG_IMMUTABLE);
	ck_assert(!opening.paths[0].foreign);
	ck_assert_uint_eq(opening.n_packages, 1);
	ck_assert_str_eq(opening.packages[0], "a");
	protected("/usr/a");
	ok(opening_lift(session, &opening, &diag));
	open_file("/usr/a");
	protected("/usr/b");
	ck_assert_uint_eq(opening.n_lifted, 1);
	/* twice is no harm */
	opening.n_lifted = 0;
	ok(opening_lift(session, &opening, &diag));
	ck_assert_uint_eq(opening.n_lifted, 0);
	done();
}
END_TEST

START_TEST(nothing_to_open)
{
	NEEDS_ROOT();
	two_packages();
	probe(NULL, NULL);
	ck_assert_uint_eq(opening.n_paths, 0);
	ck_assert_uint_eq(opening.n_packages, 0);
	done();
	set_flags("/usr/b", 0);
	probe("b", NULL);
	ck_assert_uint_eq(opening.n_paths, 0);
	ck_assert_uint_eq(opening.n_packages, 1);
	done();
}
END_TEST

START_TEST(an_admins_own_flag_is_noted)
{
	struct foreign *f;

	NEEDS_ROOT();
	two_packages();
	put("/usr/b2", "2");
	database_new();
	add_package("a", OK, "", "/usr/a", NULL);
	add_package("b", OK, "", "/usr/b", "/usr/b2", "/var/lib/b", NULL);
	database();
	set_flags("/usr/b2", IFLAG_IMMUTABLE);
	set_flags("/var/lib/b", IFLAG_IMMUTABLE);	/* exempt */
	set_flags("/usr/b", IFLAG_IMMUTABLE | IFLAG_APPEND);
	/* of a run that recorded nothing, it would be taken for ours */
	locked = false;
	probe("b", NULL);
	ck_assert_uint_eq(opening.n_paths, 2);
	ck_assert(!opening.paths[1].foreign);
	done();
	locked = true;
	lists_are_recorded();
	probe("b", NULL);
	ck_assert_uint_eq(opening.n_paths, 2);
	ck_assert_str_eq(opening.paths[0].path, "/usr/b");
	ck_assert(opening.paths[0].foreign);
	ck_assert_str_eq(opening.paths[1].path, "/usr/b2");
	ck_assert(opening.paths[1].foreign);
	ok(foreign_load(session->state->ledger_fd, &f, &diag));
	ck_assert_uint_eq(foreign_get(f, "/usr/b"), 0);	/* ours, and +a */
	ck_assert_uint_eq(foreign_get(f, "/usr/b2"), IFLAG_IMMUTABLE);
	ck_assert_uint_eq(foreign_get(f, "/var/lib/b"), 0);
	foreign_free(f);
	ok(opening_lift(session, &opening, &diag));
	open_file("/usr/b");
	open_file("/usr/b2");
	protected("/var/lib/b");
	done();
	/* a nested caller writes no records */
	put("/usr/a3", "3");
	set_flags("/usr/a3", IFLAG_IMMUTABLE);
	database_new();
	add_package("a", OK, "", "/usr/a3", NULL);
	add_package("b", OK, "", "/usr/b", "/usr/b2", "/var/lib/b", NULL);
	database();
	lists_are_recorded();
	locked = false;
	probe("a", NULL);
	ck_assert(opening.paths[0].foreign);
	ok(foreign_load(session->state->ledger_fd, &f, &diag));
	ck_assert_uint_eq(foreign_get(f, "/usr/a3"), 0);
	foreign_free(f);
	done();
	locked = true;
	/* known by now */
	set_flags("/usr/b2", IFLAG_IMMUTABLE);
	probe("b", NULL);
	ck_assert_uint_eq(opening.n_paths, 1);
	ck_assert(opening.paths[0].foreign);
	done();
}
END_TEST

START_TEST(another_packages_file)
{
	NEEDS_ROOT();
	two_packages();
	/* diverted by a: both ends are opened with it; b is concerned */
	put("/var/lib/dpkg/diversions", "/usr/b\n/usr/b.div\na\n");
	probe("a", NULL);
	ck_assert_uint_eq(opening.n_paths, 2);
	ck_assert_str_eq(opening.paths[1].path, "/usr/b");
	done();
	put("/var/lib/dpkg/diversions", "/usr/c\n/usr/b\na\n");
	probe("a", NULL);
	ck_assert_uint_eq(opening.n_paths, 2);
	ck_assert(!opening.paths[1].foreign);
	ck_assert_uint_eq(opening.n_packages, 2);
	ck_assert_str_eq(opening.packages[1], "b");
	done();
}
END_TEST

START_TEST(a_change_before)
{
	NEEDS_ROOT();
	two_packages();
	probe("a", "b");
	ck_assert_uint_eq(before.n_tampered, 0);
	done();
	tamper("/usr/b", "x");
	tamper("/usr/a", "y");
	probe("b", NULL);
	ck_assert_str_eq(findings, "content /usr/b;");
	ck_assert_uint_eq(before.n_tampered, 1);
	done();
	/* also where the flag is gone */
	set_flags("/usr/b", 0);
	probe("b", NULL);
	ck_assert_str_eq(findings, "content /usr/b;");
	done();
	/* or the file; what was never there is not missed */
	unlink(host("/usr/b"));
	probe("b", NULL);
	ck_assert_str_eq(findings, "missing /usr/b;");
	done();
	put_link("a", "/usr/b");
	probe("b", NULL);
	ck_assert_str_eq(findings, "type /usr/b;");
	done();
	put("/etc/dpkg-immutable.conf", "check-before = off\n");
	probe("b", NULL);
	ck_assert_str_eq(findings, "");
	done();
}
END_TEST

/* What the plan's package takes over is compared as its owner has it. */
START_TEST(a_change_of_anothers)
{
	NEEDS_ROOT();
	two_packages();
	put("/var/lib/dpkg/diversions", "/usr/c\n/usr/b\na\n");
	probe("a", NULL);
	ck_assert_str_eq(findings, "");
	done();
	tamper("/usr/b", "x");
	probe("a", NULL);
	ck_assert_str_eq(findings, "content /usr/b;");
	ck_assert_uint_eq(opening.n_paths, 2);
	done();
	open_session();
	words[0] = (char *)(uintptr_t)"a";
	ok(prepare_plan(session, &line, &prepared, &diag));
	ok(opening_probe(session, prepared.plan, NULL, &opening, &diag));
	ck_assert_uint_eq(opening.n_paths, 2);
	done();
}
END_TEST

START_TEST(what_cannot_be_lifted)
{
	NEEDS_ROOT();
	two_packages();
	put("/usr/c/c", "c");
	ck_assert_int_eq(mount("tmpfs", host("/usr/c"), "tmpfs", 0,
	                       "size=1m,mode=0755"), 0);
	put("/usr/c/c", "c");
	add_package("c", OK, "", "/usr/c/c", NULL);
	database();
	set_flags("/usr/c/c", IFLAG_IMMUTABLE);
	ck_assert_int_eq(mount(NULL, host("/usr/c"), NULL,
	                       MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	probe("a", "c");
	ck_assert_uint_eq(opening.n_paths, 2);
	ck_assert_int_eq(opening_lift(session, &opening, &diag), -EROFS);
	ck_assert_str_eq(diag.file, "/usr/c/c");
	protected("/usr/a");		/* all or none */
	done();
	umount2(host("/usr/c"), MNT_DETACH);
}
END_TEST

START_TEST(what_went_away_meanwhile)
{
	NEEDS_ROOT();
	two_packages();
	probe("a", "b");
	set_flags("/usr/b", 0);
	unlink(host("/usr/b"));
	set_flags("/usr/a", 0);
	unlink(host("/usr/a"));
	put("/usr/a", "another");
	set_flags("/usr/a", IFLAG_IMMUTABLE);
	ok(opening_lift(session, &opening, &diag));
	protected("/usr/a");
	ck_assert_uint_eq(opening.n_lifted, 0);
	done();
}
END_TEST

START_TEST(ourselves)
{
	NEEDS_ROOT();
	put("/usr/sbin/dpkg-immutable", "engine");
	put("/usr/bin/dpkg", "shim");
	two_packages();
	set_flags("/usr/sbin/dpkg-immutable", IFLAG_IMMUTABLE);
	set_flags("/usr/bin/dpkg", IFLAG_IMMUTABLE);
	database_new();
	add_package("dpkg-immutable", OK, "", "/usr/sbin/dpkg-immutable",
	            NULL);
	database();
	probe("dpkg-immutable", NULL);
	ck_assert_uint_eq(opening.n_paths, 2);
	ck_assert(!opening.paths[0].foreign && !opening.paths[1].foreign);
	done();
}
END_TEST

START_TEST(lost_records)
{
	NEEDS_ROOT();
	two_packages();
	put("/var/lib/dpkg-immutable/ledger/index", "x");
	put("/var/lib/dpkg-immutable/ledger/b.mtree", "x");
	probe("b", NULL);
	ck_assert(session->records_lost);
	ck_assert_uint_eq(opening.n_paths, 1);
	ck_assert(!opening.paths[0].foreign);
	done();
}
END_TEST

/* What is ours would else be noted as an admin's own. */
START_TEST(unreadable_ledger)
{
	static const char b[] = "/var/lib/dpkg-immutable/ledger/b.mtree";

	NEEDS_ROOT();
	two_packages();
	open_session();
	ok(state_lock(session->state));
	words[0] = (char *)(uintptr_t)"b";
	line.n_operands = 1;
	ok(prepare_plan(session, &line, &prepared, &diag));
	unreadable(b);
	ck_assert_int_eq(opening_probe(session, prepared.plan, NULL, &opening,
	                               &diag), -EIO);
	readable(b);
	ck_assert_int_ne(access(host("/var/lib/dpkg-immutable/ledger/foreign"),
	                        F_OK), 0);
	prepared_free(&prepared);
	probe("b", NULL);
	ck_assert_uint_eq(opening.n_paths, 1);
	ck_assert(!opening.paths[0].foreign);
	done();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("opening");
	TCase *t = tcase_create("opening");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, just_what_the_plan_has);
	tcase_add_test(t, nothing_to_open);
	tcase_add_test(t, an_admins_own_flag_is_noted);
	tcase_add_test(t, another_packages_file);
	tcase_add_test(t, a_change_before);
	tcase_add_test(t, a_change_of_anothers);
	tcase_add_test(t, what_cannot_be_lifted);
	tcase_add_test(t, what_went_away_meanwhile);
	tcase_add_test(t, ourselves);
	tcase_add_test(t, lost_records);
	tcase_add_test(t, unreadable_ledger);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
