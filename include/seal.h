/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SEAL_H
#define DI_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "due.h"
#include "finding.h"
#include "foreign.h"
#include "ledger.h"
#include "syncset.h"

/* Closing: sets the flag on a package's due files, and records them. */
struct tally {
	size_t opened;
	size_t closed;		/* flags set */
	size_t cleared;		/* flags lifted at the end */
	size_t findings;
	size_t failed;		/* could not be protected, though due */
	int first_error;	/* of the failed ones */
	const char *first_path;	/* that could not be lifted; of the database */
};
void tally_add(struct tally *to, const struct tally *from);

struct seal_job {
	const struct ledger *old;	/* what was recorded, or NULL */
	const struct index_row *row;	/* of the old index, or NULL */
	const struct foreign *foreign;	/* or NULL */
	bool hash;		/* content is checked and recorded */
	bool in_run;		/* dpkg has acted on the package: what no
				 * md5sums line knows is taken as it is */
	bool accept;		/* take over what differs */
	bool lazy;		/* a flag set on unchanged content does not make
				 * a new ledger: the index row's times tell */
	finding_fn *on_finding;
	void *ctx;
};

/*
 * Protects one settled package whose list and md5sums are loaded. *ret_ledger
 * is the new ledger, sealed; NULL where every row is as in job->old. 0 or
 * -ENOMEM; files that cannot be flagged count in *tally.
 */
int seal_package(struct due *d, struct package *p, const struct seal_job *job,
                 struct syncset *sync, struct tally *tally,
                 struct ledger **ret_ledger);

/*
 * The same in parts, so that several threads can do one package: the paths
 * from..to-1 of its list, each part with its own due, sync and tally; then
 * all parts in one. seal_join takes over the parts' ledgers, whatever happens.
 */
struct seal_part {
	struct ledger *ledger;
	bool changed;
};
int seal_paths(struct due *d, struct package *p, const struct seal_job *job,
               size_t from, size_t to, struct syncset *sync,
               struct tally *tally, struct seal_part *ret);
int seal_join(const struct seal_job *job, struct seal_part *parts, size_t n,
              struct ledger **ret_ledger);

/*
 * Lifts what is ours on the files of a package (unsettled, or --unprotect):
 * what is due, and what has become exempt since `old` (may be NULL) recorded
 * it.
 */
int unseal_package(struct due *d, struct package *p, const struct ledger *old,
                   const struct foreign *foreign, struct syncset *sync,
                   struct tally *tally);

/*
 * Files of a plan that carried a flag before us get it back where they are
 * still the same inode; with `all` (another database than the adopted one)
 * every path that was opened gets back what it had.
 */
struct journal_plan;
void seal_restore(struct due *d, const struct journal_plan *plan, bool all,
                  const struct foreign *foreign, struct syncset *sync,
                  struct tally *tally);

/*
 * True if a recorded file is by inode, size and ctime what it was when its
 * flag was last set or lifted by us.
 */
bool seal_unchanged(const struct ledger_row *row, const struct index_row *x,
                    const struct node *n);

#endif
