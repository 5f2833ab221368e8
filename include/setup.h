/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SETUP_H
#define DI_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "session.h"

/*
 * --setup-readonly: the lines of fstab(5), systemd's units and what else makes
 * /usr, or the whole root, read-only from the next boot on, in such a way that
 * a run of dpkg under us opens it for itself alone ("mounts = auto").
 *
 * Read-only is the mount's own flag. The file system stays writable: so one
 * partition is enough, a run needs no remount that all would see, and nothing
 * can be "busy" at its end.
 *
 * SETUP_USR: /usr is bound on itself, by a mount unit. Not by fstab: Debian's
 * initramfs takes a line for /usr there for a disk, and waits for it. A /usr of
 * its own gets the flag from the unit below.
 *
 * SETUP_ROOT: a unit, last before sysinit.target, puts the flag on /, when all
 * that is written to has a mount of its own (a mount with a file open for
 * writing can't be made read-only) and first boots have their machine-id.
 *	/tmp, /run, /dev/shm	in memory; nosuid, nodev, noexec
 *	/home, /srv	bound on themselves, writable; nosuid, nodev,
 *			and /home noexec
 *	/var	what lasts: bound on itself, writable; log, spool, mail and
 *		backups once more, nosuid, nodev, noexec
 *	/var/tmp	the rest: an overlay in memory over that of the disk
 *	/etc	read-only, but for folders that known programs keep state in
 * Why all of /var lasts but one folder: an upgrade brings packages with folders
 * in /var that nobody has thought of. What dpkg writes there must be there after the
 * next boot like its database is, and so must be what services keep there, who
 * write from outside of a run. An overlay over /var with lasting parts in it
 * would lose what no list names, in silence and at the next boot; and what a
 * run wrote below it, past it, a live overlay may never show. Only /var/tmp is
 * nobody's. The overlay has its own piece of memory, for users would fill /run.
 *
 * What is there already counts: an entry of fstab for such a folder gets the
 * options that it lacks, and keeps its file system.
 */
enum setup_scheme { SETUP_NONE, SETUP_USR, SETUP_ROOT };

enum setup_state { SETUP_SAME, SETUP_NEW, SETUP_CHANGED };

/* A file, or a symbolic link, below the root. */
struct setup_file {
	const char *path;
	const char *link;	/* its target; NULL: a file */
	const char *text;
	size_t len;
	const char *changes;	/* lines with "- " and "+ "; NULL: all new */
	enum setup_state state;
	const char *old;	/* setup_apply: where the old one is now */
};

/* Something that its reader must know. */
struct setup_note {
	const char *path;
	const char *package;	/* NULL: none */
	const char *text;
};

struct setup;

/*
 * What is to be done below the session's root (opened with its database).
 * Changes nothing. ERR_REFUSED: the machine could not boot, or not be written
 * to where it must, with *diag saying why; ERR_FORMAT: fstab's line.
 */
int setup_plan(struct session *s, enum setup_scheme scheme,
               struct setup **ret, struct diag *diag);
void setup_free(struct setup *p);	/* NULL is fine */

/* In the order in which they are written. */
size_t setup_files(const struct setup *p, const struct setup_file **ret);
size_t setup_notes(const struct setup *p, const struct setup_note **ret);
/* How many files are not SETUP_SAME. */
size_t setup_due(const struct setup *p);

/* For people; `done`: setup_apply was called. */
int setup_text(const struct setup *p, bool done, bool quiet, struct buf *out);

/*
 * Writes what is not as planned, durably and each at once; what was there is
 * kept as FILE.dpkg-immutable-old (.1, .2 ...: nothing is ever written over).
 * The flag comes last: cut short, what needs to be writable is so at the next
 * boot, and another call ends it. -EROFS where it is in force already, and has
 * to be opened first.
 */
int setup_apply(struct session *s, struct setup *p, struct diag *diag);

#endif
