/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_LOCK_H
#define DI_LOCK_H

#include <sys/types.h>

/*
 * Our own lock: an open-file-description write lock on all of fd, so that it
 * ends with the last copy of the descriptor; open it O_CLOEXEC.
 * 0, ERR_BUSY, -errno. Never waits.
 */
int lock_own(int fd);

/*
 * dpkg's locks (lock-frontend, lock): POSIX record locks (F_SETLK, write,
 * whole file), as dpkg's file_lock() takes them. 0; ERR_BUSY with the
 * holder's pid in *ret_holder (0 if unknown; may be NULL); -errno.
 * Careful: any close() of the same file in this process drops them.
 */
int lock_posix(int fd, pid_t *ret_holder);

/* Who holds a POSIX lock on fd: 1 and *ret_holder, 0 nobody, -errno. */
int lock_posix_held(int fd, pid_t *ret_holder);

#endif
