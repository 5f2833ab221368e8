/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_REPORT_PRIV_H
#define DI_REPORT_PRIV_H

#include "buf.h"
#include "report.h"

/*
 * A backend puts into `out`, one or more whole lines; report.c keeps errors
 * and writes. All return 0 or a negative error.
 */
struct report_backend {
	int (*path)(struct buf *out, const struct survey_row *row);
	int (*finding)(struct buf *out, const struct finding *f);
	int (*explanation)(struct buf *out, const struct explanation *e);
	int (*plan)(struct buf *out, const struct plan_line *line);
	int (*transaction)(struct buf *out, const char *line, size_t len);
	int (*error)(struct buf *out, const struct diag *d);
	int (*counts)(struct buf *out, const struct report_count *rows,
	              size_t n);
	int (*summary)(struct buf *out, const char *sentence,
	               const struct report_fact *facts, size_t n);
};

extern const struct report_backend report_text, report_color, report_json;

/* The counts of --coverage as an aligned table. */
int report_table(struct buf *out, const struct report_count *rows, size_t n);

#endif
