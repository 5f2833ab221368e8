/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "core_fixture.h"
#include "seal.h"

#define OK "ok installed"

static struct ledger *ledger;
static struct tally tally;
static struct seal_job job;
static struct syncset *sync_set;
static struct lanes *lanes;

static void
set_up(void)
{
	core_set_up();
	sync_set = syncset_new();
	ck_assert_ptr_nonnull(sync_set);
	ck_assert_int_eq(lanes_new(LANES_MD5 | LANES_SHA1 | LANES_SHA256,
	                           LANES_BEST, seal_hashed, NULL, &lanes), 0);
	job = (struct seal_job){
		.hash = true, .lanes = lanes, .in_run = true,
		.on_finding = fixture_finding
	};
}

static void
tear_down(void)
{
	lanes_free(lanes);
	syncset_free(sync_set);
	ledger_free(ledger);
	core_tear_down();
}

/* Seals package a anew; *fresh replaces `ledger` where there is one. */
static bool
seal(void)
{
	struct ledger *fresh = NULL;
	struct package *p;

	open_session();
	p = dpkgdb_first(session->db, "a");
	ck_assert_ptr_nonnull(p);
	ok(dpkgdb_load_list(session->db, p, &diag));
	ok(dpkgdb_load_md5s(session->db, p, &diag));
	memset(&tally, 0, sizeof(tally));
	findings[0] = '\0';
	job.old = ledger;
	ok(seal_package(session->due, p, &job, sync_set, &tally, &fresh));
	ok(syncset_flush(sync_set));
	if (fresh == NULL)
		return false;
	ledger_free(ledger);
	ledger = fresh;
	return true;
}

START_TEST(tallies_add_up)
{
	struct tally a = { 1, 2, 3, 4, 5, 0, NULL };
	const struct tally b = { 10, 20, 30, 40, 50, -EPERM, NULL };

	tally_add(&a, &b);
	ck_assert_uint_eq(a.opened, 11);
	ck_assert_uint_eq(a.closed, 22);
	ck_assert_uint_eq(a.cleared, 33);
	ck_assert_uint_eq(a.findings, 44);
	ck_assert_uint_eq(a.failed, 55);
	ck_assert_int_eq(a.first_error, -EPERM);
	a.first_error = -EIO;
	tally_add(&a, &b);
	ck_assert_int_eq(a.first_error, -EIO);
}
END_TEST

START_TEST(a_ledger_only_where_something_changed)
{
	NEEDS_ROOT();
	put("/usr/a", "1");
	add_package("a", OK, "", "/usr/a", "/usr/none", NULL);
	database();
	ck_assert(seal());
	ck_assert_uint_eq(ledger->n_rows, 1);
	ck_assert_uint_eq(tally.closed, 1);
	ck_assert(!seal());
	ck_assert_uint_eq(tally.closed, 0);
	/* the flag alone: a new time, and so a new ledger, unless lazy */
	set_flags("/usr/a", 0);
	ck_assert(seal());
	set_flags("/usr/a", 0);
	job.lazy = true;
	job.row = &(struct index_row){ .set_from = 1, .set_to = INT64_MAX };
	ck_assert(!seal());
	ck_assert_uint_eq(tally.closed, 1);
	/* one with a row more than there is */
	put("/usr/b", "1");
	add_package("b", OK, "", NULL);
	database_new();
	add_package("a", OK, "", NULL);
	database();
	ck_assert(seal());
	ck_assert_uint_eq(ledger->n_rows, 0);
}
END_TEST

/* Two halves of a list in the wrong order make the ledger of the whole. */
START_TEST(in_parts)
{
	struct seal_part parts[2] = { { .ledger = NULL } };
	struct ledger *joined = NULL;
	uint64_t bytes = 0;
	struct package *p;

	NEEDS_ROOT();
	put("/usr/a", "1");
	put("/usr/b", "2");
	put("/usr/c", "3");
	add_package("a", OK, "", "/usr/c", "/usr/b", "/usr/a", NULL);
	database();
	ck_assert(seal());
	ck_assert_uint_eq(ledger->n_rows, 3);
	p = dpkgdb_first(session->db, "a");
	job.old = NULL;
	for (size_t i = 0; i < 2; i++)
		ok(seal_paths(session->due, p, &job, i, i == 0 ? 1 : 3,
		              sync_set, &tally, &parts[i]));
	ok(seal_join(&job, parts, 2, &joined, &bytes));
	ck_assert_ptr_nonnull(joined);
	ck_assert_uint_eq(joined->n_rows, 3);
	ck_assert_uint_eq(bytes, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(joined->rows[i].path, ledger->rows[i].path);
		ck_assert_mem_eq(joined->rows[i].md5, ledger->rows[i].md5, 16);
	}
	ledger_free(joined);
	/* nothing changed: no ledger */
	job.old = ledger;
	joined = NULL;
	for (size_t i = 0; i < 2; i++)
		ok(seal_paths(session->due, p, &job, i, i == 0 ? 1 : 3,
		              sync_set, &tally, &parts[i]));
	ok(seal_join(&job, parts, 2, &joined, &bytes));
	ck_assert_ptr_null(joined);
}
END_TEST

