/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SESSION_H
#define DI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "dpkgdb.h"
#include "due.h"
#include "foreign.h"
#include "index.h"
#include "ledger.h"
#include "mounts.h"
#include "progress.h"
#include "state.h"

/*
 * What nearly every action stands on: a root, its state, configuration,
 * database and what is recorded. Opened step by step; freed as a whole.
 */
struct session {
	struct root *root;
	const char *instdir;		/* "" for /; borrowed */
	char *admindir;			/* host path in use */
	bool guest;			/* root is not "/" */
	bool guest_db;			/* admindir is not the adopted one */
	struct state *state;		/* NULL: not adopted */
	struct conf *conf;
	bool keeps_conf;		/* it is the root's own, and good */
	struct dpkgdb *db;		/* as now */
	struct dpkgdb *before;		/* as before dpkg ran; may be NULL */
	bool diverted_since;	/* the database, when first loaded, had other
				 * diversions than the records know */
	struct index *index;
	struct foreign *foreign;
	bool apart;			/* a plain dpkg above us is no hindrance */
	bool releases;		/* it is for --release: a database without
				 * packages does not stop recovery, which then
				 * lifts */
	bool records_lost;		/* index or foreign were unreadable */
	bool newer;		/* something in the state folder is of a newer
				 * format: flags are set, nothing is written */
	uint64_t own_dev, own_ino;	/* our program; 0: not installed */
	struct due_facts *facts;
	struct due *due;
	int db_fd;			/* admindir of db, and of before */
	int before_fd;
	struct strmap *ledgers;		/* key -> struct ledger *, cached */
	int unread;		/* one of them could not be read for the moment
				 * (err_passes): where that counts nothing may
				 * be changed or written */
	struct session_cached *cached;	/* the same, for freeing */
	/* Path -> struct node *, in arena: what a run found other than it was
	 * recorded before it opened anything (inode 0: nothing was there). */
	struct strmap *spoiled;
	struct mounts *mounts;	/* the host's; NULL: not asked for yet, or not
				 * to be had (writable.h) */
	struct arena *arena;
	struct progress *progress;	/* borrowed; NULL: nobody watches */
};

/*
 * Opens root and state. instdir "" or a path without a slash behind; admindir
 * NULL: the adopted one, else instdir + /var/lib/dpkg. -ENOENT from the
 * state leaves s->state NULL and is no error. *diag on failure.
 */
int session_open(const char *instdir, const char *admindir,
                 struct session **ret, struct diag *diag);
void session_free(struct session *s);

/*
 * Configuration: `file` as conf_load. With `lenient` a bad one is answered
 * with the last good one, else the defaults, and a warning.
 */
int session_conf(struct session *s, const char *file, bool lenient,
                 struct diag *diag);
/* Remembers a good one for the day that it isn't; needs our lock. */
void session_keep_conf(struct session *s);
/* Index and foreign; with `lenient` bad ones count as empty, with a warning;
 * but an error that may pass (err_passes) is one. */
int session_records(struct session *s, bool lenient, struct diag *diag);
/* Database (status, not the lists). Again: the old one becomes `before`. */
int session_db(struct session *s, struct diag *diag);
/*
 * ERR_REFUSED with *diag where that has no package installed, while the index
 * has (where it is lost, while there are ledgers): then every file would be
 * nobody's. Needs both; 0 for guests.
 */
int session_populated(const struct session *s, struct diag *diag);
/*
 * Looks at the root afresh: folders are remembered for good, and dpkg has
 * moved some. To be followed by session_db and session_due.
 */
int session_reroot(struct session *s, struct diag *diag);
/* Facts about what is due, from the database and configuration at hand. */
int session_due(struct session *s, struct diag *diag);

/* The recorded ledger of a package key, cached; NULL: none, or unreadable, of
 * which s->unread tells if it may pass. */
struct ledger *session_ledger(struct session *s, const char *key);
/* s->unread, with *diag; 0: there was none. */
int session_unread(const struct session *s, struct diag *diag);
/* Drops the cache, and unread: ledgers were rewritten. */
void session_forget_ledgers(struct session *s);

/*
 * True if our own program was replaced or removed since session_open: what is
 * in the state folder is the new one's to write.
 */
bool session_replaced(const struct session *s);

/*
 * How many threads for n pieces of work: as configured, else a CPU each; no
 * more than the descriptors that we may have are enough for.
 */
#define SESSION_JOBS_MAX 64
#define SESSION_JOB_FDS 128
size_t session_jobs(const struct session *s, size_t n);

/* admindir/NAME as a descriptor (lock files). */
int session_admin_open(const struct session *s, const char *name, int flags);

/*
 * The log file below the root, as the configuration says. A worker
 * (keeper.h) is confined after that to writing what is ours.
 */
void session_log(struct session *s);
/* Opens the log file once more, after log_leave. */
void session_log_again(struct session *s);

#endif
