/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "cmdplaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmdtable.h"

#define ADMINDIR "/var/lib/dpkg"

const char *
cmdplaces_env(char *const *envp, const char *name)
{
	size_t n = strlen(name);

	for (; envp && *envp; envp++)
		if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
			return *envp + n + 1;
	return NULL;
}

/* Without the slashes and "/." at its end, so that "/" becomes "". */
static char *
place_dup(const char *dir)
{
	size_t n = strlen(dir);

	for (;;) {
		if (n > 0 && dir[n - 1] == '/')
			n--;
		else if (n > 1 && dir[n - 1] == '.' && dir[n - 2] == '/')
			n--;
		else
			break;
	}
	return strndup(dir, n);
}

static char *
admindir_below(const char *instdir)
{
	size_t n = strlen(instdir);
	char *dir = malloc(n + sizeof(ADMINDIR));

	if (dir) {
		memcpy(dir, instdir, n);
		memcpy(dir + n, ADMINDIR, sizeof(ADMINDIR));
	}
	return dir;
}

static char *
admindir_default(const struct cmd_places *p)
{
	return p->env_admindir ? strdup(p->env_admindir) :
	                         admindir_below(p->instdir);
}

/* Puts a fresh string in place of the old one. */
static int
place_take(char **place, char *fresh)
{
	if (!fresh)
		return -ENOMEM;
	free(*place);
	*place = fresh;
	return 0;
}

int
cmdplaces_begin(struct cmd_places *ret, char *const *envp)
{
	const char *root = cmdplaces_env(envp, "DPKG_ROOT");
	char *instdir = place_dup(root ? root : "");

	if (!instdir)
		return -ENOMEM;
	ret->env_admindir = cmdplaces_env(envp, "DPKG_ADMINDIR");
	ret->instdir = instdir;
	ret->admindir = NULL;
	return 0;
}

int
cmdplaces_apply(struct cmd_places *p, int effect, const char *value)
{
	int r = 0;

	if (effect == CMD_DO_ADMINDIR)
		return place_take(&p->admindir, strdup(value));
	/* --instdir alone leaves the database where it was until then. */
	if (effect == CMD_DO_INSTDIR && !p->admindir)
		r = place_take(&p->admindir, admindir_default(p));
	if (r == 0)
		r = place_take(&p->instdir, place_dup(value));
	if (r == 0 && effect == CMD_DO_ROOT)
		r = place_take(&p->admindir, admindir_below(p->instdir));
	return r;
}

int
cmdplaces_keep(struct cmd_places *p, size_t front, char **ret_storage,
               const char **ret_instdir, const char **ret_admindir)
{
	size_t inst_size, admin_size;
	char *storage;
	int r;

	if (!p->admindir) {
		r = place_take(&p->admindir, admindir_default(p));
		if (r)
			return r;
	}
	inst_size = strlen(p->instdir) + 1;
	admin_size = strlen(p->admindir) + 1;
	storage = malloc(front + inst_size + admin_size);
	if (!storage)
		return -ENOMEM;
	memcpy(storage + front, p->instdir, inst_size);
	memcpy(storage + front + inst_size, p->admindir, admin_size);
	*ret_storage = storage;
	*ret_instdir = storage + front;
	*ret_admindir = storage + front + inst_size;
	return 0;
}

void
cmdplaces_free(struct cmd_places *p)
{
	free(p->instdir);
	free(p->admindir);
	memset(p, 0, sizeof(*p));
}
