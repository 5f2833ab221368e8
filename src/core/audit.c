/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "self.h"
#include "survey.h"
#include "target.h"

struct audit {
	struct session *s;
	bool quick;
	finding_fn *fn;
	void *ctx;
	struct audit_total *total;
	/* the package at hand */
	struct package *package;
	const struct ledger *ledger;
	bool off;
};

static void
tell(struct audit *a, enum finding_kind kind, const char *path,
     const char *expected, const char *actual)
{
	const struct finding f = {
		.kind = kind,
		.package = a->package != NULL ? a->package->key : NULL,
		.version = a->package != NULL ? a->package->version : NULL,
		.path = path, .expected = expected, .actual = actual
	};

	if (kind == FINDING_UNKNOWN)
		a->total->unknown++;
	else
		a->total->findings++;
	a->fn(a->ctx, &f);
}

/* Against the ledger where it knows, else against dpkg's md5sums. */
static void
check_content(struct audit *a, const char *listed, const struct verdict *v)
{
	const struct ledger_row *row = a->ledger == NULL ? NULL :
	    ledger_find(a->ledger, v->path);
	const unsigned char *want = row != NULL && row->has_md5 ? row->md5 :
	    dpkgdb_md5(a->package, listed);
	char expected[33], actual[33];
	struct digest md5;
	struct node node;
	uint64_t bytes = 0;
	int fd, r;

	if (want == NULL)
		return;
	r = root_open(a->s->root, v->path, &fd, &node);
	if (r == 0) {
		r = digest_fd(fd, DIGEST_MD5, &md5, &bytes);
		close(fd);
	}
	a->total->bytes += bytes;
	if (r < 0) {
		tell(a, FINDING_UNKNOWN, v->path, NULL, err_text(r));
	} else if (memcmp(md5.bytes, want, 16) != 0) {
		digest_hex(want, 16, expected);
		digest_hex(md5.bytes, 16, actual);
		tell(a, FINDING_CONTENT, v->path, expected, actual);
	}
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
check_recorded(struct audit *a, const struct verdict *v)
{
	if (a->ledger == NULL || ledger_find(a->ledger, v->path) == NULL)
		return;
	if (v->kind == DUE_ABSENT)
		tell(a, FINDING_MISSING, v->path, NULL, NULL);
	else if (v->kind == DUE_EXEMPT && v->exempt == EXEMPT_TYPE)
		tell(a, FINDING_TYPE, v->path, "file",
		     type_name(v->node.mode));
}

static void
audit_path(struct audit *a, const char *listed)
{
	struct verdict v;

	due_judge(a->s->due, a->package, listed, &v);
	if (v.have_node && S_ISREG(v.node.mode))
		a->total->files++;
	switch (v.kind) {
	case DUE_YES:
		if (!(v.flags & IFLAG_IMMUTABLE) && !a->off)
			tell(a, FINDING_FLAG, v.path, "immutable", "not");
		if ((v.flags & IFLAG_APPEND) &&
		    !foreign_get(a->s->foreign, v.path))
			tell(a, FINDING_FOREIGN, v.path, NULL, "append-only");
		/* fall through */
	case DUE_UNSUPPORTED:
		if (!a->quick)
			check_content(a, listed, &v);
		break;
	case DUE_ABSENT:
	case DUE_EXEMPT:
		check_recorded(a, &v);
		break;
	case DUE_UNKNOWN:
		tell(a, FINDING_UNKNOWN, v.path, NULL, err_text(v.err));
		break;
	case DUE_UNSETTLED:
		break;
	}
}

static int
audit_package(struct audit *a, struct package *p, struct targets *t,
              struct diag *diag)
{
	const struct index_row *row = a->s->index == NULL ? NULL :
	    index_find(a->s->index, p->name, p->arch);
	struct ledger *l = NULL;
	int r = dpkgdb_load_list(a->s->db, p, diag);

	if (r == 0 && !a->quick)
		r = dpkgdb_load_md5s(a->s->db, p, diag);
	if (r == 0 && a->s->state != NULL && a->s->state->ledger_fd >= 0) {
		r = ledger_load(a->s->state->ledger_fd, p->key, &l, diag);
		if (r == -ENOENT)
			r = 0;
	}
	a->package = p;
	a->ledger = l;
	a->off = row != NULL && row->off;
	for (size_t i = 0; r == 0 && i < p->n_paths; i++)
		if (targets_path(t, p, p->paths[i],
		                 dpkgdb_real(a->s->db, p, p->paths[i])))
			audit_path(a, p->paths[i]);
	ledger_free(l);
	a->package = NULL;
	a->ledger = NULL;
	return r;
}

/* Our shims stand where they were put, and are protected. */
static void
audit_self(struct audit *a, struct targets *t)
{
	for (size_t i = 0; i < SELF_COUNT; i++) {
		unsigned int flags = 0;
		struct node node;
		int fd, r;

		if (!targets_path(t, NULL, self_paths[i], self_paths[i]))
			continue;
		r = self_open(a->s->root, self_paths[i], &fd, &node);
		if (r < 0)
			continue;
		close(fd);
		a->total->files++;
		r = due_flags(a->s->due, self_paths[i], &node, &flags);
		if (r == 0 && !(flags & IFLAG_IMMUTABLE) &&
		    due_fskind(a->s->due, self_paths[i], &node)->flags)
			tell(a, FINDING_SELF, self_paths[i], "immutable",
			     "not");
	}
}

int
audit_run(struct session *s, char *const *targets, size_t n, bool quick,
          finding_fn *fn, void *ctx, struct audit_total *ret,
          struct diag *diag)
{
	struct audit_total total = { .files = 0 };
	struct audit a = {
		.s = s, .quick = quick, .fn = fn, .ctx = ctx, .total = &total
	};
	struct targets t;
	int r = targets_init(&t, targets, n);

	progress_total(s->progress, s->db->n_packages);
	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++) {
		struct package *p = &s->db->packages[i];

		if (p->state > PKG_CONFIG_FILES && targets_package(&t, p))
			r = audit_package(&a, p, &t, diag);
		progress_step(s->progress);
	}
	if (r == 0) {
		audit_self(&a, &t);
		r = targets_check(&t, diag);
	}
	targets_free(&t);
	if (r == 0)
		*ret = total;
	return r;
}
