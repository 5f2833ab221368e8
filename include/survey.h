/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SURVEY_H
#define DI_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session.h"

/*
 * Walks the files of packages and tells what each is; readers only, no lock.
 * Targets: NAME, NAME:ARCH, globs of them, or absolute paths; none: all.
 */
enum survey_state {
	SURVEY_PROTECTED,
	SURVEY_OPEN,		/* due, but without the flag: a run is on, or
				 * something is wrong */
	SURVEY_OFF,		/* package lifted by --unprotect */
	SURVEY_EXEMPT,		/* reason says why */
	SURVEY_FOREIGN,		/* a flag that was there before us */
	SURVEY_UNSUPPORTED,	/* reason: the file system */
	SURVEY_UNSETTLED,	/* package is unpacked, half-configured, ... */
	SURVEY_ABSENT,		/* listed, not on disk */
	SURVEY_SELF,		/* one of our programs, protected */
	SURVEY_UNKNOWN,		/* could not be looked at; reason: error */
	SURVEY_UNOWNED,		/* no package lists it; no walk meets it. Reason:
				 * "flag" if it is immutable or append-only */
	SURVEY_COUNT
};

struct survey_row {
	const char *package;	/* key */
	const char *name;	/* without architecture */
	const char *arch;
	const char *version;
	const char *path;	/* real path */
	enum survey_state state;
	const char *reason;	/* static; NULL: none */
	const char *fs;		/* file system; NULL: not asked */
	bool folder;		/* a directory: never flagged */
};

typedef int survey_fn(void *ctx, const struct survey_row *row);
const char *survey_state_name(enum survey_state s);

/* One listed path of a package whose list is loaded. */
void survey_judge(struct session *s, const struct package *p,
                  const char *listed, struct survey_row *ret);

/*
 * Calls fn for each listed path, packages in order, paths in list order,
 * then for our own programs. fn's non-zero result ends the walk and is
 * returned. A target that matches nothing: -ENOENT with *diag.
 */
int survey_walk(struct session *s, char *const *targets, size_t n,
                survey_fn *fn, void *ctx, struct diag *diag);

#endif
