/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SEALALL_H
#define DI_SEALALL_H

#include <stddef.h>

#include "seal.h"
#include "session.h"

/* Many packages at once, on as many threads as the configuration says. */
struct seal_item {
	struct package *package;	/* list and md5sums loaded */
	const struct index_row *row;	/* of the old index, or NULL */
	bool in_run, closed;		/* as in seal_job */
	bool accept;			/* take over what differs */
	bool failed;			/* filled: something stays open */
	bool newer;			/* filled: its ledger is of a newer
					 * format */
	int unread;			/* filled: it could not be read for the
					 * moment: none may be written */
	struct ledger *old;		/* filled: recorded before; owned */
	struct ledger *fresh;		/* filled: new, NULL if as before; owned */
	uint64_t bytes;			/* filled: of all its files */
	bool recorded;			/* filled: there is a ledger, */
	unsigned char digest[32];	/* and this is its SHA-256; of a fresh
					 * one once seal_store has written it */
};

/*
 * Loads the lists, then seals each; `job` gives all but what items have. The
 * finding callback is never called by two threads at once. 0 or the first
 * error that stopped a package.
 */
int seal_all(struct session *s, struct seal_item *items, size_t n,
             const struct seal_job *job, struct syncset *sync,
             struct tally *tally, struct diag *diag);

/*
 * Writes the fresh ledgers. Their names are durable with index_store, which
 * has to follow and syncs the same folder. 0 or the first error; items say
 * which were written all the same.
 */
int seal_store(struct session *s, struct seal_item *items, size_t n);
void seal_items_free(struct seal_item *items, size_t n);

#endif
