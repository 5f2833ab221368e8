/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alive.h"
#include "iflag.h"
#include "keeper.h"
#include "lock.h"

static int
busy(struct diag *diag, const char *what, pid_t pid)
{
	if (pid > 0)
		return diag_set(diag, ERR_BUSY, NULL, 0, "%s was locked by "
		                "another process with pid %d", what,
		                (int)pid);
	return diag_set(diag, ERR_BUSY, NULL, 0,
	                "%s is locked by another process", what);
}

static int
take_frontend(struct session *s, struct guard *g, pid_t *ret_pid,
              struct diag *diag)
{
	pid_t pid = 0;
	int fd, r;

	fd = session_admin_open(s, "lock-frontend", O_RDWR | O_CREAT);
	if (fd < 0)
		return diag_set(diag, fd, s->admindir, 0,
		                "cannot open lock-frontend: %s",
		                err_text(fd));
	r = keeper_lock(fd, &pid);
	if (r < 0) {
		close(fd);
		*ret_pid = pid;
		return r == ERR_BUSY ? busy(diag, "dpkg frontend lock", pid) :
		       diag_set(diag, r, s->admindir, 0,
		                "cannot lock lock-frontend: %s", err_text(r));
	}
	g->frontend_fd = fd;
	return 0;
}

int
guard_frontend(struct session *s, struct guard *g, struct diag *diag)
{
	pid_t pid;

	return take_frontend(s, g, &pid, diag);
}

int
guard_own(struct session *s, struct guard *g, struct diag *diag)
{
	int r;

	if (s->state == NULL || s->state->lock_fd >= 0)
		return 0;
	r = state_lock(s->state);
	if (r == ERR_BUSY)
		return busy(diag, "dpkg database lock", 0);
	if (r < 0)
		g->no_place = diag_set(diag, r, STATE_DIR "/run/lock", 0,
		                       "%s", err_text(r));
	return 0;
}

int
guard_front(struct session *s, bool frontend_locked, struct guard *g,
            struct diag *diag)
{
	pid_t pid = 0;
	int r = 0;

	if (!frontend_locked)
		r = take_frontend(s, g, &pid, diag);
	return r == ERR_BUSY && pid > 0 && alive_is_ancestor(pid) ? 0 : r;
}

int
guard_take(struct session *s, bool frontend_locked, struct guard *ret,
           struct diag *diag)
{
	struct guard g = { .frontend_fd = -1 };
	int r = frontend_locked ? 0 : guard_frontend(s, &g, diag);

	if (r == 0)
		r = guard_own(s, &g, diag);
	if (r < 0) {
		guard_drop(&g);
		return r;
	}
	*ret = g;
	return 0;
}

void
guard_drop(struct guard *g)
{
	if (g->frontend_fd >= 0) {
		keeper_unlock();
		close(g->frontend_fd);
	}
	g->frontend_fd = -1;
}

/* Whether somebody holds dpkg's own lock, and who. */
static bool
dpkg_works(const struct session *s, pid_t *ret_pid)
{
	int fd = session_admin_open(s, "lock", O_RDONLY), r;

	*ret_pid = 0;
	if (fd < 0)
		return false;	/* never locked yet */
	r = lock_posix_held(fd, ret_pid);
	close(fd);
	return r > 0;
}

int
guard_dpkg_idle(const struct session *s, struct diag *diag)
{
	pid_t pid;

	return dpkg_works(s, &pid) ? busy(diag, "dpkg database lock", pid) : 0;
}

int
guard_dpkg_apart(const struct session *s, struct diag *diag)
{
	pid_t pid;

	if (!dpkg_works(s, &pid) || (pid > 0 && alive_is_ancestor(pid)))
		return 0;
	return busy(diag, "dpkg database lock", pid);
}

/*
 * A dpkg above us that we do not run may go on to unpack and remove other
 * packages; over flags the one fails, and the other leaves files behind
 * without a word. Only when it configures are those that follow unsettled.
 */
int
guard_may_adopt(const struct session *s, struct diag *diag)
{
	const char *script = getenv("DPKG_MAINTSCRIPT_NAME");

	if (script == NULL || strcmp(script, "postinst") == 0 ||
	    guard_dpkg_idle(s, diag) == 0)
		return 0;
	return diag_set(diag, ERR_REFUSED, NULL, 0, "a dpkg is at work that "
	                "nothing can be opened for; of scripts only a "
	                "postinst may adopt");
}

/* Beside the journal of the other place; to be read. */
static int
other_note(struct state *s)
{
	int place = state_other_place(s), fd;

	if (place < 0)
		return place;
	fd = openat(place, STATE_CHILD, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	            O_CLOEXEC);
	close(place);
	return fd;
}

/* The real program of an interrupted run, wherever that had its journal. */
static bool
child_lives(struct state *s, pid_t *ret_pid)
{
	int (*const notes[])(struct state *) = {
		state_child_note, other_note
	};
	bool lives = false;

	for (size_t i = 0; !lives && i < 2; i++) {
		int fd = notes[i](s);

		if (fd < 0)
			continue;
		lives = alive_noted(fd, ret_pid) > 0;
		close(fd);
	}
	return lives;
}

int
guard_child_gone(struct state *s, struct diag *diag)
{
	pid_t pid;

	return child_lives(s, &pid) ? busy(diag, "dpkg database lock", pid) : 0;
}

bool
guard_below_orphan(const struct session *s)
{
	pid_t noted, holder;

	return s->state != NULL && child_lives(s->state, &noted) &&
	       dpkg_works(s, &holder) && holder == noted &&
	       alive_is_ancestor(noted);
}

int
guard_may_flag(const struct session *s, struct diag *diag)
{
	/* A file without a name, so that nothing is left of it. */
	int fd = openat(s->state->dir_fd, "run", O_RDWR | O_TMPFILE |
	                O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return 0;
	r = iflag_set(fd, IFLAG_IMMUTABLE, IFLAG_IMMUTABLE, NULL);
	if (r > 0)
		(void)iflag_set(fd, 0, IFLAG_IMMUTABLE, NULL);
	close(fd);
	return r != -EPERM ? 0 :
	       diag_set(diag, r, NULL, 0, "no right to change the immutable "
	                "flag (CAP_LINUX_IMMUTABLE)");
}
