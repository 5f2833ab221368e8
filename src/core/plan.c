/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "plan.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "relation.h"
#include "self.h"
#include "strmap.h"
#include "triggered.h"

struct plan_priv {
	size_t cap_packages;
	size_t cap_paths;
	const struct package *first;	/* of the database */
	size_t *chosen;		/* by index there: place in packages, plus 1 */
	bool *victims;		/* by index: that an archive Replaces */
	bool *leaving;		/* by index: in Conflicts with an archive */
	bool overwrites;	/* dpkg is told to overwrite anybody's file */
	struct strmap *others;	/* what packages list that are neither chosen
				 * nor victims; NULL: not collected yet */
};

static const char *const reason_names[] = {
	[PLAN_OWN] = "own",
	[PLAN_MEMBER] = "member",
	[PLAN_DIVERTED] = "diverted",
	[PLAN_REPLACED] = "replaced",
	[PLAN_CONFLICT] = "conflict",
	[PLAN_PENDING] = "pending",
	[PLAN_TRIGGER] = "trigger",
	[PLAN_SELF] = "self",
	[PLAN_STALE] = "stale"
};

const char *
plan_reason_name(enum plan_reason r)
{
	return reason_names[r];
}

static int
add_package(struct plan *plan, struct package *p, enum plan_reason reason,
            bool goes)
{
	struct plan_priv *v = plan->priv;
	size_t *at = &v->chosen[p - v->first];

	if (*at != 0) {
		plan->packages[*at - 1].goes |= goes;
		return 0;
	}
	if (plan->n_packages == v->cap_packages) {
		size_t cap = v->cap_packages == 0 ? 16 : v->cap_packages * 2;
		void *more = realloc(plan->packages,
		                     cap * sizeof(*plan->packages));

		if (more == NULL)
			return -ENOMEM;
		plan->packages = more;
		v->cap_packages = cap;
	}
	plan->packages[plan->n_packages++] =
	    (struct plan_package){ p, reason, goes };
	*at = plan->n_packages;
	return 0;
}

static int
add_path(struct plan *plan, const char *path, const char *package,
         enum plan_reason reason)
{
	struct plan_priv *v = plan->priv;

	if (plan->n_paths == v->cap_paths) {
		size_t cap = v->cap_paths == 0 ? 256 : v->cap_paths * 2;
		void *more = realloc(plan->paths, cap * sizeof(*plan->paths));

		if (more == NULL)
			return -ENOMEM;
		plan->paths = more;
		v->cap_paths = cap;
	}
	plan->paths[plan->n_paths++] =
	    (struct plan_path){ path, package, reason };
	return 0;
}

/* A relation field against a package: by its name or what it provides. The
 * search for the bare name first spares nearly all of the parsing. */
static bool
field_matches(const char *field, const char *name, const char *version,
              const char *provides)
{
	if (field == NULL)
		return false;
	if (strcasestr(field, name) != NULL &&
	    relation_names(field, name, version))
		return true;
	return provides != NULL && relation_provided(field, provides);
}

/* May installing `a` remove `q`? Either may say so. */
static bool
conflicts(const struct archive *a, const struct package *q)
{
	return field_matches(a->conflicts, q->name, q->version, q->provides) ||
	       field_matches(q->conflicts, a->package, a->version,
	                     a->provides);
}

/* May it deconfigure `q`? */
static bool
breaks(const struct archive *a, const struct package *q)
{
	return field_matches(a->breaks, q->name, q->version, q->provides) ||
	       field_matches(q->breaks, a->package, a->version, a->provides);
}

