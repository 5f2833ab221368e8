/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <sys/mman.h>
#include <sys/stat.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "buf.h"
#include "check_main.h"
#include "debar.h"

#define DEB_VERSION "2.0\n"
#define TEXT "what a control part may hold, "

static const char *const ends[] = { "", ".gz", ".xz", ".zst" };
#define KINDS (sizeof(ends) / sizeof(*ends))

/* A head as it should be, or with a size and an end of the test's own. */
static void
add_head(struct buf *b, const char *name, const char *size, const char *end)
{
	char head[64];

	snprintf(head, sizeof(head), "%-16s%-12s%-6s%-6s%-8s%-10s%s", name,
	         "1700000000", "0", "0", "100644", size, end);
	ck_assert_int_eq(buf_add(b, head, 60), 0);
}

static void
add_member(struct buf *b, const char *name, const void *data, size_t n)
{
	char size[24];

	snprintf(size, sizeof(size), "%zu", n);
	add_head(b, name, size, "`\n");
	ck_assert_int_eq(buf_add(b, data, n), 0);
	if (n % 2 != 0)
		ck_assert_int_eq(buf_add_char(b, '\n'), 0);
}

static void
deb_start(struct buf *b)
{
	buf_init(b, (size_t)1 << 28);
	ck_assert_int_eq(buf_add(b, "!<arch>\n", 8), 0);
}

static void
deb_begin(struct buf *b)
{
	deb_start(b);
	add_member(b, "debian-binary", DEB_VERSION, 4);
}

/* By the libraries themselves; freed by the caller. */
static unsigned char *
pack(size_t kind, const void *data, size_t n, size_t *ret_n)
{
	size_t room = n + n / 8 + 1024;
	unsigned char *out = malloc(room);
	z_stream z = { .next_out = out };
	size_t at = 0;

	ck_assert_ptr_nonnull(out);
	if (kind == 0) {
		memcpy(out, data, n);
		at = n;
	} else if (kind == 1) {
		ck_assert_int_eq(deflateInit2(&z, 1, Z_DEFLATED, 31, 8,
		                              Z_DEFAULT_STRATEGY), Z_OK);
		z.next_in = (Bytef *)(uintptr_t)data;
		z.avail_in = (uInt)n;
		z.avail_out = (uInt)room;
		ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
		at = z.total_out;
		deflateEnd(&z);
	} else if (kind == 2) {
		ck_assert_int_eq(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64,
		                 NULL, data, n, out, &at, room), LZMA_OK);
	} else {
		at = ZSTD_compress(out, room, data, n, 3);
		ck_assert(!ZSTD_isError(at));
	}
	*ret_n = at;
	return out;
}

static void
add_control(struct buf *b, size_t kind, const void *data, size_t n)
{
	char name[32];
	size_t packed_n;
	unsigned char *packed = pack(kind, data, n, &packed_n);

	snprintf(name, sizeof(name), "control.tar%s", ends[kind]);
	add_member(b, name, packed, packed_n);
	free(packed);
}

static int
memory_fd(const void *data, size_t n)
{
	int fd = memfd_create("deb", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
	return fd;
}

/* What debar makes of these bytes; ret_fd untouched where it fails. */
static int
control_of(const void *data, size_t n, int *ret_fd)
{
	int fd = memory_fd(data, n), out = -77, rc;
	off_t before = lseek(fd, 0, SEEK_CUR);

	rc = debar_control(fd, &out);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), before);
	close(fd);
	if (rc < 0)
		ck_assert_int_eq(out, -77);
	else
		*ret_fd = out;
	return rc;
}

static void
expect(const struct buf *b, const void *data, size_t n)
{
	int out = -1;
	struct stat st;
	char *got;

	ck_assert_int_eq(control_of(b->data, b->len, &out), 0);
	ck_assert_int_eq(fstat(out, &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)n);
	ck_assert_int_ne(fcntl(out, F_GETFD) & FD_CLOEXEC, 0);
	got = malloc(n + 1);
	ck_assert_ptr_nonnull(got);
	/* From its start on. */
	ck_assert_int_eq(read(out, got, n + 1), (ssize_t)n);
	ck_assert(n == 0 || memcmp(got, data, n) == 0);
	free(got);
	close(out);
}

