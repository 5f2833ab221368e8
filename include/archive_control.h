/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ARCHIVE_CONTROL_H
#define DI_ARCHIVE_CONTROL_H

#include "archive.h"
#include "buf.h"
#include "err.h"

/*
 * The files of a .deb's control part, as bytes from a stranger, read into
 * the fields of a struct archive that has its file and arena.
 */

/* Names, relations. ERR_FORMAT where package or version are missing. */
int archive_control(struct archive *a, const struct buf *text,
                    struct diag *diag);

/*
 * "/PATH" or "FLAG /PATH" a line. dpkg knows but one flag, remove-on-upgrade;
 * one that comes later would not make the file less of a conffile.
 */
int archive_conffiles(struct archive *a, const struct buf *text,
                      struct diag *diag);

/*
 * "HASH  PATH" a line, the path to the end of the line, without escapes; of
 * a path that comes twice the last line counts. Whatever is wrong with the
 * text is no error: has_md5sums stays false. 0 or -ENOMEM.
 */
int archive_md5sums(struct archive *a, const struct buf *text);

#endif
