/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "due.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "inoset.h"
#include "sharing.h"
#include "strmap.h"

/* dpkg follows at most this many links from a conffile (conffderef). */
#define CONFFILE_LINKS 25

struct due_facts {
	struct dpkgdb *db;
	const struct conf *conf;
	struct strmap *conffiles;	/* by name */
	bool outside_etc;		/* some of them lie elsewhere */
	struct inoset *conffile_nodes;
	struct sharing *sharing;
	struct arena *arena;
};

struct due {
	const struct due_facts *facts;
	struct root *root;
	struct { uint64_t dev; struct fskind kind; } kinds[32];
	size_t n_kinds;
};

/* The target of a link at `path`, as a path below the root. */
static int
link_target(struct root *root, const char *path, char *out, size_t size)
{
	char target[4096];
	size_t dir;
	int n = root_readlink(root, path, target, sizeof(target));

	if (n < 0)
		return n;
	dir = (size_t)(strrchr(path, '/') - path);
	if (target[0] == '/')
		n = snprintf(out, size, "%s", target);
	else
		n = snprintf(out, size, "%.*s/%s", (int)dir, path, target);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* A path with "." and ".." folded, which is what dpkg's own reader does with
 * a conffile's link; the result is only ever compared by inode. */
static void
fold(char *path)
{
	char *out = path, *in = path;

	while (*in != '\0') {
		char *end = strchrnul(in + 1, '/');
		size_t n = (size_t)(end - in);

		if (n == 3 && memcmp(in, "/..", 3) == 0) {
			while (out > path && *--out != '/')
				;
		} else if (n > 1 && !(n == 2 && in[1] == '.')) {
			memmove(out, in, n);
			out += n;
		}
		in = end;
	}
	*out = '\0';
}

/* Follows up to so many links, as dpkg goes; false: there is no file. */
static bool
follow(struct root *root, char at[DUE_PATH_MAX], int links, struct node *ret)
{
	char next[DUE_PATH_MAX];

	for (int i = 0; i <= links; i++) {
		if (root_stat(root, at, ret) < 0)
			return false;
		if (S_ISREG(ret->mode))
			return true;
		/* else it would be for others to say what is a conffile */
		if (!S_ISLNK(ret->mode) || root_guarded(root, at) != 1 ||
		    link_target(root, at, next, sizeof(next)) < 0)
			return false;
		fold(next);
		if (next[0] != '/')
			return false;
		memcpy(at, next, sizeof(next));
	}
	return false;
}

bool
due_conffile(struct root *root, const char *path, char ret[DUE_PATH_MAX],
             struct node *ret_node)
{
	int n = snprintf(ret, DUE_PATH_MAX, "%s", path);

	return n < DUE_PATH_MAX &&
	       follow(root, ret, CONFFILE_LINKS, ret_node);
}

/* The inode of a conffile. */
static int
add_conffile_node(struct due_facts *f, struct root *root, const char *path,
                  int links)
{
	char at[DUE_PATH_MAX];
	struct node node;
	int r;

	if (snprintf(at, sizeof(at), "%s", path) >= (int)sizeof(at) ||
	    !follow(root, at, links, &node) ||
	    sharing_planted(root, at, &node))
		return 0;
	r = inoset_add(f->conffile_nodes, node.dev, node.ino, 1);
	return r < 0 ? r : 0;
}

static bool
is_in_etc(const char *path)
{
	return strncmp(path, "/etc/", 5) == 0;
}

static int
add_conffile(struct due_facts *f, struct root *root, const struct package *p,
             const char *path)
{
	const char *real = dpkgdb_real(f->db, p, path);
	bool diverted = real != path;
	int r = 0;

	f->outside_etc |= !is_in_etc(path);
	if (!strmap_get(f->conffiles, path, NULL)) {
		path = arena_strdup(f->arena, path);
		if (path == NULL)
			return -ENOMEM;
		r = strmap_put(f->conffiles, path, 1);
	}
	/* Where it is diverted, the name is another package's file. */
	if (r == 0)
		r = add_conffile_node(f, root, path,
		                      diverted ? 0 : CONFFILE_LINKS);
	if (r == 0 && diverted)
		r = add_conffile_node(f, root, real, CONFFILE_LINKS);
	return r;
}

struct walk {
	struct due_facts *facts;
	struct root *root;
	const struct package *package;
};

static int
on_info_conffile(void *ctx, const char *path, bool remove)
{
	struct walk *w = ctx;

	(void)remove;
	return add_conffile(w->facts, w->root, w->package, path);
}

/* status knows the conffiles of settled packages; between unpack and configure
 * info/ may know more. */
static int
collect_conffiles(struct due_facts *f, struct root *root, struct diag *diag)
{
	struct walk w = { f, root, NULL };

	for (size_t i = 0; i < f->db->n_packages; i++) {
		const struct package *p = &f->db->packages[i];
		int r = 0;

		for (size_t k = 0; r == 0 && k < p->n_conffiles; k++)
			r = add_conffile(f, root, p, p->conffiles[k].path);
		w.package = p;
		if (r == 0 && package_unsettled(p))
			r = dpkgdb_info_conffiles(f->db, p, on_info_conffile,
			                          &w, diag);
		if (r < 0)
			return r;
	}
	return 0;
}

int
due_facts_new(struct dpkgdb *db, const struct conf *conf, struct root *root,
              struct due_facts **ret, struct diag *diag)
{
	struct due_facts *f = calloc(1, sizeof(*f));
	int r = -ENOMEM;

	if (f == NULL)
		return r;
	f->db = db;
	f->conf = conf;
	f->conffiles = strmap_new();
	f->conffile_nodes = inoset_new();
	f->arena = arena_new();
	if (f->conffiles != NULL && f->conffile_nodes != NULL &&
	    f->arena != NULL)
		r = sharing_new(db, conf, &f->sharing);
	if (r == 0)
		r = collect_conffiles(f, root, diag);
	if (r < 0) {
		due_facts_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

void
due_facts_free(struct due_facts *f)
{
	if (f == NULL)
		return;
	strmap_free(f->conffiles);
	inoset_free(f->conffile_nodes);
	sharing_free(f->sharing);
	arena_free(f->arena);
	free(f);
}

int
due_new(const struct due_facts *f, struct root *root, struct due **ret)
{
	struct due *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return -ENOMEM;
	d->facts = f;
	d->root = root;
	*ret = d;
	return 0;
}

void
due_free(struct due *d)
{
	free(d);
}

struct root *
due_root(struct due *d)
{
	return d->root;
}

/* Asks the file system of a regular file, or of the folder above it. */
static int
ask_kind(struct due *d, const char *path, struct fskind *kind)
{
	const char *folder;
	struct node node;
	int fd, r;

	r = root_open(d->root, path, &fd, &node);
	if (r < 0) {
		folder = root_folder(d->root, path, &r);
		if (folder == NULL)
			return r;
		r = root_open_dir(d->root, folder, &fd);
		if (r < 0)
			return r;
	}
	r = fskind_of(fd, kind);
	close(fd);
	return r;
}

/* *ret is set in any case. */
static int
find_kind(struct due *d, const char *path, const struct node *n,
          const struct fskind **ret)
{
	static const struct fskind none = { .name = "unknown" };
	size_t i;
	int r;

	*ret = &none;
	for (i = 0; i < d->n_kinds; i++)
		if (d->kinds[i].dev == n->dev) {
			*ret = &d->kinds[i].kind;
			return 0;
		}
	if (i == sizeof(d->kinds) / sizeof(*d->kinds))
		i = d->n_kinds = 0;
	r = ask_kind(d, path, &d->kinds[i].kind);
	if (r < 0)
		return r;
	d->kinds[i].dev = n->dev;
	d->n_kinds = i + 1;
	*ret = &d->kinds[i].kind;
	return 0;
}

const struct fskind *
due_fskind(struct due *d, const char *path, const struct node *n)
{
	const struct fskind *kind;

	(void)find_kind(d, path, n, &kind);
	return kind;
}

int
due_flags(struct due *d, const char *path, struct node *ret_node,
          unsigned int *ret_flags)
{
	const unsigned int ours = IFLAG_IMMUTABLE | IFLAG_APPEND;
	const struct fskind *kind;
	struct node node;
	unsigned int flags;
	int fd, r = root_stat(d->root, path, &node);

	if (r < 0)
		return r;
	flags = iflag_of_node(&node, true);
	if (flags != 0 && sharing_planted(d->root, path, &node))
		return ERR_UNSAFE;
	if (flags != 0 && S_ISREG(node.mode)) {
		kind = due_fskind(d, path, &node);
		if (!kind->flags) {
			r = root_open(d->root, path, &fd, &node);
			if (r < 0)
				return r;
			r = iflag_get(fd, &flags);
			close(fd);
			if (r == ERR_UNSUPPORTED)
				flags = 0;
			else if (r < 0)
				return r;
			flags &= ours;
		}
	}
	*ret_node = node;
	*ret_flags = flags;
	return 0;
}

/* Exempt by a name, without a look at the disk. */
static enum exempt
exempt_by_name(struct due *d, const struct package *p, const char *listed,
               const char *real)
{
	const struct due_facts *f = d->facts;

	if ((f->outside_etc || is_in_etc(listed)) &&
	    strmap_get(f->conffiles, listed, NULL))
		return EXEMPT_CONFFILE;
	if (real != listed && strmap_get(f->conffiles, real, NULL))
		return EXEMPT_CONFFILE;
	return sharing_name(f->conf, d->root, p, listed, real);
}

/* A regular file that is exempt by none of its package's names for it: what
 * other names and other packages say. */
static void
judge_inode(struct due *d, const struct package *p, struct verdict *v)
{
	const struct due_facts *f = d->facts;
	const struct node *n = &v->node;
	int r;

	if (inoset_has(f->conffile_nodes, n->dev, n->ino, NULL)) {
		v->kind = DUE_EXEMPT;
		v->exempt = EXEMPT_CONFFILE;
		return;
	}
	if (!package_settled(p)) {
		v->kind = DUE_UNSETTLED;
		return;
	}
	if (!v->fs->flags || (v->fs->overlay && !f->conf->overlay)) {
		v->kind = DUE_UNSUPPORTED;
		return;
	}
	r = n->nlink < 2 ? 0 :
	    sharing_exempt(f->sharing, d->root, p, n, &v->exempt);
	if (r == 0 && v->exempt != EXEMPT_NO) {
		v->kind = DUE_EXEMPT;
		return;
	}
	if (r == 0)
		r = sharing_unsettled(f->sharing, d->root, v->path, n);
	v->kind = r == 0 ? DUE_YES : r > 0 ? DUE_UNSETTLED : DUE_UNKNOWN;
	v->err = r < 0 ? r : 0;
}

/* r: how looking at it has ended. */
static void
judge_node(struct due *d, const struct package *p, int r, struct verdict *v)
{
	/* A file mounted over a file is not the package's. */
	if (r == 0 && v->exempt == EXEMPT_NO && node_mounted(&v->node))
		r = -EBUSY;
	v->have_node = r == 0;
	if (r == 0 && S_ISREG(v->node.mode)) {
		/* One that can't be asked is not one that has no flags. */
		r = find_kind(d, v->path, &v->node, &v->fs);
		v->flags = iflag_of_node(&v->node, v->fs->flags);
	}
	/* Nothing is to be done with others' files; a killed dpkg leaves links
	 * of its own, which carry no flag. */
	if (r == 0 && (v->flags != 0 || (v->exempt == EXEMPT_NO &&
	    package_settled(p))) &&
	    sharing_planted(d->root, v->path, &v->node)) {
		v->have_node = false;
		r = ERR_UNSAFE;
	}
	v->err = r;
	if (r == -ENOENT || r == -ENOTDIR)
		v->kind = DUE_ABSENT;
	else if (v->exempt != EXEMPT_NO)
		v->kind = DUE_EXEMPT;
	else if (r < 0)
		v->kind = DUE_UNKNOWN;
	else if (!S_ISREG(v->node.mode)) {
		v->kind = DUE_EXEMPT;
		v->exempt = EXEMPT_TYPE;
	} else
		judge_inode(d, p, v);
}

static void
judge_name(struct due *d, const struct package *p, const char *listed,
           struct verdict *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->path = dpkgdb_real(d->facts->db, p, listed);
	ret->exempt = exempt_by_name(d, p, listed, ret->path);
}

void
due_judge_open(struct due *d, const struct package *p, const char *listed,
               struct verdict *ret, int *ret_fd)
{
	int r;

	judge_name(d, p, listed, ret);
	*ret_fd = -1;
	r = root_open_listed(d->root, ret->path, ret_fd, &ret->node);
	if (r < 0)
		r = root_stat(d->root, ret->path, &ret->node);
	judge_node(d, p, r, ret);
}

void
due_judge(struct due *d, const struct package *p, const char *listed,
          struct verdict *ret)
{
	judge_name(d, p, listed, ret);
	judge_node(d, p, root_stat(d->root, ret->path, &ret->node), ret);
}
