/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_NESTED_H
#define DI_NESTED_H

#include <stdbool.h>

#include "guard.h"
#include "journal.h"
#include "session.h"

/*
 * A program of ours that finds a live run on its root (our lock held and its
 * journal not DONE) never waits for it: it joins, appends what it opens to
 * that run's journal, and leaves closing to the outermost. The environment
 * decides nothing. A lock on run/visitors, shared by those that joined, tells
 * the outermost, and a recovery, when the last of them has ended.
 *
 * What an admin does by hand (--protect and its like) nobody joins: it might
 * flag what a guest has just opened. It starts no program that could be the
 * one that waits, so waiting for its end is safe.
 */
struct nested {
	int hold_fd;
	struct journal *journal;	/* of the live run */
};

/*
 * Takes our own lock, or joins the run whose holder has it; in between, when
 * that run begins or ends, it tries for a moment, and during an admin's action
 * for NESTED_WAIT seconds. 0 (ret->journal set: joined); else as guard_own.
 */
#define NESTED_WAIT 600
int nested_or_own(struct session *s, struct guard *g, struct nested *ret,
                  struct diag *diag);
/*
 * An outermost that was killed leaves its dpkg behind. For what moves files in
 * that one's scripts, after nested_or_own: it joins the dead run's journal, so
 * that dpkg comes to its end, and leaves closing to recovery; our own lock is
 * given up. Does nothing where we hold none, or the dpkg above us is another.
 */
void nested_orphaned(struct session *s, struct nested *ret);
/* After the real program has ended. */
void nested_leave(struct nested *n);

/*
 * For the outermost, or a recovery, who holds our lock, before it closes: waits
 * until those that joined the journal in run_fd have left, `seconds` at most,
 * and lets nobody join from then on until the returned descriptor is closed.
 * ERR_BUSY: somebody is still there. -errno: that can't be asked, as where
 * there are no locks (ENOMEM, ENOLCK); then nobody has joined either.
 */
int nested_wait(int run_fd, unsigned int seconds);

#endif
