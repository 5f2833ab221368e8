/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Runs a command and lets one system call of ours go wrong.
 *
 *	inject --ours FILE... [--list FILE] [--nested]
 *	       [--at N (--error NAME | --short | --kill | --kill-all)
 *	       [--lasting] [--log FILE]] -- COMMAND ARGUMENT...
 *
 * Counted are the calls of processes that run a FILE, and of those that they
 * fork, as long as these exec nothing else: other programs go their own way,
 * unseen. With --nested they are followed, and what counts is ours below
 * them. --list writes a line a call: its number, name, what may happen to it,
 * and the file.
 *
 * --at N: the N-th call that this may happen to, so each kind has numbers of
 * its own: an errno instead of the call, or half of what was to be read or
 * written, or SIGKILL instead of it, to this process or to all of ours.
 * --lasting: the same for all that come after it. --log tells which it was.
 *
 * Exit status: the command's, 128 and the signal where one ended it; 125 for
 * trouble of our own; 99 where a process of ours outlived the command by
 * half a minute. x86-64 only; elsewhere 77.
 */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_TROUBLE	125
#define LIVES_ON	99
#define PATIENCE	30	/* seconds, for what outlives the command */
#define TASKS_MAX	512
#define OURS_MAX	8
#define SYSCALL_STOP	(SIGTRAP | 0x80)

#ifdef __x86_64__

static const struct {
	const char *name;
	unsigned int kind;
	int err;
} kinds[] = {
	{ "ENOSPC", NOSPC, ENOSPC }, { "EIO", IO, EIO },
	{ "EPERM", PERM, EPERM }, { "EMFILE", MFILE, EMFILE },
	{ "ENOMEM", NOMEM, ENOMEM }, { "EINTR", INTR, EINTR },
	{ "short", SHORT, 0 }
};

/* Whose program a process runs. */
enum role { NOBODYS_YET, OURS, OTHERS };

struct task {
	pid_t pid;
	enum role role;
	bool nested;		/* ours, below another program */
	bool known;		/* its parent has told of it */
	bool parked;		/* came before that */
	/* the call that was changed, until it returns */
	bool changed, fails;
	long result;
	unsigned long long argument;
};

struct injector {
	struct { dev_t dev; ino_t ino; } ours[OURS_MAX];
	size_t n_ours;
	struct task tasks[TASKS_MAX];
	size_t n_tasks;
	FILE *list, *log;
	bool follow;		/* --nested */
	unsigned long at, count, listed;
	unsigned int kind;
	int err;
	bool kill_all, lasting, over;
	pid_t main;
	int status;
	bool ended;
};

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(OWN_TROUBLE);
}

static struct task *
find(struct injector *x, pid_t pid)
{
	for (size_t i = 0; i < x->n_tasks; i++)
		if (x->tasks[i].pid == pid)
			return &x->tasks[i];
	return NULL;
}

static struct task *
add(struct injector *x, pid_t pid)
{
	struct task *t;

	if (x->n_tasks == TASKS_MAX) {
		fprintf(stderr, "inject: too many processes\n");
		exit(OWN_TROUBLE);
	}
	t = &x->tasks[x->n_tasks++];
	memset(t, 0, sizeof(*t));
	t->pid = pid;
	return t;
}

static void
drop(struct injector *x, struct task *t)
{
	*t = x->tasks[--x->n_tasks];
}

static bool
counts(const struct injector *x, const struct task *t)
{
	return t->role == OURS && t->nested == x->follow;
}

static void
go_on(struct injector *x, struct task *t, int sig)
{
	bool stops = counts(x, t) && (!x->over || t->changed);

	/* ESRCH: it was killed meanwhile, and is reported next */
	if (ptrace(stops ? PTRACE_SYSCALL : PTRACE_CONT, t->pid, NULL,
	           (void *)(long)sig) < 0 && errno != ESRCH)
		fail("ptrace");
}

static bool
runs_ours(const struct injector *x, pid_t pid)
{
	char exe[64];
	struct stat st;

	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)pid);
	if (stat(exe, &st) < 0)
		return false;
	for (size_t i = 0; i < x->n_ours; i++)
		if (x->ours[i].dev == st.st_dev && x->ours[i].ino == st.st_ino)
			return true;
	return false;
}

/* ---- one call ---------------------------------------------------------- */

static void
list_call(struct injector *x, const struct call *c, const struct task *t,
          unsigned int fits, const char *detail)
{
	const char *before = "";

	fprintf(x->list, "%lu\t%s\t", ++x->listed, c->name);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!(fits & kinds[i].kind))
			continue;
		fprintf(x->list, "%s%s", before, kinds[i].name);
		before = ",";
	}
	fprintf(x->list, "\t%d\t%s\n", (int)t->pid, detail);
}

