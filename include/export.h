/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_EXPORT_H
#define DI_EXPORT_H

#include <stddef.h>

#include "session.h"

/* What the ledgers hold, in forms that other tools read (--export). */
enum export_form {
	EXPORT_MTREE,		/* one mtree(5) text, for mtree -f, bsdtar -tf */
	EXPORT_SHA256SUM,	/* "HEX  ./PATH", as sha256sum(1) escapes; to be
				 * checked from the root; files only */
	EXPORT_JSON		/* an object a line, type "path": path,
				 * path_hex, package, architecture, version,
				 * kind (mtree's word), mode (octal text), uid, gid,
				 * size, mtime, link, md5, sha1, sha256, acl,
				 * capability, xattr...; last a summary */
};

/*
 * Hands the text to `write` in pieces, packages in order (targets as in
 * target.h, packages and globs of them; none: all), paths in order; a real
 * path that two ledgers have is told once in MTREE and SHA256SUM. A file whose ledger has no
 * SHA-256 is left out of SHA256SUM and counted in *ret_left. A ledger that
 * can't be read ends it: *diag names file and line. write's negative result
 * ends it too.
 */
int export_run(struct session *s, enum export_form form, char *const *targets,
               size_t n, int (*write)(void *ctx, const char *text, size_t len),
               void *ctx, size_t *ret_left, struct diag *diag);

#endif
