/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * A ledger's text to rows. An audit reads some hundred bytes for each file of
 * the system here, so strings stay where they are in the text: cut off by a
 * NUL, unescaped in place.
 */
#include <errno.h>
#include <string.h>

#include "base64.h"
#include "formatver.h"
#include "ledger_priv.h"
#include "lines.h"

/* What a line tells. */
enum {
	HAS_TYPE = 1 << 0, HAS_MODE = 1 << 1, HAS_UID = 1 << 2,
	HAS_GID = 1 << 3, HAS_SIZE = 1 << 4, HAS_TIME = 1 << 5,
	HAS_NLINK = 1 << 6, HAS_LINK = 1 << 7, HAS_MD5 = 1 << 8,
	HAS_SHA1 = 1 << 9, HAS_SHA256 = 1 << 10, HAS_FLAGS = 1 << 11,
	HAS_TAGS = 1 << 12, HAS_INO = 1 << 13, HAS_CTIME = 1 << 14,
	HAS_NAME = 1 << 15
};
#define NEEDED (HAS_TYPE | HAS_MODE | HAS_UID | HAS_GID | HAS_TAGS | HAS_INO)
#define NEEDED_FILE (NEEDED | HAS_SIZE | HAS_TIME | HAS_NLINK | HAS_CTIME)
#define ONLY_FILE (HAS_SIZE | HAS_TIME | HAS_NLINK | HAS_CTIME | HAS_MD5 | \
                   HAS_SHA1 | HAS_SHA256 | HAS_FLAGS)

/* In the order in which they are written, so that the next is found at once. */
static const struct {
	const char *name;
	size_t len;
	unsigned int bit;
	const char *bad;
} keywords[] = {
	{ "type=", 5, HAS_TYPE, "unknown type" },
	{ "mode=", 5, HAS_MODE, "bad mode" },
	{ "uid=", 4, HAS_UID, "bad uid" },
	{ "gid=", 4, HAS_GID, "bad gid" },
	{ "size=", 5, HAS_SIZE, "bad size" },
	{ "time=", 5, HAS_TIME, "bad time" },
	{ "nlink=", 6, HAS_NLINK, "bad nlink" },
	{ "md5digest=", 10, HAS_MD5, "bad md5digest" },
	{ "sha1digest=", 11, HAS_SHA1, "bad sha1digest" },
	{ "sha256digest=", 13, HAS_SHA256, "bad sha256digest" },
	{ "flags=", 6, HAS_FLAGS, "unknown flags" },
	{ "link=", 5, HAS_LINK, "bad link" },
	{ "tags=", 5, HAS_TAGS, "bad tags" },
};
#define N_KEYWORDS (sizeof(keywords) / sizeof(keywords[0]))

/* What is being read: a line, and what all lines share. */
struct reading {
	struct ledger *l;
	struct ledger_row *row;
	const char *name;	/* of the line; "/" of the root's */
	const char *last;	/* of the line before */
	unsigned int has;	/* of the line */
	size_t next;		/* of keywords */
	struct buf scratch;	/* a decoded name */
	int err;		/* of what is wrong; else ERR_FORMAT */
};

