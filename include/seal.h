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
#include "lanes.h"
#include "ledger.h"
#include "overrides.h"
#include "strmap.h"
#include "syncset.h"

/*
 * Closing: sets the flag on a package's due files, and records them and its
 * symlinks, folders and special files.
 */
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
	const struct overrides *overrides;	/* or NULL */
	/* Real paths whose mode and owner the run was there to change
	 * (dpkg-statoverride); or NULL. */
	const struct strmap *moved;
	/* session's: what was not as recorded before the run; or NULL */
	const struct strmap *spoiled;
	bool hash;		/* content is checked and recorded */
	/*
	 * Of the caller's thread, made with seal_hashed; digests of MD5 at
	 * least. May be NULL without `hash`.
	 */
	struct lanes *lanes;
	bool in_run;		/* dpkg has acted on the package: what no
				 * md5sums line knows is taken as it is */
	bool closed;		/* nobody had a reason to lift the flag of
				 * what is recorded: that is told */
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
 * all parts in one. seal_join takes over the parts' ledgers, whatever happens, and
 * tells the sum of all recorded sizes.
 */
struct seal_part {
	struct ledger *ledger;
	bool changed;
};
/* What job->lanes are made with. */
lanes_done seal_hashed;
int seal_paths(struct due *d, struct package *p, const struct seal_job *job,
               size_t from, size_t to, struct syncset *sync,
               struct tally *tally, struct seal_part *ret);
int seal_join(const struct seal_job *job, struct seal_part *parts, size_t n,
              struct ledger **ret_ledger, uint64_t *ret_bytes);

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

#endif
