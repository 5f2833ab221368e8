/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <sys/mman.h>
#include <sys/wait.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "check_main.h"
#include "tar.h"
#include "tar_header.h"

#define LONG_NAME ((size_t)64 << 10)

static void
add(struct buf *b, const void *data, size_t n)
{
	ck_assert_int_eq(buf_add(b, data, n), 0);
}

static void
add_zeros(struct buf *b, size_t n)
{
	static const char zeros[TAR_BLOCK];

	for (; n > sizeof(zeros); n -= sizeof(zeros))
		add(b, zeros, sizeof(zeros));
	add(b, zeros, n);
}

static void
header_init(struct tar_header *h, const char *name, char type, uint64_t size)
{
	memset(h, 0, sizeof(*h));
	memcpy(h->name, name, strnlen(name, sizeof(h->name)));
	memcpy(h->mode, "0000644", 8);
	snprintf(h->size, sizeof(h->size), "%011llo",
	         (unsigned long long)size);
	memcpy(h->magic, "ustar\00000", 8);
	h->type = type;
}

static void
header_add(struct buf *b, struct tar_header *h)
{
	const unsigned char *s = (const unsigned char *)h;
	unsigned int sum = 0;
	size_t i;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (i = 0; i < sizeof(*h); i++)
		sum += s[i];
	snprintf(h->checksum, sizeof(h->checksum), "%06o", sum);
	add(b, h, sizeof(*h));
}

static void
add_body(struct buf *b, const void *data, size_t n)
{
	add(b, data, n);
	add_zeros(b, -n % TAR_BLOCK);
}

static void
add_member(struct buf *b, const char *name, char type, const char *body,
           size_t n)
{
	struct tar_header h;

	header_init(&h, name, type, n);
	header_add(b, &h);
	add_body(b, body, n);
}

static void
add_link(struct buf *b, const char *name, char type, const char *target)
{
	struct tar_header h;

	header_init(&h, name, type, 0);
	memcpy(h.link, target, strnlen(target, sizeof(h.link)));
	header_add(b, &h);
}

static void
add_end(struct buf *b)
{
	add_zeros(b, 2 * (size_t)TAR_BLOCK);
}

static void
add_pax(struct buf *b, const char *records)
{
	add_member(b, "./PaxHeaders/x", 'x', records, strlen(records));
}

/* A bit of everything that is valid; `members` of it. */
static size_t
add_all(struct buf *b)
{
	struct tar_header h;

	add_member(b, "./", '5', "", 0);
	add_member(b, "./usr/", '5', "", 0);
	add_member(b, "./usr/a", '0', "hello", 5);
	add_link(b, "./usr/b", '1', "./usr/a");
	add_link(b, "./usr/c", '2', "../x");
	add_member(b, "././@LongLink", 'L', "./usr/long", 11);
	add_member(b, "././@LongLink", 'K', "./usr/target", 13);
	add_link(b, "cut", '1', "cut");
	add_pax(b, "17 path=usr/pax1\n19 linkpath=other\n\n");
	add_link(b, "cut", '2', "cut");
	header_init(&h, "name", '0', 0);
	memcpy(h.prefix, "./usr/prefix", 12);
	header_add(b, &h);
	add_member(b, "./fifo", '6', "", 0);
	add_end(b);
	return 9;
}

static int
memory_fd(const void *data, size_t n)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static struct tar *
tar_open(const struct buf *b)
{
	struct tar *t = NULL;

	ck_assert_int_eq(tar_new(memory_fd(b->data, b->len), &t), 0);
	return t;
}

static void
expect(struct tar *t, enum tar_type type, const char *name, const char *link)
{
	struct tar_member m;
	struct diag d = { .line = 0 };

	ck_assert_msg(tar_next(t, &m, &d) == 1, "%s: %s", name, d.what);
	ck_assert_int_eq(m.type, type);
	ck_assert_str_eq(m.name, name);
	ck_assert_pstr_eq(m.link, link);
}

