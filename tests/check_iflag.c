/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "check_main.h"
#include "err.h"
#include "iflag.h"

#define BOTH (IFLAG_IMMUTABLE | IFLAG_APPEND)
#define NODUMP 0x00000040u

static char top[64];

/*
 * A tmpfs that only this process sees, so that no flag is ever set on the
 * machine itself. Not with CK_FORK=no: the runner would stay in there.
 */
static bool
private_tmpfs(unsigned long flags)
{
	const char *mode = getenv("CK_FORK");
	char made[] = "/tmp/check_iflag.XXXXXX";
	unsigned int old;
	int fd;

	if (geteuid() != 0 || (mode != NULL && strcmp(mode, "no") == 0) ||
	    unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		printf("# skipped: needs root and a mount namespace\n");
		return false;
	}
	ck_assert_ptr_nonnull(mkdtemp(made));
	snprintf(top, sizeof(top), "%s", made);
	ck_assert_int_eq(mount("tmpfs", top, "tmpfs", flags, "size=1m"), 0);
	ck_assert_int_eq(chdir(top), 0);
	fd = open(".", O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(fd, 0);
	if (iflag_get(fd, &old) == ERR_UNSUPPORTED) {
		printf("# skipped: no flags on the tmpfs of this kernel\n");
		close(fd);
		return false;
	}
	close(fd);
	return true;
}

static void
leave(void)
{
	if (top[0] == '\0')
		return;
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(umount2(top, MNT_DETACH), 0);
	ck_assert_int_eq(rmdir(top), 0);
	top[0] = '\0';
}

static int
new_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static struct node
node(int fd)
{
	struct node n;

	ck_assert_int_eq(node_of_fd(fd, &n), 0);
	return n;
}

START_TEST(set_and_lift)
{
	unsigned int flags = 0, old = ~0u;
	struct node n;
	int fd;

	if (!private_tmpfs(0))
		return;
	fd = new_file("f");
	ck_assert_int_eq(iflag_get(fd, &flags), 0);
	ck_assert_uint_eq(flags & BOTH, 0);
	n = node(fd);
	ck_assert_uint_eq(iflag_of_node(&n, true), 0);

	ck_assert_int_eq(iflag_set(fd, IFLAG_IMMUTABLE, BOTH, &old), 1);
	ck_assert_uint_eq(old, flags);
	ck_assert_int_eq(iflag_get(fd, &flags), 0);
	ck_assert_uint_eq(flags & BOTH, IFLAG_IMMUTABLE);
	n = node(fd);
	ck_assert_uint_eq(iflag_of_node(&n, true), IFLAG_IMMUTABLE);
	ck_assert_uint_eq(iflag_of_node(&n, false), 0);
	ck_assert_int_lt(open("f", O_WRONLY | O_CLOEXEC), 0);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_lt(unlink("f"), 0);

	ck_assert_int_eq(iflag_set(fd, 0, IFLAG_IMMUTABLE, NULL), 1);
	ck_assert_int_eq(iflag_get(fd, &flags), 0);
	ck_assert_uint_eq(flags & BOTH, 0);
	ck_assert_int_eq(unlink("f"), 0);
	close(fd);
	leave();
}
END_TEST

START_TEST(other_flags_stay)
{
	unsigned int flags = 0, old = 0;
	int fd;

	if (!private_tmpfs(0))
		return;
	fd = new_file("f");
	ck_assert_int_eq(iflag_set(fd, NODUMP, NODUMP, NULL), 1);
	ck_assert_int_eq(iflag_set(fd, IFLAG_APPEND, IFLAG_APPEND, NULL), 1);
	/* bits of value outside of mask do not count */
	ck_assert_int_eq(iflag_set(fd, ~0u, IFLAG_IMMUTABLE, NULL), 1);
	ck_assert_int_eq(iflag_get(fd, &flags), 0);
	ck_assert_uint_eq(flags, NODUMP | BOTH);
	ck_assert_int_eq(iflag_set(fd, 0, IFLAG_IMMUTABLE, &old), 1);
	ck_assert_uint_eq(old, NODUMP | BOTH);
	ck_assert_int_eq(iflag_get(fd, &flags), 0);
	ck_assert_uint_eq(flags, NODUMP | IFLAG_APPEND);
	close(fd);
	leave();
}
END_TEST

START_TEST(no_needless_write)
{
	const struct timespec tick = { 0, 20 * 1000 * 1000 };
	struct node before, after;
	unsigned int old = 0;
	int fd;

	if (!private_tmpfs(0))
		return;
	fd = new_file("f");
	ck_assert_int_eq(iflag_set(fd, IFLAG_IMMUTABLE, BOTH, NULL), 1);
	before = node(fd);
	nanosleep(&tick, NULL);
	ck_assert_int_eq(iflag_set(fd, IFLAG_IMMUTABLE, BOTH, &old), 0);
	ck_assert_uint_eq(old & BOTH, IFLAG_IMMUTABLE);
	after = node(fd);
	ck_assert_int_eq(before.ctime, after.ctime);
	ck_assert_int_eq(iflag_set(fd, 0, BOTH, NULL), 1);
	after = node(fd);
	ck_assert_int_ne(before.ctime, after.ctime);
	close(fd);
	leave();
}
END_TEST

START_TEST(read_only_mount)
{
	struct fskind kind;
	unsigned int old = 7;
	int fd;

	if (!private_tmpfs(0))
		return;
	close(new_file("f"));
	fd = open("f", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fskind_of(fd, &kind), 0);
	ck_assert(!kind.read_only);
	ck_assert_int_eq(mount(NULL, top, NULL, MS_REMOUNT | MS_RDONLY,
	                       NULL), 0);
	ck_assert_int_eq(iflag_set(fd, IFLAG_IMMUTABLE, BOTH, &old), -EROFS);
	ck_assert_uint_eq(old, 7);
	ck_assert_int_eq(iflag_set(fd, 0, BOTH, NULL), 0);
	ck_assert_int_eq(fskind_of(fd, &kind), 0);
	ck_assert_str_eq(kind.name, "tmpfs");
	ck_assert(kind.flags && kind.read_only);
	ck_assert(!kind.overlay && !kind.journaled);
	close(fd);
	leave();
}
END_TEST

static bool
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return done;
}

