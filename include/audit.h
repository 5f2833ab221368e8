/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_AUDIT_H
#define DI_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "finding.h"
#include "session.h"
#include "survey.h"

/*
 * --verify: what is there against ledger, md5sums and history, on every
 * processor. Readers only: no lock is taken, nothing is changed.
 */
struct audit_job {
	char *const *targets;	/* as target.h; none: all */
	size_t n_targets;
	const char *since;	/* only packages that a run since then changed, as
				 * history_since; NULL: all */
	unsigned int slice, slices;	/* the slice-th (from 1) of so many parts
				 * of all bytes; slices 0: all of it */
	/*
	 * Flags, stat data and ledger: content and attributes only of files
	 * that are not by inode, size and ctime as recorded; no search for
	 * flags on what no package lists.
	 */
	bool quick;
	bool all_digests;	/* every digest that is known, not one a file */
	bool conffiles;		/* tell of changed conffiles as well */
	bool polite;		/* in nobody's way: drop from the page cache what
				 * was not in it */
	bool by_path;		/* findings in the order of paths; else worst
				 * first within a package, and packages by their
				 * worst */
	const char *trust;	/* public key that the history's head must be
				 * signed with; NULL: none */
	finding_fn *fn;
	void *ctx;
};

struct audit_total {
	size_t files;		/* looked at */
	uint64_t bytes;		/* read */
	size_t findings;
	size_t unknown;		/* could not be looked at */
	size_t unread;		/* files whose content was not read: quick, or
				 * nothing is known of it */
	size_t blind_writers;	/* processes that could not be asked what they
				 * have open */
	size_t kinds[FINDING_COUNT];
	size_t states[SURVEY_COUNT];	/* files, by enum survey_state */
	bool partial;		/* not everything was asked for */
};

/* 0 or what kept it from being told; *diag says which file and why. */
int audit_run(struct session *s, const struct audit_job *job,
              struct audit_total *ret, struct diag *diag);

#endif