static void
expect_rc(struct tar *t, int rc)
{
	struct tar_member m = { .size = 77 };
	struct diag d = { .line = 0 };

	ck_assert_int_eq(tar_next(t, &m, &d), rc);
	ck_assert_uint_eq(m.size, 77);		/* untouched */
	ck_assert_int_eq(d.what[0] != '\0', rc < 0);
	ck_assert_int_eq(tar_next(t, &m, NULL), rc);	/* and so it stays */
}

/* Reads all of it, bodies of small files too: members, and how it ended. */
static size_t
read_all(struct tar *t, int *ret_rc)
{
	struct tar_member m;
	struct buf b;
	size_t n = 0;
	int rc;

	buf_init(&b, 4096);
	while ((rc = tar_next(t, &m, NULL)) > 0) {
		n++;
		ck_assert_int_eq(m.name[0], '/');
		ck_assert(strlen(m.name) <= LONG_NAME + 1);
		ck_assert(strlen(m.name) == 1 ||
		          m.name[strlen(m.name) - 1] != '/');
		ck_assert_int_eq(m.link != NULL, m.type == TAR_LINK ||
		                                 m.type == TAR_SYMLINK);
		ck_assert(m.size <= INT64_MAX);
		buf_clear(&b);
		rc = tar_body(t, &b, NULL);
		if (rc == 0)
			ck_assert_uint_eq(b.len, m.size);
		else
			ck_assert_uint_eq(b.len, 0);
	}
	buf_free(&b);
	*ret_rc = rc;
	return n;
}

static size_t
read_bytes(const void *data, size_t n, int *ret_rc)
{
	struct tar *t = NULL;
	size_t members;
	int fd = memory_fd(data, n);

	ck_assert_int_eq(tar_new(fd, &t), 0);
	members = read_all(t, ret_rc);
	tar_free(t);
	close(fd);
	return members;
}

START_TEST(ustar)
{
	struct buf b, body;
	struct tar *t;

	buf_init(&b, 0);
	buf_init(&body, 100);
	add_all(&b);
	t = tar_open(&b);
	expect(t, TAR_DIR, "/", NULL);
	expect(t, TAR_DIR, "/usr", NULL);
	expect(t, TAR_FILE, "/usr/a", NULL);
	ck_assert_int_eq(buf_add_str(&body, "<"), 0);
	ck_assert_int_eq(tar_body(t, &body, NULL), 0);
	ck_assert_str_eq(body.data, "<hello");
	ck_assert_int_eq(tar_body(t, &body, NULL), 0);	/* read already */
	ck_assert_str_eq(body.data, "<hello");
	expect(t, TAR_LINK, "/usr/b", "/usr/a");
	expect(t, TAR_SYMLINK, "/usr/c", "../x");
	expect(t, TAR_LINK, "/usr/long", "/usr/target");
	expect(t, TAR_SYMLINK, "/usr/pax1", "other\n");
	expect(t, TAR_FILE, "/usr/prefix/name", NULL);
	expect(t, TAR_OTHER, "/fifo", NULL);
	expect_rc(t, 0);
	tar_free(t);
	buf_free(&b);
	buf_free(&body);
}
END_TEST

START_TEST(names)
{
	static const struct {
		const char *in;
		char type;
		const char *out;
	} row[] = {
		{ "a", '0', "/a" },
		{ "./a", '0', "/a" },
		{ "/a", '0', "/a" },
		{ "//a", '0', "/a" },
		{ ".//./a", '0', "/a" },
		{ "./.a", '0', "/.a" },
		{ "..a", '0', "/..a" },
		{ "./a b\\c", '0', "/a b\\c" },
		{ ".", '5', "/" },
		{ "./", '5', "/" },
		{ "/", '5', "/" },
		{ "./d///", '5', "/d" },
		{ "./d", '5', "/d" },
		{ "./d/", '0', "/d" },	/* before ustar: a folder */
	};
	struct buf b;
	struct tar *t;
	size_t i;

	buf_init(&b, 0);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		add_member(&b, row[i].in, row[i].type, "", 0);
	t = tar_open(&b);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		expect(t, row[i].type == '5' || i == 13 ? TAR_DIR : TAR_FILE,
		       row[i].out, NULL);
	expect_rc(t, 0);	/* a stream without the end marker is whole */
	tar_free(t);
	buf_free(&b);
}
END_TEST

