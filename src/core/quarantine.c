/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "quarantine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "log.h"

#define ID_DIGITS	16
#define NUMBER_DIGITS	9
#define NUMBER_MAX	999999999u
#define STEP		((size_t)256 << 10)
#define JSON		".json"
#define STAGED		".new"	/* a copy that is not whole yet */
#define FACTS		"\"path\":"	/* the first of what is said of it */
#define TEXT_MAX	((size_t)1 << 20)
#define ACL		"system.posix_acl_access"

struct copy {
	char name[QUARANTINE_NAME_MAX];
	uint64_t size;
	int64_t time;		/* ns: when it was made */
	unsigned int number;
};

/* What is in the folder already. */
struct shelf {
	int fd;			/* borrowed */
	struct copy *copies;
	size_t n, cap;
	unsigned int last;	/* highest number of this run */
};

/* Where a name of ours goes on behind TXN-N; NULL: it is none. */
static const char *
parse_name(const char *name, uint64_t *ret_txn, unsigned int *ret_number)
{
	const char *digits = name + ID_DIGITS + 1;
	size_t n;

	if (strspn(name, "0123456789abcdef") != ID_DIGITS ||
	    name[ID_DIGITS] != '-')
		return NULL;
	n = strspn(digits, "0123456789");
	if (n == 0 || n > NUMBER_DIGITS || digits[0] == '0')
		return NULL;
	*ret_txn = strtoull(name, NULL, 16);
	*ret_number = (unsigned int)strtoul(digits, NULL, 10);
	return digits + n;
}

static int
put_copy(struct shelf *s, const char *name, unsigned int number,
         const struct stat *st)
{
	struct copy *c;

	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 64 : s->cap * 2;
		void *more = realloc(s->copies, cap * sizeof(*s->copies));

		if (more == NULL)
			return -ENOMEM;
		s->copies = more;
		s->cap = cap;
	}
	c = &s->copies[s->n++];
	snprintf(c->name, sizeof(c->name), "%.*s", QUARANTINE_NAME_MAX - 1,
	         name);
	c->size = (uint64_t)st->st_size;
	c->time = (int64_t)st->st_mtim.tv_sec * 1000000000 +
	          st->st_mtim.tv_nsec;
	c->number = number;
	return 0;
}

/* A copy is remembered; what a killed run left half done is removed. What is
 * none of ours stays as it is, and so does anything but a regular file. */
