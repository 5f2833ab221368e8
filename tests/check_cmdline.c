/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "cmdline.h"
#include "cmdtable.h"

#define MAX_WORDS 16

/* A call as text: words are parted by one blank, "_" is the empty word. */
struct call {
	char text[256];
	char *argv[MAX_WORDS];
	int argc;
};

static void
split(struct call *k, const char *words)
{
	char *save = NULL, *w;

	snprintf(k->text, sizeof(k->text), "dpkg %s", words);
	k->argc = 0;
	for (w = strtok_r(k->text, " ", &save); w && k->argc < MAX_WORDS - 1;
	     w = strtok_r(NULL, " ", &save)) {
		if (strcmp(w, "_") == 0)
			*w = '\0';
		k->argv[k->argc++] = w;
	}
	k->argv[k->argc] = NULL;
}

static char *no_env[] = { NULL };
static struct call call;

static struct cmdline
parse_in(const char *etc, char *const *envp, const char *words)
{
	struct cmdline_host host = { etc, envp };
	struct cmdline c;

	split(&call, words);
	ck_assert_int_eq(cmdline_parse(&c, call.argc, call.argv, &host), 0);
	return c;
}

static struct cmdline
parse(const char *words)
{
	return parse_in("/nonexistent", no_env, words);
}

static bool
is_query(const char *words)
{
	split(&call, words);
	return cmdline_is_query(call.argc, call.argv);
}

/* What the shim asks: would dpkg act? */
static bool
acts(const char *words)
{
	struct cmdline c = parse(words);
	bool r = cmdline_touches(&c) && !c.no_act && !c.invalid;

	cmdline_free(&c);
	/* What is settled by argv alone must be settled the same way. */
	if (is_query(words))
		ck_assert_msg(!r, "%s", words);
	return r;
}

static bool
refused(const char *words)
{
	struct cmdline c = parse(words);
	bool r = c.invalid;

	cmdline_free(&c);
	return r;
}

START_TEST(test_actions)
{
	static const struct {
		const char *words;
		enum cmd_action action;
	} t[] = {
		{ "-i a", CMD_INSTALL }, { "--install a", CMD_INSTALL },
		{ "--unpack a", CMD_UNPACK },
		{ "--configure a", CMD_CONFIGURE },
		{ "--triggers-only a", CMD_TRIGGERS },
		{ "-r a", CMD_REMOVE }, { "--remove a", CMD_REMOVE },
		{ "-P a", CMD_PURGE }, { "--purge a", CMD_PURGE },
		{ "-l", CMD_QUERY }, { "--assert-multi-arch", CMD_QUERY },
		{ "--assert multi-arch", CMD_QUERY }, { "-?", CMD_QUERY },
		{ "-x a b", CMD_QUERY }, { "-Ri d", CMD_INSTALL },
		{ "-iGE a", CMD_INSTALL }, { "-D10 -r a", CMD_REMOVE },
		{ "-aD 1 --purge", CMD_PURGE }, { "-BEGONir a", CMD_INSTALL },
		{ "--no-triggers --status-fd 3 --unpack a", CMD_UNPACK },
		{ "--root -i --purge a", CMD_PURGE },
		{ "-rD=77 a", CMD_REMOVE }, { "_", CMD_NONE },
		{ "a -i b", CMD_NONE }, { "- -i b", CMD_NONE },
		{ "-- -i b", CMD_NONE }, { "", CMD_NONE }
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct cmdline c = parse(t[i].words);

		ck_assert_msg(c.action == t[i].action, "%s: %s", t[i].words,
		              cmdline_action_name(c.action));
		ck_assert(!c.unknown_option);
		cmdline_free(&c);
	}
	ck_assert_str_eq(cmdline_action_name(CMD_TRIGGERS), "triggers-only");
	ck_assert_str_eq(cmdline_action_name(CMD_QUERY), "query");
}
END_TEST

