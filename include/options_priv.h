/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_OPTIONS_PRIV_H
#define DI_OPTIONS_PRIV_H

#include "options.h"

/* What options.c and options_values.c share; for nobody else. */
struct parse {
	struct options *o;
	int argc;
	char *const *argv;
	int next;
	const char *action;	/* the action's word as it was given */
	unsigned int seen;	/* ids of options, 1u << OPT_... */
	const char *root;	/* before its slashes are dropped */
	struct diag *diag;
};

/* Takes an option, whose value (NULL: it has none) is checked here. */
int options_apply(struct parse *p, const struct option_row *row,
                  const char *value);
/* Takes the value of --export. */
int options_form(struct parse *p, const char *value);
/* That of --setup-readonly. */
int options_scheme(struct parse *p, const char *value);

#endif