static int
select_for_archive(struct plan *plan, const struct cmdline *c,
                   const struct dpkgdb *db, const struct archive *a,
                   bool *want_members)
{
	*want_members = !a->has_md5sums || c->force_overwrite ||
	                c->force_overwrite_dir;
	for (size_t i = 0; i < db->n_packages; i++) {
		struct package *q = &db->packages[i];
		int r = 0;

		if (q->state <= PKG_CONFIG_FILES)
			continue;
		if (strcmp(q->name, a->package) == 0) {
			r = add_package(plan, q, PLAN_OWN, false);
		} else {
			plan->priv->leaving[i] |= conflicts(a, q);
			if (plan->priv->leaving[i] || breaks(a, q))
				r = add_package(plan, q, PLAN_CONFLICT, false);
			if (r == 0 && (c->force_overwrite_dir ||
			    field_matches(a->replaces, q->name, q->version,
			                  NULL))) {
				plan->priv->victims[i] = true;
				*want_members = true;
			}
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* With --auto-deconfigure, whoever needs a package that an archive removes
 * runs its scripts: prerm, and postinst if that comes to nothing. */
static int
select_dependents(struct plan *plan, const struct dpkgdb *db,
                  const struct package *gone)
{
	for (size_t i = 0; i < db->n_packages; i++) {
		struct package *q = &db->packages[i];
		int r = 0;

		if (q->state > PKG_CONFIG_FILES &&
		    (field_matches(q->depends, gone->name, gone->version,
		                   gone->provides) ||
		     field_matches(q->pre_depends, gone->name, gone->version,
		                   gone->provides)))
			r = add_package(plan, q, PLAN_CONFLICT, false);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool
will_go(const struct cmdline *c, const struct package *p)
{
	if (p->state <= PKG_CONFIG_FILES)
		return false;
	if (c->action == CMD_REMOVE)
		return p->want == WANT_DEINSTALL || p->want == WANT_PURGE;
	return c->action == CMD_PURGE && p->want == WANT_PURGE;
}

/* Packages that -a, or a run of deferred triggers, acts on. */
static int
select_pending(struct plan *plan, const struct cmdline *c,
               const struct dpkgdb *db)
{
	bool triggers = triggered_pending(c, db);
	bool configures = c->action == CMD_CONFIGURE &&
	                  (c->pending || c->force_configure_any);

	for (size_t i = 0; i < db->n_packages; i++) {
		struct package *p = &db->packages[i];
		int r = 0;

		if (configures && package_unsettled(p))
			r = add_package(plan, p, PLAN_PENDING, false);
		else if (c->pending && will_go(c, p))
			r = add_package(plan, p, PLAN_PENDING, true);
		else if (triggers && (p->state == PKG_TRIGGERS_PENDING ||
		                      p->state == PKG_TRIGGERS_AWAITED))
			r = add_package(plan, p, PLAN_TRIGGER, false);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
select_operands(struct plan *plan, const struct cmdline *c,
                const struct dpkgdb *db)
{
	bool goes = c->action == CMD_REMOVE || c->action == CMD_PURGE;

	for (int i = 0; i < c->n_operands; i++) {
		size_t n = 0;
		struct package *p = dpkgdb_operand(db, c->operands[i], &n);

		for (size_t k = 0; p != NULL && k < n; k++) {
			int r = add_package(plan, &p[k], PLAN_OWN, goes);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static struct plan *
plan_new(const struct dpkgdb *db)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct plan_priv *v;

	if (plan == NULL)
		return NULL;
	v = plan->priv = calloc(1, sizeof(*v));
	if (v != NULL) {
		v->first = db->packages;
		v->chosen = calloc(db->n_packages + 1, sizeof(*v->chosen));
		v->victims = calloc(db->n_packages + 1, sizeof(*v->victims));
		v->leaving = calloc(db->n_packages + 1, sizeof(*v->leaving));
	}
	if (v == NULL || v->chosen == NULL || v->victims == NULL ||
	    v->leaving == NULL) {
		plan_free(plan);
		return NULL;
	}
	return plan;
}

int
plan_select(const struct cmdline *c, const struct dpkgdb *db,
            struct archive *const *archives, size_t n, bool *want_members,
            struct plan **ret)
{
	struct plan *plan = plan_new(db);
	int r = plan == NULL ? -ENOMEM : 0;

	if (r == 0)
		plan->priv->overwrites = c->force_overwrite;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = select_for_archive(plan, c, db, archives[i],
		                       &want_members[i]);
		plan->wants_members |= want_members[i];
	}
	for (size_t i = 0; c->auto_deconfigure && i < db->n_packages; i++)
		if (r == 0 && plan->priv->leaving[i])
			r = select_dependents(plan, db, &db->packages[i]);
	if (r == 0 && c->action != CMD_INSTALL && c->action != CMD_UNPACK)
		r = select_operands(plan, c, db);
	if (r == 0)
		r = select_pending(plan, c, db);
	if (r < 0) {
		plan_free(plan);
		return r;
	}
	*ret = plan;
	return 0;
}

bool
plan_replaces(const struct plan *plan, const struct package *p)
{
	return plan->priv->victims[p - plan->priv->first];
}

static int
collect_others(struct plan *plan, struct dpkgdb *db, struct diag *diag)
{
	struct plan_priv *v = plan->priv;
	struct strmap *map = strmap_new();
	int r = map == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < db->n_packages; i++) {
		struct package *p = &db->packages[i];

		if (p->state <= PKG_CONFIG_FILES || v->chosen[i] != 0 ||
		    v->victims[i])
			continue;
		r = dpkgdb_load_list(db, p, diag);
		for (size_t k = 0; r == 0 && k < p->n_paths; k++)
			r = strmap_put(map, p->paths[k], 1);
	}
	if (r < 0)
		strmap_free(map);
	else
		v->others = map;
	return r;
}

int
plan_refused(struct plan *plan, struct dpkgdb *db, const struct plan_path *pp,
             struct diag *diag)
{
	struct plan_priv *v = plan->priv;
	int r;

	if (pp->reason != PLAN_MEMBER || v->overwrites)
		return 0;
	for (size_t i = 0; i < db->n_diversions; i++)
		if (strcmp(db->diversions[i].from, pp->path) == 0 ||
		    strcmp(db->diversions[i].to, pp->path) == 0)
			return 0;
	if (v->others == NULL && (r = collect_others(plan, db, diag)) < 0)
		return r;
	return strmap_get(v->others, pp->path, NULL);
}

int
plan_add_triggered(struct plan *plan, struct package *p)
{
	return add_package(plan, p, PLAN_TRIGGER, false);
}

/* Both ends of the diversions that a package's scripts put up or take away. */
static int
add_diversions(struct plan *plan, const struct dpkgdb *db, const char *name)
{
	for (size_t i = 0; i < db->n_diversions; i++) {
		const struct diversion *d = &db->diversions[i];
		int r;

		if (d->package == NULL || strcmp(d->package, name) != 0)
			continue;
		r = add_path(plan, d->from, name, PLAN_DIVERTED);
		if (r == 0)
			r = add_path(plan, d->to, name, PLAN_DIVERTED);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
add_whole_package(struct plan *plan, const struct dpkgdb *db,
                  const struct plan_package *pp)
{
	const struct package *p = pp->package;

	for (size_t i = 0; i < p->n_paths; i++) {
		const char *real = dpkgdb_real(db, p, p->paths[i]);
		int r = add_path(plan, real, p->key, real == p->paths[i] ?
		                 pp->reason : PLAN_DIVERTED);

		if (r < 0)
			return r;
	}
	return add_diversions(plan, db, p->name);
}

struct victims {
	struct strmap *listed;	/* path -> key of the victim */
	struct strmap *met;	/* those of them that an archive ships */
};

/* Names a path of an archive: as a victim's, where one lists it. */
static int
add_member(struct plan *plan, const struct dpkgdb *db,
           const struct archive *a, const char *path,
           const struct victims *v)
{
	const struct package as = { .name = a->package };
	const char *real = dpkgdb_real(db, &as, path);
	const char *owner = a->package;
	enum plan_reason reason = PLAN_MEMBER;
	uintptr_t victim;
	int r;

	/* our own programs are ours alone to move */
	if (self_is(path) && strcmp(a->package, SELF_PACKAGE) != 0)
		return real == path ? 0 : add_path(plan, real, a->package,
		                                   PLAN_DIVERTED);
	if (strmap_get(v->listed, path, &victim)) {
		owner = (const char *)victim;
		reason = PLAN_REPLACED;
		r = strmap_put(v->met, path, 1);
		if (r < 0)
			return r;
	}
	r = add_path(plan, path, owner, reason);
	if (r == 0 && real != path)
		r = add_path(plan, real, a->package, PLAN_DIVERTED);
	return r;
}

static int
add_archive(struct plan *plan, const struct dpkgdb *db,
            const struct archive *a, const struct victims *v)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n_files; i++)
		r = add_member(plan, db, a, a->files[i].path, v);
	for (size_t i = 0; r == 0 && i < a->n_members; i++)
		r = add_member(plan, db, a, a->members[i], v);
	return r < 0 ? r : add_diversions(plan, db, a->package);
}

static int
map_victims(const struct plan *plan, const struct dpkgdb *db,
            struct strmap *map)
{
	for (size_t i = 0; i < db->n_packages; i++) {
		const struct package *v = &db->packages[i];

		if (!plan->priv->victims[i])
			continue;
		for (size_t k = 0; k < v->n_paths; k++) {
			int r = strmap_put(map, v->paths[k],
			                   (uintptr_t)v->key);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/*
 * Where a folder of victims becomes a file, dpkg moves it aside and deletes
 * all that is in it.
 */
static int
add_beneath(struct plan *plan, const struct dpkgdb *db,
            const struct package *p, const struct victims *v)
{
	char folder[PATH_MAX];
	char *end;

	for (size_t i = 0; i < p->n_paths; i++) {
		size_t n = strlen(p->paths[i]);
		int r = 0;

		if (n >= sizeof(folder))
			continue;
		memcpy(folder, p->paths[i], n + 1);
		while ((end = strrchr(folder, '/')) > folder) {
			*end = '\0';
			if (!strmap_get(v->met, folder, NULL))
				continue;
			r = add_path(plan, dpkgdb_real(db, p, p->paths[i]),
			             p->key, PLAN_REPLACED);
			break;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int
add_folders(struct plan *plan, const struct dpkgdb *db,
            const struct victims *v)
{
	int r = 0;

	if (strmap_count(v->met) == 0)
		return 0;
	for (size_t i = 0; r == 0 && i < db->n_packages; i++)
		if (plan->priv->victims[i])
			r = add_beneath(plan, db, &db->packages[i], v);
	return r;
}

/* When our own package is acted on, its scripts move our shims about. */
static int
add_self(struct plan *plan, bool acted_on)
{
	for (size_t i = 0; acted_on && i < SELF_COUNT; i++) {
		int r = add_path(plan, self_paths[i], SELF_PACKAGE, PLAN_SELF);

		if (r < 0)
			return r;
	}
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct plan_path *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	if (c != 0)
		return c;
	return x->reason < y->reason ? -1 : x->reason > y->reason;
}

static void
sort_paths(struct plan *plan)
{
	size_t out = 0;

	if (plan->n_paths == 0)
		return;
	qsort(plan->paths, plan->n_paths, sizeof(*plan->paths), by_path);
	for (size_t i = 1; i < plan->n_paths; i++)
		if (strcmp(plan->paths[out].path, plan->paths[i].path) != 0)
			plan->paths[++out] = plan->paths[i];
	plan->n_paths = out + 1;
}

int
plan_finish(struct plan *plan, const struct cmdline *c,
            const struct dpkgdb *db, struct archive *const *archives,
            size_t n)
{
	struct victims v = { strmap_new(), strmap_new() };
	bool self = false;
	int r = v.listed == NULL || v.met == NULL ? -ENOMEM :
	        map_victims(plan, db, v.listed);

	(void)c;
	for (size_t i = 0; r == 0 && i < plan->n_packages; i++) {
		r = add_whole_package(plan, db, &plan->packages[i]);
		if (strcmp(plan->packages[i].package->name,
		           SELF_PACKAGE) == 0)
			self = true;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = add_archive(plan, db, archives[i], &v);
		if (strcmp(archives[i]->package, SELF_PACKAGE) == 0)
			self = true;
	}
	if (r == 0)
		r = add_folders(plan, db, &v);
	if (r == 0)
		r = add_self(plan, self);
	strmap_free(v.listed);
	strmap_free(v.met);
	if (r == 0)
		sort_paths(plan);
	return r;
}

int
plan_of(const struct dpkgdb *db, const struct plan_path *paths, size_t n,
        struct package *const *packages, size_t n_packages,
        struct plan **ret)
{
	struct plan *plan = plan_new(db);
	int r = plan == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_path(plan, paths[i].path, paths[i].package,
		             paths[i].reason);
	for (size_t i = 0; r == 0 && i < n_packages; i++)
		r = add_package(plan, packages[i], PLAN_OWN, false);
	for (size_t i = 0; r == 0 && i < plan->n_packages; i++)
		r = add_whole_package(plan, db, &plan->packages[i]);
	if (r < 0) {
		plan_free(plan);
		return r;
	}
	sort_paths(plan);
	*ret = plan;
	return 0;
}

void
plan_free(struct plan *p)
{
	if (p == NULL)
		return;
	if (p->priv != NULL) {
		free(p->priv->chosen);
		free(p->priv->victims);
		free(p->priv->leaving);
		strmap_free(p->priv->others);
	}
	free(p->priv);
	free(p->packages);
	free(p->paths);
	free(p);
}
