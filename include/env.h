/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ENV_H
#define DI_ENV_H

#include <stddef.h>

/* The value of NAME in an environment; NULL: it is not there. */
const char *env_get(char *const *envp, const char *name);

/*
 * The environment with one entry more ("NAME=VALUE", borrowed): an array to be
 * freed whose strings are the old one's. NULL: no memory.
 */
char **env_with(char *const *envp, const char *entry);

/* Takes out of an environment, where it lies, all but those of the names. */
void env_only(char **envp, const char *const *names, size_t n);

#endif
