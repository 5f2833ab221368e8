/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_OPTIONS_H
#define DI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "export.h"
#include "setup.h"

/*
 * The grammar of the engine called by its own name (design.md section 2):
 * one action, its options and operands in any order, "--" ends the options.
 * Long names are exact; values as --name=value or --name value.
 */
enum verb {
	VERB_NONE,
	VERB_VERIFY,
	VERB_PROTECT,
	VERB_UNPROTECT,
	VERB_ADOPT,
	VERB_RELEASE,
	VERB_OPEN,
	VERB_PLAN,
	VERB_LIST,
	VERB_COVERAGE,
	VERB_EXPLAIN,
	VERB_RECOVER,
	VERB_EXPORT,
	VERB_HISTORY,
	VERB_POSTURE,
	VERB_SETUP,
	VERB_HELP,
	VERB_VERSION,
	VERB_COUNT
};

enum option_kind {
	OPTION_ACTION,		/* names the verb `id` */
	OPTION_PLAIN,		/* takes no value */
	OPTION_VALUE
};

/* What an option row sets; for actions the id is the verb. */
enum option_id {
	OPT_ALL,
	OPT_FORGET,
	OPT_CHECK,
	OPT_ROOT,
	OPT_ADMINDIR,
	OPT_CONFIG,
	OPT_FORMAT,
	OPT_JOBS,
	OPT_QUICK,
	OPT_ACCEPT,
	OPT_NO_ACT,
	OPT_QUIET,
	OPT_VERBOSE,
	OPT_NO_PROGRESS,
	OPT_COLOR,
	OPT_CONFFILES,
	OPT_POLITE,
	OPT_DIGESTS,
	OPT_SLICE,
	OPT_SINCE,
	OPT_METRICS,
	OPT_TRUST,
	OPT_APPLY
};

enum option_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_RPM };

enum option_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* One row of the one table; parser, help and tests read nothing else. */
struct option_row {
	const char *name;	/* without dashes */
	char letter;		/* 0: none */
	enum option_kind kind;
	int id;			/* enum verb, or enum option_id */
	unsigned int with;	/* options: verbs, 1u << VERB_... */
	bool operands;		/* actions: takes any */
	bool value;		/* actions: has a value as well */
	const char *arg;	/* what stands behind it; NULL: none */
	const char *help;	/* may have several lines */
};

/* The n-th row; NULL past the end. */
const struct option_row *options_row(size_t n);

struct options {
	enum verb verb;
	const char *root;	/* no slash at its end; "" for / */
	const char *admindir;	/* NULL: as the root says */
	const char *config;	/* NULL: the usual places */
	enum option_format format;
	enum export_form export_form;
	enum setup_scheme scheme;
	bool apply;
	const char *since, *metrics, *trust;	/* NULL: not given */
	unsigned int slice, slices;	/* slices 0: not given */
	int jobs;		/* 0: not given */
	bool all, forget, check, quick, accept, no_act, quiet, verbose;
	bool no_progress, conffiles, polite, all_digests;
	enum option_color color;
	bool own_root;		/* --root or --admindir was a word here */
	char **operands;	/* behind the array: NULL */
	size_t n_operands;
	size_t n_before;	/* so many of them stand before a "--" */
	char *storage;		/* owned: what root points into */
};

/*
 * True if the first action in argv is one of the six of dpkg that touch
 * files, in any spelling of dpkg's: then dpkg's grammar holds for all of it.
 */
bool options_is_dpkg(int argc, char *const *argv);

/*
 * 0; ERR_REFUSED with the sentence for the user in diag->what; -ENOMEM.
 * DPKG_ROOT and DPKG_ADMINDIR of envp are defaults. Borrows argv and envp; to
 * be freed with options_free.
 */
int options_parse(int argc, char *const *argv, char *const *envp,
                  struct options *ret, struct diag *diag);
void options_free(struct options *o);

/*
 * What of argv can be trusted where options_parse refused it: does it ask
 * for errors as JSON?
 */
bool options_wants_json(int argc, char *const *argv);
/* Or has it statuses of its own? */
bool options_is_open(int argc, char *const *argv);

#endif
