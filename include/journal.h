/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_JOURNAL_H
#define DI_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * The durable record of one run: STATE/run/journal, preallocated and written
 * in place. File: magic and version, then records: length, type, run id,
 * payload, CRC-32C over all of it. Records of another run id behind the last
 * one are what is left of older runs, and end the reading. Little endian.
 */
enum journal_state {
	JOURNAL_IDLE,		/* empty, or the last run is DONE */
	JOURNAL_PLANNED,	/* PLAN (and OPENs): some may be lifted */
	JOURNAL_RAN,		/* dpkg has ended */
	JOURNAL_CLOSED,		/* flags are back and durable */
	JOURNAL_BAD		/* damaged in the middle: nothing in it holds */
};

/* What a program of ours within the run has asked its end to be. */
enum journal_wish {
	JOURNAL_NO_WISH,
	JOURNAL_ADOPTED,	/* protect everything */
	JOURNAL_RELEASED,	/* protect nothing, lift the rest */
	JOURNAL_FORGOTTEN	/* the file has lost its name: released, and the
				 * state folder removed */
};

struct journal_path {
	const char *path;	/* real path below the root */
	unsigned int flags;	/* IFLAG_* bits that it carried */
	bool foreign;		/* not ours: to be set again as it was */
	uint64_t dev, ino;
};

struct journal_plan {
	const char *action;	/* long name: "unpack", "adopt", ... */
	const char *admindir;	/* as used, below or beside the root */
	char *const *argv;
	size_t argc;
	bool guest_db;		/* another admindir than the adopted one */
	const struct journal_path *paths;
	size_t n_paths;
	char *const *packages;	/* keys of the packages that are concerned */
	size_t n_packages;
};

struct journal;

/*
 * Opens NAME "journal" below run_dirfd, creating and preallocating it (zeros
 * written, fsync) where it is missing and `create`. Reads what it holds.
 * ERR_VERSION: of a newer format. -ENOENT: not there.
 */
int journal_open(int run_dirfd, bool create, struct journal **ret);
void journal_free(struct journal *j);

enum journal_state journal_state(const struct journal *j);
/* The unfinished run's plan with all OPEN paths; valid unless IDLE or BAD. */
const struct journal_plan *journal_plan(struct journal *j);
uint64_t journal_id(const struct journal *j);
int journal_folder(const struct journal *j);	/* its own; open while j is */
int journal_wait_status(const struct journal *j);	/* of RAN; -1: none */

/*
 * Starts a new run: writes PLAN durably (grows the file if it must). After
 * 0 the caller may lift. -ENOSPC and the like: nothing may be lifted.
 */
int journal_begin(struct journal *j, uint64_t id,
                  const struct journal_plan *plan);
/* OPEN: more paths of the live run, durable before it returns. */
int journal_add(struct journal *j, const struct journal_path *paths, size_t n);
/* ADOPTED or RELEASED, durable before it returns. The last one counts. */
int journal_wish(struct journal *j, enum journal_wish wish);
/* Looks afresh at what others have written. */
enum journal_wish journal_wished(struct journal *j);

/*
 * How far the run has come; not fsynced. All writers look first, under a lock
 * of their own, at what others have appended, so journal_plan is fresh after
 * each call (older pointers into it stay good). ERR_REFUSED: the run in the
 * file is another one or has come too far for this record (journal_add: it is
 * closed). closed and done: ERR_BUSY while a nested caller has opened paths that
 * journal_plan has not been asked for since, or has a wish that journal_wished
 * has not told: nothing is written; close those that it has now, and call
 * again.
 */
int journal_ran(struct journal *j, int wait_status);
int journal_closed(struct journal *j);
int journal_done(struct journal *j);

/* Renames the file to journal.bad (over an older one) and starts empty. */
int journal_set_aside(struct journal *j);

#endif
