/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_LOG_H
#define DI_LOG_H

#include <stdint.h>
#include <time.h>

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
/* Closes the file if it lies on the file system of this device (st_dev), which
 * nothing may keep writable. */
void log_leave(uint64_t dev);
/*
 * A moment as RFC 3339 has it, in UTC; "" before 1970 and after 9999. Reads no
 * file that $TZ names, as all of the C library's calendar does.
 */
#define LOG_TIME_SIZE 40
void log_time(time_t when, char ret[LOG_TIME_SIZE]);
/* One line, "TIME " of now put before it. Control bytes escaped. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/*
 * One line to the syslog daemon, wherever log_line goes, without a time: the
 * daemon has its own. Dropped where there is none, or where it takes nothing
 * for a second.
 */
void log_syslog(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Somebody else speaks to the daemon from here on: a line as it is to come
 * there, at most LOG_TEXT bytes with its NUL. */
#define LOG_TEXT 8192
void log_syslog_through(void (*how)(const char *text));

#endif
