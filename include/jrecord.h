/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_JRECORD_H
#define DI_JRECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * A record of the journal: length of the payload (u32, never 0), type (u32),
 * run id (u64), payload, CRC-32C of all that (u32); little endian.
 */
#define JRECORD_HEAD	16u
#define JRECORD_TAIL	4u

enum jrecord_type { JRECORD_PLAN = 1, JRECORD_OPEN, JRECORD_RAN,
                    JRECORD_CLOSED, JRECORD_DONE, JRECORD_ADOPTED,
                    JRECORD_RELEASED };
#define JRECORD_LAST	JRECORD_RELEASED

struct jrecord {
	uint32_t type;
	uint64_t id;
	const unsigned char *payload;
	size_t len;		/* of the payload */
	size_t total;		/* with head and tail */
};

/* True if data begins with a whole and undamaged record. */
bool jrecord_at(const unsigned char *data, size_t n, struct jrecord *ret);
/* The number (u32) that is the whole payload. 0, or ERR_FORMAT. */
int jrecord_word(const struct jrecord *rec, uint32_t *ret);
/*
 * True if a good record of run `id` begins anywhere behind the first byte of
 * data, or data is made so that looking for it would take long.
 */
bool jrecord_later(const unsigned char *data, size_t n, uint64_t id);

/*
 * b holds JRECORD_HEAD bytes and a payload: fills in the head and adds the
 * tail, then a head of zeros, which marks the end of the records.
 */
int jrecord_seal(struct buf *b, enum jrecord_type type, uint64_t id);

#endif
