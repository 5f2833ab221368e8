/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_priv.h"
#include "compare.h"
#include "hook.h"
#include "polite.h"

/* Every so many files it is asked whether they come from the disk. */
#define PROBE_EVERY 16
/* So many that do, one in four at least, and more threads join in. */
#define PROBES_COLD 4
#define PROBES_RATE 4
/* So many bytes of a file are asked for ahead; the kernel goes on by itself. */
#define FETCH_MOST (4 << 20)

/* What the digest must be, of a kind; NULL: nobody knows. */
static const unsigned char *
expected_of(const struct ledger_row *row, enum digest_kind kind)
{
	switch (kind) {
	case DIGEST_MD5:
		return row->has_md5 ? row->md5 : NULL;
	case DIGEST_SHA1:
		return row->has_sha1 ? row->sha1 : NULL;
	case DIGEST_SHA256:
		return row->has_sha256 ? row->sha256 : NULL;
	}
	return NULL;
}

/* The strongest of the digests that differ. */
static bool
content_differs(const struct reading *r, const struct lanes_result *result,
                char expected[COMPARE_DIGEST_TEXT],
                char actual[COMPARE_DIGEST_TEXT])
{
	bool differ = false;

	for (unsigned int i = 0; i < result->n_digests; i++) {
		const struct digest *d = &result->digests[i];
		const unsigned char *want = expected_of(&r->row, d->kind);

		if (want == NULL ||
		    memcmp(want, d->bytes, digest_size(d->kind)) == 0)
			continue;
		differ = true;
		compare_digest_text(d->kind, want, expected);
		compare_digest_text(d->kind, d->bytes, actual);
	}
	return differ;
}

static void
differs(void *ctx, enum finding_kind kind, const char *expected,
        const char *actual)
{
	const struct reading *r = ctx;

	audit_tell(r->auditor, r->package, kind, r->path, expected, actual);
}

static void
check_time(struct reading *r)
{
	const struct node n = {
		.mode = S_IFREG | r->row.mode, .uid = r->row.uid,
		.gid = r->row.gid, .nlink = r->row.nlink,
		.size = r->row.size, .mtime = r->mtime
	};

	compare_node(&r->row, NULL, &n, true, differs, r);
}

/* An answer of the lanes. */
static void
was_read(void *arg, const struct lanes_result *result)
{
	char expected[COMPARE_DIGEST_TEXT], actual[COMPARE_DIGEST_TEXT];
	struct reading *r = result->cookie;
	struct auditor *t = r->auditor;

	(void)arg;
	t->total.bytes += result->bytes;
	if (result->err < 0)
		audit_tell(t, r->package, FINDING_UNKNOWN, r->path, NULL,
		           err_text(result->err));
	else if (content_differs(r, result, expected, actual))
		audit_tell(t, r->package, r->conffile ? FINDING_CONFFILE :
		           FINDING_CONTENT, r->path, expected,
		           r->conffile ? "edited" : actual);
	else if (r->has_row)
		check_time(r);
	if (r->drop)
		polite_drop(r->fd);
	close(r->fd);
	free(r);
}

/* The fastest; in measurements what DI_TEST_LANES names. */
static enum lanes_level
level_wanted(void)
{
	const char *word = hook_word("DI_TEST_LANES");

	for (int i = LANES_SINGLE; word != NULL && i < LANES_BEST; i++)
		if (strcmp(word, lanes_level_name((enum lanes_level)i)) == 0)
			return (enum lanes_level)i;
	return LANES_BEST;
}

static int
lanes_for(struct auditor *t, unsigned int kinds, struct lanes **at)
{
	return *at != NULL ? 0 :
	    lanes_new(kinds, level_wanted(), was_read, t, at);
}

/* The disk is what we wait for: more of us keep its queue full. */
static void
probe(struct auditor *t, int fd)
{
	struct audit *a = t->audit;

	if (t->files++ % PROBE_EVERY != 0 || t->extra || t->told_cold)
		return;
	t->probes++;
	t->colds += polite_cold(fd);
	if (t->colds < PROBES_COLD || t->colds * PROBES_RATE < t->probes)
		return;
	t->told_cold = true;
	pthread_mutex_lock(&a->mutex);
	a->cold = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->mutex);
}

/* Hands r in, whose digests are wanted; it is freed when it is answered. */
static int
hand_in(struct auditor *t, struct reading *r)
{
	struct lanes_job job = {
		.fd = r->fd, .size = r->size, .cookie = r
	};
	enum digest_kind kind;
	struct lanes **lanes;
	int e;

	if (t->audit->job->all_digests) {
		lanes = &t->all;
		e = lanes_for(t, LANES_MD5 | LANES_SHA1 | LANES_SHA256, lanes);
	} else {
		compare_digest(&r->row, NULL, &kind);
		lanes = &t->lanes[kind];
		e = lanes_for(t, 1u << kind, lanes);
	}
	if (e < 0) {
		close(r->fd);
		free(r);
		return e;
	}
	lanes_file(*lanes, &job);
	return 0;
}

/* The file that was asked for first. */
static int
hand_in_oldest(struct auditor *t)
{
	struct reading *r = t->ahead[t->first_ahead];

	t->first_ahead = (t->first_ahead + 1) % AUDIT_AHEAD;
	t->n_ahead--;
	return hand_in(t, r);
}

int
audit_read(struct auditor *t, struct reading *r)
{
	int e = 0;

	if (t->audit->job->polite)
		r->drop = !polite_cached(r->fd, r->size);
	probe(t, r->fd);
	if (!t->told_cold && !t->extra)
		return hand_in(t, r);
	(void)posix_fadvise(r->fd, 0, r->size < FETCH_MOST ?
	                    (off_t)r->size : FETCH_MOST,
	                    POSIX_FADV_WILLNEED);
	if (t->n_ahead == AUDIT_AHEAD)
		e = hand_in_oldest(t);
	t->ahead[(t->first_ahead + t->n_ahead++) % AUDIT_AHEAD] = r;
	return e;
}

void
audit_finish(struct auditor *t)
{
	while (t->n_ahead > 0) {
		int e = hand_in_oldest(t);

		if (t->err == 0)
			t->err = e;
	}
	for (size_t i = 0; i <= DIGEST_SHA256; i++)
		if (t->lanes[i] != NULL)
			lanes_finish(t->lanes[i]);
	if (t->all != NULL)
		lanes_finish(t->all);
}
