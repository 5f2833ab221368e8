/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_DPKGDB_PRIV_H
#define DI_DPKGDB_PRIV_H

#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>

#include "buf.h"
#include "dpkgdb.h"

/* What the files of src/dpkg/dpkg*.c share; for nobody else. */

struct arena;
struct deb822;
struct strmap;

struct dpkgdb_priv {
	struct arena *arena;		/* all texts and records */
	int admindir_fd;		/* borrowed */
	int info_fd;			/* -1: there is no info folder */
	unsigned int format;		/* of info/format */
	size_t packages_cap;
	struct diversion *diversions;
	struct strmap *diverted;	/* from -> index; NULL: none */
	uint64_t lengths;		/* of those names, a bit each, mod 64 */
	struct buf scratch;		/* a text that is not kept */
};

/* dpkgtext.c: a file of the database as a text in memory that we may edit. */
struct dpkgtext {
	const char *file;	/* for messages; borrowed */
	char *at;		/* with a NUL behind it */
	size_t len;
	struct stat st;
};

/*
 * Reads all of dirfd/name into the arena. dirfd -1 counts as -ENOENT.
 * 0, -errno, ERR_LIMIT, ERR_NOT_REGULAR; *diag filled save for -ENOENT.
 */
int dpkgtext_read(struct dpkgdb *db, int dirfd, const char *name,
                  const char *file, struct dpkgtext *ret, struct diag *diag);
/* The same, but the text is good only until the next call of this. */
int dpkgtext_peek(struct dpkgdb *db, int dirfd, const char *name,
                  const char *file, struct dpkgtext *ret, struct diag *diag);

/* ERR_FORMAT unless it is whole lines without NUL bytes. */
int dpkgtext_check(const struct dpkgtext *t, struct diag *diag);

/*
 * Cuts the next line off at its newline. *at starts as t->at, *number as 0.
 * NULL at the end. Only for a text that passed dpkgtext_check.
 */
char *dpkgtext_line(const struct dpkgtext *t, char **at, size_t *ret_len,
                    unsigned long *number);

/* How many lines there are (newlines). */
size_t dpkgtext_count(const struct dpkgtext *t);

/*
 * Makes a path absolute as dpkg does: without "/" and "./" in front save one
 * slash, without slashes behind. Edits path[-1 .. len]; needs path[-1].
 */
char *dpkgtext_path(char *path, size_t len);

/*
 * The same of a whole line, which needs nothing before it and may have no
 * slash in front: dpkg takes it from the root then. Slashes behind stay: to
 * dpkg that is another name. NULL: no memory.
 */
char *dpkgtext_name(struct dpkgdb *db, char *line, size_t len);

/* dpkgstatus.c: status and updates, into db->packages, sorted. -ESTALE: they
 * have become others meanwhile, and must be read again. */
int dpkgstatus_load(struct dpkgdb *db, struct diag *diag);

/* dpkgstanza.c: the stanza of t at which d stands. Edits t behind d. */
int dpkgstanza_read(struct dpkgdb *db, struct deb822 *d,
                    const struct dpkgtext *t, struct package *ret,
                    struct diag *diag);

/* dpkgdivert.c, dpkgoverride.c */
int dpkgdivert_load(struct dpkgdb *db, struct diag *diag);
int dpkgoverride_load(struct dpkgdb *db, struct diag *diag);

/* dpkginfo.c: names of files in info. */
#define DPKGINFO_PREFIX "info/"

/* "info/KEY.EXT", for messages; dpkginfo_base is the name in the folder. */
struct dpkginfo_name {
	char text[sizeof(DPKGINFO_PREFIX) + NAME_MAX];
};

/* 0, or -ENAMETOOLONG. */
int dpkginfo_name(struct dpkginfo_name *n, const char *key, const char *ext);
const char *dpkginfo_base(const struct dpkginfo_name *n);

/* dpkglist.c: opens info, reads its format. */
int dpkglist_open_info(struct dpkgdb *db, struct diag *diag);
/* The key by dpkg's rule. NULL: no memory. */
const char *dpkglist_key(struct dpkgdb *db, const struct package *p);
/* Takes the other spelling where only that one has a list. 0 or -ENOMEM. */
int dpkglist_settle_key(struct dpkgdb *db, struct package *p);

/* dpkgdb.c: order of packages: by name, then by architecture. */
int dpkgdb_order(const char *name_a, const char *arch_a,
                 const char *name_b, const char *arch_b);
/* First package that is not before name and arch; n_packages: none. */
size_t dpkgdb_lower_bound(const struct dpkgdb *db, const char *name,
                          const char *arch);

#endif
