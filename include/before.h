/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_BEFORE_H
#define DI_BEFORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "finding.h"
#include "session.h"

/*
 * check-before: what a run is about to replace or delete is looked at first,
 * while the evidence is still there. Told is what is gone, is of another type,
 * or has other content, mode, owner, attributes or link target than was
 * recorded. It is noted in the session as well (spoiled): what the run leaves
 * as it was is not taken over at its end.
 */
struct inoset;
struct overrides;

struct before {
	uint64_t txn;		/* of the run: in the names of copies */
	finding_fn *on_finding;	/* may be NULL */
	void *ctx;
	size_t n_tampered;	/* how many were told */
	struct inoset *kept;	/* inodes copied, each with its copy's name */
	struct overrides *overrides;	/* loaded when first asked for */
	bool asked;			/* they were */
};

/*
 * `path` is the real name at which a file of p lies, n what is there (NULL:
 * nothing), flags its inode flags. A file by inode, size, ctime and flag as
 * recorded is not read. Where the content is another, a copy goes into the
 * quarantine before on_finding hears of it; that one cannot be made is a
 * warning. 0 or -ENOMEM.
 */
int before_check(struct before *b, struct session *s, struct package *p,
                 const char *path, const struct node *n, unsigned int flags);
/*
 * What is recorded of p but its files: folders, links, special files. Folders
 * are noted and not told of, since any of their owners may have changed them.
 */
int before_others(struct before *b, struct session *s, struct package *p);
void before_free(struct before *b);	/* what it holds, not b */

/* The line on stderr for a finding that keeps the run from starting. */
void before_refuses(const struct finding *f);

#endif
