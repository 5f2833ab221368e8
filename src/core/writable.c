/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "writable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "keeper.h"
#include "remount.h"
#include "remounted.h"

/* What scripts write without listing it: kernels below /boot, accounts and
 * choices below /etc, caches below /var, links and bytecode below /usr. */
static const char *const scripts_write[] = {
	"/boot/x", "/boot/efi/x", "/etc/x", "/usr/x", "/var/x"
};

struct want {
	struct session *s;
	char top[PATH_MAX];	/* the root on the host, no slash behind */
	unsigned char *hit;	/* by number of the mount: how much it matters */
	const char *last;	/* folder that was asked for, and as what */
	unsigned char last_how;
	bool strict;		/* what is needed and may not be is an error */
	bool fills;		/* it matters what files will be there */
};

/* The last: files will be there, and not only a folder that is there now. */
enum { USEFUL = 1, NEEDED, FILLED };

/* Here no package has its files. */
static bool
is_kernels(const struct want *w, const struct mount_point *p)
{
	static const char *const places[] = { "/proc", "/sys", "/dev", "/run" };
	size_t n = strlen(w->top);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t len = strlen(places[i]);

		if (strncmp(p->path, w->top, n) == 0 &&
		    strncmp(p->path + n, places[i], len) == 0 &&
		    (p->path[n + len] == '/' || p->path[n + len] == '\0'))
			return true;
	}
	return false;
}

/* What is written to now although its device is read-only was switched under
 * it. A file system of several devices tells one of them, whichever. */
static bool
on_readonly_device(const struct mount_point *p)
{
	return (p->fs_readonly || major(p->dev) != 0) &&
	       mounts_device_readonly(p) > 0;
}

static bool
in_the_way(const struct mount_point *p)
{
	return p->readonly || p->fs_readonly || on_readonly_device(p);
}

/* No /proc, no mounts: then nothing can be told, and lifting flags will say
 * what is read-only. */
static int
begin(struct want *w, struct session *s, struct diag *diag)
{
	struct diag d = { .line = 0 };
	int r = 0;

	*w = (struct want){ .s = s };
	if (s->instdir[0] != '\0' && realpath(s->instdir, w->top) == NULL)
		return diag_set(diag, -errno, s->instdir, 0, "%s",
		                strerror(errno));
	if (s->mounts == NULL)
		r = mounts_load("", &s->mounts, &d);
	if (err_passes(r)) {
		*diag = d;
		return r;
	}
	if (r < 0)
		return 0;
	w->hit = calloc(s->mounts->n_points + 1, sizeof(*w->hit));
	return w->hit == NULL ? -ENOMEM : 0;
}

static bool
any_in_the_way(const struct want *w)
{
	const struct mounts *m = w->s->mounts;

	for (size_t i = 0; w->hit != NULL && i < m->n_points; i++)
		if (!is_kernels(w, &m->points[i]) && in_the_way(&m->points[i]))
			return true;
	return false;
}

/* By their names alone, one that is hidden below another would count. */
static const struct mount_point *
mount_of(const struct want *w, const char *path)
{
	const struct mount_point *p = remount_of(w->s->mounts, AT_FDCWD, path);

	return p != NULL ? p : mounts_covering(w->s->mounts, path);
}

static const struct mount_point *
covering(const struct want *w, const char *folder)
{
	char path[PATH_MAX];

	if (w->hit == NULL || snprintf(path, sizeof(path), "%s%s", w->top,
	                               folder) >= (int)sizeof(path))
		return NULL;
	return mount_of(w, path[0] != '\0' ? path : "/");
}

/* The folder that path is, or will be, in; where that is yet to be made, the
 * one that is there. */
static const char *
folder_of(struct session *s, const char *path)
{
	char up[PATH_MAX];
	const char *name;
	int err = 0;

	name = root_folder(s->root, path, &err);
	if (name != NULL || snprintf(up, sizeof(up), "%s", path) >=
	    (int)sizeof(up))
		return name;
	while (name == NULL && err == -ENOENT && strrchr(up, '/') > up) {
		*strrchr(up, '/') = '\0';
		name = root_folder(s->root, up, &err);
	}
	return name;
}

static void
want_folder(struct want *w, const char *path, unsigned char how)
{
	const char *folder = folder_of(w->s, path);
	const struct mount_point *p;

	if (folder == NULL || (folder == w->last && how <= w->last_how))
		return;
	w->last = folder;
	w->last_how = how;
	p = covering(w, folder);
	if (p != NULL && !is_kernels(w, p) &&
	    w->hit[p - w->s->mounts->points] < how)
		w->hit[p - w->s->mounts->points] = how;
}

static bool
is_folder(struct session *s, const char *path)
{
	struct node n;

	return root_stat(s->root, path, &n) == 0 && S_ISDIR(n.mode);
}

static void
want_path(struct want *w, const char *path)
{
	want_folder(w, path, w->fills && !is_folder(w->s, path) ? FILLED :
	            NEEDED);
}

static int
want_package(struct want *w, struct package *p, struct diag *diag)
{
	int r = dpkgdb_load_list(w->s->db, p, diag);

	for (size_t i = 0; r == 0 && i < p->n_paths; i++)
		want_path(w, dpkgdb_real(w->s->db, p, p->paths[i]));
	return r;
}

