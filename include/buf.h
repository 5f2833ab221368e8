/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_BUF_H
#define DI_BUF_H

#include <stdarg.h>
#include <stddef.h>

/*
 * A growing byte buffer with a hard bound. data is always followed by one
 * NUL that does not count in len, so text can be used in place.
 */
struct buf {
	char *data;	/* NULL while empty */
	size_t len;
	size_t cap;
	size_t max;	/* len never exceeds it */
};

#define BUF_MAX_DEFAULT ((size_t)256 << 20)

void buf_init(struct buf *b, size_t max);	/* max 0: BUF_MAX_DEFAULT */
void buf_free(struct buf *b);			/* leaves an empty buffer */
void buf_clear(struct buf *b);			/* keeps the memory */

/* All return 0, ERR_LIMIT or -ENOMEM; on failure b is unchanged. */
int buf_reserve(struct buf *b, size_t more);
int buf_add(struct buf *b, const void *data, size_t n);
int buf_add_str(struct buf *b, const char *s);
int buf_add_char(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int buf_add_u32(struct buf *b, unsigned int v);		/* little endian */
int buf_add_u64(struct buf *b, unsigned long long v);	/* little endian */

#endif
