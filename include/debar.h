/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_DEBAR_H
#define DI_DEBAR_H

#include "err.h"

/*
 * The ar container of a .deb (deb(5)), format 2.x, read by ourselves: saves
 * the start of a dpkg-deb for each archive. Narrower than dpkg-deb on
 * purpose: one gzip member, xz stream or zstd frame that fills its ar member
 * to the byte. Whatever is odd is an error, and the caller's to take to
 * dpkg-deb.
 */

/* What a control part may be, both in the archive and unpacked. */
#define DEBAR_MAX ((unsigned long)64 << 20)

/*
 * Gives the tar of the control part in an unnamed file of memory, at its
 * start. fd: a regular file, borrowed; its offset neither counts nor moves.
 * 0; ERR_FORMAT; ERR_LIMIT: over DEBAR_MAX, or its decoder wants too much
 * memory; ERR_UNSUPPORTED: old format or other compressor; -errno.
 */
int debar_control(int fd, int *ret_fd);

#endif
