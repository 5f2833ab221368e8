/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_AUDITED_H
#define DI_AUDITED_H

#include <stdint.h>

#include "err.h"
#include "state.h"

/*
 * STATE/run/audited: when the last audit of everything ended, and what it
 * found, for --posture alone; nothing depends on it. Text: "dpkg-immutable
 * audited 1", then "time SECONDS", "findings N", "unknown N".
 */
struct audited {
	int64_t time;		/* seconds since the epoch */
	uint64_t findings;
	uint64_t unknown;
};

/* Replaces it. 0 or -errno: the audit may run where nothing can be written. */
int audited_write(const struct state *s, const struct audited *a);
/* 0; -ENOENT: none yet; ERR_FORMAT, ERR_VERSION, -errno. */
int audited_read(const struct state *s, struct audited *ret);
/* From text. 0, ERR_FORMAT, ERR_VERSION. */
int audited_parse(const char *text, size_t n, struct audited *ret);

#endif