/* Becomes root of a user namespace that has only this one user. */
static bool
own_user_namespace(void)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1\n", geteuid());
	snprintf(groups, sizeof(groups), "0 %u 1\n", getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       put("/proc/self/uid_map", users) &&
	       put("/proc/self/setgroups", "deny") &&
	       put("/proc/self/gid_map", groups);
}

/* Such a root has no right to the flag. */
START_TEST(without_the_right)
{
	char made[] = "/tmp/check_iflag.XXXXXX";
	const char *mode = getenv("CK_FORK");
	unsigned int old = 7;
	int err;
	int fd;

	if ((mode != NULL && strcmp(mode, "no") == 0) ||
	    !own_user_namespace()) {
		printf("# skipped: no user namespace\n");
		return;
	}
	if (mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m,mode=0777") < 0) {
		printf("# skipped: no mount in a user namespace\n");
		return;
	}
	fd = mkstemp(made);
	ck_assert_int_ge(fd, 0);
	err = iflag_set(fd, IFLAG_IMMUTABLE, BOTH, &old);
	ck_assert(err == -EPERM || err == ERR_UNSUPPORTED);
	ck_assert_uint_eq(old, 7);
	close(fd);
}
END_TEST

START_TEST(where_there_are_none)
{
	unsigned int flags = 7;
	struct fskind kind;
	int ends[2];
	int fd;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(iflag_get(ends[0], &flags), ERR_UNSUPPORTED);
	ck_assert_int_eq(iflag_set(ends[0], BOTH, BOTH, &flags),
	                 ERR_UNSUPPORTED);
	ck_assert_uint_eq(flags, 7);
	ck_assert_int_eq(fskind_of(ends[0], &kind), 0);
	ck_assert_str_eq(kind.name, "unknown");
	ck_assert(!kind.flags);
	close(ends[0]);
	close(ends[1]);

	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(iflag_get(fd, &flags), ERR_UNSUPPORTED);
	ck_assert_int_eq(fskind_of(fd, &kind), 0);
	ck_assert_str_eq(kind.name, "proc");
	ck_assert(!kind.flags && !kind.overlay && !kind.journaled);
	close(fd);

	ck_assert_int_eq(iflag_get(-1, &flags), -EBADF);
	ck_assert_int_eq(iflag_set(-1, 0, BOTH, &flags), -EBADF);
	ck_assert_int_eq(fskind_of(-1, &kind), -EBADF);
}
END_TEST

