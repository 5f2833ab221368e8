/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_main.h"
#include "origin.h"

/* What a child of ours sees; `before` runs in it first. */
static void
read_in_child(void (*before)(void), struct origin *ret)
{
	int ends[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct origin o;

		if (before != NULL)
			before();
		memset(&o, 'x', sizeof(o));
		origin_read(getpid(), &o);
		_exit(write(ends[1], &o, sizeof(o)) != sizeof(o));
	}
	ck_assert_int_eq(read(ends[0], ret, sizeof(*ret)), sizeof(*ret));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(ends[0]);
	close(ends[1]);
}

/* As /proc has it, NULs as blanks. */
static size_t
slurp(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, size - 1, f);
	fclose(f);
	text[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\n'))
		text[--n] = '\0';
	return n;
}

START_TEST(the_parent_is_named)
{
	char line[4096], uid[32];
	struct origin o;

	ck_assert_int_eq(prctl(PR_SET_NAME, "a b) (\n\x01\x7f\xc3\xa4"), 0);
	read_in_child(NULL, &o);
	ck_assert_int_eq(o.parent, getpid());
	ck_assert_str_eq(o.parent_name, "a b) (???\xc3\xa4");
	slurp("/proc/self/cmdline", line, sizeof(line));
	line[255] = '\0';
	ck_assert_str_eq(o.parent_line, line);
	slurp("/proc/self/loginuid", uid, sizeof(uid));
	if (strcmp(uid, "4294967295") == 0)
		ck_assert_int_eq(o.login_uid, -1);
	else
		ck_assert_int_eq(o.login_uid, strtol(uid, NULL, 10));
}
END_TEST

/* The kernel shows what stands in the memory of the arguments: ours may be
 * written over, as far as it goes. */
START_TEST(control_bytes_of_the_line)
{
	char line[4096], *args = NULL;
	struct origin o;
	FILE *f = fopen("/proc/self/stat", "r");
	unsigned long start = 0;
	size_t n;

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	fclose(f);
	/* field 48, arg_start; fields are counted from behind the name */
	args = strrchr(line, ')') + 2;
	for (int i = 3; i < 48; i++)
		args = strchr(args, ' ') + 1;
	start = strtoul(args, NULL, 10);
	if (start == 0)
		return;
	args = (char *)start;	/* NOLINT: an address that the kernel told */
	n = strlen(args);
	ck_assert_uint_ge(n, 4);
	args[0] = '\n';
	args[1] = '\x1b';
	args[2] = '\xff';
	read_in_child(NULL, &o);
	ck_assert_int_eq(strncmp(o.parent_line, "??\xff", 3), 0);
	ck_assert_int_eq(o.parent_line[3], args[3]);
}
END_TEST

static char pts_name[64];

static void
take_tty(void)
{
	int fd;

	if (setsid() < 0)
		abort();
	fd = open(pts_name, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		abort();
}

static void
leave_tty(void)
{
	if (setsid() < 0)
		abort();
}

START_TEST(the_terminal_is_named)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct origin o;

	read_in_child(leave_tty, &o);
	ck_assert_str_eq(o.tty, "");
	if (fd < 0) {
		printf("# skipped: no pseudo terminals\n");
		return;
	}
	ck_assert_int_eq(grantpt(fd), 0);
	ck_assert_int_eq(unlockpt(fd), 0);
	ck_assert_int_eq(ptsname_r(fd, pts_name, sizeof(pts_name)), 0);
	read_in_child(take_tty, &o);
	ck_assert_str_eq(o.tty, pts_name + strlen("/dev/"));
	close(fd);
}
END_TEST

/* A /proc of our own making, which only this process sees. */
static bool
false_proc(void)
{
	const char *mode = getenv("CK_FORK");

	if ((mode != NULL && strcmp(mode, "no") == 0) ||
	    geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/proc", "tmpfs", 0, NULL) < 0) {
		printf("# skipped: needs root and a mount namespace\n");
		return false;
	}
	return true;
}

/* The leak sanitizer wants the real one back. */
static void
true_proc(void)
{
	ck_assert_int_eq(umount2("/proc", MNT_DETACH), 0);
}

static void
put(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	close(fd);
}

#define put_text(path, text) put(path, text, strlen(text))

START_TEST(nothing_to_read)
{
	struct origin o;

	if (!false_proc())
		return;
	memset(&o, 'x', sizeof(o));
	origin_read(getpid(), &o);
	ck_assert_int_eq(o.login_uid, -1);
	ck_assert_str_eq(o.tty, "");
	ck_assert_int_eq(o.parent, getppid());
	ck_assert_str_eq(o.parent_name, "");
	ck_assert_str_eq(o.parent_line, "");
	true_proc();
}
END_TEST

