/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "tar.h"
#include "tar_header.h"

#define NAME_MAX_BYTES ((size_t)64 << 10)
#define PAX_MAX_BYTES ((size_t)1 << 20)	/* may carry ACLs and xattrs too */

/* What 'L', 'K' and 'x' headers said about the member that follows them. */
struct ahead {
	bool any;
	bool has_name;
	bool has_link;
	bool has_size;
	uint64_t size;
};

struct tar {
	int fd;
	int failed;		/* the error that ended the stream */
	bool ended;
	unsigned long number;	/* of the present member, for messages */
	uint64_t body;		/* bytes of its body not read yet */
	unsigned int padding;	/* after the body */
	struct buf name;	/* as in the archive */
	struct buf link;
	struct buf path;	/* as handed out */
	struct buf target;
	size_t at;
	size_t have;
	unsigned char in[64 << 10];
};

int
tar_new(int fd, struct tar **ret)
{
	struct tar *t;

	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->fd = fd;
	/* One more each: for the NUL of a long name, and for the "/". */
	buf_init(&t->name, NAME_MAX_BYTES + 1);
	buf_init(&t->link, NAME_MAX_BYTES + 1);
	buf_init(&t->path, NAME_MAX_BYTES + 1);
	buf_init(&t->target, NAME_MAX_BYTES + 1);
	*ret = t;
	return 0;
}

void
tar_free(struct tar *t)
{
	if (t == NULL)
		return;
	buf_free(&t->name);
	buf_free(&t->link);
	buf_free(&t->path);
	buf_free(&t->target);
	free(t);
}

static int
broken(const struct tar *t, struct diag *diag, int err, const char *what)
{
	return diag_set(diag, err, NULL, 0, "tar member %lu: %s", t->number,
	                what);
}

/* 1 if there is at least one byte to take, 0 at the end of the stream. */
static int
fill(struct tar *t)
{
	ssize_t n;

	if (t->at < t->have)
		return 1;
	do
		n = read(t->fd, t->in, sizeof(t->in));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	t->at = 0;
	t->have = (size_t)n;
	return n > 0;
}

static int
read_failed(const struct tar *t, struct diag *diag, int err)
{
	if (err == 0)
		return broken(t, diag, ERR_FORMAT, "the stream ends early");
	return broken(t, diag, err, err_text(err));
}

static int
skip(struct tar *t, uint64_t n, struct diag *diag)
{
	uint64_t step;
	int rc;

	while (n > 0) {
		rc = fill(t);
		if (rc <= 0)
			return read_failed(t, diag, rc);
		step = t->have - t->at;
		if (step > n)
			step = n;
		t->at += (size_t)step;
		n -= step;
	}
	return 0;
}

/* Appends n bytes of the stream; b->len counts what arrived. */
static int
take(struct tar *t, struct buf *b, uint64_t n, struct diag *diag)
{
	size_t step;
	int rc;

	while (n > 0) {
		rc = fill(t);
		if (rc <= 0)
			return read_failed(t, diag, rc);
		step = t->have - t->at;
		if (step > n)
			step = (size_t)n;
		rc = buf_add(b, t->in + t->at, step);
		if (rc < 0)
			return broken(t, diag, rc, err_text(rc));
		t->at += step;
		n -= step;
	}
	return 0;
}

static unsigned int
padding_of(uint64_t size)
{
	return (unsigned int)(-size % TAR_BLOCK);
}

/* 1, 0 where the stream ends before the first byte, or an error. */
static int
header_read(struct tar *t, struct tar_header *ret, struct diag *diag)
{
	char *to = (char *)ret;
	size_t got = 0;
	size_t step;
	int rc;

	while (got < TAR_BLOCK) {
		rc = fill(t);
		if (rc == 0 && got == 0)
			return 0;
		if (rc <= 0)
			return read_failed(t, diag, rc);
		step = t->have - t->at;
		if (step > TAR_BLOCK - got)
			step = TAR_BLOCK - got;
		memcpy(to + got, t->in + t->at, step);
		t->at += step;
		got += step;
	}
	return 1;
}

/*
 * Like dpkg, a header without a name that is not sound (nearly always: a
 * block of zeros) is the end, anything else that is not sound is an error.
 * 1, 0 at the end, or an error.
 */
static int
header_check(struct tar *t, const struct tar_header *h, uint64_t *ret_size,
             struct diag *diag)
{
	const char *what;

	if (!tar_header_checksum_ok(h))
		what = "wrong header checksum";
	else if (!tar_header_size(h, ret_size))
		what = "bad size";
	else
		return 1;
	if (h->name[0] == '\0' && !tar_header_prefixed(h))
		return 0;
	return broken(t, diag, ERR_FORMAT, what);
}

