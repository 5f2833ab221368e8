/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "buf.h"
#include "formatver.h"
#include "jfile.h"
#include "journal.h"
#include "jrecord.h"
#include "planrec.h"

/*
 * The file: a magic line (jfile.h), then records one after the other
 * (jrecord.h), then a record's head of zeros.
 *
 * What can be torn: the record that is being written when the machine stops.
 * Such a last record is dropped, as its writer never went on. Two cases are
 * called damage (JOURNAL_BAD), which costs a pass over everything but is
 * always safe: a bad record with a good one of the same run behind it, and a
 * first record that is bad. The latter may be no more than a torn PLAN, but
 * nothing tells it from a PLAN that was durable and then damaged.
 *
 * Hence a rule that all writers keep: behind the last record there is never
 * a good record of the same run id.
 */
struct journal {
	int dirfd;
	int fd;
	enum journal_state state;
	uint64_t id;
	int wait_status;
	enum journal_wish wish, wish_shown;
	bool blank;			/* not even the magic is there */
	bool grown;			/* fdatasync is not enough */
	off_t end;			/* where the next record goes */
	unsigned char first[JRECORD_HEAD];	/* the first record's head */
	struct arena *arena;		/* what plan points into */
	struct journal_plan plan;
	struct journal_path *paths;	/* plan.paths, with room for more */
	size_t paths_cap;
	size_t shown;			/* paths that our caller knows of */
};

/* Where a record's head will stand; also what ends the records. */
static const unsigned char no_head[JRECORD_HEAD];

/* Which state a record leads to; JOURNAL_BAD where it may not follow. */
static enum journal_state
next_state(enum journal_state state, uint32_t type)
{
	static const enum journal_state next[][JRECORD_LAST + 1] = {
		[JOURNAL_PLANNED] = { JOURNAL_BAD, JOURNAL_BAD,
		    JOURNAL_PLANNED, JOURNAL_RAN, JOURNAL_CLOSED,
		    JOURNAL_IDLE, JOURNAL_PLANNED, JOURNAL_PLANNED },
		[JOURNAL_RAN] = { JOURNAL_BAD, JOURNAL_BAD, JOURNAL_RAN,
		    JOURNAL_RAN, JOURNAL_CLOSED, JOURNAL_IDLE, JOURNAL_RAN,
		    JOURNAL_RAN },
		[JOURNAL_CLOSED] = { JOURNAL_BAD, JOURNAL_BAD, JOURNAL_BAD,
		    JOURNAL_BAD, JOURNAL_CLOSED, JOURNAL_IDLE, JOURNAL_BAD,
		    JOURNAL_BAD },
	};

	if (state == JOURNAL_IDLE)
		return type == JRECORD_PLAN ? JOURNAL_PLANNED : JOURNAL_BAD;
	return state == JOURNAL_BAD ? state : next[state][type];
}

static bool
is_live(const struct journal *j)
{
	return j->state != JOURNAL_IDLE && j->state != JOURNAL_BAD;
}

