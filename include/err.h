/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ERR_H
#define DI_ERR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Errors are values: every function that can fail returns 0 (or a small
 * non-negative result of its own) on success and a negative number on
 * failure: -errno, or one of the codes below. Out-parameters are named
 * ret_* and are left untouched on failure. Only the layer that has the
 * context prints.
 */
enum err_code {
	ERR_FORMAT = -5000,	/* foreign bytes break their format */
	ERR_LIMIT,		/* more bytes or records than the bound */
	ERR_BUSY,		/* a lock is held by somebody else */
	ERR_VERSION,		/* a file of a newer format than we know */
	ERR_UNSUPPORTED,	/* the file system cannot do this */
	ERR_NOT_REGULAR,	/* there is something, but no regular file */
	ERR_UNSAFE,		/* a symlink or owner that we do not trust */
	ERR_CHILD,		/* a helper program failed */
	ERR_REFUSED,		/* not done, on purpose */
	ERR_AGAIN		/* to be begun again in a mount namespace of
				 * its own (keeper.h) */
};

/* Words for any error code of ours or any -errno. Never NULL; static. */
const char *err_text(int err);

/*
 * Whether an error is of the moment (-EIO, -ENOMEM, -EMFILE, -ENFILE, -EINTR):
 * it says nothing of what is there, and must not be taken for its absence.
 */
static inline bool
err_passes(int err)
{
	return err == -EIO || err == -ENOMEM || err == -EMFILE ||
	       err == -ENFILE || err == -EINTR;
}

/* What is wrong in a foreign file and where. line 0: the whole file. */
struct diag {
	char file[256];
	unsigned long line;
	char what[256];
};

/*
 * Fills *d (may be NULL) and returns err, so that a parser can say
 * `return diag_set(d, ERR_FORMAT, name, line, "...")`. file may be NULL.
 * Texts that are too long are cut.
 */
int diag_set(struct diag *d, int err, const char *file, unsigned long line,
             const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Writes "FILE:LINE: WHAT" (parts that are absent left out) into text. */
void diag_text(const struct diag *d, char *text, size_t size);

#endif
