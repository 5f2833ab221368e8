/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_TRANSACTION_H
#define DI_TRANSACTION_H

#include <stddef.h>
#include <stdint.h>

#include "finding.h"
#include "seal.h"
#include "session.h"

/* A package that a run changed. */
struct transaction_change {
	const char *key;
	const char *before, *after;	/* versions; NULL: not installed */
};

/* A ledger that was written, or (digest NULL) removed. */
struct transaction_ledger {
	const char *key;
	const unsigned char *digest;	/* SHA-256 of its text */
};

/* One entry of history and log: a run, or what an admin asked for. */
struct transaction {
	uint64_t id;
	const char *action;
	char *const *argv;	/* NULL: none to tell */
	size_t argc;
	size_t packages;
	struct tally tally;
	int exit_status;	/* -1: none */
	int signal;		/* 0: none */
	const char *note;	/* "" for none */
	const struct transaction_change *changes;
	size_t n_changes;
	const struct transaction_ledger *ledgers;
	size_t n_ledgers;
	const struct finding *found;	/* the first of what was found; not
					 * more than 100 */
	size_t n_found;
};

uint64_t transaction_new_id(void);

/*
 * Files whose content at its end every entry tells, so that nobody changes
 * them between two runs unseen: "records", an array of "NAME SHA256" ("-":
 * there is none; what could not be read is left out).
 */
#define TRANSACTION_INDEX	"index"		/* ours, in ledger/ */
#define TRANSACTION_DIVERSIONS	"diversions"	/* dpkg's */
#define TRANSACTION_OVERRIDES	"statoverride"

/*
 * Appends to the history (chained) and the log; the entry tells who called
 * (origin.h), "changes" as an array of "KEY BEFORE AFTER" ("-" for none),
 * "ledgers" as history.h has them, "found" as an array of "KIND PACKAGE PATH"
 * ("-" for no package). The new head goes to syslog, whatever the
 * configuration says of the log, and where the configuration has a key, and
 * the root is our own, is signed; a key that can't be used is a warning. An
 * entry that gets too long loses its command line. 0 or the history's error.
 */
int transaction_write(struct session *s, const struct transaction *t);

struct closing;
/* A log line where runs that went past us were caught up with; else none. */
void transaction_caught(uint64_t id, const struct closing *c);

/* A log line for one finding of a run. */
void transaction_finding(uint64_t id, const struct finding *f);

#endif
