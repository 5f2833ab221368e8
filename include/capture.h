/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CAPTURE_H
#define DI_CAPTURE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A helper program whose standard output we read: standard input and error
 * are /dev/null, no other descriptor is inherited, default signals.
 */
struct capture {
	pid_t pid;
	int fd;		/* read end */
};

/*
 * argv[0] is an absolute path. `in`: the program's standard input (borrowed),
 * or -1. `bare`: it gets no capability, and can get none. 0 or -errno.
 */
int capture_start(char *const *argv, char *const *envp, int in, bool bare,
                  struct capture *ret);

/*
 * Closes fd and reaps. 0 if it exited 0; ERR_CHILD otherwise. Death by
 * SIGPIPE after we closed early counts as success where early is non-zero.
 */
int capture_end(struct capture *c, int early);

#endif
