/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* ld.so.preload: libraries that go into every program, dpkg too. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "iflag.h"
#include "posture_priv.h"

#define PRELOAD "/etc/ld.so.preload"
#define FILE_MAX ((size_t)64 << 10)

/* A comment begins within a word, too, and ends with its line. */
static bool
is_between(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ':' ||
	       c == '\0' || c == '#';
}

/* A package's own, or one that an admin has closed likewise. */
static bool
is_closed(struct posture *p, const char *path)
{
	int fd = posture_open(p, path, O_PATH);
	struct fskind kind;
	struct node n;
	bool closed;

	if (fd < 0)
		return false;
	closed = node_of_fd(fd, &n) == 0 && fskind_of(fd, &kind) == 0 &&
	    S_ISREG(n.mode) && n.uid == 0 &&
	    ((iflag_of_node(&n, kind.flags) & IFLAG_IMMUTABLE) != 0 ||
	     kind.read_only);
	close(fd);
	return closed;
}

/* The n-th is told; how many there are that are not closed. */
static size_t
count_open(struct posture *p, const struct buf *text, size_t *ret_n,
           const char **ret_first)
{
	const char *at = text->data, *end = text->data + text->len;
	size_t open = 0;

	*ret_n = 0;
	while (at < end) {
		const char *word = at, *path;

		while (at < end && !is_between(*at))
			at++;
		if (at > word) {
			path = posture_text(p, "%.*s", (int)(at - word),
			                    word);
			++*ret_n;
			if (path[0] != '/' || !is_closed(p, path)) {
				if (open++ == 0)
					*ret_first = path;
			} else if (open == 0 && *ret_n == 1) {
				*ret_first = path;
			}
		}
		if (at < end && *at == '#')
			while (at < end && *at != '\n')
				at++;
		at++;
	}
	return open;
}

void
posture_preload(struct posture *p)
{
	struct posture_line line = {
		.id = "ld-preload", .subject = PRELOAD, .state = POSTURE_OK,
		.seen = "no library is loaded into every program",
		.why = "a library named there is part of every program of "
		    "root's, dpkg among them"
	};
	const char *first = "", *path;
	struct buf text;
	size_t n = 0, open = 0;
	int r = posture_read(p, PRELOAD, FILE_MAX, &text);

	if (r == 0) {
		if (text.len > 0)
			open = count_open(p, &text, &n, &first);
		buf_free(&text);
	} else if (r != -ENOENT) {
		line.state = POSTURE_UNKNOWN;
		line.seen = err_text(r);
	}
	if (n > 0) {
		line.state = open > 0 ? POSTURE_BAD : POSTURE_NOTE;
		line.seen = posture_text(p, "%zu librar%s, %zu of them neither "
		    "immutable nor on a read-only file system: %s", n,
		    n == 1 ? "y" : "ies", open, first);
		path = posture_path(p, PRELOAD);
		line.mend = posture_text(p, "mv %s %s.off", path, path);
	}
	posture_tell(p, &line);
}
