/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "lines.h"
#include "root.h"
#include "setup_priv.h"
#include "vis.h"

#define OLDS 100

static int
fail(const char *path, int err, struct diag *diag)
{
	return diag_set(diag, err, path, 0, err == -EROFS ?
	                "%s: systemctl stop " SETUP_SERVICE
	                " opens it (mount -o remount,bind,rw /usr)" : "%s",
	                err_text(err));
}

/* The folder of path, made if only its last part is missing. */
static int
open_folder(struct session *s, const char *path, int *ret_fd)
{
	char folder[PATH_MAX], *slash;
	int fd, r;

	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	r = root_open_dir(s->root, folder, ret_fd);
	if (r != -ENOENT)
		return r;
	slash = strrchr(folder, '/');
	*slash = '\0';
	r = root_open_dir(s->root, folder, &fd);
	if (r < 0)
		return r;
	r = file_mkdir(fd, slash + 1, 0755);
	if (r == 0 && fsync(fd) < 0 && errno != EINVAL)
		r = -errno;
	if (r == 0) {
		*ret_fd = openat(fd, slash + 1, O_RDONLY | O_DIRECTORY |
		                 O_NOFOLLOW | O_CLOEXEC);
		r = *ret_fd < 0 ? -errno : 0;
	}
	close(fd);
	return r;
}

/* Gives what is there a second name, which nothing else has. */
static int
keep_old(struct setup *p, int dirfd, struct setup_file *file)
{
	const char *name = strrchr(file->path, '/') + 1;
	char old[NAME_MAX + 1], path[PATH_MAX];
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < OLDS; i++) {
		if (i == 0)
			snprintf(old, sizeof(old), "%s.dpkg-immutable-old",
			         name);
		else
			snprintf(old, sizeof(old), "%s.dpkg-immutable-old.%d",
			         name, i);
		r = linkat(dirfd, name, dirfd, old, 0) < 0 ? -errno : 0;
	}
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%.*s%s", (int)(name - file->path),
	         file->path, old);
	file->old = arena_strdup(p->arena, path);
	return file->old == NULL ? -ENOMEM : 0;
}

/*
 * Somebody else's NAME.new is not ours to write over, as file_replace does.
 * What a call that was killed has left there is how our own text begins.
 */
static int
check_room(int dirfd, const char *name, const struct setup_file *file)
{
	char temporary[NAME_MAX + 1];
	struct buf text;
	int r;

	snprintf(temporary, sizeof(temporary), "%s.new", name);
	buf_init(&text, FSTAB_MAX);
	r = file_read(dirfd, temporary, &text);
	if (r == -ENOENT)
		r = 0;
	else if (r != 0 || text.len > file->len || (text.len > 0 &&
	         memcmp(text.data, file->text, text.len) != 0))
		r = -EEXIST;
	buf_free(&text);
	return r;
}

static int
write_file(struct setup *p, int dirfd, struct setup_file *file)
{
	const char *name = strrchr(file->path, '/') + 1;
	struct stat st = { .st_mode = 0644 };
	int r = check_room(dirfd, name, file);

	if (r == 0 && file->state == SETUP_CHANGED) {
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		r = keep_old(p, dirfd, file);
	}
	return r < 0 ? r : file_replace(dirfd, name, file->text, file->len,
	                                st.st_mode & 07777, FILE_DURABLE);
}

static int
write_link(int dirfd, const struct setup_file *file)
{
	const char *name = strrchr(file->path, '/') + 1;

	if (symlinkat(file->link, dirfd, name) < 0)
		return -errno;
	return fsync(dirfd) < 0 && errno != EINVAL ? -errno : 0;
}

int
setup_apply(struct session *s, struct setup *p, struct diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_files; i++) {
		struct setup_file *file = &p->files[i];
		int fd;

		if (file->state == SETUP_SAME)
			continue;
		r = open_folder(s, file->path, &fd);
		if (r < 0)
			return fail(file->path, r, diag);
		r = file->link != NULL ? write_link(fd, file) :
		    write_file(p, fd, file);
		close(fd);
		if (r < 0)
			return r == -EEXIST ?
			    diag_set(diag, r, file->path, 0, "%s.new beside "
			             "it is in the way", file->path) :
			    fail(file->path, r, diag);
	}
	return 0;
}

static int
tell_lines(struct buf *out, const char *text, size_t len, const char *sign)
{
	struct lines walk;
	const char *at;
	size_t n;
	int r = 0;

	lines_init(&walk, text, len);
	while (r == 0 && lines_next(&walk, &at, &n))
		r = buf_addf(out, "    %s%.*s\n", sign, (int)n, at);
	return r;
}

static int
tell_file(struct buf *out, const struct setup_file *file, bool done)
{
	int r;

	if (file->state == SETUP_SAME)
		return buf_addf(out, "%s: as it should be\n", file->path);
	r = buf_addf(out, "%s%s%s: %s%s", file->path,
	             file->link != NULL ? " -> " : "",
	             file->link != NULL ? file->link : "",
	             file->state == SETUP_CHANGED ? "changed" : "new",
	             done ? ", written" : "");
	if (r == 0 && file->old != NULL)
		r = buf_addf(out, "; the old one is %s", file->old);
	if (r == 0)
		r = buf_add_char(out, '\n');
	if (r < 0 || file->link != NULL)
		return r;
	return file->changes != NULL ?
	    tell_lines(out, file->changes, strlen(file->changes), "") :
	    tell_lines(out, file->text, file->len, "+ ");
}

/* A package's path may drive a terminal. */
static int
tell_name(struct buf *out, const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > 0x7e)
			return vis_add(out, name);
	return buf_add_str(out, name);
}

static int
tell_notes(struct buf *out, const struct setup *p)
{
	int r = p->n_notes == 0 ? 0 :
	    buf_add_str(out, "\nTo be known:\n");

	for (size_t i = 0; r == 0 && i < p->n_notes; i++) {
		const struct setup_note *n = &p->notes[i];

		r = buf_add_str(out, "    ");
		if (r == 0)
			r = tell_name(out, n->path);
		if (r == 0)
			r = n->package != NULL ?
			    buf_addf(out, " (%s): %s\n", n->package,
			             n->text) :
			    buf_addf(out, ": %s\n", n->text);
	}
	return r;
}

int
setup_text(const struct setup *p, bool done, bool quiet, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_files; i++)
		r = tell_file(out, &p->files[i], done);
	if (r == 0)
		r = tell_notes(out, p);
	if (r < 0 || quiet)
		return r;
	if (setup_due(p) == 0)
		return buf_add_str(out, "\nNothing is to be written.\n");
	return buf_add_str(out, done ?
	    "\nIn force from the next boot on.\n" :
	    "\nNothing was changed; --apply writes this.\n");
}
