/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "opening.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "hook.h"
#include "inoset.h"
#include "self.h"
#include "strmap.h"
#include "syncset.h"

#define FLAGS (IFLAG_IMMUTABLE | IFLAG_APPEND)

struct probe {
	struct session *s;
	struct plan *plan;
	struct before *before;		/* NULL: nothing is checked */
	struct opening *o;
	struct strmap *packages;	/* keys already in o->packages */
	struct inoset *seen;		/* one inode is lifted once */
	struct strmap *owners;		/* path -> package; made when needed */
	struct diag *diag;
	bool foreign_changed;
	uint64_t other_names;		/* of lifted inodes, not in the plan */
	/* the last package asked for */
	const char *key;
	struct package *package;
};

/* The package of a key; NULL for an archive that is not installed yet. */
static struct package *
package_of(struct probe *x, const char *key)
{
	struct package *p;
	size_t n = 0;

	if (x->key == key)
		return x->package;
	p = dpkgdb_operand(x->s->db, key, &n);
	while (p != NULL && n > 1 && strcmp(p->key, key) != 0)
		p++, n--;
	if (p != NULL && strcmp(p->key, key) != 0)
		p = NULL;
	x->key = key;
	x->package = p;
	return p;
}

static int
add_package(struct probe *x, const char *key)
{
	struct opening *o = x->o;
	void *more;

	if (strmap_get(x->packages, key, NULL))
		return 0;
	more = realloc(o->packages, (o->n_packages + 1) *
	               sizeof(*o->packages));
	if (more == NULL)
		return -ENOMEM;
	o->packages = more;
	o->packages[o->n_packages++] = (char *)key;
	return strmap_put(x->packages, key, 1);
}

static int
add_path(struct probe *x, const char *path, const struct node *n,
         unsigned int flags, bool foreign)
{
	struct opening *o = x->o;
	int r = inoset_add(x->seen, n->dev, n->ino, 1);

	if (r == 0 && x->other_names > 0)
		x->other_names--;
	if (r <= 0)
		return r;
	x->other_names += n->nlink - 1;
	if ((o->n_paths & (o->n_paths - 1)) == 0) {
		size_t cap = o->n_paths == 0 ? 1 : o->n_paths * 2;
		void *more = realloc(o->paths, cap * sizeof(*o->paths));

		if (more == NULL)
			return -ENOMEM;
		o->paths = more;
	}
	o->paths[o->n_paths++] = (struct journal_path){
		.path = path, .flags = flags, .foreign = foreign,
		.dev = n->dev, .ino = n->ino
	};
	return 0;
}

/* Where a diversion came behind our back, the file may lie at its old name
 * still; unless somebody else lists that. */
static int
add_owner(struct probe *x, struct package *p, const char *listed)
{
	const char *real = dpkgdb_real(x->s->db, p, listed);
	int r = 0;

	if (real != listed && !strmap_get(x->owners, listed, NULL))
		r = strmap_put(x->owners, listed, (uintptr_t)p);
	return r < 0 ? r : strmap_put(x->owners, real, (uintptr_t)p);
}

/* Every listed real path to its package: only for flags that the ledgers of
 * the plan's packages don't explain. */
