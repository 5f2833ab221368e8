/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "check_main.h"
#include "mounts.h"
#include "scratch.h"

static struct mounts *
parsed(const char *text, const char *instdir)
{
	struct mounts *m = NULL;
	struct diag d = { 0 };
	int err = mounts_parse("text", text, strlen(text), instdir, &m, &d);

	ck_assert_msg(err == 0, "%s:%lu: %s", d.file, d.line, d.what);
	return m;
}

/* "id path" of all points, with blanks between. */
static void
expect_points(const struct mounts *m, const char *want)
{
	char got[4096] = "";
	size_t n = 0;

	for (size_t i = 0; i < m->n_points; i++)
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%d %s",
		                      i > 0 ? " " : "",
		                      (int)m->points[i].id, m->points[i].path);
	ck_assert_str_eq(got, want);
}

static int
covering(const struct mounts *m, const char *path)
{
	const struct mount_point *p = mounts_covering(m, path);

	return p != NULL ? (int)p->id : 0;
}

#define ROOT_LINE "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"

START_TEST(all_parts_of_a_line)
{
	struct mounts *m = parsed(
	    ROOT_LINE
	    "36 20 259:70000 /a\\040b /mnt\\040x/y\\134z\\011\\012\\043 rw "
	    "shared:7 master:2 propagate_from:3 unbindable - fuse.x\\040y "
	    "//host/the\\040share rw,errors=continue\n", "");

	ck_assert_uint_eq(m->n_points, 2);
	ck_assert_str_eq(m->points[0].path, "/");
	ck_assert_str_eq(m->points[0].source, "/dev/sda1");
	ck_assert_str_eq(m->points[1].path, "/mnt x/y\\z\t\n#");
	ck_assert_str_eq(m->points[1].fstype, "fuse.x y");
	ck_assert_str_eq(m->points[1].source, "//host/the share");
	ck_assert_uint_eq(m->points[1].id, 36);
	ck_assert_uint_eq(m->points[1].dev, makedev(259, 70000));
	mounts_free(m);
}
END_TEST

/* What the kernel writes for mount("", ...), and what cifs does with "\". */
START_TEST(odd_sources)
{
	struct mounts *m = parsed(
	    "20 1 0:5 / / rw - tmpfs  rw\n"
	    "21 20 0:6 / /a rw - cifs \\\\host\\x rw\n"
	    "22 20 0:7 / /b rw - overlay - rw - x\n", "");

	expect_points(m, "20 / 21 /a 22 /b");
	ck_assert_str_eq(m->points[0].source, "");
	ck_assert_str_eq(m->points[1].source, "\\\\host\\x");
	ck_assert_str_eq(m->points[2].source, "-");
	mounts_free(m);
}
END_TEST

/* The options of a mount at "/": its own and its file system's. */
static struct mounts *
with_options(const char *type, const char *own, const char *all)
{
	char text[1024];

	snprintf(text, sizeof(text), "20 1 0:5 / / %s shared:1 - %s src %s\n",
	         own, type, all);
	return parsed(text, "");
}

START_TEST(read_only_ones)
{
	static const struct {
		const char *own, *all;
		bool readonly, fs_readonly;
	} rows[] = {
		{ "rw", "rw", false, false },
		{ "ro", "rw", true, false },
		{ "rw", "ro", false, true },
		{ "ro,nosuid,relatime", "ro,seclabel", true, true },
		{ "nosuid,ro", "seclabel,ro", true, true },
		{ "rw,root,roll,errors=ro,aro", "rw,errors=remount-ro,r", false,
		  false },
		{ "rw,,", "", false, false },
		{ ",ro", ",,ro,", true, true },
		{ "rw,a\\,ro", "rw,a\\054ro\\", false, false },
		{ "rw,a\\\\,ro", "rw,a\\", true, false },
		{ "\xff\1", "r", false, false }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct mounts *m = with_options("ext4", rows[i].own,
		                                rows[i].all);

		ck_assert_uint_eq(m->n_points, 1);
		ck_assert_msg(m->points[0].readonly == rows[i].readonly &&
		              m->points[0].fs_readonly == rows[i].fs_readonly,
		              "%s %s", rows[i].own, rows[i].all);
		ck_assert_ptr_null(m->points[0].upper);
		mounts_free(m);
	}
}
END_TEST

