/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check_main.h"
#include "digest.h"
#include "err.h"
#include "lanes.h"
#include "lanes_priv.h"

#define POOL ((size_t)1 << 20)
#define MOST_JOBS 700
#define N_LEVELS (LANES_BEST + 1)
#define N_SETS 7
#define ALL (LANES_MD5 | LANES_SHA1 | LANES_SHA256)

/* A job and what must come of it. */
struct job {
	const unsigned char *data;
	size_t n;
	int fd;
	int err;		/* expected */
	int answers;
	struct lanes_result got;
};

static struct job jobs[MOST_JOBS];
static unsigned char *pool;
static uint64_t dice;

static uint32_t
roll(void)
{
	dice = dice * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(dice >> 33);
}

/* Stands in for libc's: the reads that no file of a test would give. */
static int odd_reads_on;
static off_t odd_reads_fail;

ssize_t
pread(int fd, void *data, size_t n, off_t at)
{
	if (odd_reads_on && roll() % 5 == 0) {
		errno = EINTR;
		return -1;
	}
	if (odd_reads_on && n > 1)
		n = 1 + roll() % (roll() % 4 ? n : 130) % n;
	if (odd_reads_fail != 0 && at >= odd_reads_fail &&
	    lseek(fd, 0, SEEK_END) > at) {
		errno = EIO;
		return -1;
	}
	if (odd_reads_fail != 0 && n > (size_t)(odd_reads_fail - at) &&
	    at < odd_reads_fail)
		n = (size_t)(odd_reads_fail - at);
	return (ssize_t)syscall(SYS_pread64, fd, data, n, at);
}

static void
set_up(void)
{
	size_t i;

	dice = 20261122;
	pool = aligned_alloc(64, POOL + 64);
	ck_assert_ptr_nonnull(pool);
	for (i = 0; i < POOL + 64; i++)
		pool[i] = (unsigned char)(roll() >> 7);
	memset(jobs, 0, sizeof(jobs));
}

static void
tear_down(void)
{
	free(pool);
}

static void
keep(void *arg, const struct lanes_result *r)
{
	struct job *j = r->cookie;

	ck_assert_ptr_eq(arg, jobs);
	j->answers++;
	j->got = *r;
	if (j->fd > 0)
		close(j->fd);
}

static struct lanes *
lanes_at(int level, unsigned int kinds)
{
	struct lanes *l = NULL;

	ck_assert_int_eq(lanes_new(kinds, (enum lanes_level)level, keep, jobs,
	                           &l), 0);
	return l;
}

static int
memory_file(const void *data, size_t n)
{
	int fd = memfd_create("check_lanes", MFD_CLOEXEC);

	ck_assert_int_gt(fd, 0);
	ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
	return fd;
}

static void
hand_in_file(struct lanes *l, struct job *j, int fd, uint64_t size,
             uint64_t limit)
{
	struct lanes_job job = { .fd = fd, .size = size, .limit = limit,
				 .cookie = j };

	j->fd = fd;
	lanes_file(l, &job);
}

/* The first n bytes of the pool as a file. */
static void
hand_in_pool(struct lanes *l, struct job *j, size_t n, uint64_t size,
             uint64_t limit)
{
	j->data = pool;
	j->n = n;
	hand_in_file(l, j, memory_file(pool, n), size, limit);
}

/* Every second job is a file, with or without its size. */
static void
hand_in(struct lanes *l, struct job *j, const unsigned char *data, size_t n)
{
	j->data = data;
	j->n = n;
	if (roll() % 2)
		lanes_memory(l, data, n, j);
	else
		hand_in_file(l, j, memory_file(data, n),
		             roll() % 2 ? n : LANES_SIZE_UNKNOWN, 0);
}

