/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>

#include "buf.h"
#include "check_main.h"
#include "digest.h"
#include "ledger.h"
#include "scratch.h"

#define HEAD "#mtree\n# dpkg-immutable ledger 1\n"
#define ROOT ". type=dir\n"
#define MD5 "00112233445566778899aabbccddeeff"
#define SUM MD5 MD5
#define OWN " mode=0644 uid=0 gid=0"
#define REST " type=file" OWN " size=5 time=1.000000002 nlink=1 md5digest=" \
    MD5 " tags=ino:6,ctime:7\n"
#define DIR_REST " type=dir mode=0755 uid=0 gid=0 tags=ino:3\n"

static struct diag diag;

static int
load(const char *text, size_t n, struct ledger **ret)
{
	/* a new file each time: ext4 waits for the disk where one is cut */
	unlinkat(scratch_fd, "p.mtree", 0);
	scratch_write("p.mtree", text, n);
	memset(&diag, 0, sizeof(diag));
	return ledger_load(scratch_fd, "p", ret, &diag);
}

static struct ledger *
good(const char *text)
{
	struct ledger *l = NULL;

	ck_assert_msg(load(text, strlen(text), &l) == 0, "line %lu: %s: %s",
	              diag.line, diag.what, text);
	return l;
}

static void
bad(const char *text, unsigned long line)
{
	struct ledger *const untouched = (struct ledger *)&diag;
	struct ledger *l = untouched;

	ck_assert_msg(load(text, strlen(text), &l) == ERR_FORMAT,
	              "accepted: %s", text);
	ck_assert_ptr_eq(l, untouched);
	ck_assert_str_eq(diag.file, "p.mtree");
	ck_assert_msg(diag.line == line, "line %lu: %s: %s", diag.line,
	              diag.what, text);
}

/* A row as the body of a ledger. */
static void
bad_row(const char *row)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_addf(&b, HEAD ROOT "./a" REST "%s\n", row), 0);
	bad(b.data, 5);
	buf_free(&b);
}

static struct ledger *
good_row(const char *row)
{
	struct ledger *l;
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_addf(&b, HEAD ROOT "%s\n", row), 0);
	l = good(b.data);
	ck_assert_uint_eq(l->n_rows, 1);
	buf_free(&b);
	return l;
}

START_TEST(a_missing_ledger_is_told)
{
	struct ledger *l;

	ck_assert_int_eq(ledger_load(scratch_fd, "p", &l, NULL), -ENOENT);
	ledger_free(NULL);
}
END_TEST

/* In no order; each kind of row, and the ends of each number. */
static const struct ledger_row sample_rows[] = {
	{ .path = "/usr/b", .type = LEDGER_FILE, .ino = UINT64_MAX,
	  .ctime = INT64_MAX, .mtime = INT64_MAX, .nlink = UINT32_MAX,
	  .uid = UINT32_MAX - 1, .gid = UINT32_MAX - 1, .mode = 07777,
	  .size = UINT64_MAX },
	{ .path = "/usr/a b#\n\xff/c", .type = LEDGER_FILE, .flagged = true,
	  .has_md5 = true, .has_sha1 = true, .has_sha256 = true,
	  .md5 = { 0xab, [15] = 1 }, .sha1 = { 0xcd, [19] = 2 },
	  .sha256 = { 0xef, [31] = 3 }, .mode = 0644, .nlink = 1, .ino = 3,
	  .size = 4, .mtime = -1500000000, .ctime = -5,
	  .meta = "acl:AAEC,xattr.dXNlci54:eA" },
	{ .path = "/bin/[x]*\\", .real = "/usr/bin/[x]*\\",
	  .type = LEDGER_FILE, .mtime = INT64_MIN, .ctime = INT64_MIN,
	  .meta = "cap:AQ" },
	{ .path = "/usr/b.so", .type = LEDGER_LINK, .link = "../a #=[?\t",
	  .mode = 0777, .ino = 9 },
	{ .path = "/usr", .type = LEDGER_DIR, .mode = 01755, .uid = 1,
	  .gid = 2, .ino = 1, .meta = "dacl:AA" },
	{ .path = "/usr/dev", .type = LEDGER_CHAR },
	{ .path = "/usr/dev-b", .type = LEDGER_BLOCK },
	{ .path = "/usr/dev/f", .type = LEDGER_FIFO },
	{ .path = "/usr/dev/s", .type = LEDGER_SOCKET },
};
#define N_SAMPLE (sizeof(sample_rows) / sizeof(sample_rows[0]))

