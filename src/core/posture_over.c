/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Mounts that lie over what packages installed, or over folders in which
 * root's programs are looked for, without being part of how the machine was
 * set up: neither fstab(5) nor a mount unit names them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "posture_priv.h"

#define FSTAB_MAX ((size_t)1 << 20)
#define UNIT_MAX ((size_t)1 << 16)

void
posture_planned(struct posture *p)
{
	struct buf text;
	int r = posture_read(p, "/etc/fstab", FSTAB_MAX, &text);

	if (r == 0) {
		if (posture_fstab(text.data != NULL ? text.data : "",
		                  text.len, p->arena, p->planned) < 0)
			p->err = -ENOMEM;
		buf_free(&text);
		return;
	}
	if (r == -ENOENT)
		return;
	posture_tell(p, &(struct posture_line){
		.id = "fstab", .state = POSTURE_UNKNOWN,
		.subject = "/etc/fstab", .seen = err_text(r),
		.why = "which mounts are meant to be there is not known"
	});
}

/* What the generator made of fstab counts by fstab, as it is now. */
static bool
is_of_fstab(struct posture *p, const char *path)
{
	static const char source[] = "\nSourcePath=/etc/fstab\n";
	struct buf text;
	bool found;

	if (posture_read(p, path, UNIT_MAX, &text) < 0)
		return false;
	found = text.len > 0 && memmem(text.data, text.len, source,
	                               strlen(source)) != NULL;
	buf_free(&text);
	return found;
}

/*
 * In the order in which systemd looks for it: what is masked in one of them is
 * no plan. A unit that somebody put into /run by hand is none either, and does
 * not unsay a lasting one. Those of partitions that are known by their type
 * (systemd-gpt-auto-generator(8)) come late, where nothing is masked.
 */
static size_t
units_for(struct posture *p, const char *path)
{
	enum { EARLY, ETC, BY_HAND, GENERATED, LOCAL, USR, FOLDERS };
	static const char *const folders[FOLDERS] = {
		[EARLY] = "/run/systemd/generator.early",
		[ETC] = "/etc/systemd/system",
		[BY_HAND] = "/run/systemd/system",
		[GENERATED] = "/run/systemd/generator",
		[LOCAL] = "/usr/local/lib/systemd/system",
		[USR] = "/usr/lib/systemd/system"
	};
	char name[512];

	if (posture_mount_unit(path, name, sizeof(name)) < 0)
		return 0;
	for (size_t i = 0; i < FOLDERS; i++) {
		enum posture_unit unit = posture_unit(p, folders[i], name);

		if (unit == POSTURE_UNIT_MASK)
			return 0;
		if (unit == POSTURE_UNIT_FILE && i != BY_HAND)
			return i != GENERATED || !is_of_fstab(p, posture_text(p,
			    "%s/%s", folders[i], name));
	}
	return posture_exists(p, posture_text(p,
	    "/run/systemd/generator.late/%s", name));
}

/* How many mounts there may be on this point. */
static size_t
planned(struct posture *p, const char *path)
{
	uintptr_t times = 0;

	strmap_get(p->planned, path, &times);
	if (times == 0)
		times = units_for(p, path);
	return strcmp(path, "/") == 0 && times == 0 ? 1 : (size_t)times;
}

/* Below what x-systemd.automount mounts stays the autofs that waited for it. */
static size_t
stacked(const struct mounts *m, size_t at)
{
	const struct mount_point *top = &m->points[at], *i = top;
	size_t n = 1;

	while (i > m->points && strcmp((--i)->path, top->path) == 0)
		n += strcmp(i->fstype, "autofs") != 0;
	return n;
}

static void
tell_over(struct posture *p, const char *id, size_t at, size_t n,
          size_t allowed)
{
	const struct mount_point *m = &p->mounts->points[at];
	const char *what = posture_text(p, "%s (%s)", m->fstype, m->source);

	posture_tell(p, &(struct posture_line){
		.id = id, .state = POSTURE_BAD, .subject = m->path,
		.seen = n > 1 && allowed > 0 ?
		    posture_text(p, "%zu mounts on one another, the topmost "
		                 "is %s", n, what) :
		    posture_text(p, "%s is mounted over it, and neither "
		                 "/etc/fstab nor a mount unit says so", what),
		.why = "what is mounted over a file stands in its place: no "
		    "flag guards it, and dpkg writes to it",
		.mend = strcmp(m->path, "/") == 0 ? NULL :
		    posture_text(p, "umount %s", posture_path(p, m->path)),
		.keep = strcmp(m->path, "/") == 0 ? "a boot without it" :
		    "if it is wanted there: a line of /etc/fstab"
	});
}

struct search {
	struct posture *p;
	size_t told;
};

/* Has it this folder, or a parent of it, below it? */
static bool
is_over(const char *point, const char *folder)
{
	size_t n = strcmp(point, "/") == 0 ? 0 : strlen(point);

	return strncmp(point, folder, n) == 0 &&
	       (folder[n] == '/' || folder[n] == '\0');
}

static int
look_at_folder(void *ctx, const char *folder)
{
	struct search *s = ctx;
	struct posture *p = s->p;
	const struct mounts *m = p->mounts;
	const char *real;
	int err;

	if (folder[0] != '/')
		return 0;
	real = root_folder(p->s->root, posture_text(p, "%s/x", folder), &err);
	for (size_t i = 0; real != NULL && i < m->n_points; i++) {
		size_t n = stacked(m, i), allowed;

		if (p->covering[i] || !is_over(m->points[i].path, real) ||
		    (i + 1 < m->n_points && strcmp(m->points[i].path,
		                                   m->points[i + 1].path) == 0))
			continue;
		allowed = planned(p, m->points[i].path);
		if (n <= allowed)
			continue;
		p->covering[i] = true;	/* once is enough */
		s->told++;
		tell_over(p, "mount-path", i, n, allowed);
	}
	return p->err;
}

static void
tell_none(struct posture *p, const char *id, const char *seen)
{
	posture_tell(p, &(struct posture_line){
		.id = id, .state = POSTURE_OK, .seen = seen,
		.why = "what is mounted over a file stands in its place"
	});
}

void
posture_over(struct posture *p)
{
	struct search s = { .p = p };
	const struct mounts *m = p->mounts;
	size_t told = 0;

	if (m == NULL) {
		posture_tell(p, &(struct posture_line){
			.id = "mount-over", .state = POSTURE_UNKNOWN,
			.seen = "/proc/self/mountinfo can't be read",
			.why = "what is mounted over a file stands in its "
			    "place"
		});
		return;
	}
	for (size_t i = 0; p->err == 0 && i < m->n_points; i++) {
		size_t n = stacked(m, i), allowed;

		if (!p->covering[i] || (i + 1 < m->n_points &&
		    strcmp(m->points[i].path, m->points[i + 1].path) == 0))
			continue;
		allowed = planned(p, m->points[i].path);
		if (n <= allowed)
			continue;
		told++;
		tell_over(p, "mount-over", i, n, allowed);
	}
	if (told == 0 && p->surveyed)
		tell_none(p, "mount-over", "no unplanned mount lies over what "
		          "packages installed");
	if (p->err == 0)
		p->err = posture_search_path(p, look_at_folder, &s);
	if (s.told == 0)
		tell_none(p, "mount-path", "no unplanned mount lies over "
		          "folders of PATH");
}
