/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* The packages: status, then updates/NNNN in their order. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deb822.h"
#include "dpkgdb_priv.h"

/* dpkg's own bound of the names in updates. */
#define UPDATE_NAME_MAX 10
/* dpkg makes 250 and folds them in. */
#define UPDATES_MAX 100000

static int
reserve_one(struct dpkgdb *db)
{
	size_t cap = db->priv->packages_cap;
	struct package *all;

	if (db->n_packages < cap)
		return 0;
	cap = cap ? cap * 2 : 256;
	all = reallocarray(db->packages, cap, sizeof(*all));
	if (!all)
		return -ENOMEM;
	db->packages = all;
	db->priv->packages_cap = cap;
	return 0;
}

static int
compare_packages(const void *a, const void *b)
{
	const struct package *p = a, *q = b;
	int c = dpkgdb_order(p->name, p->arch, q->name, q->arch);

	/* The same package twice: in the order of the text they lie in. */
	return c != 0 ? c : (p->name > q->name) - (p->name < q->name);
}

/* Sorts them; of the same package twice the later stands, as in dpkg. */
static void
sort_packages(struct dpkgdb *db)
{
	struct package *all = db->packages;
	size_t kept = 0, i;

	for (i = 1; i < db->n_packages; i++) {
		if (compare_packages(&all[i - 1], &all[i]) >= 0)
			break;
	}
	if (i < db->n_packages)
		qsort(all, db->n_packages, sizeof(*all), compare_packages);
	for (i = 0; i < db->n_packages; i++) {
		if (kept > 0 &&
		    dpkgdb_order(all[kept - 1].name, all[kept - 1].arch,
		                 all[i].name, all[i].arch) == 0)
			kept--;
		all[kept++] = all[i];
	}
	db->n_packages = kept;
}

static void
remove_at(struct dpkgdb *db, size_t i)
{
	memmove(&db->packages[i], &db->packages[i + 1],
	        (--db->n_packages - i) * sizeof(struct package));
}

/*
 * The package that an update replaces: where just one instance of the name is
 * there, that one, whatever its architecture (a crossgrade), unless both are
 * Multi-Arch: same. Else none but the one of the same architecture.
 */
static struct package *
crossgraded(struct dpkgdb *db, const struct package *new)
{
	struct package *end = db->packages + db->n_packages;
	struct package *p, *only = NULL;

	for (p = dpkgdb_first(db, new->name);
	     p && p < end && strcmp(p->name, new->name) == 0; p++) {
		if (p->state == PKG_NOT_INSTALLED)
			continue;
		if (only)
			return NULL;
		only = p;
	}
	if (only && only->multiarch_same && new->multiarch_same)
		return NULL;
	return only;
}

static int
apply_update(struct dpkgdb *db, const struct package *new)
{
	struct package *old;
	size_t i;
	int err;

	err = reserve_one(db);
	if (err < 0)
		return err;
	old = crossgraded(db, new);
	if (old)
		remove_at(db, (size_t)(old - db->packages));
	old = dpkgdb_find(db, new->name, new->arch);
	if (old)
		remove_at(db, (size_t)(old - db->packages));
	i = dpkgdb_lower_bound(db, new->name, new->arch);
	memmove(&db->packages[i + 1], &db->packages[i],
	        (db->n_packages++ - i) * sizeof(*new));
	db->packages[i] = *new;
	return 0;
}

static int
parse_text(struct dpkgdb *db, const struct dpkgtext *t, bool update,
           struct diag *diag)
{
	struct package p;
	struct deb822 d;
	int err = 0;

	deb822_init(&d, t->file, t->at, t->len);
	while (err == 0 && deb822_more(&d)) {
		err = dpkgstanza_read(db, &d, t, &p, diag);
		if (err == 0 && update)
			err = apply_update(db, &p);
		else if (err == 0 && (err = reserve_one(db)) == 0)
			db->packages[db->n_packages++] = p;
	}
	return err;
}

/* Names of updates/, ten digits at most each. */
struct names {
	char (*all)[UPDATE_NAME_MAX + 1];
	size_t n;
	size_t cap;
};

static int
add_name(struct names *names, const char *name, struct diag *diag)
{
	size_t len = strlen(name);
	size_t cap = names->cap ? names->cap * 2 : 64;
	void *all;

	if (len > UPDATE_NAME_MAX ||
	    (names->n > 0 && strlen(names->all[0]) != len))
		return diag_set(diag, ERR_FORMAT, "updates", 0,
		                "names of different or odd lengths");
	if (names->n == UPDATES_MAX)
		return diag_set(diag, ERR_LIMIT, "updates", 0,
		                "too many files");
	if (names->n == names->cap) {
		all = reallocarray(names->all, cap, sizeof(*names->all));
		if (!all)
			return -ENOMEM;
		names->all = all;
		names->cap = cap;
	}
	memcpy(names->all[names->n++], name, len + 1);
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
list_updates(int fd, struct names *names, struct diag *diag)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int err = 0;

	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	while (err == 0) {
		errno = 0;
		e = readdir(dir);
		if (!e) {
			err = -errno;
			break;
		}
		if (e->d_name[strspn(e->d_name, "0123456789")] == '\0')
			err = add_name(names, e->d_name, diag);
	}
	closedir(dir);
	if (err == 0 && names->n > 1)
		qsort(names->all, names->n, sizeof(*names->all),
		      compare_names);
	return err;
}

static int
load_text(struct dpkgdb *db, const char *file, bool update,
          struct stat *ret_st, struct diag *diag)
{
	struct dpkgtext t;
	int err;

	err = dpkgtext_read(db, db->priv->admindir_fd, file, file, &t, diag);
	if (err < 0)
		return err;
	*ret_st = t.st;
	return parse_text(db, &t, update, diag);
}

static int
load_updates(struct dpkgdb *db, struct diag *diag)
{
	char file[sizeof("updates/") + UPDATE_NAME_MAX];
	struct names names = { .n = 0 };
	struct stat st;
	int fd, err;

	fd = openat(db->priv->admindir_fd, "updates",
	            O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = list_updates(fd, &names, diag);
	for (size_t i = 0; i < names.n && err == 0; i++) {
		snprintf(file, sizeof(file), "updates/%s", names.all[i]);
		err = load_text(db, file, true, &st, diag);
	}
	free(names.all);
	return err == -ENOENT ? -ESTALE : err;
}

/*
 * dpkg, at work, writes a new status now and then, and removes the updates that
 * are in it: what was read of the one may not belong to the other.
 */
static bool
is_another(const struct dpkgdb *db, const struct stat *was)
{
	struct stat now;

	if (fstatat(db->priv->admindir_fd, "status", &now,
	            AT_SYMLINK_NOFOLLOW) < 0)
		return was->st_ino != 0;
	return now.st_ino != was->st_ino ||
	       now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
}

int
dpkgstatus_load(struct dpkgdb *db, struct diag *diag)
{
	struct stat st = { .st_ino = 0 };
	int err;

	err = load_text(db, "status", false, &st, diag);
	if (err < 0 && err != -ENOENT)
		return err;
	sort_packages(db);
	err = load_updates(db, diag);
	return is_another(db, &st) ? -ESTALE : err;
}
