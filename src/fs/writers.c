/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "procs.h"
#include "writers.h"

/* Of a line of maps only its head counts: six numbers and four letters. */
#define HEAD_SIZE 128
#define NAME_SIZE 96

/*
 * An ioctl of /proc/PID/maps (Linux 6.11, younger than our headers): the next
 * mapping of a kind, found without writing out all the others.
 */
struct maps_query {
	uint64_t size;
	uint64_t want;
	uint64_t address;	/* from here on */
	uint64_t start, end;
	uint64_t flags;
	uint64_t page_size;
	uint64_t offset;
	uint64_t ino;
	uint32_t major, minor;
	uint32_t name_size;
	uint32_t build_id_size;
	uint64_t name;
	uint64_t build_id;
};

#define MAPS_QUERY _IOWR('f', 17, struct maps_query)
#define MAPS_WRITABLE 0x02u
#define MAPS_SHARED 0x08u
#define MAPS_NEXT 0x10u
#define MAPS_OF_FILES 0x20u

struct search {
	bool (*wanted)(void *ctx, uint64_t dev, uint64_t ino);
	int (*fn)(void *ctx, const struct writer *w);
	void *ctx;
	int proc;		/* /proc */
	pid_t pid;		/* looked at now */
	struct procs_told told;	/* of this process */
	struct procs_lines lines;
	int result;		/* with LOOK_STOP */
};

static enum look
tell(struct search *s, uint64_t dev, uint64_t ino, bool mapping)
{
	struct writer w = { 0 };

	if (!s->wanted(s->ctx, dev, ino) ||
	    !procs_first_time(&s->told, dev, ino))
		return LOOK_DONE;
	w.dev = dev;
	w.ino = ino;
	w.pid = s->pid;
	w.mapping = mapping;
	procs_name(s->proc, s->pid, w.comm, sizeof(w.comm));
	s->result = s->fn(s->ctx, &w);
	return s->result != 0 ? LOOK_STOP : LOOK_DONE;
}

static enum look
look_at_fd(void *ctx, int dir, const char *name)
{
	struct search *s = ctx;
	struct procs_file f;
	int r = procs_writes(dir, name);

	if (r == 0)
		return LOOK_DONE;
	if (r > 0)
		r = procs_behind(dir, name, &f);
	if (r == 0)
		return f.regular ? tell(s, f.dev, f.ino, false) : LOOK_DONE;
	/* Closed meanwhile, or its server is gone: none of ours. */
	return r == -EACCES || r == -EPERM ? LOOK_UNSEEN : LOOK_DONE;
}

/*
 * One that is read-only now but whose file was opened for writing can be made
 * writable by mprotect(2) at any time.
 */
static enum look
look_at_mapping(struct search *s, const struct procs_mapping *m)
{
	char name[NAME_SIZE];
	struct procs_file f;
	int r;

	if (!m->shared || m->ino == 0)
		return LOOK_DONE;
	snprintf(name, sizeof(name), "%d/map_files/%llx-%llx", (int)s->pid,
	         m->start, m->end);
	if (!m->writable && procs_writes(s->proc, name) <= 0)
		return LOOK_DONE;
	r = procs_behind(s->proc, name, &f);
	if (r == -ENOENT || (r == 0 && !f.regular))
		return LOOK_DONE;
	return r == 0 ? tell(s, f.dev, f.ino, true) :
	       tell(s, m->dev, m->ino, true);
}

static enum look
look_at_line(void *ctx, const char *line, size_t n)
{
	struct search *s = ctx;
	struct procs_mapping m;

	return procs_mapping_read(line, n, &m) ? look_at_mapping(s, &m) :
	       LOOK_UNSEEN;
}

/* *ret_known is false where the kernel can't be asked so. */
static enum look
look_by_query(struct search *s, int fd, bool *ret_known)
{
	enum look look = LOOK_DONE;
	struct maps_query q = { .size = sizeof(q) };
	struct procs_mapping m = { .shared = true };

	q.want = MAPS_SHARED | MAPS_OF_FILES | MAPS_NEXT;
	*ret_known = true;
	while (look == LOOK_DONE) {
		if (ioctl(fd, MAPS_QUERY, &q) < 0) {
			*ret_known = errno == ENOENT || errno == ESRCH;
			return LOOK_DONE;
		}
		m.start = q.start;
		m.end = q.end;
		m.writable = (q.flags & MAPS_WRITABLE) != 0;
		m.dev = makedev(q.major, q.minor);
		m.ino = q.ino;
		look = look_at_mapping(s, &m);
		q.address = q.end;
	}
	return look;
}

static enum look
look_at_maps(struct search *s)
{
	enum look look;
	char name[NAME_SIZE];
	bool known;
	int fd;

	snprintf(name, sizeof(name), "%d/maps", (int)s->pid);
	fd = openat(s->proc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return procs_look_of(errno);
	look = look_by_query(s, fd, &known);
	if (look == LOOK_DONE && !known)
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
	s->told.n = 0;
	look = procs_each_fd(proc, pid, look_at_fd, s);
	return look == LOOK_DONE ? look_at_maps(s) : look;
}

int
writers_find_at(int proc, bool (*wanted)(void *ctx, uint64_t dev, uint64_t ino),
                int (*fn)(void *ctx, const struct writer *w), void *ctx,
                size_t *ret_unseen)
{
	struct search s = { .wanted = wanted, .fn = fn, .ctx = ctx };
	char head[HEAD_SIZE];
	int r = -ENOMEM;

	s.lines.chunk = malloc(PROCS_CHUNK);
	s.lines.head = head;
	s.lines.head_size = sizeof(head);
	if (s.lines.chunk != NULL)
		r = procs_walk(proc, look_at_process, &s, ret_unseen);
	free(s.lines.chunk);
	free(s.told.files);
	return r > 0 ? s.result : r;
}

int
writers_find(bool (*wanted)(void *ctx, uint64_t dev, uint64_t ino),
             int (*fn)(void *ctx, const struct writer *w), void *ctx,
             size_t *ret_unseen)
{
	int proc = procs_open();
	int r;

	if (proc < 0)
		return proc;
	r = writers_find_at(proc, wanted, fn, ctx, ret_unseen);
	close(proc);
	return r;
}
