/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "apart.h"
#include "check_main.h"
#include "err.h"
#include "sandbox.h"
#include "scratch.h"

#if (defined(__x86_64__) || defined(__aarch64__)) && \
    !defined(__SANITIZE_ADDRESS__)
#define LIMITED true
#else
#define LIMITED false		/* sandbox_calls has no list here */
#endif

#define KEPT (SANDBOX_CAP(CAP_CHOWN) | SANDBOX_CAP(CAP_LINUX_IMMUTABLE) | \
              SANDBOX_CAP(CAP_CHECKPOINT_RESTORE))
#define FLAGS SANDBOX_CAP(CAP_LINUX_IMMUTABLE)

struct rights {
	unsigned long long inherited, permitted, effective, bounding, ambient;
	int no_new;
};

static bool
rights_now(struct rights *r)
{
	char line[256];
	FILE *f = fopen("/proc/thread-self/status", "r");
	int got = 0;

	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL)
		got += sscanf(line, "CapInh: %llx", &r->inherited) +
		       sscanf(line, "CapPrm: %llx", &r->permitted) +
		       sscanf(line, "CapEff: %llx", &r->effective) +
		       sscanf(line, "CapBnd: %llx", &r->bounding) +
		       sscanf(line, "CapAmb: %llx", &r->ambient) +
		       sscanf(line, "NoNewPrivs: %d", &r->no_new);
	fclose(f);
	return got == 6;
}

static int
keep_some(int unused)
{
	struct rights a, b;

	(void)unused;
	HOLDS(rights_now(&a));
	HOLDS(sandbox_caps(KEPT) == 0);
	HOLDS(rights_now(&b));
	HOLDS(b.permitted == (a.permitted & KEPT));
	HOLDS(b.effective == b.permitted);
	HOLDS((b.inherited & ~KEPT) == 0);
	HOLDS(b.ambient == 0);
	HOLDS(b.no_new == 1);
	if (a.effective & SANDBOX_CAP(CAP_SETPCAP))
		HOLDS(b.bounding == (a.bounding & KEPT));
	/* what is given away stays away */
	sandbox_wake();
	HOLDS(rights_now(&a));
	HOLDS(a.permitted == b.permitted && a.effective == b.effective);
	return 0;
}

static int
keep_nothing(int unused)
{
	struct rights r;

	(void)unused;
	sandbox_nothing();
	HOLDS(rights_now(&r));
	HOLDS((r.permitted | r.effective | r.inherited | r.ambient) == 0);
	HOLDS(r.no_new == 1);
	return 0;
}

static int
rest_and_wake(int unused)
{
	struct rights a, b;

	(void)unused;
	HOLDS(rights_now(&a));
	sandbox_rest(KEPT);
	HOLDS(rights_now(&b));
	HOLDS(b.permitted == a.permitted);
	HOLDS(b.effective == (a.permitted & KEPT));
	HOLDS(b.no_new == a.no_new && b.bounding == a.bounding);
	sandbox_wake();
	HOLDS(rights_now(&b));
	HOLDS(b.permitted == a.permitted);
	HOLDS(b.effective == a.permitted);
	return 0;
}

static int
no_flags(int unused)
{
	struct rights a, b;

	(void)unused;
	HOLDS(rights_now(&a));
	HOLDS(sandbox_no_flags() == 0);
	HOLDS(rights_now(&b));
	HOLDS(b.permitted == (a.permitted & ~FLAGS));
	HOLDS(b.effective == b.permitted);
	HOLDS((b.inherited & FLAGS) == 0);
	if (a.effective & SANDBOX_CAP(CAP_SETPCAP))
		HOLDS(b.bounding == (a.bounding & ~FLAGS));
	/* programs that need theirs still get them */
	HOLDS(b.no_new == a.no_new);
	return 0;
}

/* Whoever can't give them away says so, and has them still. */
static int
caps_refused(int i)
{
	static const long calls[] = { SYS_capget, SYS_capset, SYS_prctl };
	struct rights a, b;

	HOLDS(rights_now(&a));
	HOLDS(deny(calls[i], -1, 0, EPERM));
	HOLDS(sandbox_caps(0) == -EPERM);
	if (i < 2)
		HOLDS(sandbox_no_flags() == -EPERM);
	HOLDS(rights_now(&b));
	HOLDS(a.permitted == b.permitted);
	return 0;
}

START_TEST(capabilities)
{
	int (*const checks[])(int) = {
		keep_some, keep_nothing, rest_and_wake, no_flags
	};

	apart(checks[_i], 0);
}
END_TEST

APART_TEST(capabilities_that_stay, caps_refused)

