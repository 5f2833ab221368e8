/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Which sockets are network sockets: their inodes stand in the tables of
 * /proc/PID/net (proc(5)), which are those of the process's network namespace.
 * Of what is bound to nothing, and of families without a table, the kernel
 * tells the protocol's name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "file.h"
#include "inoset.h"
#include "lines.h"
#include "posture_priv.h"

#define TABLE_MAX ((size_t)256 << 20)
#define SPACES_MAX 1024		/* network namespaces */
#define FDS_MAX 1000000		/* of a process */

static const struct {
	const char *name;
	unsigned int column;	/* of the inode, from 0 */
} tables[] = {
	{ "tcp", 9 }, { "tcp6", 9 }, { "udp", 9 }, { "udp6", 9 },
	{ "udplite", 9 }, { "udplite6", 9 }, { "raw", 9 }, { "raw6", 9 },
	{ "icmp", 9 }, { "icmp6", 9 }, { "packet", 8 }, { "sctp/eps", 7 }
};

#define N_TABLES (sizeof(tables) / sizeof(*tables))

struct posture_sockets {
	int proc;
	struct inoset *sockets;		/* by namespace and inode */
	uint64_t spaces[SPACES_MAX];	/* whose tables were read */
	size_t n_spaces;
};

struct reading {
	struct posture_sockets *s;
	uint64_t space;
	size_t table;
};

int
posture_net_table(const char *text, size_t n, unsigned int column,
                  int (*fn)(void *ctx, uint64_t ino), void *ctx)
{
	struct lines l;
	const char *line;
	size_t len;
	int r = 0;

	lines_init(&l, text, n);
	while (r == 0 && lines_next(&l, &line, &len)) {
		const char *at = line, *end = line + len, *word = line;
		unsigned long long ino;

		for (unsigned int i = 0; i <= column; i++) {
			while (at < end && *at == ' ')
				at++;
			word = at;
			while (at < end && *at != ' ')
				at++;
		}
		/* the heading has words there; 0 is nobody's any more */
		if (lines_number(word, (size_t)(at - word), UINT64_MAX,
		                 &ino) == 0 && ino != 0)
			r = fn(ctx, ino);
	}
	return r;
}

int
posture_sockets_new(int proc, struct posture_sockets **ret)
{
	struct posture_sockets *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->proc = proc;
	s->sockets = inoset_new();
	if (s->sockets == NULL) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void
posture_sockets_free(struct posture_sockets *s)
{
	if (s == NULL)
		return;
	inoset_free(s->sockets);
	free(s);
}

/* The number in a link of the form "WHAT:[NUMBER]". 0 or an error. */
static int
link_number(int dir, const char *name, const char *what, uint64_t *ret)
{
	char text[64];
	ssize_t n = readlinkat(dir, name, text, sizeof(text));
	size_t head = strlen(what);
	unsigned long long v;

	if (n < 0)
		return -errno;
	if ((size_t)n >= sizeof(text) || (size_t)n < head + 4 ||
	    memcmp(text, what, head) != 0 ||
	    memcmp(text + head, ":[", 2) != 0 || text[n - 1] != ']' ||
	    lines_number(text + head + 2, (size_t)n - head - 3, UINT64_MAX,
	                 &v) < 0)
		return ERR_FORMAT;
	*ret = v;
	return 0;
}

static int
keep_socket(void *ctx, uint64_t ino)
{
	const struct reading *r = ctx;
	int err = inoset_add(r->s->sockets, r->space, ino, r->table);

	return err < 0 ? err : 0;
}

static int
read_table(struct posture_sockets *s, pid_t pid, uint64_t space, size_t i)
{
	struct reading reading = { s, space, i };
	char name[64];
	struct buf text;
	int fd, r;

	snprintf(name, sizeof(name), "%d/net/%s", (int)pid, tables[i].name);
	fd = openat(s->proc, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)	/* the kernel has no such protocol */
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	buf_init(&text, TABLE_MAX);
	r = file_read_fd(fd, &text);
	close(fd);
	if (r == 0)
		r = posture_net_table(text.data, text.len, tables[i].column,
		                      keep_socket, &reading);
	buf_free(&text);
	return r;
}

/* What has ended has no tables, as if the kernel had no protocols. */
static int
still_in(struct posture_sockets *s, pid_t pid, uint64_t space)
{
	char name[32];
	uint64_t now;
	int r;

	snprintf(name, sizeof(name), "%d/ns/net", (int)pid);
	r = link_number(s->proc, name, "net", &now);
	return r == 0 && now != space ? -ESRCH : r;
}

/* Reads the tables of a namespace when it is met first. */
static int
read_space(struct posture_sockets *s, pid_t pid, uint64_t space)
{
	int r = 0;

	for (size_t i = 0; i < s->n_spaces; i++)
		if (s->spaces[i] == space)
			return 0;
	if (s->n_spaces == SPACES_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; r == 0 && i < N_TABLES; i++)
		r = read_table(s, pid, space, i);
	if (r == 0)
		r = still_in(s, pid, space);
	if (r == 0)
		s->spaces[s->n_spaces++] = space;
	return r;
}

/* By its protocol's name (sockfs): its kind, NULL: none of the network, or
 * the kernel does not say. */
static const char *
kind_by_name(int dir, const char *entry)
{
	static const char *const local[] = {
		"UNIX", "UNIX-STREAM", "NETLINK", "ALG", "KEY"
	};
	char path[300], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, entry);
	n = getxattr(path, "system.sockprotoname", name, sizeof(name) - 1);
	if (n <= 0)
		return NULL;
	name[n] = '\0';
	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (strcmp(name, local[i]) == 0)
			return NULL;
	return strcmp(name, "AF_VSOCK") == 0 ? "vsock" : "network";
}

/* Of an entry of /proc/PID/fd; NULL: none of the network. */
static const char *
kind_of(struct posture_sockets *s, int dir, const char *entry, uint64_t space)
{
	uintptr_t table;
	uint64_t ino;

	if (entry[0] == '.' || link_number(dir, entry, "socket", &ino) < 0)
		return NULL;
	return inoset_has(s->sockets, space, ino, &table) ?
	       tables[table].name : kind_by_name(dir, entry);
}

static int
find_socket(struct posture_sockets *s, DIR *dir, uint64_t space,
            const char **ret)
{
	struct dirent *e;
	size_t n = 0;

	errno = 0;
	while ((e = readdir(dir)) != NULL) {
		const char *kind;

		if (n++ == FDS_MAX)
			return ERR_LIMIT;
		kind = kind_of(s, dirfd(dir), e->d_name, space);
		if (kind != NULL) {
			*ret = kind;
			return 0;
		}
		errno = 0;
	}
	if (errno != 0)
		return -errno;
	*ret = NULL;
	return 0;
}

int
posture_sockets_of(struct posture_sockets *s, pid_t pid, const char **ret)
{
	char name[32];
	uint64_t space;
	DIR *dir;
	int fd, r;

	snprintf(name, sizeof(name), "%d/ns/net", (int)pid);
	r = link_number(s->proc, name, "net", &space);
	if (r == 0)
		r = read_space(s, pid, space);
	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "%d/fd", (int)pid);
	fd = openat(s->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return -ENOMEM;
	}
	r = find_socket(s, dir, space, ret);
	closedir(dir);
	return r;
}