START_TEST(own_options)
{
	static const struct {
		const char *own, *all;
		bool nosuid, nodev, noexec;
	} rows[] = {
		{ "rw,relatime", "rw", false, false, false },
		{ "rw,nosuid,nodev,noexec,relatime", "rw", true, true, true },
		{ "ro,noexec", "ro", false, false, true },
		{ "rw,nodev", "rw,nosuid,noexec", false, true, false },
		{ "rw,nosuids,xnodev,noexec=1", "rw", false, false, false }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct mounts *m = with_options("ext4", rows[i].own,
		                                rows[i].all);

		ck_assert_uint_eq(m->n_points, 1);
		ck_assert_msg(m->points[0].nosuid == rows[i].nosuid &&
		              m->points[0].nodev == rows[i].nodev &&
		              m->points[0].noexec == rows[i].noexec,
		              "%s %s", rows[i].own, rows[i].all);
		mounts_free(m);
	}
}
END_TEST

START_TEST(remote_ones)
{
	static const char *const remote[] = {
		"autofs", "nfs", "nfs4", "cifs", "smb3", "9p", "fuse",
		"fuse.sshfs", "fuse.a.b", "fuseblk", "fuseblk.ntfs", "ceph",
		"afs", "virtiofs"
	};
	static const char *const here[] = {
		"ext4", "tmpfs", "fusectl", "fus", "nfsd", "nfs40", "xnfs",
		"overlay", "proc", ".fuse", "autof", "9"
	};

	for (size_t i = 0; i < sizeof(remote) / sizeof(*remote); i++)
		ck_assert_msg(mounts_remote(&(struct mount_point){
			.fstype = remote[i] }), "%s", remote[i]);
	for (size_t i = 0; i < sizeof(here) / sizeof(*here); i++)
		ck_assert_msg(!mounts_remote(&(struct mount_point){
			.fstype = here[i] }), "%s", here[i]);
}
END_TEST

START_TEST(upper_folders)
{
	static const struct {
		const char *options, *upper;
	} rows[] = {
		{ "rw,lowerdir=/l,upperdir=/u/x,workdir=/w", "/u/x" },
		{ "rw,upperdir=/u", "/u" },
		{ "rw,upperdir=rel/u,x", "rel/u" },
		{ "rw,upperdir=/a\\040b\\011c\\012,x", "/a b\tc\n" },
		/* As overlayfs wants them to be given, and the kernel shows. */
		{ "rw,upperdir=/a\\134\\054b\\134:c\\134\\134d\\075e,x",
		  "/a,b:c\\d=e" },
		{ "rw,upperdir=/a\\054b:c,x", "/a,b:c" },
		{ "rw,upperdir=/a\\,b\\:c\\\\d,x", "/a,b:c\\d" },
		{ "rw,upperdir=/a\\,upperdir=/b,workdir=/w",
		  "/a,upperdir=/b" },
		{ "rw,lowerdir=/l\\,upperdir=/no,upperdir=/u", "/u" },
		{ "rw,upperdir=//a///b/,x", "/a/b/" },
		{ "rw,upperdir=/a,upperdir=/b", "/a" },
		{ "rw,upperdir=/a\\", "/a\\" },
		{ "rw,upperdir=/a\\0", "/a0" },
		{ "rw,upperdir=/a\\000b", "/a000b" },
		{ "rw,upperdir=/a\\400b", "/a400b" },
		{ "rw,upperdir=\xff\xfe", "\xff\xfe" },
		{ "rw,upperdir=,workdir=/w", NULL },
		{ "rw,upperdir", NULL },
		{ "rw,xupperdir=/a", NULL },
		{ "ro,lowerdir=/a:/b", NULL },
		{ "", NULL }
	};
	struct mounts *m;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		m = with_options("overlay", "rw", rows[i].options);
		if (rows[i].upper == NULL)
			ck_assert_ptr_null(m->points[0].upper);
		else
			ck_assert_str_eq(m->points[0].upper, rows[i].upper);
		mounts_free(m);
	}
	m = with_options("fuse.x", "rw", "rw,upperdir=/u");
	ck_assert_ptr_null(m->points[0].upper);
	mounts_free(m);
	m = with_options("overlay", "rw,upperdir=/u", "rw");
	ck_assert_ptr_null(m->points[0].upper);
	mounts_free(m);
}
END_TEST

