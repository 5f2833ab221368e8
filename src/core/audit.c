/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "lanes.h"
#include "self.h"
#include "survey.h"
#include "target.h"

/* Fewer packages are not worth a thread. */
#define PER_THREAD 8
#define MD5_SIZE 16

/*
 * Threads take package after package; each keeps the lanes of its CPU full
 * with files, so that the answers come in any order. What is found is kept
 * and told at the end, in the order of packages and paths.
 */
struct found {
	size_t package;			/* by db->packages; n: of none */
	struct finding finding;
};

struct audit {
	struct session *s;
	bool quick;
	struct targets *targets;
	bool *chosen;			/* by index of db->packages */
	atomic_size_t next;
	pthread_mutex_t mutex;		/* around all below */
	struct found *found;
	size_t n_found, cap;
	struct arena *arena;		/* the findings' words */
	struct diag diag;		/* of the first ledger that is bad */
	int bad;
	int err;			/* -ENOMEM: nothing can be told */
};

struct auditor {
	struct audit *audit;
	pthread_t id;
	struct root *root;		/* NULL: the session's */
	struct due *due;
	struct lanes *lanes;
	struct audit_total total;
	/* the package at hand */
	size_t at;
	struct package *package;
	const struct ledger *ledger;
	bool off;
	int err;
};

/* A file in the lanes. */
struct reading {
	struct auditor *auditor;
	size_t package;
	const char *path;
	int fd;
	unsigned char want[MD5_SIZE];
};

static const char *
keep_words(struct audit *a, const char *words)
{
	const char *copy = words == NULL ? NULL :
	                   arena_strdup(a->arena, words);

	if (words != NULL && copy == NULL)
		a->err = -ENOMEM;
	return copy;
}

static void
keep(struct audit *a, size_t package, enum finding_kind kind,
     const char *path, const char *expected, const char *actual)
{
	const struct dpkgdb *db = a->s->db;
	const struct package *p = package < db->n_packages ?
	                          &db->packages[package] : NULL;
	struct finding f = {
		.kind = kind, .path = path,
		.package = p != NULL ? p->key : NULL,
		.version = p != NULL ? p->version : NULL
	};

	if (a->n_found == a->cap) {
		size_t cap = a->cap == 0 ? 64 : a->cap * 2;
		void *more = realloc(a->found, cap * sizeof(*a->found));

		if (more == NULL) {
			a->err = -ENOMEM;
			return;
		}
		a->found = more;
		a->cap = cap;
	}
	f.expected = keep_words(a, expected);
	f.actual = keep_words(a, actual);
	a->found[a->n_found++] = (struct found){ package, f };
}

static void
tell_of(struct auditor *t, size_t package, enum finding_kind kind,
        const char *path, const char *expected, const char *actual)
{
	if (kind == FINDING_UNKNOWN)
		t->total.unknown++;
	else
		t->total.findings++;
	pthread_mutex_lock(&t->audit->mutex);
	keep(t->audit, package, kind, path, expected, actual);
	pthread_mutex_unlock(&t->audit->mutex);
}

static void
tell(struct auditor *t, enum finding_kind kind, const char *path,
     const char *expected, const char *actual)
{
	tell_of(t, t->at, kind, path, expected, actual);
}

/* An answer of the lanes. */
static void
was_read(void *arg, const struct lanes_result *result)
{
	struct reading *r = result->cookie;
	const unsigned char *have = result->digests[0].bytes;
	char expected[33], actual[33];

	(void)arg;
	close(r->fd);
	r->auditor->total.bytes += result->bytes;
	if (result->err < 0) {
		tell_of(r->auditor, r->package, FINDING_UNKNOWN, r->path, NULL,
		        err_text(result->err));
	} else if (memcmp(have, r->want, MD5_SIZE) != 0) {
		digest_hex(r->want, MD5_SIZE, expected);
		digest_hex(have, MD5_SIZE, actual);
		tell_of(r->auditor, r->package, FINDING_CONTENT, r->path,
		        expected, actual);
	}
	free(r);
}

/* Against the ledger where it knows, else against dpkg's md5sums. */
static void
check_content(struct auditor *t, const char *listed, const struct verdict *v)
{
	const struct ledger_row *row = t->ledger == NULL ? NULL :
	    ledger_find(t->ledger, v->path);
	const unsigned char *want = row != NULL && row->has_md5 ? row->md5 :
	    dpkgdb_md5(t->package, listed);
	struct reading *reading;
	struct lanes_job job;
	struct node node;
	int fd, r;

	if (want == NULL)
		return;
	reading = malloc(sizeof(*reading));
	r = reading == NULL ? -ENOMEM :
	    root_open(due_root(t->due), v->path, &fd, &node);
	if (r < 0) {
		tell(t, FINDING_UNKNOWN, v->path, NULL, err_text(r));
		free(reading);
		return;
	}
	*reading = (struct reading){
		.auditor = t, .package = t->at, .path = v->path, .fd = fd
	};
	memcpy(reading->want, want, MD5_SIZE);
	job = (struct lanes_job){
		.fd = fd, .size = node.size, .cookie = reading
	};
	lanes_file(t->lanes, &job);
}

