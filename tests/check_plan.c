/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check_main.h"
#include "dpkgdb_priv.h"
#include "plan.h"
#include "self.h"
#include "strmap.h"

/* Facts in memory: no file is looked at. */
static struct package packages[64];
static struct diversion diversions[8];
static struct dpkgdb_priv priv;
static struct dpkgdb db;
static struct archive archives[4];
static struct archive *archive_list_of[4];
static size_t n_archives;
static struct plan *plan;
static bool want[4];

static void
set_up(void)
{
	memset(&priv, 0, sizeof(priv));
	memset(archives, 0, sizeof(archives));
	db = (struct dpkgdb){
		.packages = packages, .diversions = diversions, .priv = &priv
	};
	n_archives = 0;
	plan = NULL;
}

static void
tear_down(void)
{
	plan_free(plan);
	strmap_free(priv.diverted);
}

/* To be called in the order of names. Paths: up to NULL. */
static struct package *
package(const char *name, enum pkg_state state, const char *const *paths)
{
	struct package *p = &packages[db.n_packages++];

	*p = (struct package){
		.name = name, .key = name, .arch = "amd64", .version = "1.0",
		.state = state, .want = WANT_INSTALL, .list_loaded = true,
		.paths = (const char **)(uintptr_t)paths
	};
	while (paths != NULL && paths[p->n_paths] != NULL)
		p->n_paths++;
	return p;
}

static struct archive *
archive(const char *name, const char *version)
{
	struct archive *a = &archives[n_archives];

	archive_list_of[n_archives++] = a;
	a->package = name;
	a->version = version;
	a->has_md5sums = true;
	return a;
}

static void
divert(const char *from, const char *to, const char *by)
{
	if (priv.diverted == NULL)
		priv.diverted = strmap_new();
	diversions[db.n_diversions] = (struct diversion){ from, to, by };
	priv.lengths = UINT64_MAX;
	ck_assert_int_eq(strmap_put(priv.diverted, from, db.n_diversions), 0);
	db.n_diversions++;
}

static void
make_plan(const struct cmdline *c)
{
	plan_free(plan);
	plan = NULL;
	memset(want, 0, sizeof(want));
	ck_assert_int_eq(plan_select(c, &db, archive_list_of, n_archives,
	                             want, &plan), 0);
	ck_assert_int_eq(plan_finish(plan, c, &db, archive_list_of,
	                             n_archives), 0);
	for (size_t i = 1; i < plan->n_paths; i++)
		ck_assert_int_lt(strcmp(plan->paths[i - 1].path,
		                        plan->paths[i].path), 0);
}

/* The plan as "reason package path;..." against what is wanted. */
static void
paths_are(const char *wanted)
{
	char text[2000] = "";
	size_t n = 0;

	for (size_t i = 0; i < plan->n_paths; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		                      "%s%s %s %s", i == 0 ? "" : ";",
		                      plan_reason_name(plan->paths[i].reason),
		                      plan->paths[i].package,
		                      plan->paths[i].path);
	ck_assert_str_eq(text, wanted);
}

/* The packages opened whole, as "reason name[!];..."; ! for goes. */
static void
packages_are(const char *wanted)
{
	char text[2000] = "";
	size_t n = 0;

	for (size_t i = 0; i < plan->n_packages; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s%s",
		                      i == 0 ? "" : ";",
		                      plan_reason_name(
		                      plan->packages[i].reason),
		                      plan->packages[i].package->key,
		                      plan->packages[i].goes ? "!" : "");
	ck_assert_str_eq(text, wanted);
}

static const char *const none[] = { NULL };
static const char *const a_paths[] = { "/usr/a", "/usr/shared", NULL };
static const char *const b_paths[] = { "/usr/b", "/usr/shared", NULL };
static struct cmdline unpack = { .action = CMD_UNPACK, .no_triggers = true };

