/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "triggered.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "file.h"
#include "lines.h"

#define INTEREST_MAX ((size_t)16 << 20)
#define HINTS_MAX ((size_t)256 << 20)

struct search {
	struct session *s;
	struct plan *plan;
	struct archive *const *archives;
	size_t n_archives;
	struct buf file;	/* triggers/File */
	struct buf hints;	/* in which names are searched */
	struct buf text;	/* one file at a time */
	struct diag *diag;
	bool awaited_only;	/* with --no-triggers */
};

/*
 * Whether the run processes more triggers than those of its operands. In spite
 * of --no-triggers it does so for those that somebody awaits on whom something
 * depends, and with --configure -a for what Unincorp has made pending.
 */
static bool
processes(const struct cmdline *c)
{
	if (c->action == CMD_TRIGGERS)
		return c->pending;
	return !c->no_triggers ||
	       (c->action != CMD_REMOVE && c->action != CMD_PURGE);
}

bool
triggered_pending(const struct cmdline *c, const struct dpkgdb *db)
{
	if (!c->no_triggers || c->action == CMD_TRIGGERS ||
	    (c->action == CMD_CONFIGURE && c->pending))
		return true;
	if (c->action == CMD_REMOVE || c->action == CMD_PURGE)
		return false;
	for (size_t i = 0; i < db->n_packages; i++)
		if (db->packages[i].state == PKG_TRIGGERS_AWAITED)
			return true;
	return false;
}

/* admindir/DIR/NAME into q->text; empty where there is none. */
static void
slurp(struct search *q, const char *dir, const char *name)
{
	char path[512];
	int fd = -1;

	buf_clear(&q->text);
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) <
	    (int)sizeof(path))
		fd = session_admin_open(q->s, path, O_RDONLY);
	if (fd < 0)
		return;
	if (file_read_fd(fd, &q->text) < 0)
		buf_clear(&q->text);
	close(fd);
}

