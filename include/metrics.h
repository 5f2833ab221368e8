/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_METRICS_H
#define DI_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "finding.h"

/*
 * --metrics=FILE: what an audit found, in Prometheus's text exposition format
 * 0.0.4 for node_exporter's textfile collector. Written beside FILE and
 * renamed, mode 0644. Names: dpkg_immutable_files{state="protected"|
 * "open"|"off"|"exempt"|"unsupported"|"unsettled"|"missing"|"unknown"},
 * dpkg_immutable_findings{kind="..."} (every kind, zeros too),
 * dpkg_immutable_audit_bytes, dpkg_immutable_audit_seconds,
 * dpkg_immutable_last_audit_timestamp_seconds{mode="full"|"quick"|"partial"},
 * dpkg_immutable_audit_clean (1: nothing found, nothing unknown). The time of
 * the last full audit is kept from the old FILE when this one is not full.
 */
struct metrics {
	bool quick, partial;	/* neither: full */
	int64_t time;		/* seconds since the epoch, of its end */
	double seconds;		/* it took */
	uint64_t bytes;		/* read */
	size_t findings[FINDING_COUNT];
	struct metrics_state {
		const char *name;
		size_t files;
	} states[8];
};

/* file: host path. A bad old FILE is written over. *diag names it. */
int metrics_write(const char *file, const struct metrics *m,
                  struct diag *diag);

#endif
