/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "archive_control.h"
#include "arena.h"
#include "buf.h"
#include "capture.h"
#include "lines.h"
#include "tar.h"

#define DPKG_DEB "/usr/bin/dpkg-deb"
/* deb-split(5): behind ar's magic and one header of 60 bytes, a few lines. */
#define SPLIT_BODY 68
#define SPLIT_HEAD 4096
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

/*
 * Opened by us and handed over as standard input, so that /dev/stdin and
 * /dev/fd/N mean here what they mean to dpkg.
 */
static int
open_regular(const char *file)
{
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int err;

	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) < 0 ? -errno :
	      S_ISREG(st.st_mode) ? 0 : ERR_NOT_REGULAR;
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

typedef int stream_reader(struct tar *t, void *arg, struct diag *diag);

/*
 * Runs dpkg-deb on the archive and `reader` on what it writes. Where dpkg-deb
 * came to its own end its verdict counts more than ours: a corrupt archive
 * shows as a stream that breaks off.
 */
static int
stream_read(const char *file, const char *action, stream_reader *reader,
            void *arg, struct diag *diag)
{
	char program[] = DPKG_DEB;
	char input[] = "-";
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char locale[] = "LC_ALL=C.UTF-8";
	char *const envp[] = { path, locale, NULL };
	char *const argv[] = {
		program, (char *)(uintptr_t)action, input, NULL
	};
	int fd = open_regular(file), rc, end, early;
	struct capture c;
	struct tar *t = NULL;

	if (fd < 0)
		return diag_set(diag, fd, file, 0, "%s", err_text(fd));
	rc = capture_start(argv, envp, fd, &c);
	close(fd);
	if (rc < 0)
		return diag_set(diag, rc, file, 0, "cannot run %s: %s",
		                DPKG_DEB, err_text(rc));
	rc = tar_new(c.fd, &t);
	if (rc == 0)
		rc = reader(t, arg, diag);
	tar_free(t);
	if (rc == 0)
		rc = drain(c.fd);
	early = rc < 0 && !at_end(c.fd);
	if (rc < 0 && diag != NULL)
		snprintf(diag->file, sizeof(diag->file), "%s", file);
	end = capture_end(&c, early);
	if (end < 0 && !early)
		return diag_set(diag, end, file, 0, "dpkg-deb cannot read it");
	return rc;
}

struct parts {
	struct buf control;
	struct buf conffiles;
	struct buf md5sums;
	bool has_control;
	bool has_md5sums;
};

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

int
archive_read(const char *file, struct archive **ret, struct diag *diag)
{
	struct archive *a = NULL;
	struct parts p = { .has_control = false };
	int rc;

	buf_init(&p.control, CONTROL_MAX);
	buf_init(&p.conffiles, CONTROL_MAX);
	buf_init(&p.md5sums, MD5SUMS_MAX);
	rc = archive_new(file, &a);
	if (rc == 0)
		rc = stream_read(file, "--ctrl-tarfile", parts_read, &p, diag);
	if (rc == 0 && !p.has_control)
		rc = diag_set(diag, ERR_FORMAT, file, 0, "no control file");
	if (rc == 0)
		rc = archive_control(a, &p.control, diag);
	if (rc == 0)
		rc = archive_conffiles(a, &p.conffiles, diag);
	if (rc == 0 && p.has_md5sums)
		rc = archive_md5sums(a, &p.md5sums);
	if (rc == 0)
		*ret = a;
	else
		archive_free(a);
	buf_free(&p.control);
	buf_free(&p.conffiles);
	buf_free(&p.md5sums);
	return rc;
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
	rc = stream_read(a->file, "--fsys-tarfile", members_read, &all, diag);
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

/* The n-th line of a text, copied; NULL: there is none, or no memory. */
static char *
nth_line(struct arena *arena, const char *text, size_t len, int n)
{
	struct lines l;
	const char *line;
	size_t size;

	lines_init(&l, text, len);
	while (lines_next(&l, &line, &size))
		if (--n == 0 && size > 0 &&
		    memchr(line, '\0', size) == NULL)
			return arena_strndup(arena, line, size);
	return NULL;
}

int
archive_split_part(const char *file, struct archive **ret, struct diag *diag)
{
	static const char start[] = "!<arch>\ndebian-split ";
	char head[SPLIT_HEAD];
	struct archive *a = NULL;
	int fd = open_regular(file), rc;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, head, sizeof(head), 0);
	close(fd);
	if (n <= SPLIT_BODY || memcmp(head, start, sizeof(start) - 1) != 0)
		return diag_set(diag, ERR_FORMAT, file, 0, "no split part");
	rc = archive_new(file, &a);
	if (rc < 0)
		return rc;
	a->package = nth_line(a->arena, head + SPLIT_BODY,
	                      (size_t)n - SPLIT_BODY, 2);
	a->version = nth_line(a->arena, head + SPLIT_BODY,
	                      (size_t)n - SPLIT_BODY, 3);
	a->arch = "";
	if (a->package == NULL || a->version == NULL) {
		archive_free(a);
		return diag_set(diag, ERR_FORMAT, file, 0, "bad split part");
	}
	*ret = a;
	return 0;
}

void
archive_free(struct archive *a)
{
	if (a == NULL)
		return;
	arena_free(a->arena);
	free(a);
}
