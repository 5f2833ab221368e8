/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "err.h"
#include "walk.h"

/* Room for a name and some expanded links; the kernel's bound is 4096. */
#define TEXT_MAX ((size_t)64 << 10)

/* The next component of *p, past slashes; its length, 0 at the end. */
static size_t
component(const char **p)
{
	size_t n = 0;

	while (**p == '/')
		(*p)++;
	while ((*p)[n] != '\0' && (*p)[n] != '/')
		n++;
	return n;
}

static bool
is_dot(const char *s, size_t n)
{
	return n == 1 && s[0] == '.';
}

static bool
is_dotdot(const char *s, size_t n)
{
	return n == 2 && s[0] == '.' && s[1] == '.';
}

int
walk_clean(const char *path, size_t len, struct buf *ret)
{
	size_t i, n;
	int err;

	if (len == 0 || path[0] != '/')
		return -EINVAL;
	buf_clear(ret);
	for (i = 0; i < len; i += n) {
		while (i < len && path[i] == '/')
			i++;
		for (n = 0; i + n < len && path[i + n] != '/'; n++)
			;
		if (n == 0 || is_dot(path + i, n))
			continue;
		if (is_dotdot(path + i, n))
			return ERR_UNSAFE;
		err = buf_add_char(ret, '/');
		if (err == 0)
			err = buf_add(ret, path + i, n);
		if (err < 0)
			return err;
	}
	return 0;
}

static bool
has_dotdot(const char *text)
{
	size_t n;

	for (; (n = component(&text)) > 0; text += n)
		if (is_dotdot(text, n))
			return true;
	return false;
}

/* The whole way in one call, where no symlink is in it. */
static int
open_beneath(int root_fd, const char *name, int *ret_fd)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		           RESOLVE_NO_MAGICLINKS,
	};
	const char *rel = name;
	long fd;

	component(&rel);
	fd = syscall(SYS_openat2, root_fd, *rel != '\0' ? rel : ".", &how,
	             sizeof(how));
	if (fd < 0)
		return -errno;
	*ret_fd = (int)fd;
	return 0;
}

/*
 * A link decides where we go only if nobody but root (or the owner of the
 * whole tree) could have put it there. A sticky folder does not help: with
 * hard links unprotected, anybody can link root's symlink into it.
 */
