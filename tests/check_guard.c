/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <linux/capability.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "alive.h"
#include "apart.h"
#include "core_fixture.h"
#include "guard.h"
#include "lock.h"
#include "nested.h"

static void
bare(void)
{
	session_free(session);
	session = NULL;
	memset(&diag, 0, sizeof(diag));
	ok(session_open(top, NULL, &session, &diag));
}

/* Another process holds a lock of dpkg's for as long as `fd` is open. */
static pid_t
holder(const char *path, int *ret_fd)
{
	int ready_pipe[2], end[2];
	char c = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(ready_pipe), 0);
	ck_assert_int_eq(pipe(end), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
		pid_t other;

		close(end[1]);
		if (fd < 0 || lock_posix(fd, &other) < 0 ||
		    write(ready_pipe[1], "x", 1) != 1 ||
		    read(end[0], &c, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(end[0]);
	ck_assert_int_eq(read(ready_pipe[0], &c, 1), 1);
	close(ready_pipe[0]);
	close(ready_pipe[1]);
	*ret_fd = end[1];
	return pid;
}

static void
let_go(pid_t pid, int fd)
{
	int wstatus = 1;

	close(fd);
	ck_assert_int_eq(waitpid(pid, &wstatus, 0), pid);
	ck_assert_int_eq(wstatus, 0);
}

START_TEST(locks)
{
	struct guard guard = { .frontend_fd = -1 }, none = guard;
	struct session *mine;
	char who[32];
	pid_t pid;
	int fd;

	NEEDS_ROOT();
	adopt();
	bare();
	pid = holder(host("/var/lib/dpkg/lock-frontend"), &fd);
	ck_assert_int_eq(guard_take(session, false, &guard, &diag), ERR_BUSY);
	snprintf(who, sizeof(who), "pid %d", (int)pid);
	ck_assert_ptr_nonnull(strstr(diag.what, who));
	ck_assert_int_eq(guard.frontend_fd, -1);
	ck_assert_int_lt(session->state->lock_fd, 0);
	/* a front end holds it for us */
	ok(guard_take(session, true, &guard, &diag));
	ck_assert_int_eq(guard.frontend_fd, -1);
	let_go(pid, fd);
	guard_drop(&guard);
	guard_drop(&none);
	/* our own lock is taken: nothing is kept */
	mine = session;
	session = NULL;
	bare();
	ck_assert_int_eq(guard_take(session, false, &guard, &diag), ERR_BUSY);
	ck_assert_int_eq(guard.frontend_fd, -1);
	session_free(mine);
	ok(guard_take(session, false, &guard, &diag));
	ck_assert_int_ge(guard.frontend_fd, 0);
	guard_drop(&guard);
	ck_assert_int_eq(guard.frontend_fd, -1);
}
END_TEST

START_TEST(dpkg_at_work)
{
	pid_t pid;
	int fd;

	NEEDS_ROOT();
	adopt();
	bare();
	ok(guard_dpkg_idle(session, &diag));	/* no lock file at all */
	pid = holder(host("/var/lib/dpkg/lock"), &fd);
	ck_assert_int_eq(guard_dpkg_idle(session, &diag), ERR_BUSY);
	let_go(pid, fd);
	ok(guard_dpkg_idle(session, &diag));
}
END_TEST

/* What stands in the run folder, and how many inodes are free. */
static unsigned long
left(unsigned long *ret_names)
{
	DIR *d = opendir(host("/var/lib/dpkg-immutable/run"));
	struct statvfs v;

	ck_assert_ptr_nonnull(d);
	for (*ret_names = 0; readdir(d) != NULL; ++*ret_names)
		;
	closedir(d);
	ck_assert_int_eq(statvfs(top, &v), 0);
	return v.f_ffree;
}

static void
give_right_away(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1u << CAP_LINUX_IMMUTABLE);
	ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
}

/* Tried a hundred times, with and without the right: nothing is left. */
/* As a process below this one sees it. */
static int
below(int wanted)
{
	HOLDS(guard_below_orphan(session) == (wanted != 0));
	return 0;
}

/* We are the dpkg that has lost its engine. */
START_TEST(below_a_dpkg_without_engine)
{
	pid_t pid;
	int fd, note, lock;

	NEEDS_ROOT();
	adopt();
	bare();
	note = state_child_note(session->state);
	ck_assert_int_ge(note, 0);
	apart(below, 0);
	/* a note is not enough, nor that anybody holds the lock */
	ok(alive_note(note));
	apart(below, 0);
	pid = holder(host("/var/lib/dpkg/lock"), &fd);
	apart(below, 0);
	let_go(pid, fd);
	lock = open(host("/var/lib/dpkg/lock"), O_RDWR | O_CREAT | O_CLOEXEC,
	            0640);
	ck_assert_int_ge(lock, 0);
	ok(lock_posix(lock, &pid));
	apart(below, 1);
	ck_assert(!guard_below_orphan(session));	/* not below itself */
	ok(ftruncate(note, 0));
	apart(below, 0);
	close(lock);
	close(note);
}
END_TEST

/* A run that had to retreat to /run has its note there. */
START_TEST(the_note_of_the_other_place)
{
	int place, note;

	NEEDS_ROOT();
	adopt();
	bare();
	ok(guard_child_gone(session->state, &diag));
	ok(state_lock(session->state));
	ok(state_retreat(session->state));
	note = state_child_note(session->state);
	ck_assert_int_ge(note, 0);
	ok(alive_note(note));
	ck_assert_int_eq(guard_child_gone(session->state, &diag), ERR_BUSY);
	place = session->state->run_fd;
	session->state->run_fd = state_other_place(session->state);
	session->state->in_run = false;
	ck_assert_int_ge(session->state->run_fd, 0);
	ck_assert_int_eq(guard_child_gone(session->state, &diag), ERR_BUSY);
	ok(ftruncate(note, 0));
	ok(guard_child_gone(session->state, &diag));
	close(place);
	close(note);
}
END_TEST

static int
wait_without_locks(int i)
{
	struct timespec before, after;

	(void)i;
	HOLDS(deny(SYS_fcntl, 1, F_OFD_SETLK, ENOMEM));
	clock_gettime(CLOCK_MONOTONIC, &before);
	HOLDS(nested_wait(session->state->run_fd, 20) == -ENOMEM);
	clock_gettime(CLOCK_MONOTONIC, &after);
	HOLDS(after.tv_sec - before.tv_sec < 10);
	return 0;
}

/* Nobody can have joined who could not lock either. */
START_TEST(no_wait_where_there_are_no_locks)
{
	int fd;

	NEEDS_ROOT();
	adopt();
	bare();
	fd = nested_wait(session->state->run_fd, 1);
	ck_assert_int_ge(fd, 0);
	close(fd);
	apart(wait_without_locks, 0);
}
END_TEST

START_TEST(the_right_to_flag)
{
	unsigned long names, after, free_inodes;
	int before;

	NEEDS_ROOT();
	adopt();
	bare();
	free_inodes = left(&names);
	before = descriptors_open();
	for (int i = 0; i < 100; i++)
		ok(guard_may_flag(session, &diag));
	ck_assert_uint_eq(left(&after), free_inodes);
	ck_assert_uint_eq(after, names);
	give_right_away();
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(guard_may_flag(session, &diag), -EPERM);
	ck_assert_ptr_nonnull(strstr(diag.what, "CAP_LINUX_IMMUTABLE"));
	ck_assert_int_eq(descriptors_open(), before);
	ck_assert_uint_eq(left(&after), free_inodes);
	ck_assert_uint_eq(after, names);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("guard");
	TCase *t = tcase_create("guard");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, locks);
	tcase_add_test(t, dpkg_at_work);
	tcase_add_test(t, below_a_dpkg_without_engine);
	tcase_add_test(t, the_note_of_the_other_place);
	tcase_add_test(t, no_wait_where_there_are_no_locks);
	tcase_add_test(t, the_right_to_flag);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
