/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SHARING_H
#define DI_SHARING_H

#include <stdbool.h>

#include "conf.h"
#include "dpkgdb.h"
#include "policy.h"
#include "root.h"

/*
 * What other names and other packages say of an inode: an unsettled package
 * may list it too, or another name of it may be exempt. Looked for only when
 * a file comes up that can be shared, and then once; safe to be asked by many
 * threads, each with a root of its own, while nobody else loads lists.
 */
struct sharing;

int sharing_new(struct dpkgdb *db, const struct conf *conf,
                struct sharing **ret);		/* both borrowed */
void sharing_free(struct sharing *s);

/*
 * Exempt by package or name: `listed` in the list of p, lying at `real`. The
 * names tried are these two, and the one that folders' symlinks lead to.
 */
enum exempt sharing_name(const struct conf *conf, struct root *root,
                         const struct package *p, const char *listed,
                         const char *real);

/*
 * Where others than root may put files, one with several links can be
 * anybody's, linked or moved there in the place of a package's: say root's,
 * whose flag is none of our business. So that name says nothing of it. One that
 * has a single link is nowhere else, at least. n: what root_stat told of path.
 */
bool sharing_planted(struct root *root, const char *path,
                     const struct node *n);

/* 1: some unsettled package lists the file `path` with node `n`; 0, -errno,
 * or what is wrong with a list. */
int sharing_unsettled(struct sharing *s, struct root *root, const char *path,
                      const struct node *n);

/*
 * Why some other listed name of a file with many links is exempt; EXEMPT_NO:
 * none is. p: a package that lists it. 0 or as above.
 */
int sharing_exempt(struct sharing *s, struct root *root,
                   const struct package *p, const struct node *n,
                   enum exempt *ret);

#endif