START_TEST(sorted_by_path)
{
	struct mounts *m = parsed(
	    ROOT_LINE
	    "23 20 0:9 / /usr rw - xfs d rw\n"
	    "24 23 0:9 / /usr/lib rw - xfs d rw\n"
	    "21 20 0:9 / /usr-x rw - xfs d rw\n"
	    "22 20 0:9 / /a rw - xfs d rw\n", "");

	expect_points(m, "20 / 22 /a 23 /usr 21 /usr-x 24 /usr/lib");
	mounts_free(m);
}
END_TEST

START_TEST(covered_by_component)
{
	struct mounts *m = parsed(
	    ROOT_LINE
	    "21 20 0:9 / /usr rw - xfs d rw\n"
	    "22 21 0:9 / /usr/lib/x rw - xfs d rw\n"
	    "23 20 0:9 / /usr-x rw - xfs d rw\n"
	    "24 21 0:9 / /usr/bin/env rw - xfs d rw\n", "");

	ck_assert_int_eq(covering(m, "/"), 20);
	ck_assert_int_eq(covering(m, "/etc/passwd"), 20);
	ck_assert_int_eq(covering(m, "/us"), 20);
	ck_assert_int_eq(covering(m, "/usr"), 21);
	ck_assert_int_eq(covering(m, "/usr/"), 21);
	ck_assert_int_eq(covering(m, "/usr/lib"), 21);
	ck_assert_int_eq(covering(m, "/usr/lib/xy"), 21);
	ck_assert_int_eq(covering(m, "/usr/lib/x"), 22);
	ck_assert_int_eq(covering(m, "/usr/lib/x/y/z"), 22);
	ck_assert_int_eq(covering(m, "/usr-x/lib/x"), 23);
	ck_assert_int_eq(covering(m, "/usr-y"), 20);
	ck_assert_int_eq(covering(m, "/usr/bin/env"), 24);
	ck_assert_int_eq(covering(m, "/usr/bin/envy"), 21);
	mounts_free(m);
}
END_TEST

START_TEST(only_what_is_below_instdir)
{
	static const char text[] =
	    ROOT_LINE
	    "21 20 0:9 / /srv/root rw - xfs d rw\n"
	    "22 21 0:9 / /srv/root/usr rw - xfs d rw\n"
	    "23 20 0:9 / /srv/root2/usr rw - xfs d rw\n"
	    "24 20 0:9 / /srv rw - xfs d rw\n";
	struct mounts *m = parsed(text, "/srv/root2");

	/* 21 and 22 are there, 23 as well, but 24 was mounted over them. */
	ck_assert_uint_eq(m->n_points, 0);
	ck_assert_ptr_null(mounts_covering(m, "/usr/x"));
	mounts_free(m);
	m = parsed(ROOT_LINE
	           "21 20 0:9 / /srv/root rw - xfs d rw\n"
	           "22 21 0:9 / /srv/root/usr rw - xfs d rw\n"
	           "23 20 0:9 / /srv/root2/usr rw - xfs d rw\n", "/srv/root");
	expect_points(m, "21 / 22 /usr");
	ck_assert_int_eq(covering(m, "/usr2"), 21);
	ck_assert_int_eq(covering(m, "/usr/bin"), 22);
	mounts_free(m);
	m = parsed(ROOT_LINE
	           "23 20 0:9 / /srv/root2/usr rw - xfs d rw\n",
	           "/srv/root2");
	expect_points(m, "23 /usr");
	ck_assert_int_eq(covering(m, "/etc"), 0);
	ck_assert_int_eq(covering(m, "/usr/bin"), 23);
	mounts_free(m);
}
END_TEST

