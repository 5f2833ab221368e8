/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_INDEX_H
#define DI_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dpkgdb.h"
#include "err.h"

/*
 * STATE/ledger/index: a row a package, as it was when we last closed it.
 * Text, first line "dpkg-immutable index 1", then one "diversions INO SIZE
 * MTIME" line, then tab-separated rows sorted by name and architecture.
 */
struct index_row {
	const char *name;
	const char *arch;
	const char *version;
	enum pkg_state state;
	bool reinstreq;
	uint64_t list_ino;
	uint64_t list_size;
	int64_t list_mtime;	/* ns */
	bool off;		/* lifted by --unprotect */
	int64_t set_from;	/* ns: between these two we last set or lifted */
	int64_t set_to;		/* the package's flags: their ctimes lie there;
				 * 0: they are as the ledger has them */
	uint64_t bytes;		/* of all recorded files */
	uint64_t run;		/* id of the run that closed it last; 0: none */
	bool was_off;		/* before the action at hand; not stored */
};

struct index {
	struct index_row *rows;
	size_t n_rows;
	uint64_t diversions_ino;	/* 0: there was no such file */
	uint64_t diversions_size;
	int64_t diversions_mtime;
	struct index_priv *priv;
};

struct index *index_new(void);
void index_free(struct index *x);
/* Copies the row's strings. Rows may come in any order; index_seal sorts. */
int index_add(struct index *x, const struct index_row *row);
void index_seal(struct index *x);

/* A missing file is an empty index. ERR_FORMAT, ERR_VERSION, ERR_LIMIT. */
int index_load(int ledger_dirfd, struct index **ret, struct diag *diag);
int index_store(int ledger_dirfd, const struct index *x);	/* durable */

struct index_row *index_find(const struct index *x, const char *name,
                             const char *arch);	/* NULL: none */
/* Whether a key of dpkg's, NAME or NAME:ARCH, is of the row's package. */
bool index_row_is(const struct index_row *row, const char *key);
/* True if the row says what the database says now (off and times aside). */
bool index_row_current(const struct index_row *row, const struct package *p);
/*
 * True if a package is not as its row (NULL: none) says because of a run that
 * went past us: `was` is how the database had it before the present run (NULL:
 * not at all), `now` how it has it after. With `opened` the present run may
 * itself have written its list.
 */
bool index_missed(const struct index_row *row, const struct package *was,
                  const struct package *now, bool opened);
/* True if admindir's diversions are the file that was there at the last run. */
bool index_diversions_current(const struct index *x, int admindir_fd);

#endif
