/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CHILD_H
#define DI_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Runs the real program in the foreground as if we were not there: same
 * process group, terminal, descriptors. INT and QUIT come to the whole group
 * and are ignored in us; TERM and HUP sent to us are passed on; when the
 * child stops, we stop too and go on with it. The child gets the signal
 * dispositions and the mask that we were started with.
 */
struct child_result {
	int exit_status;	/* 0..255, or -1 */
	int signal;		/* that killed it, or 0 */
	bool dumped;
};

/* 0 and *ret once it has ended; -errno if it could not be started. */
int child_run(const char *path, char *const *argv, char *const *envp,
              struct child_result *ret);

/*
 * The same for a caller that has blocked signals around the run, so that they
 * do not end it with files open: what was pending at the start of INT, QUIT,
 * TERM and HUP is passed on.
 */
struct child_way {
	const sigset_t *mask;	/* the child's */
	int note_fd;		/* the child writes itself into it (alive.h)
				 * before it becomes the program; or -1 */
	bool bound;		/* it is killed where we are */
};

int child_run_as(const char *path, char *const *argv, char *const *envp,
                 const struct child_way *way, struct child_result *ret);

/* Ends this process as the child ended: exit, or death by the same signal. */
_Noreturn void child_exit_like(const struct child_result *r);

#endif
