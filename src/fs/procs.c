/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lines.h"
#include "procs.h"

#define NAME_SIZE 32

#define KERNEL_THREAD 0x00200000u	/* PF_KTHREAD in stat's flags */

struct procs_id {
	uint64_t dev, ino;
};

enum look
procs_look_of(int err)
{
	return err == ENOENT || err == ESRCH ? LOOK_GONE : LOOK_UNSEEN;
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

/*
 * ------------------------------------------------------------------
 * Words for people
 */
static bool
odd(unsigned char c)
{
	return c < ' ' || c >= 0x7f || c == '\\';
}

void
procs_escape(const char *from, size_t n, char *to, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)from[i];
		size_t need = odd(byte) ? 4 : 1;

		if (len + need >= size)
			break;
		snprintf(to + len, size - len, odd(byte) ? "\\%03o" : "%c",
		         byte);
		len += need;
	}
	to[len] = '\0';
}

void
procs_name(int proc, pid_t pid, char *name, size_t size)
{
	char path[NAME_SIZE], text[64];

	snprintf(path, sizeof(path), "%d/comm", (int)pid);
	if (!read_small(proc, path, text, sizeof(text)))
		text[0] = '\0';
	procs_escape(text, strlen(text), name, size);
}

bool
procs_first_time(struct procs_told *t, uint64_t dev, uint64_t ino)
{
	size_t cap = t->cap != 0 ? t->cap * 2 : 16;
	struct procs_id *files = t->files;

	for (size_t i = 0; i < t->n; i++)
		if (files[i].dev == dev && files[i].ino == ino)
			return false;
	if (t->n == t->cap) {
		files = reallocarray(files, cap, sizeof(*files));
		/* Without memory it may be told twice; no harm. */
		if (files == NULL)
			return true;
		t->files = files;
		t->cap = cap;
	}
	files[t->n].dev = dev;
	files[t->n].ino = ino;
	t->n++;
	return true;
}

/*
 * ------------------------------------------------------------------
 * Descriptors
 */
int
procs_behind(int dir, const char *name, struct procs_file *ret)
{
	struct statx st;

	if (statx(dir, name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
	          STATX_TYPE | STATX_INO | STATX_NLINK, &st) < 0)
		return -errno;
	ret->dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	ret->ino = st.stx_ino;
	ret->links = st.stx_nlink;
	ret->regular = S_ISREG(st.stx_mode);
	return 0;
}

/* The rights of a link of /proc/PID/fd or map_files are how its file was
 * opened: a fifth of the time that reading fdinfo takes. */
int
procs_writes(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return (st.st_mode & S_IWUSR) != 0;
}

enum look
procs_each_fd(int proc, pid_t pid,
              enum look (*fn)(void *ctx, int dir, const char *name), void *ctx)
{
	enum look look = LOOK_DONE;
	char name[NAME_SIZE];
	struct dirent *e;
	DIR *dir;
	int fd;

	snprintf(name, sizeof(name), "%d/fd", (int)pid);
	fd = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return procs_look_of(errno);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return LOOK_UNSEEN;
	}
	errno = 0;
	while (look == LOOK_DONE && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] != '.')
			look = fn(ctx, fd, e->d_name);
		errno = 0;
	}
	if (look == LOOK_DONE && errno != 0)
		look = procs_look_of(errno);
	closedir(dir);
	return look;
}

/*
 * ------------------------------------------------------------------
 * Mappings
 */

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

bool
procs_mapping_read(const char *line, size_t n, struct procs_mapping *ret)
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
	if (blank == NULL)
		blank = end;
	if (lines_number(at, (size_t)(blank - at), UINT64_MAX, &ino) < 0)
		return false;
	while (blank < end && *blank == ' ')
		blank++;
	ret->dev = makedev((unsigned int)major, (unsigned int)minor);
	ret->ino = ino;
	ret->name = blank;
	ret->name_len = (size_t)(end - blank);
	return true;
}

