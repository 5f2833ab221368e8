/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "before.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "compare.h"
#include "digest.h"
#include "inoset.h"
#include "log.h"
#include "meta.h"
#include "overrides.h"
#include "quarantine.h"
#include "strmap.h"

/* One file on its way. */
struct suspect {
	struct before *b;
	struct session *s;
	const struct package *p;
	const char *path;
	const struct ledger_row *row;	/* NULL: nothing that holds now */
	const unsigned char *sum;	/* dpkg's MD5, or NULL */
	const struct node *node;	/* NULL: nothing is there */
	bool silent;			/* noted, not told */
	int err;
};

/* For the end of the run: this is not its doing. */
static int
note(struct suspect *x)
{
	struct arena *arena = x->s->arena;
	struct node *n = arena_alloc(arena, sizeof(*n));
	const char *path = arena_strdup(arena, x->path);

	if (n == NULL || path == NULL)
		return -ENOMEM;
	if (x->node != NULL)
		*n = *x->node;
	return strmap_put(x->s->spoiled, path, (uintptr_t)n);
}

static void
tell(struct suspect *x, enum finding_kind kind, const char *expected,
     const char *actual, const char *copy)
{
	const struct finding f = {
		.kind = kind, .package = x->p->key,
		.version = x->p->version, .path = x->path,
		.expected = expected, .actual = actual, .copy = copy
	};

	if (x->err == 0)
		x->err = note(x);
	if (x->silent)
		return;
	x->b->n_tampered++;
	if (x->b->on_finding != NULL)
		x->b->on_finding(x->b->ctx, &f);
}

static int
try_copy(const struct suspect *x, int fd, const char *expected,
         const char *actual, char ret_name[QUARANTINE_NAME_MAX])
{
	const struct quarantine_file file = {
		.txn = x->b->txn, .path = x->path,
		.package = x->p->key, .version = x->p->version,
		.expected = expected, .actual = actual
	};
	const struct state *state = x->s->state;

	if (x->s->newer)
		return ERR_VERSION;
	if (state == NULL || state->quarantine_fd < 0)
		return -ENOENT;
	return quarantine_keep(state->quarantine_fd,
	                       x->s->conf->quarantine_limit, fd, &file,
	                       ret_name);
}

static void
copy_missed(const struct suspect *x, int err)
{
	const char *why = err == ERR_LIMIT ? "larger than quarantine-limit" :
	                  err_text(err);

	log_warn("%s is not what was recorded, and no copy of it can be "
	         "kept: %s", x->path, why);
	log_line("txn=%016" PRIx64 " note=\"no copy of %s can be kept: %s\"",
	         x->b->txn, x->path, why);
}

/*
 * The name of the copy, or NULL. An inode with many names is copied once, so
 * that it does not push other evidence out.
 */
static const char *
keep_copy(const struct suspect *x, int fd, const struct node *n,
          const char *expected, const char *actual)
{
	struct before *b = x->b;
	char name[QUARANTINE_NAME_MAX];
	uintptr_t before;
	const char *own;
	int r;

	if (x->s->conf->quarantine_limit == 0)
		return NULL;
	if (b->kept == NULL)
		b->kept = inoset_new();
	if (b->kept != NULL && inoset_has(b->kept, n->dev, n->ino, &before))
		return (const char *)before;
	r = try_copy(x, fd, expected, actual, name);
	if (r < 0) {
		copy_missed(x, r);
		return NULL;
	}
	own = arena_strdup(x->s->arena, name);
	if (own != NULL && b->kept != NULL)
		inoset_add(b->kept, n->dev, n->ino, (uintptr_t)own);
	return own;
}

/* By what dpkg itself says; SHA-256 was asked for, so this is another read. */
static bool
right_for_dpkg(const struct suspect *x, int fd, const struct digest *have)
{
	struct digest md5;

	if (x->sum == NULL)
		return false;
	if (have->kind == DIGEST_MD5)
		return memcmp(x->sum, have->bytes, 16) == 0;
	return digest_fd(fd, DIGEST_MD5, &md5, NULL) == 0 &&
	       memcmp(x->sum, md5.bytes, 16) == 0;
}

