/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_PREPARE_H
#define DI_PREPARE_H

#include <stddef.h>

#include "archive.h"
#include "cmdline.h"
#include "companion.h"
#include "plan.h"
#include "session.h"

/*
 * From a dpkg command line to a plan: reads the archives and the lists that
 * the plan needs. The session has its configuration, records and database.
 */
struct prepared {
	struct plan *plan;
	struct archive **archives;	/* those that could be read */
	size_t n_archives;
	char **files;			/* names of all of them */
	int *refused;			/* of each: why dpkg refuses it, or 0 */
	size_t n_files;
	int refused_all;		/* why it refuses the whole call, or 0 */
};

int prepare_plan(struct session *s, const struct cmdline *c,
                 struct prepared *ret, struct diag *diag);
/*
 * The same for a companion: dpkg-divert opens both ends, dpkg-statoverride its
 * path, dpkg-reconfigure the lists of its packages and both ends of their
 * diversions. A diversion that is only recorded moves nothing, but within
 * another run the archive that is unpacked next may: both ends as well.
 * `c` is borrowed as long as the plan lives.
 */
int prepare_companion(struct session *s, const struct companion *c,
                      struct prepared *ret, struct diag *diag);
/*
 * The same for the packages that words (target.h) name, opened whole. -ENOENT
 * with *diag where one names none that is installed.
 */
int prepare_packages(struct session *s, char *const *words, size_t n,
                     struct prepared *ret, struct diag *diag);
void prepared_free(struct prepared *p);

/* One line of --plan. action: "open", "close" or "clear". */
struct plan_line {
	const char *action;
	const char *reason;
	const char *package;
	const char *path;
};

/*
 * What the plan would do to the files as they are now: open what carries the
 * flag, close what will be due, clear what is nobody's any more. Sorted by
 * action, then path. Borrowed for the call; fn's non-zero result ends it.
 */
int prepared_show(struct session *s, const struct cmdline *c,
                  const struct prepared *p,
                  int (*fn)(void *ctx, const struct plan_line *line),
                  void *ctx, struct diag *diag);

#endif
