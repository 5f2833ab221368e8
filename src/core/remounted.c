/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "remounted_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "file.h"
#include "lines.h"
#include "vis.h"

#define HEAD "dpkg-immutable remounted 1"

static int
parse_row(char *line, size_t n, struct remounted_row *ret)
{
	unsigned long long major, minor;
	char *blank = memchr(line, ' ', n), *colon = memchr(line, ':', n);

	if (blank == NULL || colon == NULL || colon > blank ||
	    memchr(line, '\0', n) != NULL ||
	    lines_number(line, (size_t)(colon - line), UINT32_MAX,
	                 &major) < 0 ||
	    lines_number(colon + 1, (size_t)(blank - colon - 1), UINT32_MAX,
	                 &minor) < 0)
		return ERR_FORMAT;
	line[n] = '\0';
	if (vis_undo(blank + 1) < 0 || blank[1] != '/')
		return ERR_FORMAT;
	ret->dev = makedev((unsigned int)major, (unsigned int)minor);
	ret->path = blank + 1;
	return 0;
}

int
remounted_parse(const char *name, char *text, size_t n,
                struct remounted *ret, struct diag *diag)
{
	struct lines l;
	const char *line;
	size_t len;

	ret->n = 0;
	if (n == 0 || text[n - 1] != '\n')
		return diag_set(diag, ERR_FORMAT, name, 0,
		                "is cut off");
	lines_init(&l, text, n);
	while (lines_next(&l, &line, &len)) {
		if (l.number == 1 && len == strlen(HEAD) &&
		    memcmp(line, HEAD, len) == 0)
			continue;
		if (l.number == 1)
			return diag_set(diag, ERR_FORMAT, name, 1,
			                "does not begin with \"" HEAD "\"");
		if (ret->n == REMOUNTED_MAX)
			return diag_set(diag, ERR_LIMIT, name, l.number,
			                "too many lines");
		if (parse_row(text + (line - text), len,
		              &ret->rows[ret->n]) < 0)
			return diag_set(diag, ERR_FORMAT, name, l.number,
			                "not \"MAJOR:MINOR PATH\"");
		ret->n++;
	}
	return 0;
}

void
remounted_name(const struct session *s, char ret[REMOUNTED_NAME])
{
	snprintf(ret, REMOUNTED_NAME, "remounted-%s",
	         s->state != NULL ? s->state->id : "new");
}

/* 0 with none where there is no record; text holds what the rows borrow. */
int
remounted_load(int dir, const char *name, struct buf *text,
               struct remounted *ret, struct diag *diag)
{
	char path[sizeof(STATE_RUN) + REMOUNTED_NAME];
	int r = file_read(dir, name, text);

	ret->n = 0;
	if (r == -ENOENT)
		return 0;
	snprintf(path, sizeof(path), STATE_RUN "/%s", name);
	return r < 0 ? diag_set(diag, r, path, 0, "%s", err_text(r)) :
	       remounted_parse(path, text->data, text->len, ret, diag);
}

int
remounted_store(int dir, const char *name, const struct remounted *m)
{
	struct buf text;
	int r;

	if (m->n == 0)
		return unlinkat(dir, name, 0) < 0 && errno != ENOENT ?
		       -errno : 0;
	buf_init(&text, REMOUNTED_TEXT);
	r = buf_add_str(&text, HEAD "\n");
	for (size_t i = 0; r == 0 && i < m->n; i++) {
		r = buf_addf(&text, "%u:%u ", major(m->rows[i].dev),
		             minor(m->rows[i].dev));
		if (r == 0)
			r = vis_add(&text, m->rows[i].path);
		if (r == 0)
			r = buf_add_char(&text, '\n');
	}
	if (r == 0)
		r = file_replace(dir, name, text.data, text.len, 0600, 0);
	buf_free(&text);
	return r;
}

int
remounted_place(bool make)
{
	int run, dir, r = 0;

	run = open("/run", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (run < 0)
		return -errno;
	if (make)
		r = file_mkdir(run, "dpkg-immutable", 0700);
	dir = r < 0 ? -1 : openat(run, "dpkg-immutable", O_RDONLY |
	                          O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && r == 0)
		r = -errno;
	close(run);
	return r < 0 ? r : dir;
}

int
remounted_note(struct session *s, const struct mount_point *p,
               struct diag *diag)
{
	struct remounted *m = malloc(sizeof(*m));
	char name[REMOUNTED_NAME];
	struct buf text;
	int dir = remounted_place(true), r = dir;

	buf_init(&text, REMOUNTED_TEXT);
	remounted_name(s, name);
	if (m == NULL)
		r = -ENOMEM;
	if (r >= 0)
		r = remounted_load(dir, name, &text, m, diag);
	for (size_t i = 0; r == 0 && i < m->n; i++)
		if (m->rows[i].dev == p->dev)
			goto out;
	if (r == 0 && m->n == REMOUNTED_MAX)
		r = ERR_LIMIT;
	if (r == 0) {
		m->rows[m->n++] = (struct remounted_row){ p->dev, p->path };
		r = remounted_store(dir, name, m);
	}
	if (r < 0 && diag->what[0] == '\0')
		diag_set(diag, r, p->path, 0, "stays read-only, as "
		         STATE_RUN "/%s cannot be written: %s", name,
		         err_text(r));
out:
	free(m);
	buf_free(&text);
	if (dir >= 0)
		close(dir);
	return r;
}