static const char sample_text[] = HEAD
    "# package p:amd64 1:2.0-1~a\n"
    "# list " SUM "\n"
    ROOT
    "./usr type=dir mode=1755 uid=1 gid=2 tags=ino:1,dacl:AA\n"
    "./usr/a\\040b\\043\\012\\377 type=dir\n"
    "./usr/a\\040b\\043\\012\\377/c type=file" OWN " size=4"
    " time=-2.500000000 nlink=1"
    " md5digest=ab000000000000000000000000000001"
    " sha1digest=cd00000000000000000000000000000000000002"
    " sha256digest=ef00000000000000000000000000000000000000000000000000000000"
    "000003 flags=schg tags=ino:3,ctime:-5,acl:AAEC,xattr.dXNlci54:eA\n"
    "./usr/b type=file mode=7777 uid=4294967294 gid=4294967294"
    " size=18446744073709551615 time=9223372036.854775807 nlink=4294967295"
    " tags=ino:18446744073709551615,ctime:9223372036854775807\n"
    "./usr/b.so type=link mode=0777 uid=0 gid=0"
    " link=../a\\040\\043=\\133\\077\\011 tags=ino:9\n"
    "./usr/bin type=dir\n"
    "./usr/bin/\\133x]\\052\\134 type=file mode=0000 uid=0 gid=0 size=0"
    " time=-9223372037.145224192 nlink=0"
    " tags=ino:0,ctime:-9223372036854775808,name:L2Jpbi9beF0qXA,cap:AQ\n"
    "./usr/dev type=char mode=0000 uid=0 gid=0 tags=ino:0\n"
    "./usr/dev/f type=fifo mode=0000 uid=0 gid=0 tags=ino:0\n"
    "./usr/dev/s type=socket mode=0000 uid=0 gid=0 tags=ino:0\n"
    "./usr/dev-b type=block mode=0000 uid=0 gid=0 tags=ino:0\n";

static struct ledger *
sample(void)
{
	struct ledger *l = ledger_new();

	for (size_t i = 0; i < N_SAMPLE; i++)
		ck_assert_int_eq(ledger_add(l, &sample_rows[i]), 0);
	ck_assert_int_eq(ledger_head(l, "p:amd64", "1:2.0-1~a"), 0);
	l->has_list = true;
	ck_assert_int_eq(digest_unhex(SUM, 64, l->list, 32), 0);
	return l;
}

static void
same_text(const char *a, const char *b)
{
	ck_assert(a == NULL ? b == NULL : b != NULL && strcmp(a, b) == 0);
}

static void
same_row(const struct ledger_row *a, const struct ledger_row *b)
{
	same_text(a->path, b->path);
	same_text(a->real, b->real);
	same_text(a->link, b->link);
	same_text(a->meta, b->meta);
	ck_assert_int_eq((int)a->type, (int)b->type);
	ck_assert_int_eq(a->flagged, b->flagged);
	ck_assert_int_eq(a->has_md5, b->has_md5);
	ck_assert_int_eq(a->has_sha1, b->has_sha1);
	ck_assert_int_eq(a->has_sha256, b->has_sha256);
	ck_assert_mem_eq(a->md5, b->md5, sizeof(a->md5));
	ck_assert_mem_eq(a->sha1, b->sha1, sizeof(a->sha1));
	ck_assert_mem_eq(a->sha256, b->sha256, sizeof(a->sha256));
	ck_assert_uint_eq(a->mode, b->mode);
	ck_assert_uint_eq(a->uid, b->uid);
	ck_assert_uint_eq(a->gid, b->gid);
	ck_assert_uint_eq(a->nlink, b->nlink);
	ck_assert_uint_eq(a->ino, b->ino);
	ck_assert_uint_eq(a->size, b->size);
	ck_assert_int_eq(a->mtime, b->mtime);
	ck_assert_int_eq(a->ctime, b->ctime);
}

START_TEST(rows_come_back)
{
	struct ledger *l = sample(), *m;
	struct digest sum;
	char *text;

	ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, false), -EINVAL);
	ledger_seal(l);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, true), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, "p", &m, NULL), -ENOENT);
	ck_assert_int_eq(ledger_commit(scratch_fd, "p"), 0);
	text = scratch_read("p.mtree", NULL);
	ck_assert_str_eq(text, sample_text);
	ck_assert_int_eq(digest_memory(text, strlen(text), DIGEST_SHA256,
	                               &sum), 0);
	ck_assert_mem_eq(l->digest, sum.bytes, 32);
	free(text);
	ck_assert_int_eq(ledger_load(scratch_fd, "p", &m, &diag), 0);
	ck_assert_mem_eq(m->digest, sum.bytes, 32);
	ck_assert_str_eq(m->key, "p:amd64");
	ck_assert_str_eq(m->version, "1:2.0-1~a");
	ck_assert(m->has_list && !m->has_md5sums);
	ck_assert_mem_eq(m->list, l->list, 32);
	ck_assert_uint_eq(m->n_rows, N_SAMPLE);
	for (size_t i = 0; i < N_SAMPLE; i++)
		same_row(&sample_rows[i], ledger_any(m, sample_rows[i].path));
	for (size_t i = 1; i < N_SAMPLE; i++)
		ck_assert_int_lt(strcmp(m->rows[i - 1].path, m->rows[i].path),
		                 0);
	ledger_free(l);
	ledger_free(m);
}
END_TEST

START_TEST(find_and_any)
{
	struct ledger *l = sample();

	for (int sealed = 0; sealed < 2; sealed++) {
		ck_assert_ptr_null(ledger_find(l, "/usr/b"));
		ck_assert_ptr_nonnull(ledger_any(l, "/usr/b"));
		ck_assert_ptr_nonnull(ledger_find(l, "/usr/a b#\n\xff/c"));
		ck_assert_ptr_null(ledger_any(l, "/usr/bin/[x]*\\"));
		ck_assert_ptr_null(ledger_any(l, "/us"));
		ck_assert_ptr_null(ledger_any(l, "/usr/c"));
		ledger_seal(l);
	}
	ledger_free(l);
	l = ledger_new();
	ck_assert_ptr_null(ledger_any(l, "/usr"));
	ledger_free(l);
}
END_TEST

