/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>

#include "before.h"
#include "core_fixture.h"

#define OK "ok installed"
#define Q "/var/lib/dpkg-immutable/quarantine"
#define TXN "00000000000000ab"

static struct before before;
static struct ledger *ledger;
static uint64_t limit;		/* a guest may not say it itself */
static char last[600];		/* the last finding: "EXPECTED ACTUAL COPY" */

static void
on_finding(void *ctx, const struct finding *f)
{
	fixture_finding(ctx, f);
	ck_assert_str_eq(f->package, "p");
	ck_assert_str_eq(f->version, "1");
	snprintf(last, sizeof(last), "%s %s %s",
	         f->expected != NULL ? f->expected : "-",
	         f->actual != NULL ? f->actual : "-",
	         f->copy != NULL ? f->copy : "-");
}

/* "sha256:HEX" of a text; good until the next but three. */
static const char *
digest_of(enum digest_kind kind, const char *text)
{
	static char texts[4][80];
	static unsigned int at;
	char *out = texts[at++ % 4], hex[2 * DIGEST_MAX + 1];
	struct digest d;

	ok(digest_memory(text, strlen(text), kind, &d));
	digest_hex(d.bytes, digest_size(kind), hex);
	snprintf(out, sizeof(texts[0]), "%s:%s",
	         kind == DIGEST_MD5 ? "md5" : "sha256", hex);
	return out;
}

static void
expect(enum digest_kind kind, const char *expected, const char *actual,
       const char *copy)
{
	char text[300];

	snprintf(text, sizeof(text), "%s %s %s", digest_of(kind, expected),
	         digest_of(kind, actual), copy);
	ck_assert_str_eq(last, text);
}

/* A row for a file as it is now, with the flag that it gets here. */
static void
record(const char *path, bool sha256)
{
	struct ledger_row row = {
		.path = path, .type = LEDGER_FILE, .flagged = true,
		.has_md5 = true, .has_sha256 = sha256, .mode = 0644,
		.nlink = 1
	};
	struct digest d;
	struct node n;
	int fd;

