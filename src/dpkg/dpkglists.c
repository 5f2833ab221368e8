/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Many packages' lists at once. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "arena.h"
#include "dpkgdb_priv.h"

/* Fewer are not worth a thread. */
#define PER_THREAD 32

struct loading {
	struct package *const *packages;
	size_t n;
	atomic_size_t next;
};

/* Its database differs from the one it is a copy of in where texts go. */
struct loader {
	struct loading *loading;
	struct dpkgdb db;
	struct dpkgdb_priv priv;
	pthread_t id;
	size_t failed;		/* the first of its own that did */
	int err;
	struct diag diag;
};

static void *
load(void *arg)
{
	struct loader *l = arg;

	while (l->err == 0) {
		l->failed = atomic_fetch_add(&l->loading->next, 1);
		if (l->failed >= l->loading->n)
			break;
		l->err = dpkgdb_load_list(&l->db,
		                          l->loading->packages[l->failed],
		                          &l->diag);
	}
	return NULL;
}

static int
loader_open(struct loader *l, struct loading *loading, const struct dpkgdb *db)
{
	*l = (struct loader){
		.loading = loading, .db = *db, .priv = *db->priv
	};
	l->db.priv = &l->priv;
	buf_init(&l->priv.scratch, 0);
	l->priv.arena = arena_new();
	return l->priv.arena == NULL ? -ENOMEM : 0;
}

static void
loader_close(struct loader *l, struct dpkgdb *db)
{
	arena_join(db->priv->arena, l->priv.arena);
	buf_free(&l->priv.scratch);
}

/* Loader 0 works in this thread. */
static void
load_all(struct loader *l, size_t n)
{
	size_t started = 1;

	while (started < n && pthread_create(&l[started].id, NULL, load,
	                                     &l[started]) == 0)
		started++;
	load(&l[0]);
	for (size_t i = 1; i < started; i++)
		pthread_join(l[i].id, NULL);
}

int
dpkgdb_load_lists(struct dpkgdb *db, struct package *const *packages, size_t n,
                  size_t threads, struct diag *diag)
{
	struct loading loading = { .packages = packages, .n = n };
	size_t most = n / PER_THREAD + 1, opened = 0;
	const struct loader *first = NULL;
	struct loader *l;
	int r = 0;

	if (threads > most)
		threads = most;
	l = calloc(threads, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	while (r == 0 && opened < threads)
		r = loader_open(&l[opened++], &loading, db);
	if (r == 0)
		load_all(l, threads);
	for (size_t i = 0; i < opened; i++) {
		if (l[i].err < 0 && (first == NULL ||
		                     l[i].failed < first->failed))
			first = &l[i];
		loader_close(&l[i], db);
	}
	if (first != NULL) {
		r = first->err;
		if (diag != NULL)
			*diag = first->diag;
	}
	free(l);
	return r;
}
