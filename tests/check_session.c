/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "core_fixture.h"

#define OK "ok installed"
#define STATE "/var/lib/dpkg-immutable"

static void
bare(const char *admindir)
{
	session_free(session);
	session = NULL;
	memset(&diag, 0, sizeof(diag));
	ok(session_open(top, admindir, &session, &diag));
}

START_TEST(not_adopted)
{
	struct session *const untouched = (struct session *)&diag;
	struct session *s = untouched;

	NEEDS_ROOT();
	bare(NULL);
	ck_assert_ptr_null(session->state);
	ck_assert(session->guest && !session->guest_db);
	ck_assert_str_eq(session->admindir, host("/var/lib/dpkg"));
	ck_assert_int_eq(session_records(session, false, &diag), -ENOENT);
	ck_assert_ptr_null(session_ledger(session, "a"));
	ck_assert_int_eq(session_open(host("/none"), NULL, &s, &diag),
	                 -ENOENT);
	ck_assert_ptr_eq(s, untouched);
	session_free(NULL);
}
END_TEST

START_TEST(whose_database)
{
	NEEDS_ROOT();
	adopt();
	put("/srv/other/status", "");
	bare(host("/srv/other"));
	ck_assert(session->guest_db);
	bare(host("/var/lib/../lib/dpkg"));
	ck_assert(!session->guest_db);
	bare(NULL);
	ck_assert(!session->guest_db);
}
END_TEST

START_TEST(the_last_good_configuration)
{
	NEEDS_ROOT();
	adopt();
	put("/etc/dpkg-immutable.conf", "check-before = refuse\n");
	bare(NULL);
	ok(state_lock(session->state));
	ok(session_conf(session, NULL, false, &diag));
	put("/etc/dpkg-immutable.conf", "nonsense\n");
	bare(NULL);
	ck_assert_int_eq(session_conf(session, NULL, false, &diag),
	                 ERR_FORMAT);
	ck_assert_uint_eq(diag.line, 1);
	ck_assert_ptr_null(session->conf);
	ok(session_conf(session, NULL, true, &diag));
	ck_assert_int_eq(session->conf->check_before, CONF_CHECK_REFUSE);
	put(STATE "/run/conf.last", "nonsense\n");
	bare(NULL);
	ok(session_conf(session, NULL, true, &diag));
	ck_assert_int_eq(session->conf->check_before, CONF_CHECK_WARN);
}
END_TEST

START_TEST(damaged_records)
{
	static const char *const names[] = {
		STATE "/ledger/index", STATE "/ledger/foreign"
	};

	NEEDS_ROOT();
	adopt();
	bare(NULL);
	ok(session_records(session, false, &diag));
	ck_assert(!session->records_lost);
	for (size_t i = 0; i < 2; i++) {
		put(names[i], "nonsense\n");
		bare(NULL);
		ck_assert_int_eq(session_records(session, false, &diag),
		                 ERR_FORMAT);
		bare(NULL);
		ok(session_records(session, true, &diag));
		ck_assert(session->records_lost);
		ck_assert_uint_eq(session->index->n_rows, 0);
		ck_assert_uint_eq(foreign_count(session->foreign), 0);
		unlink(host(names[i]));
	}
}
END_TEST

/* Flags that were there before us are not forgotten over a bad index. */
START_TEST(foreign_beside_a_bad_index)
{
	struct foreign *f = foreign_new();

	NEEDS_ROOT();
	adopt();
	bare(NULL);
	ok(foreign_set(f, "/usr/f", IFLAG_APPEND));
	ok(foreign_store(session->state->ledger_fd, f));
	foreign_free(f);
	put(STATE "/ledger/index", "nonsense\n");
	bare(NULL);
	ok(session_records(session, true, &diag));
	ck_assert(session->records_lost && !session->newer);
	ck_assert_uint_eq(foreign_get(session->foreign, "/usr/f"),
	                  IFLAG_APPEND);
}
END_TEST

