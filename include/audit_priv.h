/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_AUDIT_PRIV_H
#define DI_AUDIT_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "arena.h"
#include "audit.h"
#include "history.h"
#include "inoset.h"
#include "lanes.h"
#include "ledger.h"
#include "overrides.h"
#include "strmap.h"
#include "target.h"

/* What the files of src/core/audit*.c share; for nobody else. */

struct audit_found {
	size_t package;			/* by db->packages; n: of none */
	struct finding finding;
};

/*
 * A folder that is not as one package's ledger has it. Others may list it as
 * well, and their runs may have changed it: whether any of their ledgers
 * agrees is asked at the end.
 */
struct audit_folder {
	size_t package;
	const char *path;
	struct ledger_row row;		/* its words in the arena */
	struct node node;
	const char *words;		/* attributes as they are; NULL: none or
					 * not asked */
	bool asked;
};

/* A file that somebody may hold open for writing. */
struct audit_file {
	size_t package;
	const char *path;
};

struct audit {
	struct session *s;
	const struct audit_job *job;
	struct targets targets;
	struct overrides *overrides;
	bool unseen;			/* they were changed since the last run */
	struct history_ledgers *chain;	/* NULL: there is none to ask */
	struct inoset *since;		/* ids of runs; NULL: all */
	size_t *order;			/* packages that were chosen */
	size_t n_order;
	uint64_t *start;		/* by package: bytes before it; NULL: all
					 * of them are asked for */
	uint64_t bytes;			/* of all packages */
	bool partial;
	bool strays;			/* flags on strangers are looked for */
	bool live;			/* beside a run: what it has changed has
					 * its old ledger still */
	atomic_size_t next;
	atomic_size_t next_folder;
	struct found_folder {
		const char *path;
		uint64_t dev;
		bool listed;	/* inos are the inodes of all that is in it,
				 * the first n_files of them regular files'
				 * and in their order */
		size_t first, n, n_files;	/* where in the thread's */
		const uint64_t *inos;
	} *folders;			/* of packages; to be looked through */
	size_t n_folders;
	struct inoset **seen;		/* listed inodes, one set a thread */
	size_t n_seen;

	pthread_mutex_t mutex;		/* around all below, and the database */
	struct audit_found *found;
	size_t n_found, cap;
	struct arena *arena;		/* the findings' words, and the like */
	struct audit_folder *doubts;
	size_t n_doubts;
	struct inoset *writable;	/* file -> index of files; NULL: none */
	struct audit_file *files;
	size_t n_files;
	struct diag diag;		/* of the first ledger that is bad */
	int bad;
	int err;			/* -ENOMEM: nothing can be told */

	pthread_cond_t changed;
	/* Threads wait until all of them can begin. */
	void *(*task)(void *);
	size_t n_own;
	bool begun;
	/* Threads that join in when the disk is what we wait for. */
	bool cold, over;
};

struct auditor;

/* A file whose content is to be read. */
struct reading {
	struct auditor *auditor;
	size_t package;
	const char *path;
	int fd;
	bool conffile;
	bool drop;		/* from the page cache, when it was read */
	bool has_row;
	uint64_t size;
	int64_t mtime;
	struct ledger_row row;	/* its digests are what is expected */
};

/* So many files are asked for before they are read, where that takes long. */
#define AUDIT_AHEAD 16
/* One thread. */
struct auditor {
	struct audit *audit;
	pthread_t id;
	bool extra;			/* waits until it is cold */
	struct root *root;		/* NULL: the session's */
	struct due *due;
	struct lanes *lanes[DIGEST_SHA256 + 1];	/* by kind; made when needed */
	struct lanes *all;		/* of every kind, the same */
	struct audit_total total;
	struct inoset *seen;		/* borrowed by the audit */
	struct found_folder *folders;
	size_t n_folders;
	uint64_t *inos;			/* of what is in them */
	size_t n_inos, cap_inos;
	struct strmap *words;		/* folder -> its attributes */
	struct strmap *lists;		/* folder -> its number in folders */
	const char *list_of;		/* the folder last asked for, and */
	uintptr_t list;			/* its number + 1; 0: none */
	/* Files that are being fetched from the disk, oldest at first_ahead. */
	struct reading *ahead[AUDIT_AHEAD];
	unsigned int n_ahead, first_ahead;
	unsigned int files, probes, colds;
	bool told_cold;
	/* the package at hand */
	size_t at;
	struct package *package;
	const struct ledger *ledger;
	size_t hint;			/* the row that most likely is next */
	const struct index_row *row;
	int fd;				/* of the path at hand; -1: not open */
	uint64_t *offsets;		/* by row of the ledger; NULL: all meant */
	bool off;
	int err;
};

