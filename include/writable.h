/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_WRITABLE_H
#define DI_WRITABLE_H

#include <stdbool.h>

#include "journal.h"
#include "plan.h"
#include "session.h"

/*
 * Read-only mounts in the way of a run, as `mounts` of the configuration says.
 *
 * A mount's own flag: keeper, worker and dpkg get a mount namespace of their
 * own, where it goes from just the mounts that are needed; the rest of the
 * machine never sees them writable, and nothing has to be put back. A file
 * system that is read-only itself, with mounts = remount: every mount of it
 * gets the flag of its own first, what happens is recorded (remounted.h), then
 * the file system becomes writable, and the mounts in our namespace.
 *
 * Each of these is 0; ERR_AGAIN, to be handed up until the worker gives
 * KEEPER_AGAIN (nothing was lifted yet, and the next call finds us in a
 * namespace of our own); or an error with *diag: nothing may be begun. The
 * session needs its configuration. mounts = off: always 0.
 */

/* Where dpkg's database, our state and the log are. Not `strict`: what may not
 * be remounted is no error. */
int writable_own(struct session *s, bool strict, struct diag *diag);

/*
 * What dpkg is about to write: the folders of all that the plan's packages
 * list and of its paths; with `scripts`, those that maintainer scripts write
 * without listing it. `changes`: files come and go (--unpack, --remove ...),
 * so that a read-only file system which may not be remounted is an error; else
 * it is left to the lifting of flags.
 *
 * Here too it is found out whether the database would be lost while files stay
 * (volatile-database): ERR_REFUSED.
 */
int writable_plan(struct session *s, const struct plan *plan, bool changes,
                  bool scripts, struct diag *diag);

/*
 * What is to be flagged or lifted: the files of the plan's packages, its paths
 * (a journal's, or an admin's with packages alone); `all`, or no plan: those of
 * every package. What may not be remounted is no error here.
 */
int writable_flags(struct session *s, const struct journal_plan *plan,
                   bool all, struct diag *diag);

/* Before an adoption: ERR_REFUSED where the database would be lost. */
int writable_adoption(struct session *s, struct diag *diag);

#endif
