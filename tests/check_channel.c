/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "check_main.h"
#include "err.h"

static int pair[2];

static void
set_up(void)
{
	ck_assert_int_eq(channel_pair(pair), 0);
}

static void
tear_down(void)
{
	close(pair[0]);
	close(pair[1]);
}

static bool
same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

START_TEST(messages_keep_their_bounds)
{
	char got[6];
	size_t n = 7;

	ck_assert_int_eq(channel_send(pair[0], "first", 6, NULL, 0), 0);
	ck_assert_int_eq(channel_send(pair[0], "later", 6, NULL, 0), 0);
	ck_assert_int_eq(channel_receive(pair[1], got, 6, 6, NULL, 0, &n), 6);
	ck_assert_str_eq(got, "first");
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(channel_receive(pair[1], got, 6, 6, NULL, 0, &n), 6);
	ck_assert_str_eq(got, "later");
}
END_TEST

START_TEST(descriptors_come_along)
{
	int sent[2] = { open("/", O_PATH), open("/dev/null", O_RDONLY) };
	int got[2] = { -1, -1 };
	char c = 0;
	size_t n = 0;

	ck_assert_int_eq(channel_send(pair[0], "x", 1, sent, 2), 0);
	ck_assert_int_eq(channel_receive(pair[1], &c, 1, 1, got, 2, &n), 1);
	ck_assert_uint_eq(n, 2);
	ck_assert(same_file(sent[0], got[0]));
	ck_assert(same_file(sent[1], got[1]));
	ck_assert_int_eq(fcntl(got[1], F_GETFD), FD_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		close(sent[i]);
		close(got[i]);
	}
}
END_TEST

/* Each leaves no descriptor, and the next message is read whole. */
START_TEST(what_is_refused)
{
	int fds[CHANNEL_FDS + 1], got[2], before = descriptors_open();
	char c[5];
	size_t n = 9;

	for (int i = 0; i < 3; i++)
		fds[i] = pair[0];
	ck_assert_int_eq(channel_send(pair[0], "1234", 4, fds, 3), 0);
	ck_assert_int_eq(channel_receive(pair[1], c, 4, 4, got, 2, &n),
	                 ERR_FORMAT);
	ck_assert_int_eq(channel_send(pair[0], "12345", 5, fds, 1), 0);
	ck_assert_int_eq(channel_receive(pair[1], c, 4, 4, got, 2, &n),
	                 ERR_FORMAT);
	ck_assert_int_eq(channel_send(pair[0], "123", 3, fds, 1), 0);
	ck_assert_int_eq(channel_receive(pair[1], c, 4, 4, got, 2, &n),
	                 ERR_FORMAT);
	ck_assert_uint_eq(n, 9);
	ck_assert_int_eq(descriptors_open(), before);
	ck_assert_int_eq(channel_send(pair[0], c, 4, fds, CHANNEL_FDS + 1),
	                 -EINVAL);
	ck_assert_int_eq(channel_send(pair[0], "abcd", 4, NULL, 0), 0);
	ck_assert_int_eq(channel_receive(pair[1], c, 3, 5, NULL, 0, &n), 4);
	ck_assert(memcmp(c, "abcd", 4) == 0);
}
END_TEST

START_TEST(the_other_side_is_gone)
{
	char c;
	size_t n;

	shutdown(pair[0], SHUT_RDWR);
	ck_assert_int_eq(channel_receive(pair[1], &c, 1, 1, NULL, 0, &n), 0);
	ck_assert_int_eq(channel_send(pair[1], "x", 1, NULL, 0), -EPIPE);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("channel");
	TCase *t = tcase_create("channel");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, messages_keep_their_bounds);
	tcase_add_test(t, descriptors_come_along);
	tcase_add_test(t, what_is_refused);
	tcase_add_test(t, the_other_side_is_gone);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
