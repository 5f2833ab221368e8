/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "alive.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOTE_SIZE 128
#define STAT_SIZE 1024
#define STATE_FIELD 3
#define PARENT_FIELD 4
#define START_FIELD 22
#define MAX_DEPTH 1000
#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_SHAPE "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx\n"
#define BOOT_LEN (sizeof(BOOT_SHAPE) - 1)

/* Decimal digits at *at, which moves behind them. */
static bool
number(const char **at, unsigned long long *ret)
{
	unsigned long long v = 0;
	const char *s = *at;

	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (v > (~0ULL - 9) / 10)
			return false;
		v = v * 10 + (unsigned int)(*s - '0');
	}
	*at = s;
	*ret = v;
	return true;
}

/* A file of proc(5)'s; false where nobody tells. */
static bool
proc_text(const char *path, char text[STAT_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, STAT_SIZE - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* A field of it, or NULL. A name may hold blanks and brackets, so counting
 * starts behind the last bracket. */
static const char *
field_of(const char *text, int wanted)
{
	const char *at = strrchr(text, ')');

	for (int field = 2; at != NULL && field < wanted; field++) {
		at = strchr(at, ' ');
		if (at != NULL)
			at++;
	}
	return at;
}

/* 0: it is not there, or no number. */
static unsigned long long
number_of(const char *text, int wanted)
{
	const char *at = field_of(text, wanted);
	unsigned long long value = 0;

	return at != NULL && number(&at, &value) ? value : 0;
}

/* Only its parent has not asked for it yet, as where a container's first
 * process never does. */
static bool
has_ended(const char *text)
{
	const char *at = field_of(text, STATE_FIELD);

	return at != NULL && (*at == 'Z' || *at == 'X');
}

/* Whether a boot's id begins there, with the end of its line. */
static bool
is_boot(const char *text)
{
	for (size_t i = 0; i < BOOT_LEN; i++) {
		bool digit = (text[i] >= '0' && text[i] <= '9') ||
		             (text[i] >= 'a' && text[i] <= 'f');

		if (BOOT_SHAPE[i] == 'x' ? !digit : text[i] != BOOT_SHAPE[i])
			return false;
	}
	return true;
}

/* Whether a note's rest names another boot than this one. What is no id tells
 * nothing, as in the notes of older versions. */
static bool
other_boot(const char *rest)
{
	char text[STAT_SIZE];

	return *rest == ' ' && is_boot(rest + 1) &&
	       proc_text(BOOT_FILE, text) && is_boot(text) &&
	       memcmp(rest + 1, text, BOOT_LEN) != 0;
}

/* The time in the same ticks; for a process that has just begun. */
static unsigned long long
ticks_now(void)
{
	unsigned long long hz = (unsigned long long)sysconf(_SC_CLK_TCK);
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (unsigned long long)t.tv_sec * hz +
	       (unsigned long long)t.tv_nsec * hz / 1000000000;
}

/* As the two may differ: a note made where /proc was missing has the time of
 * its writing. No process gets another's id that soon. */
static bool
same_start(unsigned long long a, unsigned long long b)
{
	unsigned long long slack = 2 *
	    (unsigned long long)sysconf(_SC_CLK_TCK);

	return a > b ? a - b <= slack : b - a <= slack;
}

int
alive_note(int fd)
{
	char note[NOTE_SIZE], text[STAT_SIZE], boot[STAT_SIZE];
	unsigned long long start = 0;	/* in ticks since boot */
	bool told = proc_text(BOOT_FILE, boot) && is_boot(boot);
	int n;

	if (proc_text("/proc/self/stat", text))
		start = number_of(text, START_FIELD);
	n = snprintf(note, sizeof(note), "%d %llu%s%.*s", (int)getpid(),
	             start != 0 ? start : ticks_now(), told ? " " : "\n",
	             told ? (int)BOOT_LEN : 0, boot);
	memset(note + n, ' ', sizeof(note) - (size_t)n);
	return pwrite(fd, note, sizeof(note), 0) == (ssize_t)sizeof(note) ?
	       0 : -errno;
}

/* *ret_rest: what follows the two numbers. */
static bool
read_note(const char *note, unsigned long long *ret_pid,
          unsigned long long *ret_start, const char **ret_rest)
{
	bool read = number(&note, ret_pid) && *note++ == ' ' &&
	            number(&note, ret_start) && *ret_pid != 0 &&
	            *ret_pid <= 0x7fffffff;

	*ret_rest = note;
	return read;
}

int
alive_noted(int fd, pid_t *ret_pid)
{
	char note[NOTE_SIZE + 1], path[64], text[STAT_SIZE];
	unsigned long long pid, start, now = 0;
	ssize_t n = pread(fd, note, NOTE_SIZE, 0);
	const char *rest;

	if (n <= 0)
		return 0;
	note[n] = '\0';
	if (!read_note(note, &pid, &start, &rest) || other_boot(rest))
		return 0;
	if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
		return 0;
	snprintf(path, sizeof(path), "/proc/%llu/stat", pid);
	if (proc_text(path, text)) {
		if (has_ended(text))
			return 0;
		now = number_of(text, START_FIELD);
	}
	if (start != 0 && now != 0 && !same_start(now, start))
		return 0;
	/* it may have gone meanwhile */
	if (now == 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH)
		return 0;
	*ret_pid = (pid_t)pid;
	return 1;
}

pid_t
alive_parent(pid_t pid)
{
	char path[64], text[STAT_SIZE];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return proc_text(path, text) ? (pid_t)number_of(text, PARENT_FIELD) : 0;
}

bool
alive_is_ancestor(pid_t pid)
{
	pid_t at = getppid();

	for (int i = 0; i < MAX_DEPTH && at > 0; i++) {
		if (at == pid)
			return true;
		at = alive_parent(at);
	}
	return false;
}
