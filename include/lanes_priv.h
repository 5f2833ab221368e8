/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_LANES_PRIV_H
#define DI_LANES_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "lanes.h"

/* For lanes.c, the kernels below it, and their test. */

#define LANES_BLOCK ((size_t)64)	/* of all three digests */
#define LANES_WIDEST 32u
#define LANES_ENGINES 5		/* of one digest at one level, at most */

/*
 * Takes `blocks` whole blocks of each stream, stream i from at[i] on (any
 * alignment). Word w of stream i is state[w * width + i], in host order.
 */
typedef void lanes_kernel(uint32_t *state, const unsigned char *const *at,
                          size_t blocks);

struct lanes_engine {
	enum lanes_level level;
	enum digest_kind kind;
	unsigned int width;	/* streams that a call takes */
	unsigned int fewest;	/* streams; below, a narrower engine is faster */
	lanes_kernel *kernel;
};

/* What this build has for the kind at the level, or NULL. */
const struct lanes_engine *lanes_engine_at(enum lanes_level level,
                                           enum digest_kind kind);
/* What lanes_new takes: never more than the level and the CPU allow. */
const struct lanes_engine *lanes_engine_for(enum lanes_level level,
                                            enum digest_kind kind);

/* The next narrower one within the same limits: NULL below one stream. */
const struct lanes_engine *lanes_engine_below(const struct lanes_engine *e,
                                              enum lanes_level level);

unsigned int lanes_state_words(enum digest_kind kind);
const uint32_t *lanes_state_first(enum digest_kind kind);
extern const uint32_t lanes_sha256_k[64];

lanes_kernel lanes_single_md5, lanes_single_sha1, lanes_single_sha256;
lanes_kernel lanes_pair_md5;
lanes_kernel lanes_vector_md5, lanes_vector_sha1, lanes_vector_sha256;
lanes_kernel lanes_avx2_md5, lanes_avx2_sha1, lanes_avx2_sha256;
lanes_kernel lanes_avx512_md5, lanes_avx512_sha1, lanes_avx512_sha256;
lanes_kernel lanes_shani_sha1, lanes_shani_sha256;

#endif
