/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_FILE_H
#define DI_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buf.h"

/*
 * Reads all of a regular file below dirfd (last component not followed,
 * never blocks on a fifo) and appends it to *b, whose max is the bound.
 * 0, -errno, ERR_LIMIT, ERR_NOT_REGULAR.
 */
int file_read(int dirfd, const char *name, struct buf *b);

/* The same from an open descriptor, from its current offset to the end. */
int file_read_fd(int fd, struct buf *b);

/* Writes all of it, through EINTR and short writes. 0 or -errno. */
int file_write(int fd, const void *data, size_t n);

/*
 * Replaces dirfd/name: writes a temporary file beside it, fsync (with
 * FILE_DURABLE), rename, fsync of the folder (with FILE_DURABLE). On failure
 * the old file is untouched and the temporary one is gone. A left-over
 * temporary file of a killed run is replaced.
 */
enum { FILE_DURABLE = 1, FILE_STARTED = 2 };
int file_replace(int dirfd, const char *name, const void *data, size_t n,
                 mode_t mode, unsigned int flags);

/* First half of file_replace without the rename (NAME.new is left). */
int file_stage(int dirfd, const char *name, const void *data, size_t n,
               mode_t mode, unsigned int flags);
/*
 * For many files: stage all with FILE_STARTED, which sends them off to the
 * disk, then settle each, which waits (fsync of NAME.new): hardly longer than
 * one, and unlike syncfs it waits for nobody else's data.
 */
int file_settle(int dirfd, const char *name);
/* Second half: NAME.new to NAME. */
int file_commit(int dirfd, const char *name);

/* mkdirat unless there; must end as a folder owned by root. 0 or -errno. */
int file_mkdir(int dirfd, const char *name, mode_t mode);

#endif
