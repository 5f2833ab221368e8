/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "audit_priv.h"
#include "clock.h"
#include "compare.h"
#include "digest.h"
#include "infosum.h"
#include "polite.h"

/* Fewer packages are not worth a thread. */
#define PER_THREAD 8
/* So many more threads where the disk is what we wait for. */
#define EXTRA 6
#define INFO_PATH 512

/*
 * Threads take package after package, the largest first; each keeps the
 * lanes of its CPU full with files, so that the answers come in any order.
 */

/* A ledger that can't be read is trouble, and no reason not to look at the
 * files, nor at those of others. */
static int
load_ledger(struct audit *a, const char *key, struct ledger **ret)
{
	struct diag d = { .line = 0 };
	int r;

	if (a->s->state == NULL || a->s->state->ledger_fd < 0)
		return 0;
	r = ledger_load(a->s->state->ledger_fd, key, ret, &d);
	if (r == 0 || r == -ENOMEM || r == -ENOENT)
		return r == -ENOMEM ? r : 0;
	pthread_mutex_lock(&a->mutex);
	if (a->bad == 0) {
		a->bad = r;
		a->diag = d;
		snprintf(a->diag.file, sizeof(a->diag.file), "%s/ledger/%.200s",
		         STATE_DIR, d.file);
	}
	pthread_mutex_unlock(&a->mutex);
	return 1;
}

/* A finding on a file of dpkg's that belongs to the package. */
static void
tell_info(struct auditor *t, enum finding_kind kind, const char *suffix,
          const char *expected, const char *actual)
{
	const struct state *state = t->audit->s->state;
	char path[sizeof(state->admindir) + INFO_PATH];

	snprintf(path, sizeof(path), "%s/info/%s.%s",
	         state != NULL ? state->admindir : "", t->package->key,
	         suffix);
	audit_tell(t, t->at, kind, path, expected, actual);
}

static void
check_sum(struct auditor *t, const char *suffix, bool was,
          const unsigned char *old, bool is, const unsigned char *now)
{
	char expected[COMPARE_DIGEST_TEXT] = "none";
	char actual[COMPARE_DIGEST_TEXT] = "none";

	if (was == is && (!was || memcmp(old, now, 32) == 0))
		return;
	if (was)
		compare_digest_text(DIGEST_SHA256, old, expected);
	if (is)
		compare_digest_text(DIGEST_SHA256, now, actual);
	tell_info(t, FINDING_DATABASE, suffix, expected, actual);
}

/* dpkg's own files on the package, as they were when it was recorded. */
static int
check_database(struct auditor *t)
{
	const struct ledger *l = t->ledger;
	struct infosum now;
	int r = infosum_read(t->audit->s->db_fd, t->package->key, &now);

	if (r < 0) {
		tell_info(t, FINDING_UNKNOWN, "list", NULL, err_text(r));
		return r == -ENOMEM ? r : 0;
	}
	check_sum(t, "list", l->has_list, l->list, now.has_list, now.list);
	check_sum(t, "md5sums", l->has_md5sums, l->md5sums, now.has_md5sums,
	          now.md5sums);
	return 0;
}

/* The history names every ledger that was written by its digest. */
static void
check_ledger(struct auditor *t)
{
	const struct audit *a = t->audit;
	char path[INFO_PATH], actual[COMPARE_DIGEST_TEXT];
	const char *expected;

	if (a->chain == NULL)
		return;
	expected = history_ledger(a->chain, t->package->key);
	compare_digest_text(DIGEST_SHA256, t->ledger->digest, actual);
	if (expected != NULL && strcmp(expected, actual + 7) == 0)
		return;
	snprintf(path, sizeof(path), "%s/ledger/%s.mtree", STATE_DIR,
	         t->package->key);
	audit_tell(t, t->at, FINDING_LEDGER, path, expected == NULL ?
	           "named by the history" : expected, actual + 7);
}

/* Only dpkg, in a run of ours, unsettles what was settled. */
static void
check_state(struct auditor *t)
{
	const struct index_row *row = t->row;
	const char *actual = pkg_state_name(t->package->state);

	if (t->audit->live || row == NULL || row->reinstreq ||
	    row->state < PKG_TRIGGERS_AWAITED || package_settled(t->package))
		return;
	tell_info(t, FINDING_DATABASE, "list", pkg_state_name(row->state),
	          t->package->reinstreq ? "reinstreq" : actual);
}

