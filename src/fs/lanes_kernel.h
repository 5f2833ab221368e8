/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * MD5 (RFC 1321), SHA-1 and SHA-256 (FIPS 180-4) of many streams at once in
 * GCC's vector extensions: element i of every vector belongs to stream i. No
 * include guard and no contract: a file that includes this is one level. It
 * says first
 *
 *	KERNEL_W	streams in a vector: 4, 8 or 16; 1 for plain numbers
 *	KERNEL_TARGET	the target attribute of the functions, or nothing
 *	KERNEL_NAME(x)	what the function for x (md5, sha1, sha256) is called
 *	KERNEL_PSHUFB	1 where any bytes of a vector can be shuffled at once
 *	KERNEL_MD5	1 where that is all it is for
 *
 * Everything is unrolled by the preprocessor: at -O2 compilers keep arrays
 * that loops walk through in memory. Vectors are never arguments: callers
 * that lack the instruction set would disagree on how to hand them over.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lanes_priv.h"

#define W KERNEL_W

#if KERNEL_W == 1
typedef uint32_t vec;
#define WORDS16(m, s, o) memcpy(m, at[s] + (o), LANES_BLOCK)
#else
typedef uint32_t vec __attribute__((vector_size(4 * KERNEL_W)));
typedef uint64_t pairs __attribute__((vector_size(4 * KERNEL_W)));
typedef uint32_t vec4 __attribute__((vector_size(16)));

/* Indices of a shuffle that does the same within every four elements. */
#define IN4(o, a, b, c, d) (a) + (o), (b) + (o), (c) + (o), (d) + (o)
#if W == 4
#define EACH4(a, b, c, d) IN4(0, a, b, c, d)
#elif W == 8
#define EACH4(a, b, c, d) IN4(0, a, b, c, d), IN4(4, a, b, c, d)
#else
#define EACH4(a, b, c, d) IN4(0, a, b, c, d), IN4(4, a, b, c, d), \
	IN4(8, a, b, c, d), IN4(12, a, b, c, d)
#endif
#define LOW32(x, y) __builtin_shufflevector(x, y, EACH4(0, W, 1, W + 1))
#define HIGH32(x, y) __builtin_shufflevector(x, y, EACH4(2, W + 2, 3, W + 3))
/* In pairs of words compilers find the instruction for it. */
#if W == 4
#define EVEN 0, 2
#define ODD 1, 3
#elif W == 8
#define EVEN 0, 4, 2, 6
#define ODD 1, 5, 3, 7
#else
#define EVEN 0, 8, 2, 10, 4, 12, 6, 14
#define ODD 1, 9, 3, 11, 5, 13, 7, 15
#endif
#define LOW64(x, y) \
	((vec)__builtin_shufflevector((pairs)(x), (pairs)(y), EVEN))
#define HIGH64(x, y) \
	((vec)__builtin_shufflevector((pairs)(x), (pairs)(y), ODD))

/*
 * Sixteen bytes at offset o of every fourth stream from number s on. Put
 * together so, four by four are all that is left to transpose.
 */
#define PIECE(v, s, o) memcpy(&(v), at[s] + (o), 16)
#define JOIN4(x, y) __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7)
#define JOIN8(x, y) __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, \
	8, 9, 10, 11, 12, 13, 14, 15)
#if W == 4
#define ROW(r, s, o) PIECE(r, s, o)
#elif W == 8
#define ROW(r, s, o) do { \
	vec4 p_, q_; \
	PIECE(p_, s, o); \
	PIECE(q_, (s) + 4, o); \
	(r) = JOIN4(p_, q_); \
} while (0)
#else
#define ROW(r, s, o) do { \
	vec4 p_, q_, u_, v_; \
	PIECE(p_, s, o); \
	PIECE(q_, (s) + 4, o); \
	PIECE(u_, (s) + 8, o); \
	PIECE(v_, (s) + 12, o); \
	(r) = JOIN8(JOIN4(p_, q_), JOIN4(u_, v_)); \
} while (0)
#endif

/* Words q to q + 3 of all streams from number s on, as the host has them. */
#define WORDS4(m, q, s, o) do { \
	vec a_, b_, c_, d_, e_, f_, g_, h_; \
	ROW(a_, s, (o) + 4 * (q)); \
	ROW(b_, (s) + 1, (o) + 4 * (q)); \
	ROW(c_, (s) + 2, (o) + 4 * (q)); \
	ROW(d_, (s) + 3, (o) + 4 * (q)); \
	e_ = LOW32(a_, b_); \
	f_ = LOW32(c_, d_); \
	g_ = HIGH32(a_, b_); \
	h_ = HIGH32(c_, d_); \
	(m)[q] = LOW64(e_, f_); \
	(m)[(q) + 1] = HIGH64(e_, f_); \
	(m)[(q) + 2] = LOW64(g_, h_); \
	(m)[(q) + 3] = HIGH64(g_, h_); \
} while (0)
#define WORDS16(m, s, o) do { \
	WORDS4(m, 0, s, o); \
	WORDS4(m, 4, s, o); \
	WORDS4(m, 8, s, o); \
	WORDS4(m, 12, s, o); \
} while (0)
#endif