START_TEST(the_topmost_of_a_stack)
{
	struct mounts *m = parsed(
	    ROOT_LINE
	    "30 20 0:9 / /a rw - xfs d rw\n"
	    "31 30 0:9 / /a rw - xfs d rw\n"
	    "32 31 0:9 / /a rw - xfs d rw\n", "");

	expect_points(m, "20 / 30 /a 31 /a 32 /a");
	ck_assert_int_eq(covering(m, "/a/b"), 32);
	mounts_free(m);
	/* 25 is older, but was moved onto 31; 31 slipped beneath 40. */
	m = parsed(ROOT_LINE
	           "25 40 0:9 / /a rw - xfs d rw\n"
	           "30 20 0:9 / /a rw - xfs d rw\n"
	           "40 31 0:9 / /a rw - xfs d rw\n"
	           "31 30 0:9 / /a rw - xfs d rw\n", "");
	expect_points(m, "20 / 30 /a 31 /a 40 /a 25 /a");
	ck_assert_int_eq(covering(m, "/a"), 25);
	mounts_free(m);
	/* Both on the same mount, as propagation once left them. */
	m = parsed(ROOT_LINE
	           "30 20 0:9 / /a rw - xfs d rw\n"
	           "31 20 0:9 / /a rw - xfs d rw\n", "");
	ck_assert_int_eq(covering(m, "/a"), 31);
	mounts_free(m);
}
END_TEST

START_TEST(hidden_ones_are_left_out)
{
	struct mounts *m = parsed(
	    ROOT_LINE
	    "30 20 0:9 / /a/b rw - xfs d rw\n"
	    "31 30 0:9 / /a/b/c rw - xfs d rw\n"
	    "32 20 0:9 / /a rw - xfs d rw\n"
	    "33 32 0:9 / /a/b/d rw - xfs d rw\n"
	    "34 20 0:9 / /ab rw - xfs d rw\n", "");

	expect_points(m, "20 / 32 /a 33 /a/b/d 34 /ab");
	ck_assert_int_eq(covering(m, "/a/b/c"), 32);
	mounts_free(m);
	/* One over the whole root, which is its own parent here. */
	m = parsed("1 1 0:2 / / rw - rootfs rootfs rw\n"
	           "2 1 0:3 / /proc rw - proc proc rw\n", "");
	expect_points(m, "1 / 2 /proc");
	mounts_free(m);
	m = parsed("1 1 0:2 / / rw - rootfs rootfs rw\n"
	           "2 1 0:3 / /proc rw - proc proc rw\n"
	           "3 1 0:4 / / rw - ext4 x rw\n"
	           "4 3 0:4 / /proc/x rw - ext4 x rw\n", "");
	expect_points(m, "1 / 3 / 4 /proc/x");
	ck_assert_int_eq(covering(m, "/proc"), 3);
	mounts_free(m);
}
END_TEST

