/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "dpkgdb_fixture.h"

#include "base64.h"
#include "buf.h"
#include "check_main.h"
#include "digest.h"
#include "export.h"
#include "jsonread.h"
#include "ledger.h"

/* A database and a ledger folder; no root, no flags. */
static struct state state;
static struct session session;
static struct buf out;
static size_t left, calls;

static void
begin(const char *status)
{
	set_up();
	put("status", status);
	ck_assert_int_eq(mkdirat(dir_fd, "ledger", 0700), 0);
	state.ledger_fd = openat(dir_fd, "ledger", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(state.ledger_fd, 0);
	load();
	session = (struct session){ .state = &state, .db = db };
	buf_init(&out, 0);
	left = 77;
	calls = 0;
}

static void
end(void)
{
	buf_free(&out);
	close(state.ledger_fd);
	tear_down();
}

static int
collect(void *ctx, const char *data, size_t n)
{
	(void)ctx;
	ck_assert_uint_gt(n, 0);
	calls++;
	return buf_add(&out, data, n);
}

static int
export(enum export_form form, const char *target)
{
	char *words[] = { (char *)(uintptr_t)target };

	buf_clear(&out);
	memset(&diag, 0, sizeof(diag));
	return export_run(&session, form, words, target != NULL, collect,
	                  NULL, &left, &diag);
}

static void
exports(enum export_form form, const char *target, const char *want)
{
	int r = export(form, target);

	ck_assert_msg(r == 0, "%d: %s", r, diag.what);
	ck_assert_str_eq(out.len > 0 ? out.data : "", want);
}

static struct ledger_row
file_row(const char *path, unsigned char byte)
{
	struct ledger_row row = {
		.path = path, .type = LEDGER_FILE, .flagged = true,
		.has_md5 = true, .has_sha256 = true, .mode = 0755,
		.nlink = 1, .ino = 12, .size = 5, .mtime = 1000000002,
		.ctime = 17
	};

	memset(row.md5, byte, sizeof(row.md5));
	memset(row.sha256, byte, sizeof(row.sha256));
	return row;
}

static void
record(const char *key, const char *version, const struct ledger_row *rows,
       size_t n)
{
	struct ledger *l = ledger_new();

	ck_assert_ptr_nonnull(l);
	ck_assert_int_eq(ledger_head(l, key, version), 0);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(ledger_add(l, &rows[i]), 0);
	ledger_seal(l);
	ck_assert_int_eq(ledger_stage(state.ledger_fd, key, l, false), 0);
	ck_assert_int_eq(ledger_commit(state.ledger_fd, key), 0);
	ledger_free(l);
}

#define HEX32(byte)	byte byte byte byte byte byte byte byte \
	byte byte byte byte byte byte byte byte
#define HEX64(byte)	HEX32(byte) HEX32(byte)

/* Two packages, of which one has another real name and what is no file. */
static void
record_two(void)
{
	struct ledger_row a[] = {
		file_row("/usr/bin/a", 0xaa), file_row("/lib/b", 0xbb),
		{ .path = "/usr/l", .type = LEDGER_LINK, .link = "bin/a",
		  .mode = 0777 },
		{ .path = "/usr/d", .type = LEDGER_DIR, .mode = 01777,
		  .gid = 5 }
	};
	struct ledger_row b = file_row("/usr/bin/z", 0xcc);

	a[1].real = "/usr/lib/b";
	a[0].uid = 3;
	record("aa", "1-1", a, 4);
	record("bb", "2:1", &b, 1);
}

START_TEST(export_sums)
{
	begin(OK("aa", "amd64") "\n" OK("bb", "amd64") "\n"
	      OK("none", "amd64"));
	record_two();
	exports(EXPORT_SHA256SUM, NULL,
	        HEX64("bb") "  ./usr/lib/b\n" HEX64("aa") "  ./usr/bin/a\n"
	        HEX64("cc") "  ./usr/bin/z\n");
	ck_assert_uint_eq(left, 0);
	exports(EXPORT_SHA256SUM, "bb", HEX64("cc") "  ./usr/bin/z\n");
	exports(EXPORT_SHA256SUM, "b*:amd64",
	        HEX64("cc") "  ./usr/bin/z\n");
	/* meant, but with nothing to tell */
	exports(EXPORT_SHA256SUM, "none", "");
	end();
}
END_TEST

START_TEST(export_sums_of_odd_names)
{
	struct ledger_row rows[] = {
		file_row("/a\\b", 0x11), file_row("/c\nd\re\\", 0x22),
		file_row("/e f\t*\xff", 0x33)
	};

	begin(OK("aa", "amd64"));
	record("aa", "1", rows, 3);
	exports(EXPORT_SHA256SUM, NULL,
	        "\\" HEX64("11") "  ./a\\\\b\n"
	        "\\" HEX64("22") "  ./c\\nd\\re\\\\\n"
	        HEX64("33") "  ./e f\t*\xff\n");
	end();
}
END_TEST

/* What has no SHA-256 is counted; what two ledgers have is told once. */
START_TEST(export_sums_left_out)
{
	struct ledger_row rows[] = {
		file_row("/a", 0x11), file_row("/b", 0x22),
		file_row("/c", 0x33)
	};

	begin(OK("aa", "amd64") "\n" OK("bb", "amd64"));
	rows[1].has_sha256 = false;
	record("aa", "1", rows, 3);
	rows[0].has_sha256 = false;
	record("bb", "1", rows, 3);
	exports(EXPORT_SHA256SUM, NULL,
	        HEX64("11") "  ./a\n" HEX64("33") "  ./c\n");
	ck_assert_uint_eq(left, 1);
	end();
}
END_TEST

START_TEST(export_json)
{
	begin(OK("aa", "amd64") "\n" OK("bb", "amd64") "\n"
	      OK("none", "amd64"));
	record_two();
	exports(EXPORT_JSON, NULL,
	        "{\"type\":\"path\",\"path\":\"/usr/lib/b\","
	        "\"listed\":\"/lib/b\",\"package\":\"aa\","
	        "\"architecture\":\"amd64\",\"version\":\"1-1\","
	        "\"kind\":\"file\",\"mode\":\"0755\",\"uid\":0,\"gid\":0,"
	        "\"size\":5,\"mtime\":\"1.000000002\","
	        "\"md5\":\"" HEX32("bb") "\",\"sha256\":\"" HEX64("bb") "\"}\n"
	        "{\"type\":\"path\",\"path\":\"/usr/bin/a\","
	        "\"package\":\"aa\","
	        "\"architecture\":\"amd64\",\"version\":\"1-1\","
	        "\"kind\":\"file\",\"mode\":\"0755\",\"uid\":3,\"gid\":0,"
	        "\"size\":5,\"mtime\":\"1.000000002\","
	        "\"md5\":\"" HEX32("aa") "\",\"sha256\":\"" HEX64("aa") "\"}\n"
	        "{\"type\":\"path\",\"path\":\"/usr/d\","
	        "\"package\":\"aa\","
	        "\"architecture\":\"amd64\",\"version\":\"1-1\","
	        "\"kind\":\"dir\",\"mode\":\"1777\",\"uid\":0,\"gid\":5}\n"
	        "{\"type\":\"path\",\"path\":\"/usr/l\","
	        "\"package\":\"aa\","
	        "\"architecture\":\"amd64\",\"version\":\"1-1\","
	        "\"kind\":\"link\",\"mode\":\"0777\",\"uid\":0,\"gid\":0,"
	        "\"link\":\"bin/a\"}\n"
	        "{\"type\":\"path\",\"path\":\"/usr/bin/z\","
	        "\"package\":\"bb\","
	        "\"architecture\":\"amd64\",\"version\":\"2:1\","
	        "\"kind\":\"file\",\"mode\":\"0755\",\"uid\":0,\"gid\":0,"
	        "\"size\":5,\"mtime\":\"1.000000002\","
	        "\"md5\":\"" HEX32("cc") "\",\"sha256\":\"" HEX64("cc") "\"}\n"
	        "{\"type\":\"summary\",\"action\":\"export\",\"packages\":2,"
	        "\"paths\":5,\"unrecorded\":1}\n");
	end();
}
END_TEST

static void
json_has(const char *part)
{
	ck_assert_msg(strstr(out.data, part) != NULL, "no %s in %s", part,
	              out.data);
}

START_TEST(export_json_of_odd_rows)
{
	static const unsigned char odd[] = { 'x', 0, '\n', 0xff };
	struct ledger_row row = file_row("/a\xff\"", 0x11);
	struct buf meta;
	char *newline;

	begin(OK("aa", "amd64"));
	buf_init(&meta, 0);
	ck_assert_int_eq(buf_add_str(&meta, "xattr."), 0);
	ck_assert_int_eq(base64_add(&meta, "user.a", 6), 0);
	ck_assert_int_eq(buf_add_char(&meta, ':'), 0);
	ck_assert_int_eq(base64_add(&meta, odd, sizeof(odd)), 0);
	ck_assert_int_eq(buf_add_str(&meta, ",xattr."), 0);
	ck_assert_int_eq(base64_add(&meta, "user.b", 6), 0);
	ck_assert_int_eq(buf_add_char(&meta, ':'), 0);
	ck_assert_int_eq(base64_add(&meta, "text", 4), 0);
	row.meta = meta.data;
	row.mtime = -1500000000;
	row.has_sha1 = true;
	row.has_md5 = false;
	record("aa", "1", &row, 1);
	ck_assert_int_eq(export(EXPORT_JSON, NULL), 0);
	newline = strchr(out.data, '\n');
	ck_assert_ptr_nonnull(newline);
	ck_assert_int_eq(jsonread_check(out.data,
	                                (size_t)(newline - out.data)), 0);
	json_has("\"path_hex\":\"2f61ff22\"");
	json_has("\"mtime\":\"-2.500000000\"");
	json_has("\"sha1\":\"" HEX32("00") "00000000\"");
	json_has("\"user.b=text\"]");
	json_has("\"xattr\":[\"user.a=x");
	ck_assert_ptr_null(strstr(out.data, "md5"));
	buf_free(&meta);
	end();
}
END_TEST

START_TEST(export_mtree)
{
	static const char *const lines[] = {
		"#mtree\n", "\n./usr/bin/a type=file ", "\n./usr/lib/b ",
		"\n./usr/l type=link ", "link=bin/a", "\n./usr/bin/z ",
		"\n./usr/d type=dir mode=1777 ",
		"sha256digest=" HEX64("cc")
	};

	begin(OK("aa", "amd64") "\n" OK("bb", "amd64") "\n"
	      OK("none", "amd64"));
	record_two();
	ck_assert_int_eq(export(EXPORT_MTREE, NULL), 0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		json_has(lines[i]);
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(left, 0);
	ck_assert_int_eq(export(EXPORT_MTREE, "bb"), 0);
	json_has("\n./usr/bin/z ");
	ck_assert_ptr_null(strstr(out.data, "./usr/bin/a"));
	/* nothing is an mtree, too */
	ck_assert_int_eq(export(EXPORT_MTREE, "none"), 0);
	ck_assert_int_eq(strncmp(out.data, "#mtree\n", 7), 0);
	end();
}
END_TEST

/* More than one piece, and all of it. */
START_TEST(export_in_pieces)
{
	struct ledger_row *rows = calloc(3000, sizeof(*rows));
	char (*names)[20] = calloc(3000, sizeof(*names));
	size_t n = 0;

	begin(OK("aa", "amd64"));
	ck_assert(rows != NULL && names != NULL);
	for (int i = 0; i < 3000; i++) {
		snprintf(names[i], sizeof(names[i]), "/f%04d", i);
		rows[i] = file_row(names[i], 0x11);
	}
	record("aa", "1", rows, 3000);
	ck_assert_int_eq(export(EXPORT_SHA256SUM, NULL), 0);
	ck_assert_uint_gt(calls, 1);
	for (size_t i = 0; i < out.len; i++)
		n += out.data[i] == '\n';
	ck_assert_uint_eq(n, 3000);
	free(names);
	free(rows);
	end();
}
END_TEST

static int
refuse(void *ctx, const char *data, size_t n)
{
	(void)ctx;
	(void)data;
	(void)n;
	calls++;
	return -EPIPE;
}

START_TEST(export_ends_where_it_must)
{
	static const enum export_form forms[] = {
		EXPORT_MTREE, EXPORT_SHA256SUM, EXPORT_JSON
	};

	begin(OK("aa", "amd64") "\n" OK("bb", "amd64"));
	record_two();
	for (int i = 0; i < 3; i++) {
		calls = 0;
		ck_assert_int_eq(export_run(&session, forms[i], NULL, 0,
		                            refuse, NULL, &left, &diag),
		                 -EPIPE);
		ck_assert_uint_eq(calls, 1);
		calls = 0;
		/* nothing is written where a word means nothing */
		ck_assert_int_eq(export(forms[i], "cc*"), -ENOENT);
		ck_assert_ptr_nonnull(strstr(diag.what, "cc*"));
		ck_assert_int_eq(export(forms[i], "/usr"), -EINVAL);
		ck_assert_ptr_nonnull(strstr(diag.what, "/usr"));
		ck_assert_uint_eq(calls, 0);
	}
	ck_assert_uint_eq(left, 77);
	/* a ledger that breaks its format: file and line */
	put("ledger/bb.mtree", "#mtree\n# dpkg-immutable ledger 1\n\x01\n");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(export(forms[i], NULL), ERR_FORMAT);
		ck_assert_ptr_nonnull(strstr(diag.file, "bb.mtree"));
		ck_assert_uint_eq(diag.line, 3);
		ck_assert_int_eq(export(forms[i], "aa"), 0);
	}
	end();
}
END_TEST

/* What is not installed any more has no place in it. */
START_TEST(export_of_removed_packages)
{
	struct ledger_row row = file_row("/usr/bin/r", 0x11);

	begin("Package: aa\nStatus: deinstall ok config-files\n"
	      "Architecture: amd64\nVersion: 1\n");
	record("aa", "1", &row, 1);
	exports(EXPORT_SHA256SUM, NULL, "");
	ck_assert_int_eq(export(EXPORT_SHA256SUM, "aa"), -ENOENT);
	end();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("export");
	TCase *t = tcase_create("core");

	tcase_add_test(t, export_sums);
	tcase_add_test(t, export_sums_of_odd_names);
	tcase_add_test(t, export_sums_left_out);
	tcase_add_test(t, export_json);
	tcase_add_test(t, export_json_of_odd_rows);
	tcase_add_test(t, export_mtree);
	tcase_add_test(t, export_in_pieces);
	tcase_add_test(t, export_ends_where_it_must);
	tcase_add_test(t, export_of_removed_packages);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
