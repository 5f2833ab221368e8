/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "core_fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "history.h"
#include "jsonread.h"
#include "origin.h"
#include "signing.h"
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

#define LINE_SIZE 40000

static int
keep_line(void *ctx, const char *line, size_t len)
{
	snprintf(ctx, LINE_SIZE, "%.*s", (int)len, line);
	return 0;
}

/* The last entry's. */
static void
last_line(char *line)
{
	line[0] = '\0';
	ok(history_walk(session->state->history_fd, keep_line, line));
}

START_TEST(transactions)
{
	char *argv[] = { (char *)"dpkg", (char *)"-i", (char *)"a\"b\n" };
	struct transaction t = {
		.id = 0x1f, .action = "install", .argv = argv, .argc = 3,
		.packages = 2, .exit_status = -1, .note = ""
	};
	char line[LINE_SIZE] = "";

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

static void
expect_strs(const char *line, const char *key, const char *want)
{
	struct buf b;
	int r;

	buf_init(&b, 0);
	r = jsonread_strs(line, strlen(line), key, "|", &b);
	if (want == NULL)
		ck_assert_int_eq(r, -ENOENT);
	else
		ck_assert_int_eq(r, 0);
	ck_assert_str_eq(b.len > 0 ? b.data : "", want != NULL ? want : "");
	buf_free(&b);
}

START_TEST(what_a_run_changed)
{
	static const char hex[] = "00112233445566778899aabbccddeeff"
	    "00112233445566778899aabbccddeeff";
	unsigned char digest[32];
	const struct transaction_change changes[] = {
		{ "a:amd64", NULL, "1.0-1" }, { "b", "1:2~x", "1:3" },
		{ "c", "1", NULL }
	};
	const struct transaction_ledger ledgers[] = {
		{ "a:amd64", digest }, { "c", NULL }
	};
	struct finding found[120] = {
		{ .kind = FINDING_CONTENT, .package = "b", .path = "/x y" },
		{ .kind = FINDING_SELF, .path = "/z\n\xff" }
	};
	struct transaction t = {
		.id = 7, .action = "unpack", .exit_status = 0, .note = "",
		.changes = changes, .n_changes = 3,
		.ledgers = ledgers, .n_ledgers = 2,
		.found = found, .n_found = 2
	};
	struct history_ledgers *h;
	static char line[LINE_SIZE], want[200];
	struct buf b;

	NEEDS_ROOT();
	adopt();
	bare();
	ok(digest_unhex(hex, 64, digest, 32));
	ok(transaction_write(session, &t));
	last_line(line);
	expect_strs(line, "changes", "a:amd64 - 1.0-1|b 1:2~x 1:3|c 1 -");
	snprintf(want, sizeof(want), "a:amd64 %s|c -", hex);
	expect_strs(line, "ledgers", want);
	snprintf(want, sizeof(want), "%s b /x y|%s - /z\n\xef\xbf\xbd",
	         finding_name(FINDING_CONTENT), finding_name(FINDING_SELF));
	expect_strs(line, "found", want);
	ok(history_ledgers(session->state->history_fd, &h, &diag));
	ck_assert_str_eq(history_ledger(h, "a:amd64"), hex);
	ck_assert_str_eq(history_ledger(h, "c"), "-");
	history_ledgers_free(h);
	/* never more than a hundred; nothing where there is nothing */
	for (int i = 0; i < 120; i++)
		found[i] = found[0];
	t.n_found = 120;
	t.n_changes = t.n_ledgers = 0;
	ok(transaction_write(session, &t));
	last_line(line);
	expect_strs(line, "changes", NULL);
	expect_strs(line, "ledgers", NULL);
	buf_init(&b, 0);
	ok(jsonread_strs(line, strlen(line), "found", "", &b));
	ck_assert_uint_eq(b.len, 100 * (strlen(finding_name(FINDING_CONTENT)) +
	                  strlen(" b /x y")));
	buf_free(&b);
	t.n_found = 0;
	ok(transaction_write(session, &t));
	last_line(line);
	expect_strs(line, "found", NULL);
	expect_strs(line, "argv", NULL);
}
END_TEST

START_TEST(members_stand_in_order)
{
	static const char *const keys[] = { "type", "time", "txn", "action",
	    "pid", "uid", "login_uid", "tty", "parent", "parent_name",
	    "parent_line", "argv", "packages", "opened", "closed", "cleared",
	    "findings", "failed", "reason", "exit", "signal", "note",
	    "changes", "ledgers", "found", "prev" };
	char *argv[] = { (char *)"dpkg" };
	const struct transaction_change change = { "a", NULL, NULL };
	const struct transaction_ledger ledger = { "a", NULL };
	const struct finding found = { .path = "/x" };
	struct transaction t = {
		.id = 7, .action = "unpack", .argv = argv, .argc = 1,
		.exit_status = 3, .signal = 15, .note = "n",
		.tally = { .failed = 1, .first_error = -EIO },
		.changes = &change, .n_changes = 1,
		.ledgers = &ledger, .n_ledgers = 1,
		.found = &found, .n_found = 1
	};
	static char line[LINE_SIZE];
	const char *at = line;
	struct origin o;
	long long n = 0;

	NEEDS_ROOT();
	adopt();
	bare();
	ok(transaction_write(session, &t));
	last_line(line);
	ok(jsonread_check(line, strlen(line)));
	origin_read(getpid(), &o);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char key[40];

		if ((o.login_uid < 0 && strcmp(keys[i], "login_uid") == 0) ||
		    (o.tty[0] == '\0' && strcmp(keys[i], "tty") == 0))
			continue;
		snprintf(key, sizeof(key), "\"%s\":", keys[i]);
		at = strstr(at, key);
		ck_assert_msg(at != NULL, "%s in %s", key, line);
	}
	ok(jsonread_num(line, strlen(line), "parent", &n));
	ck_assert_int_eq(n, getppid());
}
END_TEST

