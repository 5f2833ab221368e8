/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_IFLAG_H
#define DI_IFLAG_H

#include <stdbool.h>
#include <stddef.h>

#include "root.h"

/*
 * Inode flags: the one module that issues FS_IOC_GETFLAGS and
 * FS_IOC_SETFLAGS (ioctl_iflags(2)).
 */
#define IFLAG_IMMUTABLE 0x00000010u	/* FS_IMMUTABLE_FL, chattr +i */
#define IFLAG_APPEND	0x00000020u	/* FS_APPEND_FL, chattr +a */

/* 0; ERR_UNSUPPORTED where the file system has no flags; -errno. */
int iflag_get(int fd, unsigned int *ret_flags);

/*
 * Sets the bits of `mask` to those of `value` and leaves the others as they
 * are; writes only where something changes (even a redundant write moves
 * ctime). 1 changed, 0 was so already, ERR_UNSUPPORTED, -errno (EPERM: no
 * right; EROFS: read-only mount). *ret_old (may be NULL): flags before.
 */
int iflag_set(int fd, unsigned int value, unsigned int mask,
              unsigned int *ret_old);

/* The same for many at once; result is what iflag_set would give. */
struct iflag_change {
	int fd;
	unsigned int value, mask;
	int result;
};
/* So many are asked for at once where somebody else changes them. */
#define IFLAG_BATCH 64
void iflag_set_all(struct iflag_change *list, size_t n);

/*
 * In a process without the right: who makes the changes, n at a time, as
 * iflag_set would, and who tells whether a file system has a journal. For all
 * threads; set before there are any.
 */
struct iflag_maker {
	void (*change)(struct iflag_change *const *list, size_t n);
	bool (*has_journal)(int fd);
};
void iflag_through(const struct iflag_maker *maker);

/* What a file system can do, from statfs(2). */
struct fskind {
	const char *name;	/* "ext4", "overlay", ...; static */
	bool flags;		/* can carry the flag and says so truly */
	bool overlay;
	bool journaled;		/* fsync of one file makes all flags durable */
	bool guards_writers;	/* a descriptor that is older than the flag
				 * can't write either */
	bool read_only;		/* this mount, ST_RDONLY */
};
int fskind_of(int fd, struct fskind *ret);

/*
 * What a node says of itself by statx: the immutable and append bits, as
 * IFLAG_* bits; only believed where the file system is known to tell the
 * truth (erofs lies): pass kind->flags.
 */
unsigned int iflag_of_node(const struct node *n, bool believed);

#endif
