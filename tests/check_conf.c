/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>

#include "check_main.h"
#include "conf.h"
#include "log.h"
#include "scratch.h"

static struct diag diag;
static struct conf *const untouched = (struct conf *)&diag;

static struct conf *
good(const char *text)
{
	struct conf *c = NULL;

	ck_assert_int_eq(conf_parse("t", text, strlen(text), &c, &diag), 0);
	return c;
}

static void
bad(const char *text, unsigned long line)
{
	struct conf *c = untouched;

	diag.line = 999;
	ck_assert_msg(conf_parse("t", text, strlen(text), &c, &diag) ==
	              ERR_FORMAT, "accepted: %s", text);
	ck_assert_ptr_eq(c, untouched);
	ck_assert_str_eq(diag.file, "t");
	ck_assert_uint_eq(diag.line, line);
	ck_assert(diag.what[0] != '\0');
}

static void
expect_defaults(const struct conf *c)
{
	ck_assert_uint_eq(c->n_globs, 0);
	ck_assert_uint_eq(c->n_exempt_packages, 0);
	ck_assert_int_eq(c->check_before, CONF_CHECK_WARN);
	ck_assert_uint_eq(c->digests, CONF_DIGEST_SHA1 | CONF_DIGEST_SHA256);
	ck_assert(!c->overlay);
	ck_assert_int_eq(c->mounts, CONF_MOUNTS_AUTO);
	ck_assert(!c->volatile_database);
	ck_assert_int_eq(c->jobs, 0);
	ck_assert_uint_eq(c->quarantine_limit, 256u << 20);
	ck_assert_uint_eq(c->log, LOG_TO_FILE);
	ck_assert_ptr_null(c->sign_key);
}

START_TEST(nothing_gives_the_defaults)
{
	static const char *const texts[] = {
		"", "\n", "# only a comment", " \t \n  # indented\n\n",
	};
	struct conf *c = conf_defaults();

	expect_defaults(c);
	conf_free(c);
	conf_free(NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		c = good(texts[i]);
		expect_defaults(c);
		conf_free(c);
	}
}
END_TEST

static const char everything[] =
    "exempt = /opt/*/cache\n"
    "  protect\t=  /etc/with blank in it \t\n"
    "exempt=/srv/keep/\n"
    "exempt-package = linux-image-*  dkms\n"
    "exempt-package = nvidia-*\n"
    "check-before = refuse\n"
    "digests = sha256 md5\n"
    "overlay = yes\n"
    "mounts = remount\n"
    "volatile-database = allow\n"
    "jobs = 1024\n"
    "quarantine-limit = 3K\n"
    "log = both\n"
    "sign-key = /root/a = b";

static void
expect_everything(const struct conf *c)
{
	ck_assert_uint_eq(c->n_globs, 3);
	ck_assert_str_eq(c->globs[0].pattern, "/opt/*/cache");
	ck_assert(!c->globs[0].protect);
	ck_assert_str_eq(c->globs[1].pattern, "/etc/with blank in it");
	ck_assert(c->globs[1].protect);
	ck_assert_str_eq(c->globs[2].pattern, "/srv/keep");
	ck_assert_uint_eq(c->n_exempt_packages, 3);
	ck_assert_str_eq(c->exempt_packages[0], "linux-image-*");
	ck_assert_str_eq(c->exempt_packages[1], "dkms");
	ck_assert_str_eq(c->exempt_packages[2], "nvidia-*");
	ck_assert_int_eq(c->check_before, CONF_CHECK_REFUSE);
	ck_assert_uint_eq(c->digests, CONF_DIGEST_MD5 | CONF_DIGEST_SHA256);
	ck_assert(c->overlay);
	ck_assert_int_eq(c->mounts, CONF_MOUNTS_REMOUNT);
	ck_assert(c->volatile_database);
	ck_assert_int_eq(c->jobs, 1024);
	ck_assert_uint_eq(c->quarantine_limit, 3072);
	ck_assert_uint_eq(c->log, LOG_TO_FILE | LOG_TO_SYSLOG);
	ck_assert_str_eq(c->sign_key, "/root/a = b");
}

