/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_WORKER_H
#define DI_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

/* A child of ours that goes on in our own program, on the same terminal. */

/*
 * As fork(2): 0 in the child, which is killed when its parent ends; the
 * child's pid; -errno.
 */
pid_t worker_fork(void);
/*
 * In the child: closes what came from whoever started us, but for standard
 * input, output and error and for `keep` (-1: none); `writable`: only what can
 * be written to, and of that files stay, to be read: an archive may be named
 * by a descriptor.
 */
void worker_close(int keep, bool writable);
/* Ends the child: what is buffered is written. */
_Noreturn void worker_end(int status);
/* Waits for its end: the exit status, 256 + N by signal N, -errno. */
int worker_wait(pid_t pid);

#endif
