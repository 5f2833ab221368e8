/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_LEDGER_H
#define DI_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * STATE/ledger/PKG[:ARCH].mtree: what each protected file of a package must
 * be. mtree(5) text: "#mtree", "# dpkg-immutable ledger 1", then a line a
 * path, sorted: "./PATH type=file size=N md5digest=HEX tags=ino:N,ctime:N"
 * with vis escapes in PATH. PATH is the real path (diversions applied).
 */
struct ledger_row {
	const char *path;	/* absolute, as the list or the diversion has it */
	bool has_md5;
	unsigned char md5[16];
	uint64_t ino;
	uint64_t size;
	int64_t ctime;		/* ns, after the flag was set */
};

struct ledger {
	struct ledger_row *rows;	/* sorted by path once sealed or loaded */
	size_t n_rows;
	struct ledger_priv *priv;
};

struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);
/* Copies the path. */
int ledger_add(struct ledger *l, const struct ledger_row *row);
void ledger_seal(struct ledger *l);

/* KEY as dpkg's info folder spells it. -ENOENT: no ledger. */
int ledger_load(int ledger_dirfd, const char *key, struct ledger **ret,
                struct diag *diag);
/*
 * Stage writes KEY.mtree.new (fsync with `durable`), commit renames it. Many
 * ledgers: stage all without `durable`, settle all, commit all.
 */
int ledger_stage(int ledger_dirfd, const char *key, const struct ledger *l,
                 bool durable);
int ledger_settle(int ledger_dirfd, const char *key);
int ledger_commit(int ledger_dirfd, const char *key);
/*
 * Calls fn with the key of every ledger that is there, until it returns a
 * negative error; keys that were cut to fit a file's name are left out.
 */
int ledger_each(int ledger_dirfd, int (*fn)(void *ctx, const char *key),
                void *ctx);
int ledger_remove(int ledger_dirfd, const char *key);	/* absent is fine */

struct ledger_row *ledger_find(const struct ledger *l, const char *path);

#endif