static void
expect(const struct job *j, unsigned int kinds)
{
	unsigned int kind, n = 0;
	struct digest d;

	ck_assert_int_eq(j->answers, 1);
	ck_assert_ptr_eq(j->got.cookie, j);
	ck_assert_int_eq(j->got.err, j->err);
	if (j->err != 0) {
		ck_assert_uint_eq(j->got.n_digests, 0);
		return;
	}
	ck_assert_uint_eq(j->got.bytes, j->n);
	for (kind = DIGEST_MD5; kind <= DIGEST_SHA256; kind++) {
		if (!(kinds & 1u << kind))
			continue;
		ck_assert_int_eq(digest_memory(j->data, j->n,
		                               (enum digest_kind)kind, &d), 0);
		ck_assert_uint_lt(n, j->got.n_digests);
		ck_assert_uint_eq(j->got.digests[n].kind, kind);
		ck_assert_mem_eq(j->got.digests[n].bytes, d.bytes,
		                 digest_size((enum digest_kind)kind));
		n++;
	}
	ck_assert_uint_eq(j->got.n_digests, n);
}

static void
finish(struct lanes *l, size_t n, unsigned int kinds)
{
	size_t i;

	lanes_finish(l);
	for (i = 0; i < n; i++)
		expect(&jobs[i], kinds);
}

/* One kernel: any alignment, each number of blocks, streams that differ. */
static void
try_kernel(const struct lanes_engine *e)
{
	const struct lanes_engine *single =
		lanes_engine_at(LANES_SINGLE, e->kind);
	unsigned int words = lanes_state_words(e->kind), i, w;
	uint32_t state[8 * LANES_WIDEST], own[LANES_WIDEST][8];
	const unsigned char *at[LANES_WIDEST];
	size_t blocks;

	for (blocks = 0; blocks < 12; blocks++) {
		for (i = 0; i < e->width; i++) {
			at[i] = pool + roll() % (POOL - 1024);
			for (w = 0; w < words; w++)
				state[w * e->width + i] = own[i][w] = roll() *
					3u;
		}
		e->kernel(state, at, blocks);
		for (i = 0; i < e->width; i++) {
			single->kernel(own[i], &at[i], blocks);
			for (w = 0; w < words; w++)
				ck_assert_uint_eq(state[w * e->width + i],
				                  own[i][w]);
		}
	}
}

START_TEST(kernels)
{
	const struct lanes_engine *e;
	int level = _i / 3, i, engines = 0;
	unsigned int width = 0;

	e = lanes_engine_at((enum lanes_level)level,
	                    (enum digest_kind)(_i % 3));
	if (e == NULL || !lanes_level_usable(e->level))
		return;
	for (; e != NULL; e = lanes_engine_below(e, (enum lanes_level)level)) {
		ck_assert_uint_eq(e->width & (e->width - 1), 0);
		width = e->width;
		engines++;
		for (i = 0; i < 40; i++)
			try_kernel(e);
	}
	/* the last takes a stream by itself, whatever the level */
	ck_assert_uint_eq(width, 1);
	ck_assert_int_le(engines, LANES_ENGINES);
}
END_TEST

