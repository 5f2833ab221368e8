/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "sealall.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* Up to so many ledgers are made durable one by one; beyond, by one syncfs. */
#define FSYNC_EACH 16
/* Fewer packages are not worth a thread. */
#define PER_THREAD 8
#define THREADS_MAX 64

struct shared {
	struct session *s;
	struct seal_item *items;
	size_t n;
	const struct seal_job *job;
	pthread_mutex_t mutex;	/* around findings */
	atomic_size_t next;
};

struct thread {
	struct shared *shared;
	pthread_t id;
	struct root *root;
	struct due *due;
	struct syncset *sync;
	struct tally tally;
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

static int
seal_item(struct thread *t, struct seal_item *item)
{
	struct shared *sh = t->shared;
	struct seal_job job = *sh->job;
	size_t failed = t->tally.failed;
	int r;

	job.on_finding = locked_finding;
	job.ctx = sh;
	if (sh->s->state != NULL && sh->s->state->ledger_fd >= 0) {
		struct diag d = { .line = 0 };

		r = ledger_load(sh->s->state->ledger_fd, item->package->key,
		                &item->old, &d);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && r != -ENOENT) {
			char text[600];

			diag_text(&d, text, sizeof(text));
			log_warn("%s; it is written anew", text);
		}
	}
	job.old = item->old;
	job.row = item->row;
	r = seal_package(t->due, item->package, &job, t->sync, &t->tally,
	                 &item->fresh);
	item->failed = t->tally.failed > failed;
	return r;
}

static void *
work(void *arg)
{
	struct thread *t = arg;
	struct shared *sh = t->shared;

	while (t->err == 0) {
		size_t i = atomic_fetch_add(&sh->next, 1);

		if (i >= sh->n)
			break;
		t->err = seal_item(t, &sh->items[i]);
	}
	return NULL;
}

static size_t
thread_count(const struct session *s, size_t n)
{
	cpu_set_t cpus;
	size_t jobs = 1;

	if (s->conf != NULL && s->conf->jobs > 0)
		jobs = (size_t)s->conf->jobs;
	else if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		jobs = (size_t)CPU_COUNT(&cpus);
	if (jobs > n / PER_THREAD)
		jobs = n / PER_THREAD;
	if (jobs > THREADS_MAX)
		jobs = THREADS_MAX;
	return jobs == 0 ? 1 : jobs;
}

static int
thread_open(struct thread *t, struct shared *sh, bool first)
{
	int r = 0;

	t->shared = sh;
	t->sync = syncset_new();
	if (t->sync == NULL)
		return -ENOMEM;
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
	if (!first) {
		due_free(t->due);
		root_free(t->root);
	}
}

static int
run_threads(struct shared *sh, struct syncset *sync, struct tally *tally)
{
	size_t n = thread_count(sh->s, sh->n), started = 0;
	struct thread *threads = calloc(n, sizeof(*threads));
	int r = threads == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = thread_open(&threads[i], sh, i == 0);
	for (size_t i = 1; r == 0 && i < n; i++, started++)
		if (pthread_create(&threads[i].id, NULL, work,
		                   &threads[i]) != 0)
			break;
	if (r == 0)
		work(&threads[0]);
	for (size_t i = 1; i <= started; i++)
		pthread_join(threads[i].id, NULL);
	for (size_t i = 0; threads != NULL && i < n; i++) {
		if (r == 0)
			r = threads[i].err;
		thread_close(&threads[i], sync, tally, i == 0);
	}
	free(threads);
	return r;
}

int
seal_all(struct session *s, struct seal_item *items, size_t n,
         const struct seal_job *job, struct syncset *sync,
         struct tally *tally, struct diag *diag)
{
	struct shared sh = { .s = s, .items = items, .n = n, .job = job };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = dpkgdb_load_list(s->db, items[i].package, diag);
		if (r == 0 && job->hash)
			r = dpkgdb_load_md5s(s->db, items[i].package, diag);
	}
	if (r < 0)
		return r;
	pthread_mutex_init(&sh.mutex, NULL);
	r = run_threads(&sh, sync, tally);
	pthread_mutex_destroy(&sh.mutex);
	return r;
}

int
seal_store(struct session *s, const struct seal_item *items, size_t n)
{
	int fd = s->state->ledger_fd, err = 0;
	size_t fresh = 0;

	for (size_t i = 0; i < n; i++)
		fresh += items[i].fresh != NULL;
	if (fresh == 0)
		return 0;
	for (size_t i = 0; err == 0 && i < n; i++)
		if (items[i].fresh != NULL)
			err = ledger_stage(fd, items[i].package->key,
			                   items[i].fresh,
			                   fresh <= FSYNC_EACH);
	if (err == 0 && fresh > FSYNC_EACH && syncfs(fd) < 0)
		err = -errno;
	for (size_t i = 0; err == 0 && i < n; i++)
		if (items[i].fresh != NULL)
			err = ledger_commit(fd, items[i].package->key);
	if (err == 0 && fsync(fd) < 0)
		err = -errno;
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
