/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit_priv.h"
#include "compare.h"
#include "digest.h"
#include "infosum.h"
#include "records.h"
#include "self.h"
#include "signing.h"
#include "transaction.h"
#include "writers.h"

static void
none_told(void *ctx, enum finding_kind kind, const char *expected,
          const char *actual)
{
	(void)ctx;
	(void)kind;
	(void)expected;
	(void)actual;
}

static bool
agrees(const struct audit *a, const struct ledger *l,
       const struct audit_folder *f)
{
	const struct ledger_row *row = ledger_any(l, f->path);
	const char *meta;

	if (row == NULL)
		return false;
	meta = row->meta != NULL ? row->meta : "";
	return compare_node(row, overrides_find(a->overrides, f->path),
	                    &f->node, false, none_told, NULL) == 0 &&
	       (!f->asked || strcmp(meta, f->words != NULL ? f->words :
	                            "") == 0);
}

static bool
lists(const struct dpkgdb *db, const struct package *p, const char *path)
{
	for (size_t i = 0; i < p->n_paths; i++)
		if (strcmp(dpkgdb_real(db, p, p->paths[i]), path) == 0)
			return true;
	return false;
}

/* Does any other package's ledger say that the folder is right? 1 or 0. */
static int
excused(struct audit *a, const struct audit_folder *f, struct diag *diag)
{
	struct dpkgdb *db = a->s->db;

	for (size_t i = 0; i < db->n_packages; i++) {
		struct package *p = &db->packages[i];
		struct ledger *l;
		bool agreed;
		int r;

		if (i == f->package || p->state <= PKG_CONFIG_FILES)
			continue;
		r = dpkgdb_load_list(db, p, diag);
		if (r < 0)
			return r;
		if (!lists(db, p, f->path) ||
		    ledger_load(a->s->state->ledger_fd, p->key, &l, NULL) < 0)
			continue;
		agreed = agrees(a, l, f);
		ledger_free(l);
		if (agreed)
			return 1;
	}
	return 0;
}

struct folder_ctx {
	struct audit *a;
	const struct audit_folder *f;
};

static void
folder_differs(void *ctx, enum finding_kind kind, const char *expected,
               const char *actual)
{
	struct folder_ctx *c = ctx;

	audit_keep(c->a, c->f->package, kind, c->f->path, expected, actual);
}

static int
by_folder(const void *x, const void *y)
{
	const struct audit_folder *a = x, *b = y;
	int c = strcmp(a->path, b->path);

	if (c != 0)
		return c;
	return a->package < b->package ? -1 : a->package > b->package;
}

