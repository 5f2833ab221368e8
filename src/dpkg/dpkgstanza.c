/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * One stanza of status as a package. Values stay where they were read; a NUL
 * is put behind each that we keep.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "arena.h"
#include "deb822.h"
#include "dpkgdb_priv.h"

enum field {
	F_PACKAGE,
	F_STATUS,
	F_ARCHITECTURE,
	F_MULTI_ARCH,
	F_VERSION,
	F_REPLACES,
	F_CONFLICTS,
	F_BREAKS,
	F_PROVIDES,
	F_DEPENDS,
	F_PRE_DEPENDS,
	F_CONFFILES,
	N_FIELDS
};

static const struct {
	const char *name;
	size_t len;
} fields[N_FIELDS] = {
	[F_PACKAGE] = { "Package", 7 },
	[F_STATUS] = { "Status", 6 },
	[F_ARCHITECTURE] = { "Architecture", 12 },
	[F_MULTI_ARCH] = { "Multi-Arch", 10 },
	[F_VERSION] = { "Version", 7 },
	[F_REPLACES] = { "Replaces", 8 },
	[F_CONFLICTS] = { "Conflicts", 9 },
	[F_BREAKS] = { "Breaks", 6 },
	[F_PROVIDES] = { "Provides", 8 },
	[F_DEPENDS] = { "Depends", 7 },
	[F_PRE_DEPENDS] = { "Pre-Depends", 11 },
	[F_CONFFILES] = { "Conffiles", 9 },
};

/* One stanza: the values we keep, each with its line. */
struct stanza {
	char *values[N_FIELDS];		/* NULL: absent */
	unsigned long lines[N_FIELDS];
	const char *file;
};

static bool
blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * Reads the stanza d stands at. The text is ours to edit: deb822 has gone
 * past a value when it hands it out.
 */
static int
read_stanza(struct deb822 *d, char *text, struct stanza *s, struct diag *diag)
{
	struct deb822_field f;
	int got, i;

	memset(s, 0, sizeof(*s));
	s->file = d->file;
	while ((got = deb822_next(d, &f, diag)) > 0) {
		for (i = 0; i < N_FIELDS; i++) {
			if (f.name_len == fields[i].len &&
			    deb822_is(&f, fields[i].name))
				break;
		}
		if (i == N_FIELDS)
			continue;
		if (s->values[i])
			return diag_set(diag, ERR_FORMAT, s->file, f.line,
			                "second %s field", fields[i].name);
		s->values[i] = text + (f.value - text);
		s->values[i][f.value_len] = '\0';
		s->lines[i] = f.line;
	}
	return got;
}

static int
bad(const struct stanza *s, enum field f, struct diag *diag)
{
	return diag_set(diag, ERR_FORMAT, s->file, s->lines[f],
	                "bad value of %s", fields[f].name);
}

/* dpkg's rule for names, which also makes them fit to be file names. */
static int
take_name(const struct stanza *s, struct package *p, struct diag *diag)
{
	char *c = s->values[F_PACKAGE];

	if (!c)
		return diag_set(diag, ERR_FORMAT, s->file, s->lines[F_STATUS],
		                "stanza without Package");
	p->name = c;
	for (; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		if ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9'))
			continue;
		if (c == p->name || !strchr("-+._", *c))
			return bad(s, F_PACKAGE, diag);
	}
	return c == p->name ? bad(s, F_PACKAGE, diag) : 0;
}

/* The place of the next word of *at among words, or -1. */
static int
take_word(const char **at, const char *const *words, int n)
{
	const char *s = *at;
	size_t len = 0;

	while (s[len] != '\0' && !blank(s[len]))
		len++;
	*at = s + len;
	while (blank(**at))
		(*at)++;
	for (int i = 0; i < n; i++) {
		if (strlen(words[i]) == len &&
		    strncasecmp(words[i], s, len) == 0)
			return i;
	}
	return -1;
}

static int
take_status(const struct stanza *s, struct package *p, struct diag *diag)
{
	static const char *const wants[] = {
		[WANT_UNKNOWN] = "unknown", [WANT_INSTALL] = "install",
		[WANT_HOLD] = "hold", [WANT_DEINSTALL] = "deinstall",
		[WANT_PURGE] = "purge",
	};
	static const char *const eflags[] = { "ok", "reinstreq" };
	const char *states[PKG_INSTALLED + 1];
	const char *at = s->values[F_STATUS];
	int want, eflag, state;

	if (!at)	/* dpkg takes it for one that it knows by name only */
		return 0;
	for (int i = 0; i <= PKG_INSTALLED; i++)
		states[i] = pkg_state_name((enum pkg_state)i);
	want = take_word(&at, wants, WANT_PURGE + 1);
	eflag = take_word(&at, eflags, 2);
	state = take_word(&at, states, PKG_INSTALLED + 1);
	if (want < 0 || eflag < 0 || state < 0 || *at != '\0')
		return bad(s, F_STATUS, diag);
	p->want = (enum pkg_want)want;
	p->reinstreq = eflag == 1;
	p->state = (enum pkg_state)state;
	return 0;
}

