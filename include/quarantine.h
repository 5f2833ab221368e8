/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_QUARANTINE_H
#define DI_QUARANTINE_H

#include <stdint.h>

#include "err.h"

/*
 * STATE/quarantine: copies of files that were tampered with, made before dpkg
 * overwrites or deletes them. A copy is TXN-N (the run's id in 16 hex digits,
 * a number from 1), mode 0600, owner root, no set-id bits, no ACL; beside it
 * TXN-N.json, one JSON object: "type":"quarantine", "txn", "time", "path" (and
 * path_hex), "package", "version", "expected", "actual" (digests as in
 * finding.h), "size", "mode" (octal text), "uid", "gid", "mtime" (ns). The JSON file
 * is written first and synced last, so that a copy never lacks it.
 */
#define QUARANTINE_NAME_MAX 40

struct quarantine_file {
	uint64_t txn;
	const char *path;
	const char *package, *version;		/* NULL: unknown */
	const char *expected, *actual;		/* NULL: unknown */
};

/*
 * Copies from fd (opened for reading, any offset). Where a copy is that by
 * its JSON file differs in run and time alone (a run that is refused is tried
 * again and again), its name is returned and none is made. All copies together never
 * have more than `limit` bytes, by st_size: the oldest runs' copies go first
 * to make room; what is larger than the limit by itself is ERR_LIMIT and removes
 * nothing. Holes stay holes, reflinks are used where the file system has
 * them. Durable when it returns. -errno.
 */
int quarantine_keep(int quarantine_dirfd, uint64_t limit, int fd,
                    const struct quarantine_file *file,
                    char ret_name[QUARANTINE_NAME_MAX]);

#endif