static bool
limit_is(__rlimit_resource_t what, rlim_t soft, rlim_t hard)
{
	struct rlimit l;

	return getrlimit(what, &l) == 0 && l.rlim_cur == soft &&
	       l.rlim_max == hard;
}

/* What is lower already stays as low. */
static int
limits(int unused)
{
	const struct rlimit core = { 0, 4096 }, locked = { 0, 0 };
	struct rlimit data;

	(void)unused;
	HOLDS(setrlimit(RLIMIT_CORE, &core) == 0);
	HOLDS(setrlimit(RLIMIT_MEMLOCK, &locked) == 0);
	HOLDS(getrlimit(RLIMIT_DATA, &data) == 0);
	HOLDS(sandbox_limits() == 0);
	HOLDS(limit_is(RLIMIT_CORE, 0, 0));
	HOLDS(limit_is(RLIMIT_MEMLOCK, 0, 0));
#ifndef __SANITIZE_ADDRESS__
	if (data.rlim_max > SANDBOX_MEMORY)
		data.rlim_max = SANDBOX_MEMORY;
	if (data.rlim_cur > data.rlim_max)
		data.rlim_cur = data.rlim_max;
	HOLDS(limit_is(RLIMIT_DATA, data.rlim_cur, data.rlim_max));
	data.rlim_cur = SANDBOX_MEMORY / 4;
	data.rlim_max = SANDBOX_MEMORY / 2;
	HOLDS(setrlimit(RLIMIT_DATA, &data) == 0);
	HOLDS(sandbox_limits() == 0);
	HOLDS(limit_is(RLIMIT_DATA, data.rlim_cur, data.rlim_max));
#endif
	return 0;
}

/* Each of them, asked for (the new one is NULL) and set (the old one is). */
static int
limits_refused(int i)
{
	static const unsigned int what[] = { RLIMIT_CORE, RLIMIT_MEMLOCK };

	if (i < 2)
		HOLDS(deny(SYS_prlimit64, 1, what[i], EPERM));
	else
		HOLDS(deny(SYS_prlimit64, 3, 0, EPERM));
	HOLDS(sandbox_limits() == -EPERM);
	return 0;
}

APART_TEST(limits_of_a_worker, limits)

APART_TEST(limits_that_can_not_be_set, limits_refused)

static bool
landlocked(void)
{
	if (syscall(SYS_landlock_create_ruleset, NULL, 0,
	            LANDLOCK_CREATE_RULESET_VERSION) > 0)
		return true;
	printf("# skipped: no Landlock\n");
	return false;
}

