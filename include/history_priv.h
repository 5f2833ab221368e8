/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_HISTORY_PRIV_H
#define DI_HISTORY_PRIV_H

#include <stdbool.h>

#include "history.h"

/* Shared by history.c (writes), history_read.c and history_since.c only. */
#define HISTORY_NAME	"log"
#define HISTORY_MAX_LINE ((size_t)16 << 20)
#define HISTORY_CHUNK	((size_t)64 << 10)
#define HISTORY_HEX	64	/* digits of a SHA-256 */
#define HISTORY_PREV	",\"prev\":\""
#define HISTORY_PREV_LEN (sizeof(HISTORY_PREV) - 1)
#define HISTORY_PREV_END "\"}"
#define HISTORY_LINK_LEN (HISTORY_PREV_LEN + HISTORY_HEX + 2)

int history_hash(const char *line, size_t len, char hex[HISTORY_HEAD_SIZE]);

/*
 * From the link before a line to the one after it: an entry names the line
 * before it, a torn one does not, and must not hide what stands there.
 */
int history_link(char link[HISTORY_HEAD_SIZE], const char *line, size_t len);
/*
 * The last line, without its newline, is *ret_at and what follows in b. Only
 * the tail of the file is read, more of it until a line is whole.
 */
int history_tail(int fd, struct buf *b, size_t *ret_at, bool *ret_torn);
/* The link after the last line, by reading all of them. */
int history_last(int history_dirfd, char ret_link[HISTORY_HEAD_SIZE]);

/*
 * How long the entry is that a line holds: all of it, unless zeros stand
 * behind; 0 where there is none: the line was torn when it was written.
 */
size_t history_entry(const char *line, size_t len);

#endif