/* The body of an 'L' or 'K' header: a name that ends at the first NUL. */
static int
read_long(struct tar *t, uint64_t size, struct buf *b, struct diag *diag)
{
	int rc;

	if (size > NAME_MAX_BYTES + 1)
		return broken(t, diag, ERR_LIMIT, "name too long");
	buf_clear(b);
	rc = take(t, b, size, diag);
	if (rc < 0)
		return rc;
	if (b->len > 0)
		b->len = strlen(b->data);
	return skip(t, padding_of(size), diag);
}

/* One "KEY=VALUE" of a pax header. An empty value takes the key back. */
static int
pax_value(struct tar *t, struct ahead *ahead, const char *key, size_t key_len,
          const char *value, size_t len, struct diag *diag)
{
	bool is_path = key_len == 4 && memcmp(key, "path", 4) == 0;
	bool is_link = key_len == 8 && memcmp(key, "linkpath", 8) == 0;
	unsigned long long size;
	struct buf *b;
	int rc;

	if (key_len == 4 && memcmp(key, "size", 4) == 0) {
		ahead->has_size = len > 0;
		if (len == 0)
			return 0;
		if (lines_number(value, len, TAR_SIZE_MAX, &size) < 0)
			return broken(t, diag, ERR_FORMAT, "bad pax size");
		ahead->size = size;
		return 0;
	}
	if (!is_path && !is_link)
		return 0;
	if (memchr(value, '\0', len) != NULL)
		return broken(t, diag, ERR_FORMAT, "NUL in a pax name");
	b = is_path ? &t->name : &t->link;
	buf_clear(b);
	rc = buf_add(b, value, len);
	if (rc < 0)
		return broken(t, diag, rc, "name too long");
	if (is_path)
		ahead->has_name = len > 0;
	else
		ahead->has_link = len > 0;
	return 0;
}

/* Records of a pax header: "LEN KEY=VALUE\n", LEN counting all of it. */
static int
pax_records(struct tar *t, const char *s, size_t left, struct ahead *ahead,
            struct diag *diag)
{
	const char *blank, *equals, *key;
	unsigned long long len;
	size_t digits;
	int rc;

