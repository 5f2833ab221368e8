/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit_priv.h"
#include "self.h"

/*
 * What is found is kept and told at the end: threads and lanes answer in any
 * order, and a person wants the worst first.
 */

void *
audit_grow(struct audit *a, void *old, size_t n, size_t size)
{
	void *more;

	if ((n & (n - 1)) != 0)
		return old;
	more = arena_alloc(a->arena, (n == 0 ? 1 : n * 2) * size);
	if (more == NULL)
		a->err = -ENOMEM;
	else if (n > 0)
		memcpy(more, old, n * size);
	return more;
}

static const char *
keep_words(struct audit *a, const char *words)
{
	const char *copy = words == NULL ? NULL :
	                   arena_strdup(a->arena, words);

	if (words != NULL && copy == NULL)
		a->err = -ENOMEM;
	return copy;
}

void
audit_keep(struct audit *a, size_t package, enum finding_kind kind,
           const char *path, const char *expected, const char *actual)
{
	const struct dpkgdb *db = a->s->db;
	const struct package *p = package < db->n_packages ?
	                          &db->packages[package] : NULL;
	struct finding f = {
		.kind = kind,
		.package = p != NULL ? p->key : NULL,
		.version = p != NULL ? p->version : NULL
	};

	if (a->n_found == a->cap) {
		size_t cap = a->cap == 0 ? 64 : a->cap * 2;
		void *more = realloc(a->found, cap * sizeof(*a->found));

		if (more == NULL) {
			a->err = -ENOMEM;
			return;
		}
		a->found = more;
		a->cap = cap;
	}
	f.path = keep_words(a, path);
	f.expected = keep_words(a, expected);
	f.actual = keep_words(a, actual);
	if (f.path != NULL)
		a->found[a->n_found++] = (struct audit_found){ package, f };
}

void
audit_tell(struct auditor *t, size_t package, enum finding_kind kind,
           const char *path, const char *expected, const char *actual)
{
	pthread_mutex_lock(&t->audit->mutex);
	audit_keep(t->audit, package, kind, path, expected, actual);
	pthread_mutex_unlock(&t->audit->mutex);
}

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/';
}

static int
by_path(const void *x, const void *y)
{
	const struct audit_found *a = x, *b = y;
	int c = strcmp(a->finding.path, b->finding.path);

	if (c != 0)
		return c;
	if (a->finding.kind != b->finding.kind)
		return a->finding.kind < b->finding.kind ? -1 : 1;
	return a->package < b->package ? -1 : a->package > b->package;
}

static bool
is_covered(const char *const *mounts, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (is_below(path, mounts[i]))
			return true;
	return false;
}

/* What a mount covers can't be judged; one finding a mount. `found` is sorted
 * by path. */
static void
drop_covered(struct audit *a)
{
	const char **mounts = NULL;
	size_t n = 0, n_mounts = 0;

	for (size_t i = 0; i < a->n_found; i++) {
		const struct finding *f = &a->found[i].finding;

		if (f->kind != FINDING_MOUNT)
			continue;
		mounts = audit_grow(a, mounts, n_mounts, sizeof(*mounts));
		if (mounts == NULL)
			return;
		mounts[n_mounts++] = f->path;
	}
	for (size_t i = 0; n_mounts > 0 && i < a->n_found; i++) {
		const struct finding *f = &a->found[i].finding;
		bool again = n > 0 && f->kind == FINDING_MOUNT &&
		    a->found[n - 1].finding.kind == FINDING_MOUNT &&
		    strcmp(a->found[n - 1].finding.path, f->path) == 0;

		if (!again && !is_covered(mounts, n_mounts, f->path))
			a->found[n++] = a->found[i];
	}
	if (n_mounts > 0)
		a->n_found = n;
}

/* Of one file of one package each kind is told once (it may be listed by two
 * names); a flag on a folder once, whoever lists it. */
static bool
are_twins(const struct audit_found *a, const struct audit_found *b)
{
	return a->finding.kind == b->finding.kind &&
	       (a->package == b->package ||
	        a->finding.kind == FINDING_FOREIGN) &&
	       strcmp(a->finding.path, b->finding.path) == 0;
}

