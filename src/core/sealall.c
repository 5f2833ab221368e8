/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "sealall.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "infosum.h"
#include "keeper.h"
#include "log.h"

/* Fewer paths are not worth a thread. */
#define PER_THREAD 256
/* A large package is cut into pieces of so many paths. */
#define PIECE 512
/* So many packages are few; into so many pieces each of them is cut. */
#define FEW 4
#define FEW_PIECES 8
/* So many paths' ledgers are held at a time. */
#define BATCH 32768

struct piece {
	struct seal_item *item;
	size_t from, to;	/* of its package's paths */
	struct seal_part part;
	bool failed;
};

struct shared {
	struct session *s;
	struct seal_item *items;
	size_t n;
	struct piece *pieces;
	size_t n_pieces;
	size_t n_paths;
	const struct seal_job *job;
	pthread_mutex_t mutex;	/* around findings */
	atomic_size_t next;	/* of the step's */
};

struct thread {
	struct shared *shared;
	pthread_t id;
	struct root *root;
	struct due *due;
	struct syncset *sync;
	struct lanes *lanes;
	struct tally tally;
	int (*step)(struct thread *t, size_t i);
	size_t n;
	int err;
};

static void
locked_finding(void *ctx, const struct finding *f)
{
	struct shared *sh = ctx;

	pthread_mutex_lock(&sh->mutex);
	if (sh->job->on_finding != NULL)
		sh->job->on_finding(sh->job->ctx, f);
	pthread_mutex_unlock(&sh->mutex);
}

/* First step, by item: what was recorded. */
static int
load_old(struct thread *t, size_t i)
{
	struct seal_item *item = &t->shared->items[i];
	const struct state *state = t->shared->s->state;
	struct diag d = { .line = 0 };
	char text[600];
	int r;

	if (state == NULL || state->ledger_fd < 0)
		return 0;
	r = ledger_load(state->ledger_fd, item->package->key, &item->old, &d);
	if (r == -ENOMEM)
		return r;
	if (r < 0 && r != -ENOENT) {
		item->newer = r == ERR_VERSION;
		item->unread = err_passes(r) ? r : 0;
		diag_text(&d, text, sizeof(text));
		log_warn("%s; %s", text, item->newer || item->unread < 0 ?
		         "nothing is recorded" : "it is written anew");
	}
	return 0;
}

static struct seal_job
job_of(struct shared *sh, const struct seal_item *item)
{
	struct seal_job job = *sh->job;

	job.on_finding = locked_finding;
	job.ctx = sh;
	job.old = item->old;
	job.row = item->row;
	job.in_run = item->in_run;
	job.closed = item->closed;
	job.accept = item->accept;
	return job;
}

/* Second step, by piece. */
static int
seal_piece(struct thread *t, size_t i)
{
	struct piece *piece = &t->shared->pieces[i];
	struct seal_job job = job_of(t->shared, piece->item);
	size_t failed = t->tally.failed;
	int r;

	job.lanes = t->lanes;
	r = seal_paths(t->due, piece->item->package, &job, piece->from,
	               piece->to, t->sync, &t->tally, &piece->part);

	piece->failed = t->tally.failed > failed;
	progress_step(t->shared->s->progress);
	return r;
}

/* dpkg's list or md5sums are others, and this run was not why: told once. */
static void
tell_database(struct shared *sh, struct thread *t,
              const struct seal_item *item)
{
	const struct state *state = sh->s->state;
	char path[sizeof(state->admindir) + 300];
	const struct finding f = {
		.kind = FINDING_DATABASE, .package = item->package->key,
		.version = item->package->version, .path = path
	};

	snprintf(path, sizeof(path), "%s/info/%s.list",
	         state != NULL ? state->admindir : "", item->package->key);
	t->tally.findings++;
	if (sh->job->on_finding != NULL)
		sh->job->on_finding(sh->job->ctx, &f);
}

/*
 * What the head of the ledger has to say of dpkg's own files: as they are
 * now. By hand the old word on them holds, until it is told to be accepted.
 */
static int
head_of(struct shared *sh, struct thread *t, struct seal_item *item,
        struct infosum *ret, bool *ret_changed)
{
	const struct ledger *old = item->old;
	bool same_version = old != NULL && old->version != NULL &&
	    strcmp(old->version, item->package->version) == 0;
	struct infosum was = { .has_list = false };
	int r;

