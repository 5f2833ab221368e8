/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "finding.h"

static const char *const names[] = {
	[FINDING_CONTENT] = "content",
	[FINDING_MISSING] = "missing",
	[FINDING_TYPE] = "type",
	[FINDING_FLAG] = "flag",
	[FINDING_FOREIGN] = "foreign-flag",
	[FINDING_SELF] = "self",
	[FINDING_UNKNOWN] = "unknown"
};

const char *
finding_name(enum finding_kind k)
{
	return names[k];
}
