/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * The database as a whole: loading, freeing, finding a package. Its parts
 * are read by dpkgstatus.c, dpkglist.c, dpkgdivert.c and dpkgoverride.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "dpkgdb_priv.h"
#include "strmap.h"

/* A name is part of a file name; longer ones cannot be installed. */
#define NAME_LEN_MAX 255
/* dpkg writes a new status every 250 changes: twice while we read is a lot. */
#define LOAD_TRIES 20

int
dpkgdb_order(const char *name_a, const char *arch_a,
             const char *name_b, const char *arch_b)
{
	int c = strcmp(name_a, name_b);

	return c != 0 ? c : strcmp(arch_a, arch_b);
}

size_t
dpkgdb_lower_bound(const struct dpkgdb *db, const char *name, const char *arch)
{
	size_t low = 0, high = db->n_packages;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct package *p = &db->packages[middle];

		if (dpkgdb_order(p->name, p->arch, name, arch) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct dpkgdb *
new_db(int admindir_fd)
{
	struct dpkgdb *db = calloc(1, sizeof(*db));

	if (!db)
		return NULL;
	db->priv = calloc(1, sizeof(*db->priv));
	if (!db->priv) {
		free(db);
		return NULL;
	}
	db->priv->admindir_fd = admindir_fd;
	db->priv->info_fd = -1;
	buf_init(&db->priv->scratch, BUF_MAX_DEFAULT + 2);
	db->priv->arena = arena_new();
	if (!db->priv->arena) {
		dpkgdb_free(db);
		return NULL;
	}
	return db;
}

/*
 * Where dpkg was at work on a package, its fields and the names of its files
 * may not agree yet. The keys of all others are settled when their list is
 * looked for, which spares a system call for each.
 */
static int
settle_keys(struct dpkgdb *db)
{
	int err;

	for (size_t i = 0; i < db->n_packages; i++) {
		if (!package_unsettled(&db->packages[i]))
			continue;
		err = dpkglist_settle_key(db, &db->packages[i]);
		if (err < 0)
			return err;
	}
	return 0;
}

static int
load_once(int admindir_fd, struct dpkgdb **ret, struct diag *diag)
{
	struct dpkgdb *db = new_db(admindir_fd);
	int err;

	if (!db)
		return -ENOMEM;
	err = dpkglist_open_info(db, diag);
	if (err == 0)
		err = dpkgstatus_load(db, diag);
	if (err == 0)
		err = settle_keys(db);
	if (err == 0)
		err = dpkgdivert_load(db, diag);
	if (err == 0)
		err = dpkgoverride_load(db, diag);
	if (err < 0) {
		dpkgdb_free(db);
		return err;
	}
	*ret = db;
	return 0;
}

int
dpkgdb_load(int admindir_fd, struct dpkgdb **ret, struct diag *diag)
{
	int err = -ESTALE;

	for (int i = 0; err == -ESTALE && i < LOAD_TRIES; i++)
		err = load_once(admindir_fd, ret, diag);
	return err != -ESTALE ? err :
	       diag_set(diag, ERR_BUSY, "status", 0,
	                "changes faster than it can be read");
}

void
dpkgdb_free(struct dpkgdb *db)
{
	if (!db)
		return;
	if (db->priv->info_fd >= 0)
		close(db->priv->info_fd);
	strmap_free(db->priv->diverted);
	arena_free(db->priv->arena);
	buf_free(&db->priv->scratch);
	free(db->priv);
	free(db->packages);
	free(db);
}

struct package *
dpkgdb_first(const struct dpkgdb *db, const char *name)
{
	size_t i = dpkgdb_lower_bound(db, name, "");

	if (i == db->n_packages || strcmp(db->packages[i].name, name) != 0)
		return NULL;
	return &db->packages[i];
}

struct package *
dpkgdb_find(const struct dpkgdb *db, const char *name, const char *arch)
{
	size_t i = dpkgdb_lower_bound(db, name, arch);
	struct package *p;

	if (i == db->n_packages)
		return NULL;
	p = &db->packages[i];
	return dpkgdb_order(p->name, p->arch, name, arch) == 0 ? p : NULL;
}

static struct package *
instances(const struct dpkgdb *db, const char *name, size_t *ret_n)
{
	struct package *p = dpkgdb_first(db, name), *end;
	struct package *first = NULL, *last = NULL;

	if (!p)
		return NULL;
	end = db->packages + db->n_packages;
	for (; p < end && strcmp(p->name, name) == 0; p++) {
		if (p->state == PKG_NOT_INSTALLED)
			continue;
		if (!first)
			first = p;
		last = p;
	}
	if (first)
		*ret_n = (size_t)(last - first) + 1;
	return first;
}

struct package *
dpkgdb_operand(const struct dpkgdb *db, const char *operand, size_t *ret_n)
{
	char name[NAME_LEN_MAX + 1];
	const char *colon = strchrnul(operand, ':');
	size_t len = (size_t)(colon - operand);
	struct package *p;

	if (len > NAME_LEN_MAX)
		return NULL;
	/* dpkg folds the case of a name, not of an architecture. */
	for (size_t i = 0; i < len; i++) {
		char c = operand[i];

		name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	name[len] = '\0';
	if (*colon == '\0')
		return instances(db, name, ret_n);
	p = dpkgdb_find(db, name, colon + 1);
	if (!p || colon[1] == '\0' || p->state == PKG_NOT_INSTALLED)
		return NULL;
	*ret_n = 1;
	return p;
}

const char *
pkg_state_name(enum pkg_state s)
{
	static const char *const names[] = {
		[PKG_NOT_INSTALLED] = "not-installed",
		[PKG_CONFIG_FILES] = "config-files",
		[PKG_HALF_INSTALLED] = "half-installed",
		[PKG_UNPACKED] = "unpacked",
		[PKG_HALF_CONFIGURED] = "half-configured",
		[PKG_TRIGGERS_AWAITED] = "triggers-awaited",
		[PKG_TRIGGERS_PENDING] = "triggers-pending",
		[PKG_INSTALLED] = "installed",
	};

	return (size_t)s < sizeof(names) / sizeof(names[0]) ? names[s] :
	       "unknown";
}