/* "PACKAGE[:ARCH][/noawait]": the package goes into the plan. */
static int
add_interested(struct search *q, const char *word, size_t len)
{
	char name[512];
	const char *slash = memchr(word, '/', len);
	struct package *p;
	size_t n = 0;

	if (slash != NULL && q->awaited_only)
		return 0;	/* "/noawait" */
	if (slash != NULL)
		len = (size_t)(slash - word);
	if (len == 0 || len >= sizeof(name))
		return 0;
	memcpy(name, word, len);
	name[len] = '\0';
	p = dpkgdb_operand(q->s->db, name, &n);
	for (size_t i = 0; p != NULL && i < n; i++) {
		int r = 0;

		if (p[i].state > PKG_CONFIG_FILES)
			r = plan_add_triggered(q->plan, &p[i]);
		if (r == 0)
			r = dpkgdb_load_list(q->s->db, &p[i], q->diag);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool
is_below(const char *path, const char *dir, size_t len)
{
	return strncmp(path, dir, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

static bool
any_below(char *const *paths, size_t n, const char *dir, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (is_below(paths[i], dir, len))
			return true;
	return false;
}

static bool
ships_below(const struct archive *a, const char *dir, size_t len)
{
	for (size_t i = 0; i < a->n_files; i++)
		if (is_below(a->files[i].path, dir, len))
			return true;
	for (size_t i = 0; i < a->n_conffiles; i++)
		if (is_below(a->conffiles[i], dir, len))
			return true;
	for (size_t i = 0; i < a->n_members; i++)
		if (is_below(a->members[i], dir, len))
			return true;
	return false;
}

/* Packages from `from` on, and with from == 0 the archives. */
static bool
path_fires(const struct search *q, size_t from, const char *dir, size_t len)
{
	for (size_t i = 0; from == 0 && i < q->n_archives; i++)
		if (ships_below(q->archives[i], dir, len))
			return true;
	for (size_t i = from; i < q->plan->n_packages; i++) {
		const struct package *p = q->plan->packages[i].package;

		if (q->plan->packages[i].reason != PLAN_TRIGGER &&
		    any_below((char *const *)p->paths, p->n_paths, dir, len))
			return true;
	}
	return false;
}

/* Lines "PATH PACKAGE"; a path may hold blanks, a package's name can't, and
 * neither of them a NUL. */
static int
fire_paths(struct search *q, size_t from)
{
	struct lines l;
	const char *line;
	size_t len;
	int r = 0;

	lines_init(&l, q->file.len > 0 ? q->file.data : "", q->file.len);
	while (r == 0 && lines_next(&l, &line, &len)) {
		const char *blank = memrchr(line, ' ', len);
		size_t n = blank == NULL ? 0 : (size_t)(blank - line);

		if (n > 0 && memchr(line, '\0', n) == NULL &&
		    path_fires(q, from, line, n))
			r = add_interested(q, blank + 1, len - n - 1);
	}
	return r;
}

/* Each file of triggers/ whose name the hints have. */
static int
fire_names(struct search *q)
{
	int fd = session_admin_open(q->s, "triggers", O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (r == 0 && (e = readdir(dir)) != NULL) {
		struct lines l;
		const char *line;
		size_t len;

		if (e->d_name[0] == '.' || q->hints.len == 0 ||
		    memmem(q->hints.data, q->hints.len, e->d_name,
		           strlen(e->d_name)) == NULL)
			continue;
		slurp(q, "triggers", e->d_name);
		lines_init(&l, q->text.len > 0 ? q->text.data : "",
		           q->text.len);
		while (r == 0 && lines_next(&l, &line, &len))
			r = add_interested(q, line, len);
	}
	closedir(dir);
	return r;
}

static int
hints_of_archives(struct search *q)
{
	int r;

	slurp(q, "triggers", "Unincorp");
	r = buf_add(&q->hints, q->text.data, q->text.len);
	for (size_t i = 0; r == 0 && i < q->n_archives; i++)
		r = buf_add(&q->hints, q->archives[i]->hints,
		            q->archives[i]->n_hints);
	return r;
}

/* What an installed package's triggers and scripts say. */
static int
hints_of_package(struct search *q, const struct package *p)
{
	static const char *const kinds[] = {
		"triggers", "preinst", "postinst", "prerm", "postrm"
	};
	char name[512];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (snprintf(name, sizeof(name), "%s.%s", p->key, kinds[i]) >=
		    (int)sizeof(name))
			continue;
		slurp(q, "info", name);
		if (archive_hint(kinds[i], &q->text) &&
		    buf_add(&q->hints, q->text.data, q->text.len) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* Until nothing comes in any more: a triggered script may fire others. */
static int
search(struct search *q)
{
	size_t done = 0;
	int r = hints_of_archives(q);

	slurp(q, "triggers", "File");
	if (r == 0)
		r = buf_add(&q->file, q->text.data, q->text.len);
	do {
		size_t n = q->plan->n_packages;

		for (size_t i = done; r == 0 && i < n; i++)
			r = hints_of_package(q,
			                     q->plan->packages[i].package);
		if (r == 0)
			r = fire_paths(q, done);
		if (r == 0)
			r = fire_names(q);
		done = n;
	} while (r == 0 && done < q->plan->n_packages);
	return r == ERR_LIMIT ? 0 : r;
}

int
triggered_add(struct session *s, const struct cmdline *c, struct plan *plan,
              struct archive *const *archives, size_t n, struct diag *diag)
{
	struct search q = {
		.s = s, .plan = plan, .archives = archives, .n_archives = n,
		.diag = diag,
		.awaited_only = c->no_triggers && !(c->pending &&
		    c->action == CMD_CONFIGURE)
	};
	int r;

	if (!processes(c))
		return 0;
	buf_init(&q.file, INTEREST_MAX);
	buf_init(&q.text, INTEREST_MAX);
	buf_init(&q.hints, HINTS_MAX);
	r = search(&q);
	buf_free(&q.file);
	buf_free(&q.text);
	buf_free(&q.hints);
	return r;
}
