/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "debar.h"
#include "debar_priv.h"
#include "file.h"

#define CHUNK ((size_t)32 << 10)
#define XZ_MEMORY ((uint64_t)128 << 20)
#define ZSTD_WINDOW_LOG 27

/* An unpacking under way: bytes come through src and leave through dst. */
struct unpacking {
	int in;
	uint64_t at;		/* in the file, behind src */
	uint64_t left;		/* of the member, behind src */
	int out;
	uint64_t written;
	const unsigned char *next;
	size_t have;		/* in src, from `next` on */
	size_t made;		/* in dst, by one step */
	union {
		z_stream gzip;
		lzma_stream xz;
		ZSTD_DCtx *zstd;
	} by;
	unsigned char src[CHUNK];
	unsigned char dst[CHUNK];
};

/*
 * start: src is filled, and `by` is zeroed; what fails leaves nothing to end.
 * step: takes from src and sets `made`; 1 at the end of the packed data.
 */
struct codec {
	int (*start)(struct unpacking *u);
	int (*step)(struct unpacking *u);
	void (*end)(struct unpacking *u);
};

static int
plain_start(struct unpacking *u)
{
	(void)u;
	return 0;
}

static int
plain_step(struct unpacking *u)
{
	u->made = u->have;
	memcpy(u->dst, u->next, u->have);
	u->have = 0;
	return u->left == 0;
}

static void
plain_end(struct unpacking *u)
{
	(void)u;
}

static int
gzip_start(struct unpacking *u)
{
	int rc = inflateInit2(&u->by.gzip, 16 + MAX_WBITS);

	if (rc == Z_MEM_ERROR)
		return -ENOMEM;
	return rc == Z_OK ? 0 : ERR_UNSUPPORTED;
}

static int
gzip_step(struct unpacking *u)
{
	z_stream *z = &u->by.gzip;
	int rc;

	z->next_in = (Bytef *)(uintptr_t)u->next;
	z->avail_in = (uInt)u->have;
	z->next_out = u->dst;
	z->avail_out = sizeof(u->dst);
	rc = inflate(z, Z_NO_FLUSH);
	u->next = z->next_in;
	u->have = z->avail_in;
	u->made = sizeof(u->dst) - z->avail_out;
	switch (rc) {
	case Z_STREAM_END:
		return 1;
	case Z_OK:
	case Z_BUF_ERROR:	/* no progress: the caller sees it */
		return 0;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return ERR_FORMAT;
	}
}

static void
gzip_end(struct unpacking *u)
{
	inflateEnd(&u->by.gzip);
}

static int
xz_error(lzma_ret ret)
{
	switch (ret) {
	case LZMA_STREAM_END:
		return 1;
	case LZMA_OK:
	case LZMA_BUF_ERROR:	/* no progress: the caller sees it */
		return 0;
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return ERR_LIMIT;
	case LZMA_OPTIONS_ERROR:
	case LZMA_UNSUPPORTED_CHECK:
		return ERR_UNSUPPORTED;
	default:
		return ERR_FORMAT;
	}
}

static int
xz_start(struct unpacking *u)
{
	lzma_stream fresh = LZMA_STREAM_INIT;

	u->by.xz = fresh;
	return xz_error(lzma_stream_decoder(&u->by.xz, XZ_MEMORY,
	                                    LZMA_TELL_UNSUPPORTED_CHECK));
}

static int
xz_step(struct unpacking *u)
{
	lzma_stream *x = &u->by.xz;
	lzma_ret ret;

	x->next_in = u->next;
	x->avail_in = u->have;
	x->next_out = u->dst;
	x->avail_out = sizeof(u->dst);
	ret = lzma_code(x, LZMA_RUN);
	u->next = x->next_in;
	u->have = x->avail_in;
	u->made = sizeof(u->dst) - x->avail_out;
	return xz_error(ret);
}

