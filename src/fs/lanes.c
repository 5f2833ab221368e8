/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "lanes.h"
#include "lanes_priv.h"

#define N_KINDS 3

/*
 * All buffers together: what is read is still in the cache of the core when
 * it is digested.
 */
#define BUFFERS ((size_t)768 << 10)
#define BUFFER_MOST ((size_t)256 << 10)
/* The last bytes, 0x80, zeros and the length are two blocks at most. */
#define PADDING (2 * LANES_BLOCK)
/*
 * Buffers a multiple of a page apart would all want the same few lines of
 * the innermost cache.
 */
#define APART (3 * LANES_BLOCK)

/* A job in its lane. */
struct lane {
	int busy;
	struct lanes_job job;	/* fd -1 for memory */
	const unsigned char *at;
	size_t blocks;		/* whole ones from `at` on */
	size_t rest;		/* bytes behind them, less than a block */
	int ended;		/* the blocks include the padding */
	uint64_t total;		/* bytes seen */
	unsigned char *buffer;
};

struct kind {
	const struct lanes_engine *engine;	/* states lie as it has them */
	/* It and what is there for streams that leave it too empty, widest
	 * first; the last takes any. */
	const struct lanes_engine *engines[LANES_ENGINES];
	unsigned int n_engines;
	unsigned int words;
	uint32_t state[8 * LANES_WIDEST];
};

struct lanes {
	lanes_done *done;
	void *arg;
	unsigned int n_kinds, n_lanes, n_busy;
	size_t room;		/* of a buffer, a multiple of the block */
	unsigned char *buffers;
	struct kind kinds[N_KINDS];
	struct lane lane[LANES_WIDEST];
};

/* Word 0 of stream i; the other words are a width apart. */
static uint32_t *
state_of(struct kind *k, unsigned int i)
{
	unsigned int width = k->engine->width;

	return k->state + (size_t)(i / width * width) * k->words + i % width;
}

static void
answer(struct lanes *l, struct lane *lane, int err)
{
	struct lanes_result r = { .cookie = lane->job.cookie, .err = err,
				  .bytes = lane->total };
	unsigned int i = (unsigned int)(lane - l->lane);
	unsigned int n, w;

	for (n = 0; err == 0 && n < l->n_kinds; n++) {
		struct kind *k = &l->kinds[n];
		struct digest *d = &r.digests[n];

		d->kind = k->engine->kind;
		for (w = 0; w < k->words; w++) {
			uint32_t x = state_of(k, i)[w * k->engine->width];
			unsigned char *b = d->bytes + 4 * w;

			if (d->kind == DIGEST_MD5)
				x = __builtin_bswap32(x);
			b[0] = (unsigned char)(x >> 24);
			b[1] = (unsigned char)(x >> 16);
			b[2] = (unsigned char)(x >> 8);
			b[3] = (unsigned char)x;
		}
	}
	if (err == 0)
		r.n_digests = l->n_kinds;
	lane->busy = 0;
	l->n_busy--;
	l->done(l->arg, &r);
}

/* The last eight bytes of the last block: how many bits came before. */
static void
put_length(const struct lane *lane, enum digest_kind kind)
{
	size_t at = (size_t)(lane->at - lane->buffer) +
		    LANES_BLOCK * lane->blocks - 8;
	uint64_t bits = lane->total << 3;
	int i;

	for (i = 0; i < 8; i++)
		lane->buffer[at + (size_t)(kind == DIGEST_MD5 ? i : 7 - i)] =
			(unsigned char)(bits >> 8 * i);
}

/* There is no more: what is in the buffer gets its padding. */
static void
end(struct lane *lane)
{
	unsigned char *p = lane->buffer + LANES_BLOCK * lane->blocks;
	size_t padded = lane->rest + 9 <= LANES_BLOCK ? 1 : 2;

	p[lane->rest] = 0x80;
	memset(p + lane->rest + 1, 0, LANES_BLOCK * padded - lane->rest - 1);
	lane->blocks += padded;
	lane->rest = 0;
	lane->ended = 1;
}

