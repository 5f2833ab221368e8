/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_LIFTING_H
#define DI_LIFTING_H

#include <stdbool.h>

#include "journal.h"
#include "seal.h"
#include "session.h"

/*
 * Lifts what is ours from the files of packages: of those whose place in
 * db->packages is set in `chosen`; NULL: of all, also of those that only
 * ledgers know, and from our own programs;
 * then what a run of `plan` (NULL: none) found of other people's flags comes
 * back. Durable when it returns. The session's due facts must be fresh. What
 * could not be lifted counts as failed, and makes it an error with *diag.
 */
int lifting_run(struct session *s, const bool *chosen,
                const struct journal_plan *plan, struct tally *tally,
                struct diag *diag);

#endif