START_TEST(full_fields)
{
	char name[101], prefix[156], want[260];
	struct tar_header h;
	struct buf b;
	struct tar *t;

	memset(name, 'n', 100);
	memset(prefix, 'p', 155);
	name[100] = prefix[155] = '\0';
	snprintf(want, sizeof(want), "/%s/%s", prefix, name);
	buf_init(&b, 0);
	header_init(&h, name, '0', 0);
	memcpy(h.prefix, prefix, 155);
	header_add(&b, &h);
	header_init(&h, name, '2', 0);
	memcpy(h.link, name, 100);
	memcpy(h.magic, "ustar  ", 8);		/* GNU: the rest is no prefix */
	memcpy(h.prefix, prefix, 155);
	header_add(&b, &h);
	header_init(&h, "old", '\0', 0);
	memset(h.magic, 0, 8);
	memcpy(h.prefix, prefix, 155);
	header_add(&b, &h);
	add_end(&b);
	t = tar_open(&b);
	expect(t, TAR_FILE, want, NULL);
	snprintf(want, sizeof(want), "/%s", name);
	expect(t, TAR_SYMLINK, want, name);
	expect(t, TAR_FILE, "/old", NULL);
	expect_rc(t, 0);
	tar_free(t);
	buf_free(&b);
}
END_TEST

START_TEST(types)
{
	static const char good[] = "0123456";
	static const char bad[] = "789AVMSDNXZ";
	struct tar_member m;
	struct buf b;
	struct tar *t;
	size_t i;

	for (i = 0; i < strlen(good); i++) {
		buf_init(&b, 0);
		add_member(&b, "a", good[i], "", 0);
		t = tar_open(&b);
		ck_assert_int_eq(tar_next(t, &m, NULL), 1);
		tar_free(t);
		buf_free(&b);
	}
	for (i = 0; i < strlen(bad); i++) {
		buf_init(&b, 0);
		add_member(&b, "a", bad[i], "", 0);
		t = tar_open(&b);
		expect_rc(t, ERR_FORMAT);
		tar_free(t);
		buf_free(&b);
	}
}
END_TEST

/* Only files have a body, whatever the size field of the others says. */
START_TEST(size_of_others)
{
	struct tar_header h;
	struct buf b;
	struct tar *t;

	buf_init(&b, 0);
	header_init(&h, "d", '5', 4096);
	header_add(&b, &h);
	header_init(&h, "l", '1', 4096);
	memcpy(h.link, "d", 1);
	header_add(&b, &h);
	add_member(&b, "f", '0', "x", 1);
	add_end(&b);
	t = tar_open(&b);
	expect(t, TAR_DIR, "/d", NULL);
	expect(t, TAR_LINK, "/l", "/d");
	expect(t, TAR_FILE, "/f", NULL);
	expect_rc(t, 0);
	tar_free(t);
	buf_free(&b);
}
END_TEST

/* Bodies that are skipped, of every length around a block. */
START_TEST(skipping)
{
	static char junk[200000];
	size_t sizes[] = { 0, 1, 511, 512, 513, 1023, 1024, 65535, 65536,
	                   65537, 130000, sizeof(junk) };
	size_t n = sizeof(sizes) / sizeof(sizes[0]);
	struct buf b;
	size_t i;
	int rc;

	memset(junk, 'j', sizeof(junk));
	buf_init(&b, 0);
	for (i = 0; i < n; i++)
		add_member(&b, "./f", '0', junk, sizes[i]);
	add_end(&b);
	ck_assert_uint_eq(read_bytes(b.data, b.len, &rc), n);
	ck_assert_int_eq(rc, 0);
	buf_free(&b);
}
END_TEST

