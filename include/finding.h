/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_FINDING_H
#define DI_FINDING_H

/*
 * One difference that a check tells of. Delivered by callback, never stored:
 * all strings are borrowed for the length of the call.
 *
 * Worst first; the names in JSON and in the man page are finding_name's.
 * Digests are told as "md5:HEX" or "sha256:HEX".
 */
enum finding_kind {
	FINDING_LEDGER,		/* a ledger is not the one that the history
				 * names; path: of the ledger */
	FINDING_HISTORY,	/* the history's chain is broken */
	FINDING_SELF,		/* a shim of ours was replaced, is gone or
				 * unprotected, or its diversion is gone */
	FINDING_MOUNT,		/* something is mounted over a protected path */
	FINDING_DATABASE,	/* dpkg's list or md5sums is not as recorded */
	FINDING_CONTENT,	/* digest is another */
	FINDING_SIZE,		/* size is another: content, unread */
	FINDING_TYPE,		/* another type of file */
	FINDING_MISSING,	/* listed and once there, now gone */
	FINDING_LINK,		/* a symlink leads elsewhere */
	FINDING_CAPABILITY,
	FINDING_MODE,
	FINDING_OWNER,		/* user or group; "UID:GID" */
	FINDING_ACL,
	FINDING_XATTR,		/* any other extended attribute */
	FINDING_HARDLINK,	/* more names than recorded */
	FINDING_WRITER,		/* a process has it open for writing */
	FINDING_FLAG,		/* due, but not immutable */
	FINDING_FOREIGN,	/* +i or +a that we did not set */
	FINDING_TIME,		/* mtime alone */
	FINDING_UNRECORDED,	/* a package without a ledger; path: its list */
	FINDING_CONFFILE,	/* a conffile is not the package's own; actual:
				 * "edited" or "gone" */
	FINDING_UNKNOWN,	/* could not be looked at */
	FINDING_COUNT
};

struct finding {
	enum finding_kind kind;
	const char *package;	/* key; NULL: of no package */
	const char *version;	/* NULL: unknown */
	const char *path;
	const char *expected;	/* NULL: nothing to say */
	const char *actual;
	const char *copy;		/* its name in quarantine/; NULL: none */
};

typedef void finding_fn(void *ctx, const struct finding *f);

const char *finding_name(enum finding_kind k);	/* "content", ...; static */

#endif
