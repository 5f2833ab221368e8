/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_BASE64_H
#define DI_BASE64_H

#include <stddef.h>

#include "buf.h"

/* RFC 4648 section 4, without padding (so that it may stand behind a '='). */
int base64_add(struct buf *out, const void *data, size_t n);
/* Appends the bytes; ERR_FORMAT for any other byte, or bits left over. */
int base64_undo(const char *text, size_t n, struct buf *out);

#endif
