/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CRC32C_H
#define DI_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, RFC 3720 B.4). Start with crc 0; can be chained. */
uint32_t crc32c(uint32_t crc, const void *data, size_t n);

#endif
