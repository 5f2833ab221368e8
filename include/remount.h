/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_REMOUNT_H
#define DI_REMOUNT_H

#include <stdbool.h>

#include "mounts.h"

/*
 * A mount's own read-only flag (mount_setattr(2)) and that of the file system
 * below it, for all its mounts (fsconfig(2), FSCONFIG_CMD_RECONFIGURE). fd: the
 * root of the mount, O_PATH is enough. Each is 0 or -errno; needs
 * CAP_SYS_ADMIN. -EINVAL: fd is no mount's root, or a mount's of another
 * namespace.
 */
int remount_mount(int fd, bool readonly);
/* -EBUSY: something is still open for writing, or deleted and still open. */
int remount_filesystem(int fd, bool readonly);

/*
 * A mount namespace of our own (unshare(2)), the same as the one before, from
 * which its mounts come and go as before, if they are shared. Descriptors that
 * are open stay with the mounts of the old one. For a process with one thread.
 */
int remount_private(void);

/*
 * The root of that mount, O_PATH: found by its name, and taken only if it is
 * that mount. -ESTALE, -ENOENT, -ENOTDIR: another one lies over it, or it is
 * gone.
 */
int remount_find(const struct mount_point *p);
bool remount_hidden(int err);

/* The mount that path, which is there and no symlink, lies on, as the kernel
 * says; "" is fd itself. NULL: none of these, or the kernel doesn't say. */
const struct mount_point *remount_of(const struct mounts *m, int fd,
                                     const char *path);

#endif
