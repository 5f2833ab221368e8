/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_LANES_H
#define DI_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "digest.h"

/*
 * Digests of many files side by side: each file runs in a lane of the CPU's
 * vectors, and a lane that is done takes the next file. The results are those
 * of digest.h. A struct lanes belongs to one thread; it keeps at most 32
 * files at a time and under 1 MB.
 */
struct lanes;

/* Ways to do it, each usable where the CPU has what its name says. */
enum lanes_level {
	LANES_SINGLE,		/* libcrypto, one stream after the other */
	LANES_VECTOR,		/* vectors of 128 bits, any CPU */
	LANES_AVX2,
	LANES_SHANI,		/* x86's SHA instructions, two streams */
	LANES_AVX512,
	LANES_BEST		/* the fastest here of each digest */
};

/* "single", "vector", "avx2", "shani", "avx512", "best"; NULL for no level. */
const char *lanes_level_name(enum lanes_level level);
/* Whether this CPU and this build have it. LANES_BEST: always. */
int lanes_level_usable(enum lanes_level level);

#define LANES_MD5 (1u << DIGEST_MD5)
#define LANES_SHA1 (1u << DIGEST_SHA1)
#define LANES_SHA256 (1u << DIGEST_SHA256)

#define LANES_SIZE_UNKNOWN UINT64_MAX

struct lanes_job {
	int fd;			/* read with pread from offset 0 to its end */
	/*
	 * What stat said, else LANES_SIZE_UNKNOWN. Spares a read: a short
	 * read that ends right there is taken for the end. Files that have
	 * become longer or shorter meanwhile are digested as they were read.
	 */
	uint64_t size;
	uint64_t limit;		/* more bytes than this: ERR_LIMIT; 0: none */
	void *cookie;
};

struct lanes_result {
	void *cookie;
	/* 0; -errno of a read; ERR_LIMIT; -ECANCELED from lanes_free. */
	int err;
	uint64_t bytes;		/* read */
	/* In the order of enum digest_kind; none if err. */
	unsigned int n_digests;
	struct digest digests[3];
};

/*
 * Told once of each job that was handed in, in any order, from within
 * lanes_file, lanes_memory, lanes_finish or lanes_free; *result lives until
 * the return. It may close the job's fd, but must not call lanes_*.
 */
typedef void lanes_done(void *arg, const struct lanes_result *result);

/*
 * kinds: LANES_MD5 and so on, or-ed: every job gets all of them, from one
 * reading. level: LANES_BEST, or in tests and measurements the highest that
 * may be used; a digest that this level does not do takes the next lower.
 * -EINVAL, -ENOMEM, or ERR_UNSUPPORTED where the level is not usable.
 */
int lanes_new(unsigned int kinds, enum lanes_level level, lanes_done *done,
              void *arg, struct lanes **ret);
/* Unfinished jobs are answered with -ECANCELED. NULL is allowed. */
void lanes_free(struct lanes *l);

/*
 * Hand in a job. Where all lanes are taken they work until one is free; so
 * jobs are worked on in these calls and in lanes_finish only. The fd stays
 * the caller's and must be open until the answer; so must be the bytes. The
 * file's first bytes are read in the call itself: where they may be far away,
 * ask for them (posix_fadvise) some files ahead.
 */
void lanes_file(struct lanes *l, const struct lanes_job *job);
void lanes_memory(struct lanes *l, const void *data, size_t n, void *cookie);
/* Works until every job is answered. *l can be used again. */
void lanes_finish(struct lanes *l);

#endif
