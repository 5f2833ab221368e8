/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_TRANSACTION_H
#define DI_TRANSACTION_H

#include <stddef.h>
#include <stdint.h>

#include "finding.h"
#include "seal.h"
#include "session.h"

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
};

uint64_t transaction_new_id(void);

/* Appends to the history (chained) and the log. 0 or the history's error. */
int transaction_write(struct session *s, const struct transaction *t);

struct closing;
/* A log line where runs that went past us were caught up with; else none. */
void transaction_caught(uint64_t id, const struct closing *c);

/* A log line for one finding of a run. */
void transaction_finding(uint64_t id, const struct finding *f);

#endif