/* audit_found.c */
void audit_tell(struct auditor *t, size_t package, enum finding_kind kind,
                const char *path, const char *expected, const char *actual);
/* The same, outside of the threads. */
void audit_keep(struct audit *a, size_t package, enum finding_kind kind,
                const char *path, const char *expected, const char *actual);
/* Leaves out what lies below a mount that was told, sorts, and counts. */
void audit_sort(struct audit *a, struct audit_total *total);
/* What is found by kind. */
void audit_count(const struct audit *a, struct audit_total *total);
/* Room for one more in an array of the audit's arena; the mutex is held. */
void *audit_grow(struct audit *a, void *old, size_t n, size_t size);

/*
 * audit_threads.c: the task on n auditors at once, the first of them on our
 * own thread; then the first error of any. Descriptors that a task opens are
 * closed by it.
 */
int audit_threads(struct auditor *t, size_t n, void *(*task)(void *));

/*
 * audit.c: a whole audit, its findings sorted and counted, nothing told yet.
 * *a is zeroed; audit_end frees it, after any failure too.
 */
int audit_pass(struct session *s, const struct audit_job *job,
               struct audit *a, struct audit_total *total,
               struct diag *diag);
void audit_end(struct audit *a);
/*
 * audit_again.c: a's findings once more, where a run was at work since a
 * little before `start` (CLOCK_REALTIME) or is: what only its haste has made
 * look wrong goes. The session has another database then. 0 or -ENOMEM.
 */
int audit_again(struct audit *a, int64_t start, struct audit_total *total);

/* audit_choose.c: which packages, in which order; loads their lists. */
int audit_choose(struct audit *a, struct diag *diag);
/* Of the package's recorded files, as the slices count them. */
uint64_t audit_bytes(const struct index_row *row);

/* audit_file.c: one listed path of the package at hand. */
int audit_path(struct auditor *t, const char *listed);
/*
 * audit_other.c: a symlink, a folder, a device, or a file that has become
 * one; row NULL: not recorded.
 */
int audit_other(struct auditor *t, const struct verdict *v,
                const struct ledger_row *row);
/* audit_file.c: the package's conffiles. */
int audit_conffiles(struct auditor *t);
/*
 * audit_read.c: takes r over, whose fd is open and whose row has the digests
 * that are expected. Where files come from the disk they are asked for some
 * files ahead, so that its queue is full.
 */
int audit_read(struct auditor *t, struct reading *r);
/* Files that are still being read, answered. */
void audit_finish(struct auditor *t);

/* audit_whole.c: what is asked once, after all packages. */
int audit_doubts(struct audit *a, struct diag *diag);
int audit_writers(struct audit *a, struct audit_total *total);
int audit_self(struct audit *a, struct audit_total *total);
/*
 * After that: statoverrides that no run has seen excuse no file (what their
 * program makes of one is recorded). It does not call us where it changes no
 * file, so that is no finding by itself.
 */
void audit_overrides(struct audit *a);
/* Files of ours and dpkg's that every entry of the history names. */
int audit_records(struct audit *a);
/* Packages that were recorded, and that dpkg no longer knows. */
int audit_gone(struct audit *a);
/* Before all packages: the history's chain and who signed it. */
int audit_chain(struct audit *a, struct diag *diag);

/* audit_stray.c: flags on what no package lists, in the n-th folder. */
int audit_stray(struct auditor *t, size_t n);
/* The inodes of what is in a folder that is open, for audit_stray. */
int audit_list_folder(struct auditor *t, int fd, const char *path);
/* True if that list says that inode ino is a regular file in path's folder. */
bool audit_listed(struct auditor *t, const char *path, uint64_t ino);

#endif
