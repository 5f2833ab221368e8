/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "syncset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "iflag.h"

/* More file systems than this in one root: the oldest is synced early. */
#define MOUNTS_MAX 32

struct syncset {
	struct mount {
		uint64_t dev;
		int fd;
		bool journaled;
	} mounts[MOUNTS_MAX];
	size_t n;
	int err;	/* of an early sync */
};

struct syncset *
syncset_new(void)
{
	return calloc(1, sizeof(struct syncset));
}

void
syncset_free(struct syncset *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		close(s->mounts[i].fd);
	free(s);
}

static int
sync_mount(const struct mount *m)
{
	int r = m->journaled ? fsync(m->fd) : syncfs(m->fd);

	return r < 0 ? -errno : 0;
}

static void
add(struct syncset *s, const struct mount *m)
{
	if (s->n == MOUNTS_MAX) {
		int r = sync_mount(&s->mounts[0]);

		if (s->err == 0)
			s->err = r;
		close(s->mounts[0].fd);
		s->mounts[0] = s->mounts[--s->n];
	}
	s->mounts[s->n++] = *m;
}

/* fsync carries the flags of inodes changed earlier, so the last file of a
 * file system is the one to keep. */
void
syncset_touch(struct syncset *s, int fd, const struct node *n,
              const struct fskind *kind)
{
	struct mount m = { .dev = n->dev, .journaled = kind->journaled };

	for (size_t i = 0; i < s->n; i++) {
		if (s->mounts[i].dev != n->dev)
			continue;
		if (s->mounts[i].journaled)
			dup3(fd, s->mounts[i].fd, O_CLOEXEC);
		return;
	}
	m.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (m.fd < 0) {
		/* no descriptor to keep: make it durable at once */
		m.fd = fd;
		m.fd = sync_mount(&m);
		if (s->err == 0)
			s->err = m.fd;
		return;
	}
	add(s, &m);
}

void
syncset_keep(struct syncset *s, int fd, const struct node *n,
             const struct fskind *kind)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->mounts[i].dev != n->dev || !s->mounts[i].journaled)
			continue;
		close(s->mounts[i].fd);
		s->mounts[i].fd = fd;
		return;
	}
	syncset_touch(s, fd, n, kind);
	close(fd);
}

void
syncset_merge(struct syncset *to, struct syncset *from)
{
	for (size_t i = 0; i < from->n; i++) {
		bool known = false;

		/* Whichever was touched last is not known here; both are kept
		 * and synced, which is one fsync a thread. */
		for (size_t k = 0; k < to->n && !from->mounts[i].journaled;
		     k++)
			known |= to->mounts[k].dev == from->mounts[i].dev;
		if (known)
			close(from->mounts[i].fd);
		else
			add(to, &from->mounts[i]);
	}
	from->n = 0;
	if (to->err == 0)
		to->err = from->err;
}

int
syncset_flush_but(struct syncset *s, uint64_t dev)
{
	int err = s->err;
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct mount *m = &s->mounts[i];
		int r;

		if (m->journaled && m->dev == dev) {
			s->mounts[kept++] = *m;
			continue;
		}
		r = sync_mount(m);
		if (err == 0)
			err = r;
		close(m->fd);
	}
	s->n = kept;
	s->err = 0;
	return err;
}

int
syncset_flush(struct syncset *s)
{
	return syncset_flush_but(s, UINT64_MAX);
}
