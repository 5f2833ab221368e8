/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "self.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dpkgdb.h"
#include "due.h"
#include "err.h"
#include "lines.h"
#include "real.h"
#include "seal.h"
#include "syncset.h"

#define DIVERT_SCRIPT "/usr/sbin/dpkg-immutable-divert"

const char *const self_paths[SELF_COUNT] = {
	"/usr/bin/dpkg",
	"/usr/bin/dpkg-divert",
	"/usr/bin/dpkg-statoverride",
	SELF_SHIM,
	SELF_ENGINE,
	DIVERT_SCRIPT,
	"/usr/sbin/dpkg-reconfigure"
};

/* Where the real programs are while ours stand in front of them. */
static const char *const real_paths[] = {
	"/usr/bin/dpkg.distrib",
	"/usr/bin/dpkg-divert.distrib",
	"/usr/bin/dpkg-statoverride.distrib",
	"/usr/sbin/dpkg-reconfigure.distrib"
};

bool
self_is(const char *path)
{
	for (size_t i = 0; i < SELF_COUNT; i++)
		if (strcmp(self_paths[i], path) == 0)
			return true;
	return false;
}

bool
self_is_shim(size_t i)
{
	return strncmp(self_paths[i], "/usr/bin/dpkg", 13) == 0 ||
	       strcmp(self_paths[i], "/usr/sbin/dpkg-reconfigure") == 0;
}

int
self_open(struct root *r, const char *path, int *ret_fd,
          struct node *ret_node)
{
	struct node node;
	int fd, ours, e = root_open(r, path, &fd, &node);

	if (e == ERR_NOT_REGULAR || e == -ENOTDIR || e == -ELOOP)
		return -ENOENT;
	if (e < 0)
		return e;
	ours = strcmp(path, DIVERT_SCRIPT) == 0 ? 1 : real_is_ours(fd);
	if (ours <= 0) {
		close(fd);
		return ours < 0 ? ours : -ENOENT;
	}
	*ret_fd = fd;
	*ret_node = node;
	return 0;
}

/* -ENOENT: there is none of ours. */
static int
change_one(struct root *r, const char *path, unsigned int value,
           struct due *d, struct syncset *sync)
{
	struct node node;
	int fd, e = self_open(r, path, &fd, &node);

	if (e < 0)
		return e;
	e = iflag_set(fd, value, IFLAG_IMMUTABLE, NULL);
	if (e > 0)
		syncset_touch(sync, fd, &node, due_fskind(d, path, &node));
	close(fd);
	return e;
}

void
self_change(struct root *r, struct due *d, unsigned int value,
            struct syncset *sync, struct tally *tally)
{
	for (size_t i = 0; i < SELF_COUNT; i++) {
		int e = change_one(r, self_paths[i], value, d, sync);

		if (e > 0) {
			tally->closed += value != 0;
			tally->cleared += value == 0;
		} else if (e < 0 && e != -ENOENT && e != ERR_UNSUPPORTED) {
			tally->failed++;
			if (tally->first_error == 0) {
				tally->first_path = self_paths[i];
				tally->first_error = e;
			}
		}
	}
}

static bool
has_line(const char *text, size_t n, const char *want)
{
	size_t len = strlen(want), got;
	struct lines l;
	const char *line;

	lines_init(&l, text, n);
	while (lines_next(&l, &line, &got))
		if (got == len && memcmp(line, want, len) == 0)
			return true;
	return false;
}

size_t
self_noted(const char *text, size_t n, const char *ret[SELF_NOTED])
{
	size_t count = 0;

	for (size_t i = 0; i < SELF_COUNT; i++)
		if (has_line(text, n, self_paths[i]))
			ret[count++] = self_paths[i];
	for (size_t i = 0; i < sizeof(real_paths) / sizeof(*real_paths); i++)
		if (has_line(text, n, real_paths[i]))
			ret[count++] = real_paths[i];
	return count;
}

bool
self_is_diverted(const struct dpkgdb *db, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < db->n_diversions; i++) {
		const struct diversion *d = &db->diversions[i];

		if (strcmp(d->from, path) == 0 &&
		    strncmp(d->to, path, n) == 0 &&
		    strcmp(d->to + n, ".distrib") == 0)
			return true;
	}
	return false;
}
