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
#include "remount.h"
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

/* The root of one of its mounts, by its name on record or by others. Another
 * file system that is mounted over it by now is not it. */
static int
open_one(struct mounts *m, const struct remounted_row *row, bool named,
         struct mount_point **ret)
{
	int fd = -ENOENT;

	for (size_t i = m->n_points; fd < 0 && i-- > 0;) {
		struct mount_point *p = &m->points[i];

		if (p->dev != row->dev ||
		    (strcmp(p->path, row->path) == 0) != named)
			continue;
		*ret = p;
		fd = remount_find(p);
	}
	return fd;
}

static void
say_why(struct busy *b, const struct mount_point *p, int fd, int err)
{
	/* a run's own mounts are writable to nobody else */
	bool readonly = p->readonly || keeper_private();

	say(b, b->len > 0 ? "; " : "");
	say(b, p->path);
	say(b, readonly ? " stays writable below its read-only mount" :
	    " stays writable");
	b->n = 0;
	if (err != -EBUSY) {
		say(b, ": ");
		say(b, err_text(err));
		return;
	}
	if (!readonly)
		(void)keeper_mount(fd, KEEPER_MOUNT_SHUT);
	(void)keeper_holders(fd, on_holder, b);
}

/* 0: read-only again, or gone. */
static int
put_back(struct mounts *m, const struct remounted_row *row, struct busy *b)
{
	struct mount_point *p = NULL;
	int fd = open_one(m, row, true, &p), r;

	if (fd < 0)
		fd = open_one(m, row, false, &p);
	if (p == NULL || p->fs_readonly) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	r = fd < 0 ? fd : keeper_mount(fd, KEEPER_FS_SHUT);
	if (r < 0)
		say_why(b, p, fd, r);
	if (fd >= 0)
		close(fd);
	return r;
}

/* The file system that a file lies on, by the number that the mounts have: on
 * btrfs a file tells another. */
static uint64_t
fs_of(const struct mounts *now, int fd)
{
	const struct mount_point *p = remount_of(now, fd, "");
	struct stat st;

	if (p != NULL)
		return p->dev;
	return fstat(fd, &st) == 0 ? st.st_dev : 0;
}

static bool
lies_on(const struct mounts *now, int fd, uint64_t dev)
{
	bool does = fd >= 0 && fs_of(now, fd) == dev;

	if (fd >= 0)
		close(fd);
	return does;
}

static bool
database_on(const struct session *s, const struct mounts *now, uint64_t dev)
{
	return lies_on(now, open(s->admindir, O_PATH | O_CLOEXEC), dev);
}

/* *ret: what a file there tells. */
static bool
log_on(const struct session *s, const struct mounts *now, uint64_t dev,
       uint64_t *ret)
{
	struct stat st;
	int fd;

	if (root_open_dir(s->root, "/var/log", &fd) < 0)
		return false;
	*ret = fstat(fd, &st) == 0 ? st.st_dev : 0;
	return lies_on(now, fd, dev);
}

/* Whether files that we write lie there: state, dpkg's database, log. */
static bool
is_ours(const struct session *s, const struct mounts *now, uint64_t dev)
{
	uint64_t log;

	return (s->state != NULL && fs_of(now, s->state->dir_fd) == dev) ||
	       database_on(s, now, dev) || log_on(s, now, dev, &log);
}

/* What of ours would keep it busy. */
static void
let_go(struct session *s, struct guard *g, const struct mounts *now,
       uint64_t dev)
{
	uint64_t log;

	if (log_on(s, now, dev, &log))
		log_leave(log);
	if (s->state != NULL && s->state->lock_fd >= 0 &&
	    fs_of(now, s->state->lock_fd) == dev) {
		close(s->state->lock_fd);
		s->state->lock_fd = -1;
	}
	if (database_on(s, now, dev))
		guard_drop(g);
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

/* One record, and what becomes of it. */
struct settling {
	struct session *s;
	struct guard *g;
	struct mounts *now;
	struct remounted *m;
	struct busy busy;
	bool tells;
	size_t back;
};

/* Those on which we write, or the others. Of the first it can be told only
 * while they are writable. */
static void
put_back_some(struct settling *x, bool ours)
{
	struct busy *b = &x->busy;
	size_t kept = 0, before = b->len;

	for (size_t i = 0; i < x->m->n; i++) {
		const struct remounted_row row = x->m->rows[i];
		int r = -EBUSY;

		if (is_ours(x->s, x->now, row.dev) == ours) {
			if (ours)
				let_go(x->s, x->g, x->now, row.dev);
			r = put_back(x->now, &row, b);
			x->back += r == 0;
		}
		if (r < 0)
			x->m->rows[kept++] = row;
	}
	x->m->n = kept;
	if (b->len == before || !x->tells)
		return;
	if (ours)
		session_log_again(x->s);
	tell(x->s, b);
}

static int
settle(struct settling *x, int dir, const char *name, struct diag *diag)
{
	int r = mounts_load("", &x->now, diag);

	if (r < 0)
		return r;
	put_back_some(x, false);
	put_back_some(x, true);
	r = remounted_store(dir, name, x->m);
	if (r == 0 && x->back > 0)
		log_line("note=\"%zu file system%s read-only again\"",
		         x->back, x->back == 1 ? " is" : "s are");
	if (r == 0 && x->m->n > 0)
		r = diag_set(diag, ERR_BUSY, NULL, 0, "%s", x->busy.note);
	mounts_free(x->now);
	return r;
}

static int
settle_record(struct session *s, struct guard *g, bool tells, int dir,
              const char *name, struct diag *diag)
{
	struct settling x = { .s = s, .g = g, .tells = tells };
	struct buf text;
	int r;

	x.m = malloc(sizeof(*x.m));
	buf_init(&text, REMOUNTED_TEXT);
	r = x.m == NULL ? -ENOMEM :
	    remounted_load(dir, name, &text, x.m, diag);
	if (r == 0 && x.m->n > 0)
		r = settle(&x, dir, name, diag);
	free(x.m);
	buf_free(&text);
	return r;
}

int
remounted_settle(struct session *s, struct guard *g, bool tells,
                 struct diag *diag)
{
	char name[REMOUNTED_NAME];
	int dir, r = 0, e;

	/* somebody else is at work, and will do it */
	if (s->state != NULL && s->state->lock_fd < 0)
		return 0;
	dir = remounted_place(false);
	if (dir == -ENOENT)
		return 0;	/* nothing was ever recorded there */
	if (dir < 0)
		return diag_set(diag, dir, STATE_RUN, 0, "%s", err_text(dir));
	remounted_name(s, name);
	if (s->state != NULL)
		r = settle_record(s, g, tells, dir, "remounted-new", diag);
	e = settle_record(s, g, tells, dir, name, diag);
	close(dir);
	return r < 0 ? r : e;
}
