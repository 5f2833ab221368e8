/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_HISTORY_H
#define DI_HISTORY_H

#include <stdint.h>

#include "buf.h"
#include "err.h"

/*
 * STATE/history/log: JSON lines, newest last, append-only flag set by the
 * one who creates it. Every line is an object whose last key is "prev": the
 * SHA-256, in hex, of the line before (its bytes without the newline), of
 * the empty string for the first. A torn last line (no newline) is legal and
 * is ended with a newline before the next one is added, whose "prev" is then
 * the SHA-256 of what the torn one's would have been and its bytes.
 */

/* The SHA-256 of the last line, in hex, and a NUL. */
#define HISTORY_HEAD_SIZE 65

/*
 * Adds an entry; `object` is "{...}" as json.h wrote it, not empty. One
 * write(2) with O_APPEND; the caller makes it durable with the rest. ret_head
 * may be NULL.
 */
int history_append(int history_dirfd, const struct buf *object,
                   char ret_head[HISTORY_HEAD_SIZE]);

/* Makes durable what was added. */
int history_sync(int history_dirfd);

/*
 * Lifts the append-only flag, so that a released root can be deleted; the
 * next history_append sets it again. 0 also where there is no history.
 */
int history_unseal(int history_dirfd);

/*
 * Puts a broken history aside, as log.ID (16 hex digits) beside it, without
 * its flag: the next entry begins a new one. 1: done so; 0: it is whole;
 * negative: neither.
 */
int history_set_aside(int history_dirfd, uint64_t id);

/* Calls fn for each line, oldest first. fn's non-zero result ends it. */
int history_walk(int history_dirfd, int (*fn)(void *ctx, const char *line,
                 size_t len), void *ctx);

/*
 * 0 the chain is whole (or there is none), 1 broken: *diag says at which
 * line and how, negative: could not be read.
 */
int history_check(int history_dirfd, struct diag *diag);

/*
 * What the chain says of the ledgers. Entries have a member "ledgers": an
 * array of "KEY SHA256", the digest of the whole ledger as it was written, or
 * "KEY -", it was removed; the last word on a KEY counts.
 */
struct history_ledgers;

/*
 * As history_check, and collects them in the same reading: 0 or 1, with *ret
 * set in both cases (a break ends the check, not the reading); an entry whose
 * member can't be read breaks the chain.
 */
int history_ledgers(int history_dirfd, struct history_ledgers **ret,
                    struct diag *diag);
/*
 * The same of the newest entry alone, unchecked: little is read, but where
 * that is torn, no entry, or names no "records", all of them. 0, -ENOENT (no
 * history), or what reading gave.
 */
int history_newest(int history_dirfd, struct history_ledgers **ret);
void history_ledgers_free(struct history_ledgers *h);
/* SHA-256 in hex, "-" for removed, NULL: never named. */
const char *history_ledger(const struct history_ledgers *h, const char *key);
/* The same of what an entry's "records" name (transaction.h). */
const char *history_record(const struct history_ledgers *h, const char *name);
/* Calls fn for each key that is named and not removed, in no order. */
int history_ledgers_each(const struct history_ledgers *h,
                         int (*fn)(void *ctx, const char *key,
                                   const char *digest), void *ctx);
/* The head that the reading ended with. */
const char *history_ledgers_head(const struct history_ledgers *h);

/*
 * Transactions since a moment, for --since: a run's id (16 hex digits) means
 * the runs after it; "YYYY-MM-DD", "YYYY-MM-DDTHH:MM[:SS]Z" or "@SECONDS"
 * (UTC) the runs at and after it. fn gets each id, again where a run has more
 * than one entry; its non-zero result ends the walk. -ENOENT: no such run;
 * ERR_FORMAT: neither.
 */
int history_since(int history_dirfd, const char *moment,
                  int (*fn)(void *ctx, uint64_t id), void *ctx);

#endif
