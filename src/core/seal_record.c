/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "seal_record.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare.h"
#include "digest.h"
#include "meta.h"

#define BITS 07777u

/* A file whose content is being read. */
struct pending {
	struct sealing *s;
	const char *listed;
	const struct ledger_row *old;
	struct ledger_row row;
	char *meta;		/* row.meta */
	char *real;		/* row.real */
	struct node node;
	const struct fskind *fs;
	int fd;
	bool flagged;
};

void
seal_failed(struct sealing *s, int err)
{
	s->tally->failed++;
	if (s->tally->first_error == 0)
		s->tally->first_error = err;
}

void
seal_report(struct sealing *s, enum finding_kind kind, const char *path,
            const char *expected, const char *actual)
{
	const struct finding f = {
		.kind = kind,
		.package = s->package->key,
		.version = s->package->version,
		.path = path,
		.expected = expected,
		.actual = actual
	};

	s->tally->findings++;
	if (s->job->on_finding != NULL)
		s->job->on_finding(s->job->ctx, &f);
}

static bool
other_version(const struct sealing *s)
{
	const struct index_row *row = s->job->row;

	return row != NULL && strcmp(row->version, s->package->version) != 0;
}

/* dpkg has written its list anew: it has unpacked the package. */
static bool
unpacked(const struct sealing *s)
{
	const struct index_row *row = s->job->row;
	const struct package *p = s->package;

	return row == NULL || !p->list_known || row->list_ino != p->list_ino ||
	       row->list_size != p->list_size ||
	       row->list_mtime != p->list_mtime;
}

bool
seal_spoiled(const struct sealing *s, const char *path, const struct node *n)
{
	const struct node *was;
	uintptr_t value;

	if (s->job->spoiled == NULL || s->job->accept ||
	    !strmap_get(s->job->spoiled, path, &value))
		return false;
	was = (const struct node *)value;
	/* what dpkg leaves out it has been told to */
	if (n == NULL)
		return was->ino == 0 && !unpacked(s);
	return was->ino == n->ino && was->dev == n->dev &&
	       was->mode == n->mode && was->uid == n->uid && was->gid == n->gid;
}

/* Whether the old row still says what must be: no dpkg run has come between,
 * or it was not the one to change this, and nobody has said that what is there
 * is right. */
static bool
binding(const struct sealing *s, const struct ledger_row *old,
        const struct node *n)
{
	if (old == NULL || s->job->accept)
		return false;
	return s->job->in_run ? seal_spoiled(s, old->path, n) :
	       !other_version(s);
}

/* A companion was there to change its mode and owner. */
static bool
was_moved(const struct sealing *s, const char *path)
{
	return !s->job->in_run && s->job->moved != NULL &&
	       strmap_get(s->job->moved, path, NULL);
}

static void
release_fd(struct sealing *s, int fd, const struct node *n,
           const struct fskind *fs, bool flagged)
{
	if (flagged)
		syncset_keep(s->sync, fd, n, fs);
	else
		close(fd);
}

/* The name with no symlink in it, where that is another one. */
static int
real_name(struct sealing *s, const char *path, char **ret)
{
	const char *base = strrchr(path, '/');
	const char *folder;
	int r;

	*ret = NULL;
	folder = root_folder(due_root(s->due), path, &r);
	if (folder == NULL)
		return r;
	if (strlen(folder) == (size_t)(base - path) &&
	    memcmp(folder, path, strlen(folder)) == 0)
		return 0;
	return asprintf(ret, "%s%s", folder, base) < 0 ? -ENOMEM : 0;
}

static void
fill_row(struct ledger_row *row, const char *path, const struct node *n)
{
	*row = (struct ledger_row){
		.path = path, .type = compare_type(n->mode),
		.mode = n->mode & BITS, .uid = n->uid, .gid = n->gid,
		.ino = n->ino
	};
	if (row->type != LEDGER_FILE)
		return;
	row->flagged = true;
	row->nlink = n->nlink;
	row->size = n->size;
	row->mtime = n->mtime;
	row->ctime = n->ctime;
}

