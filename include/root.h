/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ROOT_H
#define DI_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Everything below one root folder (instdir). Paths are dpkg's: absolute,
 * taken below the root. The way to the last component is resolved with
 * openat2(RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS) and, where there is a symlink
 * in it (usrmerge) or no openat2, component by component: absolute links
 * are taken from the root, ".." never leaves it, and a link is accepted only
 * if root owns it and its folder is owned by root and not writable by others
 * (ERR_UNSAFE otherwise; the owner of the root folder itself counts as root).
 * The last component is never followed. A path without a leading slash is
 * -EINVAL, one with a ".." ERR_UNSAFE. Folders are cached for good: a struct
 * root does not see that one was replaced, so after dpkg has run a new one is
 * due. It is for one thread.
 */
struct root;

struct node {			/* statx(2) of one inode */
	uint64_t dev;		/* makedev(major, minor) */
	uint64_t ino;
	uint64_t size;
	int64_t ctime;		/* nanoseconds since the epoch */
	int64_t mtime;
	uint32_t mode;		/* type and permissions */
	uint32_t uid;
	uint32_t gid;
	uint32_t nlink;
	uint64_t attributes;	/* STATX_ATTR_* */
	uint64_t attributes_mask;
};

/* path "" means "/". */
int root_new(const char *path, struct root **ret);
void root_free(struct root *r);
int root_fd(const struct root *r);		/* borrowed */

/*
 * The canonical name below the root of the folder that holds `path`, with no
 * symlink in it ("/usr/bin" for "/bin/ls" on a merged system; "/" is "").
 * Owned by r, valid as long as r. NULL and *ret_err where it has none.
 */
const char *root_folder(struct root *r, const char *path, int *ret_err);

/*
 * Whether nobody but root, or the owner of the root folder, can put anything
 * where `path` is: each folder on the way is theirs, and not writable by
 * others. 1 or 0; a negative error.
 */
int root_guarded(struct root *r, const char *path);

/* statx of the last component, not followed. 0, -ENOENT, ..., ERR_UNSAFE. */
int root_stat(struct root *r, const char *path, struct node *ret);

/* The same for an open descriptor, and for a name in an open folder. */
int node_of_fd(int fd, struct node *ret);
int node_at(int dirfd, const char *name, struct node *ret);

/* From root_stat: something is mounted on this very name, and it is no folder:
 * what lies below cannot be reached, nor replaced or removed by anybody. */
bool node_mounted(const struct node *n);

/*
 * Opens a regular file for reading (O_NOFOLLOW, O_NONBLOCK, O_NOCTTY,
 * O_CLOEXEC) and tells its node from fstat-like statx of that descriptor.
 * Anything else is not opened: ERR_NOT_REGULAR. The caller closes *ret_fd.
 */
int root_open(struct root *r, const char *path, int *ret_fd,
              struct node *ret_node);
/* root_open for what root_stat told of it just now; ERR_UNSAFE if it is another
 * file by now. */
int root_open_as(struct root *r, const char *path, const struct node *known,
                 int *ret_fd, struct node *ret_node);
/*
 * root_open without a look at it first: for a name that getdents(2) has told
 * to be a regular file's just now. Where it fails, in any way, another call
 * may not: what is mounted over, and what others own, is not opened.
 */
int root_open_listed(struct root *r, const char *path, int *ret_fd,
                     struct node *ret_node);

/*
 * The target of the symlink that the last component is, NUL-terminated.
 * Its length, -EINVAL: no symlink, -ENAMETOOLONG, other -errno.
 */
int root_readlink(struct root *r, const char *path, char *ret_target,
                  size_t size);

/*
 * A folder of the root as a descriptor of its own (O_DIRECTORY), found by the
 * rules for the way to a last component: a trusted symlink to it is followed.
 */
int root_open_dir(struct root *r, const char *path, int *ret_fd);

#endif
