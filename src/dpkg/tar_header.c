/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stddef.h>
#include <string.h>

#include "tar_header.h"

/* Blanks, octal digits, then only blanks and NULs; dpkg asks the same. */
static bool
octal(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < n && s[i] == ' ')
		i++;
	if (i == n)
		return false;
	for (; i < n && s[i] >= '0' && s[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(s[i] - '0');	/* 12 digits: no wrap */
	for (; i < n; i++) {
		if (s[i] != ' ' && s[i] != '\0')
			return false;
	}
	*ret = v;
	return true;
}

bool
tar_header_size(const struct tar_header *h, uint64_t *ret)
{
	const unsigned char *s = (const unsigned char *)h->size;
	uint64_t v = 0;
	size_t i;

	if (s[0] < 0x80)
		return octal(h->size, sizeof(h->size), ret);
	if (s[0] != 0x80)	/* 0xff: a negative number */
		return false;
	for (i = 1; i < sizeof(h->size); i++) {
		if (v > TAR_SIZE_MAX >> 8)
			return false;
		v = v << 8 | s[i];
	}
	*ret = v;
	return true;
}

bool
tar_header_checksum_ok(const struct tar_header *h)
{
	const unsigned char *s = (const unsigned char *)h;
	size_t from = offsetof(struct tar_header, checksum);
	size_t to = from + sizeof(h->checksum);
	uint64_t stored, sum = 0;
	size_t i;

	for (i = 0; i < TAR_BLOCK; i++)
		sum += i >= from && i < to ? ' ' : s[i];
	return octal(h->checksum, sizeof(h->checksum), &stored) &&
	       stored == sum;
}

bool
tar_header_prefixed(const struct tar_header *h)
{
	/* With its NUL; GNU's magic has a blank there. */
	return memcmp(h->magic, "ustar", 6) == 0 && h->prefix[0] != '\0';
}
