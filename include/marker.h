/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_MARKER_H
#define DI_MARKER_H

#include "real.h"

/*
 * Included by the two mains and nobody else: puts the ELF note into the
 * program that real_is_ours looks for. A section whose name begins with
 * ".note" becomes part of a PT_NOTE segment and survives strip and
 * --gc-sections.
 */
static const struct {
	unsigned int name_size;
	unsigned int desc_size;
	unsigned int type;
	char name[(sizeof(REAL_MARKER) + 3) / 4 * 4];
} marker_note __attribute__((section(".note.dpkg-immutable"), used,
                             aligned(4))) = {
	sizeof(REAL_MARKER), 0, 1, REAL_MARKER
};

#endif