/* Content has its own word, with a copy; a name too many is no reason to
 * keep dpkg from what it does, but nothing to be taken over either. */
static void
differs(void *ctx, enum finding_kind kind, const char *expected,
        const char *actual)
{
	struct suspect *x = ctx;

	if (kind == FINDING_HARDLINK && x->err == 0)
		x->err = note(x);
	else if (kind != FINDING_SIZE)
		tell(x, kind, expected, actual, NULL);
}

/* By the listed name, which a diversion may have made another. */
static const struct compare_override *
override_of(struct suspect *x)
{
	const struct dpkgdb *db = x->s->db;
	const struct compare_override *o;
	struct before *b = x->b;

	if (!b->asked && overrides_new(db, root_fd(x->s->root), &b->overrides,
	                               NULL) == -ENOMEM)
		x->err = -ENOMEM;
	b->asked = true;
	o = overrides_find(b->overrides, x->path);
	for (size_t i = 0; o == NULL && b->overrides != NULL &&
	     i < db->n_diversions; i++)
		if (strcmp(db->diversions[i].to, x->path) == 0)
			o = overrides_find(b->overrides,
			                   db->diversions[i].from);
	return o;
}

static void
check_meta(struct suspect *x, int fd, const struct node *n)
{
	struct buf words;

	compare_node(x->row, override_of(x), n, false, differs, x);
	buf_init(&words, 0);
	if (meta_words(fd, &words) == 0 &&
	    compare_meta(x->row, words.data, differs, x) == -ENOMEM)
		x->err = -ENOMEM;
	buf_free(&words);
}

static void
check_content(struct suspect *x, int fd, const struct node *n,
              enum digest_kind kind, const unsigned char *want)
{
	char expected[COMPARE_DIGEST_TEXT], actual[COMPARE_DIGEST_TEXT];
	struct digest have;
	const char *copy;

	if (digest_fd(fd, kind, &have, NULL) < 0 ||
	    memcmp(want, have.bytes, digest_size(kind)) == 0 ||
	    right_for_dpkg(x, fd, &have))
		return;
	compare_digest_text(kind, want, expected);
	compare_digest_text(kind, have.bytes, actual);
	copy = keep_copy(x, fd, n, expected, actual);
	tell(x, FINDING_CONTENT, expected, actual, copy);
}

/* Its size alone tells, and it is too large to be read for the digest's sake:
 * no copy would be kept anyway. */
static bool
grown(const struct suspect *x, const struct node *n)
{
	return x->row != NULL && x->row->size != n->size &&
	       n->size > x->s->conf->quarantine_limit &&
	       (x->sum == NULL || (x->row->has_md5 &&
	       memcmp(x->sum, x->row->md5, 16) == 0));
}

static void
check_file(struct suspect *x, const struct node *n)
{
	const unsigned char *want;
	char expected[24], actual[24];
	enum digest_kind kind;
	struct node now;
	int fd;

	if (grown(x, n)) {
		snprintf(expected, sizeof(expected), "%" PRIu64, x->row->size);
		snprintf(actual, sizeof(actual), "%" PRIu64, n->size);
		if (x->s->conf->quarantine_limit > 0)
			copy_missed(x, ERR_LIMIT);
		tell(x, FINDING_SIZE, expected, actual, NULL);
		return;
	}
	want = compare_digest(x->row, x->sum, &kind);
	if ((want == NULL && x->row == NULL) ||
	    root_open_as(x->s->root, x->path, n, &fd, &now) < 0)
		return;
	if (want != NULL)
		check_content(x, fd, &now, kind, want);
	if (x->row != NULL)
		check_meta(x, fd, &now);
	close(fd);
}

/*
 * What was recorded for another version, or before a run that went past us,
 * says nothing of what is there now.
 */
static bool
outdated(const struct ledger *l, const struct index_row *ir,
         const struct package *p)
{
	const char *version = ir != NULL ? ir->version : l->version;

	if (version != NULL && strcmp(version, p->version) != 0)
		return true;
	return ir != NULL && p->list_known &&
	       (ir->list_ino != p->list_ino ||
	        ir->list_size != p->list_size ||
	        ir->list_mtime != p->list_mtime);
}

