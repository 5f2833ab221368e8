/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stdarg.h>
#include <sys/syscall.h>

#include "check_main.h"
#include "dpkgdb_fixture.h"

/* Stands in for libc's: what a dpkg at work does just before a file of its is
 * opened. */
static const char *before_opening;
static void (*at_work)(void);

int
openat(int fd, const char *name, int flags, ...)
{
	void (*work)(void) = at_work;
	mode_t mode = 0;
	va_list args;

	if ((flags & O_CREAT) != 0) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (work != NULL && strcmp(name, before_opening) == 0) {
		at_work = NULL;
		work();
	}
	return (int)syscall(SYS_openat, fd, name, flags, mode);
}

START_TEST(nothing_there)
{
	size_t n = 7;

	load();
	ck_assert_uint_eq(db->n_packages, 0);
	ck_assert_ptr_null(dpkgdb_first(db, "a"));
	ck_assert_ptr_null(dpkgdb_find(db, "a", "all"));
	ck_assert_ptr_null(dpkgdb_operand(db, "a", &n));
	ck_assert_uint_eq(n, 7);
	ck_assert_str_eq(dpkgdb_real(db, NULL, "/a"), "/a");
}
END_TEST

START_TEST(bare_folder)
{
	ck_assert_int_eq(unlinkat(dir_fd, "info/format", 0), 0);
	ck_assert_int_eq(unlinkat(dir_fd, "info", AT_REMOVEDIR), 0);
	ck_assert_int_eq(unlinkat(dir_fd, "updates", AT_REMOVEDIR), 0);
	put("status", OK("a", "all") "Multi-Arch: same\n");
	load();
	ck_assert_uint_eq(db->n_packages, 1);
	ck_assert_str_eq(db->packages[0].key, "a");
	ck_assert_int_eq(dpkgdb_list_stat(db, db->packages), 0);
	ck_assert_int_eq(dpkgdb_load_list(db, db->packages, &diag), 0);
	ck_assert_int_eq(dpkgdb_load_md5s(db, db->packages, &diag), 0);
	ck_assert_uint_eq(db->packages[0].n_paths, 0);
}
END_TEST

START_TEST(fields)
{
	const struct package *p;

	put("status",
	    "Package: Zz\nStatus: hold reinstreq half-configured\n"
	    "Architecture: amd64\nMulti-Arch: same\nVersion: 2:1~x-1 \n"
	    "Replaces: q (<< 1),\n r\nConflicts: c\nBreaks: b\n"
	    "Provides: v (= 1)\nDepends: d, e | f\nPre-Depends: g\n"
	    "Conffiles:\n"
	    " /etc/with blank d41d8cd98f00b204e9800998ecf8427e\n"
	    " /etc/o newconffile obsolete\n"
	    " /etc/r nonexistent remove-on-upgrade\n"
	    " etc/both - obsolete remove-on-upgrade\n"
	    "Description: d\n more\n .\n more\n\n"
	    "Package: a\nStatus: deinstall ok config-files\nReplaces:\n\n\n"
	    "package: n\nstatus: PURGE OK Not-Installed\n"
	    "Architecture: all\nConffiles:\n /etc/n x\n");
	load();
	ck_assert_uint_eq(db->n_packages, 3);
	p = get("zz", "amd64");
	ck_assert_str_eq(p->key, "zz:amd64");
	ck_assert_int_eq(p->want, WANT_HOLD);
	ck_assert_int_eq(p->state, PKG_HALF_CONFIGURED);
	ck_assert(p->reinstreq && p->multiarch_same);
	ck_assert(package_unsettled(p) && !package_settled(p));
	ck_assert_str_eq(p->version, "2:1~x-1");
	ck_assert_str_eq(p->replaces, "q (<< 1),\n r");
	ck_assert_str_eq(p->conflicts, "c");
	ck_assert_str_eq(p->breaks, "b");
	ck_assert_str_eq(p->provides, "v (= 1)");
	ck_assert_str_eq(p->depends, "d, e | f");
	ck_assert_str_eq(p->pre_depends, "g");
	ck_assert_uint_eq(p->n_conffiles, 4);
	ck_assert_str_eq(p->conffiles[0].path, "/etc/with blank");
	ck_assert(!p->conffiles[0].obsolete);
	ck_assert_str_eq(p->conffiles[1].path, "/etc/o");
	ck_assert(p->conffiles[1].obsolete);
	ck_assert(!p->conffiles[1].remove_on_upgrade);
	ck_assert_str_eq(p->conffiles[2].path, "/etc/r");
	ck_assert(p->conffiles[2].remove_on_upgrade);
	ck_assert_str_eq(p->conffiles[3].path, "/etc/both");
	ck_assert(p->conffiles[3].obsolete);
	ck_assert(p->conffiles[3].remove_on_upgrade);
	p = get("a", "");
	ck_assert_int_eq(p->state, PKG_CONFIG_FILES);
	ck_assert_int_eq(p->want, WANT_DEINSTALL);
	ck_assert_str_eq(p->version, "");
	ck_assert_ptr_null(p->replaces);
	p = get("n", "all");
	ck_assert_int_eq(p->state, PKG_NOT_INSTALLED);
	ck_assert_int_eq(p->want, WANT_PURGE);
	ck_assert_uint_eq(p->n_conffiles, 0);
}
END_TEST

