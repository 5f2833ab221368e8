/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "root.h"
#include "strmap.h"
#include "walk.h"

/* Well below the usual limit of 1024, which other people need as well. */
#define OPEN_FOLDERS 24u

/* A folder by its canonical name. The open ones are in a ring, newest first. */
struct folder {
	struct folder *newer;
	struct folder *older;
	const char *name;
	int fd;			/* O_PATH, or -1 */
	enum { GUARD_UNASKED, GUARDED, UNGUARDED } guard;
};

struct root {
	int fd;
	struct arena *arena;	/* folders and their names */
	struct strmap *names;	/* listed or canonical -> struct folder */
	struct folder ring;	/* ring.older is the newest */
	unsigned int open;
	struct buf tidy;
	/* Paths come sorted: the folder is nearly always the last one again. */
	struct buf key;		/* the folder last asked for, as listed */
	struct folder *last;	/* what it is, or NULL */
	bool missing;		/* it was not there */
};

int
root_new(const char *path, struct root **ret)
{
	struct root *r;
	int err = -ENOMEM;

	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return -ENOMEM;
	r->ring.newer = r->ring.older = &r->ring;
	buf_init(&r->key, 0);
	buf_init(&r->tidy, 0);
	r->fd = open(*path != '\0' ? path : "/",
	             O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0) {
		err = -errno;
		goto out;
	}
	r->arena = arena_new();
	r->names = strmap_new();
	if (r->arena == NULL || r->names == NULL)
		goto out;
	*ret = r;
	return 0;
out:
	root_free(r);
	return err;
}

void
root_free(struct root *r)
{
	struct folder *f;

	if (r == NULL)
		return;
	for (f = r->ring.older; f != &r->ring; f = f->older)
		close(f->fd);
	if (r->fd >= 0)
		close(r->fd);
	strmap_free(r->names);
	arena_free(r->arena);
	buf_free(&r->key);
	buf_free(&r->tidy);
	free(r);
}

int
root_fd(const struct root *r)
{
	return r->fd;
}

static void
ring_remove(struct folder *f)
{
	f->newer->older = f->older;
	f->older->newer = f->newer;
}

static void
ring_add(struct root *r, struct folder *f)
{
	f->newer = &r->ring;
	f->older = r->ring.older;
	f->older->newer = f;
	r->ring.older = f;
}

/* Gives fd to f, at the cost of the folder unused for longest. */
static void
folder_opened(struct root *r, struct folder *f, int fd)
{
	struct folder *oldest = r->ring.newer;

	if (r->open >= OPEN_FOLDERS) {
		ring_remove(oldest);
		close(oldest->fd);
		oldest->fd = -1;
		r->open--;
	}
	f->fd = fd;
	ring_add(r, f);
	r->open++;
}

/* The record of a canonical name, a new one where it has none. */
static int
folder_named(struct root *r, const char *name, struct folder **ret)
{
	struct folder *f;
	char *copy;
	uintptr_t value;
	int err;

	if (strmap_get(r->names, name, &value)) {
		*ret = (struct folder *)value;
		return 0;
	}
	f = arena_alloc(r->arena, sizeof(*f));
	copy = arena_strdup(r->arena, name);
	if (f == NULL || copy == NULL)
		return -ENOMEM;
	f->name = copy;
	f->fd = -1;
	err = strmap_put(r->names, copy, (uintptr_t)f);
	if (err < 0)
		return err;
	*ret = f;
	return 0;
}

/* Resolves the listed name in r->key and remembers where it leads to. */
static int
folder_resolve(struct root *r, struct folder **ret)
{
	struct buf clean, name;
	struct folder *f = NULL;
	int fd = -1;
	int err;

	buf_init(&clean, 0);
	buf_init(&name, 0);
	err = r->key.len == 0 ? 0 :
	      walk_clean(r->key.data, r->key.len, &clean);
	if (err == 0)
		err = walk_folder(r->fd, clean.len > 0 ? clean.data : "",
		                  WALK_MAX_LINKS, &name, &fd);
	if (err == 0)
		err = folder_named(r, name.len > 0 ? name.data : "", &f);
	if (err < 0)
		goto out;
	if (f->fd < 0) {
		folder_opened(r, f, fd);
		fd = -1;
	}
	*ret = f;
out:
	if (fd >= 0)
		close(fd);
	buf_free(&clean);
	buf_free(&name);
	return err;
}

/* The folder listed[0..len), "" being the root. */
static int
folder_get(struct root *r, const char *listed, size_t len,
           struct folder **ret)
{
	struct folder *f = NULL;
	uintptr_t value;
	char *name;
	int err;

