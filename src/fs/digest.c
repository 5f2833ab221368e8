/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "digest.h"
#include "err.h"

#define CHUNK ((size_t)256 << 10)

int
digest_init(void)
{
	return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 ?
	       0 : -EIO;
}

static const EVP_MD *
method(enum digest_kind kind)
{
	switch (kind) {
	case DIGEST_MD5:
		return EVP_md5();
	case DIGEST_SHA1:
		return EVP_sha1();
	case DIGEST_SHA256:
		return EVP_sha256();
	}
	return NULL;
}

size_t
digest_size(enum digest_kind kind)
{
	switch (kind) {
	case DIGEST_MD5:
		return 16;
	case DIGEST_SHA1:
		return 20;
	case DIGEST_SHA256:
		return 32;
	}
	return 0;
}

static int
update_from_fd(EVP_MD_CTX *ctx, int fd, unsigned char *chunk,
               uint64_t *ret_bytes)
{
	uint64_t total = 0;
	ssize_t n;

	for (;;) {
		n = pread(fd, chunk, CHUNK, (off_t)total);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		/* Only a hint, and only worth a call where there is more. */
		if (total == 0 && (size_t)n == CHUNK)
			(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
		if (EVP_DigestUpdate(ctx, chunk, (size_t)n) != 1)
			return -EIO;
		total += (uint64_t)n;
	}
	*ret_bytes = total;
	return 0;
}

int
digest_fd(int fd, enum digest_kind kind, struct digest *ret,
          uint64_t *ret_bytes)
{
	const EVP_MD *md = method(kind);
	struct digest made = { .kind = kind };
	unsigned char *chunk;
	EVP_MD_CTX *ctx;
	uint64_t bytes = 0;
	int err;

	if (md == NULL)
		return -EINVAL;
	ctx = EVP_MD_CTX_new();
	chunk = malloc(CHUNK);
	err = -ENOMEM;
	if (ctx == NULL || chunk == NULL)
		goto out;
	err = -EIO;
	if (EVP_DigestInit_ex(ctx, md, NULL) != 1)
		goto out;
	err = update_from_fd(ctx, fd, chunk, &bytes);
	if (err < 0)
		goto out;
	if (EVP_DigestFinal_ex(ctx, made.bytes, NULL) != 1) {
		err = -EIO;
		goto out;
	}
	*ret = made;
	if (ret_bytes != NULL)
		*ret_bytes = bytes;
out:
	free(chunk);
	EVP_MD_CTX_free(ctx);
	return err;
}

int
digest_memory(const void *data, size_t n, enum digest_kind kind,
              struct digest *ret)
{
	const EVP_MD *md = method(kind);
	struct digest made = { .kind = kind };

	if (md == NULL)
		return -EINVAL;
	if (EVP_Digest(data, n, made.bytes, NULL, md, NULL) != 1)
		return -EIO;
	*ret = made;
	return 0;
}

void
digest_hex(const unsigned char *bytes, size_t n, char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * n] = '\0';
}

/* By hand: <ctype.h> and strtoul would accept more than hex digits. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
digest_unhex(const char *text, size_t len, unsigned char *bytes, size_t n)
{
	size_t i;

	if (len % 2 != 0 || len / 2 != n)
		return ERR_FORMAT;
	for (i = 0; i < len; i++)
		if (hex_value(text[i]) < 0)
			return ERR_FORMAT;
	for (i = 0; i < n; i++)
		bytes[i] = (unsigned char)(hex_value(text[2 * i]) << 4 |
		                           hex_value(text[2 * i + 1]));
	return 0;
}