/* And frees it. */
static void
expect_rc(struct buf *b, int rc)
{
	int out = -1;

	ck_assert_int_eq(control_of(b->data, b->len, &out), rc);
	buf_free(b);
}

/* Bytes that do not pack well, and some that do; freed by the caller. */
static char *
sample(size_t n)
{
	char *data = malloc(n + 1);
	unsigned int x = 1;

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < n; i++) {
		x = x * 1103515245u + 12345u;
		data[i] = i % 3 == 0 ? (char)(x >> 16) : 'a';
	}
	return data;
}

START_TEST(kinds)
{
	static const size_t sizes[] = {
		1, 511, 10240, 32767, 32768, 32769, 65536, 1000003
	};
	struct buf b;

	for (size_t k = 0; k < KINDS; k++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			char *data = sample(sizes[i]);

			deb_begin(&b);
			add_control(&b, k, data, sizes[i]);
			add_member(&b, "data.tar", "x", 1);
			expect(&b, data, sizes[i]);
			buf_free(&b);
			free(data);
		}
	}
}
END_TEST

START_TEST(empty_control)
{
	struct buf b;

	for (size_t k = 0; k < KINDS; k++) {
		deb_begin(&b);
		add_control(&b, k, "", 0);
		expect(&b, "", 0);
		buf_free(&b);
		if (k == 0)
			continue;
		/* Packed, nothing at all is too little. */
		deb_begin(&b);
		add_member(&b, k == 1 ? "control.tar.gz" : k == 2 ?
		           "control.tar.xz" : "control.tar.zst", "", 0);
		expect_rc(&b, ERR_FORMAT);
	}
}
END_TEST

/* GNU's slash; members not for us; rubbish behind; a second control part. */
START_TEST(liberties)
{
	struct buf b;

	deb_start(&b);
	add_member(&b, "debian-binary/", "2.17\nmore\n", 10);
	add_member(&b, "_odd", "xyz", 3);
	add_member(&b, "_gpgorigin", "", 0);
	add_control(&b, 1, TEXT, sizeof(TEXT));
	expect(&b, TEXT, sizeof(TEXT));
	add_control(&b, 0, "second", 6);
	expect(&b, TEXT, sizeof(TEXT));
	ck_assert_int_eq(buf_add(&b, "rubbish", 7), 0);
	expect(&b, TEXT, sizeof(TEXT));
	buf_free(&b);

	deb_begin(&b);
	add_member(&b, "control.tar/", TEXT, sizeof(TEXT));
	expect(&b, TEXT, sizeof(TEXT));
	buf_free(&b);
	/* Sixteen bytes of name. */
	deb_begin(&b);
	add_control(&b, 3, TEXT, sizeof(TEXT));
	b.data[8 + 60 + 4 + 15] = '/';
	expect(&b, TEXT, sizeof(TEXT));
	buf_free(&b);
}
END_TEST

/* The last byte of an odd member need not be there. */
START_TEST(padding)
{
	struct buf b;

	deb_begin(&b);
	add_member(&b, "control.tar", "odd", 3);
	b.len--;
	expect(&b, "odd", 3);
	b.len--;
	expect_rc(&b, ERR_FORMAT);
	/* A reader that forgets it is off by one for all that follows. */
	deb_begin(&b);
	add_member(&b, "_x", "odd", 3);
	b.len--;
	add_member(&b, "control.tar", "even", 4);
	expect_rc(&b, ERR_FORMAT);
}
END_TEST

START_TEST(versions)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{ "2.0\n", 0 }, { "2.1\n", 0 }, { "2.999\nx", 0 },
		{ "3.0\n", ERR_UNSUPPORTED }, { "0.9\n", ERR_UNSUPPORTED },
		{ "22.0\n", ERR_UNSUPPORTED }, { "1.0\n", ERR_UNSUPPORTED },
		{ "", ERR_FORMAT }, { "2", ERR_FORMAT }, { "2.", ERR_FORMAT },
		{ "2.0", ERR_FORMAT }, { "2.\n", ERR_FORMAT },
		{ "2.x\n", ERR_FORMAT }, { ".0\n", ERR_FORMAT },
		{ "2 .0\n", ERR_FORMAT }, { "x", ERR_FORMAT },
		{ "2.0 \n", ERR_FORMAT }, { "-2.0\n", ERR_FORMAT },
	};
	struct buf b;
	char big[100];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		deb_start(&b);
		add_member(&b, "debian-binary", cases[i].text,
		           strlen(cases[i].text));
		add_member(&b, "control.tar", TEXT, sizeof(TEXT));
		if (cases[i].rc == 0) {
			expect(&b, TEXT, sizeof(TEXT));
			buf_free(&b);
		} else {
			expect_rc(&b, cases[i].rc);
		}
	}
	memset(big, '2', sizeof(big));
	deb_start(&b);
	add_member(&b, "debian-binary", big, sizeof(big));
	expect_rc(&b, ERR_UNSUPPORTED);
}
END_TEST