/* A disk that fails for a moment: nothing of that is lost. */
START_TEST(unreadable_records)
{
	static const char *const names[] = {
		STATE "/ledger/index", STATE "/ledger/foreign"
	};

	NEEDS_ROOT();
	adopt();
	for (size_t i = 0; i < 2; i++) {
		put(names[i], "");
		unreadable(names[i]);
		bare(NULL);
		ck_assert_int_eq(session_records(session, true, &diag), -EIO);
		ck_assert_ptr_nonnull(strstr(names[i], diag.file));
		ck_assert(!session->records_lost);
		readable(names[i]);
		unlink(host(names[i]));
	}
	/* the other one is bad beside it */
	put(names[0], "nonsense\n");
	put(names[1], "nonsense\n");
	for (size_t i = 0; i < 2; i++) {
		unreadable(names[i]);
		bare(NULL);
		ck_assert_int_eq(session_records(session, true, &diag), -EIO);
		ck_assert_ptr_nonnull(strstr(names[i], diag.file));
		readable(names[i]);
	}
}
END_TEST

START_TEST(newer_records)
{
	static const char *const files[][2] = {
		{ STATE "/ledger/index", "dpkg-immutable index 99\n" },
		{ STATE "/ledger/foreign", "dpkg-immutable foreign 99\n" },
		{ STATE "/ledger/a.mtree",
		  "#mtree\n# dpkg-immutable ledger 99\n" }
	};

	NEEDS_ROOT();
	adopt();
	for (size_t i = 0; i < 3; i++) {
		put(files[i][0], files[i][1]);
		bare(NULL);
		ck_assert(!session->newer);
		ok(session_records(session, true, &diag));
		ck_assert_ptr_null(session_ledger(session, "a"));
		ck_assert(session->newer);
		unlink(host(files[i][0]));
	}
	bare(NULL);
	ok(session_records(session, true, &diag));
	ck_assert(!session->newer && !session->records_lost);
	ck_assert(!session_replaced(session));
	/* as if another program stood there since */
	session->own_ino = 1;
	session->own_dev = 1;
	ck_assert(session_replaced(session));
}
END_TEST

START_TEST(databases_before_and_now)
{
	struct dpkgdb *first;
	struct verdict v;

	NEEDS_ROOT();
	put("/usr/f", "1");
	add_package("a", OK, "", "/usr/f", NULL);
	database();
	adopt();
	open_session();
	first = session->db;
	ck_assert_ptr_null(session->before);
	ok(session_db(session, &diag));
	ck_assert_ptr_eq(session->before, first);
	ck_assert_ptr_ne(session->db, first);
	/* the facts of the first are gone with it */
	ck_assert_ptr_null(session->facts);
	ok(session_db(session, &diag));
	ok(session_due(session, &diag));
	ok(dpkgdb_load_list(session->db, session->db->packages, &diag));
	due_judge(session->due, session->db->packages, "/usr/f", &v);
	ck_assert_int_eq(v.kind, DUE_YES);
	/* a bad one leaves all as it was */
	first = session->db;
	put("/var/lib/dpkg/status", "nonsense");
	ck_assert_int_lt(session_db(session, &diag), 0);
	ck_assert_ptr_eq(session->db, first);
	due_judge(session->due, session->db->packages, "/usr/f", &v);
	ck_assert_int_eq(v.kind, DUE_YES);
}
END_TEST

START_TEST(a_database_without_packages)
{
	const struct index_row row = {
		.name = "a", .arch = "amd64", .version = "1",
		.state = PKG_INSTALLED
	};
	struct index *recorded = index_new();

	NEEDS_ROOT();
	add_package("a", "ok installed", "", "/usr/a", NULL);
	database();
	adopt();
	open_session();
	ok(session_populated(session, &diag));
	/* as far as is recorded there was none */
	ok(truncate(host("/var/lib/dpkg/status"), 0));
	open_session();
	ok(session_populated(session, &diag));
	ck_assert_int_eq(unlink(host("/var/lib/dpkg/status")), 0);
	ok(index_add(recorded, &row));
	index_seal(recorded);
	ok(index_store(session->state->ledger_fd, recorded));
	index_free(recorded);
	open_session();
	ck_assert_int_eq(session_populated(session, &diag), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(diag.what, "1 is recorded"));
	/* with the index lost the ledgers tell */
	put(STATE "/ledger/index", "");
	open_session();
	ck_assert(session->records_lost);
	ok(session_populated(session, &diag));
	put(STATE "/ledger/a.mtree", "#mtree\n# dpkg-immutable ledger 1\n");
	put(STATE "/ledger/b.mtree", "#mtree\n# dpkg-immutable ledger 1\n");
	ck_assert_int_eq(session_populated(session, &diag), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(diag.what, "2 are recorded"));
	ck_assert_ptr_nonnull(strstr(diag.what, "--release"));
}
END_TEST