/* Folders and links of the list are recorded, but never flagged. */
START_TEST(what_is_no_file)
{
	const struct ledger_row *row;

	NEEDS_ROOT();
	put("/usr/lib/a", "abc");
	put_link("lib/a", "/usr/link");
	ck_assert_int_eq(mkfifo(host("/usr/fifo"), 0640), 0);
	add_package("a", OK, "", "/.", "/usr", "/usr/lib", "/usr/lib/a",
	            "/usr/link", "/usr/fifo", NULL);
	database();
	ck_assert(seal());
	ck_assert_uint_eq(tally.closed, 1);
	ck_assert_uint_eq(ledger->n_rows, 5);
	row = ledger_any(ledger, "/usr/lib");
	ck_assert_ptr_nonnull(row);
	ck_assert(row->type == LEDGER_DIR && !row->flagged);
	ck_assert_uint_eq(row->mode, 0755);
	ck_assert(row->size == 0 && row->mtime == 0);
	row = ledger_any(ledger, "/usr/link");
	ck_assert_ptr_nonnull(row);
	ck_assert_int_eq(row->type, LEDGER_LINK);
	ck_assert_str_eq(row->link, "lib/a");
	row = ledger_any(ledger, "/usr/fifo");
	ck_assert_ptr_nonnull(row);
	ck_assert_int_eq(row->type, LEDGER_FIFO);
	ck_assert_uint_eq(row->mode, 0640);
	row = ledger_find(ledger, "/usr/lib/a");
	ck_assert_ptr_nonnull(row);
	ck_assert(row->has_md5 && row->has_sha1 && row->has_sha256);
	ck_assert_uint_eq(row->sha1[0], 0xa9);	/* of "abc" */
	ck_assert_uint_eq(row->sha256[0], 0xba);
	ck_assert_uint_eq(row->size, 3);
	ck_assert(!seal());
	/* by hand: told, and it stays recorded; a folder is the audit's */
	job.in_run = false;
	ck_assert_int_eq(chmod(host("/usr/lib"), 0700), 0);
	unlink(host("/usr/link"));
	put_link("elsewhere", "/usr/link");
	unlink(host("/usr/fifo"));
	for (int i = 0; i < 2; i++) {
		ck_assert(!seal());
		ck_assert_str_eq(findings, "link /usr/link;"
		                 "missing /usr/fifo;");
	}
	job.accept = true;
	ck_assert(seal());
	ck_assert_str_eq(findings, "");
	ck_assert_str_eq(ledger_any(ledger, "/usr/link")->link, "elsewhere");
	ck_assert_uint_eq(ledger_any(ledger, "/usr/lib")->mode, 0700);
	ck_assert_ptr_null(ledger_any(ledger, "/usr/fifo"));
}
END_TEST

START_TEST(a_list_by_another_name)
{
	const struct ledger_row *row;

	NEEDS_ROOT();
	put("/usr/lib/a", "1");
	put_link("usr/lib", "/lib");
	add_package("a", OK, "", "/lib", "/lib/a", NULL);
	database();
	ck_assert(seal());
	protected("/usr/lib/a");
	row = ledger_find(ledger, "/lib/a");
	ck_assert_ptr_nonnull(row);
	ck_assert_str_eq(row->real, "/usr/lib/a");
	ck_assert(!seal());
}
END_TEST

/* By hand the old word on mode and owner holds; a run's is a new one. */
START_TEST(metadata)
{
	NEEDS_ROOT();
	put("/usr/a", "1");
	add_package("a", OK, "", "/usr/a", NULL);
	database();
	ck_assert(seal());
	job.in_run = false;
	set_flags("/usr/a", 0);
	ck_assert_int_eq(chmod(host("/usr/a"), 0755), 0);
	ck_assert_int_eq(chown(host("/usr/a"), 5, 6), 0);
	ck_assert(seal());
	ck_assert_str_eq(findings, "mode /usr/a;owner /usr/a;");
	protected("/usr/a");
	ck_assert_uint_eq(ledger->rows[0].mode, 0644);
	ck_assert_uint_eq(ledger->rows[0].uid, 0);
	job.in_run = true;
	set_flags("/usr/a", 0);
	ck_assert(seal());
	ck_assert_str_eq(findings, "");
	ck_assert_uint_eq(ledger->rows[0].mode, 0755);
	ck_assert_uint_eq(ledger->rows[0].gid, 6);
}
END_TEST

