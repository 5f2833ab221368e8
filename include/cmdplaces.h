/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CMDPLACES_H
#define DI_CMDPLACES_H

#include <stddef.h>

/*
 * Which root and which database a call of dpkg or of its companions works
 * on: DPKG_ROOT, DPKG_ADMINDIR, then --root, --instdir and --admindir in
 * their order.
 */
struct cmd_places {
	const char *env_admindir;
	char *instdir;
	char *admindir;	/* NULL: still follows instdir and environment */
};

/* The value of a variable, NULL where it is not set. */
const char *cmdplaces_env(char *const *envp, const char *name);

/* 0 or -ENOMEM, as all below. Ended by cmdplaces_free. */
int cmdplaces_begin(struct cmd_places *ret, char *const *envp);
/* effect: CMD_DO_ROOT, CMD_DO_INSTDIR or CMD_DO_ADMINDIR. */
int cmdplaces_apply(struct cmd_places *p, int effect, const char *value);
/*
 * Both places in one piece of memory, which the caller frees; its first
 * front bytes are left for the caller's own use.
 */
int cmdplaces_keep(struct cmd_places *p, size_t front, char **ret_storage,
                   const char **ret_instdir, const char **ret_admindir);
void cmdplaces_free(struct cmd_places *p);

#endif
