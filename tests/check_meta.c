/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base64.h"
#include "check_main.h"
#include "digest.h"
#include "err.h"
#include "meta.h"
#include "scratch.h"

/* ACLs as the kernel has them: version, then tag, permissions, id each. */
#define ENTRY(tag, perm, id) tag "\0" perm "\0" id
#define OBJECT(tag, perm) ENTRY(tag, perm, "\xff\xff\xff\xff")
#define ACL_VERSION "\x02\0\0\0"
#define BYTES(s) (s), sizeof(s) - 1

static const char small_acl[] = ACL_VERSION OBJECT("\1", "\6")
    ENTRY("\2", "\4", "\5\0\0\0") OBJECT("\4", "\5") OBJECT("\x10", "\7")
    OBJECT("\x20", "\0");
#define SMALL_ACL_TEXT "user::rw-,user:5:r--,group::r-x,mask::rwx,other::---"

static int fd;

static void
setup(void)
{
	scratch_open();
	scratch_text("file", "");
	fd = openat(scratch_fd, "file", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
}

static void
teardown(void)
{
	close(fd);
	scratch_close();
}

/* false, and a word about it, where the file system or the kernel refuses */
static bool
set(int to, const char *name, const void *value, size_t n)
{
	if (fsetxattr(to, name, value, n, 0) == 0)
		return true;
	ck_assert(errno == ENOTSUP || errno == EPERM || errno == EINVAL ||
	          errno == EACCES);
	printf("# skipped: cannot set %s here: %s\n", name, strerror(errno));
	return false;
}

/* Appends ",KEY:B64" or ",xattr.B64:B64", without the first comma. */
static void
add(struct buf *b, const char *key, const void *value, size_t n)
{
	if (b->len)
		ck_assert_int_eq(buf_add_char(b, ','), 0);
	if (strchr(key, '.')) {
		ck_assert_int_eq(buf_add_str(b, "xattr."), 0);
		ck_assert_int_eq(base64_add(b, key, strlen(key)), 0);
	} else {
		ck_assert_int_eq(buf_add_str(b, key), 0);
	}
	ck_assert_int_eq(buf_add_char(b, ':'), 0);
	ck_assert_int_eq(base64_add(b, value, n), 0);
}

static void
sha256_hex(const void *data, size_t n, char *hex)
{
	struct digest digest;

	ck_assert_int_eq(digest_memory(data, n, DIGEST_SHA256, &digest), 0);
	digest_hex(digest.bytes, 32, hex);
}

static void
assert_words(int of, const char *expected)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, "before "), 0);
	ck_assert_int_eq(meta_words(of, &b), 0);
	ck_assert_str_eq(b.data + strlen("before "), expected);
	buf_free(&b);
}

START_TEST(meta_none)
{
	struct buf b;

	assert_words(fd, "");
	assert_words(scratch_fd, "");
	buf_init(&b, 0);
	ck_assert_int_eq(meta_words(fd, &b), 0);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(meta_words(-1, &b), -EBADF);
	ck_assert_uint_eq(b.len, 0);
	buf_free(&b);
}
END_TEST

START_TEST(meta_sorted_by_name)
{
	struct buf b;

	if (!set(fd, "user.b", BYTES("\0\xff,:=")) ||
	    !set(fd, "user.a", "", 0) || !set(fd, "user.ab", BYTES("x")))
		return;
	buf_init(&b, 0);
	add(&b, "user.a", "", 0);
	add(&b, "user.ab", BYTES("x"));
	add(&b, "user.b", BYTES("\0\xff,:="));
	assert_words(fd, b.data);
	/* what does not fit leaves the buffer alone */
	buf_free(&b);
	buf_init(&b, 8);
	ck_assert_int_eq(buf_add_str(&b, "x"), 0);
	ck_assert_int_eq(meta_words(fd, &b), ERR_LIMIT);
	ck_assert_str_eq(b.data, "x");
	buf_free(&b);
}
END_TEST

