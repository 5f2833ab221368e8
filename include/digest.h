/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_DIGEST_H
#define DI_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* Message digests by libcrypto (FIPS 180-4, RFC 1321), one stream. */
enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256 };
#define DIGEST_MAX 32

struct digest {
	enum digest_kind kind;
	unsigned char bytes[DIGEST_MAX];
};

/*
 * To be called once before anything else of libcrypto: keeps it from reading
 * any configuration or module that the environment names. 0 or -EIO.
 */
int digest_init(void);

size_t digest_size(enum digest_kind kind);

/* Reads fd from offset 0 to its end with pread. *ret_bytes may be NULL. */
int digest_fd(int fd, enum digest_kind kind, struct digest *ret,
              uint64_t *ret_bytes);
int digest_memory(const void *data, size_t n, enum digest_kind kind,
                  struct digest *ret);

/* Lower-case hex with a NUL: 2 * DIGEST_MAX + 1 bytes hold any. */
void digest_hex(const unsigned char *bytes, size_t n, char *text);
/* Exactly 2 * n hex digits. 0 or ERR_FORMAT. */
int digest_unhex(const char *text, size_t len, unsigned char *bytes, size_t n);

#endif
