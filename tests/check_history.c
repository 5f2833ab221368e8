/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "digest.h"
#include "history.h"
#include "scratch.h"

static struct diag diag;

static int
append(const char *object)
{
	struct buf b;
	int err;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, object), 0);
	err = history_append(scratch_fd, &b);
	buf_free(&b);
	return err;
}

/*
 * Tests never set a flag on the machine's own disk: the log is there before,
 * and this program gives away the right to set one.
 */
static void
start(void)
{
	ck_assert_int_eq(digest_init(), 0);
	scratch_open();
	scratch_text("log", "");
}

static void
give_right_away(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		abort();
	data[0].effective &= ~(1u << CAP_LINUX_IMMUTABLE);
	data[0].permitted &= ~(1u << CAP_LINUX_IMMUTABLE);
	if (syscall(SYS_capset, &head, data) < 0)
		abort();
}

struct lines_seen {
	int n;
	int stop_at;
	char last[256];
};

static int
see(void *ctx, const char *line, size_t len)
{
	struct lines_seen *s = ctx;

	snprintf(s->last, sizeof(s->last), "%.*s", (int)len, line);
	return ++s->n == s->stop_at ? 77 : 0;
}

static int
count(void)
{
	struct lines_seen s = { 0 };

	ck_assert_int_eq(history_walk(scratch_fd, see, &s), 0);
	return s.n;
}

static int
check(void)
{
	memset(&diag, 0, sizeof(diag));
	return history_check(scratch_fd, &diag);
}

START_TEST(no_history_is_whole)
{
	ck_assert_int_eq(check(), 0);
	ck_assert_int_eq(count(), 0);
	ck_assert_int_eq(unlinkat(scratch_fd, "log", 0), 0);
	ck_assert_int_eq(check(), 0);
	ck_assert_int_eq(count(), 0);
}
END_TEST

START_TEST(lines_are_linked)
{
	/* SHA-256 of nothing, and of the first line */
	static const char first[] = "{\"a\":1,\"prev\":\"e3b0c44298fc1c149afbf4"
	    "c8996fb92427ae41e4649b934ca495991b7852b855\"}";
	struct lines_seen s = { .stop_at = 1 };
	struct digest d;
	char hex[65], expected[200];
	char *text;

	ck_assert_int_eq(append("{\"a\":1}"), 0);
	ck_assert_int_eq(append("{\"b\":{\"c\":\"}{\\\"\"}}"), 0);
	ck_assert_int_eq(digest_memory(first, sizeof(first) - 1,
	                               DIGEST_SHA256, &d), 0);
	digest_hex(d.bytes, 32, hex);
	snprintf(expected, sizeof(expected), "%s\n{\"b\":{\"c\":\"}{\\\"\"},"
	         "\"prev\":\"%s\"}\n", first, hex);
	text = scratch_read("log", NULL);
	ck_assert_str_eq(text, expected);
	free(text);
	ck_assert_int_eq(check(), 0);
	ck_assert_int_eq(count(), 2);
	ck_assert_int_eq(history_walk(scratch_fd, see, &s), 77);
	ck_assert_str_eq(s.last, first);
}
END_TEST

