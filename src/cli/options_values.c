/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "options_priv.h"

#include <string.h>

#include "lines.h"

#define MAX_JOBS 1024
#define MAX_SLICES 100000

static int
set_jobs(struct parse *p, const char *value)
{
	unsigned long long n;

	if (lines_number(value, strlen(value), MAX_JOBS, &n) < 0 || n == 0)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--jobs: '%s' is no number from 1 to %d",
		                value, MAX_JOBS);
	p->o->jobs = (int)n;
	return 0;
}

static int
set_format(struct parse *p, const char *value)
{
	static const char *const words[] = {
		[FORMAT_TEXT] = "text", [FORMAT_JSON] = "json",
		[FORMAT_RPM] = "rpm"
	};

	for (int i = FORMAT_TEXT; i <= FORMAT_RPM; i++) {
		if (strcmp(value, words[i]) != 0)
			continue;
		p->o->format = (enum option_format)i;
		return 0;
	}
	return diag_set(p->diag, ERR_REFUSED, NULL, 0,
	                "--format: '%s' is none of text, json, rpm", value);
}

static int
set_digests(struct parse *p, const char *value)
{
	if (strcmp(value, "all") != 0 && strcmp(value, "one") != 0)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--digests: '%s' is neither all nor one",
		                value);
	p->o->all_digests = value[0] == 'a';
	return 0;
}

/* "N/M", 1 <= N <= M */
static int
set_slice(struct parse *p, const char *value)
{
	const char *slash = strchr(value, '/');
	unsigned long long n, m;

	if (slash == NULL ||
	    lines_number(value, (size_t)(slash - value), MAX_SLICES, &n) < 0 ||
	    lines_number(slash + 1, strlen(slash + 1), MAX_SLICES, &m) < 0 ||
	    n == 0 || n > m)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--slice: '%s' is no N/M with N from 1 to M, "
		                "M at most %d", value, MAX_SLICES);
	p->o->slice = (unsigned int)n;
	p->o->slices = (unsigned int)m;
	return 0;
}

int
options_form(struct parse *p, const char *value)
{
	static const char *const words[] = {
		[EXPORT_MTREE] = "mtree", [EXPORT_SHA256SUM] = "sha256sum",
		[EXPORT_JSON] = "json"
	};

	for (int i = EXPORT_MTREE; i <= EXPORT_JSON; i++) {
		if (strcmp(value, words[i]) != 0)
			continue;
		p->o->export_form = (enum export_form)i;
		return 0;
	}
	return diag_set(p->diag, ERR_REFUSED, NULL, 0,
	                "--export: '%s' is none of mtree, sha256sum, json",
	                value);
}

int
options_scheme(struct parse *p, const char *value)
{
	if (strcmp(value, "usr") != 0 && strcmp(value, "root") != 0)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--setup-readonly: '%s' is neither usr nor "
		                "root", value);
	p->o->scheme = value[0] == 'u' ? SETUP_USR : SETUP_ROOT;
	return 0;
}

static int
set_color(struct parse *p, const char *value)
{
	static const char *const words[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always",
		[COLOR_NEVER] = "never"
	};

	for (int i = COLOR_AUTO; i <= COLOR_NEVER; i++) {
		if (strcmp(value, words[i]) != 0)
			continue;
		p->o->color = (enum option_color)i;
		return 0;
	}
	return diag_set(p->diag, ERR_REFUSED, NULL, 0,
	                "--color: '%s' is none of auto, always, never", value);
}

static int
set_path(struct parse *p, const char *name, const char **at,
         const char *value)
{
	if (value[0] == '\0')
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--%s: the value is empty", name);
	*at = value;
	return 0;
}

int
options_apply(struct parse *p, const struct option_row *row,
              const char *value)
{
	struct options *o = p->o;

	p->seen |= 1u << row->id;
	switch ((enum option_id)row->id) {
	case OPT_ALL:
		o->all = true;
		break;
	case OPT_FORGET:
		o->forget = true;
		break;
	case OPT_CHECK:
		o->check = true;
		break;
	case OPT_APPLY:
		o->apply = true;
		break;
	case OPT_QUICK:
		o->quick = true;
		break;
	case OPT_ACCEPT:
		o->accept = true;
		break;
	case OPT_NO_ACT:
		o->no_act = true;
		break;
	case OPT_QUIET:
		o->quiet = true;
		break;
	case OPT_VERBOSE:
		o->verbose = true;
		break;
	case OPT_ROOT:
		return set_path(p, row->name, &p->root, value);
	case OPT_ADMINDIR:
		return set_path(p, row->name, &o->admindir, value);
	case OPT_CONFIG:
		return set_path(p, row->name, &o->config, value);
	case OPT_FORMAT:
		return set_format(p, value);
	case OPT_JOBS:
		return set_jobs(p, value);
	case OPT_NO_PROGRESS:
		o->no_progress = true;
		break;
	case OPT_COLOR:
		return set_color(p, value);
	case OPT_CONFFILES:
		o->conffiles = true;
		break;
	case OPT_POLITE:
		o->polite = true;
		break;
	case OPT_DIGESTS:
		return set_digests(p, value);
	case OPT_SLICE:
		return set_slice(p, value);
	case OPT_SINCE:
		return set_path(p, row->name, &o->since, value);
	case OPT_METRICS:
		return set_path(p, row->name, &o->metrics, value);
	case OPT_TRUST:
		return set_path(p, row->name, &o->trust, value);
	}
	return 0;
}
