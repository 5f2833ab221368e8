/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* What packages have installed: closed by flags, or by a read-only mount? */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "posture_priv.h"
#include "survey.h"

#define OFF_TOLD 40	/* packages; further ones are "-a" */

struct walk {
	struct posture *p;
	const char *folder;	/* of the row before, as listed and as it is */
	size_t folder_len;
	const char *real;
	const char *off;	/* key of the package told last */
	size_t n_off;
};

/* Many rows of one folder follow each other. */
static const char *
real_folder(struct walk *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;
	int err;

	if (w->folder == NULL || len != w->folder_len ||
	    memcmp(path, w->folder, len) != 0) {
		w->real = root_folder(w->p->s->root, path, &err);
		w->folder = path;
		w->folder_len = len;
	}
	return w->real;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 &&
	       (path[n] == '/' || path[n] == '\0');
}

/* Marks what lies over this folder, and over the parents of that. */
static void
mark(struct posture *p, const char *folder, const char *name)
{
	const struct mount_point *points = p->mounts->points, *m;
	const char *path = posture_text(p, "%s/%s", strcmp(folder, "/") == 0 ?
	                                "" : folder, name);

	while ((m = mounts_covering(p->mounts, path)) != NULL &&
	       !p->covering[m - points]) {
		const char *slash = strrchr(m->path, '/');

		for (const struct mount_point *same = m; same >= points &&
		     strcmp(same->path, m->path) == 0; same--)
			p->covering[same - points] = true;
		if (strcmp(m->path, "/") == 0)
			break;
		path = posture_text(p, "%.*s", slash == m->path ? 1 :
		                    (int)(slash - m->path), m->path);
	}
}

static void
mark_row(struct walk *w, const struct survey_row *row)
{
	const struct mounts *mounts = w->p->mounts;
	const char *folder = real_folder(w, row->path);
	const char *name = strrchr(row->path, '/');
	const struct mount_point *m;

	if (mounts == NULL || mounts->n_points < 2 || folder == NULL ||
	    name == NULL)
		return;
	m = mounts_covering(mounts, folder);
	/* one that lies on the very name is rare, and dear to look for */
	if ((m != NULL && !w->p->covering[m - mounts->points]) ||
	    row->state == SURVEY_UNKNOWN)
		mark(w->p, folder, name + 1);
}

static void
note_off(struct walk *w, const struct survey_row *row)
{
	struct posture *p = w->p;

	p->off++;
	if (row->package == w->off)
		return;
	w->off = row->package;
	w->n_off++;
	p->off_packages = w->n_off > OFF_TOLD ? "-a" :
	    posture_text(p, "%s%s%s", p->off_packages != NULL ?
	                 p->off_packages : "", w->n_off > 1 ? " " : "",
	                 posture_word(p, row->package));
}

static int
look_at_row(void *ctx, const struct survey_row *row)
{
	struct walk *w = ctx;
	struct posture *p = w->p;
	const char *folder;
	struct posture_part *part;

	if (row->state == SURVEY_EXEMPT)
		return p->err;
	mark_row(w, row);
	folder = real_folder(w, row->path);
	part = is_below(folder != NULL ? folder : row->path, "/usr") ?
	    &p->usr : &p->rest;
	switch (row->state) {
	case SURVEY_PROTECTED:
	case SURVEY_SELF:
	case SURVEY_FOREIGN:
		part->guarded++;
		break;
	case SURVEY_OPEN:
		part->open++;
		break;
	case SURVEY_UNSUPPORTED:
		part->unsupported++;
		break;
	case SURVEY_OFF:
		note_off(w, row);
		break;
	default:
		break;
	}
	return p->err;
}

/* Of a root that is not adopted there are no records, and none are needed. */
static int
load_records(struct posture *p, struct diag *diag)
{
	struct session *s = p->s;

	if (s->state != NULL)
		return session_records(s, true, diag);
	s->index = index_new();
	s->foreign = foreign_new();
	return s->index == NULL || s->foreign == NULL ? -ENOMEM : 0;
}