	if (r->last != NULL && r->key.len == len &&
	    memcmp(r->key.data, listed, len) == 0) {
		*ret = r->last;
		return 0;
	}
	/* A package that is new: none of its folders is there yet. */
	if (r->missing && r->key.len == len &&
	    memcmp(r->key.data, listed, len) == 0)
		return -ENOENT;
	r->last = NULL;
	r->missing = false;
	buf_clear(&r->key);
	err = buf_add(&r->key, listed, len);
	if (err < 0)
		return err;
	if (strmap_get(r->names, r->key.data, &value)) {
		f = (struct folder *)value;
	} else {
		err = folder_resolve(r, &f);
		r->missing = err == -ENOENT;
		if (err < 0)
			return err;
		if (strcmp(f->name, r->key.data) != 0) {
			name = arena_strdup(r->arena, r->key.data);
			if (name == NULL)
				return -ENOMEM;
			err = strmap_put(r->names, name, (uintptr_t)f);
			if (err < 0)
				return err;
		}
	}
	*ret = r->last = f;
	return 0;
}

/* A descriptor of f, borrowed until the next call for another folder. */
static int
folder_fd(struct root *r, struct folder *f, int *ret)
{
	struct buf name;
	int err;
	int fd;

	if (f->fd < 0) {
		/* What was no symlink once must not be one now. */
		buf_init(&name, 0);
		err = walk_folder(r->fd, f->name, 0, &name, &fd);
		buf_free(&name);
		if (err < 0)
			return err == -ELOOP ? ERR_UNSAFE : err;
		folder_opened(r, f, fd);
	} else if (r->ring.older != f) {
		ring_remove(f);
		ring_add(r, f);
	}
	*ret = f->fd;
	return 0;
}

/*
 * Where the last component begins, and how long the folder before it is. A
 * path that ends in "/" or "/." is tidied first; the root itself has the
 * base "".
 */
static int
split(struct root *r, const char **path, size_t *ret_len,
      const char **ret_base)
{
	const char *base;
	int err;

	if (**path != '/')
		return -EINVAL;
	base = strrchr(*path, '/') + 1;
	if (strcmp(base, "..") == 0)
		return ERR_UNSAFE;
	if (base[0] == '\0' || strcmp(base, ".") == 0) {
		err = walk_clean(*path, strlen(*path), &r->tidy);
		if (err < 0)
			return err;
		*path = r->tidy.len > 0 ? r->tidy.data : "";
		base = strrchr(*path, '/');
		base = base != NULL ? base + 1 : *path;
	}
	*ret_len = base == *path ? 0 : (size_t)(base - *path) - 1;
	*ret_base = base;
	return 0;
}

static int
folder_of(struct root *r, const char *path, struct folder **ret,
          const char **ret_base)
{
	size_t len;
	int err = split(r, &path, &len, ret_base);

	return err < 0 ? err : folder_get(r, path, len, ret);
}

/* The folder's descriptor, and the last component. */
static int
locate(struct root *r, const char *path, int *ret_fd, const char **ret_base)
{
	struct folder *f;
	int err = folder_of(r, path, &f, ret_base);

	return err < 0 ? err : folder_fd(r, f, ret_fd);
}

const char *
root_folder(struct root *r, const char *path, int *ret_err)
{
	struct folder *f;
	const char *base;
	int err = folder_of(r, path, &f, &base);

	if (err < 0) {
		*ret_err = err;
		return NULL;
	}
	return f->name;
}

/* Group 0 is root's as well. */
static bool
only_of(const struct node *n, uint32_t owner)
{
	return S_ISDIR(n->mode) && (n->uid == 0 || n->uid == owner) &&
	       (n->mode & S_IWOTH) == 0 &&
	       ((n->mode & S_IWGRP) == 0 || n->gid == 0);
}

/*
 * From the top down, so that who owns a folder on the way can't put others
 * there while we look: his own is what the answer depends on.
 */
static int
guarded_way(struct root *r, const char *name)
{
	char at[PATH_MAX];
	struct node top, n;
	size_t len = 0;
	int err = node_of_fd(r->fd, &top);

	if (err < 0 || !only_of(&top, top.uid))
		return err;
	while (name[len] != '\0') {
		len = (size_t)(strchrnul(name + len + 1, '/') - name);
		if (len >= sizeof(at))
			return -ENAMETOOLONG;
		memcpy(at, name, len);
		at[len] = '\0';
		err = root_stat(r, at, &n);
		if (err < 0 || !only_of(&n, top.uid))
			return err;
	}
	return 1;
}

int
root_guarded(struct root *r, const char *path)
{
	struct folder *f;
	const char *base;
	int err = folder_of(r, path, &f, &base);

	if (err == 0 && f->guard == GUARD_UNASKED) {
		err = guarded_way(r, f->name);
		if (err >= 0)
			f->guard = err > 0 ? GUARDED : UNGUARDED;
	}
	return err < 0 ? err : f->guard == GUARDED;
}

