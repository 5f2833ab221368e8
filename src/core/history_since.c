/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <string.h>

#include "history_priv.h"
#include "jsonread.h"

#define ID_DIGITS 16

/* Exactly n digits at *s, which goes behind them. */
static bool
take_number(const char **s, int n, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if ((*s)[i] < '0' || (*s)[i] > '9')
			return false;
		v = v * 10 + ((*s)[i] - '0');
	}
	*s += n;
	*ret = v;
	return true;
}

static bool
take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

static int
days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
	                            31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Our own arithmetic: time_t may have 32 bits, and the date is not ours. */
static int64_t
seconds_of(int year, int month, int day)
{
	int64_t y = year - 1, days;

	days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;
	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	return (days + day - 1) * 86400;
}

/* "YYYY-MM-DD" or "YYYY-MM-DDTHH:MM[:SS]Z", the Gregorian calendar, UTC. */
static int
parse_date(const char *s, int64_t *ret)
{
	int year, month, day, hour = 0, minute = 0, second = 0;

	if (!take_number(&s, 4, &year) || !take_char(&s, '-') ||
	    !take_number(&s, 2, &month) || !take_char(&s, '-') ||
	    !take_number(&s, 2, &day))
		return ERR_FORMAT;
	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > days_in(year, month))
		return ERR_FORMAT;
	if (*s != '\0') {
		if (!take_char(&s, 'T') || !take_number(&s, 2, &hour) ||
		    !take_char(&s, ':') || !take_number(&s, 2, &minute))
			return ERR_FORMAT;
		if (take_char(&s, ':') && !take_number(&s, 2, &second))
			return ERR_FORMAT;
		if (!take_char(&s, 'Z') || *s != '\0')
			return ERR_FORMAT;
	}
	if (hour > 23 || minute > 59 || second > 59)
		return ERR_FORMAT;
	*ret = seconds_of(year, month, day) + hour * 3600 + minute * 60 +
	       second;
	return 0;
}

static int
parse_seconds(const char *s, int64_t *ret)
{
	size_t n = strspn(s, "0123456789");
	int64_t v = 0;

	if (n == 0 || n > 18 || s[n] != '\0')
		return ERR_FORMAT;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (s[i] - '0');
	*ret = v;
	return 0;
}

static int
parse_id(const char *s, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t v = 0;

	for (int i = 0; i < ID_DIGITS; i++) {
		char c = s[i] >= 'A' && s[i] <= 'F' ? (char)(s[i] + 32) : s[i];
		const char *at = c != '\0' ? strchr(digits, c) : NULL;

		if (at == NULL)
			return ERR_FORMAT;
		v = v << 4 | (uint64_t)(at - digits);
	}
	if (s[ID_DIGITS] != '\0')
		return ERR_FORMAT;
	*ret = v;
	return 0;
}

struct since {
	bool by_id;
	uint64_t id;
	bool met;	/* the run itself */
	int64_t from;
	int (*fn)(void *ctx, uint64_t id);
	void *ctx;
	struct buf text;
};

/* A string of the entry, "" where there is none that can be read. */
static int
member(struct since *s, const char *line, size_t len, const char *key)
{
	int r;

	buf_clear(&s->text);
	r = jsonread_str(line, len, key, &s->text);
	if (r == -ENOMEM)
		return r;
	return s->text.data == NULL ? buf_add_str(&s->text, "") : 0;
}

/* A torn entry tells nothing; one without a time is taken, to be safe. */
static int
look_at(void *ctx, const char *line, size_t len)
{
	struct since *s = ctx;
	size_t whole = history_entry(line, len);
	int64_t when;
	uint64_t id;
	int r = 0;

	if (whole == 0)
		return 0;
	if (!s->by_id) {
		r = member(s, line, whole, "time");
		if (r == 0 && parse_date(s->text.data, &when) == 0 &&
		    when < s->from)
			return 0;
	}
	if (r == 0)
		r = member(s, line, whole, "txn");
	if (r < 0)
		return r;
	if (parse_id(s->text.data, &id) < 0)
		return 0;
	if (s->by_id && id == s->id) {
		s->met = true;
		return 0;
	}
	return s->by_id && !s->met ? 0 : s->fn(s->ctx, id);
}

int
history_since(int history_dirfd, const char *moment,
              int (*fn)(void *ctx, uint64_t id), void *ctx)
{
	struct since s = { .fn = fn, .ctx = ctx };
	int r;

	s.by_id = parse_id(moment, &s.id) == 0;
	if (!s.by_id) {
		r = moment[0] == '@' ? parse_seconds(moment + 1, &s.from) :
		    parse_date(moment, &s.from);
		if (r < 0)
			return r;
	}
	buf_init(&s.text, 0);
	r = history_walk(history_dirfd, look_at, &s);
	buf_free(&s.text);
	return r == 0 && s.by_id && !s.met ? -ENOENT : r;
}