START_TEST(meta_long_value_is_a_digest)
{
	char value[600], hex[65];
	struct buf b;

	memset(value, 'v', sizeof(value));
	buf_init(&b, 0);
	if (!set(fd, "user.x", value, 256))
		return;
	add(&b, "user.x", value, 256);
	assert_words(fd, b.data);
	for (size_t n = 257; n <= 600; n += 343) {
		ck_assert(set(fd, "user.x", value, n));
		buf_clear(&b);
		sha256_hex(value, n, hex);
		add(&b, "user.x", "", 0);
		ck_assert_int_eq(buf_addf(&b, "~%s", hex), 0);
		assert_words(fd, b.data);
	}
	buf_free(&b);
}
END_TEST

START_TEST(meta_too_many_are_one_digest)
{
	enum { FITS = 77 };	/* bytes of a last value, up to the bound */
	char value[256], name[32], hex[65];
	struct buf b;
	size_t most;

	memset(value, 'v', sizeof(value));
	buf_init(&b, 0);
	for (int i = 10; i < 18; i++) {
		snprintf(name, sizeof(name), "user.%d", i);
		if (!set(fd, name, value, sizeof(value)))
			goto out;
		add(&b, name, value, sizeof(value));
	}
	most = b.len;
	ck_assert(set(fd, "user.18", value, FITS));
	add(&b, "user.18", value, FITS);
	ck_assert_uint_eq(b.len, 3000);
	assert_words(fd, b.data);
	b.len = most;
	ck_assert(set(fd, "user.18", value, FITS + 1));
	add(&b, "user.18", value, FITS + 1);
	ck_assert_uint_gt(b.len, 3000);
	sha256_hex(b.data, b.len, hex);
	buf_clear(&b);
	ck_assert_int_eq(buf_addf(&b, "meta:~%s", hex), 0);
	assert_words(fd, b.data);
out:
	buf_free(&b);
}
END_TEST

/* More bytes of names than the first look has room for. */
START_TEST(meta_many_long_names)
{
	char name[256];
	struct buf b;

	buf_init(&b, 0);
	for (char c = 'a'; c < 'g'; c++) {
		memset(name, c, 240);
		memcpy(name, "user.", 5);
		name[240] = '\0';
		if (!set(fd, name, &c, 1))
			goto out;
		add(&b, name, &c, 1);
	}
	assert_words(fd, b.data);
out:
	buf_free(&b);
}
END_TEST

START_TEST(meta_acl_of_file_and_folder)
{
	struct buf b;

	buf_init(&b, 0);
	if (!set(fd, "system.posix_acl_access", BYTES(small_acl)))
		goto out;
	add(&b, "acl", BYTES(small_acl));
	assert_words(fd, b.data);
	buf_clear(&b);
	ck_assert(set(scratch_fd, "system.posix_acl_default",
	              BYTES(small_acl)));
	add(&b, "dacl", BYTES(small_acl));
	assert_words(scratch_fd, b.data);
out:
	buf_free(&b);
}
END_TEST

START_TEST(meta_capability_comes_first)
{
	static const char value[20] = { 1, 0, 0, 2, 0, 0x20 };
	struct buf b;

	buf_init(&b, 0);
	if (!set(fd, "user.x", BYTES("1")) ||
	    !set(fd, "security.capability", value, sizeof(value)) ||
	    !set(fd, "system.posix_acl_access", BYTES(small_acl)))
		goto out;
	add(&b, "cap", value, sizeof(value));
	add(&b, "acl", BYTES(small_acl));
	add(&b, "user.x", BYTES("1"));
	assert_words(fd, b.data);
out:
	buf_free(&b);
}
END_TEST

START_TEST(meta_leaves_out_the_systems_own)
{
	static const char *const modules[] = {
		"security.apparmor", "security.ima", "security.evm",
		"security.SMACK64EXEC"
	};
	struct buf b;

	buf_init(&b, 0);
	if (!set(fd, "trusted.di-check", BYTES("1")) ||
	    !set(fd, "trusted.overlay.di-check", BYTES("1")))
		goto out;
	/* as many of them as this kernel lets through */
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		set(fd, modules[i], BYTES("1"));
	if (set(fd, "security.di-check", BYTES("2")))
		add(&b, "security.di-check", BYTES("2"));
	assert_words(fd, b.data);
out:
	buf_free(&b);
}
END_TEST

/* What meta_compare told, one line each: "KIND EXPECTED | ACTUAL". */
static void
note(void *ctx, const struct meta_difference *d)
{
	static const char *const kinds[] = { "acl", "cap", "xattr" };

	ck_assert_int_eq(buf_addf(ctx, "%s %s | %s\n", kinds[d->kind],
	                          d->expected, d->actual), 0);
}

