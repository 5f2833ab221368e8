/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_RELATION_H
#define DI_RELATION_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Package relations (Debian Policy 7; deb-control(5)) and versions
 * (deb-version(7)).
 */

/* As dpkg --compare-versions: <0, 0, >0. Any bytes are accepted. */
int version_compare(const char *a, const char *b);

/*
 * True if the relation field (e.g. the value of Conflicts, as it stands in
 * the control file, folded lines allowed; NULL matches nothing) names package
 * `name` at `version`. Architecture qualifiers and restrictions are ignored,
 * which can only match too much. A relation that cannot be parsed counts as
 * a match of its name. Alternatives (|) each count.
 */
bool relation_names(const char *field, const char *name, const char *version);

/*
 * The same against what a package provides: `provides` is its Provides field;
 * an unversioned provide satisfies no versioned relation (Policy 7.5).
 */
bool relation_provided(const char *field, const char *provides);

#endif
