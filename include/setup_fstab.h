/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SETUP_FSTAB_H
#define DI_SETUP_FSTAB_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

/*
 * fstab(5), read and edited. It is somebody else's text: what is not changed
 * stays as it is, byte for byte, comments and odd blanks too. A line that
 * mount(8) would leave out with a warning is an error here, for whoever
 * edits on would not see it.
 */
#define FSTAB_MAX (1u << 20)		/* bytes */
#define FSTAB_LINE_MAX 8192u
#define FSTAB_LINES_MAX 10000u

struct fstab;

struct fstab_entry {
	const char *spec;	/* \040 and its like decoded, as dir is */
	const char *dir;	/* no slash at its end, but of "/" */
	const char *type;
	const char *options;	/* as they stand; "" where there are none */
	unsigned long line;	/* 0: added here */
};

/* name for messages. ERR_FORMAT, ERR_LIMIT (both with *diag), -ENOMEM. */
int fstab_parse(const char *name, const char *text, size_t n,
                struct fstab **ret, struct diag *diag);
void fstab_free(struct fstab *f);	/* NULL is fine */

/*
 * The entry that is mounted on dir, or NULL in *ret; swap and the like are
 * never found. Two of them: ERR_FORMAT, for which of them counts is not ours
 * to tell. Good until the next change.
 */
int fstab_find(const struct fstab *f, const char *dir,
               const struct fstab_entry **ret, struct diag *diag);

/* Each entry, swap too; fn's non-zero result ends it and is returned. */
int fstab_each(const struct fstab *f,
               int (*fn)(void *ctx, const struct fstab_entry *e), void *ctx);

/* Is `word` one of the options (alone, or what stands before a "=")? */
bool fstab_has(const struct fstab_entry *e, const char *word);

/*
 * Sees to it that the entry of dir has all of words ("nosuid,nodev"): what
 * says the contrary (suid, exec, ro ...) goes, what is missing comes last.
 * 1: changed, 0: it was so already. -ENOENT, -ENOMEM, ERR_LIMIT.
 */
int fstab_set(struct fstab *f, const char *dir, const char *words);

/*
 * A new entry: before the first that is mounted below dir, else at the end.
 * 0, -ENOMEM, ERR_LIMIT.
 */
int fstab_add(struct fstab *f, const char *spec, const char *dir,
              const char *type, const char *options);

/* A comment (with its "#") at the end. */
int fstab_comment(struct fstab *f, const char *text);

/* All of it as it is now. */
int fstab_text(const struct fstab *f, struct buf *out);
/* What differs from the text that was parsed: lines with "- " and "+ ". */
int fstab_changes(const struct fstab *f, struct buf *out);

#endif
