/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "check_main.h"
#include "err.h"
#include "iflag.h"
#include "keeper_priv.h"
#include "log.h"

#if defined(__SANITIZE_ADDRESS__)
#define LIMITED false		/* sanitizers call what no worker may */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIMITED false
#endif
#endif
#ifndef LIMITED
#define LIMITED true
#endif

static char *const no_env[] = { NULL };
static char *const argv_exit[] = {
	(char *)"sh", (char *)"-c",
	(char *)"exit ${DPKG_FRONTEND_LOCKED:+4}3", NULL
};
static const struct keeper_job nothing = { .envp = no_env, .instdir = "" };
static struct keeper_result result;

struct said {
	int a, b;
	pid_t pid, keeper;
};

static int
work(void *ctx)
{
	struct said *s = ctx;

	s->a += 1;
	s->b = 7;
	s->pid = getpid();
	s->keeper = keeper_pid();
	return 42;
}

START_TEST(what_a_worker_gives_comes_back)
{
	struct said s = { .a = 1 };
	int before = descriptors_open();

	ck_assert_int_eq(keeper_do(&nothing, work, &s, &s, sizeof(s),
	                           &result), 0);
	ck_assert_int_eq(result.status, 42);
	ck_assert(!result.ran);
	ck_assert_int_eq(s.a, 2);
	ck_assert_int_eq(s.b, 7);
	ck_assert_int_ne(s.pid, getpid());
	ck_assert_int_eq(s.keeper, getpid());
	ck_assert_int_eq(keeper_pid(), getpid());
	ck_assert_int_eq(descriptors_open(), before);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(keeper_do(&nothing, work, &s, &s, KEEPER_ANSWER + 1,
	                           &result), -EINVAL);
}
END_TEST

/* Nobody is told then how the worker ended; its last word has to do. */
START_TEST(a_caller_that_ignores_children)
{
	struct said s = { .a = 1 };

	signal(SIGCHLD, SIG_IGN);
	ck_assert_int_eq(keeper_do(&nothing, work, &s, &s, sizeof(s),
	                           &result), 0);
	ck_assert_int_eq(result.status, 42);
	signal(SIGCHLD, SIG_DFL);
}
END_TEST

/* A worker gets nothing that can be written to. */
static int
read_only(int fd)
{
	char name[40];
	int again;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	again = open(name, O_RDONLY | O_CLOEXEC);
	close(fd);
	return again;
}

/* A helper that died: what was asked of it is asked of the keeper. */
static int
lose_helpers(void *ctx)
{
	struct iflag_change c = { .fd = *(int *)ctx, .mask = IFLAG_IMMUTABLE };
	int next = dup(c.fd);

	close(next);
	keeper_help(3);
	if (fcntl(next, F_GETFD) < 0)
		return 1;
	iflag_set_all(&c, 1);
	if (c.result != 0)
		return 2;
	close(next);
	for (int i = 0; i < 3; i++) {
		iflag_set_all(&c, 1);
		if (c.result != 0)
			return 3;
	}
	return 4;
}

START_TEST(a_helper_that_is_lost)
{
	int fd = read_only(open(".", O_RDWR | O_TMPFILE, 0600)), before;
	unsigned int flags;

	if (fd < 0 || iflag_get(fd, &flags) < 0) {
		printf("# skipped: no flags on this file system\n");
		return;
	}
	before = descriptors_open();
	ck_assert_int_eq(keeper_do(&nothing, lose_helpers, &fd, NULL, 0,
	                           &result), 0);
	ck_assert_int_eq(result.status, 4);
	ck_assert_int_eq(descriptors_open(), before);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	close(fd);
}
END_TEST

static int
be_killed(void *ctx)
{
	(void)ctx;
	kill(getpid(), SIGKILL);
	return 0;
}

static int
leave(void *ctx)
{
	(void)ctx;
	_exit(0);
}

START_TEST(a_worker_that_is_lost)
{
	char answer = 'a';

	log_quiet(true);
	ck_assert_int_eq(keeper_do(&nothing, leave, NULL, &answer, 1,
	                           &result), ERR_CHILD);
	/* with seccomp it dies by the call itself: of the same signal or not */
	ck_assert_int_eq(keeper_do(&nothing, be_killed, NULL, &answer, 1,
	                           &result), ERR_CHILD);
	ck_assert_int_eq(answer, 'a');
}
END_TEST

