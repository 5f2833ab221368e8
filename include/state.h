/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_STATE_H
#define DI_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "journal.h"
#include "root.h"

/*
 * The state folder of an adopted root, /var/lib/dpkg-immutable below it:
 * `adopted` (text: "dpkg-immutable adopted 1", "id HEX", "admindir PATH"),
 * run/, ledger/, history/, quarantine/. The presence of `adopted` adopts.
 */
#define STATE_DIR "/var/lib/dpkg-immutable"
#define STATE_RUN "/run/dpkg-immutable"

struct state {
	struct root *root;	/* borrowed */
	int dir_fd;
	int ledger_fd;		/* -1: not there or not readable */
	int history_fd;
	int quarantine_fd;
	int run_fd;		/* lock and journal */
	int lock_fd;
	bool in_run;		/* run_fd is below STATE_RUN: a power cut then
				 * cannot be repaired */
	int damaged;		/* why the marker or the folder can't be
				 * believed; 0: it can */
	char id[33];
	char admindir[4096];	/* below the root: "/var/lib/dpkg" */
};

/*
 * Opens it, not locked. -ENOENT: this root is not adopted. A marker that is
 * there but can't be read is no failure: *diag says what is wrong,
 * ret->damaged is not 0, the id is of zeros and admindir the usual one. In a
 * folder that is not root's (ERR_UNSAFE), or of a newer format (ERR_VERSION),
 * nothing is opened.
 */
int state_open(struct root *root, struct state **ret, struct diag *diag);
void state_free(struct state *s);

/*
 * Makes the folders (not the marker), so that a journal can be begun. Lifts
 * the folder's own flag where it has to. Idempotent.
 */
int state_create(struct root *root, const char *admindir, struct state **ret,
                 struct diag *diag);
/* Writes the marker, also in place of a damaged one, then flags marker and
 * folder; the root is adopted. */
int state_adopt(struct state *s);
/* False once another program of ours has ended the adoption. */
bool state_adopted(const struct state *s);
/* True if marker or folder have lost their flags: this is a copy. */
bool state_unguarded(const struct state *s);
/* True between a --release and the next --adopt: no flag here is ours. */
bool state_was_released(const struct state *s);
/* Lifts these two flags and drops the marker. */
int state_release(struct state *s);
/* Removes all that is in the folder, and the folder; not the lock we hold. */
int state_forget(struct state *s);

/*
 * Takes our lock and picks the place of the journal: run/, or below STATE_RUN
 * where run/ cannot be written. ERR_BUSY: another run of ours lives.
 */
int state_lock(struct state *s);
/*
 * With the lock held: run/ can be locked but takes no journal (it is full);
 * the journal's place is below STATE_RUN from now on.
 */
int state_retreat(struct state *s);

/*
 * The file beside the journal in which the real program notes itself
 * (alive.h); a descriptor of the caller's, or -errno.
 */
#define STATE_CHILD "child"
int state_child_note(struct state *s);

/*
 * True if another process of ours holds the lock (readers ask).
 */
bool state_locked(const struct state *s);

/*
 * Opens the journal of the present place. `other` the one of the other
 * place, if there is one (to be recovered as well); NULL otherwise.
 */
int state_other_place(struct state *s);	/* a descriptor, or -errno */
int state_journal(struct state *s, struct journal **ret);
int state_other_journal(struct state *s, struct journal **ret);

#endif
