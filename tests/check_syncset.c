/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>

#include "check_main.h"
#include "iflag.h"
#include "scratch.h"
#include "syncset.h"

/* Sets know devices by number only, so that any will do. */
static const struct fskind journaled = { .name = "ext4", .journaled = true };
static const struct fskind other = { .name = "btrfs" };
static struct syncset *set;
static int file;

static int
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
set_up(void)
{
	scratch_open();
	scratch_text("f", "x");
	file = openat(scratch_fd, "f", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(file, 0);
	set = syncset_new();
	ck_assert_ptr_nonnull(set);
}

static void
tear_down(void)
{
	syncset_free(set);
	close(file);
	scratch_close();
}

static void
touch(struct syncset *s, uint64_t dev, const struct fskind *kind)
{
	const struct node n = { .dev = dev };

	syncset_touch(s, file, &n, kind);
}

START_TEST(nothing_is_fine)
{
	ck_assert_int_eq(syncset_flush(set), 0);
	syncset_free(NULL);
}
END_TEST

/* Whether it is kept or not, the descriptor is the set's from then on. */
START_TEST(keeps_or_closes)
{
	int before = open_fds();

	for (int i = 0; i < 100; i++) {
		const struct node a = { .dev = 1 }, b = { .dev = 2 };

		syncset_keep(set, dup(file), &a, &journaled);
		syncset_keep(set, dup(file), &b, &other);
	}
	ck_assert_int_eq(open_fds(), before + 2);
	ck_assert_int_eq(syncset_flush(set), 0);
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

/* What another's fsync will carry is kept, until it turns out not to. */
START_TEST(all_but_one_journal)
{
	int before = open_fds();

	touch(set, 1, &journaled);
	touch(set, 2, &journaled);
	touch(set, 3, &other);
	ck_assert_int_eq(open_fds(), before + 3);
	ck_assert_int_eq(syncset_flush_but(set, 1), 0);
	ck_assert_int_eq(open_fds(), before + 1);
	/* no journal carries anything here */
	touch(set, 4, &other);
	ck_assert_int_eq(syncset_flush_but(set, 4), 0);
	ck_assert_int_eq(open_fds(), before);
	touch(set, 1, &journaled);
	ck_assert_int_eq(syncset_flush_but(set, 1), 0);
	ck_assert_int_eq(syncset_flush(set), 0);
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

START_TEST(one_file_a_file_system)
{
	int before = open_fds();

	for (int i = 0; i < 100; i++) {
		touch(set, 1, &journaled);
		touch(set, 2, &other);
	}
	ck_assert_int_eq(open_fds(), before + 2);
	ck_assert_int_eq(syncset_flush(set), 0);
	ck_assert_int_eq(open_fds(), before);
	touch(set, 1, &journaled);
	ck_assert_int_eq(open_fds(), before + 1);
	syncset_free(set);		/* without a flush */
	ck_assert_int_eq(open_fds(), before);
	set = NULL;
}
END_TEST

START_TEST(the_last_file_is_the_one)
{
	int pipes[2], before = open_fds();

	/* what was touched first can't be synced, what came last can */
	ck_assert_int_eq(pipe(pipes), 0);
	syncset_touch(set, pipes[0], &(struct node){ .dev = 1 }, &journaled);
	touch(set, 1, &journaled);
	ck_assert_int_eq(syncset_flush(set), 0);
	touch(set, 1, &journaled);
	syncset_touch(set, pipes[0], &(struct node){ .dev = 1 }, &journaled);
	ck_assert_int_eq(syncset_flush(set), -EINVAL);
	ck_assert_int_eq(syncset_flush(set), 0);	/* told once */
	close(pipes[0]);
	close(pipes[1]);
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

START_TEST(many_file_systems)
{
	int before = open_fds();

	for (uint64_t i = 0; i < 100; i++)
		touch(set, i, i % 2 ? &journaled : &other);
	ck_assert_int_le(open_fds(), before + 32);
	ck_assert_int_eq(syncset_flush(set), 0);
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

START_TEST(an_early_error_is_kept)
{
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	syncset_touch(set, pipes[0], &(struct node){ .dev = 999 },
	              &journaled);
	for (uint64_t i = 0; i < 40; i++)
		touch(set, i, &journaled);
	ck_assert_int_eq(syncset_flush(set), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

START_TEST(sets_are_merged)
{
	struct syncset *from = syncset_new();
	int before = open_fds();

	touch(set, 1, &journaled);
	touch(set, 2, &other);
	touch(from, 1, &journaled);
	touch(from, 2, &other);
	touch(from, 3, &other);
	syncset_merge(set, from);
	syncset_free(from);
	/* both of the journaled one: which was last is not known */
	ck_assert_int_eq(open_fds(), before + 4);
	ck_assert_int_eq(syncset_flush(set), 0);
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

START_TEST(without_descriptors)
{
	struct rlimit was, lim;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	lim = was;
	lim.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &lim), 0);
	touch(set, 1, &journaled);	/* made durable at once */
	ck_assert_int_eq(syncset_flush(set), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("syncset");
	TCase *t = tcase_create("syncset");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, nothing_is_fine);
	tcase_add_test(t, keeps_or_closes);
	tcase_add_test(t, all_but_one_journal);
	tcase_add_test(t, one_file_a_file_system);
	tcase_add_test(t, the_last_file_is_the_one);
	tcase_add_test(t, many_file_systems);
	tcase_add_test(t, an_early_error_is_kept);
	tcase_add_test(t, sets_are_merged);
	tcase_add_test(t, without_descriptors);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