static const struct {
	const char *text;
	unsigned long line;
} bad_status[] = {
	{ "Package: a\nStatus: install ok installed", 2 },
	{ "Package: a\nStatus: install ok\n", 2 },
	{ "Package: a\nStatus: install ok installed x\n", 2 },
	{ "Package: a\nStatus: \n", 2 },
	{ "Package: a\nStatus: install bad installed\n", 2 },
	{ "Package: a\nStatus: install ok installedx\n", 2 },
	{ "Package: a\nPackage: b\n", 2 },
	{ "Package: a\n\nVersion: 1\nStatus: install ok installed\n", 4 },
	{ "Package:\n", 1 },
	{ "Package: ../../etc/x\n", 1 },
	{ "Package: a/b\n", 1 },
	{ "Package: -a\n", 1 },
	{ "Package: a\n b\n", 1 },
	{ "Package: a\xff\n", 1 },
	{ "Package: a\nbroken\n", 2 },
	{ OK("a", "all") "Conffiles: /etc/a x\n", 5 },
	{ OK("a", "all") "Conffiles:\n\t/etc/a x\n", 5 },
	{ OK("a", "all") "Conffiles:\n /etc/a\n", 5 },
	{ OK("a", "all") "Conffiles:\n / x\n", 5 },
	{ OK("a", "all") "Conffiles:\n  x\n", 5 },
	{ OK("a", "all") "Conffiles:\n /etc/a  obsolete\n", 5 },
	{ OK("a", "all") "Conffiles:\n x obsolete\n", 5 },
};

START_TEST(status_refused)
{
	put("status", bad_status[_i].text);
	load_fails(ERR_FORMAT, "status", bad_status[_i].line);
}
END_TEST

START_TEST(status_no_file)
{
	static const char binary[] = "Package: a\nX: \0\n";

	put_bytes("status", binary, sizeof(binary) - 1);
	load_fails(ERR_FORMAT, "status", 2);
	ck_assert_int_eq(unlinkat(dir_fd, "status", 0), 0);
	ck_assert_int_eq(mkfifoat(dir_fd, "status", 0600), 0);
	load_fails(ERR_NOT_REGULAR, "status", 0);
	ck_assert_int_eq(unlinkat(dir_fd, "status", 0), 0);
	ck_assert_int_eq(symlinkat("info/format", dir_fd, "status"), 0);
	load_fails(-ELOOP, "status", 0);
}
END_TEST

/* A hole of more than the bound: nothing of it is read. */
START_TEST(status_too_large)
{
	int fd;

	put("status", "");
	fd = openat(dir_fd, "status", O_WRONLY);
	ck_assert_int_eq(ftruncate(fd, (off_t)1 << 40), 0);
	close(fd);
	load_fails(ERR_LIMIT, "status", 0);
}
END_TEST

