/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alive.h"
#include "apart.h"
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

/* In a container whose first process reaps nothing that is for ever. */
START_TEST(one_that_nobody_reaps_does_not)
{
	int fd = scratch(), status;
	pid_t pid, noted = 0;
	siginfo_t info;

	if (access("/proc/self/stat", R_OK) < 0) {
		close(fd);
		return;
	}
	pid = fork();
	if (pid == 0)
		_exit(alive_note(fd) == 0 ? 0 : 1);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT),
	                 0);
	ck_assert_int_eq(kill(pid, 0), 0);
	ck_assert_int_eq(alive_noted(fd, &noted), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
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

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static void
this_boot(char ret[37])
{
	FILE *f = fopen(BOOT_ID, "re");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(ret, 1, 36, f), 36);
	ret[36] = '\0';
	fclose(f);
}

static int
noted_as(const char *text, size_t n)
{
	int fd = scratch(), r;
	pid_t pid = 0;

	ck_assert_int_eq(pwrite(fd, text, n, 0), (ssize_t)n);
	r = alive_noted(fd, &pid);
	ck_assert_int_eq(pid, r > 0 ? getpid() : 0);
	close(fd);
	return r;
}

/* Numbers and times begin anew with each boot. */
START_TEST(another_boot_is_another_process)
{
	char boot[37], note[256] = "", bad[256], *at;
	int fd = scratch();

	if (access(BOOT_ID, R_OK) < 0) {
		printf("# skipped: no /proc\n");
		return;
	}
	this_boot(boot);
	ck_assert_int_eq(alive_note(fd), 0);
	ck_assert_int_eq(pread(fd, note, sizeof(note) - 1, 0), 128);
	close(fd);
	at = strstr(note, boot);
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(at[-1], ' ');
	ck_assert_int_eq(at[36], '\n');
	ck_assert_int_eq(noted_as(note, 128), 1);
	for (int i = 0; i < 36; i++) {
		memcpy(bad, note, sizeof(bad));
		bad[at - note + i] = boot[i] == '0' ? '1' : '0';
		ck_assert_int_eq(noted_as(bad, 128), boot[i] == '-');
	}
}
END_TEST

/* As it was without, and as older versions leave it: the others count. */
START_TEST(a_note_without_boot)
{
	static const char *const ends[] = {
		"", "\n", " ", " \n", " x\n", " 00000000\n",
		" 00000000-0000-0000-0000-00000000000\n",
		" 00000000-0000-0000-0000-0000000000000\n",
		" 00000000-0000-0000-0000-00000000000G\n",
		" 00000000-0000-0000-0000-00000000000A\n",
		" 000000000000-0000-0000-0000-00000000\n",
		"  00000000-0000-0000-0000-000000000000\n",
		" 00000000-0000-0000-0000-000000000000",
		"\n 00000000-0000-0000-0000-000000000000\n"
	};
	char note[256];

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		int n = snprintf(note, sizeof(note), "%d 0%s", (int)getpid(),
		                 ends[i]);

		ck_assert_msg(noted_as(note, (size_t)n) == 1, "%s", ends[i]);
		memset(note + n, ' ', sizeof(note) - (size_t)n);
		ck_assert_int_eq(noted_as(note, sizeof(note)), 1);
		memset(note + n, 'f', sizeof(note) - (size_t)n);
		(void)noted_as(note, sizeof(note));
	}
	/* an older version's over ours */
	snprintf(note, sizeof(note), "%d 0\n%100s", (int)getpid(),
	         "00000000-0000-0000-0000-000000000000\n");
	ck_assert_int_eq(noted_as(note, strlen(note)), 1);
}
END_TEST

