/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_POLITE_H
#define DI_POLITE_H

#include <stdbool.h>
#include <stdint.h>

/* For a long reading that must be in nobody's way (--polite). */

/* Idle I/O class and lowest CPU priority for the calling process and all
 * threads that it starts from now on; what the kernel refuses is not done. */
void polite_begin(void);
/*
 * True if any page of the file was in the page cache, or it can't be told:
 * then it has to stay. cachestat(2) (Linux 6.5), else mincore(2).
 */
bool polite_cached(int fd, uint64_t size);
/* Drops the file's pages: it was not cached before we read it. */
void polite_drop(int fd);

/* Reading: whether the first bytes of fd would have to come from the disk
 * (preadv2 with RWF_NOWAIT); false where it can't be told. The kernel begins
 * to read them then: ask polite_cached before. */
bool polite_cold(int fd);

#endif