	if (old != NULL)
		infosum_of(old, &was);
	*ret = was;
	*ret_changed = !same_version;
	if (same_version && sh->job->lazy && !item->accept)
		return 0;
	r = infosum_read(sh->s->db_fd, item->package->key, ret);
	/* else no audit would believe what dpkg has there */
	item->failed |= r < 0;
	if (r < 0 || !same_version)
		return r == -ENOMEM ? r : 0;
	*ret_changed = !infosum_same(&was, ret);
	if (*ret_changed && !item->in_run && !item->accept)
		tell_database(sh, t, item);
	return 0;
}

/* The n pieces of one item, of which the i-th is the first. */
static int
join_item(struct shared *sh, struct thread *t, size_t i, size_t n)
{
	struct seal_item *item = sh->pieces[i].item;
	const struct seal_job job = job_of(sh, item);
	struct seal_part *parts;
	struct infosum head;
	bool changed;
	int r = head_of(sh, t, item, &head, &changed);

	parts = r < 0 ? NULL : calloc(n, sizeof(*parts));
	if (parts == NULL)
		return -ENOMEM;
	for (size_t k = 0; k < n; k++) {
		parts[k] = sh->pieces[i + k].part;
		sh->pieces[i + k].part.ledger = NULL;
		item->failed |= sh->pieces[i + k].failed;
	}
	parts[0].changed |= changed;
	r = seal_join(&job, parts, n, &item->fresh, &item->bytes);
	free(parts);
	if (r < 0 || item->fresh == NULL)
		return r;
	infosum_set(item->fresh, &head);
	return ledger_head(item->fresh, item->package->key,
	                   item->package->version);
}

static int
join_all(struct shared *sh, struct thread *t)
{
	size_t n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sh->n_pieces; i += n) {
		for (n = 1; i + n < sh->n_pieces && sh->pieces[i + n].item ==
		     sh->pieces[i].item; n++)
			;
		r = join_item(sh, t, i, n);
	}
	return r;
}

/*
 * Paths in a piece. Of few packages each is cut up whatever its size: it may
 * have few files, but such that take long to hash, though two of them hardly
 * longer than one (lanes.h).
 */
static size_t
piece_of(size_t packages, size_t paths)
{
	size_t some = paths < FEW_PIECES ? 2 : paths / FEW_PIECES + 1;

	return packages > FEW || some > PIECE ? PIECE : some;
}

static size_t
count_pieces(const struct seal_item *items, size_t n)
{
	size_t all = 0;

	for (size_t i = 0; i < n; i++) {
		size_t paths = items[i].package->n_paths;
		size_t piece = piece_of(n, paths);

		all += paths == 0 ? 1 : (paths + piece - 1) / piece;
	}
	return all;
}

/* Every item has one at least. */
static int
cut(struct shared *sh)
{
	size_t cap = count_pieces(sh->items, sh->n);

	sh->pieces = calloc(cap + 1, sizeof(*sh->pieces));
	if (sh->pieces == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < sh->n; i++) {
		size_t left = sh->items[i].package->n_paths, from = 0;
		size_t piece = piece_of(sh->n, left);

		do {
			size_t some = left < piece ? left : piece;

			sh->pieces[sh->n_pieces++] = (struct piece){
				.item = &sh->items[i],
				.from = from, .to = from + some
			};
			from += some;
			left -= some;
		} while (left > 0);
	}
	return 0;
}

static void *
work(void *arg)
{
	struct thread *t = arg;

	while (t->err == 0) {
		size_t i = atomic_fetch_add(&t->shared->next, 1);

		if (i >= t->n)
			break;
		t->err = t->step(t, i);
	}
	return NULL;
}

static int
thread_open(struct thread *t, struct shared *sh, bool first)
{
	int r = 0;

	t->shared = sh;
	t->sync = syncset_new();
	if (t->sync == NULL)
		return -ENOMEM;
	if (sh->job->hash)
		r = lanes_new(sh->s->conf->digests | LANES_MD5, LANES_BEST,
		              seal_hashed, NULL, &t->lanes);
	if (r < 0)
		return r;
	if (first) {
		t->due = sh->s->due;
		return 0;
	}
	r = root_new(sh->s->instdir, &t->root);
	return r < 0 ? r : due_new(sh->s->facts, t->root, &t->due);
}

static void
thread_close(struct thread *t, struct syncset *sync, struct tally *tally,
             bool first)
{
	if (t->sync != NULL)
		syncset_merge(sync, t->sync);
	tally_add(tally, &t->tally);
	syncset_free(t->sync);
	lanes_free(t->lanes);
	if (!first) {
		due_free(t->due);
		root_free(t->root);
	}
}