START_TEST(every_key_is_read)
{
	struct conf *c = good(everything);

	expect_everything(c);
	conf_free(c);
	c = good("log = syslog\nlog = file\njobs = 3\njobs = 0\n");
	expect_defaults(c);
	conf_free(c);
	c = good("quarantine-limit = 15G\ncheck-before = off\n");
	ck_assert_uint_eq(c->quarantine_limit, 15ull << 30);
	ck_assert_int_eq(c->check_before, CONF_CHECK_OFF);
	conf_free(c);
}
END_TEST

START_TEST(format_reads_back_to_the_same)
{
	struct conf *c = good(everything), *d;
	struct buf text;

	buf_init(&text, 0);
	ck_assert_int_eq(conf_format(c, &text), 0);
	d = good(text.data);
	expect_everything(d);
	conf_free(c);
	conf_free(d);
	buf_clear(&text);
	c = conf_defaults();
	ck_assert_int_eq(conf_format(c, &text), 0);
	d = good(text.data);
	expect_defaults(d);
	conf_free(c);
	conf_free(d);
	buf_free(&text);
	buf_init(&text, 20);
	c = conf_defaults();
	ck_assert_int_eq(conf_format(c, &text), ERR_LIMIT);
	ck_assert_uint_eq(text.len, 0);
	conf_free(c);
	buf_free(&text);
}
END_TEST

/* "/a " is a name, too, but blanks at the end of a line are none. */
START_TEST(a_pattern_that_ends_in_a_blank_reads_back)
{
	struct conf *c = good("exempt = /a /\nprotect = /b\t//\n"), *d;
	struct buf text;

	ck_assert_str_eq(c->globs[0].pattern, "/a ");
	buf_init(&text, 0);
	ck_assert_int_eq(conf_format(c, &text), 0);
	d = good(text.data);
	ck_assert_str_eq(d->globs[0].pattern, "/a ");
	ck_assert_str_eq(d->globs[1].pattern, "/b\t");
	conf_free(c);
	conf_free(d);
	buf_free(&text);
}
END_TEST

START_TEST(bad_lines_are_named)
{
	static const char *const lines[] = {
		"exmpt = /a", "exempt", "exempt =", "= /a", "exempt /a",
		"Exempt = /a", "exempt = usr/bin", "protect = x",
		"check-before = yes", "check-before = warn off",
		"digests = sha512", "digests = sha1,sha256", "overlay = maybe",
		"overlay = YES", "mounts = on", "mounts = auto off",
		"volatile-database = yes", "jobs = 1025", "jobs = -1", "jobs = x",
		"jobs = 1 2", "jobs = 0x4", "quarantine-limit = K",
		"quarantine-limit = 1T", "quarantine-limit = 1k",
		"quarantine-limit = -1", "quarantine-limit = 1KK",
		"quarantine-limit = 99999999999999999999",
		"quarantine-limit = 17179869184G", "log = stderr",
		"log = file syslog", "sign-key =", "jobs = 4\r",
		"exempt = /a\x01", "exempt = /\x7f", "\xef\xbb\xbfjobs = 1",
	};
	char text[200];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		bad(lines[i], 1);
		snprintf(text, sizeof(text), "# c\njobs = 1\n%s\njobs = 2\n",
		         lines[i]);
		bad(text, 3);
	}
}
END_TEST

START_TEST(binary_and_huge_lines_are_refused_or_read)
{
	struct conf *c = untouched;
	unsigned int state = 1;
	char *huge = malloc(300000);
	char noise[400];

	ck_assert_int_eq(conf_parse("t", "jobs = 1\0\n", 10, &c, &diag),
	                 ERR_FORMAT);
	memset(huge, 'a', 300000);
	ck_assert_int_eq(conf_parse("t", huge, 300000, &c, &diag), ERR_FORMAT);
	memcpy(huge, "exempt = /", 10);
	ck_assert_int_eq(conf_parse("t", huge, 300000, &c, &diag), 0);
	ck_assert_uint_eq(strlen(c->globs[0].pattern), 300000 - 9);
	conf_free(c);
	free(huge);
	for (int i = 0; i < 2000; i++) {
		size_t n = sizeof(everything) - 1;

		memcpy(noise, everything, n);
		for (int k = 0; k < 3; k++)
			noise[scratch_random(&state, (unsigned int)n)] =
			    (char)scratch_random(&state, 256);
		if (conf_parse("t", noise, n, &c, NULL) == 0)
			conf_free(c);
	}
}
END_TEST