/* Reads until there is a block or an end behind the rest. */
static int
more_of_file(struct lane *lane, size_t room)
{
	const struct lanes_job *job = &lane->job;
	size_t have = lane->rest;
	int at_end = 0;

	while (!at_end && have < LANES_BLOCK) {
		size_t want = room - have;
		ssize_t n = pread(job->fd, lane->buffer + have, want,
		                  (off_t)lane->total);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		/* Only a hint, and only worth a call where there is more. */
		if (lane->total == 0 && (size_t)n == want)
			(void)posix_fadvise(job->fd, 0, 0,
			                    POSIX_FADV_SEQUENTIAL);
		have += (size_t)n;
		lane->total += (uint64_t)n;
		if (job->limit != 0 && lane->total > job->limit)
			return ERR_LIMIT;
		at_end = n == 0 ||
			 ((size_t)n < want && lane->total == job->size);
	}
	lane->blocks = have / LANES_BLOCK;
	lane->rest = have % LANES_BLOCK;
	if (at_end)
		end(lane);
	return 0;
}

/* All whole blocks are digested: finds new ones, or gives the answer. */
static void
more(struct lanes *l, struct lane *lane)
{
	int err = 0;

	if (lane->ended) {
		answer(l, lane, 0);
		return;
	}
	if (lane->rest > 0)
		memmove(lane->buffer, lane->at, lane->rest);
	lane->at = lane->buffer;
	if (lane->job.fd < 0)
		end(lane);
	else
		err = more_of_file(lane, l->room);
	if (err != 0)
		answer(l, lane, err);
}

/* n lanes of the engine's or fewer: their states are taken out of the others'
 * and put back. */
static void
advance_few(struct kind *k, const struct lanes_engine *e,
            const unsigned int *which, unsigned int n,
            const unsigned char *const *at, size_t blocks)
{
	unsigned int width = k->engine->width, i, w;
	const unsigned char *from[LANES_WIDEST];
	uint32_t own[8 * LANES_WIDEST];

	for (i = 0; i < e->width; i++) {
		/* those too many do for nobody what the first does */
		unsigned int lane = which[i < n ? i : 0];

		from[i] = at[lane];
		for (w = 0; w < k->words; w++)
			own[w * e->width + i] = state_of(k, lane)[w * width];
	}
	e->kernel(own, from, blocks);
	for (i = 0; i < n; i++)
		for (w = 0; w < k->words; w++)
			state_of(k, which[i])[w * width] =
				own[w * e->width + i];
}

/* The widest engine that so many streams are worth. */
static const struct lanes_engine *
engine_for(const struct kind *k, unsigned int n)
{
	unsigned int i = 0;

	while (i + 1 < k->n_engines && n < k->engines[i]->fewest)
		i++;
	return k->engines[i];
}

/* Vectors that are full enough go as they lie, all other lanes together. */
static void
advance(struct lanes *l, struct kind *k, const unsigned char *const *at,
        size_t blocks)
{
	unsigned int width = k->engine->width, n = 0, some;
	unsigned int which[LANES_WIDEST];

	for (unsigned int first = 0; first < l->n_lanes; first += width) {
		unsigned int before = n;

		for (unsigned int i = first; i < first + width; i++)
			if (l->lane[i].busy)
				which[n++] = i;
		if (n - before < k->engine->fewest)
			continue;
		k->engine->kernel(k->state + (size_t)first * k->words,
		                  at + first, blocks);
		n = before;
	}
	for (unsigned int i = 0; i < n; i += some) {
		const struct lanes_engine *e = engine_for(k, n - i);

		some = n - i < e->width ? n - i : e->width;
		advance_few(k, e, which + i, some, at, blocks);
	}
}

/* As many blocks as all have. At least one lane is busy. */
static void
step(struct lanes *l)
{
	const unsigned char *at[LANES_WIDEST];
	const unsigned char *any = NULL;
	size_t blocks = SIZE_MAX;
	unsigned int i, n;

	for (i = 0; i < l->n_lanes; i++) {
		if (!l->lane[i].busy)
			continue;
		any = l->lane[i].at;
		if (l->lane[i].blocks < blocks)
			blocks = l->lane[i].blocks;
	}
	/* An idle lane digests, for nobody, what another one does. */
	for (i = 0; i < l->n_lanes; i++)
		at[i] = l->lane[i].busy ? l->lane[i].at : any;
	for (n = 0; n < l->n_kinds; n++) {
		for (i = 0; i < l->n_lanes; i++)
			if (l->lane[i].busy && l->lane[i].ended &&
			    l->lane[i].blocks == blocks)
				put_length(&l->lane[i],
				           l->kinds[n].engine->kind);
		advance(l, &l->kinds[n], at, blocks);
	}
	for (i = 0; i < l->n_lanes; i++) {
		struct lane *lane = &l->lane[i];

		if (!lane->busy)
			continue;
		lane->at += LANES_BLOCK * blocks;
		lane->blocks -= blocks;
		if (lane->blocks == 0)
			more(l, lane);
	}
}

