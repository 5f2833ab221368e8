/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#include <asm/hwcap.h>
#endif

#include "lanes_priv.h"

const uint32_t lanes_sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t md5_first[4] = {
	0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
};
static const uint32_t sha1_first[5] = {
	0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0,
};
static const uint32_t sha256_first[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
	0x1f83d9ab, 0x5be0cd19,
};

unsigned int
lanes_state_words(enum digest_kind kind)
{
	return (unsigned int)digest_size(kind) / 4;
}

const uint32_t *
lanes_state_first(enum digest_kind kind)
{
	switch (kind) {
	case DIGEST_MD5:
		return md5_first;
	case DIGEST_SHA1:
		return sha1_first;
	case DIGEST_SHA256:
		return sha256_first;
	}
	return NULL;
}

/*
 * Best first. `fewest` is where a vector that is not full still beats the
 * narrower engines of the same CPU; below LANES_SHANI beside a libcrypto that
 * has no SHA instructions either.
 */
static const struct lanes_engine engines[] = {
#ifdef __x86_64__
	{ LANES_AVX512, DIGEST_MD5, 32, 9, lanes_avx512_md5 },
	{ LANES_AVX512, DIGEST_SHA1, 16, 8, lanes_avx512_sha1 },
	{ LANES_AVX512, DIGEST_SHA256, 16, 9, lanes_avx512_sha256 },
	{ LANES_SHANI, DIGEST_SHA1, 2, 2, lanes_shani_sha1 },
	{ LANES_SHANI, DIGEST_SHA256, 2, 2, lanes_shani_sha256 },
	{ LANES_AVX2, DIGEST_MD5, 16, 9, lanes_avx2_md5 },
	{ LANES_AVX2, DIGEST_SHA1, 8, 3, lanes_avx2_sha1 },
	{ LANES_AVX2, DIGEST_SHA256, 8, 3, lanes_avx2_sha256 },
#endif
	{ LANES_VECTOR, DIGEST_MD5, 8, 3, lanes_vector_md5 },
	{ LANES_VECTOR, DIGEST_MD5, 2, 2, lanes_pair_md5 },
	{ LANES_VECTOR, DIGEST_SHA1, 4, 3, lanes_vector_sha1 },
	{ LANES_VECTOR, DIGEST_SHA256, 4, 3, lanes_vector_sha256 },
	{ LANES_SINGLE, DIGEST_MD5, 1, 1, lanes_single_md5 },
	{ LANES_SINGLE, DIGEST_SHA1, 1, 1, lanes_single_sha1 },
	{ LANES_SINGLE, DIGEST_SHA256, 1, 1, lanes_single_sha256 },
};
#define N_ENGINES (sizeof(engines) / sizeof(engines[0]))

#ifdef __x86_64__
/* Compilers differ on whether __builtin_cpu_supports knows "sha". */
static int
has_sha_instructions(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1) &&
	       __builtin_cpu_supports("sse4.1");
}
#endif

int
lanes_level_usable(enum lanes_level level)
{
#ifdef __x86_64__
	__builtin_cpu_init();
#endif
	switch (level) {
	case LANES_SINGLE:
	case LANES_VECTOR:
	case LANES_BEST:
		return 1;
#ifdef __x86_64__
	case LANES_AVX2:
		return __builtin_cpu_supports("avx2") != 0;
	case LANES_SHANI:
		return has_sha_instructions();
	case LANES_AVX512:
		return __builtin_cpu_supports("avx512f") &&
		       __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512dq") &&
		       __builtin_cpu_supports("avx512vl");
#else
	case LANES_AVX2:
	case LANES_SHANI:
	case LANES_AVX512:
		break;
#endif
	}
	return 0;
}

const char *
lanes_level_name(enum lanes_level level)
{
	static const char *const names[] = {
		"single", "vector", "avx2", "shani", "avx512", "best",
	};

	if ((unsigned int)level >= sizeof(names) / sizeof(names[0]))
		return NULL;
	return names[level];
}

/* libcrypto uses these, and four lanes do not get near to them. */
static int
single_is_best(enum digest_kind kind)
{
#if defined(__aarch64__)
	if (kind == DIGEST_SHA1)
		return (getauxval(AT_HWCAP) & HWCAP_SHA1) != 0;
	if (kind == DIGEST_SHA256)
		return (getauxval(AT_HWCAP) & HWCAP_SHA2) != 0;
#else
	(void)kind;
#endif
	return 0;
}

const struct lanes_engine *
lanes_engine_at(enum lanes_level level, enum digest_kind kind)
{
	size_t i;

	for (i = 0; i < N_ENGINES; i++)
		if (engines[i].level == level && engines[i].kind == kind)
			return &engines[i];
	return NULL;
}

/*
 * Two streams by AMD's SHA instructions pass sixteen by its AVX-512 (3.45
 * against 3.21 GB/s), and wait for no vector to fill; Intel's do not.
 */
static int
shani_is_best(enum digest_kind kind)
{
#ifdef __x86_64__
	__builtin_cpu_init();
	return kind == DIGEST_SHA256 && __builtin_cpu_is("amd") &&
	       lanes_level_usable(LANES_SHANI);
#else
	(void)kind;
	return 0;
#endif
}

const struct lanes_engine *
lanes_engine_for(enum lanes_level level, enum digest_kind kind)
{
	size_t i;

	if (level == LANES_BEST && shani_is_best(kind))
		return lanes_engine_at(LANES_SHANI, kind);
	if (level == LANES_BEST && single_is_best(kind))
		return lanes_engine_at(LANES_SINGLE, kind);
	for (i = 0; i < N_ENGINES; i++)
		if (engines[i].kind == kind && engines[i].level <= level &&
		    lanes_level_usable(engines[i].level))
			return &engines[i];
	return NULL;
}

const struct lanes_engine *
lanes_engine_below(const struct lanes_engine *e, enum lanes_level level)
{
	const struct lanes_engine *next;

	for (next = e + 1; next < engines + N_ENGINES; next++)
		if (next->kind == e->kind && next->width < e->width &&
		    next->level <= level && lanes_level_usable(next->level))
			return next;
	return NULL;
}
