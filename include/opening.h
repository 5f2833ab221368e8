/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_OPENING_H
#define DI_OPENING_H

#include <stddef.h>

#include "before.h"
#include "journal.h"
#include "plan.h"
#include "session.h"

/*
 * The first half of a run: which paths of the plan carry a flag, whether
 * their content is still what was recorded, and lifting.
 */
struct opening {
	struct journal_path *paths;
	size_t n_paths;
	char **packages;	/* keys, borrowed from plan and database */
	size_t n_packages;
	size_t n_named;		/* the first so many are the plan's own; the
				 * rest own something that was opened too */
	size_t n_lifted;
	size_t n_left;		/* a failed lift could not close these again */
};

/*
 * Looks at every path of the plan. Files whose flag is not ours are found
 * out and written into the session's `foreign` (stored by opening_lift).
 * Exempt files with an admin's own flag are left alone: dpkg meets them as
 * it would without us. `before` does check-before; NULL: nobody does.
 */
int opening_probe(struct session *s, struct plan *plan, struct before *before,
                  struct opening *ret, struct diag *diag);

/*
 * Lifts them all, or none: on failure what was lifted is closed again and
 * *diag names the file and the reason.
 */
int opening_lift(struct session *s, struct opening *o, struct diag *diag);
/* The first n of the paths get back what they carried. */
void opening_back(struct session *s, struct opening *o, size_t n);
void opening_free(struct opening *o);

#endif
