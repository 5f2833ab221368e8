/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * One stream by libcrypto. EVP keeps its state to itself, and a file that is
 * left alone in its vector is to go on here from the block it has come to:
 * hence the older interface, which does what EVP does but takes a state.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <string.h>

#include <openssl/md5.h>
#include <openssl/sha.h>

#include "lanes_priv.h"

void
lanes_single_md5(uint32_t *state, const unsigned char *const *at,
                 size_t blocks)
{
	MD5_CTX c = { .A = state[0], .B = state[1], .C = state[2],
		      .D = state[3] };

	/* Whole blocks cannot fail. */
	(void)MD5_Update(&c, at[0], LANES_BLOCK * blocks);
	state[0] = c.A;
	state[1] = c.B;
	state[2] = c.C;
	state[3] = c.D;
}

void
lanes_single_sha1(uint32_t *state, const unsigned char *const *at,
                  size_t blocks)
{
	SHA_CTX c = { .h0 = state[0], .h1 = state[1], .h2 = state[2],
		      .h3 = state[3], .h4 = state[4] };

	(void)SHA1_Update(&c, at[0], LANES_BLOCK * blocks);
	state[0] = c.h0;
	state[1] = c.h1;
	state[2] = c.h2;
	state[3] = c.h3;
	state[4] = c.h4;
}

void
lanes_single_sha256(uint32_t *state, const unsigned char *const *at,
                    size_t blocks)
{
	SHA256_CTX c = { .md_len = SHA256_DIGEST_LENGTH };

	memcpy(c.h, state, sizeof(c.h));
	(void)SHA256_Update(&c, at[0], LANES_BLOCK * blocks);
	memcpy(state, c.h, sizeof(c.h));
}
