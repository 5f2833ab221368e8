/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ARCHIVE_SPLIT_H
#define DI_ARCHIVE_SPLIT_H

#include <stddef.h>

#include "err.h"

/*
 * Opens an archive for reading, by its name on the host, links followed:
 * dpkg opens it so as well. ERR_NOT_REGULAR for anything but a file.
 */
int archive_open(const char *file);

/*
 * The archive of which files[which] is one part (deb-split(5)), put together
 * from the n files and from what dpkg has filed in admindir/parts: a file
 * without a name, which the caller closes. -ENOENT where a part is missing, or
 * an earlier file is a part of the same archive and speaks for it; ERR_FORMAT
 * with *diag: no part.
 */
int archive_join(char *const *files, size_t n, size_t which,
                 const char *admindir, int *ret_fd, struct diag *diag);

#endif