static int
load_owners(struct probe *x)
{
	struct dpkgdb *db = x->s->db;
	int r = session_due(x->s, x->diag);

	if (r < 0)
		return r;
	x->owners = strmap_new();
	if (x->owners == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < db->n_packages; i++) {
		struct package *p = &db->packages[i];

		if (p->state <= PKG_CONFIG_FILES)
			continue;
		r = dpkgdb_load_list(db, p, x->diag);
		for (size_t k = 0; r == 0 && k < p->n_paths; k++)
			r = add_owner(x, p, p->paths[k]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
set_foreign(struct probe *x, const char *path, const struct node *n,
            unsigned int flags)
{
	int r = foreign_set(x->s->foreign, path, flags);

	x->foreign_changed = true;
	return r < 0 ? r : add_path(x, path, n, flags, true);
}

/*
 * Whose file it is, and by which name: a merged /usr gives a place two, of
 * which the plan's may be the one and the list's the other.
 */
static struct package *
owner_of(struct probe *x, const char *path, const struct node *n,
         char other[DUE_PATH_MAX], const char **ret_name)
{
	struct node same;
	uintptr_t owner;
	int len;

	*ret_name = path;
	if (strmap_get(x->owners, path, &owner))
		return (struct package *)owner;
	len = strncmp(path, "/usr/", 5) == 0 ?
	      snprintf(other, DUE_PATH_MAX, "%s", path + 4) :
	      snprintf(other, DUE_PATH_MAX, "/usr%s", path);
	if (len >= DUE_PATH_MAX || !strmap_get(x->owners, other, &owner) ||
	    root_stat(x->s->root, other, &same) < 0 ||
	    same.dev != n->dev || same.ino != n->ino)
		return NULL;
	*ret_name = other;
	return (struct package *)owner;
}

/* The index says that we closed it, though its ledger is unreadable. */
static bool
closed_by_us(struct session *s, const struct package *p)
{
	const struct index_row *row = index_find(s->index, p->name, p->arch);

	return row != NULL && !row->off;
}

/* Its present files were never recorded, by a run that could not, or may not
 * have (session->newer): a flag on them is most likely that run's. */
static bool
unrecorded(struct session *s, struct package *p)
{
	const struct index_row *row = index_find(s->index, p->name, p->arch);

	return row == NULL || (!row->off &&
	       dpkgdb_list_stat(s->db, p) == 0 && !index_row_current(row, p));
}

/* Exempt, also as a conffile that a removed package has left. */
static bool
left_alone(struct probe *x, const struct plan_path *pp,
           const struct package *p, const char *name)
{
	struct verdict v;

	if (p == NULL) {
		p = package_of(x, pp->package);
		name = pp->path;
		if (p == NULL || p->state != PKG_CONFIG_FILES)
			return false;
	}
	due_judge(x->s->due, p, name, &v);
	return v.kind == DUE_EXEMPT;
}

/* Whose a flagged file is, and whether that one's ledger has it. */
struct ownership {
	struct package *package;	/* NULL: nobody's */
	const char *name;		/* as listed, or a diversion's */
	const struct ledger *ledger;
	bool recorded;
	char other[DUE_PATH_MAX];
};

static int
find_owner(struct probe *x, const struct plan_path *pp, const struct node *n,
           struct ownership *ret)
{
	int r = x->owners == NULL ? load_owners(x) : 0;

	if (r < 0)
		return r;
	ret->package = owner_of(x, pp->path, n, ret->other, &ret->name);
	ret->ledger = ret->package == NULL ? NULL :
	              session_ledger(x->s, ret->package->key);
	ret->recorded = ret->ledger != NULL &&
	                ledger_find(ret->ledger, ret->name) != NULL;
	return 0;
}

/* What dpkg is about to replace or delete, as its owner p has it recorded. */
static int
check_before(struct probe *x, struct package *p, const char *path,
             const struct node *n, unsigned int flags)
{
	return p == NULL || x->before == NULL ? 0 :
	       before_check(x->before, x->s, p, path, n, flags);
}

/*
 * A flag that no ledger of the plan explains: another package's file (taken
 * over or diverted), one of ours, or an admin's. Exempt files are not lifted.
 */
static int
judge_stranger(struct probe *x, const struct plan_path *pp,
               const struct node *n, unsigned int flags)
{
	struct ownership o;
	int r = find_owner(x, pp, n, &o);

	if (r == 0 && o.package != NULL)
		r = add_package(x, o.package->key);
	if (r == 0 && o.recorded && strcmp(o.package->key, pp->package) != 0)
		r = check_before(x, o.package, o.name, n, flags);
	if (r < 0)
		return r;
	/* Ours; an append-only flag that somebody set beside it comes back
	 * with the same inode, but is not taken for one that was before us. */
	if (o.recorded)
		return add_path(x, pp->path, n, flags,
		                (flags & IFLAG_APPEND) != 0);
	if (self_is(pp->path) || x->s->records_lost ||
	    (o.package != NULL && o.ledger == NULL &&
	     closed_by_us(x->s, o.package)))
		return add_path(x, pp->path, n, flags, false);
	if (left_alone(x, pp, o.package, o.name))
		return 0;
	if (o.package != NULL && !(flags & IFLAG_APPEND) &&
	    unrecorded(x->s, o.package))
		return add_path(x, pp->path, n, flags, false);
	return set_foreign(x, pp->path, n, flags);
}

/*
 * Flagged before us. What is exempt is as if we were not there, so that an
 * admin's +i on a conffile holds as it did; what is ours as well is opened.
 */
static int
judge_known(struct probe *x, const struct plan_path *pp,
            const struct node *n, unsigned int flags)
{
	struct ownership o;
	int r = find_owner(x, pp, n, &o);

	if (r < 0 || (!o.recorded && left_alone(x, pp, o.package, o.name)))
		return r;
	return add_path(x, pp->path, n, flags, true);
}

static int
judge_flagged(struct probe *x, const struct plan_path *pp,
              const struct node *n, unsigned int flags)
{
	unsigned int known = foreign_get(x->s->foreign, pp->path);
	const struct ledger *l;
	int r;

	if (known != 0)
		return judge_known(x, pp, n, flags);
	l = session_ledger(x->s, pp->package);
	if ((flags & IFLAG_APPEND) || l == NULL ||
	    ledger_find(l, pp->path) == NULL)
		return judge_stranger(x, pp, n, flags);
	/* It may be one that is to lose this file and nothing else: where
	 * that comes to nothing, dpkg's database tells of no change. */
	r = add_package(x, pp->package);
	return r < 0 ? r : add_path(x, pp->path, n, flags, false);
}

/*
 * A conffile that the admin made a symlink: dpkg compares and deletes what it
 * leads to, whosever file that is.
 */
static int
probe_link(struct probe *x, const struct plan_path *pp)
{
	const struct package *p = package_of(x, pp->package);
	struct plan_path target = *pp;
	char at[DUE_PATH_MAX];
	unsigned int flags;
	struct node node;
	bool is = false;

	for (size_t i = 0; !is && p != NULL && i < p->n_conffiles; i++)
		is = strcmp(p->conffiles[i].path, pp->path) == 0;
	if (!is || !due_conffile(x->s->root, pp->path, at, &node) ||
	    due_flags(x->s->due, at, &node, &flags) < 0 ||
	    (flags & FLAGS) == 0)
		return 0;
	target.path = arena_strdup(x->s->arena, at);
	return target.path == NULL ? -ENOMEM :
	       judge_flagged(x, &target, &node, flags & FLAGS);
}

/*
 * What is there cannot be looked at, say behind a folder link that is not
 * root's, or below a mount. Where we once protected a file by that name, it
 * may carry our flag still, and a removal would leave it without a word.
 */
static int
judge_unseen(struct probe *x, const struct plan_path *pp, int err)
{
	const struct ledger *l = session_ledger(x->s, pp->package);

	if (l == NULL || ledger_find(l, pp->path) == NULL)
		return 0;
	return diag_set(x->diag, err, pp->path, 0,
	                "cannot be looked at, and may be immutable: %s",
	                err_text(err));
}

static int
probe_path(struct probe *x, const struct plan_path *pp)
{
	struct package *p = package_of(x, pp->package);
	unsigned int flags;
	struct node node;
	int r = due_flags(x->s->due, pp->path, &node, &flags);

	if (r == -ENOENT || r == -ENOTDIR)
		return check_before(x, p, pp->path, NULL, 0);
	if (r < 0)
		return judge_unseen(x, pp, r);
	if (S_ISREG(node.mode) && node_mounted(&node))
		return judge_unseen(x, pp, -EBUSY);
	r = check_before(x, p, pp->path, &node, flags);
	if (r == 0 && S_ISLNK(node.mode))
		return probe_link(x, pp);
	if (!S_ISREG(node.mode))
		return r;
	if (r < 0 || (flags & FLAGS) == 0)
		return r;
	r = plan_refused(x->plan, x->s->db, pp, x->diag);
	return r != 0 ? (r < 0 ? r : 0) :
	       judge_flagged(x, pp, &node, flags & FLAGS);
}

/* An inode may belong to packages that the plan knows nothing of: they are
 * closed again as well. */
static int
add_link_owners(struct probe *x)
{
	struct dpkgdb *db = x->s->db;

	for (size_t i = 0; x->other_names > 0 && i < db->n_packages; i++) {
		struct package *p = &db->packages[i];
		bool owner = false;
		int r;

		if (p->state <= PKG_CONFIG_FILES ||
		    strmap_get(x->packages, p->key, NULL))
			continue;
		r = dpkgdb_load_list(db, p, x->diag);
		for (size_t k = 0; r == 0 && !owner && k < p->n_paths; k++) {
			struct node n;

			owner = root_stat(x->s->root, dpkgdb_real(db, p,
			                  p->paths[k]), &n) == 0 &&
			        inoset_has(x->seen, n.dev, n.ino, NULL);
		}
		if (r == 0 && owner)
			r = add_package(x, p->key);
		if (r < 0)
			return r;
	}
	return 0;
}

int
opening_probe(struct session *s, struct plan *plan, struct before *before,
              struct opening *ret, struct diag *diag)
{
	struct opening o = { .paths = NULL };
	struct probe x = {
		.s = s, .plan = plan, .before = before, .o = &o,
		.diag = diag, .packages = strmap_new(),
		.seen = inoset_new()
	};
	int r = x.packages == NULL || x.seen == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < plan->n_packages; i++)
		r = add_package(&x, plan->packages[i].package->key);
	o.n_named = o.n_packages;
	for (size_t i = 0; r == 0 && i < plan->n_paths; i++)
		r = probe_path(&x, &plan->paths[i]);
	if (r == 0)
		r = add_link_owners(&x);
	for (size_t i = 0; r == 0 && before != NULL && i < o.n_packages; i++) {
		struct package *p = package_of(&x, o.packages[i]);

		r = p == NULL ? 0 : before_others(before, s, p);
	}
	/* else what is ours would be taken for somebody else's */
	if (r == 0)
		r = session_unread(s, diag);
	/* a nested caller leaves the records to the outermost */
	if (r == 0 && x.foreign_changed && s->state->lock_fd >= 0 &&
	    s->state->ledger_fd >= 0)
		foreign_store(s->state->ledger_fd, s->foreign);
	strmap_free(x.packages);
	strmap_free(x.owners);
	inoset_free(x.seen);
	hook_time("probed");
	if (r < 0) {
		opening_free(&o);
		return r;
	}
	*ret = o;
	return 0;
}

/*
 * What dpkg deletes may come back after a power cut, and must not come back
 * immutable: by then nobody owns it. Where the database lies on the same
 * journal, dpkg's own fsync of it carries our lifts.
 */
static bool
made_durable(struct session *s, const struct node *n,
             const struct fskind *kind)
{
	struct node db;

	return kind->journaled && node_of_fd(s->db_fd, &db) == 0 &&
	       db.dev == n->dev;
}

/* Of up to IFLAG_BATCH paths, those that are still what they were. */
struct batch {
	struct iflag_change change[IFLAG_BATCH];
	struct node node[IFLAG_BATCH];
	const struct journal_path *path[IFLAG_BATCH];
	size_t n;
};

static int
batch_add(struct session *s, struct batch *b, const struct journal_path *jp,
          bool back)
{
	struct iflag_change *c = &b->change[b->n];
	int r = root_open(s->root, jp->path, &c->fd, &b->node[b->n]);

	if (r == -ENOENT || r == ERR_NOT_REGULAR)
		return 0;
	if (r < 0)
		return r;
	if (b->node[b->n].dev != jp->dev || b->node[b->n].ino != jp->ino) {
		close(c->fd);
		return 0;
	}
	c->value = back ? jp->flags : 0;
	c->mask = jp->flags;
	b->path[b->n++] = jp;
	return 0;
}

/* How many changed; the first error, and whose it was, if *ret_err is 0. */
static size_t
batch_change(struct session *s, struct batch *b, struct syncset *sync,
             int *ret_err, const struct journal_path **ret_whose)
{
	size_t changed = 0;

	iflag_set_all(b->change, b->n);
	for (size_t i = 0; i < b->n; i++) {
		const struct iflag_change *c = &b->change[i];
		const struct fskind *kind;

		if (c->result > 0) {
			changed++;
			kind = due_fskind(s->due, b->path[i]->path,
			                  &b->node[i]);
			if (sync != NULL && !made_durable(s, &b->node[i], kind))
				syncset_touch(sync, c->fd, &b->node[i], kind);
		} else if (c->result < 0 && c->result != ERR_UNSUPPORTED &&
		           *ret_err == 0) {
			*ret_err = c->result;
			*ret_whose = b->path[i];
		}
		close(c->fd);
	}
	b->n = 0;
	return changed;
}

void
opening_back(struct session *s, struct opening *o, size_t n)
{
	const struct journal_path *whose = NULL;
	struct syncset *sync = syncset_new();

	while (n-- > 0) {
		struct batch b = { .n = 0 };
		int err = batch_add(s, &b, &o->paths[n], true);

		batch_change(s, &b, sync, &err, &whose);
		o->n_left += err < 0;
	}
	if (sync != NULL)
		syncset_flush(sync);
	syncset_free(sync);
}

/* The paths from..to-1, IFLAG_BATCH at most. */
static int
lift_some(struct session *s, struct opening *o, size_t from, size_t to,
          struct syncset *sync, struct diag *diag)
{
	const struct journal_path *whose = NULL;
	struct batch b = { .n = 0 };
	int err = 0;

	for (size_t i = from; err == 0 && i < to; i++) {
		err = batch_add(s, &b, &o->paths[i], false);
		whose = &o->paths[i];
	}
	o->n_lifted += batch_change(s, &b, sync, &err, &whose);
	hook_kill("lifting");
	return err == 0 ? 0 : diag_set(diag, err, whose->path, 0,
	                               "the immutable flag cannot be lifted: "
	                               "%s", err_text(err));
}

int
opening_lift(struct session *s, struct opening *o, struct diag *diag)
{
	struct syncset *sync = syncset_new();
	int r = sync == NULL ? -ENOMEM : 0;
	size_t to;

	for (size_t i = 0; r == 0 && i < o->n_paths; i = to) {
		to = o->n_paths - i < LIFTED_AT_ONCE ? o->n_paths :
		     i + LIFTED_AT_ONCE;
		r = lift_some(s, o, i, to, sync, diag);
		if (r < 0)
			opening_back(s, o, to);
	}
	/* At worst a file comes back immutable after a power cut: no reason
	 * to keep dpkg from starting. */
	if (sync != NULL)
		syncset_flush(sync);
	syncset_free(sync);
	return r;
}

void
opening_free(struct opening *o)
{
	free(o->paths);
	free(o->packages);
	memset(o, 0, sizeof(*o));
}
