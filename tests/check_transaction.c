/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "core_fixture.h"
#include "history.h"
#include "transaction.h"

#define STATE "/var/lib/dpkg-immutable"

static void
bare(void)
{
	session_free(session);
	session = NULL;
	memset(&diag, 0, sizeof(diag));
	ok(session_open(top, NULL, &session, &diag));
}

static int
keep_line(void *ctx, const char *line, size_t len)
{
	snprintf(ctx, 2000, "%.*s", (int)len, line);
	return 0;
}

START_TEST(transactions)
{
	char *argv[] = { (char *)"dpkg", (char *)"-i", (char *)"a\"b\n" };
	struct transaction t = {
		.id = 0x1f, .action = "install", .argv = argv, .argc = 3,
		.packages = 2, .exit_status = -1, .note = ""
	};
	char line[2000] = "";

	NEEDS_ROOT();
	adopt();
	bare();
	ok(transaction_write(session, &t));
	ok(history_walk(session->state->history_fd, keep_line, line));
	ck_assert_ptr_nonnull(strstr(line, "\"txn\":\"000000000000001f\""));
	ck_assert_ptr_nonnull(strstr(line, "\"action\":\"install\""));
	ck_assert_ptr_nonnull(strstr(line, "\"a\\\"b\\n\""));
	ck_assert_ptr_null(strstr(line, "\"exit\""));
	ck_assert_ptr_null(strstr(line, "\"note\""));
	ck_assert_ptr_null(strstr(line, "\"failed\""));
	t.signal = 9;
	t.exit_status = 0;
	t.note = "n";
	t.tally.failed = 3;
	t.tally.first_error = -EPERM;
	ok(transaction_write(session, &t));
	ok(history_walk(session->state->history_fd, keep_line, line));
	ck_assert_ptr_nonnull(strstr(line, "\"signal\":9"));
	ck_assert_ptr_nonnull(strstr(line, "\"failed\":3"));
	ck_assert_ptr_nonnull(strstr(line, "\"note\":\"n\""));
	ok(history_check(session->state->history_fd, &diag));
	ck_assert(transaction_new_id() != transaction_new_id());
	transaction_finding(1, &(struct finding){ .path = "/x" });
	/* no place for a history */
	set_flags(STATE, 0);
	set_flags(STATE "/adopted", 0);
	ck_assert_int_eq(unlink(host(STATE "/adopted")), 0);
	bare();
	ck_assert_int_eq(transaction_write(session, &t), -ENOENT);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("transaction");
	TCase *t = tcase_create("transaction");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, transactions);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
