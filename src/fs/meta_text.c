/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <acl/libacl.h>
#include <errno.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/acl.h>

#include "base64.h"
#include "capability.h"
#include "err.h"
#include "meta.h"
#include "meta_priv.h"
#include "vis.h"

enum {
	TOLD_MAX = 80,			/* bytes of a value, for people */
	NAME_BOUND = 255,		/* XATTR_NAME_MAX */
	ACL_HEADER = 4,
	ACL_ENTRY = 8
};

/* One attribute: "KEY:VALUE", cut out of a copy of the list. */
struct word {
	const char *text;
	size_t key_len;
};

struct words {
	char *copy;
	struct word *at;
	size_t n;
};

static void
words_free(struct words *w)
{
	free(w->copy);
	free(w->at);
}

static int
compare_keys(const struct word *a, const struct word *b)
{
	size_t less = a->key_len < b->key_len ? a->key_len : b->key_len;
	int order = memcmp(a->text, b->text, less);

	if (order != 0)
		return order;
	return (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static int
compare_words(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int order = compare_keys(x, y);

	return order ? order : strcmp(x->text, y->text);
}

/* Sorted, since a list from a ledger may be in any order. */
static int
words_split(const char *list, struct words *ret)
{
	struct words w = { NULL, NULL, 0 };
	size_t bound = 1;
	char *at, *next;

	for (const char *s = list; *s; s++)
		bound += *s == ',';
	w.copy = strdup(list);
	w.at = calloc(bound, sizeof(*w.at));
	if (!w.copy || !w.at) {
		words_free(&w);
		return -ENOMEM;
	}
	for (at = w.copy; at; at = next) {
		next = strchr(at, ',');
		if (next)
			*next++ = '\0';
		if (*at)
			w.at[w.n++] = (struct word){ at, strcspn(at, ":") };
	}
	qsort(w.at, w.n, sizeof(*w.at), compare_words);
	*ret = w;
	return 0;
}

static uint32_t
little_u32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 |
	       (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Adds a raw entry: tag and permissions of two bytes each, id of four. */
static int
add_entry(acl_t *acl, const unsigned char *at)
{
	acl_tag_t tag = (acl_tag_t)(at[0] | at[1] << 8);
	unsigned int perm = (unsigned int)(at[2] | at[3] << 8);
	id_t id = little_u32(at + 4);
	acl_permset_t permset;
	acl_entry_t entry;

	/* Not left to libacl: what it does not print must not pass. */
	if (perm & ~7u)
		return ERR_FORMAT;
	errno = 0;
	if (acl_create_entry(acl, &entry) < 0 ||
	    acl_set_tag_type(entry, tag) < 0 ||
	    acl_get_permset(entry, &permset) < 0 ||
	    acl_clear_perms(permset) < 0 ||
	    (perm && acl_add_perm(permset, perm) < 0) ||
	    ((tag == ACL_USER || tag == ACL_GROUP) &&
	     acl_set_qualifier(entry, &id) < 0))
		return errno == ENOMEM ? -ENOMEM : ERR_FORMAT;
	return 0;
}

static int
add_acl(struct buf *out, const unsigned char *value, size_t n,
        const char *prefix)
{
	const unsigned char *end = value + n, *at;
	char *text = NULL;
	acl_t acl;
	int err = 0;

	if (n < ACL_HEADER + ACL_ENTRY || (n - ACL_HEADER) % ACL_ENTRY != 0 ||
	    little_u32(value) != POSIX_ACL_XATTR_VERSION)
		return ERR_FORMAT;
	acl = acl_init((int)((n - ACL_HEADER) / ACL_ENTRY));
	if (!acl)
		return -ENOMEM;
	for (at = value + ACL_HEADER; at < end && err == 0; at += ACL_ENTRY)
		err = add_entry(&acl, at);
	if (err == 0) {
		text = acl_to_any_text(acl, prefix, ',', TEXT_NUMERIC_IDS);
		err = text ? buf_add_str(out, text) : -ENOMEM;
	}
	acl_free(text);
	acl_free(acl);
	return err;
}

/* vis escapes for bytes among which there may be a NUL. */
static int
add_escaped(struct buf *out, const char *data, size_t n)
{
	const char *end = data + n;
	int err = 0;

	/* data has a NUL behind it, as all of a struct buf has. */
	for (;;) {
		err = vis_add(out, data);
		data += strlen(data);
		if (err < 0 || data >= end)
			return err;
		err = buf_add_str(out, "\\000");
		if (err < 0)
			return err;
		data++;
	}
}

/* Decodes a value that is in the word whole; a digest of one is no value. */
static int
decode_value(const char *text, size_t bound, struct buf *ret)
{
	size_t n = strlen(text);
	int err;

	if (n > (bound + 2) / 3 * 4)
		return ERR_FORMAT;
	/* Memory first, so that even an empty value has its NUL. */
	buf_init(ret, (bound + 2) / 3 * 3);
	err = buf_reserve(ret, bound);
	if (err == 0) {
		ret->data[0] = '\0';
		err = base64_undo(text, n, ret);
	}
	if (err == ERR_LIMIT || (err == 0 && ret->len > bound))
		err = ERR_FORMAT;
	if (err < 0)
		buf_free(ret);
	return err;
}

static int
add_name(struct buf *out, const struct word *word)
{
	char text[(NAME_BOUND + 2) / 3 * 4 + 1];
	size_t n = word->key_len - strlen("xattr.");
	struct buf name;
	int err;

	if (n >= sizeof(text))
		return ERR_FORMAT;
	memcpy(text, word->text + strlen("xattr."), n);
	text[n] = '\0';
	err = decode_value(text, NAME_BOUND, &name);
	if (err < 0)
		return err;
	if (name.len == 0 || strlen(name.data) != name.len)
		err = ERR_FORMAT;
	else
		err = vis_add(out, name.data);
	buf_free(&name);
	return err;
}

static int
add_attribute(struct buf *out, const struct word *word, const char *value)
{
	struct buf bytes;
	bool cut;
	int err;

	err = add_name(out, word);
	if (err == 0)
		err = buf_add_char(out, '=');
	if (err < 0)
		return err;
	if (*value == '~')
		return vis_add(out, value);
	err = decode_value(value, META_VALUE_MAX, &bytes);
	if (err < 0)
		return err;
	cut = bytes.len > TOLD_MAX;
	if (cut) {
		bytes.len = TOLD_MAX;
		bytes.data[bytes.len] = '\0';
	}
	err = add_escaped(out, bytes.data, bytes.len);
	if (err == 0 && cut)
		err = buf_add_str(out, "...");
	buf_free(&bytes);
	return err;
}

static bool
key_is(const struct word *word, const char *key)
{
	return word->key_len == strlen(key) &&
	       memcmp(word->text, key, word->key_len) == 0;
}

static bool
is_xattr(const struct word *word)
{
	return strncmp(word->text, "xattr.", strlen("xattr.")) == 0 &&
	       word->key_len > strlen("xattr.");
}

static enum meta_kind
kind_of(const struct word *word)
{
	if (key_is(word, "acl") || key_is(word, "dacl"))
		return META_ACL;
	return key_is(word, "cap") ? META_CAPABILITY : META_XATTR;
}

/* ERR_FORMAT, with anything in out, where the word is no good one. */
static int
explain(struct buf *out, const struct word *word)
{
	const char *value = word->text + word->key_len;
	enum meta_kind kind = kind_of(word);
	const unsigned char *data;
	struct buf bytes;
	int err;

	if (*value++ != ':')
		return ERR_FORMAT;
	if (kind == META_XATTR)
		return is_xattr(word) ? add_attribute(out, word, value) :
		       ERR_FORMAT;
	err = decode_value(value, META_VALUE_MAX, &bytes);
	if (err < 0)
		return err;
	data = (const unsigned char *)bytes.data;
	if (kind == META_CAPABILITY)
		err = capability_text(data, bytes.len, out);
	else
		err = add_acl(out, data, bytes.len,
		              key_is(word, "dacl") ? "default:" : NULL);
	buf_free(&bytes);
	return err;
}

/* As it stands; escaped, as a ledger could hold a terminal's sequences. */
static int
tell_plainly(struct buf *out, const char *text)
{
	int err;

	buf_clear(out);
	err = vis_add(out, text && *text ? text : "none");
	return err == ERR_LIMIT ? -ENOMEM : err;
}

static int
tell_word(struct buf *out, const struct word *word)
{
	int err;

	if (!word)
		return tell_plainly(out, NULL);
	err = explain(out, word);
	if (err == ERR_FORMAT || (err == 0 && out->len == 0))
		return tell_plainly(out, word->text);
	return err == ERR_LIMIT ? -ENOMEM : err;
}

typedef void found_fn(void *ctx, const struct meta_difference *d);

/* One of the two may be NULL: absent. */
static int
tell_pair(const struct word *expected, const struct word *actual,
          found_fn *fn, void *ctx)
{
	struct meta_difference d;
	struct buf left, right;
	int err;

	buf_init(&left, 0);
	buf_init(&right, 0);
	err = tell_word(&left, expected);
	if (err == 0)
		err = tell_word(&right, actual);
	/* Cut, or said in two ways: then only the words tell them apart. */
	if (err == 0 && strcmp(left.data, right.data) == 0) {
		err = tell_plainly(&left, expected ? expected->text : NULL);
		if (err == 0)
			err = tell_plainly(&right,
			                   actual ? actual->text : NULL);
	}
	if (err == 0) {
		d.kind = kind_of(expected ? expected : actual);
		d.expected = left.data;
		d.actual = right.data;
		fn(ctx, &d);
	}
	buf_free(&left);
	buf_free(&right);
	return err;
}

/* One of them has but the digest of its words, so there is one difference. */
static int
tell_whole(const char *expected, const char *actual, found_fn *fn, void *ctx)
{
	struct meta_difference d;
	struct buf left, right;
	int err;

	buf_init(&left, 0);
	buf_init(&right, 0);
	err = tell_plainly(&left, expected);
	if (err == 0)
		err = tell_plainly(&right, actual);
	if (err == 0) {
		d.kind = META_XATTR;
		d.expected = left.data;
		d.actual = right.data;
		fn(ctx, &d);
	}
	buf_free(&left);
	buf_free(&right);
	return err;
}

static bool
is_whole(const char *list)
{
	return strncmp(list, META_WHOLE, strlen(META_WHOLE)) == 0;
}

static int
compare_split(const struct words *expected, const struct words *actual,
              found_fn *fn, void *ctx)
{
	const struct word *left, *right;
	size_t i = 0, j = 0;
	int err = 0, order;

	while ((i < expected->n || j < actual->n) && err == 0) {
		left = i < expected->n ? &expected->at[i] : NULL;
		right = j < actual->n ? &actual->at[j] : NULL;
		order = !left ? 1 : !right ? -1 : compare_keys(left, right);
		if (order <= 0)
			i++;
		if (order >= 0)
			j++;
		if (order == 0 && strcmp(left->text, right->text) == 0)
			continue;
		err = tell_pair(order <= 0 ? left : NULL,
		                order >= 0 ? right : NULL, fn, ctx);
	}
	return err;
}

int
meta_compare(const char *expected, const char *actual, found_fn *fn,
             void *ctx)
{
	struct words left = { NULL, NULL, 0 }, right = { NULL, NULL, 0 };
	int err;

	if (!expected)
		expected = "";
	if (!actual)
		actual = "";
	if (strcmp(expected, actual) == 0)
		return 0;
	if (is_whole(expected) || is_whole(actual))
		return tell_whole(expected, actual, fn, ctx);
	err = words_split(expected, &left);
	if (err == 0)
		err = words_split(actual, &right);
	if (err == 0)
		err = compare_split(&left, &right, fn, ctx);
	words_free(&left);
	words_free(&right);
	return err;
}
