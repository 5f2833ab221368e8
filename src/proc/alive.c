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

#define NOTE_SIZE 64
#define STAT_SIZE 1024
#define STATE_FIELD 3
#define PARENT_FIELD 4
#define START_FIELD 22
#define MAX_DEPTH 1000

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

/* A field of proc(5)'s stat, in `text`; NULL where nobody tells. A name may
 * hold blanks and brackets, so counting starts behind the last bracket. */
static const char *
stat_word(const char *path, int wanted, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *at;
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at != NULL && field < wanted; field++) {
		at = strchr(at, ' ');
		if (at != NULL)
			at++;
	}
	return at;
}

/* The same of a number; 0 where nobody tells. */
static unsigned long long
stat_field(const char *path, int wanted)
{
	char text[STAT_SIZE];
	const char *at = stat_word(path, wanted, text, sizeof(text));
	unsigned long long value = 0;

	return at != NULL && number(&at, &value) ? value : 0;
}

/* Only its parent has not asked for it yet, as where a container's first
 * process never does. */
static bool
has_ended(const char *path)
{
	char text[STAT_SIZE];
	const char *at = stat_word(path, STATE_FIELD, text, sizeof(text));

	return at != NULL && (*at == 'Z' || *at == 'X');
}

/* When a process began, in ticks since boot. */
static unsigned long long
started(const char *path)
{
	return stat_field(path, START_FIELD);
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
	char note[NOTE_SIZE];
	unsigned long long start = started("/proc/self/stat");
	int n;

	n = snprintf(note, sizeof(note), "%d %llu\n", (int)getpid(),
	             start != 0 ? start : ticks_now());
	memset(note + n, ' ', sizeof(note) - (size_t)n);
	return pwrite(fd, note, sizeof(note), 0) == (ssize_t)sizeof(note) ?
	       0 : -errno;
}

int
alive_noted(int fd, pid_t *ret_pid)
{
	char note[NOTE_SIZE + 1], path[64];
	unsigned long long pid, start, now;
	const char *at = note;
	ssize_t n = pread(fd, note, NOTE_SIZE, 0);

	if (n <= 0)
		return 0;
	note[n] = '\0';
	if (!number(&at, &pid) || *at++ != ' ' || !number(&at, &start) ||
	    pid == 0 || pid > 0x7fffffff)
		return 0;
	if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
		return 0;
	snprintf(path, sizeof(path), "/proc/%llu/stat", pid);
	now = started(path);
	if ((start != 0 && now != 0 && !same_start(now, start)) ||
	    has_ended(path))
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
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return (pid_t)stat_field(path, PARENT_FIELD);
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