/* No ledger is there. What the history names must be, off or not. */
static void
no_ledger(struct auditor *t)
{
	const struct audit *a = t->audit;
	const char *named = a->chain == NULL ? NULL :
	    history_ledger(a->chain, t->package->key);
	char path[INFO_PATH];

	if (package_settled(t->package) && !t->off && a->s->state != NULL) {
		tell_info(t, FINDING_UNRECORDED, "list", NULL, NULL);
	} else if (named != NULL && strcmp(named, "-") != 0) {
		snprintf(path, sizeof(path), "%s/ledger/%s.mtree", STATE_DIR,
		         t->package->key);
		audit_tell(t, t->at, FINDING_LEDGER, path, named, "gone");
	}
}

/* Without a ledger of this version files are judged by md5sums alone. */
static int
take_ledger(struct auditor *t, struct ledger **l)
{
	const struct package *p = t->package;
	int r;

	/* The run that is under way will write it. */
	if (t->audit->live &&
	    (t->row == NULL || !index_row_current(t->row, p)))
		return 0;
	r = load_ledger(t->audit, p->key, l);
	if (r != 0)
		return r < 0 ? r : 0;
	if (*l == NULL) {
		no_ledger(t);
		return 0;
	}
	t->ledger = *l;
	check_ledger(t);
	if ((*l)->version == NULL || strcmp((*l)->version, p->version) != 0) {
		if (package_settled(p) && !t->off)
			tell_info(t, FINDING_UNRECORDED, "list", p->version,
			          (*l)->version);
		t->ledger = NULL;
		return 0;
	}
	return check_database(t);
}

/* By how many bytes lie before it, each path is in one slice. */
static bool
in_slice(const struct auditor *t, const char *real)
{
	const struct audit *a = t->audit;
	const struct ledger_row *row = t->ledger == NULL ? NULL :
	    ledger_any(t->ledger, real);
	uint64_t start = a->start[t->at], end = start + audit_bytes(t->row);
	uint64_t at = row == NULL || t->offsets == NULL ? start :
	    t->offsets[row - t->ledger->rows];
	__uint128_t slice;

	/* Beyond what the index says nobody looks for the package. */
	if (at < start || at > end)
		at = end;
	slice = (__uint128_t)at * a->job->slices;
	slice = a->bytes == 0 ? 0 : slice / a->bytes;
	if (slice >= a->job->slices)
		slice = a->job->slices - 1;
	return slice + 1 == a->job->slice;
}

static int
fill_offsets(struct auditor *t)
{
	const struct ledger *l = t->ledger;
	uint64_t at = t->audit->start[t->at];

	if (l == NULL)
		return 0;
	t->offsets = calloc(l->n_rows + 1, sizeof(*t->offsets));
	if (t->offsets == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_rows; i++) {
		t->offsets[i] = at;
		at += l->rows[i].size;
	}
	return 0;
}

static int
audit_paths(struct auditor *t)
{
	struct audit *a = t->audit;
	struct package *p = t->package;
	int r = a->start != NULL ? fill_offsets(t) : 0;

	for (size_t i = 0; r == 0 && i < p->n_paths; i++) {
		const char *real = dpkgdb_real(a->s->db, p, p->paths[i]);

		if (targets_path(&a->targets, p, p->paths[i], real) &&
		    (a->start == NULL || in_slice(t, real)))
			r = audit_path(t, p->paths[i]);
	}
	free(t->offsets);
	t->offsets = NULL;
	return r;
}

static int
audit_package(struct auditor *t, size_t at)
{
	struct audit *a = t->audit;
	struct package *p = &a->s->db->packages[at];
	struct ledger *l = NULL;
	int r;

	t->at = at;
	t->package = p;
	t->ledger = NULL;
	t->hint = 0;
	t->row = a->s->index == NULL ? NULL :
	    index_find(a->s->index, p->name, p->arch);
	t->off = t->row != NULL && t->row->off;
	check_state(t);
	r = take_ledger(t, &l);
	if (r == 0)
		r = audit_paths(t);
	if (r == 0 && a->job->conffiles && package_settled(p))
		r = audit_conffiles(t);
	ledger_free(l);
	t->ledger = NULL;
	return r;
}