static int64_t
nanoseconds(const struct statx_timestamp *t)
{
	return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

int
node_at(int dirfd, const char *name, struct node *ret)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
	struct statx sx;

	if (*name == '\0')
		flags |= AT_EMPTY_PATH;
	if (statx(dirfd, name, flags, STATX_BASIC_STATS, &sx) < 0)
		return -errno;
	ret->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	ret->ino = sx.stx_ino;
	ret->size = sx.stx_size;
	ret->ctime = nanoseconds(&sx.stx_ctime);
	ret->mtime = nanoseconds(&sx.stx_mtime);
	ret->mode = sx.stx_mode;
	ret->uid = sx.stx_uid;
	ret->gid = sx.stx_gid;
	ret->nlink = sx.stx_nlink;
	ret->attributes = sx.stx_attributes;
	ret->attributes_mask = sx.stx_attributes_mask;
	return 0;
}

int
root_stat(struct root *r, const char *path, struct node *ret)
{
	const char *base;
	int dirfd;
	int err;

	err = locate(r, path, &dirfd, &base);
	if (err < 0)
		return err;
	return node_at(dirfd, base, ret);
}

int
root_readlink(struct root *r, const char *path, char *ret_target, size_t size)
{
	const char *base;
	ssize_t n;
	int dirfd;
	int err;

	err = locate(r, path, &dirfd, &base);
	if (err < 0)
		return err;
	n = readlinkat(dirfd, base, ret_target, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	ret_target[n] = '\0';
	return (int)n;
}

bool
node_mounted(const struct node *n)
{
	uint64_t told = n->attributes & n->attributes_mask;

	return !S_ISDIR(n->mode) && (told & STATX_ATTR_MOUNT_ROOT) != 0;
}

int
node_of_fd(int fd, struct node *ret)
{
	return node_at(fd, "", ret);
}

#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/*
 * Our reading does not count as use: an audit would write the time of it to
 * every inode, each day. Only who owns a file may say so.
 */
static int
open_base(int dirfd, const char *base)
{
	int fd = openat(dirfd, base, OPEN_FLAGS | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(dirfd, base, OPEN_FLAGS);
	if (fd < 0)
		return errno == ELOOP ? ERR_UNSAFE : -errno;
	return fd;
}

/* Takes fd over, which must be a regular file; `named`, if that is not NULL. */
static int
take_regular(int fd, const struct node *named, int *ret_fd,
             struct node *ret_node)
{
	struct node opened;
	int err = node_of_fd(fd, &opened);

	if (err == 0 && (!S_ISREG(opened.mode) || (named != NULL &&
	    (opened.dev != named->dev || opened.ino != named->ino))))
		err = ERR_UNSAFE;
	if (err < 0) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	*ret_node = opened;
	return 0;
}

/* Opens base, which must still be the regular file of `named`. */
static int
open_named(int dirfd, const char *base, const struct node *named,
           int *ret_fd, struct node *ret_node)
{
	int fd;

	/* Opening a device or a fifo can already do something. */
	if (!S_ISREG(named->mode))
		return ERR_NOT_REGULAR;
	fd = open_base(dirfd, base);
	return fd < 0 ? fd : take_regular(fd, named, ret_fd, ret_node);
}

int
root_open(struct root *r, const char *path, int *ret_fd,
          struct node *ret_node)
{
	struct node named;
	const char *base;
	int dirfd;
	int err;

	err = locate(r, path, &dirfd, &base);
	if (err == 0)
		err = node_at(dirfd, base, &named);
	if (err < 0)
		return err;
	return open_named(dirfd, base, &named, ret_fd, ret_node);
}

int
root_open_as(struct root *r, const char *path, const struct node *known,
             int *ret_fd, struct node *ret_node)
{
	const char *base;
	int dirfd;
	int err;

	err = locate(r, path, &dirfd, &base);
	if (err < 0)
		return err;
	return open_named(dirfd, base, known, ret_fd, ret_node);
}

int
root_open_listed(struct root *r, const char *path, int *ret_fd,
                 struct node *ret_node)
{
	/* What is mounted on it was in no list. */
	const struct open_how how = {
		.flags = OPEN_FLAGS | O_NOATIME,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS
	};
	const char *base;
	int dirfd, fd;
	int err;

	err = locate(r, path, &dirfd, &base);
	if (err < 0)
		return err;
	fd = (int)syscall(SYS_openat2, dirfd, base, &how, sizeof(how));
	return fd < 0 ? -errno : take_regular(fd, NULL, ret_fd, ret_node);
}

int
root_open_dir(struct root *r, const char *path, int *ret_fd)
{
	struct folder *f;
	int dirfd, fd;
	int err;

	if (*path != '/')
		return -EINVAL;
	r->missing = false;	/* our caller may have made it just now */
	err = folder_get(r, path, strlen(path), &f);
	if (err == 0)
		err = folder_fd(r, f, &dirfd);
	if (err < 0)
		return err;
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK |
	            O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}
