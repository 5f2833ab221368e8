/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "prepare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "hook.h"
#include "strmap.h"
#include "target.h"
#include "triggered.h"

/* Of what goes wrong with an archive: dpkg will stop at it as well. Anything
 * else is our own trouble, and dpkg might read what we could not. */
static bool
dpkg_refuses(int err)
{
	return err == ERR_CHILD || err == ERR_FORMAT || err == -ENOENT ||
	       err == ERR_NOT_REGULAR;
}

/* Reads what can be read: dpkg itself will refuse the others. */
static int
read_archives(const struct session *s, const struct cmdline *c,
              struct prepared *p, struct diag *diag)
{
	struct archive_result *results;
	int r = archive_list(c->operands, c->n_operands, c->recursive,
	                     &p->files, &p->n_files);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		p->refused_all = r;	/* dpkg stops at a missing operand */
		return 0;
	}
	p->refused = calloc(p->n_files + 1, sizeof(*p->refused));
	p->archives = calloc(p->n_files + 1, sizeof(struct archive *));
	results = calloc(p->n_files + 1, sizeof(*results));
	if (p->archives == NULL || p->refused == NULL || results == NULL) {
		free(results);
		return -ENOMEM;
	}
	archive_read_all(p->files, p->n_files, session_jobs(s, p->n_files),
	                 results);
	for (size_t i = 0; i < p->n_files; i++) {
		struct archive *a = results[i].archive;
		int e = results[i].err;

		/* Parts that can't be put together dpkg won't unpack. */
		if (e == ERR_CHILD &&
		    archive_read_parts(p->files, p->n_files, i, s->admindir,
		                       &a, NULL) == 0)
			e = 0;
		if (e == 0) {
			p->archives[p->n_archives++] = a;
		} else if (dpkg_refuses(e)) {
			p->refused[i] = e;
		} else if (r == 0) {
			r = e;
			if (diag != NULL)
				*diag = results[i].diag;
		}
	}
	free(results);
	return r;
}

static int
load_lists(struct session *s, const struct prepared *p, struct diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->plan->n_packages; i++)
		r = dpkgdb_load_list(s->db, p->plan->packages[i].package,
		                     diag);
	if (!p->plan->wants_members)
		return r;
	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++)
		if (plan_replaces(p->plan, &s->db->packages[i]))
			r = dpkgdb_load_list(s->db, &s->db->packages[i],
			                     diag);
	return r;
}

static int
load_members(struct prepared *p, const bool *want, struct diag *diag)
{
	for (size_t i = 0; i < p->n_archives; i++) {
		int r = want[i] ? archive_members(p->archives[i], diag) : 0;

		if (r < 0 && !dpkg_refuses(r))
			return r;
	}
	return 0;
}

int
prepare_plan(struct session *s, const struct cmdline *c,
             struct prepared *ret, struct diag *diag)
{
	struct prepared p = { .plan = NULL };
	bool *want = NULL;
	int r = 0;

	if (c->action == CMD_INSTALL || c->action == CMD_UNPACK)
		r = read_archives(s, c, &p, diag);
	hook_time("archives read");
	if (r == 0) {
		want = calloc(p.n_archives + 1, sizeof(*want));
		r = want == NULL ? -ENOMEM :
		    plan_select(c, s->db, p.archives, p.n_archives, want,
		                &p.plan);
	}
	hook_time("packages chosen");
	if (r == 0)
		r = load_lists(s, &p, diag);
	hook_time("lists read");
	if (r == 0)
		r = load_members(&p, want, diag);
	hook_time("members read");
	if (r == 0)
		r = triggered_add(s, c, p.plan, p.archives, p.n_archives,
		                  diag);
	if (r == 0)
		r = plan_finish(p.plan, c, s->db, p.archives, p.n_archives);
	free(want);
	hook_time("paths planned");
	if (r < 0) {
		prepared_free(&p);
		return r;
	}
	*ret = p;
	return 0;
}

void
prepared_free(struct prepared *p)
{
	plan_free(p->plan);
	for (size_t i = 0; i < p->n_archives; i++)
		archive_free(p->archives[i]);
	free(p->archives);
	free(p->refused);
	archive_list_free(p->files, p->n_files);
	memset(p, 0, sizeof(*p));
}

/* Where a diversion leads: as recorded, as asked for, or by default. */
static const char *
diversion_target(struct session *s, const struct companion *c,
                 const char *from)
{
	char *name;
	size_t n = strlen(from) + sizeof(".distrib");

	for (size_t i = 0; i < s->db->n_diversions; i++)
		if (strcmp(s->db->diversions[i].from, from) == 0)
			return s->db->diversions[i].to;
	if (c->divert != NULL)
		return c->divert;
	name = arena_alloc(s->arena, n);
	if (name != NULL)
		snprintf(name, n, "%s.distrib", from);
	return name;
}

/* As the companions do: without "/" and "/." behind. */
static const char *
trimmed(struct session *s, const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && (path[n - 1] == '/' ||
	    (path[n - 1] == '.' && path[n - 2] == '/')))
		n--;
	return arena_strndup(s->arena, path, n);
}