START_TEST(order_and_duplicates)
{
	const char *order = "";
	char text[64] = "";

	put("status", OK("b", "i386") "\n" OK("b", "amd64") "\n"
	    OK("a", "all") "\n" OK("c", "all") "\n"
	    "Package: b\nStatus: install ok unpacked\n"
	    "Architecture: i386\nVersion: 2\n\n" OK("a.b", "all"));
	load();
	for (size_t i = 0; i < db->n_packages; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s:%s ",
		         db->packages[i].name, db->packages[i].arch);
	}
	order = "a:all a.b:all b:amd64 b:i386 c:all ";
	ck_assert_str_eq(text, order);
	ck_assert_str_eq(get("b", "i386")->version, "2");
	ck_assert_ptr_eq(dpkgdb_first(db, "b"), get("b", "amd64"));
	ck_assert_ptr_null(dpkgdb_find(db, "b", "all"));
	ck_assert_ptr_null(dpkgdb_first(db, "bb"));
}
END_TEST

/* As dpkg does it: a new status by rename, then the updates go. */
static void
checkpoint(void)
{
	put("status-new", OK("a", "all") "\n" OK("new", "all"));
	ck_assert_int_eq(renameat(dir_fd, "status-new", dir_fd, "status"), 0);
	unlinkat(dir_fd, "updates/0000", 0);
	unlinkat(dir_fd, "updates/0001", 0);
}

static void
with_updates(void)
{
	put("status", OK("a", "all"));
	put("updates/0000", "Package: new\nStatus: install ok unpacked\n"
	    "Architecture: all\nVersion: 1-1\n");
	put("updates/0001", "Package: new\nStatus: install ok half-configured\n"
	    "Architecture: all\nVersion: 1-1\n");
}

/* Whenever it comes, what was before it is not mixed with what is after. */
START_TEST(a_checkpoint_meanwhile)
{
	static const char *const moments[] = {
		"updates", "updates/0000", "updates/0001"
	};
	int open_now = descriptors_open();

	with_updates();
	before_opening = moments[_i];
	at_work = checkpoint;
	load();
	ck_assert_ptr_null(at_work);
	ck_assert_uint_eq(db->n_packages, 2);
	ck_assert_int_eq(get("new", "all")->state, PKG_INSTALLED);
	dpkgdb_free(db);
	db = NULL;
	ck_assert_int_eq(descriptors_open(), open_now);
}
END_TEST

static int checkpoints;

static void
checkpoint_again(void)
{
	checkpoints++;
	checkpoint();
	at_work = checkpoint_again;
}

/* It ends, and says why. */
START_TEST(checkpoints_without_end)
{
	with_updates();
	before_opening = "updates";
	checkpoints = 0;
	at_work = checkpoint_again;
	load_fails(ERR_BUSY, "status", 0);
	ck_assert_int_ge(checkpoints, 2);
	at_work = NULL;
}
END_TEST

START_TEST(updates)
{
	put("status", OK("a", "all") "\n" OK("b", "all") "\n"
	    OK("s", "amd64") "Multi-Arch: same\n\n"
	    OK("t", "amd64") "Multi-Arch: same\n\n"
	    OK("t", "i386") "Multi-Arch: same\n");
	put("updates/0001", "Package: b\nStatus: purge ok not-installed\n"
	    "Architecture: all\n");
	put("updates/0000", "Package: b\nStatus: install ok unpacked\n"
	    "Architecture: all\nVersion: 2\n");
	put("updates/0002", "Package: new\nStatus: install ok unpacked\n"
	    "Architecture: all\nVersion: 3\n");
	/* a crossgrade takes the place of the only instance */
	put("updates/0003", "Package: a\nStatus: install ok half-installed\n"
	    "Architecture: amd64\nVersion: 2\n");
	/* another instance of a co-installable package does not */
	put("updates/0004", "Package: s\nStatus: install ok unpacked\n"
	    "Architecture: i386\nVersion: 1-1\nMulti-Arch: same\n");
	put("updates/0005", "Package: t\nStatus: install reinstreq unpacked\n"
	    "Architecture: i386\nVersion: 1-2\nMulti-Arch: same\n");
	put("updates/0006", "");
	put("updates/tmp.i", "#padding\n");
	put("updates/1x", "#padding\n");
	load();
	ck_assert_uint_eq(db->n_packages, 7);
	ck_assert_int_eq(get("b", "all")->state, PKG_NOT_INSTALLED);
	ck_assert_str_eq(get("new", "all")->version, "3");
	ck_assert_ptr_null(dpkgdb_find(db, "a", "all"));
	ck_assert_int_eq(get("a", "amd64")->state, PKG_HALF_INSTALLED);
	ck_assert_str_eq(get("s", "amd64")->version, "1-1");
	ck_assert_int_eq(get("s", "i386")->state, PKG_UNPACKED);
	ck_assert_int_eq(get("t", "amd64")->state, PKG_INSTALLED);
	ck_assert(get("t", "i386")->reinstreq);
}
END_TEST

