/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_REMOUNTED_PRIV_H
#define DI_REMOUNTED_PRIV_H

#include <stdbool.h>

#include "buf.h"
#include "remounted.h"

/* What remounted.c and remounted_back.c share; for nobody else. */

#define REMOUNTED_TEXT ((size_t)1 << 21)
#define REMOUNTED_NAME 64
void remounted_name(const struct session *s, char ret[REMOUNTED_NAME]);
/* STATE_RUN, with `make` made if need be: a descriptor or -errno. */
int remounted_place(bool make);
/* 0 with no row where there is no record; text is what the rows borrow. */
int remounted_load(int dir, const char *name, struct buf *text,
                   struct remounted *ret, struct diag *diag);
/* Without a row there is no record. */
int remounted_store(int dir, const char *name, const struct remounted *m);

#endif