/* Descriptors are opened and closed by one and the same thread. */
static int
open_root(struct auditor *t)
{
	struct session *s = t->audit->s;
	int r = root_new(s->instdir, &t->root);

	return r < 0 ? r : due_new(s->facts, t->root, &t->due);
}

static void
close_root(struct auditor *t)
{
	due_free(t->due);
	root_free(t->root);
	t->due = NULL;
	t->root = NULL;
}

static int
open_auditor(struct auditor *t)
{
	t->words = strmap_new();
	t->lists = strmap_new();
	if (t->audit->strays)
		t->seen = inoset_new();
	if (t->words == NULL || t->lists == NULL ||
	    (t->audit->strays && t->seen == NULL))
		return -ENOMEM;
	return open_root(t);
}

static void
close_auditor(struct auditor *t, struct audit_total *total)
{
	total->files += t->total.files;
	total->bytes += t->total.bytes;
	total->unread += t->total.unread;
	for (size_t i = 0; i < SURVEY_COUNT; i++)
		total->states[i] += t->total.states[i];
	for (size_t i = 0; i <= DIGEST_SHA256; i++)
		lanes_free(t->lanes[i]);
	lanes_free(t->all);
	inoset_free(t->seen);
	strmap_free(t->words);
	strmap_free(t->lists);
	free(t->folders);
	free(t->inos);
}

/* An extra thread: true once it is cold and something is left to do. */
static bool
is_needed(struct audit *a)
{
	bool needed;

	pthread_mutex_lock(&a->mutex);
	while (!a->cold && !a->over)
		pthread_cond_wait(&a->changed, &a->mutex);
	needed = !a->over;
	pthread_mutex_unlock(&a->mutex);
	return needed;
}

static void *
work(void *arg)
{
	struct auditor *t = arg;
	struct audit *a = t->audit;

	if (t->extra && !is_needed(a))
		return NULL;
	t->err = open_auditor(t);
	while (t->err == 0) {
		size_t i = atomic_fetch_add(&a->next, 1);

		if (i >= a->n_order)
			break;
		t->err = audit_package(t, a->order[i]);
		progress_step(a->s->progress);
	}
	audit_finish(t);
	close_root(t);
	pthread_mutex_lock(&a->mutex);
	a->over = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->mutex);
	return NULL;
}

static void *
work_on_folders(void *arg)
{
	struct auditor *t = arg;
	struct audit *a = t->audit;

	t->err = open_root(t);
	while (t->err == 0) {
		size_t i = atomic_fetch_add(&a->next_folder, 1);

		if (i >= a->n_folders)
			break;
		t->err = audit_stray(t, i);
	}
	close_root(t);
	return NULL;
}

static int
folder_by_path(const void *x, const void *y)
{
	const struct found_folder *a = x, *b = y;
	int c = strcmp(a->path, b->path);

	return c != 0 ? c : b->listed - a->listed;
}

/* What all threads have met, each folder once. */
static int
merge_folders(struct audit *a, struct auditor *t, size_t n)
{
	size_t all = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		all += t[i].n_folders;
	a->folders = calloc(all + 1, sizeof(*a->folders));
	a->seen = calloc(n, sizeof(*a->seen));
	if (a->folders == NULL || a->seen == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < t[i].n_folders; k++)
			t[i].folders[k].inos = t[i].inos +
			                       t[i].folders[k].first;
		if (t[i].n_folders > 0)
			memcpy(a->folders + a->n_folders, t[i].folders,
			       t[i].n_folders * sizeof(*a->folders));
		a->n_folders += t[i].n_folders;
		if (t[i].seen != NULL)
			a->seen[a->n_seen++] = t[i].seen;
	}
	qsort(a->folders, a->n_folders, sizeof(*a->folders), folder_by_path);
	for (size_t i = 0; i < a->n_folders; i++)
		if (kept == 0 || strcmp(a->folders[kept - 1].path,
		                        a->folders[i].path) != 0)
			a->folders[kept++] = a->folders[i];
	a->n_folders = kept;
	return 0;
}

