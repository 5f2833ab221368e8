/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_TEST_PROCS_FIXTURE_H
#define DI_TEST_PROCS_FIXTURE_H

/*
 * For tests of what is found in /proc: live processes that hold something, a
 * search without rights, and a folder laid out as /proc (scratch.h).
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "check_main.h"
#include "scratch.h"

static inline bool
no_proc(void)
{
	if (access("/proc/self/fd", R_OK) == 0)
		return false;
	printf("# skipped: no /proc\n");
	return true;
}

/* In a child: without what the tests' runner has open for writing. */
static inline void
forget_all_but(int keep)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int fd = 0; fd < 1024; fd++)
		if (fd != keep && fd != scratch_fd)
			close(fd);
}

/* A process that does something and then only lives; `alone`: having forgotten
 * all but what it needs. */
static inline pid_t
holder_of(void (*act)(void), bool alone)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (alone)
			forget_all_but(ready[1]);
		act();
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static inline void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* In a child: 0, 77 (nobody is hidden from it) or the step that failed. */
static inline void
without_rights(int (*search)(void))
{
	int status;
	pid_t pid;

	if (no_proc())
		return;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(geteuid() == 0 && setresuid(65534, 65534, 65534) < 0 ?
		      77 : search());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		printf("# skipped: nobody is hidden from us\n");
	else
		ck_assert_int_eq(status, 0);
}

/* With no file open and nothing mapped. */
static inline void
fake_process(const char *pid)
{
	char name[64];

	ck_assert_int_eq(mkdirat(scratch_fd, pid, 0700), 0);
	snprintf(name, sizeof(name), "%s/fd", pid);
	ck_assert_int_eq(mkdirat(scratch_fd, name, 0700), 0);
	snprintf(name, sizeof(name), "%s/map_files", pid);
	ck_assert_int_eq(mkdirat(scratch_fd, name, 0700), 0);
}

static inline void
fake_maps(const char *pid, const char *text, size_t n)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/maps", pid);
	scratch_write(name, text, n);
}

#endif
