/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* The folder info: its layout, and the lists of files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "dpkgdb_priv.h"

/* 0 is the layout without architectures, also where there is no file. */
static int
read_format(struct dpkgdb *db, struct diag *diag)
{
	struct dpkgdb_priv *priv = db->priv;
	struct dpkgtext t;
	struct stat st;
	char *end;
	int err;

	err = dpkgtext_read(db, priv->info_fd, "format", "info/format", &t,
	                    diag);
	if (err == 0) {
		unsigned long format = strtoul(t.at, &end, 10);

		if (end == t.at || format > 1000)
			return diag_set(diag, ERR_FORMAT, t.file, 1,
			                "no number");
		priv->format = (unsigned int)format;
	} else if (err != -ENOENT) {
		return err;
	}
	/* An upgrade of the layout was cut short: dpkg counts it as done. */
	if (fstatat(priv->info_fd, "format-new", &st, 0) == 0)
		priv->format++;
	return 0;
}

int
dpkglist_open_info(struct dpkgdb *db, struct diag *diag)
{
	int fd;

	fd = openat(db->priv->admindir_fd, "info",
	            O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	db->priv->info_fd = fd;
	return read_format(db, diag);
}

/* dpkg only warns of a bad one, but it must not become part of a path. */
static bool
legal_arch(const char *s)
{
	const char *first = s;

	for (; *s != '\0'; s++) {
		if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		      (*s >= '0' && *s <= '9') || (*s == '-' && s > first)))
			return false;
	}
	return s > first;
}

static const char *
qualified(struct dpkgdb *db, const struct package *p)
{
	size_t name = strlen(p->name), arch = strlen(p->arch);
	char *key = arena_alloc(db->priv->arena, name + arch + 2);

	if (!key)
		return NULL;
	memcpy(key, p->name, name);
	key[name] = ':';
	memcpy(key + name + 1, p->arch, arch + 1);
	return key;
}

const char *
dpkglist_key(struct dpkgdb *db, const struct package *p)
{
	if (db->priv->format >= 1 && p->multiarch_same &&
	    p->state != PKG_NOT_INSTALLED && legal_arch(p->arch))
		return qualified(db, p);
	return p->name;
}

static bool
has_list(const struct dpkgdb *db, const char *key)
{
	struct dpkginfo_name n;
	struct stat st;

	return db->priv->info_fd >= 0 && dpkginfo_name(&n, key, "list") == 0 &&
	       fstatat(db->priv->info_fd, dpkginfo_base(&n), &st,
	               AT_SYMLINK_NOFOLLOW) == 0;
}

int
dpkglist_settle_key(struct dpkgdb *db, struct package *p)
{
	const char *other = p->name;

	if (p->state == PKG_NOT_INSTALLED || has_list(db, p->key))
		return 0;
	if (strcmp(p->key, p->name) == 0) {
		if (!legal_arch(p->arch))
			return 0;
		other = qualified(db, p);
		if (!other)
			return -ENOMEM;
	}
	if (has_list(db, other))
		p->key = other;
	return 0;
}

static void
note_stat(struct package *p, const struct stat *st)
{
	p->list_known = true;
	p->list_ino = st->st_ino;
	p->list_size = (uint64_t)st->st_size;
	p->list_mtime = (int64_t)st->st_mtim.tv_sec * 1000000000 +
	                st->st_mtim.tv_nsec;
}

int
dpkgdb_list_stat(struct dpkgdb *db, struct package *p)
{
	const char *tried = NULL;
	struct dpkginfo_name n;
	struct stat st;
	int err;

	if (p->list_known)
		return 0;
	/* A second round only if the key was the wrong spelling. */
	while (p->state != PKG_NOT_INSTALLED && db->priv->info_fd >= 0 &&
	       p->key != tried) {
		tried = p->key;
		err = dpkginfo_name(&n, p->key, "list");
		if (err < 0)
			return err;
		if (fstatat(db->priv->info_fd, dpkginfo_base(&n), &st,
		            AT_SYMLINK_NOFOLLOW) == 0) {
			note_stat(p, &st);
			return 0;
		}
		if (errno != ENOENT)
			return -errno;
		err = dpkglist_settle_key(db, p);
		if (err < 0)
			return err;
	}
	p->list_known = true;
	return 0;
}

/* Where there is no list, *ret_text is empty and 0 is returned. */
static int
read_list(struct dpkgdb *db, struct package *p, struct dpkginfo_name *n,
          struct dpkgtext *ret, struct diag *diag)
{
	const char *tried = NULL;
	int err = -ENOENT;

	while (p->state != PKG_NOT_INSTALLED && p->key != tried) {
		tried = p->key;
		err = dpkginfo_name(n, p->key, "list");
		if (err == 0)
			err = dpkgtext_read(db, db->priv->info_fd,
			                    dpkginfo_base(n), n->text, ret, diag);
		if (err != -ENOENT)
			break;
		err = dpkglist_settle_key(db, p);
		if (err < 0)
			return err;
		err = -ENOENT;
	}
	if (err == -ENOENT) {
		*ret = (struct dpkgtext){ .file = n->text };
		return 0;
	}
	return err < 0 ? err : dpkgtext_check(ret, diag);
}

/* The root folder itself, "/.", is no path of the package. */
static bool
is_root(const char *path)
{
	return path[1] == '\0' || (path[1] == '.' && path[2] == '\0');
}

/* NULL: no memory. */
static char *
line_path(struct dpkgdb *db, char *s, size_t len)
{
	if (s[0] == '/')
		return dpkgtext_path(s + 1, len - 1);
	s = dpkgtext_name(db, s, len);
	return s ? dpkgtext_path(s + 1, strlen(s + 1)) : NULL;
}

static int
parse_list(struct dpkgdb *db, struct package *p, const struct dpkgtext *t,
           struct diag *diag)
{
	size_t lines = dpkgtext_count(t), len, n = 0;
	unsigned long number = 0;
	char *at = t->at, *s;
	const char **paths;

	paths = arena_alloc(db->priv->arena, lines * sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	while ((s = dpkgtext_line(t, &at, &len, &number)) != NULL) {
		if (len == 0)
			return diag_set(diag, ERR_FORMAT, t->file, number,
			                "empty line");
		s = line_path(db, s, len);
		if (!s)
			return -ENOMEM;
		if (!is_root(s))
			paths[n++] = s;
	}
	p->paths = paths;
	p->n_paths = n;
	return 0;
}

int
dpkgdb_load_list(struct dpkgdb *db, struct package *p, struct diag *diag)
{
	struct dpkginfo_name n = { .text = "" };
	struct dpkgtext t;
	int err;

	if (p->list_loaded)
		return 0;
	err = read_list(db, p, &n, &t, diag);
	if (err < 0)
		return err;
	if (t.at) {
		err = parse_list(db, p, &t, diag);
		if (err < 0)
			return err;
		note_stat(p, &t.st);
	} else {
		p->list_known = true;
		p->list_ino = 0;
	}
	p->list_loaded = true;
	return 0;
}
