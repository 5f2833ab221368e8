/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_INFOSUM_H
#define DI_INFOSUM_H

#include <stdbool.h>

#include "ledger.h"

/*
 * SHA-256 of the texts of a package's list and md5sums, so that a ledger can
 * tell that dpkg's own database was changed. Thread-safe.
 */
struct infosum {
	bool has_list, has_md5sums;	/* false: there is no such file */
	unsigned char list[32], md5sums[32];
};

/* admindir_fd: dpkg's folder; key as info/ spells it. 0 or -errno. */
int infosum_read(int admindir_fd, const char *key, struct infosum *ret);
/* The same of one file below a folder; *ret_has false: there is none. */
int infosum_file(int dirfd, const char *name, bool *ret_has,
                 unsigned char ret[32]);
/* As the ledger's head has it. */
void infosum_of(const struct ledger *l, struct infosum *ret);
void infosum_set(struct ledger *l, const struct infosum *sums);
bool infosum_same(const struct infosum *a, const struct infosum *b);

#endif