static void
xz_end(struct unpacking *u)
{
	lzma_end(&u->by.xz);
}

static int
zstd_error(size_t code)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_no_error:
		return 0;
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		return ERR_LIMIT;
	case ZSTD_error_frameParameter_unsupported:
	case ZSTD_error_version_unsupported:
		return ERR_UNSUPPORTED;
	default:
		return ERR_FORMAT;
	}
}

/* By its magic: the library may know formats from before zstd's first. */
static int
zstd_start(struct unpacking *u)
{
	static const unsigned char magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
	int rc;

	if (u->have < sizeof(magic) ||
	    memcmp(u->next, magic, sizeof(magic)) != 0)
		return ERR_FORMAT;
	u->by.zstd = ZSTD_createDCtx();
	if (u->by.zstd == NULL)
		return -ENOMEM;
	rc = zstd_error(ZSTD_DCtx_setParameter(u->by.zstd,
	                                       ZSTD_d_windowLogMax,
	                                       ZSTD_WINDOW_LOG));
	if (rc < 0)
		ZSTD_freeDCtx(u->by.zstd);
	return rc;
}

static int
zstd_step(struct unpacking *u)
{
	ZSTD_inBuffer in = { .src = u->next, .size = u->have };
	ZSTD_outBuffer out = { .dst = u->dst, .size = sizeof(u->dst) };
	size_t code = ZSTD_decompressStream(u->by.zstd, &out, &in);

	u->next += in.pos;
	u->have -= in.pos;
	u->made = out.pos;
	return code == 0 ? 1 : zstd_error(code);
}

static void
zstd_end(struct unpacking *u)
{
	ZSTD_freeDCtx(u->by.zstd);
}

static int
fill(struct unpacking *u)
{
	size_t n = u->left < CHUNK ? (size_t)u->left : CHUNK;
	int rc = debar_read(u->in, u->src, n, u->at);

	if (rc < 0)
		return rc;
	u->next = u->src;
	u->have = n;
	u->at += n;
	u->left -= n;
	return 0;
}

static int
flush(struct unpacking *u)
{
	if (u->made > DEBAR_MAX - u->written)
		return ERR_LIMIT;
	u->written += u->made;
	return file_write(u->out, u->dst, u->made);
}

/* The packed data must end where the member ends. */
static int
unpack(struct unpacking *u, const struct codec *codec)
{
	for (;;) {
		size_t before;
		int end, rc;

		if (u->have == 0 && u->left > 0) {
			rc = fill(u);
			if (rc < 0)
				return rc;
		}
		before = u->have;
		u->made = 0;
		end = codec->step(u);
		rc = end < 0 ? end : flush(u);
		if (rc < 0)
			return rc;
		if (end > 0)
			return u->have == 0 && u->left == 0 ? 0 : ERR_FORMAT;
		if (u->made == 0 && u->have == before)
			return ERR_FORMAT;
	}
}

int
debar_unpack(enum debar_kind kind, int fd, uint64_t at, uint64_t size,
             int out)
{
	static const struct codec codecs[] = {
		[DEBAR_PLAIN] = { plain_start, plain_step, plain_end },
		[DEBAR_GZIP] = { gzip_start, gzip_step, gzip_end },
		[DEBAR_XZ] = { xz_start, xz_step, xz_end },
		[DEBAR_ZSTD] = { zstd_start, zstd_step, zstd_end },
	};
	const struct codec *codec = &codecs[kind];
	struct unpacking *u = malloc(sizeof(*u));
	int rc;

	if (u == NULL)
		return -ENOMEM;
	memset(u, 0, offsetof(struct unpacking, src));
	u->in = fd;
	u->at = at;
	u->left = size;
	u->out = out;
	rc = fill(u);
	if (rc == 0)
		rc = codec->start(u);
	if (rc == 0) {
		rc = unpack(u, codec);
		codec->end(u);
	}
	free(u);
	return rc;
}