/*
 * Takes the last word off the line [line, *end): "PATH MD5 [obsolete]". Paths
 * may have blanks in them, so lines are read from the right. NULL if nothing
 * would be left for a path.
 */
static char *
last_word(const char *line, char **end)
{
	char *p = *end;

	while (p > line && p[-1] != ' ')
		p--;
	if (p <= line + 1 || p == *end)
		return NULL;
	*end = p - 1;
	return p;
}

static bool
word_is(const char *word, const char *end, const char *text)
{
	return (size_t)(end - word) == strlen(text) &&
	       memcmp(word, text, strlen(text)) == 0;
}

/* One line without the blank in front; there is room for a slash there. */
static int
parse_conffile(char *line, char *end, struct pkg_conffile *c)
{
	char *stop = end;
	char *word = last_word(line, &stop);

	if (word && word_is(word, end, "remove-on-upgrade")) {
		c->remove_on_upgrade = true;
		end = stop;
		word = last_word(line, &stop);
	}
	if (word && word_is(word, end, "obsolete")) {
		c->obsolete = true;
		word = last_word(line, &stop);
	}
	if (!word)
		return ERR_FORMAT;
	/* or "newconffile": it has not been installed yet */
	if (end - word == 32 &&
	    strspn(word, "0123456789abcdef") >= 32)
		c->md5 = word;
	c->path = dpkgtext_path(line, (size_t)(stop - line));
	return c->path[1] == '\0' ? ERR_FORMAT : 0;
}

static int
take_conffiles(struct dpkgdb *db, const struct stanza *s, struct package *p,
               struct diag *diag)
{
	char *at = s->values[F_CONFFILES], *end;
	struct pkg_conffile *all;
	size_t n = 0;

	if (!at || p->state == PKG_NOT_INSTALLED)
		return 0;
	for (const char *c = at; *c != '\0'; c++)
		n += *c == '\n';
	all = arena_alloc(db->priv->arena, n * sizeof(*all));
	if (!all)
		return -ENOMEM;
	p->conffiles = all;
	if (*at != '\0' && *at != '\n')
		return bad(s, F_CONFFILES, diag);
	while (*at == '\n') {
		if (*++at != ' ')
			return bad(s, F_CONFFILES, diag);
		end = strchrnul(++at, '\n');
		n = (size_t)(end - at);
		if (parse_conffile(at, end, &all[p->n_conffiles++]) < 0)
			return bad(s, F_CONFFILES, diag);
		at += n;
	}
	return 0;
}

static const char *
set_or_null(const char *s)
{
	return s && *s != '\0' ? s : NULL;
}

static int
make_package(struct dpkgdb *db, const struct stanza *s, struct package *p,
             struct diag *diag)
{
	const char *arch = s->values[F_ARCHITECTURE];
	const char *version = s->values[F_VERSION];
	const char *multiarch = s->values[F_MULTI_ARCH];
	int err;

	memset(p, 0, sizeof(*p));
	err = take_name(s, p, diag);
	if (err == 0)
		err = take_status(s, p, diag);
	if (err == 0)
		err = take_conffiles(db, s, p, diag);
	if (err < 0)
		return err;
	p->arch = arch ? arch : "";
	p->version = version ? version : "";
	p->multiarch_same = multiarch && strcasecmp(multiarch, "same") == 0;
	p->replaces = set_or_null(s->values[F_REPLACES]);
	p->conflicts = set_or_null(s->values[F_CONFLICTS]);
	p->breaks = set_or_null(s->values[F_BREAKS]);
	p->provides = set_or_null(s->values[F_PROVIDES]);
	p->depends = set_or_null(s->values[F_DEPENDS]);
	p->pre_depends = set_or_null(s->values[F_PRE_DEPENDS]);
	p->key = dpkglist_key(db, p);
	return p->key ? 0 : -ENOMEM;
}

int
dpkgstanza_read(struct dpkgdb *db, struct deb822 *d, const struct dpkgtext *t,
                struct package *ret, struct diag *diag)
{
	struct stanza s;
	int err;

	err = read_stanza(d, t->at, &s, diag);
	return err < 0 ? err : make_package(db, &s, ret, diag);
}
