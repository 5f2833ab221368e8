/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_POLICY_H
#define DI_POLICY_H

#include "conf.h"

/* Why a path is never protected (design.md section 3). */
enum exempt {
	EXEMPT_NO,
	EXEMPT_TREE,		/* below /etc /var /run ... */
	EXEMPT_GLOB,		/* by the configuration's exempt */
	EXEMPT_PACKAGE,		/* by exempt-package */
	EXEMPT_CONFFILE,
	EXEMPT_TYPE		/* no regular file */
};

/*
 * By name only (the first three): `listed` as dpkg lists it, `folder` the
 * canonical folder that holds it (root_folder; NULL: unknown). Both names are
 * tried; `protect` globs win over the default trees, and the last match of
 * the configuration wins over earlier ones.
 */
enum exempt policy_path(const struct conf *c, const char *listed,
                        const char *folder);
enum exempt policy_package(const struct conf *c, const char *package);

const char *exempt_name(enum exempt e);	/* "conffile", "tree", ...; static */

#endif