static int
load(bool guest, const char *file, struct conf **ret)
{
	memset(&diag, 0, sizeof(diag));
	return conf_load(scratch_fd, guest, file, ret, &diag);
}

static void
make_etc(void)
{
	ck_assert_int_eq(mkdirat(scratch_fd, "etc", 0755), 0);
	ck_assert_int_eq(mkdirat(scratch_fd, "etc/dpkg-immutable.conf.d",
	                         0755), 0);
}

START_TEST(missing_files_are_fine)
{
	struct conf *c;

	ck_assert_int_eq(load(false, NULL, &c), 0);
	expect_defaults(c);
	conf_free(c);
	ck_assert_int_eq(mkdirat(scratch_fd, "etc", 0755), 0);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(load(false, NULL, &c), 0);
	expect_defaults(c);
	conf_free(c);
	ck_assert_int_eq(load(false, "/nonexistent/x.conf", &c), -ENOENT);
	ck_assert_str_eq(diag.file, "/nonexistent/x.conf");
}
END_TEST

START_TEST(files_come_in_order_of_bytes)
{
	struct conf *c;

	make_etc();
	scratch_text("etc/dpkg-immutable.conf", "exempt = /0\njobs = 1\n");
#define D "etc/dpkg-immutable.conf.d/"
	scratch_text(D "b.conf", "exempt = /b\njobs = 7\n");
	scratch_text(D "B.conf", "exempt = /B\njobs = 6\n");
	scratch_text(D "a.conf", "exempt = /a\n");
	scratch_text(D "10.conf", "exempt = /10");
	scratch_text(D "9.conf", "protect = /9");
	scratch_text(D ".conf", "bad");
	scratch_text(D ".hidden.conf", "bad");
	scratch_text(D "x.conf.dpkg-old", "bad");
	scratch_text(D "README", "bad");
	if (geteuid() != 0) {
		ck_assert_int_eq(load(false, NULL, &c), ERR_UNSAFE);
		return;
	}
	ck_assert_int_eq(load(false, NULL, &c), 0);
	ck_assert_uint_eq(c->n_globs, 6);
	ck_assert_str_eq(c->globs[0].pattern, "/0");
	ck_assert_str_eq(c->globs[1].pattern, "/10");
	ck_assert_str_eq(c->globs[2].pattern, "/9");
	ck_assert_str_eq(c->globs[3].pattern, "/B");
	ck_assert_str_eq(c->globs[4].pattern, "/a");
	ck_assert_str_eq(c->globs[5].pattern, "/b");
	ck_assert_int_eq(c->jobs, 7);
	conf_free(c);
	scratch_text(D "a.conf", "\nnonsense = 1\n");
	ck_assert_int_eq(load(false, NULL, &c), ERR_FORMAT);
	ck_assert_str_eq(diag.file, "/etc/dpkg-immutable.conf.d/a.conf");
	ck_assert_uint_eq(diag.line, 2);
}
END_TEST

START_TEST(a_guest_cannot_steer_the_host)
{
	struct conf *c;

	if (geteuid() != 0)
		return;
	make_etc();
	scratch_text("etc/dpkg-immutable.conf", everything);
	ck_assert_int_eq(load(false, NULL, &c), 0);
	expect_everything(c);
	conf_free(c);
	ck_assert_int_eq(load(true, NULL, &c), 0);
	ck_assert_uint_eq(c->n_globs, 3);
	ck_assert_int_eq(c->check_before, CONF_CHECK_REFUSE);
	ck_assert(c->overlay);
	ck_assert_int_eq(c->mounts, CONF_MOUNTS_AUTO);
	ck_assert_int_eq(c->jobs, 0);
	ck_assert_uint_eq(c->quarantine_limit, 256u << 20);
	ck_assert_uint_eq(c->log, LOG_TO_FILE);
	ck_assert_ptr_null(c->sign_key);
	conf_free(c);
	scratch_text("etc/dpkg-immutable.conf", "jobs = many\n");
	ck_assert_int_eq(load(true, NULL, &c), ERR_FORMAT);
}
END_TEST

