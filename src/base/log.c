/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "log.h"

/*
 * Nothing here allocates: words must come out when memory is short. A text
 * longer than this is cut; escaped it is at most four times as long.
 */
enum {
	TEXT_SIZE = 8192,
	HEAD_SIZE = 256,
	LINE_SIZE = HEAD_SIZE + 4 * TEXT_SIZE
};

static struct {
	const char *program;
	int quiet;
	int fd;
	unsigned int where;
} state = { .program = "dpkg-immutable", .fd = -1 };

void
log_program(const char *name)
{
	state.program = name;
}

void
log_quiet(int quiet)
{
	state.quiet = quiet;
}

/*
 * Appends text to a line of LINE_SIZE that holds at bytes (at most
 * HEAD_SIZE - 1), control bytes as octal, save those in keep; then a
 * newline. Returns the length; no NUL.
 */
static size_t
finish_line(char *line, size_t at, const char *text, const char *keep)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 0x20 && c != 0x7f) || strchr(keep, c)) {
			line[at++] = *text;
			continue;
		}
		line[at++] = '\\';
		line[at++] = (char)('0' + (c >> 6));
		line[at++] = (char)('0' + (c >> 3 & 7));
		line[at++] = (char)('0' + (c & 7));
	}
	line[at++] = '\n';
	return at;
}

static void
format_text(char *text, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
format_text(char *text, const char *fmt, va_list ap)
{
	int n = vsnprintf(text, TEXT_SIZE, fmt, ap);

	if (n < 0)
		text[0] = '\0';
	else if (n >= TEXT_SIZE)
		memcpy(text + TEXT_SIZE - 4, "...", 4);
}

static void
say(const char *kind, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
say(const char *kind, const char *fmt, va_list ap)
{
	char line[LINE_SIZE], text[TEXT_SIZE];
	int head;

	format_text(text, fmt, ap);
	head = snprintf(line, HEAD_SIZE, "%s: %s: ", state.program, kind);
	if (head < 0)
		head = 0;
	else if (head >= HEAD_SIZE)
		head = HEAD_SIZE - 1;
	/* Our own sentences may have more than one line. */
	file_write(STDERR_FILENO, line,
	           finish_line(line, (size_t)head, text, "\n\t"));
}

void
log_warn(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (state.quiet)
		return;
	va_start(ap, fmt);
	say("warning", fmt, ap);
	va_end(ap);
	errno = saved;
}

void
log_error(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	say("error", fmt, ap);
	va_end(ap);
	errno = saved;
}

void
log_open(int fd, unsigned int where)
{
	log_close();
	state.fd = fd;
	state.where = where;
	if (where & LOG_TO_SYSLOG)
		openlog(state.program, LOG_PID, LOG_DAEMON);
}

void
log_close(void)
{
	if (state.where & LOG_TO_SYSLOG)
		closelog();
	if (state.fd >= 0)
		close(state.fd);
	state.fd = -1;
	state.where = 0;
}

/* "2026-01-31T23:59:59Z "; nothing where the clock makes no sense. */
static size_t
put_time(char *line)
{
	time_t now = time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm))
		return 0;
	return strftime(line, HEAD_SIZE, "%Y-%m-%dT%H:%M:%SZ ", &tm);
}

void
log_line(const char *fmt, ...)
{
	char line[LINE_SIZE], text[TEXT_SIZE];
	size_t head, n;
	ssize_t done = -1;
	int saved = errno;
	va_list ap;

	if (!state.where)
		return;
	va_start(ap, fmt);
	format_text(text, fmt, ap);
	va_end(ap);
	head = put_time(line);
	n = finish_line(line, head, text, "");
	/* One call, so that lines of two programs never mix. */
	if ((state.where & LOG_TO_FILE) && state.fd >= 0) {
		do {
			done = write(state.fd, line, n);
		} while (done < 0 && errno == EINTR);
	}
	if (state.where & LOG_TO_SYSLOG)
		syslog(LOG_INFO, "%.*s", (int)(n - head - 1), line + head);
	errno = saved;
}
