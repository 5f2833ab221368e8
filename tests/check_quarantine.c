/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "buf.h"
#include "check_main.h"
#include "json.h"
#include "jsonread.h"
#include "quarantine.h"
#include "scratch.h"

#define BIG ((uint64_t)1 << 20)
#define ONE "00000000000000ab-"

/* A folder in the scratch folder, and the file that is copied from. */
static int folder = -1;
static char name[QUARANTINE_NAME_MAX];
static struct quarantine_file file;
static bool again;		/* the same file as before */

static void
set_up(void)
{
	scratch_open();
	ck_assert_int_eq(mkdirat(scratch_fd, "q", 0700), 0);
	folder = openat(scratch_fd, "q", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(folder, 0);
	file = (struct quarantine_file){
		.txn = 0xab, .path = "/usr/bin/x", .package = "x:amd64",
		.version = "1.0-1", .expected = "md5:00", .actual = "md5:11"
	};
	strcpy(name, "untouched");
}

static void
tear_down(void)
{
	close(folder);
	scratch_close();
}

static int
keep_fd(uint64_t limit)
{
	int fd = openat(scratch_fd, "from", O_RDONLY | O_CLOEXEC), r;
	static time_t now = 1000000000;
	struct timespec t[2] = { { 0, UTIME_OMIT }, { 0, 0 } };

	ck_assert_int_ge(fd, 0);
	t[1].tv_sec = again ? now : ++now;
	ck_assert_int_eq(futimens(fd, t), 0);
	r = quarantine_keep(folder, limit, fd, &file, name);
	close(fd);
	return r;
}

static int
keep(uint64_t limit, const char *text)
{
	scratch_text("from", text);
	return keep_fd(limit);
}

/* Is kept under this name. */
static void
kept(uint64_t limit, const char *text, const char *as)
{
	int r = keep(limit, text);

	ck_assert_msg(r == 0, "%s", err_text(r));
	ck_assert_str_eq(name, as);
}

static void
refused(int r, int expected)
{
	ck_assert_msg(r == expected, "%d %s", r, err_text(r));
	ck_assert_str_eq(name, "untouched");
}

static char *
text_of(const char *in)
{
	char path[300];

	snprintf(path, sizeof(path), "q/%s", in);
	return scratch_read(path, NULL);
}

static void
holds(const char *in, const char *text)
{
	char *found = text_of(in);

	ck_assert_str_eq(found, text);
	free(found);
}

static bool
is_there(const char *in)
{
	struct stat st;

	return fstatat(folder, in, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Names in the folder, but for . and .. */
static size_t
count(void)
{
	DIR *d = fdopendir(openat(folder, ".", O_RDONLY | O_CLOEXEC));
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

/* Makes a copy as old as it says. */
static void
age(const char *in, time_t when)
{
	struct timespec t[2] = { { .tv_sec = when }, { .tv_sec = when } };

	ck_assert_int_eq(utimensat(folder, in, t, 0), 0);
}

static void
put(const char *in, const char *text)
{
	char path[300];

	snprintf(path, sizeof(path), "q/%s", in);
	scratch_text(path, text);
}

static void
member(const char *text, const char *key, const char *expected)
{
	struct buf value;

	buf_init(&value, 0);
	ck_assert_int_eq(jsonread_str(text, strlen(text) - 1, key, &value),
	                 0);
	ck_assert_str_eq(value.data, expected);
	buf_free(&value);
}

START_TEST(a_copy_and_what_is_known_of_it)
{
	const struct timespec t[2] = { { 7, 0 }, { 1700000000, 123 } };
	struct stat st;
	char *json, more[64];
	int fd;

	scratch_text("from", "tampered\n");
	fd = openat(scratch_fd, "from", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fchmod(fd, 04711), 0);
	ck_assert_int_eq(futimens(fd, t), 0);
	ck_assert_int_eq(lseek(fd, 3, SEEK_SET), 3);	/* no matter */
	ck_assert_int_eq(quarantine_keep(folder, 9, fd, &file, name), 0);
	close(fd);
	ck_assert_str_eq(name, ONE "1");
	holds(name, "tampered\n");
	ck_assert_uint_eq(count(), 2);
	ck_assert_int_eq(fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(st.st_uid, geteuid());
	ck_assert_int_eq(fstatat(folder, ONE "1.json", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	json = text_of(ONE "1.json");
	member(json, "type", "quarantine");
	member(json, "txn", "00000000000000ab");
	member(json, "path", "/usr/bin/x");
	member(json, "package", "x:amd64");
	member(json, "version", "1.0-1");
	member(json, "expected", "md5:00");
	member(json, "actual", "md5:11");
	member(json, "mode", "4711");
	snprintf(more, sizeof(more), "\"uid\":%u,\"gid\":%u,",
	         (unsigned int)geteuid(), (unsigned int)getegid());
	ck_assert_ptr_nonnull(strstr(json, "\"size\":9,"));
	ck_assert_ptr_nonnull(strstr(json, more));
	ck_assert_ptr_nonnull(strstr(json, "\"mtime\":1700000000000000123}\n"));
	ck_assert_ptr_nonnull(strstr(json, "\"time\":\"20"));
	free(json);
}
END_TEST

START_TEST(what_is_unknown_is_left_out)
{
	char *json;

	file = (struct quarantine_file){ .txn = 1, .path = "/a\xff\"\n" };
	kept(BIG, "", "0000000000000001-1");	/* empty is no harm */
	json = text_of("0000000000000001-1.json");
	ck_assert_ptr_null(strstr(json, "package"));
	ck_assert_ptr_null(strstr(json, "version"));
	ck_assert_ptr_null(strstr(json, "expected"));
	ck_assert_ptr_null(strstr(json, "actual"));
	member(json, "path_hex", "2f61ff220a");
	ck_assert(json_utf8(json));
	free(json);
	file.txn = UINT64_MAX;
	kept(BIG, "x", "ffffffffffffffff-1");
	kept(BIG, "y", "ffffffffffffffff-2");
}
END_TEST

START_TEST(never_more_than_the_limit)
{
	kept(10, "aaaa", ONE "1");
	kept(10, "bbbb", ONE "2");
	age(ONE "1", 2000);
	age(ONE "2", 1000);		/* the older one */
	file.txn = 1;
	kept(10, "cc", "0000000000000001-1");	/* just fits */
	ck_assert_uint_eq(count(), 6);
	kept(10, "d", "0000000000000001-2");
	ck_assert(!is_there(ONE "2"));
	ck_assert(!is_there(ONE "2.json"));
	holds(ONE "1", "aaaa");
	ck_assert_uint_eq(count(), 6);
	/* all the rest has to go */
	kept(10, "0123456789", "0000000000000001-3");
	ck_assert_uint_eq(count(), 2);
	holds(name, "0123456789");
	/* less is allowed now than there is */
	kept(3, "eee", "0000000000000001-4");
	ck_assert_uint_eq(count(), 2);
}
END_TEST

START_TEST(of_one_moment_the_first_goes_first)
{
	for (int i = 0; i < 11; i++)
		ck_assert_int_eq(keep(11, "a"), 0);
	for (int i = 1; i <= 11; i++) {
		char text[32];

		snprintf(text, sizeof(text), ONE "%d", i);
		age(text, 1000);
	}
	kept(11, "bb", ONE "12");
	ck_assert(!is_there(ONE "1") && !is_there(ONE "2"));
	ck_assert(is_there(ONE "3") && is_there(ONE "10"));
}
END_TEST

/* As a run that is refused every night. */
START_TEST(the_same_again)
{
	kept(BIG, "aaaa", ONE "1");
	again = true;
	file.txn = 1;
	kept(BIG, "aaaa", ONE "1");
	ck_assert_uint_eq(count(), 2);
	kept(4, "aaaa", ONE "1");	/* no room is needed */
	file.actual = "md5:12";
	kept(BIG, "aaaa", "0000000000000001-1");
	file.path = "/usr/bin/y";
	kept(BIG, "aaaa", "0000000000000001-2");
	file.path = "/usr/bin/x";
	file.actual = "md5:11";
	kept(BIG, "aaaaa", "0000000000000001-3");
	again = false;
	kept(BIG, "aaaa", "0000000000000001-4");	/* another mtime */
	again = true;
	kept(BIG, "aaaa", "0000000000000001-4");
	put("0000000000000001-4.json", "not what it was");
	kept(BIG, "aaaa", "0000000000000001-5");
	put("0000000000000001-5.json", "");
	kept(BIG, "aaaa", "0000000000000001-6");
	unlinkat(folder, "0000000000000001-6.json", 0);
	kept(BIG, "aaaa", "0000000000000001-7");
	file.actual = NULL;		/* who can say that it is the same? */
	kept(BIG, "aaaa", "0000000000000001-8");
	kept(BIG, "aaaa", "0000000000000001-9");
}
END_TEST

START_TEST(larger_than_the_limit)
{
	kept(4, "aaaa", ONE "1");
	strcpy(name, "untouched");
	refused(keep(4, "bbbbb"), ERR_LIMIT);
	refused(keep(0, "b"), ERR_LIMIT);
	holds(ONE "1", "aaaa");
	ck_assert_uint_eq(count(), 2);
}
END_TEST

START_TEST(holes_stay_holes)
{
	const off_t size = (off_t)64 << 20;
	struct stat st;
	char *text;
	size_t n;
	int fd;

	scratch_text("from", "begin");
	fd = openat(scratch_fd, "from", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, "middle", 6, size / 2), 6);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	close(fd);
	refused(keep_fd((uint64_t)size - 1), ERR_LIMIT);	/* by st_size */
	ck_assert_int_eq(keep_fd((uint64_t)size), 0);
	ck_assert_int_eq(fstatat(folder, name, &st, 0), 0);
	ck_assert_int_eq(st.st_size, size);
	ck_assert_int_lt(st.st_blocks, 4096);
	text = scratch_read("q/" ONE "1", &n);
	ck_assert_uint_eq(n, (size_t)size);
	ck_assert_int_eq(memcmp(text, "begin\0", 6), 0);
	ck_assert_int_eq(memcmp(text + size / 2 - 1, "\0middle\0", 8), 0);
	free(text);
	/* nothing but a hole */
	scratch_text("from", "");
	fd = openat(scratch_fd, "from", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
	close(fd);
	ck_assert_int_eq(keep_fd((uint64_t)size * 2), 0);
	ck_assert_int_eq(fstatat(folder, name, &st, 0), 0);
	ck_assert_int_eq(st.st_size, 1 << 20);
	ck_assert_int_lt(st.st_blocks, 64);
}
END_TEST

START_TEST(a_large_file)
{
	size_t n = 3 * 1024 * 1024 + 77, got;
	char *data = malloc(n), *copy;

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < n; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	scratch_write("from", data, n);
	ck_assert_int_eq(keep_fd(n), 0);
	copy = scratch_read("q/" ONE "1", &got);
	ck_assert_uint_eq(got, n);
	ck_assert_int_eq(memcmp(copy, data, n), 0);
	free(copy);
	free(data);
}
END_TEST

START_TEST(what_others_put_there)
{
	static const char *const names[] = {
		"notes", "00000000000000ab", "00000000000000ab-",
		"00000000000000ab-0", "00000000000000ab-01",
		"00000000000000AB-1", "00000000000000ab-1x",
		"00000000000000ab-1000000000", "0ab-1", "\xff\n", ".hidden",
		"00000000000000ab-1.json.json"
	};
	const size_t n = sizeof(names) / sizeof(*names);

	for (size_t i = 0; i < n; i++)
		put(names[i], "a long text of another's");
	kept(4, "aaaa", ONE "1");
	kept(4, "bbbb", ONE "2");
	for (size_t i = 0; i < n; i++)
		holds(names[i], "a long text of another's");
	ck_assert_uint_eq(count(), n + 2);
}
END_TEST

/* A name of ours that is no file: neither followed, nor counted, nor
 * removed, nor written over. */
START_TEST(a_symlink_in_the_folder)
{
	scratch_text("elsewhere", "safe");
	ck_assert_int_eq(symlinkat("../elsewhere", folder, ONE "1"), 0);
	ck_assert_int_eq(symlinkat("../made", folder, ONE "2.json"), 0);
	ck_assert_int_eq(symlinkat("../made", folder, ONE "3.new"), 0);
	ck_assert_int_eq(mkdirat(folder, ONE "4", 0700), 0);
	ck_assert_int_eq(mkfifoat(folder, ONE "5", 0600), 0);
	kept(4, "aaaa", ONE "6");
	kept(4, "bbbb", ONE "7");
	ck_assert(is_there(ONE "1") && is_there(ONE "2.json"));
	ck_assert(is_there(ONE "3.new") && is_there(ONE "4"));
	ck_assert(is_there(ONE "5"));
	ck_assert_int_lt(faccessat(scratch_fd, "made", F_OK, 0), 0);
	ck_assert_int_eq(faccessat(scratch_fd, "elsewhere", F_OK, 0), 0);
	put("0000000000000002-999999999", "x");
	file.txn = 2;
	strcpy(name, "untouched");
	refused(keep(4, "c"), ERR_LIMIT);	/* no number is left */
}
END_TEST

START_TEST(what_a_killed_run_left)
{
	put("0000000000000001-1.json", "{}");
	put("0000000000000001-1.new", "half");
	put(ONE "1.json", "{}");
	put("0000000000000002-1", "whole");
	put("0000000000000002-1.json", "{}");
	kept(100, "a", ONE "2");
	ck_assert_uint_eq(count(), 4);
	holds("0000000000000002-1", "whole");
	ck_assert(is_there("0000000000000002-1.json"));
}
END_TEST

START_TEST(no_file_and_no_folder)
{
	int fd = openat(scratch_fd, ".", O_RDONLY | O_CLOEXEC);

	refused(quarantine_keep(folder, BIG, fd, &file, name),
	        ERR_NOT_REGULAR);
	close(fd);
	refused(quarantine_keep(folder, BIG, fd, &file, name), -EBADF);
	scratch_text("from", "x");
	fd = openat(scratch_fd, "from", O_RDONLY | O_CLOEXEC);
	refused(quarantine_keep(-1, BIG, fd, &file, name), -EBADF);
	close(fd);
	fd = openat(scratch_fd, "from", O_WRONLY | O_CLOEXEC);
	refused(quarantine_keep(folder, BIG, fd, &file, name), -EBADF);
	close(fd);
	ck_assert_uint_eq(count(), 0);
}
END_TEST

/* Both get a name of their own, and the limit holds. */
START_TEST(two_at_a_time)
{
	pid_t pids[4];
	int status;

	scratch_text("from", "aaaa");
	file.actual = NULL;
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0) {
			/* an open file description of its own */
			int r = 0;

			folder = openat(scratch_fd, "q", O_RDONLY | O_CLOEXEC);
			for (int k = 0; r == 0 && k < 5; k++) {
				int fd = openat(scratch_fd, "from", O_RDONLY |
				                O_CLOEXEC);

				r = quarantine_keep(folder, 40, fd, &file,
				                    name);
				close(fd);
			}
			_exit(r == 0 ? 0 : 1);
		}
	}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(count(), 20);		/* ten, with their texts */
	ck_assert(is_there(ONE "20"));
}
END_TEST

/* Tests with a file system of their own; skipped where there can't be one. */
static bool
own_mount(const char *options)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		printf("# skipped: needs root and a mount namespace\n");
		return false;
	}
	/* both were opened in the namespace before */
	close(folder);
	close(scratch_fd);
	ck_assert_int_eq(chdir(scratch_path), 0);
	ck_assert_int_eq(mount("tmpfs", "q", "tmpfs", 0, options), 0);
	scratch_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(scratch_fd, 0);
	folder = open("q", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(folder, 0);
	return true;
}

static void
own_unmount(void)
{
	close(folder);
	folder = dup(scratch_fd);
	ck_assert_int_eq(umount2("q", MNT_DETACH), 0);
	ck_assert_int_eq(chdir("/"), 0);
}

START_TEST(a_full_disk)
{
	static char data[300 * 1024];

	if (!own_mount("size=256k,mode=0700"))
		return;
	memset(data, 'x', sizeof(data));
	kept(BIG, "before", ONE "1");
	strcpy(name, "untouched");
	scratch_write("from", data, sizeof(data));
	refused(keep_fd(BIG), -ENOSPC);
	ck_assert_uint_eq(count(), 2);
	holds(ONE "1", "before");
	kept(BIG, "after", ONE "2");
	own_unmount();
}
END_TEST

START_TEST(not_even_a_name)
{
	if (!own_mount("nr_inodes=4,mode=0700"))
		return;
	kept(BIG, "a", ONE "1");	/* folder, text, copy */
	strcpy(name, "untouched");
	refused(keep(BIG, "b"), -ENOSPC);
	ck_assert_uint_eq(count(), 2);
	ck_assert_int_eq(mount(NULL, "q", NULL, MS_REMOUNT | MS_RDONLY, NULL),
	                 0);
	refused(keep(BIG, "b"), -EROFS);
	own_unmount();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("quarantine");
	TCase *t = tcase_create("quarantine");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_copy_and_what_is_known_of_it);
	tcase_add_test(t, what_is_unknown_is_left_out);
	tcase_add_test(t, never_more_than_the_limit);
	tcase_add_test(t, of_one_moment_the_first_goes_first);
	tcase_add_test(t, the_same_again);
	tcase_add_test(t, larger_than_the_limit);
	tcase_add_test(t, holes_stay_holes);
	tcase_add_test(t, a_large_file);
	tcase_add_test(t, what_others_put_there);
	tcase_add_test(t, a_symlink_in_the_folder);
	tcase_add_test(t, what_a_killed_run_left);
	tcase_add_test(t, no_file_and_no_folder);
	tcase_add_test(t, two_at_a_time);
	tcase_add_test(t, a_full_disk);
	tcase_add_test(t, not_even_a_name);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
