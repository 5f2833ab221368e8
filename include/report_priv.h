/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_REPORT_PRIV_H
#define DI_REPORT_PRIV_H

#include "buf.h"
#include "report.h"

/*
 * What a backend keeps of the findings before: in text the heading that they
 * stand below, in rpm's form what is not printed yet.
 */
struct report_last {
	bool any;
	struct buf name;	/* heading, or path, as printed */
	unsigned int kinds;	/* 1u << enum finding_kind */
	bool user, group;	/* which of the two the owner finding is of */
	bool gone;		/* the conffile is */
};

/*
 * A backend puts into `out`, one or more whole lines; report.c keeps errors
 * and writes. All return 0 or a negative error.
 */
struct report_backend {
	int (*path)(struct buf *out, const struct survey_row *row);
	int (*finding)(struct report_last *last, struct buf *out,
	               const struct finding *f);
	/* Something else comes than a finding. NULL: no matter. */
	int (*settle)(struct report_last *last, struct buf *out);
	int (*explanation)(struct buf *out, const struct explanation *e);
	int (*plan)(struct buf *out, const struct plan_line *line);
	int (*transaction)(struct buf *out, const char *line, size_t len);
	int (*posture)(struct buf *out, const struct posture_line *lines,
	               size_t n);
	int (*error)(struct buf *out, const struct diag *d);
	int (*counts)(struct buf *out, const struct report_count *rows,
	              size_t n);
	int (*summary)(struct buf *out, const char *sentence,
	               const struct report_fact *facts, size_t n);
};

extern const struct report_backend report_text, report_color, report_json,
    report_rpm;

/* A foreign name for a terminal, escaped only where it has to be. */
int report_name(struct buf *out, const char *name);
/* `color` is an SGR sequence's number; NULL: none. */
int report_colored(struct buf *out, const char *color, const char *words);

/* Findings in text. */
int report_finding_text(struct report_last *last, struct buf *out,
                        const struct finding *f);
int report_finding_color(struct report_last *last, struct buf *out,
                         const struct finding *f);
int report_finding_settle(struct report_last *last, struct buf *out);

/* In rpm's form. */
int report_rpm_finding(struct report_last *last, struct buf *out,
                       const struct finding *f);
int report_rpm_settle(struct report_last *last, struct buf *out);

/* --posture as text. */
int report_posture_text(struct buf *out, const struct posture_line *lines,
                        size_t n);
int report_posture_color(struct buf *out, const struct posture_line *lines,
                         size_t n);

/* The counts of --coverage as an aligned table. */
int report_table(struct buf *out, const struct report_count *rows, size_t n);

#endif
