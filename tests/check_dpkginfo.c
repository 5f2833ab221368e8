/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "check_main.h"
#include "dpkgdb_fixture.h"

START_TEST(list)
{
	struct package *p;
	struct stat st;

	put("status", OK("a", "all"));
	put("info/a.list", "/.\n/usr\n/usr/share/\n//x\n/./y\n/with  blank\n"
	    "/back\\x2dslash\n/\xc3\xa4\xff\n/\n");
	load();
	p = get("a", "all");
	ck_assert_int_eq(dpkgdb_list_stat(db, p), 0);
	ck_assert_int_eq(fstatat(dir_fd, "info/a.list", &st, 0), 0);
	ck_assert(p->list_known && !p->list_loaded);
	ck_assert_uint_eq(p->list_ino, st.st_ino);
	ck_assert_uint_eq(p->list_size, (uint64_t)st.st_size);
	ck_assert_int_eq(p->list_mtime / 1000000000, st.st_mtim.tv_sec);
	ck_assert_int_eq(p->list_mtime % 1000000000, st.st_mtim.tv_nsec);
	ck_assert_int_eq(dpkgdb_load_list(db, p, &diag), 0);
	ck_assert_int_eq(dpkgdb_load_list(db, p, &diag), 0);
	ck_assert(p->list_loaded);
	ck_assert_uint_eq(p->n_paths, 7);
	ck_assert_str_eq(p->paths[0], "/usr");
	ck_assert_str_eq(p->paths[1], "/usr/share");
	ck_assert_str_eq(p->paths[2], "/x");
	ck_assert_str_eq(p->paths[3], "/y");
	ck_assert_str_eq(p->paths[4], "/with  blank");
	ck_assert_str_eq(p->paths[5], "/back\\x2dslash");
	ck_assert_str_eq(p->paths[6], "/\xc3\xa4\xff");
}
END_TEST

START_TEST(list_missing)
{
	struct package *p;

	put("status", OK("a", "all"));
	load();
	p = get("a", "all");
	ck_assert_int_eq(dpkgdb_list_stat(db, p), 0);
	ck_assert(p->list_known);
	ck_assert_int_eq(dpkgdb_load_list(db, p, &diag), 0);
	ck_assert(p->list_loaded);
	ck_assert_uint_eq(p->list_ino, 0);
	ck_assert_uint_eq(p->n_paths, 0);
}
END_TEST

static const struct {
	const char *text;
	size_t len;
	unsigned long line;
} bad_lists[] = {
	{ "/.\n/usr", 7, 0 },
	{ "/.\n\n/usr\n", 9, 2 },
	{ "/.\n/u\0sr\n", 9, 0 },
	{ "\x7f\x45LF", 4, 0 },
};

START_TEST(list_refused)
{
	struct package *p;

	put("status", OK("a", "all"));
	put_bytes("info/a.list", bad_lists[_i].text, bad_lists[_i].len);
	load();
	p = get("a", "all");
	ck_assert_int_eq(dpkgdb_load_list(db, p, &diag), ERR_FORMAT);
	ck_assert_str_eq(diag.file, "info/a.list");
	ck_assert_uint_eq(diag.line, bad_lists[_i].line);
	ck_assert(!p->list_loaded);
	ck_assert_uint_eq(p->n_paths, 0);
}
END_TEST

/* As dpkg takes them: from the root. */
START_TEST(list_without_slashes)
{
	static const char text[] = "usr\n./usr/bin/\n/usr/x\nusr/y\n";
	struct package *p;

	put("status", OK("a", "all"));
	put("info/a.list", text);
	load();
	p = get("a", "all");
	ck_assert_int_eq(dpkgdb_load_list(db, p, &diag), 0);
	ck_assert_uint_eq(p->n_paths, 4);
	ck_assert_str_eq(p->paths[0], "/usr");
	ck_assert_str_eq(p->paths[1], "/usr/bin");
	ck_assert_str_eq(p->paths[2], "/usr/x");
	ck_assert_str_eq(p->paths[3], "/usr/y");
}
END_TEST

