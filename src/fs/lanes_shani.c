/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * SHA-1 and SHA-256 by x86's own instructions, two streams in turn: each of
 * these instructions waits several cycles for the one before it, and the
 * other stream's fit in there. X is called for stream 0, then for 1.
 */
#ifdef __x86_64__
#include <immintrin.h>

#include "lanes_priv.h"

#define SHANI __attribute__((target("sha,sse4.1")))
#define BOTH(X, ...) do { X(0, __VA_ARGS__); X(1, __VA_ARGS__); } while (0)

#define WORD(w, s) ((int)state[2 * (w) + (s)])
#define SET(s, a, b, c, d) \
	_mm_set_epi32(WORD(a, s), WORD(b, s), WORD(c, s), WORD(d, s))
/* A constant index: the instruction wants one. */
#define GET(w, s, x, i) \
	state[2 * (w) + (s)] = (uint32_t)_mm_extract_epi32(x, i)

#define FETCH(s, q) m##s##q = _mm_shuffle_epi8(_mm_loadu_si128( \
	(const __m128i *)(const void *)(at[s] + o + 16 * (q))), swap)

#define SHA1_NEXT(s, p, q, r, t) m##s##p = _mm_sha1msg2_epu32( \
	_mm_xor_si128(_mm_sha1msg1_epu32(m##s##p, m##s##q), m##s##r), m##s##t)
#define SHA1_4(s, p, f) do { \
	__m128i was_ = abcd##s; \
	e##s = _mm_sha1nexte_epu32(e##s, m##s##p); \
	abcd##s = _mm_sha1rnds4_epu32(abcd##s, e##s, f); \
	e##s = was_; \
} while (0)
/* Four rounds with words p, which are made first, of p, q, r and t. */
#define SHA1_NEW(s, p, q, r, t, f) do { \
	SHA1_NEXT(s, p, q, r, t); \
	SHA1_4(s, p, f); \
} while (0)
#define SHA1_KEEP(s, x) do { \
	abcd_was##s = abcd##s; \
	e_was##s = e##s; \
} while (0)
#define SHA1_FIRST(s, p) do { \
	e##s = _mm_add_epi32(e##s, m##s##p); \
	e_next##s = abcd##s; \
	abcd##s = _mm_sha1rnds4_epu32(abcd##s, e##s, 0); \
	e##s = e_next##s; \
} while (0)
#define SHA1_ADD(s, x) do { \
	e##s = _mm_sha1nexte_epu32(e##s, e_was##s); \
	abcd##s = _mm_add_epi32(abcd##s, abcd_was##s); \
} while (0)
#define SHA1_PUT(s, x) do { \
	GET(0, s, abcd##s, 3); \
	GET(1, s, abcd##s, 2); \
	GET(2, s, abcd##s, 1); \
	GET(3, s, abcd##s, 0); \
	GET(4, s, e##s, 3); \
} while (0)

SHANI void
lanes_shani_sha1(uint32_t *state, const unsigned char *const *at,
                 size_t blocks)
{
	const __m128i swap = _mm_set_epi64x(0x0001020304050607,
	                                    0x08090a0b0c0d0e0f);
	__m128i abcd0 = SET(0, 0, 1, 2, 3), abcd1 = SET(1, 0, 1, 2, 3);
	__m128i e0 = _mm_set_epi32(WORD(4, 0), 0, 0, 0);
	__m128i e1 = _mm_set_epi32(WORD(4, 1), 0, 0, 0);
	__m128i abcd_was0, abcd_was1, e_was0, e_was1, e_next0, e_next1;
	__m128i m00, m01, m02, m03, m10, m11, m12, m13;
	size_t o;

	for (o = 0; o < LANES_BLOCK * blocks; o += LANES_BLOCK) {
		BOTH(SHA1_KEEP, 0);
		BOTH(FETCH, 0);
		BOTH(FETCH, 1);
		BOTH(FETCH, 2);
		BOTH(FETCH, 3);
		BOTH(SHA1_FIRST, 0);
		BOTH(SHA1_4, 1, 0);
		BOTH(SHA1_4, 2, 0);
		BOTH(SHA1_4, 3, 0);
		BOTH(SHA1_NEW, 0, 1, 2, 3, 0);
		BOTH(SHA1_NEW, 1, 2, 3, 0, 1);
		BOTH(SHA1_NEW, 2, 3, 0, 1, 1);
		BOTH(SHA1_NEW, 3, 0, 1, 2, 1);
		BOTH(SHA1_NEW, 0, 1, 2, 3, 1);
		BOTH(SHA1_NEW, 1, 2, 3, 0, 1);
		BOTH(SHA1_NEW, 2, 3, 0, 1, 2);
		BOTH(SHA1_NEW, 3, 0, 1, 2, 2);
		BOTH(SHA1_NEW, 0, 1, 2, 3, 2);
		BOTH(SHA1_NEW, 1, 2, 3, 0, 2);
		BOTH(SHA1_NEW, 2, 3, 0, 1, 2);
		BOTH(SHA1_NEW, 3, 0, 1, 2, 3);
		BOTH(SHA1_NEW, 0, 1, 2, 3, 3);
		BOTH(SHA1_NEW, 1, 2, 3, 0, 3);
		BOTH(SHA1_NEW, 2, 3, 0, 1, 3);
		BOTH(SHA1_NEW, 3, 0, 1, 2, 3);
		BOTH(SHA1_ADD, 0);
	}
	BOTH(SHA1_PUT, 0);
}

#define SHA256_NEXT(s, p, q, r, t) m##s##p = _mm_sha256msg2_epu32( \
	_mm_add_epi32(_mm_sha256msg1_epu32(m##s##p, m##s##q), \
	              _mm_alignr_epi8(m##s##t, m##s##r, 4)), m##s##t)
#define SHA256_4(s, p, i) do { \
	__m128i w_ = _mm_add_epi32(m##s##p, _mm_loadu_si128( \
	    (const __m128i *)(const void *)(lanes_sha256_k + (i)))); \
	cdgh##s = _mm_sha256rnds2_epu32(cdgh##s, abef##s, w_); \
	abef##s = _mm_sha256rnds2_epu32(abef##s, cdgh##s, \
	                                _mm_shuffle_epi32(w_, 0x0e)); \
} while (0)
#define SHA256_NEW(s, p, q, r, t, i) do { \
	SHA256_NEXT(s, p, q, r, t); \
	SHA256_4(s, p, i); \
} while (0)
#define SHA256_NEW16(i) do { \
	BOTH(SHA256_NEW, 0, 1, 2, 3, (i)); \
	BOTH(SHA256_NEW, 1, 2, 3, 0, (i) + 4); \
	BOTH(SHA256_NEW, 2, 3, 0, 1, (i) + 8); \
	BOTH(SHA256_NEW, 3, 0, 1, 2, (i) + 12); \
} while (0)
#define SHA256_KEEP(s, x) do { \
	abef_was##s = abef##s; \
	cdgh_was##s = cdgh##s; \
} while (0)
#define SHA256_ADD(s, x) do { \
	abef##s = _mm_add_epi32(abef##s, abef_was##s); \
	cdgh##s = _mm_add_epi32(cdgh##s, cdgh_was##s); \
} while (0)
#define SHA256_PUT(s, x) do { \
	GET(0, s, abef##s, 3); \
	GET(1, s, abef##s, 2); \
	GET(4, s, abef##s, 1); \
	GET(5, s, abef##s, 0); \
	GET(2, s, cdgh##s, 3); \
	GET(3, s, cdgh##s, 2); \
	GET(6, s, cdgh##s, 1); \
	GET(7, s, cdgh##s, 0); \
} while (0)

SHANI void
lanes_shani_sha256(uint32_t *state, const unsigned char *const *at,
                   size_t blocks)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b,
	                                    0x0405060700010203);
	__m128i abef0 = SET(0, 0, 1, 4, 5), abef1 = SET(1, 0, 1, 4, 5);
	__m128i cdgh0 = SET(0, 2, 3, 6, 7), cdgh1 = SET(1, 2, 3, 6, 7);
	__m128i abef_was0, abef_was1, cdgh_was0, cdgh_was1;
	__m128i m00, m01, m02, m03, m10, m11, m12, m13;
	size_t o;

	for (o = 0; o < LANES_BLOCK * blocks; o += LANES_BLOCK) {
		BOTH(SHA256_KEEP, 0);
		BOTH(FETCH, 0);
		BOTH(SHA256_4, 0, 0);
		BOTH(FETCH, 1);
		BOTH(SHA256_4, 1, 4);
		BOTH(FETCH, 2);
		BOTH(SHA256_4, 2, 8);
		BOTH(FETCH, 3);
		BOTH(SHA256_4, 3, 12);
		SHA256_NEW16(16);
		SHA256_NEW16(32);
		SHA256_NEW16(48);
		BOTH(SHA256_ADD, 0);
	}
	BOTH(SHA256_PUT, 0);
}
#endif
