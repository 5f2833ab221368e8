/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SANDBOX_H
#define DI_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a process of ours gives away before it reads what others have written.
 * Nothing of it can be had back. Each is 0, ERR_UNSUPPORTED where the kernel
 * has not got it, or -errno.
 */

/*
 * Of the capabilities (capabilities(7), bits of 1 << CAP_*) it keeps only
 * those of `keep` that it has; no program that it starts gets any back.
 */
#define SANDBOX_CAP(n) ((uint64_t)1 << (n))
int sandbox_caps(uint64_t keep);

/*
 * For a child of vfork that is about to become another's program which only
 * reads what it is given: no capability at all, no file made, changed or
 * opened for writing, no core file; no TCP, and no signal to others, where
 * the kernel can forbid that. It touches no memory, and fails in silence.
 */
void sandbox_nothing(void);

/*
 * Only the capabilities of `keep` are in force, until sandbox_wake; it brings
 * the others back, as a program that is about to be started needs them. Both
 * may be called between fork and exec, and fail in silence: nothing is lost
 * by that.
 */
void sandbox_rest(uint64_t keep);
void sandbox_wake(void);

/* CAP_LINUX_IMMUTABLE alone, in this process and all that it starts. */
int sandbox_no_flags(void);

/*
 * No core file, which would have others' files in it; no memory that can't be
 * swapped; and no more of it than SANDBOX_MEMORY bytes, whatever it is given
 * to read.
 */
#define SANDBOX_MEMORY ((uint64_t)4 << 30)
int sandbox_limits(void);

/*
 * Only the system calls that a worker needs (seccomp(2)); the process is
 * killed at any other: no program can be started, no process touched, no
 * inode flag or mode changed, no socket opened, no file emptied by opening it
 * (but by openat2(2), which Landlock keeps from that since Linux 6.2). For
 * this thread and those that it makes.
 */
int sandbox_calls(void);

/*
 * Files are only read from here on (landlock(7)), but for some places: a file,
 * or a folder and all below it, where they may be made and written; or a
 * folder where no more than folders may be made and removed. Open descriptors
 * stay as they are. A place with the descriptor -1 does not count. `starts`:
 * programs may be started all the same.
 */
struct sandbox_place {
	int fd;
	bool folders_only;
};
int sandbox_files(const struct sandbox_place *places, size_t n, bool starts);

#endif
