/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "finding.h"

static const char *const names[] = {
	[FINDING_LEDGER] = "ledger",
	[FINDING_HISTORY] = "history",
	[FINDING_SELF] = "self",
	[FINDING_MOUNT] = "mount",
	[FINDING_DATABASE] = "database",
	[FINDING_CONTENT] = "content",
	[FINDING_SIZE] = "size",
	[FINDING_TYPE] = "type",
	[FINDING_MISSING] = "missing",
	[FINDING_LINK] = "link",
	[FINDING_CAPABILITY] = "capability",
	[FINDING_MODE] = "mode",
	[FINDING_OWNER] = "owner",
	[FINDING_ACL] = "acl",
	[FINDING_XATTR] = "xattr",
	[FINDING_HARDLINK] = "hardlink",
	[FINDING_WRITER] = "writer",
	[FINDING_FLAG] = "flag",
	[FINDING_FOREIGN] = "foreign-flag",
	[FINDING_TIME] = "time",
	[FINDING_UNRECORDED] = "unrecorded",
	[FINDING_CONFFILE] = "conffile",
	[FINDING_UNKNOWN] = "unknown"
};

_Static_assert(sizeof(names) / sizeof(names[0]) == FINDING_COUNT,
               "each kind has a name");

const char *
finding_name(enum finding_kind k)
{
	return names[k];
}