START_TEST(order)
{
	struct buf b;

	deb_start(&b);
	add_member(&b, "control.tar", TEXT, sizeof(TEXT));
	add_member(&b, "debian-binary", DEB_VERSION, 4);
	expect_rc(&b, ERR_FORMAT);
	deb_start(&b);
	add_member(&b, "_early", "", 0);
	add_member(&b, "debian-binary", DEB_VERSION, 4);
	add_member(&b, "control.tar", TEXT, sizeof(TEXT));
	expect_rc(&b, ERR_FORMAT);
	deb_begin(&b);
	add_member(&b, "data.tar", "x", 1);
	add_member(&b, "control.tar", TEXT, sizeof(TEXT));
	expect_rc(&b, ERR_FORMAT);
	deb_begin(&b);
	expect_rc(&b, ERR_FORMAT);
	deb_start(&b);
	expect_rc(&b, ERR_FORMAT);
}
END_TEST

START_TEST(names)
{
	static const struct {
		const char *name;
		int rc;
	} cases[] = {
		{ "control.tar.bz2", ERR_UNSUPPORTED },
		{ "control.tar.lzma", ERR_UNSUPPORTED },
		{ "control.tarx", ERR_UNSUPPORTED },
		{ "control.tar.", ERR_UNSUPPORTED },
		{ "control.tar//", ERR_UNSUPPORTED },
		{ "control.ta", ERR_FORMAT },
		{ "Control.tar", ERR_FORMAT },
		{ " control.tar", ERR_FORMAT },
		{ "debian-binary", ERR_FORMAT },
		{ "/", ERR_FORMAT },
		{ "", ERR_FORMAT },
	};
	struct buf b;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		deb_begin(&b);
		add_member(&b, cases[i].name, TEXT, sizeof(TEXT));
		expect_rc(&b, cases[i].rc);
	}
	deb_begin(&b);
	add_member(&b, "control.tar", TEXT, sizeof(TEXT));
	b.data[8 + 60 + 4 + 12] = '\0';
	expect_rc(&b, ERR_FORMAT);
}
END_TEST

/* No .deb of this kind at all. */
START_TEST(foreign)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{ "", ERR_FORMAT }, { "!<arch>", ERR_FORMAT },
		{ "!<thin>\n", ERR_FORMAT },
		{ "0.939000\n100\n", ERR_UNSUPPORTED },
		{ "PK\3\4 and so on, to some length", ERR_FORMAT },
	};
	int out = -77, fds[2], dir;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_int_eq(control_of(cases[i].text,
		                            strlen(cases[i].text), &out),
		                 cases[i].rc);
	ck_assert_int_eq(debar_control(-1, &out), -EBADF);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(debar_control(fds[0], &out), -ESPIPE);
	close(fds[0]);
	close(fds[1]);
	dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(debar_control(dir, &out), -EISDIR);
	close(dir);
	ck_assert_int_eq(out, -77);
}
END_TEST

START_TEST(sizes)
{
	static const struct {
		const char *size;
		int rc;
	} cases[] = {
		{ "9999999999", ERR_LIMIT }, { "67108865", ERR_LIMIT },
		{ "67108864", ERR_FORMAT }, { "31", ERR_FORMAT },
		{ "", ERR_FORMAT }, { "-1", ERR_FORMAT },
		{ "+1", ERR_FORMAT }, { " 1", ERR_FORMAT },
		{ "1 2", ERR_FORMAT }, { "1x", ERR_FORMAT },
		{ "0x1", ERR_FORMAT }, { "1/", ERR_FORMAT },
	};
	struct buf b;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		deb_begin(&b);
		add_head(&b, "control.tar", cases[i].size, "`\n");
		ck_assert_int_eq(buf_add(&b, TEXT, 30), 0);
		expect_rc(&b, cases[i].rc);
	}
	deb_begin(&b);
	add_head(&b, "_far", "9999999999", "`\n");
	add_member(&b, "control.tar", TEXT, sizeof(TEXT));
	expect_rc(&b, ERR_FORMAT);
	deb_begin(&b);
	add_head(&b, "control.tar", "4", "``");
	ck_assert_int_eq(buf_add(&b, TEXT, 30), 0);
	expect_rc(&b, ERR_FORMAT);
}
END_TEST

