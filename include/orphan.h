/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ORPHAN_H
#define DI_ORPHAN_H

#include <stddef.h>

#include "journal.h"
#include "seal.h"
#include "session.h"

/*
 * Lifts our flag from those of the candidate paths that still carry it though
 * no settled package owns the inode any more (dpkg-facts 3.6: dpkg leaves
 * such files behind in silence). Loads all lists if there is one to judge.
 */
int orphan_lift(struct session *s, const char *const *candidates, size_t n,
                struct syncset *sync, struct tally *tally,
                struct diag *diag);

/*
 * Calls fn with each key under which a package that is no more may have a
 * ledger (NAME, NAME:ARCH: the spelling moves with Multi-Arch), until it
 * returns a negative error; a key may come twice. `affected`, by index of the
 * database, leaves out packages that are as the index has them. What the plan
 * (NULL: none) names may be in no index, where that could not be written.
 */
int orphan_keys(struct session *s, const bool *affected,
                const struct journal_plan *plan,
                int (*fn)(void *ctx, const char *key), void *ctx);

#endif
