/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_TRIGGERED_H
#define DI_TRIGGERED_H

#include "archive.h"
#include "cmdline.h"
#include "plan.h"
#include "session.h"

/*
 * Adds to a plan the packages whose triggers the run may fire and process,
 * and loads their lists: their postinst runs, and may change its own files.
 * No state of before the run tells of them. They are those interested in
 *
 *   a path that an archive ships or a package of the plan lists;
 *   a name that triggers/Unincorp has, or that stands in the triggers file
 *   of an archive or of a package of the plan, or in a script of theirs that
 *   calls dpkg-trigger: searched as text, so rather one too many.
 *
 * Nothing where the run processes no triggers. Call it between plan_select,
 * the loading of lists and members, and plan_finish. 0, -ENOMEM, or what is
 * wrong with a list; a file that can't be read counts as absent.
 */
int triggered_add(struct session *s, const struct cmdline *c,
                  struct plan *plan, struct archive *const *archives,
                  size_t n, struct diag *diag);

/*
 * Whether the run processes the triggers that are pending before it. In spite
 * of --no-triggers --configure -a takes up all of them, and who depends on a
 * package that awaits triggers has them run first.
 */
bool triggered_pending(const struct cmdline *c, const struct dpkgdb *db);

#endif
