/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check_main.h"
#include "err.h"
#include "file.h"

static char folder[] = "/tmp/check_file.XXXXXX";
static int dir;		/* of folder */
static struct buf b;

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	buf_init(&b, 0);
}

/* The tests make no folder that is not empty. */
static void
teardown(void)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		if (unlinkat(dir, e->d_name, 0) < 0)
			unlinkat(dir, e->d_name, AT_REMOVEDIR);
	}
	closedir(d);
	ck_assert_int_eq(rmdir(folder), 0);
	buf_free(&b);
}

static void
put(const char *name, const void *data, size_t n)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write(fd, data, n), 0);
	ck_assert_int_eq(close(fd), 0);
}

static void
expect(const char *name, const char *text)
{
	buf_clear(&b);
	ck_assert_int_eq(file_read(dir, name, &b), 0);
	ck_assert_str_eq(b.data, text);
}

static void
expect_none(const char *name)
{
	ck_assert_int_eq(faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
	ck_assert_int_eq(errno, ENOENT);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

START_TEST(read_appends_all)
{
	put("f", "two\0x", 5);
	ck_assert_int_eq(buf_add_str(&b, "one "), 0);
	ck_assert_int_eq(file_read(dir, "f", &b), 0);
	ck_assert_uint_eq(b.len, 9);
	ck_assert_mem_eq(b.data, "one two\0x", 10);
}
END_TEST

START_TEST(read_takes_empty_files)
{
	put("f", "", 0);
	ck_assert_int_eq(file_read(dir, "f", &b), 0);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(b.data, "");
}
END_TEST

START_TEST(read_takes_large_files)
{
	size_t size = 5000001;
	char *data = malloc(size);

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 31 >> 3);
	put("f", data, size);
	ck_assert_int_eq(file_read(dir, "f", &b), 0);
	ck_assert_uint_eq(b.len, size);
	ck_assert_int_eq(memcmp(b.data, data, size), 0);
	free(data);
}
END_TEST

/* Nothing is read of it, and no memory taken. */
START_TEST(read_refuses_what_says_that_it_is_too_large)
{
	struct buf some;
	int fd = openat(dir, "f", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 1 << 30), 0);
	close(fd);
	buf_init(&some, 1 << 29);
	ck_assert_int_eq(file_read(dir, "f", &some), ERR_LIMIT);
	ck_assert_uint_eq(some.cap, 0);
	buf_free(&some);
}
END_TEST

START_TEST(read_keeps_the_bound)
{
	struct buf small;

	put("f", "12345", 5);
	buf_init(&small, 5);
	ck_assert_int_eq(file_read(dir, "f", &small), 0);
	ck_assert_str_eq(small.data, "12345");
	ck_assert_int_eq(file_read(dir, "f", &small), ERR_LIMIT);
	ck_assert_str_eq(small.data, "12345");
	buf_free(&small);
	buf_init(&small, 4);
	ck_assert_int_eq(file_read(dir, "f", &small), ERR_LIMIT);
	ck_assert_uint_eq(small.len, 0);
	buf_free(&small);
}
END_TEST

/* Files of /proc say that they have no bytes, those of /sys have a page. */
START_TEST(read_does_not_trust_the_size)
{
	static const char number[] = "/sys/kernel/uevent_seqnum";
	static const char largest[] = "/proc/sys/kernel/pid_max";
	struct buf small;

	ck_assert_int_eq(file_read(AT_FDCWD, "/proc/self/status", &b), 0);
	ck_assert_uint_gt(b.len, 100);
	ck_assert_ptr_nonnull(strstr(b.data, "Pid:"));
	buf_init(&small, 100);
	ck_assert_int_eq(buf_add_str(&small, "kept"), 0);
	ck_assert_int_eq(file_read(AT_FDCWD, "/proc/self/status", &small),
	                 ERR_LIMIT);
	ck_assert_str_eq(small.data, "kept");
	buf_free(&small);
	if (access(largest, R_OK) == 0) {
		buf_init(&small, 30);
		ck_assert_int_eq(file_read(AT_FDCWD, largest, &small), 0);
		ck_assert_uint_gt(small.len, 3);	/* 301 at least */
		ck_assert_int_eq(small.data[small.len - 1], '\n');
		buf_free(&small);
	}
	if (access(number, R_OK) < 0)
		return;		/* no sysfs here */
	buf_init(&small, 30);
	ck_assert_int_eq(file_read(AT_FDCWD, number, &small), 0);
	ck_assert_uint_gt(small.len, 1);
	ck_assert_uint_lt(small.len, 30);
	buf_free(&small);
}
END_TEST

