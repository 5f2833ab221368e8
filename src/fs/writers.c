/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lines.h"
#include "writers.h"

/* Of a line of maps only its head counts: six numbers and four letters. */
#define HEAD_SIZE 128
#define CHUNK_SIZE ((size_t)64 << 10)
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

#define KERNEL_THREAD 0x00200000u	/* PF_KTHREAD in stat's flags */

struct file_id {
	uint64_t dev, ino;
};

/* What came of looking at a process. */
enum look { LOOK_DONE, LOOK_GONE, LOOK_UNSEEN, LOOK_STOP };

struct search {
	bool (*wanted)(void *ctx, uint64_t dev, uint64_t ino);
	int (*fn)(void *ctx, const struct writer *w);
	void *ctx;
	int proc;		/* /proc */
	pid_t pid;		/* looked at now */
	struct file_id *told;	/* of this process */
	size_t n_told;
	size_t cap;
	char *chunk;
	int result;		/* with LOOK_STOP */
};

static bool
odd(unsigned char c)
{
	return c < ' ' || c >= 0x7f || c == '\\';
}

/* Reads the start of a small file; without its newline, NUL behind it. */
static bool
read_small(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	if (text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return true;
}

/* The process's name for people; cut before an escape that has no room. */
static void
name_process(const struct search *s, char *comm, size_t size)
{
	char name[NAME_SIZE], text[64];
	size_t len = 0;

	snprintf(name, sizeof(name), "%d/comm", (int)s->pid);
	if (!read_small(s->proc, name, text, sizeof(text)))
		text[0] = '\0';
	for (const char *c = text; *c != '\0'; c++) {
		unsigned char byte = (unsigned char)*c;
		size_t need = odd(byte) ? 4 : 1;

		if (len + need >= size)
			break;
		snprintf(comm + len, size - len, odd(byte) ? "\\%03o" : "%c",
		         byte);
		len += need;
	}
	comm[len] = '\0';
}

/* Notes the file; false if it was told of already in this process. */
static bool
first_time(struct search *s, const struct file_id *f)
{
	size_t cap = s->cap != 0 ? s->cap * 2 : 16;
	struct file_id *told = s->told;

	for (size_t i = 0; i < s->n_told; i++)
		if (told[i].dev == f->dev && told[i].ino == f->ino)
			return false;
	if (s->n_told == s->cap) {
		told = reallocarray(told, cap, sizeof(*told));
		/* Without memory it may be told twice; no harm. */
		if (told == NULL)
			return true;
		s->told = told;
		s->cap = cap;
	}
	told[s->n_told++] = *f;
	return true;
}

static enum look
tell(struct search *s, const struct file_id *f, bool mapping)
{
	struct writer w = { 0 };

	if (!s->wanted(s->ctx, f->dev, f->ino) || !first_time(s, f))
		return LOOK_DONE;
	w.dev = f->dev;
	w.ino = f->ino;
	w.pid = s->pid;
	w.mapping = mapping;
	name_process(s, w.comm, sizeof(w.comm));
	s->result = s->fn(s->ctx, &w);
	return s->result != 0 ? LOOK_STOP : LOOK_DONE;
}

static enum look
look_of_errno(int err)
{
	return err == ENOENT || err == ESRCH ? LOOK_GONE : LOOK_UNSEEN;
}

/*
 * The file behind a link of /proc: 1, 0 if it is no regular file, or -errno.
 * Nothing is asked of a server that may not answer.
 */
static int
behind(int dir, const char *name, struct file_id *ret)
{
	struct statx st;

	if (statx(dir, name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
	          STATX_TYPE | STATX_INO, &st) < 0)
		return -errno;
	ret->dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	ret->ino = st.stx_ino;
	return S_ISREG(st.stx_mode);
}

/* The rights of a link of /proc/PID/fd or map_files are how its file was
 * opened: a fifth of the time that reading fdinfo takes. */
static int
opened_for_writing(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return (st.st_mode & S_IWUSR) != 0;
}

static enum look
look_at_fd(struct search *s, int dir, const char *name)
{
	struct file_id f;
	int r = opened_for_writing(dir, name);

	if (r > 0)
		r = behind(dir, name, &f);
	if (r > 0)
		return tell(s, &f, false);
	/* Closed meanwhile, or its server is gone: none of ours. */
	return r == -EACCES || r == -EPERM ? LOOK_UNSEEN : LOOK_DONE;
}

static enum look
look_at_fds(struct search *s)
{
	enum look look = LOOK_DONE;
	char name[NAME_SIZE];
	struct dirent *e;
	DIR *dir;
	int fd;

	snprintf(name, sizeof(name), "%d/fd", (int)s->pid);
	fd = openat(s->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return look_of_errno(errno);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return LOOK_UNSEEN;
	}
	errno = 0;
	while (look == LOOK_DONE && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] != '.')
			look = look_at_fd(s, fd, e->d_name);
		errno = 0;
	}
	if (look == LOOK_DONE && errno != 0)
		look = look_of_errno(errno);
	closedir(dir);
	return look;
}

