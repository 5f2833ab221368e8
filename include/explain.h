/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_EXPLAIN_H
#define DI_EXPLAIN_H

#include "buf.h"
#include "err.h"
#include "survey.h"

/* All that is known of one file and one package that lists it. */
struct explanation {
	struct survey_row row;	/* package NULL: no package lists it */
	const char *listed;	/* its name in the list; NULL: as row.path */
	const char *package_state;	/* NULL without a package */
	const char *diverter;	/* who moved it: package, or "" for local;
				 * NULL: it is where it is listed */
	const struct ledger_row *recorded;	/* NULL: not in the ledger */
	const unsigned char *archive_md5;	/* NULL: in no md5sums */
	struct buf entry;	/* of the history, a JSON object, on the last
				 * run that closed its package; empty: none */
};

/*
 * Calls fn for each package that lists the file `path`, under any of its names
 * (a merged /usr gives two, a diversion another), or once where none does.
 * The session has been loaded for reading (cli_load). What fn is given is
 * good for the call; its non-zero result ends it. -ENOENT with *diag: there
 * is no such file and no package lists it.
 */
typedef int explain_fn(void *ctx, const struct explanation *e);
int explain_path(struct session *s, const char *path, explain_fn *fn,
                 void *ctx, struct diag *diag);

#endif
