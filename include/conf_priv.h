/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CONF_PRIV_H
#define DI_CONF_PRIV_H

#include "conf.h"

/* A configuration that is still being read. */
struct conf_loader {
	struct conf *c;
	struct buf globs;	/* of struct conf_glob */
	struct buf packages;	/* of const char * */
	const char *name;	/* of the present file, for messages */
	unsigned long line;
	struct diag *diag;
};

int conf_loader_begin(struct conf_loader *l, struct diag *diag);
/* Reads one more text; what it says counts after what came before. */
int conf_loader_text(struct conf_loader *l, const char *name, const char *text,
                     size_t n);
/*
 * Always to be called: hands out what was read if err is 0, frees the rest.
 * Returns err, or what went wrong here.
 */
int conf_loader_end(struct conf_loader *l, int err, struct conf **ret);

#endif
