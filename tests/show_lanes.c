/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * show_lanes [SECONDS]: how fast each level that this CPU has does each
 * digest, in GB/s of one core, beside libcrypto's EVP: of long and short
 * streams in memory, and of short files. The time is the thread's own, so
 * that other programs count little; of many rounds in turn the median counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "digest.h"
#include "lanes.h"

#define MOST_ROUNDS 1000
#define DATA ((size_t)32 << 20)
#define N_FILES 256
#define N_LEVELS (LANES_BEST + 1)	/* EVP takes the place of LANES_BEST */

enum { LONG, SHORT, FILES, N_FORMS };

struct bench {
	unsigned char *data;
	int fds[N_FILES];
	unsigned long answers;
	size_t rounds;
	double took[N_LEVELS][MOST_ROUNDS];
};

static double
now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
count(void *arg, const struct lanes_result *r)
{
	struct bench *b = arg;

	if (r->err == 0)
		b->answers++;
}

static size_t
stream_size(int form)
{
	return form == LONG ? (size_t)1 << 20 : 4096;
}

/* What a round hands in: bytes that are in the cache, the lanes' own cost. */
static size_t
n_streams(int form)
{
	return form == LONG ? DATA >> 20 : form == SHORT ? 4096 : N_FILES * 8;
}

static void
by_evp(struct bench *b, int form, enum digest_kind kind)
{
	size_t i, n = n_streams(form), size = stream_size(form);
	struct digest d;

	for (i = 0; i < n; i++)
		if (form == FILES ?
		    digest_fd(b->fds[i % N_FILES], kind, &d, NULL) == 0 :
		    digest_memory(b->data + i * size % DATA, size, kind,
		                  &d) == 0)
			b->answers++;
}

static void
by_lanes(struct bench *b, int form, struct lanes *l)
{
	size_t i, n = n_streams(form), size = stream_size(form);
	struct lanes_job job = { .size = size };

	for (i = 0; i < n; i++) {
		job.fd = b->fds[i % N_FILES];
		if (form == FILES)
			lanes_file(l, &job);
		else
			lanes_memory(l, b->data + i * size % DATA, size, NULL);
	}
	lanes_finish(l);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int
measure(struct bench *b, enum digest_kind kind, int form, double seconds)
{
	static const char *const forms[] = { "1M memory", "4K memory",
		"4K files" };
	static const char *const kinds[] = { "md5", "sha1", "sha256" };
	double until = now(CLOCK_MONOTONIC) + seconds, base = 0, t;
	double bytes = (double)(n_streams(form) * stream_size(form));
	struct lanes *l;
	int level;

	for (b->rounds = 0; b->rounds < MOST_ROUNDS && (b->rounds < 5 ||
	     now(CLOCK_MONOTONIC) < until); b->rounds++)
		for (level = 0; level < N_LEVELS; level++) {
			enum lanes_level v = (enum lanes_level)level;

			if (!lanes_level_usable(v))
				continue;
			if (lanes_new(1u << kind, v, count, b, &l) != 0)
				return -ENOMEM;
			t = now(CLOCK_THREAD_CPUTIME_ID);
			b->answers = 0;
			if (v == LANES_BEST)
				by_evp(b, form, kind);
			else
				by_lanes(b, form, l);
			b->took[level][b->rounds] =
				now(CLOCK_THREAD_CPUTIME_ID) - t;
			lanes_free(l);
			if (b->answers != n_streams(form))
				return -EIO;
		}
	for (level = N_LEVELS - 1; level >= 0; level--) {
		if (!lanes_level_usable((enum lanes_level)level))
			continue;
		qsort(b->took[level], b->rounds, sizeof(double), compare);
		t = b->took[level][b->rounds / 2];
		if (level == LANES_BEST)
			base = t;
		printf("%-7s %-10s %-7s %6.2f GB/s %6.2f x\n", kinds[kind],
		       forms[form], level == LANES_BEST ? "evp" :
		       lanes_level_name((enum lanes_level)level),
		       bytes / t / 1e9, base / t);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	static struct bench b;
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	size_t i;
	int kind, form, err = -ENOMEM;

	if (digest_init() != 0)
		return 2;
	b.data = aligned_alloc(4096, DATA);
	if (b.data == NULL)
		return 2;
	for (i = 0; i < DATA; i++)
		b.data[i] = (unsigned char)(i * 31 + (i >> 8));
	for (i = 0; i < N_FILES; i++) {
		b.fds[i] = memfd_create("show_lanes", MFD_CLOEXEC);
		if (b.fds[i] < 0 ||
		    write(b.fds[i], b.data + i * 4096, 4096) != 4096)
			goto out;
	}
	err = 0;
	for (kind = DIGEST_MD5; kind <= DIGEST_SHA256; kind++)
		for (form = 0; form < N_FORMS && err == 0; form++)
			err = measure(&b, (enum digest_kind)kind, form,
			              seconds);
out:
	free(b.data);
	return err == 0 ? 0 : 2;
}
