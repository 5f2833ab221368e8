/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_KEEPER_H
#define DI_KEEPER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "capture.h"
#include "child.h"
#include "holders.h"
#include "sandbox.h"

/*
 * Two processes out of one. The keeper, which is the one that was called,
 * keeps its rights and reads nothing that others have written. The worker,
 * forked from it, gives its rights away (sandbox.h) and does all the work: it
 * reads the database, archives, ledgers and files, and asks the keeper, in
 * flat messages, for what it has no right to itself.
 *
 * In a process that has no keeper the same calls do it themselves.
 */
struct keeper_job {
	/* The one program that may be run, as child_run_as has it; path NULL:
	 * none. */
	const char *path;
	char *const *argv;
	char *const *envp;
	const sigset_t *mask;	/* of that program; NULL: ours */
	bool bound;		/* it is killed where the keeper is */
	const char *instdir;	/* root, for keeper_succeed; "" is / */
};

struct keeper_result {
	int status;		/* what work gave */
	bool ran;		/* the program: child tells how it ended */
	struct child_result child;
};

/*
 * Runs work(ctx) in a worker, and comes back in the keeper with its result
 * and with `answer` (at most KEEPER_ANSWER bytes), a flat record that the
 * worker has filled. ERR_CHILD, said on stderr, where the worker ended in any
 * other way: *ret is filled but for the status, and what it left open has
 * been recovered (--recover) as far as that went. -errno: it could not be
 * made, and nothing was done.
 *
 * Where work gives KEEPER_AGAIN, all of it begins again, in a new worker and in
 * a mount namespace of the two and of the program; once, and not after the
 * program has run. Where there can be none, the new worker is told so
 * (keeper_no_space); ERR_CHILD, said on stderr, if it gives that once more.
 */
#define KEEPER_AGAIN 0x10000
#define KEEPER_ANSWER 256
int keeper_do(const struct keeper_job *job, int (*work)(void *ctx), void *ctx,
              void *answer, size_t size, struct keeper_result *ret);

/* The process that was called: our own, or our keeper. */
pid_t keeper_pid(void);

/*
 * In a worker, once the log is open: sandbox_files, and what of a worker's
 * limits this kernel has not got is said in the log.
 */
void keeper_confine(const struct sandbox_place *places, size_t n);

/* The job's program, once: child_run_as. With `locked` its environment has
 * DPKG_FRONTEND_LOCKED. note_fd as there. */
int keeper_run(bool locked, int note_fd, struct child_result *ret);

/* dpkg's lock-frontend: lock_posix, held by the process that was called. */
int keeper_lock(int fd, pid_t *ret_holder);
void keeper_unlock(void);

/* dpkg-deb's `action` on the archive at in (borrowed): capture_start and
 * capture_end; it has no rights but to read that. */
enum keeper_tool { KEEPER_CONTROL, KEEPER_MEMBERS };
int keeper_read(enum keeper_tool tool, int in, struct capture *ret);
int keeper_read_end(struct capture *c, int early);

/*
 * Before `threads` threads change flags: each batch of changes may have a
 * process to itself then, which can do nothing else. Fewer is no error.
 */
void keeper_help(size_t threads);

/* Whether this is the second time, in a mount namespace of our own. */
bool keeper_private(void);
/* -errno: the second time, and there can be no such namespace; else 0. */
int keeper_no_space(void);

/*
 * Read-only mounts and file systems (remount.h). fd is the root of the mount,
 * O_PATH. To open a mount takes a namespace of our own.
 */
enum keeper_mount {
	KEEPER_MOUNT_OPEN,	/* the mount's own flag goes */
	KEEPER_MOUNT_SHUT,	/* it comes */
	KEEPER_FS_OPEN,		/* that of the file system, for all */
	KEEPER_FS_SHUT
};
int keeper_mount(int fd, enum keeper_mount how);

/*
 * holders_find for the file system that fd lies on, with the right to look at
 * all processes. 0, fn's result, or -errno.
 */
int keeper_holders(int fd, int (*fn)(void *ctx, const struct holder *h),
                   void *ctx);

/* Starts what now is our program, to record what this run has closed
 * (--recover), and waits for its end. */
void keeper_succeed(void);

#endif
