/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* The values of a ledger's keywords and tags. */
#include <string.h>

#include "ledger_priv.h"
#include "lines.h"
#include "vis.h"

#define NS 1000000000

bool
ledger_clean(const char *name)
{
	if (*name != '/')
		return false;
	while (*name == '/') {
		size_t n = strcspn(++name, "/");

		if (n == 0 || (name[0] == '.' &&
		               (n == 1 || (n == 2 && name[1] == '.'))))
			return false;
		name += n;
	}
	return true;
}

size_t
ledger_plain(const char *text, bool *ret_escaped)
{
	static const char plain[256] = {
		['!' ... '"'] = 1, ['$' ... ')'] = 1, ['+' ... '>'] = 1,
		['@' ... 'Z'] = 1, [']' ... '~'] = 1, ['\\'] = 2,
	};
	int seen = 0, kind;
	size_t n;

	for (n = 0; (kind = plain[(unsigned char)text[n]]) != 0; n++)
		seen |= kind;
	*ret_escaped = (seen & 2) != 0;
	return n;
}

/* A string that lies in the text; what follows the piece is a separator. */
const char *
ledger_string(const struct piece *p)
{
	bool escaped = false;

	p->at[p->len] = '\0';
	if (p->len == 0 || ledger_plain(p->at, &escaped) != p->len ||
	    (escaped && vis_undo(p->at) < 0))
		return NULL;
	return p->at;
}

/* Most have too few digits to be too large: no look at each step. */
bool
ledger_number(const struct piece *p, uint64_t max, uint64_t *ret)
{
	unsigned long long v = 0;

	if (p->len == 0 || p->len > 18) {
		if (lines_number(p->at, p->len, max, &v) < 0)
			return false;
	} else {
		for (size_t i = 0; i < p->len; i++) {
			unsigned int digit = (unsigned char)p->at[i] - '0';

			if (digit > 9)
				return false;
			v = v * 10 + digit;
		}
		if (v > max)
			return false;
	}
	*ret = v;
	return true;
}

bool
ledger_u32(const struct piece *p, uint32_t max, uint32_t *ret)
{
	uint64_t v;

	if (!ledger_number(p, max, &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool
ledger_mode(const struct piece *p, uint32_t *ret)
{
	uint32_t mode = 0;

	if (p->len == 0 || p->len > 5)
		return false;
	for (size_t i = 0; i < p->len; i++) {
		if (p->at[i] < '0' || p->at[i] > '7')
			return false;
		mode = mode * 8 + (uint32_t)(p->at[i] - '0');
	}
	if (mode > 07777)
		return false;
	*ret = mode;
	return true;
}

/* Cuts off a minus; true if there is one. */
static bool
cut_minus(struct piece *p)
{
	if (p->len == 0 || p->at[0] != '-')
		return false;
	p->at++;
	p->len--;
	return true;
}

bool
ledger_signed(struct piece p, int64_t *ret)
{
	bool minus = cut_minus(&p);
	uint64_t v;

	if (!ledger_number(&p, (uint64_t)INT64_MAX + minus, &v) ||
	    (minus && v == 0))
		return false;
	*ret = (int64_t)(minus ? 0 - v : v);
	return true;
}

/* SECONDS.NNNNNNNNN, where only the seconds have the sign. */
bool
ledger_time(struct piece p, int64_t *ret)
{
	bool minus = cut_minus(&p);
	struct piece whole, part;
	uint64_t seconds, rest;
	int64_t ns;

	if (p.len < 11 || p.at[p.len - 10] != '.')
		return false;
	whole = (struct piece){ p.at, p.len - 10 };
	part = (struct piece){ p.at + p.len - 9, 9 };
	if (!ledger_number(&whole, INT64_MAX / NS + minus, &seconds) ||
	    !ledger_number(&part, NS - 1, &rest) || (minus && seconds == 0))
		return false;
	ns = (int64_t)rest;
	if (minus) {	/* the lowest seconds alone have no place in 64 bits */
		seconds--;
		ns -= NS;
	}
	return !__builtin_add_overflow((int64_t)seconds * (minus ? -NS : NS),
	                               ns, ret);
}

/* Hex digits as we write them, looked up: half of all bytes are such. */
bool
ledger_hex(const struct piece *p, unsigned char *bytes, size_t n)
{
	static const unsigned char values[256] = {	/* and 1 */
		['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5,
		['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
		['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15,
		['f'] = 16,
	};
	const unsigned char *at = (const unsigned char *)p->at;
	bool bad = false;

	if (p->len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned int high = values[at[2 * i]];
		unsigned int low = values[at[2 * i + 1]];

		bad |= high == 0 || low == 0;
		bytes[i] = (unsigned char)((high - 1) << 4 | (low - 1));
	}
	return !bad;
}