static int
run_twice(void *ctx)
{
	struct child_result *r = ctx;

	if (keeper_run(true, -1, &r[0]) != 0)
		return 1;
	return keeper_run(false, -1, &r[1]) == -EINVAL ? 2 : 3;
}

static int
run_none(void *ctx)
{
	(void)ctx;
	return -keeper_run(false, -1, &(struct child_result){ .signal = 0 });
}

START_TEST(the_one_program)
{
	const struct keeper_job job = {
		.path = "/bin/sh", .argv = argv_exit, .envp = no_env,
		.instdir = ""
	};
	struct child_result r[2] = { { .signal = 0 } };

	ck_assert_int_eq(keeper_do(&job, run_twice, r, r, sizeof(r), &result),
	                 0);
	ck_assert_int_eq(result.status, 2);
	ck_assert(result.ran);
	ck_assert_int_eq(result.child.exit_status, 43);
	ck_assert_int_eq(r[0].exit_status, 43);
	ck_assert_int_eq(keeper_do(&nothing, run_none, NULL, NULL, 0,
	                           &result), 0);
	ck_assert_int_eq(result.status, ENOENT);
	ck_assert_int_eq(keeper_run(false, -1, r), -ENOENT);
}
END_TEST

/* What a worker that somebody else has taken over might try. */
static int
do_socket(void *ctx)
{
	(void)ctx;
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static int
do_exec(void *ctx)
{
	char *const argv[] = { (char *)"true", NULL };

	(void)ctx;
	return execve("/bin/true", argv, no_env);
}

static int
do_fork(void *ctx)
{
	(void)ctx;
	return (int)fork();
}

static int
do_kill(void *ctx)
{
	(void)ctx;
	return kill(getppid(), SIGTERM);
}

static int
do_rights(void *ctx)
{
	(void)ctx;
	return prctl(PR_CAPBSET_READ, 0);
}

/* A signal that the kernel sends for it, to anybody of the same user. */
static int
do_signal(void *ctx)
{
	(void)ctx;
	return fcntl(0, F_SETOWN, getppid());
}

static int
do_signal_number(void *ctx)
{
	(void)ctx;
	return fcntl(0, F_SETSIG, SIGKILL);
}

static int
do_async(void *ctx)
{
	(void)ctx;
	return fcntl(0, F_SETFL, O_ASYNC);
}

static int
do_empty(void *ctx)
{
	(void)ctx;
	return openat(AT_FDCWD, "/dev/null", O_WRONLY | O_TRUNC);
}

static int
do_trace(void *ctx)
{
	(void)ctx;
	return (int)syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0);
}

static int
do_flag(void *ctx)
{
	int flags = 0;

	(void)ctx;
	return ioctl(0, FS_IOC_SETFLAGS, &flags);
}

static int
do_mount(void *ctx)
{
	(void)ctx;
	return mount("none", "/proc", "tmpfs", 0, NULL);
}

static int
do_owner(void *ctx)
{
	(void)ctx;
	return fchown(0, 0, 0);
}

static int
do_attribute(void *ctx)
{
	(void)ctx;
	return fsetxattr(0, "user.x", "x", 1, 0);
}

#if defined(__x86_64__)
/* getpid of the other table of system calls. */
static int
do_other_table(void *ctx)
{
	long r = 20;

	(void)ctx;
	__asm__ volatile ("int $0x80" : "+a" (r) : : "memory");
	return (int)r;
}
#endif

static int (*const attempts[])(void *) = {
	do_socket, do_exec, do_fork, do_kill, do_rights, do_signal,
	do_signal_number, do_async, do_empty, do_trace, do_flag, do_mount,
	do_owner, do_attribute,
#if defined(__x86_64__)
	do_other_table
#endif
};

START_TEST(calls_that_end_a_worker)
{
	log_quiet(true);
	if (!LIMITED) {
		printf("# skipped: no seccomp under sanitizers\n");
		return;
	}
	ck_assert_int_eq(keeper_do(&nothing, attempts[_i], NULL, NULL, 0,
	                           &result), ERR_CHILD);
}
END_TEST