START_TEST(of_rows_with_one_path_the_last_stays)
{
	struct ledger_row row = { .path = "/a" };
	struct ledger *l = ledger_new();

	for (unsigned int i = 0; i < 300; i++) {
		char path[8];

		snprintf(path, sizeof(path), "/%u", i * 7 % 10);
		row.path = path;
		row.ino = i;
		ck_assert_int_eq(ledger_add(l, &row), 0);
		ck_assert_uint_eq(ledger_any(l, path)->ino, i);
	}
	ledger_seal(l);
	ck_assert_uint_eq(l->n_rows, 10);
	for (unsigned int i = 290; i < 300; i++) {
		char path[8];

		snprintf(path, sizeof(path), "/%u", i * 7 % 10);
		ck_assert_uint_eq(ledger_any(l, path)->ino, i);
	}
	ledger_free(l);
}
END_TEST

START_TEST(rows_that_cannot_be_lines_are_refused)
{
	static const char *const names[] = { "", "a", "./a", "/", "/a/", "//a",
	    "/a//b", "/.", "/..", "/a/./b", "/a/../b", "/a/.." };
	static const struct ledger_row rows[] = {
		{ .path = "/a", .type = LEDGER_LINK },
		{ .path = "/a", .meta = "acl:a b" },
		{ .path = "/a", .meta = "acl:a\\040" },
		{ .path = "/a", .meta = "acl:a\n" },
		{ .path = "/a", .mode = 010000 },
		{ .path = "/a", .uid = UINT32_MAX },
		{ .path = "/a", .gid = UINT32_MAX },
	};
	struct ledger_row row = { .path = NULL };
	struct ledger *l = ledger_new();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		row = (struct ledger_row){ .path = names[i] };
		ck_assert_int_eq(ledger_add(l, &row), -EINVAL);
		row = (struct ledger_row){ .path = "/a", .real = names[i] };
		ck_assert_int_eq(ledger_add(l, &row), -EINVAL);
	}
	row = (struct ledger_row){ .path = "/a//b/..", .real = "/..." };
	ck_assert_int_eq(ledger_add(l, &row), 0);
	ledger_free(l);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		l = ledger_new();
		ck_assert_int_eq(ledger_add(l, &rows[i]), 0);
		ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, false),
		                 -EINVAL);
		ledger_free(l);
	}
	ck_assert_int_ne(faccessat(scratch_fd, "p.mtree.new", F_OK, 0), 0);
}
END_TEST

/* '/' below any other byte; and folders once, however names begin. */
START_TEST(a_tree_is_together)
{
	static const char *const paths[] = { "/a-b/x", "/a/b", "/a.b/c/d",
	    "/a/b/c/d/e", "/a/b/c/d/f", "/a/b/c-d", "/ab", "/a/b/cd/e",
	    "/\x01/y", "/a\x01/y" };
	static const char *const lines[] = { ".", "./\\001", "./\\001/y",
	    "./a", "./a/b", "./a/b/c", "./a/b/c/d", "./a/b/c/d/e",
	    "./a/b/c/d/f", "./a/b/c-d", "./a/b/cd", "./a/b/cd/e", "./a\\001",
	    "./a\\001/y", "./a-b", "./a-b/x", "./a.b", "./a.b/c", "./a.b/c/d",
	    "./ab" };
	struct ledger_row row = { .type = LEDGER_DIR };
	struct ledger *l = ledger_new(), *m;
	const struct ledger *const one = l;
	struct buf b;
	char *at;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		row.path = paths[i];
		ck_assert_int_eq(ledger_add(l, &row), 0);
	}
	ledger_seal(l);
	buf_init(&b, 0);
	ck_assert_int_eq(ledger_format(&one, 1, &b), 0);
	at = b.data + sizeof(HEAD) - 1;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *end = strchr(at, '\n'), *blank = strchr(at, ' ');

		*blank = '\0';
		ck_assert_str_eq(at, lines[i]);
		*blank = ' ';
		at = end + 1;
	}
	ck_assert_str_eq(at, "");
	m = good(b.data);
	ck_assert_uint_eq(m->n_rows, l->n_rows);
	for (size_t i = 0; i < l->n_rows; i++)
		same_row(&l->rows[i], &m->rows[i]);
	ledger_free(m);
	ledger_free(l);
	buf_free(&b);
}
END_TEST

START_TEST(of_rows_with_one_real_name_the_first_is_written)
{
	static const struct ledger_row rows[] = {
		{ .path = "/usr/lib", .type = LEDGER_DIR, .ino = 2 },
		{ .path = "/lib", .real = "/usr/lib", .type = LEDGER_DIR,
		  .ino = 1 },
		{ .path = "/usr/lib/x", .real = "/usr/lib/x", .ino = 3 },
	};
	struct ledger *l = ledger_new(), *m;

	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(ledger_add(l, &rows[i]), 0);
	ledger_seal(l);
	ck_assert_uint_eq(l->n_rows, 3);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, false), 0);
	ck_assert_int_eq(ledger_commit(scratch_fd, "p"), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, "p", &m, NULL), 0);
	ck_assert_uint_eq(m->n_rows, 2);
	ck_assert_str_eq(m->rows[0].path, "/lib");
	ck_assert_str_eq(m->rows[0].real, "/usr/lib");
	ck_assert_str_eq(m->rows[1].path, "/usr/lib/x");
	ck_assert_ptr_null(m->rows[1].real);
	ledger_free(l);
	ledger_free(m);
}
END_TEST