static bool
all_zero(const void *data, size_t n)
{
	const unsigned char *p = data;

	/* each byte equals the one before it, and the first is 0 */
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static void
forget(struct journal *j, enum journal_state state)
{
	arena_free(j->arena);
	j->arena = NULL;
	j->plan = (struct journal_plan){ 0 };
	j->paths = NULL;
	j->paths_cap = 0;
	j->state = state;
	j->wait_status = -1;
	j->wish = j->wish_shown = JOURNAL_NO_WISH;
}

static int
add_paths(struct journal *j, const struct journal_path *more, size_t n)
{
	size_t old = j->plan.n_paths;

	/* The old array stays as it is for those who still look at it. */
	if (n == 0)
		return 0;
	if (n > j->paths_cap - old) {
		size_t cap = (old + n) * 2;
		struct journal_path *paths;

		paths = arena_alloc(j->arena, cap * sizeof(*paths));
		if (paths == NULL)
			return -ENOMEM;
		if (old > 0)
			memcpy(paths, j->plan.paths, old * sizeof(*paths));
		j->paths = paths;
		j->paths_cap = cap;
	}
	memcpy(j->paths + old, more, n * sizeof(*more));
	j->plan.paths = j->paths;
	j->plan.n_paths = old + n;
	return 0;
}

/* Takes over what a good record says besides the state. */
static int
take(struct journal *j, const struct jrecord *rec)
{
	struct journal_path *paths;
	uint32_t word;
	size_t n;
	int err;

	switch (rec->type) {
	case JRECORD_PLAN:
		if (j->arena == NULL)
			j->arena = arena_new();
		if (j->arena == NULL)
			return -ENOMEM;
		err = planrec_get_plan(j->arena, rec->payload, rec->len,
		                       &j->plan);
		if (err == 0)
			j->paths_cap = j->plan.n_paths;
		return err;
	case JRECORD_OPEN:
		err = planrec_get_paths(j->arena, rec->payload, rec->len,
		                        &paths, &n);
		return err < 0 ? err : add_paths(j, paths, n);
	case JRECORD_RAN:
		err = jrecord_word(rec, &word);
		if (err == 0)
			j->wait_status = (int)word;
		return err;
	case JRECORD_ADOPTED:
		j->wish = JOURNAL_ADOPTED;
		break;
	case JRECORD_RELEASED:
		j->wish = JOURNAL_RELEASED;
		break;
	}
	return 0;
}

/* The state after the records in data, and where they end. */
static enum journal_state
scan(const unsigned char *data, size_t n, uint64_t id,
     enum journal_state state, size_t *ret_end)
{
	struct jrecord rec;
	size_t at = 0;

	while (jrecord_at(data + at, n - at, &rec) && rec.id == id) {
		state = next_state(state, rec.type);
		at += rec.total;
		if (state == JOURNAL_IDLE || state == JOURNAL_BAD)
			break;
	}
	*ret_end = at;
	if (state != JOURNAL_IDLE && jrecord_later(data + at, n - at, id))
		state = JOURNAL_BAD;
	return state;
}

/*
 * Takes over the records in data, which lies at j->end. Those of a finished
 * run are not looked into.
 */
static int
absorb(struct journal *j, const unsigned char *data, size_t n)
{
	struct jrecord rec;
	size_t end, at = 0;
	int err = 0;

	j->state = scan(data, n, j->id, j->state, &end);
	j->end += (off_t)end;
	while (is_live(j) && err == 0 && at < end &&
	       jrecord_at(data + at, end - at, &rec)) {
		err = take(j, &rec);
		at += rec.total;
	}
	if (err == ERR_FORMAT) {
		j->state = JOURNAL_BAD;
		err = 0;
	}
	if (j->state == JOURNAL_BAD)
		forget(j, JOURNAL_BAD);
	return err;
}

/* Looks at a whole file; IDLE, or BAD, or the run that is in it. */
static int
parse(struct journal *j, const unsigned char *data, size_t n)
{
	const unsigned char *newline;
	struct jrecord rec;
	int err;

	j->blank = all_zero(data, n);
	j->end = JFILE_FIRST;
	if (j->blank)
		return 0;
	newline = memchr(data, '\n', n < JFILE_FIRST ? n : JFILE_FIRST);
	err = newline == NULL ? ERR_FORMAT :
	    formatver_check((const char *)data, (size_t)(newline - data),
	                    JFILE_WORDS, JFILE_VERSION);
	if (err == ERR_VERSION)
		return err;
	if (err < 0 || n < JFILE_FIRST) {
		j->state = JOURNAL_BAD;
		return 0;
	}
	data += JFILE_FIRST;
	n -= JFILE_FIRST;
	if (n >= JRECORD_HEAD)
		memcpy(j->first, data, JRECORD_HEAD);
	if (all_zero(data, n))
		return 0;
	if (!jrecord_at(data, n, &rec) || rec.type != JRECORD_PLAN) {
		j->state = JOURNAL_BAD;
		return 0;
	}
	j->id = rec.id;
	return absorb(j, data, n);
}

static int
load(struct journal *j)
{
	struct buf b;
	int err;

	forget(j, JOURNAL_IDLE);
	j->id = 0;
	memset(j->first, 0, sizeof(j->first));
	buf_init(&b, JFILE_MAX);
	err = jfile_read(j->fd, 0, &b);
	if (err == ERR_LIMIT) {
		forget(j, JOURNAL_BAD);
		err = 0;
	} else if (err == 0) {
		err = parse(j, (const unsigned char *)b.data, b.len);
	}
	buf_free(&b);
	return err;
}

/* With the lock held: what others have written since we looked last. */
static int
refresh(struct journal *j)
{
	unsigned char head[JRECORD_HEAD] = { 0 };
	struct buf b;
	int err = jfile_is_named(j->dirfd, j->fd);

	if (err <= 0)
		return err < 0 ? err : -ESTALE;
	if (pread(j->fd, head, JRECORD_HEAD, JFILE_FIRST) < 0)
		return -errno;
	if (memcmp(head, j->first, JRECORD_HEAD) != 0)
		return load(j);
	if (!is_live(j))
		return 0;
	memset(head, 0, JRECORD_HEAD);
	if (pread(j->fd, head, JRECORD_HEAD, j->end) < 0)
		return -errno;
	if (all_zero(head, JRECORD_HEAD))
		return 0;
	buf_init(&b, JFILE_MAX);
	err = jfile_read(j->fd, j->end, &b);
	if (err == 0)
		err = absorb(j, (const unsigned char *)b.data, b.len);
	buf_free(&b);
	return err;
}

/*
 * Writes the sealed record at j->end and takes it over. Room is made before
 * anything is written over, so that a full disk leaves the journal as it was.
 */
static int
put(struct journal *j, const struct buf *b)
{
	int err = jfile_make_room(j->fd, j->end + (off_t)b->len);

	if (err > 0)
		j->grown = true;
	if (err >= 0 && j->blank) {
		err = jfile_write_magic(j->fd);
		j->blank = err < 0;
	}
	if (err >= 0)
		err = jfile_write(j->fd, j->end, b->data, b->len);
	if (err < 0)
		return err;
	if (j->end == JFILE_FIRST)
		memcpy(j->first, b->data, JRECORD_HEAD);
	return absorb(j, (const unsigned char *)b->data, b->len);
}

static int
make_durable(struct journal *j)
{
	if ((j->grown ? fsync(j->fd) : fdatasync(j->fd)) < 0)
		return -errno;
	j->grown = false;
	return 0;
}

int
journal_open(int run_dirfd, bool create, struct journal **ret)
{
	struct journal *j = calloc(1, sizeof(*j));
	int err = 0;

	if (j == NULL)
		return -ENOMEM;
	j->fd = -1;
	j->dirfd = fcntl(run_dirfd, F_DUPFD_CLOEXEC, 3);
	if (j->dirfd < 0) {
		err = -errno;
		goto out;
	}
	j->fd = jfile_open(run_dirfd);
	if (j->fd == -ENOENT && create) {
		err = jfile_make(run_dirfd);
		if (err < 0)
			goto out;
		j->fd = jfile_open(run_dirfd);
	}
	if (j->fd < 0) {
		err = j->fd;
		goto out;
	}
	/* A PLAN that is being written must not be taken for a torn one. */
	err = jfile_lock(j->fd, F_RDLCK);
	if (err == 0) {
		err = load(j);
		j->shown = j->plan.n_paths;
		jfile_unlock(j->fd);
	}
out:
	if (err < 0)
		journal_free(j);
	else
		*ret = j;
	return err;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	forget(j, JOURNAL_IDLE);
	if (j->fd >= 0)
		close(j->fd);
	if (j->dirfd >= 0)
		close(j->dirfd);
	free(j);
}

enum journal_state
journal_state(const struct journal *j)
{
	return j->state;
}

const struct journal_plan *
journal_plan(struct journal *j)
{
	j->shown = j->plan.n_paths;
	return is_live(j) ? &j->plan : NULL;
}

uint64_t
journal_id(const struct journal *j)
{
	return j->id;
}

int
journal_folder(const struct journal *j)
{
	return j->dirfd;
}

int
journal_wait_status(const struct journal *j)
{
	return j->wait_status;
}

static int
begin(struct journal *j, uint64_t id, struct buf *b)
{
	int err = refresh(j);

	if (err < 0)
		return err;
	if (j->state != JOURNAL_IDLE)
		return ERR_REFUSED;
	/* What an older run left behind must never pass for ours. */
	if (id == 0 || id == j->id)
		return -EINVAL;
	err = jrecord_seal(b, JRECORD_PLAN, id);
	if (err < 0)
		return err;
	forget(j, JOURNAL_IDLE);
	j->id = id;
	j->end = JFILE_FIRST;
	err = put(j, b);
	j->shown = j->plan.n_paths;
	if (err == 0)
		err = make_durable(j);
	if (err < 0)
		load(j);	/* what the file says now, if it can be read */
	return err;
}

int
journal_begin(struct journal *j, uint64_t id, const struct journal_plan *plan)
{
	struct buf b;
	int err;

	buf_init(&b, JFILE_MAX);
	err = buf_add(&b, no_head, sizeof(no_head));
	if (err == 0)
		err = planrec_add_plan(&b, plan);
	if (err == 0)
		err = jfile_lock(j->fd, F_WRLCK);
	if (err == 0) {
		err = begin(j, id, &b);
		jfile_unlock(j->fd);
	}
	buf_free(&b);
	return err;
}

static int
add(struct journal *j, struct buf *b)
{
	int err = refresh(j);

	if (err < 0)
		return err;
	/* Once flags are back, nobody would set those of the new paths. */
	if (j->state != JOURNAL_PLANNED && j->state != JOURNAL_RAN)
		return ERR_REFUSED;
	err = jrecord_seal(b, JRECORD_OPEN, j->id);
	if (err == 0)
		err = put(j, b);
	return err == 0 ? make_durable(j) : err;
}

int
journal_add(struct journal *j, const struct journal_path *paths, size_t n)
{
	struct buf b;
	int err;

	buf_init(&b, JFILE_MAX);
	err = buf_add(&b, no_head, sizeof(no_head));
	if (err == 0)
		err = planrec_add_paths(&b, paths, n);
	if (err == 0)
		err = jfile_lock(j->fd, F_WRLCK);
	if (err == 0) {
		err = add(j, &b);
		if (err == 0)
			j->shown += n;
		jfile_unlock(j->fd);
	}
	buf_free(&b);
	return err;
}

/*
 * A record that only tells how far the run has come. Paths of a nested caller
 * that ours does not know of must be closed first: `settled` says that this
 * record promises so. It is not asked again once CLOSED has promised it.
 */
static int
note(struct journal *j, enum jrecord_type type, uint32_t word, bool settled)
{
	uint64_t id = j->id;
	struct buf b;
	int err;

	if (!is_live(j))
		return ERR_REFUSED;
	buf_init(&b, 0);
	err = buf_add(&b, no_head, sizeof(no_head));
	if (err == 0)
		err = buf_add_u32(&b, word);
	if (err == 0)
		err = jfile_lock(j->fd, F_WRLCK);
	if (err < 0)
		goto out;
	err = refresh(j);
	if (err == 0 && (j->id != id || !is_live(j) ||
	                 next_state(j->state, type) == JOURNAL_BAD))
		err = ERR_REFUSED;
	if (err == 0 && settled && j->state != JOURNAL_CLOSED &&
	    (j->plan.n_paths != j->shown || j->wish != j->wish_shown))
		err = ERR_BUSY;
	if (err == 0)
		err = jrecord_seal(&b, type, id);
	if (err == 0)
		err = put(j, &b);
	jfile_unlock(j->fd);
out:
	buf_free(&b);
	return err;
}

int
journal_ran(struct journal *j, int wait_status)
{
	return note(j, JRECORD_RAN, (uint32_t)wait_status, false);
}

int
journal_wish(struct journal *j, enum journal_wish wish)
{
	int err = note(j, wish == JOURNAL_ADOPTED ? JRECORD_ADOPTED :
	               JRECORD_RELEASED, 0, false);

	return err == 0 ? make_durable(j) : err;
}

enum journal_wish
journal_wished(struct journal *j)
{
	int err = jfile_lock(j->fd, F_RDLCK);

	if (err == 0) {
		err = refresh(j);
		jfile_unlock(j->fd);
	}
	j->wish_shown = j->wish;
	return err == -ESTALE ? JOURNAL_FORGOTTEN : j->wish;
}

int
journal_closed(struct journal *j)
{
	return note(j, JRECORD_CLOSED, 0, true);
}

int
journal_done(struct journal *j)
{
	return note(j, JRECORD_DONE, 0, true);
}

int
journal_set_aside(struct journal *j)
{
	int err = jfile_make(j->dirfd);
	int fd;

	if (err < 0)
		return err;
	fd = jfile_open(j->dirfd);
	if (fd < 0)
		return fd;
	close(j->fd);
	j->fd = fd;
	j->grown = false;
	return load(j);
}