/* There, but not as a file; or not there. */
static void
check_lost(struct suspect *x, const struct node *n)
{
	if (x->row == NULL)
		return;
	if (n == NULL)
		tell(x, FINDING_MISSING, NULL, NULL, NULL);
	else
		tell(x, FINDING_TYPE, ledger_type_name(x->row->type),
		     ledger_type_name(compare_type(n->mode)), NULL);
}

int
before_check(struct before *b, struct session *s, struct package *p,
             const char *path, const struct node *n, unsigned int flags)
{
	struct suspect x = {
		.b = b, .s = s, .p = p, .path = path, .node = n
	};
	const struct index_row *ir;
	const struct ledger *l;
	int r;

	if (s->conf->check_before == CONF_CHECK_OFF || !package_settled(p))
		return 0;
	ir = index_find(s->index, p->name, p->arch);
	l = session_ledger(s, p->key);
	if (l != NULL) {
		x.row = ledger_find(l, path);
		if (x.row == NULL)
			return 0;	/* exempt, or not due */
		if (n != NULL && S_ISREG(n->mode) &&
		    (flags & IFLAG_IMMUTABLE) &&
		    compare_unchanged(x.row, ir, n))
			return 0;
		if (outdated(l, ir, p))
			x.row = NULL;
	} else if (!(flags & IFLAG_IMMUTABLE) ||
	           dpkgdb_real(s->db, p, path) != path) {
		return 0;	/* another's may lie there */
	}
	if (n == NULL || !S_ISREG(n->mode)) {
		check_lost(&x, n);
		return x.err;
	}
	r = dpkgdb_load_md5s(s->db, p, NULL);
	if (r == -ENOMEM)
		return r;
	x.sum = dpkgdb_md5(p, path);
	check_file(&x, n);
	return x.err;
}

static void
check_link(struct suspect *x)
{
	char target[PATH_MAX];

	if (root_readlink(x->s->root, x->path, target, sizeof(target)) >= 0 &&
	    x->row->link != NULL && strcmp(target, x->row->link) != 0)
		tell(x, FINDING_LINK, x->row->link, target, NULL);
}

int
before_others(struct before *b, struct session *s, struct package *p)
{
	struct suspect x = { .b = b, .s = s, .p = p };
	const struct ledger *l = session_ledger(s, p->key);

	if (s->conf->check_before == CONF_CHECK_OFF || !package_settled(p) ||
	    l == NULL || dpkgdb_list_stat(s->db, p) < 0 ||
	    outdated(l, index_find(s->index, p->name, p->arch), p))
		return 0;
	for (size_t i = 0; x.err == 0 && i < l->n_rows; i++) {
		struct node n;
		int r;

		x.row = &l->rows[i];
		if (x.row->type == LEDGER_FILE)
			continue;
		x.path = x.row->path;
		x.silent = x.row->type == LEDGER_DIR;
		r = root_stat(s->root, x.path, &n);
		x.node = r == 0 ? &n : NULL;
		if (r == -ENOENT || r == -ENOTDIR)
			check_lost(&x, NULL);
		else if (r == 0 && compare_type(n.mode) != x.row->type)
			check_lost(&x, &n);
		else if (r == 0 && x.row->type == LEDGER_LINK)
			check_link(&x);
		if (r == 0 && compare_type(n.mode) == x.row->type)
			compare_node(x.row, override_of(&x), &n, false,
			             differs, &x);
	}
	return x.err;
}

void
before_free(struct before *b)
{
	inoset_free(b->kept);
	b->kept = NULL;
	overrides_free(b->overrides);
	b->overrides = NULL;
}

void
before_refuses(const struct finding *f)
{
	const char *what = "is not what was recorded";

	if (f->kind == FINDING_MISSING)
		what = "is gone";
	else if (f->kind == FINDING_TYPE)
		what = "is no file any more";
	log_error("%s: %s (package %s%s%s)", f->path, what, f->package,
	          f->copy != NULL ? "; a copy is quarantine/" : "",
	          f->copy != NULL ? f->copy : "");
}