/* RFC 1321 A.5, FIPS 180 examples, RFC 3174: not libcrypto's word for it. */
static const struct {
	const char *text, *hex[3];
} known[] = {
	{ "", { "d41d8cd98f00b204e9800998ecf8427e",
	"da39a3ee5e6b4b0d3255bfef95601890afd80709",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" } },
	{ "abc", { "900150983cd24fb0d6963f7d28e17f72",
	"a9993e364706816aba3e25717850c26c9cd0d89d",
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" } },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	{ "8215ef0796a20bcaaae116d3876c664a",
	"84983e441c3bd26ebaae4aa1f95129e5e54670f1",
	"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" } },
	{ "1234567890123456789012345678901234567890"
	"1234567890123456789012345678901234567890",
	{ "57edf4a22be3c955ac49da2e2107b67a",
	"50abf5706a150990a08b2c5ea40fa0e585554732",
	"f371bc4a311f2b009eef952dd83ca80e2b60026c8e935592d0f9c308453c813e" } },
};

START_TEST(known_answers)
{
	char hex[2 * DIGEST_MAX + 1];
	struct lanes *l;
	size_t i, k, n = 40, n_known = sizeof(known) / sizeof(known[0]);

	if (!lanes_level_usable((enum lanes_level)_i))
		return;
	l = lanes_at(_i, ALL);
	for (i = 0; i < n; i++)
		lanes_memory(l, known[i % n_known].text,
		             strlen(known[i % n_known].text), &jobs[i]);
	lanes_finish(l);
	for (i = 0; i < n; i++) {
		ck_assert_int_eq(jobs[i].answers, 1);
		ck_assert_int_eq(jobs[i].got.err, 0);
		ck_assert_uint_eq(jobs[i].got.n_digests, 3);
		for (k = 0; k < 3; k++) {
			digest_hex(jobs[i].got.digests[k].bytes,
			           digest_size((enum digest_kind)k), hex);
			ck_assert_str_eq(hex, known[i % n_known].hex[k]);
		}
	}
	lanes_free(l);
}
END_TEST

/* As _i counts: every level with every set of digests. */
static int
pick(int i, int *ret_level, unsigned int *ret_kinds)
{
	*ret_level = i / N_SETS;
	*ret_kinds = (unsigned int)(i % N_SETS) + 1;
	return lanes_level_usable((enum lanes_level)*ret_level);
}

/* Each length about one, two and three blocks, at each alignment. */
START_TEST(each_short_length)
{
	struct lanes *l;
	unsigned int kinds;
	size_t i, n = 260;
	int level;

	if (!pick(_i, &level, &kinds))
		return;
	l = lanes_at(level, kinds);
	for (i = 0; i < n; i++)
		hand_in(l, &jobs[i], pool + i * 131 % 64, i);
	finish(l, n, kinds);
	lanes_free(l);
}
END_TEST

/* 0 to 1 MB, mostly short. */
static size_t
random_length(void)
{
	static const size_t below[8] = { POOL + 1, 65536, 65536, 8192, 8192,
		8192, 8192, 300 };

	return roll() % below[roll() % 8];
}

START_TEST(random_lengths)
{
	struct lanes *l;
	unsigned int kinds;
	size_t i, n = 150, length;
	int level;

	if (!pick(_i, &level, &kinds))
		return;
	dice += (uint64_t)_i;
	l = lanes_at(level, kinds);
	for (i = 0; i < n; i++) {
		length = random_length();
		hand_in(l, &jobs[i], pool + roll() % 64 % (POOL - length + 64),
		        length);
	}
	finish(l, n, kinds);
	lanes_free(l);
}
END_TEST

/* One job, two, and so on until the lanes are more than full; one struct. */
START_TEST(each_number_of_lanes)
{
	struct lanes *l;
	unsigned int kinds;
	size_t n, i;
	int level;

	if (!pick(_i, &level, &kinds))
		return;
	l = lanes_at(level, kinds);
	for (n = 1; n <= LANES_WIDEST + 2; n++) {
		memset(jobs, 0, sizeof(jobs));
		for (i = 0; i < n; i++)
			hand_in(l, &jobs[i], pool + i, roll() % 3000);
		finish(l, n, kinds);
	}
	lanes_free(l);
}
END_TEST

/* What cannot be read is told of, and harms nothing beside it. */
START_TEST(errors)
{
	struct lanes *l;
	int ends[2], level = _i;
	size_t i, n = 120;

	if (!lanes_level_usable((enum lanes_level)level))
		return;
	l = lanes_at(level, ALL);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	for (i = 0; i < n; i++) {
		struct job *j = &jobs[i];

		switch (i % 6) {
		case 0:
			j->err = -EBADF;
			hand_in_file(l, j, -1, 5, 0);
			break;
		case 1:
			j->err = -EISDIR;
			hand_in_file(l, j, open("/", O_RDONLY | O_DIRECTORY |
			                        O_CLOEXEC), 5, 0);
			break;
		case 2:
			j->err = -ESPIPE;
			hand_in_file(l, j, dup(ends[0]), 5, 0);
			break;
		case 3:
		case 4:
			j->err = i % 6 == 3 ? ERR_LIMIT : 0;
			hand_in_pool(l, j, 400000, 400000,
			             i % 6 == 3 ? 399999 : 400000);
			break;
		default:
			hand_in(l, j, pool + i, roll() % 100000);
		}
	}
	finish(l, n, ALL);
	lanes_free(l);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* A size that is wrong costs nothing but a read. */
START_TEST(wrong_sizes)
{
	static const size_t sizes[] = { 0, 1, 64, 4095, 4096, 4097, 262143,
		262144, 262145, 700000 };
	size_t i, n = sizeof(sizes) / sizeof(sizes[0]);
	struct lanes *l;

	if (!lanes_level_usable((enum lanes_level)_i))
		return;
	l = lanes_at(_i, LANES_SHA256);
	for (i = 0; i < n * n; i++)
		hand_in_pool(l, &jobs[i], sizes[i / n], sizes[i % n], 0);
	finish(l, n * n, LANES_SHA256);
	lanes_free(l);
}
END_TEST

/* The first reading takes at most 256 KiB; then the file changes. */
START_TEST(files_that_change)
{
	struct lanes *l;

	if (!lanes_level_usable((enum lanes_level)_i))
		return;
	l = lanes_at(_i, LANES_MD5);
	hand_in_pool(l, &jobs[0], 600000, 600000, 0);
	jobs[0].n = 700001;
	/* Into the next lane, or it makes the first one finish. */
	ck_assert_int_eq(write(jobs[0].fd, pool + 600000, 100001), 100001);
	hand_in_pool(l, &jobs[1], 600000, 600000, 0);
	jobs[1].n = 300001;
	ck_assert_int_eq(ftruncate(jobs[1].fd, 300001), 0);
	finish(l, 2, LANES_MD5);
	lanes_free(l);
}
END_TEST

/* Reads that are cut short anywhere, that are interrupted, that fail. */
START_TEST(odd_reads)
{
	struct lanes *l;
	size_t i, n = 60, size;

	if (!lanes_level_usable((enum lanes_level)_i))
		return;
	l = lanes_at(_i, ALL);
	odd_reads_on = 1;
	for (i = 0; i < n; i++) {
		size = i % 4 == 0 ? POOL / 2 : random_length() / 4;
		hand_in_pool(l, &jobs[i], size,
		             i % 3 == 0 ? size : LANES_SIZE_UNKNOWN, 0);
	}
	finish(l, n, ALL);

	/* Each reads 100,000 bytes, then not even one more. */
	memset(jobs, 0, sizeof(jobs));
	odd_reads_fail = 100000;
	for (i = 0; i < n; i++) {
		jobs[i].err = i % 2 ? -EIO : 0;
		size = i % 2 ? 100001 : 99999;
		hand_in_pool(l, &jobs[i], size, size, 0);
	}
	finish(l, n, ALL);
	ck_assert_uint_eq(jobs[1].got.bytes, 100000);
	lanes_free(l);
}
END_TEST

/* More bits than 32 of the length can say. */
START_TEST(half_a_gigabyte)
{
	struct lanes *l = lanes_at(LANES_BEST, LANES_SHA256);
	uint64_t n = ((uint64_t)513 << 20) + 7, bytes;
	struct digest d;
	int fd = memory_file("", 0), again = dup(fd);

	ck_assert_int_eq(ftruncate(fd, (off_t)n), 0);
	hand_in_file(l, &jobs[0], fd, n, 0);
	lanes_finish(l);
	ck_assert_int_eq(jobs[0].answers, 1);
	ck_assert_uint_eq(jobs[0].got.bytes, n);
	ck_assert_int_eq(digest_fd(again, DIGEST_SHA256, &d, &bytes), 0);
	ck_assert_mem_eq(jobs[0].got.digests[0].bytes, d.bytes, 32);
	lanes_free(l);
	close(again);
}
END_TEST

START_TEST(freed_too_early)
{
	struct lanes *l;
	size_t i, n = 50, cut = 0;

	if (!lanes_level_usable((enum lanes_level)_i))
		return;
	l = lanes_at(_i, ALL);
	for (i = 0; i < n; i++)
		hand_in(l, &jobs[i], pool, 100000);
	lanes_free(l);
	for (i = 0; i < n; i++) {
		if (jobs[i].got.err == -ECANCELED) {
			jobs[i].err = -ECANCELED;
			cut++;
		}
		expect(&jobs[i], ALL);
	}
	ck_assert_uint_gt(cut, 0);
	ck_assert_uint_le(cut, LANES_WIDEST);
	lanes_free(NULL);
}
END_TEST

START_TEST(what_is_refused)
{
	struct lanes *l = NULL;
	int level;

	ck_assert_int_eq(lanes_new(0, LANES_BEST, keep, jobs, &l), -EINVAL);
	ck_assert_int_eq(lanes_new(8, LANES_BEST, keep, jobs, &l), -EINVAL);
	ck_assert_int_eq(lanes_new(ALL, LANES_BEST, NULL, jobs, &l), -EINVAL);
	ck_assert_int_eq(lanes_new(ALL, (enum lanes_level)N_LEVELS, keep, jobs,
	                           &l), -EINVAL);
	for (level = 0; level < N_LEVELS; level++)
		if (!lanes_level_usable((enum lanes_level)level))
			ck_assert_int_eq(lanes_new(ALL, (enum lanes_level)level,
			                 keep, jobs, &l), ERR_UNSUPPORTED);
	ck_assert_ptr_null(l);
}
END_TEST

START_TEST(levels)
{
	const struct lanes_engine *e, *best;
	int level, kind;

	ck_assert_int_eq(lanes_level_usable(LANES_SINGLE), 1);
	ck_assert_int_eq(lanes_level_usable(LANES_BEST), 1);
	ck_assert_int_eq(lanes_level_usable((enum lanes_level)N_LEVELS), 0);
	ck_assert_str_eq(lanes_level_name(LANES_SHANI), "shani");
	ck_assert_ptr_null(lanes_level_name((enum lanes_level)N_LEVELS));
	for (kind = DIGEST_MD5; kind <= DIGEST_SHA256; kind++) {
		enum digest_kind k = (enum digest_kind)kind;

		best = lanes_engine_for(LANES_BEST, k);
		for (level = 0; level < LANES_BEST; level++) {
			e = lanes_engine_for((enum lanes_level)level, k);
			ck_assert_ptr_nonnull(e);
			ck_assert_int_eq((int)e->kind, kind);
			ck_assert_int_le((int)e->level, level);
			ck_assert_int_eq(lanes_level_usable(e->level), 1);
		}
		ck_assert_int_eq(lanes_level_usable(best->level), 1);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("lanes");
	TCase *t = tcase_create("lanes");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, levels);
	tcase_add_test(t, what_is_refused);
	tcase_add_loop_test(t, kernels, 0, 3 * N_LEVELS);
	tcase_add_loop_test(t, known_answers, 0, N_LEVELS);
	tcase_add_loop_test(t, each_short_length, 0, N_SETS * N_LEVELS);
	tcase_add_loop_test(t, random_lengths, 0, N_SETS * N_LEVELS);
	tcase_add_loop_test(t, each_number_of_lanes, 0, N_SETS * N_LEVELS);
	tcase_add_loop_test(t, errors, 0, N_LEVELS);
	tcase_add_loop_test(t, wrong_sizes, 0, N_LEVELS);
	tcase_add_loop_test(t, files_that_change, 0, N_LEVELS);
	tcase_add_loop_test(t, odd_reads, 0, N_LEVELS);
	tcase_add_loop_test(t, freed_too_early, 0, N_LEVELS);
	tcase_add_test(t, half_a_gigabyte);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
