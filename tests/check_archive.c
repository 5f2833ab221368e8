/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <sys/stat.h>
#include <sys/wait.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "archive_control.h"
#include "arena.h"
#include "check_main.h"

#define DPKG_DEB "/usr/bin/dpkg-deb"
#define HASH "0123456789abcdef0123456789ABCDEF"
#define HASH2 "ffffffffffffffffffffffffffffffff"

static char scratch[4096];

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(scratch, sizeof(scratch), "%s/check_archive.XXXXXX",
	         tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	ck_assert_int_eq(chdir(scratch), 0);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
teardown(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS),
	                 0);
}

/* Writes a file and makes the folders above it. */
static void
put_bytes(const char *path, const void *data, size_t n)
{
	char copy[512];
	char *slash;
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	for (slash = strchr(copy + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(mkdir(copy, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
	ck_assert_int_eq(close(fd), 0);
}

static void
put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

static void
link_to(const char *target, const char *path)
{
	ck_assert_int_eq(symlink(target, path), 0);
}

/* dpkg-deb --build t FILE, without its checks of names and fields. */
static void
build_as(const char *file, const char *packer, const char *format)
{
	int status, null;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		execl(DPKG_DEB, "dpkg-deb", "--root-owner-group", "--nocheck",
		      packer, "-z1", format, "--build", "t", file,
		      (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void
build(const char *file)
{
	build_as(file, "-Zxz", "--deb-format=2.0");
}

static struct archive *
read_ok(const char *file)
{
	struct archive *a = NULL;
	struct diag d = { .line = 0 };

	ck_assert_msg(archive_read(file, &a, &d) == 0, "%s: %s", file, d.what);
	return a;
}

static void
read_rc(const char *file, int rc)
{
	struct archive *a = (struct archive *)(uintptr_t)16;
	struct diag d = { .line = 0 };

	ck_assert_int_eq(archive_read(file, &a, &d), rc);
	ck_assert_uint_eq((uintptr_t)a, 16);
	ck_assert_str_eq(d.file, file);
	ck_assert_str_ne(d.what, "");
	ck_assert_int_eq(archive_read(file, &a, NULL), rc);
}

#define CONTROL "Package: pkg\nVersion: 1:2-3\nArchitecture: amd64\n" \
	"Maintainer: a <a@b>\nDescription: x\n"

START_TEST(whole)
{
	struct archive *a;
	size_t i;

	put("t/DEBIAN/control", "Package: pkg\nVersion: 1:2-3\n"
	    "Architecture: amd64\nmulti-arch: same\nMaintainer: a <a@b>\n"
	    "Replaces: old (<< 2),\n older\nConflicts: foe\nBreaks: frail\n"
	    "Provides: virtual (= 1)\nDescription: x\n y\n");
	put("t/DEBIAN/md5sums", HASH "  usr/z\n" HASH2 "  usr/a b\\c\n");
	put("t/DEBIAN/conffiles",
	    "/etc/x.conf\nremove-on-upgrade /etc/gone\n");
	put("t/etc/x.conf", "x");
	put("t/usr/z", "z");
	put("t/usr/a b\\c", "a");
	ck_assert_int_eq(link("t/usr/z", "t/usr/hard"), 0);
	link_to("z", "t/usr/soft");
	ck_assert_int_eq(mkfifo("t/usr/fifo", 0644), 0);
	build("name without suffix");
	a = read_ok("name without suffix");
	ck_assert_str_eq(a->file, "name without suffix");
	ck_assert_str_eq(a->package, "pkg");
	ck_assert_str_eq(a->version, "1:2-3");
	ck_assert_str_eq(a->arch, "amd64");
	ck_assert(a->multiarch_same);
	ck_assert_str_eq(a->replaces, "old (<< 2),\n older");
	ck_assert_str_eq(a->conflicts, "foe");
	ck_assert_str_eq(a->breaks, "frail");
	ck_assert_str_eq(a->provides, "virtual (= 1)");
	ck_assert(a->has_md5sums);
	ck_assert_uint_eq(a->n_files, 2);
	ck_assert_str_eq(a->files[0].path, "/usr/a b\\c");
	ck_assert_str_eq(a->files[1].path, "/usr/z");
	ck_assert_int_eq(a->files[0].md5[15], 0xff);
	ck_assert_int_eq(a->files[1].md5[0], 0x01);
	ck_assert_int_eq(a->files[1].md5[15], 0xef);
	ck_assert_uint_eq(a->n_conffiles, 2);
	ck_assert_str_eq(a->conffiles[0], "/etc/x.conf");
	ck_assert_str_eq(a->conffiles[1], "/etc/gone");
	ck_assert(!a->has_members);
	ck_assert_int_eq(archive_members(a, NULL), 0);
	ck_assert_int_eq(archive_members(a, NULL), 0);
	ck_assert(a->has_members);
	ck_assert_uint_eq(a->n_members, 6);
	for (i = 0; i < a->n_members; i++) {
		ck_assert_str_ne(a->members[i], "/usr");
		ck_assert_str_ne(a->members[i], "/etc");
		ck_assert_str_ne(a->members[i], "/");
	}
	archive_free(a);
}
END_TEST

static int
string_compare(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

START_TEST(member_names)
{
	static const char *const want[] = {
		"/usr/fifo", "/usr/file", "/usr/hard", "/usr/soft",
	};
	struct archive *a;
	char long_name[400];
	const char *got[5];
	size_t i;

	put("t/DEBIAN/control", CONTROL);
	put("t/usr/file", "x");
	ck_assert_int_eq(link("t/usr/file", "t/usr/hard"), 0);
	link_to("file", "t/usr/soft");
	ck_assert_int_eq(mkfifo("t/usr/fifo", 0644), 0);
	ck_assert_int_eq(mkdir("t/usr/folder", 0755), 0);
	snprintf(long_name, sizeof(long_name), "t/zz/%0120d/%0200d", 1, 2);
	put(long_name, "long");
	build("a.deb");
	a = read_ok("./a.deb");
	ck_assert(!a->has_md5sums);
	ck_assert_ptr_null(a->replaces);
	ck_assert_ptr_null(a->conflicts);
	ck_assert_ptr_null(a->breaks);
	ck_assert_ptr_null(a->provides);
	ck_assert(!a->multiarch_same);
	ck_assert_uint_eq(a->n_conffiles, 0);
	ck_assert_int_eq(archive_members(a, NULL), 0);
	ck_assert_uint_eq(a->n_members, 5);
	memcpy(got, a->members, sizeof(got));
	qsort(got, 5, sizeof(got[0]), string_compare);
	for (i = 0; i < 4; i++)
		ck_assert_str_eq(got[i], want[i]);
	ck_assert_str_eq(got[4], long_name + 1);
	archive_free(a);
}
END_TEST

/* Nothing but folders; and a name that looks like an option. */
START_TEST(empty_package)
{
	struct archive *a;

	put("t/DEBIAN/control", CONTROL);
	put("t/DEBIAN/md5sums", "");
	build("./--help");
	a = read_ok("--help");
	ck_assert(!a->has_md5sums);	/* says nothing, so is not believed */
	ck_assert_int_eq(archive_members(a, NULL), 0);
	ck_assert(a->has_members);
	ck_assert_uint_eq(a->n_members, 0);
	ck_assert_ptr_nonnull(a->members);
	archive_free(a);
	archive_free(NULL);
}
END_TEST

START_TEST(bad_md5sums)
{
	struct archive *a;

	put("t/DEBIAN/control", CONTROL);
	put("t/DEBIAN/md5sums", HASH "  usr/a\nrubbish\n");
	put("t/usr/a", "a");
	build("a.deb");
	a = read_ok("a.deb");
	ck_assert(!a->has_md5sums);
	ck_assert_uint_eq(a->n_files, 0);
	ck_assert_int_eq(archive_members(a, NULL), 0);
	ck_assert_uint_eq(a->n_members, 1);
	ck_assert_str_eq(a->members[0], "/usr/a");
	archive_free(a);
}
END_TEST

START_TEST(packers)
{
	static const char *const ways[][2] = {
		{ "-Znone", "--deb-format=2.0" },
		{ "-Zgzip", "--deb-format=2.0" },
		{ "-Zxz", "--deb-format=2.0" },
		{ "-Zzstd", "--deb-format=2.0" },
		{ "-Zgzip", "--deb-format=0.939000" },
	};
	struct archive *a;

	put("t/DEBIAN/control", CONTROL "Multi-Arch: same\nBreaks: x\n");
	put("t/DEBIAN/md5sums", HASH "  usr/a\n");
	put("t/usr/a", "a");
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		build_as("a.deb", ways[i][0], ways[i][1]);
		a = read_ok("a.deb");
		ck_assert_str_eq(a->version, "1:2-3");
		ck_assert_str_eq(a->breaks, "x");
		ck_assert(a->multiarch_same);
		ck_assert_uint_eq(a->n_files, 1);
		archive_free(a);
	}
}
END_TEST

/* What we do not read ourselves dpkg-deb may: a blank before a size. */
START_TEST(second_opinion)
{
	static char data[65536];
	struct archive *a;
	ssize_t n;
	int fd;

	put("t/DEBIAN/control", CONTROL);
	build("a.deb");
	fd = open("a.deb", O_RDONLY | O_CLOEXEC);
	n = read(fd, data, sizeof(data));
	close(fd);
	ck_assert_int_gt(n, 72);
	ck_assert_int_eq(memcmp(data + 56, "4         ", 10), 0);
	memcpy(data + 56, " 4", 2);
	put_bytes("b.deb", data, (size_t)n);
	a = read_ok("b.deb");
	ck_assert_str_eq(a->version, "1:2-3");
	archive_free(a);
}
END_TEST

/* What both find bad is told in the words for the bad, read afresh. */
START_TEST(same_words)
{
	struct archive *a = NULL;
	struct diag d = { .line = 0 };

	put("t/DEBIAN/control", CONTROL);
	put("t/DEBIAN/conffiles", "/etc/a\nrelative\n");
	put("t/etc/a", "a");
	build("a.deb");
	ck_assert_int_eq(archive_read("a.deb", &a, &d), ERR_FORMAT);
	ck_assert_str_eq(d.what, "conffiles: not an absolute path");
	ck_assert_uint_eq(d.line, 2);
	ck_assert_str_eq(d.file, "a.deb");
}
END_TEST

START_TEST(control_too_large)
{
	static char field[(4 << 20) + 100];

	put("t/DEBIAN/control", CONTROL);
	memset(field, 'x', sizeof(field));
	field[254] = '\n';
	put("t/DEBIAN/conffiles", "/etc/x\n");
	put("t/etc/x", "");
	put_bytes("t/DEBIAN/conffiles", field, sizeof(field));
	build("a.deb");
	read_rc("a.deb", ERR_LIMIT);
}
END_TEST

START_TEST(not_archives)
{
	put("text.deb", "This is no archive.\n");
	put("empty.deb", "");
	read_rc("text.deb", ERR_CHILD);
	read_rc("empty.deb", ERR_CHILD);
	read_rc("missing.deb", -ENOENT);
	read_rc("text.deb/x", -ENOTDIR);
	read_rc(".", ERR_NOT_REGULAR);
	ck_assert_int_eq(mkfifo("fifo.deb", 0644), 0);
	read_rc("fifo.deb", ERR_NOT_REGULAR);
	link_to("text.deb", "link.deb");
	read_rc("link.deb", ERR_CHILD);
}
END_TEST

/* Cut off at many places: never a crash, and never a wrong list. */
/* Whatever thread reads them, each has its own result. */
START_TEST(many_at_a_time)
{
	char *files[40];
	struct archive_result results[40];
	char good[] = "good.deb", none[] = "none.deb", bad[] = "bad.deb";

	put("t/DEBIAN/control", CONTROL);
	build(good);
	put(bad, "no archive");
	for (size_t i = 0; i < 40; i++)
		files[i] = i % 3 == 0 ? good : i % 3 == 1 ? none : bad;
	for (size_t jobs = 0; jobs < 100; jobs = jobs * 3 + 1) {
		memset(results, 0, sizeof(results));
		archive_read_all(files, 40, jobs, results);
		for (size_t i = 0; i < 40; i++) {
			ck_assert_int_eq(results[i].err, i % 3 == 0 ? 0 :
			                 i % 3 == 1 ? -ENOENT : ERR_CHILD);
			ck_assert((results[i].archive != NULL) ==
			          (i % 3 == 0));
			if (i % 3 != 0)
				ck_assert_str_eq(results[i].diag.file,
				                 files[i]);
			else
				ck_assert_str_eq(results[i].archive->version,
				                 "1:2-3");
			archive_free(results[i].archive);
		}
	}
}
END_TEST

START_TEST(truncated)
{
	static unsigned char data[200000], junk[60000];
	struct archive *a;
	ssize_t n;
	off_t size;
	size_t i;
	int fd, rc, bad = 0;

	for (i = 0; i < sizeof(junk); i++)
		junk[i] = (unsigned char)(i * 2654435761u >> 13);
	put("t/DEBIAN/control", CONTROL);
	put("t/usr/a", "a");
	put_bytes("t/usr/b", junk, sizeof(junk));
	build("a.deb");
	fd = open("a.deb", O_RDONLY | O_CLOEXEC);
	n = read(fd, data, sizeof(data));
	ck_assert(n > 0 && n < (ssize_t)sizeof(data));
	close(fd);
	for (size = 0; size < n; size += n / 23) {
		put_bytes("cut.deb", data, (size_t)size);
		a = NULL;
		rc = archive_read("cut.deb", &a, NULL);
		if (rc == 0)
			rc = archive_members(a, NULL);
		ck_assert_int_eq(rc, ERR_CHILD);
		ck_assert(a == NULL || !a->has_members);
		bad += a != NULL;
		archive_free(a);
	}
	ck_assert_int_gt(bad, 10);	/* most cuts are in the data */
	/* A byte in the middle of the data: its checksum does not fit. */
	data[n - n / 3] ^= 0x55;
	put_bytes("flip.deb", data, (size_t)n);
	a = read_ok("flip.deb");
	ck_assert_int_eq(archive_members(a, NULL), ERR_CHILD);
	archive_free(a);
}
END_TEST

static struct archive *
blank(void)
{
	struct archive *a = calloc(1, sizeof(*a));

	ck_assert_ptr_nonnull(a);
	a->arena = arena_new();
	a->file = "test";
	return a;
}

static struct buf
text(const char *s, size_t n)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add(&b, s, n), 0);
	return b;
}

static struct archive *
md5sums(const char *s, size_t n)
{
	struct archive *a = blank();
	struct buf b = text(s, n);

	ck_assert_int_eq(archive_md5sums(a, &b), 0);
	buf_free(&b);
	return a;
}

START_TEST(md5sums_good)
{
	static const char s[] =
	    HASH "  usr/b\n" HASH "  ./usr/c\n" HASH2 "  usr/b\n"
	    HASH "  /abs\n" HASH "  //./abs2\n" HASH "   blank \n"
	    HASH "  slash/\n" HASH "  *star\n" HASH "  .dot\n";
	static const char *const want[] = {
		"/ blank ", "/*star", "/.dot", "/abs", "/abs2", "/slash",
		"/usr/b", "/usr/c",
	};
	struct archive *a = md5sums(s, sizeof(s) - 1);
	size_t i;

	ck_assert(a->has_md5sums);
	ck_assert_uint_eq(a->n_files, 8);
	for (i = 0; i < 8; i++)
		ck_assert_str_eq(a->files[i].path, want[i]);
	ck_assert_int_eq(a->files[6].md5[0], 0xff);	/* the last one */
	ck_assert_int_eq(a->files[7].md5[0], 0x01);
	archive_free(a);
}
END_TEST

START_TEST(md5sums_bad)
{
	static const char *const bad[] = {
		"", "\n", "x\n", HASH, HASH "\n", HASH "  \n", HASH "  /\n",
		HASH "  ./\n", HASH "  usr/a", HASH " usr/a\n",
		HASH " *usr/a\n", HASH "\t\tusr/a\n", "\\" HASH "  usr/a\n",
		"0123456789abcdef0123456789abcdeg  usr/a\n",
		"0123456789abcdef0123456789abcde  usr/a\n",
		HASH "0  usr/a\n", HASH "  usr/a\n\n", "\n" HASH "  usr/a\n",
		HASH "  usr/a\n" HASH "  usr/b",
		HASH "  usr/a\r\n" HASH "\n",
	};
	static const char nul[] = HASH "  us\0r/a\n";
	struct archive *a;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		a = md5sums(bad[i], strlen(bad[i]));
		ck_assert_msg(!a->has_md5sums, "taken: \"%s\"", bad[i]);
		ck_assert_uint_eq(a->n_files, 0);
		archive_free(a);
	}
	a = md5sums(nul, sizeof(nul) - 1);
	ck_assert(!a->has_md5sums);
	archive_free(a);
}
END_TEST

/* Many lines, one of them huge. */
START_TEST(md5sums_large)
{
	static char name[1 << 20];
	struct archive *a = blank();
	struct buf b;
	int i;

	buf_init(&b, 0);
	for (i = 0; i < 50000; i++)
		ck_assert_int_eq(buf_addf(&b, HASH "  d/%d\n",
		                          i * 7919 % 50000), 0);
	memset(name, 'n', sizeof(name) - 1);
	ck_assert_int_eq(buf_add_str(&b, HASH "  "), 0);
	ck_assert_int_eq(buf_add_str(&b, name), 0);
	ck_assert_int_eq(buf_add_char(&b, '\n'), 0);
	ck_assert_int_eq(archive_md5sums(a, &b), 0);
	ck_assert(a->has_md5sums);
	ck_assert_uint_eq(a->n_files, 50001);
	for (i = 1; i < 50001; i++)
		ck_assert_int_lt(strcmp(a->files[i - 1].path,
		                        a->files[i].path), 0);
	ck_assert_uint_eq(strlen(a->files[50000].path), sizeof(name));
	buf_free(&b);
	archive_free(a);
}
END_TEST

START_TEST(conffiles_text)
{
	static const char s[] = "/etc/a\n\n/etc/b  \t\nremove-on-upgrade /etc/c"
	    "\n//etc/d e\nflag-of-tomorrow /etc/f\n/etc/last";
	static const char *const want[] = {
		"/etc/a", "/etc/b", "/etc/c", "/etc/d e", "/etc/f",
		"/etc/last",
	};
	struct archive *a = blank();
	struct buf b = text(s, sizeof(s) - 1);
	size_t i;

	ck_assert_int_eq(archive_conffiles(a, &b, NULL), 0);
	ck_assert_uint_eq(a->n_conffiles, 6);
	for (i = 0; i < 6; i++)
		ck_assert_str_eq(a->conffiles[i], want[i]);
	buf_free(&b);
	archive_free(a);
}
END_TEST

START_TEST(conffiles_bad)
{
	static const char *const bad[] = {
		"etc/a\n", "flag \n", "flag etc/a\n", "flag  /etc/a\n", "x",
		" /etc/x y\n/ok\nno\n",
	};
	struct archive *a;
	struct diag d;
	struct buf b;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		a = blank();
		b = text(bad[i], strlen(bad[i]));
		ck_assert_int_eq(archive_conffiles(a, &b, &d), ERR_FORMAT);
		ck_assert_str_eq(d.file, "test");
		ck_assert_uint_eq(d.line, i == 5 ? 3 : 1);
		ck_assert_uint_eq(a->n_conffiles, 0);
		buf_free(&b);
		archive_free(a);
	}
	a = blank();
	b = text("/etc/\0x\n", 8);
	ck_assert_int_eq(archive_conffiles(a, &b, NULL), ERR_FORMAT);
	buf_free(&b);
	archive_free(a);
}
END_TEST

START_TEST(control_text)
{
	static const struct {
		const char *text;
		int rc;
		bool same;
	} row[] = {
		{ "Package: p\nVersion: 1\nMulti-Arch: same \n", 0, true },
		{ "Package: p\nVersion: 1\nMulti-Arch: SAME\n", 0, true },
		{ "Package: p\nVersion: 1\nMulti-Arch: foreign\n", 0, false },
		{ "package: p\nversion: 1\nmulti-arch: samesame\n", 0, false },
		{ "", ERR_FORMAT, false },
		{ "\n\n", ERR_FORMAT, false },
		{ "Package: p\n", ERR_FORMAT, false },
		{ "Version: 1\n", ERR_FORMAT, false },
		{ "Package:\nVersion: 1\n", ERR_FORMAT, false },
		{ "Package: p\nVersion:  \n", ERR_FORMAT, false },
		{ "Package: p\nVersion: 1\nPackage: q\n", ERR_FORMAT, false },
		{ "Package: p\nrubbish\nVersion: 1\n", ERR_FORMAT, false },
		{ "\177ELF\1\2\3", ERR_FORMAT, false },
	};
	struct archive *a;
	struct buf b;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		a = blank();
		b = text(row[i].text, strlen(row[i].text));
		rc = archive_control(a, &b, NULL);
		ck_assert_msg(rc == row[i].rc, "row %zu: %d", i, rc);
		if (rc == 0) {
			ck_assert_str_eq(a->package, "p");
			ck_assert_str_eq(a->version, "1");
			ck_assert_str_eq(a->arch, "");
		}
		ck_assert(a->multiarch_same == row[i].same);
		buf_free(&b);
		archive_free(a);
	}
}
END_TEST

static void
list_is(const char *const *operands, bool recursive, const char *const *want)
{
	char **files = NULL;
	size_t n = 77;
	size_t i;
	int count = 0;

	while (operands[count] != NULL)
		count++;
	ck_assert_int_eq(archive_list((char *const *)(uintptr_t)operands,
	                              count, recursive, &files, &n), 0);
	for (i = 0; i < n && want[i] != NULL; i++)
		ck_assert_str_eq(files[i], want[i]);
	ck_assert_msg(i == n && want[i] == NULL, "%zu files, next %s", n,
	              i < n ? files[i] : want[i]);
	archive_list_free(files, n);
}

static void
list_rc(const char *const *operands, bool recursive, int rc)
{
	char **files = (char **)(uintptr_t)16;
	size_t n = 77;
	int count = 0;

	while (operands[count] != NULL)
		count++;
	ck_assert_int_eq(archive_list((char *const *)(uintptr_t)operands,
	                              count, recursive, &files, &n), rc);
	ck_assert_uint_eq(n, 77);
	ck_assert_uint_eq((uintptr_t)files, 16);
}

#define S(...) ((const char *const []){ __VA_ARGS__, NULL })

START_TEST(list_plain)
{
	put("b", "");
	put("d/a.deb", "");
	link_to("b", "link");
	list_is(S("d/a.deb", "b", "link", "./b", "b"), false,
	        S("d/a.deb", "b", "link", "./b", "b"));
	list_rc(S("b", "missing", "d"), false, -ENOENT);
	list_rc(S("b", "d"), false, ERR_NOT_REGULAR);
	list_is((const char *const []){ NULL }, false,
	        (const char *const []){ NULL });
	archive_list_free(NULL, 0);
}
END_TEST

/* In byte order, a folder where its own name stands. */
START_TEST(list_order)
{
	put("d/b.deb", "");
	put("d/B.deb", "");
	put("d/a/z.deb", "");
	put("d/a/a.deb", "");
	put("d/a.deb", "");
	put("d/a-b.deb", "");
	put("d/c.deb/x.deb", "");	/* a folder that is called so */
	put("d/c.deb/y.txt", "");
	put("d/.deb", "");
	put("d/.hidden.deb", "");
	put("d/deb", "");
	put("d/x.DEB", "");
	put("d/x.deb.part", "");
	put("d/x.udeb", "");
	put("d/z/empty/none", "");
	list_is(S("d"), true,
	        S("d/.deb", "d/.hidden.deb", "d/B.deb", "d/a/a.deb",
	          "d/a/z.deb", "d/a-b.deb", "d/a.deb", "d/b.deb",
	          "d/c.deb/x.deb"));
	list_is(S("d/c.deb/", "d/a"), true,
	        S("d/c.deb//x.deb", "d/a/a.deb", "d/a/z.deb"));
	list_is(S("d/z"), true, (const char *const []){ NULL });
}
END_TEST

START_TEST(list_links)
{
	put("real/one.deb", "");
	put("real/two.deb", "");
	put("d/2-file", "");
	link_to("../real/two.deb", "d/00-two_1%3a2_all.deb");
	link_to("../real/one.deb", "d/01-one.deb");
	link_to("../real", "d/folder");
	link_to("../real/one.deb", "d/other-name");
	link_to("00-two_1%3a2_all.deb", "d/x.deb");
	ck_assert_int_eq(mkfifo("d/y.deb", 0644), 0);
	list_is(S("d"), true,
	        S("d/00-two_1%3a2_all.deb", "d/01-one.deb",
	          "d/folder/one.deb", "d/folder/two.deb", "d/x.deb"));
	/* The operand itself may not be a link. */
	list_rc(S("d/folder"), true, -ENOTDIR);
	list_is(S("d/folder/"), true,
	        S("d/folder//one.deb", "d/folder//two.deb"));
	list_rc(S("d/2-file"), true, -ENOTDIR);
	list_rc(S("d", "missing"), true, -ENOENT);
	link_to("nowhere", "d/zz");
	list_rc(S("d"), true, -ENOENT);
}
END_TEST

START_TEST(list_cycles)
{
	put("d/a/one.deb", "");
	put("d/b/two.deb", "");
	link_to("..", "d/a/zz");
	link_to("../b", "d/a/zy");
	link_to("../a", "d/b/zz");
	link_to(".", "d/self");
	list_is(S("d"), true,
	        S("d/a/one.deb", "d/a/zy/two.deb", "d/b/two.deb",
	          "d/b/zz/one.deb"));
	link_to("loop", "d/loop");
	list_rc(S("d"), true, -ELOOP);
}
END_TEST

/* Twelve folders that all link to each other: 12! ways. */
START_TEST(list_maze)
{
	char path[100], target[100];
	int i, j;

	for (i = 0; i < 12; i++) {
		snprintf(path, sizeof(path), "d/%d/x.deb", i);
		put(path, "");
		for (j = 0; j < 12; j++) {
			snprintf(path, sizeof(path), "d/%d/%d", i, j);
			snprintf(target, sizeof(target), "../%d", j);
			link_to(target, path);
		}
	}
	list_rc(S("d"), true, ERR_LIMIT);
}
END_TEST

/* Part `number` of `many` of a.deb, as dpkg-split writes it; `most` bytes. */
static void
put_part(const char *file, int number, int many, size_t most)
{
	static char data[1 << 20], part[(1 << 20) + 512];
	char info[256];
	struct stat st;
	size_t from = (size_t)(number - 1) * most, n, size;
	int fd = open("a.deb", O_RDONLY | O_CLOEXEC), len;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_lt((size_t)st.st_size, sizeof(data));
	ck_assert_int_eq(read(fd, data, sizeof(data)), st.st_size);
	close(fd);
	n = (size_t)st.st_size - from < most ? (size_t)st.st_size - from : most;
	len = snprintf(info, sizeof(info), "2.1\npkg\n1:2-3\n%s\n%zu\n%zu\n"
	               "%d/%d\namd64\n", HASH, (size_t)st.st_size, most,
	               number, many);
	size = (size_t)snprintf(part, sizeof(part),
	                        "!<arch>\n%-16s%-12d%-6d%-6d%-8s%-10d`\n%s%s"
	                        "data.%-11d%-12d%-6d%-6d%-8s%-10zu`\n",
	                        "debian-split", 0, 0, 0, "100644", len, info,
	                        len % 2 != 0 ? "\n" : "", number, 0, 0, 0,
	                        "100644", n);
	memcpy(part + size, data + from, n);
	put_bytes(file, part, size + n);
}

static int
read_parts(size_t n, size_t which, const char *admindir, struct archive **a)
{
	static const char *const names[] = { "p1", "p2", "p3" };

	return archive_read_parts((char *const *)(uintptr_t)names, n, which,
	                          admindir, a, NULL);
}

START_TEST(parts)
{
	struct archive *a = NULL;
	struct stat st;
	size_t most;

	put("t/DEBIAN/control", CONTROL "Replaces: other\n");
	put("t/DEBIAN/md5sums", HASH "  usr/a\n");
	put("t/usr/a", "a");
	build("a.deb");
	ck_assert_int_eq(stat("a.deb", &st), 0);
	most = ((size_t)st.st_size + 2) / 3;
	put_part("p1", 1, 3, most);
	put_part("p2", 2, 3, most);
	put_part("p3", 3, 3, most);
	ck_assert_int_eq(mkdir("db", 0755), 0);
	read_rc("p1", ERR_CHILD);
	ck_assert_int_eq(read_parts(3, 0, "db", &a), 0);
	ck_assert_str_eq(a->package, "pkg");
	ck_assert_str_eq(a->replaces, "other");
	ck_assert_int_eq(archive_members(a, NULL), 0);
	ck_assert_uint_eq(a->n_members, 1);
	ck_assert_str_eq(a->members[0], "/usr/a");
	archive_free(a);
	/* The first stands for the others. */
	ck_assert_int_eq(read_parts(3, 1, "db", &a), -ENOENT);
	/* One is missing, then it is among those that dpkg has filed. */
	ck_assert_int_eq(read_parts(2, 0, "db", &a), -ENOENT);
	put("db/parts/rubbish", "no part");
	ck_assert_int_eq(rename("p3", "db/parts/x.0.3.3"), 0);
	ck_assert_int_eq(read_parts(2, 0, "db", &a), 0);
	ck_assert_str_eq(a->version, "1:2-3");
	archive_free(a);
	/* One of another make; one cut off. */
	put_part("p2", 2, 4, most);
	ck_assert_int_ne(read_parts(2, 0, "db", &a), 0);
	put_part("p2", 2, 3, most);
	ck_assert_int_eq(truncate("p2", 300), 0);
	ck_assert_int_ne(read_parts(2, 0, "db", &a), 0);
}
END_TEST

/* Heads that lie, or are none. */
START_TEST(bad_parts)
{
	static const char *const infos[] = {
		"", "2.1\n", "2.1\npkg\n1\n" HASH "\n9\n3\n1/3",
		"2.1\npkg\n1\nshort\n9\n3\n1/3\n",
		"2.1\npkg\n1\n" HASH "\n9\n0\n1/3\n",
		"2.1\npkg\n1\n" HASH "\n9\n3\n0/3\n",
		"2.1\npkg\n1\n" HASH "\n9\n3\n4/3\n",
		"2.1\npkg\n1\n" HASH "\n9\n3\n13\n",
		"2.1\npkg\n1\n" HASH "\n-9\n3\n1/3\n",
		"2.1\npkg\n1\n" HASH "\n9999999999999999999999\n3\n1/3\n",
		"2.1\npkg\n1\n" HASH "\n1099511627776\n1\n1/1099511627776\n",
	};
	struct archive *a = NULL;
	char text[1024];

	put("p2", "text");
	for (size_t i = 0; i < sizeof(infos) / sizeof(*infos); i++) {
		snprintf(text, sizeof(text), "!<arch>\n%-48s%-10zu`\n%s",
		         "debian-split", strlen(infos[i]), infos[i]);
		put("p1", text);
		ck_assert_int_ne(read_parts(2, 0, ".", &a), 0);
		snprintf(text, sizeof(text), "!<arch>\n%-48s%-10s`\n%s",
		         "debian-split", "4000000000", infos[i]);
		put("p1", text);
		ck_assert_int_eq(read_parts(2, 0, ".", &a), ERR_FORMAT);
	}
	ck_assert_int_eq(read_parts(2, 1, ".", &a), ERR_FORMAT);
	ck_assert_ptr_null(a);
}
END_TEST

static TCase *
debs(void)
{
	TCase *c = tcase_create("debs");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, packers);
	tcase_add_test(c, second_opinion);
	tcase_add_test(c, same_words);
	tcase_add_test(c, whole);
	tcase_add_test(c, member_names);
	tcase_add_test(c, empty_package);
	tcase_add_test(c, bad_md5sums);
	tcase_add_test(c, control_too_large);
	tcase_add_test(c, not_archives);
	tcase_add_test(c, many_at_a_time);
	tcase_add_test(c, truncated);
	tcase_add_test(c, parts);
	tcase_add_test(c, bad_parts);
	return c;
}

static Suite *
suite(void)
{
	Suite *s = suite_create("archive");
	TCase *texts = tcase_create("texts");
	TCase *lists = tcase_create("lists");

	if (access(DPKG_DEB, X_OK) == 0)
		suite_add_tcase(s, debs());
	tcase_add_test(texts, md5sums_good);
	tcase_add_test(texts, md5sums_bad);
	tcase_add_test(texts, md5sums_large);
	tcase_add_test(texts, conffiles_text);
	tcase_add_test(texts, conffiles_bad);
	tcase_add_test(texts, control_text);
	suite_add_tcase(s, texts);
	tcase_add_checked_fixture(lists, setup, teardown);
	tcase_set_timeout(lists, 120);
	tcase_add_test(lists, list_plain);
	tcase_add_test(lists, list_order);
	tcase_add_test(lists, list_links);
	tcase_add_test(lists, list_cycles);
	tcase_add_test(lists, list_maze);
	suite_add_tcase(s, lists);
	return s;
}

CHECK_MAIN()
