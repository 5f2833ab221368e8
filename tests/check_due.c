/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <sys/resource.h>

#include "core_fixture.h"

/* The verdict on a listed path, as "KIND" or "exempt WHY". */
static const char *
judged(const char *name, const char *path)
{
	static const char *const kinds[] = {
		[DUE_YES] = "yes", [DUE_ABSENT] = "absent",
		[DUE_UNSETTLED] = "unsettled",
		[DUE_UNSUPPORTED] = "unsupported", [DUE_UNKNOWN] = "unknown"
	};
	static char text[64];
	struct package *p = dpkgdb_first(session->db, name);
	struct verdict v;

	ck_assert_ptr_nonnull(p);
	ok(dpkgdb_load_list(session->db, p, &diag));
	due_judge(session->due, p, path, &v);
	if (v.kind != DUE_EXEMPT)
		return kinds[v.kind];
	snprintf(text, sizeof(text), "exempt %s", exempt_name(v.exempt));
	return text;
}

#define judge(name, path, wanted) \
	ck_assert_str_eq(judged(name, path), wanted)

#define OK "ok installed"
#define C "Conffiles:\n "
#define SUM " 0123456789abcdef0123456789abcdef\n"

START_TEST(files_of_all_sorts)
{
	NEEDS_ROOT();
	put("/usr/f", "f");
	put_link("f", "/usr/l");
	ck_assert_int_eq(mkfifo(host("/usr/p"), 0644), 0);
	add_package("a", OK, "", "/usr", "/usr/f", "/usr/l", "/usr/p",
	            "/usr/none", "/usr/f/below", NULL);
	database();
	open_session();
	judge("a", "/usr/f", "yes");
	judge("a", "/usr", "exempt type");
	judge("a", "/usr/l", "exempt type");
	judge("a", "/usr/p", "exempt type");
	judge("a", "/usr/none", "absent");
	judge("a", "/usr/f/below", "absent");
}
END_TEST

START_TEST(package_states)
{
	static const char *const states[][2] = {
		{ OK, "yes" }, { "ok triggers-pending", "yes" },
		{ "ok triggers-awaited", "yes" },
		{ "reinstreq installed", "unsettled" },
		{ "ok unpacked", "unsettled" },
		{ "ok half-configured", "unsettled" },
		{ "reinstreq half-installed", "unsettled" }
	};

	NEEDS_ROOT();
	put("/usr/f", "f");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		database_new();
		add_package("a", states[i][0], strstr(states[i][0], "trig") ?
		            strstr(states[i][0], "await") ?
		            "Triggers-Awaited: b\n" : "Triggers-Pending: x\n" :
		            "", "/usr/f", NULL);
		database();
		open_session();
		judge("a", "/usr/f", states[i][1]);
	}
}
END_TEST

START_TEST(conffiles)
{
	NEEDS_ROOT();
	put("/usr/named", "1");
	put("/usr/target", "2");
	put_link("../usr/./x/../step", "/etc/link");
	put_link("/usr/target", "/usr/step");
	put("/usr/hard", "3");
	put_hard("/usr/hard", "/etc/hard");
	put("/usr/due", "4");
	put("/usr/config", "5");
	put_link("loop", "/etc/loop");
	put_link("/usr/nowhere", "/etc/dangling");
	add_package("a", OK, C "/usr/named" SUM " /etc/link" SUM " /etc/hard"
	            SUM " /etc/loop" SUM " /etc/dangling" SUM, "/usr/named",
	            "/etc/link", "/etc/hard", "/usr/due", NULL);
	add_package("b", OK, "", "/usr/target", "/usr/hard", "/usr/named",
	            "/usr/config", NULL);
	/* a removed package's conffile still is one */
	add_package("c", "ok config-files", C "/usr/config" SUM,
	            "/usr/config", NULL);
	database();
	open_session();
	judge("a", "/usr/named", "exempt conffile");
	judge("b", "/usr/named", "exempt conffile");
	judge("b", "/usr/target", "exempt conffile");
	judge("b", "/usr/hard", "exempt conffile");
	judge("b", "/usr/config", "exempt conffile");
	judge("a", "/usr/due", "yes");
}
END_TEST

START_TEST(conffiles_of_unpacked_packages)
{
	NEEDS_ROOT();
	put("/usr/f", "1");
	add_package("a", "ok unpacked", "", "/usr/f", NULL);
	add_package("b", OK, "", "/usr/f", NULL);
	put("/var/lib/dpkg/info/a.conffiles", "/usr/f\n");
	database();
	open_session();
	judge("b", "/usr/f", "exempt conffile");
}
END_TEST

