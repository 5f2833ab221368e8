/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lines.h"
#include "posture_priv.h"
#include "vis.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of a line; false at its end. */
static bool
next_word(const char **at, const char *end, const char **ret, size_t *ret_n)
{
	while (*at < end && is_blank(**at))
		(*at)++;
	*ret = *at;
	while (*at < end && !is_blank(**at))
		(*at)++;
	*ret_n = (size_t)(*at - *ret);
	return *ret_n > 0;
}

static int
add_point(struct strmap *points, struct arena *a, const char *word, size_t n)
{
	char *path = arena_strndup(a, word, n);
	uintptr_t times = 0;
	size_t len;

	if (path == NULL)
		return -ENOMEM;
	if (vis_undo(path) < 0 || path[0] != '/')
		return 0;
	len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	strmap_get(points, path, &times);
	return strmap_put(points, path, times + 1);
}

int
posture_fstab(const char *text, size_t n, struct arena *a,
              struct strmap *points)
{
	struct lines l;
	const char *line;
	size_t len;
	int r = 0;

	lines_init(&l, text, n);
	while (r == 0 && lines_next(&l, &line, &len)) {
		const char *at = line, *end = line + len, *word;
		size_t word_len;

		if (memchr(line, '\0', len) != NULL ||
		    !next_word(&at, end, &word, &word_len) || word[0] == '#')
			continue;
		if (next_word(&at, end, &word, &word_len))
			r = add_point(points, a, word, word_len);
	}
	return r;
}

static bool
stays(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == ':' || c == '_' || c == '.';
}

int
posture_mount_unit(const char *path, char *ret, size_t size)
{
	static const char behind[] = ".mount";
	size_t at = 0;

	if (strcmp(path, "/") == 0)
		return (size_t)snprintf(ret, size, "-%s", behind) < size ? 0 :
		       ERR_LIMIT;
	for (const char *c = path + 1; *c != '\0'; c++) {
		unsigned char byte = (unsigned char)*c;
		bool first = at == 0;

		if (at + 4 + sizeof(behind) > size)
			return ERR_LIMIT;
		if (byte == '/')
			ret[at++] = '-';
		else if (stays(byte) && !(first && byte == '.'))
			ret[at++] = (char)byte;
		else
			at += (size_t)snprintf(ret + at, size - at, "\\x%02x",
			                       byte);
	}
	snprintf(ret + at, size - at, "%s", behind);
	return 0;
}
