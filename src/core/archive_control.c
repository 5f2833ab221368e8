/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "archive_control.h"
#include "arena.h"
#include "deb822.h"
#include "lines.h"

#define LINES_MAX ((size_t)4 << 20)
#define MD5_HEX 32u

static const char *
text_of(const struct buf *b)
{
	return b->len > 0 ? b->data : "";
}

static size_t
count_lines(const char *s, size_t n)
{
	const char *end = s + n;
	size_t lines = 0;

	while (s < end && (s = memchr(s, '\n', (size_t)(end - s))) != NULL) {
		lines++;
		s++;
	}
	return lines;
}

/* The value without blanks behind it. */
static size_t
value_length(const struct deb822_field *f)
{
	size_t n = f->value_len;

	while (n > 0 && strchr(" \t\n\r", f->value[n - 1]) != NULL)
		n--;
	return n;
}

static const char **
field_place(struct archive *a, const struct deb822_field *f)
{
	static const struct {
		const char *name;
		size_t place;
	} wanted[] = {
		{ "Package", offsetof(struct archive, package) },
		{ "Architecture", offsetof(struct archive, arch) },
		{ "Version", offsetof(struct archive, version) },
		{ "Replaces", offsetof(struct archive, replaces) },
		{ "Conflicts", offsetof(struct archive, conflicts) },
		{ "Breaks", offsetof(struct archive, breaks) },
		{ "Provides", offsetof(struct archive, provides) },
	};
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (deb822_is(f, wanted[i].name))
			return (const char **)(void *)((char *)a +
			                               wanted[i].place);
	}
	return NULL;
}

/* As dpkg takes a package's name, whatever wrote the archive. */
static void
fold_case(char *name)
{
	for (; *name != '\0'; name++)
		if (*name >= 'A' && *name <= 'Z')
			*name = (char)(*name - 'A' + 'a');
}

int
archive_control(struct archive *a, const struct buf *text,
                struct diag *diag)
{
	struct deb822 d;
	struct deb822_field f;
	const char **place;
	int rc;

	deb822_init(&d, a->file, text_of(text), text->len);
	while ((rc = deb822_next(&d, &f, diag)) > 0) {
		if (deb822_is(&f, "Multi-Arch"))
			a->multiarch_same = value_length(&f) == 4 &&
			                    strncasecmp(f.value, "same",
			                                4) == 0;
		place = field_place(a, &f);
		if (place == NULL)
			continue;
		if (*place != NULL)
			return diag_set(diag, ERR_FORMAT, a->file, f.line,
			                "control: field given twice");
		*place = arena_strndup(a->arena, f.value, value_length(&f));
		if (*place == NULL)
			return -ENOMEM;
	}
	if (rc < 0)
		return rc;
	if (a->package != NULL)
		fold_case((char *)(uintptr_t)a->package);
	/* Without an architecture dpkg only warns. */
	if (a->arch == NULL)
		a->arch = "";
	if (a->package == NULL || a->package[0] == '\0' ||
	    a->version == NULL || a->version[0] == '\0')
		return diag_set(diag, ERR_FORMAT, a->file, 0,
		                "control: no package name or version");
	return 0;
}

/* Where the name proper begins: behind all "/" and "./". */
static size_t
name_start(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (s[i] == '/' ||
	                 (s[i] == '.' && i + 1 < n && s[i + 1] == '/')))
		i++;
	return i;
}

static int
conffile_line(struct arena *arena, const char *s, size_t n, const char **ret)
{
	const char *blank;
	char *path;
	size_t skip;

	if (s[0] != '/') {
		blank = memchr(s, ' ', n);
		if (blank == NULL || blank + 1 == s + n || blank[1] != '/')
			return ERR_FORMAT;
		n -= (size_t)(blank + 1 - s);
		s = blank + 1;
	}
	if (memchr(s, '\0', n) != NULL)
		return ERR_FORMAT;
	skip = name_start(s, n);
	path = arena_alloc(arena, n - skip + 2);
	if (path == NULL)
		return -ENOMEM;
	path[0] = '/';
	memcpy(path + 1, s + skip, n - skip);
	*ret = path;
	return 0;
}

