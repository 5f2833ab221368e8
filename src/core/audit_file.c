/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_priv.h"
#include "compare.h"
#include "meta.h"

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
	bool size;
};

static void
differs(void *ctx, enum finding_kind kind, const char *expected,
        const char *actual)
{
	struct differing *d = ctx;

	d->size |= kind == FINDING_SIZE;
	tell(d->t, kind, d->path, expected, actual);
}

/* dpkg's own word on a file that no ledger knows. */
static const unsigned char *
sum_of(struct auditor *t, const char *listed)
{
	struct audit *a = t->audit;

	pthread_mutex_lock(&a->mutex);
	if (!t->package->md5s_loaded)
		dpkgdb_load_md5s(a->s->db, t->package, NULL);
	pthread_mutex_unlock(&a->mutex);
	return dpkgdb_md5(t->package, listed);
}

static int
check_words(struct auditor *t, int fd, const struct ledger_row *row,
            const char *path)
{
	struct differing d = { t, path, false };
	struct buf words;
	int r;

	buf_init(&words, 0);
	r = meta_words(fd, &words);
	if (r == 0)
		r = compare_meta(row, words.len > 0 ? words.data : NULL,
		                 differs, &d);
	else if (r != -ENOMEM)
		tell(t, FINDING_UNKNOWN, path, NULL, err_text(r));
	buf_free(&words);
	return r == -ENOMEM ? r : 0;
}

/* Attributes and content of what is open. row NULL: nothing is recorded; sum:
 * dpkg's MD5 where no digest is recorded. A conffile's MD5 is `sum`, with
 * neither row nor anything else to compare. */
static int
check_open_file(struct auditor *t, const char *path, int fd,
                const struct node *node, const struct ledger_row *row,
                const unsigned char *sum, bool content, bool conffile)
{
	struct reading *r;
	int e = 0;

	if (row != NULL)
		e = check_words(t, fd, row, path);
	if (e < 0 || !content) {
		close(fd);
		return e;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		close(fd);
		return -ENOMEM;
	}
	r->auditor = t;
	r->package = t->at;
	r->path = path;
	r->fd = fd;
	r->conffile = conffile;
	r->size = node->size;
	r->mtime = node->mtime;
	r->has_row = row != NULL;
	if (row != NULL)
		r->row = *row;
	if (sum != NULL) {
		r->row.has_md5 = true;
		memcpy(r->row.md5, sum, sizeof(r->row.md5));
	}
	return audit_read(t, r);
}

/* It may be open already; now it is the caller's. */
static int
open_at_hand(struct auditor *t, const struct verdict *v, int *ret_fd,
             struct node *ret_node)
{
	if (t->fd < 0)
		return root_open_as(due_root(t->due), v->path, &v->node,
		                    ret_fd, ret_node);
	*ret_fd = t->fd;
	*ret_node = v->node;
	t->fd = -1;
	return 0;
}

static int
check_file(struct auditor *t, const char *listed, const struct verdict *v,
           const struct ledger_row *row)
{
	const struct audit_job *job = t->audit->job;
	const unsigned char *sum = NULL;
	struct differing d = { t, v->path, false };
	struct node node;
	bool content;
	int fd, r;

	if (row != NULL) {
		compare_node(row, t->audit->unseen ? NULL :
		             overrides_find(t->audit->overrides, listed),
		             &v->node, false, differs, &d);
		if (row->type != LEDGER_FILE)
			return 0;
	}
	/* Flags alone were set (--quick): its digests are still dpkg's. */
	content = row != NULL && (row->has_md5 || row->has_sha256);
	if (!content && !job->quick) {
		sum = sum_of(t, listed);
		content = sum != NULL;
	}
	if (row != NULL && job->quick &&
	    compare_unchanged(row, t->row, &v->node)) {
		t->total.unread++;
		return 0;
	}
	t->total.unread += !content;
	/* Another size is told; what is in it needs no reading. */
	content &= !d.size || job->all_digests;
	if (row == NULL && !content)
		return 0;
	r = open_at_hand(t, v, &fd, &node);
	if (r < 0) {
		tell(t, FINDING_UNKNOWN, v->path, NULL, err_text(r));
		return 0;
	}
	return check_open_file(t, v->path, fd, &node, row, sum, content,
	                       false);
}