/* Content is told by its digest: where that differs, size does as well. */
struct differing {
	struct sealing *s;
	const char *path;
};

static void
differs(void *ctx, enum finding_kind kind, const char *expected,
        const char *actual)
{
	struct differing *d = ctx;

	if (kind != FINDING_SIZE)
		seal_report(d->s, kind, d->path, expected, actual);
}

/*
 * What the old row says of mode, owner and attributes goes on being what the
 * file must be; a difference is told.
 */
static int
keep_metadata(struct sealing *s, struct ledger_row *row,
              const struct ledger_row *old, const char *listed,
              const struct node *now)
{
	const struct compare_override *o =
	    overrides_find(s->job->overrides, listed);
	struct differing d = { s, row->path };
	size_t n;
	int r;

	if (was_moved(s, row->path))
		return 0;
	n = compare_node(old, o, now, s->job->lazy && !s->job->hash, differs,
	                 &d);
	r = compare_meta(old, row->meta, differs, &d);
	/* looked at again, by --quick and by the next run too */
	if (n > 0 || r > 0)
		row->ino = 0;
	row->mode = old->mode;
	row->uid = old->uid;
	row->gid = old->gid;
	row->nlink = old->nlink;
	row->meta = old->meta;
	return r < 0 ? r : 0;
}

static void
copy_digests(struct ledger_row *to, const struct ledger_row *from)
{
	to->has_md5 = from->has_md5;
	to->has_sha1 = from->has_sha1;
	to->has_sha256 = from->has_sha256;
	memcpy(to->md5, from->md5, sizeof(to->md5));
	memcpy(to->sha1, from->sha1, sizeof(to->sha1));
	memcpy(to->sha256, from->sha256, sizeof(to->sha256));
}

/* No file counts as unchanged against such a row: audits look again. */
static void
expect_old(struct ledger_row *row, const struct ledger_row *old)
{
	copy_digests(row, old);
	row->size = old->size;
	row->mtime = old->mtime;
	row->ino = 0;
}

static void
take_digests(struct ledger_row *row, const struct lanes_result *result)
{
	for (unsigned int i = 0; i < result->n_digests; i++) {
		const struct digest *d = &result->digests[i];

		switch (d->kind) {
		case DIGEST_MD5:
			row->has_md5 = true;
			memcpy(row->md5, d->bytes, sizeof(row->md5));
			break;
		case DIGEST_SHA1:
			row->has_sha1 = true;
			memcpy(row->sha1, d->bytes, sizeof(row->sha1));
			break;
		case DIGEST_SHA256:
			row->has_sha256 = true;
			memcpy(row->sha256, d->bytes, sizeof(row->sha256));
			break;
		}
	}
}

/* Two contents with one MD5 can be made. */
static bool
same_content(const struct ledger_row *a, const struct ledger_row *b)
{
	if (a->has_sha256 && b->has_sha256)
		return memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
	return a->has_md5 && b->has_md5 &&
	       memcmp(a->md5, b->md5, sizeof(a->md5)) == 0;
}

/*
 * Compares what is there with what the archive's md5sums and the ledger say;
 * either is right. What differs from both is told, and the ledger goes on
 * saying what was expected, so that every audit tells it again.
 */
static void
check_content(struct pending *p)
{
	char expected[COMPARE_DIGEST_TEXT], actual[COMPARE_DIGEST_TEXT];
	struct sealing *s = p->s;
	const unsigned char *sum = dpkgdb_md5(s->package, p->listed);
	struct ledger_row *row = &p->row;
	const struct ledger_row *old = other_version(s) ? NULL : p->old;
	bool right = sum != NULL && memcmp(sum, row->md5, 16) == 0;
	const unsigned char *want;

	if (s->job->accept || (s->job->in_run && (right || (sum == NULL &&
	    !seal_spoiled(s, row->path, &p->node)))))
		return;
	if (old != NULL && !old->has_md5)
		old = NULL;
	if (old == NULL ? right || sum == NULL : same_content(old, row))
		return;
	if (old != NULL && right && memcmp(old->md5, sum, 16) != 0)
		return;		/* as in its archive, unlike what was */
	want = sum != NULL ? sum : old->md5;
	if (memcmp(want, row->md5, 16) == 0) {
		compare_digest_text(DIGEST_SHA256, old->sha256, expected);
		compare_digest_text(DIGEST_SHA256, row->sha256, actual);
	} else {
		compare_digest_text(DIGEST_MD5, want, expected);
		compare_digest_text(DIGEST_MD5, row->md5, actual);
	}
	seal_report(s, FINDING_CONTENT, row->path, expected, actual);
	if (old != NULL && memcmp(old->md5, want, 16) == 0) {
		expect_old(row, old);
		return;
	}
	memcpy(row->md5, want, sizeof(row->md5));
	row->has_sha1 = row->has_sha256 = false;
	row->ino = 0;
}

