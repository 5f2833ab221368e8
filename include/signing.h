/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SIGNING_H
#define DI_SIGNING_H

#include "err.h"
#include "history.h"

/*
 * Ed25519 (RFC 8032) over the history's head: STATE/history/signature is
 *
 *	dpkg-immutable signature 1
 *	HEAD		hex, as history.h has it
 *	BASE64		of the signature over "dpkg-immutable history HEAD\n"
 *
 * written atomically and durably after every entry where a key is configured.
 */

/* key_file: PEM, PKCS #8, not encrypted; root's, not readable by others
 * (ERR_UNSAFE). ERR_FORMAT: no Ed25519 key. *diag names the file. */
int signing_sign(int history_dirfd, const char *key_file,
                 const char head[HISTORY_HEAD_SIZE], struct diag *diag);
/*
 * 0: the signature is of this head and of that key (PEM, public). 1: it is
 * not, or there is none; *diag says how. Negative: could not be read.
 */
int signing_check(int history_dirfd, const char *public_file,
                  const char head[HISTORY_HEAD_SIZE], struct diag *diag);

#endif
