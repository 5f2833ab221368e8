/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SELF_H
#define DI_SELF_H

#include <stdbool.h>

#include "root.h"

/*
 * Our own programs, protected like a package's files though the shims are in
 * no package. Paths below the root.
 */
#define SELF_PACKAGE "dpkg-immutable"
#define SELF_ENGINE "/usr/sbin/dpkg-immutable"
#define SELF_COUNT 7
extern const char *const self_paths[SELF_COUNT];

/*
 * Opens one of them if it is there and really ours: a shim's name must carry
 * our ELF marker (real_is_ours). 0, -ENOENT (also where it is not ours), or
 * what kept it from being looked at.
 */
int self_open(struct root *r, const char *path, int *ret_fd,
              struct node *ret_node);

/*
 * Sets (value IFLAG_IMMUTABLE) or lifts (0) the flag on all of them that are
 * there. Counts in tally, as failed too what can't be looked at.
 */
struct due;
struct syncset;
struct tally;
void self_change(struct root *r, struct due *d, unsigned int value,
                 struct syncset *sync, struct tally *tally);

/* True if the path is one of the seven. */
bool self_is(const char *path);
/* True if self_paths[i] is a copy of SELF_SHIM, diverted over a real program. */
#define SELF_SHIM "/usr/libexec/dpkg-immutable/shim"
bool self_is_shim(size_t i);
/* True if dpkg's database says that this shim's path is diverted to
 * PATH.distrib. */
struct dpkgdb;
bool self_is_diverted(const struct dpkgdb *db, const char *path);

/*
 * Which files an interrupted dpkg-immutable-divert left open: of its note, a
 * path a line, those that are one of ours or the real program beside one,
 * each once. Whatever else it says is passed over. Returns how many.
 */
#define SELF_NOTED (2 * SELF_COUNT)
size_t self_noted(const char *text, size_t n, const char *ret[SELF_NOTED]);

#endif
