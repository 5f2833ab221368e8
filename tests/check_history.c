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
static char head[HISTORY_HEAD_SIZE];	/* as the last append told it */

static int
append(const char *object)
{
	struct buf b;
	int err;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, object), 0);
	err = history_append(scratch_fd, &b, head);
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
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		abort();
	data[0].effective &= ~(1u << CAP_LINUX_IMMUTABLE);
	data[0].permitted &= ~(1u << CAP_LINUX_IMMUTABLE);
	if (syscall(SYS_capset, &header, data) < 0)
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

/* The digests that tests name ledgers with. */
#define D1 "1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "22222222222222222222222222222222222222222222222222222222222222ab"

#define CAPITALS \
	"22222222222222222222222222222222222222222222222222222222222222AB"

/* All of the words on ledgers, sorted as they come, as "KEY=D,". */
static int
tell_word(void *ctx, const char *key, const char *digest)
{
	char *text = ctx;
	size_t n = strlen(text);

	snprintf(text + n, 4000 - n, "%s=%.2s,", key, digest);
	return strcmp(key, "stop") == 0 ? 7 : 0;
}

static int
read_ledgers(struct history_ledgers **ret)
{
	memset(&diag, 0, sizeof(diag));
	return history_ledgers(scratch_fd, ret, &diag);
}

static void
last_head(char *hex)
{
	struct lines_seen s = { 0 };
	struct digest d;

	ck_assert_int_eq(history_walk(scratch_fd, see, &s), 0);
	ck_assert_int_eq(digest_memory(s.last, strlen(s.last), DIGEST_SHA256,
	                               &d), 0);
	digest_hex(d.bytes, 32, hex);
}

START_TEST(the_head_is_of_the_last_line)
{
	struct history_ledgers *h;
	char expected[65];
	struct buf b;

	ck_assert_int_eq(append("{\"a\":1}"), 0);
	last_head(expected);
	ck_assert_str_eq(head, expected);
	ck_assert_int_eq(append("{\"b\":1}"), 0);
	ck_assert_str_ne(head, expected);
	last_head(expected);
	ck_assert_str_eq(head, expected);
	ck_assert_int_eq(read_ledgers(&h), 0);
	ck_assert_str_eq(history_ledgers_head(h), head);
	history_ledgers_free(h);
	/* behind a torn one */
	scratch_text("log", "{\"a\":");
	ck_assert_int_eq(append("{\"b\":1}"), 0);
	last_head(expected);
	ck_assert_str_eq(head, expected);
	/* a failure leaves it */
	ck_assert_int_eq(append("{}"), -EINVAL);
	ck_assert_str_eq(head, expected);
	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, "{\"c\":1}"), 0);
	ck_assert_int_eq(history_append(scratch_fd, &b, NULL), 0);
	buf_free(&b);
	ck_assert_int_eq(check(), 0);
	ck_assert_int_eq(history_sync(scratch_fd), 0);
	ck_assert_int_eq(unlinkat(scratch_fd, "log", 0), 0);
	ck_assert_int_eq(history_sync(scratch_fd), -ENOENT);
}
END_TEST