START_TEST(several_ledgers_in_one_text)
{
	const struct ledger_row one = { .path = "/usr/a", .ino = 1 };
	const struct ledger_row two = { .path = "/x", .ino = 2 };
	const struct ledger_row both[] = {
		{ .path = "/usr", .type = LEDGER_DIR, .ino = 3 },
		{ .path = "/usr", .type = LEDGER_DIR, .ino = 4 },
	};
	struct ledger *l[2] = { ledger_new(), ledger_new() }, *m;
	struct buf b;

	ck_assert_int_eq(ledger_add(l[0], &both[0]), 0);
	ck_assert_int_eq(ledger_add(l[0], &one), 0);
	ck_assert_int_eq(ledger_add(l[1], &both[1]), 0);
	ck_assert_int_eq(ledger_add(l[1], &two), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(ledger_head(l[i], "p", NULL), 0);
	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, "kept"), 0);
	ck_assert_int_eq(ledger_format((const struct ledger *const *)l, 2, &b),
	                 0);
	ck_assert_int_eq(strncmp(b.data, "kept" HEAD ROOT,
	                         sizeof("kept" HEAD ROOT) - 1), 0);
	m = good(b.data + 4);
	ck_assert_uint_eq(m->n_rows, 3);
	ck_assert_ptr_null(m->key);
	ck_assert_uint_eq(ledger_any(m, "/usr")->ino, 3);
	ck_assert_uint_eq(ledger_any(m, "/x")->ino, 2);
	ledger_free(m);
	buf_clear(&b);
	ck_assert_int_eq(ledger_format(NULL, 0, &b), 0);
	ck_assert_str_eq(b.data, HEAD ROOT);
	b.max = 200;
	ck_assert_int_eq(ledger_format((const struct ledger *const *)l, 2, &b),
	                 ERR_LIMIT);
	ck_assert_str_eq(b.data, HEAD ROOT);
	ck_assert_uint_eq(b.len, sizeof(HEAD ROOT) - 1);
	buf_free(&b);
	ledger_free(l[0]);
	ledger_free(l[1]);
}
END_TEST

START_TEST(an_empty_ledger_is_one)
{
	struct ledger *l = ledger_new(), *m;

	ledger_seal(l);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p:amd64", l, false), 0);
	ck_assert_int_eq(ledger_commit(scratch_fd, "p:amd64"), 0);
	ck_assert_int_eq(faccessat(scratch_fd, "p:amd64.mtree", F_OK, 0), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, "p:amd64", &m, &diag), 0);
	ck_assert_uint_eq(m->n_rows, 0);
	ck_assert_ptr_null(m->key);
	ck_assert_ptr_null(ledger_any(m, "/a"));
	ledger_free(l);
	ledger_free(m);
}
END_TEST

START_TEST(remove_takes_the_staged_one_too)
{
	struct ledger *l = ledger_new();

	ck_assert_int_eq(ledger_remove(scratch_fd, "p"), 0);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, false), 0);
	ck_assert_int_eq(ledger_commit(scratch_fd, "p"), 0);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, false), 0);
	ck_assert_int_eq(ledger_remove(scratch_fd, "p"), 1);
	ck_assert_int_ne(faccessat(scratch_fd, "p.mtree", F_OK, 0), 0);
	ck_assert_int_ne(faccessat(scratch_fd, "p.mtree.new", F_OK, 0), 0);
	ck_assert_int_lt(ledger_commit(scratch_fd, "p"), 0);
	ledger_free(l);
}
END_TEST

START_TEST(keys_cannot_leave_the_folder)
{
	static const char *const keys[] = { "", ".", "..", "../x", "a/b", "/",
	                                    ".hidden" };
	struct ledger *l = ledger_new(), *m;
	char key[300];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		ck_assert_int_eq(ledger_load(scratch_fd, keys[i], &m, NULL),
		                 -EINVAL);
		ck_assert_int_eq(ledger_stage(scratch_fd, keys[i], l, false),
		                 -EINVAL);
		ck_assert_int_eq(ledger_commit(scratch_fd, keys[i]), -EINVAL);
		ck_assert_int_eq(ledger_remove(scratch_fd, keys[i]), -EINVAL);
	}
	memset(key, 'a', sizeof(key));
	key[240] = '\0';
	ck_assert_int_eq(ledger_stage(scratch_fd, key, l, false), 0);
	ledger_free(l);
}
END_TEST

/* dpkg takes names that are too long for a file of ours: two of them, alike
 * but for their ends, have ledgers of their own. */
START_TEST(long_keys_have_ledgers)
{
	struct ledger_row row = { .path = "/usr/x", .ino = 7 };
	struct ledger *l = ledger_new(), *m;
	char one[300], two[300];

	memset(one, 'a', sizeof(one));
	one[247] = '\0';
	memcpy(two, one, sizeof(two));
	two[246] = 'b';
	ck_assert_int_eq(ledger_add(l, &row), 0);
	ledger_seal(l);
	ck_assert_int_eq(ledger_stage(scratch_fd, one, l, false), 0);
	ck_assert_int_eq(ledger_commit(scratch_fd, one), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, two, &m, NULL), -ENOENT);
	ck_assert_int_eq(ledger_remove(scratch_fd, two), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, one, &m, NULL), 0);
	ck_assert_uint_eq(m->n_rows, 1);
	ledger_free(m);
	ck_assert_int_eq(ledger_remove(scratch_fd, one), 1);
	ck_assert_int_eq(ledger_load(scratch_fd, one, &m, NULL), -ENOENT);
	ledger_free(l);
}
END_TEST

