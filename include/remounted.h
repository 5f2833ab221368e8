/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_REMOUNTED_H
#define DI_REMOUNTED_H

#include <stdbool.h>
#include <stddef.h>

#include "guard.h"
#include "mounts.h"
#include "session.h"

/*
 * File systems that a run has made writable, until they are read-only again:
 * STATE_RUN/remounted-ID, ID being that of the root's marker, or "new" before
 * there is one. Below /run, as a
 * boot mounts everything anew. Text: "dpkg-immutable remounted 1", then a line
 * a mount: MAJOR:MINOR PATH, the path on the host with odd bytes as vis.h has
 * them.
 */
#define REMOUNTED_MAX 256	/* lines; more are an error */

struct remounted_row {
	uint64_t dev;
	const char *path;
};

struct remounted {
	struct remounted_row rows[REMOUNTED_MAX];
	size_t n;
};

/* From text, which is changed and borrowed from; name for messages. */
int remounted_parse(const char *name, char *text, size_t n,
                    struct remounted *ret, struct diag *diag);

/* To be called before the file system of p becomes writable. */
int remounted_note(struct session *s, const struct mount_point *p,
                   struct diag *diag);

/*
 * At the end of whatever may have remounted, when all is closed: all that is
 * recorded becomes read-only again, by whomever it was made writable, and what
 * can't be stays recorded; *diag says who holds it: ERR_BUSY, and with `tells`
 * so do log and history (what tries every few minutes does not). 0: nothing is left. The log and locks whose files lie on such a file
 * system are closed. For whoever holds our
 * lock; else nothing is done.
 */
int remounted_settle(struct session *s, struct guard *g, bool tells,
                     struct diag *diag);

#endif
