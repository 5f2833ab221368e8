/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CAPABILITY_H
#define DI_CAPABILITY_H

#include <stddef.h>

#include "buf.h"

/*
 * Appends what a value of security.capability (struct vfs_cap_data of
 * linux/capability.h, revisions 1 to 3) gives, in cap_to_text(3)'s form:
 * "cap_net_raw=ep", "cap_chown=p cap_kill=ei", "=ep cap_bpf-ep". Capabilities
 * that capabilities(7) has no name for are numbers. Revision 3 has
 * " [rootid=N]" behind it, as getcap(8) -n does. ERR_FORMAT where it is none,
 * -ENOMEM, ERR_LIMIT; out is then unchanged.
 */
int capability_text(const void *value, size_t n, struct buf *out);

#endif
