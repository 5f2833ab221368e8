/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "root.h"
#include "setup_priv.h"

#define APT_CONF "/etc/apt/apt.conf.d/51dpkg-immutable"

/* debconf unpacks programs and runs them; in /tmp it could not. */
static const char apt_text[] =
	"// Written by dpkg-immutable --setup-readonly=root: packages' config\n"
	"// scripts are run where they are unpacked, and /tmp is noexec.\n"
	"APT::ExtractTemplates::TempDir \"/var/cache/debconf\";\n";

/* An array with room for one more; NULL also where there are SETUP_MANY. */
static void *
grown(struct arena *a, const void *old, size_t n, size_t size)
{
	void *more = n >= SETUP_MANY ? NULL : arena_alloc(a, (n + 1) * size);

	if (more != NULL && n > 0)
		memcpy(more, old, n * size);
	return more;
}

int
setup_note(struct setup *p, const char *path, const char *package,
           const char *text)
{
	struct setup_note *more = grown(p->arena, p->notes, p->n_notes,
	                                sizeof(*more));

	if (more == NULL)
		return p->n_notes >= SETUP_MANY ? 0 : -ENOMEM;
	if (p->n_notes == SETUP_MANY - 1)
		text = "and more, which are left out here";
	more[p->n_notes] = (struct setup_note){
		.path = arena_strdup(p->arena, path),
		.package = package == NULL ? NULL :
		    arena_strdup(p->arena, package),
		.text = arena_strdup(p->arena, text)
	};
	p->notes = more;
	if (more[p->n_notes].path == NULL || more[p->n_notes].text == NULL)
		return -ENOMEM;
	p->n_notes++;
	return 0;
}

int
setup_open(struct setup *p, const char *path)
{
	const char **more = grown(p->arena, p->open, p->n_open,
	                          sizeof(*more));

	if (more == NULL)
		return p->n_open >= SETUP_MANY ? ERR_LIMIT : -ENOMEM;
	p->open = more;
	more[p->n_open] = arena_strdup(p->arena, path);
	return more[p->n_open] == NULL ? -ENOMEM : (p->n_open++, 0);
}

bool
setup_is_open(const struct setup *p, const char *path)
{
	for (size_t i = 0; i < p->n_open; i++) {
		size_t n = strlen(p->open[i]);

		if (strncmp(path, p->open[i], n) == 0 &&
		    (path[n] == '\0' || path[n] == '/'))
			return true;
	}
	return false;
}

int
setup_file(struct setup *p, const struct setup_file *file)
{
	struct setup_file *more = grown(p->arena, p->files, p->n_files,
	                                sizeof(*more));

	if (more == NULL)
		return -ENOMEM;
	p->files = more;
	more[p->n_files++] = *file;
	return 0;
}

/* Compares with what is there; text is copied. */
static int
add_file(struct setup_work *c, const char *path, const char *text, size_t len,
         const char *changes)
{
	struct setup_file file = {
		.path = path, .len = len,
		.text = arena_strndup(c->p->arena, text, len)
	};
	struct node node;
	struct buf now;
	int fd, r = file.text == NULL ? -ENOMEM : 0;

	if (changes != NULL)
		file.changes = arena_strdup(c->p->arena, changes);
	buf_init(&now, FSTAB_MAX);
	if (r == 0)
		r = root_open(c->s->root, path, &fd, &node);
	if (r == 0) {
		r = file_read_fd(fd, &now);
		close(fd);
		file.state = now.len == len && (len == 0 ||
		    memcmp(now.data, text, len) == 0) ? SETUP_SAME :
		    SETUP_CHANGED;
	} else if (r == -ENOENT) {
		file.state = SETUP_NEW;
		r = 0;
	}
	buf_free(&now);
	if (r == ERR_NOT_REGULAR)
		return diag_set(c->diag, ERR_REFUSED, path, 0,
		                "is a link or the like, and not ours to "
		                "replace");
	if (r < 0)
		return diag_set(c->diag, r, path, 0, "%s", err_text(r));
	return setup_file(c->p, &file);
}

static int
add_link(struct setup_work *c, const char *path, const char *target)
{
	struct setup_file file = {
		.path = path, .link = target, .state = SETUP_NEW
	};
	char now[4096];
	struct node node;
	int n = root_readlink(c->s->root, path, now, sizeof(now));

	if (n >= 0 && strcmp(now, target) == 0)
		file.state = SETUP_SAME;
	else if (n >= 0 || root_stat(c->s->root, path, &node) == 0)
		return diag_set(c->diag, ERR_REFUSED, path, 0,
		                "is there, and no link to %s", target);
	return setup_file(c->p, &file);
}

static int
add_fstab(struct setup_work *c)
{
	struct buf text, changes;
	int r;

	buf_init(&text, FSTAB_MAX);
	buf_init(&changes, 2 * FSTAB_MAX);
	r = fstab_text(c->f, &text);
	if (r == 0)
		r = fstab_changes(c->f, &changes);
	if (r == 0)
		r = add_file(c, SETUP_FSTAB, text.len > 0 ? text.data : "",
		             text.len, changes.len > 0 ? changes.data : "");
	buf_free(&text);
	buf_free(&changes);
	return r;
}

