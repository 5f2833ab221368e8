/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_WRITERS_H
#define DI_WRITERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Processes that may write to a file though it is immutable: descriptors
 * opened for writing, and writable shared mappings, that are older than the
 * flag (xfs, btrfs, tmpfs, overlay; on ext4 the kernel refuses).
 */
struct writer {
	uint64_t dev, ino;	/* of the file, as stat tells */
	pid_t pid;
	char comm[32];		/* /proc/PID/comm, odd bytes escaped */
	bool mapping;
};

/*
 * Calls fn for every such holder of a file that `wanted` accepts, on all
 * processes of /proc: once a process and file, whatever it has of it. fn's
 * non-zero result ends the walk and is returned. *ret_unseen counts processes
 * that could not be looked at (no right, or CAP_SYS_PTRACE missing); those
 * that ended meanwhile don't count. -errno if there is no /proc. We ourselves
 * are left out. Files whose device number in maps is not that of stat (btrfs,
 * overlay) are found by /proc/PID/map_files where we may, else not.
 */
int writers_find(bool (*wanted)(void *ctx, uint64_t dev, uint64_t ino),
                 int (*fn)(void *ctx, const struct writer *w), void *ctx,
                 size_t *ret_unseen);

/* The same below any folder that is laid out as /proc. */
int writers_find_at(int proc, bool (*wanted)(void *ctx, uint64_t dev,
                                             uint64_t ino),
                    int (*fn)(void *ctx, const struct writer *w), void *ctx,
                    size_t *ret_unseen);

#endif
