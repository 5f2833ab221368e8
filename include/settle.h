/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SETTLE_H
#define DI_SETTLE_H

#include <stdbool.h>

#include "journal.h"
#include "session.h"

/*
 * The end of a run, for whoever holds our lock: waits for those that have
 * joined it (nested.h), closes, and closes again as long as there is
 * something of theirs that the last closing did not know of.
 */
struct settling {
	struct session *s;
	struct journal *journal;	/* NULL: there is no place for one */
	bool closed;		/* a first closing is through already */
	int (*close)(void *ctx, enum journal_wish wish);
	void *ctx;
	int visitors_fd;	/* filled: keeps others from joining until it
				 * is closed; negative: none */
};

/*
 * 0: all is closed and the journal says so; it is DONE when the history is
 * written. Else the error of `close`, or ERR_BUSY and the like with *diag:
 * the journal stays for recovery.
 */
int settle(struct settling *t, struct diag *diag);

#endif