static int
add_unit(struct setup_work *c, const char *path, int (*fill)(struct buf *out))
{
	struct buf text;
	int r;

	buf_init(&text, FSTAB_MAX);
	r = fill(&text);
	if (r == 0)
		r = add_file(c, path, text.data, text.len, NULL);
	buf_free(&text);
	return r;
}

static int
add_readonly(struct setup_work *c, const char *const *mounts)
{
	struct buf text;
	int r;

	buf_init(&text, FSTAB_MAX);
	r = setup_unit_readonly(&text, mounts, c->p->scheme == SETUP_ROOT);
	if (r == 0)
		r = add_file(c, SETUP_UNITS "/" SETUP_SERVICE, text.data,
		             text.len, NULL);
	buf_free(&text);
	return r < 0 ? r : add_link(c,
	    SETUP_UNITS "/sysinit.target.wants/" SETUP_SERVICE,
	    "../" SETUP_SERVICE);
}

static int
plan_usr(struct setup_work *c)
{
	static const char *const mounts[] = { "/usr", NULL };
	const struct fstab_entry *e;
	int r = fstab_find(c->f, "/usr", &e, c->diag);

	if (r < 0)
		return r;
	if (e != NULL)
		return add_readonly(c, mounts);
	r = add_unit(c, SETUP_UNITS "/usr.mount", setup_unit_usr);
	return r < 0 ? r : add_link(c,
	    SETUP_UNITS "/local-fs.target.wants/usr.mount",
	    "../usr.mount");
}

/* What the lines of fstab need is there before them; the flag comes last. */
static int
plan_root(struct setup_work *c)
{
	const char *mounts[] = { "/", NULL, NULL };
	const struct fstab_entry *e;
	int r = setup_place_memory(c);

	if (r == 0)
		r = setup_place_folder(c, "/home", "nosuid,nodev,noexec");
	if (r == 0)
		r = setup_place_folder(c, "/srv", "nosuid,nodev");
	if (r == 0)
		r = setup_place_var(c);
	if (r == 0)
		r = setup_writers(c->p, c->s, setup_place_bind, c);
	if (r == 0)
		r = setup_place_images(c);
	if (r == 0)
		r = fstab_find(c->f, "/usr", &e, c->diag);
	if (r == 0 && e != NULL)
		mounts[1] = "/usr";
	if (r == 0)
		r = add_file(c, APT_CONF, apt_text, sizeof(apt_text) - 1,
		             NULL);
	if (r == 0)
		r = add_unit(c, SETUP_UNITS "/" SETUP_MEMORY_SERVICE,
		             setup_unit_memory);
	if (r == 0)
		r = add_fstab(c);
	return r < 0 ? r : add_readonly(c, mounts);
}

static int
read_fstab(struct setup_work *c)
{
	struct node node;
	int fd, r = root_open(c->s->root, SETUP_FSTAB, &fd, &node);

	if (r == 0) {
		r = file_read_fd(fd, &c->was);
		close(fd);
	} else if (r == -ENOENT) {
		r = 0;
	}
	if (r < 0)
		return diag_set(c->diag, r, SETUP_FSTAB, 0, "%s", err_text(r));
	return fstab_parse(SETUP_FSTAB, c->was.len > 0 ? c->was.data : "",
	                   c->was.len, &c->f, c->diag);
}

static int
plan_all(struct setup_work *c)
{
	int r = read_fstab(c);

	if (r == 0)
		r = setup_bootable(c->s, c->p->scheme, c->f, c->diag);
	if (r == 0)
		r = c->p->scheme == SETUP_USR ? plan_usr(c) : plan_root(c);
	if (r == 0 && c->s->state == NULL)
		r = setup_note(c->p, "/", NULL, "is not adopted (--adopt): "
		               "dpkg by itself could write nothing then");
	if (r == 0 && c->s->conf != NULL &&
	    c->s->conf->mounts == CONF_MOUNTS_OFF)
		r = setup_note(c->p, "/etc/dpkg-immutable.conf", NULL,
		               "has mounts = off: no run could write what is "
		               "read-only then; auto is the default");
	return r < 0 ? r : setup_owned(c->p, c->s, c->diag);
}

int
setup_plan(struct session *s, enum setup_scheme scheme, struct setup **ret,
           struct diag *diag)
{
	struct setup *p = calloc(1, sizeof(*p));
	struct setup_work c = { .s = s, .p = p, .diag = diag };
	int r = -ENOMEM;

	if (p == NULL)
		return r;
	p->scheme = scheme;
	p->arena = arena_new();
	buf_init(&c.was, FSTAB_MAX);
	if (p->arena != NULL)
		r = plan_all(&c);
	fstab_free(c.f);
	buf_free(&c.was);
	if (r < 0) {
		setup_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void
setup_free(struct setup *p)
{
	if (p == NULL)
		return;
	arena_free(p->arena);
	free(p);
}

size_t
setup_files(const struct setup *p, const struct setup_file **ret)
{
	*ret = p->files;
	return p->n_files;
}

size_t
setup_notes(const struct setup *p, const struct setup_note **ret)
{
	*ret = p->notes;
	return p->n_notes;
}

size_t
setup_due(const struct setup *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_files; i++)
		n += p->files[i].state != SETUP_SAME;
	return n;
}
