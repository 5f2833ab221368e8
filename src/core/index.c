/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "buf.h"
#include "file.h"
#include "formatver.h"
#include "index.h"
#include "lines.h"
#include "vis.h"

#define INDEX_NAME	"index"
#define INDEX_WORDS	"dpkg-immutable index"
#define INDEX_VERSION	1
#define INDEX_MAX_ROWS	1000000
#define ID_DIGITS	16

struct index_priv {
	struct arena *arena;	/* the rows' strings */
	size_t cap;		/* of index.rows */
	bool sorted;		/* strictly, so that bsearch may be used */
};

/* The columns of a row. */
enum column { COL_NAME, COL_ARCH, COL_VERSION, COL_STATE, COL_REINSTREQ,
              COL_LIST_INO, COL_LIST_SIZE, COL_LIST_MTIME, COL_OFF,
              COL_SET_FROM, COL_SET_TO, COL_BYTES, COL_RUN, COLUMNS };

struct index *
index_new(void)
{
	struct index *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->priv = calloc(1, sizeof(*x->priv));
	if (x->priv != NULL)
		x->priv->arena = arena_new();
	if (x->priv == NULL || x->priv->arena == NULL) {
		index_free(x);
		return NULL;
	}
	x->priv->sorted = true;
	return x;
}

void
index_free(struct index *x)
{
	if (x == NULL)
		return;
	if (x->priv != NULL)
		arena_free(x->priv->arena);
	free(x->priv);
	free(x->rows);
	free(x);
}

static int
compare_key(const struct index_row *row, const char *name, const char *arch)
{
	int order = strcmp(row->name, name);

	return order != 0 ? order : strcmp(row->arch, arch);
}

static int
grow(struct index *x)
{
	size_t cap = x->priv->cap == 0 ? 256 : x->priv->cap * 2;
	struct index_row *rows;

	if (x->n_rows >= INDEX_MAX_ROWS)
		return ERR_LIMIT;
	if (x->n_rows < x->priv->cap)
		return 0;
	rows = realloc(x->rows, cap * sizeof(*rows));
	if (rows == NULL)
		return -ENOMEM;
	x->rows = rows;
	x->priv->cap = cap;
	return 0;
}

int
index_add(struct index *x, const struct index_row *row)
{
	struct index_row copy = *row;
	int err = grow(x);

	if (err < 0)
		return err;
	copy.name = arena_strdup(x->priv->arena, row->name);
	copy.arch = arena_strdup(x->priv->arena, row->arch);
	copy.version = arena_strdup(x->priv->arena, row->version);
	if (copy.name == NULL || copy.arch == NULL || copy.version == NULL)
		return -ENOMEM;
	if (x->n_rows > 0 && compare_key(&x->rows[x->n_rows - 1], copy.name,
	                                 copy.arch) >= 0)
		x->priv->sorted = false;
	x->rows[x->n_rows++] = copy;
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	const struct index_row *x = a, *y = b;

	return compare_key(x, y->name, y->arch);
}

/* Of rows with one key, which describe one thing, one stays. */
void
index_seal(struct index *x)
{
	size_t n = 0;

	if (x->priv->sorted)
		return;
	qsort(x->rows, x->n_rows, sizeof(x->rows[0]), by_key);
	for (size_t i = 0; i < x->n_rows; i++) {
		if (n > 0 && by_key(&x->rows[n - 1], &x->rows[i]) == 0)
			n--;
		x->rows[n++] = x->rows[i];
	}
	x->n_rows = n;
	x->priv->sorted = true;
}

struct index_row *
index_find(const struct index *x, const char *name, const char *arch)
{
	struct index_row key = { .name = name, .arch = arch };

	if (x->priv->sorted)
		return x->n_rows == 0 ? NULL :
		    bsearch(&key, x->rows, x->n_rows, sizeof(key), by_key);
	for (size_t i = x->n_rows; i > 0; i--)
		if (by_key(&key, &x->rows[i - 1]) == 0)
			return &x->rows[i - 1];
	return NULL;
}

bool
index_row_is(const struct index_row *row, const char *key)
{
	size_t n = strlen(row->name);

	return strncmp(key, row->name, n) == 0 && (key[n] == '\0' ||
	       (key[n] == ':' && strcmp(key + n + 1, row->arch) == 0));
}

bool
index_row_current(const struct index_row *row, const struct package *p)
{
	return p->list_known && row->state == p->state &&
	    row->reinstreq == p->reinstreq &&
	    row->list_ino == p->list_ino && row->list_size == p->list_size &&
	    row->list_mtime == p->list_mtime &&
	    strcmp(row->version, p->version) == 0;
}

