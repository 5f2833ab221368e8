/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <string.h>

#include "err.h"
#include "planrec.h"

/* Marks of a path. */
enum { MARK_FOREIGN = 1, MARK_FLAGS = 2, MARK_DEV = 4, MARK_ALL = 7 };

#define PLAN_GUEST_DB	1u
/* prefix, suffix length, marks, inode */
#define PATH_MIN_BYTES	(2 + 2 + 1 + 8)
/* Front coding can make much of little: what a payload may grow to. */
#define PATHS_MAX_BYTES	((size_t)256 << 20)

static void
put_le(unsigned char *to, unsigned long long v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)(v >> (8 * i));
}

static int
add_string(struct buf *b, const char *s)
{
	size_t n = strlen(s);
	int err;

	if (n > UINT32_MAX)
		return ERR_LIMIT;
	err = buf_add_u32(b, (unsigned int)n);
	return err == 0 ? buf_add(b, s, n) : err;
}

static int
add_strings(struct buf *b, char *const *s, size_t n)
{
	int err;

	if (n > UINT32_MAX)
		return ERR_LIMIT;
	err = buf_add_u32(b, (unsigned int)n);
	for (size_t i = 0; err == 0 && i < n; i++)
		err = add_string(b, s[i]);
	return err;
}

static size_t
shared_prefix(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] != '\0' && a[n] == b[n])
		n++;
	return n;
}

static int
add_path(struct buf *b, const struct journal_path *p,
         const struct journal_path *last)
{
	unsigned char head[5], tail[4 + 8 + 8];
	size_t shared = shared_prefix(last->path, p->path);
	size_t own = strlen(p->path + shared);
	size_t n = 0;
	int err;

	if (shared > UINT16_MAX || own > UINT16_MAX ||
	    shared + own > UINT16_MAX)
		return ERR_LIMIT;
	put_le(head, shared, 2);
	put_le(head + 2, own, 2);
	head[4] = p->foreign ? MARK_FOREIGN : 0;
	if (p->flags != last->flags) {
		head[4] |= MARK_FLAGS;
		put_le(tail, p->flags, 4);
		n += 4;
	}
	if (p->dev != last->dev) {
		head[4] |= MARK_DEV;
		put_le(tail + n, p->dev, 8);
		n += 8;
	}
	put_le(tail + n, p->ino, 8);
	n += 8;
	err = buf_add(b, head, sizeof(head));
	if (err == 0)
		err = buf_add(b, p->path + shared, own);
	return err == 0 ? buf_add(b, tail, n) : err;
}

int
planrec_add_paths(struct buf *b, const struct journal_path *paths, size_t n)
{
	struct journal_path last = { .path = "" };
	int err;

	if (n > UINT32_MAX)
		return ERR_LIMIT;
	err = buf_add_u32(b, (unsigned int)n);
	for (size_t i = 0; err == 0 && i < n; i++) {
		err = add_path(b, &paths[i], &last);
		last = paths[i];
	}
	return err;
}

int
planrec_add_plan(struct buf *b, const struct journal_plan *plan)
{
	int err = buf_add_u32(b, plan->guest_db ? PLAN_GUEST_DB : 0);

	if (err == 0)
		err = add_string(b, plan->action);
	if (err == 0)
		err = add_string(b, plan->admindir);
	if (err == 0)
		err = add_strings(b, plan->argv, plan->argc);
	if (err == 0)
		err = add_strings(b, plan->packages, plan->n_packages);
	if (err == 0)
		err = planrec_add_paths(b, plan->paths, plan->n_paths);
	return err;
}

/* What is left of a payload. An error stays, and all else reads as nothing. */
struct reader {
	struct arena *arena;
	const unsigned char *at;
	size_t left;
	int err;
};

static const unsigned char *
get_bytes(struct reader *r, size_t n)
{
	const unsigned char *at = r->at;

	if (r->err == 0 && n > r->left)
		r->err = ERR_FORMAT;
	if (r->err < 0)
		return NULL;
	r->at += n;
	r->left -= n;
	return at;
}

static unsigned long long
get_le(struct reader *r, size_t n)
{
	const unsigned char *from = get_bytes(r, n);
	unsigned long long v = 0;

	for (size_t i = n; from != NULL && i > 0; i--)
		v = v << 8 | from[i - 1];
	return v;
}

/* A number of things of at least `least` bytes each. */
static size_t
get_count(struct reader *r, size_t least)
{
	size_t n = (size_t)get_le(r, 4);

	if (r->err == 0 && n > r->left / least)
		r->err = ERR_FORMAT;
	return r->err == 0 ? n : 0;
}