static int
note_key(void *ctx, const char *key)
{
	char *keys = ctx;

	ck_assert_uint_lt(strlen(keys) + strlen(key), 99);
	strncat(keys, key, 99 - strlen(keys));
	return strcmp(key, "stop") == 0 ? -EINTR : 0;
}

START_TEST(each_tells_the_keys_of_ledgers)
{
	char keys[100] = "";

	scratch_text("a:amd64.mtree", "");
	scratch_text("b.mtree.new", "");
	scratch_text("cut~0badcafe.mtree", "");
	scratch_text("index", "");
	scratch_text(".mtree", "");
	ck_assert_int_eq(ledger_each(scratch_fd, note_key, keys), 0);
	ck_assert_str_eq(keys, "a:amd64");
	scratch_text("stop.mtree", "");
	keys[0] = '\0';
	ck_assert_int_eq(ledger_each(scratch_fd, note_key, keys), -EINTR);
	ck_assert_int_eq(ledger_each(-1, note_key, keys), -EBADF);
}
END_TEST

START_TEST(keywords_in_any_order_and_tags_of_later_versions)
{
	struct ledger *l = good_row("./a tags=,new,cap:Q,ctime:-1,acls:1,"
	    "acl:b,other:2,xattr.a:b,ino:3,meta:~,aclx,dacl:,name:L2I, gid=2"
	    " uid=1 nlink=3 mode=4 time=0.000000001 size=0 type=file");

	ck_assert_str_eq(l->rows[0].path, "/b");
	ck_assert_str_eq(l->rows[0].real, "/a");
	ck_assert_uint_eq(l->rows[0].ino, 3);
	ck_assert_int_eq(l->rows[0].ctime, -1);
	ck_assert_int_eq(l->rows[0].mtime, 1);
	ck_assert_uint_eq(l->rows[0].mode, 4);
	ck_assert_uint_eq(l->rows[0].uid, 1);
	ck_assert_uint_eq(l->rows[0].gid, 2);
	ck_assert_uint_eq(l->rows[0].nlink, 3);
	ck_assert_str_eq(l->rows[0].meta, "cap:Q,acl:b,xattr.a:b,meta:~,dacl:");
	ledger_free(l);
}
END_TEST

START_TEST(times_before_and_after)
{
	static const struct {
		const char *text;
		int64_t ns;
	} times[] = {
		{ "0.000000000", 0 }, { "0.999999999", 999999999 },
		{ "-1.999999999", -1 }, { "-1.000000000", -1000000000 },
		{ "-1.500000000", -500000000 }, { "-2.500000000", -1500000000 },
		{ "1700000000.123456789", 1700000000123456789 },
		{ "9223372036.854775807", INT64_MAX },
		{ "-9223372037.145224192", INT64_MIN },
	};
	char row[200];

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct ledger *l;

		snprintf(row, sizeof(row), "./a type=file" OWN " size=0"
		         " time=%s nlink=1 tags=ino:1,ctime:1", times[i].text);
		l = good_row(row);
		ck_assert_int_eq(l->rows[0].mtime, times[i].ns);
		ledger_free(l);
	}
}
END_TEST

#define FILE_OWN "./b type=file" OWN
#define FILE_STAT " size=1 time=1.000000000 nlink=1"
#define FILE_TAGS " tags=ino:1,ctime:1"

