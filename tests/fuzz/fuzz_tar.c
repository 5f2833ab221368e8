/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * A tar stream. The first byte chooses whether the headers get the checksums
 * that they should have, without which no mutation would get far, and whether
 * bodies are read or passed over.
 *
 * Reaches: edges:150 tar_next:38 tar_header_checksum_ok:5
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "tar.h"
#include "tar_header.h"

#define NAME_BOUND ((size_t)64 << 10)

static void
set_checksum(struct tar_header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	char text[9];
	unsigned int sum = 0;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += bytes[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(h->checksum, text, 7);
}

static bool
has_body(char type)
{
	return type != '\0' && strchr("0LKxg", type) != NULL;
}

/* From header to header, as far as they can be told. */
static void
set_checksums(unsigned char *data, size_t n)
{
	struct tar_header h;
	uint64_t size, at = 0;

	while (at <= n && n - at >= TAR_BLOCK) {
		memcpy(&h, data + at, TAR_BLOCK);
		/* zeros end an archive */
		if (h.name[0] == '\0' && h.size[0] == '\0')
			break;
		set_checksum(&h);
		memcpy(data + at, &h, TAR_BLOCK);
		at += TAR_BLOCK;
		if (has_body(h.type) && tar_header_size(&h, &size) &&
		    size < n)
			at += (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
}

static void
check_member(const struct tar_member *m)
{
	size_t len = strlen(m->name);

	FUZZ_CHECK(m->name[0] == '/' && len <= NAME_BOUND + 1);
	FUZZ_CHECK(len == 1 || m->name[len - 1] != '/');
	FUZZ_CHECK(m->size <= TAR_SIZE_MAX);
	FUZZ_CHECK(m->type == TAR_FILE || m->size == 0);
	FUZZ_CHECK((m->link != NULL) ==
	           (m->type == TAR_LINK || m->type == TAR_SYMLINK));
	if (m->type == TAR_LINK)
		FUZZ_CHECK(m->link[0] == '/');
	if (m->link != NULL)
		FUZZ_CHECK(strlen(m->link) <= NAME_BOUND + 1);
}

static void
read_all(int fd, bool bodies, size_t n)
{
	struct diag diag = { .what = "" };
	struct tar_member m;
	size_t members = 0;
	struct buf body;
	struct tar *t;
	int r, next;

	buf_init(&body, n);
	FUZZ_CHECK(tar_new(fd, &t) == 0);
	while ((r = tar_next(t, &m, &diag)) > 0) {
		check_member(&m);
		/* each has a header of its own */
		FUZZ_CHECK(++members <= n / TAR_BLOCK);
		if (!bodies)
			continue;
		buf_clear(&body);
		if (tar_body(t, &body, &diag) == 0)
			FUZZ_CHECK(body.len == m.size);
		else
			FUZZ_CHECK(body.len == 0 && m.size > 0);
	}
	FUZZ_CHECK(r == 0 || diag.what[0] != '\0');
	/* What has ended stays so. */
	next = tar_next(t, &m, &diag);
	FUZZ_CHECK(next == r);
	tar_free(t);
	buf_free(&body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	unsigned int how = fuzz_byte(&f);
	unsigned char *copy;
	int fd;

	if (f.left == 0)
		return 0;
	copy = malloc(f.left);
	FUZZ_CHECK(copy != NULL);
	memcpy(copy, f.at, f.left);
	if ((how & 1) == 0)
		set_checksums(copy, f.left);
	fd = fuzz_memfd(copy, f.left);
	free(copy);
	read_all(fd, (how & 2) == 0, f.left);
	close(fd);
	return 0;
}