static size_t
with_extra(size_t n)
{
	struct rlimit fds;

	return getrlimit(RLIMIT_NOFILE, &fds) < 0 ||
	       fds.rlim_cur < (n + EXTRA) * SESSION_JOB_FDS ? n : n + EXTRA;
}

static int
run_auditors(struct audit *a, struct audit_total *total)
{
	size_t n = session_jobs(a->s, a->n_order / PER_THREAD);
	bool extra = a->s->conf->jobs == 0 && n > 1 && !a->job->polite;
	size_t all = extra ? with_extra(n) : n;
	struct auditor *t = calloc(all, sizeof(*t));
	int r;

	if (t == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < all; i++) {
		t[i].audit = a;
		t[i].extra = i >= n;
	}
	r = audit_threads(t, all, work);
	if (r == 0 && a->strays) {
		r = merge_folders(a, t, all);
		if (r == 0)
			r = audit_threads(t, n, work_on_folders);
	}
	for (size_t i = 0; i < all; i++)
		close_auditor(&t[i], total);
	free(t);
	return r;
}

static int
begin(struct audit *a, struct diag *diag)
{
	int r = targets_init(&a->targets, a->job->targets,
	                     a->job->n_targets);

	a->arena = arena_new();
	if (a->arena == NULL)
		return -ENOMEM;
	a->partial = a->job->n_targets > 0 || a->job->since != NULL ||
	             a->job->slices > 0;
	if (r == 0)
		targets_merge(&a->targets, a->s->root);
	a->live = a->s->state != NULL && state_locked(a->s->state);
	a->strays = !a->partial && !a->job->quick;
	if (a->job->polite)
		polite_begin();
	if (r == 0)
		r = audit_choose(a, diag);
	if (r == 0)
		r = overrides_new(a->s->db, root_fd(a->s->root),
		                  &a->overrides, diag);
	if (r == 0)
		r = audit_chain(a, diag);
	if (r == 0)
		audit_overrides(a);
	return r;
}

/* What is asked of everything is not asked of a part. */
static int
audit_all(struct audit *a, struct audit_total *total, struct diag *diag)
{
	int r = run_auditors(a, total);

	if (r == 0)
		r = audit_doubts(a, diag);
	if (r == 0)
		r = audit_writers(a, total);
	if (r == 0 && a->job->slice <= 1 && a->job->since == NULL)
		r = audit_self(a, total);
	if (r < 0 || a->job->slice > 1 || a->job->n_targets > 0 ||
	    a->job->since != NULL)
		return r < 0 ? r : a->err;
	r = audit_gone(a);
	if (r == 0)
		r = audit_records(a);
	return r < 0 ? r : a->err;
}

int
audit_pass(struct session *s, const struct audit_job *job, struct audit *a,
           struct audit_total *total, struct diag *diag)
{
	int r;

	a->s = s;
	a->job = job;
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->changed, NULL);
	r = begin(a, diag);
	progress_total(s->progress, a->n_order);
	if (r == 0)
		r = audit_all(a, total, diag);
	if (r == 0)
		audit_sort(a, total);
	return r == 0 ? a->err : r;
}

void
audit_end(struct audit *a)
{
	pthread_mutex_destroy(&a->mutex);
	pthread_cond_destroy(&a->changed);
	history_ledgers_free(a->chain);
	overrides_free(a->overrides);
	inoset_free(a->since);
	inoset_free(a->writable);
	arena_free(a->arena);
	free(a->found);
	free(a->folders);
	free(a->seen);
	free(a->order);
	free(a->start);
	targets_free(&a->targets);
}

int
audit_run(struct session *s, const struct audit_job *job,
          struct audit_total *ret, struct diag *diag)
{
	struct audit_total total = { .files = 0 };
	struct audit a = { .s = s };
	int64_t start = clock_ns(CLOCK_REALTIME);
	int r = audit_pass(s, job, &a, &total, diag);

	if (r == 0)
		r = audit_again(&a, start, &total);
	if (r == 0) {
		for (size_t i = 0; i < a.n_found; i++)
			job->fn(job->ctx, &a.found[i].finding);
		total.partial = a.partial;
		*ret = total;
		r = targets_check(&a.targets, diag);
	}
	if (r == 0 && a.bad < 0) {
		*diag = a.diag;
		r = a.bad;
	}
	audit_end(&a);
	return r;
}
