/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_FORMATVER_H
#define DI_FORMATVER_H

#include <stddef.h>

/*
 * The line that begins each of our state files: WORDS, a blank and the
 * format's version, e.g. "dpkg-immutable index 1". 0 if it is `version`,
 * ERR_VERSION if it is any other number, ERR_FORMAT if it is something else.
 */
int formatver_check(const char *line, size_t len, const char *words,
                    unsigned int version);

#endif
