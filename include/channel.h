/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CHANNEL_H
#define DI_CHANNEL_H

#include <stddef.h>

/*
 * Flat messages with descriptors between two processes of ours (unix(7),
 * SOCK_SEQPACKET, SCM_RIGHTS). What comes in is bounded by the receiver.
 */
#define CHANNEL_FDS 64		/* with one message, at most */

int channel_pair(int ret[2]);

/* All of it, with n descriptors (borrowed). 0 or -errno (-EPIPE: nobody is
 * there to receive it). Raises no SIGPIPE. */
int channel_send(int fd, const void *data, size_t len, const int *fds,
                 size_t n);

/*
 * One message of at least `least` and at most `size` bytes, with n descriptors
 * at most: its length, and *ret_n of them in fds, which are the caller's to
 * close. 0: the other side has gone. ERR_FORMAT: a message of another size, or
 * more descriptors; nothing of it is left open. -errno.
 */
int channel_receive(int fd, void *data, size_t least, size_t size, int *fds,
                    size_t n, size_t *ret_n);

#endif
