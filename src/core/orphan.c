/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "orphan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inoset.h"
#include "self.h"
#include "strmap.h"

/* The candidates that carry the flag, by inode and by last name. */
struct suspects {
	struct session *s;
	const char **paths;
	struct node *nodes;
	bool *owned;
	size_t n;
	struct inoset *inodes;	/* -> index */
	struct strmap *names;	/* basenames */
	bool linked;		/* some have other names */
};

static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static int
collect(struct suspects *x, const char *const *candidates, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned int flags;
		struct node node;
		int r;

		if (due_flags(x->s->due, candidates[i], &node, &flags) < 0 ||
		    !S_ISREG(node.mode) || !(flags & IFLAG_IMMUTABLE) ||
		    (foreign_get(x->s->foreign, candidates[i]) &
		    IFLAG_IMMUTABLE) ||
		    self_is(candidates[i]))
			continue;
		r = inoset_add(x->inodes, node.dev, node.ino, x->n);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		r = strmap_put(x->names, base_of(candidates[i]), 1);
		if (r < 0)
			return r;
		x->linked |= node.nlink > 1;
		x->nodes[x->n] = node;
		x->paths[x->n++] = candidates[i];
	}
	return 0;
}

/* Strikes those that a settled package still lists, under whatever name. */
static int
strike_owned(struct suspects *x, struct diag *diag)
{
	struct dpkgdb *db = x->s->db;

	for (size_t i = 0; i < db->n_packages; i++) {
		struct package *p = &db->packages[i];
		int r;

		if (!package_settled(p))
			continue;
		r = dpkgdb_load_list(db, p, diag);
		if (r < 0)
			return r;
		for (size_t k = 0; k < p->n_paths; k++) {
			const char *real = dpkgdb_real(db, p, p->paths[k]);
			struct node node;
			uintptr_t at;

			if (!x->linked &&
			    !strmap_get(x->names, base_of(real), NULL))
				continue;
			if (root_stat(x->s->root, real, &node) == 0 &&
			    inoset_has(x->inodes, node.dev, node.ino, &at))
				x->owned[at] = true;
		}
	}
	return 0;
}

static void
lift(struct suspects *x, size_t i, struct syncset *sync, struct tally *tally)
{
	struct node node;
	int fd, r = root_open(x->s->root, x->paths[i], &fd, &node);

	if (r == 0) {
		r = node.dev == x->nodes[i].dev &&
		    node.ino == x->nodes[i].ino ?
		    iflag_set(fd, 0, IFLAG_IMMUTABLE, NULL) : 0;
		if (r > 0) {
			tally->cleared++;
			syncset_touch(sync, fd, &node,
			              due_fskind(x->s->due, x->paths[i],
			                         &node));
		}
		close(fd);
	}
	if (r < 0 && r != -ENOENT) {
		tally->failed++;
		if (tally->first_error == 0)
			tally->first_error = r;
	}
}

int
orphan_lift(struct session *s, const char *const *candidates, size_t n,
            struct syncset *sync, struct tally *tally, struct diag *diag)
{
	struct suspects x = { .s = s };
	int r = -ENOMEM;

	if (n == 0)
		return 0;
	x.paths = calloc(n, sizeof(*x.paths));
	x.nodes = calloc(n, sizeof(*x.nodes));
	x.owned = calloc(n, sizeof(*x.owned));
	x.inodes = inoset_new();
	x.names = strmap_new();
	if (x.paths != NULL && x.nodes != NULL && x.owned != NULL &&
	    x.inodes != NULL && x.names != NULL)
		r = collect(&x, candidates, n);
	if (r == 0 && x.n > 0)
		r = strike_owned(&x, diag);
	for (size_t i = 0; r == 0 && i < x.n; i++)
		if (!x.owned[i])
			lift(&x, i, sync, tally);
	strmap_free(x.names);
	inoset_free(x.inodes);
	free(x.owned);
	free(x.nodes);
	free(x.paths);
	return r;
}

static bool
key_in_use(const struct dpkgdb *db, const char *key)
{
	size_t n = 0;
	struct package *p = dpkgdb_operand(db, key, &n);

	for (; p != NULL && n > 0; p++, n--)
		if (p->state > PKG_CONFIG_FILES && strcmp(p->key, key) == 0)
			return true;
	return false;
}

struct dead {
	struct session *s;
	int (*fn)(void *ctx, const char *key);
	void *ctx;
};

static int
dead_key(void *ctx, const char *key)
{
	struct dead *d = ctx;

	return key_in_use(d->s->db, key) ? 0 : d->fn(d->ctx, key);
}

int
orphan_keys(struct session *s, const bool *affected,
            const struct journal_plan *plan,
            int (*fn)(void *ctx, const char *key), void *ctx)
{
	struct dead dead = { s, fn, ctx };
	char both[1024];

	for (size_t i = 0; plan != NULL && i < plan->n_packages; i++) {
		int r = dead_key(&dead, plan->packages[i]);

		if (r < 0)
			return r;
	}
	/* Without an index the ledgers themselves tell. */
	if (s->index->n_rows == 0)
		return ledger_each(s->state->ledger_fd, dead_key, &dead);
	for (size_t i = 0; i < s->index->n_rows; i++) {
		const struct index_row *row = &s->index->rows[i];
		const struct package *p = dpkgdb_find(s->db, row->name,
		                                      row->arch);
		int r;

		if (p != NULL && !affected[p - s->db->packages])
			continue;
		r = dead_key(&dead, row->name);
		if (r == 0 && row->arch[0] != '\0' &&
		    snprintf(both, sizeof(both), "%s:%s", row->name,
		             row->arch) < (int)sizeof(both))
			r = dead_key(&dead, both);
		if (r < 0)
			return r;
	}
	return 0;
}