START_TEST(bad_lines)
{
	static const char *const lines[] = {
		"\n", "20\n", " \n", "\xff\xfe\n", "20 1 8:1 / /\n",
		"20 1 8:1 / / rw shared:1\n",
		"20 1 8:1 / / rw shared:1 -\n",
		"20 1 8:1 / / rw - ext4\n",
		"20 1 8:1 / / rw - ext4 /dev/sda1\n",
		"20 1 8:1 / / rw -  /dev/sda1 rw\n",
		"20 1 8:1 / / rw ext4 /dev/sda1 rw\n",
		"x 1 8:1 / / rw - ext4 d rw\n",
		"-20 1 8:1 / / rw - ext4 d rw\n",
		"99999999999999999999 1 8:1 / / rw - ext4 d rw\n",
		"20 x 8:1 / / rw - ext4 d rw\n",
		"20 1 8 / / rw - ext4 d rw\n",
		"20 1 8: / / rw - ext4 d rw\n",
		"20 1 :1 / / rw - ext4 d rw\n",
		"20 1 8:4294967296 / / rw - ext4 d rw\n",
		"20 1 8:1 / usr rw - ext4 d rw\n",
		"20 1 8:1 /  rw - ext4 d rw\n",
		"20 1 8:1 / /a\\0 rw - ext4 d rw\n",
		"20 1 8:1 / /a\\000b rw - ext4 d rw\n",
		"20 1 8:1 / /a\\400 rw - ext4 d rw\n",
		"20 1 8:1 / /a\\ rw - ext4 d rw\n",
		"20  1 8:1 / / rw - ext4 d rw\n",
		"20 1 8:1 / / rw - ext4 d rw",
		"20 1 8:1 / / rw - ext4 d "
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct mounts *m = (struct mounts *)&i;
		struct diag d = { 0 };
		char text[512];

		snprintf(text, sizeof(text), "%s%s", ROOT_LINE, lines[i]);
		ck_assert_msg(mounts_parse("text", text, strlen(text), "", &m,
		                           &d) == ERR_FORMAT, "%s", lines[i]);
		ck_assert_str_eq(d.file, "text");
		ck_assert_uint_eq(d.line, 2);
		ck_assert_str_ne(d.what, "");
		ck_assert_ptr_eq(m, &i);
	}
}
END_TEST

START_TEST(a_nul_byte)
{
	static const char text[] = ROOT_LINE "21 20 8:1 / /a\0 rw - x d rw\n";
	struct mounts *m = NULL;
	struct diag d = { 0 };

	ck_assert_int_eq(mounts_parse("text", text, sizeof(text) - 1, "", &m,
	                              &d), ERR_FORMAT);
	ck_assert_uint_eq(d.line, 2);
	/* Nobody to tell it. */
	ck_assert_int_eq(mounts_parse("text", text, sizeof(text) - 1, "", &m,
	                              NULL), ERR_FORMAT);
}
END_TEST

START_TEST(every_cut_is_safe)
{
	static const char text[] = ROOT_LINE
	    "21 20 8:1 / /a\\040b ro shared:1 - overlay x "
	    "rw,upperdir=/u\\134\\054\n";
	size_t whole = sizeof(text) - 1;

	for (size_t n = 0; n <= whole; n++) {
		struct mounts *m = NULL;
		char *copy = malloc(n + 1);
		int err;

		/* So that a sanitizer sees a step too far. */
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, text, n);
		copy = realloc(copy, n > 0 ? n : 1);
		err = mounts_parse("text", copy, n, "", &m, NULL);
		ck_assert_int_eq(err, n == 0 || n == whole ||
		                 n == strlen(ROOT_LINE) ? 0 : ERR_FORMAT);
		mounts_free(m);
		free(copy);
	}
}
END_TEST

/* The kernel may show a number twice: it was given anew between two reads. */
START_TEST(twice_the_same)
{
	struct mounts *m = parsed(ROOT_LINE ROOT_LINE
	                          "21 20 8:1 / /a rw - ext4 d rw\n"
	                          "21 20 8:1 / /a rw - ext4 d rw\n"
	                          "21 21 8:1 / /b rw - ext4 d rw\n", "");

	ck_assert_int_eq(covering(m, "/a/x"), 21);
	ck_assert_int_eq(covering(m, "/x"), 20);
	mounts_free(m);
	/* Each the other's parent. */
	m = parsed("1 2 8:1 / /a rw - x d rw\n2 1 8:1 / /a rw - x d rw\n"
	           "3 4 8:1 / /b/c rw - x d rw\n4 3 8:1 / /b rw - x d rw\n",
	           "");
	ck_assert_uint_eq(m->n_points, 4);
	mounts_free(m);
}
END_TEST