void
posture_survey(struct posture *p)
{
	struct walk w = { .p = p };
	struct session *s = p->s;
	struct diag d = { .line = 0 };
	char text[600];
	int r = load_records(p, &d);

	p->live = s->state != NULL && state_locked(s->state);
	if (r == 0)
		r = session_db(s, &d);
	if (r == 0)
		r = session_due(s, &d);
	if (r == 0)
		r = survey_walk(s, NULL, 0, look_at_row, &w, &d);
	p->surveyed = r == 0;
	if (r == -ENOMEM)
		p->err = r;
	if (r == 0)
		return;
	diag_text(&d, text, sizeof(text));
	posture_tell(p, &(struct posture_line){
		.id = "dpkg-database", .state = POSTURE_UNKNOWN,
		.subject = s->state != NULL ? s->state->admindir : NULL,
		.seen = d.what[0] != '\0' ? posture_text(p, "%s", text) :
		    err_text(r),
		.why = "which files must be protected is not known without it"
	});
}

static bool
is_read_only(struct posture *p, const char *path)
{
	int fd = posture_open(p, path, O_PATH | O_DIRECTORY);
	struct statvfs fs;
	bool ro;

	if (fd < 0)
		return false;
	ro = fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0;
	close(fd);
	return ro;
}

/*
 * One line for /usr and one for the rest of the root, on which there may be
 * no file that is due at all.
 */
static void
tell_part(struct posture *p, const char *id, const char *path,
          const struct posture_part *part)
{
	struct posture_line line = {
		.id = id, .subject = path, .state = POSTURE_OK,
		.why = "whoever can write there as root, by mistake or not, "
		    "changes what packages installed"
	};
	const char *ro = is_read_only(p, path) ? "read-only" : "writable";
	bool closed = ro[0] == 'r';

	line.seen = posture_text(p, "%s; %zu files flagged, %zu open", ro,
	                         part->guarded, part->open);
	if (part->open > 0 && !closed && !p->live) {
		line.state = POSTURE_BAD;
		line.mend = posture_text(p, "%s --adopt", posture_engine(p));
	} else if (part->open > 0 && !closed) {
		line.state = POSTURE_NOTE;
		line.seen = posture_text(p, "%s; %zu files open: a run is "
		                         "under way", ro, part->open);
	} else if (part->unsupported > 0 && !closed) {
		line.state = POSTURE_BAD;
		line.seen = posture_text(p, "writable, and %zu files can't "
		    "carry the flag", part->unsupported);
		line.mend = p->s->guest || strcmp(path, "/") == 0 ? NULL :
		    posture_text(p, "mount --bind %s %s && "
		        "mount -o remount,bind,ro %s", path, path, path);
		line.keep = posture_text(p, "%s --setup-readonly=%s",
		    posture_engine(p), strcmp(path, "/") == 0 ? "root" :
		    "usr");
	}
	posture_tell(p, &line);
}

static void
tell_off(struct posture *p)
{
	struct posture_line line = {
		.id = "off", .state = POSTURE_OK, .seen = "no package is off",
		.why = "--unprotect holds until --protect, and is easily "
		    "forgotten"
	};

	if (p->off > 0) {
		line.state = POSTURE_BAD;
		line.seen = posture_text(p, "%zu files of packages that are "
		                         "off: %s", p->off,
		                         strcmp(p->off_packages, "-a") == 0 ?
		                         "many" : p->off_packages);
		line.mend = posture_text(p, "%s --protect %s",
		                         posture_engine(p), p->off_packages);
	}
	posture_tell(p, &line);
}

void
posture_closed(struct posture *p)
{
	if (!p->surveyed)
		return;
	tell_part(p, "usr-closed", "/usr", &p->usr);
	tell_part(p, "root-closed", "/", &p->rest);
	if (p->s->state != NULL)
		tell_off(p);
}