	set_flags(path, IFLAG_IMMUTABLE);
	fd = open(host(path), O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ok(node_of_fd(fd, &n));
	ok(digest_fd(fd, DIGEST_MD5, &d, NULL));
	memcpy(row.md5, d.bytes, 16);
	ok(digest_fd(fd, DIGEST_SHA256, &d, NULL));
	memcpy(row.sha256, d.bytes, 32);
	close(fd);
	row.ino = n.ino;
	row.size = n.size;
	row.ctime = n.ctime;
	ok(ledger_add(ledger, &row));
}

static void
store(void)
{
	open_session();
	ok(ledger_head(ledger, "p", "1"));
	ledger_seal(ledger);
	ok(ledger_stage(session->state->ledger_fd, "p", ledger, false));
	ok(ledger_commit(session->state->ledger_fd, "p"));
	ledger_free(ledger);
	ledger = NULL;
}

/* The row of p in the index, as of the present list. */
static void
store_index(const char *version)
{
	struct package *p;
	struct index_row row = {
		.name = "p", .arch = "amd64", .version = version,
		.state = PKG_INSTALLED
	};

	open_session();
	p = dpkgdb_find(session->db, "p", "amd64");
	ok(dpkgdb_list_stat(session->db, p));
	row.list_ino = p->list_ino;
	row.list_size = p->list_size;
	row.list_mtime = p->list_mtime;
	ok(index_add(session->index, &row));
	index_seal(session->index);
	ok(index_store(session->state->ledger_fd, session->index));
}

/* Package p with three files, recorded with SHA-256, and one that is not. */
static void
package(void)
{
	put("/usr/a", "aaaa");
	put("/usr/b", "bbbb");
	put("/usr/c", "cccc");
	put("/usr/not", "dddd");
	add_package("p", OK, "", "/usr/a", "/usr/b", "/usr/c", "/usr/not",
	            NULL);
	database();
	adopt();
	ledger = ledger_new();
	record("/usr/a", true);
	record("/usr/b", true);
	record("/usr/c", false);
	store();
	store_index("1");
}

static void
look_at(const char *path)
{
	struct package *p = dpkgdb_find(session->db, "p", "amd64");
	unsigned int flags = 0;
	struct node n;
	int r = due_flags(session->due, path, &n, &flags);

	ck_assert_ptr_nonnull(p);
	ok(dpkgdb_load_list(session->db, p, &diag));
	ok(before_check(&before, session, p, path, r < 0 ? NULL : &n,
	                r < 0 ? 0 : flags));
}

/* As a run that comes upon these files. */
static void
check(const char *one, const char *two)
{
	open_session();
	session->conf->quarantine_limit = limit;
	before_free(&before);
	before = (struct before){ .txn = 0xab, .on_finding = on_finding };
	findings[0] = last[0] = '\0';
	look_at(one);
	if (two != NULL)
		look_at(two);
}

#define found(what) ck_assert_str_eq(findings, what)

static size_t
copies(void)
{
	DIR *d = opendir(host(Q));
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return (n - 2) / 2;
}

static void
copy_holds(const char *name, const char *text)
{
	char path[300], data[64] = "";
	int fd;

	snprintf(path, sizeof(path), Q "/%s", name);
	fd = open(host(path), O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_ge(read(fd, data, sizeof(data) - 1), 0);
	close(fd);
	ck_assert_str_eq(data, text);
}

static void
set_up(void)
{
	core_set_up();
	limit = 1 << 20;
	memset(&before, 0, sizeof(before));
}

static void
tear_down(void)
{
	before_free(&before);
	core_tear_down();
}

START_TEST(all_as_recorded)
{
	NEEDS_ROOT();
	package();
	check("/usr/a", "/usr/c");
	found("");
	ck_assert_uint_eq(before.n_tampered, 0);
	ck_assert_uint_eq(copies(), 0);
	/* the same text, set again: by its digest */
	tamper("/usr/a", "aaaa");
	tamper("/usr/c", "cccc");
	check("/usr/a", "/usr/c");
	found("");
	/* another inode of the same text, without the flag */
	set_flags("/usr/b", 0);
	put("/usr/b", "bbbb");
	check("/usr/b", NULL);
	found("");
}
END_TEST

START_TEST(other_content)
{
	NEEDS_ROOT();
	package();
	tamper("/usr/a", "AAAA");
	tamper("/usr/c", "longer than it was");
	check("/usr/a", NULL);
	found("content /usr/a;");
	expect(DIGEST_SHA256, "aaaa", "AAAA", TXN "-1");
	check("/usr/c", "/usr/a");	/* another, and the same again */
	found("content /usr/c;content /usr/a;");
	ck_assert_uint_eq(before.n_tampered, 2);
	expect(DIGEST_SHA256, "aaaa", "AAAA", TXN "-1");
	copy_holds(TXN "-1", "AAAA");
	copy_holds(TXN "-2", "longer than it was");
	ck_assert_uint_eq(copies(), 2);
	check("/usr/c", NULL);
	expect(DIGEST_MD5, "cccc", "longer than it was", TXN "-2");
}
END_TEST

START_TEST(either_is_right)
{
	NEEDS_ROOT();
	package();
	/* md5sums of dpkg's that are newer than the ledger */
	tamper("/usr/a", "new!");
	tamper("/usr/c", "new!");
	database_new();
	add_package("p", OK, "", "/usr/a", "/usr/b", "/usr/c", "/usr/not",
	            NULL);
	store_index("1");
	check("/usr/a", "/usr/c");
	found("");
	tamper("/usr/a", "aaaa");
	check("/usr/a", NULL);
	found("");
	tamper("/usr/a", "mine");
	check("/usr/a", NULL);
	found("content /usr/a;");
	expect(DIGEST_MD5, "aaaa", "mine", TXN "-1");
	ck_assert_uint_eq(copies(), 1);
}
END_TEST

START_TEST(gone_or_no_file)
{
	NEEDS_ROOT();
	package();
	set_flags("/usr/a", 0);
	set_flags("/usr/b", 0);
	unlink(host("/usr/a"));
	unlink(host("/usr/b"));
	ck_assert_int_eq(mkdir(host("/usr/b"), 0755), 0);
	unlink(host("/usr/not"));
	check("/usr/a", "/usr/b");
	found("missing /usr/a;type /usr/b;");
	ck_assert_str_eq(last, "file dir -");
	ck_assert_uint_eq(before.n_tampered, 2);
	check("/usr/not", NULL);
	found("");
	ck_assert_uint_eq(copies(), 0);
}
END_TEST

START_TEST(what_is_not_recorded)
{
	NEEDS_ROOT();
	package();
	tamper("/usr/not", "x");
	set_flags("/usr/not", IFLAG_IMMUTABLE);
	check("/usr/not", NULL);
	found("");
	/* without a ledger only what has the flag is ours; dpkg's sum tells */
	ck_assert_int_eq(ledger_remove(session->state->ledger_fd, "p"), 1);
	check("/usr/not", "/usr/a");
	found("content /usr/not;");
	expect(DIGEST_MD5, "dddd", "x", TXN "-1");
	set_flags("/usr/not", 0);
	check("/usr/not", NULL);
	found("");
	/* another package's file lies at that name */
	set_flags("/usr/not", IFLAG_IMMUTABLE);
	put("/var/lib/dpkg/diversions", "/usr/not\n/usr/not.real\nq\n");
	check("/usr/not", NULL);
	found("");
}
END_TEST

/* Runs went past us: the ledger does not say what is there now. */
START_TEST(an_outdated_ledger)
{
	NEEDS_ROOT();
	package();
	store_index("0.9");
	tamper("/usr/c", "C");
	tamper("/usr/a", "A");
	set_flags("/usr/b", 0);
	unlink(host("/usr/b"));
	database_new();
	add_package("p", OK, "", "/usr/a", "/usr/c", NULL);
	check("/usr/a", "/usr/b");
	found("");
	/* still not what dpkg has */
	tamper("/usr/c", "x");
	check("/usr/c", NULL);
	found("content /usr/c;");
	expect(DIGEST_MD5, "C", "x", TXN "-1");
	/* the same version, and another list */
	store_index("1");
	add_package("p", OK, "", "/usr/a", "/usr/c", NULL);
	check("/usr/a", "/usr/b");
	found("");
	/* no md5sums: nothing is known */
	unlink(host("/var/lib/dpkg/info/p.md5sums"));
	check("/usr/a", "/usr/c");
	found("");
}
END_TEST

START_TEST(where_a_copy_ends)
{
	NEEDS_ROOT();
	package();
	limit = 6;
	tamper("/usr/a", "AAAA");
	tamper("/usr/c", "much too long");
	check("/usr/a", "/usr/c");
	found("content /usr/a;size /usr/c;");
	ck_assert_str_eq(last, "4 13 -");
	ck_assert_uint_eq(copies(), 1);
	/* room is made */
	tamper("/usr/b", "BBBB");
	check("/usr/b", NULL);
	expect(DIGEST_SHA256, "bbbb", "BBBB", TXN "-2");
	ck_assert_uint_eq(copies(), 1);
	limit = 0;
	check("/usr/b", NULL);
	found("content /usr/b;");
	ck_assert_uint_eq(copies(), 1);
	limit = 6;
	set_flags("/var/lib/dpkg-immutable", 0);
	ck_assert_int_eq(rename(host(Q), host(Q ".not")), 0);
	check("/usr/b", "/usr/a");
	found("content /usr/b;content /usr/a;");
	expect(DIGEST_SHA256, "aaaa", "AAAA", "-");
	ck_assert_uint_eq(before.n_tampered, 2);
}
END_TEST

START_TEST(one_copy_of_many_names)
{
	NEEDS_ROOT();
	put("/usr/a", "aaaa");
	put_hard("/usr/a", "/usr/b");
	put("/usr/c", "cccc");
	add_package("p", OK, "", "/usr/a", "/usr/b", "/usr/c", NULL);
	database();
	adopt();
	ledger = ledger_new();
	record("/usr/a", true);
	record("/usr/b", true);
	record("/usr/c", true);
	store();
	tamper("/usr/b", "AAAA");
	tamper("/usr/c", "CCCC");
	check("/usr/a", "/usr/b");
	found("content /usr/a;content /usr/b;");
	expect(DIGEST_SHA256, "aaaa", "AAAA", TXN "-1");
	look_at("/usr/c");
	expect(DIGEST_SHA256, "cccc", "CCCC", TXN "-2");
	ck_assert_uint_eq(copies(), 2);
}
END_TEST

START_TEST(not_asked_for)
{
	NEEDS_ROOT();
	package();
	tamper("/usr/a", "AAAA");
	put("/etc/dpkg-immutable.conf", "check-before = off\n");
	check("/usr/a", NULL);
	found("");
	ck_assert_uint_eq(copies(), 0);
	/* dpkg is not done with it: what is there is its own affair */
	put("/etc/dpkg-immutable.conf", "check-before = refuse\n");
	check("/usr/a", NULL);
	found("content /usr/a;");
	database_new();
	add_package("p", "ok unpacked", "", "/usr/a", "/usr/b", "/usr/c",
	            "/usr/not", NULL);
	database();
	tamper("/usr/a", "BBBB");
	check("/usr/a", NULL);
	found("");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("before");
	TCase *t = tcase_create("before");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, all_as_recorded);
	tcase_add_test(t, other_content);
	tcase_add_test(t, either_is_right);
	tcase_add_test(t, gone_or_no_file);
	tcase_add_test(t, what_is_not_recorded);
	tcase_add_test(t, an_outdated_ledger);
	tcase_add_test(t, where_a_copy_ends);
	tcase_add_test(t, one_copy_of_many_names);
	tcase_add_test(t, not_asked_for);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
