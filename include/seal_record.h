/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SEAL_RECORD_H
#define DI_SEAL_RECORD_H

#include "seal.h"

/* Opened, and to be flagged together with others. */
#define SEAL_BATCH 48
struct seal_waiting {
	const char *listed;
	struct verdict verdict;
	const struct ledger_row *old;
	struct node node;		/* of before the flag */
};

/* One package, or a part of it, on its way; seal.c's and seal_record.c's. */
struct sealing {
	struct due *due;
	struct package *package;
	const struct seal_job *job;
	struct syncset *sync;
	struct tally *tally;
	struct ledger *ledger;
	struct buf words;	/* of attributes, at hand */
	bool changed;		/* some row differs from the old ledger */
	int err;		/* of an answer that came later */
	struct seal_waiting waiting[SEAL_BATCH];
	struct iflag_change change[SEAL_BATCH];
	size_t n_waiting;
};

/* A finding of the package, told and counted. */
void seal_report(struct sealing *s, enum finding_kind kind, const char *path,
                 const char *expected, const char *actual);
void seal_failed(struct sealing *s, int err);

/*
 * Whether what is at `path` (n NULL: nothing) was so before the run, and not
 * as recorded: then the record goes on saying what must be.
 */
bool seal_spoiled(const struct sealing *s, const char *path,
                  const struct node *n);

/*
 * Records a due file from fd, whose flag was set just now or before
 * (`flagged` tells which); `before` is its node of before that. Takes fd
 * over: it is closed, or kept for syncing, when its content has been read,
 * which may be as late as lanes_finish.
 */
int seal_record_file(struct sealing *s, int fd, const char *listed,
                     const struct verdict *v, const struct ledger_row *old,
                     const struct node *before, bool flagged);
/* Records a symlink, folder or special file. */
int seal_record_other(struct sealing *s, const struct verdict *v);

#endif