/*
 * ------------------------------------------------------------------
 * maps: "START-END rwxs OFFSET MAJOR:MINOR INODE   NAME", all but the inode
 * in hexadecimal
 */
struct mapping {
	unsigned long long start, end;
	bool writable;
	bool shared;
	struct file_id file;
};

/* Digits at *at, which moves behind them and the byte that must follow. */
static bool
hex(const char **at, const char *end, char follows, unsigned long long *ret)
{
	static const char digits[] = "0123456789abcdef";
	unsigned long long v = 0;
	const char *s = *at, *d;

	while (s < end && *s != '\0' && (d = strchr(digits, *s)) != NULL) {
		if (v >> 60 != 0)
			return false;
		v = v << 4 | (unsigned long long)(d - digits);
		s++;
	}
	if (s == *at || s == end || *s != follows)
		return false;
	*at = s + 1;
	*ret = v;
	return true;
}

static bool
read_mapping(const char *line, size_t n, struct mapping *ret)
{
	unsigned long long offset, major, minor, ino;
	const char *at = line, *end = line + n, *blank;

	if (!hex(&at, end, '-', &ret->start) || !hex(&at, end, ' ', &ret->end))
		return false;
	if (end - at < 5 || at[4] != ' ')
		return false;
	ret->writable = at[1] == 'w';
	ret->shared = at[3] == 's';
	at += 5;
	if (!hex(&at, end, ' ', &offset) || !hex(&at, end, ':', &major) ||
	    !hex(&at, end, ' ', &minor))
		return false;
	blank = memchr(at, ' ', (size_t)(end - at));
	if (lines_number(at, (size_t)((blank != NULL ? blank : end) - at),
	                 UINT64_MAX, &ino) < 0)
		return false;
	ret->file.dev = makedev((unsigned int)major, (unsigned int)minor);
	ret->file.ino = ino;
	return true;
}

/*
 * One that is read-only now but whose file was opened for writing can be made
 * writable by mprotect(2) at any time.
 */
static enum look
look_at_mapping(struct search *s, const struct mapping *m)
{
	char name[NAME_SIZE];
	struct file_id f;
	int r;

	if (!m->shared || m->file.ino == 0)
		return LOOK_DONE;
	snprintf(name, sizeof(name), "%d/map_files/%llx-%llx", (int)s->pid,
	         m->start, m->end);
	if (!m->writable && opened_for_writing(s->proc, name) <= 0)
		return LOOK_DONE;
	r = behind(s->proc, name, &f);
	if (r == 0 || r == -ENOENT)
		return LOOK_DONE;
	return tell(s, r > 0 ? &f : &m->file, true);
}

/* Cuts the chunks into lines, of which head keeps the first bytes. */
static enum look
look_at_chunk(struct search *s, char *head, size_t *head_len, size_t n)
{
	const char *at = s->chunk, *end = s->chunk + n, *newline;
	enum look look = LOOK_DONE;
	struct mapping m;
	size_t len, take;

	while (at < end && look == LOOK_DONE) {
		newline = memchr(at, '\n', (size_t)(end - at));
		len = (size_t)((newline != NULL ? newline : end) - at);
		take = len < HEAD_SIZE - *head_len ? len :
		       HEAD_SIZE - *head_len;
		memcpy(head + *head_len, at, take);
		*head_len += take;
		at += len;
		if (newline == NULL)
			break;
		at++;
		look = read_mapping(head, *head_len, &m) ?
		       look_at_mapping(s, &m) : LOOK_UNSEEN;
		*head_len = 0;
	}
	return look;
}

static enum look
look_at_text(struct search *s, int fd)
{
	enum look look = LOOK_DONE;
	char head[HEAD_SIZE];
	size_t head_len = 0;
	ssize_t n = 0;

	while (look == LOOK_DONE &&
	       (n = read(fd, s->chunk, CHUNK_SIZE)) > 0)
		look = look_at_chunk(s, head, &head_len, (size_t)n);
	if (look == LOOK_DONE && n < 0)
		look = look_of_errno(errno);
	/* Ended within a line: not what the kernel writes. */
	return look == LOOK_DONE && head_len > 0 ? LOOK_UNSEEN : look;
}