START_TEST(body_limit)
{
	struct tar_member m;
	struct buf b, body;
	struct tar *t;

	buf_init(&b, 0);
	buf_init(&body, 10);
	add_member(&b, "a", '0', "0123456789a", 11);
	add_member(&b, "b", '0', "0123456789", 10);
	add_end(&b);
	t = tar_open(&b);
	ck_assert_int_eq(tar_next(t, &m, NULL), 1);
	ck_assert_int_eq(tar_body(t, &body, NULL), ERR_LIMIT);
	ck_assert_uint_eq(body.len, 0);
	ck_assert_int_eq(tar_next(t, &m, NULL), 1);	/* can still go on */
	ck_assert_int_eq(tar_body(t, &body, NULL), 0);
	ck_assert_str_eq(body.data, "0123456789");
	expect_rc(t, 0);
	tar_free(t);
	buf_free(&b);
	buf_free(&body);
}
END_TEST

/* From a pipe whose other end writes in small odd pieces. */
START_TEST(pieces)
{
	struct buf b;
	struct tar *t = NULL;
	size_t want, at, step;
	int p[2], rc, status;
	pid_t pid;

	buf_init(&b, 0);
	want = add_all(&b);
	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		for (at = 0; at < b.len; at += step) {
			step = b.len - at < 97 ? b.len - at : 97;
			if (write(p[1], b.data + at, step) < 0)
				_exit(1);
		}
		_exit(0);
	}
	close(p[1]);
	ck_assert_int_eq(tar_new(p[0], &t), 0);
	ck_assert_uint_eq(read_all(t, &rc), want);
	ck_assert_int_eq(rc, 0);
	tar_free(t);
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	buf_free(&b);
}
END_TEST

/* A name of n bytes by 'L' and by pax; what tar_next says. */
static void
long_name(size_t n, int want_gnu, int want_pax)
{
	struct tar_member m;
	struct buf b;
	struct tar *t;
	char *name = malloc(n + 40);
	char *path = malloc(n + 40);
	int pass, len;

	memset(name, 'x', n);
	name[n] = '\0';
	for (pass = 0; pass < 2; pass++) {
		buf_init(&b, 0);
		if (pass == 0) {
			add_member(&b, "././@LongLink", 'L', name, n + 1);
		} else {
			len = snprintf(NULL, 0, " path=%s\n", name);
			len += snprintf(NULL, 0, "%d", len + 6);
			snprintf(path, n + 40, "%d path=%s\n", len, name);
			ck_assert_uint_eq(strlen(path), (size_t)len);
			add_pax(&b, path);
		}
		add_member(&b, "short", '0', "", 0);
		add_end(&b);
		t = tar_open(&b);
		ck_assert_int_eq(tar_next(t, &m, NULL),
		                 pass == 0 ? want_gnu : want_pax);
		if ((pass == 0 ? want_gnu : want_pax) == 1) {
			ck_assert_str_eq(m.name + 1, name);
			expect_rc(t, 0);
		}
		tar_free(t);
		buf_free(&b);
	}
	free(name);
	free(path);
}

START_TEST(long_names)
{
	long_name(1000, 1, 1);
	long_name(LONG_NAME, 1, 1);
	long_name(LONG_NAME + 1, ERR_LIMIT, ERR_LIMIT);
	long_name(4 * LONG_NAME, ERR_LIMIT, ERR_LIMIT);
}
END_TEST

/* A name counts for the next member only. */
START_TEST(long_once)
{
	struct buf b;
	struct tar *t;

	buf_init(&b, 0);
	add_member(&b, "x", 'L', "long\0tail", 10);	/* cut at the NUL */
	add_member(&b, "x", 'K', "target", 6);		/* no NUL at all */
	add_link(&b, "cut", '1', "cut");
	add_link(&b, "plain", '1', "plain2");
	add_member(&b, "x", 'K', "./t", 4);
	add_link(&b, "name", '2', "cut");
	add_end(&b);
	t = tar_open(&b);
	expect(t, TAR_LINK, "/long", "/target");
	expect(t, TAR_LINK, "/plain", "/plain2");
	expect(t, TAR_SYMLINK, "/name", "./t");
	expect_rc(t, 0);
	tar_free(t);
	buf_free(&b);
}
END_TEST

