/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_main.h"
#include "err.h"
#include "lock.h"

static char path[] = "/tmp/check_lock.XXXXXX";
static int fd;

static void
setup(void)
{
	fd = mkostemp(path, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
}

static void
teardown(void)
{
	close(fd);
	unlink(path);
}

static int
open_again(int flags)
{
	int again = open(path, flags | O_CLOEXEC);

	ck_assert_int_ge(again, 0);
	return again;
}

enum question { TAKE_OWN, TAKE_POSIX, ASK_POSIX, TAKE_OWN_SAME_FD };

/* What another process hears: exit status by what the call returned. */
static int
answer(enum question q, pid_t holder)
{
	int mine = open(path, O_RDWR | O_CLOEXEC), err = -1;
	pid_t got = -1;

	switch (q) {
	case TAKE_OWN:
		err = lock_own(mine);
		break;
	case TAKE_OWN_SAME_FD:
		err = lock_own(fd);
		break;
	case TAKE_POSIX:
		err = lock_posix(mine, &got);
		if (err == ERR_BUSY && got != holder)
			return 90;
		break;
	case ASK_POSIX:
		err = lock_posix_held(mine, &got);
		if (err == 1 && got != holder)
			return 90;
		break;
	}
	return err == ERR_BUSY ? 50 : err < 0 ? 99 : err;
}

static int
elsewhere(enum question q, pid_t holder)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(answer(q, holder));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(own_excludes_other_processes)
{
	ck_assert_int_eq(elsewhere(TAKE_OWN, 0), 0);
	ck_assert_int_eq(lock_own(fd), 0);
	ck_assert_int_eq(elsewhere(TAKE_OWN, 0), 50);
	ck_assert_int_eq(lock_own(fd), 0);
	close(fd);
	ck_assert_int_eq(elsewhere(TAKE_OWN, 0), 0);
}
END_TEST

START_TEST(own_excludes_this_process_too)
{
	int other = open_again(O_RDWR);

	ck_assert_int_eq(lock_own(fd), 0);
	ck_assert_int_eq(lock_own(other), ERR_BUSY);
	/* Unlike a POSIX lock it outlives the close of another descriptor. */
	close(other);
	ck_assert_int_eq(elsewhere(TAKE_OWN, 0), 50);
}
END_TEST

START_TEST(own_lasts_as_long_as_a_copy)
{
	int copy;

	ck_assert_int_eq(lock_own(fd), 0);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	/* A child has the same description, and its end changes nothing. */
	ck_assert_int_eq(elsewhere(TAKE_OWN_SAME_FD, 0), 0);
	close(fd);
	ck_assert_int_eq(elsewhere(TAKE_OWN, 0), 50);
	close(copy);
	ck_assert_int_eq(elsewhere(TAKE_OWN, 0), 0);
}
END_TEST

START_TEST(posix_excludes_and_names_the_holder)
{
	ck_assert_int_eq(elsewhere(ASK_POSIX, 0), 0);
	ck_assert_int_eq(lock_posix(fd, NULL), 0);
	ck_assert_int_eq(elsewhere(TAKE_POSIX, getpid()), 50);
	ck_assert_int_eq(elsewhere(ASK_POSIX, getpid()), 1);
	ck_assert_int_eq(elsewhere(TAKE_OWN, 0), 50);
	/* As POSIX has it: any close of the file drops the lock. */
	close(open_again(O_RDONLY));
	ck_assert_int_eq(elsewhere(TAKE_POSIX, 0), 0);
}
END_TEST

START_TEST(posix_holder_of_an_own_lock_is_unknown)
{
	ck_assert_int_eq(lock_own(fd), 0);
	ck_assert_int_eq(elsewhere(TAKE_POSIX, 0), 50);
	ck_assert_int_eq(elsewhere(ASK_POSIX, 0), 1);
}
END_TEST

START_TEST(posix_leaves_holder_alone)
{
	pid_t holder = 42;

	ck_assert_int_eq(lock_posix(fd, &holder), 0);
	/* A process does not see its own locks. */
	ck_assert_int_eq(lock_posix_held(fd, &holder), 0);
	ck_assert_int_eq(holder, 42);
}
END_TEST

START_TEST(held_asks_through_a_read_only_descriptor)
{
	int reader = open_again(O_RDONLY);

	ck_assert_int_eq(lock_posix_held(reader, NULL), 0);
	ck_assert_int_eq(lock_own(fd), 0);
	ck_assert_int_eq(lock_posix_held(reader, NULL), 1);
	close(reader);
}
END_TEST

START_TEST(locks_tell_errors)
{
	pid_t holder = 42;
	int reader = open_again(O_RDONLY);

	ck_assert_int_eq(lock_own(reader), -EBADF);
	ck_assert_int_eq(lock_posix(reader, &holder), -EBADF);
	close(reader);
	ck_assert_int_eq(lock_posix_held(reader, &holder), -EBADF);
	ck_assert_int_eq(holder, 42);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("lock");
	TCase *t = tcase_create("lock");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, own_excludes_other_processes);
	tcase_add_test(t, own_excludes_this_process_too);
	tcase_add_test(t, own_lasts_as_long_as_a_copy);
	tcase_add_test(t, posix_excludes_and_names_the_holder);
	tcase_add_test(t, posix_holder_of_an_own_lock_is_unknown);
	tcase_add_test(t, posix_leaves_holder_alone);
	tcase_add_test(t, held_asks_through_a_read_only_descriptor);
	tcase_add_test(t, locks_tell_errors);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
