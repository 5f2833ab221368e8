/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_VIS_H
#define DI_VIS_H

#include <stddef.h>

#include "buf.h"

/*
 * vis(3)-style escaping, octal for every byte that is not printable ASCII or
 * that is a blank, '#', '\\', '*', '?' or '[' : "\040". As mtree(5) reads it.
 */
int vis_add(struct buf *b, const char *s);

/* Undoes it in place; ERR_FORMAT on a bad escape or an escaped NUL. */
int vis_undo(char *s);

#endif
