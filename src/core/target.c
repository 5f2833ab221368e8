/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "target.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
targets_init(struct targets *t, char *const *words, size_t n)
{
	memset(t, 0, sizeof(*t));
	t->words = words;
	t->n = n;
	t->used = calloc(n + 1, sizeof(*t->used));
	for (size_t i = 0; i < n; i++)
		t->paths |= words[i][0] == '/';
	return t->used == NULL ? -ENOMEM : 0;
}

static const char *const aliases[] = {
	"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libo32", "/libx32"
};
#define N_ALIASES (sizeof(aliases) / sizeof(aliases[0]))

void
targets_merge(struct targets *t, struct root *root)
{
	char inside[16];
	int r;

	for (size_t i = 0; t->paths && i < N_ALIASES; i++) {
		const char *folder;

		snprintf(inside, sizeof(inside), "%s/x", aliases[i]);
		folder = root_folder(root, inside, &r);
		if (folder != NULL && strncmp(folder, "/usr", 4) == 0 &&
		    strcmp(folder + 4, aliases[i]) == 0)
			t->merged |= 1u << i;
	}
}

void
targets_free(struct targets *t)
{
	free(t->used);
	t->used = NULL;
}

bool
target_names(const char *word, const struct package *p)
{
	char both[1024];

	if (fnmatch(word, p->name, 0) == 0 || strcmp(word, p->key) == 0)
		return true;
	snprintf(both, sizeof(both), "%s:%s", p->name, p->arch);
	return fnmatch(word, both, 0) == 0;
}

/* Marks every word that names the package. */
static bool
named(struct targets *t, const struct package *p)
{
	bool any = false;

	for (size_t i = 0; i < t->n; i++)
		if (t->words[i][0] != '/' && target_names(t->words[i], p)) {
			t->used[i] = true;
			any = true;
		}
	return any;
}

bool
targets_package(struct targets *t, const struct package *p)
{
	return t->n == 0 || named(t, p) || t->paths;
}

static bool
below(const char *word, const char *path)
{
	size_t n = strlen(word);

	while (n > 0 && word[n - 1] == '/')
		n--;
	return strncmp(word, path, n) == 0 &&
	       (path[n] == '\0' || path[n] == '/');
}

/* Is it in, or itself, a folder that is merged, by its name without /usr? */
static bool
in_alias(const struct targets *t, const char *path)
{
	for (size_t i = 0; t->merged != 0 && i < N_ALIASES; i++) {
		size_t n = strlen(aliases[i]);

		if ((t->merged & 1u << i) &&
		    strncmp(path, aliases[i], n) == 0 &&
		    (path[n] == '\0' || path[n] == '/'))
			return true;
	}
	return false;
}

/* The shorter of the two names that a place in a merged /usr has. */
static const char *
shorter(const struct targets *t, const char *path)
{
	return strncmp(path, "/usr/", 5) == 0 && in_alias(t, path + 4) ?
	       path + 4 : path;
}

static bool
means(const struct targets *t, const char *word, const char *path)
{
	if (below(word, path))
		return true;
	return t->merged != 0 && (below(shorter(t, word), shorter(t, path)) ||
	       (in_alias(t, path) && below(word, "/usr")));
}

bool
targets_path(struct targets *t, const struct package *p, const char *listed,
             const char *real)
{
	bool any = t->n == 0 || (p != NULL && named(t, p));

	for (size_t i = 0; t->paths && i < t->n; i++)
		if (t->words[i][0] == '/' && (means(t, t->words[i], listed) ||
		    means(t, t->words[i], real))) {
			t->used[i] = true;
			any = true;
		}
	return any;
}

int
targets_check(const struct targets *t, struct diag *diag)
{
	for (size_t i = 0; i < t->n; i++)
		if (!t->used[i])
			return diag_set(diag, -ENOENT, NULL, 0,
			                t->words[i][0] == '/' ?
			                "no package has a file %s" :
			                "no package is named %s",
			                t->words[i]);
	return 0;
}