START_TEST(reasons_have_names)
{
	static const char *const names[] = {
		"own", "member", "diverted", "replaced", "conflict",
		"pending", "trigger", "self", "stale"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_str_eq(plan_reason_name((enum plan_reason)i),
		                 names[i]);
}
END_TEST

START_TEST(nothing_is_a_plan)
{
	const struct cmdline c = { .action = CMD_CONFIGURE };

	make_plan(&c);
	paths_are("");
	packages_are("");
	plan_free(NULL);
}
END_TEST

START_TEST(an_upgrade_opens_old_and_new)
{
	static const struct archive_file files[] = {
		{ .path = "/usr/a" }, { .path = "/usr/new" }
	};
	struct archive *a = archive("a", "2");

	package("a", PKG_INSTALLED, a_paths);
	package("b", PKG_INSTALLED, b_paths);
	a->files = files;
	a->n_files = 2;
	make_plan(&unpack);
	packages_are("own a");
	paths_are("own a /usr/a;member a /usr/new;own a /usr/shared");
	ck_assert(!want[0]);
	ck_assert(!plan->wants_members);
}
END_TEST

START_TEST(other_instances_are_opened_too)
{
	struct package *p, *q;

	archive("a", "2");
	p = package("a", PKG_INSTALLED, a_paths);
	q = package("a", PKG_INSTALLED, a_paths);
	p->key = "a:amd64";
	q->key = "a:i386";
	q->arch = "i386";
	make_plan(&unpack);
	packages_are("own a:amd64;own a:i386");
	ck_assert_uint_eq(plan->n_paths, 2);
}
END_TEST

START_TEST(members_where_they_matter)
{
	struct cmdline c = unpack;
	struct archive *a = archive("a", "2");
	static const char *const members[] = { "/usr/m", "/usr/shared" };

	package("b", PKG_INSTALLED, b_paths);
	a->has_md5sums = false;
	a->members = members;
	a->n_members = 2;
	make_plan(&c);
	ck_assert(want[0] && plan->wants_members);
	paths_are("member a /usr/m;member a /usr/shared");
	a->has_md5sums = true;
	make_plan(&c);
	ck_assert(!want[0] && !plan->wants_members);
	c.force_overwrite = true;
	make_plan(&c);
	ck_assert(want[0] && plan->wants_members);
	packages_are("");
	ck_assert(!plan_replaces(plan, &packages[0]));
}
END_TEST

START_TEST(replaces_opens_what_both_have)
{
	static const char *const members[] = { "/usr/n", "/usr/shared" };
	struct archive *a = archive("n", "2");
	struct package *b = package("b", PKG_INSTALLED, b_paths);

	package("c", PKG_INSTALLED, a_paths);
	a->members = members;
	a->n_members = 2;
	a->replaces = "x, b (<< 1.1)";
	make_plan(&unpack);
	ck_assert(want[0]);
	ck_assert(plan_replaces(plan, b));
	ck_assert(!plan_replaces(plan, &packages[1]));
	packages_are("");
	paths_are("member n /usr/n;replaced b /usr/shared");
	a->replaces = "b (<< 1.0)";
	make_plan(&unpack);
	ck_assert(!want[0]);
	ck_assert(!plan_replaces(plan, b));
	/* an empty package has nothing to be replaced */
	a->replaces = "b";
	b->state = PKG_CONFIG_FILES;
	make_plan(&unpack);
	ck_assert(!plan_replaces(plan, b));
}
END_TEST

START_TEST(a_file_in_place_of_a_folder)
{
	static const char *const folder[] = {
		"/usr", "/usr/d", "/usr/d/in", "/usr/d/sub",
		"/usr/d/sub/deep", "/usr/dd", NULL
	};
	static const char *const guest[] = { "/usr", "/usr/d", "/usr/d/g", NULL };
	static const struct archive_file file[] = { { .path = "/usr/d" } };
	struct cmdline c = unpack;
	struct archive *a = archive("n", "1");

	package("d", PKG_INSTALLED, folder);
	package("g", PKG_INSTALLED, guest);
	a->files = file;
	a->n_files = 1;
	make_plan(&c);
	paths_are("member n /usr/d");
	a->replaces = "d";
	make_plan(&c);
	paths_are("replaced d /usr/d;replaced d /usr/d/in;"
	          "replaced d /usr/d/sub;replaced d /usr/d/sub/deep");
	a->replaces = NULL;
	c.force_overwrite_dir = true;
	make_plan(&c);
	ck_assert(want[0] && plan->wants_members);
	ck_assert(plan_replaces(plan, &packages[1]));
	paths_are("replaced g /usr/d;replaced g /usr/d/g;"
	          "replaced d /usr/d/in;replaced d /usr/d/sub;"
	          "replaced d /usr/d/sub/deep");
}
END_TEST

/* field and provides of archive n 2.0 and package q 1.0: opened or not. */
static void
meets(const char *a_conflicts, const char *a_provides,
      const char *q_conflicts, const char *q_provides, bool expected)
{
	for (int breaks = 0; breaks < 2; breaks++) {
		struct archive *a;
		struct package *q;

		set_up();
		a = archive("n", "2.0");
		q = package("q", PKG_INSTALLED, b_paths);
		*(breaks ? &a->breaks : &a->conflicts) = a_conflicts;
		*(breaks ? &q->breaks : &q->conflicts) = q_conflicts;
		a->provides = a_provides;
		q->provides = q_provides;
		make_plan(&unpack);
		packages_are(expected ? "conflict q" : "");
		paths_are(expected ?
		          "conflict q /usr/b;conflict q /usr/shared" : "");
		q->state = PKG_CONFIG_FILES;
		make_plan(&unpack);
		packages_are("");
		plan_free(plan);
		plan = NULL;
	}
}

START_TEST(conflicts_in_both_directions)
{
	meets(NULL, NULL, NULL, NULL, false);
	meets("q", NULL, NULL, NULL, true);
	meets("qq, xq, q-x", NULL, NULL, NULL, false);
	meets("x, q (<< 1.1)", NULL, NULL, NULL, true);
	meets("q (<< 1.0)", NULL, NULL, NULL, false);
	meets("q (>= 1.0~)", NULL, NULL, NULL, true);
	meets("Q", NULL, NULL, NULL, true);	/* dpkg folds names */
	meets(NULL, NULL, "n", NULL, true);
	meets(NULL, NULL, "n (<= 2.0)", NULL, true);
	meets(NULL, NULL, "n (<< 2.0)", NULL, false);
	meets(NULL, NULL, "n (>> 2.0)", NULL, false);
}
END_TEST

START_TEST(conflicts_with_what_is_provided)
{
	meets("v", NULL, NULL, "w, v", true);
	meets("v (<< 9)", NULL, NULL, "v", false);
	meets("v (<< 9)", NULL, NULL, "v (= 3)", true);
	meets("v (<< 2)", NULL, NULL, "v (= 3)", false);
	meets(NULL, "v", "v", NULL, true);
	meets(NULL, "v (= 1)", "v (>= 2)", NULL, false);
	meets(NULL, "v", NULL, "v", false);
}
END_TEST

/* Of the plan's paths, those that dpkg would never get to. */
static void
refused_are(const char *wanted)
{
	char text[2000] = "";
	size_t n = 0;

	for (size_t i = 0; i < plan->n_paths; i++) {
		int r = plan_refused(plan, &db, &plan->paths[i], NULL);

		ck_assert_int_ge(r, 0);
		if (r > 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			                      "%s;", plan->paths[i].path);
	}
	ck_assert_str_eq(text, wanted);
}

static const struct archive_file shared_files[] = {
	{ .path = "/usr/n" }, { .path = "/usr/shared" }
};

START_TEST(a_strangers_file_is_refused)
{
	struct cmdline c = unpack;
	struct archive *a = archive("n", "2");
	struct package *b = package("b", PKG_INSTALLED, b_paths);

	a->files = shared_files;
	a->n_files = 2;
	make_plan(&c);
	paths_are("member n /usr/n;member n /usr/shared");
	refused_are("/usr/shared;");
	refused_are("/usr/shared;");		/* from what was collected */
	b->state = PKG_UNPACKED;
	make_plan(&c);
	refused_are("/usr/shared;");
	b->state = PKG_CONFIG_FILES;
	make_plan(&c);
	refused_are("");
	b->state = PKG_INSTALLED;
	c.force_overwrite = true;
	make_plan(&c);
	refused_are("");
}
END_TEST

START_TEST(a_replaced_file_is_not_refused)
{
	struct archive *a = archive("n", "2");
	struct package *b = package("b", PKG_INSTALLED, b_paths);

	a->files = shared_files;
	a->n_files = 2;
	a->replaces = "b (<< 1.1)";
	make_plan(&unpack);
	refused_are("");
	/* as dpkg does: of that version */
	a->replaces = "b (<< 1.0)";
	make_plan(&unpack);
	refused_are("/usr/shared;");
	/* b lets n keep what is there, and dpkg skips the member */
	a->replaces = NULL;
	b->replaces = "n";
	make_plan(&unpack);
	refused_are("/usr/shared;");
	/* of two owners one is enough to stop dpkg */
	a->replaces = "b";
	package("c", PKG_INSTALLED, a_paths);
	make_plan(&unpack);
	paths_are("member n /usr/n;replaced b /usr/shared");
	refused_are("");	/* what the one owner allows is opened */
}
END_TEST

START_TEST(a_package_acted_on_refuses_nothing)
{
	struct archive *a = archive("n", "2");
	struct package *b = package("b", PKG_INSTALLED, b_paths);

	/* going, or another name of a file of its own */
	a->files = shared_files;
	a->n_files = 2;
	a->conflicts = "b";
	make_plan(&unpack);
	paths_are("conflict b /usr/b;member n /usr/n;member n /usr/shared");
	refused_are("");
	a->conflicts = NULL;
	a->package = "b";
	make_plan(&unpack);
	refused_are("");
	a->package = "n";
	b->reinstreq = true;
	make_plan(&unpack);
	refused_are("/usr/shared;");
}
END_TEST

START_TEST(a_diversion_refuses_nothing)
{
	static const struct archive_file ends[] = {
		{ .path = "/usr/b" }, { .path = "/usr/n" },
		{ .path = "/usr/shared" }
	};
	struct archive *a = archive("n", "2");

	package("b", PKG_INSTALLED, b_paths);
	a->files = ends;
	a->n_files = 3;
	make_plan(&unpack);
	refused_are("/usr/b;/usr/shared;");
	divert("/usr/shared", "/usr/b", "x");
	make_plan(&unpack);
	refused_are("");
}
END_TEST

START_TEST(dependents_of_what_goes)
{
	struct cmdline c = unpack;
	struct archive *a = archive("n", "2");

	package("b", PKG_INSTALLED, none)->provides = "virtual";
	package("c", PKG_INSTALLED, none)->depends = "x, b (>= 1) | y";
	package("d", PKG_INSTALLED, none)->pre_depends = "virtual";
	package("e", PKG_INSTALLED, none)->depends = "bb, c";
	package("f", PKG_CONFIG_FILES, none)->depends = "b";
	a->conflicts = "b";
	make_plan(&c);
	packages_are("conflict b");
	c.auto_deconfigure = true;
	make_plan(&c);
	packages_are("conflict b;conflict c;conflict d");
	a->breaks = a->conflicts;
	a->conflicts = NULL;
	make_plan(&c);
	packages_are("conflict b");
}
END_TEST

START_TEST(operands)
{
	char *words[] = { (char *)"b", (char *)"nosuch", (char *)"A:amd64" };
	struct cmdline c = {
		.action = CMD_CONFIGURE, .no_triggers = true,
		.operands = words, .n_operands = 3
	};

	package("a", PKG_INSTALLED, a_paths);
	package("b", PKG_UNPACKED, b_paths);
	package("c", PKG_UNPACKED, b_paths);
	make_plan(&c);
	packages_are("own b;own a");
	paths_are("own a /usr/a;own b /usr/b;own b /usr/shared");
	c.action = CMD_REMOVE;
	make_plan(&c);
	packages_are("own b!;own a!");
	c.action = CMD_PURGE;
	c.n_operands = 1;
	make_plan(&c);
	packages_are("own b!");
	c.action = CMD_TRIGGERS;
	make_plan(&c);
	packages_are("own b");
	/* of an unpack they are files */
	c.action = CMD_UNPACK;
	make_plan(&c);
	packages_are("");
}
END_TEST

static void
all_states(void)
{
	package("p0", PKG_NOT_INSTALLED, none);
	package("p1", PKG_CONFIG_FILES, none);
	package("p2", PKG_HALF_INSTALLED, none);
	package("p3", PKG_UNPACKED, none);
	package("p4", PKG_HALF_CONFIGURED, none);
	package("p5", PKG_TRIGGERS_AWAITED, none);
	package("p6", PKG_TRIGGERS_PENDING, none);
	package("p7", PKG_INSTALLED, none);
	package("p8", PKG_INSTALLED, none)->reinstreq = true;
}

START_TEST(pending_configure)
{
	struct cmdline c = {
		.action = CMD_CONFIGURE, .pending = true, .no_triggers = true
	};

	all_states();
	make_plan(&c);		/* -a takes them up all the same */
	packages_are("pending p2;pending p3;pending p4;trigger p5;trigger p6;pending p8");
	/* named ones may configure others */
	c.pending = false;
	make_plan(&c);		/* somebody awaits triggers */
	packages_are("trigger p5;trigger p6");
	packages[5].state = PKG_INSTALLED;
	make_plan(&c);
	packages_are("");
	c.force_configure_any = true;
	make_plan(&c);
	packages_are("pending p2;pending p3;pending p4;pending p8");
}
END_TEST

START_TEST(pending_triggers)
{
	struct cmdline c = {
		.action = CMD_TRIGGERS, .pending = true, .no_triggers = true
	};

	all_states();
	make_plan(&c);
	packages_are("trigger p5;trigger p6");	/* whatever --no-triggers says */
	c = unpack;
	make_plan(&c);
	packages_are("trigger p5;trigger p6");	/* p5 awaits some */
	packages[5].state = PKG_INSTALLED;
	make_plan(&c);
	packages_are("");
	c.no_triggers = false;
	c.action = CMD_INSTALL;
	make_plan(&c);
	packages_are("trigger p6");
}
END_TEST

START_TEST(pending_removal)
{
	struct cmdline c = {
		.action = CMD_REMOVE, .pending = true, .no_triggers = true
	};

	all_states();
	packages[1].want = WANT_PURGE;
	packages[3].want = WANT_DEINSTALL;
	packages[5].want = WANT_PURGE;
	packages[7].want = WANT_HOLD;
	make_plan(&c);
	packages_are("pending p3!;pending p5!");
	c.action = CMD_PURGE;
	make_plan(&c);
	packages_are("pending p5!");
	c.pending = false;
	make_plan(&c);
	packages_are("");
	/* not by another action */
	c.action = CMD_UNPACK;
	packages[5].state = PKG_INSTALLED;
	make_plan(&c);
	packages_are("");
}
END_TEST

START_TEST(diversions_have_two_ends)
{
	static const char *const members[] = { "/usr/shared" };
	char *words[] = { (char *)"b" };
	struct cmdline c = {
		.action = CMD_REMOVE, .operands = words, .n_operands = 1
	};
	struct archive *a;

	package("a", PKG_INSTALLED, a_paths);
	package("b", PKG_INSTALLED, b_paths);
	divert("/usr/shared", "/usr/shared.b", "b");
	divert("/usr/b", "/usr/b.local", NULL);
	/* b's own: the file is its own, and a's may come back */
	make_plan(&c);
	paths_are("diverted b /usr/b.local;own b /usr/shared;"
	          "diverted b /usr/shared.b");
	words[0] = (char *)"a";
	make_plan(&c);
	paths_are("own a /usr/a;diverted a /usr/shared.b");
	/* an archive: where it will lie, and the name that it has */
	a = archive("n", "1");
	a->members = members;
	a->n_members = 1;
	make_plan(&unpack);
	paths_are("member n /usr/shared;diverted n /usr/shared.b");
	a->package = "b";
	db.n_packages = 1;
	make_plan(&unpack);
	paths_are("member b /usr/shared;diverted b /usr/shared.b");
}
END_TEST

START_TEST(ourselves)
{
	char *words[] = { (char *)SELF_PACKAGE };
	struct cmdline c = {
		.action = CMD_CONFIGURE, .operands = words, .n_operands = 1
	};

	package(SELF_PACKAGE, PKG_INSTALLED, none);
	make_plan(&c);
	ck_assert_uint_eq(plan->n_paths, SELF_COUNT);
	for (size_t i = 0; i < SELF_COUNT; i++) {
		ck_assert_str_eq(plan->paths[i].path, self_paths[i]);
		ck_assert_int_eq(plan->paths[i].reason, PLAN_SELF);
	}
	archive(SELF_PACKAGE, "3");
	db.n_packages = 0;
	make_plan(&unpack);
	ck_assert_uint_eq(plan->n_paths, SELF_COUNT);
	archives[0].package = "other";
	make_plan(&unpack);
	ck_assert_uint_eq(plan->n_paths, 0);
}
END_TEST

START_TEST(the_first_reason_counts)
{
	char *words[] = { (char *)"a" };
	struct cmdline c = {
		.action = CMD_PURGE, .operands = words, .n_operands = 1,
		.pending = true
	};

	package("a", PKG_TRIGGERS_PENDING, a_paths)->want = WANT_PURGE;
	make_plan(&c);
	packages_are("own a!");
	paths_are("own a /usr/a;own a /usr/shared");
}
END_TEST

START_TEST(a_plan_made_elsewhere)
{
	const struct plan_path paths[] = {
		{ .path = "/usr/z", .package = "", .reason = PLAN_DIVERTED },
		{ .path = "/usr/a", .package = "", .reason = PLAN_DIVERTED }
	};
	struct package *list[2];

	list[0] = package("a", PKG_INSTALLED, a_paths);
	list[1] = list[0];
	ck_assert_int_eq(plan_of(&db, paths, 2, list, 2, &plan), 0);
	packages_are("own a");
	paths_are("own a /usr/a;own a /usr/shared;diverted  /usr/z");
	plan_free(plan);
	ck_assert_int_eq(plan_of(&db, NULL, 0, NULL, 0, &plan), 0);
	paths_are("");
}
END_TEST

/* A big upgrade: 400 archives beside 3,000 packages. What grows with the
 * product of both must be cheap. */
START_TEST(a_big_plan)
{
	enum { PACKAGES = 3000, ARCHIVES = 400 };
	static char names[PACKAGES][24];
	struct package *many = calloc(PACKAGES, sizeof(*many));
	struct archive *debs = calloc(ARCHIVES, sizeof(*debs));
	struct archive **list = calloc(ARCHIVES, sizeof(*list));
	bool *wants = calloc(ARCHIVES, sizeof(*wants));
	clock_t before = clock();

	ck_assert(many && debs && list && wants);
	for (int i = 0; i < PACKAGES; i++) {
		snprintf(names[i], sizeof(names[i]), "package%05d", i);
		many[i] = (struct package){
			.name = names[i], .key = names[i], .arch = "amd64",
			.version = "1.0", .state = PKG_INSTALLED,
			.paths = (const char **)(uintptr_t)a_paths,
			.n_paths = 2,
			.conflicts = i % 3 ? NULL : "libfoo-dev, foo (<< 2.1-1)",
			.breaks = i % 2 ? NULL : "bar (<< 1.2), baz (<< 3~)",
			.provides = i % 4 ? NULL : "quux (= 1.0), mail-agent"
		};
	}
	for (int i = 0; i < ARCHIVES; i++) {
		list[i] = &debs[i];
		debs[i] = (struct archive){
			.package = names[i * 7], .version = "2",
			.has_md5sums = true,
			.conflicts = "libold1, libold2 (<< 3)",
			.breaks = "one (<< 1.0), two (<< 2.0), three (<< 5)",
			.replaces = "one (<< 1.0), two (<< 2.0)",
			.provides = "virtual (= 2)"
		};
	}
	db.packages = many;
	db.n_packages = PACKAGES;
	ck_assert_int_eq(plan_select(&unpack, &db, list, ARCHIVES, wants,
	                             &plan), 0);
	ck_assert_int_eq(plan_finish(plan, &unpack, &db, list, ARCHIVES), 0);
	ck_assert_uint_eq(plan->n_packages, ARCHIVES);
	if (getenv("DI_TIMES") != NULL)
		fprintf(stderr, "# %ld ms\n", (long)(clock() - before) /
		        (CLOCKS_PER_SEC / 1000));
	free(wants);
	free(list);
	free(debs);
	free(many);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("plan");
	TCase *t = tcase_create("plan");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, reasons_have_names);
	tcase_add_test(t, nothing_is_a_plan);
	tcase_add_test(t, an_upgrade_opens_old_and_new);
	tcase_add_test(t, other_instances_are_opened_too);
	tcase_add_test(t, members_where_they_matter);
	tcase_add_test(t, replaces_opens_what_both_have);
	tcase_add_test(t, a_file_in_place_of_a_folder);
	tcase_add_test(t, conflicts_in_both_directions);
	tcase_add_test(t, conflicts_with_what_is_provided);
	tcase_add_test(t, a_strangers_file_is_refused);
	tcase_add_test(t, a_replaced_file_is_not_refused);
	tcase_add_test(t, a_package_acted_on_refuses_nothing);
	tcase_add_test(t, a_diversion_refuses_nothing);
	tcase_add_test(t, dependents_of_what_goes);
	tcase_add_test(t, operands);
	tcase_add_test(t, pending_configure);
	tcase_add_test(t, pending_triggers);
	tcase_add_test(t, pending_removal);
	tcase_add_test(t, diversions_have_two_ends);
	tcase_add_test(t, ourselves);
	tcase_add_test(t, the_first_reason_counts);
	tcase_add_test(t, a_plan_made_elsewhere);
	tcase_add_test(t, a_big_plan);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
