/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_COMPARE_H
#define DI_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "finding.h"
#include "index.h"
#include "ledger.h"
#include "root.h"

/*
 * What is there against what is recorded. Pure: nothing is opened here. Each
 * difference is told to fn, its words living as long as the call.
 */
typedef void compare_fn(void *ctx, enum finding_kind kind,
                        const char *expected, const char *actual);

/* A statoverride of the path, its names made numbers. */
struct compare_override {
	uint32_t mode, uid, gid;
};

enum ledger_type compare_type(uint32_t mode);	/* of st_mode */

/*
 * Type, mode, owner; of files also size, number of names, and (only where
 * `time` says so) mtime. Mode and owner may be as recorded or as overridden
 * (o NULL: not). Another type is all that is told then. Returns the number of
 * differences.
 */
size_t compare_node(const struct ledger_row *row,
                    const struct compare_override *o, const struct node *n,
                    bool time, compare_fn *fn, void *ctx);
/* The number of differences, or -ENOMEM; words as meta.h has them. */
int compare_meta(const struct ledger_row *row, const char *words,
                 compare_fn *fn, void *ctx);

/*
 * True if a recorded file is by inode, size and ctime what it was when its
 * flag was last set or lifted by us.
 */
bool compare_unchanged(const struct ledger_row *row, const struct index_row *x,
                       const struct node *n);

/*
 * Which digest tells whether content is right. `row` (may be NULL) is the
 * ledger's, `sum` (may be NULL) the MD5 of dpkg's md5sums. SHA-256 where the
 * ledger has it and its MD5 is dpkg's (or dpkg has none), else the ledger's MD5, else
 * dpkg's. NULL: nothing is known.
 */
const unsigned char *compare_digest(const struct ledger_row *row,
                                    const unsigned char *sum,
                                    enum digest_kind *ret_kind);

/* "sha256:HEX" and the like. */
#define COMPARE_DIGEST_TEXT (sizeof("sha256:") + 64)
void compare_digest_text(enum digest_kind kind, const unsigned char *bytes,
                         char ret[COMPARE_DIGEST_TEXT]);

#endif
