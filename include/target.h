/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_TARGET_H
#define DI_TARGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "dpkgdb.h"
#include "err.h"
#include "root.h"

/*
 * What a reader was asked for: NAME, NAME:ARCH, fnmatch globs of either, or
 * absolute paths (a folder means all below it; on a merged /usr by either of
 * its names). None at all: everything.
 */
struct targets {
	char *const *words;	/* borrowed */
	size_t n;
	atomic_bool *used;	/* threads may ask */
	bool paths;		/* some word is a path */
	unsigned int merged;	/* which of /bin, /lib, ... are in /usr */
};

/* 0 or -ENOMEM. */
int targets_init(struct targets *t, char *const *words, size_t n);
/* Finds out what the root has merged; without it nothing is. */
void targets_merge(struct targets *t, struct root *root);
void targets_free(struct targets *t);

/* May anything of this package be meant? */
bool targets_package(struct targets *t, const struct package *p);
/* Is this path meant? p NULL: of no package. Either name may match. */
bool targets_path(struct targets *t, const struct package *p,
                  const char *listed, const char *real);
/* -ENOENT with *diag if a word meant nothing that was asked. */
int targets_check(const struct targets *t, struct diag *diag);

/* Does a NAME, NAME:ARCH or glob name this package? */
bool target_names(const char *word, const struct package *p);

#endif