	for (; left > 0; s += len, left -= (size_t)len) {
		blank = memchr(s, ' ', left < 8 ? left : 8);
		if (blank == NULL)
			return broken(t, diag, ERR_FORMAT, "bad pax record");
		digits = (size_t)(blank - s);
		if (lines_number(s, digits, left, &len) < 0 ||
		    len < digits + 3 || s[len - 1] != '\n')
			return broken(t, diag, ERR_FORMAT, "bad pax record");
		key = blank + 1;
		equals = memchr(key, '=', (size_t)len - digits - 2);
		if (equals == NULL)
			return broken(t, diag, ERR_FORMAT, "bad pax record");
		rc = pax_value(t, ahead, key, (size_t)(equals - key),
		               equals + 1,
		               (size_t)(s + len - 1 - (equals + 1)), diag);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
read_pax(struct tar *t, uint64_t size, struct ahead *ahead, struct diag *diag)
{
	struct buf b;
	int rc;

	if (size > PAX_MAX_BYTES)
		return broken(t, diag, ERR_LIMIT, "pax header too long");
	buf_init(&b, PAX_MAX_BYTES);
	rc = take(t, &b, size, diag);
	if (rc == 0 && b.len > 0)
		rc = pax_records(t, b.data, b.len, ahead, diag);
	if (rc == 0)
		rc = skip(t, padding_of(size), diag);
	buf_free(&b);
	return rc;
}

/* Writes the absolute form of an archive's name into b. */
static int
make_absolute(struct buf *b, const char *s, size_t n)
{
	int rc;

	for (;;) {
		if (n >= 1 && s[0] == '/') {
			s++;
			n--;
		} else if (n >= 2 && s[0] == '.' && s[1] == '/') {
			s += 2;
			n -= 2;
		} else {
			break;
		}
	}
	while (n > 0 && s[n - 1] == '/')
		n--;
	if (n == 1 && s[0] == '.')
		n = 0;
	buf_clear(b);
	rc = buf_add_char(b, '/');
	return rc < 0 ? rc : buf_add(b, s, n);
}

/* Name and link target from the fields, where no long form came before. */
static int
names_from_header(struct tar *t, const struct tar_header *h,
                  const struct ahead *ahead)
{
	int rc = 0;

	if (!ahead->has_name) {
		buf_clear(&t->name);
		if (tar_header_prefixed(h)) {
			rc = buf_add(&t->name, h->prefix,
			             strnlen(h->prefix, sizeof(h->prefix)));
			if (rc == 0)
				rc = buf_add_char(&t->name, '/');
		}
		if (rc == 0)
			rc = buf_add(&t->name, h->name,
			             strnlen(h->name, sizeof(h->name)));
	}
	if (rc == 0 && !ahead->has_link) {
		buf_clear(&t->link);
		rc = buf_add(&t->link, h->link,
		             strnlen(h->link, sizeof(h->link)));
	}
	return rc;
}

/* ERR_FORMAT for a type that dpkg refuses: we could not find its end. */
static int
type_of(const struct tar *t, char type, enum tar_type *ret, struct diag *diag)
{
	switch (type) {
	case '\0':
	case '0':
		/* Before ustar, a folder was a file with a slash behind. */
		*ret = t->name.data[t->name.len - 1] == '/' ? TAR_DIR
		                                            : TAR_FILE;
		return 0;
	case '1':
		*ret = TAR_LINK;
		return 0;
	case '2':
		*ret = TAR_SYMLINK;
		return 0;
	case '3':
	case '4':
	case '6':
		*ret = TAR_OTHER;
		return 0;
	case '5':
		*ret = TAR_DIR;
		return 0;
	default:
		return broken(t, diag, ERR_FORMAT, "unknown type");
	}
}

static int
member_set(struct tar *t, const struct tar_header *h, const struct ahead *ahead,
           struct tar_member *ret, struct diag *diag)
{
	struct tar_member m = { .type = TAR_OTHER };
	int rc;

	rc = names_from_header(t, h, ahead);
	if (rc < 0)
		return broken(t, diag, rc, err_text(rc));
	if (t->name.len == 0)
		return broken(t, diag, ERR_FORMAT, "empty name");
	rc = type_of(t, h->type, &m.type, diag);
	if (rc < 0)
		return rc;
	rc = make_absolute(&t->path, t->name.data, t->name.len);
	if (rc == 0 && m.type == TAR_LINK)
		rc = make_absolute(&t->target, t->link.data, t->link.len);
	if (rc < 0)
		return broken(t, diag, rc, "name too long");
	m.name = t->path.data;
	if (m.type == TAR_LINK)
		m.link = t->target.data;
	else if (m.type == TAR_SYMLINK)
		m.link = t->link.len > 0 ? t->link.data : "";
	if (m.type == TAR_FILE) {
		/* Like dpkg: nothing else has a body, whatever its size. */
		m.size = ahead->size;
		t->body = m.size;
		t->padding = padding_of(m.size);
	}
	*ret = m;
	return 1;
}

static int
next(struct tar *t, struct tar_member *ret, struct diag *diag)
{
	struct ahead ahead = { .any = false };
	struct tar_header h;
	uint64_t size = 0;
	int rc;

	rc = skip(t, t->body, diag);
	if (rc == 0)
		rc = skip(t, t->padding, diag);
	if (rc < 0)
		return rc;
	t->body = 0;
	t->padding = 0;
	t->number++;
	for (;;) {
		rc = header_read(t, &h, diag);
		if (rc > 0)
			rc = header_check(t, &h, &size, diag);
		if (rc == 0 && ahead.any)
			return read_failed(t, diag, 0);
		if (rc <= 0)
			return rc;
		if (h.type == 'L') {
			rc = read_long(t, size, &t->name, diag);
			ahead.has_name = true;
		} else if (h.type == 'K') {
			rc = read_long(t, size, &t->link, diag);
			ahead.has_link = true;
		} else if (h.type == 'x') {
			rc = read_pax(t, size, &ahead, diag);
		} else if (h.type == 'g') {
			/* Defaults for all members: never a name. */
			rc = skip(t, size + padding_of(size), diag);
		} else {
			if (!ahead.has_size)
				ahead.size = size;
			return member_set(t, &h, &ahead, ret, diag);
		}
		if (rc < 0)
			return rc;
		ahead.any = ahead.any || h.type != 'g';
	}
}

int
tar_next(struct tar *t, struct tar_member *ret, struct diag *diag)
{
	int rc;

	if (t->failed != 0)
		return broken(t, diag, t->failed, "the stream is broken");
	if (t->ended)
		return 0;
	rc = next(t, ret, diag);
	if (rc == 0)
		t->ended = true;
	else if (rc < 0)
		t->failed = rc;
	return rc;
}

int
tar_body(struct tar *t, struct buf *b, struct diag *diag)
{
	size_t start = b->len;
	int rc;

	if (t->failed != 0)
		return broken(t, diag, t->failed, "the stream is broken");
	if (t->body == 0)
		return 0;
	if (t->body > b->max - b->len)
		return broken(t, diag, ERR_LIMIT, "too large");
	rc = take(t, b, t->body, diag);
	if (rc == 0) {
		t->body = 0;
		return 0;
	}
	t->failed = rc;
	b->len = start;
	if (b->data != NULL)
		b->data[start] = '\0';
	return rc;
}