/*
 * dpkg-statoverride needs no slash at the start, and chown(2) and chmod(2)
 * follow a link at the end: the file that they come to, as a path below the
 * root. "" where there is none, or none below the root; NULL: no memory.
 */
static const char *
followed(struct session *s, const char *path)
{
	size_t n = strlen(s->instdir);
	const char *ret = "";
	struct node node;
	char *host, *end;

	if (path[0] == '/' && root_stat(s->root, path, &node) == 0 &&
	    !S_ISLNK(node.mode))
		return path;
	if (asprintf(&host, "%s%s", s->instdir, path) < 0)
		return NULL;
	end = realpath(host, NULL);
	if (end != NULL && strncmp(end, s->instdir, n) == 0 && end[n] == '/')
		ret = arena_strdup(s->arena, end + n);
	free(end);
	free(host);
	return ret;
}

static int
plan_companion_path(struct session *s, const struct companion *c,
                    struct plan **ret)
{
	struct plan_path paths[2] = {
		{ .package = "", .reason = PLAN_OWN },
		{ .package = "", .reason = PLAN_DIVERTED }
	};
	size_t n = 1;

	if (c->path == NULL)
		return plan_of(s->db, NULL, 0, NULL, 0, ret);
	paths[0].path = trimmed(s, c->path);
	if (paths[0].path != NULL && c->action == COMPANION_OVERRIDE)
		paths[0].path = followed(s, paths[0].path);
	if (paths[0].path == NULL)
		return -ENOMEM;
	if (paths[0].path[0] != '/')
		return plan_of(s->db, NULL, 0, NULL, 0, ret);
	if (c->action != COMPANION_OVERRIDE) {
		paths[1].path = diversion_target(s, c, paths[0].path);
		if (paths[1].path == NULL)
			return -ENOMEM;
		n = 2;
	}
	return plan_of(s->db, paths, n, NULL, 0, ret);
}

static int
plan_reconfigure(struct session *s, const struct companion *c,
                 struct plan **ret, struct diag *diag)
{
	struct package **list = calloc(s->db->n_packages + 1, sizeof(*list));
	size_t n = 0;
	int r = list == NULL ? -ENOMEM : 0;

	for (int i = 0; r == 0 && i < c->n_operands; i++) {
		size_t many = 0;
		struct package *p = dpkgdb_operand(s->db, c->operands[i],
		                                   &many);

		for (; r == 0 && p != NULL && many > 0; p++, many--) {
			if (p->state <= PKG_CONFIG_FILES ||
			    n == s->db->n_packages)
				continue;
			r = dpkgdb_load_list(s->db, p, diag);
			list[n++] = p;
		}
	}
	if (r == 0)
		r = plan_of(s->db, NULL, 0, list, n, ret);
	free(list);
	return r;
}

int
prepare_companion(struct session *s, const struct companion *c,
                  struct prepared *ret, struct diag *diag)
{
	struct prepared p = { .plan = NULL };
	int r;

	if (c->action == COMPANION_CONFIGURE)
		r = plan_reconfigure(s, c, &p.plan, diag);
	else if (c->action == COMPANION_RECORD && s->state->lock_fd >= 0)
		r = plan_of(s->db, NULL, 0, NULL, 0, &p.plan);
	else
		r = plan_companion_path(s, c, &p.plan);
	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

int
prepare_packages(struct session *s, char *const *words, size_t n,
                 struct prepared *ret, struct diag *diag)
{
	struct dpkgdb *db = s->db;
	struct package **list = calloc(db->n_packages + 1, sizeof(*list));
	struct plan *plan = NULL;
	struct targets t;
	size_t many = 0;
	int r = targets_init(&t, words, n);

	if (list == NULL)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < db->n_packages; i++) {
		struct package *p = &db->packages[i];

		if (p->state <= PKG_CONFIG_FILES ||
		    !targets_path(&t, p, "", ""))
			continue;
		r = dpkgdb_load_list(db, p, diag);
		list[many++] = p;
	}
	if (r == 0)
		r = targets_check(&t, diag);
	if (r == 0)
		r = plan_of(db, NULL, 0, list, many, &plan);
	if (r == 0)
		*ret = (struct prepared){ .plan = plan };
	targets_free(&t);
	free(list);
	return r;
}

/* The lines of a --plan, collected before they are told in order. */
struct lines_of_plan {
	struct plan_line *lines;
	size_t n, cap;
};

static int
add_line(struct lines_of_plan *l, const char *action, const char *reason,
         const char *package, const char *path)
{
	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 256 : l->cap * 2;
		void *more = realloc(l->lines, cap * sizeof(*l->lines));

		if (more == NULL)
			return -ENOMEM;
		l->lines = more;
		l->cap = cap;
	}
	l->lines[l->n++] = (struct plan_line){ action, reason, package, path };
	return 0;
}

