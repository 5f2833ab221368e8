/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Shows what our reader makes of a dpkg database, for tests that compare it
 * with dpkg's own tools: show_db ADMINDIR packages|paths|md5sums|time, or
 * show_db compare, which reads pairs of versions and writes <, = or >.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dpkgdb.h"
#include "relation.h"

static const char *
want_name(enum pkg_want want)
{
	static const char *const names[] = {
		"unknown", "install", "hold", "deinstall", "purge"
	};

	return names[want];
}

/* NAME ARCH VERSION STATE WANT */
static int
show_packages(struct dpkgdb *db, struct diag *diag)
{
	(void)diag;
	for (size_t i = 0; i < db->n_packages; i++) {
		const struct package *p = &db->packages[i];

		if (p->state != PKG_NOT_INSTALLED)
			printf("%s %s %s %s %s\n", p->name, p->arch,
			       p->version, pkg_state_name(p->state),
			       want_name(p->want));
	}
	return 0;
}

/* NAME:ARCH, path as listed, path where it lies */
static int
show_paths(struct dpkgdb *db, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < db->n_packages && err == 0; i++) {
		struct package *p = &db->packages[i];

		err = dpkgdb_load_list(db, p, diag);
		for (size_t j = 0; j < p->n_paths && err == 0; j++)
			printf("%s:%s\t%s\t%s\n", p->name, p->arch,
			       p->paths[j], dpkgdb_real(db, p, p->paths[j]));
	}
	return err;
}

/* NAME:ARCH, MD5, path without the slash in front */
static int
show_md5s(struct dpkgdb *db, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < db->n_packages && err == 0; i++) {
		struct package *p = &db->packages[i];

		err = dpkgdb_load_md5s(db, p, diag);
		for (size_t j = 0; j < p->n_md5s && err == 0; j++) {
			printf("%s:%s\t", p->name, p->arch);
			for (size_t k = 0; k < 16; k++)
				printf("%02x", p->md5s[j].md5[k]);
			printf("  %s\n", p->md5s[j].path + 1);
		}
	}
	return err;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What loading took since `start`, then lists and md5sums, in ms. */
static int
show_time(struct dpkgdb *db, double start, struct diag *diag)
{
	double loaded = now(), lists, md5s;
	size_t paths = 0;
	int err = 0;

	for (size_t i = 0; i < db->n_packages && err == 0; i++)
		err = dpkgdb_load_list(db, &db->packages[i], diag);
	lists = now();
	for (size_t i = 0; i < db->n_packages && err == 0; i++) {
		err = dpkgdb_load_md5s(db, &db->packages[i], diag);
		paths += db->packages[i].n_paths;
	}
	md5s = now();
	printf("packages %zu paths %zu load %.2f lists %.2f md5sums %.2f ms\n",
	       db->n_packages, paths, loaded - start, lists - loaded,
	       md5s - lists);
	return err;
}

static int
show_compare(void)
{
	char a[256], b[256];

	while (scanf("%255s %255s", a, b) == 2) {
		int c = version_compare(a, b);

		printf("%s %c %s\n", a, c < 0 ? '<' : c > 0 ? '>' : '=', b);
	}
	return 0;
}

static int
run(int fd, const char *what, struct diag *diag)
{
	double start = now();
	struct dpkgdb *db;
	int err;

	err = dpkgdb_load(fd, &db, diag);
	if (err < 0)
		return err;
	if (strcmp(what, "packages") == 0)
		err = show_packages(db, diag);
	else if (strcmp(what, "paths") == 0)
		err = show_paths(db, diag);
	else if (strcmp(what, "md5sums") == 0)
		err = show_md5s(db, diag);
	else
		err = show_time(db, start, diag);
	dpkgdb_free(db);
	return err;
}

int
main(int argc, char **argv)
{
	struct diag diag = { .what = "" };
	char text[600] = "";
	int fd, err;

	if (argc == 2 && strcmp(argv[1], "compare") == 0)
		return show_compare();
	if (argc != 3)
		return 2;
	fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	err = run(fd, argv[2], &diag);
	close(fd);
	if (err < 0) {
		diag_text(&diag, text, sizeof(text));
		fprintf(stderr, "show_db: %s (%s)\n", text, err_text(err));
		return 1;
	}
	return 0;
}
