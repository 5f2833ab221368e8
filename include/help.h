/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_HELP_H
#define DI_HELP_H

#include "buf.h"

/* What --help and --version print; 0 or the buffer's error. */
int help_text(struct buf *out);
int help_version(struct buf *out);

#endif
