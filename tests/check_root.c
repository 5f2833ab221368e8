/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check_main.h"
#include "err.h"
#include "root.h"
#include "walk.h"

static char top[64];
static struct root *root;

static const char *
below(const char *path)
{
	static char text[2][512];
	static int turn;

	turn = !turn;
	snprintf(text[turn], sizeof(text[turn]), "%s%s", top, path);
	return text[turn];
}

static void
folder(const char *path)
{
	ck_assert_int_eq(mkdir(below(path), 0755), 0);
}

static void
file(const char *path, const char *text)
{
	FILE *f = fopen(below(path), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
ln(const char *target, const char *path)
{
	ck_assert_int_eq(symlink(target, below(path)), 0);
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
setup(void)
{
	umask(022);
	snprintf(top, sizeof(top), "/tmp/check_root.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_int_eq(chmod(top, 0755), 0);
	folder("/usr");
	folder("/usr/bin");
	folder("/usr/lib");
	folder("/usr/lib/deep");
	folder("/etc");
	file("/usr/bin/ls", "list");
	file("/usr/lib/deep/x", "deep");
	file("/etc/passwd", "inside");
	ln("usr/bin", "/bin");
	ln("/usr/lib", "/lib");
	ln("/etc/passwd", "/usr/bin/link");
	ck_assert_int_eq(root_new(top, &root), 0);
}

static void
teardown(void)
{
	root_free(root);
	root = NULL;
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *
folder_of(const char *path)
{
	int err = 0;
	const char *name = root_folder(root, path, &err);

	ck_assert_msg(name != NULL, "%s: error %d", path, err);
	return name;
}

static int
folder_error(const char *path)
{
	int err = 0;

	ck_assert_ptr_null(root_folder(root, path, &err));
	return err;
}

/* openat2 fails as on an old kernel or in an old sandbox; for good. */
static void
forbid_openat2(unsigned int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		         offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog),
	                 0);
	ck_assert_int_eq(syscall(SYS_openat2, -1, "", NULL, 0), -1);
	ck_assert_int_eq(errno, (int)error);
}

/* 0: with openat2; else the error that it gives. */
static const unsigned int openat2_errors[] = { 0, ENOSYS, EPERM };

static void
perhaps_forbid(int i)
{
	if (openat2_errors[i] != 0)
		forbid_openat2(openat2_errors[i]);
}

static const struct {
	const char *path, *folder;
} names[] = {
	{ "/usr/bin/ls", "/usr/bin" },
	{ "/bin/ls", "/usr/bin" },
	{ "/bin/missing", "/usr/bin" },
	{ "/lib/deep/x", "/usr/lib/deep" },
	{ "//bin///ls", "/usr/bin" },
	{ "/./usr/./bin/ls", "/usr/bin" },
	{ "/usr/bin/", "/usr" },
	{ "/usr/bin/.", "/usr" },
	{ "/bin", "" },
	{ "/", "" },
	{ "/.", "" },
	{ "//", "" },
	{ "/up", "" },
	{ "/usr/up/etc/passwd", "/etc" },
	{ "/usr/above/etc/passwd", "/etc" },
	{ "/usr/mixed/x", "/usr/lib/deep" },
	{ "/usr/lib/chain/ls", "/usr/bin" },
	{ "/usr/self/passwd", "/etc" },
};

START_TEST(canonical_names)
{
	size_t i;

	perhaps_forbid(_i);
	ln("..", "/usr/up");
	ln("../../../..", "/usr/above");
	ln("bin/../../lib/./deep", "/usr/mixed");
	ln("../../bin", "/usr/lib/chain");
	ln("//etc//", "/usr/self");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert_str_eq(folder_of(names[i].path), names[i].folder);
		ck_assert_str_eq(folder_of(names[i].path), names[i].folder);
	}
}
END_TEST

START_TEST(one_name_for_one_folder)
{
	/* The same string, so that callers may compare and keep it. */
	ck_assert_ptr_eq(folder_of("/bin/ls"), folder_of("/usr/bin/ls"));
}
END_TEST

START_TEST(never_leaves_the_root)
{
	struct node in, out;

	perhaps_forbid(_i);
	ln("/etc", "/outward");
	ln("../../../../../../etc", "/usr/outward");
	ck_assert_int_eq(root_stat(root, "/etc/passwd", &in), 0);
	ck_assert_int_eq(root_stat(root, "/outward/passwd", &out), 0);
	ck_assert(in.ino == out.ino && in.dev == out.dev);
	ck_assert_int_eq(root_stat(root, "/usr/outward/passwd", &out), 0);
	ck_assert(in.ino == out.ino && in.dev == out.dev);
}
END_TEST

START_TEST(bad_paths)
{
	char component[300], path[310];
	struct node n;

	ck_assert_int_eq(root_stat(root, "", &n), -EINVAL);
	ck_assert_int_eq(root_stat(root, "usr/bin/ls", &n), -EINVAL);
	ck_assert_int_eq(root_stat(root, "/usr/../etc/passwd", &n),
	                 ERR_UNSAFE);
	ck_assert_int_eq(root_stat(root, "/usr/..", &n), ERR_UNSAFE);
	ck_assert_int_eq(root_stat(root, "/..", &n), ERR_UNSAFE);
	ck_assert_int_eq(root_stat(root, "/../", &n), ERR_UNSAFE);
	ck_assert_int_eq(folder_error(""), -EINVAL);
	ck_assert_int_eq(root_open_dir(root, "usr", &(int){ 0 }), -EINVAL);
	ck_assert_int_eq(root_open_dir(root, "/usr/..", &(int){ 0 }),
	                 ERR_UNSAFE);
	memset(component, 'a', sizeof(component) - 1);
	component[sizeof(component) - 1] = '\0';
	snprintf(path, sizeof(path), "/%s", component);
	ck_assert_int_eq(root_stat(root, path, &n), -ENAMETOOLONG);
	snprintf(path, sizeof(path), "/%s/x", component);
	ck_assert_int_eq(root_stat(root, path, &n), -ENAMETOOLONG);
}
END_TEST

START_TEST(absent)
{
	struct node n;
	int fd;

	perhaps_forbid(_i);
	ck_assert_int_eq(root_stat(root, "/usr/bin/no", &n), -ENOENT);
	ck_assert_int_eq(root_stat(root, "/no/such/folder", &n), -ENOENT);
	ck_assert_int_eq(root_stat(root, "/lib/no/x", &n), -ENOENT);
	ck_assert_int_eq(root_stat(root, "/usr/bin/ls/x", &n), -ENOTDIR);
	ck_assert_int_eq(root_stat(root, "/bin/ls/x/y", &n), -ENOTDIR);
	/* That a folder is missing is remembered until another one is asked
	 * for, or the folder itself. */
	ck_assert_int_eq(root_stat(root, "/new/a", &n), -ENOENT);
	folder("/new");
	file("/new/a", "");
	ck_assert_int_eq(root_stat(root, "/new/a", &n), -ENOENT);
	ck_assert_int_eq(root_open_dir(root, "/new", &fd), 0);
	close(fd);
	ck_assert_int_eq(root_stat(root, "/new/a", &n), 0);
	ck_assert_int_eq(root_stat(root, "/no/such/folder", &n), -ENOENT);
	ck_assert_int_eq(root_stat(root, "/usr/bin/no", &n), -ENOENT);
	folder("/no");
	folder("/no/such");
	file("/no/such/folder", "");
	ck_assert_int_eq(root_stat(root, "/no/such/folder", &n), 0);
}
END_TEST

START_TEST(link_loops)
{
	char from[32], to[32];
	struct node n;
	int i;

	perhaps_forbid(_i);
	ln("loop", "/loop");
	ln("/b", "/a");
	ln("/a", "/b");
	ck_assert_int_eq(root_stat(root, "/loop/x", &n), -ELOOP);
	ck_assert_int_eq(root_stat(root, "/a/x", &n), -ELOOP);
	/* 40 links are a way, 41 are not. */
	ln("/usr/bin", "/c0");
	for (i = 1; i <= 40; i++) {
		snprintf(from, sizeof(from), "/c%d", i);
		snprintf(to, sizeof(to), "c%d", i - 1);
		ln(to, from);
	}
	ck_assert_int_eq(root_stat(root, "/c39/ls", &n), 0);
	ck_assert_int_eq(root_stat(root, "/c40/ls", &n), -ELOOP);
}
END_TEST

START_TEST(links_that_others_could_place)
{
	struct node n;

	perhaps_forbid(_i);
	folder("/open");
	ln("/usr/bin", "/open/bin");
	ck_assert_int_eq(root_stat(root, "/open/bin/ls", &n), 0);
	root_free(root);
	ck_assert_int_eq(root_new(top, &root), 0);
	ck_assert_int_eq(chmod(below("/open"), 0777), 0);
	ck_assert_int_eq(root_stat(root, "/open/bin/ls", &n), ERR_UNSAFE);
	ck_assert_int_eq(chmod(below("/open"), 01777), 0);
	ck_assert_int_eq(root_stat(root, "/open/bin/ls", &n), ERR_UNSAFE);
	ck_assert_int_eq(chmod(below("/open"), 0775), 0);
	ck_assert_int_eq(root_stat(root, "/open/bin/ls", &n), ERR_UNSAFE);
	ck_assert_int_eq(folder_error("/open/bin/ls"), ERR_UNSAFE);
	/* The link itself, not followed, is as good as any. */
	ck_assert_int_eq(root_stat(root, "/open/bin", &n), 0);
	ck_assert(S_ISLNK(n.mode));
	if (geteuid() != 0) {
		printf("# skipped: links of other owners (not root)\n");
		return;
	}
	ck_assert_int_eq(chmod(below("/open"), 0755), 0);
	ck_assert_int_eq(lchown(below("/open/bin"), 65534, 65534), 0);
	ck_assert_int_eq(root_stat(root, "/open/bin/ls", &n), ERR_UNSAFE);
	ck_assert_int_eq(lchown(below("/open/bin"), 0, 0), 0);
	ck_assert_int_eq(chown(below("/open"), 65534, 65534), 0);
	ck_assert_int_eq(root_stat(root, "/open/bin/ls", &n), ERR_UNSAFE);
}
END_TEST

START_TEST(folders_that_others_could_fill)
{
	folder("/usr/lib/x");
	ck_assert_int_eq(root_guarded(root, "/usr/lib/x/none"), 1);
	ck_assert_int_eq(root_guarded(root, "/lib/x/none"), 1);
	ck_assert_int_eq(root_guarded(root, "/none"), 1);
	ck_assert_int_eq(root_guarded(root, "/"), 1);
	ck_assert_int_eq(root_guarded(root, "/usr/none/f"), -ENOENT);
	ck_assert_int_eq(root_guarded(root, "/usr/../f"), ERR_UNSAFE);
	ck_assert_int_eq(root_guarded(root, "usr"), -EINVAL);
	ck_assert_int_eq(chmod(below("/usr/lib"), 0757), 0);
	/* what was asked once stays; a new root looks again */
	ck_assert_int_eq(root_guarded(root, "/usr/lib/x/f"), 1);
	root_free(root);
	ck_assert_int_eq(root_new(top, &root), 0);
	ck_assert_int_eq(root_guarded(root, "/usr/lib"), 1);
	ck_assert_int_eq(root_guarded(root, "/usr/lib/f"), 0);
	ck_assert_int_eq(root_guarded(root, "/lib/x/f"), 0);
	ck_assert_int_eq(chmod(below("/usr/lib"), 0755), 0);
	ck_assert_int_eq(chmod(top, 01777), 0);
	root_free(root);
	ck_assert_int_eq(root_new(top, &root), 0);
	ck_assert_int_eq(root_guarded(root, "/usr/f"), 0);
	ck_assert_int_eq(chmod(top, 0755), 0);
	if (geteuid() != 0) {
		printf("# skipped: folders of other owners (not root)\n");
		return;
	}
	root_free(root);
	ck_assert_int_eq(root_new(top, &root), 0);
	ck_assert_int_eq(chmod(below("/usr"), 0775), 0);
	ck_assert_int_eq(root_guarded(root, "/usr/f"), 1);
	ck_assert_int_eq(chown(below("/usr/lib"), 0, 50), 0);
	ck_assert_int_eq(root_guarded(root, "/usr/lib/f"), 1);
	ck_assert_int_eq(chmod(below("/usr/lib"), 02775), 0);
	ck_assert_int_eq(root_guarded(root, "/usr/lib/x/f"), 0);
	ck_assert_int_eq(chown(below("/usr"), 65534, 65534), 0);
	ck_assert_int_eq(root_guarded(root, "/usr/bin/ls"), 0);
}
END_TEST

START_TEST(stat_tells_the_node)
{
	struct node n, m;
	struct stat st;

	ck_assert_int_eq(root_stat(root, "/bin/ls", &n), 0);
	ck_assert_int_eq(stat(below("/usr/bin/ls"), &st), 0);
	ck_assert_uint_eq(n.dev, st.st_dev);
	ck_assert_uint_eq(n.ino, st.st_ino);
	ck_assert_uint_eq(n.size, 4);
	ck_assert_uint_eq(n.mode, st.st_mode);
	ck_assert_uint_eq(n.uid, st.st_uid);
	ck_assert_uint_eq(n.gid, st.st_gid);
	ck_assert_uint_eq(n.nlink, 1);
	ck_assert_int_eq(n.mtime, st.st_mtim.tv_sec * INT64_C(1000000000) +
	                 st.st_mtim.tv_nsec);
	ck_assert_int_eq(n.ctime, st.st_ctim.tv_sec * INT64_C(1000000000) +
	                 st.st_ctim.tv_nsec);
	ck_assert_int_eq(root_stat(root, "/", &n), 0);
	ck_assert_int_eq(root_stat(root, "/.", &m), 0);
	ck_assert(S_ISDIR(n.mode) && n.ino == m.ino);
	ck_assert_int_eq(stat(top, &st), 0);
	ck_assert_uint_eq(n.ino, st.st_ino);
	ck_assert_int_eq(root_stat(root, "/usr/bin/", &n), 0);
	ck_assert(S_ISDIR(n.mode));
	ck_assert_int_eq(root_stat(root, "/usr/bin/link", &n), 0);
	ck_assert(S_ISLNK(n.mode));
}
END_TEST

START_TEST(open_regular_files_only)
{
	struct node n = { 0 };
	char text[16];
	int fd = -7;

	ck_assert_int_eq(mkfifo(below("/fifo"), 0600), 0);
	ck_assert_int_eq(root_open(root, "/fifo", &fd, &n), ERR_NOT_REGULAR);
	ck_assert_int_eq(root_open(root, "/usr/bin", &fd, &n),
	                 ERR_NOT_REGULAR);
	ck_assert_int_eq(root_open(root, "/", &fd, &n), ERR_NOT_REGULAR);
	ck_assert_int_eq(root_open(root, "/bin/link", &fd, &n),
	                 ERR_NOT_REGULAR);
	ck_assert_int_eq(root_open(root, "/bin/no", &fd, &n), -ENOENT);
	ck_assert_int_eq(fd, -7);
	ck_assert_uint_eq(n.ino, 0);
	ck_assert_int_eq(root_open(root, "/bin/ls", &fd, &n), 0);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 4);
	ck_assert_int_eq(memcmp(text, "list", 4), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_uint_eq(n.size, 4);
	close(fd);
}
END_TEST

/* What stands there must still be the file that was looked at. */
START_TEST(open_what_was_seen)
{
	struct node seen, other, n;
	int fd;

	ck_assert_int_eq(mkfifo(below("/fifo"), 0600), 0);
	ck_assert_int_eq(root_stat(root, "/bin/ls", &seen), 0);
	ck_assert_int_eq(root_open_as(root, "/bin/ls", &seen, &fd, &n), 0);
	ck_assert_uint_eq(n.ino, seen.ino);
	close(fd);
	other = seen;
	other.ino++;
	ck_assert_int_eq(root_open_as(root, "/bin/ls", &other, &fd, &n),
	                 ERR_UNSAFE);
	ck_assert_int_eq(root_stat(root, "/fifo", &other), 0);
	ck_assert_int_eq(root_open_as(root, "/fifo", &other, &fd, &n),
	                 ERR_NOT_REGULAR);
	ck_assert_int_eq(root_open_as(root, "/fifo", &seen, &fd, &n),
	                 ERR_UNSAFE);
	ck_assert_int_eq(root_open_as(root, "/bin/no", &seen, &fd, &n),
	                 -ENOENT);
}
END_TEST

/* What was listed as a regular file; whatever else it is by now is closed. */
START_TEST(open_listed)
{
	struct node seen, n;
	int fd = -1, before;

	ck_assert_int_eq(mkfifo(below("/fifo"), 0600), 0);
	ck_assert_int_eq(root_stat(root, "/bin/ls", &seen), 0);
	ck_assert_int_eq(root_open_listed(root, "/bin/ls", &fd, &n), 0);
	ck_assert_uint_eq(n.ino, seen.ino);
	ck_assert_uint_eq(n.attributes_mask, seen.attributes_mask);
	close(fd);
	fd = -1;
	/* the folders stay open, and nothing else */
	ck_assert_int_eq(root_stat(root, "/fifo", &n), 0);
	before = descriptors_open();
	ck_assert_int_eq(root_open_listed(root, "/fifo", &fd, &n), ERR_UNSAFE);
	ck_assert_int_eq(root_open_listed(root, "/lib", &fd, &n), -ELOOP);
	ck_assert_int_eq(root_open_listed(root, "/bin/no", &fd, &n), -ENOENT);
	ck_assert_int_eq(root_open_listed(root, "/usr", &fd, &n), ERR_UNSAFE);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(descriptors_open(), before);
}
END_TEST

START_TEST(open_folders)
{
	struct stat st, by_name;
	int fd;

	ck_assert_int_eq(root_open_dir(root, "/lib/deep", &fd), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(stat(below("/usr/lib/deep"), &by_name), 0);
	ck_assert_uint_eq(st.st_ino, by_name.st_ino);
	ck_assert_int_eq(fsync(fd), 0);
	close(fd);
	ck_assert_int_eq(root_open_dir(root, "/", &fd), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(stat(top, &by_name), 0);
	ck_assert_uint_eq(st.st_ino, by_name.st_ino);
	close(fd);
	ck_assert_int_eq(root_open_dir(root, "/usr/bin/ls", &fd), -ENOTDIR);
	ck_assert_int_eq(root_open_dir(root, "/no", &fd), -ENOENT);
}
END_TEST

START_TEST(new_root)
{
	struct root *r = NULL;
	struct node n, m;

	ck_assert_int_eq(root_new(below("/no"), &r), -ENOENT);
	ck_assert_int_eq(root_new(below("/usr/bin/ls"), &r), -ENOTDIR);
	ck_assert_ptr_null(r);
	ck_assert_int_eq(root_new("", &r), 0);
	ck_assert_int_eq(root_stat(r, "/", &n), 0);
	ck_assert_int_eq(node_of_fd(root_fd(r), &m), 0);
	ck_assert(n.ino == m.ino && n.dev == m.dev);
	root_free(r);
	root_free(NULL);
}
END_TEST

static int
open_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

START_TEST(many_folders)
{
	int before = open_descriptors();
	char path[32];
	struct node n;
	int i, round;

	for (i = 0; i < 600; i++) {
		snprintf(path, sizeof(path), "/d%d", i);
		folder(path);
		snprintf(path, sizeof(path), "/d%d/f%d", i, i);
		file(path, "1234567");
	}
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 600; i++) {
			snprintf(path, sizeof(path), "/d%d/f%d", i, i);
			ck_assert_int_eq(root_stat(root, path, &n), 0);
			ck_assert_uint_eq(n.size, 7);
			/* in between one that stays in use */
			ck_assert_int_eq(root_stat(root, "/bin/ls", &n), 0);
			ck_assert_uint_eq(n.size, 4);
		}
		ck_assert_int_le(open_descriptors() - before, 24);
		ck_assert_int_ge(open_descriptors() - before, 20);
	}
}
END_TEST

START_TEST(folder_turned_into_a_link)
{
	char path[32];
	struct node n;
	int i;

	ck_assert_int_eq(root_stat(root, "/usr/lib/deep/x", &n), 0);
	for (i = 0; i < 250; i++) {	/* so that it is opened again */
		snprintf(path, sizeof(path), "/d%d", i);
		folder(path);
		snprintf(path, sizeof(path), "/d%d/f", i);
		ck_assert_int_eq(root_stat(root, path, &n), -ENOENT);
	}
	ck_assert_int_eq(rename(below("/usr/lib/deep"), below("/deep")), 0);
	ln("/deep", "/usr/lib/deep");
	ck_assert_int_eq(root_stat(root, "/usr/lib/deep/x", &n), ERR_UNSAFE);
}
END_TEST

START_TEST(clean_names)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(walk_clean("//a/./b//", 9, &b), 0);
	ck_assert_str_eq(b.data, "/a/b");
	ck_assert_int_eq(walk_clean("/a/bc", 4, &b), 0);
	ck_assert_str_eq(b.data, "/a/b");
	ck_assert_int_eq(walk_clean("/...", 4, &b), 0);
	ck_assert_str_eq(b.data, "/...");
	ck_assert_int_eq(walk_clean("/", 1, &b), 0);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(walk_clean("", 0, &b), -EINVAL);
	ck_assert_int_eq(walk_clean("a", 1, &b), -EINVAL);
	ck_assert_int_eq(walk_clean("/a/../b", 7, &b), ERR_UNSAFE);
	buf_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("root");
	TCase *t = tcase_create("root");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, canonical_names, 0, 3);
	tcase_add_loop_test(t, never_leaves_the_root, 0, 3);
	tcase_add_loop_test(t, absent, 0, 3);
	tcase_add_loop_test(t, link_loops, 0, 3);
	tcase_add_loop_test(t, links_that_others_could_place, 0, 3);
	tcase_add_test(t, one_name_for_one_folder);
	tcase_add_test(t, bad_paths);
	tcase_add_test(t, folders_that_others_could_fill);
	tcase_add_test(t, stat_tells_the_node);
	tcase_add_test(t, open_regular_files_only);
	tcase_add_test(t, open_what_was_seen);
	tcase_add_test(t, open_folders);
	tcase_add_test(t, open_listed);
	tcase_add_test(t, new_root);
	tcase_add_test(t, many_folders);
	tcase_add_test(t, folder_turned_into_a_link);
	tcase_add_test(t, clean_names);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