START_TEST(terminals_and_uids)
{
	static const struct {
		const char *stat, *tty;
	} ttys[] = {
		{ "1 (a) S 2 3 4 0 -1", "" },
		{ "1 (a) S 2 3 4 34816 -1", "pts/0" },
		{ "1 (a) ) S 9 9 9 9 9 (b) S 2 3 4 34819 -1", "pts/3" },
		{ "1 (a) S 2 3 4 35071 -1", "pts/255" },
		{ "1 (a) S 2 3 4 1083396 -1", "pts/260" },
		{ "1 (a) S 2 3 4 35072 -1", "pts/256" },
		{ "1 (a) S 2 3 4 1025 -1", "tty1" },
		{ "1 (a) S 2 3 4 1087 -1", "tty63" },
		{ "1 (a) S 2 3 4 1088 -1", "ttyS0" },
		{ "1 (a) S 2 3 4 1091 -1", "ttyS3" },
		{ "1 (a) S 2 3 4 58624 -1", "229:0" },
		{ "1 (a) S 2 3 4 -1 -1", "4095:1048575" },
		{ "1 (a) S 2 3 4", "" }, { "1 (a) S 2 3 4 x", "" },
		{ "1 a S 2 3 4 34816 -1", "" }, { "", "" }, { "\x80", "" }
	};
	static const struct {
		const char *text;
		long uid;
	} uids[] = {
		{ "0", 0 }, { "1000\n", 1000 }, { "4294967294", 4294967294 },
		{ "4294967295", -1 }, { "-1", -1 }, { "", -1 }, { "x", -1 },
		{ "1 2", -1 }, { "99999999999999999999999", -1 }
	};
	struct origin o;

	if (!false_proc())
		return;
	ck_assert_int_eq(mkdir("/proc/self", 0755), 0);
	for (size_t i = 0; i < sizeof(ttys) / sizeof(ttys[0]); i++) {
		put_text("/proc/self/stat", ttys[i].stat);
		origin_read(getpid(), &o);
		ck_assert_str_eq(o.tty, ttys[i].tty);
	}
	for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++) {
		put_text("/proc/self/loginuid", uids[i].text);
		origin_read(getpid(), &o);
		ck_assert_int_eq(o.login_uid, uids[i].uid);
	}
	true_proc();
}
END_TEST

START_TEST(lines_are_cut)
{
	char folder[64], path[128], text[8192];
	struct origin o;
	size_t n;

	if (!false_proc())
		return;
	snprintf(folder, sizeof(folder), "/proc/%d", (int)getppid());
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	snprintf(path, sizeof(path), "%s/cmdline", folder);
	put(path, "apt-get\0install\0\0foo bar\0\0\0", 26);
	origin_read(getpid(), &o);
	ck_assert_str_eq(o.parent_line, "apt-get install  foo bar");
	/* at every place of a character of two, three and four bytes */
	for (size_t k = 0; k < 5; k++) {
		static const char *const many[] = { "\xc3\xa4",
		    "\xe2\x82\xac", "\xf0\x9f\x98\x80" };

		for (int m = 0; m < 3; m++) {
			memset(text, 'a', k);
			n = k;
			while (n < 4000) {
				memcpy(text + n, many[m], strlen(many[m]));
				n += strlen(many[m]);
			}
			put(path, text, n);
			origin_read(getpid(), &o);
			n = strlen(o.parent_line);
			ck_assert_uint_le(n, 255);
			ck_assert_uint_ge(n, 248);
			ck_assert_uint_eq((n - k) % strlen(many[m]), 0);
			ck_assert_int_eq(memcmp(o.parent_line, text, n), 0);
		}
	}
	memset(text, '\xa4', sizeof(text));
	put(path, text, sizeof(text));
	origin_read(getpid(), &o);
	ck_assert_uint_eq(strlen(o.parent_line), 255);
	snprintf(path, sizeof(path), "%s/comm", folder);
	memset(text, 'c', sizeof(text));
	put(path, text, sizeof(text));
	origin_read(getpid(), &o);
	ck_assert_uint_eq(strlen(o.parent_name), 63);
	true_proc();
}
END_TEST

/* The first process of all was called by nobody that we could name. */
START_TEST(nobody_called_it)
{
	struct origin o;

	memset(&o, 'x', sizeof(o));
	origin_read(1, &o);
	ck_assert_int_eq(o.parent, 0);
	ck_assert_str_eq(o.parent_name, "");
	ck_assert_str_eq(o.parent_line, "");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("origin");
	TCase *t = tcase_create("origin");

	tcase_add_test(t, the_parent_is_named);
	tcase_add_test(t, control_bytes_of_the_line);
	tcase_add_test(t, the_terminal_is_named);
	tcase_add_test(t, nothing_to_read);
	tcase_add_test(t, terminals_and_uids);
	tcase_add_test(t, lines_are_cut);
	tcase_add_test(t, nobody_called_it);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
