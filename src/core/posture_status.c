/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* The texts of /proc that say what a process is and may. */
#include <stdio.h>
#include <string.h>

#include "lines.h"
#include "posture_priv.h"

/* Exactly 16 digits. */
static int
hex(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	if (n != 16)
		return ERR_FORMAT;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return ERR_FORMAT;
	}
	*ret = v;
	return 0;
}

static void
keep_name(const char *s, size_t n, char *ret, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)s[i];
		bool odd = byte <= 0x20 || byte >= 0x7f || byte == '\\';

		if (len + (odd ? 4 : 1) >= size)
			break;
		len += (size_t)snprintf(ret + len, size - len,
		                        odd ? "\\%03o" : "%c", byte);
	}
	ret[len] = '\0';
}

/* The second of four numbers with tabs between. */
static int
effective(const char *s, size_t n, uint32_t *ret)
{
	const char *end = s + n, *tab = memchr(s, '\t', n), *next;
	unsigned long long v;

	if (tab == NULL)
		return ERR_FORMAT;
	next = memchr(tab + 1, '\t', (size_t)(end - tab - 1));
	if (next == NULL || lines_number(tab + 1, (size_t)(next - tab - 1),
	                                 UINT32_MAX, &v) < 0)
		return ERR_FORMAT;
	*ret = (uint32_t)v;
	return 0;
}

enum { NAME = 1, UID = 2, EFF = 4, PRM = 8, BND = 16,
       NEEDED = UID | EFF | PRM | BND };

static int
look_at_line(const char *line, size_t len, struct posture_process *p,
             unsigned int *seen)
{
	const char *colon = memchr(line, ':', len), *value;
	size_t key, n;
	unsigned long long v;
	uint64_t held = 0;
	int r = 0;

	if (colon == NULL)
		return ERR_FORMAT;
	key = (size_t)(colon - line);
	value = colon + 1;
	n = len - key - 1;
	if (n > 0 && *value == '\t') {
		value++;
		n--;
	}
#define IS(word) (key == sizeof(word) - 1 && memcmp(line, word, key) == 0)
	if (IS("Name")) {
		keep_name(value, n, p->comm, sizeof(p->comm));
		*seen |= NAME;
	} else if (IS("Uid")) {
		r = effective(value, n, &p->uid);
		*seen |= UID;
	} else if (IS("Threads")) {
		r = lines_number(value, n, INT32_MAX, &v);
		p->threads = r == 0 ? (unsigned int)v : 0;
	} else if (IS("VmSize")) {
		p->body = true;
	} else if (IS("CapEff") || IS("CapPrm")) {
		r = hex(value, n, &held);
		p->held |= held;
		*seen |= line[3] == 'E' ? EFF : PRM;
	} else if (IS("CapBnd")) {
		r = hex(value, n, &p->bound);
		*seen |= BND;
	}
#undef IS
	return r;
}

int
posture_status(const char *text, size_t n, struct posture_process *ret)
{
	struct posture_process p = *ret;
	unsigned int seen = 0;
	struct lines l;
	const char *line;
	size_t len;
	int r = 0;

	p.comm[0] = '\0';
	p.held = p.bound = 0;
	p.threads = 0;
	p.body = false;
	lines_init(&l, text, n);
	while (r == 0 && lines_next(&l, &line, &len))
		r = look_at_line(line, len, &p, &seen);
	if (r == 0 && (seen & NEEDED) != NEEDED)
		r = ERR_FORMAT;
	if (r == 0)
		*ret = p;
	return r;
}

static bool
ends(const char *s, size_t n, const char *with)
{
	size_t len = strlen(with);

	return n > len && memcmp(s + n - len, with, len) == 0;
}

/*
 * The first part of a path of folders that is a service's or a scope's. Only
 * slices are above those: another folder is a container's, its units too.
 */
static bool
find_unit(const char *at, const char *end, char *ret, size_t size)
{
	while (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t n = (size_t)((slash != NULL ? slash : end) - at);

		if (n < size && memchr(at, '\0', n) == NULL &&
		    (ends(at, n, ".service") || ends(at, n, ".scope"))) {
			memcpy(ret, at, n);
			ret[n] = '\0';
			return true;
		}
		if (n > 0 && !ends(at, n, ".slice"))
			return false;
		at += n + 1;
	}
	return false;
}

/* "0::/PATH", or "N:name=systemd:/PATH" in the older hierarchy. */
void
posture_unit_of(const char *text, size_t n, char *ret, size_t size)
{
	struct lines l;
	const char *line;
	size_t len;

	ret[0] = '\0';
	lines_init(&l, text, n);
	while (lines_next(&l, &line, &len)) {
		const char *end = line + len, *path;
		const char *first = memchr(line, ':', len);

		if (first == NULL)
			continue;
		path = memchr(first + 1, ':', (size_t)(end - first - 1));
		if (path == NULL)
			continue;
		if (path != first + 1 &&
		    (path - first != 13 ||
		     memcmp(first + 1, "name=systemd", 12) != 0))
			continue;
		if (find_unit(path + 1, end, ret, size))
			return;
	}
}
