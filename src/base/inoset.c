/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdlib.h>

#include "inoset.h"

/*
 * Open addressing, linear probing, at most three quarters full. A slot of
 * device 0 and inode 0 is free; that pair, should anyone add it, is kept
 * beside the table.
 */
struct slot {
	uint64_t dev;
	uint64_t ino;
	uintptr_t value;
};

struct inoset {
	struct slot *slots;
	size_t cap;		/* power of two */
	size_t count;
	bool has_zero;
	uintptr_t zero_value;
};

enum { FIRST_CAP = 64 };

/* The finishing steps of splitmix64: runs of inode numbers spread well. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static bool
is_zero(uint64_t dev, uint64_t ino)
{
	return (dev | ino) == 0;
}

static struct slot *
find_slot(struct slot *slots, size_t cap, uint64_t dev, uint64_t ino)
{
	uint64_t hash = mix(ino + dev * UINT64_C(0x9e3779b97f4a7c15));
	size_t i = (size_t)hash & (cap - 1);

	while (!is_zero(slots[i].dev, slots[i].ino) &&
	       (slots[i].ino != ino || slots[i].dev != dev))
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

struct inoset *
inoset_new(void)
{
	struct inoset *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->slots = calloc(FIRST_CAP, sizeof(*s->slots));
	if (!s->slots) {
		free(s);
		return NULL;
	}
	s->cap = FIRST_CAP;
	return s;
}

void
inoset_free(struct inoset *s)
{
	if (!s)
		return;
	free(s->slots);
	free(s);
}

static int
grow(struct inoset *s)
{
	size_t cap = s->cap * 2;
	struct slot *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < s->cap; i++) {
		const struct slot *old = &s->slots[i];

		if (!is_zero(old->dev, old->ino))
			*find_slot(slots, cap, old->dev, old->ino) = *old;
	}
	free(s->slots);
	s->slots = slots;
	s->cap = cap;
	return 0;
}

static int
add_zero(struct inoset *s, uintptr_t value)
{
	if (s->has_zero)
		return 0;
	s->has_zero = true;
	s->zero_value = value;
	return 1;
}

int
inoset_add(struct inoset *s, uint64_t dev, uint64_t ino, uintptr_t value)
{
	struct slot *slot;
	int err;

	if (is_zero(dev, ino))
		return add_zero(s, value);
	slot = find_slot(s->slots, s->cap, dev, ino);
	if (!is_zero(slot->dev, slot->ino))
		return 0;
	if (s->count >= s->cap / 4 * 3) {
		err = grow(s);
		if (err < 0)
			return err;
		slot = find_slot(s->slots, s->cap, dev, ino);
	}
	*slot = (struct slot){ .dev = dev, .ino = ino, .value = value };
	s->count++;
	return 1;
}

bool
inoset_has(const struct inoset *s, uint64_t dev, uint64_t ino,
           uintptr_t *ret_value)
{
	const struct slot *slot;
	uintptr_t value = s->zero_value;

	if (is_zero(dev, ino)) {
		if (!s->has_zero)
			return false;
	} else {
		slot = find_slot(s->slots, s->cap, dev, ino);
		if (is_zero(slot->dev, slot->ino))
			return false;
		value = slot->value;
	}
	if (ret_value)
		*ret_value = value;
	return true;
}

size_t
inoset_count(const struct inoset *s)
{
	return s->count + (s->has_zero ? 1 : 0);
}
