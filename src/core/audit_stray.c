/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit_priv.h"
#include "iflag.h"
#include "policy.h"
#include "self.h"

#define DEEPEST 64
#define ROOM 32768

/*
 * Flags on what no package lists, in the folders of packages: by the inode
 * numbers that a folder tells of its names, those that were looked at already
 * are passed over without a call for each. Folders that no package lists are
 * gone into, on the same file system.
 */

struct entry {		/* getdents64(2) */
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

struct place {
	struct auditor *t;
	uint64_t dev;
	char path[PATH_MAX];
};

static int look_through(struct place *p, int fd, int depth);

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool
was_seen(const struct audit *a, uint64_t dev, uint64_t ino)
{
	for (size_t i = 0; i < a->n_seen; i++)
		if (inoset_has(a->seen[i], dev, ino, NULL))
			return true;
	return false;
}

/* A flag on it is nobody's that we know of. */
static void
check_flags(struct place *p, const struct node *n)
{
	const struct session *s = p->t->audit->s;
	unsigned int flags = iflag_of_node(n, true);

	if (flags == 0 || self_is(p->path) ||
	    (s->foreign != NULL && foreign_get(s->foreign, p->path)) ||
	    policy_path(s->conf, p->path, NULL) != EXEMPT_NO)
		return;
	/* statx may lie where there are no flags */
	if (S_ISREG(n->mode) && !due_fskind(p->t->due, p->path, n)->flags)
		return;
	audit_tell(p->t, p->t->audit->s->db->n_packages, FINDING_FOREIGN,
	           p->path, NULL, flags & IFLAG_IMMUTABLE ? "immutable" :
	           "append-only");
}

static int
enter(struct place *p, int dirfd, const char *name, const struct node *n,
      int depth)
{
	int fd, r;

	if (n->dev != p->dev || depth >= DEEPEST ||
	    policy_path(p->t->audit->s->conf, p->path, NULL) != EXEMPT_NO)
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	            O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;	/* gone meanwhile */
	r = look_through(p, fd, depth + 1);
	close(fd);
	return r;
}

static int
look_at(struct place *p, int dirfd, const struct entry *e, int depth)
{
	size_t len = strlen(p->path), n = strlen(e->name);
	struct node node;
	int r = 0;

	if (is_dots(e->name) || was_seen(p->t->audit, p->dev, e->ino) ||
	    len + n + 2 > sizeof(p->path) ||
	    node_at(dirfd, e->name, &node) < 0)
		return 0;
	p->path[len] = '/';
	memcpy(p->path + len + 1, e->name, n + 1);
	/* an overlay's folder may tell other numbers than its files do */
	if (!was_seen(p->t->audit, node.dev, node.ino)) {
		check_flags(p, &node);
		if (S_ISDIR(node.mode))
			r = enter(p, dirfd, e->name, &node, depth);
	}
	p->path[len] = '\0';
	return r;
}

static int
look_through(struct place *p, int fd, int depth)
{
	char *room = malloc(ROOM);
	long n = room == NULL ? -1 : 1;
	int r = room == NULL ? -ENOMEM : 0;

	while (r == 0 && n > 0) {
		n = syscall(SYS_getdents64, fd, room, ROOM);
		for (long at = 0; r == 0 && at < n;) {
			const struct entry *e =
			    (const struct entry *)(const void *)(room + at);

			r = look_at(p, fd, e, depth);
			at += e->reclen;
		}
	}
	free(room);
	return r;
}

static int
add_ino(struct auditor *t, uint64_t ino)
{
	if (t->n_inos == t->cap_inos) {
		size_t cap = t->cap_inos == 0 ? 1024 : t->cap_inos * 2;
		uint64_t *more = realloc(t->inos, cap * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		t->inos = more;
		t->cap_inos = cap;
	}
	t->inos[t->n_inos++] = ino;
	return 0;
}

/* Regular files come before all others. */
static int
add_entry(struct auditor *t, struct found_folder *f, const struct entry *e)
{
	uint64_t *at;
	int r;

	if (is_dots(e->name))
		return 0;
	r = add_ino(t, e->ino);
	if (r < 0 || e->type != DT_REG)
		return r;
	at = t->inos + f->first + f->n_files++;
	t->inos[t->n_inos - 1] = *at;
	*at = e->ino;
	return 0;
}

static int
by_ino(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* It is the folder that was noted last, or one that was noted before. */
int
audit_list_folder(struct auditor *t, int fd, const char *path)
{
	char room[ROOM] __attribute__((aligned(8)));
	struct found_folder *f;
	long n = 1;
	int r = 0;

	if (t->n_folders == 0)
		return 0;
	f = &t->folders[t->n_folders - 1];
	if (f->path != path || f->listed)
		return 0;
	f->first = t->n_inos;
	while (r == 0 && n > 0) {
		n = syscall(SYS_getdents64, fd, room, sizeof(room));
		for (long at = 0; r == 0 && at < n;) {
			const struct entry *e =
			    (const struct entry *)(const void *)(room + at);

			r = add_entry(t, f, e);
			at += e->reclen;
		}
	}
	f->n = t->n_inos - f->first;
	f->listed = n == 0;
	if (f->n_files > 0)
		qsort(t->inos + f->first, f->n_files, sizeof(*t->inos),
		      by_ino);
	t->list_of = NULL;
	return r < 0 ? r : strmap_put(t->lists, path, t->n_folders);
}

bool
audit_listed(struct auditor *t, const char *path, uint64_t ino)
{
	const struct found_folder *f;
	const char *folder;
	int r;

	if (t->n_folders == 0)
		return false;
	folder = root_folder(due_root(t->due), path, &r);
	if (folder == NULL)
		return false;
	if (folder != t->list_of) {
		t->list = 0;
		strmap_get(t->lists, folder, &t->list);
		t->list_of = folder;
	}
	if (t->list == 0)
		return false;
	f = &t->folders[t->list - 1];
	return f->listed && bsearch(&ino, t->inos + f->first, f->n_files,
	                            sizeof(ino), by_ino) != NULL;
}

/* Nobody is in it whom no package lists. */
static bool
all_seen(const struct audit *a, const struct found_folder *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!was_seen(a, f->dev, f->inos[i]))
			return false;
	return true;
}

int
audit_stray(struct auditor *t, size_t n)
{
	const struct found_folder *f = &t->audit->folders[n];
	struct place p = { .t = t, .dev = f->dev };
	size_t len = strlen(f->path);
	const char *folder;
	int fd, r;

	/* "/" and its like are above all trees of packages */
	if (len < 2 || len >= sizeof(p.path) ||
	    (f->listed && all_seen(t->audit, f)))
		return 0;
	folder = root_folder(due_root(t->due), f->path, &r);
	if (folder == NULL || root_open_dir(due_root(t->due), f->path,
	                                    &fd) < 0)
		return 0;
	memcpy(p.path, f->path, len + 1);
	r = look_through(&p, fd, 0);
	close(fd);
	return r;
}
