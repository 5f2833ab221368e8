/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alive.h"
#include "apart.h"
#include "check_main.h"
#include "child.h"

extern char **environ;

static int
run_sh(const char *script, struct child_result *ret)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };

	return child_run("/bin/sh", argv, environ, ret);
}

/* The set is larger than what the kernel knows of it. */
static bool
same_mask(const sigset_t *a, const sigset_t *b)
{
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		if (sigismember(a, sig) != sigismember(b, sig))
			return false;
	return true;
}

/*
 * Whoever started us may ignore some (nohup, a background job of a script),
 * and libcheck has handlers of its own.
 */
static void
plain_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
rest(void)
{
	const struct timespec tick = { 0, 5 * 1000 * 1000 };

	nanosleep(&tick, NULL);
}

START_TEST(exit_codes)
{
	static const int codes[] = { 0, 1, 2, 126, 127, 128, 255 };
	struct child_result r;
	char script[32];

	snprintf(script, sizeof(script), "exit %d", codes[_i]);
	ck_assert_int_eq(run_sh(script, &r), 0);
	ck_assert_int_eq(r.exit_status, codes[_i]);
	ck_assert_int_eq(r.signal, 0);
	ck_assert(!r.dumped);
	/* nothing is left to be waited for */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(deaths)
{
	static const int signals[] = {
		SIGKILL, SIGSEGV, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGPIPE,
		SIGUSR1,
	};
	struct rlimit none = { 0, 0 };
	struct child_result r;
	char script[32];

	setrlimit(RLIMIT_CORE, &none);
	snprintf(script, sizeof(script), "kill -%d $$", signals[_i]);
	ck_assert_int_eq(run_sh(script, &r), 0);
	ck_assert_int_eq(r.exit_status, -1);
	ck_assert_int_eq(r.signal, signals[_i]);
}
END_TEST

START_TEST(what_cannot_be_started)
{
	struct child_result r = { .exit_status = 42, .signal = 43 };
	char *argv[] = { (char *)"x", NULL };
	char text[] = "/tmp/check_child.XXXXXX";
	sigset_t before, after;
	int fd = mkstemp(text);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "no program\n", 11), 11);
	close(fd);
	sigprocmask(SIG_SETMASK, NULL, &before);
	ck_assert_int_eq(child_run("/no/such", argv, environ, &r), -ENOENT);
	ck_assert_int_eq(child_run(text, argv, environ, &r), -EACCES);
	ck_assert_int_eq(chmod(text, 0700), 0);
	ck_assert_int_eq(child_run(text, argv, environ, &r), -ENOEXEC);
	ck_assert_int_eq(child_run("/dev/null/x", argv, environ, &r),
	                 -ENOTDIR);
	unlink(text);
	ck_assert_int_eq(r.exit_status, 42);
	ck_assert_int_eq(r.signal, 43);
	sigprocmask(SIG_SETMASK, NULL, &after);
	ck_assert(same_mask(&before, &after));
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* A runner: a process of its own group that runs a script as we would. */
struct runner {
	pid_t pid;
	pid_t child;
	int fd;		/* what the script prints */
};

static struct runner
runner_start(const char *script)
{
	struct runner n;
	struct child_result r;
	char text[32];
	int ends[2];
	ssize_t got;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	n.pid = fork();
	ck_assert_int_ge(n.pid, 0);
	if (n.pid == 0) {
		setpgid(0, 0);
		dup2(ends[1], 1);
		if (run_sh(script, &r) < 0)
			_exit(99);
		child_exit_like(&r);
	}
	close(ends[1]);
	n.fd = ends[0];
	/* Every script says its own id first, when it is ready. */
	got = read(n.fd, text, sizeof(text) - 1);
	ck_assert_int_gt(got, 0);
	text[got] = '\0';
	n.child = (pid_t)strtol(text, NULL, 10);
	ck_assert_int_gt(n.child, 0);
	return n;
}

static int
runner_end(struct runner *n)
{
	char text[64];
	int status;

	ck_assert_int_eq(waitpid(n->pid, &status, 0), n->pid);
	/* EOF: nobody holds the other end any more */
	while (read(n->fd, text, sizeof(text)) > 0)
		;
	close(n->fd);
	return status;
}

static char
state_of(pid_t pid)
{
	char path[64], text[256] = "";
	const char *end;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f == NULL)
		return '-';
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	end = strrchr(text, ')');
	return end != NULL ? end[2] : '?';
}

