/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "alive.h"
#include "origin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* At most size - 1 bytes of a file of /proc, a NUL behind. 0: unreadable. */
static size_t
read_proc(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t n = 0;

	if (fd < 0)
		return 0;
	while (n < size - 1) {
		ssize_t got = read(fd, text + n, size - 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	text[n] = '\0';
	return n;
}

static long
login_of(const char *text)
{
	unsigned long v;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	v = strtoul(text, &end, 10);
	/* The kernel's word for none is the greatest uid. */
	if (errno != 0 || (*end != '\0' && *end != '\n') || v >= 0xffffffffUL)
		return -1;
	return (long)v;
}

static long
login_uid(void)
{
	char text[32];

	return read_proc("/proc/self/loginuid", text, sizeof(text)) == 0 ? -1 :
	       login_of(text);
}

/* tty_nr of stat, behind a name that may hold anything; 0: none. */
static unsigned int
tty_of(const char *text)
{
	const char *at = strrchr(text, ')');
	int parent, group, session, tty;
	char state;

	if (at == NULL || sscanf(at + 1, " %c %d %d %d %d", &state, &parent,
	                         &group, &session, &tty) != 5)
		return 0;
	return (unsigned int)tty;
}

static unsigned int
tty_number(void)
{
	char text[1024];

	return read_proc("/proc/self/stat", text, sizeof(text)) == 0 ? 0 :
	       tty_of(text);
}

/* Numbers of Documentation/admin-guide/devices.txt; proc(5) has the bits. */
static void
name_tty(unsigned int number, char *text, size_t size)
{
	unsigned int major = number >> 8 & 0xfff;
	unsigned int minor = (number & 0xff) | (number >> 12 & 0xfff00);

	if (number == 0)
		text[0] = '\0';
	else if (major >= 136 && major <= 143)
		snprintf(text, size, "pts/%u", (major - 136) * 256 + minor);
	else if (major == 4 && minor < 64)
		snprintf(text, size, "tty%u", minor);
	else if (major == 4)
		snprintf(text, size, "ttyS%u", minor - 64);
	else
		snprintf(text, size, "%u:%u", major, minor);
}

/* The last character is dropped where the end may have gone through it. */
static size_t
whole_characters(const char *text, size_t n)
{
	size_t at = n;

	while (at > 0 && n - at < 3 && ((unsigned char)text[at - 1] & 0xc0) ==
	       0x80)
		at--;
	return at > 0 && (unsigned char)text[at - 1] >= 0xc0 ? at - 1 : n;
}

/* Into text what fits of the n bytes: NULs as blanks, none at the end. */
static void
put_words(char *text, size_t size, const char *bytes, size_t n)
{
	while (n > 0 && (bytes[n - 1] == '\0' || bytes[n - 1] == '\n'))
		n--;
	if (n > size - 1)
		n = whole_characters(bytes, size - 1);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '\0')
			text[i] = ' ';
		else
			text[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	text[n] = '\0';
}

static pid_t
parent_of(pid_t pid)
{
	return pid == getpid() ? getppid() : alive_parent(pid);
}

static void
name_parent(struct origin *o, pid_t pid)
{
	char path[64], text[512];
	size_t n;

	o->parent = parent_of(pid);
	if (o->parent <= 0)	/* beyond our namespace */
		return;
	snprintf(path, sizeof(path), "/proc/%d/comm", o->parent);
	n = read_proc(path, text, sizeof(text));
	put_words(o->parent_name, sizeof(o->parent_name), text, n);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", o->parent);
	n = read_proc(path, text, sizeof(text));
	put_words(o->parent_line, sizeof(o->parent_line), text, n);
}

void
origin_read(pid_t pid, struct origin *ret)
{
	struct origin o = { .login_uid = login_uid() };

	name_tty(tty_number(), o.tty, sizeof(o.tty));
	name_parent(&o, pid);
	/* It died meanwhile, and who has its number now did not call us. */
	if (parent_of(pid) != o.parent) {
		o.parent = parent_of(pid);
		o.parent_name[0] = o.parent_line[0] = '\0';
	}
	*ret = o;
}