START_TEST(the_last_word_on_a_ledger_counts)
{
	struct history_ledgers *h;
	char words[4000] = "";

	ck_assert_int_eq(append("{\"ledgers\":[\"a " D1 "\",\"b:amd64 " D1
	                        "\"]}"), 0);
	ck_assert_int_eq(append("{\"x\":1}"), 0);
	ck_assert_int_eq(append("{\"ledgers\":[]}"), 0);
	ck_assert_int_eq(append("{\"ledgers\":[\"a " D2 "\",\"c " D2
	                        "\"]}"), 0);
	ck_assert_int_eq(append("{\"ledgers\":[\"c -\",\"d -\"],"
	                        "\"y\":\"\\\"ledgers\\\"\"}"), 0);
	/* not the member: in a string, and further down */
	ck_assert_int_eq(append("{\"x\":[\"ledgers\"]}"), 0);
	ck_assert_int_eq(append("{\"x\":{\"ledgers\":[\"a -\"]}}"), 0);
	ck_assert_int_eq(read_ledgers(&h), 0);
	ck_assert_str_eq(history_ledger(h, "a"), D2);
	ck_assert_str_eq(history_ledger(h, "b:amd64"), D1);
	ck_assert_str_eq(history_ledger(h, "c"), "-");
	ck_assert_str_eq(history_ledger(h, "d"), "-");
	ck_assert_ptr_null(history_ledger(h, "b"));
	ck_assert_ptr_null(history_ledger(h, ""));
	ck_assert_int_eq(history_ledgers_each(h, tell_word, words), 0);
	ck_assert_uint_eq(strlen(words), strlen("a=22,b:amd64=11,"));
	ck_assert_ptr_nonnull(strstr(words, "a=22,"));
	ck_assert_ptr_nonnull(strstr(words, "b:amd64=11,"));
	history_ledgers_free(h);
	/* removed, and there again */
	ck_assert_int_eq(append("{\"ledgers\":[\"c " D1 "\",\"stop " D1
	                        "\"]}"), 0);
	ck_assert_int_eq(read_ledgers(&h), 0);
	ck_assert_str_eq(history_ledger(h, "c"), D1);
	ck_assert_int_eq(history_ledgers_each(h, tell_word, words), 7);
	history_ledgers_free(h);
}
END_TEST

START_TEST(words_on_ledgers_that_cannot_be_read)
{
	static const char *const bad[] = {
		"{\"ledgers\":1}", "{\"ledgers\":\"a -\"}",
		"{\"ledgers\":[1]}", "{\"ledgers\":[[\"a -\"]]}",
		"{\"ledgers\":[\"a\"]}", "{\"ledgers\":[\"\"]}",
		"{\"ledgers\":[\" -\"]}", "{\"ledgers\":[\"a --\"]}",
		"{\"ledgers\":[\"a - \"]}", "{\"ledgers\":[\"a  -\"]}",
		"{\"ledgers\":[\"../a -\"]}", "{\"ledgers\":[\".a -\"]}",
		"{\"ledgers\":[\"a\\n -\"]}", "{\"ledgers\":[\"\\u00e4 -\"]}",
		"{\"ledgers\":[\"a 11\"]}", "{\"ledgers\":[\"a " D1 "1\"]}",
		"{\"ledgers\":[\"a " D1 "11\"]}",
		"{\"ledgers\":[\"a x" D1 "\"]}",
		"{\"ledgers\":[\"a " CAPITALS "\"]}",
		"{\"ledgers\":[\"a -\"],\"ledgers\":[\"b -\"]}",
		"{\"ledgers\":[\"a -\"],\"x\":}", "{\"ledgers\":[\"a -\",]}"
	};
	struct history_ledgers *h;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		scratch_text("log", "");
		ck_assert_int_eq(append("{\"x\":1}"), 0);
		ck_assert_int_eq(append(bad[i]), 0);
		ck_assert_int_eq(append("{\"ledgers\":[\"z -\"]}"), 0);
		ck_assert_msg(read_ledgers(&h) == 1, "%s", bad[i]);
		ck_assert_str_eq(diag.file, "log");
		ck_assert_uint_eq(diag.line, 2);
		/* what follows is read all the same */
		ck_assert_str_eq(history_ledger(h, "z"), "-");
		ck_assert_str_eq(history_ledgers_head(h), head);
		history_ledgers_free(h);
		/* the links alone are whole */
		ck_assert_int_eq(check(), 0);
	}
}
END_TEST

