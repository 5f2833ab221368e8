/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Where the programs that root calls by name are looked for. */
#include <errno.h>
#include <string.h>

#include "lines.h"
#include "posture_priv.h"

#define FILE_MAX ((size_t)1 << 20)
#define FOLDERS_MAX 256

struct places {
	struct posture *p;
	int (*fn)(void *ctx, const char *folder);
	void *ctx;
	struct strmap *told;
};

static int
add_part(struct places *s, const char *part, size_t n)
{
	const char *folder;

	while (n > 1 && part[n - 1] == '/')
		n--;
	folder = posture_text(s->p, "%.*s", (int)n, part);
	if (strmap_get(s->told, folder, NULL) > 0 ||
	    strmap_count(s->told) == FOLDERS_MAX)
		return 0;
	if (strmap_put(s->told, folder, 1) < 0)
		return -ENOMEM;
	return s->fn(s->ctx, folder);
}

/* Folders with colons between. */
static int
add_path(struct places *s, const char *path, size_t n)
{
	const char *end = path + n;
	int r = 0;

	while (r == 0) {
		const char *colon = memchr(path, ':', (size_t)(end - path));
		const char *part_end = colon != NULL ? colon : end;

		r = add_part(s, path, (size_t)(part_end - path));
		if (colon == NULL)
			break;
		path = colon + 1;
	}
	return r;
}

static bool
begins(const char **at, const char *end, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(end - *at) < n || memcmp(*at, word, n) != 0)
		return false;
	*at += n;
	return true;
}

static void
skip_blanks(const char **at, const char *end)
{
	while (*at < end && (**at == ' ' || **at == '\t'))
		(*at)++;
}

/*
 * "ENV_SUPATH PATH=/a:/b" (login.defs(5)), "PATH=/a:/b" (crontab(5)) and
 * "PATH="/a:/b"" (pam_env(8)).
 */
static int
look_at_line(struct places *s, const char *at, size_t len)
{
	const char *end = at + len;

	if (memchr(at, '\0', len) != NULL)
		return 0;
	skip_blanks(&at, end);
	if (begins(&at, end, "ENV_SUPATH") || begins(&at, end, "export"))
		skip_blanks(&at, end);
	if (!begins(&at, end, "PATH"))
		return 0;
	skip_blanks(&at, end);
	if (!begins(&at, end, "="))
		return 0;
	skip_blanks(&at, end);
	while (end > at && strchr(" \t\r", end[-1]) != NULL)
		end--;
	if (end - at >= 2 && (*at == '"' || *at == '\'') && end[-1] == *at) {
		at++;
		end--;
	}
	/* what another program fills in is not known here */
	if (memchr(at, '$', (size_t)(end - at)) != NULL)
		return 0;
	return add_path(s, at, (size_t)(end - at));
}

static int
look_at_file(struct places *s, const char *path)
{
	struct buf text;
	struct lines l;
	const char *line;
	size_t len;
	int r = posture_read(s->p, path, FILE_MAX, &text);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	lines_init(&l, text.data, text.len);
	while (r == 0 && lines_next(&l, &line, &len))
		r = look_at_line(s, line, len);
	buf_free(&text);
	return r;
}

int
posture_search_path(struct posture *p,
                    int (*fn)(void *ctx, const char *folder), void *ctx)
{
	static const char usual[] = "/usr/local/sbin:/usr/local/bin:"
	    "/usr/sbin:/usr/bin:/sbin:/bin";
	static const char *const files[] = {
		"/etc/login.defs", "/etc/environment", "/etc/crontab"
	};
	struct places s = { .p = p, .fn = fn, .ctx = ctx };
	int r;

	s.told = strmap_new();
	if (s.told == NULL)
		return -ENOMEM;
	r = add_path(&s, usual, sizeof(usual) - 1);
	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(*files); i++)
		r = look_at_file(&s, files[i]);
	if (r == 0 && p->job->path != NULL && !p->s->guest)
		r = add_path(&s, p->job->path, strlen(p->job->path));
	strmap_free(s.told);
	return r;
}
