/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_STRMAP_H
#define DI_STRMAP_H

#include <stddef.h>
#include <stdint.h>

/* Hash map from NUL-terminated strings (borrowed, not copied) to a number. */
struct strmap;

struct strmap *strmap_new(void);
void strmap_free(struct strmap *m);

/* Sets key to value, over an older one. 0 or -ENOMEM. */
int strmap_put(struct strmap *m, const char *key, uintptr_t value);
/* 1 and *ret_value (may be NULL) if there, else 0. */
int strmap_get(const struct strmap *m, const char *key, uintptr_t *ret_value);
size_t strmap_count(const struct strmap *m);

#endif
