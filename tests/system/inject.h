/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_INJECT_H
#define DI_INJECT_H

#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/types.h>

/* The system calls that inject counts, and what may happen to each. */

/* Killed a process may be at any of them. */
enum {
	NOSPC = 1, IO = 2, PERM = 4, MFILE = 8, NOMEM = 16, INTR = 32,
	SHORT = 64, KILL = 128
};

/* Where a call names its file. */
enum shows { NOTHING, FD0, PATH0, PATH1 };

struct call {
	long nr;
	const char *name;
	enum shows shows;
	unsigned int fits;
};

/* NULL: it is not counted. */
const struct call *call_of(unsigned long long nr);
/* The file that a call is about, as far as that is known. */
void call_detail(const struct call *c, pid_t pid,
                 const struct __ptrace_syscall_info *i, char *ret,
                 size_t size);
/* What may happen to this very call; 0: it is not counted. */
unsigned int call_fits(const struct call *c,
                       const struct __ptrace_syscall_info *i,
                       const char *detail);

#endif
