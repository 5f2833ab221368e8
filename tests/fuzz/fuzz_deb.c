/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * A .deb, read as core/archive.c does it without dpkg-deb, and dpkg-split's
 * parts. First a byte that chooses: an archive as it stands; a tar that is
 * wrapped as its control part; parts with separators between them.
 *
 * Reaches: edges:320 debar_control:12 tar_next:18 archive_control:10
 * Reaches: archive_conffiles:10 archive_md5sums:16 archive_join:14
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive_control.h"
#include "archive_split.h"
#include "arena.h"
#include "debar.h"
#include "fuzz.h"
#include "tar.h"

#define PARTS_MAX 4
#define BODY_MAX ((size_t)1 << 20)

static void
take_file(struct archive *a, const char *name, const struct buf *text)
{
	if (strcmp(name, "/control") == 0)
		archive_control(a, text, NULL);
	else if (strcmp(name, "/conffiles") == 0)
		archive_conffiles(a, text, NULL);
	else if (strcmp(name, "/md5sums") == 0)
		archive_md5sums(a, text);
}

static void
read_members(struct tar *t, struct archive *a)
{
	struct diag diag = { .what = "" };
	struct tar_member m;
	struct buf text;
	int r;

	buf_init(&text, BODY_MAX);
	while ((r = tar_next(t, &m, &diag)) > 0) {
		FUZZ_CHECK(m.name[0] == '/');
		if (m.type != TAR_FILE)
			continue;
		buf_clear(&text);
		r = tar_body(t, &text, &diag);
		if (r < 0)
			break;
		FUZZ_CHECK(text.len == m.size);
		take_file(a, m.name, &text);
	}
	FUZZ_CHECK(r == 0 || diag.what[0] != '\0');
	buf_free(&text);
}

static void
read_deb(int fd)
{
	struct archive a = { .file = "x.deb", .arena = arena_new() };
	int tar_fd, r = debar_control(fd, &tar_fd);
	struct tar *t;
	struct stat st;

	FUZZ_CHECK(a.arena != NULL);
	FUZZ_CHECK(r == 0 || r == ERR_FORMAT || r == ERR_LIMIT ||
	           r == ERR_UNSUPPORTED);
	if (r == 0) {
		FUZZ_CHECK(fstat(tar_fd, &st) == 0);
		FUZZ_CHECK((unsigned long)st.st_size <= DEBAR_MAX);
		FUZZ_CHECK(lseek(tar_fd, 0, SEEK_CUR) == 0);
		FUZZ_CHECK(tar_new(tar_fd, &t) == 0);
		read_members(t, &a);
		tar_free(t);
		close(tar_fd);
	}
	arena_free(a.arena);
}

static void
plain(const struct fuzz *f)
{
	int fd = fuzz_memfd(f->at, f->left);

	read_deb(fd);
	close(fd);
}

static void
wrapped(const struct fuzz *f)
{
	struct buf b;
	int fd;

	buf_init(&b, 0);
	buf_addf(&b, "!<arch>\n%-16s%-12d%-6d%-6d%-8d%-10d`\n2.0\n",
	         "debian-binary", 0, 0, 0, 100644, 4);
	buf_addf(&b, "%-16s%-12d%-6d%-6d%-8d%-10zu`\n", "control.tar", 0, 0,
	         0, 100644, f->left);
	FUZZ_CHECK(buf_add(&b, f->at, f->left) == 0);
	fd = fuzz_memfd(b.data, b.len);
	buf_free(&b);
	read_deb(fd);
	close(fd);
}

/* Each a file; the last one is where dpkg has filed it. */
static void
parts(struct fuzz *f)
{
	static const char *const files[PARTS_MAX] = {
		"part.0", "part.1", "part.2", "parts/filed"
	};
	struct diag diag = { .what = "" };
	char *paths[PARTS_MAX];
	struct stat st;
	int fd, r;

	fuzz_mkdir("parts");
	for (int i = 0; i < PARTS_MAX; i++) {
		size_t n;
		uint8_t *part = fuzz_part(f, &n);

		fuzz_write(files[i], part, n);
		free(part);
		FUZZ_CHECK(asprintf(&paths[i], "%s/%s", fuzz_folder_path(),
		                    files[i]) > 0);
	}
	for (size_t i = 0; i < 3; i++) {
		r = archive_join(paths, 3, i, fuzz_folder_path(), &fd, &diag);
		FUZZ_CHECK(r == 0 || r == ERR_FORMAT || r == -ENOENT);
		if (r < 0)
			continue;
		FUZZ_CHECK(fstat(fd, &st) == 0);
		read_deb(fd);
		close(fd);
	}
	for (int i = 0; i < PARTS_MAX; i++)
		free(paths[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };

	switch (fuzz_byte(&f) % 3) {
	case 0:
		plain(&f);
		break;
	case 1:
		wrapped(&f);
		break;
	default:
		parts(&f);
		break;
	}
	return 0;
}
