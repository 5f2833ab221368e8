/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <sys/sysmacros.h>

#include "check_main.h"
#include "procs.h"
#include "scratch.h"

static void
setup(void)
{
	scratch_open();
}

static void
teardown(void)
{
	scratch_close();
}

START_TEST(all_parts_of_a_mapping)
{
	static const char line[] = "7f00a000-7f00c000 rw-s 00001000 103:2a 77"
	                           "   /a b (deleted)";
	static const char no_name[] = "0-ffffffffffffffff ---p 0 0:0 0";
	struct procs_mapping m;

	ck_assert(procs_mapping_read(line, sizeof(line) - 1, &m));
	ck_assert_uint_eq(m.start, 0x7f00a000);
	ck_assert_uint_eq(m.end, 0x7f00c000);
	ck_assert(m.writable && m.shared);
	ck_assert_uint_eq(m.dev, makedev(0x103, 0x2a));
	ck_assert_uint_eq(m.ino, 77);
	ck_assert_uint_eq(m.name_len, strlen("/a b (deleted)"));
	ck_assert_int_eq(memcmp(m.name, "/a b (deleted)", m.name_len), 0);
	ck_assert(procs_mapping_read(no_name, sizeof(no_name) - 1, &m));
	ck_assert_uint_eq(m.end, UINT64_MAX);
	ck_assert(!m.writable && !m.shared);
	ck_assert_uint_eq(m.name_len, 0);
}
END_TEST

/* All heads of a line; the inode's number alone may be shorter. */
START_TEST(every_cut_of_a_mapping)
{
	static const char line[] = "7f0-7f1 rw-s 01 fe:01 42 /a";
	size_t least = strlen("7f0-7f1 rw-s 01 fe:01 4");

	for (size_t n = 0; n < sizeof(line) - 1; n++) {
		char *copy = malloc(n > 0 ? n : 1);
		struct procs_mapping m;

		/* So that a sanitizer sees a step too far. */
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, line, n);
		ck_assert_int_eq(procs_mapping_read(copy, n, &m), n >= least);
		free(copy);
	}
}
END_TEST

START_TEST(escapes)
{
	char to[12];

	procs_escape("a b\n", 4, to, sizeof(to));
	ck_assert_str_eq(to, "a b\\012");
	procs_escape("\\\xc3\x7f", 3, to, sizeof(to));
	ck_assert_str_eq(to, "\\134\\303");
	procs_escape("a\0b", 3, to, sizeof(to));
	ck_assert_str_eq(to, "a\\000b");
	procs_escape("0123456789abcdef", 16, to, sizeof(to));
	ck_assert_str_eq(to, "0123456789a");
	procs_escape("01234567\n", 9, to, sizeof(to));
	ck_assert_str_eq(to, "01234567");
	procs_escape("x", 0, to, sizeof(to));
	ck_assert_str_eq(to, "");
	procs_escape("x", 1, to, 1);
	ck_assert_str_eq(to, "");
}
END_TEST

START_TEST(told_once)
{
	struct procs_told t = { 0 };

	for (uint64_t i = 0; i < 1000; i++) {
		ck_assert(procs_first_time(&t, i % 3, i));
		ck_assert(!procs_first_time(&t, i % 3, i));
	}
	ck_assert(procs_first_time(&t, 7, 5));
	ck_assert(!procs_first_time(&t, 0, 0));
	free(t.files);
}
END_TEST

/* The lines as they come, divided by bars. */
static enum look
note_line(void *ctx, const char *line, size_t n)
{
	char *all = ctx;

	snprintf(all + strlen(all), 256 - strlen(all), "%.*s|", (int)n, line);
	return n == 4 && memcmp(line, "stop", 4) == 0 ? LOOK_STOP : LOOK_DONE;
}

static enum look
lines_of(const char *text, char *all)
{
	struct procs_lines l;
	char head[8];
	enum look look;
	int fd;

	scratch_text("lines", text);
	fd = openat(scratch_fd, "lines", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	l.chunk = malloc(PROCS_CHUNK);
	ck_assert_ptr_nonnull(l.chunk);
	l.head = head;
	l.head_size = sizeof(head);
	all[0] = '\0';
	look = procs_each_line(fd, &l, note_line, all);
	free(l.chunk);
	close(fd);
	return look;
}

START_TEST(lines_are_cut)
{
	char all[256];

	ck_assert_int_eq(lines_of("a\n\n12345678\n123456789\nb\n", all),
	                 LOOK_DONE);
	ck_assert_str_eq(all, "a||12345678|12345678|b|");
	ck_assert_int_eq(lines_of("", all), LOOK_DONE);
	ck_assert_str_eq(all, "");
	ck_assert_int_eq(lines_of("a\nb", all), LOOK_UNSEEN);
	ck_assert_str_eq(all, "a|");
	ck_assert_int_eq(lines_of("a\nstop\nb\n", all), LOOK_STOP);
	ck_assert_str_eq(all, "a|stop|");
}
END_TEST

static int visits;

static enum look
visit(void *ctx, int proc, pid_t pid)
{
	(void)ctx;
	visits++;
	ck_assert_int_ge(proc, 0);
	if (pid == 4)
		return LOOK_STOP;
	return pid == 3 ? LOOK_UNSEEN : LOOK_DONE;
}

START_TEST(walks)
{
	size_t unseen = 99;

	/* No number, or none that a process could have. */
	mkdirat(scratch_fd, "x", 0700);
	mkdirat(scratch_fd, "99999999999", 0700);
	mkdirat(scratch_fd, "2", 0700);
	ck_assert_int_eq(procs_walk(scratch_fd, visit, NULL, &unseen), 0);
	ck_assert_int_eq(visits, 1);
	/* The first process is hidden. */
	ck_assert_uint_eq(unseen, 1);
	mkdirat(scratch_fd, "1", 0700);
	mkdirat(scratch_fd, "3", 0700);
	ck_assert_int_eq(procs_walk(scratch_fd, visit, NULL, &unseen), 0);
	ck_assert_uint_eq(unseen, 1);
	/* A kernel thread has nothing to be seen; brackets in its name. */
	scratch_text("3/stat", "3 (a) S b) S 2 0 0 0 -1 2129984 0 0\n");
	ck_assert_int_eq(procs_walk(scratch_fd, visit, NULL, &unseen), 0);
	ck_assert_uint_eq(unseen, 0);
	scratch_text("3/stat", "3 (a) S 2 0 0 0 -1 4194560 0 0\n");
	ck_assert_int_eq(procs_walk(scratch_fd, visit, NULL, &unseen), 0);
	ck_assert_uint_eq(unseen, 1);
	/* We ourselves are left out. */
	ck_assert_int_eq(symlinkat("3", scratch_fd, "self"), 0);
	ck_assert_int_eq(procs_walk(scratch_fd, visit, NULL, &unseen), 0);
	ck_assert_uint_eq(unseen, 0);
	unseen = 99;
	mkdirat(scratch_fd, "4", 0700);
	ck_assert_int_eq(procs_walk(scratch_fd, visit, NULL, &unseen), 1);
	ck_assert_uint_eq(unseen, 99);
	ck_assert_int_eq(procs_walk(-1, visit, NULL, &unseen), -EBADF);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("procs");
	TCase *t = tcase_create("procs");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_parts_of_a_mapping);
	tcase_add_test(t, every_cut_of_a_mapping);
	tcase_add_test(t, escapes);
	tcase_add_test(t, told_once);
	tcase_add_test(t, lines_are_cut);
	tcase_add_test(t, walks);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
