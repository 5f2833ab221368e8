/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_HISTORY_H
#define DI_HISTORY_H

#include "buf.h"
#include "err.h"

/*
 * STATE/history/log: JSON lines, newest last, append-only flag set by the
 * one who creates it. Every line is an object whose last key is "prev": the
 * SHA-256, in hex, of the line before (its bytes without the newline), of
 * the empty string for the first. A torn last line (no newline) is legal and
 * is ended with a newline before the next one is added; it then counts as a
 * link of the chain like any other bytes.
 */

/*
 * Adds an entry; `object` is "{...}" as json.h wrote it, not empty. One
 * write(2) with O_APPEND; the caller makes it durable with the rest.
 */
int history_append(int history_dirfd, const struct buf *object);

/*
 * Lifts the append-only flag, so that a released root can be deleted; the
 * next history_append sets it again. 0 also where there is no history.
 */
int history_unseal(int history_dirfd);

/* Calls fn for each line, oldest first. fn's non-zero result ends it. */
int history_walk(int history_dirfd, int (*fn)(void *ctx, const char *line,
                 size_t len), void *ctx);

/*
 * 0 the chain is whole (or there is none), 1 broken: *diag says at which
 * line and how, negative: could not be read.
 */
int history_check(int history_dirfd, struct diag *diag);

#endif