void
seal_hashed(void *arg, const struct lanes_result *result)
{
	struct pending *p = result->cookie;
	struct sealing *s = p->s;
	int r;

	(void)arg;
	if (result->err == 0) {
		take_digests(&p->row, result);
		check_content(p);
	} else {
		seal_report(s, FINDING_UNKNOWN, p->row.path, NULL,
		            err_text(result->err));
		/* of what dpkg has brought the old row says nothing */
		if (binding(s, p->old, &p->node))
			expect_old(&p->row, p->old);
		p->row.ino = 0;
	}
	r = ledger_add(s->ledger, &p->row);
	if (s->err == 0)
		s->err = r;
	release_fd(s, p->fd, &p->node, p->fs, p->flagged);
	free(p->meta);
	free(p->real);
	free(p);
}

static int
read_words(struct sealing *s, int fd)
{
	buf_clear(&s->words);
	return meta_words(fd, &s->words);
}

/* What is there now, read from fd; digests come later. */
static int
describe(struct pending *p, const struct verdict *v)
{
	struct sealing *s = p->s;
	int r = read_words(s, p->fd);

	if (r == 0)
		r = node_of_fd(p->fd, &p->node);
	if (r == 0)
		r = real_name(s, v->path, &p->real);
	if (r < 0)
		return r;
	fill_row(&p->row, v->path, &p->node);
	p->row.real = p->real;
	if (s->words.len > 0) {
		p->meta = strdup(s->words.data);
		if (p->meta == NULL)
			return -ENOMEM;
	}
	p->row.meta = p->meta;
	if (binding(s, p->old, &p->node))
		r = keep_metadata(s, &p->row, p->old, p->listed, &p->node);
	return r;
}

static int
record_anew(struct pending *p, const struct verdict *v)
{
	struct sealing *s = p->s;
	struct lanes_job job;
	int r = describe(p, v);

	if (r == 0 && s->job->hash) {
		job = (struct lanes_job){
			.fd = p->fd, .size = p->node.size, .cookie = p
		};
		s->changed = true;
		lanes_file(s->job->lanes, &job);
		return 0;
	}
	if (r < 0 && r != -ENOMEM) {
		seal_failed(s, r);
		r = 0;
	} else if (r == 0) {
		if (p->old != NULL && p->old->has_md5 && !s->job->accept &&
		    !s->job->in_run)
			expect_old(&p->row, p->old);
		s->changed = true;
		r = ledger_add(s->ledger, &p->row);
	}
	release_fd(s, p->fd, &p->node, p->fs, p->flagged);
	free(p->meta);
	free(p->real);
	free(p);
	return r;
}

/* As recorded but for the time that setting the flag has given it. */
static int
record_same(struct sealing *s, int fd, const struct ledger_row *old)
{
	struct ledger_row row = *old;
	struct node now;
	int r = node_of_fd(fd, &now);

	if (r < 0) {
		seal_failed(s, r);
		return 0;
	}
	row.ctime = now.ctime;
	s->changed = true;
	return ledger_add(s->ledger, &row);
}

