/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "signing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base64.h"
#include "digest.h"
#include "file.h"

#define SIGNATURE_NAME	"signature"
#define FIRST_LINE	"dpkg-immutable signature 1\n"
#define SIGNATURE_SIZE	64
#define MAX_SIGNATURE	1024
#define MAX_PEM		((size_t)64 << 10)
#define MAX_MESSAGE	128
#define HEAD_DIGITS	(HISTORY_HEAD_SIZE - 1)

/* Root's; where we are not root, ours will do as well. */
static int
check_owner(const struct stat *st, mode_t forbidden)
{
	if (!S_ISREG(st->st_mode))
		return ERR_NOT_REGULAR;
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return ERR_UNSAFE;
	return (st->st_mode & forbidden) != 0 ? ERR_UNSAFE : 0;
}

static int
read_pem(const char *name, mode_t forbidden, struct buf *pem)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
	              O_NOCTTY);
	struct stat st;
	int err;

	if (fd < 0)
		return errno == ELOOP ? ERR_UNSAFE : -errno;
	err = fstat(fd, &st) < 0 ? -errno : check_owner(&st, forbidden);
	if (err == 0)
		err = file_read_fd(fd, pem);
	close(fd);
	return err;
}

/* Nobody is asked for a passphrase, least of all in a run of dpkg. */
static int
no_passphrase(char *text, int size, int writing, void *ctx)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

/* `secret`: a private key, else a public one. *diag names the file. */
static int
load_key(const char *name, bool secret, EVP_PKEY **ret, struct diag *diag)
{
	struct buf pem;
	EVP_PKEY *key = NULL;
	BIO *bio = NULL;
	int err = digest_init();

	buf_init(&pem, MAX_PEM);
	if (err == 0)
		err = read_pem(name, secret ? 077 : 022, &pem);
	if (err < 0) {
		diag_set(diag, err, name, 0, "%s", err_text(err));
		goto out;
	}
	bio = BIO_new_mem_buf(pem.len > 0 ? pem.data : "", (int)pem.len);
	if (bio != NULL)
		key = secret ?
		    PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) :
		    PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
	if (key == NULL || EVP_PKEY_is_a(key, "ED25519") != 1) {
		EVP_PKEY_free(key);
		err = diag_set(diag, ERR_FORMAT, name, 0, "no Ed25519 %s key",
		               secret ? "private" : "public");
		goto out;
	}
	*ret = key;
out:
	BIO_free(bio);
	ERR_clear_error();
	if (pem.data != NULL)
		OPENSSL_cleanse(pem.data, pem.cap);
	buf_free(&pem);
	return err;
}

static bool
is_head(const char *head)
{
	unsigned char bytes[DIGEST_MAX];

	return digest_unhex(head, strnlen(head, HISTORY_HEAD_SIZE), bytes,
	                    HEAD_DIGITS / 2) == 0;
}

static size_t
put_message(char *text, const char *head)
{
	return (size_t)snprintf(text, MAX_MESSAGE,
	                        "dpkg-immutable history %s\n", head);
}

static int
sign(EVP_PKEY *key, const char *head, unsigned char *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n, size = SIGNATURE_SIZE;
	char text[MAX_MESSAGE];
	int err = -EIO;

	n = put_message(text, head);
	if (ctx == NULL)
		err = -ENOMEM;
	else if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
	         EVP_DigestSign(ctx, signature, &size,
	                        (const unsigned char *)text, n) == 1 &&
	         size == SIGNATURE_SIZE)
		err = 0;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return err;
}

