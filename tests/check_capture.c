/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart.h"
#include "capture.h"
#include "check_main.h"
#include "err.h"
#include "scratch.h"

static char *environment[] = { (char *)"PATH=/usr/bin:/bin", NULL };

static int
start(const char *script, struct capture *c)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)script,
		         NULL };

	return capture_start(argv, environment, -1, false, c);
}

/* All that it prints. */
static size_t
drain(int fd, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size - 1 && (got = read(fd, text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	return n;
}

/* The set is larger than what the kernel knows of it. */
static bool
same_mask(const sigset_t *a, const sigset_t *b)
{
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		if (sigismember(a, sig) != sigismember(b, sig))
			return false;
	return true;
}

static void
no_child_left(void)
{
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

START_TEST(output)
{
	struct capture c;
	char text[64];

	ck_assert_int_eq(start("echo one; echo two >&2; echo three", &c), 0);
	ck_assert_int_eq(fcntl(c.fd, F_GETFD), FD_CLOEXEC);
	drain(c.fd, text, sizeof(text));
	ck_assert_str_eq(text, "one\nthree\n");
	ck_assert_int_eq(capture_end(&c, 0), 0);
	no_child_left();
}
END_TEST

START_TEST(much_output)
{
	char text[70000];
	struct capture c;
	ssize_t n;
	long all = 0;

	ck_assert_int_eq(start("head -c 3000000 /dev/zero", &c), 0);
	while ((n = read(c.fd, text, sizeof(text))) > 0)
		all += n;
	ck_assert_int_eq(all, 3000000);
	ck_assert_int_eq(capture_end(&c, 0), 0);
}
END_TEST

START_TEST(failures)
{
	static const char *const scripts[] = {
		"exit 1", "exit 2", "exit 255", "kill -9 $$", "kill -13 $$",
		"kill -15 $$",
	};
	struct capture c;
	char text[8];

	ck_assert_int_eq(start(scripts[_i], &c), 0);
	drain(c.fd, text, sizeof(text));
	ck_assert_int_eq(capture_end(&c, 0), ERR_CHILD);
	no_child_left();
}
END_TEST

START_TEST(closed_early)
{
	struct capture c;
	char text[8];

	ck_assert_int_eq(start("exec yes", &c), 0);
	ck_assert_int_eq(read(c.fd, text, 4), 4);
	ck_assert_int_eq(capture_end(&c, 1), 0);
	ck_assert_int_eq(start("exec yes", &c), 0);
	ck_assert_int_eq(read(c.fd, text, 4), 4);
	ck_assert_int_eq(capture_end(&c, 0), ERR_CHILD);
	ck_assert_int_eq(start("exit 2", &c), 0);
	ck_assert_int_eq(capture_end(&c, 1), ERR_CHILD);
	ck_assert_int_eq(start("kill -9 $$", &c), 0);
	ck_assert_int_eq(capture_end(&c, 1), ERR_CHILD);
	no_child_left();
}
END_TEST

START_TEST(what_cannot_be_started)
{
	char *argv[] = { (char *)"/no/such", NULL };
	struct capture c = { .pid = 5, .fd = 6 };

	ck_assert_int_eq(capture_start(argv, environment, -1, false, &c), -ENOENT);
	argv[0] = (char *)"/";
	ck_assert_int_eq(capture_start(argv, environment, -1, false, &c), -EACCES);
	ck_assert_int_eq(c.pid, 5);
	ck_assert_int_eq(c.fd, 6);
	no_child_left();
}
END_TEST

/* ls has one more, the folder itself. */
static int
list_descriptors(int i)
{
	char *argv[] = { (char *)"/bin/ls", (char *)"/proc/self/fd", NULL };
	struct capture c;
	char text[256];
	int ends[2];

	HOLDS(pipe2(ends, 0) == 0);
	HOLDS(dup2(ends[0], 200) == 200);
	/* as in a sandbox that does not know close_range */
	HOLDS(i < 1 || deny(SYS_close_range, -1, 0, ENOSYS));
	HOLDS(i < 2 || deny(SYS_prlimit64, -1, 0, EPERM));
	HOLDS(capture_start(argv, environment, -1, false, &c) == 0);
	drain(c.fd, text, sizeof(text));
	HOLDS(strcmp(text, "0\n1\n2\n3\n") == 0);
	HOLDS(capture_end(&c, 0) == 0);
	return 0;
}

APART_TEST(only_three_descriptors, list_descriptors)

START_TEST(null_in_and_err)
{
	char *argv[] = { (char *)"/bin/readlink", (char *)"/proc/self/fd/0",
		         (char *)"/proc/self/fd/2", NULL };
	struct capture c;
	char text[256];

	ck_assert_int_eq(capture_start(argv, environment, -1, false, &c), 0);
	drain(c.fd, text, sizeof(text));
	ck_assert_str_eq(text, "/dev/null\n/dev/null\n");
	ck_assert_int_eq(capture_end(&c, 0), 0);
}
END_TEST

/* We ourselves may have been started without the first three. */
START_TEST(from_closed_descriptors)
{
	struct capture c = { .fd = -1 };
	char text[64] = "";
	int kept[3], i, err;

	fflush(NULL);
	for (i = 0; i < 3; i++)
		kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
	for (i = 0; i < 3; i++)
		close(i);
	err = start("cat; echo out; echo err >&2", &c);
	if (err == 0) {
		drain(c.fd, text, sizeof(text));
		i = c.fd;
		err = capture_end(&c, 0);
	}
	dup2(kept[0], 0);
	dup2(kept[1], 1);
	dup2(kept[2], 2);
	ck_assert_int_eq(err, 0);
	ck_assert_int_gt(i, 2);
	ck_assert_str_eq(text, "out\n");
}
END_TEST

START_TEST(default_signals_and_mask)
{
	char *argv[] = { (char *)"/bin/grep", (char *)"^Sig[BI]",
		         (char *)"/proc/self/status", NULL };
	unsigned long long blocked, ignored;
	sigset_t set, before, after;
	struct capture c;
	char text[256];

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigprocmask(SIG_SETMASK, NULL, &before);
	ck_assert_int_eq(capture_start(argv, environment, -1, false, &c), 0);
	drain(c.fd, text, sizeof(text));
	ck_assert_int_eq(capture_end(&c, 0), 0);
	ck_assert_int_eq(sscanf(text, "SigBlk: %llx SigIgn: %llx", &blocked,
	                        &ignored), 2);
	ck_assert_uint_eq(blocked, 0);
	/* 32 and 33 are the C library's own: nobody can be given them back */
	ck_assert_uint_eq(ignored & ~0x180000000ULL, 0);
	sigprocmask(SIG_SETMASK, NULL, &after);
	ck_assert(same_mask(&before, &after));
}
END_TEST

START_TEST(given_environment)
{
	char *argv[] = { (char *)"/usr/bin/env", NULL };
	char *env[] = { (char *)"A=1", (char *)"B=two", NULL };
	struct capture c;
	char text[256];

	setenv("MINE", "secret", 1);
	ck_assert_int_eq(capture_start(argv, env, -1, false, &c), 0);
	drain(c.fd, text, sizeof(text));
	ck_assert_int_eq(capture_end(&c, 0), 0);
	ck_assert_str_eq(text, "A=1\nB=two\n");
}
END_TEST

START_TEST(given_input)
{
	char *argv[] = { (char *)"/bin/cat", NULL };
	struct capture c;
	char text[64];
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(write(ends[1], "words\n", 6), 6);
	close(ends[1]);
	ck_assert_int_eq(capture_start(argv, environment, ends[0], false, &c),
	                 0);
	drain(c.fd, text, sizeof(text));
	ck_assert_int_eq(capture_end(&c, 0), 0);
	ck_assert_str_eq(text, "words\n");
	/* borrowed */
	ck_assert_int_ge(fcntl(ends[0], F_GETFD), 0);
	close(ends[0]);
}
END_TEST

START_TEST(bare_without_capabilities)
{
	char *argv[] = { (char *)"/bin/grep", (char *)"^Cap[IPEA]\\|^NoNew",
		         (char *)"/proc/self/status", NULL };
	struct capture c;
	char text[512];

	ck_assert_int_eq(capture_start(argv, environment, -1, true, &c), 0);
	drain(c.fd, text, sizeof(text));
	ck_assert_int_eq(capture_end(&c, 0), 0);
	ck_assert_str_eq(text, "CapInh:\t0000000000000000\n"
	                 "CapPrm:\t0000000000000000\n"
	                 "CapEff:\t0000000000000000\n"
	                 "CapAmb:\t0000000000000000\n"
	                 "NoNewPrivs:\t1\n");
}
END_TEST

/* Another's reader: what it reads may be made to take it over. */
START_TEST(bare_without_writing)
{
	const char *const scripts[] = {
		"exec 3<there && read word <&3 && test $word = words",
		"exec 3>>there", "exec 3>new", "mkdir folder", "rm there"
	};
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", NULL, NULL };
	struct capture c;

	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 0) {
		printf("# skipped: no Landlock\n");
		return;
	}
	scratch_open();
	scratch_write("there", "words\n", 6);
	ck_assert_int_eq(fchdir(scratch_fd), 0);
	for (size_t i = 0; i < 5; i++) {
		argv[2] = (char *)scripts[i];
		ck_assert_int_eq(capture_start(argv, environment, -1, true,
		                               &c), 0);
		ck_assert_int_eq(capture_end(&c, 0), i > 0 ? ERR_CHILD : 0);
		ck_assert_int_eq(capture_start(argv, environment, -1, false,
		                               &c), 0);
		ck_assert_int_eq(capture_end(&c, 0), 0);
	}
	ck_assert_int_eq(chdir("/"), 0);
	scratch_close();
}
END_TEST

/* Each step of the way, until there are enough. */
static int
start_with_few(int unused)
{
	struct capture c = { .pid = 5, .fd = 6 };
	struct rlimit before;
	char text[8];

	(void)unused;
	for (int room = 0; room < 6; room++) {
		int open_now = descriptors_open(), r;

		HOLDS(room_for(room, &before));
		r = start("echo", &c);
		HOLDS(setrlimit(RLIMIT_NOFILE, &before) == 0);
		HOLDS(r == -EMFILE);
		HOLDS(c.pid == 5 && c.fd == 6);
		HOLDS(descriptors_open() == open_now);
	}
	HOLDS(room_for(6, &before));
	HOLDS(start("echo", &c) == 0);
	HOLDS(setrlimit(RLIMIT_NOFILE, &before) == 0);
	HOLDS(drain(c.fd, text, sizeof(text)) == 1);
	HOLDS(capture_end(&c, 0) == 0);
	return 0;
}

APART_TEST(few_descriptors, start_with_few)

/* Nothing is left of what the kernel refuses: process, descriptors. */
static int
start_refused(int i)
{
	struct capture c = { .pid = 5, .fd = 6 };
	int open_now = descriptors_open(), err = EBUSY;

	if (i < 3) {
#ifdef SYS_dup2
		HOLDS(deny(SYS_dup2, 1, (unsigned int)i, EBUSY));
#endif
		HOLDS(deny(SYS_dup3, 1, (unsigned int)i, EBUSY));
	} else if (i == 3) {
		HOLDS(deny_fork());
		err = EAGAIN;
	} else {
		HOLDS(deny(SYS_openat, 2, O_RDWR, EACCES));
		HOLDS(deny(SYS_openat, 2, O_PATH, ENFILE));
		err = ENFILE;
	}
	HOLDS(start("echo", &c) == -err);
	HOLDS(c.pid == 5 && c.fd == 6);
	HOLDS(descriptors_open() == open_now);
	HOLDS(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	return 0;
}

APART_TEST(the_kernel_refuses, start_refused)

static int
start_without_null(int unused)
{
	char *argv[] = { (char *)"/bin/readlink", (char *)"/proc/self/fd/0",
		         (char *)"/proc/self/fd/2", NULL };
	struct capture c;
	char text[64];

	(void)unused;
	HOLDS(deny(SYS_openat, 2, O_RDWR, ENOENT));
	HOLDS(capture_start(argv, environment, -1, false, &c) == 0);
	drain(c.fd, text, sizeof(text));
	HOLDS(capture_end(&c, 0) == 0);
	HOLDS(strcmp(text, "/\n/\n") == 0);
	/* and nothing can be read or written there */
	HOLDS(start("read word && exit 3; echo >&2 && exit 4; exit 0", &c) ==
	      0);
	HOLDS(capture_end(&c, 0) == 0);
	return 0;
}

APART_TEST(a_root_without_devices, start_without_null)

/* It can't tell us that there is no such program: its status does. */
static int
start_and_hear_nothing(int unused)
{
	char *argv[] = { (char *)"/no/such", NULL };
	struct capture c;

	(void)unused;
	HOLDS(deny(SYS_write, 2, sizeof(int), EIO));
	HOLDS(capture_start(argv, environment, -1, false, &c) == 0);
	HOLDS(capture_end(&c, 0) == ERR_CHILD);
	return 0;
}

APART_TEST(a_report_that_is_lost, start_and_hear_nothing)

static int
start_and_be_interrupted(int unused)
{
	struct capture c;

	(void)unused;
	HOLDS(interrupt());
	HOLDS(start("sleep 0.2; exit 0", &c) == 0);
	HOLDS(capture_end(&c, 0) == 0);
	HOLDS(start("sleep 0.2; exit 3", &c) == 0);
	HOLDS(capture_end(&c, 0) == ERR_CHILD);
	HOLDS(apart_ticks >= 4);
	return 0;
}

APART_TEST(interrupted, start_and_be_interrupted)

/* Nobody knows how it ended, and a listing that was cut off is none. */
START_TEST(reaped_by_somebody_else)
{
	struct capture c;

	signal(SIGCHLD, SIG_IGN);
	ck_assert_int_eq(start("exit 0", &c), 0);
	ck_assert_int_eq(capture_end(&c, 0), ERR_CHILD);
	ck_assert_int_eq(c.fd, -1);
	ck_assert_int_eq(c.pid, -1);
	signal(SIGCHLD, SIG_DFL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("capture");
	TCase *t = tcase_create("capture");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, output);
	tcase_add_test(t, much_output);
	tcase_add_loop_test(t, failures, 0, 6);
	tcase_add_test(t, closed_early);
	tcase_add_test(t, what_cannot_be_started);
	tcase_add_loop_test(t, only_three_descriptors, 0, 3);
	tcase_add_test(t, null_in_and_err);
	tcase_add_test(t, from_closed_descriptors);
	tcase_add_test(t, default_signals_and_mask);
	tcase_add_test(t, given_environment);
	tcase_add_test(t, given_input);
	tcase_add_test(t, bare_without_capabilities);
	tcase_add_test(t, bare_without_writing);
	tcase_add_test(t, few_descriptors);
	tcase_add_loop_test(t, the_kernel_refuses, 0, 5);
	tcase_add_test(t, a_root_without_devices);
	tcase_add_test(t, a_report_that_is_lost);
	tcase_add_test(t, interrupted);
	tcase_add_test(t, reaped_by_somebody_else);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