START_TEST(no_history_names_no_ledger)
{
	static const char none[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4"
	    "649b934ca495991b7852b855";
	struct history_ledgers *h = NULL;
	char words[4000] = "";

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(read_ledgers(&h), 0);
		ck_assert_str_eq(history_ledgers_head(h), none);
		ck_assert_ptr_null(history_ledger(h, "a"));
		ck_assert_int_eq(history_ledgers_each(h, tell_word, words), 0);
		ck_assert_str_eq(words, "");
		history_ledgers_free(h);
		unlinkat(scratch_fd, "log", 0);
	}
	h = NULL;
	ck_assert_int_eq(mkdirat(scratch_fd, "log", 0700), 0);
	ck_assert_int_eq(read_ledgers(&h), ERR_NOT_REGULAR);
	ck_assert_str_eq(diag.file, "log");
	ck_assert_ptr_null(h);
	history_ledgers_free(h);
}
END_TEST

/*
 * A chain of five; `order` says which lines are written, in which order. The
 * last line has no follower: only the head tells that it was changed.
 */
static void
write_lines(char *const *lines, const char *order)
{
	char text[2000] = "";
	size_t n = 0;

	for (; *order != '\0'; order++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n",
		                      lines[*order - '0']);
	scratch_write("log", text, n);
}

START_TEST(lines_taken_away_moved_and_doubled)
{
	static const char *const broken[] = { "0124", "0234", "1234", "34",
	    "10234", "02134", "01243", "43210", "001234", "012334", "012344",
	    "0123401234", "4" };
	static const char *const whole[] = { "", "0", "01", "0123", "01234" };
	char *lines[5], *text, *at;

	for (int i = 0; i < 5; i++) {
		char object[100];

		snprintf(object, sizeof(object), "{\"n\":%d,\"ledgers\":"
		         "[\"p%d " D1 "\"]}", i, i);
		ck_assert_int_eq(append(object), 0);
	}
	text = scratch_read("log", NULL);
	at = text;
	for (int i = 0; i < 5; i++)
		lines[i] = strsep(&at, "\n");
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct history_ledgers *h;

		write_lines(lines, broken[i]);
		ck_assert_msg(check() == 1, "%s", broken[i]);
		ck_assert_msg(read_ledgers(&h) == 1, "%s", broken[i]);
		ck_assert_str_eq(history_ledger(h, "p4"), D1);
		history_ledgers_free(h);
	}
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		write_lines(lines, whole[i]);
		ck_assert_msg(check() == 0, "%s", whole[i]);
	}
	free(text);
}
END_TEST

/* Whatever byte of it changes: the chain breaks, or the head is another. */
START_TEST(any_flipped_bit_is_found)
{
	char whole_head[HISTORY_HEAD_SIZE];
	char *text;
	size_t n;

	ck_assert_int_eq(append("{\"ledgers\":[\"a " D1 "\"]}"), 0);
	ck_assert_int_eq(append("{\"s\":\"{\\\"x\\\\\",\"t\":[{}]}"), 0);
	ck_assert_int_eq(append("{\"ledgers\":[\"a -\"]}"), 0);
	memcpy(whole_head, head, sizeof(head));
	text = scratch_read("log", &n);
	for (size_t i = 0; i < 8 * (n - 1); i++) {
		struct history_ledgers *h = NULL;
		int r;

		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		scratch_write("log", text, n);
		r = read_ledgers(&h);
		ck_assert(r == 1 || (r == 0 && strcmp(whole_head,
		          history_ledgers_head(h)) != 0));
		history_ledgers_free(h);
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
	}
	free(text);
}
END_TEST

/* Zeros a crash may leave; anything else somebody has put there. */
START_TEST(bytes_behind_the_last_entry)
{
	static const char *const ends[] = { "x", "{}", "\t", "\"}" };
	char *text;
	size_t n;

	ck_assert_int_eq(append("{\"a\":1}"), 0);
	ck_assert_int_eq(append("{\"b\":1}"), 0);
	text = scratch_read("log", &n);
	text = realloc(text, n + 8);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		memcpy(text + n - 1, ends[i], strlen(ends[i]) + 1);
		scratch_write("log", text, n - 1 + strlen(ends[i]));
		ck_assert_int_eq(check(), 1);
		ck_assert_uint_eq(diag.line, 2);
	}
	memset(text + n - 1, 0, 5);
	scratch_write("log", text, n + 4);
	ck_assert_int_eq(check(), 0);
	free(text);
}
END_TEST

