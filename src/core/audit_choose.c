/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdlib.h>

#include "audit_priv.h"

/* Only what was changed in runs since then: by the ids of those runs. */
static int
add_since(void *ctx, uint64_t id)
{
	int r = inoset_add(ctx, 0, id, 0);

	return r < 0 ? r : 0;
}

static int
choose_since(struct audit *a, struct diag *diag)
{
	const struct state *state = a->s->state;
	int r;

	if (a->job->since == NULL)
		return 0;
	a->since = inoset_new();
	if (a->since == NULL)
		return -ENOMEM;
	r = state == NULL || state->history_fd < 0 ? -ENOENT :
	    history_since(state->history_fd, a->job->since, add_since,
	                  a->since);
	if (r == -ENOENT)
		return diag_set(diag, r, NULL, 0, "--since: the history has "
		                "no run '%s'", a->job->since);
	if (r == ERR_FORMAT)
		return diag_set(diag, r, NULL, 0, "--since: '%s' is neither a "
		                "run nor a date", a->job->since);
	return r;
}

static bool
is_chosen(struct audit *a, const struct package *p,
          const struct index_row *row)
{
	if (p->state <= PKG_CONFIG_FILES || !targets_package(&a->targets, p))
		return false;
	return a->since == NULL ||
	       (row != NULL && inoset_has(a->since, 0, row->run, NULL));
}

/* Whatever an index says, the sum of all does not overflow. */
uint64_t
audit_bytes(const struct index_row *row)
{
	const uint64_t most = UINT64_C(1) << 43;

	return row == NULL ? 0 : row->bytes < most ? row->bytes : most;
}

/* Has the package anything in the slice? It may begin before it. */
static bool
meets_slice(const struct audit *a, uint64_t start, uint64_t bytes)
{
	const struct audit_job *job = a->job;
	__uint128_t from = (__uint128_t)a->bytes * (job->slice - 1);
	__uint128_t to = (__uint128_t)a->bytes * job->slice;

	if (a->bytes == 0)
		return job->slice == 1;
	return (__uint128_t)(start + bytes) * job->slices >= from &&
	       ((__uint128_t)start * job->slices < to ||
	        job->slice == job->slices);
}

struct by_size {
	size_t at;
	uint64_t bytes;
};

static int
larger_first(const void *x, const void *y)
{
	const struct by_size *a = x, *b = y;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Lists are loaded before the threads begin: nobody may while they judge. */
static int
load_lists(struct audit *a, struct by_size *sizes, struct diag *diag)
{
	struct package **packages = calloc(a->n_order + 1, sizeof(*packages));
	struct dpkgdb *db = a->s->db;
	size_t n = 0;
	int r;

	if (packages == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < a->n_order; i++) {
		if (a->start != NULL &&
		    !meets_slice(a, a->start[sizes[i].at], sizes[i].bytes))
			continue;
		packages[n] = &db->packages[sizes[i].at];
		sizes[n++] = sizes[i];
	}
	r = dpkgdb_load_lists(db, packages, n, session_jobs(a->s, n), diag);
	free(packages);
	a->n_order = n;
	qsort(sizes, n, sizeof(*sizes), larger_first);
	for (size_t i = 0; i < n; i++)
		a->order[i] = sizes[i].at;
	return r;
}

int
audit_choose(struct audit *a, struct diag *diag)
{
	struct dpkgdb *db = a->s->db;
	struct by_size *sizes = calloc(db->n_packages + 1, sizeof(*sizes));
	int r = choose_since(a, diag);

	a->order = calloc(db->n_packages + 1, sizeof(*a->order));
	if (a->job->slices > 0)
		a->start = calloc(db->n_packages + 1, sizeof(*a->start));
	if (a->order == NULL || sizes == NULL ||
	    (a->job->slices > 0 && a->start == NULL))
		r = -ENOMEM;
	if (r < 0) {
		free(sizes);
		return r;
	}
	for (size_t i = 0; i < db->n_packages; i++) {
		const struct package *p = &db->packages[i];
		const struct index_row *row = a->s->index == NULL ? NULL :
		    index_find(a->s->index, p->name, p->arch);
		uint64_t bytes = audit_bytes(row);

		if (!is_chosen(a, p, row))
			continue;
		sizes[a->n_order++] = (struct by_size){ i, bytes };
		if (a->start != NULL)
			a->start[i] = a->bytes;
		a->bytes += bytes;
	}
	r = load_lists(a, sizes, diag);
	free(sizes);
	return r;
}
