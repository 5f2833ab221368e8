/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "conf_priv.h"
#include "file.h"

#define CONF_NAME	"dpkg-immutable.conf"
#define CONF_DIR	"dpkg-immutable.conf.d"
#define CONF_MAX_FILE	((size_t)1 << 20)
#define CONF_MAX_FILES	1024

/*
 * A folder that others can write to lets them put a file of root's in place
 * of another, so folders are held to the same rule as files.
 */
static int
check_trusted(int fd, mode_t type, const char *name, struct diag *diag)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != type)
		return diag_set(diag, ERR_UNSAFE, name, 0, "not a %s",
		                type == S_IFDIR ? "folder" : "regular file");
	if (st.st_uid != 0)
		return diag_set(diag, ERR_UNSAFE, name, 0,
		                "does not belong to root");
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return diag_set(diag, ERR_UNSAFE, name, 0,
		                "is writable by others than root");
	return 0;
}

static int
open_failed(int err, const char *name, struct diag *diag)
{
	/* ENOTDIR is what a symlink gives where a folder is asked for. */
	if (err == ELOOP || err == ENOTDIR)
		return diag_set(diag, ERR_UNSAFE, name, 0,
		                "a symbolic link or no folder");
	return diag_set(diag, -err, name, 0, "%s", err_text(-err));
}

static int
open_folder(int dirfd, const char *part, const char *name, int *ret_fd,
            struct diag *diag)
{
	int fd = openat(dirfd, part,
	                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int err;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT :
		    open_failed(errno, name, diag);
	err = check_trusted(fd, S_IFDIR, name, diag);
	if (err < 0)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}

static int
load_file(struct conf_loader *l, int dirfd, const char *part, const char *name,
          int follow)
{
	struct buf text;
	int err, fd;

	buf_init(&text, CONF_MAX_FILE);
	fd = openat(dirfd, part, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
	            (follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return open_failed(errno, name, l->diag);
	err = check_trusted(fd, S_IFREG, name, l->diag);
	if (err == 0) {
		err = file_read_fd(fd, &text);
		if (err < 0)
			diag_set(l->diag, err, name, 0, "%s", err_text(err));
	}
	if (err == 0)
		err = conf_loader_text(l, name, text.data, text.len);
	buf_free(&text);
	close(fd);
	return err;
}

/* scandir(3)'s filter */
static int
is_conf_name(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 5 &&
	    strcmp(entry->d_name + n - 5, ".conf") == 0;
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
load_folder(struct conf_loader *l, int etc_fd)
{
	struct dirent **entries = NULL;
	char name[sizeof("/etc/" CONF_DIR "/") + NAME_MAX];
	int err, fd, n = 0;

	err = open_folder(etc_fd, CONF_DIR, "/etc/" CONF_DIR, &fd, l->diag);
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	n = scandirat(fd, ".", &entries, is_conf_name, by_bytes);
	if (n < 0)
		err = diag_set(l->diag, -errno, "/etc/" CONF_DIR, 0,
		               "cannot be listed");
	else if (n > CONF_MAX_FILES)
		err = diag_set(l->diag, ERR_LIMIT, "/etc/" CONF_DIR, 0,
		               "too many files");
	for (int i = 0; i < n; i++) {
		if (err == 0) {
			snprintf(name, sizeof(name), "/etc/%s/%s", CONF_DIR,
			         entries[i]->d_name);
			err = load_file(l, fd, entries[i]->d_name, name, 0);
		}
		free(entries[i]);
	}
	free(entries);
	close(fd);
	return err;
}

static int
load_etc(struct conf_loader *l, int root_fd)
{
	int err, etc_fd;

	err = open_folder(root_fd, "etc", "/etc", &etc_fd, l->diag);
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	err = load_file(l, etc_fd, CONF_NAME, "/etc/" CONF_NAME, 0);
	if (err == -ENOENT)
		err = 0;
	if (err == 0)
		err = load_folder(l, etc_fd);
	close(etc_fd);
	return err;
}

int
conf_load(int root_fd, bool guest, const char *file, struct conf **ret,
          struct diag *diag)
{
	struct conf_loader l;
	int err = conf_loader_begin(&l, diag);

	/* The admin named this file, so a link to it is the admin's as well. */
	if (err == 0 && file != NULL)
		err = load_file(&l, AT_FDCWD, file, file, 1);
	else if (err == 0)
		err = load_etc(&l, root_fd);
	if (err == 0 && guest) {
		struct conf *defaults = conf_defaults();

		if (defaults == NULL) {
			err = -ENOMEM;
		} else {
			l.c->jobs = defaults->jobs;
			l.c->quarantine_limit = defaults->quarantine_limit;
			l.c->log = defaults->log;
			l.c->sign_key = NULL;
			if (l.c->mounts == CONF_MOUNTS_REMOUNT)
				l.c->mounts = defaults->mounts;
			conf_free(defaults);
		}
	}
	return conf_loader_end(&l, err, ret);
}