static const char *
type_name(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return "folder";
	case S_IFLNK: return "symlink";
	case S_IFIFO: return "fifo";
	case S_IFSOCK: return "socket";
	case S_IFREG: return "file";
	}
	return "device";
}

/* A path that has been a protected file must still be one. */
static void
check_recorded(struct auditor *t, const struct verdict *v)
{
	if (t->ledger == NULL || ledger_find(t->ledger, v->path) == NULL)
		return;
	if (v->kind == DUE_ABSENT)
		tell(t, FINDING_MISSING, v->path, NULL, NULL);
	else if (v->kind == DUE_EXEMPT && v->exempt == EXEMPT_TYPE)
		tell(t, FINDING_TYPE, v->path, "file",
		     type_name(v->node.mode));
}

static void
audit_path(struct auditor *t, const char *listed)
{
	const struct audit *a = t->audit;
	struct verdict v;

	due_judge(t->due, t->package, listed, &v);
	if (v.have_node && S_ISREG(v.node.mode))
		t->total.files++;
	switch (v.kind) {
	case DUE_YES:
		if (!(v.flags & IFLAG_IMMUTABLE) && !t->off)
			tell(t, FINDING_FLAG, v.path, "immutable", "not");
		if ((v.flags & IFLAG_APPEND) &&
		    !foreign_get(a->s->foreign, v.path))
			tell(t, FINDING_FOREIGN, v.path, NULL, "append-only");
		/* fall through */
	case DUE_UNSUPPORTED:
		if (!a->quick)
			check_content(t, listed, &v);
		break;
	case DUE_ABSENT:
	case DUE_EXEMPT:
		check_recorded(t, &v);
		break;
	case DUE_UNKNOWN:
		tell(t, FINDING_UNKNOWN, v.path, NULL, err_text(v.err));
		break;
	case DUE_UNSETTLED:
		break;
	}
}

/* A ledger that can't be read is trouble, and no reason not to look at the
 * files, nor at those of others. */
static int
load_ledger(struct audit *a, const char *key, struct ledger **ret)
{
	struct diag d = { .line = 0 };
	int r = ledger_load(a->s->state->ledger_fd, key, ret, &d);

	if (r == 0 || r == -ENOMEM || r == -ENOENT)
		return r == -ENOMEM ? r : 0;
	pthread_mutex_lock(&a->mutex);
	if (a->bad == 0) {
		a->bad = r;
		a->diag = d;
	}
	pthread_mutex_unlock(&a->mutex);
	return 0;
}

static int
audit_package(struct auditor *t, size_t at)
{
	struct audit *a = t->audit;
	struct package *p = &a->s->db->packages[at];
	const struct index_row *row = a->s->index == NULL ? NULL :
	    index_find(a->s->index, p->name, p->arch);
	struct ledger *l = NULL;
	int r = 0;

	if (a->s->state != NULL && a->s->state->ledger_fd >= 0)
		r = load_ledger(a, p->key, &l);
	t->at = at;
	t->package = p;
	t->ledger = l;
	t->off = row != NULL && row->off;
	for (size_t i = 0; r == 0 && i < p->n_paths; i++)
		if (targets_path(a->targets, p, p->paths[i],
		                 dpkgdb_real(a->s->db, p, p->paths[i])))
			audit_path(t, p->paths[i]);
	ledger_free(l);
	t->ledger = NULL;
	return r;
}

static void *
work(void *arg)
{
	struct auditor *t = arg;
	struct audit *a = t->audit;
	const size_t n = a->s->db->n_packages;

	for (;;) {
		size_t i = atomic_fetch_add(&a->next, 1);

		if (i >= n || t->err < 0)
			break;
		if (a->chosen[i])
			t->err = audit_package(t, i);
		progress_step(a->s->progress);
	}
	lanes_finish(t->lanes);
	return NULL;
}

static int
open_auditor(struct auditor *t, struct audit *a, bool first)
{
	struct session *s = a->s;
	int r = lanes_new(LANES_MD5, LANES_BEST, was_read, t, &t->lanes);

	t->audit = a;
	if (r < 0 || first) {
		t->due = s->due;
		return r;
	}
	r = root_new(s->instdir, &t->root);
	return r < 0 ? r : due_new(s->facts, t->root, &t->due);
}

