/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * No vectors: a step of MD5 waits for the one before it, and what a CPU could
 * do meanwhile is a step of another stream. GCC would put the two together
 * into halves of vectors, which takes twice as long.
 */
#ifndef __clang__
#pragma GCC optimize("no-tree-slp-vectorize")
#endif
#define KERNEL_W 1
#define KERNEL_TARGET
#define KERNEL_NAME(x) lanes_pair_##x
#define KERNEL_MD5 1
#define KERNEL_PSHUFB 0

#include "lanes_kernel.h"