int
archive_conffiles(struct archive *a, const struct buf *text,
                  struct diag *diag)
{
	struct lines lines;
	const char **paths;
	const char *s;
	size_t len, n = 0;
	int rc;

	paths = arena_alloc(a->arena, (count_lines(text_of(text), text->len) +
	                               1) * sizeof(*paths));
	if (paths == NULL)
		return -ENOMEM;
	lines_init(&lines, text_of(text), text->len);
	while (lines_next(&lines, &s, &len)) {
		while (len > 0 && strchr(" \t\r\f\v", s[len - 1]) != NULL)
			len--;
		if (len == 0)
			continue;
		rc = conffile_line(a->arena, s, len, &paths[n]);
		if (rc == ERR_FORMAT)
			diag_set(diag, rc, a->file, lines.number,
			         "conffiles: not an absolute path");
		if (rc < 0)
			return rc;
		n++;
	}
	a->conffiles = paths;
	a->n_conffiles = n;
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * "HASH  PATH" up to `end`, a newline, which may be overwritten; so is the
 * byte before the name, so that the line serves as the path's own memory.
 */
static bool
md5sums_line(char *line, char *end, struct archive_file *ret)
{
	struct archive_file f;
	size_t n = (size_t)(end - line);
	char *name = line + MD5_HEX + 2;
	size_t i;
	int high, low;

	if (n <= MD5_HEX + 2 || memchr(line, '\0', n) != NULL ||
	    line[MD5_HEX] != ' ' || line[MD5_HEX + 1] != ' ')
		return false;
	for (i = 0; i < sizeof(f.md5); i++) {
		high = hex_digit(line[2 * i]);
		low = hex_digit(line[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		f.md5[i] = (unsigned char)(high << 4 | low);
	}
	name += name_start(name, n - MD5_HEX - 2);
	if (end > name && end[-1] == '/')
		end--;
	if (end <= name)
		return false;
	*end = '\0';
	name[-1] = '/';
	f.path = name - 1;
	*ret = f;
	return true;
}

/* By path; what the file had first comes first: all lie in one text. */
static int
file_compare(const void *x, const void *y)
{
	const struct archive_file *a = x;
	const struct archive_file *b = y;
	int d = strcmp(a->path, b->path);

	if (d != 0)
		return d;
	return (a->path > b->path) - (a->path < b->path);
}

/* Sorted, and of each path the last line only, as dpkg takes it. */
static size_t
files_sort(struct archive_file *f, size_t n)
{
	size_t i, kept = 0;

	qsort(f, n, sizeof(*f), file_compare);
	for (i = 0; i < n; i++) {
		if (i + 1 < n && strcmp(f[i].path, f[i + 1].path) == 0)
			continue;
		f[kept++] = f[i];
	}
	return kept;
}

int
archive_md5sums(struct archive *a, const struct buf *b)
{
	struct archive_file *files;
	size_t i, n;
	char *text, *line, *end;

	/* Empty, or the last line is cut off. */
	if (b->len == 0 || b->data[b->len - 1] != '\n')
		return 0;
	n = count_lines(b->data, b->len);
	if (n > LINES_MAX)
		return 0;
	text = arena_alloc(a->arena, b->len);
	files = arena_alloc(a->arena, n * sizeof(*files));
	if (text == NULL || files == NULL)
		return -ENOMEM;
	memcpy(text, b->data, b->len);
	for (i = 0, line = text; i < n; i++, line = end + 1) {
		end = memchr(line, '\n', b->len - (size_t)(line - text));
		if (end == NULL || !md5sums_line(line, end, &files[i]))
			return 0;
	}
	a->n_files = files_sort(files, n);
	a->files = files;
	a->has_md5sums = true;
	return 0;
}
