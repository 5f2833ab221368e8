/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_WATCH_H
#define DI_WATCH_H

#include "progress.h"

/*
 * A line on a terminal that tells how far a piece of work has come, once it
 * has taken a second: "WHAT: 45%".
 */
struct watch;

/* `what` and p are borrowed until watch_stop. NULL: no line will be shown. */
struct watch *watch_start(int fd, const char *what, struct progress *p);
/* Takes the line away for a moment: something else is to be printed. */
void watch_hide(struct watch *w);
void watch_stop(struct watch *w);	/* NULL is fine */

#endif