/* *ret_known is false where the kernel can't be asked so. */
static enum look
look_by_query(struct search *s, int fd, bool *ret_known)
{
	enum look look = LOOK_DONE;
	struct maps_query q = { .size = sizeof(q) };
	struct mapping m;

	q.want = MAPS_SHARED | MAPS_OF_FILES | MAPS_NEXT;
	*ret_known = true;
	while (look == LOOK_DONE) {
		if (ioctl(fd, MAPS_QUERY, &q) < 0) {
			*ret_known = errno == ENOENT || errno == ESRCH;
			return LOOK_DONE;
		}
		m.start = q.start;
		m.end = q.end;
		m.shared = true;
		m.writable = (q.flags & MAPS_WRITABLE) != 0;
		m.file.dev = makedev(q.major, q.minor);
		m.file.ino = q.ino;
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
		return look_of_errno(errno);
	look = look_by_query(s, fd, &known);
	if (look == LOOK_DONE && !known)
		look = look_at_text(s, fd);
	close(fd);
	return look;
}

/* ------------------------------------------------------------------ */

/*
 * A kernel thread, or a process that has ended and waits for its parent: they
 * have neither files nor memory, but only root may see that.
 */
static bool
is_bodyless(const struct search *s)
{
	char name[NAME_SIZE], text[512], state;
	unsigned int flags;
	const char *at;

	snprintf(name, sizeof(name), "%d/stat", (int)s->pid);
	if (!read_small(s->proc, name, text, sizeof(text)))
		return false;
	/* The name before it may hold brackets as well. */
	at = strrchr(text, ')');
	if (at == NULL || sscanf(at, ") %c %*d %*d %*d %*d %*d %u", &state,
	                         &flags) != 2)
		return false;
	return state == 'Z' || state == 'X' || (flags & KERNEL_THREAD) != 0;
}

static enum look
look_at_process(struct search *s)
{
	enum look look;

	s->n_told = 0;
	look = look_at_fds(s);
	if (look == LOOK_DONE)
		look = look_at_maps(s);
	return look == LOOK_UNSEEN && is_bodyless(s) ? LOOK_DONE : look;
}

/* The number of a process's folder; false for all other names. */
static bool
read_pid(const char *name, pid_t *ret)
{
	unsigned long long v;

	if (lines_number(name, strlen(name), INT32_MAX, &v) < 0)
		return false;
	*ret = (pid_t)v;
	return true;
}

/* Ours, as this /proc counts; 0 if it is that of others. */
static pid_t
own_pid(int proc)
{
	char text[32];
	ssize_t n = readlinkat(proc, "self", text, sizeof(text) - 1);
	pid_t pid;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return read_pid(text, &pid) ? pid : 0;
}

/* The number of processes unseen, or with LOOK_STOP why it ended. */
static int
look_at_all(struct search *s, DIR *proc, size_t *ret_unseen)
{
	pid_t self = own_pid(s->proc);
	bool first_seen = false;
	size_t unseen = 0;
	struct dirent *e;

	errno = 0;
	while ((e = readdir(proc)) != NULL) {
		enum look look = LOOK_DONE;

		if (read_pid(e->d_name, &s->pid)) {
			first_seen |= s->pid == 1;
			if (s->pid != self)
				look = look_at_process(s);
		}
		if (look == LOOK_STOP)
			return s->result;
		unseen += look == LOOK_UNSEEN;
		errno = 0;
	}
	if (errno != 0)
		return -errno;
	/* Mounted with hidepid, it does not even show whom it hides. */
	*ret_unseen = unseen + !first_seen;
	return 0;
}

int
writers_find_at(int proc, bool (*wanted)(void *ctx, uint64_t dev, uint64_t ino),
                int (*fn)(void *ctx, const struct writer *w), void *ctx,
                size_t *ret_unseen)
{
	struct search s = { .wanted = wanted, .fn = fn, .ctx = ctx };
	int err = -ENOMEM;
	DIR *dir;

	s.proc = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.proc < 0)
		return -errno;
	dir = fdopendir(s.proc);
	if (dir == NULL) {
		close(s.proc);
		return -ENOMEM;
	}
	s.chunk = malloc(CHUNK_SIZE);
	if (s.chunk != NULL)
		err = look_at_all(&s, dir, ret_unseen);
	free(s.chunk);
	free(s.told);
	closedir(dir);
	return err;
}

int
writers_find(bool (*wanted)(void *ctx, uint64_t dev, uint64_t ino),
             int (*fn)(void *ctx, const struct writer *w), void *ctx,
             size_t *ret_unseen)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	int err;

	if (fd < 0)
		return -errno;
	/* An empty folder is no /proc where nobody writes. */
	err = fstatfs(fd, &fs) < 0 ? -errno :
	      fs.f_type != PROC_SUPER_MAGIC ? -ENOENT : 0;
	if (err == 0)
		err = writers_find_at(fd, wanted, fn, ctx, ret_unseen);
	close(fd);
	return err;
}
