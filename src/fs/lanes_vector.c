/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Vectors of 128 bits: what every x86-64 and arm64 CPU has. */
#define KERNEL_W 4
#define KERNEL_TARGET
#define KERNEL_NAME(x) lanes_vector_##x
#define KERNEL_MD5 0
#if defined(__aarch64__) || defined(__SSSE3__)
#define KERNEL_PSHUFB 1
#else
#define KERNEL_PSHUFB 0
#endif

#include "lanes_kernel.h"