START_TEST(without_content)
{
	NEEDS_ROOT();
	put("/usr/a", "1");
	add_package("a", OK, "", "/usr/a", NULL);
	database();
	tamper("/usr/a", "2");
	job.hash = false;
	ck_assert(seal());
	ck_assert_str_eq(findings, "");
	protected("/usr/a");
	ck_assert(!ledger->rows[0].has_md5);
	ck_assert(!seal());
	/* and told as soon as it is read */
	job.hash = true;
	ck_assert(seal());
	ck_assert_str_eq(findings, "content /usr/a;");
}
END_TEST

START_TEST(either_is_right)
{
	struct ledger_row *row;

	NEEDS_ROOT();
	put("/usr/a", "1");
	add_package("a", OK, "", "/usr/a", NULL);
	database();
	tamper("/usr/a", "local change");
	job.in_run = false;
	job.accept = true;
	ck_assert(seal());
	ck_assert_str_eq(findings, "");
	/* as the ledger says: no word */
	job.accept = false;
	set_flags("/usr/a", 0);
	ck_assert(seal());
	ck_assert_str_eq(findings, "");
	/* as md5sums say: no word */
	tamper("/usr/a", "1");
	ck_assert(seal());
	ck_assert_str_eq(findings, "");
	tamper("/usr/a", "2");
	for (int i = 0; i < 3; i++) {
		seal();
		ck_assert_str_eq(findings, "content /usr/a;");
		ck_assert_uint_eq(tally.findings, 1);
	}
	row = ledger_find(ledger, "/usr/a");
	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->md5[0], 0xc4);	/* of "1" */
}
END_TEST

START_TEST(what_cannot_be_flagged)
{
	struct tally t = { .opened = 0 };

	NEEDS_ROOT();
	put("/usr/m/x", "");
	ck_assert_int_eq(mount("tmpfs", host("/usr/m"), "tmpfs", 0,
	                       "size=1m,mode=0755"), 0);
	put("/usr/m/f", "1");
	put("/usr/n", "2");
	add_package("a", OK, "", "/usr/m/f", "/usr/n", NULL);
	database();
	ck_assert_int_eq(mount(NULL, host("/usr/m"), NULL,
	                       MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	ck_assert(seal());
	protected("/usr/n");
	ck_assert_uint_eq(tally.failed, 1);
	ck_assert_int_eq(tally.first_error, -EROFS);
	ck_assert_uint_eq(tally.closed, 1);
	ok(unseal_package(session->due, dpkgdb_first(session->db, "a"),
	                  ledger, NULL, sync_set, &t));
	ck_assert_uint_eq(t.cleared, 1);
	open_file("/usr/n");
	umount2(host("/usr/m"), MNT_DETACH);
}
END_TEST

START_TEST(unsealing)
{
	struct foreign *f = foreign_new();
	struct tally t = { .opened = 0 };
	struct package *p;

	NEEDS_ROOT();
	put("/usr/a", "1");
	put("/usr/own", "2");
	put("/usr/both", "3");
	put("/var/x", "4");
	put("/var/was", "5");
	add_package("a", OK, "", "/usr/a", "/usr/own", "/usr/both", "/var/x",
	            "/var/was", "/usr", NULL);
	database();
	put("/etc/dpkg-immutable.conf", "protect = /var/was\n");
	seal();
	set_flags("/var/x", IFLAG_IMMUTABLE);
	set_flags("/usr/both", IFLAG_IMMUTABLE | IFLAG_APPEND);
	put("/etc/dpkg-immutable.conf", "");
	foreign_set(f, "/usr/own", IFLAG_IMMUTABLE);
	foreign_set(f, "/usr/both", IFLAG_APPEND);
	open_session();
	p = dpkgdb_first(session->db, "a");
	ok(dpkgdb_load_list(session->db, p, &diag));
	ok(unseal_package(session->due, p, NULL, f, sync_set, &t));
	open_file("/usr/a");
	protected("/usr/own");
	ck_assert_str_eq(flags_of("/usr/both"), "a");
	protected("/var/x");
	protected("/var/was");
	ck_assert_uint_eq(t.cleared, 2);
	/* what was recorded is ours, exempt since or not */
	ok(unseal_package(session->due, p, ledger, f, sync_set, &t));
	open_file("/var/was");
	protected("/var/x");
	ck_assert_uint_eq(t.cleared, 3);
	foreign_free(f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("seal");
	TCase *t = tcase_create("seal");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, tallies_add_up);
	tcase_add_test(t, a_ledger_only_where_something_changed);
	tcase_add_test(t, in_parts);
	tcase_add_test(t, what_is_no_file);
	tcase_add_test(t, a_list_by_another_name);
	tcase_add_test(t, metadata);
	tcase_add_test(t, without_content);
	tcase_add_test(t, either_is_right);
	tcase_add_test(t, what_cannot_be_flagged);
	tcase_add_test(t, unsealing);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
