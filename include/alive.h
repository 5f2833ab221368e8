/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ALIVE_H
#define DI_ALIVE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Tells whether a process noted in a file still lives, so that recovery knows
 * of a dpkg that has not come to take its own lock yet. The note is
 * "PID START BOOT\n" padded to 128 bytes; START is field 22 of proc(5)'s stat,
 * so that a number used again is not taken for the same process (0: no /proc);
 * BOOT the kernel's boot_id, as both begin anew with each boot. Without it, as
 * older versions write it (64 bytes, which is also what they read) and where
 * there is no /proc, the others alone count.
 */

/* Writes this process into fd at offset 0. Async-signal-safe. 0 or -errno. */
int alive_note(int fd);
/* 1 and *ret_pid if the noted process lives; 0: not, or no readable note. */
int alive_noted(int fd, pid_t *ret_pid);

/* A process's parent; 0 where nobody tells. */
pid_t alive_parent(pid_t pid);

/* Is pid our parent, or its parent, and so on? Without /proc: parent only. */
bool alive_is_ancestor(pid_t pid);

#endif
