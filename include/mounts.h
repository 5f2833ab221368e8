/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_MOUNTS_H
#define DI_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * What is mounted below a root (proc(5), /proc/self/mountinfo): statmount
 * and listmount are newer than the kernels that we run on.
 */
struct mount_point {
	const char *path;	/* below the root, "/" itself included */
	const char *fstype;
	const char *source;
	const char *upper;	/* overlay: the folder written to, else NULL */
	uint64_t id;
	uint64_t dev;		/* as st_dev; on btrfs its files tell others */
	bool readonly;		/* the mount's own flag */
	bool fs_readonly;	/* of the file system, for all its mounts */
	bool nosuid, nodev, noexec;	/* the mount's own, as readonly */
};

struct mounts {
	struct mount_point *points;	/* sorted by path, then as mounted */
	size_t n_points;
	struct mounts_priv *priv;
};

/*
 * instdir: "" or the root's path on the host, without a slash behind, in
 * which no component is a symlink. Points outside of it are left out. *diag
 * names file and line. -ENOENT where /proc is not there.
 */
int mounts_load(const char *instdir, struct mounts **ret, struct diag *diag);
/* From text; name for messages. */
int mounts_parse(const char *name, const char *text, size_t n,
                 const char *instdir, struct mounts **ret, struct diag *diag);
void mounts_free(struct mounts *m);

/* The topmost mount that covers path: the longest prefix by component, the
 * last mounted of equals. NULL: none (mounts empty). */
const struct mount_point *mounts_covering(const struct mounts *m,
                                          const char *path);

/*
 * By its type: somebody else answers for what is there, and may never do so
 * (a server, a process, the daemon behind an autofs, which mounts what is
 * walked through). To open it, or ask for its space, can wait for ever.
 */
bool mounts_remote(const struct mount_point *p);

/*
 * What is written there, is it still there after the next boot? By the mount's
 * type: tmpfs, ramfs and disks in memory (ram, zram) forget; an overlay forgets
 * where its upper folder lies on such a thing, or on another such overlay.
 * host: the mounts of the whole machine (instdir ""), by which upper is named.
 * What can't be told counts as lasting.
 */
bool mounts_lasting(const struct mounts *host, const struct mount_point *p);

/*
 * Is the block device below read-only by itself (ioctl_ro(2), as sysfs tells
 * it: /sys/dev/block/MAJOR:MINOR/ro; where dev is no block device's number,
 * that of source's node)? 1, 0; 0 too where it has none, or none is known.
 */
int mounts_device_readonly(const struct mount_point *p);

#endif
