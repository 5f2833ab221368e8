/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_RECORDS_H
#define DI_RECORDS_H

#include <stdbool.h>

#include "finding.h"
#include "history.h"
#include "session.h"

/*
 * Files of ours and dpkg's that every entry of the history names by their
 * digest (transaction.h's "records"): has somebody changed them since? Tells
 * of our index (FINDING_LEDGER) and, if asked for, of dpkg's diversions
 * (FINDING_DATABASE), and returns how many it told of. What `h` does not name
 * is not told. The session has its state and database.
 */
size_t records_check(struct session *s, const struct history_ledgers *h,
                     bool diversions, finding_fn *fn, void *ctx);

/*
 * The same by the newest entry alone, before a run or an action of ours makes
 * the files' present state its own. A history that can't be read is told
 * (FINDING_UNKNOWN); where there is none yet, nothing.
 */
size_t records_since_last(struct session *s, bool diversions, finding_fn *fn,
                          void *ctx);

/*
 * Calls fn for each package that the history has as installed and dpkg does
 * not know any more. 0, -ENOMEM, or what fn returned.
 */
int records_gone(const struct dpkgdb *db, const struct history_ledgers *h,
                 int (*fn)(void *ctx, const char *key), void *ctx);

#endif
