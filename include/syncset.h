/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SYNCSET_H
#define DI_SYNCSET_H

#include "root.h"

/*
 * Makes inode flags durable (kernel-facts part 1): remembers one flagged file
 * a file system; syncset_flush does one fsync on ext4 and xfs, whose journal
 * carries the flags of the others, and one syncfs elsewhere.
 */
struct syncset;
struct fskind;

struct syncset *syncset_new(void);	/* NULL: no memory */
void syncset_free(struct syncset *s);

/* After a change of fd's flags. fd may be closed afterwards. */
void syncset_touch(struct syncset *s, int fd, const struct node *n,
                   const struct fskind *kind);
/* The same, and closes fd or keeps it: a call less than touch and close. */
void syncset_keep(struct syncset *s, int fd, const struct node *n,
                  const struct fskind *kind);
/* Moves what `from` holds into `to`. */
void syncset_merge(struct syncset *to, struct syncset *from);
int syncset_flush(struct syncset *s);	/* 0 or the first -errno */
/*
 * All but what the journal of device dev carries: for a caller who will fsync
 * something else there, or call syncset_flush after all.
 */
int syncset_flush_but(struct syncset *s, uint64_t dev);

#endif