int
audit_doubts(struct audit *a, struct diag *diag)
{
	if (a->n_doubts > 1)
		qsort(a->doubts, a->n_doubts, sizeof(*a->doubts), by_folder);
	for (size_t i = 0; i < a->n_doubts; i++) {
		const struct audit_folder *f = &a->doubts[i];
		struct folder_ctx c = { a, f };
		int r;

		/* once a folder */
		if (i > 0 && strcmp(f->path, a->doubts[i - 1].path) == 0)
			continue;
		r = excused(a, f, diag);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		compare_node(&f->row, overrides_find(a->overrides, f->path),
		             &f->node, false, folder_differs, &c);
		if (f->asked && compare_meta(&f->row, f->words,
		                             folder_differs, &c) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

static bool
is_wanted(void *ctx, uint64_t dev, uint64_t ino)
{
	const struct audit *a = ctx;

	return inoset_has(a->writable, dev, ino, NULL);
}

static int
found_writer(void *ctx, const struct writer *w)
{
	struct audit *a = ctx;
	char text[100];
	uintptr_t at;

	if (!inoset_has(a->writable, w->dev, w->ino, &at))
		return 0;
	snprintf(text, sizeof(text), "process %d (%s)%s", (int)w->pid,
	         w->comm, w->mapping ? ", a mapping" : "");
	audit_keep(a, a->files[at].package, FINDING_WRITER, a->files[at].path,
	           NULL, text);
	return 0;
}

int
audit_writers(struct audit *a, struct audit_total *total)
{
	char text[80];
	size_t unseen = 0;
	int r;

	if (a->writable == NULL)
		return 0;
	r = writers_find(is_wanted, found_writer, a, &unseen);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		snprintf(text, sizeof(text), "who writes: %s", err_text(r));
	else
		snprintf(text, sizeof(text), "what %zu processes write",
		         unseen);
	total->blind_writers = unseen;
	if (r < 0 || unseen > 0)
		audit_keep(a, a->s->db->n_packages, FINDING_UNKNOWN, "/proc",
		           NULL, text);
	return 0;
}

static int
digest_of(struct audit *a, const char *path, struct digest *ret,
          unsigned int *ret_flags)
{
	struct node node;
	int fd, r = self_open(a->s->root, path, &fd, &node);

	if (r < 0)
		return r;
	r = digest_fd(fd, DIGEST_SHA256, ret, NULL);
	close(fd);
	if (r == 0)
		r = due_flags(a->s->due, path, &node, ret_flags);
	if (r == 0 && !due_fskind(a->s->due, path, &node)->flags)
		*ret_flags = IFLAG_IMMUTABLE;	/* as far as it goes */
	return r;
}

/* Once our shims have been put in place, all of them must stay. */
static bool
in_place(const struct dpkgdb *db)
{
	for (size_t i = 0; i < SELF_COUNT; i++)
		if (self_is_shim(i) && self_is_diverted(db, self_paths[i]))
			return true;
	return false;
}

/* A program that isn't there gets no shim, and debconf need not be installed;
 * all the others are dpkg's. */
static bool
is_absent(struct audit *a, const char *path)
{
	static const char optional[] = "/usr/sbin/dpkg-reconfigure";
	struct node node;

	return strcmp(path, optional) == 0 &&
	       root_stat(a->s->root, optional, &node) == -ENOENT &&
	       root_stat(a->s->root, "/usr/sbin/dpkg-reconfigure.distrib",
	                 &node) == -ENOENT;
}

/* NULL, or what is wrong with the i-th of our programs. */
static const char *
wrong_self(struct audit *a, size_t i, const struct digest *shim, bool placed,
           struct audit_total *total)
{
	bool must = placed && self_is_shim(i);
	bool engine = placed && strcmp(self_paths[i], SELF_ENGINE) == 0;
	unsigned int flags = 0;
	struct digest d;
	int r = digest_of(a, self_paths[i], &d, &flags);

	if (r == 0)
		total->files++;
	if (must && !self_is_diverted(a->s->db, self_paths[i]))
		return is_absent(a, self_paths[i]) ? NULL :
		       "its diversion is gone";
	if (r == -ENOENT)
		return must || engine ? "another file, or gone" : NULL;
	if (r < 0)
		return err_text(r);
	if (must && shim != NULL &&
	    memcmp(shim->bytes, d.bytes, digest_size(DIGEST_SHA256)) != 0)
		return "another file";
	return flags & IFLAG_IMMUTABLE ? NULL : "not immutable";
}

int
audit_self(struct audit *a, struct audit_total *total)
{
	const bool placed = in_place(a->s->db);
	unsigned int flags;
	struct digest shim;
	bool known = digest_of(a, SELF_SHIM, &shim, &flags) == 0;

	if (placed && !known &&
	    targets_path(&a->targets, NULL, SELF_SHIM, SELF_SHIM))
		audit_keep(a, a->s->db->n_packages, FINDING_SELF, SELF_SHIM,
		           "our own program", "another file, or gone");
	for (size_t i = 0; i < SELF_COUNT; i++) {
		const char *wrong;

		if (!targets_path(&a->targets, NULL, self_paths[i],
		                  self_paths[i]))
			continue;
		wrong = wrong_self(a, i, known ? &shim : NULL, placed, total);
		if (wrong != NULL)
			audit_keep(a, a->s->db->n_packages, FINDING_SELF,
			           self_paths[i], "our own program", wrong);
	}
	return a->err;
}

static void
keep_record(void *ctx, const struct finding *f)
{
	struct audit *a = ctx;

	audit_keep(a, a->s->db->n_packages, f->kind, f->path, f->expected,
	           f->actual);
}

static bool
self_told(const struct audit *a)
{
	for (size_t i = 0; i < a->n_found; i++)
		if (a->found[i].finding.kind == FINDING_SELF)
			return true;
	return false;
}

int
audit_records(struct audit *a)
{
	struct session *s = a->s;

	if (a->chain == NULL || s->state == NULL || a->live)
		return 0;
	/* A shim without its diversion says all. */
	records_check(s, a->chain, !self_told(a), keep_record, a);
	return a->err;
}

void
audit_overrides(struct audit *a)
{
	const char *named = a->chain == NULL || a->live || a->s->guest_db ?
	    NULL : history_record(a->chain, TRANSACTION_OVERRIDES);
	char actual[2 * DIGEST_MAX + 1] = "-";
	unsigned char sum[32];
	bool has;

	if (named == NULL)
		return;
	if (infosum_file(a->s->db_fd, TRANSACTION_OVERRIDES, &has, sum) == 0 &&
	    has)
		digest_hex(sum, sizeof(sum), actual);
	a->unseen = strcmp(named, actual) != 0;
}

static int
tell_gone(void *ctx, const char *key)
{
	struct audit *a = ctx;
	const struct state *state = a->s->state;
	char path[sizeof(state->admindir) + 512];

	snprintf(path, sizeof(path), "%s/info/%s.list", state->admindir, key);
	audit_keep(a, a->s->db->n_packages, FINDING_DATABASE, path,
	           "installed", "not installed");
	return 0;
}

int
audit_gone(struct audit *a)
{
	int r = a->chain == NULL || a->s->state == NULL || a->live ? 0 :
	    records_gone(a->s->db, a->chain, tell_gone, a);

	return r < 0 ? r : a->err;
}

int
audit_chain(struct audit *a, struct diag *diag)
{
	const size_t nobody = a->s->db->n_packages;
	struct diag d = { .line = 0 };
	char text[600];
	int r;

	if (a->s->state == NULL || a->s->state->history_fd < 0)
		return 0;
	r = history_ledgers(a->s->state->history_fd, &a->chain, &d);
	snprintf(d.file, sizeof(d.file), "%s", STATE_DIR "/history/log");
	if (r < 0) {
		*diag = d;
		return r;
	}
	if (r > 0) {
		diag_text(&d, text, sizeof(text));
		audit_keep(a, nobody, FINDING_HISTORY,
		           STATE_DIR "/history/log", "an unbroken chain",
		           text);
	}
	if (a->job->trust == NULL)
		return 0;
	r = signing_check(a->s->state->history_fd, a->job->trust,
	                  history_ledgers_head(a->chain), &d);
	if (r < 0) {
		*diag = d;
		return r;
	}
	if (r > 0) {
		diag_text(&d, text, sizeof(text));
		audit_keep(a, nobody, FINDING_HISTORY,
		           STATE_DIR "/history/signature",
		           "signed with the trusted key", text);
	}
	return 0;
}
