/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arena.h"
#include "conf.h"
#include "conf_priv.h"
#include "lines.h"
#include "log.h"

#define CONF_MAX_JOBS	1024
#define BLANKS		" \t"

static int
bad_value(struct conf_loader *l, const char *why)
{
	return diag_set(l->diag, ERR_FORMAT, l->name, l->line, "%s", why);
}

static int
add_glob(struct conf_loader *l, char *value, bool protect)
{
	struct conf_glob glob = { value, protect };
	size_t n = strlen(value);

	/* Anything else can match no path: more likely a slip than a wish. */
	if (strchr("/*?[\\", value[0]) == NULL)
		return bad_value(l, "a path pattern must begin with /");
	while (n > 1 && value[n - 1] == '/' && value[n - 2] != '\\')
		value[--n] = '\0';
	return buf_add(&l->globs, &glob, sizeof(glob));
}

static int
set_exempt(struct conf_loader *l, char *value)
{
	return add_glob(l, value, false);
}

static int
set_protect(struct conf_loader *l, char *value)
{
	return add_glob(l, value, true);
}

static int
set_exempt_package(struct conf_loader *l, char *value)
{
	char *save = NULL;
	const char *word;
	int err;

	for (word = strtok_r(value, BLANKS, &save); word != NULL;
	     word = strtok_r(NULL, BLANKS, &save)) {
		err = buf_add(&l->packages, &word, sizeof(word));
		if (err < 0)
			return err;
	}
	return 0;
}

/* The words that a key takes, and what each stands for. */
struct word {
	const char *text;
	unsigned int value;
};

static const struct word checks[] = {
	{ "off", CONF_CHECK_OFF },
	{ "warn", CONF_CHECK_WARN },
	{ "refuse", CONF_CHECK_REFUSE },
	{ NULL, 0 },
};

static const struct word digests[] = {
	{ "md5", CONF_DIGEST_MD5 },
	{ "sha1", CONF_DIGEST_SHA1 },
	{ "sha256", CONF_DIGEST_SHA256 },
	{ NULL, 0 },
};

static const struct word logs[] = {
	{ "file", LOG_TO_FILE },
	{ "syslog", LOG_TO_SYSLOG },
	{ "both", LOG_TO_FILE | LOG_TO_SYSLOG },
	{ NULL, 0 },
};

static const struct word mount_words[] = {
	{ "auto", CONF_MOUNTS_AUTO },
	{ "remount", CONF_MOUNTS_REMOUNT },
	{ "off", CONF_MOUNTS_OFF },
	{ NULL, 0 },
};

static bool
find_word(const struct word *words, const char *text, unsigned int *ret)
{
	for (; words->text != NULL; words++) {
		if (strcmp(text, words->text) != 0)
			continue;
		*ret = words->value;
		return true;
	}
	return false;
}

static const char *
word_of(const struct word *words, unsigned int value)
{
	while (words->text != NULL && words->value != value)
		words++;
	return words->text != NULL ? words->text : "";
}

static int
set_check_before(struct conf_loader *l, char *value)
{
	unsigned int check;

	if (!find_word(checks, value, &check))
		return bad_value(l, "check-before must be off, warn or refuse");
	l->c->check_before = (enum conf_check)check;
	return 0;
}

static int
set_digests(struct conf_loader *l, char *value)
{
	unsigned int bit, bits = 0;
	char *save = NULL;

	for (const char *word = strtok_r(value, BLANKS, &save); word != NULL;
	     word = strtok_r(NULL, BLANKS, &save)) {
		if (!find_word(digests, word, &bit))
			return bad_value(l,
			    "digests are words of md5, sha1 and sha256");
		bits |= bit;
	}
	l->c->digests = bits;
	return 0;
}

static int
set_overlay(struct conf_loader *l, char *value)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return bad_value(l, "overlay must be yes or no");
	l->c->overlay = value[0] == 'y';
	return 0;
}

static int
set_mounts(struct conf_loader *l, char *value)
{
	unsigned int how;

	if (!find_word(mount_words, value, &how))
		return bad_value(l, "mounts must be auto, remount or off");
	l->c->mounts = (enum conf_mounts)how;
	return 0;
}

