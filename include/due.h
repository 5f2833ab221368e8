/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_DUE_H
#define DI_DUE_H

#include <stdbool.h>

#include "conf.h"
#include "dpkgdb.h"
#include "iflag.h"
#include "index.h"
#include "policy.h"
#include "root.h"

/*
 * Which files have to be protected (design.md section 3; dpkg-facts 6.1).
 * The facts are shared and constant once made; a struct due is for one
 * thread, with a struct root of its own.
 */
struct due_facts;

/*
 * `conf` and `db` are borrowed. Resolves all conffiles to inodes through
 * `root`. What unsettled packages and other names of a file with many links
 * say is found out when due_judge needs it: it may load lists of `db` then,
 * so nobody else may while several threads judge.
 */
int due_facts_new(struct dpkgdb *db, const struct conf *conf,
                  struct root *root, struct due_facts **ret,
                  struct diag *diag);
void due_facts_free(struct due_facts *f);

/* With facts NULL only due_fskind and due_flags may be asked. */
struct due;
int due_new(const struct due_facts *f, struct root *root, struct due **ret);
void due_free(struct due *d);
struct root *due_root(struct due *d);

enum due_kind {
	DUE_YES,
	DUE_EXEMPT,		/* why: the exempt member */
	DUE_ABSENT,		/* listed, but not on disk */
	DUE_UNSETTLED,		/* an owner is unpacked, half-configured, ... */
	DUE_UNSUPPORTED,	/* the file system has no flags */
	DUE_UNKNOWN		/* could not be looked at: err */
};

struct verdict {
	enum due_kind kind;
	enum exempt exempt;
	int err;
	const char *path;	/* real path: diversions applied */
	struct node node;	/* valid save for absent, unknown and exempt by
				 * name */
	bool have_node;
	const struct fskind *fs;	/* NULL: not asked */
	unsigned int flags;	/* IFLAG_* as statx tells, where believed */
};

/*
 * The file that a conffile's name leads to, through symlinks as dpkg follows
 * them, but none that others could have put there. False: there is none.
 */
#define DUE_PATH_MAX 4096
bool due_conffile(struct root *root, const char *path, char ret[DUE_PATH_MAX],
                  struct node *ret_node);

/* Judges one listed path of one package, whose list is loaded. Never fails:
 * DUE_UNKNOWN. */
void due_judge(struct due *d, const struct package *p, const char *listed,
               struct verdict *ret);

/*
 * The same for what a folder's list has just told to be a regular file: it is
 * opened at once, and judged by its descriptor, which the caller closes; -1
 * where it can't be opened.
 */
void due_judge_open(struct due *d, const struct package *p,
                    const char *listed, struct verdict *ret, int *ret_fd);

/* What a file system can do, cached by device; path: any file on it. */
const struct fskind *due_fskind(struct due *d, const char *path,
                                const struct node *n);
/* The flags of a path that may be on a file system that lies: 0 if absent. */
int due_flags(struct due *d, const char *path, struct node *ret_node,
              unsigned int *ret_flags);

#endif