START_TEST(many_skipped)
{
	struct buf b;

	for (int n = 64; n <= 65; n++) {
		deb_begin(&b);
		for (int i = 0; i < n; i++)
			add_member(&b, "_", "", 0);
		add_member(&b, "control.tar", TEXT, sizeof(TEXT));
		if (n == 64) {
			expect(&b, TEXT, sizeof(TEXT));
			buf_free(&b);
		} else {
			expect_rc(&b, ERR_LIMIT);
		}
	}
}
END_TEST

/* One stream that fills its member: nothing before, behind or twice. */
START_TEST(streams)
{
	struct buf b, two;
	size_t n;

	for (size_t k = 1; k < KINDS; k++) {
		unsigned char *p = pack(k, TEXT, sizeof(TEXT), &n);
		char name[32];

		snprintf(name, sizeof(name), "control.tar%s", ends[k]);
		buf_init(&two, 4096);
		ck_assert_int_eq(buf_add(&two, p, n), 0);
		ck_assert_int_eq(buf_add(&two, "\0\0\0\0", 4), 0);
		for (size_t i = 1; i <= 4; i++) {
			deb_begin(&b);
			add_member(&b, name, two.data, n + i);
			expect_rc(&b, ERR_FORMAT);
		}
		buf_clear(&two);
		ck_assert_int_eq(buf_add(&two, p, n), 0);
		ck_assert_int_eq(buf_add(&two, p, n), 0);
		deb_begin(&b);
		add_member(&b, name, two.data, two.len);
		expect_rc(&b, ERR_FORMAT);
		deb_begin(&b);
		add_member(&b, name, p, n - 1);
		expect_rc(&b, ERR_FORMAT);
		/* Another's name. */
		deb_begin(&b);
		add_member(&b, k == 1 ? "control.tar.zst" : "control.tar.gz",
		           p, n);
		expect_rc(&b, ERR_FORMAT);
		buf_free(&two);
		free(p);
	}
	/* zlib's own format and raw deflate are no gzip; old zstd is none. */
	deb_begin(&b);
	add_member(&b, "control.tar.gz", "\x78\x9c\x03\0\0\0\0\1", 8);
	expect_rc(&b, ERR_FORMAT);
	deb_begin(&b);
	add_member(&b, "control.tar.zst", "\x27\xb5\x2f\xfd\0\0\0\0", 8);
	expect_rc(&b, ERR_FORMAT);
	deb_begin(&b);
	add_member(&b, "control.tar.zst", "\x50\x2a\x4d\x18\0\0\0\0", 8);
	expect_rc(&b, ERR_FORMAT);
}
END_TEST

START_TEST(bombs)
{
	size_t n = DEBAR_MAX + 1;
	char *zeros = calloc(1, n);
	struct buf b;

	ck_assert_ptr_nonnull(zeros);
	for (size_t k = 0; k < KINDS; k++) {
		deb_begin(&b);
		add_control(&b, k, zeros, n);
		expect_rc(&b, ERR_LIMIT);
		deb_begin(&b);
		add_control(&b, k, zeros, n - 1);
		expect(&b, zeros, n - 1);
		buf_free(&b);
	}
	free(zeros);
}
END_TEST

