/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "archive_control.h"
#include "archive_split.h"
#include "arena.h"
#include "buf.h"
#include "debar.h"
#include "keeper.h"
#include "tar.h"

#define CONTROL_MAX ((size_t)4 << 20)
#define MD5SUMS_MAX ((size_t)256 << 20)
#define MEMBERS_MAX ((size_t)4 << 20)
#define MEMBERS_MAX_BYTES ((size_t)1 << 30)

/* Reads what is left: 0 at the end of the stream, or -errno. */
static int
drain(int fd)
{
	char junk[16384];
	ssize_t n;

	do
		n = read(fd, junk, sizeof(junk));
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static bool
at_end(int fd)
{
	char c;
	ssize_t n;

	do
		n = read(fd, &c, 1);
	while (n < 0 && errno == EINTR);
	return n == 0;
}

/* The archive's file: a joined one has no name. */
static int
open_archive(const struct archive *a)
{
	int fd;

	if (a->fd < 0)
		return archive_open(a->file);
	if (lseek(a->fd, 0, SEEK_SET) < 0)
		return -errno;
	fd = fcntl(a->fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

typedef int stream_reader(struct tar *t, void *arg, struct diag *diag);

/*
 * Runs dpkg-deb on the archive and `reader` on what it writes. Where dpkg-deb
 * came to its own end its verdict counts more than ours: a corrupt archive
 * shows as a stream that breaks off.
 */
static int
stream_read(const struct archive *a, enum keeper_tool tool,
            stream_reader *reader, void *arg, struct diag *diag)
{
	const char *file = a->file;
	int fd = open_archive(a), rc, end, early;
	struct capture c;
	struct tar *t = NULL;

	if (fd < 0)
		return diag_set(diag, fd, file, 0, "%s", err_text(fd));
	rc = keeper_read(tool, fd, &c);
	close(fd);
	if (rc < 0)
		return diag_set(diag, rc, file, 0, "cannot run dpkg-deb: %s",
		                err_text(rc));
	rc = tar_new(c.fd, &t);
	if (rc == 0)
		rc = reader(t, arg, diag);
	tar_free(t);
	if (rc == 0)
		rc = drain(c.fd);
	early = rc < 0 && !at_end(c.fd);
	if (rc < 0 && diag != NULL)
		snprintf(diag->file, sizeof(diag->file), "%s", file);
	end = keeper_read_end(&c, early);
	if (end < 0 && !early)
		return diag_set(diag, end, file, 0, "dpkg-deb cannot read it");
	return rc;
}

struct parts {
	struct buf control;
	struct buf conffiles;
	struct buf md5sums;
	struct buf hints;
	bool has_control;
	bool has_md5sums;
};

bool
archive_hint(const char *name, const struct buf *text)
{
	static const char *const scripts[] = {
		"preinst", "postinst", "prerm", "postrm"
	};
	static const char word[] = "dpkg-trigger";

	if (text->len == 0)
		return false;
	if (strcmp(name, "triggers") == 0)
		return true;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		if (strcmp(name, scripts[i]) == 0)
			return memmem(text->data, text->len, word,
			              sizeof(word) - 1) != NULL;
	return false;
}

/* Any other member of the control part; a hint too many is no error. */
static int
hint_read(struct tar *t, const struct tar_member *m, struct buf *hints,
          struct diag *diag)
{
	struct buf text;
	int rc;

	if (m->size > CONTROL_MAX / 4)
		return 0;
	buf_init(&text, CONTROL_MAX);
	rc = tar_body(t, &text, diag);
	if (rc == 0 && archive_hint(m->name + (m->name[0] == '/'), &text) &&
	    (buf_add(hints, text.data, text.len) == -ENOMEM ||
	     buf_add_char(hints, '\n') == -ENOMEM))
		rc = -ENOMEM;
	buf_free(&text);
	return rc;
}

static int
take_hints(struct archive *a, const struct buf *text)
{
	char *hints = arena_alloc(a->arena, text->len + 1);

	if (hints == NULL)
		return -ENOMEM;
	if (text->len > 0)
		memcpy(hints, text->data, text->len);
	a->hints = hints;
	a->n_hints = text->len;
	return 0;
}

static int
parts_read(struct tar *t, void *arg, struct diag *diag)
{
	struct parts *p = arg;
	struct tar_member m;
	int rc;

	while ((rc = tar_next(t, &m, diag)) > 0) {
		if (m.type != TAR_FILE)
			continue;
		/* A name that comes twice: the last one is unpacked. */
		if (strcmp(m.name, "/control") == 0) {
			buf_clear(&p->control);
			p->has_control = true;
			rc = tar_body(t, &p->control, diag);
		} else if (strcmp(m.name, "/conffiles") == 0) {
			buf_clear(&p->conffiles);
			rc = tar_body(t, &p->conffiles, diag);
		} else if (strcmp(m.name, "/md5sums") == 0) {
			buf_clear(&p->md5sums);
			rc = 0;
			p->has_md5sums = m.size <= p->md5sums.max;
			if (p->has_md5sums)
				rc = tar_body(t, &p->md5sums, diag);
		} else {
			rc = hint_read(t, &m, &p->hints, diag);
		}
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int
archive_new(const char *file, struct archive **ret)
{
	struct archive *a;

	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->fd = -1;
	a->arena = arena_new();
	if (a->arena != NULL)
		a->file = arena_strdup(a->arena, file);
	if (a->file == NULL) {
		archive_free(a);
		return -ENOMEM;
	}
	*ret = a;
	return 0;
}

/* The control part as we read it ourselves, which starts no process. */
static int
direct_read(const struct archive *a, struct parts *p)
{
	int fd = open_archive(a), tar_fd, rc;
	struct tar *t = NULL;

	if (fd < 0)
		return fd;
	rc = debar_control(fd, &tar_fd);
	close(fd);
	if (rc < 0)
		return rc;
	rc = tar_new(tar_fd, &t);
	if (rc == 0)
		rc = parts_read(t, p, NULL);
	tar_free(t);
	close(tar_fd);
	return rc;
}

/* What the control part tells, into `a`. */
static int
take_control(struct archive *a, bool direct, struct diag *diag)
{
	struct parts p = { .has_control = false };
	int rc;

	buf_init(&p.control, CONTROL_MAX);
	buf_init(&p.conffiles, CONTROL_MAX);
	buf_init(&p.md5sums, MD5SUMS_MAX);
	buf_init(&p.hints, CONTROL_MAX);
	rc = direct ? direct_read(a, &p) :
	     stream_read(a, KEEPER_CONTROL, parts_read, &p, diag);
	if (rc == 0 && !p.has_control)
		rc = diag_set(diag, ERR_FORMAT, a->file, 0,
		              "no control file");
	if (rc == 0)
		rc = archive_control(a, &p.control, diag);
	if (rc == 0)
		rc = archive_conffiles(a, &p.conffiles, diag);
	if (rc == 0 && p.has_md5sums)
		rc = archive_md5sums(a, &p.md5sums);
	if (rc == 0)
		rc = take_hints(a, &p.hints);
	buf_free(&p.control);
	buf_free(&p.conffiles);
	buf_free(&p.md5sums);
	buf_free(&p.hints);
	return rc;
}

/*
 * Whatever we stumble over ourselves is dpkg-deb's to judge, from the start:
 * it may be able to read what we cannot, and its words are the known ones.
 */
static int
read_control(struct archive *a, struct diag *diag)
{
	const struct archive fresh = *a;

	if (take_control(a, true, NULL) == 0)
		return 0;
	*a = fresh;
	return take_control(a, false, diag);
}

int
archive_read(const char *file, struct archive **ret, struct diag *diag)
{
	struct archive *a = NULL;
	int rc = archive_new(file, &a);

	/* One file for both ways of reading it; it is not kept, since there
	 * may be more archives than descriptors. */
	if (rc == 0) {
		a->fd = archive_open(file);
		rc = read_control(a, diag);
		if (a->fd >= 0)
			close(a->fd);
		a->fd = -1;
	}
	if (rc == 0)
		*ret = a;
	else
		archive_free(a);
	return rc;
}

/* Many archives at a time: what dpkg-deb must read takes a process each. */
struct reading {
	char *const *files;
	size_t n;
	atomic_size_t next;
	struct archive_result *results;
};

static void *
read_next(void *arg)
{
	struct reading *x = arg;

	for (;;) {
		size_t i = atomic_fetch_add(&x->next, 1);
		struct archive_result *res;

		if (i >= x->n)
			return NULL;
		res = &x->results[i];
		res->err = archive_read(x->files[i], &res->archive,
		                        &res->diag);
	}
}

void
archive_read_all(char *const *files, size_t n, size_t jobs,
                 struct archive_result *results)
{
	struct reading x = { .files = files, .n = n, .results = results };
	pthread_t ids[ARCHIVE_JOBS_MAX];
	size_t started = 0;

	if (jobs > ARCHIVE_JOBS_MAX)
		jobs = ARCHIVE_JOBS_MAX;
	while (started + 1 < jobs &&
	       pthread_create(&ids[started], NULL, read_next, &x) == 0)
		started++;
	read_next(&x);
	while (started > 0)
		pthread_join(ids[--started], NULL);
}

struct members {
	struct arena *arena;
	const char **v;
	size_t n;
	size_t cap;
	size_t bytes;
};

static int
members_add(struct members *all, const char *name)
{
	const char **v;
	size_t cap;

	all->bytes += strlen(name) + 1;
	if (all->n == MEMBERS_MAX || all->bytes > MEMBERS_MAX_BYTES)
		return ERR_LIMIT;
	if (all->n == all->cap) {
		cap = all->cap > 0 ? all->cap * 2 : 256;
		v = reallocarray(all->v, cap, sizeof(*v));
		if (v == NULL)
			return -ENOMEM;
		all->v = v;
		all->cap = cap;
	}
	all->v[all->n] = arena_strdup(all->arena, name);
	if (all->v[all->n] == NULL)
		return -ENOMEM;
	all->n++;
	return 0;
}

static int
members_read(struct tar *t, void *arg, struct diag *diag)
{
	struct members *all = arg;
	struct tar_member m;
	int rc;

	while ((rc = tar_next(t, &m, diag)) > 0) {
		if (m.type == TAR_DIR)
			continue;
		rc = members_add(all, m.name);
		if (rc < 0)
			return diag_set(diag, rc, NULL, 0, "members: %s",
			                err_text(rc));
	}
	return rc;
}

int
archive_members(struct archive *a, struct diag *diag)
{
	struct members all = { .arena = a->arena };
	const char **v;
	int rc;

	if (a->has_members)
		return 0;
	rc = stream_read(a, KEEPER_MEMBERS, members_read, &all, diag);
	if (rc < 0)
		goto out;
	v = arena_alloc(a->arena, (all.n + 1) * sizeof(*v));
	if (v == NULL) {
		rc = -ENOMEM;
		goto out;
	}
	if (all.n > 0)
		memcpy(v, all.v, all.n * sizeof(*v));
	a->members = v;
	a->n_members = all.n;
	a->has_members = true;
out:
	free(all.v);
	return rc;
}

int
archive_read_parts(char *const *files, size_t n, size_t which,
                   const char *admindir, struct archive **ret,
                   struct diag *diag)
{
	struct archive *a = NULL;
	int rc = archive_new(files[which], &a);

	if (rc == 0)
		rc = archive_join(files, n, which, admindir, &a->fd, diag);
	if (rc == 0)
		rc = read_control(a, diag);
	if (rc == 0)
		*ret = a;
	else
		archive_free(a);
	return rc;
}

void
archive_free(struct archive *a)
{
	if (a == NULL)
		return;
	if (a->fd >= 0)
		close(a->fd);
	arena_free(a->arena);
	free(a);
}