/* One step over 0..n-1, by all threads. */
static int
run_step(struct thread *threads, size_t n_threads,
         int (*step)(struct thread *t, size_t i), size_t n)
{
	size_t started = 1;
	int r = 0;

	atomic_store(&threads[0].shared->next, 0);
	for (size_t i = 0; i < n_threads; i++) {
		threads[i].step = step;
		threads[i].n = n;
	}
	while (started < n_threads &&
	       pthread_create(&threads[started].id, NULL, work,
	                      &threads[started]) == 0)
		started++;
	work(&threads[0]);
	for (size_t i = 1; i < started; i++)
		pthread_join(threads[i].id, NULL);
	for (size_t i = 0; r == 0 && i < started; i++)
		r = threads[i].err;
	return r;
}

static int
run_threads(struct shared *sh, struct syncset *sync, struct tally *tally)
{
	size_t n = session_jobs(sh->s, sh->n > FEW ?
	                        sh->n_paths / PER_THREAD : sh->n_pieces);
	struct thread *threads = calloc(n, sizeof(*threads));
	int r = threads == NULL ? -ENOMEM : 0;

	keeper_help(n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = thread_open(&threads[i], sh, i == 0);
	if (r == 0)
		r = run_step(threads, n, load_old, sh->n);
	if (r == 0)
		r = run_step(threads, n, seal_piece, sh->n_pieces);
	if (r == 0)
		r = join_all(sh, &threads[0]);
	for (size_t i = 0; threads != NULL && i < n; i++)
		thread_close(&threads[i], sync, tally, i == 0);
	free(threads);
	return r;
}

/* Ledgers that stay as they are need not wait for the others' end. */
static void
forget_kept(struct shared *sh)
{
	for (size_t i = 0; i < sh->n; i++) {
		struct seal_item *item = &sh->items[i];

		if (item->fresh != NULL || item->old == NULL)
			continue;
		item->recorded = true;
		memcpy(item->digest, item->old->digest, sizeof(item->digest));
		ledger_free(item->old);
		item->old = NULL;
	}
}

static int
seal_batch(struct shared *sh, struct syncset *sync, struct tally *tally)
{
	int r = cut(sh);

	if (r == 0)
		r = run_threads(sh, sync, tally);
	if (r == 0)
		forget_kept(sh);
	for (size_t i = 0; i < sh->n_pieces; i++)
		ledger_free(sh->pieces[i].part.ledger);
	free(sh->pieces);
	return r;
}

int
seal_all(struct session *s, struct seal_item *items, size_t n,
         const struct seal_job *job, struct syncset *sync,
         struct tally *tally, struct diag *diag)
{
	struct shared sh = { .s = s, .job = job };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = dpkgdb_load_list(s->db, items[i].package, diag);
		if (r == 0 && job->hash)
			r = dpkgdb_load_md5s(s->db, items[i].package, diag);
	}
	if (r < 0)
		return r;
	progress_total(s->progress, count_pieces(items, n));
	pthread_mutex_init(&sh.mutex, NULL);
	for (size_t i = 0; r == 0 && i < n; i += sh.n) {
		sh.items = items + i;
		sh.pieces = NULL;
		sh.n = sh.n_pieces = sh.n_paths = 0;
		while (i + sh.n < n && (sh.n == 0 || sh.n_paths < BATCH))
			sh.n_paths += sh.items[sh.n++].package->n_paths;
		r = seal_batch(&sh, sync, tally);
	}
	pthread_mutex_destroy(&sh.mutex);
	return r;
}

int
seal_store(struct session *s, struct seal_item *items, size_t n)
{
	int fd = s->state->ledger_fd, err = 0;

	for (size_t i = 0; err == 0 && i < n; i++)
		if (items[i].fresh != NULL)
			err = ledger_stage(fd, items[i].package->key,
			                   items[i].fresh, false);
	for (size_t i = 0; err == 0 && i < n; i++)
		if (items[i].fresh != NULL)
			err = ledger_settle(fd, items[i].package->key);
	for (size_t i = 0; err == 0 && i < n; i++) {
		if (items[i].fresh == NULL)
			continue;
		err = ledger_commit(fd, items[i].package->key);
		if (err < 0)
			break;
		items[i].recorded = true;
		memcpy(items[i].digest, items[i].fresh->digest,
		       sizeof(items[i].digest));
	}
	return err;
}

void
seal_items_free(struct seal_item *items, size_t n)
{
	for (size_t i = 0; items != NULL && i < n; i++) {
		ledger_free(items[i].old);
		ledger_free(items[i].fresh);
	}
	free(items);
}
