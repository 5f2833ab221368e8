/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_OVERRIDES_H
#define DI_OVERRIDES_H

#include "compare.h"
#include "dpkgdb.h"

/*
 * dpkg's statoverrides by path, their users and groups as the root's own
 * passwd and group have them. Constant once made: threads may share it.
 */
struct overrides;

/* *ret is NULL where there are none. An override of a user or group that
 * nobody is counts as none. -ENOMEM, or as ids_load. */
int overrides_new(const struct dpkgdb *db, int root_fd,
                  struct overrides **ret, struct diag *diag);
void overrides_free(struct overrides *o);
/* NULL: none for this path (or o is NULL). Paths are dpkg's, as in lists. */
const struct compare_override *overrides_find(const struct overrides *o,
                                              const char *path);

#endif
