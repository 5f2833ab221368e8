/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_HOLDERS_H
#define DI_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Who keeps a file system from being made read-only: processes that have a
 * deleted file of it open or mapped (a program that was upgraded while it
 * ran) or are in a deleted folder, or that have any file of it open for
 * writing. From /proc/PID/fd, maps, exe, cwd and root.
 */
struct holder {
	pid_t pid;
	char comm[32];		/* /proc/PID/comm, odd bytes escaped */
	char path[256];		/* as /proc has it, without " (deleted)", odd
				 * bytes escaped; cut where it is longer */
	uint64_t ino;
	bool deleted;		/* else open for writing */
};

/*
 * Calls fn once a process and file for each holder of a file whose device is
 * dev (st_dev of the file system's files; mapped ones are matched by
 * /proc/PID/map_files where we may, else by the number in maps). fn's non-zero
 * result ends the walk and is returned. *ret_unseen counts processes that
 * could not be looked at; those that ended meanwhile don't count. -errno if
 * there is no /proc. We ourselves are left out.
 */
int holders_find(uint64_t dev, int (*fn)(void *ctx, const struct holder *h),
                 void *ctx, size_t *ret_unseen);

/* The same below any folder that is laid out as /proc. */
int holders_find_at(int proc, uint64_t dev,
                    int (*fn)(void *ctx, const struct holder *h), void *ctx,
                    size_t *ret_unseen);

#endif
