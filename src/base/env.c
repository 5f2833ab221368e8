/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "env.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *
env_get(char *const *envp, const char *name)
{
	size_t n = strlen(name);

	for (; envp != NULL && *envp != NULL; envp++)
		if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
			return *envp + n + 1;
	return NULL;
}

char **
env_with(char *const *envp, const char *entry)
{
	size_t n = 0;
	char **copy;

	while (envp[n] != NULL)
		n++;
	copy = calloc(n + 2, sizeof(*copy));
	if (copy == NULL)
		return NULL;
	memcpy(copy, envp, n * sizeof(*copy));
	copy[n] = (char *)entry;
	return copy;
}

void
env_only(char **envp, const char *const *names, size_t n)
{
	char **to = envp;

	for (; *envp != NULL; envp++) {
		size_t len = strcspn(*envp, "=");
		bool keep = false;

		for (size_t i = 0; !keep && i < n; i++)
			keep = strncmp(*envp, names[i], len) == 0 &&
			       names[i][len] == '\0';
		if (keep)
			*to++ = *envp;
	}
	*to = NULL;
}