/* 300 packages, each with the path of its name and of its number. */
static struct package **
many_packages(void)
{
	struct package **all = calloc(300, sizeof(struct package *));
	char *status = NULL;
	size_t size;
	FILE *f = open_memstream(&status, &size);

	ck_assert_ptr_nonnull(all);
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 300; i++) {
		char name[32], text[64];

		fprintf(f, "Package: p%d\nStatus: install ok installed\n"
		        "Architecture: all\nVersion: 1\n\n", i);
		snprintf(name, sizeof(name), "info/p%d.list", i);
		snprintf(text, sizeof(text), "/usr/p%d\nslashless%d\n", i, i);
		put(name, text);
	}
	ck_assert_int_eq(fclose(f), 0);
	put("status", status);
	free(status);
	load();
	for (int i = 0; i < 300; i++) {
		char name[32];

		snprintf(name, sizeof(name), "p%d", i);
		all[i] = get(name, "all");
	}
	return all;
}

START_TEST(many_lists)
{
	struct package **all = many_packages();
	size_t threads = (size_t)_i;

	ck_assert_int_eq(dpkgdb_load_lists(db, all, 300, threads, &diag), 0);
	ck_assert_int_eq(dpkgdb_load_lists(db, all, 300, threads, &diag), 0);
	for (int i = 0; i < 300; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/usr/p%d", i);
		ck_assert_uint_eq(all[i]->n_paths, 2);
		ck_assert_str_eq(all[i]->paths[0], path);
		snprintf(path, sizeof(path), "/slashless%d", i);
		ck_assert_str_eq(all[i]->paths[1], path);
	}
	ck_assert_int_eq(dpkgdb_load_lists(db, all, 0, threads, &diag), 0);
	free(all);
}
END_TEST

/* Of many that are refused, the first is told, whoever comes to it. */
START_TEST(many_lists_refused)
{
	struct package **all;
	int open_now;

	all = many_packages();
	open_now = descriptors_open();
	put("info/p7.list", "/x\n\n");
	put("info/p8.list", "/x\n\n");
	put("info/p250.list", "/x\n/y\n\n");
	ck_assert_int_eq(dpkgdb_load_lists(db, all, 300, (size_t)_i, &diag),
	                 ERR_FORMAT);
	ck_assert_str_eq(diag.file, "info/p7.list");
	ck_assert_uint_eq(diag.line, 2);
	ck_assert_int_eq(descriptors_open(), open_now);
	free(all);
}
END_TEST

START_TEST(list_is_folder)
{
	put("status", OK("a", "all"));
	ck_assert_int_eq(mkdirat(dir_fd, "info/a.list", 0755), 0);
	load();
	ck_assert_int_eq(dpkgdb_load_list(db, get("a", "all"), &diag),
	                 ERR_NOT_REGULAR);
}
END_TEST

START_TEST(list_huge_line)
{
	char *text = malloc(1 << 20);

	ck_assert_ptr_nonnull(text);
	memset(text, '/', 1 << 20);
	memset(text + 100, 'x', (1 << 20) - 101);
	text[(1 << 20) - 1] = '\n';
	put("status", OK("a", "all"));
	put_bytes("info/a.list", text, 1 << 20);
	free(text);
	load();
	ck_assert_int_eq(dpkgdb_load_list(db, get("a", "all"), &diag), 0);
	ck_assert_uint_eq(strlen(get("a", "all")->paths[0]),
	                  (1 << 20) - 101 + 1);
}
END_TEST

#define MD5_A "00112233445566778899aabbccddeeff"
#define MD5_B "FFeeddccbbaa99887766554433221100"

START_TEST(md5s)
{
	struct package *p;
	const unsigned char *md5;

	put("status", OK("a", "all") "\n" OK("none", "all"));
	put("info/a.md5sums", MD5_A "  usr/z\n" MD5_A "  usr/a\n"
	    MD5_A " *./usr/b c\n" MD5_B "  /usr/m\n" MD5_B "  usr/a\n");
	load();
	p = get("a", "all");
	ck_assert_int_eq(dpkgdb_load_md5s(db, p, &diag), 0);
	ck_assert_uint_eq(p->n_md5s, 4);
	ck_assert_str_eq(p->md5s[0].path, "/usr/a");
	ck_assert_str_eq(p->md5s[1].path, "/usr/b c");
	ck_assert_str_eq(p->md5s[2].path, "/usr/m");
	ck_assert_str_eq(p->md5s[3].path, "/usr/z");
	md5 = dpkgdb_md5(p, "/usr/a");
	ck_assert_ptr_nonnull(md5);
	ck_assert_int_eq(md5[0], 0xff);		/* the later line */
	ck_assert_int_eq(md5[1], 0xee);
	ck_assert_int_eq(md5[15], 0);
	md5 = dpkgdb_md5(p, "/usr/z");
	ck_assert_ptr_nonnull(md5);
	ck_assert_int_eq(md5[1], 0x11);
	ck_assert_ptr_null(dpkgdb_md5(p, "/usr/c"));
	ck_assert_ptr_null(dpkgdb_md5(p, "usr/z"));
	p = get("none", "all");
	ck_assert_int_eq(dpkgdb_load_md5s(db, p, &diag), 0);
	ck_assert(p->md5s_loaded);
	ck_assert_ptr_null(dpkgdb_md5(p, "/usr/a"));
}
END_TEST