static int
open_lines(struct session *s, struct plan *plan, struct lines_of_plan *l,
           struct diag *diag)
{
	for (size_t i = 0; i < plan->n_paths; i++) {
		const struct plan_path *pp = &plan->paths[i];
		unsigned int flags;
		struct node node;
		int r;

		if (due_flags(s->due, pp->path, &node, &flags) < 0 ||
		    !S_ISREG(node.mode) || flags == 0)
			continue;
		r = plan_refused(plan, s->db, pp, diag);
		if (r == 0)
			r = add_line(l, "open", plan_reason_name(pp->reason),
			             pp->package, pp->path);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A listed path that is due once its package is settled. */
static bool
will_be_due(struct session *s, const struct package *p, const char *listed)
{
	struct package settled = *p;
	struct verdict v;

	settled.state = PKG_INSTALLED;
	settled.reinstreq = false;
	due_judge(s->due, &settled, listed, &v);
	return v.kind == DUE_YES || (v.kind == DUE_UNSETTLED && v.have_node);
}

/* Packages that the run leaves settled: those acted on by configure, and the
 * ones opened for another's sake that don't go. */
static int
close_lines(struct session *s, const struct cmdline *c,
            const struct plan *plan, struct lines_of_plan *l)
{
	for (size_t i = 0; i < plan->n_packages; i++) {
		const struct plan_package *pp = &plan->packages[i];
		const struct package *p = pp->package;

		if (pp->goes || (c->action == CMD_UNPACK &&
		    pp->reason == PLAN_OWN) || (c->action == CMD_INSTALL &&
		    pp->reason == PLAN_OWN))
			continue;
		for (size_t k = 0; k < p->n_paths; k++) {
			if (!will_be_due(s, p, p->paths[k]))
				continue;
			if (add_line(l, "close", plan_reason_name(pp->reason),
			             p->key, dpkgdb_real(s->db, p,
			                                 p->paths[k])) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static bool
is_conffile(const struct archive *a, const char *path)
{
	for (size_t i = 0; i < a->n_conffiles; i++)
		if (strcmp(a->conffiles[i], path) == 0)
			return true;
	return false;
}

/* What --install would have installed and configured in the end. */
static int
install_lines(struct session *s, const struct prepared *p,
              struct lines_of_plan *l)
{
	for (size_t i = 0; i < p->n_archives; i++) {
		const struct archive *a = p->archives[i];
		const struct package as = { .name = a->package };

		if (policy_package(s->conf, a->package) != EXEMPT_NO)
			continue;
		for (size_t k = 0; k < a->n_files; k++) {
			const char *path = dpkgdb_real(s->db, &as,
			                               a->files[k].path);
			int err;

			if (is_conffile(a, a->files[k].path) ||
			    policy_path(s->conf, path,
			                root_folder(s->root, path, &err)) !=
			    EXEMPT_NO)
				continue;
			if (add_line(l, "close", "own", a->package, path) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int
stale_lines(struct session *s, const struct prepared *p,
            struct lines_of_plan *l)
{
	for (size_t i = 0; i < p->plan->n_packages; i++) {
		struct package *q = p->plan->packages[i].package;
		struct ledger *old = session_ledger(s, q->key);
		struct strmap *listed;

		if (old == NULL)
			continue;
		listed = strmap_new();
		if (listed == NULL)
			return -ENOMEM;
		for (size_t k = 0; k < q->n_paths; k++)
			if (strmap_put(listed, dpkgdb_real(s->db, q,
			               q->paths[k]), 1) < 0) {
				strmap_free(listed);
				return -ENOMEM;
			}
		for (size_t k = 0; k < old->n_rows; k++) {
			const char *path = old->rows[k].path;
			unsigned int flags;
			struct node node;

			if (old->rows[k].flagged &&
			    !strmap_get(listed, path, NULL) &&
			    due_flags(s->due, path, &node, &flags) == 0 &&
			    (flags & IFLAG_IMMUTABLE) &&
			    add_line(l, "clear", "stale", q->key, path) < 0) {
				strmap_free(listed);
				return -ENOMEM;
			}
		}
		strmap_free(listed);
	}
	return 0;
}

static int
by_action(const void *a, const void *b)
{
	const struct plan_line *x = a, *y = b;
	int c = strcmp(x->action, y->action);

	return c != 0 ? c : strcmp(x->path, y->path);
}

int
prepared_show(struct session *s, const struct cmdline *c,
              const struct prepared *p,
              int (*fn)(void *ctx, const struct plan_line *line),
              void *ctx, struct diag *diag)
{
	struct lines_of_plan l = { .lines = NULL };
	int r = session_due(s, diag);

	if (r == 0)
		r = open_lines(s, p->plan, &l, diag);
	if (r == 0)
		r = close_lines(s, c, p->plan, &l);
	if (r == 0 && c->action == CMD_INSTALL)
		r = install_lines(s, p, &l);
	if (r == 0)
		r = stale_lines(s, p, &l);
	if (r == 0 && l.n > 0)
		qsort(l.lines, l.n, sizeof(*l.lines), by_action);
	for (size_t i = 0; r == 0 && i < l.n; i++)
		if (i == 0 || by_action(&l.lines[i - 1], &l.lines[i]) != 0)
			r = fn(ctx, &l.lines[i]);
	free(l.lines);
	return r;
}
