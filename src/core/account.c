/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "account.h"

#include <errno.h>
#include <string.h>

#include "arena.h"

/* Room for one more of an array in the arena: NULL, or its new place. */
static void *
grow(struct session *s, void *old, size_t n, size_t size)
{
	void *more;

	if ((n & (n - 1)) != 0)
		return old;
	more = arena_alloc(s->arena, (n == 0 ? 1 : n * 2) * size);
	if (more != NULL && n > 0)
		memcpy(more, old, n * size);
	return more;
}

static const char *
keep(struct session *s, const char *words)
{
	return words == NULL ? NULL : arena_strdup(s->arena, words);
}

static int
add_change(struct account *a, const char *key, const char *before,
           const char *after)
{
	struct transaction_change *more;

	if (before == NULL ? after == NULL :
	    after != NULL && strcmp(before, after) == 0)
		return 0;
	more = grow(a->s, a->changes, a->n_changes, sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	a->changes = more;
	more += a->n_changes++;
	more->key = keep(a->s, key);
	more->before = keep(a->s, before);
	more->after = keep(a->s, after);
	return more->key == NULL ? -ENOMEM : 0;
}

int
account_changes(struct account *a)
{
	const struct dpkgdb *db = a->s->db;
	const struct index *x = a->s->index;
	int r = 0;

	for (size_t i = 0; r == 0 && i < db->n_packages; i++) {
		const struct package *p = &db->packages[i];
		const struct index_row *row = index_find(x, p->name, p->arch);
		bool was = row != NULL && row->state > PKG_CONFIG_FILES;
		bool is = p->state > PKG_CONFIG_FILES;

		r = add_change(a, p->key, was ? row->version : NULL,
		               is ? p->version : NULL);
	}
	for (size_t i = 0; r == 0 && i < x->n_rows; i++) {
		const struct index_row *row = &x->rows[i];

		if (row->state > PKG_CONFIG_FILES &&
		    dpkgdb_find(db, row->name, row->arch) == NULL)
			r = add_change(a, row->name, row->version, NULL);
	}
	return r;
}

int
account_recorded(struct account *a, const char *key,
                 const unsigned char *digest)
{
	struct transaction_ledger *more;
	unsigned char *copy = NULL;

	more = grow(a->s, a->ledgers, a->n_ledgers, sizeof(*more));
	if (digest != NULL) {
		copy = arena_alloc(a->s->arena, 32);
		if (copy == NULL)
			return -ENOMEM;
		memcpy(copy, digest, 32);
	}
	key = keep(a->s, key);
	if (more == NULL || key == NULL)
		return -ENOMEM;
	a->ledgers = more;
	more[a->n_ledgers++] = (struct transaction_ledger){ key, copy };
	return 0;
}

int
account_ledgers(struct account *a, const struct seal_item *items, size_t n,
                bool all)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (items[i].recorded && (all || items[i].fresh != NULL))
			r = account_recorded(a, items[i].package->key,
			                     items[i].digest);
	return r;
}

int
account_removed(struct account *a, const char *key)
{
	return account_recorded(a, key, NULL);
}

void
account_give(const struct account *a, struct transaction *t)
{
	t->changes = a->changes;
	t->n_changes = a->n_changes;
	t->ledgers = a->ledgers;
	t->n_ledgers = a->n_ledgers;
}
