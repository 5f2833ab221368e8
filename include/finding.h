/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_FINDING_H
#define DI_FINDING_H

/*
 * One difference that a check tells of. Delivered by callback, never stored:
 * all strings are borrowed for the length of the call.
 */
enum finding_kind {
	FINDING_CONTENT,	/* digest is another */
	FINDING_MISSING,	/* listed and once there, now gone */
	FINDING_TYPE,		/* no regular file any more */
	FINDING_FLAG,		/* due, but not immutable */
	FINDING_FOREIGN,	/* +i or +a that we did not set */
	FINDING_SELF,		/* one of our programs is gone or unprotected */
	FINDING_UNKNOWN		/* could not be looked at */
};

struct finding {
	enum finding_kind kind;
	const char *package;	/* key; NULL: of no package */
	const char *version;	/* NULL: unknown */
	const char *path;
	const char *expected;	/* NULL: nothing to say */
	const char *actual;
};

typedef void finding_fn(void *ctx, const struct finding *f);

const char *finding_name(enum finding_kind k);	/* "content", ...; static */

#endif
