/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_REAL_H
#define DI_REAL_H

/*
 * The programs that our shims stand in front of. A shim and the engine carry
 * an ELF note (type PT_NOTE, name REAL_MARKER) by which they know their own
 * kind, whatever its name, copy or inode.
 */
#define REAL_MARKER "dpkg-immutable-shim-marker"

enum real_program { REAL_DPKG, REAL_DIVERT, REAL_STATOVERRIDE,
                    REAL_RECONFIGURE };

/* By the last part of a path; any other name, or none, is REAL_DPKG. */
enum real_program real_program_of(const char *path);

/*
 * Path of the real program: NAME.distrib, else NAME where that does not
 * carry our marker. NULL: there is none. Static strings; never from the
 * environment.
 */
const char *real_path(enum real_program program);

/* 1 if the open ELF file carries the marker; 0; -errno: it can't be read. */
int real_is_ours(int fd);

#endif