static void
assert_told(const char *expected, const char *actual, const char *told)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, ""), 0);
	ck_assert_int_eq(meta_compare(expected, actual, note, &b), 0);
	ck_assert_str_eq(b.data ? b.data : "", told);
	buf_free(&b);
}

/* One word of these bytes against none. */
static void
assert_one(const char *key, const void *value, size_t n, const char *told)
{
	char line[2048];
	struct buf b;

	buf_init(&b, 0);
	add(&b, key, value, n);
	snprintf(line, sizeof(line), "%s | none\n", told);
	assert_told(b.data, NULL, line);
	buf_free(&b);
}

START_TEST(compare_equal_is_silent)
{
	assert_told(NULL, NULL, "");
	assert_told("", NULL, "");
	assert_told(NULL, "", "");
	assert_told("acl:AA,cap:BB", "acl:AA,cap:BB", "");
	/* the order of a list says nothing, nor do empty words */
	assert_told("cap:BB,acl:AA", ",acl:AA,,cap:BB,", "");
	assert_told("meta:~00", "meta:~00", "");
	assert_told(",,,", "", "");
}
END_TEST

START_TEST(compare_acl)
{
	static const char other[] = ACL_VERSION OBJECT("\1", "\6")
	    ENTRY("\2", "\2", "\xfd\xff\xff\xff") OBJECT("\4", "\5")
	    ENTRY("\10", "\1", "\7\1\0\0") OBJECT("\x10", "\7")
	    OBJECT("\x20", "\4");
	struct buf a, b;

	assert_one("acl", BYTES(small_acl), "acl " SMALL_ACL_TEXT);
	assert_one("dacl", BYTES(small_acl),
	           "acl default:user::rw-,default:user:5:r--,"
	           "default:group::r-x,default:mask::rwx,default:other::---");
	buf_init(&a, 0);
	buf_init(&b, 0);
	add(&a, "acl", BYTES(small_acl));
	add(&b, "acl", BYTES(other));
	assert_told(a.data, b.data, "acl " SMALL_ACL_TEXT " | user::rw-,"
	            "user:4294967293:-w-,group::r-x,group:263:--x,mask::rwx,"
	            "other::r--\n");
	buf_free(&a);
	buf_free(&b);
}
END_TEST

START_TEST(compare_xattr)
{
	char value[257], told[600];
	struct buf a, b;

	assert_one("user.x", BYTES("value"), "xattr user.x=value");
	assert_one("user.x", "", 0, "xattr user.x=");
	assert_one("user.\x1b[m y", BYTES("\0a\0\n\033[2J\0\0"), "xattr "
	           "user.\\033\\133m\\040y=\\000a\\000\\012\\033\\1332J"
	           "\\000\\000");
	memset(value, 'v', sizeof(value));
	snprintf(told, sizeof(told), "xattr user.x=%.80s", value);
	assert_one("user.x", value, 80, told);
	snprintf(told, sizeof(told), "xattr user.x=%.80s...", value);
	assert_one("user.x", value, 81, told);
	assert_one("user.x", value, 256, told);
	/* more than any word holds of one: it was not ours */
	buf_init(&a, 0);
	buf_init(&b, 0);
	add(&a, "user.x", value, 257);
	snprintf(told, sizeof(told), "xattr %s | none\n", a.data);
	assert_told(a.data, NULL, told);
	/* alike as far as they are told: the words must say it */
	buf_clear(&a);
	add(&a, "user.x", value, 90);
	add(&b, "user.x", value, 91);
	snprintf(told, sizeof(told), "xattr %s | %s\n", a.data, b.data);
	assert_told(a.data, b.data, told);
	/* a value of which there is but a digest */
	buf_clear(&a);
	add(&a, "user.x", "", 0);
	ck_assert_int_eq(buf_add_str(&a, "~00ff"), 0);
	assert_told(NULL, a.data, "xattr none | user.x=~00ff\n");
	buf_free(&a);
	buf_free(&b);
}
END_TEST

