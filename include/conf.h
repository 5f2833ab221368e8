/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CONF_H
#define DI_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/*
 * The configuration: /etc/dpkg-immutable.conf, then
 * the *.conf of /etc/dpkg-immutable.conf.d in C order. "key = value" lines, '#'
 * starts a comment line, blanks around are dropped. Plain values, immutable
 * once loaded.
 */
enum conf_check { CONF_CHECK_OFF, CONF_CHECK_WARN, CONF_CHECK_REFUSE };

enum { CONF_DIGEST_MD5 = 1, CONF_DIGEST_SHA1 = 2, CONF_DIGEST_SHA256 = 4 };

enum conf_mounts { CONF_MOUNTS_AUTO, CONF_MOUNTS_REMOUNT, CONF_MOUNTS_OFF };

struct conf_glob {
	const char *pattern;	/* fnmatch(3) without flags */
	bool protect;		/* false: exempt */
};

struct conf {
	const struct conf_glob *globs;	/* in order: the last match wins */
	size_t n_globs;
	const char *const *exempt_packages;	/* fnmatch globs too */
	size_t n_exempt_packages;
	enum conf_check check_before;	/* default warn */
	unsigned int digests;		/* default sha1 sha256 */
	bool overlay;			/* default no */
	enum conf_mounts mounts;	/* default auto */
	bool volatile_database;		/* allowed; default no */
	int jobs;			/* 0: by CPU */
	uint64_t quarantine_limit;	/* bytes, default 256 MiB; K M G suffixes */
	unsigned int log;		/* LOG_TO_* bits, default file */
	const char *sign_key;		/* NULL: none */
	struct arena *arena;
};

/* The defaults. NULL: no memory. */
struct conf *conf_defaults(void);
void conf_free(struct conf *c);

/*
 * Loads from below root_fd (missing files are fine). `guest`: this is not the
 * running system's own root: keys that could steer the host (jobs,
 * quarantine-limit, log, sign-key; mounts = remount) are checked but not
 * taken. `file` not
 * NULL: read only that file (--config, host path relative to AT_FDCWD).
 * Files must be regular, root's and not writable by group or others:
 * ERR_UNSAFE. Unknown key or bad value: ERR_FORMAT. *diag names file, line.
 */
int conf_load(int root_fd, bool guest, const char *file, struct conf **ret,
              struct diag *diag);

/* From one text, name for messages; for the copy of the last good one. */
int conf_parse(const char *name, const char *text, size_t n,
               struct conf **ret, struct diag *diag);
/* As text that conf_parse reads to the same values. */
int conf_format(const struct conf *c, struct buf *out);

#endif
