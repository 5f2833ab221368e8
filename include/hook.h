/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_HOOK_H
#define DI_HOOK_H

/*
 * For tests of what a killed run leaves behind: in the flavour with
 * sanitizers, and only there, the process dies by SIGKILL at the point that
 * DI_TEST_KILL names.
 */
#ifdef DI_TEST_HOOKS
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static inline void
hook(const char *point)
{
	const char *want = getenv("DI_TEST_KILL");

	if (want != NULL && strcmp(want, point) == 0)
		raise(SIGKILL);
}
#else
#define hook(point) ((void)0)
#endif

#endif
