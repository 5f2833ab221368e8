/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_REPORT_H
#define DI_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "explain.h"
#include "finding.h"
#include "posture.h"
#include "prepare.h"
#include "survey.h"

/*
 * What an action has to say on stdout, as text for people (in colour or not)
 * or one JSON object a line. Errors of writing are kept: every call returns 0
 * or the first of them (-EPIPE, -ENOSPC, ...), so that a walk can end there.
 *
 * Names in text stand as they are, unless they hold control bytes, are not
 * UTF-8 or could be read as an escape: then they are escaped by vis.h.
 */
/*
 * Findings in text stand below a line that names the package, printed where
 * it is another than that of the finding before. REPORT_RPM is for findings
 * alone (all else as in text, summaries left out): a line a path in the form
 * of rpm -V and dpkg --verify, so the findings of a path must follow each
 * other. Nine columns: S size, M mode or type, 5 digest, D (device: never
 * ours, always "."), L link, U user, G group, T mtime, P capability; "?" could
 * not be looked at, "." as it should be; then " c" for a conffile, else two
 * blanks, and the path; "missing  " in place of the columns where it is gone.
 * What has no column stands behind the path in parentheses: names of
 * findings, comma and blank between.
 */
enum report_format { REPORT_TEXT, REPORT_COLOR, REPORT_JSON, REPORT_RPM };

struct report;

/* fd: borrowed. quiet: no summary in text. */
int report_new(enum report_format format, int fd, bool quiet,
               struct report **ret);
void report_free(struct report *r);
/* Writes what is left. 0 or the first error. */
int report_end(struct report *r);
/* The first error of writing, 0: none so far. */
int report_failed(const struct report *r);

/* A file of --list. */
int report_path(struct report *r, const struct survey_row *row);
int report_finding(struct report *r, const struct finding *f);
/* A file of --explain. */
int report_explanation(struct report *r, const struct explanation *e);
int report_plan(struct report *r, const struct plan_line *line);
/* An entry of the history: a JSON object. One that is torn is told so. */
int report_transaction(struct report *r, const char *line, size_t len);
/* All of --posture at once: in text what they are of is aligned. */
int report_posture(struct report *r, const struct posture_line *lines,
                   size_t n);
/* What went wrong; in text nothing, since the log has said it. */
int report_error(struct report *r, const struct diag *d);

/* A cell of --coverage. */
struct report_count {
	const char *fs;		/* NULL: not asked */
	const char *state;
	const char *reason;	/* NULL: none */
	size_t files;
};
/* All of them at once, since a text table has to be measured first. */
int report_counts(struct report *r, const struct report_count *rows,
                  size_t n);

/* One member of the summary: text, or a number where text is NULL. */
struct report_fact {
	const char *key;
	const char *text;
	long long number;
};
/* The last call: `sentence` in text (NULL: none), the facts in JSON. */
int report_summary(struct report *r, const char *sentence,
                   const struct report_fact *facts, size_t n);

#endif
