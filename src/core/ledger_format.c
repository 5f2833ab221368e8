/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "digest.h"
#include "ledger_priv.h"
#include "vis.h"

#define NS 1000000000

const char *
ledger_type_name(enum ledger_type t)
{
	switch (t) {
	case LEDGER_FILE:
		return "file";
	case LEDGER_DIR:
		return "dir";
	case LEDGER_LINK:
		return "link";
	case LEDGER_CHAR:
		return "char";
	case LEDGER_BLOCK:
		return "block";
	case LEDGER_FIFO:
		return "fifo";
	case LEDGER_SOCKET:
		return "socket";
	}
	return "none";
}

const char *
ledger_real(const struct ledger_row *row)
{
	return row->real != NULL ? row->real : row->path;
}

/* The end of a name is lowest, then '/', then the bytes as they are. */
static unsigned int
rank(char c)
{
	unsigned int byte = (unsigned char)c;

	return c == '\0' ? 0 : c == '/' ? 1 : byte + 1;
}

int
ledger_by_name(const char *a, const char *b)
{
	while (*a == *b && *a != '\0') {
		a++;
		b++;
	}
	return (int)rank(*a) - (int)rank(*b);
}

/* Merges halves; those that are in order already cost one comparison. */
void
ledger_sort(const struct ledger_row **rows, const struct ledger_row **spare,
            size_t n, ledger_compare *compare)
{
	size_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	ledger_sort(rows, spare, half, compare);
	ledger_sort(rows + half, spare, n - half, compare);
	if (compare(rows[half - 1], rows[half]) <= 0)
		return;
	memcpy(spare, rows, half * sizeof(*rows));
	while (i < half && j < n)
		rows[k++] = compare(spare[i], rows[j]) <= 0 ? spare[i++] :
		    rows[j++];
	while (i < half)
		rows[k++] = spare[i++];
}

/*
 * The keywords of one line. printf would take longer than all the rest of a
 * run's closing, so they are put together by hand. `text` holds the longest.
 */
struct words {
	char text[512];
	size_t len;
};

static void
put(struct words *w, const char *s)
{
	size_t n = strlen(s);

	memcpy(w->text + w->len, s, n);
	w->len += n;
}

/* At least `width` digits. */
static void
put_number(struct words *w, const char *name, uint64_t v, unsigned int base,
           int width)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	while (v > 0 || width > 0) {
		digits[--at] = (char)('0' + v % base);
		v /= base;
		width--;
	}
	put(w, name);
	put(w, digits + at);
}

static void
put_hex(struct words *w, const char *name, const unsigned char *bytes, size_t n)
{
	put(w, name);
	digest_hex(bytes, n, w->text + w->len);
	w->len += 2 * n;
}

/* As stat has them: the part behind the point counts forwards always. */
static void
put_time(struct words *w, int64_t ns)
{
	int64_t seconds = ns / NS, rest = ns % NS;

	if (rest < 0) {
		seconds--;
		rest += NS;
	}
	put_number(w, seconds < 0 ? " time=-" : " time=",
	           (uint64_t)(seconds < 0 ? -seconds : seconds), 10, 1);
	put_number(w, ".", (uint64_t)rest, 10, 9);
}

static void
put_file(struct words *w, const struct ledger_row *row)
{
	put_number(w, " size=", row->size, 10, 1);
	put_time(w, row->mtime);
	put_number(w, " nlink=", row->nlink, 10, 1);
	if (row->has_md5)
		put_hex(w, " md5digest=", row->md5, sizeof(row->md5));
	if (row->has_sha1)
		put_hex(w, " sha1digest=", row->sha1, sizeof(row->sha1));
	if (row->has_sha256)
		put_hex(w, " sha256digest=", row->sha256,
		        sizeof(row->sha256));
	if (row->flagged)
		put(w, " flags=schg");
}

static void
put_tags(struct words *w, const struct ledger_row *row)
{
	uint64_t ctime = (uint64_t)row->ctime;

	put_number(w, " tags=ino:", row->ino, 10, 1);
	if (row->type == LEDGER_FILE)
		put_number(w, row->ctime < 0 ? ",ctime:-" : ",ctime:",
		           row->ctime < 0 ? 0 - ctime : ctime, 10, 1);
}

/* What could not be read back is not written. */
static bool
is_sound(const struct ledger_row *row)
{
	bool escaped = false;

	if (row->type == LEDGER_LINK && row->link == NULL)
		return false;
	if (row->meta != NULL &&
	    (row->meta[ledger_plain(row->meta, &escaped)] != '\0' || escaped))
		return false;
	return row->mode <= 07777 && row->uid != UINT32_MAX &&
	       row->gid != UINT32_MAX;
}

static int
add_words(struct buf *b, struct words *w)
{
	int err = buf_add(b, w->text, w->len);

	w->len = 0;
	return err;
}

