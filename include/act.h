/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ACT_H
#define DI_ACT_H

#include "cli.h"

/* The actions: each does its work, reports, and returns the exit status. */
int act_verify(struct cli *c);
int act_list(struct cli *c);
int act_coverage(struct cli *c);
int act_plan(struct cli *c);
int act_history(struct cli *c);
int act_explain(struct cli *c);
int act_open(struct cli *c);
int act_export(struct cli *c);
int act_posture(struct cli *c);
int act_setup(struct cli *c);

/* --adopt, --release, --protect, --unprotect */
int act_change(struct cli *c);
int act_recover(struct cli *c);

#endif