/* The database lies where the host says, which may be outside of the root. */
static const struct mount_point *
mount_of_database(const struct want *w)
{
	char path[PATH_MAX];

	return w->hit == NULL || realpath(w->s->admindir, path) == NULL ?
	       NULL : mount_of(w, path);
}

static const struct mount_point *
mount_of_state(const struct want *w)
{
	const char *folder = folder_of(w->s, STATE_DIR "/adopted");

	return folder == NULL ? NULL : covering(w, folder);
}

/*
 * ------------------------------------------------------------------
 */

static int
change(const struct mount_point *p, enum keeper_mount how, struct diag *diag)
{
	static const char *const doing[] = {
		[KEEPER_MOUNT_OPEN] = "cannot be made writable for the run",
		[KEEPER_MOUNT_SHUT] = "cannot be made read-only for others",
		[KEEPER_FS_OPEN] = "the file system cannot be remounted",
		[KEEPER_FS_SHUT] = "cannot be made read-only again"
	};
	int fd = remount_find(p), r = fd < 0 ? fd : keeper_mount(fd, how);

	if (fd >= 0)
		close(fd);
	return r < 0 ? diag_set(diag, r, p->path, 0, "is read-only, and %s: "
	                        "%s", doing[how], err_text(r)) : 0;
}

/* All mounts of its file system, before they become writable for everybody;
 * but for others that have no name, with another mount over them. */
static int
shut_all(struct session *s, const struct mount_point *needed,
         struct diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->mounts->n_points; i++) {
		struct mount_point *p = &s->mounts->points[i];
		struct diag d = { .line = 0 };

		if (p->dev == needed->dev && !p->readonly)
			r = change(p, KEEPER_MOUNT_SHUT, &d);
		if (p != needed && remount_hidden(r))
			r = 0;
		else if (r < 0)
			*diag = d;
	}
	return r;
}

/* With its mounts shut already, and in a namespace of our own. */
static int
open_filesystem(struct session *s, const struct mount_point *p,
                struct diag *diag)
{
	int r = remounted_note(s, p, diag);

	if (r == 0)
		r = change(p, KEEPER_FS_OPEN, diag);
	for (size_t i = 0; r == 0 && i < s->mounts->n_points; i++)
		if (s->mounts->points[i].dev == p->dev)
			s->mounts->points[i].fs_readonly = false;
	return r;
}

/* File systems that are made once, and never written to. */
static bool
is_written_once(const struct mount_point *p)
{
	static const char *const types[] = {
		"squashfs", "erofs", "iso9660", "cramfs", "romfs"
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(p->fstype, types[i]) == 0)
			return true;
	return false;
}

/* Why no run can write there, whoever allows it. */
static int
refused(struct want *w, const struct mount_point *p, struct diag *diag)
{
	if (is_written_once(p))
		return diag_set(diag, -EROFS, p->path, 0, "is a file system "
		                "that nobody can write to (%s)", p->fstype);
	if (on_readonly_device(p))
		return diag_set(diag, -EROFS, p->path, 0, "the disk below (%s) "
		                "is read-only by itself: the host of this "
		                "machine, or whoever has switched it, must "
		                "allow writing first", p->source);
	if (p->fs_readonly && w->s->conf->mounts != CONF_MOUNTS_REMOUNT)
		return diag_set(diag, -EROFS, p->path, 0, "the file system is "
		                "read-only; with \"mounts = remount\" a run "
		                "makes it writable as long as it lasts");
	return 0;
}

static int
make_writable(struct want *w, struct mount_point *p, struct diag *diag)
{
	struct session *s = w->s;
	int r = refused(w, p, diag);

	if (r < 0 || (!p->readonly && !p->fs_readonly))
		return r;
	if (keeper_no_space() < 0)
		return diag_set(diag, keeper_no_space(), p->path, 0, "is "
		                "read-only, and a mount namespace of our own, "
		                "to write there, cannot be had: %s",
		                err_text(keeper_no_space()));
	if (!keeper_private()) {
		r = p->fs_readonly ? shut_all(s, p, diag) : 0;
		return r < 0 ? r : ERR_AGAIN;
	}
	if (p->fs_readonly)
		r = open_filesystem(s, p, diag);
	if (r == 0 && p->readonly)
		r = change(p, KEEPER_MOUNT_OPEN, diag);
	if (r == 0)
		p->readonly = false;
	return r;
}

/* All that was wanted; ends what begin began. What can't be had and is not
 * needed is told by whoever writes there. */
static int
make_all(struct want *w, int r, struct diag *diag)
{
	for (size_t i = 0; r == 0 && w->hit != NULL &&
	     i < w->s->mounts->n_points; i++) {
		struct diag d = { .line = 0 };

		if (w->hit[i] == 0)
			continue;
		r = make_writable(w, &w->s->mounts->points[i], &d);
		if (r < 0 && r != ERR_AGAIN && r != -ENOMEM &&
		    !(w->strict && w->hit[i] >= NEEDED))
			r = 0;
		else if (r < 0)
			*diag = d;
	}
	free(w->hit);
	w->hit = NULL;
	return r;
}