START_TEST(updates_refused)
{
	put("updates/0000", "Package: b\nStatus: install ok");
	load_fails(ERR_FORMAT, "updates/0000", 2);
	put("updates/0000", "");
	put("updates/00001", "");
	load_fails(ERR_FORMAT, "updates", 0);
	ck_assert_int_eq(unlinkat(dir_fd, "updates/0000", 0), 0);
	ck_assert_int_eq(unlinkat(dir_fd, "updates/00001", 0), 0);
	put("updates/00000000001", "");
	load_fails(ERR_FORMAT, "updates", 0);
}
END_TEST

START_TEST(keys)
{
	put("status", OK("s", "amd64") "Multi-Arch: same\n\n"
	    OK("f", "amd64") "Multi-Arch: foreign\n\n"
	    OK("evil", "../x") "Multi-Arch: same\n\n"
	    OK("old", "amd64") "Multi-Arch: same\n\n"
	    OK("new", "amd64") "\n"
	    "Package: mid\nStatus: install reinstreq half-installed\n"
	    "Architecture: amd64\n\n"
	    "Package: n\nStatus: install ok not-installed\n"
	    "Architecture: amd64\nMulti-Arch: same\n");
	put("info/old.list", "/.\n/old\n");
	put("info/new:amd64.list", "/.\n/new\n");
	put("info/new:amd64.md5sums", "");
	put("info/mid:amd64.list", "/.\n/mid\n");
	put("info/n.list", "/.\n/n\n");
	load();
	ck_assert_str_eq(get("s", "amd64")->key, "s:amd64");
	ck_assert_str_eq(get("f", "amd64")->key, "f");
	ck_assert_str_eq(get("evil", "../x")->key, "evil");
	ck_assert_str_eq(get("mid", "amd64")->key, "mid:amd64");
	ck_assert_int_eq(dpkgdb_load_list(db, get("old", "amd64"), &diag), 0);
	ck_assert_str_eq(get("old", "amd64")->key, "old");
	ck_assert_uint_eq(get("old", "amd64")->n_paths, 1);
	ck_assert_int_eq(dpkgdb_list_stat(db, get("new", "amd64")), 0);
	ck_assert_str_eq(get("new", "amd64")->key, "new:amd64");
	ck_assert_uint_ne(get("new", "amd64")->list_ino, 0);
	ck_assert_int_eq(dpkgdb_load_list(db, get("evil", "../x"), &diag), 0);
	ck_assert_int_eq(dpkgdb_load_list(db, get("n", "amd64"), &diag), 0);
	ck_assert_uint_eq(get("n", "amd64")->n_paths, 0);
	ck_assert_uint_eq(get("n", "amd64")->list_ino, 0);
}
END_TEST

START_TEST(formats)
{
	put("status", OK("s", "amd64") "Multi-Arch: same\n");
	put("info/format", "0\n");
	load();
	ck_assert_str_eq(get("s", "amd64")->key, "s");
	dpkgdb_free(db);
	db = NULL;
	put("info/format-new", "");
	load();
	ck_assert_str_eq(get("s", "amd64")->key, "s:amd64");
	dpkgdb_free(db);
	db = NULL;
	put("info/format", "x");
	load_fails(ERR_FORMAT, "info/format", 1);
}
END_TEST

