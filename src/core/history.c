/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "file.h"
#include "history_priv.h"
#include "iflag.h"

int
history_hash(const char *line, size_t len, char hex[HISTORY_HEAD_SIZE])
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

int
history_tail(int fd, struct buf *b, size_t *ret_at, bool *ret_torn)
{
	size_t want = HISTORY_CHUNK;
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
append(int history_dirfd, int fd, const struct buf *object, char *ret_head)
{
	char hex[HISTORY_HEAD_SIZE], head[HISTORY_HEAD_SIZE];
	struct buf tail, out;
	bool torn = false;
	size_t at = 0;
	int err;

	buf_init(&tail, 8 * HISTORY_MAX_LINE);
	buf_init(&out, 2 * HISTORY_MAX_LINE);
	err = history_tail(fd, &tail, &at, &torn);
	if (err == 0 && tail.len > 0 &&
	    history_entry(tail.data + at, tail.len - at) == 0)
		err = history_last(history_dirfd, hex);
	else if (err == 0)
		err = history_hash(tail.len > 0 ? tail.data + at : "",
		                   tail.len - at, hex);
	if (err == 0 && torn)
		err = buf_add_char(&out, '\n');
	if (err == 0)
		err = buf_add(&out, object->data, object->len - 1);
	if (err == 0)
		err = buf_addf(&out, "%s%s%s\n", HISTORY_PREV, hex,
		               HISTORY_PREV_END);
	if (err == 0)
		err = history_hash(out.data + torn, out.len - torn - 1, head);
	if (err == 0)
		err = file_write(fd, out.data, out.len);
	if (err == 0 && ret_head != NULL)
		memcpy(ret_head, head, sizeof(head));
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
history_append(int history_dirfd, const struct buf *object,
               char ret_head[HISTORY_HEAD_SIZE])
{
	int err, fd;

	if (object->len < 3 || object->data[0] != '{' ||
	    object->data[object->len - 1] != '}' ||
	    memchr(object->data, '\n', object->len) != NULL)
		return -EINVAL;
	if (object->len > HISTORY_MAX_LINE - HISTORY_LINK_LEN)
		return ERR_LIMIT;
	fd = open_log(history_dirfd);
	if (fd < 0)
		return fd;
	err = lock_log(fd);
	if (err == 0)
		err = append(history_dirfd, fd, object, ret_head);
	close(fd);
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

int
history_set_aside(int history_dirfd, uint64_t id)
{
	char name[sizeof(HISTORY_NAME) + 1 + 16];
	int err = history_check(history_dirfd, NULL);

	if (err == 0 || (err < 0 && err != ERR_LIMIT && err != ERR_FORMAT))
		return err;
	err = history_unseal(history_dirfd);
	if (err < 0)
		return err;
	snprintf(name, sizeof(name), HISTORY_NAME ".%016" PRIx64, id);
	if (renameat2(history_dirfd, HISTORY_NAME, history_dirfd, name,
	              RENAME_NOREPLACE) < 0 || fsync(history_dirfd) < 0)
		return -errno;
	return 1;
}

int
history_sync(int history_dirfd)
{
	int fd = openat(history_dirfd, HISTORY_NAME, O_RDONLY | O_CLOEXEC |
	                O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	int err;

	if (fd < 0)
		return -errno;
	err = fdatasync(fd) < 0 ? -errno : 0;
	close(fd);
	return err;
}