/*
 * The call becomes one that does nothing and that every sandbox lets through;
 * what it returns is put in when it does. brk(2) knows no error: it tells
 * where the end still is.
 */
static void
make_fail(struct injector *x, struct task *t, const struct call *c)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) < 0)
		return;
	t->argument = regs.rdi;
	t->changed = t->fails = true;
	t->result = -x->err;
	if (c->nr == SYS_brk) {
		regs.rdi = 0;
		t->result = 0;
	} else {
		regs.orig_rax = SYS_close;
		regs.rdi = (unsigned long long)-1;
	}
	ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
}

static void
make_short(struct task *t)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) < 0)
		return;
	t->argument = regs.rdx;
	t->changed = true;
	t->fails = false;
	regs.rdx /= 2;
	ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
}

static void
put_result(struct task *t)
{
	struct user_regs_struct regs;

	t->changed = false;
	if (ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) < 0)
		return;
	if (!t->fails)
		regs.rdx = t->argument;
	else
		regs.rdi = t->argument;
	if (t->fails && t->result != 0)
		regs.rax = (unsigned long long)t->result;
	ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
}

/* A call that is stopped where it begins is not begun by who is killed. */
static void
make_die(struct injector *x, const struct task *t)
{
	if (!x->kill_all)
		kill(t->pid, SIGKILL);
	for (size_t i = 0; x->kill_all && i < x->n_tasks; i++)
		if (counts(x, &x->tasks[i]))
			kill(x->tasks[i].pid, SIGKILL);
}

static void
strike(struct injector *x, struct task *t, const struct call *c,
       const char *detail)
{
	if (x->log != NULL && x->count == x->at) {
		fprintf(x->log, "%s %s\n", c->name, detail);
		fflush(x->log);
	}
	if (x->kind == KILL)
		make_die(x, t);
	else if (x->kind == SHORT)
		make_short(t);
	else
		make_fail(x, t, c);
	x->over = !x->lasting;
}

static void
on_entry(struct injector *x, struct task *t,
         const struct __ptrace_syscall_info *i)
{
	const struct call *c = call_of(i->entry.nr);
	char detail[256];
	unsigned int fits;

	if (c == NULL || x->over || i->arch != 0xc000003e)
		return;
	/* the look at its file costs more than the call */
	if (x->list == NULL && x->kind != KILL && !(c->fits & x->kind))
		return;
	call_detail(c, t->pid, i, detail, sizeof(detail));
	fits = call_fits(c, i, detail);
	if (fits == 0)
		return;
	if (x->list != NULL)
		list_call(x, c, t, fits, detail);
	if ((fits & x->kind) && x->at > 0 && ++x->count >= x->at)
		strike(x, t, c, detail);
}

static void
on_syscall(struct injector *x, struct task *t)
{
	struct __ptrace_syscall_info i;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, (void *)sizeof(i), &i) <= 0)
		return;
	if (i.op == PTRACE_SYSCALL_INFO_ENTRY && counts(x, t))
		on_entry(x, t, &i);
	else if (i.op == PTRACE_SYSCALL_INFO_EXIT && t->changed)
		put_result(t);
}

/* ---- processes --------------------------------------------------------- */

static void
on_child(struct injector *x, pid_t parent)
{
	const struct task *from;
	struct task *t;
	unsigned long pid;

	if (ptrace(PTRACE_GETEVENTMSG, parent, NULL, &pid) < 0)
		return;
	t = find(x, (pid_t)pid);
	if (t == NULL)
		t = add(x, (pid_t)pid);
	from = find(x, parent);
	t->role = from->role;
	t->nested = from->nested;
	t->known = true;
	if (t->parked) {
		t->parked = false;
		go_on(x, t, 0);
	}
}

/* True: it is not ours to follow any more. */
static bool
on_exec(struct injector *x, struct task *t)
{
	t->changed = false;
	if (runs_ours(x, t->pid)) {
		t->nested |= t->role == OTHERS;
		t->role = OURS;
	} else if (t->role != NOBODYS_YET) {
		t->role = OTHERS;
		if (!x->follow) {
			ptrace(PTRACE_DETACH, t->pid, NULL, NULL);
			return true;
		}
	}
	return false;
}

static void
on_stop(struct injector *x, struct task *t, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);
	pid_t pid = t->pid;

	if (sig == SYSCALL_STOP) {
		on_syscall(x, t);
		sig = 0;
	} else if (event == PTRACE_EVENT_EXEC) {
		sig = 0;
		if (on_exec(x, t)) {
			if (pid != x->main)
				drop(x, t);
			return;
		}
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
	           event == PTRACE_EVENT_CLONE) {
		on_child(x, pid);
		t = find(x, pid);
		sig = 0;
	} else if (event == PTRACE_EVENT_STOP) {
		if (sig != SIGTRAP) {
			ptrace(PTRACE_LISTEN, pid, NULL, NULL);
			return;
		}
		if (!t->known) {
			t->parked = true;
			return;
		}
		sig = 0;
	}
	go_on(x, t, sig);
}

