/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <fcntl.h>
#include <sys/stat.h>

#include "apart.h"
#include "check_main.h"
#include "worker.h"

/* Starts one that ends so; its pid. */
static pid_t
worker_that_ends(int status, int sig)
{
	pid_t pid = worker_fork();

	if (pid != 0)
		return pid;
	if (sig != 0)
		kill(getpid(), sig);
	worker_end(status);
}

static int
ends(int interrupted)
{
	const int signals[] = { SIGKILL, SIGTERM, SIGPIPE };

	for (int status = 0; status < 256; status += 51)
		HOLDS(worker_wait(worker_that_ends(status, 0)) == status);
	for (int i = 0; i < 3; i++) {
		signal(signals[i], SIG_DFL);
		HOLDS(worker_wait(worker_that_ends(0, signals[i])) ==
		      256 + signals[i]);
	}
	HOLDS(worker_wait(getpid()) == -ECHILD);
	if (interrupted) {
		pid_t pid = worker_fork();

		if (pid == 0) {
			usleep(200000);
			worker_end(9);
		}
		HOLDS(interrupt());
		HOLDS(worker_wait(pid) == 9);
		HOLDS(apart_ticks >= 4);
	}
	return 0;
}

START_TEST(how_it_ends)
{
	apart(ends, 1);
}
END_TEST

START_TEST(what_is_buffered_is_written)
{
	FILE *f = tmpfile();
	char text[16];
	pid_t pid;

	ck_assert_ptr_nonnull(f);
	fflush(NULL);
	umask(077);
	pid = worker_fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/* and the mask is none */
		fprintf(f, "%03o\n", (unsigned int)umask(022));
		worker_end(0);
	}
	ck_assert_int_eq(worker_wait(pid), 0);
	rewind(f);
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), f));
	ck_assert_str_eq(text, "000\n");
	ck_assert_uint_eq(umask(022), 077);
	fclose(f);
}
END_TEST

/* The other end of a pipe is closed once nobody lives who has it. */
START_TEST(it_ends_with_its_parent)
{
	int told[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe2(told, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (worker_fork() == 0) {
			if (write(told[1], "x", 1) == 1)
				for (;;)
					pause();
			worker_end(0);
		}
		for (;;)
			pause();
	}
	close(told[1]);
	ck_assert_int_eq(read(told[0], &c, 1), 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(read(told[0], &c, 1), 0);
	close(told[0]);
}
END_TEST

/* Whether the list of what is open can be read or not. */
static int
closes(int i)
{
	int fds[3] = {
		open("/dev/null", O_RDONLY | O_CLOEXEC),
		open("/dev/null", O_WRONLY | O_CLOEXEC),
		open("/dev/null", O_RDWR | O_CLOEXEC)
	};

	if (i % 3 == 1)
		HOLDS(deny(SYS_getdents64, -1, 0, EIO));
	if (i % 3 == 2)
		HOLDS(deny(SYS_openat, 2, O_RDONLY | O_NONBLOCK | O_DIRECTORY |
		           O_CLOEXEC, EMFILE));
	worker_close(fds[2], i >= 3);
	HOLDS((fcntl(fds[0], F_GETFD) >= 0) == (i >= 3));
	HOLDS(fcntl(fds[1], F_GETFD) < 0);
	HOLDS(fcntl(fds[2], F_GETFD) >= 0);
	return 0;
}

START_TEST(what_is_closed)
{
	apart(closes, _i);
}
END_TEST

static int
refused(int unused)
{
	(void)unused;
	HOLDS(deny_fork());
	HOLDS(worker_fork() == -EAGAIN);
	return 0;
}

/* Who could outlive its parent does not begin. */
static int
immortal(int unused)
{
	(void)unused;
	HOLDS(deny(SYS_prctl, 0, PR_SET_PDEATHSIG, EINVAL));
	HOLDS(worker_wait(worker_that_ends(0, 0)) == 2);
	return 0;
}

START_TEST(the_kernel_refuses)
{
	apart(_i == 0 ? refused : immortal, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("worker");
	TCase *t = tcase_create("worker");

	tcase_add_test(t, how_it_ends);
	tcase_add_test(t, what_is_buffered_is_written);
	tcase_add_test(t, it_ends_with_its_parent);
	tcase_add_loop_test(t, what_is_closed, 0, 6);
	tcase_add_loop_test(t, the_kernel_refuses, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
