/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "seal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "journal.h"

/* One package on its way. */
struct sealing {
	struct due *due;
	struct package *package;
	const struct seal_job *job;
	struct syncset *sync;
	struct tally *tally;
	struct ledger *ledger;
	bool changed;		/* some row differs from the old ledger */
};

void
tally_add(struct tally *to, const struct tally *from)
{
	to->opened += from->opened;
	to->closed += from->closed;
	to->cleared += from->cleared;
	to->findings += from->findings;
	to->failed += from->failed;
	if (to->first_error == 0)
		to->first_error = from->first_error;
	if (to->first_path == NULL)
		to->first_path = from->first_path;
}

bool
seal_unchanged(const struct ledger_row *row, const struct index_row *x,
               const struct node *n)
{
	if (row->ino != n->ino || row->size != n->size)
		return false;
	if (row->ctime == n->ctime)
		return true;
	return x != NULL && x->set_from != 0 && n->ctime >= x->set_from &&
	       n->ctime <= x->set_to;
}

static void
failed(struct sealing *s, int err)
{
	s->tally->failed++;
	if (s->tally->first_error == 0)
		s->tally->first_error = err;
}

static void
report(struct sealing *s, enum finding_kind kind, const char *path,
       const unsigned char *expected, const unsigned char *actual)
{
	char want[33], have[33];
	struct finding f = {
		.kind = kind,
		.package = s->package->key,
		.version = s->package->version,
		.path = path
	};

	if (expected != NULL) {
		digest_hex(expected, 16, want);
		f.expected = want;
	}
	if (actual != NULL) {
		digest_hex(actual, 16, have);
		f.actual = have;
	}
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

/*
 * Compares what is there with what the archive's md5sums and the ledger say;
 * either is right. What differs from both is told, and the ledger goes on
 * saying what was expected, so that every audit tells it again.
 */
static void
check_content(struct sealing *s, const char *listed, const char *path,
              const struct ledger_row *old, const unsigned char *actual,
              struct ledger_row *row)
{
	const unsigned char *sum = dpkgdb_md5(s->package, listed);
	const unsigned char *known = sum;
	bool trusted = s->job->in_run && sum == NULL;

	row->has_md5 = true;
	memcpy(row->md5, actual, 16);
	if (s->job->accept || trusted)
		return;
	if (sum != NULL && memcmp(sum, actual, 16) == 0)
		return;
	/* What was right for another version is not for this one. */
	if (old != NULL && old->has_md5 && !other_version(s)) {
		if (memcmp(old->md5, actual, 16) == 0)
			return;
		if (known == NULL)
			known = old->md5;
	}
	if (known == NULL)
		return;
	report(s, FINDING_CONTENT, path, known, actual);
	memcpy(row->md5, known, 16);
	row->ino = 0;	/* no file counts as unchanged against this row */
}

static int
record(struct sealing *s, int fd, const char *listed, const char *path,
       const struct ledger_row *old, const struct node *before)
{
	struct ledger_row row = { .path = path };
	bool same = old != NULL && (old->has_md5 || !s->job->hash) &&
	            seal_unchanged(old, s->job->row, before);
	struct digest md5;
	struct node now;
	int r;

	if (same && s->job->lazy)
		return ledger_add(s->ledger, old);
	r = node_of_fd(fd, &now);
	if (r < 0) {
		failed(s, r);
		return 0;
	}
	row.ino = now.ino;
	row.size = now.size;
	row.ctime = now.ctime;
	if (same) {
		row.has_md5 = old->has_md5;
		memcpy(row.md5, old->md5, 16);
		s->changed = true;
		return ledger_add(s->ledger, &row);
	}
	if (s->job->hash) {
		r = digest_fd(fd, DIGEST_MD5, &md5, NULL);
		if (r < 0)
			report(s, FINDING_UNKNOWN, path, NULL, NULL);
		else
			check_content(s, listed, path, old, md5.bytes, &row);
	}
	s->changed = true;
	return ledger_add(s->ledger, &row);
}

/* Nothing to do: protected and as recorded. The ledger tells exact times. */
static int
keep_row(struct sealing *s, const struct ledger_row *old,
         const struct node *now)
{
	struct ledger_row row = *old;

	s->changed |= row.ctime != now->ctime;
	row.ctime = now->ctime;
	return ledger_add(s->ledger, &row);
}

/* Sets the flag on one due file, then records it from the same descriptor. */
static int
seal_file(struct sealing *s, const char *listed, const struct verdict *v)
{
	unsigned int want = IFLAG_IMMUTABLE;
	struct ledger_row *old = NULL;
	struct node node;
	bool changed;
	int fd, r;

	if (s->job->old != NULL)
		old = ledger_find(s->job->old, v->path);
	if ((v->flags & IFLAG_IMMUTABLE) && old != NULL &&
	    (old->has_md5 || !s->job->hash) &&
	    seal_unchanged(old, s->job->row, &v->node))
		return keep_row(s, old, &v->node);
	r = root_open_as(due_root(s->due), v->path, &v->node, &fd, &node);
	if (r < 0) {
		failed(s, r);
		return 0;
	}
	if (s->job->foreign != NULL)
		want |= foreign_get(s->job->foreign, v->path);
	r = iflag_set(fd, want, want, NULL);
	if (r < 0 && r != ERR_UNSUPPORTED)
		failed(s, r);
	changed = r > 0;
	s->tally->closed += changed;
	r = r < 0 ? 0 : record(s, fd, listed, v->path, old, &node);
	if (changed)
		syncset_keep(s->sync, fd, &node, v->fs);
	else
		close(fd);
	return r;
}

/* Lifts our flag again where it has no business any more. */
static int
lift_file(struct due *d, const struct verdict *v,
          const struct foreign *foreign, struct syncset *sync,
          struct tally *tally)
{
	struct node node;
	int fd, r;

	if (!(v->flags & IFLAG_IMMUTABLE) || !S_ISREG(v->node.mode))
		return 0;
	if (foreign != NULL &&
	    (foreign_get(foreign, v->path) & IFLAG_IMMUTABLE))
		return 0;
	r = root_open_as(due_root(d), v->path, &v->node, &fd, &node);
	if (r == 0) {
		r = iflag_set(fd, 0, IFLAG_IMMUTABLE, NULL);
		if (r > 0) {
			tally->cleared++;
			syncset_keep(sync, fd, &node, v->fs);
		} else {
			close(fd);
		}
	}
	if (r < 0 && r != ERR_UNSUPPORTED) {
		tally->failed++;
		if (tally->first_path == NULL)
			tally->first_path = v->path;
		if (tally->first_error == 0)
			tally->first_error = r;
	}
	return 0;
}

/*
 * A recorded file that is gone, or no file any more, with no dpkg run to have
 * done it: told, and it stays recorded, so that every audit tells it again.
 * 1 if so.
 */
static int
keep_lost(struct sealing *s, const struct verdict *v, enum finding_kind kind)
{
	const struct ledger_row *old = s->job->old == NULL ? NULL :
	    ledger_find(s->job->old, v->path);
	int r;

	if (old == NULL || s->job->in_run || s->job->accept)
		return 0;
	report(s, kind, v->path, NULL, NULL);
	r = ledger_add(s->ledger, old);
	return r < 0 ? r : 1;
}

/* It may carry our flag still: a run that would touch it must know. */
static int
keep_unseen(struct sealing *s, const struct verdict *v)
{
	const struct ledger_row *old = s->job->old == NULL ? NULL :
	    ledger_find(s->job->old, v->path);

	return old == NULL ? 0 : ledger_add(s->ledger, old);
}

static int
seal_path(struct sealing *s, const char *listed)
{
	struct verdict v;
	int r;

	due_judge(s->due, s->package, listed, &v);
	switch (v.kind) {
	case DUE_YES:
		return seal_file(s, listed, &v);
	case DUE_UNSETTLED:
		return lift_file(s->due, &v, s->job->foreign, s->sync,
		                 s->tally);
	case DUE_EXEMPT:
		if (v.exempt == EXEMPT_TYPE) {
			r = keep_lost(s, &v, FINDING_TYPE);
			if (r != 0)
				return r < 0 ? r : 0;
		}
		/* ours only if it is recorded: exempt files may carry an
		 * admin's own flag */
		if (s->job->old != NULL && v.have_node &&
		    ledger_find(s->job->old, v.path) != NULL) {
			s->changed = true;
			return lift_file(s->due, &v, s->job->foreign, s->sync,
			                 s->tally);
		}
		return 0;
	case DUE_UNKNOWN:
		failed(s, v.err);
		return keep_unseen(s, &v);
	case DUE_ABSENT:
		r = keep_lost(s, &v, FINDING_MISSING);
		return r < 0 ? r : 0;
	case DUE_UNSUPPORTED:
		return 0;
	}
	return 0;
}

int
seal_paths(struct due *d, struct package *p, const struct seal_job *job,
           size_t from, size_t to, struct syncset *sync, struct tally *tally,
           struct seal_part *ret)
{
	struct sealing s = {
		.due = d, .package = p, .job = job,
		.sync = sync, .tally = tally, .ledger = ledger_new()
	};
	int r = s.ledger == NULL ? -ENOMEM : 0;

	for (size_t i = from; r == 0 && i < to; i++)
		r = seal_path(&s, p->paths[i]);
	if (r < 0) {
		ledger_free(s.ledger);
		return r;
	}
	*ret = (struct seal_part){ s.ledger, s.changed };
	return 0;
}

int
seal_join(const struct seal_job *job, struct seal_part *parts, size_t n,
          struct ledger **ret_ledger)
{
	struct ledger *all = parts[0].ledger;
	bool changed = parts[0].changed;
	int r = 0;

	for (size_t i = 1; i < n; i++) {
		const struct ledger *l = parts[i].ledger;

		for (size_t k = 0; r == 0 && k < l->n_rows; k++)
			r = ledger_add(all, &l->rows[k]);
		changed |= parts[i].changed;
		ledger_free(parts[i].ledger);
	}
	ledger_seal(all);
	changed |= job->old == NULL || job->old->n_rows != all->n_rows;
	if (r < 0 || !changed) {
		ledger_free(all);
		all = NULL;
	}
	if (r == 0)
		*ret_ledger = all;
	return r;
}

int
seal_package(struct due *d, struct package *p, const struct seal_job *job,
             struct syncset *sync, struct tally *tally,
             struct ledger **ret_ledger)
{
	struct seal_part all;
	int r = seal_paths(d, p, job, 0, p->n_paths, sync, tally, &all);

	return r < 0 ? r : seal_join(job, &all, 1, ret_ledger);
}

int
unseal_package(struct due *d, struct package *p, const struct ledger *old,
               const struct foreign *foreign, struct syncset *sync,
               struct tally *tally)
{
	for (size_t i = 0; i < p->n_paths; i++) {
		struct verdict v;
		int r;

		due_judge(d, p, p->paths[i], &v);
		if (v.kind == DUE_UNKNOWN && old != NULL &&
		    ledger_find(old, v.path) != NULL) {
			if (tally->first_path == NULL)
				tally->first_path = v.path;
			tally->failed++;
			if (tally->first_error == 0)
				tally->first_error = v.err;
		}
		if (!v.have_node || !(v.flags & IFLAG_IMMUTABLE) ||
		    (v.kind == DUE_EXEMPT &&
		     (old == NULL || ledger_find(old, v.path) == NULL)))
			continue;
		r = lift_file(d, &v, foreign, sync, tally);
		if (r < 0)
			return r;
	}
	return 0;
}

void
seal_restore(struct due *d, const struct journal_plan *plan, bool all,
             const struct foreign *foreign, struct syncset *sync,
             struct tally *tally)
{
	for (size_t i = 0; plan != NULL && i < plan->n_paths; i++) {
		const struct journal_path *jp = &plan->paths[i];
		unsigned int want = jp->flags, known;
		struct node node;
		int fd, r;

		if (!jp->foreign && !all)
			continue;
		/* our own flag may have stood beside it */
		known = all ? 0 : foreign_get(foreign, jp->path);
		if (known != 0)
			want &= known;
		r = root_open(due_root(d), jp->path, &fd, &node);
		if (r < 0)
			continue;
		if (all || (node.dev == jp->dev && node.ino == jp->ino))
			r = iflag_set(fd, want, want, NULL);
		if (r > 0) {
			tally->closed++;
			syncset_touch(sync, fd, &node,
			              due_fskind(d, jp->path, &node));
		}
		close(fd);
	}
}
