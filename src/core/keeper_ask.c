/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "keeper_priv.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "iflag.h"
#include "lock.h"
#include "log.h"
#include "worker.h"

/*
 * The side that has no rights, or whoever has no keeper (fd -1): which of
 * them this process is cannot change once it was made a worker.
 */
struct channel {
	int fd;
	pthread_mutex_t mutex;	/* a request and its reply belong together */
};
static struct {
	int fd;
	pid_t keeper;
	bool again;
	int no_space;
	const char *kept;
	struct channel main;
	struct channel help[KEEPER_HELPERS];
	size_t n_help;		/* set while there is one thread */
} above = {
	.fd = -1, .main = { .fd = -1, .mutex = PTHREAD_MUTEX_INITIALIZER }
};

/* A helper that nobody speaks to, locked. */
static struct channel *
idle(void)
{
	for (size_t i = 0; i < above.n_help; i++)
		if (pthread_mutex_trylock(&above.help[i].mutex) == 0)
			return &above.help[i];
	return NULL;
}

/* The head and len bytes more; a descriptor that comes along is the caller's.
 * 1; 0 or -errno: no answer. */
static int
talk(struct channel *c, const struct keeper_request *q, size_t len,
     const int *fds, size_t n, struct keeper_reply *a, int *ret_fd,
     size_t *ret_n)
{
	int r = channel_send(c->fd, q, KEEPER_HEAD + len, fds, n);

	return r < 0 ? r : channel_receive(c->fd, a, sizeof(*a), sizeof(*a),
	                                   ret_fd, 1, ret_n);
}

/* What the keeper says; in a->error too. */
static int
ask(const struct keeper_request *q, size_t len, const int *fds, size_t n,
    struct keeper_reply *a, int *ret_fd)
{
	struct channel *c = q->op == KEEPER_CHANGE ? idle() : NULL;
	size_t got = 0;
	int fd = -1, r = 0;

	if (c != NULL)
		r = talk(c, q, len, fds, n, a, &fd, &got);
	/* A helper that is gone stays locked: nobody asks it again. What it has
	 * done already is done once more for nothing. */
	if (r <= 0) {
		c = &above.main;
		pthread_mutex_lock(&c->mutex);
		r = talk(c, q, len, fds, n, a, &fd, &got);
		/* The keeper may have done it, dpkg may be running, and the
		 * next answer would be this one's: whoever can't hear it ends
		 * here, and the keeper recovers when all is over. */
		if (r <= 0)
			worker_end(2);
	}
	pthread_mutex_unlock(&c->mutex);
	if (got > 0 && ret_fd != NULL)
		*ret_fd = fd;
	else if (got > 0)
		close(fd);
	if (ret_fd != NULL && got == 0 && a->error >= 0)
		return -EPROTO;
	return a->error;
}

/* Not the whole of it, most of which is text. */
static void
begin(struct keeper_request *q, enum keeper_op op)
{
	memset(q, 0, KEEPER_HEAD);
	q->op = op;
}

static void
ask_change(struct iflag_change *const *list, size_t n)
{
	struct keeper_request q;
	struct keeper_reply a;
	int fds[KEEPER_BATCH] = { 0 }, r;

	begin(&q, KEEPER_CHANGE);
	q.n = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		fds[i] = list[i]->fd;
		q.change[i].value = list[i]->value;
		q.change[i].mask = list[i]->mask;
	}
	r = ask(&q, n * sizeof(q.change[0]), fds, n, &a, NULL);
	for (size_t i = 0; i < n; i++)
		list[i]->result = r < 0 ? r : a.changed[i];
}

static bool
ask_journaled(int fd)
{
	const struct keeper_request q = { .op = KEEPER_JOURNALED };
	struct keeper_reply a;

	return ask(&q, 0, &fd, 1, &a, NULL) > 0;
}

static void
ask_to_say(const char *text)
{
	struct keeper_request q;
	struct keeper_reply a;

	begin(&q, KEEPER_SAY);
	q.n = (uint32_t)strnlen(text, sizeof(q.text) - 1);
	memcpy(q.text, text, q.n);
	(void)ask(&q, q.n, NULL, 0, &a, NULL);
}

void
keeper_ask_begin(int fd, pid_t keeper, bool again, int no_space,
                 const char *kept)
{
	static const struct iflag_maker maker = { ask_change, ask_journaled };

	above.fd = above.main.fd = fd;
	above.keeper = keeper;
	above.again = again;
	above.no_space = no_space;
	above.kept = kept;
	iflag_through(&maker);
	log_syslog_through(ask_to_say);
}

void
keeper_ask_done(int status, const void *answer, size_t size)
{
	struct keeper_request q = {
		.op = KEEPER_DONE, .n = (uint32_t)size, .word = status
	};
	struct keeper_reply a;

	if (size > 0)
		memcpy(q.answer, answer, size);
	(void)ask(&q, size, NULL, 0, &a, NULL);
}