static void
wait_state(pid_t pid, const char *states)
{
	char state = '-';
	int i;

	for (i = 0; i < 10000; i++) {
		state = state_of(pid);
		if (strchr(states, state) != NULL)
			return;
		rest();
	}
	ck_abort_msg("%d is %c, not one of %s", (int)pid, state, states);
}

/* Until it is in the call in which it hears of signals, where the kernel tells
 * that (proc(5), /proc/PID/syscall). */
static void
wait_listening(pid_t pid)
{
	char path[64], text[32];
	FILE *f;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	for (i = 0; i < 10000; i++) {
		text[0] = '\0';
		f = fopen(path, "r");
		if (f == NULL)
			break;
		if (fgets(text, sizeof(text), f) == NULL)
			text[0] = '\0';
		fclose(f);
		if (strtol(text, NULL, 10) == SYS_rt_sigtimedwait)
			return;
		rest();
	}
	wait_state(pid, "S");
}

#define LOOP "echo $$; while :; do sleep 0.01; done"

START_TEST(forwards)
{
	static const struct {
		int sig;
		const char *script;
		int status;
	} cases[] = {
		{ SIGTERM, "trap 'exit 7' TERM; " LOOP, 7 << 8 },
		{ SIGHUP, "trap 'exit 8' HUP; " LOOP, 8 << 8 },
		{ SIGTERM, LOOP, SIGTERM },
		{ SIGHUP, LOOP, SIGHUP },
	};
	struct runner n = runner_start(cases[_i].script);

	kill(n.pid, cases[_i].sig);
	ck_assert_int_eq(runner_end(&n), cases[_i].status);
}
END_TEST

START_TEST(group_signals_reach_the_child_alone)
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTSTP };
	struct runner n = runner_start("trap 'exit 5' USR1; " LOOP);
	int i;

	/* What is there before it waits counts as the group's; see child.c. */
	wait_listening(n.pid);
	/* To us alone: we go on, and so does the child. */
	for (i = 0; i < 5; i++) {
		kill(n.pid, signals[_i]);
		rest();
	}
	wait_state(n.pid, "SR");
	kill(n.child, SIGUSR1);
	ck_assert_int_eq(runner_end(&n), 5 << 8);
}
END_TEST

START_TEST(keyboard_interrupt)
{
	struct runner n = runner_start("trap 'exit 6' INT; " LOOP);

	kill(-n.pid, SIGINT);
	ck_assert_int_eq(runner_end(&n), 6 << 8);
	n = runner_start(LOOP);
	kill(-n.pid, SIGINT);
	ck_assert_int_eq(runner_end(&n), SIGINT);
}
END_TEST

/* ^Z and fg, as a shell does: signals to the group, runner waited for. */
START_TEST(keyboard_stop)
{
	static const int signals[] = { SIGTSTP, SIGTTIN, SIGTTOU };
	/* exec: nothing in the group that might be in between of stops */
	struct runner n = runner_start("echo $$; exec sleep 60");
	int i, status;

	for (i = 0; i < 100; i++) {
		kill(-n.pid, signals[_i]);
		ck_assert_int_eq(waitpid(n.pid, &status, WUNTRACED), n.pid);
		ck_assert(WIFSTOPPED(status));
		ck_assert_int_eq(WSTOPSIG(status), signals[_i]);
		wait_state(n.child, "T");
		kill(-n.pid, SIGCONT);
		wait_state(n.child, "SR");
	}
	rest();
	ck_assert_int_eq(waitpid(n.pid, &status, WNOHANG | WUNTRACED), 0);
	kill(n.pid, SIGTERM);
	ck_assert_int_eq(runner_end(&n), SIGTERM);
}
END_TEST

START_TEST(child_stops_alone)
{
	struct runner n = runner_start("echo $$; exec sleep 60");
	int status;

	/* A program that stops itself takes us along, and back. */
	kill(n.child, SIGTSTP);
	ck_assert_int_eq(waitpid(n.pid, &status, WUNTRACED), n.pid);
	ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
	kill(n.pid, SIGCONT);
	wait_state(n.child, "SR");
	/* Somebody's kill -STOP and kill -CONT are between him and it. */
	kill(n.child, SIGSTOP);
	wait_state(n.child, "T");
	rest();
	ck_assert_int_eq(waitpid(n.pid, &status, WNOHANG | WUNTRACED), 0);
	kill(n.child, SIGCONT);
	wait_state(n.child, "SR");
	/* The same to us. */
	kill(n.child, SIGSTOP);
	wait_state(n.child, "T");
	kill(n.pid, SIGCONT);
	wait_state(n.child, "SR");
	kill(n.child, SIGKILL);
	ck_assert_int_eq(runner_end(&n), SIGKILL);
}
END_TEST

