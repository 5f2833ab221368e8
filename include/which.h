/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_WHICH_H
#define DI_WHICH_H

#include <stddef.h>

/*
 * The file that execvp(3) would run for `name`: itself where it holds a slash,
 * else the first in the folders of `path` (an environment's PATH; NULL or
 * empty: /bin and /usr/bin; an empty part: the current folder). Written to
 * ret, NUL-terminated. 0; -ENOENT: there is none; -EACCES: there is one, and
 * it may not be run; -ENAMETOOLONG.
 */
int which_program(const char *name, const char *path, char *ret, size_t size);

#endif
