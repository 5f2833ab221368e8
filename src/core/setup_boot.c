/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* What would keep a machine from booting, or from being written to, after
 * --setup-readonly: refused, as far as it can be told beforehand. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mounts.h"
#include "root.h"
#include "setup_priv.h"

static bool
is_there(struct session *s, const char *path)
{
	struct node node;

	return root_stat(s->root, path, &node) == 0;
}

/* A word of an array that ends in NULL. */
static bool
is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static int
check_systemd(struct session *s, struct diag *diag)
{
	char target[4096];
	int n = root_readlink(s->root, "/sbin/init", target, sizeof(target));

	if (!is_there(s, "/lib/systemd/systemd") || n < 0 ||
	    strstr(target, "systemd") == NULL)
		return diag_set(diag, ERR_REFUSED, "/sbin/init", 0,
		                "is not systemd's: nobody would mount by "
		                "its units");
	if (!is_there(s, "/bin/mount") || !is_there(s, "/bin/mkdir"))
		return diag_set(diag, ERR_REFUSED, "/bin/mount", 0,
		                "it, or mkdir beside it, is missing");
	/* a mask, or somebody's own unit */
	if (is_there(s, SETUP_UNITS "/systemd-remount-fs.service"))
		return diag_set(diag, ERR_REFUSED, SETUP_UNITS
		                "/systemd-remount-fs.service", 0,
		                "masks or replaces the unit that makes the "
		                "root's file system writable");
	return 0;
}

/* The kernel on which we are knows better than fstab. */
static int
check_live(struct diag *diag)
{
	static const char *const none[] = {
		"overlay", "aufs", "tmpfs", "ramfs", "rootfs", "squashfs",
		"erofs", "iso9660", NULL
	};
	const struct mount_point *root;
	struct mounts *m;
	int r = 0;

	if (mounts_load("", &m, diag) < 0)
		return 0;
	root = mounts_covering(m, "/");
	if (root != NULL && is_one_of(root->fstype, none))
		r = diag_set(diag, ERR_REFUSED, "/", 0,
		             "is %s: nothing that is written there would "
		             "last, or can be written at all", root->fstype);
	mounts_free(m);
	return r;
}

static int
check_entry(const struct fstab *f, const char *dir, struct diag *diag)
{
	static const char *const none[] = {
		"overlay", "squashfs", "erofs", "iso9660", "tmpfs", "cramfs",
		"romfs", "udf", NULL
	};
	const struct fstab_entry *e;
	int r = fstab_find(f, dir, &e, diag);

	if (r < 0 || e == NULL)
		return r;
	if (is_one_of(e->type, none))
		return diag_set(diag, ERR_REFUSED, SETUP_FSTAB, e->line,
		                "%s is %s, which can't be written to for "
		                "good", dir, e->type);
	if (fstab_has(e, "noauto"))
		return diag_set(diag, ERR_REFUSED, SETUP_FSTAB, e->line,
		                "%s is noauto: it is not mounted at boot",
		                dir);
	if (fstab_has(e, "ro"))
		return diag_set(diag, ERR_REFUSED, SETUP_FSTAB, e->line,
		                "%s is ro here: make it rw, or what has to be "
		                "written could not be; the flag comes from "
		                SETUP_SERVICE, dir);
	return 0;
}

static int
check_root_entry(const struct fstab *f, struct diag *diag)
{
	const struct fstab_entry *e;
	int r = fstab_find(f, "/", &e, diag);

	if (r < 0)
		return r;
	if (e == NULL)
		return diag_set(diag, ERR_REFUSED, SETUP_FSTAB, 0,
		                "has no line for /: nobody would make its "
		                "file system writable at boot");
	r = check_entry(f, "/", diag);
	return r < 0 ? r : check_entry(f, "/var", diag);
}

static int
check_folders(struct session *s, struct diag *diag)
{
	static const char *const folders[] = {
		"/etc", "/tmp", "/run", "/var", "/var/lib", "/var/lib/dpkg",
		"/usr", NULL
	};
	struct node node;

	for (size_t i = 0; folders[i] != NULL; i++)
		if (root_stat(s->root, folders[i], &node) < 0 ||
		    !S_ISDIR(node.mode))
			return diag_set(diag, ERR_REFUSED, folders[i], 0,
			                "is no folder");
	return 0;
}

int
setup_bootable(struct session *s, enum setup_scheme scheme,
               const struct fstab *f, struct diag *diag)
{
	int r = check_folders(s, diag);

	if (r == 0)
		r = check_systemd(s, diag);
	if (r == 0 && !s->guest)
		r = check_live(diag);
	if (r == 0)
		r = check_entry(f, "/usr", diag);
	if (r == 0 && scheme == SETUP_ROOT)
		r = check_root_entry(f, diag);
	return r;
}