START_TEST(bad_rows_are_refused)
{
	static const char *const rows[] = {
		"", " ", "#", "# comment", "./", "./b", "./b ", "./b  type=dir",
		"./b type=dir ", "./b type=file", "./b type=link", ". type=dir",
		"b" DIR_REST, "/b" DIR_REST, ".b" DIR_REST, "./" DIR_REST,
		".//b" DIR_REST, "./b/" DIR_REST, "./b//c" DIR_REST,
		"./." DIR_REST, "./b/.." DIR_REST, "./b/./c" DIR_REST,
		"./\\056\\056" DIR_REST, "./b\\9" DIR_REST, "./b\\000" DIR_REST,
		"./b\\" DIR_REST, "./b\t" DIR_REST, "./b#" DIR_REST,
		"./b*" DIR_REST, "./b\xff" DIR_REST, "./b\r" DIR_REST,
		/* whole rows of one kind that lack or have too much */
		"./b type=dir size=0", "./b type=dir link=x",
		"./b type=dir mode=0755 uid=0 gid=0 tags=ctime:1",
		"./b type=dir mode=0755 uid=0 gid=0 tags=",
		"./b type=dir mode=0755 uid=0 gid=0 tags=ino:1,ctime:1",
		"./b type=dir mode=0755 uid=0 gid=0 flags=schg tags=ino:1",
		"./b type=dir mode=0755 uid=0 tags=ino:1",
		"./b type=dir mode=0755 gid=0 tags=ino:1",
		"./b type=dir uid=0 gid=0 tags=ino:1",
		"./b mode=0755 uid=0 gid=0 tags=ino:1",
		"./b type=fifo mode=0755 uid=0 gid=0 nlink=1 tags=ino:1",
		"./b type=link mode=0777 uid=0 gid=0 tags=ino:1",
		"./b type=link mode=0777 uid=0 gid=0 link= tags=ino:1",
		"./b type=link mode=0777 uid=0 gid=0 link=a\tb tags=ino:1",
		"./b type=link mode=0777 uid=0 gid=0 link=\\0 tags=ino:1",
		FILE_OWN FILE_STAT,
		FILE_OWN FILE_STAT " tags=ino:1",
		FILE_OWN FILE_STAT " tags=ctime:1",
		FILE_OWN " size=1 time=1.000000000" FILE_TAGS,
		FILE_OWN " size=1 nlink=1" FILE_TAGS,
		FILE_OWN " time=1.000000000 nlink=1" FILE_TAGS,
		FILE_OWN FILE_STAT " link=x" FILE_TAGS,
		"./b type=file uid=0 gid=0" FILE_STAT FILE_TAGS,
		"./b type=files" OWN FILE_STAT FILE_TAGS,
		"./b type=" OWN FILE_STAT FILE_TAGS,
		/* keywords */
		FILE_OWN FILE_STAT FILE_TAGS " ",
		FILE_OWN FILE_STAT " cksum=1" FILE_TAGS,
		FILE_OWN FILE_STAT " optional" FILE_TAGS,
		FILE_OWN FILE_STAT FILE_TAGS " size=1",
		FILE_OWN FILE_STAT FILE_TAGS " tags=a",
		FILE_OWN FILE_STAT " flags=" FILE_TAGS,
		FILE_OWN FILE_STAT " flags=uchg" FILE_TAGS,
		FILE_OWN FILE_STAT " flags=schg,uchg" FILE_TAGS,
		FILE_OWN FILE_STAT " md5digest=" FILE_TAGS,
		FILE_OWN FILE_STAT " md5digest=" MD5 "00" FILE_TAGS,
		FILE_OWN FILE_STAT " md5digest=00112233445566778899aabbccddeefg"
		    FILE_TAGS,
		FILE_OWN FILE_STAT " md5digest=00112233445566778899AABBCCDDEEFF"
		    FILE_TAGS,
		FILE_OWN FILE_STAT " md5digest=" MD5 " md5digest=" MD5
		    FILE_TAGS,
		FILE_OWN FILE_STAT " sha1digest=" MD5 FILE_TAGS,
		FILE_OWN FILE_STAT " sha256digest=" MD5 FILE_TAGS,
		FILE_OWN FILE_STAT " sha256digest=" SUM "0" FILE_TAGS,
		/* tags */
		FILE_OWN FILE_STAT " tags=ino:1,ino:1,ctime:1",
		FILE_OWN FILE_STAT " tags=ino:1,ctime:1,ctime:1",
		FILE_OWN FILE_STAT " tags=ino:-1,ctime:1",
		FILE_OWN FILE_STAT " tags=ino:,ctime:1",
		FILE_OWN FILE_STAT " tags=ino:18446744073709551616,ctime:1",
		FILE_OWN FILE_STAT " tags=ino:1,ctime:--1",
		FILE_OWN FILE_STAT " tags=ino:1,ctime:-",
		FILE_OWN FILE_STAT " tags=ino:1,ctime:-0",
		FILE_OWN FILE_STAT " tags=ino:1,ctime:9223372036854775808",
		FILE_OWN FILE_STAT " tags=ino:1,ctime:-9223372036854775809",
		FILE_OWN FILE_STAT FILE_TAGS ",name:",
		FILE_OWN FILE_STAT FILE_TAGS ",name:L",
		FILE_OWN FILE_STAT FILE_TAGS ",name:L2I=",
		FILE_OWN FILE_STAT FILE_TAGS ",name:YQ",	/* a */
		FILE_OWN FILE_STAT FILE_TAGS ",name:L2EA",	/* "/a\0" */
		FILE_OWN FILE_STAT FILE_TAGS ",name:L2I",	/* /b */
		FILE_OWN FILE_STAT FILE_TAGS ",name:L2M,name:L2M",
		FILE_OWN FILE_STAT FILE_TAGS ",acl:a\tb",
		FILE_OWN FILE_STAT FILE_TAGS ",acl:a\\040b",
		FILE_OWN FILE_STAT FILE_TAGS ",other:\xff",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i]);
		char *row = strdup(rows[i]);

		/* what DIR_REST ends in */
		if (n > 0 && row[n - 1] == '\n')
			row[n - 1] = '\0';
		bad_row(row);
		free(row);
	}
}
END_TEST

