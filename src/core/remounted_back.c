/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "remounted_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"
#include "transaction.h"

#define NOTE_SIZE 900

/* Who holds one of them, in words. */
struct busy {
	char note[NOTE_SIZE];
	size_t len;
	size_t n;
};

static void
say(struct busy *b, const char *text)
{
	size_t n = strlen(text);

	if (n >= sizeof(b->note) - b->len)
		return;
	memcpy(b->note + b->len, text, n + 1);
	b->len += n;
}

static int
on_holder(void *ctx, const struct holder *h)
{
	struct busy *b = ctx;
	char text[400];

	snprintf(text, sizeof(text), "%s process %d (%s) has %s %s",
	         b->n++ == 0 ? ":" : ",", (int)h->pid, h->comm,
	         h->deleted ? "the deleted" : "open for writing", h->path);
	say(b, text);
	return 0;
}

/* The topmost mount there, if it is of that file system still. */
static struct mount_point *
point_of(struct mounts *m, const struct remounted_row *row)
{
	for (size_t i = m->n_points; i-- > 0;)
		if (m->points[i].dev == row->dev &&
		    strcmp(m->points[i].path, row->path) == 0)
			return &m->points[i];
	/* it has another name by now */
	for (size_t i = m->n_points; i-- > 0;)
		if (m->points[i].dev == row->dev)
			return &m->points[i];
	return NULL;
}

/* 0: read-only again, or gone. */
static int
put_back(struct mounts *m, const struct remounted_row *row, struct busy *b)
{
	struct mount_point *p = point_of(m, row);
	int fd, r;

	if (p == NULL || p->fs_readonly)
		return 0;
	fd = open(p->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = keeper_mount(fd, KEEPER_FS_SHUT);
	if (r < 0) {
		say(b, b->len > 0 ? "; " : "");
		say(b, row->path);
		say(b, p->readonly ? " stays writable below its read-only "
		    "mount" : " stays writable");
		b->n = 0;
		if (r == -EBUSY) {
			if (!p->readonly && !keeper_private())
				(void)keeper_mount(fd, KEEPER_MOUNT_SHUT);
			(void)keeper_holders(fd, on_holder, b);
		} else {
			say(b, ": ");
			say(b, err_text(r));
		}
	}
	close(fd);
	return r;
}

/* What of ours would keep it busy. */
static void
let_go(struct session *s, struct guard *g, const struct remounted *m)
{
	struct stat state, db;
	int r = fstat(s->state->dir_fd, &state), e = stat(s->admindir, &db);

	for (size_t i = 0; i < m->n; i++) {
		log_leave(m->rows[i].dev);
		if (r == 0 && m->rows[i].dev == state.st_dev &&
		    s->state->lock_fd >= 0) {
			close(s->state->lock_fd);
			s->state->lock_fd = -1;
		}
		if (e == 0 && m->rows[i].dev == db.st_dev)
			guard_drop(g);
	}
}

static void
tell(struct session *s, const struct busy *b)
{
	const struct transaction t = {
		.id = transaction_new_id(), .action = "remount",
		.exit_status = -1, .note = b->note
	};

	(void)transaction_write(s, &t);
}

static int
settle(struct session *s, struct guard *g, int dir, const char *name,
       struct remounted *m, bool tells, struct diag *diag)
{
	struct busy b = { .len = 0 };
	struct mounts *now = NULL;
	size_t kept = 0, before = m->n;
	int r;

	let_go(s, g, m);
	r = mounts_load("", &now, diag);
	for (size_t i = 0; r == 0 && i < m->n; i++)
		if (put_back(now, &m->rows[i], &b) < 0)
			m->rows[kept++] = m->rows[i];
	if (r == 0) {
		m->n = kept;
		r = remounted_store(dir, name, m);
	}
	if (r == 0 && kept < before)
		log_line("note=\"%zu file system%s read-only again\"",
		         before - kept, before - kept == 1 ? " is" : "s are");
	if (b.len > 0 && tells)
		tell(s, &b);
	if (r == 0 && kept > 0)
		r = diag_set(diag, ERR_BUSY, NULL, 0, "%s", b.note);
	mounts_free(now);
	return r;
}

int
remounted_settle(struct session *s, struct guard *g, bool tells,
                 struct diag *diag)
{
	struct remounted *m;
	char name[REMOUNTED_NAME];
	struct buf text;
	int dir, r;

	/* somebody else is at work, and will do it */
	if (s->state == NULL || s->state->lock_fd < 0)
		return 0;
	dir = remounted_place(false);
	if (dir < 0)
		return 0;	/* nothing was ever recorded there */
	m = malloc(sizeof(*m));
	buf_init(&text, REMOUNTED_TEXT);
	remounted_name(s, name);
	r = m == NULL ? -ENOMEM : remounted_load(dir, name, &text, m, diag);
	if (r == 0 && m->n > 0)
		r = settle(s, g, dir, name, m, tells, diag);
	free(m);
	buf_free(&text);
	close(dir);
	return r;
}