START_TEST(folders_that_were_replaced)
{
	struct verdict v;

	NEEDS_ROOT();
	put("/usr/lib/f", "1");
	add_package("a", OK, "", "/usr/lib/f", NULL);
	database();
	open_session();
	ok(dpkgdb_load_list(session->db, session->db->packages, &diag));
	due_judge(session->due, session->db->packages, "/usr/lib/f", &v);
	ck_assert_int_eq(v.kind, DUE_YES);
	ck_assert_int_eq(rename(host("/usr/lib"), host("/usr/old")), 0);
	unlink(host("/usr/old/f"));
	put("/usr/lib/f", "2");
	ok(session_reroot(session, &diag));
	ok(session_db(session, &diag));
	ok(session_due(session, &diag));
	ok(dpkgdb_load_list(session->db, session->db->packages, &diag));
	due_judge(session->due, session->db->packages, "/usr/lib/f", &v);
	ck_assert_int_eq(v.kind, DUE_YES);
}
END_TEST

START_TEST(ledgers_are_kept_at_hand)
{
	struct ledger *l;

	NEEDS_ROOT();
	adopt();
	put(STATE "/ledger/a.mtree", "#mtree\n# dpkg-immutable ledger 1\n");
	put(STATE "/ledger/b.mtree", "nonsense");
	open_session();
	l = session_ledger(session, "a");
	ck_assert_ptr_nonnull(l);
	ck_assert_ptr_eq(session_ledger(session, "a"), l);
	ck_assert_ptr_null(session_ledger(session, "b"));
	ck_assert_ptr_null(session_ledger(session, "c"));
	ck_assert_ptr_null(session_ledger(session, "../a"));
	ck_assert_ptr_null(session_ledger(session, ""));
	put(STATE "/ledger/c.mtree", "#mtree\n# dpkg-immutable ledger 1\n");
	ck_assert_ptr_null(session_ledger(session, "c"));
	session_forget_ledgers(session);
	ck_assert_ptr_nonnull(session_ledger(session, "c"));
	ck_assert_int_eq(session->unread, 0);
	unreadable(STATE "/ledger/a.mtree");
	session_forget_ledgers(session);
	ck_assert_ptr_null(session_ledger(session, "a"));
	ck_assert_int_eq(session->unread, -EIO);
	readable(STATE "/ledger/a.mtree");
	session_forget_ledgers(session);
	ck_assert_int_eq(session->unread, 0);
	ck_assert_ptr_nonnull(session_ledger(session, "a"));
}
END_TEST

START_TEST(the_log_file)
{
	char text[400] = "";
	int fd;

	NEEDS_ROOT();
	bare(NULL);
	session_log(session);
	log_line("a line");
	log_close();
	fd = open(host("/var/log/dpkg-immutable.log"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	ck_assert_ptr_nonnull(strstr(text, " a line\n"));
	/* a link there is not followed */
	unlink(host("/var/log/dpkg-immutable.log"));
	put_link("/etc/victim", "/var/log/dpkg-immutable.log");
	session_log(session);
	log_line("another");
	log_close();
	ck_assert_int_ne(access(host("/etc/victim"), F_OK), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("session");
	TCase *t = tcase_create("session");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, not_adopted);
	tcase_add_test(t, whose_database);
	tcase_add_test(t, the_last_good_configuration);
	tcase_add_test(t, damaged_records);
	tcase_add_test(t, foreign_beside_a_bad_index);
	tcase_add_test(t, unreadable_records);
	tcase_add_test(t, newer_records);
	tcase_add_test(t, databases_before_and_now);
	tcase_add_test(t, a_database_without_packages);
	tcase_add_test(t, folders_that_were_replaced);
	tcase_add_test(t, ledgers_are_kept_at_hand);
	tcase_add_test(t, the_log_file);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