START_TEST(read_refuses_what_is_no_file)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	put("f", "x", 1);
	ck_assert_int_eq(symlinkat("f", dir, "link"), 0);
	ck_assert_int_eq(mkfifoat(dir, "fifo", 0600), 0);
	ck_assert_int_eq(mkdirat(dir, "dir", 0700), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket",
	         folder);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address,
	                      sizeof(address)), 0);
	ck_assert_int_eq(file_read(dir, "link", &b), ERR_NOT_REGULAR);
	ck_assert_int_eq(file_read(dir, "fifo", &b), ERR_NOT_REGULAR);
	ck_assert_int_eq(file_read(dir, "dir", &b), ERR_NOT_REGULAR);
	ck_assert_int_eq(file_read(dir, "socket", &b), ERR_NOT_REGULAR);
	ck_assert_int_eq(file_read(dir, "/dev/null", &b), ERR_NOT_REGULAR);
	ck_assert_int_eq(file_read(dir, "none", &b), -ENOENT);
	ck_assert_int_eq(file_read(dir, "f/x", &b), -ENOTDIR);
	ck_assert_uint_eq(b.len, 0);
	close(fd);
}
END_TEST

START_TEST(read_fd_goes_on_from_the_offset)
{
	int fd;

	put("f", "0123456789", 10);
	fd = openat(dir, "f", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq((int)lseek(fd, 7, SEEK_SET), 7);
	ck_assert_int_eq(file_read_fd(fd, &b), 0);
	ck_assert_str_eq(b.data, "789");
	ck_assert_int_eq(file_read_fd(fd, &b), 0);
	ck_assert_str_eq(b.data, "789");
	close(fd);
	ck_assert_int_eq(file_read_fd(fd, &b), -EBADF);
	ck_assert_int_eq(file_read_fd(dir, &b), ERR_NOT_REGULAR);
	ck_assert_str_eq(b.data, "789");
}
END_TEST

START_TEST(read_fd_takes_a_pipe)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(file_write(ends[1], "through", 7), 0);
	close(ends[1]);
	ck_assert_int_eq(file_read_fd(ends[0], &b), 0);
	ck_assert_str_eq(b.data, "through");
	close(ends[0]);
}
END_TEST

START_TEST(write_tells_errors)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(file_write(fd, "x", 1), -EBADF);
	ck_assert_int_eq(file_write(fd, "", 0), 0);
	close(fd);
}
END_TEST

START_TEST(replace_makes_and_replaces)
{
	umask(077);
	ck_assert_int_eq(file_replace(dir, "f", "one", 3, 0644, 0), 0);
	expect("f", "one");
	ck_assert_uint_eq(mode_of("f"), 0644);
	ck_assert_int_eq(file_replace(dir, "f", "two", 3, 0600,
	                              FILE_DURABLE), 0);
	expect("f", "two");
	ck_assert_uint_eq(mode_of("f"), 0600);
	expect_none("f.new");
	ck_assert_int_eq(file_replace(dir, "f", NULL, 0, 0600, 0), 0);
	expect("f", "");
}
END_TEST