/* Decoders that want more memory than a control part is worth. */
START_TEST(hungry)
{
	unsigned char out[512];
	size_t at = 0;
	lzma_options_lzma o;
	lzma_filter filters[] = {
		{ LZMA_FILTER_LZMA2, &o }, { LZMA_VLI_UNKNOWN, NULL }
	};
	/* A frame head that tells of a window of 2^31 bytes. */
	static const unsigned char wide[] = {
		0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00
	};
	unsigned char narrow[sizeof(wide)];
	struct buf b;

	ck_assert(!lzma_lzma_preset(&o, 0));
	for (int big = 0; big < 2; big++) {
		/* The encoder's own needs stay small by its method. */
		o.dict_size = (uint32_t)(big ? 160 : 64) << 20;
		o.mf = LZMA_MF_HC3;
		at = 0;
		ck_assert_int_eq(lzma_stream_buffer_encode(filters,
		                 LZMA_CHECK_CRC32, NULL, (const uint8_t *)TEXT,
		                 sizeof(TEXT), out, &at, sizeof(out)),
		                 LZMA_OK);
		deb_begin(&b);
		add_member(&b, "control.tar.xz", out, at);
		if (big) {
			expect_rc(&b, ERR_LIMIT);
		} else {
			expect(&b, TEXT, sizeof(TEXT));
			buf_free(&b);
		}
	}
	deb_begin(&b);
	add_member(&b, "control.tar.zst", wide, sizeof(wide));
	expect_rc(&b, ERR_LIMIT);
	/* With one of 2^27 the same frame is good, and empty. */
	memcpy(narrow, wide, sizeof(narrow));
	narrow[5] = (27 - 10) << 3;
	deb_begin(&b);
	add_member(&b, "control.tar.zst", narrow, sizeof(narrow));
	expect(&b, "", 0);
	buf_free(&b);
}
END_TEST

START_TEST(truncated)
{
	struct buf b;
	int out = -1;

	for (size_t k = 0; k < KINDS; k++) {
		deb_begin(&b);
		add_member(&b, "_x", "odd", 3);
		add_control(&b, k, TEXT TEXT, 2 * sizeof(TEXT) - 2);
		if (b.data[b.len - 1] == '\n')
			b.len--;	/* a byte of padding, or so */
		for (size_t n = 0; n + 1 < b.len; n++)
			ck_assert_int_eq(control_of(b.data, n, &out),
			                 ERR_FORMAT);
		buf_free(&b);
	}
}
END_TEST

/*
 * Each byte changed in several ways: never a crash, and where it is taken
 * for good the checksums have seen to it that the text is the same.
 */
START_TEST(flipped)
{
	static const unsigned char flips[] = { 0x01, 0x80, 0xff, 0x20, 0x04 };
	size_t bad = 0;
	struct buf b;

	for (size_t k = 1; k < KINDS; k++) {
		deb_begin(&b);
		add_control(&b, k, TEXT TEXT, sizeof(TEXT TEXT));
		for (size_t i = 0; i < b.len * sizeof(flips); i++) {
			char *at = &b.data[i / sizeof(flips)], was = *at;
			char got[256];
			ssize_t n;
			int out = -1;

			*at = (char)(*at ^ flips[i % sizeof(flips)]);
			if (control_of(b.data, b.len, &out) == 0) {
				n = read(out, got, sizeof(got));
				close(out);
				ck_assert(k == 3 || n == sizeof(TEXT TEXT));
				ck_assert(k == 3 || memcmp(got, TEXT TEXT,
				                           (size_t)n) == 0);
			} else {
				bad++;
			}
			*at = was;
		}
		expect(&b, TEXT TEXT, sizeof(TEXT TEXT));
		buf_free(&b);
	}
	ck_assert_uint_gt(bad, 300);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("debar");
	TCase *good = tcase_create("good");
	TCase *bad = tcase_create("bad");

	tcase_set_timeout(good, 60);
	tcase_add_test(good, kinds);
	tcase_add_test(good, empty_control);
	tcase_add_test(good, liberties);
	tcase_add_test(good, padding);
	tcase_add_test(good, versions);
	suite_add_tcase(s, good);
	tcase_set_timeout(bad, 120);
	tcase_add_test(bad, order);
	tcase_add_test(bad, names);
	tcase_add_test(bad, foreign);
	tcase_add_test(bad, sizes);
	tcase_add_test(bad, many_skipped);
	tcase_add_test(bad, streams);
	tcase_add_test(bad, bombs);
	tcase_add_test(bad, hungry);
	tcase_add_test(bad, truncated);
	tcase_add_test(bad, flipped);
	suite_add_tcase(s, bad);
	return s;
}

CHECK_MAIN()
