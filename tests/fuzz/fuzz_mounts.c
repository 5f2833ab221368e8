/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Mounts: mountinfo, the record of file systems that were remounted, and
 * fstab, as it is edited and as --posture counts it. First a byte that
 * chooses. What was read is written and read again where there is a writer.
 *
 * Reaches: edges:505 mounts_parse:58 mounts_lasting:18 remounted_store:4
 * Reaches: fstab_parse:15 fstab_set:24 fstab_find:5 posture_fstab:7
 * Reaches: posture_mount_unit:17
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "fuzz.h"
#include "mounts.h"
#include "posture_priv.h"
#include "remounted_priv.h"
#include "setup_fstab.h"

static bool
loads(int r, const struct diag *diag)
{
	FUZZ_CHECK(r == 0 || r == ERR_FORMAT || r == ERR_LIMIT);
	FUZZ_CHECK(r == 0 || diag->what[0] != '\0');
	return r == 0;
}

static void
check_points(const struct mounts *m)
{
	const struct mount_point *at;

	for (size_t i = 0; i < m->n_points; i++) {
		FUZZ_CHECK(m->points[i].path[0] == '/');
		FUZZ_CHECK(i == 0 || strcmp(m->points[i - 1].path,
		                            m->points[i].path) <= 0);
		(void)mounts_lasting(m, &m->points[i]);
		(void)mounts_remote(&m->points[i]);
		at = mounts_covering(m, m->points[i].path);
		FUZZ_CHECK(at != NULL);
		FUZZ_CHECK(strcmp(at->path, m->points[i].path) == 0);
	}
}

static void
take_mountinfo(struct fuzz *f)
{
	struct diag diag = { .what = "" };
	const struct mount_point *at;
	char *path = fuzz_string(f), *root = fuzz_string(f);
	struct mounts *m;
	size_t n;
	char *text = (char *)fuzz_part(f, &n);

	/* As the header wants it. */
	if (root[0] != '/' || root[strlen(root) - 1] == '/')
		root[0] = '\0';
	if (loads(mounts_parse("mounts", text, n, root, &m, &diag), &diag)) {
		at = mounts_covering(m, path);
		if (at != NULL && strcmp(at->path, "/") != 0)
			FUZZ_CHECK(strncmp(at->path, path,
			                   strlen(at->path)) == 0);
		check_points(m);
		mounts_free(m);
	}
	free(root);
	free(path);
	free(text);
}

/* What remounted_store writes is read again, the same. */
static void
remounted_again(const struct remounted *m)
{
	struct diag diag = { .what = "" };
	struct remounted *back = malloc(sizeof(*back));
	struct buf text;

	FUZZ_CHECK(back != NULL);
	buf_init(&text, REMOUNTED_TEXT);
	FUZZ_CHECK(remounted_store(fuzz_folder(), "remounted-new", m) == 0);
	FUZZ_CHECK(remounted_load(fuzz_folder(), "remounted-new", &text, back,
	                          &diag) == 0);
	FUZZ_CHECK(back->n == m->n);
	for (size_t i = 0; i < m->n; i++)
		FUZZ_CHECK(back->rows[i].dev == m->rows[i].dev &&
		           strcmp(back->rows[i].path, m->rows[i].path) == 0);
	buf_free(&text);
	free(back);
}

static void
take_remounted(struct fuzz *f)
{
	struct diag diag = { .what = "" };
	struct remounted *m = malloc(sizeof(*m));
	size_t n;
	char *text = (char *)fuzz_part(f, &n);

	FUZZ_CHECK(m != NULL);
	if (loads(remounted_parse("remounted", text, n, m, &diag), &diag)) {
		FUZZ_CHECK(m->n <= REMOUNTED_MAX);
		for (size_t i = 0; i < m->n; i++)
			FUZZ_CHECK(m->rows[i].path[0] == '/' &&
			           strlen(m->rows[i].path) < n);
		remounted_again(m);
	}
	free(m);
	free(text);
}