static bool
waits(const struct injector *x)
{
	for (size_t i = 0; i < x->n_tasks; i++)
		if (x->tasks[i].role == OURS ||
		    (x->follow && x->tasks[i].role == OTHERS))
			return true;
	return !x->ended;
}

static void
on_alarm(int sig)
{
	(void)sig;
}

/* How the command ended. */
static int
watch(struct injector *x)
{
	struct sigaction wake = { .sa_handler = on_alarm };
	int status;
	pid_t pid;

	sigaction(SIGALRM, &wake, NULL);
	while (waits(x)) {
		struct task *t;

		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR && x->ended) {
			fprintf(stderr, "inject: a process lives on\n");
			return LIVES_ON;
		}
		if (pid < 0 && errno == ECHILD && x->ended)
			break;
		if (pid < 0)
			fail("waitpid");
		t = find(x, pid);
		if (WIFSTOPPED(status)) {
			on_stop(x, t != NULL ? t : add(x, pid), status);
			continue;
		}
		if (t != NULL)
			drop(x, t);
		if (pid == x->main) {
			x->ended = true;
			x->status = status;
			alarm(PATIENCE);
		}
	}
	return WIFEXITED(x->status) ? WEXITSTATUS(x->status) :
	       128 + WTERMSIG(x->status);
}

/* The command waits at a pipe until we follow it. */
static void
start(struct injector *x, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
	    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
	    PTRACE_O_EXITKILL;
	struct task *t;
	int go[2];
	char byte;

	if (pipe2(go, O_CLOEXEC) < 0)
		fail("pipe");
	x->main = fork();
	if (x->main < 0)
		fail("fork");
	if (x->main == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) == 0)
			execvp(argv[0], argv);
		fprintf(stderr, "inject: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	if (ptrace(PTRACE_SEIZE, x->main, NULL, (void *)options) < 0)
		fail("PTRACE_SEIZE");
	t = add(x, x->main);
	t->known = true;
	close(go[0]);
	close(go[1]);
}

/* ---- the command line -------------------------------------------------- */

static _Noreturn void
usage(void)
{
	fprintf(stderr, "inject: see the top of its source\n");
	exit(OWN_TROUBLE);
}

static void
set_error(struct injector *x, const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0) {
			x->kind = kinds[i].kind;
			x->err = kinds[i].err;
		}
	if (x->kind == 0)
		usage();
}

static void
add_ours(struct injector *x, const char *file)
{
	struct stat st;

	if (x->n_ours == OURS_MAX || stat(file, &st) < 0)
		fail(file);
	x->ours[x->n_ours].dev = st.st_dev;
	x->ours[x->n_ours++].ino = st.st_ino;
}

static FILE *
output(const char *name)
{
	FILE *f = fopen(name, "we");

	if (f == NULL)
		fail(name);
	return f;
}

/* Options with a value. */
static void
set_value(struct injector *x, const char *option, const char *value)
{
	if (strcmp(option, "--ours") == 0)
		add_ours(x, value);
	else if (strcmp(option, "--list") == 0)
		x->list = output(value);
	else if (strcmp(option, "--log") == 0)
		x->log = output(value);
	else if (strcmp(option, "--at") == 0)
		x->at = strtoul(value, NULL, 10);
	else if (strcmp(option, "--error") == 0)
		set_error(x, value);
	else
		usage();
}

/* Returns the command. */
static char **
options(struct injector *x, char **argv)
{
	for (argv++; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
		if (strcmp(*argv, "--nested") == 0)
			x->follow = true;
		else if (strcmp(*argv, "--lasting") == 0)
			x->lasting = true;
		else if (strcmp(*argv, "--short") == 0)
			x->kind = SHORT;
		else if (strcmp(*argv, "--kill") == 0)
			x->kind = KILL;
		else if (strcmp(*argv, "--kill-all") == 0) {
			x->kind = KILL;
			x->kill_all = true;
		} else if (argv[1] != NULL) {
			set_value(x, argv[0], argv[1]);
			argv++;
		} else
			usage();
	}
	if (*argv == NULL || argv[1] == NULL || x->n_ours == 0 ||
	    (x->at > 0) != (x->kind != 0))
		usage();
	return argv + 1;
}

int
main(int argc, char **argv)
{
	static struct injector x;

	(void)argc;
	start(&x, options(&x, argv));
	return watch(&x);
}

#else

int
main(void)
{
	return 77;
}

#endif