static int
link_trusted(int root_fd, int dir_fd, int link_fd)
{
	struct stat root, dir, ln;

	if (fstat(root_fd, &root) < 0 || fstat(dir_fd, &dir) < 0 ||
	    fstat(link_fd, &ln) < 0)
		return -errno;
	if (!S_ISLNK(ln.st_mode))
		return -ENOTDIR;
	if ((ln.st_uid != 0 && ln.st_uid != root.st_uid) ||
	    (dir.st_uid != 0 && dir.st_uid != root.st_uid) ||
	    (dir.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return ERR_UNSAFE;
	return 0;
}

/* The target of dir_fd/name with a NUL in text (size bytes), if trusted. */
static int
read_link(int root_fd, int dir_fd, const char *name, char *text, size_t size)
{
	ssize_t n;
	int err;
	int fd;

	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = link_trusted(root_fd, dir_fd, fd);
	if (err < 0)
		goto out;
	n = readlinkat(fd, "", text, size);
	if (n < 0)
		err = -errno;
	else if ((size_t)n >= size)
		err = -ENAMETOOLONG;
	else
		text[n] = '\0';
out:
	close(fd);
	return err;
}

/* *text becomes HEAD/MIDDLE/REST; rest may point into *text. */
static int
rewrite(struct buf *text, const struct buf *head, const char *middle,
        const char *rest)
{
	struct buf made;
	int err;

	buf_init(&made, TEXT_MAX);
	err = buf_addf(&made, "%.*s/%s/%s", (int)head->len,
	               head->len > 0 ? head->data : "", middle, rest);
	if (err == 0) {
		buf_clear(text);
		err = buf_add(text, made.data, made.len);
	}
	buf_free(&made);
	return err == ERR_LIMIT ? -ENAMETOOLONG : err;
}

enum step { STEP_DONE, STEP_LINK, STEP_UP };

/*
 * dir_fd is the folder text[0..at), which has no symlink in it; what comes
 * there is ".." or no folder. Puts into *text where it leads to.
 */
static int
divert(int root_fd, int dir_fd, const char *name, size_t at, struct buf *text)
{
	const char *rest = text->data + at + strlen(name);
	char target[PATH_MAX];
	struct buf head;
	int step = is_dotdot(name, strlen(name)) ? STEP_UP : STEP_LINK;
	int err;

	buf_init(&head, TEXT_MAX);
	err = walk_clean(text->data, at, &head);
	if (err == 0 && step == STEP_UP) {
		while (head.len > 0 && head.data[--head.len] != '/')
			;	/* above the root there is the root */
		target[0] = '\0';
	} else if (err == 0) {
		err = read_link(root_fd, dir_fd, name, target, sizeof(target));
		if (err == 0 && target[0] == '/')
			buf_clear(&head);
	}
	if (err == 0)
		err = rewrite(text, &head, target, rest);
	buf_free(&head);
	return err < 0 ? err : step;
}

/*
 * Goes along *text by component. At the first symlink or ".." it rewrites
 * *text, so that the caller can start again from the root: descriptors of
 * the way back are never needed, and ".." is always the parent by name of a
 * folder whose name has no symlink in it.
 */
static int
walk_step(int root_fd, struct buf *text, int *ret_fd)
{
	char name[NAME_MAX + 1];
	const char *p = text->data;
	size_t n;
	int err = -ENOTDIR;
	int cur, next;

	cur = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cur < 0)
		return -errno;
	while ((n = component(&p)) > 0) {
		if (n >= sizeof(name)) {
			err = -ENAMETOOLONG;
			goto out;
		}
		memcpy(name, p, n);
		name[n] = '\0';
		next = is_dotdot(p, n) ? -1 :
		       openat(cur, name, O_PATH | O_NOFOLLOW | O_DIRECTORY |
		              O_CLOEXEC);
		if (next < 0 && !is_dotdot(p, n) && errno != ENOTDIR) {
			err = -errno;
			goto out;
		}
		if (next < 0) {
			err = divert(root_fd, cur, name,
			             (size_t)(p - text->data), text);
			goto out;
		}
		close(cur);
		cur = next;
		p += n;
	}
	*ret_fd = cur;
	return STEP_DONE;
out:
	close(cur);
	return err;
}

/* In one call if it can be, else by component; one symlink at a time. */
static int
attempt(int root_fd, struct buf *text, int *ret_fd)
{
	int err;

	/* The kernel's ".." would fail at the root instead of staying there. */
	if (!has_dotdot(text->data)) {
		err = open_beneath(root_fd, text->data, ret_fd);
		/* EPERM: a sandbox that does not know the call */
		if (err != -ELOOP && err != -ENOSYS && err != -EPERM)
			return err;
	}
	return walk_step(root_fd, text, ret_fd);
}

int
walk_folder(int root_fd, const char *name, unsigned int max_links,
            struct buf *ret_name, int *ret_fd)
{
	struct buf text;
	unsigned int links = 0;
	int fd = -1;
	int step;

	buf_init(&text, TEXT_MAX);
	step = buf_addf(&text, "/%s", name);
	if (step == 0)
		step = attempt(root_fd, &text, &fd);
	while (step > 0) {
		if (step == STEP_LINK && ++links > max_links)
			step = -ELOOP;
		else
			step = attempt(root_fd, &text, &fd);
	}
	if (step == STEP_DONE)
		step = walk_clean(text.data, text.len, ret_name);
	if (step < 0 && fd >= 0)
		close(fd);
	else if (step == 0)
		*ret_fd = fd;
	buf_free(&text);
	return step;
}