START_TEST(bad_numbers_are_refused)
{
	static const struct {
		const char *keyword, *good, *values[8];
	} numbers[] = {
		{ "mode", "00755", { "", "-1", "0x1", "8", "0758", "10000",
		                     "000755", "u+x" } },
		{ "uid", "4294967294", { "", "-1", "4294967295", "1x",
		                         "4294967296", "+1",
		                         "99999999999999" } },
		{ "gid", "4294967294", { "", "-1", "4294967295", "x",
		                         "18446744073709551616" } },
		{ "nlink", "4294967295", { "", "-1", "4294967296", "1 ",
		                           "0x1" } },
		{ "size", "18446744073709551615", { "", "-1", "1x", "1.0",
		    "18446744073709551616", "99999999999999999999" } },
		{ "time", "1.000000000", { "", "1", "1.", "1.0", ".000000000",
		    "1.0000000000", "-0.000000001" } },
		{ "time", "-9223372037.145224192", { "9223372036.854775808",
		    "-9223372037.145224191", "--1.000000000", "1.00000000x",
		    "1.-00000000", "99999999999999999999.000000000",
		    "-9223372038.000000000" } },
	};
	struct ledger *l;
	char row[300];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		/* the good one first, so that only the number is bad */
		for (int k = -1; k < 8; k++) {
			const char *word = numbers[i].keyword;
			const char *v = k < 0 ? numbers[i].good :
			    numbers[i].values[k];
			int n;

			if (v == NULL)
				break;
			n = snprintf(row, sizeof(row), "./b type=file");
#define ADD(name, value) n += snprintf(row + n, sizeof(row) - (size_t)n, \
    " " name "=%s", strcmp(word, name) == 0 ? v : value)
			ADD("mode", "0644");
			ADD("uid", "0");
			ADD("gid", "0");
			ADD("size", "0");
			ADD("time", "0.000000000");
			ADD("nlink", "1");
#undef ADD
			snprintf(row + n, sizeof(row) - (size_t)n, FILE_TAGS);
			if (k >= 0) {
				bad_row(row);
				continue;
			}
			l = good_row(row);
			ledger_free(l);
		}
	}
}
END_TEST

START_TEST(the_order_is_checked)
{
	bad(HEAD "./a" REST "./a" REST, 4);
	bad(HEAD "./b" REST "./a" REST, 4);
	bad(HEAD "./a type=dir\n./a" DIR_REST, 4);
	bad(HEAD "./a" DIR_REST "./a type=dir\n", 4);
	bad(HEAD "./a-b" REST "./a" DIR_REST "./a/b" REST, 4);
	bad(HEAD "./a" DIR_REST "./a-b" REST "./a/b" REST, 5);
	bad(HEAD "./\\141" REST "./a" REST, 4);
	bad(HEAD "./a" REST ROOT, 4);
	bad(HEAD ROOT ROOT, 4);
	bad(HEAD "." DIR_REST, 3);
	/* two lines that dpkg would have one name for: no line to blame */
	bad(HEAD "./a type=dir mode=0755 uid=0 gid=0 tags=ino:1,name:L2I\n"
	    "./b" REST, 0);
	ck_assert_ptr_nonnull(strstr(diag.what, "/b"));
	ledger_free(good(HEAD "./a" DIR_REST "./a/b" REST "./a-b" REST));
}
END_TEST

START_TEST(bad_heads_are_refused)
{
	static const char list[] = "# list " SUM "\n";
	struct ledger *l;

	bad("", 1);
	bad("#mtree\n", 2);
	bad("#mtree\n# dpkg-immutable ledger 1", 2);
	bad("#mtree v2.0\n# dpkg-immutable ledger 1\n", 1);
	bad("# dpkg-immutable ledger 1\n#mtree\n", 1);
	bad("#mtree\n# dpkg-immutable ledger\n", 2);
	bad(HEAD "./a", 3);
	bad(HEAD ROOT "./a" DIR_REST "./b type=dir", 5);
	bad(HEAD "#\n", 3);
	bad(HEAD "\n", 3);
	bad(HEAD "# comment\n", 3);
	bad(HEAD "# package \n", 3);
	bad(HEAD "# package a \n", 3);
	bad(HEAD "# package a b c\n", 3);
	bad(HEAD "# package a\\9\n", 3);
	bad(HEAD "# package a b\n# package a b\n", 4);
	bad(HEAD "# list \n", 3);
	bad(HEAD "# list " MD5 "\n", 3);
	bad(HEAD "# md5sums " SUM "0\n", 3);
	bad(HEAD "# md5sums " SUM "\n# md5sums " SUM "\n", 4);
	bad(HEAD ROOT "# list " SUM "\n", 4);
	ck_assert_int_eq(load("#mtree\n# dpkg-immutable ledger 2\n", 33, &l),
	                 ERR_VERSION);
	ck_assert_uint_eq(diag.line, 2);
	l = good(HEAD "# package a\\040b\n# md5sums " SUM "\n");
	ck_assert_str_eq(l->key, "a b");
	ck_assert_ptr_null(l->version);
	ck_assert(l->has_md5sums && !l->has_list);
	ledger_free(l);
	l = good(HEAD "# list " SUM "\n# package a 1\n./a" REST);
	ck_assert_str_eq(l->version, "1");
	ck_assert_int_eq(digest_unhex(list + 7, 64, l->md5sums, 32), 0);
	ck_assert_mem_eq(l->list, l->md5sums, 32);
	ledger_free(l);
}
END_TEST

/* Every end and every NUL; then bytes at random: no crash, and no more is
 * asked of them than that sanitizers are silent. */
