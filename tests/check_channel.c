/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apart.h"
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

START_TEST(an_empty_message_with_descriptors)
{
	int before = descriptors_open(), got[2];
	size_t n = 9;
	char c;

	ck_assert_int_eq(channel_send(pair[0], "", 0, pair, 2), 0);
	ck_assert_int_eq(channel_receive(pair[1], &c, 1, 1, got, 2, &n),
	                 ERR_FORMAT);
	ck_assert_uint_eq(n, 9);
	ck_assert_int_eq(descriptors_open(), before);
}
END_TEST

/* Who asks for the sender's name finds it beside the descriptors. */
START_TEST(other_control_messages)
{
	int on = 1, before = descriptors_open(), got[CHANNEL_FDS], fd;
	int many[CHANNEL_FDS];
	size_t n = 9;
	char c = 0;

	ck_assert_int_eq(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on,
	                            sizeof(on)), 0);
	ck_assert_int_eq(channel_send(pair[0], "x", 1, NULL, 0), 0);
	ck_assert_int_eq(channel_receive(pair[1], &c, 1, 1, got, 1, &n), 1);
	ck_assert_uint_eq(n, 0);
	fd = open("/", O_PATH | O_CLOEXEC);
	ck_assert_int_eq(channel_send(pair[0], "y", 1, &fd, 1), 0);
	ck_assert_int_eq(channel_receive(pair[1], &c, 1, 1, got, 1, &n), 1);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(c, 'y');
	ck_assert(same_file(got[0], fd));
	close(got[0]);
	close(fd);
	/* It takes the room of the last ones, which the kernel drops. */
	for (int i = 0; i < CHANNEL_FDS; i++)
		many[i] = pair[0];
	ck_assert_int_eq(channel_send(pair[0], "z", 1, many, CHANNEL_FDS), 0);
	ck_assert_int_eq(channel_receive(pair[1], &c, 1, 1, got, CHANNEL_FDS,
	                                 &n), ERR_FORMAT);
	ck_assert_int_eq(descriptors_open(), before);
}
END_TEST

/* Who has room for some only gets none. */
static int
receive_with_few(int unused)
{
	int sent[3] = { pair[0], pair[0], pair[0] }, got[3], r, open_now;
	struct rlimit before;
	size_t n = 9;
	char c;

	(void)unused;
	HOLDS(channel_send(pair[0], "x", 1, sent, 3) == 0);
	HOLDS(channel_send(pair[0], "y", 1, sent, 3) == 0);
	open_now = descriptors_open();
	HOLDS(room_for(2, &before));
	r = channel_receive(pair[1], &c, 1, 1, got, 3, &n);
	HOLDS(setrlimit(RLIMIT_NOFILE, &before) == 0);
	HOLDS(r == ERR_FORMAT && n == 9);
	HOLDS(descriptors_open() == open_now);
	HOLDS(room_for(3, &before));
	r = channel_receive(pair[1], &c, 1, 1, got, 3, &n);
	HOLDS(setrlimit(RLIMIT_NOFILE, &before) == 0);
	HOLDS(r == 1 && n == 3 && c == 'y');
	HOLDS(room_for(1, &before));
	r = channel_pair(got);
	HOLDS(setrlimit(RLIMIT_NOFILE, &before) == 0);
	HOLDS(r == -EMFILE);
	return 0;
}

APART_TEST(few_descriptors, receive_with_few)

START_TEST(what_is_no_channel)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t n = 9;
	char c;

	ck_assert_int_eq(channel_send(fd, "x", 1, NULL, 0), -ENOTSOCK);
	ck_assert_int_eq(channel_receive(fd, &c, 1, 1, NULL, 0, &n),
	                 -ENOTSOCK);
	ck_assert_uint_eq(n, 9);
	close(fd);
}
END_TEST

#define MANY 400

/* Takes or gives MANY numbered messages, a while after the other began. */
static int
other_side(int gives)
{
	int message[1024] = { 0 };
	size_t n;

	usleep(200000);
	for (int i = 0; i < MANY; i++) {
		if (gives) {
			message[0] = i;
			HOLDS(channel_send(pair[1], message, sizeof(message),
			                   NULL, 0) == 0);
			continue;
		}
		HOLDS(channel_receive(pair[1], message, sizeof(message),
		                      sizeof(message), NULL, 0, &n) ==
		      (int)sizeof(message));
		HOLDS(message[0] == i);
	}
	return 0;
}

static int
this_side(int takes)
{
	int message[1024] = { 0 }, status;
	pid_t pid = fork();
	size_t n;

	HOLDS(pid >= 0);
	if (pid == 0)
		_exit(other_side(takes));
	HOLDS(interrupt());
	for (int i = 0; i < MANY; i++) {
		if (!takes) {
			message[0] = i;
			HOLDS(channel_send(pair[0], message, sizeof(message),
			                   NULL, 0) == 0);
			continue;
		}
		HOLDS(channel_receive(pair[0], message, sizeof(message),
		                      sizeof(message), NULL, 0, &n) ==
		      (int)sizeof(message));
		HOLDS(message[0] == i);
	}
	HOLDS(apart_ticks >= 4);
	signal(SIGALRM, SIG_IGN);
	HOLDS(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

/* Nothing is lost or doubled by signals while it waits. */
APART_TEST(interrupted, this_side)

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
	tcase_add_test(t, an_empty_message_with_descriptors);
	tcase_add_test(t, other_control_messages);
	tcase_add_test(t, few_descriptors);
	tcase_add_test(t, what_is_no_channel);
	tcase_add_loop_test(t, interrupted, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