/* A command line that no entry holds is left out, the ledgers stay. */
START_TEST(a_command_line_without_end)
{
	const struct transaction_ledger ledger = { "a", NULL };
	struct transaction t = {
		.id = 7, .action = "unpack", .exit_status = 0, .note = "",
		.ledgers = &ledger, .n_ledgers = 1
	};
	size_t n = (size_t)17 << 20;
	static char line[LINE_SIZE];
	char *argv[1];

	NEEDS_ROOT();
	adopt();
	bare();
	argv[0] = malloc(n);
	memset(argv[0], 'x', n);
	argv[0][n - 1] = '\0';
	t.argv = argv;
	t.argc = 1;
	ok(transaction_write(session, &t));
	last_line(line);
	expect_strs(line, "argv", NULL);
	expect_strs(line, "ledgers", "a -");
	free(argv[0]);
}
END_TEST

static int
make_syslog(void)
{
	const struct sockaddr_un name = {
		.sun_family = AF_UNIX, .sun_path = "/dev/log"
	};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(mount("tmpfs", "/dev", "tmpfs", 0, NULL), 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name,
	                      sizeof(name)), 0);
	return fd;
}

static const char *
head_of(struct session *s, char *head)
{
	struct history_ledgers *h;

	ok(history_ledgers(s->state->history_fd, &h, &diag));
	snprintf(head, HISTORY_HEAD_SIZE, "%s", history_ledgers_head(h));
	history_ledgers_free(h);
	return head;
}

START_TEST(the_head_goes_to_syslog)
{
	struct transaction t = { .id = 0xabc, .action = "x", .note = "",
	                         .exit_status = -1 };
	char got[1000], want[200], head[HISTORY_HEAD_SIZE];
	ssize_t n;
	int fd;

	NEEDS_ROOT();
	adopt();
	bare();
	fd = make_syslog();
	ok(transaction_write(session, &t));
	n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	snprintf(want, sizeof(want), ": txn=%016x history=%s", 0xabc,
	         head_of(session, head));
	ck_assert_ptr_nonnull(strstr(got, want));
	ck_assert_str_eq(strstr(got, want), want);
	close(fd);
}
END_TEST

/* Keys of the host: a root that is not its own is never signed with one. */
static void
make_key(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	FILE *f;

	umask(077);
	f = fopen(host("/key"), "w");
	ck_assert_int_eq(PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL,
	                                           NULL), 1);
	fclose(f);
	f = fopen(host("/key.pub"), "w");
	ck_assert_int_eq(PEM_write_PUBKEY(f, key), 1);
	fclose(f);
	EVP_PKEY_free(key);
}

START_TEST(the_head_is_signed)
{
	struct transaction t = { .id = 0xabc, .action = "x", .note = "",
	                         .exit_status = -1 };
	char head[HISTORY_HEAD_SIZE], key[600], public[600];
	int fd;

	NEEDS_ROOT();
	adopt();
	open_session();
	make_key();
	snprintf(key, sizeof(key), "%s", host("/key"));
	snprintf(public, sizeof(public), "%s", host("/key.pub"));
	fd = session->state->history_fd;
	session->conf->sign_key = key;
	ok(transaction_write(session, &t));
	ck_assert_int_eq(signing_check(fd, public, head_of(session, head),
	                               &diag), 1);
	session->guest = false;
	for (int i = 0; i < 2; i++) {
		ok(transaction_write(session, &t));
		ok(signing_check(fd, public, head_of(session, head), &diag));
	}
	/* one that can't be used is no failure of the history */
	session->conf->sign_key = public;
	ok(transaction_write(session, &t));
	ck_assert_int_eq(signing_check(fd, public, head_of(session, head),
	                               &diag), 1);
	session->conf->sign_key = NULL;
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
	tcase_add_test(t, what_a_run_changed);
	tcase_add_test(t, members_stand_in_order);
	tcase_add_test(t, a_command_line_without_end);
	tcase_add_test(t, the_head_goes_to_syslog);
	tcase_add_test(t, the_head_is_signed);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