START_TEST(diversions)
{
	put("status", OK("mine", "amd64") "\n" OK("other", "all"));
	put("diversions", "/bin/sh\n/bin/sh.distrib\nmine\n"
	    "//usr/x y\n/usr/x y.local\n:\n");
	load();
	ck_assert_uint_eq(db->n_diversions, 2);
	ck_assert_str_eq(db->diversions[0].package, "mine");
	ck_assert_str_eq(db->diversions[1].from, "/usr/x y");
	ck_assert_ptr_null(db->diversions[1].package);
	ck_assert_str_eq(dpkgdb_real(db, get("mine", "amd64"), "/bin/sh"),
	                 "/bin/sh");
	ck_assert_str_eq(dpkgdb_real(db, get("other", "all"), "/bin/sh"),
	                 "/bin/sh.distrib");
	ck_assert_str_eq(dpkgdb_real(db, NULL, "/bin/sh"), "/bin/sh.distrib");
	ck_assert_str_eq(dpkgdb_real(db, get("mine", "amd64"), "/usr/x y"),
	                 "/usr/x y.local");
	ck_assert_str_eq(dpkgdb_real(db, get("other", "all"),
	                             "/bin/sh.distrib"), "/bin/sh.distrib");
	ck_assert_str_eq(dpkgdb_real(db, get("other", "all"), "/bin"), "/bin");
}
END_TEST

static const struct {
	const char *text;
	unsigned long line;
} bad_diversions[] = {
	{ "/a\n/b\n", 2 },
	{ "/a\n/b\nx", 0 },
	{ "/a\n/b\n:\n/a\n/c\n:\n", 4 },
	{ "/a\n/b\n:\n/c\n/b\n:\n", 4 },
	{ "/a\n/b\n:\n/b\n/c\n:\n", 4 },
};

START_TEST(diversions_refused)
{
	put("diversions", bad_diversions[_i].text);
	load_fails(ERR_FORMAT, "diversions", bad_diversions[_i].line);
}
END_TEST

/* What dpkg reads, though no program of its own writes it. */
START_TEST(diversions_odd)
{
	put("diversions", "a\n./b\n\n/c\n/c\n:\n/\n/d\n:\n"
	    "/e\n/f\nPKG\n//a/\n/b//\n:\n");
	load();
	ck_assert_uint_eq(db->n_diversions, 5);
	ck_assert_str_eq(db->diversions[4].from, "/a/");
	ck_assert_str_eq(db->diversions[4].to, "/b//");
	ck_assert_str_eq(db->diversions[3].package, "pkg");
	ck_assert_str_eq(db->diversions[0].from, "/a");
	ck_assert_str_eq(db->diversions[0].to, "/b");
	ck_assert_str_eq(db->diversions[0].package, "");
	ck_assert_str_eq(dpkgdb_real(db, NULL, "/a"), "/b");
	ck_assert_str_eq(dpkgdb_real(db, NULL, "/c"), "/c");
	ck_assert_str_eq(dpkgdb_real(db, NULL, "/"), "/d");
}
END_TEST

START_TEST(overrides_odd)
{
	put("statoverride", "root root 644 a/b\nroot root 600 \n");
	load();
	ck_assert_uint_eq(db->n_overrides, 2);
	ck_assert_str_eq(db->overrides[0].path, "/a/b");
	ck_assert_str_eq(db->overrides[1].path, "/");
}
END_TEST

START_TEST(overrides)
{
	put("statoverride", "root crontab 2755 /usr/bin/crontab\n"
	    "#33 #0 0 /a b/\nu g 07777 /c\n");
	load();
	ck_assert_uint_eq(db->n_overrides, 3);
	ck_assert_str_eq(db->overrides[0].user, "root");
	ck_assert_str_eq(db->overrides[0].group, "crontab");
	ck_assert_uint_eq(db->overrides[0].mode, 02755);
	ck_assert_str_eq(db->overrides[0].path, "/usr/bin/crontab");
	ck_assert_str_eq(db->overrides[1].user, "#33");
	ck_assert_uint_eq(db->overrides[1].mode, 0);
	ck_assert_str_eq(db->overrides[1].path, "/a b");
	ck_assert_uint_eq(db->overrides[2].mode, 07777);
}
END_TEST

