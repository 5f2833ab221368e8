/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "file.h"
#include "history.h"
#include "iflag.h"

#define HISTORY_NAME	"log"
#define HISTORY_MAX_LINE ((size_t)16 << 20)
#define CHUNK		((size_t)64 << 10)
#define HEX		64	/* digits of a SHA-256 */
#define PREV		",\"prev\":\""
#define PREV_LEN	(sizeof(PREV) - 1)
#define PREV_END	"\"}"
#define LINK_LEN	(PREV_LEN + HEX + 2)

static int
hash_line(const char *line, size_t len, char *hex)
{
	struct digest d;
	int err = digest_memory(line, len, DIGEST_SHA256, &d);

	if (err == 0)
		digest_hex(d.bytes, digest_size(DIGEST_SHA256), hex);
	return err;
}

/* O_RDWR and not O_WRONLY: the same descriptor is asked for the last line. */
static int
open_log(int history_dirfd)
{
	int fd = openat(history_dirfd, HISTORY_NAME, O_RDWR | O_APPEND |
	                O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
	                O_NOCTTY, 0600);
	struct stat st;
	int err;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return ERR_NOT_REGULAR;
	}
	err = iflag_set(fd, IFLAG_APPEND, IFLAG_APPEND, NULL);
	if (err >= 0 || err == ERR_UNSUPPORTED || err == -EPERM)
		return fd;
	close(fd);
	return err;
}

static int
read_at(int fd, off_t from, struct buf *b)
{
	if (lseek(fd, from, SEEK_SET) < 0)
		return -errno;
	return file_read_fd(fd, b);
}

/*
 * The last line, without its newline, is *ret_at and what follows in b.
 * Only the tail of the file is read, more of it until a line is whole.
 */
static int
last_line(int fd, struct buf *b, size_t *ret_at, bool *ret_torn)
{
	size_t want = CHUNK;
	struct stat st;
	off_t from;
	int err;

	if (fstat(fd, &st) < 0)
		return -errno;
	for (;;) {
		const char *newline = NULL;

		from = st.st_size > (off_t)want ? st.st_size - (off_t)want : 0;
		buf_clear(b);
		err = read_at(fd, from, b);
		if (err < 0)
			return err;
		*ret_torn = b->len > 0 && b->data[b->len - 1] != '\n';
		if (b->len > 0 && !*ret_torn)
			b->data[--b->len] = '\0';
		if (b->len > 0)
			newline = memrchr(b->data, '\n', b->len);
		if (newline != NULL || from == 0) {
			*ret_at = newline == NULL ? 0 :
			    (size_t)(newline + 1 - b->data);
			return 0;
		}
		if (want > HISTORY_MAX_LINE)
			return ERR_LIMIT;
		want *= 4;
	}
}

static int
append(int fd, const struct buf *object)
{
	char hex[2 * DIGEST_MAX + 1];
	struct buf tail, out;
	bool torn = false;
	size_t at = 0;
	int err;

	buf_init(&tail, 8 * HISTORY_MAX_LINE);
	buf_init(&out, 2 * HISTORY_MAX_LINE);
	err = last_line(fd, &tail, &at, &torn);
	if (err == 0)
		err = hash_line(tail.len > 0 ? tail.data + at : "",
		                tail.len - at, hex);
	if (err == 0 && torn)
		err = buf_add_char(&out, '\n');
	if (err == 0)
		err = buf_add(&out, object->data, object->len - 1);
	if (err == 0)
		err = buf_addf(&out, "%s%s%s\n", PREV, hex, PREV_END);
	if (err == 0)
		err = file_write(fd, out.data, out.len);
	buf_free(&tail);
	buf_free(&out);
	return err;
}

