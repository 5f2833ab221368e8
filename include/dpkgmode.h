/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_DPKGMODE_H
#define DI_DPKGMODE_H

/*
 * The engine in dpkg's place: argv is dpkg's, and goes to the real dpkg as it
 * is. What cannot touch a protected file becomes the real program by execve;
 * else it is run protected. Returns the exit status, or does not return: the
 * process ends as dpkg ended, by its signal too.
 */
int dpkgmode_main(int argc, char *const *argv, char *const *envp);

/*
 * Becomes the real program behind the name in argv[0]. Only returns, with an
 * exit status, where that cannot be.
 */
int dpkgmode_become(char *const *argv, char *const *envp);

#endif