/* Can it be made (or written, if it is there)? */
static bool
can_write(const char *name)
{
	int fd = openat(scratch_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC,
	                0600);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool
can_read(const char *name)
{
	int fd = openat(scratch_fd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int
place(const char *name)
{
	return openat(scratch_fd, name, O_PATH | O_CLOEXEC);
}

static int
only_places(int unused)
{
	const struct sandbox_place places[] = {
		{ .fd = place("mine") }, { .fd = -1 },
		{ .fd = place("folders"), .folders_only = true },
		{ .fd = place("one") }
	};
	int open_now = openat(scratch_fd, "open", O_WRONLY | O_CLOEXEC);
	int fds = descriptors_open();

	(void)unused;
	/* without capabilities it takes this */
	HOLDS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	HOLDS(sandbox_files(places, 4, false) == 0);
	HOLDS(descriptors_open() == fds);
	HOLDS(can_write("mine/new") && can_read("mine/new"));
	HOLDS(mkdirat(scratch_fd, "mine/folder", 0700) == 0);
	HOLDS(can_write("mine/folder/new"));
	HOLDS(unlinkat(scratch_fd, "mine/new", 0) == 0);
	HOLDS(can_write("one") && can_read("one"));
	HOLDS(unlinkat(scratch_fd, "one", 0) < 0 && errno == EACCES);
	HOLDS(mkdirat(scratch_fd, "folders/new", 0700) == 0);
	HOLDS(unlinkat(scratch_fd, "folders/new", AT_REMOVEDIR) == 0);
	HOLDS(!can_write("folders/file") && errno == EACCES);
	HOLDS(!can_write("two") && errno == EACCES && can_read("two"));
	HOLDS(!can_write("new") && errno == EACCES);
	HOLDS(mkdirat(scratch_fd, "new", 0700) < 0 && errno == EACCES);
	HOLDS(write(open_now, "x", 1) == 1);
	return 0;
}

/* No place, no limits: and none where one of them is no place. */
static int
bad_places(int i)
{
	struct sandbox_place places[] = { { .fd = place("mine") },
		                          { .fd = 900 } };
	int ends[2], fds;

	HOLDS(pipe2(ends, O_CLOEXEC) == 0);
	fds = descriptors_open();
	if (i == 1)
		places[1].fd = ends[0];		/* lies in no tree of files */
	HOLDS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	HOLDS(sandbox_files(places, 2, false) == (i == 0 ? -EBADF : -EBADFD));
	HOLDS(descriptors_open() == fds);
	HOLDS(can_write("two"));
	return 0;
}

/* Who may still gain rights by a program may not take any away. */
static int
without_no_new(int unused)
{
	struct rights r;

	(void)unused;
	HOLDS(rights_now(&r));
	if (r.no_new == 1)
		return 0;
	sandbox_rest(0);
	HOLDS(sandbox_files(NULL, 0, false) == -EPERM);
	HOLDS(can_write("two"));
	HOLDS(sandbox_calls() == (LIMITED ? -EACCES : ERR_UNSUPPORTED));
	return 0;
}

static int
old_kernel(int i)
{
	const int result[] = { ERR_UNSUPPORTED, -EMFILE };

	if (i == 0)
		HOLDS(deny(SYS_landlock_create_ruleset, -1, 0, ENOSYS));
	else	/* to be told the version it gives a size of 0 */
		HOLDS(deny(SYS_landlock_create_ruleset, 2, 0, EMFILE));
	HOLDS(sandbox_files(NULL, 0, false) == result[i]);
	HOLDS(can_write("two"));
	return 0;
}

static void
make_places(void)
{
	scratch_open();
	ck_assert_int_eq(mkdirat(scratch_fd, "mine", 0700), 0);
	ck_assert_int_eq(mkdirat(scratch_fd, "folders", 0700), 0);
	scratch_text("one", "1");
	scratch_text("two", "2");
	scratch_text("open", "");
}

START_TEST(files)
{
	if (landlocked())
		apart(only_places, 0);
}
END_TEST

START_TEST(files_that_are_none)
{
	if (landlocked())
		apart(bad_places, _i);
}
END_TEST

START_TEST(rights_to_be_gained)
{
	if (landlocked())
		apart(without_no_new, 0);
}
END_TEST

START_TEST(kernels_without_landlock)
{
	if (_i == 0 || landlocked())
		apart(old_kernel, _i);
}
END_TEST

static int
calls(int i)
{
	HOLDS(sandbox_caps(0) == 0);
	HOLDS(sandbox_calls() == (LIMITED ? 0 : ERR_UNSUPPORTED));
	if (!LIMITED)
		return 0;
	HOLDS(getppid() > 0 && kill(getpid(), 0) == 0);
	HOLDS(fchmod(scratch_fd, 0777) < 0 && errno == EPERM);
	HOLDS(can_write("mine/new") && can_read("mine/new"));
	HOLDS(syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS);
	if (i == 0)
		return 0;
	/* the last that it does */
	if (i == 1)
		(void)socket(AF_UNIX, SOCK_STREAM, 0);
	else if (i == 2)
		(void)kill(getppid(), SIGCONT);
	else if (i == 3)
		(void)execl("/bin/true", "true", NULL);
	else
		(void)fork();
	return 1;
}

START_TEST(calls_of_a_worker)
{
	int status;
	pid_t pid;

	if (_i == 0 || !LIMITED) {
		apart(calls, 0);
		return;
	}
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(calls(_i));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
}
END_TEST

/* A kernel without seccomp's filters, and one that does not want ours. */
static int
no_filters(int i)
{
	static const int errors[] = { EINVAL, ENOSYS, ENOMEM };

	HOLDS(deny(SYS_prctl, 0, PR_SET_SECCOMP, errors[i]));
	HOLDS(sandbox_calls() == (i < 2 || !LIMITED ? ERR_UNSUPPORTED :
	                          -ENOMEM));
	return 0;
}

APART_TEST(kernels_without_filters, no_filters)

static Suite *
suite(void)
{
	Suite *s = suite_create("sandbox");
	TCase *t = tcase_create("sandbox");

	tcase_add_checked_fixture(t, make_places, scratch_close);
	tcase_add_loop_test(t, capabilities, 0, 4);
	tcase_add_loop_test(t, capabilities_that_stay, 0, 3);
	tcase_add_test(t, limits_of_a_worker);
	tcase_add_loop_test(t, limits_that_can_not_be_set, 0, 3);
	tcase_add_test(t, files);
	tcase_add_loop_test(t, files_that_are_none, 0, 2);
	tcase_add_test(t, rights_to_be_gained);
	tcase_add_loop_test(t, kernels_without_landlock, 0, 2);
	tcase_add_loop_test(t, calls_of_a_worker, 0, 5);
	tcase_add_loop_test(t, kernels_without_filters, 0, 3);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
