/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CMDLINE_H
#define DI_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * dpkg's command line (dpkg(1); lib/dpkg/options.c and src/main/main.c of
 * dpkg 1.21 to 1.23 are the reference), parsed only to look: nothing here
 * ever changes argv. One table holds every option and action; configuration
 * files go through the same table.
 */
enum cmd_action {
	CMD_NONE,		/* no action: dpkg ends with 2 */
	CMD_INSTALL,
	CMD_UNPACK,
	CMD_CONFIGURE,
	CMD_TRIGGERS,		/* --triggers-only */
	CMD_REMOVE,
	CMD_PURGE,
	CMD_QUERY		/* every other known action, also dpkg-deb's and
				 * dpkg-query's: touches no installed file */
};

struct cmdline {
	enum cmd_action action;
	bool invalid;		/* dpkg itself will refuse this with status 2
				 * or only prints (--force-help): run it
				 * unprotected-from, it cannot act */
	bool unknown_action;	/* no row of ours matched and no action was
				 * found: may be an action of a newer dpkg */
	bool unknown_option;	/* an option that we do not know */
	bool no_act;
	bool pending;		/* -a */
	bool recursive;		/* -R */
	bool no_triggers;	/* --no-triggers given last */
	bool triggers;		/* --triggers given last */
	bool auto_deconfigure;	/* -B */
	bool force_overwrite;	/* incl. DPKG_FORCE and --force-all */
	bool force_overwrite_dir;
	bool force_configure_any;
	bool script_chrootless;
	const char *instdir;	/* "" for /; no trailing slash */
	const char *admindir;	/* absolute or as given */
	char *const *operands;	/* borrowed from argv */
	int n_operands;
	char *storage;		/* owned: what instdir and admindir point into */
};

/* Where the host's configuration is looked for; tests pass other places. */
struct cmdline_host {
	const char *etc;	/* "/etc/dpkg" */
	char *const *envp;	/* HOME, DPKG_ROOT, DPKG_ADMINDIR, DPKG_FORCE */
};

/*
 * True if argv alone settles that the call touches nothing (a query, --no-act,
 * or something that dpkg refuses), so that no file needs to be read.
 */
bool cmdline_is_query(int argc, char *const *argv);

/*
 * Parses environment, configuration files and argv in dpkg's order. 0, or
 * -errno where a configuration file could not be read: what it says may
 * matter, and nothing is known of the call. One that dpkg would die of sets
 * invalid. A caller frees with cmdline_free. Borrows argv and envp.
 */
int cmdline_parse(struct cmdline *ret, int argc, char *const *argv,
                  const struct cmdline_host *host);
void cmdline_free(struct cmdline *c);

/* True for the six actions that touch installed files. */
bool cmdline_touches(const struct cmdline *c);

/* The long name of the action without dashes ("install"); static. */
const char *cmdline_action_name(enum cmd_action action);

#endif