static int
look_at(struct shelf *s, const char *name, uint64_t own)
{
	unsigned int number;
	const char *rest;
	struct stat st;
	uint64_t txn;

	rest = parse_name(name, &txn, &number);
	if (rest == NULL || (*rest != '\0' && strcmp(rest, JSON) != 0 &&
	    strcmp(rest, STAGED) != 0))
		return 0;
	if (txn == own && number > s->last)
		s->last = number;
	if (fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return 0;
	if (*rest == '\0')
		return put_copy(s, name, number, &st);
	if (strcmp(rest, JSON) == 0) {
		char copy[QUARANTINE_NAME_MAX];

		snprintf(copy, sizeof(copy), "%.*s", (int)(rest - name), name);
		if (faccessat(s->fd, copy, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno == ENOENT)
			unlinkat(s->fd, name, 0);
	} else {
		unlinkat(s->fd, name, 0);
	}
	return 0;
}

static int
look_around(struct shelf *s, uint64_t own)
{
	int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	int r = 0;
	DIR *d;

	if (fd < 0)
		return -errno;
	d = fdopendir(fd);
	if (d == NULL) {
		r = -errno;
		close(fd);
		return r;
	}
	while (r == 0 && (e = readdir(d)) != NULL)
		r = look_at(s, e->d_name, own);
	closedir(d);
	return r;
}

static int
by_age(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int
drop(int dirfd, const char *name)
{
	char json[QUARANTINE_NAME_MAX + sizeof(JSON)];

	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	snprintf(json, sizeof(json), "%s" JSON, name);
	unlinkat(dirfd, json, 0);
	return 0;
}

/* What stands there of the file itself, behind run and time. */
static const char *
facts(const struct buf *text)
{
	return text->len == 0 ? NULL :
	       memmem(text->data, text->len, FACTS, strlen(FACTS));
}

/* A copy that tells the same; NULL: there is none. */
static const struct copy *
same_copy(const struct shelf *s, uint64_t size, const struct buf *text)
{
	const struct copy *same = NULL;

	for (size_t i = 0; same == NULL && i < s->n; i++) {
		char json[QUARANTINE_NAME_MAX + sizeof(JSON)];
		const char *now = facts(text), *then;
		struct buf old;

		if (s->copies[i].size != size)
			continue;
		snprintf(json, sizeof(json), "%s" JSON, s->copies[i].name);
		buf_init(&old, TEXT_MAX);
		if (file_read(s->fd, json, &old) == 0) {
			then = facts(&old);
			if (then != NULL && strcmp(then, now) == 0)
				same = &s->copies[i];
		}
		buf_free(&old);
	}
	return same;
}

/* The newest stay for which there is room; no sum here can overflow. */
static int
make_room(struct shelf *s, uint64_t limit, uint64_t size)
{
	uint64_t left = limit - size;
	size_t keep = s->n;
	int r = 0;

	if (s->n > 0)
		qsort(s->copies, s->n, sizeof(*s->copies), by_age);
	while (keep > 0 && s->copies[keep - 1].size <= left)
		left -= s->copies[--keep].size;
	for (size_t i = 0; r == 0 && i < keep; i++)
		r = drop(s->fd, s->copies[i].name);
	return r;
}

static int
copy_piece(int from, int to, char *space, off_t at, off_t end)
{
	while (at < end) {
		size_t want = end - at < (off_t)STEP ? (size_t)(end - at) :
		              STEP;
		ssize_t got = pread(from, space, want, at);
		ssize_t put = 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;	/* it has shrunk */
		while (put < got) {
			ssize_t n = pwrite(to, space + put,
			                   (size_t)(got - put), at + put);

			if (n < 0 && errno != EINTR)
				return -errno;
			if (n == 0)
				return -EIO;
			put += n > 0 ? n : 0;
		}
		at += got;
	}
	return 0;
}

static int
copy_data(int from, int to, off_t size)
{
	char *space;
	off_t at = 0;
	int r = 0;

	if (ioctl(to, FICLONE, from) < 0) {
		space = malloc(STEP);
		if (space == NULL)
			return -ENOMEM;
		while (r == 0 && at < size) {
			off_t data = lseek(from, at, SEEK_DATA), hole = -1;

			if (data < 0 && errno == ENXIO)
				break;		/* a hole up to the end */
			if (data >= 0)
				hole = lseek(from, data, SEEK_HOLE);
			if (data < 0 || hole < 0) {
				data = at;	/* no such seeks here */
				hole = size;
			}
			if (hole > size)
				hole = size;
			r = copy_piece(from, to, space, data, hole);
			at = hole;
		}
		free(space);
	}
	/* It may have grown meanwhile; and there is the hole at the end. */
	return r == 0 && ftruncate(to, size) < 0 ? -errno : r;
}

static int
new_file(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
	                O_CLOEXEC, 0600), r;
	struct stat st;

	if (fd < 0)
		return -errno;
	/* of a folder's default ACL; then whatever the umask took */
	fremovexattr(fd, ACL);
	if ((fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0600) ||
	    fchmod(fd, 0600) == 0)
		return fd;
	r = -errno;
	close(fd);
	unlinkat(dirfd, name, 0);
	return r;
}


static int
describe(const struct quarantine_file *f, const struct stat *st,
         struct buf *out)
{
	char id[ID_DIGITS + 1], when[LOG_TIME_SIZE], mode[8];
	struct json j;
	int r;

	snprintf(id, sizeof(id), "%016" PRIx64, f->txn);
	snprintf(mode, sizeof(mode), "%04o", st->st_mode & 07777u);
	log_time(time(NULL), when);
	json_begin(&j, out);
	json_str(&j, "type", "quarantine");
	json_str(&j, "txn", id);
	json_str(&j, "time", when);
	json_path(&j, "path", f->path);
	if (f->package != NULL)
		json_str(&j, "package", f->package);
	if (f->version != NULL)
		json_str(&j, "version", f->version);
	if (f->expected != NULL)
		json_str(&j, "expected", f->expected);
	if (f->actual != NULL)
		json_str(&j, "actual", f->actual);
	json_num(&j, "size", (long long)st->st_size);
	json_str(&j, "mode", mode);
	json_num(&j, "uid", st->st_uid);
	json_num(&j, "gid", st->st_gid);
	json_num(&j, "mtime", (long long)st->st_mtim.tv_sec * 1000000000 +
	         st->st_mtim.tv_nsec);
	r = json_end(&j);
	return r < 0 ? r : buf_add_char(out, '\n');
}

static int
finish_file(int fd, int r)
{
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0 && errno != EINTR)
		r = -errno;
	return r;
}

/*
 * The copy gets its name when it and its JSON file are durable, so that
 * neither a kill nor a power cut leaves a copy that is not whole or lacks it.
 */
static int
write_both(int dirfd, const char *name, const struct buf *text, int from,
           off_t size)
{
	char json[QUARANTINE_NAME_MAX + sizeof(JSON)];
	char staged[QUARANTINE_NAME_MAX + sizeof(STAGED)];
	int fd, r, copy;

	snprintf(json, sizeof(json), "%s" JSON, name);
	snprintf(staged, sizeof(staged), "%s" STAGED, name);
	fd = new_file(dirfd, json);
	if (fd < 0)
		return fd;
	r = file_write(fd, text->data, text->len);
	copy = r < 0 ? r : new_file(dirfd, staged);
	if (r == 0)
		r = copy < 0 ? copy :
		    finish_file(copy, copy_data(from, copy, size));
	r = finish_file(fd, r);
	if (r == 0 && renameat(dirfd, staged, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		if (copy >= 0)
			unlinkat(dirfd, staged, 0);
		unlinkat(dirfd, json, 0);
		return r;
	}
	/* EINVAL: a file system whose folders need no fsync. */
	return fsync(dirfd) < 0 && errno != EINVAL ? -errno : 0;
}

static int
keep(int dirfd, uint64_t limit, int fd, const struct stat *st,
     const struct quarantine_file *file, char *ret_name)
{
	struct shelf s = { .fd = dirfd };
	const struct copy *same = NULL;
	char name[QUARANTINE_NAME_MAX];
	uint64_t size = (uint64_t)st->st_size;
	struct buf text;
	int r = look_around(&s, file->txn);

	buf_init(&text, TEXT_MAX);
	if (r == 0)
		r = describe(file, st, &text);
	if (r == 0 && file->actual != NULL)
		same = same_copy(&s, size, &text);
	if (same != NULL) {
		memcpy(name, same->name, sizeof(name));
	} else {
		if (r == 0 && s.last == NUMBER_MAX)
			r = ERR_LIMIT;
		if (r == 0)
			r = make_room(&s, limit, size);
		snprintf(name, sizeof(name), "%016" PRIx64 "-%u", file->txn,
		         s.last + 1);
		if (r == 0)
			r = write_both(dirfd, name, &text, fd, st->st_size);
	}
	if (r == 0)
		memcpy(ret_name, name, sizeof(name));
	buf_free(&text);
	free(s.copies);
	return r;
}

int
quarantine_keep(int quarantine_dirfd, uint64_t limit, int fd,
                const struct quarantine_file *file,
                char ret_name[QUARANTINE_NAME_MAX])
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return ERR_NOT_REGULAR;
	if ((uint64_t)st.st_size > limit)
		return ERR_LIMIT;
	/* Programs within one run may come here at the same time. */
	while (flock(quarantine_dirfd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	r = keep(quarantine_dirfd, limit, fd, &st, file, ret_name);
	flock(quarantine_dirfd, LOCK_UN);
	return r;
}