#define ROL(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define ROR(x, n) ROL(x, 32 - (n))

/* The bytes of each word the other way round. */
#if KERNEL_PSHUFB
typedef unsigned char bytes __attribute__((vector_size(4 * KERNEL_W)));
#define SWAPPED16(o) 3 + (o), 2 + (o), 1 + (o), 0 + (o), \
	7 + (o), 6 + (o), 5 + (o), 4 + (o), 11 + (o), 10 + (o), 9 + (o), \
	8 + (o), 15 + (o), 14 + (o), 13 + (o), 12 + (o)
#if W == 4
#define SWAPPED SWAPPED16(0)
#elif W == 8
#define SWAPPED SWAPPED16(0), SWAPPED16(16)
#else
#define SWAPPED SWAPPED16(0), SWAPPED16(16), SWAPPED16(32), SWAPPED16(48)
#endif
#define SWAP(x) ((vec)__builtin_shufflevector((bytes)(x), (bytes)(x), SWAPPED))
#else
#define SWAP(x) ((ROL(x, 8) & 0x00ff00ffu) | (ROL(x, 24) & 0xff00ff00u))
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BIG(x) SWAP(x)
#define LITTLE(x) (x)
#else
#define BIG(x) (x)
#define LITTLE(x) SWAP(x)
#endif
#define ALL16(m, f) do { \
	(m)[0] = f((m)[0]), (m)[1] = f((m)[1]), (m)[2] = f((m)[2]); \
	(m)[3] = f((m)[3]), (m)[4] = f((m)[4]), (m)[5] = f((m)[5]); \
	(m)[6] = f((m)[6]), (m)[7] = f((m)[7]), (m)[8] = f((m)[8]); \
	(m)[9] = f((m)[9]), (m)[10] = f((m)[10]), (m)[11] = f((m)[11]); \
	(m)[12] = f((m)[12]), (m)[13] = f((m)[13]), (m)[14] = f((m)[14]); \
	(m)[15] = f((m)[15]); \
} while (0)

#define LOAD(v, i) memcpy(&(v), state + (i), sizeof(v))
#define STORE(v, i) memcpy(state + (i), &(v), sizeof(v))

/*
 * MD5. A step waits for the one before it, so two vectors go side by side:
 * the second fills the gaps of the first.
 */
#define MD5_F(x, y, z) (((x) & (y)) | (~(x) & (z)))
#define MD5_G(x, y, z) (((x) & (z)) | ((y) & ~(z)))
#define MD5_H(x, y, z) ((x) ^ (y) ^ (z))
#define MD5_I(x, y, z) ((y) ^ ((x) | ~(z)))
#define MD5_1(f, a, b, c, d, m, k, s) do { \
	a += (m) + (k); \
	a += f(b, c, d); \
	a = ROL(a, s) + b; \
} while (0)
#define MD5_2(f, a, b, c, d, g, k, s) do { \
	MD5_1(f, a##0, b##0, c##0, d##0, m0[g], k, s); \
	MD5_1(f, a##1, b##1, c##1, d##1, m1[g], k, s); \
} while (0)
#define MD5_4(f, g0, g1, g2, g3, k0, k1, k2, k3, s0, s1, s2, s3) do { \
	MD5_2(f, a, b, c, d, g0, k0, s0); \
	MD5_2(f, d, a, b, c, g1, k1, s1); \
	MD5_2(f, c, d, a, b, g2, k2, s2); \
	MD5_2(f, b, c, d, a, g3, k3, s3); \
} while (0)