/* Cuts off what lies before the next `separator`, or all; false: no more. */
static bool
next_piece(struct piece *rest, char separator, struct piece *ret)
{
	char *end;

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
has_name(const struct piece *p, const char *name, size_t len,
         struct piece *ret)
{
	if (p->len < len || memcmp(p->at, name, len) != 0)
		return false;
	*ret = (struct piece){ p->at + len, p->len - len };
	return true;
}

static bool
is_word(const struct piece *p, const char *word)
{
	return p->len == strlen(word) && memcmp(p->at, word, p->len) == 0;
}

static bool
take_type(const struct piece *p, enum ledger_type *ret)
{
	for (enum ledger_type t = LEDGER_FILE; t <= LEDGER_SOCKET; t++) {
		if (!is_word(p, ledger_type_name(t)))
			continue;
		*ret = t;
		return true;
	}
	return false;
}

/* The name that dpkg has for it: of a line's strings the one with memory. */
static const char *
take_name(struct reading *r, const struct piece *p)
{
	struct buf *b = &r->scratch;

	buf_clear(b);
	if (base64_undo(p->at, p->len, b) < 0 || b->len == 0 ||
	    b->data[0] != '/' || memchr(b->data, '\0', b->len) != NULL)
		return "bad name in tags";
	r->row->path = arena_strndup(r->l->priv->arena, b->data, b->len);
	if (r->row->path != NULL)
		return NULL;
	r->err = -ENOMEM;
	return err_text(r->err);
}

/* Those words of meta.h that there are; later versions may have others. */
static bool
is_meta(const struct piece *tag)
{
	struct piece rest;

	return has_name(tag, "acl:", 4, &rest) ||
	       has_name(tag, "dacl:", 5, &rest) ||
	       has_name(tag, "cap:", 4, &rest) ||
	       has_name(tag, "meta:", 5, &rest) ||
	       has_name(tag, "xattr.", 6, &rest);
}

static const char *
parse_tag(struct reading *r, unsigned int bit, const struct piece *value)
{
	if ((r->has & bit) != 0)
		return "a tag twice";
	r->has |= bit;
	if (bit == HAS_NAME)
		return take_name(r, value);
	if (bit == HAS_INO ? !ledger_number(value, UINT64_MAX, &r->row->ino) :
	    !ledger_signed(*value, &r->row->ctime))
		return "bad number in tags";
	return NULL;
}

/* The words of meta.h are moved together, to where the first of them is. */
static const char *
parse_tags(struct reading *r, struct piece tags)
{
	struct piece tag, value;
	char *meta = NULL, *end = NULL;
	bool escaped = false;

	tags.at[tags.len] = '\0';
	if (ledger_plain(tags.at, &escaped) != tags.len || escaped)
		return "bad byte in tags";
	while (next_piece(&tags, ',', &tag)) {
		unsigned int bit =
		    has_name(&tag, "ino:", 4, &value) ? HAS_INO :
		    has_name(&tag, "ctime:", 6, &value) ? HAS_CTIME :
		    has_name(&tag, "name:", 5, &value) ? HAS_NAME : 0;
		const char *wrong;

		if (bit != 0) {
			wrong = parse_tag(r, bit, &value);
			if (wrong != NULL)
				return wrong;
		} else if (is_meta(&tag)) {
			if (meta == NULL)
				meta = end = tag.at;
			else
				*end++ = ',';
			memmove(end, tag.at, tag.len);
			end += tag.len;
		}
	}
	if (meta != NULL)
		*end = '\0';
	r->row->meta = meta;
	return NULL;
}

/* The index in `keywords`; N_KEYWORDS: none. */
static size_t
find_keyword(struct reading *r, const struct piece *word, struct piece *ret)
{
	for (size_t i = 0; i < N_KEYWORDS; i++) {
		size_t k = (r->next + i) % N_KEYWORDS;

		if (has_name(word, keywords[k].name, keywords[k].len, ret)) {
			r->next = k + 1;
			return k;
		}
	}
	return N_KEYWORDS;
}

static bool
take_value(struct ledger_row *row, unsigned int bit, const struct piece *value)
{
	switch (bit) {
	case HAS_TYPE:
		return take_type(value, &row->type);
	case HAS_MODE:
		return ledger_mode(value, &row->mode);
	case HAS_UID:
		return ledger_u32(value, UINT32_MAX - 1, &row->uid);
	case HAS_GID:
		return ledger_u32(value, UINT32_MAX - 1, &row->gid);
	case HAS_SIZE:
		return ledger_number(value, UINT64_MAX, &row->size);
	case HAS_TIME:
		return ledger_time(*value, &row->mtime);
	case HAS_NLINK:
		return ledger_u32(value, UINT32_MAX, &row->nlink);
	case HAS_LINK:
		row->link = ledger_string(value);
		return row->link != NULL;
	case HAS_MD5:
		row->has_md5 = ledger_hex(value, row->md5, sizeof(row->md5));
		return row->has_md5;
	case HAS_SHA1:
		row->has_sha1 = ledger_hex(value, row->sha1, sizeof(row->sha1));
		return row->has_sha1;
	case HAS_SHA256:
		row->has_sha256 = ledger_hex(value, row->sha256,
		                           sizeof(row->sha256));
		return row->has_sha256;
	default:
		row->flagged = is_word(value, "schg");
		return row->flagged;
	}
}

static const char *
parse_keyword(struct reading *r, const struct piece *word)
{
	struct piece value = { NULL, 0 };
	size_t k = find_keyword(r, word, &value);
	unsigned int bit;

	if (k == N_KEYWORDS)
		return "unknown keyword";
	bit = keywords[k].bit;
	if ((r->has & bit) != 0)
		return "a keyword twice";
	r->has |= bit;
	if (bit == HAS_TAGS)
		return parse_tags(r, value);
	return take_value(r->row, bit, &value) ? NULL : keywords[k].bad;
}

/* A line without tags stands only for a folder above others. */
static const char *
check_row(const struct reading *r)
{
	enum ledger_type type = r->row->type;
	unsigned int needed = type == LEDGER_FILE ? NEEDED_FILE :
	    type == LEDGER_LINK ? NEEDED | HAS_LINK : NEEDED;

	if ((r->has & HAS_TAGS) == 0 && type == LEDGER_DIR)
		needed = HAS_TYPE;
	if ((r->has & needed) != needed)
		return "a keyword or tag is missing";
	if ((type != LEDGER_FILE && (r->has & ONLY_FILE) != 0) ||
	    (type != LEDGER_LINK && (r->has & HAS_LINK) != 0))
		return "a keyword or tag of another type";
	return NULL;
}

static const char *
parse_name(struct reading *r, const struct piece *p)
{
	const char *name;

	if (is_word(p, ".")) {
		r->name = "/";
		return NULL;
	}
	name = ledger_string(p);
	if (name == NULL || name[0] != '.' || !ledger_clean(name + 1))
		return "bad name";
	r->name = name + 1;
	return NULL;
}

/* Which of the two names is path, and that each line comes after the last. */
static const char *
place_row(struct reading *r)
{
	struct ledger_row *row = r->row;
	bool root = strcmp(r->name, "/") == 0;

	if (root && (r->has & HAS_TAGS) != 0)
		return "tags of the root folder";
	if ((r->has & HAS_NAME) == 0)
		row->path = r->name;
	else if (strcmp(row->path, r->name) == 0)
		return "bad name in tags";
	else
		row->real = r->name;
	if (r->last != NULL && ledger_by_name(r->last, r->name) >= 0)
		return "twice or out of order";
	r->last = r->name;
	return NULL;
}

/* "NAME KEYWORD...". NULL, or what is wrong. */
static const char *
parse_row(struct reading *r, struct piece line, struct ledger_row *row)
{
	struct piece word;
	const char *wrong;

	r->row = row;
	r->has = 0;
	r->next = 0;
	if (!next_piece(&line, ' ', &word) || line.at == NULL)
		return "not a name and keywords";
	wrong = parse_name(r, &word);
	while (wrong == NULL && next_piece(&line, ' ', &word))
		wrong = parse_keyword(r, &word);
	if (wrong == NULL)
		wrong = check_row(r);
	return wrong != NULL ? wrong : place_row(r);
}

static const char *
parse_package(struct ledger *l, struct piece value)
{
	struct piece key, version = { NULL, 0 };

	if (l->key != NULL)
		return "two packages";
	if (!next_piece(&value, ' ', &key))
		return "no package";
	version = value;
	l->key = ledger_string(&key);
	if (version.at != NULL)
		l->version = ledger_string(&version);
	return l->key == NULL || (version.at != NULL && l->version == NULL) ?
	    "bad package or version" : NULL;
}

static const char *
parse_head(struct ledger *l, const struct piece *line)
{
	struct piece value;
	unsigned char *sum;
	bool *has;

	if (has_name(line, "# package ", 10, &value))
		return parse_package(l, value);
	if (has_name(line, "# list ", 7, &value)) {
		sum = l->list;
		has = &l->has_list;
	} else if (has_name(line, "# md5sums ", 10, &value)) {
		sum = l->md5sums;
		has = &l->has_md5sums;
	} else {
		return "unknown line of the head";
	}
	if (*has)
		return "a sum twice";
	*has = ledger_hex(&value, sum, sizeof(l->list));
	return *has ? NULL : "bad sum";
}

static unsigned long
line_of(const struct buf *text, const char *at)
{
	unsigned long n = 1;

	for (const char *p = text->data; p < at; p++)
		n += *p == '\n';
	return n;
}

/* What can be said of the text as a whole, and its first two lines. */
static int
parse_start(const struct buf *text, struct lines *lines, const char *name,
            struct diag *diag)
{
	const char *line, *nul;
	size_t len;
	int err;

	if (text->len == 0)
		return diag_set(diag, ERR_FORMAT, name, 1, "empty");
	nul = memchr(text->data, '\0', text->len);
	if (nul != NULL)
		return diag_set(diag, ERR_FORMAT, name, line_of(text, nul),
		                "a NUL byte");
	if (text->data[text->len - 1] != '\n')
		return diag_set(diag, ERR_FORMAT, name,
		                line_of(text, text->data + text->len),
		                "no newline at the end: cut off");
	lines_init(lines, text->data, text->len);
	if (!lines_next(lines, &line, &len) ||
	    len != strlen(LEDGER_MAGIC) || memcmp(line, LEDGER_MAGIC, len) != 0)
		return diag_set(diag, ERR_FORMAT, name, 1, "not %s",
		                LEDGER_MAGIC);
	if (!lines_next(lines, &line, &len))
		return diag_set(diag, ERR_FORMAT, name, 2, "not %s",
		                LEDGER_WORDS);
	err = formatver_check(line, len, LEDGER_WORDS, LEDGER_VERSION);
	if (err < 0)
		return diag_set(diag, err, name, 2, "%s", err_text(err));
	return 0;
}

static int
parse_lines(struct reading *r, struct lines *lines, const char *name,
            struct diag *diag)
{
	struct buf *text = &r->l->priv->text;
	const char *line, *wrong;
	size_t len;
	int err = 0;

	while (err == 0 && lines_next(lines, &line, &len)) {
		struct ledger_row row = { .path = NULL };
		struct piece p = { text->data + (line - text->data), len };

		if (len > 0 && line[0] == '#' && r->last == NULL)
			wrong = parse_head(r->l, &p);
		else
			wrong = parse_row(r, p, &row);
		if (wrong != NULL)
			return diag_set(diag, r->err, name, lines->number,
			                "%s", wrong);
		if (r->last != NULL && (r->has & HAS_TAGS) != 0)
			err = ledger_take(r->l, &row);
	}
	return err < 0 ? diag_set(diag, err, name, lines->number, "%s",
	                          err_text(err)) : 0;
}

int
ledger_parse(struct ledger *l, const char *name, struct diag *diag)
{
	struct reading r = { .l = l, .err = ERR_FORMAT };
	struct lines lines;
	int err = parse_start(&l->priv->text, &lines, name, diag);

	if (err < 0)
		return err;
	buf_init(&r.scratch, 0);
	err = parse_lines(&r, &lines, name, diag);
	buf_free(&r.scratch);
	return err;
}
