/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "infosum.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "digest.h"
#include "file.h"

/* "info/KEY.md5sums" of the longest name that a file can have */
#define NAME_SIZE 300

int
infosum_file(int dirfd, const char *name, bool *ret_has,
             unsigned char ret[32])
{
	struct digest d;
	struct buf text;
	int r;

	buf_init(&text, 0);
	r = file_read(dirfd, name, &text);
	if (r == 0)
		r = digest_memory(text.len > 0 ? text.data : "", text.len,
		                  DIGEST_SHA256, &d);
	buf_free(&text);
	*ret_has = r == 0;
	if (r == 0)
		memcpy(ret, d.bytes, 32);
	return r == -ENOENT ? 0 : r;
}

static int
sum_of(int admindir_fd, const char *key, const char *suffix, bool *ret_has,
       unsigned char ret[32])
{
	char name[NAME_SIZE];
	int r = snprintf(name, sizeof(name), "info/%s.%s", key, suffix);

	return r >= (int)sizeof(name) ? -ENAMETOOLONG :
	       infosum_file(admindir_fd, name, ret_has, ret);
}

int
infosum_read(int admindir_fd, const char *key, struct infosum *ret)
{
	struct infosum sums;
	int r;

	memset(&sums, 0, sizeof(sums));
	r = sum_of(admindir_fd, key, "list", &sums.has_list, sums.list);
	if (r == 0)
		r = sum_of(admindir_fd, key, "md5sums", &sums.has_md5sums,
		           sums.md5sums);
	if (r == 0)
		*ret = sums;
	return r;
}

void
infosum_of(const struct ledger *l, struct infosum *ret)
{
	ret->has_list = l->has_list;
	ret->has_md5sums = l->has_md5sums;
	memcpy(ret->list, l->list, sizeof(ret->list));
	memcpy(ret->md5sums, l->md5sums, sizeof(ret->md5sums));
}

void
infosum_set(struct ledger *l, const struct infosum *sums)
{
	l->has_list = sums->has_list;
	l->has_md5sums = sums->has_md5sums;
	memcpy(l->list, sums->list, sizeof(l->list));
	memcpy(l->md5sums, sums->md5sums, sizeof(l->md5sums));
}

static bool
same(bool has_a, const unsigned char *a, bool has_b, const unsigned char *b)
{
	return has_a == has_b && (!has_a || memcmp(a, b, 32) == 0);
}

bool
infosum_same(const struct infosum *a, const struct infosum *b)
{
	return same(a->has_list, a->list, b->has_list, b->list) &&
	       same(a->has_md5sums, a->md5sums, b->has_md5sums, b->md5sums);
}