/* What a program prints when it is run by fork and exec, or by us. */
static void
output_of(int plainly, char *const *argv, char *text, size_t size)
{
	struct child_result r;
	int ends[2], keep[2];
	size_t n = 0;
	ssize_t got;
	pid_t pid;
	int out;

	ck_assert_int_eq(pipe2(ends, 0), 0);
	ck_assert_int_eq(pipe2(keep, 0), 0);	/* to be seen by the child */
	out = fcntl(1, F_DUPFD_CLOEXEC, 50);
	fflush(NULL);
	dup2(ends[1], 1);
	if (plainly) {
		pid = fork();
		if (pid == 0) {
			execve(argv[0], argv, environ);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	} else {
		ck_assert_int_eq(child_run(argv[0], argv, environ, &r), 0);
		ck_assert_int_eq(r.exit_status, 0);
	}
	dup2(out, 1);
	close(out);
	close(ends[1]);
	while (n < size - 1 &&
	       (got = read(ends[0], text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(ends[0]);
	close(keep[0]);
	close(keep[1]);
}

START_TEST(signals_as_we_were_started)
{
	char *argv[] = { (char *)"/bin/grep", (char *)"^Sig[BIC]",
		         (char *)"/proc/self/status", NULL };
	char plain[1024], ours[1024];
	struct sigaction now;
	sigset_t set, before, after;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	sigprocmask(SIG_SETMASK, NULL, &before);
	output_of(1, argv, plain, sizeof(plain));
	output_of(0, argv, ours, sizeof(ours));
	ck_assert_ptr_nonnull(strstr(plain, "SigIgn"));
	ck_assert_str_eq(plain, ours);
	sigprocmask(SIG_SETMASK, NULL, &after);
	ck_assert(same_mask(&before, &after));
	sigaction(SIGHUP, NULL, &now);
	ck_assert(now.sa_handler == SIG_IGN);
	sigaction(SIGINT, NULL, &now);
	ck_assert(now.sa_handler == SIG_DFL);
}
END_TEST

START_TEST(started_with_sigchld_ignored)
{
	char *argv[] = { (char *)"/bin/grep", (char *)"^SigIgn",
		         (char *)"/proc/self/status", NULL };
	char ours[256];
	struct child_result r;
	struct sigaction now;

	signal(SIGCHLD, SIG_IGN);
	ck_assert_int_eq(run_sh("exit 3", &r), 0);
	ck_assert_int_eq(r.exit_status, 3);
	output_of(0, argv, ours, sizeof(ours));
	ck_assert_int_ne((int)(strtoull(ours + 7, NULL, 16) >>
	                       (SIGCHLD - 1) & 1), 0);
	sigaction(SIGCHLD, NULL, &now);
	ck_assert(now.sa_handler == SIG_IGN);
}
END_TEST

START_TEST(descriptors_as_they_were)
{
	char *argv[] = { (char *)"/bin/ls", (char *)"/proc/self/fd", NULL };
	char plain[1024], ours[1024];

	output_of(1, argv, plain, sizeof(plain));
	output_of(0, argv, ours, sizeof(ours));
	ck_assert_int_eq(strncmp(plain, "0\n1\n", 4), 0);
	ck_assert_str_eq(plain, ours);
}
END_TEST

START_TEST(extra_pipe_and_environment)
{
	char *env[] = { (char *)"WORD=through", NULL };
	char *argv[] = { (char *)"sh", (char *)"-c",
		         (char *)"echo $0 $WORD $1 >&9", (char *)"a b",
		         (char *)"", NULL };
	struct child_result r;
	char text[64];
	int ends[2];
	ssize_t n;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(dup2(ends[1], 9), 9);
	ck_assert_int_eq(child_run("/bin/sh", argv, env, &r), 0);
	close(9);
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_str_eq(text, "a b through\n");
	ck_assert_int_eq(read(ends[0], text, 1), 0);
	close(ends[0]);
}
END_TEST

START_TEST(same_group_and_session)
{
	char script[128];
	struct child_result r;

	snprintf(script, sizeof(script), "read a b c p g s rest <"
	         "/proc/$$/stat; test \"$p $g $s\" = '%d %d %d'",
	         (int)getpid(), (int)getpgrp(), (int)getsid(0));
	ck_assert_int_eq(run_sh(script, &r), 0);
	ck_assert_int_eq(r.exit_status, 0);
}
END_TEST

START_TEST(pending_signals_are_passed_on)
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	char *argv[] = { (char *)"sleep", (char *)"30", NULL };
	struct rlimit none = { 0, 0 };
	struct child_result r;
	sigset_t set, before;

	setrlimit(RLIMIT_CORE, &none);
	sigemptyset(&set);
	sigaddset(&set, signals[_i]);
	sigprocmask(SIG_BLOCK, &set, &before);
	raise(signals[_i]);
	ck_assert_int_eq(child_run_as("/bin/sleep", argv, environ,
	                              &(struct child_way){
		.mask = &before, .note_fd = -1
	}, &r), 0);
	ck_assert_int_eq(r.signal, signals[_i]);
	sigpending(&set);
	ck_assert(!sigismember(&set, signals[_i]));
	sigprocmask(SIG_SETMASK, &before, NULL);
}
END_TEST

static int
status_like(const struct child_result *r)
{
	struct rlimit much = { 1 << 20, 1 << 20 };
	sigset_t all;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &much);
		signal(SIGTERM, SIG_IGN);
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		child_exit_like(r);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(exit_like_the_child)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGINT, SIGSEGV,
		                       SIGABRT, SIGPIPE, SIGXFSZ };
	struct child_result r = { .exit_status = 0 };
	size_t i;

	ck_assert_int_eq(status_like(&r), 0);
	r.exit_status = 3;
	ck_assert_int_eq(status_like(&r), 3 << 8);
	r.exit_status = -1;
	ck_assert_int_eq(status_like(&r), 2 << 8);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		r.signal = signals[i];
		r.dumped = true;
		/* and no core: that would be 0x80 more */
		ck_assert_int_eq(status_like(&r), signals[i]);
	}
	/* A signal that does not kill: the shell's number. */
	r.signal = SIGCHLD;
	ck_assert_int_eq(status_like(&r), (128 + SIGCHLD) << 8);
}
END_TEST

