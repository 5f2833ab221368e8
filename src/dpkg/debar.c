/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <sys/mman.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "debar.h"
#include "debar_priv.h"

#define AR_MAGIC "!<arch>\n"
#define OLD_MAGIC "0.939000"
#define VERSION_MAX 64u
/* Members to be skipped; nobody has yet made one. */
#define SKIPPED_MAX 64

struct ar_head {
	char name[16];
	char date[12];
	char uid[6];
	char gid[6];
	char mode[8];
	char size[10];
	char end[2];
};
_Static_assert(sizeof(struct ar_head) == 60, "as in the file");

struct ar_member {
	char name[17];
	uint64_t at;		/* of the body */
	uint64_t size;
};

int
debar_read(int fd, void *data, size_t n, uint64_t at)
{
	char *p = data;

	while (n > 0) {
		ssize_t got = pread(fd, p, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return ERR_FORMAT;
		p += got;
		n -= (size_t)got;
		at += (uint64_t)got;
	}
	return 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Ten digits at most, blanks behind them. */
static bool
size_parse(const char *s, size_t n, uint64_t *ret)
{
	uint64_t size = 0;
	size_t i = 0;

	for (; i < n && is_digit(s[i]); i++)
		size = size * 10 + (uint64_t)(s[i] - '0');
	if (i == 0)
		return false;
	for (; i < n; i++)
		if (s[i] != ' ')
			return false;
	*ret = size;
	return true;
}

/* The head at `at`. GNU's ar puts a slash behind each name. */
static int
member_read(int fd, uint64_t at, struct ar_member *ret)
{
	struct ar_head h;
	struct ar_member m = { .at = at + sizeof(h) };
	size_t n = sizeof(h.name);
	int rc = debar_read(fd, &h, sizeof(h), at);

	if (rc < 0)
		return rc;
	if (memcmp(h.end, "`\n", sizeof(h.end)) != 0 ||
	    !size_parse(h.size, sizeof(h.size), &m.size) ||
	    memchr(h.name, '\0', sizeof(h.name)) != NULL)
		return ERR_FORMAT;
	while (n > 0 && h.name[n - 1] == ' ')
		n--;
	if (n > 0 && h.name[n - 1] == '/')
		n--;
	memcpy(m.name, h.name, n);
	*ret = m;
	return 0;
}

/* Bodies of an odd length have a byte behind them. */
static uint64_t
member_end(const struct ar_member *m)
{
	return m->at + m->size + (m->size & 1);
}

/* "2.N", and lines behind that which are not for us. */
static int
version_check(int fd, const struct ar_member *m)
{
	char text[VERSION_MAX];
	size_t n = (size_t)m->size, i;
	int rc;

	if (m->size > sizeof(text))
		return ERR_UNSUPPORTED;
	rc = debar_read(fd, text, n, m->at);
	if (rc < 0)
		return rc;
	for (i = 0; i < n && is_digit(text[i]); i++)
		;
	if (i == 0 || i == n || text[i] != '.')
		return ERR_FORMAT;
	if (i != 1 || text[0] != '2')
		return ERR_UNSUPPORTED;
	for (i = 2; i < n && is_digit(text[i]); i++)
		;
	return i > 2 && i < n && text[i] == '\n' ? 0 : ERR_FORMAT;
}

/* How the control member is packed; ERR_FORMAT if it is none. */
static int
control_kind(const char *name)
{
	static const char stem[] = "control.tar";
	static const struct {
		const char *end;
		enum debar_kind kind;
	} kinds[] = {
		{ "", DEBAR_PLAIN },
		{ ".gz", DEBAR_GZIP },
		{ ".xz", DEBAR_XZ },
		{ ".zst", DEBAR_ZSTD },
	};

	if (strncmp(name, stem, sizeof(stem) - 1) != 0)
		return ERR_FORMAT;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(name + sizeof(stem) - 1, kinds[i].end) == 0)
			return (int)kinds[i].kind;
	return ERR_UNSUPPORTED;
}

/*
 * The control member and its kind. What stands behind it is not looked at,
 * as with dpkg-deb --ctrl-tarfile.
 */
static int
control_find(int fd, struct ar_member *ret)
{
	char magic[sizeof(AR_MAGIC) - 1];
	struct ar_member m;
	int rc, skipped;

	rc = debar_read(fd, magic, sizeof(magic), 0);
	if (rc < 0)
		return rc;
	if (memcmp(magic, OLD_MAGIC, sizeof(magic)) == 0)
		return ERR_UNSUPPORTED;
	if (memcmp(magic, AR_MAGIC, sizeof(magic)) != 0)
		return ERR_FORMAT;
	rc = member_read(fd, sizeof(magic), &m);
	if (rc == 0 && strcmp(m.name, "debian-binary") != 0)
		rc = ERR_FORMAT;
	if (rc == 0)
		rc = version_check(fd, &m);
	for (skipped = 0; rc == 0 && skipped <= SKIPPED_MAX; skipped++) {
		rc = member_read(fd, member_end(&m), &m);
		if (rc < 0 || m.name[0] == '_')
			continue;
		rc = control_kind(m.name);
		if (rc >= 0)
			*ret = m;
		return rc;
	}
	return rc < 0 ? rc : ERR_LIMIT;
}

int
debar_control(int fd, int *ret_fd)
{
	struct ar_member m;
	int rc = control_find(fd, &m);
	int out;

	if (rc < 0)
		return rc;
	if (m.size > DEBAR_MAX)
		return ERR_LIMIT;
	out = memfd_create("control", MFD_CLOEXEC);
	if (out < 0)
		return -errno;
	rc = debar_unpack((enum debar_kind)rc, fd, m.at, m.size, out);
	if (rc == 0 && lseek(out, 0, SEEK_SET) < 0)
		rc = -errno;
	if (rc == 0)
		*ret_fd = out;
	else
		close(out);
	return rc;
}