static int
set_volatile_database(struct conf_loader *l, char *value)
{
	if (strcmp(value, "allow") != 0 && strcmp(value, "refuse") != 0)
		return bad_value(l,
		    "volatile-database must be refuse or allow");
	l->c->volatile_database = value[0] == 'a';
	return 0;
}

static int
set_jobs(struct conf_loader *l, char *value)
{
	unsigned long long n;

	if (lines_number(value, strlen(value), CONF_MAX_JOBS, &n) < 0)
		return bad_value(l, "jobs must be a number from 0 to 1024");
	l->c->jobs = (int)n;
	return 0;
}

static int
set_quarantine_limit(struct conf_loader *l, char *value)
{
	static const char suffixes[] = "KMG";
	size_t len = strlen(value);
	const char *suffix = strchr(suffixes, value[len - 1]);
	unsigned int shift = 0;
	unsigned long long n;

	if (suffix != NULL) {
		shift = 10 * (unsigned int)(suffix - suffixes + 1);
		len--;
	}
	if (lines_number(value, len, UINT64_MAX >> shift, &n) < 0)
		return bad_value(l, "quarantine-limit must be a number of "
		                 "bytes, K, M or G may follow");
	l->c->quarantine_limit = n << shift;
	return 0;
}

static int
set_log(struct conf_loader *l, char *value)
{
	if (!find_word(logs, value, &l->c->log))
		return bad_value(l, "log must be file, syslog or both");
	return 0;
}

static int
set_sign_key(struct conf_loader *l, char *value)
{
	l->c->sign_key = value;
	return 0;
}

/* The whole grammar. A setter owns its value, which is never empty. */
static const struct key {
	const char *name;
	int (*set)(struct conf_loader *l, char *value);
} keys[] = {
	{ "exempt", set_exempt },
	{ "protect", set_protect },
	{ "exempt-package", set_exempt_package },
	{ "check-before", set_check_before },
	{ "digests", set_digests },
	{ "overlay", set_overlay },
	{ "mounts", set_mounts },
	{ "volatile-database", set_volatile_database },
	{ "jobs", set_jobs },
	{ "quarantine-limit", set_quarantine_limit },
	{ "log", set_log },
	{ "sign-key", set_sign_key },
};

static const struct key *
find_key(const char *name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(name, keys[i].name) == 0)
			return &keys[i];
	return NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *
trim(char *s)
{
	char *end = s + strlen(s);

	while (is_blank(*s))
		s++;
	while (end > s && is_blank(end[-1]))
		end--;
	*end = '\0';
	return s;
}

static int
parse_line(struct conf_loader *l, const char *text, size_t len)
{
	const struct key *key;
	char *line, *equals, *name, *value;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return bad_value(l, "control character");
	}
	line = arena_strndup(l->c->arena, text, len);
	if (line == NULL)
		return -ENOMEM;
	line = trim(line);
	if (*line == '\0' || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (equals == NULL)
		return bad_value(l, "no \"key = value\"");
	*equals = '\0';
	name = trim(line);
	value = trim(equals + 1);
	key = find_key(name);
	if (key == NULL)
		return diag_set(l->diag, ERR_FORMAT, l->name, l->line,
		                "unknown key \"%s\"", name);
	if (*value == '\0')
		return diag_set(l->diag, ERR_FORMAT, l->name, l->line,
		                "%s has no value", name);
	return key->set(l, value);
}

int
conf_loader_text(struct conf_loader *l, const char *name, const char *text,
                 size_t n)
{
	struct lines lines;
	const char *line;
	size_t len;
	int err;

	l->name = name;
	lines_init(&lines, text, n);
	while (lines_next(&lines, &line, &len)) {
		l->line = lines.number;
		err = parse_line(l, line, len);
		if (err < 0)
			return err;
	}
	return 0;
}

