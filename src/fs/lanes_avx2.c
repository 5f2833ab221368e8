/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Vectors of 256 bits. Other machines compile nothing here. */
#ifdef __x86_64__
#define KERNEL_W 8
#define KERNEL_TARGET __attribute__((target("avx2")))
#define KERNEL_NAME(x) lanes_avx2_##x
#define KERNEL_MD5 0
#define KERNEL_PSHUFB 1

#include "lanes_kernel.h"
#endif
