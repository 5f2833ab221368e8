/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Relation fields. They only pick candidates whose files are opened for a
 * run, so each doubt is settled for a match: an opened file too many is
 * closed again, one too few breaks dpkg.
 */
#include "relation.h"

#include <string.h>
#include <strings.h>

enum op {
	OP_NONE,	/* no version asked for */
	OP_LT,
	OP_LE,
	OP_EQ,
	OP_GE,
	OP_GT,
	OP_ODD		/* cannot be parsed: any version */
};

/* No version is longer in practice; one that is counts as odd. */
#define VERSION_MAX 256

struct relation {
	const char *name;
	size_t name_len;
	enum op op;
	char version[VERSION_MAX];
};

static bool
blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\v' ||
	       c == '\f';
}

static const char *
skip_blanks(const char *p)
{
	while (blank(*p))
		p++;
	return p;
}

/* Reads the operator at *p and moves past it. */
static enum op
take_op(const char **p)
{
	const char *s = *p;

	if (s[0] == '=') {
		*p = s + 1;
		return OP_EQ;
	}
	if (s[0] != '<' && s[0] != '>')
		return OP_EQ;	/* "(1.0)", as dpkg takes it */
	if (s[1] == '=' || s[1] == s[0]) {
		*p = s + 2;
		if (s[1] == '=')
			return s[0] == '<' ? OP_LE : OP_GE;
		return s[0] == '<' ? OP_LT : OP_GT;
	}
	*p = s + 1;
	if (s[1] == '<' || s[1] == '>')
		return OP_ODD;
	return s[0] == '<' ? OP_LE : OP_GE;	/* obsolete spelling */
}

/* The text between parentheses, p behind the first. */
static void
take_version(const char *p, struct relation *r)
{
	size_t n;

	p = skip_blanks(p);
	r->op = take_op(&p);
	p = skip_blanks(p);
	for (n = 0; p[n] != '\0' && p[n] != ')' && p[n] != '(' &&
	     p[n] != ',' && p[n] != '|' && !blank(p[n]); n++)
		;
	if (n == 0 || n >= sizeof(r->version) || *skip_blanks(p + n) != ')') {
		r->op = OP_ODD;
		return;
	}
	memcpy(r->version, p, n);
	r->version[n] = '\0';
}

/*
 * The next relation of *p, over commas and bars alike. False at the end.
 * What stands behind name and version (architectures, profiles) is skipped.
 */
static bool
next(const char **p, struct relation *r)
{
	const char *s = *p;

	while (blank(*s) || *s == ',' || *s == '|')
		s++;
	if (*s == '\0')
		return false;
	r->name = s;
	while (*s != '\0' && !blank(*s) && !strchr(":([<,|", *s))
		s++;
	r->name_len = (size_t)(s - r->name);
	r->op = OP_NONE;
	r->version[0] = '\0';
	if (*s == ':')
		while (*s != '\0' && !blank(*s) && !strchr("([<,|", *s))
			s++;
	s = skip_blanks(s);
	if (*s == '(')
		take_version(s + 1, r);
	else if (*s != '\0' && !strchr("[<,|", *s))
		r->op = OP_ODD;
	while (*s != '\0' && *s != ',' && *s != '|')
		s++;
	*p = s;
	return true;
}

static bool
satisfies(const char *version, const struct relation *r)
{
	int c;

	if (r->op == OP_NONE || r->op == OP_ODD)
		return true;
	c = version_compare(version, r->version);
	switch (r->op) {
	case OP_LT:
		return c < 0;
	case OP_LE:
		return c <= 0;
	case OP_EQ:
		return c == 0;
	case OP_GE:
		return c >= 0;
	default:
		return c > 0;
	}
}

bool
relation_names(const char *field, const char *name, const char *version)
{
	size_t len = strlen(name);
	struct relation r;

	if (!field)
		return false;
	while (next(&field, &r)) {
		if (r.name_len != len || strncasecmp(r.name, name, len) != 0)
			continue;
		if (!version || version[0] == '\0' ||
		    satisfies(version, &r))
			return true;
	}
	return false;
}

/* Does what is provided (one relation with "=" or none) satisfy `field`? */
static bool
provides_one(const char *field, const struct relation *offer)
{
	struct relation r;

	while (next(&field, &r)) {
		if (r.name_len != offer->name_len ||
		    strncasecmp(r.name, offer->name, r.name_len) != 0)
			continue;
		if (r.op == OP_NONE || r.op == OP_ODD ||
		    (offer->op != OP_NONE && offer->op != OP_EQ))
			return true;
		if (offer->op == OP_EQ && satisfies(offer->version, &r))
			return true;
	}
	return false;
}

bool
relation_provided(const char *field, const char *provides)
{
	struct relation offer;

	if (!field || !provides)
		return false;
	while (next(&provides, &offer)) {
		if (provides_one(field, &offer))
			return true;
	}
	return false;
}
