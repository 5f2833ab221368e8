/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <limits.h>
#include <linux/limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base64.h"
#include "digest.h"
#include "err.h"
#include "meta.h"
#include "meta_priv.h"

/* Nearly all files fit in these; more is taken from the heap. */
enum { LIST_FIRST = 1024, VALUE_FIRST = 512, WORDS_BOUND = 32 << 20 };

/* A list as the kernel gives it: names, each with a NUL behind it. */
struct names {
	const char **at;
	size_t n;
};

static const char *
short_word(const char *name)
{
	if (strcmp(name, "system.posix_acl_access") == 0)
		return "acl";
	if (strcmp(name, "system.posix_acl_default") == 0)
		return "dacl";
	if (strcmp(name, "security.capability") == 0)
		return "cap";
	return NULL;
}

/* Does the kernel or a security module own it? (trusted.* is seen with
 * CAP_SYS_ADMIN only, which neither a worker nor a timer's audit has.) */
static bool
is_left_out(const char *name)
{
	static const char *const whole[] = {
		"security.selinux", "security.ima", "security.evm",
		"security.apparmor"
	};
	static const char *const prefix[] = {
		"security.SMACK64", "trusted.", "btrfs.", "system."
	};

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		if (strcmp(name, whole[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++) {
		if (strncmp(name, prefix[i], strlen(prefix[i])) == 0)
			return short_word(name) == NULL;
	}
	return false;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Picks and sorts the names of a list; they point into it. */
static int
pick_names(const char *list, size_t len, struct names *ret)
{
	const char *end = list + len, *at;
	struct names names = { NULL, 0 };
	size_t bound = 0;

	for (at = list; at < end; at += strlen(at) + 1) {
		if (!memchr(at, '\0', (size_t)(end - at)))
			return -EIO;	/* no kernel does */
		if (!is_left_out(at))
			bound++;
	}
	if (bound > 0) {
		names.at = malloc(bound * sizeof(*names.at));
		if (!names.at)
			return -ENOMEM;
	}
	for (at = list; at < end; at += strlen(at) + 1) {
		if (!is_left_out(at))
			names.at[names.n++] = at;
	}
	if (names.n > 1)
		qsort(names.at, names.n, sizeof(*names.at), compare_names);
	*ret = names;
	return 0;
}

static int
add_value(struct buf *words, const void *value, size_t n)
{
	char hex[2 * DIGEST_MAX + 1];
	struct digest digest;
	int err;

	if (n <= META_VALUE_MAX)
		return base64_add(words, value, n);
	err = digest_memory(value, n, DIGEST_SHA256, &digest);
	if (err < 0)
		return err;
	digest_hex(digest.bytes, digest_size(DIGEST_SHA256), hex);
	return buf_addf(words, "~%s", hex);
}

static int
add_word(struct buf *words, const char *name, const void *value, size_t n)
{
	const char *word = short_word(name);
	int err;

	err = buf_add_str(words, words->len ? "," : "");
	if (err == 0)
		err = buf_add_str(words, word ? word : "xattr.");
	if (err == 0 && !word)
		err = base64_add(words, name, strlen(name));
	if (err == 0)
		err = buf_add_char(words, ':');
	return err < 0 ? err : add_value(words, value, n);
}

/* Reads one and adds its word; one that went away meanwhile is no error. */
static int
add_attribute(int fd, const char *name, struct buf *words)
{
	char first[VALUE_FIRST], *big = NULL;
	ssize_t n;
	int err;

	n = fgetxattr(fd, name, first, sizeof(first));
	if (n < 0 && errno == ERANGE) {
		big = malloc(XATTR_SIZE_MAX);
		if (!big)
			return -ENOMEM;
		n = fgetxattr(fd, name, big, XATTR_SIZE_MAX);
	}
	if (n >= 0)
		err = add_word(words, name, big ? big : first, (size_t)n);
	else if (errno == ENODATA || errno == ENOTSUP)
		err = 0;
	else
		err = -errno;
	free(big);
	return err;
}

/* The words of a list of names that is not empty. */
static int
add_listed(int fd, const char *list, size_t len, struct buf *out)
{
	char hex[2 * DIGEST_MAX + 1];
	struct names names = { NULL, 0 };
	struct digest digest;
	struct buf words;
	int err;

	buf_init(&words, WORDS_BOUND);
	err = pick_names(list, len, &names);
	for (size_t i = 0; i < names.n && err == 0; i++)
		err = add_attribute(fd, names.at[i], &words);
	if (err < 0)
		goto out;
	if (words.len <= META_WORDS_MAX) {
		if (words.len > 0)
			err = buf_add(out, words.data, words.len);
		goto out;
	}
	err = digest_memory(words.data, words.len, DIGEST_SHA256, &digest);
	if (err < 0)
		goto out;
	digest_hex(digest.bytes, digest_size(DIGEST_SHA256), hex);
	err = buf_addf(out, META_WHOLE "%s", hex);
out:
	free(names.at);
	buf_free(&words);
	return err;
}

int
meta_words(int fd, struct buf *out)
{
	char first[LIST_FIRST], *big = NULL;
	ssize_t n;
	int err;

	n = flistxattr(fd, first, sizeof(first));
	if (n == 0)
		return 0;
	if (n < 0 && errno == ERANGE) {
		big = malloc(XATTR_LIST_MAX);
		if (!big)
			return -ENOMEM;
		n = flistxattr(fd, big, XATTR_LIST_MAX);
	}
	if (n >= 0)
		err = add_listed(fd, big ? big : first, (size_t)n, out);
	else
		err = errno == ENOTSUP ? 0 : -errno;
	free(big);
	return err;
}
