/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CLOCK_H
#define DI_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * A clock of clock_gettime(2), in nanoseconds. Inode times come from
 * CLOCK_REALTIME_COARSE, which may lag by a tick.
 */
int64_t clock_ns(clockid_t id);

#endif