START_TEST(a_torn_entry_names_no_ledger)
{
	struct history_ledgers *h;
	char *text;
	size_t n, first;

	ck_assert_int_eq(append("{\"ledgers\":[\"a " D1 "\"]}"), 0);
	free(scratch_read("log", &first));
	ck_assert_int_eq(append("{\"ledgers\":[\"a " D2 "\"]}"), 0);
	text = scratch_read("log", &n);
	for (size_t k = first; k <= n; k++) {
		scratch_write("log", text, k);
		ck_assert_int_eq(read_ledgers(&h), 0);
		/* all but its newline is all of it */
		ck_assert_str_eq(history_ledger(h, "a"), k < n - 1 ? D1 : D2);
		history_ledgers_free(h);
		ck_assert_int_eq(append("{\"b\":1}"), 0);
		ck_assert_int_eq(read_ledgers(&h), 0);
		ck_assert_str_eq(history_ledger(h, "a"), k < n - 1 ? D1 : D2);
		ck_assert_str_eq(history_ledgers_head(h), head);
		history_ledgers_free(h);
	}
	/* zeros that a crash has left behind it */
	text = realloc(text, n + 50);
	memset(text + n - 1, 0, 51);
	scratch_write("log", text, n + 50);
	ck_assert_int_eq(append("{\"b\":1}"), 0);
	ck_assert_int_eq(read_ledgers(&h), 0);
	ck_assert_str_eq(history_ledger(h, "a"), D2);
	history_ledgers_free(h);
	free(text);
}
END_TEST

START_TEST(what_never_was_an_entry_is_no_torn_one)
{
	ck_assert_int_eq(append("{\"a\":1}"), 0);
	scratch_write("log", "noise\nmore\n", 11);
	ck_assert_int_eq(check(), 1);
	ck_assert_uint_eq(diag.line, 1);
	scratch_write("log", "\n", 1);
	ck_assert_int_eq(check(), 1);
}
END_TEST

/* What stands before a torn line is bound by the entry behind it. */
START_TEST(a_torn_line_hides_nothing)
{
	char *text, *at;
	size_t n;

	ck_assert_int_eq(append("{\"a\":1}"), 0);
	text = scratch_read("log", &n);
	text = realloc(text, n + 16);
	memcpy(text + n, "{\"b\":", 5);
	scratch_write("log", text, n + 5);
	free(text);
	ck_assert_int_eq(append("{\"c\":1}"), 0);
	ck_assert_int_eq(check(), 0);
	text = scratch_read("log", &n);
	text[5] = '2';
	scratch_write("log", text, n);
	ck_assert_int_eq(check(), 1);
	ck_assert_uint_eq(diag.line, 3);
	text[5] = '1';
	/* taken away altogether */
	at = memchr(text, '\n', n);
	ck_assert_ptr_nonnull(at);
	scratch_write("log", at + 1, n - (size_t)(at + 1 - text));
	ck_assert_int_eq(check(), 1);
	free(text);
	/* two in a row, and one that got its newline but no more */
	scratch_text("log", "{\"a\":\n{\"b\"");
	ck_assert_int_eq(append("{\"c\":1}"), 0);
	ck_assert_int_eq(check(), 0);
	scratch_text("log", "{\"a\":\n");
	ck_assert_int_eq(append("{\"c\":1}"), 0);
	ck_assert_int_eq(check(), 0);
}
END_TEST

