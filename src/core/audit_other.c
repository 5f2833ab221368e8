/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <limits.h>
#include <linux/stat.h>
#include <string.h>
#include <unistd.h>

#include "audit_priv.h"
#include "compare.h"
#include "meta.h"

/* What is no file: symlinks, folders, devices. */

static void
tell(struct auditor *t, enum finding_kind kind, const char *path,
     const char *expected, const char *actual)
{
	audit_tell(t, t->at, kind, path, expected, actual);
}

/* A difference that compare.h tells of. */
struct differing {
	struct auditor *t;
	const char *path;
};

static void
differs(void *ctx, enum finding_kind kind, const char *expected,
        const char *actual)
{
	struct differing *d = ctx;

	tell(d->t, kind, d->path, expected, actual);
}

static void
check_link(struct auditor *t, const struct verdict *v,
           const struct ledger_row *row)
{
	char target[PATH_MAX];
	int r = root_readlink(due_root(t->due), v->path, target,
	                      sizeof(target));

	if (r < 0)
		tell(t, FINDING_UNKNOWN, v->path, NULL, err_text(r));
	else if (strcmp(target, row->link) != 0)
		tell(t, FINDING_LINK, v->path, row->link, target);
}

/* A folder's attributes, read once by each thread; NULL: none. */
static int
folder_words(struct auditor *t, const char *path, const char **ret)
{
	struct audit *a = t->audit;
	struct buf words;
	uintptr_t known;
	const char *copy = NULL;
	int fd, r;

	if (strmap_get(t->words, path, &known)) {
		*ret = (const char *)known;
		return 0;
	}
	buf_init(&words, 0);
	r = root_open_dir(due_root(t->due), path, &fd);
	if (r == 0) {
		r = meta_words(fd, &words);
		if (r == 0)
			r = audit_list_folder(t, fd, path);
		close(fd);
	}
	if (r == 0 && words.len > 0) {
		pthread_mutex_lock(&a->mutex);
		copy = arena_strdup(a->arena, words.data);
		pthread_mutex_unlock(&a->mutex);
		r = copy == NULL ? -ENOMEM : 0;
	}
	buf_free(&words);
	if (r == 0)
		r = strmap_put(t->words, path, (uintptr_t)copy);
	if (r == 0)
		*ret = copy;
	return r;
}

static void
none_told(void *ctx, enum finding_kind kind, const char *expected,
          const char *actual)
{
	(void)ctx;
	(void)kind;
	(void)expected;
	(void)actual;
}

/* Whether another package's ledger agrees is asked at the end. */
static int
doubt(struct auditor *t, const struct verdict *v,
      const struct ledger_row *row, const char *words, bool asked)
{
	struct audit *a = t->audit;
	struct audit_folder *more;
	const char *meta;

	pthread_mutex_lock(&a->mutex);
	meta = row->meta == NULL ? NULL : arena_strdup(a->arena, row->meta);
	more = audit_grow(a, a->doubts, a->n_doubts, sizeof(*more));
	if (more != NULL) {
		a->doubts = more;
		more += a->n_doubts++;
		*more = (struct audit_folder){
			.package = t->at, .path = v->path, .row = *row,
			.node = v->node, .words = words, .asked = asked
		};
		more->row.meta = meta;
		more->row.real = more->row.link = NULL;
	}
	pthread_mutex_unlock(&a->mutex);
	return more == NULL ? -ENOMEM : 0;
}

static int
check_folder(struct auditor *t, const struct verdict *v,
             const struct ledger_row *row)
{
	uint64_t told = v->node.attributes & v->node.attributes_mask;
	const char *words = NULL;
	bool asked = !t->audit->job->quick;
	int r = 0;

	if ((told & STATX_ATTR_MOUNT_ROOT) != 0 && row->ino != v->node.ino &&
	    row->ino != 0) {
		tell(t, FINDING_MOUNT, v->path, NULL, NULL);
		return 0;
	}
	if (compare_type(v->node.mode) != LEDGER_DIR)
		return doubt(t, v, row, NULL, false);
	if (asked)
		r = folder_words(t, v->path, &words);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		tell(t, FINDING_UNKNOWN, v->path, NULL, err_text(r));
		return 0;
	}
	if (compare_node(row, overrides_find(t->audit->overrides, v->path),
	                 &v->node, false, none_told, NULL) == 0 &&
	    (!asked || strcmp(row->meta != NULL ? row->meta : "",
	                      words != NULL ? words : "") == 0))
		return 0;
	return doubt(t, v, row, words, asked);
}

int
audit_other(struct auditor *t, const struct verdict *v,
            const struct ledger_row *row)
{
	struct differing d = { t, v->path };

	if (row == NULL)
		return 0;
	if (row->type == LEDGER_DIR)
		return check_folder(t, v, row);
	if (compare_node(row, NULL, &v->node, false, differs, &d) == 0 &&
	    row->type == LEDGER_LINK)
		check_link(t, v, row);
	return 0;
}