/* A folder of packages is looked through, later, for flags on strangers. */
static int
note_folder(struct auditor *t, const struct verdict *v)
{
	struct found_folder *more = t->folders;

	if ((t->n_folders & (t->n_folders - 1)) == 0) {
		size_t cap = t->n_folders == 0 ? 64 : t->n_folders * 2;

		if (t->n_folders == 0 || t->n_folders >= 64)
			more = realloc(more, cap * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		t->folders = more;
	}
	more[t->n_folders++] = (struct found_folder){
		.path = v->path, .dev = v->node.dev
	};
	return 0;
}

/* Listed inodes are no strangers. */
static int
note_seen(struct auditor *t, const struct verdict *v)
{
	int r;

	if (t->seen == NULL || !v->have_node)
		return 0;
	r = inoset_add(t->seen, v->node.dev, v->node.ino, 0);
	if (r == 1 && S_ISDIR(v->node.mode) && v->exempt == EXEMPT_TYPE)
		r = note_folder(t, v);
	return r < 0 ? r : 0;
}

/* Old descriptors go on writing where the kernel does not stop them. */
static int
note_writable(struct auditor *t, const struct verdict *v)
{
	struct audit *a = t->audit;
	struct audit_file *more;
	int r = -ENOMEM;

	if (v->fs->flags && v->fs->guards_writers)
		return 0;
	pthread_mutex_lock(&a->mutex);
	if (a->writable == NULL)
		a->writable = inoset_new();
	more = a->writable == NULL ? NULL :
	    audit_grow(a, a->files, a->n_files, sizeof(*more));
	if (more != NULL) {
		a->files = more;
		more[a->n_files] = (struct audit_file){ t->at, v->path };
		r = inoset_add(a->writable, v->node.dev, v->node.ino,
		               a->n_files++);
	}
	pthread_mutex_unlock(&a->mutex);
	return r < 0 ? r : 0;
}

static int
check_due(struct auditor *t, const char *listed, const struct verdict *v,
          const struct ledger_row *row)
{
	const struct foreign *foreign = t->audit->s->foreign;
	int r;

	if (!(v->flags & IFLAG_IMMUTABLE) && !t->off)
		tell(t, FINDING_FLAG, v->path, "immutable", "not");
	if ((v->flags & IFLAG_APPEND) &&
	    (foreign == NULL || !foreign_get(foreign, v->path)))
		tell(t, FINDING_FOREIGN, v->path, NULL, "append-only");
	t->total.states[t->off ? SURVEY_OFF : v->flags & IFLAG_IMMUTABLE ?
	                SURVEY_PROTECTED : SURVEY_OPEN]++;
	r = note_writable(t, v);
	return r < 0 ? r : check_file(t, listed, v, row);
}

/*
 * Below /etc, /var and their like nothing is protected or recorded, but what
 * is no conffile must still be what md5sums say. What the configuration
 * exempts may change as it likes.
 */
static int
check_unprotected(struct auditor *t, const char *listed,
                  const struct verdict *v, const struct ledger_row *row)
{
	/* Who names it a conffile, or links one to it, takes it out of our
	 * sight: it stays what was recorded until a run records it anew. */
	bool recorded = v->exempt == EXEMPT_CONFFILE && row != NULL &&
	                row->flagged;

	if (v->have_node && recorded && !S_ISREG(v->node.mode))
		return audit_other(t, v, row);
	if (!v->have_node || !S_ISREG(v->node.mode))
		return 0;
	t->total.states[SURVEY_EXEMPT]++;
	if (recorded)
		return check_file(t, listed, v, row);
	return v->exempt != EXEMPT_TREE || !package_settled(t->package) ? 0 :
	       check_file(t, listed, v, NULL);
}

static int
check_exempt(struct auditor *t, const char *listed, const struct verdict *v,
             const struct ledger_row *row)
{
	const struct foreign *foreign = t->audit->s->foreign;
	unsigned int flags;

	if (v->exempt != EXEMPT_TYPE)
		return check_unprotected(t, listed, v, row);
	flags = iflag_of_node(&v->node, true);
	if (S_ISDIR(v->node.mode) && flags != 0 &&
	    (foreign == NULL || !foreign_get(foreign, v->path)))
		tell(t, FINDING_FOREIGN, v->path, NULL,
		     flags & IFLAG_IMMUTABLE ? "immutable" : "append-only");
	return audit_other(t, v, row);
}

/* What is not due. */
static int
check_rest(struct auditor *t, const char *listed, const struct verdict *v,
           const struct ledger_row *row)
{
	switch (v->kind) {
	case DUE_YES:
	case DUE_UNSUPPORTED:
		break;
	case DUE_ABSENT:
		t->total.states[SURVEY_ABSENT] += row != NULL;
		if (row != NULL)
			tell(t, FINDING_MISSING, v->path, NULL, NULL);
		break;
	case DUE_EXEMPT:
		return check_exempt(t, listed, v, row);
	case DUE_UNKNOWN:
		t->total.states[SURVEY_UNKNOWN]++;
		if (v->err == -EBUSY)
			tell(t, FINDING_MOUNT, v->path, NULL, NULL);
		else
			tell(t, FINDING_UNKNOWN, v->path, NULL,
			     err_text(v->err));
		break;
	case DUE_UNSETTLED:
		t->total.states[SURVEY_UNSETTLED]++;
		/* no run that we know of has left it so */
		if (row != NULL && row->flagged && (t->row == NULL ||
		    !index_row_current(t->row, t->package)))
			return check_file(t, listed, v, row);
		break;
	}
	return 0;
}

/* Lists are nearly in the order of ledgers. */
static const struct ledger_row *
row_of(struct auditor *t, const char *real)
{
	const struct ledger *l = t->ledger;
	const struct ledger_row *row;

	if (l == NULL)
		return NULL;
	if (t->hint < l->n_rows && strcmp(l->rows[t->hint].path, real) == 0)
		return &l->rows[t->hint++];
	row = ledger_any(l, real);
	if (row != NULL)
		t->hint = (size_t)(row - l->rows) + 1;
	return row;
}

static int
check_path(struct auditor *t, const char *listed, const struct verdict *v,
           const struct ledger_row *row)
{
	int r = note_seen(t, v);

	if (v->have_node && S_ISREG(v->node.mode))
		t->total.files++;
	if (r == 0 && v->kind == DUE_YES)
		return check_due(t, listed, v, row);
	if (r == 0 && v->kind == DUE_UNSUPPORTED) {
		t->total.states[SURVEY_UNSUPPORTED]++;
		return check_file(t, listed, v, row);
	}
	return r < 0 ? r : check_rest(t, listed, v, row);
}

int
audit_path(struct auditor *t, const char *listed)
{
	const char *real = dpkgdb_real(t->audit->s->db, t->package, listed);
	const struct ledger_row *row = row_of(t, real);
	struct verdict v;
	int r;

	t->fd = -1;
	if (row != NULL && (row->has_md5 || row->has_sha256) &&
	    audit_listed(t, real, row->ino))
		due_judge_open(t->due, t->package, listed, &v, &t->fd);
	else
		due_judge(t->due, t->package, listed, &v);
	r = check_path(t, listed, &v, row);
	if (t->fd >= 0)
		close(t->fd);
	return r;
}

static int
audit_conffile(struct auditor *t, const struct pkg_conffile *c)
{
	char at[DUE_PATH_MAX], expected[COMPARE_DIGEST_TEXT];
	const char *path = dpkgdb_real(t->audit->s->db, t->package, c->path);
	struct ledger_row row = { .has_md5 = true };
	struct node node;
	int fd, r;

	if (c->md5 == NULL || c->obsolete || c->remove_on_upgrade ||
	    digest_unhex(c->md5, 32, row.md5, sizeof(row.md5)) < 0 ||
	    !targets_path(&t->audit->targets, t->package, c->path, path))
		return 0;
	compare_digest_text(DIGEST_MD5, row.md5, expected);
	if (!due_conffile(due_root(t->due), path, at, &node)) {
		if (root_stat(due_root(t->due), path, &node) == 0 &&
		    root_guarded(due_root(t->due), path) != 1)
			tell(t, FINDING_UNKNOWN, path, NULL,
			     err_text(ERR_UNSAFE));
		else
			tell(t, FINDING_CONFFILE, path, expected, "gone");
		return 0;
	}
	r = root_open(due_root(t->due), at, &fd, &node);
	if (r < 0) {
		tell(t, FINDING_UNKNOWN, path, NULL, err_text(r));
		return 0;
	}
	t->total.files++;
	return check_open_file(t, path, fd, &node, NULL, row.md5, true, true);
}

int
audit_conffiles(struct auditor *t)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->package->n_conffiles; i++)
		r = audit_conffile(t, &t->package->conffiles[i]);
	return r;
}