static void
close_auditor(struct auditor *t, struct audit_total *total)
{
	total->files += t->total.files;
	total->bytes += t->total.bytes;
	total->findings += t->total.findings;
	total->unknown += t->total.unknown;
	lanes_free(t->lanes);
	if (t->root != NULL) {
		due_free(t->due);
		root_free(t->root);
	}
}

static int
run_auditors(struct audit *a, struct audit_total *total)
{
	size_t n = session_jobs(a->s, a->s->db->n_packages / PER_THREAD);
	struct auditor *t = calloc(n, sizeof(*t));
	size_t started = 1;
	int r = t == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = open_auditor(&t[i], a, i == 0);
	if (r == 0) {
		while (started < n && pthread_create(&t[started].id, NULL,
		                                     work, &t[started]) == 0)
			started++;
		work(&t[0]);
	}
	for (size_t i = 1; r == 0 && i < started; i++)
		pthread_join(t[i].id, NULL);
	for (size_t i = 0; t != NULL && i < n; i++) {
		if (r == 0)
			r = t[i].err;
		close_auditor(&t[i], total);
	}
	free(t);
	return r;
}

/* Our shims stand where they were put, and are protected. */
static void
audit_self(struct audit *a, struct audit_total *total)
{
	struct session *s = a->s;

	for (size_t i = 0; i < SELF_COUNT; i++) {
		unsigned int flags = 0;
		struct node node;
		int fd, r;

		if (!targets_path(a->targets, NULL, self_paths[i],
		                  self_paths[i]))
			continue;
		r = self_open(s->root, self_paths[i], &fd, &node);
		if (r < 0)
			continue;
		close(fd);
		total->files++;
		r = due_flags(s->due, self_paths[i], &node, &flags);
		if (r < 0 || (flags & IFLAG_IMMUTABLE) ||
		    !due_fskind(s->due, self_paths[i], &node)->flags)
			continue;
		total->findings++;
		keep(a, s->db->n_packages, FINDING_SELF, self_paths[i],
		     "immutable", "not");
	}
}

static int
by_place(const void *x, const void *y)
{
	const struct found *a = x, *b = y;
	int c;

	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	c = strcmp(a->finding.path, b->finding.path);
	return c != 0 ? c : (int)a->finding.kind - (int)b->finding.kind;
}

/* Lists are loaded before the threads begin: nobody may while they judge. */
static int
choose(struct audit *a, struct diag *diag)
{
	struct dpkgdb *db = a->s->db;
	int r = 0;

	a->chosen = calloc(db->n_packages + 1, sizeof(*a->chosen));
	a->arena = arena_new();
	if (a->chosen == NULL || a->arena == NULL)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < db->n_packages; i++) {
		struct package *p = &db->packages[i];

		if (p->state <= PKG_CONFIG_FILES ||
		    !targets_package(a->targets, p))
			continue;
		a->chosen[i] = true;
		r = dpkgdb_load_list(db, p, diag);
		if (r == 0 && !a->quick)
			r = dpkgdb_load_md5s(db, p, diag);
	}
	return r;
}

static void
tell_all(struct audit *a, finding_fn *fn, void *ctx)
{
	if (a->n_found > 1)
		qsort(a->found, a->n_found, sizeof(*a->found), by_place);
	for (size_t i = 0; i < a->n_found; i++)
		fn(ctx, &a->found[i].finding);
}

int
audit_run(struct session *s, char *const *targets, size_t n, bool quick,
          finding_fn *fn, void *ctx, struct audit_total *ret,
          struct diag *diag)
{
	struct audit_total total = { .files = 0 };
	struct targets t;
	struct audit a = { .s = s, .quick = quick, .targets = &t };
	int r = targets_init(&t, targets, n);

	pthread_mutex_init(&a.mutex, NULL);
	if (r == 0)
		r = choose(&a, diag);
	progress_total(s->progress, s->db->n_packages);
	if (r == 0)
		r = run_auditors(&a, &total);
	if (r == 0)
		audit_self(&a, &total);
	if (r == 0)
		r = a.err;
	if (r == 0) {
		tell_all(&a, fn, ctx);
		r = targets_check(&t, diag);
	}
	if (r == 0 && a.bad < 0) {
		*diag = a.diag;
		r = a.bad;
	}
	pthread_mutex_destroy(&a.mutex);
	arena_free(a.arena);
	free(a.found);
	free(a.chosen);
	targets_free(&t);
	if (r == 0)
		*ret = total;
	return r;
}
