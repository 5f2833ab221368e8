/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "setup_fstab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "lines.h"

enum { SPEC, DIR_FIELD, TYPE, OPTIONS, FREQ, PASSNO, FIELDS };

struct line {
	const char *was;	/* without its newline; NULL: added */
	const char *now;	/* NULL: as it was */
	size_t options, n_options;	/* where they stand in what counts */
	bool mounts;		/* entry holds */
	struct fstab_entry entry;
};

struct fstab {
	struct arena *arena;
	struct line *lines;
	size_t n, cap;
	bool no_end;		/* the last line had no newline */
};

struct field {
	const char *at;
	size_t n;
};

/* Options of mounts: either takes the place of the other. */
static const char *const contrary[][2] = {
	{ "rw", "ro" }, { "nosuid", "suid" }, { "nodev", "dev" },
	{ "noexec", "exec" }
};

static bool
is_unquoted(const struct field *options)
{
	size_t quotes = 0;

	for (size_t i = 0; i < options->n; i++)
		quotes += options->at[i] == '"';
	return quotes % 2 != 0;
}

static const char *
text_of(const struct line *l)
{
	return l->now != NULL ? l->now : l->was;
}

static struct line *
line_insert(struct fstab *f, size_t at)
{
	if (f->n >= FSTAB_LINES_MAX)
		return NULL;
	if (f->n == f->cap) {
		size_t cap = f->cap == 0 ? 64 : f->cap * 2;
		struct line *more = realloc(f->lines, cap * sizeof(*more));

		if (more == NULL)
			return NULL;
		f->lines = more;
		f->cap = cap;
	}
	memmove(&f->lines[at + 1], &f->lines[at],
	        (f->n - at) * sizeof(*f->lines));
	f->n++;
	f->lines[at] = (struct line){ .was = NULL };
	return &f->lines[at];
}

/* Blanks and tabs divide; what is behind the last field is left alone. */
static size_t
split(const char *text, struct field fields[FIELDS])
{
	size_t n = 0;

	while (n < FIELDS) {
		text += strspn(text, " \t");
		if (*text == '\0')
			break;
		fields[n].at = text;
		fields[n].n = strcspn(text, " \t");
		text += fields[n++].n;
	}
	return n;
}

