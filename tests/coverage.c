/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
/*
 * Linked into the programs of the flavour with coverage alone, in the place of
 * some calls (ld's --wrap): so that the counts of those processes come out that
 * end without exit, share their parent's memory, or may write next to nothing.
 * What replaces them calls the real ones, so that these are counted too.
 */
#include <fcntl.h>
#include <gcov.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox.h"

#define COUNTS "/dev/di-coverage"
#define PLACES 8

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
int __real_raise(int sig);
int __wrap_raise(int sig);
pid_t __wrap_vfork(void);
int __real_sandbox_calls(void);
int __wrap_sandbox_calls(void);
int __real_sandbox_files(const struct sandbox_place *places, size_t n,
                         bool starts);
int __wrap_sandbox_files(const struct sandbox_place *places, size_t n,
                         bool starts);

void
__wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

/* It may be our last word, and it may not. */
int
__wrap_raise(int sig)
{
	int r;

	__gcov_dump();
	r = __real_raise(sig);
	__gcov_reset();
	return r;
}

/* A child of vfork would write out its parent's counts, and for good. */
pid_t
__wrap_vfork(void)
{
	return fork();
}

/* What is told to kill itself (hook.h) may not, where there is a list. */
int
__wrap_sandbox_calls(void)
{
	return getenv("DI_TEST_KILL") != NULL ? 0 : __real_sandbox_calls();
}

int
__wrap_sandbox_files(const struct sandbox_place *places, size_t n, bool starts)
{
	struct sandbox_place all[PLACES];
	size_t i;
	int r;

	/* Where there is no such folder nobody wants to hear of it. */
	setenv("GCOV_ERROR_FILE", "/dev/null", 1);
	for (i = 0; i < n && i < PLACES - 1; i++)
		all[i] = places[i];
	all[i] = (struct sandbox_place){
		.fd = open(COUNTS, O_PATH | O_DIRECTORY | O_CLOEXEC)
	};
	r = __real_sandbox_files(all, i + 1, starts);
	if (all[i].fd >= 0)
		close(all[i].fd);
	return r;
}
