/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_HOOK_H
#define DI_HOOK_H

/*
 * For tests of what a killed run leaves behind: in the flavours with
 * sanitizers and with coverage, and only there, the process dies by SIGKILL at
 * the point that DI_TEST_KILL names. For bench/profile: with
 * DI_TEST_TIMES=FILE each point of a run adds a line to it, POINT and two times
 * in microseconds: the clock, and what we ourselves have computed so far.
 */
#ifdef DI_TEST_HOOKS
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static inline void
hook_time(const char *point)
{
	const char *file = getenv("DI_TEST_TIMES");
	struct timespec t;
	struct rusage u;
	int fd;

	if (file == NULL)
		return;
	fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	getrusage(RUSAGE_SELF, &u);
	dprintf(fd, "%s %lld %lld\n", point,
	        t.tv_sec * 1000000LL + t.tv_nsec / 1000,
	        (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000LL +
	        u.ru_utime.tv_usec + u.ru_stime.tv_usec);
	close(fd);
}

/* What a measurement asks for; NULL: nothing. */
static inline const char *
hook_word(const char *name)
{
	return getenv(name);
}

static inline void
hook_kill(const char *point)
{
	const char *want = getenv("DI_TEST_KILL");

	if (want != NULL && strcmp(want, point) == 0)
		raise(SIGKILL);
}

/* A keeper (keeper.h) whose worker was killed so goes as well, when nothing of
 * it is left. */
static inline void
hook_follow(int killed)
{
	if (killed && getenv("DI_TEST_KILL") != NULL)
		raise(SIGKILL);
}

static inline void
hook(const char *point)
{
	hook_time(point);
	hook_kill(point);
}
/* What is left of the environment in a worker, beside ours. */
#define HOOK_WORDS "DI_TEST_KILL", "DI_TEST_TIMES", "DI_TEST_LANES"
#define LIFTED_AT_ONCE 1u	/* so that a kill can come between them */
#else
#define HOOK_WORDS
#define LIFTED_AT_ONCE IFLAG_BATCH
#define hook_time(point) ((void)0)
#define hook_word(name) ((const char *)NULL)
#define hook_kill(point) ((void)0)
#define hook_follow(killed) ((void)0)
#define hook(point) ((void)0)
#endif

#endif
