/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_LOG_H
#define DI_LOG_H

/*
 * The only global state of the program: where its words go.
 * Warnings and errors go to stderr as "PROGRAM: warning: TEXT"; lines of the
 * log file go where log_open says, and are dropped where it has not been
 * called or failed.
 */
void log_program(const char *name);	/* static string; borrowed */
void log_quiet(int quiet);		/* no warnings on stderr */

void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* fd: append descriptor (kept, closed by log_close), or -1. */
enum { LOG_TO_FILE = 1, LOG_TO_SYSLOG = 2 };
void log_open(int fd, unsigned int where);
void log_close(void);
/* One line, "TIME " (RFC 3339, UTC) put before it. Control bytes escaped. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