static const struct {
	const char *text;
	unsigned long line;
} bad_md5s[] = {
	{ MD5_A "  a", 0 },
	{ "\n", 1 },
	{ MD5_A "  \n", 1 },
	{ MD5_A " a\n", 1 },
	{ MD5_A "-- a\n", 1 },
	{ "x0112233445566778899aabbccddeeff  a\n", 1 },
	{ MD5_A "  a\n0011  b\n", 2 },
	{ MD5_A "  a/long/path\n\n\n\n\n\n", 2 },
};

START_TEST(md5s_refused)
{
	struct package *p;

	put("status", OK("a", "all"));
	put("info/a.md5sums", bad_md5s[_i].text);
	load();
	p = get("a", "all");
	ck_assert_int_eq(dpkgdb_load_md5s(db, p, &diag), ERR_FORMAT);
	ck_assert_str_eq(diag.file, "info/a.md5sums");
	ck_assert_uint_eq(diag.line, bad_md5s[_i].line);
	ck_assert(!p->md5s_loaded);
	ck_assert_uint_eq(p->n_md5s, 0);
}
END_TEST

struct seen {
	char text[256];
	int stop_at;
	int n;
};

static int
see(void *ctx, const char *path, bool remove)
{
	struct seen *s = ctx;
	size_t n = strlen(s->text);

	snprintf(s->text + n, sizeof(s->text) - n, "%s%s;", path,
	         remove ? "!" : "");
	return ++s->n == s->stop_at ? 42 : 0;
}

START_TEST(info_conffiles)
{
	struct seen all = { .n = 0 }, one = { .stop_at = 1 };
	struct seen none = { .n = 0 };

	put("status", OK("a", "all") "\n" OK("none", "all"));
	put("info/a.conffiles", "/etc/a b \n\nremove-on-upgrade /etc/r\n"
	    "//etc/c\n");
	load();
	ck_assert_int_eq(dpkgdb_info_conffiles(db, get("a", "all"), see, &all,
	                                       &diag), 0);
	ck_assert_str_eq(all.text, "/etc/a b;/etc/r!;/etc/c;");
	ck_assert_int_eq(dpkgdb_info_conffiles(db, get("a", "all"), see, &one,
	                                       &diag), 42);
	ck_assert_int_eq(one.n, 1);
	ck_assert_int_eq(dpkgdb_info_conffiles(db, get("none", "all"), see,
	                                       &none, &diag), 0);
	ck_assert_int_eq(none.n, 0);
}
END_TEST

static const char *const bad_conffiles[] = {
	"/etc/a", "etc/a\n", "odd-flag /etc/a\n", "remove-on-upgrade \n",
	"remove-on-upgrade etc/a\n", " /etc/a\n",
};

START_TEST(info_conffiles_refused)
{
	struct seen s = { .n = 0 };

	put("status", OK("a", "all"));
	put("info/a.conffiles", bad_conffiles[_i]);
	load();
	ck_assert_int_eq(dpkgdb_info_conffiles(db, get("a", "all"), see, &s,
	                                       &diag), ERR_FORMAT);
	ck_assert_str_eq(diag.file, "info/a.conffiles");
	ck_assert_int_eq(s.n, 0);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("dpkginfo");
	TCase *t = tcase_create("dpkginfo");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, list);
	tcase_add_test(t, list_missing);
	tcase_add_loop_test(t, list_refused, 0, COUNT(bad_lists));
	tcase_add_test(t, list_without_slashes);
	tcase_add_test(t, list_is_folder);
	tcase_add_test(t, list_huge_line);
	tcase_add_loop_test(t, many_lists, 1, 5);
	tcase_add_loop_test(t, many_lists_refused, 1, 5);
	tcase_add_test(t, md5s);
	tcase_add_loop_test(t, md5s_refused, 0, COUNT(bad_md5s));
	tcase_add_test(t, info_conffiles);
	tcase_add_loop_test(t, info_conffiles_refused, 0,
	                    COUNT(bad_conffiles));
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