KERNEL_TARGET void
KERNEL_NAME(md5)(uint32_t *state, const unsigned char *const *at,
                 size_t blocks)
{
	vec a0, b0, c0, d0, a1, b1, c1, d1;
	vec m0[16], m1[16];
	size_t o;

	LOAD(a0, 0);
	LOAD(a1, W);
	LOAD(b0, 2 * W);
	LOAD(b1, 3 * W);
	LOAD(c0, 4 * W);
	LOAD(c1, 5 * W);
	LOAD(d0, 6 * W);
	LOAD(d1, 7 * W);
	for (o = 0; o < 64 * blocks; o += 64) {
		vec aa0 = a0, bb0 = b0, cc0 = c0, dd0 = d0;
		vec aa1 = a1, bb1 = b1, cc1 = c1, dd1 = d1;

		WORDS16(m0, 0, o);
		WORDS16(m1, W, o);
		ALL16(m0, LITTLE);
		ALL16(m1, LITTLE);
#define ROUND_1(g, k0, k1, k2, k3) \
	MD5_4(MD5_F, g, g + 1, g + 2, g + 3, k0, k1, k2, k3, 7, 12, 17, 22)
		ROUND_1(0, 0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee);
		ROUND_1(4, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501);
		ROUND_1(8, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be);
		ROUND_1(12, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821);
#define ROUND_2(g0, g1, g2, g3, k0, k1, k2, k3) \
	MD5_4(MD5_G, g0, g1, g2, g3, k0, k1, k2, k3, 5, 9, 14, 20)
		ROUND_2(1, 6, 11, 0,
		        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa);
		ROUND_2(5, 10, 15, 4,
		        0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8);
		ROUND_2(9, 14, 3, 8,
		        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed);
		ROUND_2(13, 2, 7, 12,
		        0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a);
#define ROUND_3(g0, g1, g2, g3, k0, k1, k2, k3) \
	MD5_4(MD5_H, g0, g1, g2, g3, k0, k1, k2, k3, 4, 11, 16, 23)
		ROUND_3(5, 8, 11, 14,
		        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c);
		ROUND_3(1, 4, 7, 10,
		        0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70);
		ROUND_3(13, 0, 3, 6,
		        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05);
		ROUND_3(9, 12, 15, 2,
		        0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665);
#define ROUND_4(g0, g1, g2, g3, k0, k1, k2, k3) \
	MD5_4(MD5_I, g0, g1, g2, g3, k0, k1, k2, k3, 6, 10, 15, 21)
		ROUND_4(0, 7, 14, 5,
		        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039);
		ROUND_4(12, 3, 10, 1,
		        0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1);
		ROUND_4(8, 15, 6, 13,
		        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1);
		ROUND_4(4, 11, 2, 9,
		        0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391);
		a0 += aa0, b0 += bb0, c0 += cc0, d0 += dd0;
		a1 += aa1, b1 += bb1, c1 += cc1, d1 += dd1;
	}
	STORE(a0, 0);
	STORE(a1, W);
	STORE(b0, 2 * W);
	STORE(b1, 3 * W);
	STORE(c0, 4 * W);
	STORE(c1, 5 * W);
	STORE(d0, 6 * W);
	STORE(d1, 7 * W);
}

#if !KERNEL_MD5
/* SHA-1. Sixteen words of the schedule are kept, each made when it is due. */
#define SHA1_CH(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define SHA1_PARITY(x, y, z) ((x) ^ (y) ^ (z))
#define SHA1_MAJ(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#define SHA1_NEW(i) (m[i] = m[i] ^ m[((i) + 2) & 15] ^ m[((i) + 8) & 15] ^ \
	m[((i) + 13) & 15], m[i] = ROL(m[i], 1))
#define SHA1_1(f, k, a, b, c, d, e, w) do { \
	e += (w) + (k); \
	e += f(b, c, d); \
	e += ROL(a, 5); \
	b = ROL(b, 30); \
} while (0)
#define SHA1_5(f, k, w0, w1, w2, w3, w4) do { \
	SHA1_1(f, k, a, b, c, d, e, w0); \
	SHA1_1(f, k, e, a, b, c, d, w1); \
	SHA1_1(f, k, d, e, a, b, c, w2); \
	SHA1_1(f, k, c, d, e, a, b, w3); \
	SHA1_1(f, k, b, c, d, e, a, w4); \
} while (0)
#define SHA1_NEW5(f, k, i) SHA1_5(f, k, SHA1_NEW((i) & 15), \
	SHA1_NEW(((i) + 1) & 15), SHA1_NEW(((i) + 2) & 15), \
	SHA1_NEW(((i) + 3) & 15), SHA1_NEW(((i) + 4) & 15))
#define SHA1_NEW20(f, k, i) do { \
	SHA1_NEW5(f, k, i); \
	SHA1_NEW5(f, k, (i) + 5); \
	SHA1_NEW5(f, k, (i) + 10); \
	SHA1_NEW5(f, k, (i) + 15); \
} while (0)

