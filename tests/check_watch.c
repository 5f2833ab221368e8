/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check_main.h"
#include "watch.h"

static char said[1000];

static const char *
all_of(int fd)
{
	ssize_t n = pread(fd, said, sizeof(said) - 1, 0);

	ck_assert_int_ge(n, 0);
	said[n] = '\0';
	return said;
}

static void
pause_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int
sink(void)
{
	int fd = memfd_create("watch", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(what_is_quick_says_nothing)
{
	struct progress p = { 0 };
	int fd = sink();
	struct watch *w = watch_start(fd, "working", &p);

	ck_assert_ptr_nonnull(w);
	progress_total(&p, 4);
	progress_step(&p);
	watch_hide(w);
	watch_stop(w);
	ck_assert_str_eq(all_of(fd), "");
	watch_hide(NULL);
	watch_stop(NULL);
	progress_total(NULL, 1);
	progress_step(NULL);
	close(fd);
}
END_TEST

START_TEST(what_is_slow_tells_how_far_it_is)
{
	static const char line[] = "\rworking: 25%\033[K";
	static const char gone[] = "\r\033[K";
	struct progress p = { 0 };
	int fd = sink();
	struct watch *w = watch_start(fd, "working", &p);
	size_t n;

	progress_total(&p, 4);
	progress_step(&p);
	for (int i = 0; i < 100 && all_of(fd)[0] == '\0'; i++)
		pause_ms(50);
	ck_assert_int_eq(strncmp(all_of(fd), line, sizeof(line) - 1), 0);
	watch_hide(w);
	n = strlen(all_of(fd));
	ck_assert_uint_gt(n, sizeof(gone) - 1);
	ck_assert_ptr_nonnull(strstr(said, gone));
	watch_stop(w);
	n = strlen(all_of(fd));
	ck_assert_str_eq(said + n - (sizeof(gone) - 1), gone);
	close(fd);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("watch");
	TCase *t = tcase_create("watch");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, what_is_quick_says_nothing);
	tcase_add_test(t, what_is_slow_tells_how_far_it_is);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
