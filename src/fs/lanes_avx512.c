/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Vectors of 512 bits. Other machines compile nothing here. */
#ifdef __x86_64__
#define KERNEL_W 16
#define KERNEL_TARGET \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define KERNEL_NAME(x) lanes_avx512_##x
#define KERNEL_MD5 0
#define KERNEL_PSHUFB 1

#include "lanes_kernel.h"
#endif