KERNEL_TARGET void
KERNEL_NAME(sha1)(uint32_t *state, const unsigned char *const *at,
                  size_t blocks)
{
	vec a, b, c, d, e;
	vec m[16];
	size_t o;

	LOAD(a, 0);
	LOAD(b, W);
	LOAD(c, 2 * W);
	LOAD(d, 3 * W);
	LOAD(e, 4 * W);
	for (o = 0; o < 64 * blocks; o += 64) {
		vec aa = a, bb = b, cc = c, dd = d, ee = e;

		WORDS16(m, 0, o);
		ALL16(m, BIG);
		SHA1_5(SHA1_CH, 0x5a827999, m[0], m[1], m[2], m[3], m[4]);
		SHA1_5(SHA1_CH, 0x5a827999, m[5], m[6], m[7], m[8], m[9]);
		SHA1_5(SHA1_CH, 0x5a827999, m[10], m[11], m[12], m[13], m[14]);
		SHA1_5(SHA1_CH, 0x5a827999, m[15], SHA1_NEW(0), SHA1_NEW(1),
		       SHA1_NEW(2), SHA1_NEW(3));
		SHA1_NEW20(SHA1_PARITY, 0x6ed9eba1, 20);
		SHA1_NEW20(SHA1_MAJ, 0x8f1bbcdc, 40);
		SHA1_NEW20(SHA1_PARITY, 0xca62c1d6, 60);
		a += aa, b += bb, c += cc, d += dd, e += ee;
	}
	STORE(a, 0);
	STORE(b, W);
	STORE(c, 2 * W);
	STORE(d, 3 * W);
	STORE(e, 4 * W);
}

/* SHA-256. */
#define SHA256_CH(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define SHA256_MAJ(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#define SHA256_SUM0(x) (ROR(x, 2) ^ ROR(x, 13) ^ ROR(x, 22))
#define SHA256_SUM1(x) (ROR(x, 6) ^ ROR(x, 11) ^ ROR(x, 25))
#define SHA256_SIGMA0(x) (ROR(x, 7) ^ ROR(x, 18) ^ (x) >> 3)
#define SHA256_SIGMA1(x) (ROR(x, 17) ^ ROR(x, 19) ^ (x) >> 10)
#define SHA256_OLD(i) m[i]
#define SHA256_NEW(i) (m[i] += SHA256_SIGMA1(m[((i) + 14) & 15]) + \
	m[((i) + 9) & 15] + SHA256_SIGMA0(m[((i) + 1) & 15]))
#define SHA256_1(a, b, c, d, e, f, g, h, w, i) do { \
	h += (w) + k[i]; \
	h += SHA256_SUM1(e) + SHA256_CH(e, f, g); \
	d += h; \
	h += SHA256_SUM0(a) + SHA256_MAJ(a, b, c); \
} while (0)
#define SHA256_8(w, i) do { \
	SHA256_1(a, b, c, d, e, f, g, h, w(i), i); \
	SHA256_1(h, a, b, c, d, e, f, g, w((i) + 1), (i) + 1); \
	SHA256_1(g, h, a, b, c, d, e, f, w((i) + 2), (i) + 2); \
	SHA256_1(f, g, h, a, b, c, d, e, w((i) + 3), (i) + 3); \
	SHA256_1(e, f, g, h, a, b, c, d, w((i) + 4), (i) + 4); \
	SHA256_1(d, e, f, g, h, a, b, c, w((i) + 5), (i) + 5); \
	SHA256_1(c, d, e, f, g, h, a, b, w((i) + 6), (i) + 6); \
	SHA256_1(b, c, d, e, f, g, h, a, w((i) + 7), (i) + 7); \
} while (0)

KERNEL_TARGET void
KERNEL_NAME(sha256)(uint32_t *state, const unsigned char *const *at,
                    size_t blocks)
{
	vec a, b, c, d, e, f, g, h;
	vec m[16];
	size_t o;

	LOAD(a, 0);
	LOAD(b, W);
	LOAD(c, 2 * W);
	LOAD(d, 3 * W);
	LOAD(e, 4 * W);
	LOAD(f, 5 * W);
	LOAD(g, 6 * W);
	LOAD(h, 7 * W);
	for (o = 0; o < 64 * blocks; o += 64) {
		vec aa = a, bb = b, cc = c, dd = d;
		vec ee = e, ff = f, gg = g, hh = h;
		const uint32_t *k = lanes_sha256_k;

		WORDS16(m, 0, o);
		ALL16(m, BIG);
		SHA256_8(SHA256_OLD, 0);
		SHA256_8(SHA256_OLD, 8);
		for (k += 16; k < lanes_sha256_k + 64; k += 16) {
			SHA256_8(SHA256_NEW, 0);
			SHA256_8(SHA256_NEW, 8);
		}
		a += aa, b += bb, c += cc, d += dd;
		e += ee, f += ff, g += gg, h += hh;
	}
	STORE(a, 0);
	STORE(b, W);
	STORE(c, 2 * W);
	STORE(d, 3 * W);
	STORE(e, 4 * W);
	STORE(f, 5 * W);
	STORE(g, 6 * W);
	STORE(h, 7 * W);
}
#endif
