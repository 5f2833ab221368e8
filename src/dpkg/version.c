/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Order of versions, deb-version(7). */
#include <string.h>

#include "relation.h"

/* A stretch of a version; not terminated. */
struct span {
	const char *at;
	const char *end;
};

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Where a byte stands among non-digits: the tilde before the end, the end
 * before letters, letters before all others.
 */
static int
rank(const struct span *s)
{
	if (s->at == s->end || digit(*s->at))
		return 0;
	if (*s->at == '~')
		return -1;
	if (letter(*s->at))
		return *s->at;
	/* dpkg takes the byte as a char, which is signed on Debian's amd64. */
	return (signed char)*s->at + 256;
}

static int
compare_text(struct span *a, struct span *b)
{
	while ((a->at < a->end && !digit(*a->at)) ||
	       (b->at < b->end && !digit(*b->at))) {
		int ra = rank(a), rb = rank(b);

		if (ra != rb)
			return ra < rb ? -1 : 1;
		/* Equal and not both at their end: neither is a digit. */
		a->at++;
		b->at++;
	}
	return 0;
}

/* Takes a number of any length off s: its digits without leading zeros. */
static struct span
take_number(struct span *s)
{
	struct span n;

	while (s->at < s->end && *s->at == '0')
		s->at++;
	n.at = s->at;
	while (s->at < s->end && digit(*s->at))
		s->at++;
	n.end = s->at;
	return n;
}

static int
compare_numbers(struct span *a, struct span *b)
{
	struct span na = take_number(a), nb = take_number(b);
	size_t la = (size_t)(na.end - na.at), lb = (size_t)(nb.end - nb.at);

	if (la != lb)
		return la < lb ? -1 : 1;
	return la > 0 ? memcmp(na.at, nb.at, la) : 0;
}

static int
compare_spans(struct span a, struct span b)
{
	int c = 0;

	while (c == 0 && (a.at < a.end || b.at < b.end)) {
		c = compare_text(&a, &b);
		if (c == 0)
			c = compare_numbers(&a, &b);
	}
	return c;
}

/* A version in its three parts; the epoch is empty where there is none. */
struct version {
	struct span epoch;
	struct span upstream;
	struct span revision;
};

static void
split(struct version *v, const char *s)
{
	const char *end, *p;

	while (*s == ' ' || *s == '\t')
		s++;
	end = s + strlen(s);
	while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	v->epoch.at = v->epoch.end = s;
	for (p = s; p < end && digit(*p); p++)
		;
	if (p > s && p < end && *p == ':') {
		v->epoch.end = p;
		s = p + 1;
	}
	v->upstream.at = s;
	v->upstream.end = end;
	v->revision.at = v->revision.end = end;
	for (p = end; p > s; p--) {
		if (p[-1] == '-') {
			v->upstream.end = p - 1;
			v->revision.at = p;
			break;
		}
	}
}

static bool
none(const struct version *v)
{
	return v->upstream.at == v->revision.end &&
	       v->epoch.at == v->epoch.end;
}

int
version_compare(const char *a, const char *b)
{
	struct version va, vb;
	int c;

	split(&va, a);
	split(&vb, b);
	/* dpkg: no version at all is before any version, even "0". */
	if (none(&va) || none(&vb))
		return (int)none(&vb) - (int)none(&va);
	c = compare_numbers(&va.epoch, &vb.epoch);
	if (c == 0)
		c = compare_spans(va.upstream, vb.upstream);
	if (c == 0)
		c = compare_spans(va.revision, vb.revision);
	return c;
}
