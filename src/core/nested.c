/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "nested.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define VISITORS "visitors"
#define POLL_NS 10000000L
#define LOCK_PAUSE_NS 20000000L
#define LOCK_TRIES 100
#define WAIT_TOLD 50
#define WAIT_TRIES (NESTED_WAIT * (int)(1000000000L / LOCK_PAUSE_NS))

static int
open_visitors(int run_fd)
{
	int fd = openat(run_fd, VISITORS, O_RDWR | O_CREAT | O_NOFOLLOW |
	                O_NONBLOCK | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static int
try_lock(int fd, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &fl) < 0 ? -errno : 0;
}

static bool
is_live(const struct journal *j)
{
	return journal_state(j) == JOURNAL_PLANNED ||
	       journal_state(j) == JOURNAL_RAN;
}

/* NULL, or the name of what an admin does by hand. */
static const char *
by_hand(struct journal *j)
{
	static const char *const actions[] = {
		"protect", "unprotect", "adopt", "release"
	};
	const struct journal_plan *plan = journal_plan(j);

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (plan != NULL && plan->action != NULL &&
		    strcmp(plan->action, actions[i]) == 0)
			return actions[i];
	return NULL;
}

/* First the hold, then the look: once it is ours, the outermost waits. */
static int
join_at(int run_fd, struct nested *ret, const char **ret_action)
{
	int fd = open_visitors(run_fd), r;
	struct journal *j = NULL;

	if (fd < 0)
		return fd;
	r = try_lock(fd, F_RDLCK);
	if (r == -EAGAIN || r == -EACCES)
		r = 0;		/* it is closing: as good as over */
	else if (r == 0)
		r = journal_open(run_fd, false, &j);
	if (r == 0 && j != NULL && is_live(j)) {
		*ret_action = by_hand(j);
		if (*ret_action == NULL) {
			ret->hold_fd = fd;
			ret->journal = j;
			return 1;
		}
		r = ERR_BUSY;
	}
	journal_free(j);
	close(fd);
	return r == -ENOENT ? 0 : r;
}

/*
 * To be asked when state_lock has said ERR_BUSY. 1: joined; 0: there is no live
 * run (any more, or not yet): try the lock again; ERR_BUSY: an admin's action,
 * whose name is in *ret_action (static); -errno.
 */
static int
join(struct state *s, struct nested *ret, const char **ret_action)
{
	int fd, r = 0;

	if (s->run_fd >= 0)
		r = join_at(s->run_fd, ret, ret_action);
	if (r > 0 || r == ERR_BUSY)
		return r;
	fd = state_other_place(s);
	if (fd >= 0) {
		r = join_at(fd, ret, ret_action);
		close(fd);
	}
	return r;
}

void
nested_orphaned(struct session *s, struct nested *ret)
{
	const char *action;

	if (s->state == NULL || s->state->lock_fd < 0 ||
	    !guard_below_orphan(s) || join(s->state, ret, &action) <= 0)
		return;
	/* nobody else joins: what comes from elsewhere is refused */
	close(s->state->lock_fd);
	s->state->lock_fd = -1;
}

void
nested_leave(struct nested *n)
{
	journal_free(n->journal);
	n->journal = NULL;
	if (n->hold_fd >= 0)
		close(n->hold_fd);
	n->hold_fd = -1;
}

int
nested_wait(int run_fd, unsigned int seconds)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	unsigned long left = seconds * (1000000000UL / POLL_NS);
	int fd = open_visitors(run_fd), r;

	if (fd < 0)
		return fd;
	while ((r = try_lock(fd, F_WRLCK)) < 0) {
		bool held = r == -EAGAIN || r == -EACCES;

		if (!held || left-- == 0) {
			close(fd);
			return held ? ERR_BUSY : r;
		}
		nanosleep(&pause, NULL);
	}
	return fd;
}

int
nested_or_own(struct session *s, struct guard *g, struct nested *ret,
              struct diag *diag)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	const char *action;
	int tries = 0, waits = 0;

	for (;;) {
		int e = guard_own(s, g, diag), r;

		if (e != ERR_BUSY)
			return e;
		r = join(s->state, ret, &action);
		if (r > 0)
			return 0;
		tries = r == ERR_BUSY ? 0 : tries + 1;
		waits += r == ERR_BUSY;
		if (tries > LOCK_TRIES || waits > WAIT_TRIES)
			return e;
		if (waits == WAIT_TOLD)
			log_warn("waiting for --%s to end", action);
		nanosleep(&pause, NULL);
	}
}