int
seal_record_file(struct sealing *s, int fd, const char *listed,
                 const struct verdict *v, const struct ledger_row *old,
                 const struct node *before, bool flagged)
{
	struct pending *p;
	int r;

	if (old != NULL && (old->has_md5 || !s->job->hash) &&
	    compare_unchanged(old, s->job->row, before)) {
		r = s->job->lazy ? ledger_add(s->ledger, old) :
		    record_same(s, fd, old);
		release_fd(s, fd, before, v->fs, flagged);
		return r;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		close(fd);
		return -ENOMEM;
	}
	*p = (struct pending){
		.s = s, .listed = listed, .old = old, .node = *before,
		.fs = v->fs, .fd = fd, .flagged = flagged
	};
	return record_anew(p, v);
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_row(const struct ledger_row *a, const struct ledger_row *b)
{
	return a->type == b->type && a->mode == b->mode && a->uid == b->uid &&
	       a->gid == b->gid && a->ino == b->ino &&
	       same_text(a->link, b->link) && same_text(a->meta, b->meta) &&
	       same_text(a->real, b->real);
}

/* Attributes of a folder; those of a folder seen before are taken as they
 * were where nobody asks for more. */
static int
folder_words(struct sealing *s, const char *path, const struct node *n,
             const struct ledger_row *old)
{
	int fd, r;

	buf_clear(&s->words);
	if (old != NULL && old->ino == n->ino && s->job->lazy &&
	    !s->job->accept)
		return old->meta == NULL ? 0 :
		    buf_add_str(&s->words, old->meta);
	r = root_open_dir(due_root(s->due), path, &fd);
	if (r < 0)
		return r;
	r = meta_words(fd, &s->words);
	close(fd);
	return r;
}

/*
 * A folder may belong to many packages, any of whose runs may change it: the
 * audit asks all of their ledgers, so what differs is not told here, and the
 * old row stays. A symlink is told of.
 */
static int
keep_other(struct sealing *s, const struct ledger_row *old,
           const struct ledger_row *row, const struct node *n)
{
	struct differing d = { s, row->path };

	if (old->type != LEDGER_DIR) {
		if (compare_node(old, NULL, n, false, differs, &d) == 0 &&
		    !same_text(old->link, row->link))
			seal_report(s, FINDING_LINK, row->path, old->link,
			            row->link);
	}
	return ledger_add(s->ledger, old);
}

static int
add_other(struct sealing *s, struct ledger_row *row, const struct node *n)
{
	const struct ledger_row *old = s->job->old == NULL ? NULL :
	    ledger_any(s->job->old, row->path);
	int r = 0;

	buf_clear(&s->words);
	if (row->type == LEDGER_DIR)
		r = folder_words(s, row->path, n, old);
	if (r < 0)
		return r;
	row->meta = s->words.len > 0 ? s->words.data : NULL;
	if (old != NULL && same_row(old, row))
		return ledger_add(s->ledger, old);
	/* another package's ledger tells what it must be */
	if (old == NULL && row->type == LEDGER_DIR &&
	    seal_spoiled(s, row->path, n))
		return 0;
	if (binding(s, old, n)) {
		uint64_t ino = row->ino;

		row->ino = old->ino;
		if (!same_row(old, row))
			return keep_other(s, old, row, n);
		row->ino = ino;
	}
	s->changed = true;
	return ledger_add(s->ledger, row);
}

int
seal_record_other(struct sealing *s, const struct verdict *v)
{
	char target[PATH_MAX];
	struct ledger_row row;
	char *real = NULL;
	int r;

	/* the root itself is above all that is recorded */
	if (v->path[0] == '\0' || v->path[1] == '\0' ||
	    strcmp(v->path, "/.") == 0)
		return 0;
	fill_row(&row, v->path, &v->node);
	r = real_name(s, v->path, &real);
	row.real = real;
	if (r == 0 && row.type == LEDGER_LINK) {
		r = root_readlink(due_root(s->due), v->path, target,
		                  sizeof(target));
		row.link = target;
	}
	if (r >= 0)
		r = add_other(s, &row, &v->node);
	free(real);
	if (r == -ENOMEM)
		return r;
	return 0;	/* gone meanwhile, or out of reach: as if not listed */
}