START_TEST(nul_and_noise)
{
	size_t n = sizeof(sample_text) - 1;
	char noise[sizeof(sample_text)];
	unsigned int state = 1;
	struct ledger *l;

	for (size_t i = 0; i < n; i++) {
		memcpy(noise, sample_text, n);
		noise[i] = '\0';
		ck_assert_int_eq(load(noise, n, &l), ERR_FORMAT);
		ck_assert_str_eq(diag.what, "a NUL byte");
		if (i == 0 || sample_text[i - 1] != '\n' ||
		    i < sizeof(HEAD) - 1)
			ck_assert_int_eq(load(sample_text, i, &l), ERR_FORMAT);
	}
	for (int i = 0; i < 5000; i++) {
		memcpy(noise, sample_text, n);
		for (int k = 0; k < 2; k++)
			noise[scratch_random(&state, (unsigned int)n)] =
			    (char)scratch_random(&state, 256);
		if (load(noise, n, &l) == 0)
			ledger_free(l);
	}
	for (size_t i = 0; i < n; i++)
		noise[i] = (char)(1 + scratch_random(&state, 255));
	ck_assert_int_eq(load(noise, n, &l), ERR_FORMAT);
}
END_TEST

START_TEST(a_huge_line_is_read_or_refused)
{
	size_t n = 300000;
	char *text = malloc(n + 1);
	struct ledger *l;

	memset(text, 'a', n);
	text[n] = '\0';
	memcpy(text, HEAD "./", sizeof(HEAD "./") - 1);
	bad(text, 3);
	text[n - 1] = '\n';
	bad(text, 3);
	memcpy(text + n - (sizeof(REST) - 1), REST, sizeof(REST) - 1);
	l = good(text);
	ck_assert_uint_eq(l->n_rows, 1);
	ledger_free(l);
	free(text);
}
END_TEST

/* Thousands of rows in an order that has nothing to do with either. */
START_TEST(many_rows)
{
	struct ledger *l = ledger_new(), *m;
	struct ledger_row row = { .type = LEDGER_FILE };
	unsigned int state = 5;
	char path[64];

	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/%u/%u%s%u",
		         scratch_random(&state, 9), scratch_random(&state, 30),
		         i % 3 == 0 ? "/" : i % 3 == 1 ? "-" : ".", i);
		row.path = path;
		row.ino = i;
		ck_assert_int_eq(ledger_add(l, &row), 0);
	}
	ledger_seal(l);
	ck_assert_uint_eq(l->n_rows, 5000);
	ck_assert_int_eq(ledger_stage(scratch_fd, "p", l, false), 0);
	ck_assert_int_eq(ledger_settle(scratch_fd, "p"), 0);
	ck_assert_int_eq(ledger_commit(scratch_fd, "p"), 0);
	ck_assert_int_eq(ledger_load(scratch_fd, "p", &m, &diag), 0);
	ck_assert_uint_eq(m->n_rows, 5000);
	for (size_t i = 0; i < 5000; i++)
		same_row(&l->rows[i], &m->rows[i]);
	ledger_free(l);
	ledger_free(m);
}
END_TEST

/* Refused by the first line that is none, before it is read as a whole. */
START_TEST(what_is_large_and_no_text)
{
	const size_t n = 2 << 20;
	char *text = malloc(n);
	struct ledger *l = NULL;

	ck_assert_ptr_nonnull(text);
	memset(text, 0, n);
	memcpy(text, "#mtree\n", 7);
	ck_assert_int_eq(load(text, n, &l), ERR_FORMAT);
	ck_assert_str_eq(diag.file, "p.mtree");
	ck_assert_str_eq(diag.what, "no line of text");
	memset(text + 7, 'x', n - 7);
	ck_assert_int_eq(load(text, n, &l), ERR_FORMAT);
	ck_assert_uint_eq(diag.line, 2);
	ck_assert_str_eq(diag.what, "no line of text");
	/* with an end, but a late one */
	text[n / 2] = '\n';
	ck_assert_int_eq(load(text, n, &l), ERR_FORMAT);
	ck_assert_uint_eq(diag.line, 2);
	/* lines as they may be: the parser's to judge */
	for (size_t i = 60000; i < n; i += 60000)
		text[i] = '\n';
	ck_assert_int_eq(load(text, n, &l), ERR_FORMAT);
	ck_assert_str_ne(diag.what, "no line of text");
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("ledger");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, scratch_open, scratch_close);
	tcase_add_test(t, a_missing_ledger_is_told);
	tcase_add_test(t, rows_come_back);
	tcase_add_test(t, find_and_any);
	tcase_add_test(t, of_rows_with_one_path_the_last_stays);
	tcase_add_test(t, rows_that_cannot_be_lines_are_refused);
	tcase_add_test(t, a_tree_is_together);
	tcase_add_test(t, of_rows_with_one_real_name_the_first_is_written);
	tcase_add_test(t, several_ledgers_in_one_text);
	tcase_add_test(t, an_empty_ledger_is_one);
	tcase_add_test(t, remove_takes_the_staged_one_too);
	tcase_add_test(t, keys_cannot_leave_the_folder);
	tcase_add_test(t, long_keys_have_ledgers);
	tcase_add_test(t, each_tells_the_keys_of_ledgers);
	tcase_add_test(t, keywords_in_any_order_and_tags_of_later_versions);
	tcase_add_test(t, times_before_and_after);
	tcase_add_test(t, bad_rows_are_refused);
	tcase_add_test(t, bad_numbers_are_refused);
	tcase_add_test(t, the_order_is_checked);
	tcase_add_test(t, bad_heads_are_refused);
	tcase_add_test(t, nul_and_noise);
	tcase_add_test(t, a_huge_line_is_read_or_refused);
	tcase_add_test(t, many_rows);
	tcase_add_test(t, what_is_large_and_no_text);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
