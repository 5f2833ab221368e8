/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "buf.h"
#include "digest.h"
#include "file.h"
#include "formatver.h"
#include "crc32c.h"
#include "ledger.h"
#include "lines.h"
#include "vis.h"

#define LEDGER_WORDS	"# dpkg-immutable ledger"
#define LEDGER_VERSION	1
#define LEDGER_MAX_ROWS	1000000
#define KEY_MAX		240	/* with ".mtree.new" still a file name */
#define KEY_CUT		200

struct ledger_priv {
	struct arena *arena;	/* paths that were added */
	struct buf text;	/* paths that were loaded lie in it */
	size_t cap;		/* of ledger.rows */
	bool sorted;		/* strictly, so that bsearch may be used */
};

/* What a line has to tell. */
enum { HAS_TYPE = 1, HAS_SIZE = 2, HAS_MD5 = 4, HAS_TAGS = 8, HAS_INO = 16,
       HAS_CTIME = 32 };
#define HAS_NEEDED	(HAS_TYPE | HAS_SIZE | HAS_INO | HAS_CTIME)

struct ledger *
ledger_new(void)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->priv = calloc(1, sizeof(*l->priv));
	if (l->priv != NULL) {
		buf_init(&l->priv->text, 0);
		l->priv->arena = arena_new();
	}
	if (l->priv == NULL || l->priv->arena == NULL) {
		ledger_free(l);
		return NULL;
	}
	l->priv->sorted = true;
	return l;
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	if (l->priv != NULL) {
		arena_free(l->priv->arena);
		buf_free(&l->priv->text);
	}
	free(l->priv);
	free(l->rows);
	free(l);
}

/* Takes the row as it is; its path must last as long as l. */
static int
take_row(struct ledger *l, const struct ledger_row *row)
{
	if (l->n_rows >= LEDGER_MAX_ROWS)
		return ERR_LIMIT;
	if (l->n_rows == l->priv->cap) {
		size_t cap = l->priv->cap == 0 ? 64 : l->priv->cap * 2;
		struct ledger_row *rows;

		rows = realloc(l->rows, cap * sizeof(*rows));
		if (rows == NULL)
			return -ENOMEM;
		l->rows = rows;
		l->priv->cap = cap;
	}
	if (l->n_rows > 0 &&
	    strcmp(l->rows[l->n_rows - 1].path, row->path) >= 0)
		l->priv->sorted = false;
	l->rows[l->n_rows++] = *row;
	return 0;
}

int
ledger_add(struct ledger *l, const struct ledger_row *row)
{
	struct ledger_row copy = *row;

	if (row->path[0] != '/')
		return -EINVAL;
	copy.path = arena_strdup(l->priv->arena, row->path);
	return copy.path == NULL ? -ENOMEM : take_row(l, &copy);
}