static bool
is_octal(const char *s, size_t n)
{
	return n >= 3 && s[0] >= '0' && s[0] <= '3' && s[1] >= '0' &&
	       s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

/* A NUL from an octal escape would end the name unseen: kept as written. */
static char *
decode(struct arena *a, const struct field *field)
{
	char *s = arena_alloc(a, field->n + 1);
	size_t n = 0;

	if (s == NULL)
		return NULL;
	for (size_t i = 0; i < field->n; i++) {
		const char *at = field->at + i;
		int c = 0;

		if (*at == '\\' && is_octal(at + 1, field->n - i - 1))
			c = (at[1] - '0') * 64 + (at[2] - '0') * 8 +
			    (at[3] - '0');
		if (c != 0)
			i += 3;
		s[n++] = c != 0 ? (char)c : *at;
	}
	s[n] = '\0';
	return s;
}

static int
entry_fill(struct fstab *f, struct line *l, const struct field *fields,
           size_t n)
{
	const char *text = text_of(l);
	char *dir = decode(f->arena, &fields[DIR_FIELD]);
	size_t len;

	l->entry.spec = decode(f->arena, &fields[SPEC]);
	l->entry.dir = dir;
	l->entry.type = decode(f->arena, &fields[TYPE]);
	l->entry.options = n <= OPTIONS ? "" : arena_strndup(f->arena,
	    fields[OPTIONS].at, fields[OPTIONS].n);
	if (dir == NULL || l->entry.spec == NULL || l->entry.type == NULL ||
	    l->entry.options == NULL)
		return -ENOMEM;
	for (len = strlen(dir); len > 1 && dir[len - 1] == '/'; len--)
		dir[len - 1] = '\0';
	l->options = n <= OPTIONS ?
	    (size_t)(fields[TYPE].at - text) + fields[TYPE].n :
	    (size_t)(fields[OPTIONS].at - text);
	l->n_options = n <= OPTIONS ? 0 : fields[OPTIONS].n;
	l->mounts = true;
	return 0;
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return true;
	return false;
}

static int
parse_line(struct fstab *f, const char *name, struct line *l,
           struct diag *diag)
{
	unsigned long at = l->entry.line;
	struct field fields[FIELDS];
	unsigned long long number;
	size_t n = split(l->was, fields);

	if (n == 0 || fields[SPEC].at[0] == '#')
		return 0;
	if (has_control(l->was))
		return diag_set(diag, ERR_FORMAT, name, at,
		                "a control character in an entry");
	if (n <= TYPE)
		return diag_set(diag, ERR_FORMAT, name, at,
		                "an entry has three fields at least: "
		                "what, where, type");
	if (n > OPTIONS && is_unquoted(&fields[OPTIONS]))
		return diag_set(diag, ERR_FORMAT, name, at,
		                "a quote in the options has no end");
	for (size_t i = FREQ; i < n; i++)
		if (lines_number(fields[i].at, fields[i].n, 9999, &number) < 0)
			return diag_set(diag, ERR_FORMAT, name, at,
			                "the %s field is no number",
			                i == FREQ ? "fifth" : "sixth");
	return entry_fill(f, l, fields, n);
}

static int
parse_all(struct fstab *f, const char *name, const char *text, size_t n,
          struct diag *diag)
{
	struct lines walk;
	const char *at;
	size_t len;
	int r = 0;

	lines_init(&walk, text, n);
	while (r == 0 && lines_next(&walk, &at, &len)) {
		struct line *l;

		if (len > FSTAB_LINE_MAX || f->n == FSTAB_LINES_MAX)
			return diag_set(diag, ERR_LIMIT, name, walk.number,
			                len > FSTAB_LINE_MAX ?
			                "the line is too long" :
			                "too many lines");
		if (memchr(at, '\0', len) != NULL)
			return diag_set(diag, ERR_FORMAT, name, walk.number,
			                "a NUL byte: this is no text");
		l = line_insert(f, f->n);
		if (l == NULL)
			return -ENOMEM;
		l->was = arena_strndup(f->arena, at, len);
		l->entry.line = walk.number;
		r = l->was == NULL ? -ENOMEM : parse_line(f, name, l, diag);
	}
	return r;
}

int
fstab_parse(const char *name, const char *text, size_t n,
            struct fstab **ret, struct diag *diag)
{
	struct fstab *f;
	int r;

	if (n > FSTAB_MAX)
		return diag_set(diag, ERR_LIMIT, name, 0, "too large");
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return -ENOMEM;
	f->arena = arena_new();
	r = f->arena == NULL ? -ENOMEM : parse_all(f, name, text, n, diag);
	if (r < 0) {
		fstab_free(f);
		return r;
	}
	f->no_end = n > 0 && text[n - 1] != '\n';
	*ret = f;
	return 0;
}

void
fstab_free(struct fstab *f)
{
	if (f == NULL)
		return;
	arena_free(f->arena);
	free(f->lines);
	free(f);
}

static struct line *
line_of(const struct fstab *f, const char *dir)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->lines[i].mounts &&
		    strcmp(f->lines[i].entry.dir, dir) == 0)
			return &f->lines[i];
	return NULL;
}

int
fstab_find(const struct fstab *f, const char *dir,
           const struct fstab_entry **ret, struct diag *diag)
{
	const struct line *l = line_of(f, dir);

	for (const struct line *m = l; m != NULL && ++m < f->lines + f->n; )
		if (m->mounts && strcmp(m->entry.dir, dir) == 0)
			return diag_set(diag, ERR_FORMAT, "/etc/fstab",
			                m->entry.line, "%s is mounted here, "
			                "and by line %lu", dir, l->entry.line);
	*ret = l != NULL ? &l->entry : NULL;
	return 0;
}

int
fstab_each(const struct fstab *f,
           int (*fn)(void *ctx, const struct fstab_entry *e), void *ctx)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n; i++)
		if (f->lines[i].mounts)
			r = fn(ctx, &f->lines[i].entry);
	return r;
}

/* The next option of many; commas between double quotes are a value's. */
static bool
next_option(const char **at, struct field *ret)
{
	const char *s = *at;
	bool quoted = false;

	while (*s == ',')
		s++;
	if (*s == '\0')
		return false;
	ret->at = s;
	for (; *s != '\0' && (*s != ',' || quoted); s++)
		if (*s == '"')
			quoted = !quoted;
	ret->n = (size_t)(s - ret->at);
	*at = s;
	return true;
}

static bool
is_word(const struct field *option, const char *word)
{
	size_t n = strlen(word);

	return option->n >= n && memcmp(option->at, word, n) == 0 &&
	       (option->n == n || option->at[n] == '=');
}

static bool
holds(const char *options, const char *word)
{
	struct field option;

	while (next_option(&options, &option))
		if (is_word(&option, word))
			return true;
	return false;
}

bool
fstab_has(const struct fstab_entry *e, const char *word)
{
	return holds(e->options, word);
}