START_TEST(a_file_can_be_named)
{
	char path[200];
	struct conf *c;

	if (geteuid() != 0)
		return;
	make_etc();
	scratch_text("etc/dpkg-immutable.conf", "bad");
	scratch_text("mine", "jobs = 5\n");
	snprintf(path, sizeof(path), "%s/mine", scratch_path);
	ck_assert_int_eq(load(false, path, &c), 0);
	ck_assert_int_eq(c->jobs, 5);
	conf_free(c);
	ck_assert_int_eq(load(false, scratch_path, &c), ERR_UNSAFE);
}
END_TEST

static void
expect_unsafe(const char *where)
{
	struct conf *c = untouched;

	ck_assert_int_eq(load(false, NULL, &c), ERR_UNSAFE);
	ck_assert_ptr_eq(c, untouched);
	ck_assert_str_eq(diag.file, where);
}

START_TEST(what_others_could_write_is_not_trusted)
{
	static const char main_name[] = "/etc/dpkg-immutable.conf";
	struct conf *c;

	if (geteuid() != 0)
		return;
	make_etc();
	scratch_text("etc/dpkg-immutable.conf", "jobs = 1\n");
	ck_assert_int_eq(fchmodat(scratch_fd, main_name + 1, 0664, 0), 0);
	expect_unsafe(main_name);
	ck_assert_int_eq(fchmodat(scratch_fd, main_name + 1, 0602, 0), 0);
	expect_unsafe(main_name);
	ck_assert_int_eq(fchmodat(scratch_fd, main_name + 1, 0444, 0), 0);
	ck_assert_int_eq(load(false, NULL, &c), 0);
	conf_free(c);
	ck_assert_int_eq(fchownat(scratch_fd, main_name + 1, 65534, 0, 0), 0);
	expect_unsafe(main_name);
	ck_assert_int_eq(unlinkat(scratch_fd, main_name + 1, 0), 0);
	ck_assert_int_eq(symlinkat("x", scratch_fd, main_name + 1), 0);
	expect_unsafe(main_name);
	ck_assert_int_eq(unlinkat(scratch_fd, main_name + 1, 0), 0);
	ck_assert_int_eq(mkfifoat(scratch_fd, main_name + 1, 0600), 0);
	expect_unsafe(main_name);
	ck_assert_int_eq(unlinkat(scratch_fd, main_name + 1, 0), 0);
	ck_assert_int_eq(fchmodat(scratch_fd, "etc/dpkg-immutable.conf.d",
	                          0775, 0), 0);
	expect_unsafe("/etc/dpkg-immutable.conf.d");
	ck_assert_int_eq(renameat(scratch_fd, "etc", scratch_fd, "e"), 0);
	ck_assert_int_eq(symlinkat("e", scratch_fd, "etc"), 0);
	expect_unsafe("/etc");
}
END_TEST

START_TEST(a_file_is_bounded)
{
	size_t n = (1u << 20) + 1;
	char *text = malloc(n);
	struct conf *c = untouched;

	if (geteuid() == 0) {
		make_etc();
		memset(text, '\n', n);
		scratch_write("etc/dpkg-immutable.conf", text, n - 1);
		ck_assert_int_eq(load(false, NULL, &c), 0);
		conf_free(c);
		scratch_write("etc/dpkg-immutable.conf", text, n);
		ck_assert_int_eq(load(false, NULL, &c), ERR_LIMIT);
		ck_assert_str_eq(diag.file, "/etc/dpkg-immutable.conf");
	}
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("conf");
	TCase *t = tcase_create("conf");

	tcase_add_checked_fixture(t, scratch_open, scratch_close);
	tcase_add_test(t, nothing_gives_the_defaults);
	tcase_add_test(t, every_key_is_read);
	tcase_add_test(t, format_reads_back_to_the_same);
	tcase_add_test(t, a_pattern_that_ends_in_a_blank_reads_back);
	tcase_add_test(t, bad_lines_are_named);
	tcase_add_test(t, binary_and_huge_lines_are_refused_or_read);
	tcase_add_test(t, missing_files_are_fine);
	tcase_add_test(t, files_come_in_order_of_bytes);
	tcase_add_test(t, a_guest_cannot_steer_the_host);
	tcase_add_test(t, a_file_can_be_named);
	tcase_add_test(t, what_others_could_write_is_not_trusted);
	tcase_add_test(t, a_file_is_bounded);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