static int
by_path(const void *a, const void *b)
{
	const struct ledger_row *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Of rows with one key, which describe one thing, one stays. */
void
ledger_seal(struct ledger *l)
{
	size_t n = 0;

	if (l->priv->sorted)
		return;
	qsort(l->rows, l->n_rows, sizeof(l->rows[0]), by_path);
	for (size_t i = 0; i < l->n_rows; i++) {
		if (n > 0 && by_path(&l->rows[n - 1], &l->rows[i]) == 0)
			n--;
		l->rows[n++] = l->rows[i];
	}
	l->n_rows = n;
	l->priv->sorted = true;
}

struct ledger_row *
ledger_find(const struct ledger *l, const char *path)
{
	struct ledger_row key = { .path = path };

	if (l->priv->sorted)
		return l->n_rows == 0 ? NULL :
		    bsearch(&key, l->rows, l->n_rows, sizeof(key), by_path);
	for (size_t i = l->n_rows; i > 0; i--)
		if (strcmp(l->rows[i - 1].path, path) == 0)
			return &l->rows[i - 1];
	return NULL;
}

/* A piece of a line: not ended by a NUL. */
struct piece {
	const char *at;
	size_t len;
};

/* Cuts off what lies before the next `separator`, or all; false: no more. */
static bool
next_piece(struct piece *rest, char separator, struct piece *ret)
{
	const char *end;

	if (rest->at == NULL)
		return false;
	end = memchr(rest->at, separator, rest->len);
	ret->at = rest->at;
	if (end == NULL) {
		ret->len = rest->len;
		rest->at = NULL;
		return true;
	}
	ret->len = (size_t)(end - rest->at);
	rest->at = end + 1;
	rest->len -= ret->len + 1;
	return true;
}

/* If the piece begins with NAME, the rest of it. */
static bool
has_name(const struct piece *p, const char *name, struct piece *ret)
{
	size_t n = strlen(name);

	if (p->len < n || memcmp(p->at, name, n) != 0)
		return false;
	*ret = (struct piece){ p->at + n, p->len - n };
	return true;
}

static const char *
parse_tags(struct piece tags, struct ledger_row *row, unsigned int *has)
{
	struct piece tag, value;
	unsigned long long n;

	while (next_piece(&tags, ',', &tag)) {
		unsigned int bit = has_name(&tag, "ino:", &value) ? HAS_INO :
		    has_name(&tag, "ctime:", &value) ? HAS_CTIME : 0;
		bool minus = bit == HAS_CTIME && value.len > 0 &&
		    value.at[0] == '-';

		if (bit == 0)
			continue;	/* of a later version: no harm */
		if ((*has & bit) != 0)
			return "a tag twice";
		if (lines_number(value.at + minus, value.len - minus,
		                 bit == HAS_INO ? UINT64_MAX : INT64_MAX,
		                 &n) < 0)
			return "bad number in tags";
		*has |= bit;
		if (bit == HAS_INO)
			row->ino = n;
		else
			row->ctime = minus ? -(int64_t)n : (int64_t)n;
	}
	return NULL;
}

static const struct {
	const char *name;
	unsigned int bit;
} keywords[] = {
	{ "type=", HAS_TYPE },
	{ "size=", HAS_SIZE },
	{ "md5digest=", HAS_MD5 },
	{ "tags=", HAS_TAGS },
};

static const char *
parse_keyword(const struct piece *word, struct ledger_row *row,
              unsigned int *has)
{
	struct piece value = { NULL, 0 };
	unsigned long long n;
	unsigned int bit = 0;

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (has_name(word, keywords[i].name, &value))
			bit = keywords[i].bit;
	if (bit == 0)
		return "unknown keyword";
	if ((*has & bit) != 0)
		return "a keyword twice";
	*has |= bit;
	if (bit == HAS_TAGS)
		return parse_tags(value, row, has);
	if (bit == HAS_TYPE)
		return value.len == 4 && memcmp(value.at, "file", 4) == 0 ?
		    NULL : "unknown type";
	if (bit == HAS_MD5) {
		row->has_md5 = true;
		return digest_unhex(value.at, value.len, row->md5,
		                    sizeof(row->md5)) < 0 ?
		    "bad md5digest" : NULL;
	}
	if (lines_number(value.at, value.len, UINT64_MAX, &n) < 0)
		return "bad size";
	row->size = n;
	return NULL;
}

/*
 * "./PATH KEYWORD...": the path is ended by a NUL and unescaped where it
 * lies. NULL, or what is wrong.
 */
static const char *
parse_row(char *line, size_t len, struct ledger_row *row)
{
	struct piece rest, word;
	unsigned int has = 0;
	const char *wrong;
	char *blank = memchr(line, ' ', len);

	if (len < 3 || line[0] != '.' || line[1] != '/' || blank == NULL ||
	    blank == line + 2)
		return "not a path and keywords";
	rest.at = blank + 1;
	rest.len = len - (size_t)(rest.at - line);
	while (next_piece(&rest, ' ', &word)) {
		wrong = parse_keyword(&word, row, &has);
		if (wrong != NULL)
			return wrong;
	}
	if ((has & HAS_NEEDED) != HAS_NEEDED)
		return "a keyword is missing";
	*blank = '\0';
	if (strlen(line) != (size_t)(blank - line) ||
	    (memchr(line, '\\', (size_t)(blank - line)) != NULL &&
	     vis_undo(line) < 0))
		return "bad path";
	row->path = line + 1;
	return NULL;
}

static int
parse_head(struct lines *lines, const struct buf *text)
{
	const char *line;
	size_t len;

	if (text->len == 0 || text->data[text->len - 1] != '\n' ||
	    !lines_next(lines, &line, &len) || len != 6 ||
	    memcmp(line, "#mtree", 6) != 0 || !lines_next(lines, &line, &len))
		return ERR_FORMAT;
	return formatver_check(line, len, LEDGER_WORDS, LEDGER_VERSION);
}

static int
parse(struct ledger *l, const char *name, struct diag *diag)
{
	struct buf *text = &l->priv->text;
	const char *line, *wrong;
	struct lines lines;
	size_t len;
	int err;

	lines_init(&lines, text->data, text->len);
	err = parse_head(&lines, text);
	if (err < 0)
		return diag_set(diag, err, name, 1,
		                "first lines or last newline: %s",
		                err_text(err));
	while (lines_next(&lines, &line, &len)) {
		struct ledger_row row = { 0 };

		wrong = parse_row(text->data + (line - text->data), len, &row);
		if (wrong != NULL)
			return diag_set(diag, ERR_FORMAT, name, lines.number,
			                "%s", wrong);
		err = take_row(l, &row);
		if (err < 0)
			return diag_set(diag, err, name, lines.number, "%s",
			                err_text(err));
		if (!l->priv->sorted)
			return diag_set(diag, ERR_FORMAT, name, lines.number,
			                "twice or out of order");
	}
	return 0;
}

/* The file of a package; KEY comes from a database, so look at it. */
static int
file_name(const char *key, char *name, size_t size)
{
	size_t n = strlen(key);

	if (key[0] == '\0' || key[0] == '.' || strchr(key, '/') != NULL)
		return -EINVAL;
	if (n <= KEY_MAX)
		snprintf(name, size, "%s.mtree", key);
	else	/* too long for a file's name: cut, and told apart by a sum */
		snprintf(name, size, "%.*s~%08x.mtree", KEY_CUT, key,
		         (unsigned int)crc32c(0, key, n));
	return 0;
}

int
ledger_load(int ledger_dirfd, const char *key, struct ledger **ret,
            struct diag *diag)
{
	char name[256];
	struct ledger *l;
	int err = file_name(key, name, sizeof(name));

	if (err < 0)
		return diag_set(diag, err, key, 0, "no name of a ledger");
	l = ledger_new();
	if (l == NULL)
		return -ENOMEM;
	err = file_read(ledger_dirfd, name, &l->priv->text);
	if (err < 0)
		diag_set(diag, err, name, 0, "%s", err_text(err));
	else
		err = parse(l, name, diag);
	if (err < 0)
		ledger_free(l);
	else
		*ret = l;
	return err;
}

static int
format_row(struct buf *b, const struct ledger_row *row)
{
	char hex[2 * DIGEST_MAX + 1];
	int err;

	err = buf_add_char(b, '.');
	if (err == 0)
		err = vis_add(b, row->path);
	if (err == 0)
		err = buf_addf(b, " type=file size=%" PRIu64, row->size);
	if (err == 0 && row->has_md5) {
		digest_hex(row->md5, sizeof(row->md5), hex);
		err = buf_addf(b, " md5digest=%s", hex);
	}
	if (err == 0)
		err = buf_addf(b, " tags=ino:%" PRIu64 ",ctime:%" PRId64 "\n",
		               row->ino, row->ctime);
	return err;
}

int
ledger_stage(int ledger_dirfd, const char *key, const struct ledger *l,
             bool durable)
{
	char name[256];
	struct buf b;
	int err = file_name(key, name, sizeof(name));

	if (err < 0 || !l->priv->sorted)
		return -EINVAL;
	buf_init(&b, 0);
	err = buf_addf(&b, "#mtree\n%s %d\n", LEDGER_WORDS, LEDGER_VERSION);
	for (size_t i = 0; err == 0 && i < l->n_rows; i++)
		err = format_row(&b, &l->rows[i]);
	if (err == 0)
		err = file_stage(ledger_dirfd, name, b.data, b.len, 0600,
		                 durable ? FILE_DURABLE : FILE_STARTED);
	buf_free(&b);
	return err;
}

int
ledger_settle(int ledger_dirfd, const char *key)
{
	char name[256];
	int err = file_name(key, name, sizeof(name));

	return err < 0 ? err : file_settle(ledger_dirfd, name);
}

int
ledger_commit(int ledger_dirfd, const char *key)
{
	char name[256];
	int err = file_name(key, name, sizeof(name));

	return err < 0 ? err : file_commit(ledger_dirfd, name);
}

/* The staged one of a killed run as well. */
int
ledger_remove(int ledger_dirfd, const char *key)
{
	char name[256], staged[sizeof(name) + 4];
	int err = file_name(key, name, sizeof(name));

	if (err < 0)
		return err;
	snprintf(staged, sizeof(staged), "%s.new", name);
	if (unlinkat(ledger_dirfd, staged, 0) < 0 && errno != ENOENT)
		return -errno;
	if (unlinkat(ledger_dirfd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int
ledger_each(int ledger_dirfd, int (*fn)(void *ctx, const char *key), void *ctx)
{
	int fd = openat(ledger_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (d == NULL) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r >= 0 && (e = readdir(d)) != NULL) {
		char *end = strrchr(e->d_name, '.');

		if (end == NULL || end == e->d_name ||
		    strcmp(end, ".mtree") != 0 ||
		    strchr(e->d_name, '~') != NULL)
			continue;
		*end = '\0';
		r = fn(ctx, e->d_name);
	}
	closedir(d);
	return r < 0 ? r : 0;
}
