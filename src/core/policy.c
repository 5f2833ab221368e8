/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <fnmatch.h>
#include <limits.h>
#include <string.h>

#include "policy.h"

/* Where a running system changes, or where no package's files belong. */
static const char *const trees[] = {
	"/etc", "/var", "/run", "/srv", "/home", "/root", "/tmp", "/media",
	"/mnt", "/proc", "/sys", "/dev",
};

static bool
in_default_tree(const char *path)
{
	/* most of what there is; none of the trees */
	if (strncmp(path, "/usr/", 5) == 0)
		return false;
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		size_t n = strlen(trees[i]);

		if (strncmp(path, trees[i], n) == 0 &&
		    (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return false;
}

/*
 * The path itself, then each folder above it, up to "/": a match on a folder
 * covers its tree. The text is cut and put together again on the way.
 */
static bool
glob_covers(const char *pattern, char *path)
{
	bool match = fnmatch(pattern, path, 0) == 0;
	size_t n = strlen(path);
	size_t at = n;

	while (!match && at > 0) {
		if (path[--at] != '/')
			continue;
		if (at > 0)
			path[at] = '\0';
		match = fnmatch(pattern, at > 0 ? path : "/", 0) == 0;
	}
	for (; at < n; at++)
		if (path[at] == '\0')
			path[at] = '/';
	return match;
}

/* The second name of a path; empty where it is the listed one. */
static bool
resolved_name(const char *listed, const char *folder, char *name, size_t size)
{
	const char *base = strrchr(listed, '/');
	size_t n, m;

	name[0] = '\0';
	if (folder == NULL || base == NULL)
		return true;
	n = strlen(folder);
	m = strlen(base);
	if (n + m >= size)
		return false;
	if (strncmp(listed, folder, n) == 0 && listed + n == base)
		return true;
	memcpy(name, folder, n);
	memcpy(name + n, base, m + 1);
	return true;
}

enum exempt
policy_path(const struct conf *c, const char *listed, const char *folder)
{
	char name[PATH_MAX], resolved[PATH_MAX];
	size_t n = strlen(listed);

	/* No system call takes such a name: it can be no file of ours. */
	if (n >= sizeof(name) ||
	    !resolved_name(listed, folder, resolved, sizeof(resolved)))
		return EXEMPT_TYPE;
	if (c->n_globs > 0)
		memcpy(name, listed, n + 1);
	for (size_t i = c->n_globs; i > 0; i--) {
		const struct conf_glob *glob = &c->globs[i - 1];

		if (glob_covers(glob->pattern, name) ||
		    (resolved[0] != '\0' &&
		     glob_covers(glob->pattern, resolved)))
			return glob->protect ? EXEMPT_NO : EXEMPT_GLOB;
	}
	if (in_default_tree(listed) || in_default_tree(resolved))
		return EXEMPT_TREE;
	return EXEMPT_NO;
}

enum exempt
policy_package(const struct conf *c, const char *package)
{
	for (size_t i = 0; i < c->n_exempt_packages; i++)
		if (fnmatch(c->exempt_packages[i], package, 0) == 0)
			return EXEMPT_PACKAGE;
	return EXEMPT_NO;
}

const char *
exempt_name(enum exempt e)
{
	switch (e) {
	case EXEMPT_NO:
		return "no";
	case EXEMPT_TREE:
		return "tree";
	case EXEMPT_GLOB:
		return "glob";
	case EXEMPT_PACKAGE:
		return "package";
	case EXEMPT_CONFFILE:
		return "conffile";
	case EXEMPT_TYPE:
		return "type";
	}
	return "unknown";
}
