/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_GUARD_H
#define DI_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "session.h"

/*
 * The locks that an actor holds: dpkg's lock-frontend (unless a front end
 * holds it for us: DPKG_FRONTEND_LOCKED) and our own.
 */
struct guard {
	int frontend_fd;	/* -1: not taken by us */
	int no_place;		/* why ours could be made nowhere: nothing may
				 * be lifted then; 0: we hold it */
};

/*
 * 0; ERR_BUSY with *diag holding the sentence to print; -errno. Never waits.
 * 0 also with ret->no_place set; *diag then says why.
 * `frontend_locked`: DPKG_FRONTEND_LOCKED is set.
 */
int guard_take(struct session *s, bool frontend_locked, struct guard *ret,
               struct diag *diag);
/*
 * Its two halves. *g starts as { .frontend_fd = -1 }. guard_front, in place of
 * guard_frontend, leaves lock-frontend to a process above us that holds it:
 * for what a maintainer script may call.
 */
int guard_front(struct session *s, bool frontend_locked, struct guard *g,
                struct diag *diag);
int guard_frontend(struct session *s, struct guard *g, struct diag *diag);
int guard_own(struct session *s, struct guard *g, struct diag *diag);
void guard_drop(struct guard *g);

/* ERR_BUSY with *diag if dpkg itself (its `lock`) is at work. */
int guard_dpkg_idle(const struct session *s, struct diag *diag);
/* The same, but for a dpkg below which we run ourselves, as what its maintainer
 * scripts call. */
int guard_dpkg_apart(const struct session *s, struct diag *diag);
/*
 * The same if the real program of an interrupted run lives, though it may not
 * hold its lock yet. To be asked of a journal that is not DONE.
 */
int guard_child_gone(struct state *s, struct diag *diag);
/* Whether we run below that program, and it is a dpkg that holds its lock. */
bool guard_below_orphan(const struct session *s);

/* ERR_REFUSED within a script of a plain dpkg that may go on to unpack or
 * remove: to set flags under it would make that fail, partly unseen. */
int guard_may_adopt(const struct session *s, struct diag *diag);

/*
 * Whether the kernel lets us change flags, tried on a file of our own: -EPERM
 * with *diag; 0 where it does, or where it could not be tried.
 */
int guard_may_flag(const struct session *s, struct diag *diag);

#endif