START_TEST(a_broken_history_is_put_aside)
{
	char *text;

	ck_assert_int_eq(history_set_aside(scratch_fd, 7), 0);
	ck_assert_int_eq(append("{\"a\":1}"), 0);
	ck_assert_int_eq(history_set_aside(scratch_fd, 7), 0);
	ck_assert_int_eq(count(), 1);
	scratch_text("log", "noise\n");
	ck_assert_int_eq(history_set_aside(scratch_fd, 0xabc), 1);
	ck_assert_int_eq(count(), 0);
	text = scratch_read("log.0000000000000abc", NULL);
	ck_assert_str_eq(text, "noise\n");
	free(text);
	ck_assert_int_eq(append("{\"b\":1}"), 0);
	ck_assert_int_eq(check(), 0);
	/* never over one that is there */
	scratch_text("log", "more\n");
	ck_assert_int_eq(history_set_aside(scratch_fd, 0xabc), -EEXIST);
}
END_TEST

START_TEST(a_history_of_noise)
{
	unsigned int seed = 7;
	char text[3000];
	struct history_ledgers *h;

	for (int k = 0; k < 300; k++) {
		size_t n = scratch_random(&seed, sizeof(text));

		for (size_t i = 0; i < n; i++)
			text[i] = k % 2 ? (char)scratch_random(&seed, 256) :
			    "{}[]\",:\\\nle"[scratch_random(&seed, 11)];
		if (k % 3 == 0 && n > 20)
			memcpy(text + 1, "\"ledgers\":[\"", 12);
		scratch_write("log", text, n);
		h = NULL;
		ck_assert_int_ge(read_ledgers(&h), 0);
		history_ledgers_free(h);
		ck_assert_int_ge(check(), 0);
	}
}
END_TEST

struct ids {
	char text[2000];
	size_t stop_at;		/* an id */
};

static int
tell_id(void *ctx, uint64_t id)
{
	struct ids *i = ctx;
	size_t n = strlen(i->text);

	snprintf(i->text + n, sizeof(i->text) - n, "%x,", (unsigned int)id);
	return id == i->stop_at ? 9 : 0;
}

static void
since(const char *moment, int want, const char *ids)
{
	struct ids i = { .text = "" };
	int r = history_since(scratch_fd, moment, tell_id, &i);

	ck_assert_msg(r == want, "%s: %d", moment, r);
	ck_assert_msg(strcmp(i.text, ids) == 0, "%s: %s", moment, i.text);
}

static void
add_run(const char *when, unsigned int id)
{
	char text[200];

	snprintf(text, sizeof(text), "{\"type\":\"transaction\",\"time\":"
	         "\"%s\",\"txn\":\"%016x\"}", when, id);
	ck_assert_int_eq(append(text), 0);
}

START_TEST(runs_since_a_moment)
{
	struct ids stop = { .stop_at = 3 };

	since("1970-01-01", 0, "");
	since("0000000000000001", -ENOENT, "");
	add_run("2024-02-28T23:59:59Z", 1);
	add_run("2024-02-29T00:00:00Z", 2);
	add_run("2024-02-29T12:30:15Z", 3);
	add_run("2024-03-01T00:00:00Z", 0xabc);
	/* recovery writes one more of an older run; the clock has gone back */
	add_run("2024-02-29T00:00:01Z", 2);
	add_run("2026-01-01T00:00:00Z", 5);
	since("0000000000000001", 0, "2,3,abc,2,5,");
	since("0000000000000002", 0, "3,abc,5,");
	since("0000000000000abc", 0, "2,5,");
	since("0000000000000ABC", 0, "2,5,");
	since("0000000000000005", 0, "");
	since("0000000000000004", -ENOENT, "");
	since("1970-01-01", 0, "1,2,3,abc,2,5,");
	since("2024-02-28", 0, "1,2,3,abc,2,5,");
	since("2024-02-28T23:59:59Z", 0, "1,2,3,abc,2,5,");
	since("2024-02-29", 0, "2,3,abc,2,5,");
	since("2024-02-29T12:30Z", 0, "3,abc,5,");
	since("2024-02-29T12:30:15Z", 0, "3,abc,5,");
	since("2024-02-29T12:30:16Z", 0, "abc,5,");
	since("2024-03-01", 0, "abc,5,");
	since("2025-01-01", 0, "5,");
	since("2027-12-31", 0, "");
	since("9999-12-31T23:59:59Z", 0, "");
	/* date -u -d ... +%s */
	since("@1709164799", 0, "1,2,3,abc,2,5,");
	since("@1709164800", 0, "2,3,abc,2,5,");
	since("@1709251200", 0, "abc,5,");
	since("@1767225600", 0, "5,");
	since("@1767225601", 0, "");
	since("@0", 0, "1,2,3,abc,2,5,");
	ck_assert_int_eq(history_since(scratch_fd, "@0", tell_id, &stop), 9);
	ck_assert_str_eq(stop.text, "1,2,3,");
}
END_TEST

