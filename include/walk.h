/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_WALK_H
#define DI_WALK_H

#include <stddef.h>

#include "buf.h"

/*
 * Finding a folder below a root folder, without a cache: what root.c does
 * when it meets a folder for the first time. The rules for symlinks are
 * those of root.h.
 */
#define WALK_MAX_LINKS 40u

/*
 * Replaces *ret with path[0..len) without double slashes and ".": "/" and
 * "/." give "". No leading slash: -EINVAL; a ".." in it: ERR_UNSAFE.
 */
int walk_clean(const char *path, size_t len, struct buf *ret);

/*
 * Opens the folder (O_PATH) that the clean name stands for and replaces
 * *ret_name with its name without any symlink; on failure *ret_name is
 * unspecified. More than max_links symlinks: -ELOOP.
 */
int walk_folder(int root_fd, const char *name, unsigned int max_links,
                struct buf *ret_name, int *ret_fd);

#endif
