/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_FOREIGN_H
#define DI_FOREIGN_H

#include <stddef.h>

#include "err.h"

/*
 * STATE/ledger/foreign: files that carried +i or +a before us. First line
 * "dpkg-immutable foreign 1", then "FLAGS<tab>PATH" (FLAGS: letters of
 * chattr, "i", "a" or "ai"; PATH with vis escapes), sorted by path.
 */
struct foreign;

struct foreign *foreign_new(void);
void foreign_free(struct foreign *f);
int foreign_load(int ledger_dirfd, struct foreign **ret, struct diag *diag);
int foreign_store(int ledger_dirfd, const struct foreign *f);	/* durable */

/* Adds or replaces; flags 0 removes. flags: IFLAG_* bits. */
int foreign_set(struct foreign *f, const char *path, unsigned int flags);
unsigned int foreign_get(const struct foreign *f, const char *path);
size_t foreign_count(const struct foreign *f);

#endif
