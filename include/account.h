/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ACCOUNT_H
#define DI_ACCOUNT_H

#include "sealall.h"
#include "session.h"
#include "transaction.h"

/*
 * What a run did, for its entry in the history: packages and versions, and
 * ledgers written. All of it lies in the session's arena. Starts as zeros.
 */
struct account {
	struct session *s;
	struct transaction_change *changes;
	size_t n_changes;
	struct transaction_ledger *ledgers;
	size_t n_ledgers;
};

/*
 * Versions as the index had them before and as the database has them now. To
 * be called while the session's index still is the old one. -ENOMEM.
 */
int account_changes(struct account *a);
/*
 * The ledgers of items that were written; with `all` those that stayed as
 * they were as well (an entry for them may have been lost). -ENOMEM.
 */
int account_ledgers(struct account *a, const struct seal_item *items,
                    size_t n, bool all);
/* A ledger by its SHA-256, 32 bytes that are copied. -ENOMEM. */
int account_recorded(struct account *a, const char *key,
                     const unsigned char *digest);
/* A ledger that was removed. -ENOMEM. */
int account_removed(struct account *a, const char *key);

/* Fills in the members of t that an account has. */
void account_give(const struct account *a, struct transaction *t);

#endif