/* A bit each. */
static int
count_open(void *ctx)
{
	const int *fds = ctx;
	int open_now = 0;

	for (int i = 0; i < 3; i++)
		if (fcntl(fds[i], F_GETFD) >= 0)
			open_now |= 1 << i;
	return open_now;
}

/* What its caller has open for writing is not a worker's; an archive may be
 * named by a descriptor. */
START_TEST(descriptors_of_a_worker)
{
	int fds[3] = {
		open("/dev/null", O_RDONLY | O_CLOEXEC),
		open("/dev/null", O_WRONLY | O_CLOEXEC),
		open("/dev/null", O_RDWR | O_CLOEXEC)
	};

	for (int i = 0; i < 3; i++)
		ck_assert_int_gt(fds[i], STDERR_FILENO);
	ck_assert_int_eq(keeper_do(&nothing, count_open, fds, NULL, 0,
	                           &result), 0);
	ck_assert_int_eq(result.status, 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(close(fds[i]), 0);
}
END_TEST

static int
change_mode(void *ctx)
{
	const int *fd = ctx;

	return fchmod(*fd, 04777) == 0 ? 0 : errno;
}

/* A file made with the mode it keeps needs no change. */
START_TEST(modes_are_not_a_workers)
{
	int fd = read_only(open(".", O_RDWR | O_TMPFILE, 0600));
	struct stat st;

	if (!LIMITED || fd < 0) {
		printf("# skipped: no seccomp under sanitizers\n");
		return;
	}
	ck_assert_int_eq(keeper_do(&nothing, change_mode, &fd, NULL, 0,
	                           &result), 0);
	ck_assert_int_eq(result.status, EPERM);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	close(fd);
}
END_TEST

/* -> 0, or what is not as it must be */
static int
look_about(void *ctx)
{
	struct rlimit l;

	(void)ctx;
	if (getenv("DPKG_MAINTSCRIPT_NAME") == NULL)
		return 1;
	if (getenv("OPENSSL_CONF") != NULL || getenv("PATH") != NULL)
		return 2;
	if (getrlimit(RLIMIT_CORE, &l) < 0 || l.rlim_max != 0)
		return 3;
	if (LIMITED && (getrlimit(RLIMIT_DATA, &l) < 0 ||
	    l.rlim_max > SANDBOX_MEMORY))
		return 4;
	return LIMITED && malloc(SANDBOX_MEMORY) != NULL ? 5 : 0;
}

START_TEST(environment_and_resources)
{
	setenv("DPKG_MAINTSCRIPT_NAME", "postinst", 1);
	setenv("OPENSSL_CONF", "/nowhere", 1);
	ck_assert_int_eq(keeper_do(&nothing, look_about, NULL, NULL, 0,
	                           &result), 0);
	ck_assert_int_eq(result.status, 0);
	/* the keeper's own are what dpkg gets */
	ck_assert_str_eq(getenv("OPENSSL_CONF"), "/nowhere");
}
END_TEST

/* -> what writing to a file outside of our folders gives */
static int
write_outside(void *ctx)
{
	const char *name = ctx;
	int fd;

	keeper_confine(NULL, 0);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		return 1000 + errno;
	close(fd);
	fd = open(name, O_WRONLY);
	if (fd < 0 && errno == EACCES)
		return unlink(name) == 0 ? 2000 : errno;
	return fd < 0 ? errno : 0;
}

START_TEST(files_are_not_a_workers)
{
	char name[] = "keeper.XXXXXX";
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(keeper_do(&nothing, write_outside, name, NULL, 0,
	                           &result), 0);
	/* 0: a kernel without Landlock */
	if (result.status == 0)
		printf("# skipped: no Landlock in this kernel\n");
	else
		ck_assert_int_eq(result.status, EACCES);
	ck_assert_int_eq(access(name, F_OK), 0);
	unlink(name);
	close(fd);
}
END_TEST

static int
read_archive(void *ctx)
{
	struct capture c;
	int r = keeper_read(KEEPER_CONTROL, *(int *)ctx, &c);
	char some[16];
	ssize_t n;

	if (r < 0)
		return 1;
	n = read(c.fd, some, sizeof(some));
	r = keeper_read_end(&c, false);
	if (r != ERR_CHILD || n != 0)
		return 2;
	/* its own are the only ones that it can end */
	c.pid = getppid();
	c.fd = -1;
	return keeper_read_end(&c, false) == -EINVAL ? 3 : 4;
}

/* No archive at all: dpkg-deb says so by its status. */
START_TEST(a_reader)
{
	int fd = open("/dev/null", O_RDONLY);

	if (access("/usr/bin/dpkg-deb", X_OK) < 0) {
		printf("# skipped: no dpkg-deb\n");
		return;
	}
	ck_assert_int_eq(keeper_do(&nothing, read_archive, &fd, NULL, 0,
	                           &result), 0);
	ck_assert_int_eq(result.status, 3);
	close(fd);
}
END_TEST

static int
hold(void *ctx)
{
	int fd = open(ctx, O_RDWR | O_CLOEXEC);
	pid_t holder = 0;

	if (fd < 0 || keeper_lock(fd, &holder) != 0)
		return 1;
	close(fd);
	return 2;
}

static int
lock_held(void *ctx)
{
	pid_t holder = 0;

	if (keeper_lock(open(ctx, O_RDWR | O_CLOEXEC), &holder) != ERR_BUSY)
		return 1;
	return holder == getppid() ? 2 : 3;
}

/* By the process that was called, and for as long as the worker works. */
START_TEST(the_lock)
{
	char name[] = "/tmp/di-check.XXXXXX";
	int fd = mkstemp(name), ready[2];
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	pid_t other;
	char c;

	ck_assert_int_eq(keeper_do(&nothing, hold, name, NULL, 0, &result), 0);
	ck_assert_int_eq(result.status, 2);
	/* free again, or the next would not get it */
	ck_assert_int_eq(pipe(ready), 0);
	other = fork();
	if (other == 0) {
		if (fcntl(fd, F_SETLK, &all) == 0 &&
		    write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq((int)read(ready[0], &c, 1), 1);
	ck_assert_int_eq(keeper_do(&nothing, lock_held, name, NULL, 0,
	                           &result), 0);
	ck_assert_int_eq(result.status, 3);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	unlink(name);
	close(fd);
}
END_TEST

struct times {
	int worked;
	bool private;
	int open_first, open_then, shut;
	char space[64];
};

static int
begin_again(void *ctx)
{
	struct times *t = ctx;
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = keeper_mount(fd, KEEPER_MOUNT_OPEN);

	t->worked++;
	t->private = keeper_private();
	if (t->private)
		t->open_then = r;
	else
		t->open_first = r;
	close(fd);
	/* no mount's root; of a worker's no flag is changed either */
	fd = open("/dev/null", O_PATH | O_CLOEXEC);
	t->shut = keeper_mount(fd, KEEPER_MOUNT_SHUT);
	close(fd);
	if (readlink("/proc/self/ns/mnt", t->space, sizeof(t->space) - 1) < 0)
		return 1;
	return t->private && t->open_first == 0 ? 4 : KEEPER_AGAIN;
}

static bool
may_unshare(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNS) < 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Once, in a mount namespace of its own, and with nothing of the first time. */
START_TEST(a_second_time)
{
	struct times t = { .open_first = 0 };
	char space[64] = "";
	int before = descriptors_open(), r;

	ck_assert_int_gt((int)readlink("/proc/self/ns/mnt", space, 63), 0);
	r = keeper_do(&nothing, begin_again, &t, &t, sizeof(t), &result);
	ck_assert_int_eq(descriptors_open(), before);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	if (r == ERR_CHILD && !may_unshare()) {
		printf("# skipped: no right to a mount namespace\n");
		return;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(result.status, 4);
	ck_assert_int_eq(t.worked, 1);
	ck_assert(t.private);
	ck_assert_int_eq(t.shut, -EINVAL);
	ck_assert_str_ne(t.space, space);
}
END_TEST

/* The channel is there, and nothing is heard on it. */
static int
goes_on_deaf(void *ctx)
{
	int *pipe = ctx, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct stat st;

	for (int fd = 3; fd < 64; fd++)
		if (fd != pipe[1] && fstat(fd, &st) == 0 &&
		    S_ISSOCK(st.st_mode))
			dup2(null, fd);
	(void)keeper_lock(null, &(pid_t){ 0 });
	return write(pipe[1], "x", 1) == 1 ? 1 : 2;
}

/* The next answer would be taken for the one that it has not heard. */
START_TEST(a_worker_that_hears_nothing_ends)
{
	int went_on[2];
	char c;

	log_quiet(1);
	ck_assert_int_eq(pipe(went_on), 0);
	ck_assert_int_eq(keeper_do(&nothing, goes_on_deaf, went_on, NULL, 0,
	                           &result), ERR_CHILD);
	close(went_on[1]);
	ck_assert_int_eq((int)read(went_on[0], &c, 1), 0);
	close(went_on[0]);
}
END_TEST

static int
open_first(void *ctx)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)ctx;
	return keeper_mount(fd, KEEPER_MOUNT_OPEN) == -EPERM &&
	       keeper_mount(fd, (enum keeper_mount)99) == -EINVAL ? 5 : 6;
}

/* Everybody would see it. */
START_TEST(no_mount_is_opened_for_others)
{
	ck_assert_int_eq(keeper_do(&nothing, open_first, NULL, NULL, 0,
	                           &result), 0);
	ck_assert_int_eq(result.status, 5);
}
END_TEST

struct held {
	int fd;
	ino_t ino;
	pid_t pid;
	int seen, others;
};

static int
on_holder(void *ctx, const struct holder *h)
{
	struct held *s = ctx;

	if (h->ino == s->ino && h->pid == s->pid && h->deleted)
		s->seen++;
	else if (h->ino == s->ino)
		s->others++;
	return 0;
}

static int
stop_at_once(void *ctx, const struct holder *h)
{
	(void)ctx;
	(void)h;
	return 77;
}

static int
find_holders(void *ctx)
{
	struct held *s = ctx;
	int r = keeper_holders(s->fd, on_holder, s);

	if (r != 0 || keeper_holders(s->fd, stop_at_once, s) != 77)
		return 1;
	/* the one before has been left in the middle */
	return keeper_holders(s->fd, on_holder, s) == 0 ? 6 : 2;
}

START_TEST(who_holds_a_deleted_file)
{
	char name[] = "/tmp/di-check.XXXXXX";
	struct held s = { .fd = read_only(mkstemp(name)) };
	int before = descriptors_open(), go[2];
	struct stat st;
	char c = 'x';

	ck_assert_int_eq(fstat(s.fd, &st), 0);
	s.ino = st.st_ino;
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(pipe(go), 0);
	s.pid = fork();
	if (s.pid == 0) {
		close(go[1]);
		_exit(read(go[0], &c, 1) != 0);
	}
	ck_assert_int_eq(keeper_do(&nothing, find_holders, &s, &s, sizeof(s),
	                           &result), 0);
	ck_assert_int_eq(result.status, 6);
	ck_assert_int_eq(s.seen, 2);
	ck_assert_int_ge(s.others, 2);	/* this process is one */
	close(go[0]);
	close(go[1]);
	ck_assert_int_eq(waitpid(s.pid, NULL, 0), s.pid);
	ck_assert_int_eq(descriptors_open(), before);
	close(s.fd);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("keeper");
	TCase *t = tcase_create("keeper");

	tcase_add_test(t, what_a_worker_gives_comes_back);
	tcase_add_test(t, a_caller_that_ignores_children);
	tcase_add_test(t, a_helper_that_is_lost);
	tcase_add_test(t, a_worker_that_is_lost);
	tcase_add_test(t, the_one_program);
	tcase_add_loop_test(t, calls_that_end_a_worker, 0,
	                    sizeof(attempts) / sizeof(*attempts));
	tcase_add_test(t, descriptors_of_a_worker);
	tcase_add_test(t, modes_are_not_a_workers);
	tcase_add_test(t, environment_and_resources);
	tcase_add_test(t, files_are_not_a_workers);
	tcase_add_test(t, a_reader);
	tcase_add_test(t, the_lock);
	tcase_add_test(t, a_worker_that_hears_nothing_ends);
	tcase_add_test(t, a_second_time);
	tcase_add_test(t, no_mount_is_opened_for_others);
	tcase_add_test(t, who_holds_a_deleted_file);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
