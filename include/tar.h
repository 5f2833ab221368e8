/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_TAR_H
#define DI_TAR_H

#include <stdint.h>

#include "buf.h"
#include "err.h"

/*
 * Reads a tar stream (ustar, GNU long names and long links, pax path,
 * linkpath and size) from a pipe, as `dpkg-deb --fsys-tarfile` and
 * `--ctrl-tarfile` write it. Bounded: names to 64 KiB. Never seeks.
 */
struct tar;

enum tar_type { TAR_FILE, TAR_LINK, TAR_SYMLINK, TAR_DIR, TAR_OTHER };

struct tar_member {
	enum tar_type type;
	const char *name;	/* absolute: "/" + name without "./" in front
				 * and slashes behind; until the next call */
	const char *link;	/* of TAR_LINK made absolute the same way; of
				 * TAR_SYMLINK as it is; else NULL */
	uint64_t size;
};

int tar_new(int fd, struct tar **ret);		/* fd borrowed */
void tar_free(struct tar *t);
/* 1 and *ret; 0 at the end of the archive; ERR_FORMAT, ERR_LIMIT, -errno. */
int tar_next(struct tar *t, struct tar_member *ret, struct diag *diag);
/* Body of the present member, appended to b (whose max bounds it). */
int tar_body(struct tar *t, struct buf *b, struct diag *diag);

#endif
