/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "strmap.h"

/* Open addressing, linear probing, at most three quarters full. */
struct slot {
	const char *key;	/* NULL: free */
	uint64_t hash;
	uintptr_t value;
};

struct strmap {
	struct slot *slots;
	size_t cap;		/* power of two */
	size_t count;
};

enum { FIRST_CAP = 64 };

/*
 * Eight bytes a step, since paths are long. The shift brings the high bits,
 * which multiplication mixes best, down to where the next step and the slot
 * number take theirs.
 */
static uint64_t
hash_string(const char *s)
{
	const uint64_t k = UINT64_C(0x9e3779b97f4a7c15);
	size_t n = strlen(s);
	uint64_t h = n * k, word;

	for (; n >= 8; n -= 8, s += 8) {
		memcpy(&word, s, 8);
		h = (h ^ word) * k;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, s, n);
	h = (h ^ word) * k;
	h ^= h >> 29;
	h *= UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 32;
}

/* The slot of the key, or the free one where it belongs. */
static struct slot *
find_slot(struct slot *slots, size_t cap, const char *key, uint64_t hash)
{
	size_t i = (size_t)hash & (cap - 1);

	while (slots[i].key && (slots[i].hash != hash ||
	                        strcmp(slots[i].key, key) != 0))
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

struct strmap *
strmap_new(void)
{
	struct strmap *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->slots = calloc(FIRST_CAP, sizeof(*m->slots));
	if (!m->slots) {
		free(m);
		return NULL;
	}
	m->cap = FIRST_CAP;
	return m;
}

void
strmap_free(struct strmap *m)
{
	if (!m)
		return;
	free(m->slots);
	free(m);
}

static int
grow(struct strmap *m)
{
	size_t cap = m->cap * 2;
	struct slot *slots = calloc(cap, sizeof(*slots));
	size_t at;

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->cap; i++) {
		if (!m->slots[i].key)
			continue;
		/* All keys differ: no need to compare them. */
		at = (size_t)m->slots[i].hash & (cap - 1);
		while (slots[at].key)
			at = (at + 1) & (cap - 1);
		slots[at] = m->slots[i];
	}
	free(m->slots);
	m->slots = slots;
	m->cap = cap;
	return 0;
}

int
strmap_put(struct strmap *m, const char *key, uintptr_t value)
{
	uint64_t hash = hash_string(key);
	struct slot *slot = find_slot(m->slots, m->cap, key, hash);
	int err;

	if (slot->key) {
		slot->value = value;
		return 0;
	}
	if (m->count >= m->cap / 4 * 3) {
		err = grow(m);
		if (err < 0)
			return err;
		slot = find_slot(m->slots, m->cap, key, hash);
	}
	*slot = (struct slot){ .key = key, .hash = hash, .value = value };
	m->count++;
	return 0;
}

int
strmap_get(const struct strmap *m, const char *key, uintptr_t *ret_value)
{
	const struct slot *slot;

	slot = find_slot(m->slots, m->cap, key, hash_string(key));
	if (!slot->key)
		return 0;
	if (ret_value)
		*ret_value = slot->value;
	return 1;
}

size_t
strmap_count(const struct strmap *m)
{
	return m->count;
}
