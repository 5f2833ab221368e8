/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_DPKGCFG_H
#define DI_DPKGCFG_H

#include "err.h"

/*
 * One option of a configuration file; value is NULL where the line has none.
 * Both are only good during the call. Anything but 0 ends the walk.
 */
typedef int dpkgcfg_fn(void *ctx, const char *name, const char *value);

/*
 * Walks ETC/dpkg.cfg.d/ (names of letters, digits, _ and - only, in C
 * order), ETC/dpkg.cfg and HOME/.dpkg.cfg (home may be NULL) as dpkg does:
 * lines are cut at 1023 bytes, a file that cannot be opened is passed over.
 * 0, what fn returned, ERR_FORMAT where dpkg itself would die (a quote
 * without its pair, a line without a name, a folder in place of a file), or
 * -errno where we could not read what dpkg perhaps can (-EIO, -EMFILE,
 * -ENOMEM and the like).
 */
int dpkgcfg_walk(const char *etc, const char *home, dpkgcfg_fn *fn,
                 void *ctx);

/* One line, which is changed in place. The same results. */
int dpkgcfg_line(char *line, dpkgcfg_fn *fn, void *ctx);

#endif