static const char *const bad_overrides[] = {
	"\n", "root\n", "root root\n", "root root 644\n",
	"root root 800 /a\n", "root root 17777 /a\n",
	" root 644 /a\n", "root root 644x /a\n", "root root  /a\n",
};

START_TEST(overrides_refused)
{
	put("statoverride", bad_overrides[_i]);
	load_fails(ERR_FORMAT, "statoverride", 1);
}
END_TEST

START_TEST(operands_without_packages)
{
	size_t n = 7;

	load();
	ck_assert_uint_eq(db->n_packages, 0);
	ck_assert_ptr_null(dpkgdb_operand(db, "a", &n));
	ck_assert_ptr_null(dpkgdb_operand(db, "a:all", &n));
	ck_assert_uint_eq(n, 7);
}
END_TEST

START_TEST(operands)
{
	size_t n = 0;

	put("status", OK("a", "all") "\n"
	    OK("s", "amd64") "Multi-Arch: same\n\n"
	    OK("s", "i386") "Multi-Arch: same\n\n"
	    "Package: s\nStatus: install ok not-installed\n"
	    "Architecture: arm64\n\n"
	    "Package: gone\nStatus: purge ok not-installed\n"
	    "Architecture: all\n");
	load();
	ck_assert_ptr_eq(dpkgdb_operand(db, "a", &n), get("a", "all"));
	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_eq(dpkgdb_operand(db, "A:all", &n), get("a", "all"));
	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_null(dpkgdb_operand(db, "a:amd64", &n));
	ck_assert_ptr_null(dpkgdb_operand(db, "a:", &n));
	ck_assert_ptr_eq(dpkgdb_operand(db, "s", &n), get("s", "amd64"));
	ck_assert_uint_eq(n, 3);	/* arm64 lies between */
	ck_assert_ptr_eq(dpkgdb_operand(db, "s:i386", &n), get("s", "i386"));
	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_null(dpkgdb_operand(db, "s:arm64", &n));
	ck_assert_ptr_null(dpkgdb_operand(db, "gone", &n));
	ck_assert_ptr_null(dpkgdb_operand(db, "", &n));
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(state_names)
{
	ck_assert_str_eq(pkg_state_name(PKG_NOT_INSTALLED), "not-installed");
	ck_assert_str_eq(pkg_state_name(PKG_INSTALLED), "installed");
	ck_assert_str_eq(pkg_state_name(PKG_TRIGGERS_AWAITED),
	                 "triggers-awaited");
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("dpkgdb");
	TCase *t = tcase_create("dpkgdb");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, nothing_there);
	tcase_add_test(t, bare_folder);
	tcase_add_test(t, fields);
	tcase_add_loop_test(t, status_refused, 0, COUNT(bad_status));
	tcase_add_test(t, status_no_file);
	tcase_add_test(t, status_too_large);
	tcase_add_test(t, order_and_duplicates);
	tcase_add_loop_test(t, a_checkpoint_meanwhile, 0, 3);
	tcase_add_test(t, checkpoints_without_end);
	tcase_add_test(t, updates);
	tcase_add_test(t, updates_refused);
	tcase_add_test(t, keys);
	tcase_add_test(t, formats);
	tcase_add_test(t, diversions);
	tcase_add_loop_test(t, diversions_refused, 0, COUNT(bad_diversions));
	tcase_add_test(t, diversions_odd);
	tcase_add_test(t, overrides);
	tcase_add_test(t, overrides_odd);
	tcase_add_loop_test(t, overrides_refused, 0, COUNT(bad_overrides));
	tcase_add_test(t, operands_without_packages);
	tcase_add_test(t, operands);
	tcase_add_test(t, state_names);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