void
keeper_confine(const struct sandbox_place *places, size_t n)
{
	int r;

	if (above.fd < 0)
		return;
	r = sandbox_files(places, n, false);
	if (above.kept != NULL)
		log_line("note=\"without full protection of ourselves: %s\"",
		         above.kept);
	if (r < 0)
		log_line("note=\"without full protection of ourselves: files "
		         "are not limited (landlock): %s\"",
		         r == ERR_UNSUPPORTED ? "not in this kernel" :
		         err_text(r));
	above.kept = NULL;
}

pid_t
keeper_pid(void)
{
	return above.fd >= 0 ? above.keeper : getpid();
}

/*
 * A stop of the terminal's is for the program that runs meanwhile: stopped as
 * well, we would not be continued if that went on by itself.
 */
static void
ignore_stops(struct sigaction before[3], bool back)
{
	static const int stops[3] = { SIGTSTP, SIGTTIN, SIGTTOU };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (int i = 0; i < 3; i++) {
		if (back)
			sigaction(stops[i], &before[i], NULL);
		else
			sigaction(stops[i], &ignore, &before[i]);
	}
}

int
keeper_run(bool locked, int note_fd, struct child_result *ret)
{
	const struct keeper_request q = { .op = KEEPER_RUN, .word = locked };
	struct sigaction before[3];
	struct keeper_reply a;
	int r;

	if (above.fd < 0)
		return -ENOENT;
	ignore_stops(before, false);
	r = ask(&q, 0, &note_fd, note_fd >= 0, &a, NULL);
	ignore_stops(before, true);
	if (r == 0)
		*ret = a.child;
	return r;
}

int
keeper_lock(int fd, pid_t *ret_holder)
{
	const struct keeper_request q = { .op = KEEPER_LOCK };
	struct keeper_reply a;
	int r;

	if (above.fd < 0)
		return lock_posix(fd, ret_holder);
	r = ask(&q, 0, &fd, 1, &a, NULL);
	if (r == ERR_BUSY)
		*ret_holder = a.pid;
	return r;
}

void
keeper_unlock(void)
{
	const struct keeper_request q = { .op = KEEPER_UNLOCK };
	struct keeper_reply a;

	if (above.fd >= 0)
		(void)ask(&q, 0, NULL, 0, &a, NULL);
}

int
keeper_read(enum keeper_tool tool, int in, struct capture *ret)
{
	const struct keeper_request q = {
		.op = KEEPER_READ, .word = (int32_t)tool
	};
	struct keeper_reply a;
	int fd = -1, r;

	if (above.fd < 0)
		return keeper_read_here(tool, in, ret);
	r = ask(&q, 0, &in, 1, &a, &fd);
	if (r == 0)
		*ret = (struct capture){ .pid = a.pid, .fd = fd };
	return r;
}

int
keeper_read_end(struct capture *c, int early)
{
	const struct keeper_request q = {
		.op = KEEPER_READ_END, .pid = c->pid, .word = early
	};
	struct keeper_reply a;

	if (above.fd < 0)
		return capture_end(c, early);
	close(c->fd);
	c->fd = -1;
	return ask(&q, 0, NULL, 0, &a, NULL);
}

void
keeper_help(size_t threads)
{
	const struct keeper_request q = { .op = KEEPER_HELP };
	struct keeper_reply a;

	while (above.fd >= 0 && threads > above.n_help + 1 &&
	       above.n_help < KEEPER_HELPERS) {
		struct channel *c = &above.help[above.n_help];

		if (ask(&q, 0, NULL, 0, &a, &c->fd) < 0)
			return;
		pthread_mutex_init(&c->mutex, NULL);
		above.n_help++;
	}
}

bool
keeper_private(void)
{
	return above.again;
}

int
keeper_no_space(void)
{
	return above.no_space;
}

int
keeper_mount(int fd, enum keeper_mount how)
{
	const struct keeper_request q = {
		.op = KEEPER_MOUNT, .word = (int32_t)how
	};
	struct keeper_reply a;

	return above.fd < 0 ? -ENOSYS : ask(&q, 0, &fd, 1, &a, NULL);
}

int
keeper_holders(int fd, int (*fn)(void *ctx, const struct holder *h), void *ctx)
{
	const struct keeper_request q = { .op = KEEPER_HOLDERS };
	struct keeper_reply a;
	struct holder h;
	size_t none;
	int from = -1, ignored, r;

	if (above.fd < 0)
		return -ENOSYS;
	r = ask(&q, 0, &fd, 1, &a, &from);
	while (r == 0 && channel_receive(from, &h, sizeof(h), sizeof(h),
	                                 &ignored, 0, &none) > 0) {
		h.comm[sizeof(h.comm) - 1] = '\0';
		h.path[sizeof(h.path) - 1] = '\0';
		r = fn(ctx, &h);
	}
	if (from >= 0)
		close(from);
	return r;
}

void
keeper_succeed(void)
{
	const struct keeper_request q = { .op = KEEPER_SUCCEED };
	struct keeper_reply a;

	if (above.fd >= 0)
		(void)ask(&q, 0, NULL, 0, &a, NULL);
}
