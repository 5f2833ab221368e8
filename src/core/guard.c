/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alive.h"
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

int
guard_frontend(struct session *s, struct guard *g, struct diag *diag)
{
	pid_t pid = 0;
	int fd, r;

	fd = session_admin_open(s, "lock-frontend", O_RDWR | O_CREAT);
	if (fd < 0)
		return diag_set(diag, fd, s->admindir, 0,
		                "cannot open lock-frontend: %s",
		                err_text(fd));
	r = lock_posix(fd, &pid);
	if (r < 0) {
		close(fd);
		return r == ERR_BUSY ? busy(diag, "dpkg frontend lock", pid) :
		       diag_set(diag, r, s->admindir, 0,
		                "cannot lock lock-frontend: %s", err_text(r));
	}
	g->frontend_fd = fd;
	return 0;
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
guard_take(struct session *s, bool frontend_locked, struct guard *ret,
           struct diag *diag)
{
	struct guard g = { .frontend_fd = -1 };
	int r = 0;

	if (!frontend_locked)
		r = guard_frontend(s, &g, diag);
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
	if (g->frontend_fd >= 0)
		close(g->frontend_fd);
	g->frontend_fd = -1;
}

int
guard_dpkg_idle(const struct session *s, struct diag *diag)
{
	int fd = session_admin_open(s, "lock", O_RDONLY), r;
	pid_t pid = 0;

	if (fd < 0)
		return 0;	/* never locked yet */
	r = lock_posix_held(fd, &pid);
	close(fd);
	return r > 0 ? busy(diag, "dpkg database lock", pid) : 0;
}

int
guard_child_gone(struct state *s, struct diag *diag)
{
	int fd = state_child_note(s), r;
	pid_t pid = 0;

	if (fd < 0)
		return 0;
	r = alive_noted(fd, &pid);
	close(fd);
	return r > 0 ? busy(diag, "dpkg database lock", pid) : 0;
}
