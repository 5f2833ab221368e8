/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "archive_split.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lines.h"

/* deb-split(5): behind ar's magic and one header of 60 bytes, a few lines. */
#define AR_MAGIC 8
#define AR_HEADER 60
#define AR_SIZE 48	/* within a header; ten digits, blanks behind */
#define SPLIT_BODY (AR_MAGIC + AR_HEADER)
#define SPLIT_HEAD 4096
#define SPLIT_LINES 7
#define SPLIT_MAX ((unsigned long long)1 << 40)

/*
 * Opened by us and handed over as standard input, so that /dev/stdin and
 * /dev/fd/N mean here what they mean to dpkg.
 */
int
archive_open(const char *file)
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

/* One part of an archive, as deb-split(5) has it. */
struct split {
	char md5[33];			/* of the whole; with the next three
					 * it tells the parts of one from
					 * those of another */
	unsigned long long total;
	unsigned long long most;	/* bytes in every part but the last */
	unsigned long long many;
	unsigned long long number;	/* from 1 */
	off_t at;			/* where its bytes lie */
};

/* The size in the ar header at `at`; digits, then blanks. */
static int
ar_size(const char *head, size_t n, size_t at, unsigned long long *ret)
{
	const char *s = head + at + AR_SIZE;
	size_t len = 0;

	if (at + AR_HEADER > n)
		return ERR_FORMAT;
	while (len < 10 && s[len] != ' ')
		len++;
	return lines_number(s, len, SPLIT_MAX, ret);
}

/* Format, package, version, MD5, total, size of a part, "number/many". */
static int
split_lines(const char *text, size_t n, struct split *p)
{
	const char *line[SPLIT_LINES], *slash;
	size_t len[SPLIT_LINES];
	struct lines l;

	lines_init(&l, text, n);
	for (int i = 0; i < SPLIT_LINES; i++)
		if (!lines_next(&l, &line[i], &len[i]))
			return ERR_FORMAT;
	slash = memchr(line[6], '/', len[6]);
	if (len[3] != sizeof(p->md5) - 1 || slash == NULL)
		return ERR_FORMAT;
	memcpy(p->md5, line[3], len[3]);
	p->md5[len[3]] = '\0';
	if (lines_number(line[4], len[4], SPLIT_MAX, &p->total) < 0 ||
	    lines_number(line[5], len[5], SPLIT_MAX, &p->most) < 0 ||
	    lines_number(line[6], (size_t)(slash - line[6]), SPLIT_MAX,
	                 &p->number) < 0 ||
	    lines_number(slash + 1, len[6] - (size_t)(slash + 1 - line[6]),
	                 SPLIT_MAX, &p->many) < 0)
		return ERR_FORMAT;
	return p->most > 0 && p->number > 0 && p->number <= p->many &&
	       p->many == (p->total + p->most - 1) / p->most ? 0 : ERR_FORMAT;
}

static int
split_read(int fd, struct split *ret)
{
	static const char start[] = "!<arch>\ndebian-split ";
	struct split p = { .total = 0 };
	unsigned long long info;
	char head[SPLIT_HEAD];
	ssize_t got = pread(fd, head, sizeof(head), 0);
	size_t n = got < 0 ? 0 : (size_t)got;
	int rc;

	if (n <= SPLIT_BODY || memcmp(head, start, sizeof(start) - 1) != 0)
		return ERR_FORMAT;
	rc = ar_size(head, n, AR_MAGIC, &info);
	if (rc < 0 || info > n - SPLIT_BODY)
		return ERR_FORMAT;
	rc = split_lines(head + SPLIT_BODY, (size_t)info, &p);
	p.at = (off_t)(SPLIT_BODY + info + info % 2 + AR_HEADER);
	if (rc == 0)
		*ret = p;
	return rc;
}

/* Part number `number` of the same archive as `p`? Then its bytes into fd. */
static int
split_copy(const char *file, const struct split *p, unsigned long long number,
           int out)
{
	int fd = archive_open(file), rc;
	unsigned long long from = (number - 1) * p->most, left;
	struct split q;
	char chunk[16384];

	if (fd < 0)
		return fd;
	rc = split_read(fd, &q);
	if (rc == 0 && (strcmp(p->md5, q.md5) != 0 || q.total != p->total ||
	                q.most != p->most || q.number != number))
		rc = -ENOENT;
	left = p->total - from < p->most ? p->total - from : p->most;
	while (rc == 0 && left > 0) {
		ssize_t n = pread(fd, chunk, left < sizeof(chunk) ?
		                  (size_t)left : sizeof(chunk), q.at);

		if (n <= 0 || pwrite(out, chunk, (size_t)n, (off_t)from) != n)
			rc = n == 0 ? ERR_FORMAT : -errno;
		else {
			left -= (size_t)n;
			from += (size_t)n;
			q.at += n;
		}
	}
	close(fd);
	return rc;
}

/* The part among those at hand, else among those that dpkg has filed. */
static int
split_find(const struct split *p, unsigned long long number,
           char *const *files, size_t n, const char *queue, int out)
{
	DIR *dir;
	struct dirent *e;
	char *name;
	int rc = -ENOENT;

	for (size_t i = 0; rc != 0 && i < n; i++)
		rc = split_copy(files[i], p, number, out);
	dir = rc == 0 ? NULL : opendir(queue);
	if (dir == NULL)
		return rc == 0 ? 0 : -ENOENT;
	while (rc != 0 && (e = readdir(dir)) != NULL) {
		if (asprintf(&name, "%s/%s", queue, e->d_name) < 0)
			break;
		rc = split_copy(name, p, number, out);
		free(name);
	}
	closedir(dir);
	return rc == 0 ? 0 : -ENOENT;
}

static int
split_join(const struct split *p, char *const *files, size_t n,
           const char *admindir, int out)
{
	char *queue;
	int rc = 0;

	if (asprintf(&queue, "%s/parts", admindir) < 0)
		return -ENOMEM;
	for (unsigned long long i = 1; rc == 0 && i <= p->many; i++)
		rc = split_find(p, i, files, n, queue, out);
	free(queue);
	return rc;
}

/* The first one given speaks for all. */
static bool
spoken_for(const struct split *p, char *const *files, size_t which)
{
	bool same = false;

	for (size_t i = 0; !same && i < which; i++) {
		struct split q;
		int fd = archive_open(files[i]);

		if (fd < 0)
			continue;
		same = split_read(fd, &q) == 0 && strcmp(p->md5, q.md5) == 0;
		close(fd);
	}
	return same;
}

int
archive_join(char *const *files, size_t n, size_t which,
             const char *admindir, int *ret_fd, struct diag *diag)
{
	struct split p;
	int fd = archive_open(files[which]), rc;

	if (fd < 0)
		return fd;
	rc = split_read(fd, &p);
	close(fd);
	if (rc < 0)
		return diag_set(diag, rc, files[which], 0, "no split part");
	if (spoken_for(&p, files, which))
		return -ENOENT;
	/* Where dpkg too puts it together, so there is room. */
	fd = open(admindir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = memfd_create("parts", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = split_join(&p, files, n, admindir, fd);
	if (rc == 0)
		*ret_fd = fd;
	else
		close(fd);
	return rc;
}