/* Cuts n bytes into lines, of which l->head keeps the first bytes. */
static enum look
cut_lines(const struct procs_lines *l, size_t *head_len, size_t n,
          enum look (*fn)(void *ctx, const char *line, size_t n), void *ctx)
{
	const char *at = l->chunk, *end = at + n, *newline;
	enum look look = LOOK_DONE;
	size_t len, take;

	while (at < end && look == LOOK_DONE) {
		newline = memchr(at, '\n', (size_t)(end - at));
		len = (size_t)((newline != NULL ? newline : end) - at);
		take = len < l->head_size - *head_len ? len :
		       l->head_size - *head_len;
		memcpy(l->head + *head_len, at, take);
		*head_len += take;
		at += len;
		if (newline == NULL)
			break;
		at++;
		look = fn(ctx, l->head, *head_len);
		*head_len = 0;
	}
	return look;
}

enum look
procs_each_line(int fd, const struct procs_lines *l,
                enum look (*fn)(void *ctx, const char *line, size_t n),
                void *ctx)
{
	enum look look = LOOK_DONE;
	size_t head_len = 0;
	ssize_t n = 0;

	while (look == LOOK_DONE && (n = read(fd, l->chunk, PROCS_CHUNK)) > 0)
		look = cut_lines(l, &head_len, (size_t)n, fn, ctx);
	if (look == LOOK_DONE && n < 0)
		look = procs_look_of(errno);
	/* Ended within a line: not what the kernel writes. */
	return look == LOOK_DONE && head_len > 0 ? LOOK_UNSEEN : look;
}

/*
 * ------------------------------------------------------------------
 * Processes
 */

/*
 * A kernel thread, or a process that has ended and waits for its parent: they
 * have neither files nor memory, but only root may see that.
 */
static bool
is_bodyless(int proc, pid_t pid)
{
	char name[NAME_SIZE], text[512], state;
	unsigned int flags;
	const char *at;

	snprintf(name, sizeof(name), "%d/stat", (int)pid);
	if (!read_small(proc, name, text, sizeof(text)))
		return false;
	/* The name before it may hold brackets as well. */
	at = strrchr(text, ')');
	if (at == NULL || sscanf(at, ") %c %*d %*d %*d %*d %*d %u", &state,
	                         &flags) != 2)
		return false;
	return state == 'Z' || state == 'X' || (flags & KERNEL_THREAD) != 0;
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

static int
walk(DIR *dir, enum look (*fn)(void *ctx, int proc, pid_t pid), void *ctx,
     size_t *ret_unseen)
{
	int proc = dirfd(dir);
	pid_t self = own_pid(proc), pid;
	bool first_seen = false;
	size_t unseen = 0;
	struct dirent *e;

	errno = 0;
	while ((e = readdir(dir)) != NULL) {
		enum look look = LOOK_DONE;

		if (read_pid(e->d_name, &pid)) {
			first_seen |= pid == 1;
			if (pid != self)
				look = fn(ctx, proc, pid);
			if (look == LOOK_STOP)
				return 1;
			unseen += look == LOOK_UNSEEN &&
			          !is_bodyless(proc, pid);
		}
		errno = 0;
	}
	if (errno != 0)
		return -errno;
	/* Mounted with hidepid, it does not even show whom it hides. */
	*ret_unseen = unseen + !first_seen;
	return 0;
}

int
procs_walk(int proc, enum look (*fn)(void *ctx, int proc, pid_t pid),
           void *ctx, size_t *ret_unseen)
{
	int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;
	int r;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return -ENOMEM;
	}
	r = walk(dir, fn, ctx, ret_unseen);
	closedir(dir);
	return r;
}

int
procs_open(void)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	int err;

	if (fd < 0)
		return -errno;
	/* An empty folder is no /proc where nobody has anything open. */
	err = fstatfs(fd, &fs) < 0 ? -errno :
	      fs.f_type != PROC_SUPER_MAGIC ? -ENOENT : 0;
	if (err < 0)
		close(fd);
	return err < 0 ? err : fd;
}
