/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ARCHIVE_H
#define DI_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * A .deb as far as the plan needs it: its control part read by ourselves, or
 * through the real dpkg-deb (--ctrl-tarfile) where that fails for any reason;
 * the members, only when asked for, by dpkg-deb (--fsys-tarfile).
 * All strings belong to the struct.
 */
struct archive_file {
	const char *path;		/* absolute */
	unsigned char md5[16];
};

struct archive {
	const char *file;		/* as given */
	const char *package;
	const char *arch;
	const char *version;
	bool multiarch_same;
	const char *replaces;		/* NULL if absent; so the next three */
	const char *conflicts;
	const char *breaks;
	const char *provides;
	const struct archive_file *files;	/* of md5sums, sorted by path */
	size_t n_files;
	bool has_md5sums;		/* false as well where it is empty or
					 * malformed: read the members then */
	const char *const *conffiles;	/* absolute; the remove-on-upgrade
					 * ones as well */
	size_t n_conffiles;
	const char *const *members;	/* all but folders; archive_members */
	size_t n_members;
	bool has_members;
	const char *hints;		/* its triggers file, and its scripts
					 * that call dpkg-trigger, as text */
	size_t n_hints;
	int fd;				/* of one put together; else -1 */
	struct arena *arena;
};

/*
 * Reads the control part of FILE (relative to the working directory).
 * ERR_CHILD where dpkg-deb refuses it, ERR_NOT_REGULAR, ERR_FORMAT,
 * ERR_LIMIT, -errno.
 * A split part (dpkg-split) is ERR_CHILD as well: dpkg-deb refuses it.
 */
int archive_read(const char *file, struct archive **ret, struct diag *diag);

/* What became of one of many: an archive, or why there is none. */
struct archive_result {
	struct archive *archive;
	int err;
	struct diag diag;
};
/*
 * The same for n of them, up to `jobs` at a time; results[i] belongs to
 * files[i] and comes zeroed.
 */
#define ARCHIVE_JOBS_MAX 16
void archive_read_all(char *const *files, size_t n, size_t jobs,
                      struct archive_result *results);
/* Reads the list of members as well (decompresses all of it). */
int archive_members(struct archive *a, struct diag *diag);
/*
 * FILES[which] is a part made by dpkg-split (deb-split(5)): puts the archive
 * together, as dpkg will, from the parts among FILES and those filed below
 * admindir, and reads it. ERR_FORMAT: no part. -ENOENT: others are missing,
 * so that dpkg does no more than file it, or an earlier one of FILES stands
 * for the same archive.
 */
int archive_read_parts(char *const *files, size_t n, size_t which,
                       const char *admindir, struct archive **ret,
                       struct diag *diag);
/* Is the control file NAME, with this text, of the kind for `hints`? */
struct buf;
bool archive_hint(const char *name, const struct buf *text);
void archive_free(struct archive *a);

/*
 * The archives that dpkg would take for these operands, in its order: the
 * operands themselves, or with `recursive` every regular file whose name ends
 * in ".deb" below the folders, symlinks followed, sorted as dpkg does.
 * A folder that comes again below itself is entered once. 0; where dpkg would
 * refuse the whole call: -errno of what it could not stat or open (-ENOTDIR:
 * an operand of `recursive` that is no folder itself), ERR_NOT_REGULAR;
 * ERR_LIMIT for a tree without measure. Freed with archive_list_free.
 */
int archive_list(char *const *operands, int n, bool recursive,
                 char ***ret_files, size_t *ret_n);
void archive_list_free(char **files, size_t n);

#endif