START_TEST(moments_that_are_none)
{
	static const char *const bad[] = {
		"", " ", "yesterday", "2024", "2024-1-1", "2024-01", "2024-01-",
		"2024-13-01", "2024-00-01", "2024-01-00", "2024-01-32",
		"2023-02-29", "2100-02-29", "2024-04-31", "1969-12-31",
		"02024-01-01", "2024-01-01 ", " 2024-01-01", "2024-01-01T",
		"2024-01-01Z", "2024-01-01T12Z", "2024-01-01T12:00",
		"2024-01-01T24:00Z", "2024-01-01T12:60Z",
		"2024-01-01T12:00:60Z", "2024-01-01T12:00:Z",
		"2024-01-01T12:00:00", "2024-01-01T12:00:00z",
		"2024-01-01T12:00:00Z ", "2024-01-01T12:00:00+00:00",
		"2024-01-01 12:00:00", "+024-01-01", "2024--1-01", "@", "@-1",
		"@+1", "@1.5", "@1 ", "@0x10", "@9999999999999999999",
		"000000000000001", "00000000000000001", "000000000000000g",
		"0x00000000000001", "-000000000000001"
	};

	add_run("2024-02-28T23:59:59Z", 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		since(bad[i], ERR_FORMAT, "");
	since("@999999999999999999", 0, "");
}
END_TEST

START_TEST(entries_without_an_id_or_time)
{
	add_run("2024-01-01T00:00:00Z", 1);
	ck_assert_int_eq(append("{\"x\":1}"), 0);
	ck_assert_int_eq(append("{\"txn\":7}"), 0);
	ck_assert_int_eq(append("{\"txn\":\"7\"}"), 0);
	ck_assert_int_eq(append("{\"txn\":\"0000000000000008\",}"), 0);
	/* that of no known time may be of after it */
	ck_assert_int_eq(append("{\"txn\":\"0000000000000009\"}"), 0);
	add_run("", 10);
	add_run("garbage", 11);
	since("2025-01-01", 0, "9,a,b,");
	since("0000000000000001", 0, "9,a,b,");
	scratch_text("log", "{\"txn\":\"0000000000000001\",\"time\":");
	since("@0", 0, "");
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
	tcase_add_test(t, the_head_is_of_the_last_line);
	tcase_add_test(t, the_last_word_on_a_ledger_counts);
	tcase_add_test(t, words_on_ledgers_that_cannot_be_read);
	tcase_add_test(t, no_history_names_no_ledger);
	tcase_add_test(t, lines_taken_away_moved_and_doubled);
	tcase_add_test(t, any_flipped_bit_is_found);
	tcase_add_test(t, bytes_behind_the_last_entry);
	tcase_add_test(t, a_torn_entry_names_no_ledger);
	tcase_add_test(t, what_never_was_an_entry_is_no_torn_one);
	tcase_add_test(t, a_torn_line_hides_nothing);
	tcase_add_test(t, a_broken_history_is_put_aside);
	tcase_add_test(t, a_history_of_noise);
	tcase_add_test(t, runs_since_a_moment);
	tcase_add_test(t, moments_that_are_none);
	tcase_add_test(t, entries_without_an_id_or_time);
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