START_TEST(long_bad)
{
	struct tar_header h;
	struct buf b;
	struct tar *t;

	/* Huge, empty, nothing behind it, and the marker behind it. */
	buf_init(&b, 0);
	header_init(&h, "x", 'L', (uint64_t)1 << 32);
	header_add(&b, &h);
	t = tar_open(&b);
	expect_rc(t, ERR_LIMIT);
	tar_free(t);
	buf_clear(&b);
	add_member(&b, "x", 'L', "", 0);
	add_member(&b, "name", '0', "", 0);
	t = tar_open(&b);
	expect_rc(t, ERR_FORMAT);
	tar_free(t);
	buf_clear(&b);
	add_member(&b, "x", 'L', "long", 5);
	t = tar_open(&b);
	expect_rc(t, ERR_FORMAT);
	tar_free(t);
	add_end(&b);
	t = tar_open(&b);
	expect_rc(t, ERR_FORMAT);
	tar_free(t);
	buf_free(&b);
}
END_TEST

START_TEST(pax_size)
{
	struct tar_header h;
	struct buf b, body;
	struct tar *t;

	buf_init(&b, 0);
	buf_init(&body, 0);
	add_pax(&b, "30 mtime=1700000000.123456789\n9 size=5\n");
	header_init(&h, "./f", '0', 0);
	header_add(&b, &h);
	add_body(&b, "hello", 5);
	add_member(&b, "./g", '0', "x", 1);
	add_pax(&b, "8 path=\n8 size=\n");
	add_member(&b, "./h", '0', "yz", 2);
	add_member(&b, "x", 'g', "12 path=all\n", 12);
	add_member(&b, "./i", '0', "", 0);
	add_end(&b);
	t = tar_open(&b);
	expect(t, TAR_FILE, "/f", NULL);
	ck_assert_int_eq(tar_body(t, &body, NULL), 0);
	ck_assert_str_eq(body.data, "hello");
	expect(t, TAR_FILE, "/g", NULL);
	expect(t, TAR_FILE, "/h", NULL);
	expect(t, TAR_FILE, "/i", NULL);
	expect_rc(t, 0);
	tar_free(t);
	buf_free(&b);
	buf_free(&body);
}
END_TEST

static void
pax_rc(const char *records, size_t n, int rc)
{
	struct buf b;
	struct tar *t;

	buf_init(&b, 0);
	add_member(&b, "x", 'x', records, n);
	add_member(&b, "name", '0', "", 0);
	add_end(&b);
	t = tar_open(&b);
	if (rc == 1)
		expect(t, TAR_FILE, "/name", NULL);
	else
		expect_rc(t, rc);
	tar_free(t);
	buf_free(&b);
}

