/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_PLAN_H
#define DI_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "archive.h"
#include "cmdline.h"
#include "dpkgdb.h"
#include "err.h"

/*
 * What a dpkg run will touch: facts in, plan out; no file is looked at here.
 * dpkg-facts part 6.2 is the algorithm, with relations matched by version
 * and Replaces opening only what both have.
 */
enum plan_reason {
	PLAN_OWN,		/* of a package that is acted on */
	PLAN_MEMBER,		/* shipped by an archive */
	PLAN_DIVERTED,		/* an end of a diversion that is concerned */
	PLAN_REPLACED,		/* of a package that the archive Replaces */
	PLAN_CONFLICT,		/* of one that conflicts, breaks or is broken */
	PLAN_PENDING,		/* of one that -a would act on */
	PLAN_TRIGGER,		/* of one with pending triggers */
	PLAN_SELF,		/* our own programs */
	PLAN_STALE		/* carries our flag and is nobody's any more */
};

struct plan_path {
	const char *path;	/* real path below the root */
	const char *package;	/* key, or the archive's package name */
	enum plan_reason reason;
};

struct plan_package {
	struct package *package;
	enum plan_reason reason;
	bool goes;		/* will be removed by this run */
};

struct plan {
	struct plan_package *packages;	/* opened whole */
	size_t n_packages;
	struct plan_path *paths;	/* sorted by path, no path twice */
	size_t n_paths;
	bool wants_members;	/* plan_select: archive members matter */
	struct plan_priv *priv;
};

/*
 * First step: which packages are opened whole. Also tells for each archive
 * whether its members are needed (want_members[i] set). Lists of the chosen
 * packages are to be loaded next.
 */
int plan_select(const struct cmdline *c, const struct dpkgdb *db,
                struct archive *const *archives, size_t n, bool *want_members,
                struct plan **ret);
/*
 * True if `p` is a package whose list must be loaded because an archive
 * Replaces it or may overwrite it.
 */
bool plan_replaces(const struct plan *plan, const struct package *p);
/* Between the steps: a package whose triggers the run may process. */
int plan_add_triggered(struct plan *plan, struct package *p);
/* Second step, lists and members at hand: the paths. */
int plan_finish(struct plan *plan, const struct cmdline *c,
                const struct dpkgdb *db, struct archive *const *archives,
                size_t n);
/*
 * True (1) if dpkg is sure to refuse the archive that ships this path: a
 * package that the run does not act on lists the very name, the archive
 * doesn't Replace it, no diversion concerns the path and nothing forces dpkg.
 * Such a file stays closed. Loads the lists of all packages when asked for
 * the first path that an archive ships: ask only for what carries the flag.
 * 0, or what is wrong with a list.
 */
int plan_refused(struct plan *plan, struct dpkgdb *db,
                 const struct plan_path *pp, struct diag *diag);
void plan_free(struct plan *p);

/*
 * A plan made elsewhere: of single paths (borrowed) and of packages opened
 * whole, whose lists are loaded.
 */
int plan_of(const struct dpkgdb *db, const struct plan_path *paths, size_t n,
            struct package *const *packages, size_t n_packages,
            struct plan **ret);

const char *plan_reason_name(enum plan_reason r);	/* "own", ... */

#endif
