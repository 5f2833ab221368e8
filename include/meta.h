/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_META_H
#define DI_META_H

#include <stddef.h>

#include "buf.h"

/*
 * Access control lists, capabilities and other extended attributes of a file,
 * as words that can be compared as text, recorded, and told to people.
 *
 * Words are separated by commas, in the order of the attributes' names:
 *	acl:B64		system.posix_acl_access (Linux, fs/posix_acl_xattr.h)
 *	dacl:B64	system.posix_acl_default
 *	cap:B64		security.capability
 *	xattr.B64:B64	name and value of any other
 * B64 is base64.h's. A value of more than 256 bytes is "~" and its SHA-256 in
 * hex instead. Where all words together have more than 3,000 bytes, there is
 * the one word "meta:~" and the SHA-256 of them all. Left out, since they are
 * the kernel's or a security module's own: security.selinux, .SMACK64*, .ima,
 * .evm, .apparmor, trusted.*, btrfs.*, system.* but the two.
 */

/*
 * Appends the words of what fd (a file or folder, opened for reading) carries;
 * nothing: none. A file system without attributes has none. -errno, -ENOMEM.
 * The common case, none at all, is one system call.
 */
int meta_words(int fd, struct buf *out);

enum meta_kind { META_ACL, META_CAPABILITY, META_XATTR };

struct meta_difference {
	enum meta_kind kind;
	/* For people; "none" where it is absent. An ACL as libacl tells it with
	 * numeric ids ("user::rw-,user:5:r--,..."), a capability as
	 * "cap_net_raw=ep", others "NAME=value" (odd bytes escaped as vis.h does). */
	const char *expected;
	const char *actual;
};

/*
 * Compares two lists of words (NULL or "": none) and calls fn for each
 * attribute that differs; the default ACL is told as META_ACL with "default:"
 * in front of its entries. Words that can't be understood are told as they
 * stand. 0 or -ENOMEM.
 */
int meta_compare(const char *expected, const char *actual,
                 void (*fn)(void *ctx, const struct meta_difference *d),
                 void *ctx);

#endif
