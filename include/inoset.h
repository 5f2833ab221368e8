/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_INOSET_H
#define DI_INOSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set of inodes (device, number), each with a word of the caller's. */
struct inoset;

struct inoset *inoset_new(void);
void inoset_free(struct inoset *s);

/* 1 added, 0 was there (value kept as it was), -ENOMEM. */
int inoset_add(struct inoset *s, uint64_t dev, uint64_t ino, uintptr_t value);
/* True if there, then with *ret_value (may be NULL). */
bool inoset_has(const struct inoset *s, uint64_t dev, uint64_t ino,
                uintptr_t *ret_value);
size_t inoset_count(const struct inoset *s);

#endif
