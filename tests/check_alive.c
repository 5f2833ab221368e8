/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alive.h"
#include "check_main.h"

static int
scratch(void)
{
	char name[] = "/tmp/di-check.XXXXXX";
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	unlink(name);
	return fd;
}

START_TEST(oneself_lives)
{
	int fd = scratch();
	pid_t pid = 0;

	ck_assert_int_eq(alive_note(fd), 0);
	ck_assert_int_eq(alive_noted(fd, &pid), 1);
	ck_assert_int_eq(pid, getpid());
	close(fd);
}
END_TEST

START_TEST(a_child_that_ended_does_not)
{
	int fd = scratch(), status;
	pid_t pid = fork(), noted = 0;

	if (pid == 0)
		_exit(alive_note(fd) == 0 ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(alive_noted(fd, &noted), 0);
	ck_assert_int_eq(noted, 0);
	close(fd);
}
END_TEST

/* A number that was given to another process since. */
START_TEST(another_start_is_another_process)
{
	int fd = scratch();
	char text[64];
	pid_t pid;

	if (access("/proc/self/stat", R_OK) < 0) {
		printf("# skipped: no /proc\n");
		return;
	}
	snprintf(text, sizeof(text), "%d 1\n", (int)getpid());
	ck_assert_int_gt(pwrite(fd, text, strlen(text), 0), 0);
	ck_assert_int_eq(alive_noted(fd, &pid), 0);
	close(fd);
}
END_TEST

START_TEST(bad_notes)
{
	static const char *const notes[] = {
		"", "x", "1", "-1 5\n", "0 0\n", "99999999999999999999 1\n",
		"4294967296 1\n", " 1 1\n", "1  1\n", "1 x\n"
	};
	pid_t pid;

	for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++) {
		int fd = scratch();

		ck_assert_int_ge(pwrite(fd, notes[i], strlen(notes[i]), 0), 0);
		ck_assert_msg(alive_noted(fd, &pid) == 0, "%s", notes[i]);
		close(fd);
	}
}
END_TEST

START_TEST(ancestors)
{
	pid_t child, parent = getppid(), self = getpid();
	int status;

	ck_assert(alive_is_ancestor(parent));
	ck_assert(!alive_is_ancestor(self));
	ck_assert(!alive_is_ancestor(0));
	ck_assert(!alive_is_ancestor(-1));
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(alive_is_ancestor(self) && alive_is_ancestor(parent) ?
		      0 : 1);
	/* a child is none of its parent's */
	ck_assert(!alive_is_ancestor(child));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("alive");
	TCase *t = tcase_create("alive");

	tcase_add_test(t, oneself_lives);
	tcase_add_test(t, a_child_that_ended_does_not);
	tcase_add_test(t, another_start_is_another_process);
	tcase_add_test(t, bad_notes);
	tcase_add_test(t, ancestors);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