START_TEST(diverted_conffiles)
{
	NEEDS_ROOT();
	put("/usr/x.old", "theirs");
	put("/usr/target", "due");
	put_link("target", "/usr/x");
	add_package("a", OK, C "/usr/x" SUM, "/usr/x", NULL);
	add_package("b", OK, "", "/usr/x", "/usr/target", NULL);
	add_package("c", OK, "", "/usr/x.old", NULL);
	put("/var/lib/dpkg/diversions", "/usr/x\n/usr/x.old\nb\n");
	database();
	open_session();
	judge("a", "/usr/x", "exempt conffile");
	judge("c", "/usr/x.old", "exempt conffile");
	/* the diverting package's link is no conffile's */
	judge("b", "/usr/target", "yes");
}
END_TEST

START_TEST(trees_by_any_name)
{
	NEEDS_ROOT();
	put("/var/lib/a/f", "1");
	put("/usr/here", "3");
	put("/srv/data/g", "2");
	put_link("../srv/data", "/usr/alias");
	put("/usr/lib/h", "4");
	put_link("usr/lib", "/lib");
	add_package("a", OK, "", "/var/lib/a/f", "/usr/alias/g", "/usr/here",
	            "/lib/h", "/var/was", NULL);
	put("/usr/moved", "5");
	put("/var/lib/dpkg/diversions", "/var/was\n/usr/moved\n:\n");
	database();
	open_session();
	judge("a", "/var/lib/a/f", "exempt tree");
	judge("a", "/usr/alias/g", "exempt tree");
	judge("a", "/usr/here", "yes");
	judge("a", "/lib/h", "yes");
	judge("a", "/var/was", "exempt tree");
}
END_TEST

START_TEST(the_configuration)
{
	NEEDS_ROOT();
	put("/usr/f", "1");
	put("/usr/share/x/y", "2");
	put("/var/lib/z", "3");
	put("/usr/g", "4");
	put("/etc/dpkg-immutable.conf", "exempt = /usr/share/x\n"
	    "protect = /var/lib/z\nexempt-package = b*\n");
	add_package("a", OK, "", "/usr/f", "/usr/share/x/y", "/var/lib/z",
	            NULL);
	add_package("bb", OK, "", "/usr/g", NULL);
	database();
	open_session();
	judge("a", "/usr/f", "yes");
	judge("a", "/usr/share/x/y", "exempt glob");
	judge("a", "/var/lib/z", "yes");
	judge("bb", "/usr/g", "exempt package");
}
END_TEST

START_TEST(unsettled_owners)
{
	NEEDS_ROOT();
	put("/usr/bin/same", "1");
	put("/usr/bin/alone", "2");
	put("/usr/lib/hard1", "3");
	put_hard("/usr/lib/hard1", "/usr/lib/hard2");
	put_link("usr/bin", "/bin");
	put("/usr/lib/alone", "4");
	put("/usr/moved", "5");
	put("/usr/one", "6");
	put_hard("/usr/one", "/usr/two");
	add_package("a", OK, "", "/usr/bin/same", "/usr/bin/alone",
	            "/usr/lib/hard1", "/usr/moved", "/usr/one", "/usr/two",
	            NULL);
	add_package("u", "ok unpacked", "", "/usr/two", "/bin/same", "/usr/lib/hard2",
	            "/usr/lib/alone", "/usr/none", "/usr/d", NULL);
	put("/var/lib/dpkg/diversions", "/usr/d\n/usr/moved\n:\n");
	database();
	open_session();
	judge("a", "/usr/one", "unsettled");	/* by its other name */
	judge("a", "/usr/bin/same", "unsettled");
	judge("a", "/usr/bin/alone", "yes");	/* only the last part */
	judge("a", "/usr/lib/hard1", "unsettled");
	judge("a", "/usr/moved", "unsettled");
	judge("u", "/usr/lib/alone", "unsettled");
	/* asked again: nothing is looked for twice */
	judge("a", "/usr/bin/same", "unsettled");
	judge("a", "/usr/bin/alone", "yes");
}
END_TEST

START_TEST(hard_links_in_exempt_trees)
{
	NEEDS_ROOT();
	put("/usr/x", "1");
	put_hard("/usr/x", "/var/y");
	put("/usr/p", "2");
	put_hard("/usr/p", "/usr/q");
	put("/usr/o", "3");
	put_hard("/usr/o", "/var/lib/o");
	put("/usr/s", "4");
	put_hard("/usr/s", "/var/backup");
	put("/usr/bin/m", "5");
	put_hard("/usr/bin/m", "/srv/m");
	put_link("usr/bin", "/bin");
	/* one file, two names in lists that are one on disk, and a third */
	add_package("a", OK, "", "/usr/x", "/var/y", "/usr/p", "/usr/q",
	            "/usr/o", "/usr/s", "/usr/bin/m", "/bin/m", NULL);
	add_package("b", OK, "", "/var/lib/o", "/srv/m", NULL);
	database();
	open_session();
	judge("a", "/usr/p", "yes");
	judge("a", "/usr/q", "yes");
	judge("a", "/usr/x", "exempt tree");
	judge("a", "/var/y", "exempt tree");
	judge("a", "/usr/o", "exempt tree");
	judge("b", "/var/lib/o", "exempt tree");
	judge("a", "/usr/s", "yes");	/* no package lists the other */
	judge("a", "/usr/bin/m", "exempt tree");
}
END_TEST

