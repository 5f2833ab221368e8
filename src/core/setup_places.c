/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* The folders that are written to while the root is read-only, and the lines
 * of fstab that make them so. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "root.h"
#include "setup_priv.h"

/* A folder that a package may take along: its absence must not end a boot. */
#define LATER "nofail,x-systemd.before=" SETUP_SERVICE

static const char fstab_head[] =
	"# From here on: dpkg-immutable --setup-readonly=root";

/*
 * A unit in /etc takes the place of fstab's line: a mask is one that must
 * go, for its folder would be read-only; any other has its maker's word.
 * 1: there is one.
 */
static int
has_unit(struct setup_work *c, const char *path)
{
	char unit[4096], name[8192], target[64];
	struct node node;
	int n, r = setup_unit_name(path, unit, sizeof(unit));

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), SETUP_UNITS "/%s", unit);
	if (root_stat(c->s->root, name, &node) < 0)
		return 0;
	n = S_ISLNK(node.mode) ? root_readlink(c->s->root, name, target,
	                                       sizeof(target)) : -EINVAL;
	if (n > 0 && strcmp(target, "/dev/null") == 0)
		return diag_set(c->diag, ERR_REFUSED, name, 0,
		                "masks the mount of %s, which would be "
		                "read-only then: systemctl unmask %s", path,
		                unit);
	r = setup_note(c->p, name, NULL, "mounts it, not fstab: it must be "
	               "writable there, with nosuid, nodev, and noexec where "
	               "users write");
	return r < 0 ? r : 1;
}

/* 1: there is a line already, which has got what it lacked. */
static int
keep_entry(struct setup_work *c, const char *path, const char *flags)
{
	const struct fstab_entry *e;
	int r = fstab_find(c->f, path, &e, c->diag);

	if (r < 0 || e == NULL)
		return r;
	if (fstab_has(e, "ro"))
		return diag_set(c->diag, ERR_REFUSED, SETUP_FSTAB, e->line,
		                "%s is ro here, and has to be writable", path);
	if (fstab_has(e, "noauto")) {
		r = setup_note(c->p, path, NULL, "is noauto in fstab: "
		               "read-only until somebody mounts it");
		return r < 0 ? r : 1;
	}
	r = fstab_set(c->f, path, flags);
	if (r >= 0)
		r = setup_open(c->p, path);
	return r < 0 ? r : 1;
}

static int
add_entry(struct setup_work *c, const char *spec, const char *path,
          const char *type, const char *options)
{
	int r = 0;

	if (!c->commented)
		r = fstab_comment(c->f, fstab_head);
	c->commented = true;
	if (r == 0)
		r = fstab_add(c->f, spec, path, type, options);
	return r < 0 ? r : setup_open(c->p, path);
}

/* more: what stands behind flags in a line that is new. */
static int
place(struct setup_work *c, const char *path, const char *flags,
      const char *spec, const char *type, const char *more)
{
	char options[512];
	int r = has_unit(c, path);

	if (r > 0)
		return setup_open(c->p, path);
	if (r == 0)
		r = keep_entry(c, path, flags);
	if (r != 0)
		return r < 0 ? r : 0;
	snprintf(options, sizeof(options), "%s%s%s%s%s",
	         strcmp(type, "none") == 0 ? "bind,rw" : "rw",
	         flags[0] != '\0' ? "," : "", flags,
	         more[0] != '\0' ? "," : "", more);
	return add_entry(c, spec, path, type, options);
}

int
setup_place_bind(void *ctx, const char *path)
{
	return place(ctx, path, "nosuid,nodev,noexec", path, "none", LATER);
}

/* A folder that may be missing, or be a link to somewhere else. */
int
setup_place_folder(struct setup_work *c, const char *path, const char *flags)
{
	struct node node;
	int r = root_stat(c->s->root, path, &node);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (S_ISLNK(node.mode))
		return setup_note(c->p, path, NULL, "is a link: what it names "
		                  "must be writable by a mount of its own");
	return !S_ISDIR(node.mode) ? 0 :
	    place(c, path, flags, path, "none", "");
}

