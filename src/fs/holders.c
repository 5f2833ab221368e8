/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holders.h"
#include "procs.h"

/*
 * The kernel refuses while a file is open for writing, by a descriptor or by a
 * mapping that has outlived it, and while anything without a name is in use: a
 * file, a working folder, a program that is running. What the kernel itself
 * has open (loop devices, swap) belongs to no process and is not found.
 */

#define NAME_SIZE 96
/* A line of maps: numbers, and a name as long as they come. */
#define LINE_SIZE (128 + PATH_MAX)

static const char deleted_mark[] = " (deleted)";

struct search {
	uint64_t dev;
	int (*fn)(void *ctx, const struct holder *h);
	void *ctx;
	int proc;		/* /proc */
	pid_t pid;		/* looked at now */
	bool unseen;		/* something of it */
	struct procs_told told;	/* of this process */
	struct procs_lines lines;
	int result;		/* with LOOK_STOP */
};

static bool
is_marked(const char *path, size_t n)
{
	size_t mark = strlen(deleted_mark);

	return n > mark && memcmp(path + n - mark, deleted_mark, mark) == 0;
}

static enum look
tell(struct search *s, uint64_t ino, bool deleted, const char *path, size_t n)
{
	struct holder h = { .pid = s->pid, .ino = ino, .deleted = deleted };

	if (!procs_first_time(&s->told, s->dev, ino))
		return LOOK_DONE;
	if (deleted && is_marked(path, n))
		n -= strlen(deleted_mark);
	procs_name(s->proc, s->pid, h.comm, sizeof(h.comm));
	procs_escape(path, n, h.path, sizeof(h.path));
	s->result = s->fn(s->ctx, &h);
	return s->result != 0 ? LOOK_STOP : LOOK_DONE;
}

/* For the name's sake alone: without one it is told all the same. */
static enum look
tell_link(struct search *s, int dir, const char *name,
          const struct procs_file *f)
{
	char path[PATH_MAX];
	ssize_t n = readlinkat(dir, name, path, sizeof(path));

	return tell(s, f->ino, f->links == 0, path, n > 0 ? (size_t)n : 0);
}

static bool
may_not(int err)
{
	return err == -EACCES || err == -EPERM;
}

/* The rights of a descriptor's link are how it was opened. */
static enum look
look_at_fd(void *ctx, int dir, const char *name)
{
	struct search *s = ctx;
	struct procs_file f;
	int r = procs_behind(dir, name, &f);

	s->unseen |= may_not(r);
	/* Closed meanwhile, or its server is gone; or of no interest. */
	if (r < 0 || f.dev != s->dev)
		return LOOK_DONE;
	if (f.links != 0 && (!f.regular || procs_writes(dir, name) <= 0))
		return LOOK_DONE;
	return tell_link(s, dir, name, &f);
}

/* Where it is, and the program that it once started with. */
static enum look
look_at_places(struct search *s)
{
	static const char *const places[] = { "cwd", "root", "exe" };
	enum look look = LOOK_DONE;
	char name[NAME_SIZE];
	struct procs_file f;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) &&
	     look == LOOK_DONE; i++) {
		int r;

		snprintf(name, sizeof(name), "%d/%s", (int)s->pid, places[i]);
		r = procs_behind(s->proc, name, &f);
		s->unseen |= may_not(r);
		if (r == 0 && f.dev == s->dev && f.links == 0)
			look = tell_link(s, s->proc, name, &f);
	}
	return look;
}

/* By what maps says alone: all that we may see of it. */
static enum look
tell_mapping(struct search *s, const struct procs_mapping *m, bool writes)
{
	bool deleted = is_marked(m->name, m->name_len);

	if (m->dev != s->dev || (!deleted && !writes))
		return LOOK_DONE;
	return tell(s, m->ino, deleted, m->name, m->name_len);
}

static enum look
look_at_line(void *ctx, const char *line, size_t n)
{
	struct search *s = ctx;
	struct procs_mapping m;
	struct procs_file f;
	char name[NAME_SIZE];
	bool writes;
	int r;

	if (!procs_mapping_read(line, n, &m)) {
		s->unseen = true;
		return LOOK_DONE;
	}
	if (m.ino == 0)
		return LOOK_DONE;
	snprintf(name, sizeof(name), "%d/map_files/%llx-%llx", (int)s->pid,
	         m.start, m.end);
	r = procs_behind(s->proc, name, &f);
	if (r == -ENOENT || r == -ESRCH || (r == 0 && f.dev != s->dev))
		return LOOK_DONE;
	/* Also one that is not writable counts as open for writing where its
	 * file was opened so. */
	writes = (m.shared && m.writable) || procs_writes(s->proc, name) > 0;
	if (r < 0)
		return tell_mapping(s, &m, writes);
	if (f.links != 0 && !(f.regular && writes))
		return LOOK_DONE;
	return tell_link(s, s->proc, name, &f);
}

static enum look
look_at_maps(struct search *s)
{
	char name[NAME_SIZE];
	enum look look;
	int fd;

	snprintf(name, sizeof(name), "%d/maps", (int)s->pid);
	fd = openat(s->proc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return procs_look_of(errno);
	look = procs_each_line(fd, &s->lines, look_at_line, s);
	close(fd);
	return look;
}

static enum look
look_at_process(void *ctx, int proc, pid_t pid)
{
	struct search *s = ctx;
	enum look look;

	s->proc = proc;
	s->pid = pid;
	s->unseen = false;
	s->told.n = 0;
	look = procs_each_fd(proc, pid, look_at_fd, s);
	if (look == LOOK_DONE)
		look = look_at_maps(s);
	/* Last: a running program is named by its mapping as well. */
	if (look == LOOK_DONE)
		look = look_at_places(s);
	return look == LOOK_DONE && s->unseen ? LOOK_UNSEEN : look;
}

int
holders_find_at(int proc, uint64_t dev,
                int (*fn)(void *ctx, const struct holder *h), void *ctx,
                size_t *ret_unseen)
{
	struct search s = { .dev = dev, .fn = fn, .ctx = ctx };
	int r = -ENOMEM;

	s.lines.chunk = malloc(PROCS_CHUNK);
	s.lines.head = malloc(LINE_SIZE);
	s.lines.head_size = LINE_SIZE;
	if (s.lines.chunk != NULL && s.lines.head != NULL)
		r = procs_walk(proc, look_at_process, &s, ret_unseen);
	free(s.lines.chunk);
	free(s.lines.head);
	free(s.told.files);
	return r > 0 ? s.result : r;
}

int
holders_find(uint64_t dev, int (*fn)(void *ctx, const struct holder *h),
             void *ctx, size_t *ret_unseen)
{
	int proc = procs_open();
	int r;

	if (proc < 0)
		return proc;
	r = holders_find_at(proc, dev, fn, ctx, ret_unseen);
	close(proc);
	return r;
}