START_TEST(hard_links_of_exempt_packages)
{
	NEEDS_ROOT();
	put("/usr/x", "1");
	put_hard("/usr/x", "/usr/y");
	put("/etc/dpkg-immutable.conf", "exempt-package = b\n");
	add_package("a", OK, "", "/usr/x", NULL);
	add_package("b", OK, "", "/usr/y", NULL);
	database();
	open_session();
	judge("a", "/usr/x", "exempt package");
}
END_TEST

START_TEST(a_bad_list_is_told)
{
	NEEDS_ROOT();
	put("/usr/x", "1");
	add_package("a", OK, "", "/usr/x", NULL);
	add_package("u", "ok unpacked", "", "", NULL);
	database();
	open_session();
	for (int i = 0; i < 2; i++) {
		struct verdict v;

		judge("a", "/usr/x", "unknown");
		due_judge(session->due, dpkgdb_first(session->db, "a"),
		          "/usr/x", &v);
		ck_assert_int_eq(v.err, ERR_FORMAT);
	}
}
END_TEST

START_TEST(untrusted_links_are_unknown)
{
	struct verdict v;

	NEEDS_ROOT();
	put("/usr/real/f", "1");
	put_link("real", "/usr/alias");
	ck_assert_int_eq(lchown(host("/usr/alias"), 1000, 1000), 0);
	add_package("a", OK, "", "/usr/alias/f", NULL);
	database();
	open_session();
	judge("a", "/usr/alias/f", "unknown");
	due_judge(session->due, dpkgdb_first(session->db, "a"),
	          "/usr/alias/f", &v);
	ck_assert_int_eq(v.err, ERR_UNSAFE);
	ck_assert(!v.have_node);
}
END_TEST

/* Anybody's file can be linked into a folder that is not root's alone. */
START_TEST(links_in_folders_of_others)
{
	struct verdict v;
	struct node node;
	unsigned int flags;

	NEEDS_ROOT();
	put("/usr/lib/x/sub/one", "1");
	put("/usr/lib/x/sub/two", "2");
	put("/srv/victim", "3");
	put_hard("/srv/victim", "/usr/lib/x/sub/victim");
	put("/srv/flagged", "4");
	put_hard("/srv/flagged", "/usr/lib/x/sub/flagged");
	put("/usr/lib/x/sub/again", "5");
	put_hard("/usr/lib/x/sub/again", "/usr/lib/x/sub/again.new");
	set_flags("/srv/flagged", IFLAG_IMMUTABLE);
	add_package("a", OK, "", "/usr/lib/x/sub/one", "/usr/lib/x/sub/victim",
	            "/usr/lib/x/sub/flagged", NULL);
	add_package("b", "reinstreq half-installed", "",
	            "/usr/lib/x/sub/again", "/usr/lib/x/sub/flagged", NULL);
	database();
	open_session();
	judge("a", "/usr/lib/x/sub/victim", "yes");
	ck_assert_int_eq(chown(host("/usr/lib/x"), 1000, 1000), 0);
	open_session();
	judge("a", "/usr/lib/x/sub/one", "yes");
	judge("a", "/usr/lib/x/sub/victim", "unknown");
	judge("a", "/usr/lib/x/sub/flagged", "unknown");
	judge("b", "/usr/lib/x/sub/again", "unsettled");
	judge("b", "/usr/lib/x/sub/flagged", "unknown");
	due_judge(session->due, dpkgdb_first(session->db, "a"),
	          "/usr/lib/x/sub/flagged", &v);
	ck_assert_int_eq(v.err, ERR_UNSAFE);
	ck_assert(!v.have_node);
	ck_assert_int_eq(due_flags(session->due, "/usr/lib/x/sub/flagged",
	                           &node, &flags), ERR_UNSAFE);
	ok(due_flags(session->due, "/usr/lib/x/sub/victim", &node, &flags));
	ck_assert_int_eq(chown(host("/usr/lib/x"), 0, 0), 0);
	ck_assert_int_eq(chmod(host("/usr/lib/x/sub"), 0757), 0);
	open_session();
	judge("a", "/usr/lib/x/sub/victim", "unknown");
}
END_TEST