START_TEST(pax_bad)
{
	static const char *const bad[] = {
		"x", "5", "99999999999 a=\n", "0 a=\n", "1 a=\n", "3 a\n",
		"4 a=\n", "6 a=\n", "5 a=x", "-5 a=\n", "+5 a=\n", " 5 a=\n",
		"5 a\n=", "12 path=a", "11 size=-1\n", "11 size=1x\n",
		"27 size=9223372036854775808", "8 a=b\n\n\n\n",
		"28 size=9223372036854775808\n", "5 a=\n5", "5 a=\n\n",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		pax_rc(bad[i], strlen(bad[i]), ERR_FORMAT);
	pax_rc("12 path=a\0b\n", 12, ERR_FORMAT);
	pax_rc("9 path=\0\n", 9, ERR_FORMAT);
	pax_rc("", 0, 1);
	pax_rc("5 a=\n", 5, 1);
	pax_rc("6 a==\n", 6, 1);
}
END_TEST

static void
size_rc(const void *field, int rc, uint64_t size)
{
	struct tar_header h;
	struct tar_member m;
	struct buf b;
	struct tar *t;

	buf_init(&b, 0);
	header_init(&h, "f", '0', 0);
	memcpy(h.size, field, 12);
	header_add(&b, &h);
	t = tar_open(&b);
	ck_assert_int_eq(tar_next(t, &m, NULL), rc);
	if (rc == 1) {
		ck_assert_uint_eq(m.size, size);
		/* And then it is not there. */
		ck_assert_int_eq(tar_next(t, &m, NULL),
		                 size == 0 ? 0 : ERR_FORMAT);
	}
	tar_free(t);
	buf_free(&b);
}

START_TEST(sizes)
{
	size_rc("00000000000", 1, 0);
	size_rc("\0\0\0\0\0\0\0\0\0\0\0", 1, 0);
	size_rc("         17 ", 1, 15);
	size_rc("17\0\0\0\0\0\0\0\0\0", 1, 15);
	size_rc("777777777777", 1, 0xfffffffffULL);
	size_rc("            ", ERR_FORMAT, 0);
	size_rc("00000000008", ERR_FORMAT, 0);
	size_rc("-0000000001", ERR_FORMAT, 0);
	size_rc("0x000000001", ERR_FORMAT, 0);
	size_rc("17\000" "000000000", ERR_FORMAT, 0);	/* digits after a NUL */
	size_rc("\x80\0\0\0\0\0\0\0\0\0\0\0", 1, 0);
	size_rc("\x80\0\0\0\0\0\0\0\0\0\x01\x02", 1, 258);
	size_rc("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 1, INT64_MAX);
	size_rc("\x80\0\0\0\x80\0\0\0\0\0\0\0", ERR_FORMAT, 0);
	size_rc("\x80\0\0\x01\0\0\0\0\0\0\0\0", ERR_FORMAT, 0);
	size_rc("\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	        ERR_FORMAT, 0);
	size_rc("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	        ERR_FORMAT, 0);
	size_rc("\x81\0\0\0\0\0\0\0\0\0\0\0", ERR_FORMAT, 0);
}
END_TEST

/* Any single byte of a header counts. */
START_TEST(checksums)
{
	struct buf b;
	struct tar_member m;
	struct tar *t;
	size_t i;
	int rc;

	buf_init(&b, 0);
	add_member(&b, "name", '0', "", 0);
	for (i = 0; i < TAR_BLOCK; i++) {
		/* The end of the checksum field may be NUL or blank. */
		if (i >= 148 && i < 156)
			continue;
		b.data[i]++;
		t = tar_open(&b);
		rc = tar_next(t, &m, NULL);
		ck_assert_msg(rc == ERR_FORMAT, "byte %zu: %d", i, rc);
		tar_free(t);
		b.data[i]--;
	}
	buf_free(&b);
}
END_TEST

START_TEST(empty_name)
{
	struct tar_header h;
	struct buf b;
	struct tar *t;

	buf_init(&b, 0);
	header_init(&h, "", '0', 0);
	header_add(&b, &h);		/* sound, but without a name */
	t = tar_open(&b);
	expect_rc(t, ERR_FORMAT);
	tar_free(t);
	b.data[300] = 1;		/* not sound either: dpkg's end */
	t = tar_open(&b);
	expect_rc(t, 0);
	tar_free(t);
	memcpy(b.data + 345, "pre", 3);
	t = tar_open(&b);
	expect_rc(t, ERR_FORMAT);
	tar_free(t);
	buf_free(&b);
}
END_TEST

START_TEST(nothing)
{
	struct tar *t = NULL;
	struct tar_member m;
	int rc;

	ck_assert_uint_eq(read_bytes("", 0, &rc), 0);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(tar_new(-1, &t), 0);
	ck_assert_int_eq(tar_next(t, &m, NULL), -EBADF);
	tar_free(t);
	tar_free(NULL);
}
END_TEST

/* Cut anywhere it gives the first members, then an error or an end. */
START_TEST(truncated)
{
	struct buf b;
	size_t i, n, whole, end, last = 0;
	int rc;

	buf_init(&b, 0);
	whole = add_all(&b);
	end = b.len - 2 * (size_t)TAR_BLOCK;
	for (i = 0; i <= b.len; i++) {
		n = read_bytes(b.data, i, &rc);
		ck_assert_uint_ge(n, last);
		ck_assert_uint_le(n, whole);
		if (i >= end + TAR_BLOCK || i == end)
			ck_assert_int_eq(rc, 0);
		else if (i % TAR_BLOCK != 0)
			ck_assert_int_eq(rc, ERR_FORMAT);
		else
			ck_assert(rc == 0 || rc == ERR_FORMAT);
		last = n;
	}
	ck_assert_uint_eq(last, whole);
	buf_free(&b);
}
END_TEST

static uint64_t
random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

START_TEST(garbage)
{
	unsigned char junk[3000];
	uint64_t state = 20260101;
	size_t i, n;
	int rc, round;

	for (round = 0; round < 500; round++) {
		for (i = 0; i < sizeof(junk); i++)
			junk[i] = (unsigned char)random_next(&state);
		junk[0] |= 1;
		n = 1 + random_next(&state) % sizeof(junk);
		ck_assert_uint_eq(read_bytes(junk, n, &rc), 0);
		ck_assert_int_eq(rc, ERR_FORMAT);
	}
}
END_TEST

/* Writes the right checksum into the header of this block. */
static void
mend(char *block)
{
	struct tar_header h;
	struct buf b;

	memcpy(&h, block, sizeof(h));
	buf_init(&b, 0);
	header_add(&b, &h);
	memcpy(block, b.data, sizeof(h));
	buf_free(&b);
}

/*
 * A valid stream with a few bytes changed, most times with the checksum of
 * the block mended so that what lies behind it is reached.
 */
START_TEST(mutated)
{
	struct buf b;
	uint64_t state = 88172645463325252ULL;
	uint64_t r;
	size_t at, len, members;
	unsigned int hits, ends = 0, errors = 0;
	char *copy;
	int rc, round;

	buf_init(&b, 0);
	add_all(&b);
	copy = malloc(b.len);
	ck_assert_ptr_nonnull(copy);
	for (round = 0; round < 20000; round++) {
		memcpy(copy, b.data, b.len);
		len = b.len;
		for (hits = 1 + random_next(&state) % 4; hits > 0; hits--) {
			r = random_next(&state);
			at = (size_t)(r >> 8) % b.len;
			if (r & 0x80)	/* where most fields are */
				at = at / TAR_BLOCK * TAR_BLOCK +
				     at % 160;
			copy[at] = (char)(r & 0x40 ? r >> 40
			                           : (r >> 40) % 10 + '0');
			if ((r & 0x30) != 0)
				mend(copy + at / TAR_BLOCK * TAR_BLOCK);
		}
		if (random_next(&state) % 8 == 0)
			len = (size_t)random_next(&state) % b.len;
		members = read_bytes(copy, len, &rc);
		ck_assert_uint_le(members, b.len / TAR_BLOCK);
		ck_assert(rc == 0 || rc == ERR_FORMAT || rc == ERR_LIMIT);
		if (rc == 0)
			ends++;
		else
			errors++;
	}
	/* A loop that only ever saw one of the two would show nothing. */
	ck_assert_uint_gt(ends, 1000);
	ck_assert_uint_gt(errors, 1000);
	free(copy);
	buf_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tar");
	TCase *good = tcase_create("good");
	TCase *bad = tcase_create("bad");

	tcase_add_test(good, ustar);
	tcase_add_test(good, names);
	tcase_add_test(good, full_fields);
	tcase_add_test(good, types);
	tcase_add_test(good, size_of_others);
	tcase_add_test(good, skipping);
	tcase_add_test(good, body_limit);
	tcase_add_test(good, pieces);
	tcase_add_test(good, long_names);
	tcase_add_test(good, long_once);
	tcase_add_test(good, pax_size);
	suite_add_tcase(s, good);
	tcase_set_timeout(bad, 120);
	tcase_add_test(bad, long_bad);
	tcase_add_test(bad, pax_bad);
	tcase_add_test(bad, sizes);
	tcase_add_test(bad, checksums);
	tcase_add_test(bad, empty_name);
	tcase_add_test(bad, nothing);
	tcase_add_test(bad, truncated);
	tcase_add_test(bad, garbage);
	tcase_add_test(bad, mutated);
	suite_add_tcase(s, bad);
	return s;
}

CHECK_MAIN()
