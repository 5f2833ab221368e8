/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "records.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "infosum.h"
#include "strmap.h"
#include "transaction.h"

/* 1 if it was told. */
static size_t
check(const char *named, int dirfd, const char *folder, const char *name,
      enum finding_kind kind, finding_fn *fn, void *ctx)
{
	char path[PATH_MAX], actual[2 * DIGEST_MAX + 1] = "-";
	struct finding f = { .kind = kind, .path = path };
	unsigned char sum[32];
	bool has;
	int r;

	if (named == NULL)
		return 0;	/* by a version that did not tell */
	snprintf(path, sizeof(path), "%.3800s/%s", folder, name);
	r = infosum_file(dirfd, name, &has, sum);
	if (r == 0 && has)
		digest_hex(sum, sizeof(sum), actual);
	if (r < 0) {
		f.kind = FINDING_UNKNOWN;
		f.actual = err_text(r);
	} else if (strcmp(named, actual) != 0) {
		f.expected = named[0] == '-' ? "none" : named;
		f.actual = has ? actual : "gone";
	} else {
		return 0;
	}
	fn(ctx, &f);
	return 1;
}

size_t
records_check(struct session *s, const struct history_ledgers *h,
              bool diversions, finding_fn *fn, void *ctx)
{
	size_t n = check(history_record(h, TRANSACTION_INDEX),
	                 s->state->ledger_fd, STATE_DIR "/ledger",
	                 TRANSACTION_INDEX, FINDING_LEDGER, fn, ctx);

	if (diversions && !s->guest_db)
		n += check(history_record(h, TRANSACTION_DIVERSIONS), s->db_fd,
		           s->state->admindir, TRANSACTION_DIVERSIONS,
		           FINDING_DATABASE, fn, ctx);
	return n;
}

size_t
records_since_last(struct session *s, bool diversions, finding_fn *fn,
                   void *ctx)
{
	struct finding f = {
		.kind = FINDING_UNKNOWN, .path = STATE_DIR "/history/log"
	};
	struct history_ledgers *h;
	size_t n;
	int r;

	/* Where it was released, nobody kept them. */
	if (s->state == NULL || !state_adopted(s->state) || s->newer ||
	    s->state->history_fd < 0 || s->state->ledger_fd < 0)
		return 0;
	r = history_newest(s->state->history_fd, &h);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		f.actual = err_text(r);
		fn(ctx, &f);
		return 1;
	}
	n = records_check(s, h, diversions, fn, ctx);
	history_ledgers_free(h);
	return n;
}

struct gone {
	struct strmap *here;	/* keys of packages that dpkg knows */
	int (*fn)(void *ctx, const char *key);
	void *ctx;
};

static int
pick_gone(void *ctx, const char *key, const char *digest)
{
	const struct gone *g = ctx;

	(void)digest;
	return strmap_get(g->here, key, NULL) ? 0 : g->fn(g->ctx, key);
}

int
records_gone(const struct dpkgdb *db, const struct history_ledgers *h,
             int (*fn)(void *ctx, const char *key), void *ctx)
{
	struct gone g = { strmap_new(), fn, ctx };
	int r = g.here == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < db->n_packages; i++)
		if (db->packages[i].state > PKG_CONFIG_FILES)
			r = strmap_put(g.here, db->packages[i].key, 1);
	if (r == 0)
		r = history_ledgers_each(h, pick_gone, &g);
	strmap_free(g.here);
	return r;
}
