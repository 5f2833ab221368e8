/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_main.h"
#include "digest.h"
#include "err.h"

/* Known answers: RFC 1321 A.5, FIPS 180 examples, RFC 3174. */
static const struct {
	enum digest_kind kind;
	const char *text, *hex;
} known[] = {
	{ DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
	{ DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72" },
	{ DIGEST_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
	{ DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb924"
	                     "27ae41e4649b934ca495991b7852b855" },
	{ DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223"
	                        "b00361a396177a9cb410ff61f20015ad" },
	{ DIGEST_SHA256,
	  "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static int
memory_file(const void *data, size_t n)
{
	int fd = memfd_create("check_digest", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
	return fd;
}

START_TEST(known_answers)
{
	char hex[2 * DIGEST_MAX + 1];
	struct digest d;
	uint64_t bytes = 77;
	size_t n = strlen(known[_i].text);
	int fd = memory_file(known[_i].text, n);

	ck_assert_int_eq(digest_memory(known[_i].text, n, known[_i].kind, &d),
	                 0);
	ck_assert_int_eq((int)d.kind, (int)known[_i].kind);
	digest_hex(d.bytes, digest_size(d.kind), hex);
	ck_assert_str_eq(hex, known[_i].hex);

	/* The offset is at the end; digest_fd does not use it. */
	memset(&d, 0, sizeof(d));
	ck_assert_int_eq(digest_fd(fd, known[_i].kind, &d, &bytes), 0);
	digest_hex(d.bytes, digest_size(d.kind), hex);
	ck_assert_str_eq(hex, known[_i].hex);
	ck_assert_uint_eq(bytes, n);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), (off_t)n);
	ck_assert_int_eq(digest_fd(fd, known[_i].kind, &d, NULL), 0);
	close(fd);
}
END_TEST

/* Sizes about the length of a read. */
START_TEST(long_files)
{
	static const size_t sizes[] = {
		1, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 1000003,
	};
	struct digest a, b;
	uint64_t bytes;
	unsigned char *data;
	size_t i, n = sizes[_i];
	int fd;

	data = malloc(n);
	ck_assert_ptr_nonnull(data);
	for (i = 0; i < n; i++)
		data[i] = (unsigned char)(i * 31 + i / 256);
	fd = memory_file(data, n);
	ck_assert_int_eq(digest_fd(fd, DIGEST_SHA256, &a, &bytes), 0);
	ck_assert_uint_eq(bytes, n);
	ck_assert_int_eq(digest_memory(data, n, DIGEST_SHA256, &b), 0);
	ck_assert_mem_eq(a.bytes, b.bytes, 32);
	data[n / 2] ^= 1;
	ck_assert_int_eq(digest_memory(data, n, DIGEST_SHA256, &b), 0);
	ck_assert_mem_ne(a.bytes, b.bytes, 32);
	close(fd);
	free(data);
}
END_TEST

START_TEST(million_a)
{
	char hex[2 * DIGEST_MAX + 1];
	struct digest d;
	char *data = malloc(1000000);

	ck_assert_ptr_nonnull(data);
	memset(data, 'a', 1000000);
	ck_assert_int_eq(digest_memory(data, 1000000, DIGEST_SHA1, &d), 0);
	digest_hex(d.bytes, 20, hex);
	ck_assert_str_eq(hex, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	free(data);
}
END_TEST

START_TEST(what_cannot_be_read)
{
	struct digest d = { .kind = DIGEST_SHA1 };
	uint64_t bytes = 77;
	int ends[2];
	int fd;

	d.bytes[0] = 99;
	ck_assert_int_eq(digest_fd(-1, DIGEST_MD5, &d, &bytes), -EBADF);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(digest_fd(ends[0], DIGEST_MD5, &d, &bytes), -ESPIPE);
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(digest_fd(fd, DIGEST_MD5, &d, &bytes), -EISDIR);
	ck_assert_int_eq(digest_fd(fd, (enum digest_kind)9, &d, &bytes),
	                 -EINVAL);
	ck_assert_int_eq(digest_memory("", 0, (enum digest_kind)9, &d),
	                 -EINVAL);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	ck_assert_int_eq((int)d.kind, (int)DIGEST_SHA1);
	ck_assert_uint_eq(d.bytes[0], 99);
	ck_assert_uint_eq(bytes, 77);
}
END_TEST

START_TEST(sizes)
{
	ck_assert_uint_eq(digest_size(DIGEST_MD5), 16);
	ck_assert_uint_eq(digest_size(DIGEST_SHA1), 20);
	ck_assert_uint_eq(digest_size(DIGEST_SHA256), 32);
	ck_assert_uint_eq(digest_size((enum digest_kind)9), 0);
}
END_TEST

START_TEST(hex_both_ways)
{
	unsigned char all[256], back[256];
	char text[513];
	size_t i;

	for (i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	digest_hex(all, 256, text);
	ck_assert_uint_eq(strlen(text), 512);
	ck_assert_int_eq(digest_unhex(text, 512, back, 256), 0);
	ck_assert_mem_eq(all, back, 256);
	ck_assert_int_eq(digest_unhex("AbCdEF", 6, back, 3), 0);
	ck_assert_mem_eq(back, "\xab\xcd\xef", 3);
	digest_hex(all, 0, text);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(digest_unhex("", 0, back, 0), 0);
}
END_TEST

START_TEST(hex_that_is_none)
{
	static const char *const bad[] = {
		"0g", "g0", " 1", "1 ", "+1", "-1", "0x", "\xc3\xa9", "/0",
		":0", "@0", "G0", "`0", "1\n",
	};
	unsigned char out[2] = { 55, 55 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(digest_unhex(bad[i], 2, out, 1), ERR_FORMAT);
	ck_assert_int_eq(digest_unhex("00zz", 4, out, 2), ERR_FORMAT);
	ck_assert_int_eq(digest_unhex("0000", 4, out, 1), ERR_FORMAT);
	ck_assert_int_eq(digest_unhex("00", 2, out, 2), ERR_FORMAT);
	ck_assert_int_eq(digest_unhex("000", 3, out, 1), ERR_FORMAT);
	ck_assert_int_eq(digest_unhex("0\0" "0", 2, out, 1), ERR_FORMAT);
	ck_assert_uint_eq(out[0], 55);
	ck_assert_uint_eq(out[1], 55);
}
END_TEST

/*
 * A configuration named by the environment that would make every digest
 * fail: without digest_init it does (which proves the test), with it it is
 * not read.
 */
static int
digest_with_config(const char *config, int init)
{
	struct digest d;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		setenv("OPENSSL_CONF", config, 1);
		if (init && digest_init() != 0)
			_exit(3);
		_exit(digest_memory("", 0, DIGEST_SHA256, &d) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(environment_does_not_count)
{
	static const char text[] =
	    "openssl_conf = a\n[a]\nalg_section = b\n[b]\n"
	    "default_properties = provider=nowhere\n";
	char config[] = "/tmp/check_digest.XXXXXX";
	int fd = mkstemp(config);
	int with, without;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, sizeof(text) - 1),
	                 (ssize_t)sizeof(text) - 1);
	close(fd);
	with = digest_with_config(config, 1);
	without = digest_with_config(config, 0);
	unlink(config);
	ck_assert_int_eq(with, 0);
	ck_assert_int_eq(without, 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("digest");
	TCase *t = tcase_create("digest");

	tcase_add_test(t, environment_does_not_count);
	tcase_add_loop_test(t, known_answers, 0,
	                    sizeof(known) / sizeof(known[0]));
	tcase_add_loop_test(t, long_files, 0, 5);
	tcase_add_test(t, million_a);
	tcase_add_test(t, what_cannot_be_read);
	tcase_add_test(t, sizes);
	tcase_add_test(t, hex_both_ways);
	tcase_add_test(t, hex_that_is_none);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