static void
drop_twins(struct audit *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_found; i++)
		if (n == 0 || !are_twins(&a->found[n - 1], &a->found[i]))
			a->found[n++] = a->found[i];
	a->n_found = n;
}

/* Without its diversion a shim counts as dpkg's file, and dpkg's as nobody's:
 * that it is gone says all. */
static bool
follows(const struct finding *f, const char *self)
{
	size_t n = strlen(self);

	if (strncmp(f->path, self, n) != 0)
		return false;
	if (f->package != NULL)
		return f->path[n] == '\0';
	return f->kind == FINDING_FOREIGN &&
	       strcmp(f->path + n, ".distrib") == 0;
}

static void
drop_followers(struct audit *a)
{
	const char *selves[SELF_COUNT];
	size_t n_selves = 0, n = 0;

	for (size_t i = 0; i < a->n_found && n_selves < SELF_COUNT; i++)
		if (a->found[i].finding.kind == FINDING_SELF)
			selves[n_selves++] = a->found[i].finding.path;
	for (size_t i = 0; n_selves > 0 && i < a->n_found; i++) {
		bool dropped = false;

		for (size_t k = 0; k < n_selves; k++)
			dropped |= follows(&a->found[i].finding, selves[k]);
		if (!dropped)
			a->found[n++] = a->found[i];
	}
	if (n_selves > 0)
		a->n_found = n;
}

/* Those of no package first: our own programs, the history. */
static int
by_package(const void *x, const void *y)
{
	const struct audit_found *a = x, *b = y;

	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	if (a->finding.kind != b->finding.kind)
		return a->finding.kind < b->finding.kind ? -1 : 1;
	return strcmp(a->finding.path, b->finding.path);
}

/* Packages by their worst; found is sorted by package. */
struct group {
	const struct audit_found *at;
	size_t n;
};

static int
by_worst(const void *x, const void *y)
{
	const struct group *a = x, *b = y;

	if (a->at->finding.kind != b->at->finding.kind)
		return a->at->finding.kind < b->at->finding.kind ? -1 : 1;
	return a->at->package < b->at->package ? -1 :
	       a->at->package > b->at->package;
}

static void
sort_groups(struct audit *a)
{
	struct group *groups = calloc(a->n_found + 1, sizeof(*groups));
	struct audit_found *sorted = calloc(a->n_found + 1, sizeof(*sorted));
	size_t n = 0, k = 0;

	if (groups == NULL || sorted == NULL) {
		a->err = -ENOMEM;
		goto out;
	}
	for (size_t i = 0; i < a->n_found; i++) {
		if (i == 0 || a->found[i].package != a->found[i - 1].package)
			groups[n++].at = &a->found[i];
		groups[n - 1].n++;
	}
	qsort(groups, n, sizeof(*groups), by_worst);
	for (size_t i = 0; i < n; i++) {
		memcpy(sorted + k, groups[i].at,
		       groups[i].n * sizeof(*sorted));
		k += groups[i].n;
	}
	memcpy(a->found, sorted, a->n_found * sizeof(*sorted));
out:
	free(groups);
	free(sorted);
}

void
audit_count(const struct audit *a, struct audit_total *total)
{
	memset(total->kinds, 0, sizeof(total->kinds));
	total->findings = total->unknown = 0;
	for (size_t i = 0; i < a->n_found; i++) {
		enum finding_kind kind = a->found[i].finding.kind;

		total->kinds[kind]++;
		if (kind == FINDING_UNKNOWN)
			total->unknown++;
		else
			total->findings++;
	}
}

void
audit_sort(struct audit *a, struct audit_total *total)
{
	if (a->n_found == 0)
		return;
	qsort(a->found, a->n_found, sizeof(*a->found), by_path);
	drop_covered(a);
	drop_twins(a);
	drop_followers(a);
	if (!a->job->by_path) {
		qsort(a->found, a->n_found, sizeof(*a->found), by_package);
		sort_groups(a);
	}
	audit_count(a, total);
}
