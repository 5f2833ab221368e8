/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/ioprio.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_main.h"
#include "polite.h"

#define SIZE ((size_t)3 << 20)

/* A file on the disk that the tests are run on: /tmp may be memory. */
static int
some_file(size_t size)
{
	char name[] = "di-polite.XXXXXX";
	char *data = malloc(size + 1);
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_nonnull(data);
	unlink(name);
	memset(data, 'x', size);
	ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
	ck_assert_int_eq(fsync(fd), 0);
	free(data);
	return fd;
}

static bool
pages_can_be_dropped(int fd)
{
	struct statfs fs;

	ck_assert_int_eq(fstatfs(fd, &fs), 0);
	if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC)
		return true;
	printf("# skipped: the working folder is in memory\n");
	return false;
}

static void
touch_byte(int fd, off_t at)
{
	char byte;

	ck_assert_int_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), 0);
	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
}

/* 0, or the number of the step that went wrong. */
static int
cached_and_dropped(int fd)
{
	if (!polite_cached(fd, SIZE))
		return 1;
	polite_drop(fd);
	if (polite_cached(fd, SIZE))
		return 2;
	/* A single page, the last one. */
	touch_byte(fd, SIZE - 1);
	if (!polite_cached(fd, SIZE))
		return 3;
	polite_drop(fd);
	return polite_cached(fd, SIZE) ? 4 : 0;
}

START_TEST(cached)
{
	int fd = some_file(SIZE);

	ck_assert(polite_cached(fd, SIZE));
	if (pages_can_be_dropped(fd))
		ck_assert_int_eq(cached_and_dropped(fd), 0);
	close(fd);
}
END_TEST

/* As on a kernel before 6.5. */
static bool
forbid_cachestat(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		         offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 451, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	struct sock_fprog all = { sizeof(code) / sizeof(*code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) == 0 &&
	       syscall(451, -1, NULL, NULL, 0) < 0 && errno == ENOSYS;
}

START_TEST(cached_without_cachestat)
{
	int fd = some_file(SIZE), status;
	pid_t pid;

	if (!pages_can_be_dropped(fd)) {
		close(fd);
		return;
	}
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(forbid_cachestat() ? cached_and_dropped(fd) : 77);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		printf("# skipped: no seccomp\n");
	else
		ck_assert_int_eq(status, 0);
	close(fd);
}
END_TEST

/* More than is asked of mincore at once, nearly all of it a hole. */
START_TEST(far_away_in_a_large_file)
{
	off_t size = ((off_t)200 << 20) + 5;
	int fd = some_file(1), status;
	pid_t pid;

	if (!pages_can_be_dropped(fd)) {
		close(fd);
		return;
	}
	ck_assert_int_eq(ftruncate(fd, size), 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, size - 1), 1);
	ck_assert_int_eq(fsync(fd), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		polite_drop(fd);
		if (!forbid_cachestat())
			_exit(77);
		if (polite_cached(fd, (uint64_t)size))
			_exit(1);
		touch_byte(fd, size - 1);
		_exit(polite_cached(fd, (uint64_t)size) ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		printf("# skipped: no seccomp\n");
	else
		ck_assert_int_eq(status, 0);
	close(fd);
}
END_TEST

START_TEST(what_cannot_be_told_stays)
{
	ck_assert(polite_cached(-1, 1));
	ck_assert(polite_cached(-1, SIZE));
	ck_assert(!polite_cold(-1));
	polite_drop(-1);
}
END_TEST

START_TEST(an_empty_file)
{
	int fd = some_file(0);

	ck_assert(!polite_cached(fd, 0));
	ck_assert(!polite_cold(fd));
	polite_drop(fd);
	close(fd);
}
END_TEST

START_TEST(cold)
{
	int fd = some_file(SIZE);
	bool is_cold = false;

	ck_assert(!polite_cold(fd));
	if (pages_can_be_dropped(fd)) {
		/* Asking may make the kernel read ahead, and pages that it has
		 * in hand stay: so it is dropped before each look. */
		for (int i = 0; i < 50; i++) {
			polite_drop(fd);
			errno = 0;
			is_cold = polite_cold(fd);
			if (is_cold || errno == EOPNOTSUPP)
				break;
			usleep(10000);
		}
		if (!is_cold && errno == EOPNOTSUPP)
			printf("# skipped: no RWF_NOWAIT here\n");
		else
			ck_assert(is_cold);
		touch_byte(fd, 0);
		ck_assert(!polite_cold(fd));
	}
	close(fd);
}
END_TEST

/* Does not move where the next read begins. */
START_TEST(the_offset_stays)
{
	int fd = some_file(SIZE);

	ck_assert_int_eq(lseek(fd, 5, SEEK_SET), 5);
	polite_cold(fd);
	polite_cached(fd, SIZE);
	polite_drop(fd);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 5);
	close(fd);
}
END_TEST

static int
priorities_wrong(void)
{
	long io = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);

	if (getpriority(PRIO_PROCESS, 0) != 19)
		return 1;
	return io < 0 || IOPRIO_PRIO_CLASS(io) != IOPRIO_CLASS_IDLE ? 2 : 0;
}

static void *
in_thread(void *ret)
{
	*(int *)ret = priorities_wrong();
	return NULL;
}

START_TEST(lowest_priorities)
{
	int status, wrong = 9;
	pthread_t thread;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (priorities_wrong() == 0)
			_exit(77);
		polite_begin();
		if (priorities_wrong() != 0)
			_exit(priorities_wrong());
		if (pthread_create(&thread, NULL, in_thread, &wrong) != 0 ||
		    pthread_join(thread, NULL) != 0)
			_exit(8);
		_exit(wrong != 0 ? 10 + wrong : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		printf("# skipped: they are the lowest already\n");
	else
		ck_assert_int_eq(status, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("polite");
	TCase *t = tcase_create("polite");

	tcase_add_test(t, cached);
	tcase_add_test(t, cached_without_cachestat);
	tcase_add_test(t, far_away_in_a_large_file);
	tcase_add_test(t, what_cannot_be_told_stays);
	tcase_add_test(t, an_empty_file);
	tcase_add_test(t, cold);
	tcase_add_test(t, the_offset_stays);
	tcase_add_test(t, lowest_priorities);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
