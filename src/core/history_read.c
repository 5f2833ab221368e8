/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "history_priv.h"
#include "jsonread.h"
#include "strmap.h"

typedef int line_fn(void *ctx, const char *line, size_t len);

/* Gives fn the whole lines of b and keeps the rest. */
static int
give_lines(struct buf *b, line_fn *fn, void *ctx)
{
	const char *at = b->data, *end = b->data + b->len, *newline;
	int err = 0;

	while (err == 0 && at < end) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (newline == NULL)
			break;
		err = fn(ctx, at, (size_t)(newline - at));
		at = newline + 1;
	}
	b->len = (size_t)(end - at);
	memmove(b->data, at, b->len);
	return err;
}

static int
walk_fd(int fd, struct buf *b, line_fn *fn, void *ctx)
{
	int err = 0;

	for (;;) {
		size_t old = b->len;
		ssize_t n;

		err = buf_reserve(b, HISTORY_CHUNK);
		if (err < 0)
			return err;
		n = read(fd, b->data + old, HISTORY_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		b->len = old + (size_t)n;
		/* A long line is not looked through again and again. */
		if (memchr(b->data + old, '\n', (size_t)n) == NULL)
			continue;
		err = give_lines(b, fn, ctx);
		if (err != 0)
			return err;
	}
	return b->len > 0 ? fn(ctx, b->data, b->len) : 0;
}

int
history_walk(int history_dirfd, int (*fn)(void *ctx, const char *line,
             size_t len), void *ctx)
{
	int fd = openat(history_dirfd, HISTORY_NAME, O_RDONLY | O_CLOEXEC |
	                O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	struct buf b;
	int err = ERR_NOT_REGULAR;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	buf_init(&b, HISTORY_MAX_LINE + HISTORY_CHUNK);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		err = walk_fd(fd, &b, fn, ctx);
	buf_free(&b);
	close(fd);
	return err;
}

/* How long the JSON object is, as far as braces and strings tell; 0: open. */
static size_t
object_len(const char *line, size_t len)
{
	bool string = false;
	size_t depth = 0;

	if (len == 0 || line[0] != '{')
		return 0;
	for (size_t i = 0; i < len; i++) {
		char c = line[i];

		if (string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				string = false;
		} else if (c == '"') {
			string = true;
		} else if (c == '{') {
			depth++;
		} else if (c == '}' && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

size_t
history_entry(const char *line, size_t len)
{
	/* No string can hold the bytes that stand before the link. */
	if (len > HISTORY_LINK_LEN && line[0] == '{' &&
	    memcmp(line + len - HISTORY_LINK_LEN, HISTORY_PREV,
	           HISTORY_PREV_LEN) == 0 &&
	    memcmp(line + len - 2, HISTORY_PREV_END, 2) == 0)
		return len;
	return object_len(line, len);
}

int
history_link(char link[HISTORY_HEAD_SIZE], const char *line, size_t len)
{
	struct buf both;
	int err;

	if (history_entry(line, len) > 0)
		return history_hash(line, len, link);
	buf_init(&both, 2 * HISTORY_MAX_LINE);
	err = buf_add(&both, link, HISTORY_HEX);
	if (err == 0)
		err = buf_add(&both, line, len);
	if (err == 0)
		err = history_hash(both.data, both.len, link);
	buf_free(&both);
	return err;
}

static int
next_link(void *ctx, const char *line, size_t len)
{
	return history_link(ctx, line, len);
}

int
history_last(int history_dirfd, char ret_link[HISTORY_HEAD_SIZE])
{
	int err = history_hash("", 0, ret_link);

	return err < 0 ? err : history_walk(history_dirfd, next_link, ret_link);
}

struct ledger_word {
	struct ledger_word *next;
	const char *key;
	bool removed;
	char digest[HISTORY_HEAD_SIZE];
};

struct history_ledgers {
	struct arena *arena;
	struct strmap *map;
	struct ledger_word *words;
	char head[HISTORY_HEAD_SIZE];
};

struct check {
	char last[HISTORY_HEAD_SIZE];	/* of the line before */
	unsigned long number;
	struct history_ledgers *ledgers;	/* NULL: not asked for */
	bool broken;
	struct diag *diag;	/* of the first break */
};

static int
broken(struct check *c, const char *how)
{
	if (!c->broken)
		diag_set(c->diag, ERR_FORMAT, HISTORY_NAME, c->number, "%s",
		         how);
	c->broken = true;
	return c->ledgers == NULL ? 1 : 0;
}

/*
 * What is left of an entry that was torn: its beginning, or the zeros that a
 * file system has given for it.
 */
static bool
is_torn(const char *line, size_t len)
{
	if (len == 0 || line[0] == '{')
		return len > 0;
	for (size_t i = 0; i < len; i++)
		if (line[i] != '\0')
			return false;
	return true;
}

/* NULL: it follows from the line before it. */
static const char *
link_fault(const struct check *c, const char *line, size_t len, size_t whole)
{
	const char *link;

	/* A file system may give zeros for the end that it has lost. */
	for (size_t i = whole; whole > 0 && i < len; i++)
		if (line[i] != '\0')
			return "bytes behind an entry";
	if (whole == 0)
		return is_torn(line, len) ? NULL : "no entry";
	link = whole > HISTORY_LINK_LEN ? line + whole - HISTORY_LINK_LEN :
	       line;
	if (whole <= HISTORY_LINK_LEN ||
	    memcmp(link, HISTORY_PREV, HISTORY_PREV_LEN) != 0)
		return "does not name the line before it";
	link += HISTORY_PREV_LEN;
	if (memcmp(link, c->last, HISTORY_HEX) != 0 ||
	    memcmp(link + HISTORY_HEX, HISTORY_PREV_END, 2) != 0)
		return "does not follow from the line before it";
	return NULL;
}

/* As dpkg spells them; what could lead out of the folder is no key. */
static bool
is_key(const char *s, size_t n)
{
	if (n == 0 || n > 255 || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~' || s[i] == '/')
			return false;
	return true;
}

/* The last word on a key counts, so there is one of each. */
static struct ledger_word *
word_of(struct history_ledgers *h, const char *key, size_t n)
{
	struct ledger_word *w;
	uintptr_t found;
	char name[257];

	memcpy(name, key, n);
	name[n] = '\0';
	if (strmap_get(h->map, name, &found))
		return (struct ledger_word *)found;
	w = arena_alloc(h->arena, sizeof(*w));
	if (w == NULL)
		return NULL;
	w->key = arena_strndup(h->arena, name, n);
	if (w->key == NULL || strmap_put(h->map, w->key, (uintptr_t)w) < 0)
		return NULL;
	w->next = h->words;
	h->words = w;
	return w;
}

/* As digest_hex writes it: compared as text, so no capitals. */
static bool
is_digest(const char *s)
{
	size_t n = 0;

	while ((s[n] >= '0' && s[n] <= '9') || (s[n] >= 'a' && s[n] <= 'f'))
		n++;
	return n == HISTORY_HEX && s[n] == '\0';
}

/* "KEY SHA256" or "KEY -"; `record`: no key, so kept with a slash before it,
 * which no key has. */
static int
note_word(struct history_ledgers *h, const char *s, bool record)
{
	const char *blank = strchr(s, ' ');
	char name[258] = "/";
	struct ledger_word *w;
	bool removed;

	if (blank == NULL || !is_key(s, (size_t)(blank - s)))
		return ERR_FORMAT;
	memcpy(name + 1, s, (size_t)(blank - s));
	removed = strcmp(blank + 1, "-") == 0;
	if (!removed && !is_digest(blank + 1))
		return ERR_FORMAT;
	w = word_of(h, record ? name : name + 1,
	            (size_t)(blank - s) + record);
	if (w == NULL)
		return -ENOMEM;
	w->removed = removed;
	memcpy(w->digest, blank + 1, strlen(blank + 1) + 1);
	return 0;
}

static int
note_ledger(void *ctx, const char *s)
{
	return note_word(ctx, s, false);
}

static int
note_record(void *ctx, const char *s)
{
	return note_word(ctx, s, true);
}

/* Most entries need no reader: only where the word stands is it looked for. */
static int
note_ledgers(struct check *c, const char *line, size_t len)
{
	static const char word[] = "\"ledgers\"", other[] = "\"records\"";
	int err = 0;

	if (memmem(line, len, word, sizeof(word) - 1) != NULL)
		err = jsonread_each(line, len, "ledgers", note_ledger,
		                    c->ledgers);
	if ((err == 0 || err == -ENOENT) &&
	    memmem(line, len, other, sizeof(other) - 1) != NULL)
		err = jsonread_each(line, len, "records", note_record,
		                    c->ledgers);
	if (err == -ENOMEM)
		return err;
	return err == 0 || err == -ENOENT ? 0 :
	       broken(c, "what it says of ledgers cannot be read");
}

static int
check_line(void *ctx, const char *line, size_t len)
{
	struct check *c = ctx;
	size_t whole = history_entry(line, len);
	const char *fault;
	int err = 0;

	c->number++;
	fault = link_fault(c, line, len, whole);
	if (fault != NULL)
		err = broken(c, fault);
	if (err == 0 && c->ledgers != NULL && whole > 0)
		err = note_ledgers(c, line, whole);
	return err != 0 ? err : history_link(c->last, line, len);
}

static int
run_check(struct check *c, int history_dirfd)
{
	int err = history_hash("", 0, c->last);

	if (err == 0)
		err = history_walk(history_dirfd, check_line, c);
	if (err < 0)
		return diag_set(c->diag, err, HISTORY_NAME, err == ERR_LIMIT ?
		                c->number + 1 : 0, "%s", err_text(err));
	return c->broken ? 1 : 0;
}

int
history_check(int history_dirfd, struct diag *diag)
{
	struct check c = { .diag = diag };

	return run_check(&c, history_dirfd);
}

/* NULL: no memory. */
static struct history_ledgers *
ledgers_new(void)
{
	struct history_ledgers *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->arena = arena_new();
	h->map = strmap_new();
	if (h->arena != NULL && h->map != NULL)
		return h;
	history_ledgers_free(h);
	return NULL;
}

int
history_ledgers(int history_dirfd, struct history_ledgers **ret,
                struct diag *diag)
{
	struct check c = { .diag = diag, .ledgers = ledgers_new() };
	int err = -ENOMEM;

	if (c.ledgers != NULL)
		err = run_check(&c, history_dirfd);
	else
		diag_set(diag, err, HISTORY_NAME, 0, "%s", err_text(err));
	if (err < 0) {
		history_ledgers_free(c.ledgers);
		return err;
	}
	memcpy(c.ledgers->head, c.last, sizeof(c.last));
	*ret = c.ledgers;
	return err;
}

static bool
names_records(const struct history_ledgers *h)
{
	const struct ledger_word *w = h->words;

	while (w != NULL && w->key[0] != '/')
		w = w->next;
	return w != NULL;
}

static int
newest(int fd, struct buf *b, struct history_ledgers *h)
{
	struct diag diag = { .line = 0 };
	struct check c = { .ledgers = h, .diag = &diag };
	bool torn = false;
	size_t at = 0;
	int err = history_tail(fd, b, &at, &torn);

	if (err < 0 || b->len == 0)
		return err;
	if (torn || history_entry(b->data + at, b->len - at) == 0)
		return ERR_FORMAT;
	err = note_ledgers(&c, b->data + at, b->len - at);
	return err < 0 ? err : c.broken || !names_records(h) ? ERR_FORMAT : 0;
}

int
history_newest(int history_dirfd, struct history_ledgers **ret)
{
	int fd = openat(history_dirfd, HISTORY_NAME, O_RDONLY | O_CLOEXEC |
	                O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct diag diag = { .line = 0 };
	struct history_ledgers *h;
	struct buf b;
	int err = -ENOMEM;

	if (fd < 0)
		return -errno;
	buf_init(&b, 8 * HISTORY_MAX_LINE);
	h = ledgers_new();
	if (h != NULL)
		err = newest(fd, &b, h);
	buf_free(&b);
	close(fd);
	if (err < 0) {
		history_ledgers_free(h);
		h = NULL;
	}
	/* No entry, or one that says nothing: an older one tells. */
	if (err < 0 && err != -ENOMEM)
		err = history_ledgers(history_dirfd, &h, &diag);
	if (err < 0)
		return err;
	*ret = h;
	return 0;
}

void
history_ledgers_free(struct history_ledgers *h)
{
	if (h == NULL)
		return;
	strmap_free(h->map);
	arena_free(h->arena);
	free(h);
}

const char *
history_ledger(const struct history_ledgers *h, const char *key)
{
	uintptr_t found;

	return strmap_get(h->map, key, &found) ?
	       ((const struct ledger_word *)found)->digest : NULL;
}

const char *
history_record(const struct history_ledgers *h, const char *name)
{
	char key[257];

	return snprintf(key, sizeof(key), "/%s", name) < (int)sizeof(key) ?
	       history_ledger(h, key) : NULL;
}

int
history_ledgers_each(const struct history_ledgers *h,
                     int (*fn)(void *ctx, const char *key,
                               const char *digest), void *ctx)
{
	int r = 0;

	for (const struct ledger_word *w = h->words; r == 0 && w != NULL;
	     w = w->next)
		if (!w->removed && w->key[0] != '/')
			r = fn(ctx, w->key, w->digest);
	return r;
}

const char *
history_ledgers_head(const struct history_ledgers *h)
{
	return h->head;
}