/* A free lane with the states that a stream begins with. */
static struct lane *
begin(struct lanes *l, const struct lanes_job *job)
{
	struct lane *lane;
	unsigned int i = 0, n, w;

	while (l->n_busy == l->n_lanes)
		step(l);
	while (l->lane[i].busy)
		i++;
	for (n = 0; n < l->n_kinds; n++) {
		struct kind *k = &l->kinds[n];
		const uint32_t *first = lanes_state_first(k->engine->kind);

		for (w = 0; w < k->words; w++)
			state_of(k, i)[w * k->engine->width] = first[w];
	}
	lane = &l->lane[i];
	lane->busy = 1;
	l->n_busy++;
	lane->job = *job;
	lane->at = lane->buffer;
	lane->blocks = lane->rest = 0;
	lane->ended = 0;
	lane->total = 0;
	return lane;
}

void
lanes_file(struct lanes *l, const struct lanes_job *job)
{
	struct lane *lane = begin(l, job);

	if (job->fd < 0)
		answer(l, lane, -EBADF);
	else
		more(l, lane);
}

void
lanes_memory(struct lanes *l, const void *data, size_t n, void *cookie)
{
	struct lanes_job job = { .fd = -1, .cookie = cookie };
	struct lane *lane = begin(l, &job);

	lane->total = n;
	lane->blocks = n / LANES_BLOCK;
	lane->rest = n % LANES_BLOCK;
	if (n > 0)
		lane->at = data;
	if (lane->blocks == 0)
		more(l, lane);
}

void
lanes_finish(struct lanes *l)
{
	while (l->n_busy > 0)
		step(l);
}

static void
find_engines(struct kind *k, enum lanes_level level)
{
	const struct lanes_engine *e = k->engine;

	do
		k->engines[k->n_engines++] = e;
	while (k->n_engines < LANES_ENGINES &&
	       (e = lanes_engine_below(e, level)) != NULL);
}

static int
choose(struct lanes *l, unsigned int kinds, enum lanes_level level)
{
	unsigned int kind;

	for (kind = DIGEST_MD5; kind <= DIGEST_SHA256; kind++) {
		struct kind *k = &l->kinds[l->n_kinds];

		if (!(kinds & 1u << kind))
			continue;
		k->engine = lanes_engine_for(level, (enum digest_kind)kind);
		if (k->engine == NULL)
			return ERR_UNSUPPORTED;
		find_engines(k, level);
		k->words = lanes_state_words((enum digest_kind)kind);
		l->n_kinds++;
		/* Widths are powers of two: the widest fits them all. */
		if (k->engine->width > l->n_lanes)
			l->n_lanes = k->engine->width;
	}
	return 0;
}

int
lanes_new(unsigned int kinds, enum lanes_level level, lanes_done *done,
          void *arg, struct lanes **ret)
{
	struct lanes *l;
	size_t apart;
	unsigned int i;
	int err;

	if (kinds == 0 || kinds > (LANES_MD5 | LANES_SHA1 | LANES_SHA256) ||
	    done == NULL || lanes_level_name(level) == NULL)
		return -EINVAL;
	if (!lanes_level_usable(level))
		return ERR_UNSUPPORTED;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	l->done = done;
	l->arg = arg;
	err = choose(l, kinds, level);
	if (err != 0)
		goto out;
	l->room = BUFFERS / l->n_lanes < BUFFER_MOST ?
		  BUFFERS / l->n_lanes : BUFFER_MOST;
	apart = l->room + PADDING + APART;
	err = -ENOMEM;
	l->buffers = aligned_alloc(LANES_BLOCK, apart * l->n_lanes);
	if (l->buffers == NULL)
		goto out;
	for (i = 0; i < l->n_lanes; i++)
		l->lane[i].buffer = l->buffers + apart * i;
	*ret = l;
	return 0;
out:
	lanes_free(l);
	return err;
}

void
lanes_free(struct lanes *l)
{
	unsigned int i;

	if (l == NULL)
		return;
	for (i = 0; i < l->n_lanes; i++)
		if (l->lane[i].busy)
			answer(l, &l->lane[i], -ECANCELED);
	free(l->buffers);
	free(l);
}