/* Nor is it for them to say what is a conffile, exempt, or unpacked. */
START_TEST(names_in_folders_of_others)
{
	NEEDS_ROOT();
	put("/usr/link", "1");
	put_link("/usr/link", "/etc/x/link");
	put("/usr/hard", "2");
	put_hard("/usr/hard", "/etc/x/hard");
	put("/usr/exempt", "3");
	put_hard("/usr/exempt", "/var/lib/x/exempt");
	put("/usr/unpacked", "4");
	put_hard("/usr/unpacked", "/usr/lib/x/unpacked");
	add_package("a", OK, "", "/usr/link", "/usr/hard", "/usr/exempt",
	            "/usr/unpacked", NULL);
	add_package("x", OK, C "/etc/x/link" SUM " /etc/x/hard" SUM,
	            "/etc/x/link", "/etc/x/hard", "/var/lib/x/exempt", NULL);
	add_package("u", "ok unpacked", "", "/usr/lib/x/unpacked", NULL);
	database();
	open_session();
	judge("a", "/usr/link", "exempt conffile");
	judge("a", "/usr/hard", "exempt conffile");
	judge("a", "/usr/exempt", "exempt tree");
	judge("a", "/usr/unpacked", "unsettled");
	ck_assert_int_eq(chown(host("/etc/x"), 1000, 1000), 0);
	ck_assert_int_eq(chown(host("/var/lib/x"), 1000, 1000), 0);
	ck_assert_int_eq(chown(host("/usr/lib/x"), 1000, 1000), 0);
	open_session();
	judge("a", "/usr/link", "yes");
	judge("a", "/usr/hard", "yes");
	judge("a", "/usr/exempt", "yes");
	judge("a", "/usr/unpacked", "yes");
	judge("x", "/etc/x/link", "exempt conffile");
}
END_TEST

START_TEST(file_systems)
{
	struct verdict v;
	struct node node;
	unsigned int flags = 9;

	NEEDS_ROOT();
	put("/usr/ro/x", "");
	ck_assert_int_eq(mount("ramfs", host("/usr/ro"), "ramfs", 0,
	                       "mode=755"), 0);
	put("/usr/ro/f", "1");
	put("/usr/f", "2");
	add_package("a", OK, "", "/usr/ro/f", "/usr/f", NULL);
	database();
	open_session();
	judge("a", "/usr/ro/f", "unsupported");
	judge("a", "/usr/f", "yes");
	due_judge(session->due, dpkgdb_first(session->db, "a"), "/usr/f", &v);
	ck_assert_str_eq(v.fs->name, "tmpfs");
	ck_assert_uint_eq(v.flags, 0);
	set_flags("/usr/f", IFLAG_APPEND | IFLAG_IMMUTABLE);
	ck_assert_int_eq(due_flags(session->due, "/usr/none", &node, &flags),
	                 -ENOENT);
	ck_assert_uint_eq(flags, 9);
	ok(due_flags(session->due, "/usr/f", &node, &flags));
	ck_assert_uint_eq(flags, IFLAG_APPEND | IFLAG_IMMUTABLE);
	umount2(host("/usr/ro"), MNT_DETACH);
}
END_TEST

/* It would stay without its flag, and nobody would know. */
START_TEST(a_file_system_that_cannot_be_asked)
{
	struct rlimit few;
	int next;

	NEEDS_ROOT();
	put("/usr/f", "1");
	add_package("a", OK, "", "/usr/f", NULL);
	database();
	open_session();
	ok(dpkgdb_load_list(session->db, dpkgdb_first(session->db, "a"),
	                    &diag));
	/* the folder on the way is remembered */
	ck_assert_int_eq(root_guarded(session->root, "/usr/f"), 1);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
	next = dup(0);
	close(next);
	few.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	judge("a", "/usr/f", "unknown");
	few.rlim_cur = few.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	judge("a", "/usr/f", "yes");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("due");
	TCase *t = tcase_create("due");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, files_of_all_sorts);
	tcase_add_test(t, package_states);
	tcase_add_test(t, conffiles);
	tcase_add_test(t, conffiles_of_unpacked_packages);
	tcase_add_test(t, diverted_conffiles);
	tcase_add_test(t, trees_by_any_name);
	tcase_add_test(t, the_configuration);
	tcase_add_test(t, unsettled_owners);
	tcase_add_test(t, hard_links_in_exempt_trees);
	tcase_add_test(t, hard_links_of_exempt_packages);
	tcase_add_test(t, a_bad_list_is_told);
	tcase_add_test(t, untrusted_links_are_unknown);
	tcase_add_test(t, links_in_folders_of_others);
	tcase_add_test(t, names_in_folders_of_others);
	tcase_add_test(t, file_systems);
	tcase_add_test(t, a_file_system_that_cannot_be_asked);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
