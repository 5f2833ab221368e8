/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_COMPANION_H
#define DI_COMPANION_H

#include <stdbool.h>

#include "cmdline.h"

/*
 * The command lines of dpkg-divert(1), dpkg-statoverride(1) and
 * dpkg-reconfigure(8), parsed only to look, as each of them parses: argv is
 * handed on untouched. One table a program.
 */
enum companion_program {
	COMPANION_DIVERT,
	COMPANION_STATOVERRIDE,
	COMPANION_RECONFIGURE
};

enum companion_action {
	COMPANION_QUERY,	/* touches no installed file and changes no
				 * file's owner: --list, --truename, --test,
				 * --help, dpkg-statoverride without --update
				 * or --add, what is refused, ... */
	COMPANION_MOVE_ADD,	/* dpkg-divert --add, unless --no-rename */
	COMPANION_MOVE_REMOVE,	/* dpkg-divert --remove, unless --no-rename */
	COMPANION_RECORD,	/* dpkg-divert --no-rename add or remove: only
				 * the database, but who owns a name changes */
	COMPANION_OVERRIDE,	/* dpkg-statoverride --update --add */
	COMPANION_CONFIGURE	/* dpkg-reconfigure PACKAGE... */
};

/*
 * Without either word dpkg-divert up to 1.23 does not rename, but says that
 * this is going to change; a rename over flags leaves a copy and a broken
 * package behind. So silence counts as --rename.
 */
struct companion {
	enum companion_action action;
	bool invalid;		/* the program will refuse it */
	bool unknown_option;	/* an option that we do not know; the programs
				 * of today refuse it */
	const char *instdir;	/* "" for /; as in struct cmdline */
	const char *admindir;
	const char *path;	/* the file that is diverted or overridden, as
				 * given; NULL for dpkg-reconfigure.
				 * dpkg-statoverride drops slashes and "/." at
				 * its end, needs none at its start and follows
				 * links */
	const char *divert;	/* --divert X, or NULL: PATH.distrib where one
				 * is added, else as the database says */
	char *const *operands;	/* packages of dpkg-reconfigure; in storage,
				 * the words themselves are borrowed */
	int n_operands;
	char *storage;		/* owned */
};

/* True if argv alone settles that it is a query (or refused). No memory. */
bool companion_is_query(enum companion_program program, int argc,
                        char *const *argv);
/* 0 or -ENOMEM. Only envp of host counts: no configuration file is read. */
int companion_parse(struct companion *ret, enum companion_program program,
                    int argc, char *const *argv,
                    const struct cmdline_host *host);
void companion_free(struct companion *c);

#endif
