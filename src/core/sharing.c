/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "sharing.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "inoset.h"
#include "strmap.h"

/* A path of an unsettled package, among those with the same last part. */
struct namesake {
	struct namesake *next;
	const char *real;
};

/* They are looked at all at once, when a file of that name comes up. */
struct namesakes {
	struct namesake *first;
	bool looked;
};

/* What the lists that were gone through say of a file with many links. */
struct link {
	struct link_name {
		struct link_name *next;
		const char *canonical;
	} *names;
	uint32_t n_names;
	enum exempt exempt;
};

struct sharing {
	struct dpkgdb *db;
	const struct conf *conf;
	pthread_mutex_t mutex;		/* around all that follows */
	struct arena *arena;
	struct strmap *names;		/* last part -> namesakes; NULL: not
					 * collected yet */
	struct inoset *unsettled;
	bool all_looked;		/* all namesakes */
	struct strmap *scanned;		/* keys of packages; of these: */
	struct inoset *links;		/* -> struct link */
	struct inoset *exempt;		/* of all -> enum exempt; NULL: not
					 * collected yet */
	int err;			/* a list cannot be read: for good */
};

int
sharing_new(struct dpkgdb *db, const struct conf *conf, struct sharing **ret)
{
	struct sharing *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->db = db;
	s->conf = conf;
	s->arena = arena_new();
	s->unsettled = inoset_new();
	s->scanned = strmap_new();
	s->links = inoset_new();
	pthread_mutex_init(&s->mutex, NULL);
	if (s->arena == NULL || s->unsettled == NULL || s->scanned == NULL ||
	    s->links == NULL) {
		sharing_free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void
sharing_free(struct sharing *s)
{
	if (s == NULL)
		return;
	pthread_mutex_destroy(&s->mutex);
	strmap_free(s->names);
	strmap_free(s->scanned);
	inoset_free(s->links);
	inoset_free(s->unsettled);
	inoset_free(s->exempt);
	arena_free(s->arena);
	free(s);
}

bool
sharing_planted(struct root *root, const char *path, const struct node *n)
{
	return S_ISREG(n->mode) && n->nlink > 1 &&
	       root_guarded(root, path) != 1;
}

/* A file's node by one of its names in lists, if that may speak for it. */
static bool
named_node(struct root *root, const char *real, struct node *ret)
{
	return root_stat(root, real, ret) == 0 && S_ISREG(ret->mode) &&
	       !sharing_planted(root, real, ret);
}

enum exempt
sharing_name(const struct conf *conf, struct root *root,
             const struct package *p, const char *listed, const char *real)
{
	enum exempt e = policy_package(conf, p->name);
	int err;

	if (e == EXEMPT_NO)
		e = policy_path(conf, real, root_folder(root, real, &err));
	if (e == EXEMPT_NO && real != listed)
		e = policy_path(conf, listed, NULL);
	return e;
}

static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static int
add_namesake(struct sharing *s, struct strmap *names, const char *real)
{
	const char *base = base_of(real);
	struct namesake *one = arena_alloc(s->arena, sizeof(*one));
	struct namesakes *all;
	uintptr_t found;

	if (one == NULL)
		return -ENOMEM;
	if (strmap_get(names, base, &found)) {
		all = (struct namesakes *)found;
	} else {
		all = arena_alloc(s->arena, sizeof(*all));
		if (all == NULL ||
		    strmap_put(names, base, (uintptr_t)all) < 0)
			return -ENOMEM;
	}
	one->real = real;
	one->next = all->first;
	all->first = one;
	return 0;
}

static int
collect_names(struct sharing *s)
{
	struct strmap *names = strmap_new();
	int r = names == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++) {
		struct package *p = &s->db->packages[i];

		if (!package_unsettled(p))
			continue;
		r = dpkgdb_load_list(s->db, p, NULL);
		for (size_t k = 0; r == 0 && k < p->n_paths; k++)
			r = add_namesake(s, names,
			                 dpkgdb_real(s->db, p, p->paths[k]));
	}
	if (r < 0)
		strmap_free(names);
	else
		s->names = names;
	return r;
}

static int
look(struct sharing *s, struct root *root, const char *real)
{
	struct node n;
	int r = 0;

	if (named_node(root, real, &n))
		r = inoset_add(s->unsettled, n.dev, n.ino, 1);
	return r < 0 ? r : 0;
}

/* Other links of the file can have any name: all are looked at. */
static int
look_all(struct sharing *s, struct root *root)
{
	int r = 0;

	if (s->all_looked)
		return 0;
	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++) {
		const struct package *p = &s->db->packages[i];

		if (!package_unsettled(p))
			continue;
		for (size_t k = 0; r == 0 && k < p->n_paths; k++)
			r = look(s, root,
			         dpkgdb_real(s->db, p, p->paths[k]));
	}
	s->all_looked = r == 0;
	return r;
}

/* A file with one link has one name, if folders' symlinks are followed: only
 * what has the same last part can be it. */
static int
look_at_namesakes(struct sharing *s, struct root *root, const char *path)
{
	struct namesakes *all;
	uintptr_t found;
	int r = 0;

	if (!strmap_get(s->names, base_of(path), &found))
		return 0;
	all = (struct namesakes *)found;
	if (all->looked)
		return 0;
	for (struct namesake *n = all->first; r == 0 && n != NULL; n = n->next)
		r = look(s, root, n->real);
	all->looked = r == 0;
	return r;
}