START_TEST(a_huge_line_and_many)
{
	size_t size = (size_t)2 << 20, n;
	char *text = malloc(size), name[32];
	struct mounts *m;

	ck_assert_ptr_nonnull(text);
	n = (size_t)snprintf(text, size, "20 1 8:1 / / rw ");
	memset(text + n, 'x', (size_t)1 << 20);
	n += (size_t)1 << 20;
	n += (size_t)snprintf(text + n, size - n, " - ext4 d rw\n");
	for (int i = 0; i < 10000; i++)
		n += (size_t)snprintf(text + n, size - n,
		                      "%d 20 0:9 / /m/%d rw - xfs d rw\n",
		                      100 + i, i);
	m = parsed(text, "");
	ck_assert_uint_eq(m->n_points, 10001);
	for (int i = 0; i < 10000; i += 7) {
		snprintf(name, sizeof(name), "/m/%d/x", i);
		ck_assert_int_eq(covering(m, name), 100 + i);
	}
	mounts_free(m);
	free(text);
}
END_TEST

static int
own_namespace(void)
{
	if (unshare(CLONE_NEWNS) < 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -1;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* In a child: 0 all right, 77 not possible here, else the step that failed. */
static int
try_mounting(void)
{
	const struct mount_point *p;
	char file[128], other[128];
	struct mounts *m = NULL;
	struct stat st;

	snprintf(file, sizeof(file), "%s/a file", scratch_path);
	snprintf(other, sizeof(other), "%s/other", scratch_path);
	if (own_namespace() < 0 || stat(other, &st) < 0 ||
	    mount(other, file, NULL, MS_BIND, NULL) < 0)
		return 77;
	if (mounts_load("", &m, NULL) < 0)
		return 1;
	p = mounts_covering(m, file);
	if (p == NULL || strcmp(p->path, file) != 0)
		return 2;
	p = mounts_covering(m, other);
	if (p != NULL && strcmp(p->path, other) == 0)
		return 3;
	if (p != NULL && p->readonly)
		return 7;
	mounts_free(m);
	if (mount(NULL, file, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY,
	          NULL) == 0) {
		if (mounts_load("", &m, NULL) < 0)
			return 8;
		p = mounts_covering(m, file);
		if (p == NULL || !p->readonly || p->fs_readonly)
			return 9;
		mounts_free(m);
	}
	if (mounts_load(scratch_path, &m, NULL) < 0)
		return 4;
	if (m->n_points != 1 || strcmp(m->points[0].path, "/a file") != 0)
		return 5;
	mounts_free(m);
	return umount(file) < 0 || mounts_load(scratch_path, &m, NULL) < 0 ||
	       m->n_points != 0 ? 6 : 0;
}

START_TEST(a_mount_of_ours)
{
	int status;
	pid_t pid;

	if (access("/proc/self/mountinfo", R_OK) < 0) {
		printf("# skipped: no /proc\n");
		return;
	}
	scratch_open();
	scratch_text("a file", "");
	scratch_text("other", "");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(try_mounting());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	scratch_close();
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		printf("# skipped: may not mount\n");
		return;
	}
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(nothing_to_free)
{
	mounts_free(NULL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("mounts");
	TCase *t = tcase_create("mounts");

	tcase_add_test(t, all_parts_of_a_line);
	tcase_add_test(t, odd_sources);
	tcase_add_test(t, read_only_ones);
	tcase_add_test(t, own_options);
	tcase_add_test(t, remote_ones);
	tcase_add_test(t, upper_folders);
	tcase_add_test(t, sorted_by_path);
	tcase_add_test(t, covered_by_component);
	tcase_add_test(t, only_what_is_below_instdir);
	tcase_add_test(t, the_topmost_of_a_stack);
	tcase_add_test(t, hidden_ones_are_left_out);
	tcase_add_test(t, bad_lines);
	tcase_add_test(t, a_nul_byte);
	tcase_add_test(t, every_cut_is_safe);
	tcase_add_test(t, twice_the_same);
	tcase_add_test(t, a_huge_line_and_many);
	tcase_add_test(t, a_mount_of_ours);
	tcase_add_test(t, nothing_to_free);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
