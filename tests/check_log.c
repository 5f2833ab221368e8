/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "check_main.h"
#include "log.h"

enum { TIME_LEN = sizeof("2026-01-31T23:59:59Z ") - 1, CUT = 8191 };

/* Datagrams, so that every write(2) arrives as one piece. */
static int reader, writer;
static char got[65536];

static void
setup(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0,
	                            ends), 0);
	reader = ends[0];
	writer = ends[1];
}

static void
teardown(void)
{
	log_close();
	close(reader);
}

static bool
receive(void)
{
	ssize_t n = recv(reader, got, sizeof(got) - 1, MSG_DONTWAIT);

	got[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The words of fn on stderr. */
static void
catch_stderr(void (*fn)(void))
{
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	ck_assert_int_ge(saved, 0);
	ck_assert_int_ge(dup2(writer, STDERR_FILENO), 0);
	fn();
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	close(saved);
	close(writer);
}

START_TEST(line_has_time_and_text)
{
	time_t before = time(NULL), after, at;
	struct tm tm = { 0 };
	char *end;

	log_open(writer, LOG_TO_FILE);
	errno = ENOTTY;
	log_line("txn=%d note=\"%s\"", 7, "\xc3\xa4 b");
	ck_assert_int_eq(errno, ENOTTY);
	after = time(NULL);
	ck_assert(receive());
	end = strptime(got, "%Y-%m-%dT%H:%M:%SZ ", &tm);
	ck_assert_ptr_eq(end, got + TIME_LEN);
	at = timegm(&tm);
	ck_assert_int_ge(at, before);
	ck_assert_int_le(at, after);
	ck_assert_str_eq(end, "txn=7 note=\"\xc3\xa4 b\"\n");
	ck_assert(!receive());
}
END_TEST

START_TEST(line_escapes_control_bytes)
{
	log_open(writer, LOG_TO_FILE);
	log_line("a%sb", "\n\x1b[31m\t\x7f");
	ck_assert(receive());
	ck_assert_str_eq(got + TIME_LEN, "a\\012\\033[31m\\011\\177b\n");
}
END_TEST

START_TEST(line_is_cut_not_lost)
{
	static char text[20000];
	size_t len;

	memset(text, '\n', sizeof(text) - 1);
	log_open(writer, LOG_TO_FILE);
	log_line("%s", text);
	ck_assert(receive());
	len = strlen(got);
	ck_assert_uint_eq(len, TIME_LEN + 4 * (CUT - 3) + 3 + 1);
	ck_assert_str_eq(got + len - 8, "\\012...\n");
	ck_assert_ptr_eq(strchr(got, '\n'), got + len - 1);
	ck_assert(!receive());

	/* The longest text that fits stays whole. */
	text[CUT] = '\0';
	log_line("%s", text);
	ck_assert(receive());
	ck_assert_uint_eq(strlen(got), TIME_LEN + 4 * CUT + 1);
}
END_TEST

START_TEST(line_is_dropped_where_there_is_no_log)
{
	log_line("nowhere");
	log_open(-1, LOG_TO_FILE);
	log_line("nowhere");
	log_open(writer, 0);
	log_line("nowhere");
	ck_assert(!receive());
}
END_TEST

START_TEST(close_closes_the_descriptor)
{
	log_open(writer, LOG_TO_FILE);
	log_close();
	ck_assert_int_eq(fcntl(writer, F_GETFD), -1);
	log_line("nowhere");
	log_close();
	ck_assert(!receive());
}
END_TEST

START_TEST(open_closes_the_one_before)
{
	int other = fcntl(writer, F_DUPFD_CLOEXEC, 0);

	log_open(writer, LOG_TO_FILE);
	log_open(other, LOG_TO_FILE);
	ck_assert_int_eq(fcntl(writer, F_GETFD), -1);
	log_line("here");
	ck_assert(receive());
	ck_assert_str_eq(got + TIME_LEN, "here\n");
}
END_TEST

static void
warn_and_fail(void)
{
	errno = ENOTTY;
	log_warn("%s is odd", "this");
	log_error("%s is bad:\n\tline\x1b[2J", "that");
	ck_assert_int_eq(errno, ENOTTY);
}

START_TEST(stderr_has_program_and_kind)
{
	log_program("dpkg");
	catch_stderr(warn_and_fail);
	ck_assert(receive());
	ck_assert_str_eq(got, "dpkg: warning: this is odd\n");
	ck_assert(receive());
	ck_assert_str_eq(got, "dpkg: error: that is bad:\n\tline\\033[2J\n");
	ck_assert(!receive());
}
END_TEST

START_TEST(stderr_quiet_keeps_errors)
{
	log_quiet(1);
	catch_stderr(warn_and_fail);
	ck_assert(receive());
	ck_assert_ptr_nonnull(strstr(got, ": error: that is bad"));
	ck_assert(!receive());
}
END_TEST

START_TEST(words_that_fail_leave_errno)
{
	int broken = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int line_errno, warn_errno, error_errno;

	ck_assert_int_ge(dup2(broken, STDERR_FILENO), 0);
	log_open(broken, LOG_TO_FILE);
	errno = ENOTTY;
	log_line("lost");
	line_errno = errno;
	errno = ENOTTY;
	log_warn("lost");
	warn_errno = errno;
	errno = ENOTTY;
	log_error("lost");
	error_errno = errno;
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	close(saved);
	ck_assert_int_eq(line_errno, ENOTTY);
	ck_assert_int_eq(warn_errno, ENOTTY);
	ck_assert_int_eq(error_errno, ENOTTY);
}
END_TEST

static void
fail_at_length(void)
{
	static char text[20000];

	memset(text, 1, sizeof(text) - 1);
	log_program(text);
	log_error("%s", text);
	log_program("dpkg");
}

START_TEST(stderr_is_cut_not_lost)
{
	catch_stderr(fail_at_length);
	ck_assert(receive());
	ck_assert_uint_eq(strlen(got), 255 + 4 * (CUT - 3) + 3 + 1);
	ck_assert_str_eq(got + strlen(got) - 4, "...\n");
}
END_TEST

/*
 * A /dev/log of our own, in a /dev that only this process sees: false where
 * such a one can't be had.
 */
static bool
syslog_daemon(void)
{
	const struct sockaddr_un name = {
		.sun_family = AF_UNIX, .sun_path = "/dev/log"
	};
	const char *mode = getenv("CK_FORK");

	if ((mode != NULL && strcmp(mode, "no") == 0) ||
	    geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/dev", "tmpfs", 0, NULL) < 0) {
		printf("# skipped: needs root and a mount namespace\n");
		return false;
	}
	close(reader);
	reader = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(reader, 0);
	ck_assert_int_eq(bind(reader, (const struct sockaddr *)&name,
	                      sizeof(name)), 0);
	return true;
}

START_TEST(times_are_the_calendars)
{
	char text[LOG_TIME_SIZE], want[64];
	struct tm tm;

	for (time_t t = 0; t < 253402300799; t += 86400 * 47 + 4999) {
		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
		log_time(t, text);
		ck_assert_str_eq(text, want);
	}
	log_time(951827696, text);
	ck_assert_str_eq(text, "2000-02-29T12:34:56Z");
	log_time(253402300799, text);
	ck_assert_str_eq(text, "9999-12-31T23:59:59Z");
	log_time(253402300800, text);
	ck_assert_str_eq(text, "");
	log_time(-1, text);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(syslog_gets_its_line)
{
	char tail[64];
	time_t before;
	int n = 0;

	if (!syslog_daemon())
		return;
	log_program("dpkg");
	errno = ENOTTY;
	log_syslog("txn=%d a%sb", 7, "\n");
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert(receive());
	ck_assert_int_eq(strncmp(got, "<30>", 4), 0);
	snprintf(tail, sizeof(tail), "<30>dpkg[%d]: txn=7 a\\012b",
	         (int)getpid());
	ck_assert_str_eq(got, tail);
	ck_assert(!receive());
	/* A daemon that reads nothing is waited for, but not for long. */
	before = time(NULL);
	while (n < 5000 && time(NULL) == before)
		log_syslog("%d", n++);
	before = time(NULL);
	log_syslog("more");
	ck_assert_int_le(time(NULL) - before, 3);
	/* Nor is one that is gone, or was never there. */
	close(reader);
	errno = ENOTTY;
	log_syslog("nobody listens");
	ck_assert_int_eq(unlink("/dev/log"), 0);
	log_syslog("nobody is there");
	ck_assert_int_eq(errno, ENOTTY);
	reader = -1;
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, line_has_time_and_text);
	tcase_add_test(t, line_escapes_control_bytes);
	tcase_add_test(t, line_is_cut_not_lost);
	tcase_add_test(t, line_is_dropped_where_there_is_no_log);
	tcase_add_test(t, close_closes_the_descriptor);
	tcase_add_test(t, open_closes_the_one_before);
	tcase_add_test(t, stderr_has_program_and_kind);
	tcase_add_test(t, stderr_quiet_keeps_errors);
	tcase_add_test(t, words_that_fail_leave_errno);
	tcase_add_test(t, stderr_is_cut_not_lost);
	tcase_add_test(t, times_are_the_calendars);
	tcase_add_test(t, syslog_gets_its_line);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
