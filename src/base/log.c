/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
	TEXT_SIZE = LOG_TEXT,
	HEAD_SIZE = 256,
	LINE_SIZE = HEAD_SIZE + 4 * TEXT_SIZE
};

static struct {
	const char *program;
	int quiet;
	int fd;
	unsigned int where;
	void (*say)(const char *text);	/* to the daemon; NULL: we do */
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
}

void
log_close(void)
{
	if (state.fd >= 0)
		close(state.fd);
	state.fd = -1;
	state.where = 0;
}

void
log_leave(uint64_t dev)
{
	struct stat st;

	if (state.fd < 0 || fstat(state.fd, &st) < 0 || st.st_dev != dev)
		return;
	close(state.fd);
	state.fd = -1;
}

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* So many digits of a number, zeros in front, and what stands behind. */
static char *
put_digits(char *at, size_t n, unsigned int number, char behind)
{
	for (size_t i = n; i > 0; i--) {
		at[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
	at[n] = behind;
	return at + n + 1;
}

/* Not gmtime_r or strftime: they read the file that $TZ names. */
void
log_time(time_t when, char ret[LOG_TIME_SIZE])
{
	static const int lengths[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	const unsigned int second = (unsigned int)(when % 86400);
	int days, year = 1970, month = 0;

	ret[0] = '\0';
	/* The last moment of the year 9999. */
	if (when < 0 || when > 253402300799)
		return;
	for (days = (int)(when / 86400); days >= 365 + is_leap(year); year++)
		days -= 365 + is_leap(year);
	while (days >= lengths[month] + (month == 1 && is_leap(year))) {
		days -= lengths[month] + (month == 1 && is_leap(year));
		month++;
	}
	ret = put_digits(ret, 4, (unsigned int)year, '-');
	ret = put_digits(ret, 2, (unsigned int)month + 1, '-');
	ret = put_digits(ret, 2, (unsigned int)days + 1, 'T');
	ret = put_digits(ret, 2, second / 3600, ':');
	ret = put_digits(ret, 2, second / 60 % 60, ':');
	ret = put_digits(ret, 2, second % 60, 'Z');
	*ret = '\0';
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
	log_time(time(NULL), line);
	head = strlen(line);
	if (head > 0)
		line[head++] = ' ';
	n = finish_line(line, head, text, "");
	/* One call, so that lines of two programs never mix. */
	if ((state.where & LOG_TO_FILE) && state.fd >= 0) {
		do {
			done = write(state.fd, line, n);
		} while (done < 0 && errno == EINTR);
	}
	if (state.where & LOG_TO_SYSLOG)
		log_syslog("%s", text);
	errno = saved;
}

/*
 * Not syslog(3): that waits for as long as the daemon's queue is full, and
 * reads the file that $TZ names.
 */
static int
connect_syslog(void)
{
	static const struct sockaddr_un name = {
		.sun_family = AF_UNIX, .sun_path = "/dev/log"
	};
	static const struct timeval second = { .tv_sec = 1 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second,
	               sizeof(second)) == 0 &&
	    connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* As syslog(3) writes it (RFC 3164), but for the time, which depends on $TZ. */
static size_t
put_syslog_head(char *line)
{
	int n = snprintf(line, HEAD_SIZE, "<%d>%.64s[%d]: ",
	                 LOG_DAEMON | LOG_INFO, state.program, (int)getpid());

	return n > 0 ? (size_t)n : 0;
}

static void
send_syslog(const char *text)
{
	int fd = connect_syslog();
	char line[LINE_SIZE];
	ssize_t done;
	size_t n;

	if (fd < 0)
		return;
	n = finish_line(line, put_syslog_head(line), text, "") - 1;
	do {
		done = send(fd, line, n, MSG_NOSIGNAL);
	} while (done < 0 && errno == EINTR);
	close(fd);
}

void
log_syslog_through(void (*how)(const char *text))
{
	state.say = how;
}

void
log_syslog(const char *fmt, ...)
{
	char text[TEXT_SIZE];
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	format_text(text, fmt, ap);
	va_end(ap);
	if (state.say != NULL)
		state.say(text);
	else
		send_syslog(text);
	errno = saved;
}
