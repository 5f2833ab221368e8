/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_DEBAR_PRIV_H
#define DI_DEBAR_PRIV_H

#include <stddef.h>
#include <stdint.h>

/* By which compressor, as the name of the member ends. */
enum debar_kind { DEBAR_PLAIN, DEBAR_GZIP, DEBAR_XZ, DEBAR_ZSTD };

/* All n bytes at this place: 0; ERR_FORMAT where the file ends; -errno. */
int debar_read(int fd, void *data, size_t n, uint64_t at);

/*
 * Unpacks the `size` bytes at `at` of fd into out, up to DEBAR_MAX.
 * Errors as debar_control.
 */
int debar_unpack(enum debar_kind kind, int fd, uint64_t at, uint64_t size,
                 int out);

#endif
