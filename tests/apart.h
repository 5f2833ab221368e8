/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_TEST_APART_H
#define DI_TEST_APART_H

/*
 * For unit tests of what changes a process for good, or of what happens when
 * the kernel refuses something: in a process of their own.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a function that runs apart: what must be so. */
#define HOLDS(what) \
do { \
	if (!(what)) { \
		dprintf(2, "# %s:%d: %s\n", __FILE__, __LINE__, #what); \
		return 1; \
	} \
} while (0)

/* Runs it in a child, which has no exit handlers (leak checks want calls that
 * may be denied by then). */
static inline void
apart(int (*check)(int), int i)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(check(i));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* A test that is nothing else; in a loop the function has its number. */
#define APART_TEST(name, check) \
START_TEST(name) \
{ \
	apart(check, _i); \
} \
END_TEST

/*
 * From here on a system call fails with err: each of its kind (arg: -1), or
 * where the low half of an argument is as given. For good, as in a sandbox.
 */
static inline bool
deny(long call, int arg, unsigned int value, int err)
{
	size_t at = offsetof(struct seccomp_data, nr);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)at),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO |
		         (unsigned int)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	if (arg >= 0)
		at = offsetof(struct seccomp_data, args) + 8 * (size_t)arg;
	code[2].k = (unsigned int)at;
	code[3].k = arg >= 0 ? value : (unsigned int)call;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

/* No process can be made. */
static inline bool
deny_fork(void)
{
	return
#ifdef SYS_fork
	    deny(SYS_fork, -1, 0, EAGAIN) && deny(SYS_vfork, -1, 0, EAGAIN) &&
#endif
	    deny(SYS_clone, -1, 0, EAGAIN) && deny(SYS_clone3, -1, 0, EAGAIN);
}

/* Leaves room for so many more descriptors, until `before` is set again. */
static inline bool
room_for(int room, struct rlimit *before)
{
	struct rlimit now;
	int fd = 0;

	if (getrlimit(RLIMIT_NOFILE, before) < 0)
		return false;
	for (; room > 0 || fcntl(fd, F_GETFD) >= 0; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			room--;
	now = *before;
	now.rlim_cur = (rlim_t)fd;
	return setrlimit(RLIMIT_NOFILE, &now) == 0;
}

static volatile sig_atomic_t apart_ticks;

static inline void
apart_tick(int sig)
{
	(void)sig;
	apart_ticks = apart_ticks + 1;
}

/* From here on every call that waits is interrupted, again and again. */
static inline bool
interrupt(void)
{
	const struct sigaction a = { .sa_handler = apart_tick };
	const struct itimerval often = { { 0, 10000 }, { 0, 10000 } };

	return sigaction(SIGALRM, &a, NULL) == 0 &&
	       setitimer(ITIMER_REAL, &often, NULL) == 0;
}

#endif
