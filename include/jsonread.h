/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_JSONREAD_H
#define DI_JSONREAD_H

#include <stddef.h>

#include "buf.h"

/*
 * Looks members up in one JSON object (RFC 8259) of len bytes that need no
 * NUL behind them. The whole text is read each time, so that nothing is taken
 * from one that is broken further on. Values nested deeper than
 * JSONREAD_DEPTH are refused.
 *
 * Errors: ERR_FORMAT (no object, or broken anywhere, or bytes behind it, or
 * the key is there twice), ERR_LIMIT (too deep), -ENOENT (no such member or
 * of another type), -ENOMEM.
 */
#define JSONREAD_DEPTH 16

/* 0 if the text is one object. */
int jsonread_check(const char *text, size_t len);

/* Appends the member's string; one with a NUL in it is an ERR_FORMAT. */
int jsonread_str(const char *text, size_t len, const char *key,
                 struct buf *ret);

/* A number that is an integer and fits. */
int jsonread_num(const char *text, size_t len, const char *key,
                 long long *ret);

/*
 * The strings of an array, appended with `between` in front of each but the
 * first. An empty array appends nothing; members of other types: -ENOENT.
 */
int jsonread_strs(const char *text, size_t len, const char *key,
                  const char *between, struct buf *ret);

/*
 * Calls fn with each string of an array; its non-zero result ends the walk
 * and is handed on. -ENOENT: no such member; ERR_FORMAT also where it is no
 * array, or holds anything else (fn may have had strings by then).
 */
typedef int jsonread_fn(void *ctx, const char *s);
int jsonread_each(const char *text, size_t len, const char *key,
                  jsonread_fn *fn, void *ctx);

#endif
