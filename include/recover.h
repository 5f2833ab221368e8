/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_RECOVER_H
#define DI_RECOVER_H

#include <stdbool.h>

#include "err.h"
#include "seal.h"
#include "session.h"

/*
 * Closes what an interrupted run left open. The session holds our lock, has
 * configuration and records. *ret_did: there was something. ERR_BUSY: dpkg
 * itself still lives, or a program that has joined that run (*diag says so); the
 * journal stays.
 */
int recover_run(struct session *s, bool *ret_did, struct diag *diag);
/* The same; what was done, and what could not be, is added to *tally. */
int recover_tally(struct session *s, bool *ret_did, struct tally *tally,
                  struct diag *diag);

#endif
