/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_JFILE_H
#define DI_JFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buf.h"

/*
 * The journal as a file: made, opened, locked, grown. It begins with a magic
 * line in JFILE_FIRST bytes; what stands behind them is the journal's.
 */
#define JFILE_NAME	"journal"
#define JFILE_BAD_NAME	"journal.bad"
#define JFILE_WORDS	"dpkg-immutable journal"
#define JFILE_VERSION	1
#define JFILE_FIRST	64
#define JFILE_MAX	((size_t)256 << 20)

/* A new empty one, durable; an older one is renamed to JFILE_BAD_NAME. */
int jfile_make(int run_dirfd);
/* A descriptor (read-only where it cannot be written), or an error. */
int jfile_open(int run_dirfd);
/* 1 if the name still stands for this descriptor's file, 0 if for none or for
 * another, -errno where that can't be told. */
int jfile_is_named(int run_dirfd, int fd);

/*
 * The lock of those who read (F_RDLCK) or append (F_WRLCK); waits, as it is
 * held for a write and an fsync at most.
 */
int jfile_lock(int fd, short type);
void jfile_unlock(int fd);

int jfile_read(int fd, off_t from, struct buf *b);	/* to the end */
int jfile_write(int fd, off_t at, const void *data, size_t n);
int jfile_write_magic(int fd);
/*
 * Lets the file reach to `need` at least, with written zeros: 1 if it grew
 * (and fdatasync is not enough), 0, or an error and the file as it was.
 */
int jfile_make_room(int fd, off_t need);

#endif
