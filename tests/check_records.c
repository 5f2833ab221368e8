/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "core_fixture.h"

#include "index.h"
#include "records.h"
#include "transaction.h"

#define STATE "/var/lib/dpkg-immutable"
#define INDEX STATE "/ledger/index"
#define LOG STATE "/history/log"
#define DIVERSIONS "/var/lib/dpkg/diversions"
#define DIVERTED "/usr/a\n/usr/a.distrib\n:\n"

/* An entry that names both files as they are. */
static void
recorded(void)
{
	const struct transaction t = {
		.id = 1, .action = "install", .exit_status = -1, .note = ""
	};

	adopt();
	database();
	put(DIVERSIONS, DIVERTED);
	open_session();
	ok(index_store(session->state->ledger_fd, session->index));
	ok(transaction_write(session, &t));
}

static const char *
told(bool diversions)
{
	int before = descriptors_open();
	size_t n;

	findings[0] = '\0';
	n = records_since_last(session, diversions, fixture_finding, NULL);
	ck_assert_int_eq(descriptors_open(), before);
	for (const char *s = findings; (s = strchr(s, ';')) != NULL; s++)
		n--;
	ck_assert_uint_eq(n, 0);
	return findings;
}

/* Behind the last line; append-only lets anybody who is root do so. */
static void
append(const void *bytes, size_t n)
{
	int fd = open(host(LOG), O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

START_TEST(what_was_edited)
{
	NEEDS_ROOT();
	recorded();
	ck_assert_str_eq(told(true), "");
	put(DIVERSIONS, DIVERTED "/usr/b\n/usr/c\n:\n");
	ck_assert_str_eq(told(true), "database " DIVERSIONS ";");
	ck_assert_str_eq(told(false), "");
	unlink(host(DIVERSIONS));
	ck_assert_str_eq(told(true), "database " DIVERSIONS ";");
	put(DIVERSIONS, DIVERTED);
	put(INDEX, "edited\n");
	ck_assert_str_eq(told(true), "ledger " INDEX ";");
	ck_assert_str_eq(told(false), "ledger " INDEX ";");
	unlink(host(INDEX));
	ck_assert_str_eq(told(true), "ledger " INDEX ";");
}
END_TEST

/* Whatever follows the last entry, it is that which tells. */
START_TEST(a_spoiled_end_hides_nothing)
{
	static const struct {
		const char *bytes;
		size_t n;
	} ends[] = {
		{ "{\"txn\":", 7 }, { "\0\0\0\0", 4 }, { "\n", 1 },
		{ "x\n", 2 }, { "{\"txn\":1}\n", 10 },
		{ "{\"records\":[\"index\"]}\n", 22 }, { "\x80\xff\n", 3 }
	};

	NEEDS_ROOT();
	recorded();
	put(INDEX, "edited\n");
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		append(ends[i].bytes, ends[i].n);
		ck_assert_msg(strcmp(told(true), "ledger " INDEX ";") == 0,
		              "end %zu: '%s'", i, findings);
	}
}
END_TEST

START_TEST(a_history_that_cannot_be_read)
{
	NEEDS_ROOT();
	recorded();
	/* a line longer than any may be */
	set_flags(LOG, 0);
	ck_assert_int_eq(truncate(host(LOG), 40 << 20), 0);
	ck_assert_str_eq(told(true), "unknown " LOG ";");
	ck_assert_int_eq(unlink(host(LOG)), 0);
	ck_assert_int_eq(mkdir(host(LOG), 0700), 0);
	ck_assert_str_eq(told(true), "unknown " LOG ";");
	ck_assert_int_eq(rmdir(host(LOG)), 0);
	ck_assert_str_eq(told(true), "");
}
END_TEST

/* A release ends our keeping; what others edit then is theirs. */
START_TEST(not_once_released)
{
	NEEDS_ROOT();
	recorded();
	ok(state_release(session->state));
	put(DIVERSIONS, "");
	ck_assert_str_eq(told(true), "");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("records");
	TCase *t = tcase_create("records");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, what_was_edited);
	tcase_add_test(t, a_spoiled_end_hides_nothing);
	tcase_add_test(t, a_history_that_cannot_be_read);
	tcase_add_test(t, not_once_released);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