/*
 * ------------------------------------------------------------------
 */

/* What of the records will be gone after the next boot: NULL if nothing. */
static const char *
forgetful(const struct want *w)
{
	const struct mount_point *p = mount_of_database(w);

	if (p != NULL && !mounts_lasting(w->s->mounts, p))
		return w->s->admindir;
	p = mount_of_state(w);
	return p != NULL && !mounts_lasting(w->s->mounts, p) ? STATE_DIR :
	       NULL;
}

/* Called while all that was wanted is the files of packages. */
static int
check_lasting(const struct want *w, const char *lost, struct diag *diag)
{
	const struct mounts *m = w->s->mounts;

	for (size_t i = 0; i < m->n_points; i++)
		if (w->hit[i] == FILLED && mounts_lasting(m, &m->points[i]))
			return diag_set(diag, ERR_REFUSED, lost, 0,
			                "lies in memory and would be lost at "
			                "the next boot, while the files below "
			                "%s would stay; put it on a disk, or "
			                "set \"volatile-database = allow\"",
			                m->points[i].path);
	return 0;
}

static int
want_plan(struct want *w, const struct plan *plan, struct diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n_packages; i++)
		r = want_package(w, plan->packages[i].package, diag);
	for (size_t i = 0; r == 0 && i < plan->n_paths; i++)
		want_path(w, plan->paths[i].path);
	return r;
}

int
writable_own(struct session *s, bool strict, struct diag *diag)
{
	const struct mount_point *p;
	struct want w;
	int r;

	if (s->conf->mounts == CONF_MOUNTS_OFF)
		return 0;
	r = begin(&w, s, diag);
	if (r < 0)
		return r;
	w.strict = strict;
	p = mount_of_database(&w);
	if (p != NULL)
		w.hit[p - s->mounts->points] = NEEDED;
	if (w.hit != NULL) {
		want_path(&w, STATE_DIR "/adopted");
		/* without a log dpkg and we work all the same */
		want_folder(&w, "/var/log/x", USEFUL);
	}
	return make_all(&w, 0, diag);
}

int
writable_plan(struct session *s, const struct plan *plan, bool changes,
              bool scripts, struct diag *diag)
{
	const size_t n = sizeof(scripts_write) / sizeof(scripts_write[0]);
	const char *lost = NULL;
	struct want w;
	bool way;
	int r = begin(&w, s, diag);

	if (r < 0 || w.hit == NULL)
		return r;
	if (!s->conf->volatile_database)
		lost = forgetful(&w);
	w.fills = lost != NULL;
	way = s->conf->mounts != CONF_MOUNTS_OFF && any_in_the_way(&w);
	if (lost != NULL || way)
		r = want_plan(&w, plan, diag);
	if (r == 0 && lost != NULL)
		r = check_lasting(&w, lost, diag);
	for (size_t i = 0; r == 0 && way && scripts && i < n; i++)
		want_folder(&w, scripts_write[i], USEFUL);
	w.strict = changes;
	if (!way) {
		free(w.hit);
		return r;
	}
	return make_all(&w, r, diag);
}

static int
want_all(struct want *w, struct diag *diag)
{
	struct dpkgdb *db = w->s->db;
	int r = 0;

	for (size_t i = 0; r == 0 && i < db->n_packages; i++)
		if (db->packages[i].state > PKG_CONFIG_FILES)
			r = want_package(w, &db->packages[i], diag);
	return r;
}

static int
want_journal(struct want *w, const struct journal_plan *plan,
             struct diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n_packages; i++) {
		size_t n = 0;
		struct package *p = dpkgdb_operand(w->s->db, plan->packages[i],
		                                   &n);

		while (r == 0 && n-- > 0)
			r = want_package(w, p++, diag);
	}
	for (size_t i = 0; r == 0 && i < plan->n_paths; i++)
		want_path(w, plan->paths[i].path);
	return r;
}

int
writable_flags(struct session *s, const struct journal_plan *plan, bool all,
               struct diag *diag)
{
	struct want w;
	int r;

	if (s->conf->mounts == CONF_MOUNTS_OFF)
		return 0;
	r = begin(&w, s, diag);
	if (r == 0 && any_in_the_way(&w)) {
		if (all || plan == NULL)
			r = want_all(&w, diag);
		if (r == 0 && plan != NULL)
			r = want_journal(&w, plan, diag);
		/* our own shims, which no package lists */
		want_path(&w, "/usr/bin/x");
		want_path(&w, "/usr/sbin/x");
	}
	return make_all(&w, r, diag);
}

int
writable_adoption(struct session *s, struct diag *diag)
{
	const char *lost = NULL;
	struct want w;
	int r = begin(&w, s, diag);

	if (r == 0 && w.hit != NULL && !s->conf->volatile_database)
		lost = forgetful(&w);
	w.fills = true;
	if (lost != NULL) {
		r = want_all(&w, diag);
		if (r == 0)
			r = check_lasting(&w, lost, diag);
	}
	free(w.hit);
	return r;
}