START_TEST(replace_gives_a_new_inode)
{
	int fd;

	put("f", "old", 3);
	fd = openat(dir, "f", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(file_replace(dir, "f", "new", 3, 0600, 0), 0);
	ck_assert_int_eq(file_read_fd(fd, &b), 0);
	ck_assert_str_eq(b.data, "old");
	expect("f", "new");
	close(fd);
}
END_TEST

START_TEST(replace_works_below_a_folder)
{
	ck_assert_int_eq(mkdirat(dir, "sub", 0700), 0);
	ck_assert_int_eq(file_replace(dir, "sub/f", "x", 1, 0600,
	                              FILE_DURABLE), 0);
	expect("sub/f", "x");
	expect_none("sub/f.new");
	ck_assert_int_eq(unlinkat(dir, "sub/f", 0), 0);
	ck_assert_int_eq(file_replace(dir, "nosub/f", "x", 1, 0600,
	                              FILE_DURABLE), -ENOENT);
}
END_TEST

START_TEST(replace_takes_over_a_left_over)
{
	put("f", "old", 3);
	put("f.new", "half of a longer text", 21);
	ck_assert_int_eq(file_replace(dir, "f", "new", 3, 0600, 0), 0);
	expect("f", "new");
	expect_none("f.new");
}
END_TEST

START_TEST(replace_never_writes_through_a_link)
{
	put("victim", "safe", 4);
	ck_assert_int_eq(symlinkat("victim", dir, "f.new"), 0);
	ck_assert_int_eq(symlinkat("victim", dir, "f"), 0);
	ck_assert_int_eq(file_replace(dir, "f", "new", 3, 0600, 0), 0);
	expect("f", "new");
	expect("victim", "safe");
	ck_assert_int_eq(unlinkat(dir, "f", 0), 0);
	ck_assert_int_eq(linkat(dir, "victim", dir, "f.new", 0), 0);
	ck_assert_int_eq(file_replace(dir, "f", "new", 3, 0600, 0), 0);
	expect("victim", "safe");
}
END_TEST

START_TEST(replace_fails_without_a_trace)
{
	struct rlimit limit = { .rlim_cur = 2, .rlim_max = RLIM_INFINITY };

	/* The write fails half-way. */
	put("f", "old", 3);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 2;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(file_replace(dir, "f", "new", 3, 0600, 0), -EFBIG);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	expect("f", "old");
	expect_none("f.new");

	/* The rename fails. */
	ck_assert_int_eq(mkdirat(dir, "d", 0700), 0);
	ck_assert_int_eq(file_replace(dir, "d", "new", 3, 0600, 0), -EISDIR);
	expect_none("d.new");

	/* The temporary file can't be made. */
	ck_assert_int_eq(mkdirat(dir, "f.new", 0700), 0);
	ck_assert_int_lt(file_replace(dir, "f", "new", 3, 0600, 0), 0);
	expect("f", "old");
}
END_TEST

START_TEST(replace_refuses_long_names)
{
	char name[5000];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(file_replace(dir, name, "x", 1, 0600, 0),
	                 -ENAMETOOLONG);
	name[252] = '\0';
	ck_assert_int_eq(file_replace(dir, name, "x", 1, 0600, 0),
	                 -ENAMETOOLONG);
}
END_TEST

START_TEST(stage_and_commit_are_its_halves)
{
	put("f", "old", 3);
	ck_assert_int_eq(file_commit(dir, "f"), -ENOENT);
	ck_assert_int_eq(file_stage(dir, "f", "new", 3, 0640,
	                            FILE_DURABLE), 0);
	expect("f", "old");
	expect("f.new", "new");
	ck_assert_int_eq(file_commit(dir, "f"), 0);
	expect("f", "new");
	ck_assert_uint_eq(mode_of("f"), 0640);
	expect_none("f.new");
}
END_TEST

START_TEST(settle_takes_what_was_staged)
{
	put("f", "old", 3);
	ck_assert_int_eq(file_settle(dir, "f"), -ENOENT);
	ck_assert_int_eq(file_stage(dir, "f", "new", 3, 0600,
	                            FILE_STARTED), 0);
	ck_assert_int_eq(file_settle(dir, "f"), 0);
	expect("f", "old");
	expect("f.new", "new");
	ck_assert_int_eq(file_commit(dir, "f"), 0);
	expect("f", "new");
	/* never through a link */
	ck_assert_int_eq(symlinkat("f", dir, "g.new"), 0);
	ck_assert_int_eq(file_settle(dir, "g"), -ELOOP);
}
END_TEST

START_TEST(mkdir_makes_a_folder_of_root)
{
	umask(077);
	if (geteuid() == 0) {
		ck_assert_int_eq(file_mkdir(dir, "d", 0755), 0);
		ck_assert_uint_eq(mode_of("d"), 0755);
		ck_assert_int_eq(file_mkdir(dir, "d", 0700), 0);
		ck_assert_uint_eq(mode_of("d"), 0755);
		ck_assert_int_eq(fchownat(dir, "d", 1, 0, 0), 0);
		ck_assert_int_eq(file_mkdir(dir, "d", 0755), ERR_UNSAFE);
		ck_assert_uint_eq(mode_of("d"), 0755);
	} else {
		ck_assert_int_eq(file_mkdir(dir, "d", 0755), ERR_UNSAFE);
		expect_none("d");
	}
}
END_TEST

START_TEST(mkdir_refuses_what_is_no_folder)
{
	put("f", "x", 1);
	ck_assert_int_eq(file_mkdir(dir, "f", 0755), -ENOTDIR);
	ck_assert_int_eq(symlinkat("/", dir, "link"), 0);
	ck_assert_int_eq(file_mkdir(dir, "link", 0755), -ENOTDIR);
	ck_assert_int_eq(file_mkdir(dir, "none/d", 0755), -ENOENT);
	expect("f", "x");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("file");
	TCase *t = tcase_create("file");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, read_appends_all);
	tcase_add_test(t, read_takes_empty_files);
	tcase_add_test(t, read_takes_large_files);
	tcase_add_test(t, read_refuses_what_says_that_it_is_too_large);
	tcase_add_test(t, read_keeps_the_bound);
	tcase_add_test(t, read_does_not_trust_the_size);
	tcase_add_test(t, read_refuses_what_is_no_file);
	tcase_add_test(t, read_fd_goes_on_from_the_offset);
	tcase_add_test(t, read_fd_takes_a_pipe);
	tcase_add_test(t, write_tells_errors);
	tcase_add_test(t, replace_makes_and_replaces);
	tcase_add_test(t, replace_gives_a_new_inode);
	tcase_add_test(t, replace_works_below_a_folder);
	tcase_add_test(t, replace_takes_over_a_left_over);
	tcase_add_test(t, replace_never_writes_through_a_link);
	tcase_add_test(t, replace_fails_without_a_trace);
	tcase_add_test(t, replace_refuses_long_names);
	tcase_add_test(t, stage_and_commit_are_its_halves);
	tcase_add_test(t, settle_takes_what_was_staged);
	tcase_add_test(t, mkdir_makes_a_folder_of_root);
	tcase_add_test(t, mkdir_refuses_what_is_no_folder);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