START_TEST(kind_by_path_descriptor)
{
	struct fskind kind;
	int fd = open("/proc", O_PATH | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fskind_of(fd, &kind), 0);
	ck_assert_str_eq(kind.name, "proc");
	close(fd);
}
END_TEST

START_TEST(what_a_node_says)
{
	struct node n = { .attributes = STATX_ATTR_IMMUTABLE |
	                  STATX_ATTR_APPEND | STATX_ATTR_COMPRESSED };

	ck_assert_uint_eq(iflag_of_node(&n, true), 0);
	n.attributes_mask = STATX_ATTR_APPEND;
	ck_assert_uint_eq(iflag_of_node(&n, true), IFLAG_APPEND);
	n.attributes_mask = ~UINT64_C(0);
	ck_assert_uint_eq(iflag_of_node(&n, true), BOTH);
	ck_assert_uint_eq(iflag_of_node(&n, false), 0);
}
END_TEST

#define MANY (2 * IFLAG_BATCH + 3)

static size_t asked, at_most;

/* In place of a keeper: each second one may not be changed. */
static void
pretend(struct iflag_change *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(list[i]->value, IFLAG_IMMUTABLE);
		list[i]->result = (asked + i) % 2 == 0 ? 1 : -EPERM;
	}
	asked += n;
	if (n > at_most)
		at_most = n;
}

static bool
pretend_journal(int fd)
{
	(void)fd;
	return true;
}

START_TEST(somebody_else_changes_them)
{
	static const struct iflag_maker maker = { pretend, pretend_journal };
	struct iflag_change list[MANY + 1];
	unsigned int flags, old = 77;
	int null;

	if (!private_tmpfs(0))
		return;
	for (size_t i = 0; i < MANY; i++) {
		list[i] = (struct iflag_change){
			open(".", O_RDWR | O_TMPFILE, 0600), IFLAG_IMMUTABLE,
			IFLAG_IMMUTABLE, 99
		};
		ck_assert_int_ge(list[i].fd, 0);
	}
	/* as it is wanted already */
	ck_assert_int_eq(iflag_set(list[5].fd, IFLAG_IMMUTABLE,
	                           IFLAG_IMMUTABLE, NULL), 1);
	null = open("/dev/null", O_RDONLY);
	list[MANY] = list[0];
	list[MANY].fd = null;
	iflag_through(&maker);
	iflag_set_all(list, MANY + 1);
	ck_assert_uint_eq(asked, MANY + 1);
	ck_assert_uint_eq(at_most, IFLAG_BATCH);
	ck_assert_int_eq(list[0].result, 1);
	ck_assert_int_eq(list[1].result, -EPERM);
	/* it only said so */
	ck_assert_int_eq(iflag_get(list[0].fd, &flags), 0);
	ck_assert_uint_eq(flags & IFLAG_IMMUTABLE, 0);
	/* alone, nobody is asked for what is so already */
	ck_assert_int_eq(iflag_set(list[5].fd, IFLAG_IMMUTABLE,
	                           IFLAG_IMMUTABLE, NULL), 0);
	asked = 1;
	ck_assert_int_eq(iflag_set(list[0].fd, IFLAG_IMMUTABLE,
	                           IFLAG_IMMUTABLE, &old), -EPERM);
	ck_assert_uint_eq(old, 77);
	iflag_through(NULL);
	iflag_set_all(list, MANY);
	for (size_t i = 0; i < MANY; i++)
		ck_assert_int_eq(list[i].result, i != 5);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("iflag");
	TCase *t = tcase_create("iflag");

	tcase_add_checked_fixture(t, NULL, leave);
	tcase_add_test(t, set_and_lift);
	tcase_add_test(t, other_flags_stay);
	tcase_add_test(t, no_needless_write);
	tcase_add_test(t, read_only_mount);
	tcase_add_test(t, without_the_right);
	tcase_add_test(t, where_there_are_none);
	tcase_add_test(t, kind_by_path_descriptor);
	tcase_add_test(t, what_a_node_says);
	tcase_add_test(t, somebody_else_changes_them);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