/* Two who append at once would both link to the same line. */
static int
lock_log(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	while (fcntl(fd, F_OFD_SETLKW, &fl) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int
history_append(int history_dirfd, const struct buf *object)
{
	int err, fd;

	if (object->len < 3 || object->data[0] != '{' ||
	    object->data[object->len - 1] != '}' ||
	    memchr(object->data, '\n', object->len) != NULL)
		return -EINVAL;
	if (object->len > HISTORY_MAX_LINE - LINK_LEN)
		return ERR_LIMIT;
	fd = open_log(history_dirfd);
	if (fd < 0)
		return fd;
	err = lock_log(fd);
	if (err == 0)
		err = append(fd, object);
	close(fd);
	return err;
}

typedef int line_fn(void *ctx, const char *line, size_t len);

/* Gives fn the whole lines of b and keeps the rest. */
static int
give_lines(struct buf *b, line_fn *fn, void *ctx)
{
	const char *at = b->data, *end = b->data + b->len, *newline;
	int err = 0;

	while (err == 0 && at < end) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (newline == NULL)
			break;
		err = fn(ctx, at, (size_t)(newline - at));
		at = newline + 1;
	}
	b->len = (size_t)(end - at);
	memmove(b->data, at, b->len);
	return err;
}

static int
walk_fd(int fd, struct buf *b, line_fn *fn, void *ctx)
{
	int err = 0;

	for (;;) {
		size_t old = b->len;
		ssize_t n;

		err = buf_reserve(b, CHUNK);
		if (err < 0)
			return err;
		n = read(fd, b->data + old, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		b->len = old + (size_t)n;
		/* A long line is not looked through again and again. */
		if (memchr(b->data + old, '\n', (size_t)n) == NULL)
			continue;
		err = give_lines(b, fn, ctx);
		if (err != 0)
			return err;
	}
	return b->len > 0 ? fn(ctx, b->data, b->len) : 0;
}

static int
walk(int history_dirfd, line_fn *fn, void *ctx)
{
	int fd = openat(history_dirfd, HISTORY_NAME, O_RDONLY | O_CLOEXEC |
	                O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	struct buf b;
	int err = ERR_NOT_REGULAR;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	buf_init(&b, HISTORY_MAX_LINE + CHUNK);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		err = walk_fd(fd, &b, fn, ctx);
	buf_free(&b);
	close(fd);
	return err;
}

int
history_walk(int history_dirfd, int (*fn)(void *ctx, const char *line,
             size_t len), void *ctx)
{
	return walk(history_dirfd, fn, ctx);
}

/*
 * How long the JSON object is that the line begins with, as far as braces
 * and strings tell; 0 where it is not closed: such a line was torn when it
 * was written, and is ended only by the newline of the next one.
 */
static size_t
object_len(const char *line, size_t len)
{
	bool string = false;
	size_t depth = 0;

	if (len == 0 || line[0] != '{')
		return 0;
	for (size_t i = 0; i < len; i++) {
		char c = line[i];

		if (string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				string = false;
		} else if (c == '"') {
			string = true;
		} else if (c == '{') {
			depth++;
		} else if (c == '}' && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

struct check {
	char last[2 * DIGEST_MAX + 1];	/* of the line before */
	unsigned long number;
	struct diag *diag;
};

static int
broken(const struct check *c, const char *how)
{
	diag_set(c->diag, ERR_FORMAT, HISTORY_NAME, c->number, "%s", how);
	return 1;
}

static int
check_line(void *ctx, const char *line, size_t len)
{
	struct check *c = ctx;
	size_t whole = object_len(line, len);
	const char *link;

	c->number++;
	/* A file system may give zeros for the end that it has lost. */
	for (size_t i = whole; whole > 0 && i < len; i++)
		if (line[i] != '\0')
			return broken(c, "bytes behind an entry");
	if (whole > 0) {
		link = whole > LINK_LEN ? line + whole - LINK_LEN : line;
		if (whole <= LINK_LEN || memcmp(link, PREV, PREV_LEN) != 0)
			return broken(c, "does not name the line before it");
		if (memcmp(link + PREV_LEN, c->last, HEX) != 0 ||
		    memcmp(link + PREV_LEN + HEX, PREV_END, 2) != 0)
			return broken(c, "does not follow from the line "
			              "before it");
	}
	return hash_line(line, len, c->last);
}

int
history_check(int history_dirfd, struct diag *diag)
{
	struct check c = { .diag = diag };
	int err = hash_line("", 0, c.last);

	if (err == 0)
		err = walk(history_dirfd, check_line, &c);
	if (err < 0)
		diag_set(diag, err, HISTORY_NAME, 0, "%s", err_text(err));
	return err;
}

int
history_unseal(int history_dirfd)
{
	int fd = openat(history_dirfd, HISTORY_NAME, O_RDONLY | O_CLOEXEC |
	                O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	int err;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = iflag_set(fd, 0, IFLAG_APPEND, NULL);
	close(fd);
	return err > 0 || err == ERR_UNSUPPORTED ? 0 : err;
}