/* A row's line from behind its name on. */
static int
add_keywords(struct buf *b, const struct ledger_row *row)
{
	struct words w = { .len = 0 };
	int err;

	if (!is_sound(row))
		return -EINVAL;
	put(&w, " type=");
	put(&w, ledger_type_name(row->type));
	put_number(&w, " mode=", row->mode, 8, 4);
	put_number(&w, " uid=", row->uid, 10, 1);
	put_number(&w, " gid=", row->gid, 10, 1);
	if (row->type == LEDGER_FILE)
		put_file(&w, row);
	err = add_words(b, &w);
	if (err == 0 && row->type == LEDGER_LINK) {
		err = buf_add_str(b, " link=");
		if (err == 0)
			err = vis_add(b, row->link);
	}
	put_tags(&w, row);
	if (err == 0)
		err = add_words(b, &w);
	if (err == 0 && strcmp(ledger_real(row), row->path) != 0) {
		err = buf_add_str(b, ",name:");
		if (err == 0)
			err = base64_add(b, row->path, strlen(row->path));
	}
	if (err == 0 && row->meta != NULL && row->meta[0] != '\0') {
		err = buf_add_char(b, ',');
		if (err == 0)
			err = buf_add_str(b, row->meta);
	}
	return err < 0 ? err : buf_add_char(b, '\n');
}

/*
 * Lines for the folders above `now` that have none: a folder that is, or is
 * above, the name of the last line has one. Names are escaped already. Where
 * they part, a '/' of `now` stands against the end of `last`: in this order
 * nothing else can come before it.
 */
static int
add_folders(struct buf *b, const char *last, const char *now)
{
	size_t same = 0;
	int err = 0;

	while (now[same] != '\0' && now[same] == last[same])
		same++;
	for (size_t i = 1; err == 0 && now[i] != '\0'; i++) {
		if (now[i] != '/' || i <= same)
			continue;
		err = buf_add_char(b, '.');
		if (err == 0)
			err = buf_add(b, now, i);
		if (err == 0)
			err = buf_add_str(b, " type=dir\n");
	}
	return err;
}

static int
add_row(struct buf *b, const char *last, const struct ledger_row *row,
        struct buf *ret_name)
{
	int err;

	buf_clear(ret_name);
	err = vis_add(ret_name, ledger_real(row));
	if (err == 0)
		err = add_folders(b, last, ret_name->data);
	if (err == 0)
		err = buf_add_char(b, '.');
	if (err == 0)
		err = buf_add(b, ret_name->data, ret_name->len);
	return err < 0 ? err : add_keywords(b, row);
}

/* Rows in the order of lines; of those with one name the first. */
static int
add_rows(struct buf *b, const struct ledger_row *const *rows, size_t n)
{
	struct buf names[2];
	const char *last = "";
	int err, turn = 0;

	buf_init(&names[0], 0);
	buf_init(&names[1], 0);
	err = buf_add_str(b, ". type=dir\n");
	for (size_t i = 0; err == 0 && i < n; i++) {
		if (i > 0 && strcmp(ledger_real(rows[i - 1]),
		                    ledger_real(rows[i])) == 0)
			continue;
		err = add_row(b, last, rows[i], &names[turn]);
		last = names[turn].data;
		turn = !turn;
	}
	buf_free(&names[0]);
	buf_free(&names[1]);
	return err;
}

static int
by_real(const struct ledger_row *a, const struct ledger_row *b)
{
	return ledger_by_name(ledger_real(a), ledger_real(b));
}

static int
add_sorted(struct buf *b, const struct ledger *const *ledgers, size_t n)
{
	const struct ledger_row **rows;
	size_t total = 0, k = 0;
	int err;

	for (size_t i = 0; i < n; i++)
		total += ledgers[i]->n_rows;
	rows = malloc((total + total / 2 + 1) * sizeof(*rows));
	if (rows == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < ledgers[i]->n_rows; j++)
			rows[k++] = &ledgers[i]->rows[j];
	ledger_sort(rows, rows + total, total, by_real);
	err = add_rows(b, rows, total);
	free(rows);
	return err;
}

static int
add_sum(struct buf *b, const char *name, const unsigned char *sum)
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(sum, 32, hex);
	return buf_addf(b, "# %s %s\n", name, hex);
}

static int
add_head(struct buf *b, const struct ledger *l)
{
	int err = 0;

	if (l->key != NULL) {
		err = buf_add_str(b, "# package ");
		if (err == 0)
			err = vis_add(b, l->key);
		if (err == 0 && l->version != NULL) {
			err = buf_add_char(b, ' ');
			if (err == 0)
				err = vis_add(b, l->version);
		}
		if (err == 0)
			err = buf_add_char(b, '\n');
	}
	if (err == 0 && l->has_list)
		err = add_sum(b, "list", l->list);
	if (err == 0 && l->has_md5sums)
		err = add_sum(b, "md5sums", l->md5sums);
	return err;
}

int
ledger_format(const struct ledger *const *ledgers, size_t n, struct buf *out)
{
	size_t old = out->len;
	int err;

	for (size_t i = 0; i < n; i++)
		if (!ledgers[i]->priv->sorted)
			return -EINVAL;
	err = buf_addf(out, LEDGER_MAGIC "\n" LEDGER_WORDS " %d\n",
	               LEDGER_VERSION);
	if (err == 0 && n == 1)
		err = add_head(out, ledgers[0]);
	if (err == 0)
		err = add_sorted(out, ledgers, n);
	if (err < 0 && out->data != NULL) {
		out->len = old;
		out->data[old] = '\0';
	}
	return err;
}