START_TEST(compare_each_that_differs)
{
	static const char cap[20] = { 1, 0, 0, 2, 0, 0x20 };
	struct buf a, b;

	buf_init(&a, 0);
	buf_init(&b, 0);
	add(&a, "cap", cap, sizeof(cap));
	add(&a, "user.same", BYTES("s"));
	add(&a, "user.x", BYTES("1"));
	add(&b, "acl", BYTES(small_acl));
	add(&b, "user.same", BYTES("s"));
	add(&b, "user.x", BYTES("2"));
	add(&b, "user.y", BYTES("3"));
	assert_told(a.data, b.data, "acl none | " SMALL_ACL_TEXT "\n"
	            "cap cap_net_raw=ep | none\n"
	            "xattr user.x=1 | user.x=2\n"
	            "xattr none | user.y=3\n");
	buf_free(&a);
	buf_free(&b);
}
END_TEST

START_TEST(compare_whole)
{
	assert_told("meta:~00", "acl:AA,cap:BB",
	            "xattr meta:~00 | acl:AA,cap:BB\n");
	assert_told(NULL, "meta:~11", "xattr none | meta:~11\n");
	assert_told("meta:~00", "meta:~11", "xattr meta:~00 | meta:~11\n");
}
END_TEST

static const struct {
	const char *word, *kind;
} odd_words[] = {
	{ "acl", "acl" }, { "acl:", "acl" }, { "acl:!", "acl" },
	{ "acl:A", "acl" }, { "acl:AgAAAA==", "acl" },
	{ "acl:~00ff", "acl" }, { "dacl:AgAAAA", "acl" },
	{ "cap", "cap" }, { "cap:", "cap" }, { "cap:AQAAAg", "cap" },
	{ "cap:~00ff", "cap" },
	{ "xattr", "xattr" }, { "xattr.", "xattr" }, { "xattr.:AA", "xattr" },
	{ "xattr.AA:AA", "xattr" }, { "xattr.dXNlci54", "xattr" },
	{ "xattr.!:AA", "xattr" }, { "xattr.dXNlci54:A", "xattr" },
	{ "xattr.dXNlcgB4:AA", "xattr" },
	{ "future:AA", "xattr" }, { ":", "xattr" }, { "aclx:AA", "xattr" },
	{ "ac:AA", "xattr" }, { "meta:00", "xattr" }
};

START_TEST(compare_tells_odd_words_as_they_stand)
{
	const char *word = odd_words[_i].word, *kind = odd_words[_i].kind;
	char told[128];

	snprintf(told, sizeof(told), "%s %s | none\n", kind, word);
	assert_told(word, NULL, told);
	snprintf(told, sizeof(told), "%s none | %s\n", kind, word);
	assert_told("", word, told);
}
END_TEST

static const struct {
	const char *value;
	size_t n;
} odd_acls[] = {
	{ BYTES("\x02") }, { BYTES(ACL_VERSION) },
	{ BYTES("\x01\0\0\0" OBJECT("\1", "\6")) },
	{ BYTES("\x02\0\0\x01" OBJECT("\1", "\6")) },
	{ BYTES(ACL_VERSION "\x01\0\x06\0\xff\xff\xff") },
	{ BYTES(ACL_VERSION OBJECT("\1", "\6") "\x01") },
	{ BYTES(ACL_VERSION OBJECT("\0", "\6")) },
	{ BYTES(ACL_VERSION OBJECT("\3", "\6")) },
	{ BYTES(ACL_VERSION OBJECT("\x40", "\6")) },
	{ BYTES(ACL_VERSION "\x01\x01\x06\0\xff\xff\xff\xff") },
	{ BYTES(ACL_VERSION OBJECT("\1", "\10")) },
	{ BYTES(ACL_VERSION "\x01\0\x06\x01\xff\xff\xff\xff") },
	{ BYTES(ACL_VERSION OBJECT("\1", "\6") OBJECT("\xff", "\xff")) }
};

START_TEST(compare_odd_acl)
{
	char told[256];
	struct buf b;

	buf_init(&b, 0);
	add(&b, "acl", odd_acls[_i].value, odd_acls[_i].n);
	snprintf(told, sizeof(told), "acl %s | none\n", b.data);
	assert_told(b.data, NULL, told);
	buf_free(&b);
}
END_TEST