int
signing_sign(int history_dirfd, const char *key_file,
             const char head[HISTORY_HEAD_SIZE], struct diag *diag)
{
	unsigned char signature[SIGNATURE_SIZE];
	EVP_PKEY *key = NULL;
	struct buf text;
	int err;

	if (!is_head(head))
		return diag_set(diag, -EINVAL, NULL, 0, "no head to sign");
	err = load_key(key_file, true, &key, diag);
	if (err < 0)
		return err;
	err = sign(key, head, signature);
	EVP_PKEY_free(key);
	if (err < 0)
		return diag_set(diag, err, key_file, 0, "%s", err_text(err));
	buf_init(&text, MAX_SIGNATURE);
	err = buf_addf(&text, FIRST_LINE "%s\n", head);
	if (err == 0)
		err = base64_add(&text, signature, sizeof(signature));
	if (err == 0)
		err = buf_add_char(&text, '\n');
	if (err == 0)
		err = file_replace(history_dirfd, SIGNATURE_NAME, text.data,
		                   text.len, 0600, FILE_DURABLE);
	buf_free(&text);
	if (err < 0)
		diag_set(diag, err, SIGNATURE_NAME, 0, "%s", err_text(err));
	return err;
}

/* 1 good, 0 not; negative: could not be done. */
static int
verify(EVP_PKEY *key, const char *head, const struct buf *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char text[MAX_MESSAGE];
	size_t n = put_message(text, head);
	int r = -EIO;

	if (ctx == NULL)
		r = -ENOMEM;
	else if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1)
		r = EVP_DigestVerify(ctx, (const unsigned char *)
		                     signature->data, signature->len,
		                     (const unsigned char *)text, n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return r;
}

static int
not_good(struct diag *diag, unsigned long line, const char *how)
{
	diag_set(diag, ERR_FORMAT, SIGNATURE_NAME, line, "%s", how);
	return 1;
}

/* The whole text must be as signing_sign writes it. 0, 1 or -ENOMEM. */
static int
parse(const struct buf *text, const char *head, struct buf *signature,
      struct diag *diag)
{
	static const size_t first = sizeof(FIRST_LINE) - 1;
	const char *at, *end;
	int err;

	if (text->len < first || memcmp(text->data, FIRST_LINE, first) != 0)
		return not_good(diag, 1, "no signature of a form we know");
	at = text->data + first;
	end = text->data + text->len;
	if (end - at <= HEAD_DIGITS || at[HEAD_DIGITS] != '\n')
		return not_good(diag, 2, "no head of a history");
	if (memcmp(at, head, HEAD_DIGITS) != 0)
		return not_good(diag, 2, "is of another head");
	at += HEAD_DIGITS + 1;
	if (at == end || memchr(at, '\n', (size_t)(end - at)) != end - 1)
		return not_good(diag, 3, "must be one line, the last");
	err = base64_undo(at, (size_t)(end - 1 - at), signature);
	if (err == -ENOMEM)
		return err;
	if (err < 0 || signature->len != SIGNATURE_SIZE)
		return not_good(diag, 3, "no Ed25519 signature");
	return 0;
}

int
signing_check(int history_dirfd, const char *public_file,
              const char head[HISTORY_HEAD_SIZE], struct diag *diag)
{
	struct buf text, signature;
	EVP_PKEY *key = NULL;
	int r;

	if (!is_head(head))
		return diag_set(diag, -EINVAL, NULL, 0, "no head to check");
	r = load_key(public_file, false, &key, diag);
	if (r < 0)
		return r;
	buf_init(&text, MAX_SIGNATURE);
	buf_init(&signature, MAX_SIGNATURE);
	r = file_read(history_dirfd, SIGNATURE_NAME, &text);
	if (r == 0)
		r = parse(&text, head, &signature, diag);
	else if (r == -ENOENT)
		r = not_good(diag, 0, "the history is not signed");
	else if (r == ERR_LIMIT || r == ERR_NOT_REGULAR)
		r = not_good(diag, 0, "no signature of a form we know");
	if (r == 0) {
		r = verify(key, head, &signature);
		if (r >= 0)
			r = r == 1 ? 0 : not_good(diag, 3, "is not of this "
			                          "key");
	}
	if (r < 0)
		diag_set(diag, r, SIGNATURE_NAME, 0, "%s", err_text(r));
	EVP_PKEY_free(key);
	buf_free(&text);
	buf_free(&signature);
	return r;
}
