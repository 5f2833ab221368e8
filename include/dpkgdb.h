/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_DPKGDB_H
#define DI_DPKGDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/*
 * dpkg's database (admindir) as its own readers see it: status with
 * updates/NNNN applied in order; info/PKG[:ARCH].list, .md5sums, .conffiles;
 * diversions; statoverride; triggers. Read only. dpkg-facts part 4 has the
 * formats. Everything is owned by the struct dpkgdb.
 */
enum pkg_state {	/* in dpkg's order */
	PKG_NOT_INSTALLED,
	PKG_CONFIG_FILES,
	PKG_HALF_INSTALLED,
	PKG_UNPACKED,
	PKG_HALF_CONFIGURED,
	PKG_TRIGGERS_AWAITED,
	PKG_TRIGGERS_PENDING,
	PKG_INSTALLED
};

enum pkg_want { WANT_UNKNOWN, WANT_INSTALL, WANT_HOLD, WANT_DEINSTALL,
                WANT_PURGE };

/* One line of Conffiles: in status. */
struct pkg_conffile {
	const char *path;
	const char *md5;	/* 32 hex digits, no NUL behind: as the package
				 * has it; NULL: unknown */
	bool obsolete;
	bool remove_on_upgrade;
};

struct package {
	const char *name;
	const char *arch;		/* "" if absent */
	const char *version;		/* "" if absent */
	const char *key;		/* NAME or NAME:ARCH as info/ spells it;
					 * final after list_stat, load_list */
	enum pkg_want want;
	enum pkg_state state;
	bool reinstreq;
	bool multiarch_same;
	const char *replaces;		/* NULL if absent; so the next five */
	const char *conflicts;
	const char *breaks;
	const char *provides;
	const char *depends;
	const char *pre_depends;
	const struct pkg_conffile *conffiles;
	size_t n_conffiles;

	/* of info/KEY.list; filled by dpkgdb_list_stat or _load_list */
	bool list_known;
	uint64_t list_ino;		/* 0: there is no list */
	uint64_t list_size;
	int64_t list_mtime;		/* nanoseconds */
	/* filled by dpkgdb_load_list */
	bool list_loaded;
	const char **paths;		/* absolute, no trailing slash, in order */
	size_t n_paths;
	const struct dpkgdb_md5 *md5s;	/* sorted by path */
	size_t n_md5s;
	bool md5s_loaded;
};

struct dpkgdb_md5 {
	const char *path;		/* absolute */
	unsigned char md5[16];
};

struct diversion {
	const char *from;
	const char *to;
	const char *package;		/* NULL: local */
};

struct statoverride {
	const char *path;
	const char *user;		/* name or "#uid" */
	const char *group;
	mode_t mode;
};

struct dpkgdb {
	struct package *packages;	/* sorted by name, then arch */
	size_t n_packages;
	const struct diversion *diversions;
	size_t n_diversions;
	const struct statoverride *overrides;
	size_t n_overrides;
	struct dpkgdb_priv *priv;
};

/*
 * Loads status, updates, diversions, statoverride, info/format from an open
 * admindir (borrowed: kept open until dpkgdb_free), also while a dpkg is at
 * work there. No status at all: an empty database. Errors: ERR_FORMAT,
 * ERR_LIMIT, ERR_BUSY (it never held still; all with *diag), -errno.
 */
int dpkgdb_load(int admindir_fd, struct dpkgdb **ret, struct diag *diag);
void dpkgdb_free(struct dpkgdb *db);

/*
 * The package's list; a missing one is an empty list (list_ino 0). A line
 * that is empty is an ERR_FORMAT. Done once a package.
 */
int dpkgdb_load_list(struct dpkgdb *db, struct package *p, struct diag *diag);
/*
 * The same of n packages, by at most so many threads (1 or more) that are gone
 * again at its end. *diag is of the first package that failed; those behind it
 * may be loaded or not.
 */
int dpkgdb_load_lists(struct dpkgdb *db, struct package *const *packages,
                      size_t n, size_t threads, struct diag *diag);
/* Only the stat data of the list. A missing one is no error. */
int dpkgdb_list_stat(struct dpkgdb *db, struct package *p);
/* info/KEY.md5sums; a missing one is empty. */
int dpkgdb_load_md5s(struct dpkgdb *db, struct package *p, struct diag *diag);
/* The MD5 recorded for an absolute path, or NULL. Needs load_md5s. */
const unsigned char *dpkgdb_md5(const struct package *p, const char *path);

/*
 * info/KEY.conffiles: calls fn for each path (remove-on-upgrade told).
 * fn's non-zero result ends the walk and is returned.
 */
int dpkgdb_info_conffiles(struct dpkgdb *db, const struct package *p,
                          int (*fn)(void *ctx, const char *path, bool remove),
                          void *ctx, struct diag *diag);

/* First package of that name (others follow it), or NULL. */
struct package *dpkgdb_first(const struct dpkgdb *db, const char *name);
/* By name and architecture, or NULL. */
struct package *dpkgdb_find(const struct dpkgdb *db, const char *name,
                            const char *arch);
/*
 * Packages that an operand of dpkg (NAME or NAME:ARCH) can mean: *ret_n of
 * them, one after the other from the returned one. NULL: none. Between
 * instances of NAME there may be one that is not installed: look at its state.
 */
struct package *dpkgdb_operand(const struct dpkgdb *db, const char *operand,
                               size_t *ret_n);

/* The path at which P's file `path` really lies: its own, or a diversion's. */
const char *dpkgdb_real(const struct dpkgdb *db, const struct package *p,
                        const char *path);
/*
 * Adds to `names` what `a` diverts and `b` doesn't, or elsewhere; 0 or
 * -ENOMEM. The names are a's.
 */
struct strmap;
int dpkgdb_moved(const struct dpkgdb *a, const struct dpkgdb *b,
                 struct strmap *names);

/* Ordinary states: files belong to it and dpkg is done with it. */
static inline bool
package_settled(const struct package *p)
{
	return p->state >= PKG_TRIGGERS_AWAITED && !p->reinstreq;
}

/* Unpacked, half-configured, half-installed or reinstreq. */
static inline bool
package_unsettled(const struct package *p)
{
	return p->reinstreq || (p->state >= PKG_HALF_INSTALLED &&
	                        p->state <= PKG_HALF_CONFIGURED);
}

const char *pkg_state_name(enum pkg_state s);	/* dpkg's word */

#endif