int
setup_place_memory(struct setup_work *c)
{
	static const char flags[] = "nosuid,nodev,noexec";
	int r = place(c, "/tmp", flags, "tmpfs", "tmpfs",
	              "mode=1777,size=50%,nr_inodes=1m");

	/* these two are mounted early; systemd-remount-fs adds the flags */
	if (r == 0)
		r = place(c, "/run", flags, "tmpfs", "tmpfs", "");
	return r < 0 ? r : place(c, "/dev/shm", flags, "tmpfs", "tmpfs", "");
}

/* In these nobody has a program; lib and cache hold whatever packages need,
 * roots of containers too. */
static const char *const quiet[] = {
	"/var/backups", "/var/log", "/var/mail", "/var/spool"
};

static int
place_lasting(struct setup_work *c)
{
	int r = place(c, "/var", "", "/var", "none", "");

	for (size_t i = 0; r == 0 && i < sizeof(quiet) / sizeof(quiet[0]);
	     i++) {
		struct node node;

		if (root_stat(c->s->root, quiet[i], &node) == 0 &&
		    S_ISDIR(node.mode))
			r = place(c, quiet[i], "nosuid,nodev,noexec", quiet[i],
			          "none", "");
	}
	return r;
}

static int
place_var_tmp(struct setup_work *c)
{
	static const char flags[] = "nosuid,nodev,noexec";
	const struct fstab_entry *e;
	struct node node;
	int r = root_stat(c->s->root, "/var/tmp", &node);

	if (r == -ENOENT || (r == 0 && !S_ISDIR(node.mode)))
		return 0;
	if (r == 0)
		r = fstab_find(c->f, "/var/tmp", &e, c->diag);
	if (r == 0 && e == NULL)
		r = place(c, SETUP_MEMORY, flags, "tmpfs", "tmpfs",
		          "mode=0700,size=25%,nr_inodes=256k");
	/* a kernel without overlays boots too, with a read-only /var/tmp */
	return r < 0 ? r : place(c, "/var/tmp", flags, "overlay", "overlay",
	    "lowerdir=/var/tmp,upperdir=" SETUP_MEMORY "/tmp,"
	    "workdir=" SETUP_MEMORY "/tmp.work,nofail,"
	    "x-systemd.requires=" SETUP_MEMORY_SERVICE ","
	    "x-systemd.before=systemd-tmpfiles-setup.service");
}

int
setup_place_var(struct setup_work *c)
{
	int r = place_lasting(c);

	return r < 0 ? r : place_var_tmp(c);
}

struct image {
	struct setup_work *c;
	const char *path;
};

static int
holds(void *ctx, const struct fstab_entry *e)
{
	const struct image *image = ctx;
	size_t n = strlen(e->dir);

	return strcmp(e->dir, "/") != 0 && strcmp(e->dir, "/usr") != 0 &&
	       strncmp(image->path, e->dir, n) == 0 && image->path[n] == '/';
}

/* Open for writing for as long as it is used: the flag would be "busy". */
static int
check_image(void *ctx, const struct fstab_entry *e)
{
	struct image image = { ctx, e->spec };
	struct setup_work *c = ctx;
	struct node node;

	if (e->spec[0] != '/' || fstab_has(e, "noauto") ||
	    fstab_has(e, "ro") || setup_is_open(c->p, e->spec) ||
	    root_stat(c->s->root, e->spec, &node) < 0 ||
	    !S_ISREG(node.mode) || strcmp(e->type, "none") == 0 ||
	    fstab_each(c->f, holds, &image) > 0)
		return 0;
	return diag_set(c->diag, ERR_REFUSED, SETUP_FSTAB, e->line,
	                "%s is in use as %s: what it lies on could not become "
	                "read-only; move it below /var", e->spec, e->type);
}

int
setup_place_images(struct setup_work *c)
{
	return fstab_each(c->f, check_image, c);
}