/* The note names the program's own process, while it runs. */
START_TEST(the_child_is_noted)
{
	char name[] = "/tmp/di-check.XXXXXX", script[128];
	char *argv[] = { (char *)"sh", (char *)"-c", script, NULL };
	struct child_result r;
	sigset_t mask;
	pid_t pid;
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	snprintf(script, sizeof(script), "read pid start <%s; "
	         "test $pid = $$ || exit 3; kill -KILL $$", name);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	ck_assert_int_eq(child_run_as("/bin/sh", argv, environ,
	                              &(struct child_way){
		.mask = &mask, .note_fd = fd
	}, &r), 0);
	unlink(name);
	ck_assert_int_eq(r.exit_status, -1);
	ck_assert_int_eq(r.signal, SIGKILL);
	ck_assert_int_eq(alive_noted(fd, &pid), 0);
	close(fd);
}
END_TEST

/* The program of one that is killed: 1 if it is gone as well, 0 if it goes on.
 * Its end of a pipe tells. */
static int
dies_with_us(bool bound)
{
	char script[64], *argv[] = {
		(char *)"sh", (char *)"-c", script, NULL
	};
	struct pollfd end = { .events = POLLIN };
	int alive[2], gone;
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(alive), 0);
	snprintf(script, sizeof(script), "echo >&%d; exec sleep %d", alive[1],
	         bound ? 60 : 2);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct child_result r;
		sigset_t mask;

		sigprocmask(SIG_SETMASK, NULL, &mask);
		(void)child_run_as("/bin/sh", argv, environ,
		                   &(struct child_way){
			.mask = &mask, .note_fd = -1, .bound = bound
		}, &r);
		_exit(0);
	}
	close(alive[1]);
	ck_assert_int_eq(read(alive[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	end.fd = alive[0];
	gone = poll(&end, 1, bound ? 20000 : 300);
	close(alive[0]);
	return gone;
}

START_TEST(bound_to_us_or_not)
{
	ck_assert_int_eq(dies_with_us(true), 1);
	ck_assert_int_eq(dies_with_us(false), 0);
}
END_TEST

/* Whether there is a core depends on the machine: as waitpid tells. */
START_TEST(dumped_or_not)
{
	char folder[] = "/tmp/di-check.XXXXXX";
	const struct rlimit much = { 1 << 26, 1 << 26 };
	struct child_result r;
	int status;
	pid_t pid;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	(void)setrlimit(RLIMIT_CORE, &much);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "kill -SEGV $$", NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(run_sh("kill -SEGV $$", &r), 0);
	ck_assert_int_eq(r.signal, SIGSEGV);
	ck_assert_int_eq(r.dumped, WCOREDUMP(status) != 0);
	ck_assert_int_eq(run_sh("rm -f ./*", &r), 0);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static int
run_and_be_interrupted(int unused)
{
	struct child_result r;

	(void)unused;
	HOLDS(interrupt());
	HOLDS(run_sh("sleep 0.2; exit 7", &r) == 0);
	HOLDS(r.exit_status == 7);
	HOLDS(apart_ticks >= 4);
	return 0;
}

APART_TEST(interrupted, run_and_be_interrupted)

/* As it was before, but for the error. */
static int
run_refused(int i)
{
	const int errors[] = { -EMFILE, -EAGAIN, -ECHILD };
	struct child_result r = { .exit_status = 42, .signal = 43 };
	int fds = descriptors_open(), err;
	struct rlimit limit;
	struct sigaction chld;
	sigset_t before, after;

	HOLDS(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	HOLDS(i != 0 || room_for(1, &limit));
	HOLDS(i != 1 || deny_fork());
	HOLDS(i != 2 || deny(SYS_wait4, -1, 0, ECHILD));
	HOLDS(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	sigprocmask(SIG_SETMASK, NULL, &before);
	err = run_sh("exit 0", &r);
	HOLDS(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	HOLDS(err == errors[i]);
	HOLDS(r.exit_status == 42 && r.signal == 43);
	HOLDS(descriptors_open() == fds);
	sigprocmask(SIG_SETMASK, NULL, &after);
	HOLDS(same_mask(&before, &after));
	HOLDS(sigaction(SIGCHLD, NULL, &chld) == 0);
	HOLDS(chld.sa_handler == SIG_IGN);
	return 0;
}

APART_TEST(the_kernel_refuses, run_refused)

/* That there is no such program can't be told: the status is a shell's. */
static int
run_and_hear_nothing(int unused)
{
	char *argv[] = { (char *)"x", NULL };
	struct child_result r;

	(void)unused;
	HOLDS(deny(SYS_write, 2, sizeof(int), EIO));
	HOLDS(child_run("/no/such", argv, environ, &r) == 0);
	HOLDS(r.exit_status == 126 && r.signal == 0);
	return 0;
}

APART_TEST(a_report_that_is_lost, run_and_hear_nothing)

static Suite *
suite(void)
{
	Suite *s = suite_create("child");
	TCase *t = tcase_create("child");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, plain_signals, NULL);
	tcase_add_loop_test(t, exit_codes, 0, 7);
	tcase_add_loop_test(t, deaths, 0, 8);
	tcase_add_test(t, what_cannot_be_started);
	tcase_add_loop_test(t, forwards, 0, 4);
	tcase_add_loop_test(t, group_signals_reach_the_child_alone, 0, 3);
	tcase_add_test(t, keyboard_interrupt);
	tcase_add_loop_test(t, keyboard_stop, 0, 3);
	tcase_add_test(t, child_stops_alone);
	tcase_add_test(t, signals_as_we_were_started);
	tcase_add_test(t, started_with_sigchld_ignored);
	tcase_add_test(t, descriptors_as_they_were);
	tcase_add_test(t, extra_pipe_and_environment);
	tcase_add_test(t, same_group_and_session);
	tcase_add_loop_test(t, pending_signals_are_passed_on, 0, 4);
	tcase_add_test(t, exit_like_the_child);
	tcase_add_test(t, the_child_is_noted);
	tcase_add_test(t, bound_to_us_or_not);
	tcase_add_test(t, dumped_or_not);
	tcase_add_test(t, interrupted);
	tcase_add_loop_test(t, the_kernel_refuses, 0, 3);
	tcase_add_test(t, a_report_that_is_lost);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
