/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_POSTURE_H
#define DI_POSTURE_H

#include <stddef.h>
#include <stdint.h>

#include "session.h"

/*
 * --posture: what else must be right on the machine, so that flags hold: its
 * mounts, the folders that root trusts, kernel, processes, and ourselves.
 * Everything is only read; no other program is asked.
 */
enum posture_state {	/* in the order in which they are told */
	POSTURE_BAD,		/* undoes protection, or lets others do so */
	POSTURE_UNKNOWN,	/* could not be told */
	POSTURE_NOTE,		/* advice */
	POSTURE_OK,
	POSTURE_COUNT
};

struct posture_line {
	const char *id;		/* what is checked; stable, static */
	enum posture_state state;
	const char *subject;	/* a path below the root, a unit or process;
				 * NULL: the machine */
	const char *seen;
	const char *why;	/* why it matters */
	const char *mend;	/* a command for sh(1); NULL: none does */
	const char *keep;	/* what keeps it so, or who can mend it where
				 * no command can; NULL: nothing to add */
};

struct posture_job {
	struct session *session;	/* opened; nothing loaded yet */
	const char *conf;		/* as session_conf's file */
	int proc, sys;	/* folders laid out as /proc and /sys; -1: the running
			 * kernel is not asked (another root) */
	const char *path;	/* of the caller, a PATH; NULL: none */
	int64_t now;		/* seconds since the epoch */
};

struct posture;

/* 0 or -ENOMEM: whatever else fails becomes a line. */
int posture_run(const struct posture_job *job, struct posture **ret);
void posture_free(struct posture *p);
/* Worst first, else as they were checked. Owned by p. */
const struct posture_line *posture_lines(const struct posture *p,
                                         size_t *ret_n);
size_t posture_total(const struct posture *p, enum posture_state state);
const char *posture_state_name(enum posture_state state);

#endif
