/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "compare.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "meta.h"

#define BITS 07777u
#define NS INT64_C(1000000000)

enum ledger_type
compare_type(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return LEDGER_DIR;
	case S_IFLNK: return LEDGER_LINK;
	case S_IFCHR: return LEDGER_CHAR;
	case S_IFBLK: return LEDGER_BLOCK;
	case S_IFIFO: return LEDGER_FIFO;
	case S_IFSOCK: return LEDGER_SOCKET;
	}
	return LEDGER_FILE;
}

static size_t
compare_mode(const struct ledger_row *row, const struct compare_override *o,
             const struct node *n, compare_fn *fn, void *ctx)
{
	char expected[16], actual[16];

	/* a symlink has none of its own */
	if (row->type == LEDGER_LINK || (n->mode & BITS) == row->mode ||
	    (o != NULL && (n->mode & BITS) == o->mode))
		return 0;
	snprintf(expected, sizeof(expected), "%04o", row->mode);
	snprintf(actual, sizeof(actual), "%04o", n->mode & BITS);
	fn(ctx, FINDING_MODE, expected, actual);
	return 1;
}

static size_t
compare_owner(const struct ledger_row *row, const struct compare_override *o,
              const struct node *n, compare_fn *fn, void *ctx)
{
	char expected[32], actual[32];

	if ((n->uid == row->uid && n->gid == row->gid) ||
	    (o != NULL && n->uid == o->uid && n->gid == o->gid))
		return 0;
	snprintf(expected, sizeof(expected), "%" PRIu32 ":%" PRIu32, row->uid,
	         row->gid);
	snprintf(actual, sizeof(actual), "%" PRIu32 ":%" PRIu32, n->uid,
	         n->gid);
	fn(ctx, FINDING_OWNER, expected, actual);
	return 1;
}

static size_t
compare_size(const struct ledger_row *row, const struct node *n,
             compare_fn *fn, void *ctx)
{
	char expected[24], actual[24];

	if (n->size == row->size)
		return 0;
	snprintf(expected, sizeof(expected), "%" PRIu64, row->size);
	snprintf(actual, sizeof(actual), "%" PRIu64, n->size);
	fn(ctx, FINDING_SIZE, expected, actual);
	return 1;
}

/* Fewer names are none too many: dpkg takes them away one by one. */
static size_t
compare_names(const struct ledger_row *row, const struct node *n,
              compare_fn *fn, void *ctx)
{
	char expected[16], actual[16];

	if (n->nlink <= row->nlink)
		return 0;
	snprintf(expected, sizeof(expected), "%" PRIu32, row->nlink);
	snprintf(actual, sizeof(actual), "%" PRIu32, n->nlink);
	fn(ctx, FINDING_HARDLINK, expected, actual);
	return 1;
}

/* Seconds and nine decimals, also before 1970. */
static void
time_text(int64_t ns, char text[32])
{
	int64_t s = ns / NS, rest = ns % NS;

	snprintf(text, 32, "%s%" PRId64 ".%09" PRId64,
	         ns < 0 && s == 0 ? "-" : "", s, rest < 0 ? -rest : rest);
}

static size_t
compare_time(const struct ledger_row *row, const struct node *n,
             compare_fn *fn, void *ctx)
{
	char expected[32], actual[32];

	if (n->mtime == row->mtime)
		return 0;
	time_text(row->mtime, expected);
	time_text(n->mtime, actual);
	fn(ctx, FINDING_TIME, expected, actual);
	return 1;
}

size_t
compare_node(const struct ledger_row *row, const struct compare_override *o,
             const struct node *n, bool time, compare_fn *fn, void *ctx)
{
	enum ledger_type type = compare_type(n->mode);
	size_t differ;

	if (type != row->type) {
		fn(ctx, FINDING_TYPE, ledger_type_name(row->type),
		   ledger_type_name(type));
		return 1;
	}
	differ = compare_mode(row, o, n, fn, ctx) +
	         compare_owner(row, o, n, fn, ctx);
	if (type != LEDGER_FILE)
		return differ;
	differ += compare_size(row, n, fn, ctx) +
	          compare_names(row, n, fn, ctx);
	return time ? differ + compare_time(row, n, fn, ctx) : differ;
}

struct meta_ctx {
	compare_fn *fn;
	void *ctx;
	int n;
};

static void
meta_differs(void *ctx, const struct meta_difference *d)
{
	static const enum finding_kind kinds[] = {
		[META_ACL] = FINDING_ACL,
		[META_CAPABILITY] = FINDING_CAPABILITY,
		[META_XATTR] = FINDING_XATTR
	};
	struct meta_ctx *m = ctx;

	m->n++;
	m->fn(m->ctx, kinds[d->kind], d->expected, d->actual);
}

int
compare_meta(const struct ledger_row *row, const char *words, compare_fn *fn,
             void *ctx)
{
	struct meta_ctx m = { fn, ctx, 0 };
	const char *old = row->meta != NULL ? row->meta : "";
	int r;

	if (strcmp(old, words != NULL ? words : "") == 0)
		return 0;
	r = meta_compare(old, words, meta_differs, &m);
	return r < 0 ? r : m.n;
}

bool
compare_unchanged(const struct ledger_row *row, const struct index_row *x,
                  const struct node *n)
{
	if (row->ino != n->ino || row->size != n->size)
		return false;
	if (row->ctime == n->ctime)
		return true;
	return x != NULL && x->set_from != 0 && n->ctime >= x->set_from &&
	       n->ctime <= x->set_to;
}

const unsigned char *
compare_digest(const struct ledger_row *row, const unsigned char *sum,
               enum digest_kind *ret_kind)
{
	bool md5 = row != NULL && row->has_md5;

	*ret_kind = DIGEST_MD5;
	if (row != NULL && row->has_sha256 &&
	    (sum == NULL || (md5 && memcmp(row->md5, sum, 16) == 0))) {
		*ret_kind = DIGEST_SHA256;
		return row->sha256;
	}
	return md5 ? row->md5 : sum;
}

void
compare_digest_text(enum digest_kind kind, const unsigned char *bytes,
                    char ret[COMPARE_DIGEST_TEXT])
{
	static const char *const names[] = {
		[DIGEST_MD5] = "md5:", [DIGEST_SHA1] = "sha1:",
		[DIGEST_SHA256] = "sha256:"
	};
	size_t n = strlen(names[kind]);

	memcpy(ret, names[kind], n);
	digest_hex(bytes, digest_size(kind), ret + n);
}
