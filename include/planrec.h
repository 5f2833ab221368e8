/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_PLANREC_H
#define DI_PLANREC_H

#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "journal.h"

/*
 * The payloads of the journal's PLAN and OPEN records. Little endian; a
 * string is its length (u32) and its bytes; paths are front-coded: each
 * tells how many bytes (u16) it shares with the one before it and adds its
 * own (u16 length, bytes), then a byte of marks, what the marks announce,
 * and the inode. Plans reach 60,000 paths, most of them neighbours.
 */

/* 0, ERR_LIMIT (a path over 64 KiB, a bound of the buffer), -ENOMEM. */
int planrec_add_plan(struct buf *b, const struct journal_plan *plan);
int planrec_add_paths(struct buf *b, const struct journal_path *paths,
                      size_t n);

/* All of data must be one payload; strings go to the arena. ERR_FORMAT. */
int planrec_get_plan(struct arena *a, const void *data, size_t n,
                     struct journal_plan *ret);
int planrec_get_paths(struct arena *a, const void *data, size_t n,
                      struct journal_path **ret, size_t *ret_n);

#endif
