/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_TAR_HEADER_H
#define DI_TAR_HEADER_H

#include <stdbool.h>
#include <stdint.h>

/* One header block of a tar stream as it stands, and how to read it. */
#define TAR_BLOCK 512u
#define TAR_SIZE_MAX ((uint64_t)INT64_MAX)	/* what an off_t can hold */

struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[8];
	char user[32];
	char group[32];
	char devmajor[8];
	char devminor[8];
	char prefix[155];
	char pad[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "one block");

bool tar_header_checksum_ok(const struct tar_header *h);

/*
 * The size field: octal, or 0x80 and 11 bytes of binary. False where it is
 * neither, negative or over TAR_SIZE_MAX.
 */
bool tar_header_size(const struct tar_header *h, uint64_t *ret);

/* Whether the prefix field goes before the name: ustar, but not GNU's. */
bool tar_header_prefixed(const struct tar_header *h);

#endif
