/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_PROGRESS_H
#define DI_PROGRESS_H

#include <stdatomic.h>
#include <stddef.h>

/*
 * How far a long piece of work has come, for whoever watches it from another
 * thread. NULL for a progress: nobody does.
 */
struct progress {
	atomic_size_t done;
	atomic_size_t total;	/* 0: not known yet */
};

static inline void
progress_total(struct progress *p, size_t total)
{
	if (p == NULL)
		return;
	atomic_store_explicit(&p->done, 0, memory_order_relaxed);
	atomic_store_explicit(&p->total, total, memory_order_relaxed);
}

static inline void
progress_step(struct progress *p)
{
	if (p != NULL)
		atomic_fetch_add_explicit(&p->done, 1, memory_order_relaxed);
}

#endif