/* Twice the same entry, or none that must be: libacl prints what there is. */
START_TEST(compare_acl_that_is_not_valid)
{
	assert_one("acl", BYTES(ACL_VERSION OBJECT("\1", "\6")
	                        OBJECT("\1", "\4")), "acl user::rw-,user::r--");
	assert_one("acl", BYTES(ACL_VERSION OBJECT("\x20", "\7")),
	           "acl other::rwx");
}
END_TEST

START_TEST(compare_gigantic)
{
	size_t n = 4 << 20;
	char *list = malloc(n + 1), told[64];
	struct buf b;

	ck_assert_ptr_nonnull(list);
	/* one word */
	memset(list, 'A', n);
	memcpy(list, "acl:", 4);
	list[n] = '\0';
	buf_init(&b, 0);
	ck_assert_int_eq(meta_compare(list, NULL, note, &b), 0);
	ck_assert_uint_eq(b.len, n + strlen("acl  | none\n"));
	/* a name and a value, both far too long */
	memcpy(list, "xattr.", 6);
	list[n / 2] = ':';
	buf_clear(&b);
	ck_assert_int_eq(meta_compare(NULL, list, note, &b), 0);
	ck_assert_uint_eq(b.len, n + strlen("xattr none | \n"));
	/* many, all with one key */
	for (size_t i = 0; i < n; i += 4)
		memcpy(list + i, "a:b,", 4);
	buf_clear(&b);
	list[1 << 18] = '\0';
	ck_assert_int_eq(meta_compare(list, "a:b", note, &b), 0);
	snprintf(told, sizeof(told), "xattr a:b | none\n");
	ck_assert_uint_eq(b.len, ((1 << 16) - 1) * strlen(told));
	buf_free(&b);
	free(list);
}
END_TEST

/* Bytes of a ledger that somebody else wrote must not reach a terminal. */
START_TEST(compare_escapes_odd_bytes)
{
	assert_told("acl:\033[2J", "\xff", "acl acl:\\033\\1332J | none\n"
	            "xattr none | \\377\n");
	assert_told("meta:~\033", NULL, "xattr meta:~\\033 | none\n");
}
END_TEST

START_TEST(compare_random)
{
	static const char some[] = "acldpxtr.:,~AAgBQZ09+/=!m\n\x80";
	unsigned int state = 4711;
	char a[200], b[200];
	struct buf told;
	size_t n;

	buf_init(&told, 0);
	for (int i = 0; i < 20000; i++) {
		n = scratch_random(&state, sizeof(a));
		for (size_t j = 0; j < n; j++)
			a[j] = some[scratch_random(&state, sizeof(some) - 1)];
		a[n] = '\0';
		memcpy(b, a, sizeof(b));
		if (n > 0)
			b[scratch_random(&state, (unsigned int)n)] = 'x';
		buf_clear(&told);
		ck_assert_int_eq(meta_compare(a, b, note, &told), 0);
		for (size_t j = 0; j < told.len; j++)
			ck_assert(told.data[j] == '\n' ||
			          (told.data[j] >= ' ' && told.data[j] < 127));
	}
	buf_free(&told);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("meta");
	TCase *t = tcase_create("meta");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, meta_none);
	tcase_add_test(t, meta_sorted_by_name);
	tcase_add_test(t, meta_long_value_is_a_digest);
	tcase_add_test(t, meta_too_many_are_one_digest);
	tcase_add_test(t, meta_many_long_names);
	tcase_add_test(t, meta_acl_of_file_and_folder);
	tcase_add_test(t, meta_capability_comes_first);
	tcase_add_test(t, meta_leaves_out_the_systems_own);
	suite_add_tcase(s, t);

	t = tcase_create("compare");
	tcase_set_timeout(t, 30);
	tcase_add_test(t, compare_equal_is_silent);
	tcase_add_test(t, compare_acl);
	tcase_add_test(t, compare_xattr);
	tcase_add_test(t, compare_each_that_differs);
	tcase_add_test(t, compare_whole);
	tcase_add_loop_test(t, compare_tells_odd_words_as_they_stand, 0,
	                    COUNT(odd_words));
	tcase_add_loop_test(t, compare_odd_acl, 0, COUNT(odd_acls));
	tcase_add_test(t, compare_acl_that_is_not_valid);
	tcase_add_test(t, compare_gigantic);
	tcase_add_test(t, compare_escapes_odd_bytes);
	tcase_add_test(t, compare_random);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