/* The same for each name of a file whose names are all known. */
static int
look_at_links(struct sharing *s, struct root *root, const struct node *n)
{
	const struct link_name *name;
	const struct link *l;
	uintptr_t found;
	int r = 0;

	if (!inoset_has(s->links, n->dev, n->ino, &found))
		return look_all(s, root);
	l = (const struct link *)found;
	if (l->n_names < n->nlink)
		return look_all(s, root);
	for (name = l->names; r == 0 && name != NULL; name = name->next)
		r = look_at_namesakes(s, root, name->canonical);
	return r;
}

int
sharing_unsettled(struct sharing *s, struct root *root, const char *path,
                  const struct node *n)
{
	int r;

	pthread_mutex_lock(&s->mutex);
	if (s->names == NULL && s->err == 0)
		s->err = collect_names(s);
	r = s->err;
	if (r == 0 && strmap_count(s->names) > 0)
		r = n->nlink > 1 ? look_at_links(s, root, n) :
		    look_at_namesakes(s, root, path);
	if (r == 0)
		r = inoset_has(s->unsettled, n->dev, n->ino, NULL);
	pthread_mutex_unlock(&s->mutex);
	return r;
}

/* Counts a name of a file, if it is new. usrmerge gives a file two names in
 * lists that are one on disk. */
static int
add_name(struct sharing *s, struct root *root, struct link *l,
         const char *real)
{
	int err = 0;
	const char *folder = root_folder(root, real, &err);
	const char *base = base_of(real);
	struct link_name *name;
	char *text;
	size_t n;

	if (folder == NULL)
		return err;
	n = strlen(folder);
	for (name = l->names; name != NULL; name = name->next)
		if (strncmp(name->canonical, folder, n) == 0 &&
		    name->canonical[n] == '/' &&
		    strcmp(name->canonical + n + 1, base) == 0)
			return 0;
	name = arena_alloc(s->arena, sizeof(*name));
	text = arena_alloc(s->arena, n + strlen(base) + 2);
	if (name == NULL || text == NULL)
		return -ENOMEM;
	memcpy(text, folder, n);
	text[n] = '/';
	memcpy(text + n + 1, base, strlen(base) + 1);
	*name = (struct link_name){ l->names, text };
	l->names = name;
	l->n_names++;
	return 0;
}

static int
add_link(struct sharing *s, struct root *root, const struct package *p,
         const char *listed)
{
	const char *real = dpkgdb_real(s->db, p, listed);
	struct link *l;
	struct node n;
	uintptr_t found;
	int r;

	if (!named_node(root, real, &n) || n.nlink < 2)
		return 0;
	if (inoset_has(s->links, n.dev, n.ino, &found)) {
		l = (struct link *)found;
	} else {
		l = arena_alloc(s->arena, sizeof(*l));
		r = l == NULL ? -ENOMEM :
		    inoset_add(s->links, n.dev, n.ino, (uintptr_t)l);
		if (r < 0)
			return r;
	}
	if (l->exempt == EXEMPT_NO)
		l->exempt = sharing_name(s->conf, root, p, listed, real);
	return add_name(s, root, l, real);
}

/*
 * Links within one package are all that dpkg makes. Where its own list knows
 * every name of the file, no other list has to be read. NULL: gone since.
 */
static int
own_link(struct sharing *s, struct root *root, const struct package *p,
         const struct node *n, struct link **ret)
{
	uintptr_t found = 0;
	int r = 0;

	if (!strmap_get(s->scanned, p->key, NULL)) {
		for (size_t i = 0; r == 0 && i < p->n_paths; i++)
			r = add_link(s, root, p, p->paths[i]);
		if (r == 0)
			r = strmap_put(s->scanned, p->key, 1);
		if (r < 0)
			return r;
	}
	inoset_has(s->links, n->dev, n->ino, &found);
	*ret = (struct link *)found;
	return 0;
}

static int
collect_exempt(struct sharing *s, struct root *root)
{
	struct inoset *set = inoset_new();
	int r = set == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++) {
		struct package *p = &s->db->packages[i];

		if (p->state <= PKG_CONFIG_FILES)
			continue;
		r = dpkgdb_load_list(s->db, p, NULL);
		for (size_t k = 0; r >= 0 && k < p->n_paths; k++) {
			const char *real = dpkgdb_real(s->db, p, p->paths[k]);
			enum exempt e = sharing_name(s->conf, root, p,
			                             p->paths[k], real);
			struct node n;

			if (e == EXEMPT_NO || !named_node(root, real, &n) ||
			    n.nlink < 2)
				continue;
			r = inoset_add(set, n.dev, n.ino, e);
		}
		r = r < 0 ? r : 0;
	}
	if (r < 0)
		inoset_free(set);
	else
		s->exempt = set;
	return r;
}

int
sharing_exempt(struct sharing *s, struct root *root, const struct package *p,
               const struct node *n, enum exempt *ret)
{
	struct link *own = NULL;
	uintptr_t why = EXEMPT_NO;
	int r;

	pthread_mutex_lock(&s->mutex);
	r = own_link(s, root, p, n, &own);
	if (r == 0 && own != NULL && own->exempt != EXEMPT_NO) {
		why = own->exempt;
	} else if (r == 0 && (own == NULL || own->n_names < n->nlink)) {
		r = s->err;
		if (r == 0 && s->exempt == NULL)
			r = s->err = collect_exempt(s, root);
		if (r == 0)
			inoset_has(s->exempt, n->dev, n->ino, &why);
	}
	pthread_mutex_unlock(&s->mutex);
	if (r == 0)
		*ret = (enum exempt)why;
	return r;
}