static bool
same_state(const struct package *a, enum pkg_state state, bool reinstreq,
           const char *version)
{
	return a->state == state && a->reinstreq == reinstreq &&
	    strcmp(a->version, version) == 0;
}

bool
index_missed(const struct index_row *row, const struct package *was,
             const struct package *now, bool opened)
{
	if (row == NULL)
		return was != NULL && was->state > PKG_CONFIG_FILES;
	if (was == NULL ||
	    !same_state(was, row->state, row->reinstreq, row->version))
		return true;
	return !opened && !index_row_current(row, now) &&
	    same_state(now, was->state, was->reinstreq, was->version);
}

bool
index_diversions_current(const struct index *x, int admindir_fd)
{
	struct stat st;

	if (fstatat(admindir_fd, "diversions", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return x->diversions_ino == 0;
	return x->diversions_ino == st.st_ino &&
	    x->diversions_size == (uint64_t)st.st_size &&
	    x->diversions_mtime == (int64_t)st.st_mtim.tv_sec * 1000000000 +
	    st.st_mtim.tv_nsec;
}

static int
parse_unsigned(const char *s, uint64_t *ret)
{
	unsigned long long n;

	if (lines_number(s, strlen(s), UINT64_MAX, &n) < 0)
		return ERR_FORMAT;
	*ret = n;
	return 0;
}

/* Times may lie before 1970. */
static int
parse_time(const char *s, int64_t *ret)
{
	bool minus = s[0] == '-';
	unsigned long long n;

	s += minus;
	if (lines_number(s, strlen(s), INT64_MAX, &n) < 0)
		return ERR_FORMAT;
	*ret = minus ? -(int64_t)n : (int64_t)n;
	return 0;
}

/* As history and log spell it. */
static int
parse_id(const char *s, uint64_t *ret)
{
	if (strlen(s) != ID_DIGITS || strspn(s, "0123456789abcdef") !=
	    ID_DIGITS)
		return ERR_FORMAT;
	*ret = strtoull(s, NULL, 16);
	return 0;
}

static int
parse_state(const char *s, enum pkg_state *ret)
{
	for (enum pkg_state i = PKG_NOT_INSTALLED; i <= PKG_INSTALLED; i++) {
		if (strcmp(s, pkg_state_name(i)) != 0)
			continue;
		*ret = i;
		return 0;
	}
	return ERR_FORMAT;
}

static int
parse_word(const char *s, const char *no, const char *yes, bool *ret)
{
	bool value = strcmp(s, yes) == 0;

	if (!value && strcmp(s, no) != 0)
		return ERR_FORMAT;
	*ret = value;
	return 0;
}

/*
 * Cuts a line (NUL behind it) at each `separator` into exactly n fields.
 * ERR_FORMAT if there are fewer or more.
 */
static int
cut(char *line, char separator, char **fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *end = strchr(line, separator);

		fields[i] = line;
		if ((end == NULL) != (i + 1 == n))
			return ERR_FORMAT;
		if (end != NULL) {
			*end = '\0';
			line = end + 1;
		}
	}
	return 0;
}

/* NULL, or what is wrong with the row. */
static const char *
parse_row(char *line, struct index_row *row)
{
	char *f[COLUMNS];

	if (cut(line, '\t', f, COLUMNS) < 0)
		return "not the right number of fields";
	if (vis_undo(f[COL_NAME]) < 0 || vis_undo(f[COL_ARCH]) < 0 ||
	    vis_undo(f[COL_VERSION]) < 0 || f[COL_NAME][0] == '\0')
		return "bad name, architecture or version";
	row->name = f[COL_NAME];
	row->arch = f[COL_ARCH];
	row->version = f[COL_VERSION];
	if (parse_state(f[COL_STATE], &row->state) < 0)
		return "unknown state";
	if (parse_word(f[COL_REINSTREQ], "ok", "reinstreq",
	               &row->reinstreq) < 0)
		return "neither ok nor reinstreq";
	if (parse_word(f[COL_OFF], "on", "off", &row->off) < 0)
		return "neither on nor off";
	if (parse_unsigned(f[COL_LIST_INO], &row->list_ino) < 0 ||
	    parse_unsigned(f[COL_LIST_SIZE], &row->list_size) < 0 ||
	    parse_time(f[COL_LIST_MTIME], &row->list_mtime) < 0 ||
	    parse_time(f[COL_SET_FROM], &row->set_from) < 0 ||
	    parse_time(f[COL_SET_TO], &row->set_to) < 0 ||
	    parse_unsigned(f[COL_BYTES], &row->bytes) < 0)
		return "bad number";
	if (parse_id(f[COL_RUN], &row->run) < 0)
		return "bad id of a run";
	return NULL;
}

static const char *
parse_diversions(struct index *x, char *line)
{
	char *f[4];

	if (cut(line, ' ', f, 4) < 0 || strcmp(f[0], "diversions") != 0 ||
	    parse_unsigned(f[1], &x->diversions_ino) < 0 ||
	    parse_unsigned(f[2], &x->diversions_size) < 0 ||
	    parse_time(f[3], &x->diversions_mtime) < 0)
		return "no line of diversions";
	return NULL;
}

/* line is ended by a NUL of ours. */
static int
parse_line(struct index *x, char *line, size_t len, unsigned long number,
           struct diag *diag)
{
	struct index_row row = { 0 };
	const char *wrong;
	size_t before = x->n_rows;
	int err;

	if (strlen(line) != len)
		return diag_set(diag, ERR_FORMAT, INDEX_NAME, number, "NUL");
	wrong = number == 2 ? parse_diversions(x, line) :
	    parse_row(line, &row);
	if (wrong != NULL)
		return diag_set(diag, ERR_FORMAT, INDEX_NAME, number, "%s",
		                wrong);
	if (number == 2)
		return 0;
	err = index_add(x, &row);
	if (err < 0)
		return diag_set(diag, err, INDEX_NAME, number, "%s",
		                err_text(err));
	if (before > 0 && by_key(&x->rows[before - 1], &x->rows[before]) >= 0)
		return diag_set(diag, ERR_FORMAT, INDEX_NAME, number,
		                "twice or out of order");
	return 0;
}

static int
parse(struct index *x, struct buf *text, struct diag *diag)
{
	struct lines lines;
	const char *line;
	size_t len;
	int err = ERR_FORMAT;

	lines_init(&lines, text->data, text->len);
	if (text->len > 0 && text->data[text->len - 1] == '\n' &&
	    lines_next(&lines, &line, &len))
		err = formatver_check(line, len, INDEX_WORDS, INDEX_VERSION);
	if (err < 0)
		return diag_set(diag, err, INDEX_NAME, 1,
		                "first line or last newline: %s",
		                err_text(err));
	while (err == 0 && lines_next(&lines, &line, &len)) {
		char *own = text->data + (line - text->data);

		own[len] = '\0';	/* was a newline */
		err = parse_line(x, own, len, lines.number, diag);
	}
	if (err == 0 && lines.number < 2)
		err = diag_set(diag, ERR_FORMAT, INDEX_NAME, 0,
		               "no line of diversions");
	return err;
}

int
index_load(int ledger_dirfd, struct index **ret, struct diag *diag)
{
	struct index *x = index_new();
	struct buf text;
	int err;

	buf_init(&text, 0);
	if (x == NULL)
		return -ENOMEM;
	err = file_read(ledger_dirfd, INDEX_NAME, &text);
	if (err == -ENOENT)
		err = 0;
	else if (err < 0)
		diag_set(diag, err, INDEX_NAME, 0, "%s", err_text(err));
	else
		err = parse(x, &text, diag);
	buf_free(&text);
	if (err < 0)
		index_free(x);
	else
		*ret = x;
	return err;
}

static int
format_row(struct buf *b, const struct index_row *row)
{
	const char *texts[] = { row->name, row->arch, row->version };
	int err = 0;

	for (size_t i = 0; err == 0 && i < 3; i++) {
		err = vis_add(b, texts[i]);
		if (err == 0)
			err = buf_add_char(b, '\t');
	}
	if (err < 0)
		return err;
	return buf_addf(b, "%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRId64
	                "\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu64
	                "\t%016" PRIx64 "\n",
	                pkg_state_name(row->state),
	                row->reinstreq ? "reinstreq" : "ok", row->list_ino,
	                row->list_size, row->list_mtime,
	                row->off ? "off" : "on", row->set_from, row->set_to,
	                row->bytes, row->run);
}

int
index_store(int ledger_dirfd, const struct index *x)
{
	struct buf b;
	int err;

	if (!x->priv->sorted)
		return -EINVAL;
	buf_init(&b, 0);
	err = buf_addf(&b, "%s %d\ndiversions %" PRIu64 " %" PRIu64 " %" PRId64
	               "\n", INDEX_WORDS, INDEX_VERSION, x->diversions_ino,
	               x->diversions_size, x->diversions_mtime);
	for (size_t i = 0; err == 0 && i < x->n_rows; i++)
		err = format_row(&b, &x->rows[i]);
	if (err == 0)
		err = file_replace(ledger_dirfd, INDEX_NAME, b.data, b.len,
		                   0600, FILE_DURABLE);
	buf_free(&b);
	return err;
}