static void *
get_memory(struct reader *r, size_t n, size_t size)
{
	void *p = NULL;

	if (r->err == 0) {
		/* one more, so that no array is empty */
		p = arena_alloc(r->arena, (n + 1) * size);
		if (p == NULL)
			r->err = -ENOMEM;
	}
	return p;
}

static char *
get_string(struct reader *r)
{
	size_t n = (size_t)get_le(r, 4);
	const unsigned char *from = get_bytes(r, n);
	char *s;

	if (from == NULL)
		return NULL;
	if (memchr(from, '\0', n) != NULL) {
		r->err = ERR_FORMAT;
		return NULL;
	}
	s = get_memory(r, n, 1);
	if (s != NULL)
		memcpy(s, from, n);
	return s;
}

static char **
get_strings(struct reader *r, size_t *ret_n)
{
	size_t n = get_count(r, 4);
	char **s = get_memory(r, n, sizeof(*s));

	for (size_t i = 0; r->err == 0 && i < n; i++)
		s[i] = get_string(r);
	*ret_n = n;
	return s;
}

/* Returns how long the path is. */
static size_t
get_path(struct reader *r, const struct journal_path *last, size_t last_len,
         struct journal_path *ret)
{
	size_t shared = (size_t)get_le(r, 2), own = (size_t)get_le(r, 2);
	unsigned int marks = (unsigned int)get_le(r, 1);
	const unsigned char *from = get_bytes(r, own);
	char *path;

	if (from != NULL &&
	    (shared > last_len || (marks & ~(unsigned int)MARK_ALL) != 0 ||
	     memchr(from, '\0', own) != NULL))
		r->err = ERR_FORMAT;
	path = get_memory(r, shared + own, 1);
	if (path == NULL || from == NULL)
		return 0;
	memcpy(path, last->path, shared);
	memcpy(path + shared, from, own);
	ret->path = path;
	ret->foreign = (marks & MARK_FOREIGN) != 0;
	ret->flags = (marks & MARK_FLAGS) != 0 ?
	    (unsigned int)get_le(r, 4) : last->flags;
	ret->dev = (marks & MARK_DEV) != 0 ? get_le(r, 8) : last->dev;
	ret->ino = get_le(r, 8);
	return shared + own;
}

static struct journal_path *
get_paths(struct reader *r, size_t *ret_n)
{
	struct journal_path first = { .path = "" };
	const struct journal_path *last = &first;
	size_t n = get_count(r, PATH_MIN_BYTES);
	struct journal_path *paths = get_memory(r, n, sizeof(*paths));
	size_t len = 0, total = 0;

	for (size_t i = 0; r->err == 0 && i < n; i++) {
		len = get_path(r, last, len, &paths[i]);
		last = &paths[i];
		total += len;
		if (r->err == 0 && total > PATHS_MAX_BYTES)
			r->err = ERR_FORMAT;
	}
	*ret_n = n;
	return paths;
}

static int
get_end(const struct reader *r)
{
	if (r->err < 0)
		return r->err;
	return r->left == 0 ? 0 : ERR_FORMAT;
}

int
planrec_get_paths(struct arena *a, const void *data, size_t n,
                  struct journal_path **ret, size_t *ret_n)
{
	struct reader r = { .arena = a, .at = data, .left = n };
	struct journal_path *paths;
	size_t n_paths;
	int err;

	paths = get_paths(&r, &n_paths);
	err = get_end(&r);
	if (err == 0) {
		*ret = paths;
		*ret_n = n_paths;
	}
	return err;
}

int
planrec_get_plan(struct arena *a, const void *data, size_t n,
                 struct journal_plan *ret)
{
	struct reader r = { .arena = a, .at = data, .left = n };
	struct journal_plan plan = { 0 };
	unsigned int flags = (unsigned int)get_le(&r, 4);
	int err;

	if (r.err == 0 && (flags & ~PLAN_GUEST_DB) != 0)
		r.err = ERR_FORMAT;
	plan.guest_db = (flags & PLAN_GUEST_DB) != 0;
	plan.action = get_string(&r);
	plan.admindir = get_string(&r);
	plan.argv = get_strings(&r, &plan.argc);
	plan.packages = get_strings(&r, &plan.n_packages);
	plan.paths = get_paths(&r, &plan.n_paths);
	err = get_end(&r);
	if (err == 0)
		*ret = plan;
	return err;
}