/* What fstab_text gives is read again, the same. */
static void
fstab_again(const struct fstab *x)
{
	struct diag diag = { .what = "" };
	struct buf once, twice;
	struct fstab *y;

	buf_init(&once, 0);
	buf_init(&twice, 0);
	FUZZ_CHECK(fstab_text(x, &once) == 0);
	FUZZ_CHECK(fstab_parse("fstab", once.len > 0 ? once.data : "",
	                       once.len, &y, &diag) == 0);
	FUZZ_CHECK(fstab_text(y, &twice) == 0);
	FUZZ_CHECK(once.len == twice.len && (once.len == 0 ||
	           memcmp(once.data, twice.data, once.len) == 0));
	fstab_free(y);
	buf_free(&once);
	buf_free(&twice);
}

static void
edit(struct fstab *x, const char *dir)
{
	static const char words[] = "rw,nosuid,nodev,noexec";
	struct diag diag = { .what = "" };
	const struct fstab_entry *e;
	struct buf changes;
	int r = fstab_set(x, dir, words);

	FUZZ_CHECK(r == 0 || r == 1 || r == -ENOENT || r == ERR_LIMIT);
	FUZZ_CHECK(r < 0 || fstab_set(x, dir, words) == 0);
	if (r >= 0 && fstab_find(x, dir, &e, &diag) == 0)
		FUZZ_CHECK(fstab_has(e, "nodev") && !fstab_has(e, "dev"));
	if (r >= 0)
		fstab_again(x);
	buf_init(&changes, 0);
	FUZZ_CHECK(fstab_changes(x, &changes) == 0);
	FUZZ_CHECK((changes.len > 0) == (r == 1));
	buf_free(&changes);
	if (fstab_add(x, "/a b", "/c", "none", "bind") == 0)
		fstab_again(x);
	if (fstab_comment(x, "# why") == 0)
		fstab_again(x);
}

struct counts {
	struct strmap *counted, *points;
	size_t n;
};

static int
count_entry(void *ctx, const struct fstab_entry *e)
{
	struct counts *c = ctx;
	uintptr_t before = 0, all = 0;

	if (e->dir[0] != '/')
		return 0;
	strmap_get(c->counted, e->dir, &before);
	FUZZ_CHECK(strmap_put(c->counted, e->dir, before + 1) == 0);
	FUZZ_CHECK(strmap_get(c->points, e->dir, &all) == 1);
	FUZZ_CHECK(all > before);
	return 0;
}

/* Two readers, one answer; of lone backslashes they differ. */
static void
compare(const char *text, size_t n, const struct fstab *x)
{
	struct counts c = { strmap_new(), strmap_new(), 0 };
	struct arena *a = arena_new();

	FUZZ_CHECK(c.counted != NULL && c.points != NULL && a != NULL);
	FUZZ_CHECK(posture_fstab(text, n, a, c.points) == 0);
	FUZZ_CHECK(strmap_count(c.points) <= n);
	if (x != NULL && (n == 0 || memchr(text, '\\', n) == NULL)) {
		FUZZ_CHECK(fstab_each(x, count_entry, &c) == 0);
		FUZZ_CHECK(strmap_count(c.counted) == strmap_count(c.points));
	}
	arena_free(a);
	strmap_free(c.counted);
	strmap_free(c.points);
}

static void
take_fstab(struct fuzz *f)
{
	struct diag diag = { .what = "" };
	char *dir = fuzz_string(f), *text;
	struct fstab *x = NULL;
	struct buf now;
	size_t n;

	buf_init(&now, 0);
	text = (char *)fuzz_part(f, &n);
	if (loads(fstab_parse("fstab", text, n, &x, &diag), &diag)) {
		FUZZ_CHECK(fstab_text(x, &now) == 0);
		FUZZ_CHECK(now.len == n && (n == 0 ||
		           memcmp(now.data, text, n) == 0));
	}
	compare(text, n, x);
	if (x != NULL)
		edit(x, dir);
	fstab_free(x);
	buf_free(&now);
	free(text);
	free(dir);
}

/* A path as the name of a mount unit, and a command. */
static void
take_unit(struct fuzz *f)
{
	char unit[64], *path = fuzz_string(f);

	if (path[0] == '/' && posture_mount_unit(path, unit,
	                                         sizeof(unit)) == 0)
		FUZZ_CHECK(strlen(unit) < sizeof(unit) &&
		           strchr(unit, '/') == NULL);
	free(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const takes[])(struct fuzz *f) = {
		take_mountinfo, take_remounted, take_fstab, take_unit
	};
	struct fuzz f = { data, size };

	takes[fuzz_byte(&f) % (sizeof(takes) / sizeof(takes[0]))](&f);
	return 0;
}