START_TEST(what_is_no_entry_is_refused)
{
	static const char *const objects[] = { "", "{", "{}", "x", "[1]",
	    "{\"a\":1", "{\"a\":1}\n", "{\"a\"\n:1}", " {\"a\":1}" };
	char *text;

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		ck_assert_int_eq(append(objects[i]), -EINVAL);
	text = scratch_read("log", NULL);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

START_TEST(any_changed_byte_breaks_the_chain)
{
	char *text;
	size_t n;

	ck_assert_int_eq(append("{\"a\":1}"), 0);
	ck_assert_int_eq(append("{\"b\":2}"), 0);
	ck_assert_int_eq(append("{\"c\":3}"), 0);
	text = scratch_read("log", &n);
	for (size_t i = 0; i < n / 3 * 2; i++) {
		text[i] ^= 1;
		scratch_write("log", text, n);
		ck_assert_int_eq(check(), 1);
		ck_assert_str_eq(diag.file, "log");
		ck_assert_uint_ge(diag.line, 1);
		text[i] ^= 1;
	}
	/* a line taken away, two changed places */
	scratch_write("log", text + n / 3, n - n / 3);
	ck_assert_int_eq(check(), 1);
	ck_assert_uint_eq(diag.line, 1);
	scratch_write("log", text, n);
	ck_assert_int_eq(check(), 0);
	free(text);
}
END_TEST

START_TEST(a_line_put_in_is_found)
{
	char *text, *more;
	size_t n;

	ck_assert_int_eq(append("{\"a\":1}"), 0);
	ck_assert_int_eq(append("{\"b\":2}"), 0);
	text = scratch_read("log", &n);
	more = malloc(n + 20);
	memcpy(more, text, n / 2);
	memcpy(more + n / 2, "{\"x\":1}\n", 8);
	memcpy(more + n / 2 + 8, text + n / 2, n - n / 2);
	scratch_write("log", more, n + 8);
	ck_assert_int_eq(check(), 1);
	ck_assert_uint_eq(diag.line, 2);
	memcpy(more + n / 2, "{\"x\":1\n", 7);
	memcpy(more + n / 2 + 7, text + n / 2, n - n / 2);
	scratch_write("log", more, n + 7);
	ck_assert_int_eq(check(), 1);
	ck_assert_uint_eq(diag.line, 3);
	free(more);
	free(text);
}
END_TEST

START_TEST(a_torn_line_is_ended_and_linked)
{
	char *text;
	size_t n;

	ck_assert_int_eq(append("{\"a\":{\"x\":\"}\"}}"), 0);
	text = scratch_read("log", &n);
	for (size_t k = 0; k < n; k++) {
		scratch_write("log", text, k);
		ck_assert_int_eq(check(), 0);
		ck_assert_int_eq(count(), k > 0);
		ck_assert_int_eq(append("{\"b\":2}"), 0);
		ck_assert_int_eq(check(), 0);
		ck_assert_int_eq(count(), k > 0 ? 2 : 1);
		ck_assert_int_eq(append("{\"c\":3}"), 0);
		ck_assert_int_eq(check(), 0);
	}
	free(text);
	/* zeros, as a crash may leave them */
	ck_assert_int_eq(append("{\"c\":3}"), 0);
	text = scratch_read("log", &n);
	text = realloc(text, n + 100);
	memset(text + n, 0, 100);
	scratch_write("log", text, n + 100);
	ck_assert_int_eq(append("{\"d\":4}"), 0);
	ck_assert_int_eq(check(), 0);
	free(text);
}
END_TEST

START_TEST(lines_longer_than_the_first_look)
{
	size_t n = (size_t)3 << 20;
	char *object = malloc(n + 1);

	memset(object, 'x', n);
	memcpy(object, "{\"a\":\"", 6);
	memcpy(object + n - 2, "\"}", 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(append(object), 0);
		ck_assert_int_eq(append("{\"b\":2}"), 0);
		ck_assert_int_eq(append(object), 0);
	}
	ck_assert_int_eq(check(), 0);
	ck_assert_int_eq(count(), 9);
	free(object);
}
END_TEST

START_TEST(a_line_is_bounded)
{
	size_t n = ((size_t)16 << 20) + 1;
	char *object = malloc(n + 1);

	memset(object, 'x', n);
	memcpy(object, "{\"a\":\"", 6);
	memcpy(object + n - 2, "\"}", 3);
	ck_assert_int_eq(append(object), ERR_LIMIT);
	ck_assert_int_eq(count(), 0);
	/* far too long a line that somebody else has put there */
	object = realloc(object, n * 5);
	memset(object, 'x', n * 5);
	scratch_write("log", object, n * 5);
	ck_assert_int_eq(check(), ERR_LIMIT);
	ck_assert_int_eq(append("{\"b\":2}"), ERR_LIMIT);
	free(object);
}
END_TEST

START_TEST(two_who_append_at_once)
{
	pid_t pid[2];
	int status;

	for (int k = 0; k < 2; k++) {
		pid[k] = fork();
		ck_assert_int_ge(pid[k], 0);
		if (pid[k] > 0)
			continue;
		for (int i = 0; i < 200; i++)
			ck_assert_int_eq(append("{\"a\":1}"), 0);
		_exit(0);
	}
	for (int k = 0; k < 2; k++) {
		ck_assert_int_eq(waitpid(pid[k], &status, 0), pid[k]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(count(), 400);
	ck_assert_int_eq(check(), 0);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	ck_assert_int_eq(unlinkat(scratch_fd, "log", 0), 0);
	ck_assert_int_eq(symlinkat("elsewhere", scratch_fd, "log"), 0);
	ck_assert_int_lt(append("{\"a\":1}"), 0);
	ck_assert_int_lt(check(), 0);
	ck_assert_int_ne(faccessat(scratch_fd, "elsewhere", F_OK, 0), 0);
	ck_assert_int_eq(unlinkat(scratch_fd, "log", 0), 0);
	ck_assert_int_eq(mkfifoat(scratch_fd, "log", 0600), 0);
	ck_assert_int_eq(append("{\"a\":1}"), ERR_NOT_REGULAR);
	ck_assert_int_eq(check(), ERR_NOT_REGULAR);
}
END_TEST

START_TEST(a_new_log_is_private)
{
	struct stat st;
	int err;

	ck_assert_int_eq(unlinkat(scratch_fd, "log", 0), 0);
	umask(0);
	err = append("{\"a\":1}");
	/* EPERM: a file system with flags, and no right to set one */
	ck_assert(err == 0 || err == -EPERM);
	ck_assert_int_eq(fstatat(scratch_fd, "log", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(append("{\"a\":1}"), 0);
	ck_assert_int_eq(check(), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("history");
	TCase *t = tcase_create("history");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, start, scratch_close);
	tcase_add_test(t, no_history_is_whole);
	tcase_add_test(t, lines_are_linked);
	tcase_add_test(t, what_is_no_entry_is_refused);
	tcase_add_test(t, any_changed_byte_breaks_the_chain);
	tcase_add_test(t, a_line_put_in_is_found);
	tcase_add_test(t, a_torn_line_is_ended_and_linked);
	tcase_add_test(t, lines_longer_than_the_first_look);
	tcase_add_test(t, a_line_is_bounded);
	tcase_add_test(t, two_who_append_at_once);
	tcase_add_test(t, what_is_no_file_is_refused);
	tcase_add_test(t, a_new_log_is_private);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	give_right_away();
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