struct conf *
conf_defaults(void)
{
	struct arena *arena = arena_new();
	struct conf *c;

	if (arena == NULL)
		return NULL;
	c = arena_alloc(arena, sizeof(*c));
	if (c == NULL) {
		arena_free(arena);
		return NULL;
	}
	c->arena = arena;
	c->check_before = CONF_CHECK_WARN;
	c->digests = CONF_DIGEST_SHA1 | CONF_DIGEST_SHA256;
	c->quarantine_limit = (uint64_t)256 << 20;
	c->log = LOG_TO_FILE;
	return c;
}

void
conf_free(struct conf *c)
{
	if (c != NULL)
		arena_free(c->arena);	/* c lies in it */
}

int
conf_loader_begin(struct conf_loader *l, struct diag *diag)
{
	*l = (struct conf_loader){ .diag = diag };
	buf_init(&l->globs, 0);
	buf_init(&l->packages, 0);
	l->c = conf_defaults();
	return l->c == NULL ? -ENOMEM : 0;
}

static int
keep_array(struct arena *a, const struct buf *b, size_t item,
           const void **ret, size_t *ret_n)
{
	void *copy;

	if (b->len == 0)
		return 0;
	copy = arena_alloc(a, b->len);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, b->data, b->len);
	*ret = copy;
	*ret_n = b->len / item;
	return 0;
}

int
conf_loader_end(struct conf_loader *l, int err, struct conf **ret)
{
	const void *globs = NULL, *packages = NULL;

	if (err == 0)
		err = keep_array(l->c->arena, &l->globs,
		                 sizeof(struct conf_glob), &globs,
		                 &l->c->n_globs);
	if (err == 0)
		err = keep_array(l->c->arena, &l->packages, sizeof(char *),
		                 &packages, &l->c->n_exempt_packages);
	if (err == 0) {
		l->c->globs = globs;
		l->c->exempt_packages = packages;
		*ret = l->c;
	} else {
		conf_free(l->c);
	}
	buf_free(&l->globs);
	buf_free(&l->packages);
	return err;
}

int
conf_parse(const char *name, const char *text, size_t n, struct conf **ret,
           struct diag *diag)
{
	struct conf_loader l;
	int err = conf_loader_begin(&l, diag);

	if (err == 0)
		err = conf_loader_text(&l, name, text, n);
	return conf_loader_end(&l, err, ret);
}

static int
format_lists(const struct conf *c, struct buf *out)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < c->n_globs; i++) {
		const char *pattern = c->globs[i].pattern;

		/* A slash, which is dropped again, keeps a blank at its end. */
		err = buf_addf(out, "%s = %s%s\n",
		               c->globs[i].protect ? "protect" : "exempt",
		               pattern, is_blank(pattern[strlen(pattern) - 1]) ?
		               "/" : "");
	}
	for (size_t i = 0; err == 0 && i < c->n_exempt_packages; i++)
		err = buf_addf(out, "exempt-package = %s\n",
		               c->exempt_packages[i]);
	if (err == 0)
		err = buf_add_str(out, "digests =");
	for (const struct word *w = digests; w->text != NULL; w++)
		if (err == 0 && (c->digests & w->value) != 0)
			err = buf_addf(out, " %s", w->text);
	return err == 0 ? buf_add_char(out, '\n') : err;
}

int
conf_format(const struct conf *c, struct buf *out)
{
	size_t start = out->len;
	int err;

	err = format_lists(c, out);
	if (err == 0)
		err = buf_addf(out, "check-before = %s\noverlay = %s\n"
		               "mounts = %s\nvolatile-database = %s\n"
		               "jobs = %d\nquarantine-limit = %" PRIu64 "\n"
		               "log = %s\n",
		               word_of(checks, c->check_before),
		               c->overlay ? "yes" : "no",
		               word_of(mount_words, c->mounts),
		               c->volatile_database ? "allow" : "refuse",
		               c->jobs, c->quarantine_limit,
		               word_of(logs, c->log));
	if (err == 0 && c->sign_key != NULL)
		err = buf_addf(out, "sign-key = %s\n", c->sign_key);
	if (err < 0 && out->data != NULL) {
		out->len = start;
		out->data[start] = '\0';
	}
	return err;
}