START_TEST(test_acts)
{
	static const char *const yes[] = {
		"-i a", "-r a", "-P -a", "--configure -a", "-Ri d",
		"--force-all -r a", "--force all -r a", "-D0 -r a",
		"--admindir --print-architecture -r a", "-i a --no-act",
		"-r -- --no-act", "-r a -l", "-r _", "-aP",
		"--abort-after 0x10 -r a", "--ignore-depends=a,b -r a",
		"--root= -r a", "-i", "-r - --no-act", "--log -l -r a"
	};
	static const char *const no[] = {
		"", "-", "--", "-l", "-r --no-act a", "--no-act -i a",
		"--simulate -r a", "-r --dry-run a", "-ri a", "-rr a",
		"-r --version a", "--instal a", "-r --no-act=1 a", "-Dh -r a",
		"-r --debug=help a", "--force-help -r a", "-r -D", "-r -D9 a",
		"-r --force", "-r --root", "-r= a", "--install= a",
		"--status-fd x -r a", "--status-fd -1 -r a",
		"--abort-after 99999999999 -r a", "--abort-after _ -r a",
		"-D20000000000 -r a", "--ignore-depends=,a -r a",
		"--ignore-depends a,,b -r a", "--ignore-depends=a, -r a",
		"a -r b", "-r --force-overwrite --force-help a"
	};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ck_assert_msg(acts(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ck_assert_msg(!acts(no[i]), "%s", no[i]);
	ck_assert(refused("-ri a"));
	ck_assert(refused("-r --root"));
	ck_assert(!refused("-r a"));
	ck_assert(!refused("-l"));
}
END_TEST

START_TEST(test_query)
{
	ck_assert(is_query("--print-architecture"));
	ck_assert(is_query("--compare-versions 1 lt 2"));
	ck_assert(is_query("--root=/x -l"));
	ck_assert(is_query("--root /x -i --no-act a"));
	ck_assert(is_query("-ri a"));
	ck_assert(is_query("-Dh"));
	ck_assert(!is_query("-r a"));
	ck_assert(!is_query("-r a --no-act"));
	/* A configuration file may hold the action. */
	ck_assert(!is_query("a.deb"));
	ck_assert(!is_query(""));
	ck_assert(!is_query("--robot"));
	/* May be anything in a newer dpkg. */
	ck_assert(!is_query("--new -l"));
	ck_assert(!is_query("--new -ri"));
	/* Not even a name for itself. */
	ck_assert(cmdline_is_query(0, no_env));
}
END_TEST

START_TEST(test_operands)
{
	struct cmdline c = parse("-i a b -c");

	ck_assert_int_eq(c.n_operands, 3);
	ck_assert_ptr_eq(c.operands, call.argv + 2);
	ck_assert_str_eq(c.operands[2], "-c");
	cmdline_free(&c);
	c = parse("-i -- -a");
	ck_assert_int_eq(c.n_operands, 1);
	ck_assert_str_eq(c.operands[0], "-a");
	ck_assert(!c.pending);
	cmdline_free(&c);
	c = parse("-a --purge");
	ck_assert_int_eq(c.n_operands, 0);
	ck_assert(c.pending);
	cmdline_free(&c);
	cmdline_free(&c);
	cmdline_free(NULL);
}
END_TEST

START_TEST(test_flags)
{
	struct cmdline c = parse("-BR --no-triggers --triggers -i d");

	ck_assert(c.auto_deconfigure && c.recursive);
	ck_assert(c.triggers && !c.no_triggers);
	cmdline_free(&c);
	c = parse("--triggers --no-triggers -i d");
	ck_assert(!c.triggers && c.no_triggers);
	ck_assert(!c.auto_deconfigure && !c.recursive && !c.pending);
	cmdline_free(&c);
	c = parse("-i d");
	ck_assert(!c.triggers && !c.no_triggers);
	cmdline_free(&c);
}
END_TEST

static int
force_of(char *const *envp, const char *words)
{
	struct cmdline c = parse_in("/nonexistent", envp, words);
	int bits = (c.force_overwrite ? 1 : 0) |
	           (c.force_configure_any ? 2 : 0) |
	           (c.script_chrootless ? 4 : 0) |
	           (c.unknown_option ? 8 : 0) | (c.invalid ? 16 : 0) |
	           (c.force_overwrite_dir ? 32 : 0);

	cmdline_free(&c);
	return bits;
}

START_TEST(test_force)
{
	char some[] = "DPKG_FORCE=overwrite,script-chrootless";
	char help[] = "DPKG_FORCE=help";
	char none[] = "DPKG_FORCE=";
	char bad[] = "DPKG_FORCE=nonsense";
	char *env[] = { some, NULL };

	ck_assert_int_eq(force_of(no_env, "-i a"), 0);
	ck_assert_int_eq(force_of(no_env, "--force-overwrite -i a"), 1);
	ck_assert_int_eq(force_of(no_env, "--force overwrite -i a"), 1);
	ck_assert_int_eq(force_of(no_env, "--force-overwrite-dir -i a"), 32);
	ck_assert_int_eq(force_of(no_env, "--force-configure-any,overwrite "
	                                  "-i a"), 3);
	ck_assert_int_eq(force_of(no_env, "--force-all -i a"), 39);
	ck_assert_int_eq(force_of(no_env, "--force-all --refuse-overwrite "
	                                  "-i a"), 38);
	ck_assert_int_eq(force_of(no_env, "--force-all --no-force-all -i a"),
	                 0);
	ck_assert_int_eq(force_of(no_env, "--force-overwrit -i a"), 8);
	ck_assert_int_eq(force_of(no_env, "--force-over,overwrite -i a"), 9);
	ck_assert_int_eq(force_of(no_env, "--force- -i a"), 8);
	ck_assert_int_eq(force_of(env, "-i a"), 5);
	ck_assert_int_eq(force_of(env, "--refuse-overwrite -i a"), 4);
	env[0] = help;
	ck_assert_int_eq(force_of(env, "-i a"), 16);
	env[0] = none;
	ck_assert_int_eq(force_of(env, "-i a"), 0);
	env[0] = bad;
	ck_assert_int_eq(force_of(env, "-i a"), 8);
}
END_TEST

START_TEST(test_unknown)
{
	struct cmdline c = parse("--new -r a");

	ck_assert(c.unknown_option && !c.unknown_action);
	ck_assert_int_eq(c.action, CMD_REMOVE);
	cmdline_free(&c);
	/* The word behind it may be its value. */
	c = parse("--new value -r a");
	ck_assert_int_eq(c.action, CMD_REMOVE);
	ck_assert_str_eq(c.operands[0], "a");
	cmdline_free(&c);
	ck_assert(acts("-r --new --no-act a"));
	ck_assert(!acts("-r --new=1 --no-act a"));
	ck_assert(acts("--new -l -r a"));
	ck_assert(acts("--new=-l -r a"));
	ck_assert(acts("-Z -r a"));
	ck_assert(acts("-Z l -r a"));
	ck_assert(acts("-Zl -r a"));
	ck_assert(acts("--force=all -r a"));
	c = parse("--new-action a b");
	ck_assert(c.unknown_option && c.unknown_action);
	ck_assert(!cmdline_touches(&c));
	cmdline_free(&c);
	c = parse("-Z= -l");
	ck_assert(c.unknown_option && !c.unknown_action);
	ck_assert(!cmdline_touches(&c));
	cmdline_free(&c);
	c = parse("-V --verify-format new");
	ck_assert(c.unknown_option);
	cmdline_free(&c);
}
END_TEST

static void
check_places(char *const *envp, const char *words, const char *instdir,
             const char *admindir)
{
	struct cmdline c = parse_in("/nonexistent", envp, words);

	ck_assert_msg(strcmp(c.instdir, instdir) == 0, "%s: %s", words,
	              c.instdir);
	ck_assert_msg(strcmp(c.admindir, admindir) == 0, "%s: %s", words,
	              c.admindir);
	cmdline_free(&c);
}

START_TEST(test_places)
{
	char root[] = "DPKG_ROOT=/r/";
	char admin[] = "DPKG_ADMINDIR=/a";
	char *both[] = { root, admin, NULL };
	char *one[] = { root, NULL };
	const char *usual = "/var/lib/dpkg";

	check_places(no_env, "-r a", "", usual);
	check_places(no_env, "--root=/ -r a", "", usual);
	check_places(no_env, "--root= -r a", "", usual);
	check_places(no_env, "--root //./ -r a", "", usual);
	check_places(no_env, "--root=/x/./ -r a", "/x", "/x/var/lib/dpkg");
	check_places(no_env, "--root=x/ -r a", "x", "x/var/lib/dpkg");
	check_places(no_env, "--root=/x. -r a", "/x.", "/x./var/lib/dpkg");
	check_places(no_env, "--root=. -r a", ".", "./var/lib/dpkg");
	check_places(no_env, "--instdir=/x -r a", "/x", usual);
	check_places(no_env, "--admindir=/b/ -r a", "", "/b/");
	check_places(no_env, "--root=/x --instdir=/y -r a", "/y",
	             "/x/var/lib/dpkg");
	check_places(no_env, "--instdir=/y --root=/x -r a", "/x",
	             "/x/var/lib/dpkg");
	check_places(no_env, "--admindir=/b --root=/x -r a", "/x",
	             "/x/var/lib/dpkg");
	check_places(no_env, "--root=/x --admindir=/b -r a", "/x", "/b");
	check_places(both, "-r a", "/r", "/a");
	check_places(one, "-r a", "/r", "/r/var/lib/dpkg");
	check_places(both, "--root=/x -r a", "/x", "/x/var/lib/dpkg");
	check_places(both, "--instdir=/x -r a", "/x", "/a");
	check_places(one, "--instdir=/x -r a", "/x", "/r/var/lib/dpkg");
	check_places(one, "-r --root=/y a --root=/x", "/y",
	             "/y/var/lib/dpkg");
}
END_TEST

START_TEST(test_table)
{
	const struct cmd_row *row, *other;
	const char *value = "";
	size_t n, actions = 0, touching = 0;

	for (n = 0; (row = cmdtable_row(n)) != NULL; n++) {
		ck_assert(row->name[0] || row->letter);
		ck_assert(memchr(row->name, '\0', sizeof(row->name)));
		if (row->name[0])
			ck_assert_ptr_eq(cmdtable_word(row->name, &value),
			                 row);
		if (row->letter)
			ck_assert_ptr_eq(cmdtable_letter(row->letter), row);
		for (size_t i = 0; i < n; i++) {
			other = cmdtable_row(i);
			ck_assert(!row->name[0] ||
			          strcmp(row->name, other->name) != 0);
		}
		if (row->effect != CMD_DO_ACTION)
			continue;
		actions++;
		touching += row->arg != CMD_QUERY;
	}
	ck_assert_uint_eq(touching, 6);
	ck_assert_uint_eq(actions, 44);
	ck_assert_uint_eq(n, 76);
	ck_assert_ptr_null(cmdtable_letter('\0'));
	ck_assert_ptr_null(cmdtable_word("", &value));
	ck_assert_int_eq(cmdtable_force("", 0), -1);
	ck_assert_int_eq(cmdtable_force("allx", 3), FORCE_BIT_ALL);
}
END_TEST

static const char *
random_word(char *word, size_t size)
{
	static const char *const parts[] = {
		"-", "--", "=", ",", "force", "no-force", "refuse", "all",
		"root", "/x/.", "install", "remove", "no-act", "D", "h",
		"assert", "overwrite", "help", "i", "r", "Z", "debug", "7"
	};
	size_t n = (size_t)random() % 5;

	word[0] = '\0';
	if (random() % 4 == 0) {
		size_t len = (size_t)random() % (size - 1);

		for (size_t i = 0; i < len; i++)
			word[i] = (char)(1 + random() % 255);
		word[len] = '\0';
		return word;
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(word);

		snprintf(word + at, size - at, "%s",
		         parts[(size_t)random() %
		               (sizeof(parts) / sizeof(parts[0]))]);
	}
	return word;
}

START_TEST(test_random_words)
{
	char words[MAX_WORDS][40];
	char *argv[MAX_WORDS + 1];
	struct cmdline_host host = { "/nonexistent", NULL };
	char force[48], root[48];
	char *env[] = { force, root, NULL };

	srandom(4711);
	host.envp = env;
	for (int i = 0; i < 20000; i++) {
		int argc = (int)((size_t)random() % MAX_WORDS);
		struct cmdline c;

		for (int k = 0; k < argc; k++) {
			random_word(words[k], sizeof(words[k]));
			argv[k] = words[k];
		}
		argv[argc] = NULL;
		snprintf(force, sizeof(force), "DPKG_FORCE=%s",
		         random_word(words[MAX_WORDS - 1], 30));
		snprintf(root, sizeof(root), "DPKG_ROOT=%s",
		         random_word(words[MAX_WORDS - 1], 30));
		ck_assert_int_eq(cmdline_parse(&c, argc, argv, &host), 0);
		if (cmdline_is_query(argc, argv))
			ck_assert(!cmdline_touches(&c) || c.no_act ||
			          c.invalid);
		ck_assert_ptr_nonnull(c.instdir);
		ck_assert_ptr_nonnull(c.admindir);
		ck_assert_int_ge(c.n_operands, 0);
		ck_assert_int_le(c.n_operands, argc);
		cmdline_free(&c);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cmdline");
	TCase *t = tcase_create("cmdline");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_actions);
	tcase_add_test(t, test_acts);
	tcase_add_test(t, test_query);
	tcase_add_test(t, test_operands);
	tcase_add_test(t, test_flags);
	tcase_add_test(t, test_force);
	tcase_add_test(t, test_unknown);
	tcase_add_test(t, test_places);
	tcase_add_test(t, test_table);
	tcase_add_test(t, test_random_words);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