/* Does one of words say the contrary of the option? */
static bool
contradicts(const char *words, const struct field *option)
{
	for (size_t i = 0; i < sizeof(contrary) / sizeof(contrary[0]); i++)
		for (int k = 0; k < 2; k++)
			if (is_word(option, contrary[i][k]) &&
			    holds(words, contrary[i][!k]))
				return true;
	return false;
}

static int
add_option(struct buf *out, size_t start, const struct field *option)
{
	int r = out->len > start ? buf_add_char(out, ',') : 0;

	return r < 0 ? r : buf_add(out, option->at, option->n);
}

/* 1: they differ from what was there. */
static int
merge(struct buf *out, const char *options, const char *words)
{
	size_t start = out->len;
	const char *at = options;
	struct field option;
	int r = 0, changed = 0;

	while (r == 0 && next_option(&at, &option)) {
		if (contradicts(words, &option))
			changed = 1;
		else
			r = add_option(out, start, &option);
	}
	for (at = words; r == 0 && next_option(&at, &option); ) {
		char word[64];

		if (option.n >= sizeof(word))
			return ERR_LIMIT;
		memcpy(word, option.at, option.n);
		word[option.n] = '\0';
		word[strcspn(word, "=")] = '\0';
		if (holds(options, word))
			continue;
		changed = 1;
		r = add_option(out, start, &option);
	}
	return r < 0 ? r : changed;
}

/* What the line is from now on; it has no bad entry, for it was parsed. */
static int
rewrite(struct fstab *f, struct line *l, const char *text)
{
	struct field fields[FIELDS];
	size_t n;

	l->now = arena_strdup(f->arena, text);
	if (l->now == NULL)
		return -ENOMEM;
	n = split(l->now, fields);
	return entry_fill(f, l, fields, n);
}

int
fstab_set(struct fstab *f, const char *dir, const char *words)
{
	struct line *l = line_of(f, dir);
	struct buf out;
	const char *text;
	int r, changed = 0;

	if (l == NULL)
		return -ENOENT;
	buf_init(&out, FSTAB_LINE_MAX);
	text = text_of(l);
	r = buf_add(&out, text, l->options);
	if (r == 0 && l->n_options == 0)
		r = buf_add_char(&out, ' ');
	if (r == 0) {
		changed = merge(&out, l->entry.options, words);
		r = changed < 0 ? changed : buf_add_str(&out, text +
		    l->options + l->n_options);
	}
	if (r == 0 && changed > 0)
		r = rewrite(f, l, out.data);
	buf_free(&out);
	return r < 0 ? r : changed;
}

static bool
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static int
add_escaped(struct buf *out, const char *s)
{
	int r = 0;

	for (; r == 0 && *s != '\0'; s++)
		r = strchr(" \t\n\\#", *s) != NULL ?
		    buf_addf(out, "\\%03o", (unsigned int)*s) :
		    buf_add_char(out, *s);
	return r;
}

int
fstab_add(struct fstab *f, const char *spec, const char *dir,
          const char *type, const char *options)
{
	struct line *l;
	struct buf out;
	size_t at = 0;
	int r;

	while (at < f->n && !(f->lines[at].mounts &&
	                      is_below(f->lines[at].entry.dir, dir)))
		at++;
	l = line_insert(f, at);
	if (l == NULL)
		return f->n >= FSTAB_LINES_MAX ? ERR_LIMIT : -ENOMEM;
	buf_init(&out, FSTAB_LINE_MAX);
	r = add_escaped(&out, spec);
	if (r == 0)
		r = buf_add_char(&out, ' ');
	if (r == 0)
		r = add_escaped(&out, dir);
	if (r == 0)
		r = buf_addf(&out, " %s %s 0 0", type, options);
	if (r == 0)
		r = rewrite(f, l, out.data);
	buf_free(&out);
	return r;
}

int
fstab_comment(struct fstab *f, const char *text)
{
	struct line *l = line_insert(f, f->n);

	if (l == NULL)
		return f->n >= FSTAB_LINES_MAX ? ERR_LIMIT : -ENOMEM;
	l->now = arena_strdup(f->arena, text);
	return l->now == NULL ? -ENOMEM : 0;
}

int
fstab_text(const struct fstab *f, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n; i++) {
		r = buf_add_str(out, text_of(&f->lines[i]));
		/* as it was, unless something stands behind it now */
		if (r == 0 && !(i + 1 == f->n && f->no_end &&
		                f->lines[i].was != NULL))
			r = buf_add_char(out, '\n');
	}
	return r;
}

int
fstab_changes(const struct fstab *f, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n; i++) {
		const struct line *l = &f->lines[i];

		if (l->now == NULL)
			continue;
		if (l->was != NULL)
			r = buf_addf(out, "- %s\n", l->was);
		if (r == 0)
			r = buf_addf(out, "+ %s\n", l->now);
	}
	return r;
}
