/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "check_main.h"
#include "digest.h"
#include "scratch.h"
#include "signing.h"

#define HEAD_A \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD_B \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdee"

static struct diag diag;

static const char *
path_of(const char *name)
{
	static char text[200];

	snprintf(text, sizeof(text), "%s/%s", scratch_path, name);
	return text;
}

static int
sign(const char *key, const char *head)
{
	memset(&diag, 0, sizeof(diag));
	return signing_sign(scratch_fd, path_of(key), head, &diag);
}

static int
check(const char *key, const char *head)
{
	memset(&diag, 0, sizeof(diag));
	return signing_check(scratch_fd, path_of(key), head, &diag);
}

/* The private half as NAME, the public one as NAME.pub. */
static void
write_pair(const char *name, EVP_PKEY *key, const EVP_CIPHER *cipher)
{
	char word[] = "word", public[64];
	FILE *f = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(key);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(PEM_write_PKCS8PrivateKey(f, key, cipher,
	                 cipher != NULL ? word : NULL,
	                 cipher != NULL ? 4 : 0, NULL, NULL), 1);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(fchmodat(scratch_fd, name, 0600, 0), 0);
	snprintf(public, sizeof(public), "%s.pub", name);
	f = fopen(path_of(public), "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(PEM_write_PUBKEY(f, key), 1);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(fchmodat(scratch_fd, public, 0644, 0), 0);
	EVP_PKEY_free(key);
}

static EVP_PKEY *
new_key(const char *type)
{
	return EVP_PKEY_Q_keygen(NULL, NULL, type);
}

static void
start(void)
{
	ck_assert_int_eq(digest_init(), 0);
	scratch_open();
	write_pair("key", new_key("ED25519"), NULL);
	write_pair("other", new_key("ED25519"), NULL);
}

START_TEST(a_head_is_signed)
{
	struct stat st;
	char *text;
	size_t n;

	ck_assert_int_eq(sign("key", HEAD_A), 0);
	ck_assert_int_eq(check("key.pub", HEAD_A), 0);
	ck_assert_int_eq(fstatat(scratch_fd, "signature", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	text = scratch_read("signature", &n);
	ck_assert_uint_eq(n, 27 + 65 + 86 + 1);
	ck_assert_int_eq(strncmp(text, "dpkg-immutable signature 1\n" HEAD_A
	                         "\n", 27 + 65), 0);
	free(text);
	/* the next one takes its place */
	ck_assert_int_eq(sign("key", HEAD_B), 0);
	ck_assert_int_eq(check("key.pub", HEAD_B), 0);
	ck_assert_int_eq(check("key.pub", HEAD_A), 1);
	ck_assert_str_eq(diag.file, "signature");
	ck_assert_uint_eq(diag.line, 2);
	ck_assert_int_eq(faccessat(scratch_fd, "signature.new", F_OK, 0), -1);
}
END_TEST

/* RFC 8032 7.1, test 1: its key, and a message of ours signed by openssl. */
START_TEST(a_signature_that_others_made)
{
	char *ours, *theirs;

	scratch_text("rfc", "-----BEGIN PRIVATE KEY-----\n"
	             "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7r"
	             "AMcrn9g\n-----END PRIVATE KEY-----\n");
	scratch_text("rfc.pub", "-----BEGIN PUBLIC KEY-----\n"
	             "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHU"
	             "Ro=\n-----END PUBLIC KEY-----\n");
	scratch_text("signature", "dpkg-immutable signature 1\n" HEAD_A "\n"
	             "HoAhzK7hULBWf59bw8LqQJpeHZKxW5Bya8n+0E2S2NS+ok29"
	             "zXsD2L0F1ZFwJVNcHxLfH5E/kq+vfTQPrKEtDA\n");
	ck_assert_int_eq(check("rfc.pub", HEAD_A), 0);
	/* Ed25519 is deterministic */
	theirs = scratch_read("signature", NULL);
	ck_assert_int_eq(sign("rfc", HEAD_A), 0);
	ours = scratch_read("signature", NULL);
	ck_assert_str_eq(ours, theirs);
	free(ours);
	free(theirs);
}
END_TEST

START_TEST(what_is_not_signed)
{
	ck_assert_int_eq(check("key.pub", HEAD_A), 1);
	ck_assert_str_eq(diag.what, "the history is not signed");
	ck_assert_int_eq(sign("other", HEAD_A), 0);
	ck_assert_int_eq(check("key.pub", HEAD_A), 1);
	ck_assert_str_eq(diag.what, "is not of this key");
	ck_assert_int_eq(check("other.pub", HEAD_A), 0);
	/* a signature says what head it is of: not to be taken for another */
	ck_assert_int_eq(unlinkat(scratch_fd, "signature", 0), 0);
	ck_assert_int_eq(symlinkat("key.pub", scratch_fd, "signature"), 0);
	ck_assert_int_eq(check("key.pub", HEAD_A), 1);
	ck_assert_int_eq(unlinkat(scratch_fd, "signature", 0), 0);
	ck_assert_int_eq(mkfifoat(scratch_fd, "signature", 0600), 0);
	ck_assert_int_eq(check("key.pub", HEAD_A), 1);
	/* one that stood there is replaced */
	ck_assert_int_eq(sign("key", HEAD_A), 0);
	ck_assert_int_eq(check("key.pub", HEAD_A), 0);
}
END_TEST

START_TEST(any_flipped_bit_and_any_cut)
{
	char *text;
	size_t n;

	ck_assert_int_eq(sign("key", HEAD_A), 0);
	text = scratch_read("signature", &n);
	for (size_t i = 0; i < n * 8; i++) {
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		scratch_write("signature", text, n);
		ck_assert_msg(check("key.pub", HEAD_A) == 1, "bit %zu", i);
		ck_assert_str_eq(diag.file, "signature");
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
	}
	for (size_t i = 0; i < n; i++) {
		scratch_write("signature", text, i);
		ck_assert_msg(check("key.pub", HEAD_A) == 1, "cut %zu", i);
	}
	text = realloc(text, n + 1);
	text[n] = '\n';
	scratch_write("signature", text, n + 1);
	ck_assert_int_eq(check("key.pub", HEAD_A), 1);
	scratch_write("signature", text, n);
	ck_assert_int_eq(check("key.pub", HEAD_A), 0);
	free(text);
	/* far too long */
	text = malloc(1 << 20);
	memset(text, 'A', 1 << 20);
	scratch_write("signature", text, 1 << 20);
	ck_assert_int_eq(check("key.pub", HEAD_A), 1);
	free(text);
}
END_TEST

/* None of them signs, none of them leaves anything behind. */
START_TEST(keys_that_are_none)
{
	static const char *const names[] = { "rsa", "x25519", "ec", "closed",
	    "garbage", "empty", "half", "binary", "huge", "key.pub" };
	char *text, noise[4000];
	unsigned int seed = 3;
	char public[64];
	size_t n;

	write_pair("rsa", EVP_RSA_gen(1024), NULL);
	write_pair("x25519", new_key("X25519"), NULL);
	write_pair("ec", EVP_EC_gen("P-256"), NULL);
	write_pair("closed", new_key("ED25519"), EVP_aes_256_cbc());
	scratch_text("garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n"
	             "-----END PRIVATE KEY-----\n");
	scratch_text("empty", "");
	text = scratch_read("key", &n);
	scratch_write("half", text, n / 2);
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)scratch_random(&seed, 256);
	scratch_write("binary", noise, sizeof(noise));
	text = realloc(text, 70000);
	memset(text + n, '\n', 70000 - n);
	scratch_write("huge", text, 70000);
	free(text);
	ck_assert_int_eq(fchmodat(scratch_fd, "key.pub", 0600, 0), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert_msg(sign(names[i], HEAD_A) ==
		              (strcmp(names[i], "huge") == 0 ? ERR_LIMIT :
		               ERR_FORMAT), "%s", names[i]);
		ck_assert_str_eq(diag.file, path_of(names[i]));
		ck_assert_int_eq(faccessat(scratch_fd, "signature", F_OK, 0),
		                 -1);
	}
	ck_assert_int_eq(sign("key", HEAD_A), 0);
	for (size_t i = 0; i < 3; i++) {
		snprintf(public, sizeof(public), "%s.pub", names[i]);
		ck_assert_int_eq(check(public, HEAD_A), ERR_FORMAT);
		ck_assert_str_eq(diag.file, path_of(public));
	}
	for (size_t i = 4; i < 8; i++)
		ck_assert_int_eq(check(names[i], HEAD_A), ERR_FORMAT);
	/* a private key is no public one */
	ck_assert_int_eq(check("key", HEAD_A), ERR_FORMAT);
}
END_TEST

START_TEST(keys_that_are_not_safe)
{
	static const mode_t open_modes[] = { 0640, 0620, 0604, 0602, 0601,
	    0610 };

	for (size_t i = 0; i < sizeof(open_modes) / sizeof(*open_modes); i++) {
		ck_assert_int_eq(fchmodat(scratch_fd, "key", open_modes[i],
		                          0), 0);
		ck_assert_int_eq(sign("key", HEAD_A), ERR_UNSAFE);
		ck_assert_str_eq(diag.file, path_of("key"));
	}
	ck_assert_int_eq(fchmodat(scratch_fd, "key", 0400, 0), 0);
	ck_assert_int_eq(sign("key", HEAD_A), 0);
	ck_assert_int_eq(fchmodat(scratch_fd, "key.pub", 0666, 0), 0);
	ck_assert_int_eq(check("key.pub", HEAD_A), ERR_UNSAFE);
	ck_assert_int_eq(symlinkat("key", scratch_fd, "link"), 0);
	ck_assert_int_eq(sign("link", HEAD_A), ERR_UNSAFE);
	ck_assert_int_eq(mkfifoat(scratch_fd, "fifo", 0600), 0);
	ck_assert_int_eq(sign("fifo", HEAD_A), ERR_NOT_REGULAR);
	ck_assert_int_eq(check("fifo", HEAD_A), ERR_NOT_REGULAR);
	ck_assert_int_eq(mkdirat(scratch_fd, "folder", 0700), 0);
	ck_assert_int_eq(sign("folder", HEAD_A), ERR_NOT_REGULAR);
	ck_assert_int_eq(sign("gone", HEAD_A), -ENOENT);
	ck_assert_int_eq(check("gone", HEAD_A), -ENOENT);
	ck_assert_str_eq(diag.file, path_of("gone"));
	if (geteuid() == 0) {
		ck_assert_int_eq(fchownat(scratch_fd, "key", 1, 0, 0), 0);
		ck_assert_int_eq(sign("key", HEAD_A), ERR_UNSAFE);
		ck_assert_int_eq(fchmodat(scratch_fd, "other.pub", 0644, 0),
		                 0);
		ck_assert_int_eq(fchownat(scratch_fd, "other.pub", 1, 0, 0),
		                 0);
		ck_assert_int_eq(check("other.pub", HEAD_A), ERR_UNSAFE);
	}
}
END_TEST

START_TEST(heads_that_are_none)
{
	char longer[80] = HEAD_A "0";

	ck_assert_int_eq(sign("key", longer), -EINVAL);
	longer[63] = '\n';
	longer[64] = '\0';
	ck_assert_int_eq(sign("key", longer), -EINVAL);
	longer[4] = '\0';
	ck_assert_int_eq(sign("key", longer), -EINVAL);
	longer[0] = '\0';
	ck_assert_int_eq(sign("key", longer), -EINVAL);
	ck_assert_int_eq(check("key.pub", longer), -EINVAL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("signing");
	TCase *t = tcase_create("signing");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, start, scratch_close);
	tcase_add_test(t, a_head_is_signed);
	tcase_add_test(t, a_signature_that_others_made);
	tcase_add_test(t, what_is_not_signed);
	tcase_add_test(t, any_flipped_bit_and_any_cut);
	tcase_add_test(t, keys_that_are_none);
	tcase_add_test(t, keys_that_are_not_safe);
	tcase_add_test(t, heads_that_are_none);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
