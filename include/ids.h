/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_IDS_H
#define DI_IDS_H

#include <stdint.h>

#include "err.h"

/*
 * Numbers of users and groups as ROOT/etc/passwd and ROOT/etc/group say
 * (passwd(5), group(5)), read by ourselves: a static program has no name
 * service, and another root's names are not this machine's. Lines that are
 * no entries are passed over, as getpwent(3) does; of two with one name the
 * first counts.
 */
struct ids;

/* root_fd: the root's folder; "etc" is opened as a folder below it, neither
 * file through a symlink. A missing file is an empty one. ERR_LIMIT above
 * 16 MiB each. */
int ids_load(int root_fd, struct ids **ret, struct diag *diag);
void ids_free(struct ids *ids);
/* NAME, or "#NUMBER" as statoverride has it. -ENOENT: nobody. */
int ids_user(const struct ids *ids, const char *name, uint32_t *ret);
int ids_group(const struct ids *ids, const char *name, uint32_t *ret);

#endif
