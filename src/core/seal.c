/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "seal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare.h"
#include "journal.h"
#include "seal_record.h"

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

/* The flag was set, or stood: it is recorded from the same descriptor. */
static int
flagged(struct sealing *s, const struct seal_waiting *w, int fd, int r)
{
	const struct verdict *v = &w->verdict;

	if (r < 0 && r != ERR_UNSUPPORTED)
		seal_failed(s, r);
	s->tally->closed += r > 0;
	if (r < 0) {
		close(fd);
		return 0;
	}
	if (r > 0 && w->old != NULL && s->job->closed && !s->job->accept &&
	    !(v->flags & IFLAG_IMMUTABLE))
		seal_report(s, FINDING_FLAG, v->path, "immutable", "not");
	return seal_record_file(s, fd, w->listed, v, w->old, &w->node, r > 0);
}

/* Sets the flags of all that wait, at once. */
static int
flag_waiting(struct sealing *s)
{
	size_t n = s->n_waiting;
	int r = 0;

	s->n_waiting = 0;
	iflag_set_all(s->change, n);
	for (size_t i = 0; i < n; i++) {
		int e = flagged(s, &s->waiting[i], s->change[i].fd,
		                s->change[i].result);

		if (r == 0)
			r = e;
	}
	return r;
}

/* Opens one due file that is to be flagged and recorded. */
static int
seal_file(struct sealing *s, const char *listed, const struct verdict *v)
{
	struct iflag_change *c = &s->change[s->n_waiting];
	struct seal_waiting w = { .listed = listed, .verdict = *v };
	int r;

	if (s->job->old != NULL)
		w.old = ledger_find(s->job->old, v->path);
	if ((v->flags & IFLAG_IMMUTABLE) && w.old != NULL &&
	    (w.old->has_md5 || !s->job->hash) &&
	    compare_unchanged(w.old, s->job->row, &v->node))
		return keep_row(s, w.old, &v->node);
	r = root_open_as(due_root(s->due), v->path, &v->node, &c->fd, &w.node);
	if (r < 0) {
		seal_failed(s, r);
		return 0;
	}
	c->value = c->mask = IFLAG_IMMUTABLE | (s->job->foreign == NULL ? 0 :
	                                        foreign_get(s->job->foreign,
	                                                    v->path));
	s->waiting[s->n_waiting++] = w;
	return s->n_waiting == SEAL_BATCH ? flag_waiting(s) : 0;
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
 * Something recorded that is gone, or of another type, with no dpkg run to
 * have done it: told, and it stays recorded, so that every audit tells it
 * again. A folder may be other packages' as well: there the audit tells. 1 if
 * it stays.
 */
static int
keep_lost(struct sealing *s, const struct verdict *v, enum finding_kind kind)
{
	const struct ledger_row *old = s->job->old == NULL ? NULL :
	    ledger_any(s->job->old, v->path);
	int r;

	if (old == NULL || s->job->accept || (s->job->in_run &&
	    !seal_spoiled(s, v->path, kind == FINDING_MISSING ? NULL :
	                  &v->node)))
		return 0;
	if (kind == FINDING_TYPE && compare_type(v->node.mode) == old->type)
		return 0;
	if (old->type != LEDGER_DIR)
		seal_report(s, kind, v->path, ledger_type_name(old->type),
		            kind == FINDING_MISSING ? NULL :
		            ledger_type_name(compare_type(v->node.mode)));
	r = ledger_add(s->ledger, old);
	return r < 0 ? r : 1;
}

/* It may carry our flag still: a run that would touch it must know. */
static int
keep_unseen(struct sealing *s, const struct verdict *v)
{
	const struct ledger_row *old = s->job->old == NULL ? NULL :
	    ledger_any(s->job->old, v->path);

	return old == NULL ? 0 : ledger_add(s->ledger, old);
}

/* Ours only if it is recorded: exempt files may carry an admin's own flag. */
static int
seal_exempt(struct sealing *s, const struct verdict *v)
{
	int r;

	if (v->exempt == EXEMPT_TYPE) {
		r = keep_lost(s, v, FINDING_TYPE);
		return r != 0 ? (r < 0 ? r : 0) : seal_record_other(s, v);
	}
	if (s->job->old == NULL || !v->have_node ||
	    ledger_find(s->job->old, v->path) == NULL)
		return 0;
	s->changed = true;
	return lift_file(s->due, v, s->job->foreign, s->sync, s->tally);
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
		return seal_exempt(s, &v);
	case DUE_UNKNOWN:
		seal_failed(s, v.err);
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
	int r = s.ledger == NULL ? -ENOMEM : 0, waited;

	buf_init(&s.words, 0);
	for (size_t i = from; r == 0 && i < to; i++)
		r = seal_path(&s, p->paths[i]);
	/* what is open is closed by that, whatever went wrong */
	waited = flag_waiting(&s);
	if (r == 0)
		r = waited;
	if (job->lanes != NULL)
		lanes_finish(job->lanes);
	buf_free(&s.words);
	if (r == 0)
		r = s.err;
	if (r < 0) {
		ledger_free(s.ledger);
		return r;
	}
	*ret = (struct seal_part){ s.ledger, s.changed };
	return 0;
}

int
seal_join(const struct seal_job *job, struct seal_part *parts, size_t n,
          struct ledger **ret_ledger, uint64_t *ret_bytes)
{
	struct ledger *all = parts[0].ledger;
	bool changed = parts[0].changed;
	uint64_t bytes = 0;
	int r = 0;

	for (size_t i = 1; i < n; i++) {
		const struct ledger *l = parts[i].ledger;

		for (size_t k = 0; r == 0 && k < l->n_rows; k++)
			r = ledger_add(all, &l->rows[k]);
		changed |= parts[i].changed;
		ledger_free(parts[i].ledger);
	}
	ledger_seal(all);
	for (size_t i = 0; i < all->n_rows; i++)
		bytes += all->rows[i].size;
	changed |= job->old == NULL || job->old->n_rows != all->n_rows;
	if (r < 0 || !changed) {
		ledger_free(all);
		all = NULL;
	}
	if (r == 0) {
		*ret_ledger = all;
		*ret_bytes = bytes;
	}
	return r;
}

int
seal_package(struct due *d, struct package *p, const struct seal_job *job,
             struct syncset *sync, struct tally *tally,
             struct ledger **ret_ledger)
{
	struct seal_part all;
	uint64_t bytes;
	int r = seal_paths(d, p, job, 0, p->n_paths, sync, tally, &all);

	return r < 0 ? r : seal_join(job, &all, 1, ret_ledger, &bytes);
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