START_TEST(bad_notes)
{
	static const char *const notes[] = {
		"", "x", "1", "-1 5\n", "0 0\n", "99999999999999999999 1\n",
		"4294967296 1\n", " 1 1\n", "1  1\n", "1 x\n", "1x 1\n",
		"1 99999999999999999999\n"
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

/* /proc is not there, or can't be read. */
static bool
deny_proc(int i)
{
	return i == 0 ? deny(SYS_openat, 2, O_RDONLY | O_CLOEXEC, ENOENT) :
	       deny(SYS_read, 2, 1023, EIO);
}

static int
note_without_proc(int fd, pid_t self, pid_t parent)
{
	unsigned long long start;
	char text[64] = "";
	pid_t pid;

	HOLDS(alive_note(fd) == 0);
	HOLDS(pread(fd, text, sizeof(text) - 1, 0) > 0);
	HOLDS(sscanf(text, "%*d %llu", &start) == 1 && start != 0);
	HOLDS(alive_noted(fd, &pid) == 1 && pid == getpid());
	HOLDS(alive_parent(getpid()) == 0);
	HOLDS(alive_is_ancestor(self));
	HOLDS(!alive_is_ancestor(parent));
	return 0;
}

/* Then the time tells who it was, to those too who have a /proc. */
static int
without_proc(int i)
{
	int fd = scratch(), told[2], go[2], status, noted;
	pid_t parent = getppid(), self = getpid(), pid, child;
	char c;

	HOLDS(pipe2(told, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0);
	child = fork();
	if (child == 0) {
		close(go[1]);
		if (!deny_proc(i))
			_exit(1);
		_exit(note_without_proc(fd, self, parent) != 0 ||
		      write(told[1], "x", 1) != 1 || read(go[0], &c, 1) != 0);
	}
	close(told[1]);
	HOLDS(read(told[0], &c, 1) == 1);
	noted = alive_noted(fd, &pid);
	HOLDS(noted == 1 && pid == child);
	close(go[1]);
	HOLDS(waitpid(child, &status, 0) == child && status == 0);
	HOLDS(alive_noted(fd, &pid) == 0);
	close(fd);
	return 0;
}

APART_TEST(a_root_without_proc, without_proc)

/* The note of one who had none is right where its number is all there is. */
START_TEST(a_note_without_time)
{
	int fd = scratch();
	char text[64];
	pid_t pid = 0;

	snprintf(text, sizeof(text), "%d 0\n", (int)getpid());
	ck_assert_int_gt(pwrite(fd, text, strlen(text), 0), 0);
	ck_assert_int_eq(alive_noted(fd, &pid), 1);
	ck_assert_int_eq(pid, getpid());
	close(fd);
}
END_TEST

static int
of_somebody_else(int unused)
{
	int fd = scratch();
	pid_t pid = 0;

	(void)unused;
	HOLDS(alive_note(fd) == 0);
	HOLDS(deny(SYS_kill, -1, 0, EPERM));
	HOLDS(alive_noted(fd, &pid) == 1 && pid == getpid());
	close(fd);
	return 0;
}

APART_TEST(who_may_not_be_asked_lives, of_somebody_else)

START_TEST(what_can_not_be_noted)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pid = 7;

	ck_assert_int_eq(alive_note(fd), -EBADF);
	close(fd);
	ck_assert_int_eq(alive_noted(fd, &pid), 0);
	ck_assert_int_eq(pid, 7);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("alive");
	TCase *t = tcase_create("alive");

	tcase_add_test(t, oneself_lives);
	tcase_add_test(t, a_child_that_ended_does_not);
	tcase_add_test(t, one_that_nobody_reaps_does_not);
	tcase_add_test(t, another_start_is_another_process);
	tcase_add_test(t, another_boot_is_another_process);
	tcase_add_test(t, a_note_without_boot);
	tcase_add_test(t, bad_notes);
	tcase_add_test(t, ancestors);
	tcase_add_loop_test(t, a_root_without_proc, 0, 2);
	tcase_add_test(t, a_note_without_time);
	tcase_add_test(t, who_may_not_be_asked_lives);
	tcase_add_test(t, what_can_not_be_noted);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
