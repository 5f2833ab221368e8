/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "companion.h"
#include "companion_priv.h"

#define MAX_WORDS 16

/* A call as text: words are parted by one blank, "_" is the empty word. */
static struct call {
	char text[256];
	char *argv[MAX_WORDS];
	int argc;
} call;

static const char *const names[] = { "dpkg-divert", "dpkg-statoverride",
                                     "dpkg-reconfigure" };

static void
split(enum companion_program program, const char *words)
{
	char *save = NULL, *w;

	snprintf(call.text, sizeof(call.text), "%s %s", names[program], words);
	call.argc = 0;
	for (w = strtok_r(call.text, " ", &save);
	     w && call.argc < MAX_WORDS - 1; w = strtok_r(NULL, " ", &save)) {
		if (strcmp(w, "_") == 0)
			*w = '\0';
		call.argv[call.argc++] = w;
	}
	call.argv[call.argc] = NULL;
}

static char *no_env[] = { NULL };

static struct companion
parse_in(enum companion_program program, char *const *envp, const char *words)
{
	struct cmdline_host host = { "/nonexistent", envp };
	struct companion c;

	split(program, words);
	ck_assert_int_eq(companion_parse(&c, program, call.argc, call.argv,
	                                 &host), 0);
	return c;
}

struct row {
	const char *words;
	enum companion_action action;
	const char *path;	/* NULL: the program refuses it, if a query */
	const char *divert;
};

#define QUERY COMPANION_QUERY
#define ADD COMPANION_MOVE_ADD
#define REMOVE COMPANION_MOVE_REMOVE
#define RECORD COMPANION_RECORD
#define OVERRIDE COMPANION_OVERRIDE

static void
check_row(enum companion_program program, const struct row *row, bool refused)
{
	struct companion c = parse_in(program, no_env, row->words);
	bool query = companion_is_query(program, call.argc, call.argv);

	ck_assert_msg(c.action == row->action, "%s: action %d", row->words,
	              (int)c.action);
	ck_assert_msg(c.invalid == refused, "%s: invalid %d", row->words,
	              c.invalid);
	ck_assert_msg(query == (row->action == QUERY && !c.unknown_option),
	              "%s: query %d", row->words, query);
	if (!refused && row->path)
		ck_assert_str_eq(c.path, row->path);
	if (!refused && row->divert)
		ck_assert_str_eq(c.divert, row->divert);
	else if (row->action != QUERY)
		ck_assert_ptr_null(c.divert);
	ck_assert_str_eq(c.instdir, "");
	ck_assert_str_eq(c.admindir, "/var/lib/dpkg");
	companion_free(&c);
}

START_TEST(divert_acts)
{
	static const struct row rows[] = {
		{ "--rename --add /x", ADD, "/x", NULL },
		{ "--add --rename /x", ADD, "/x", NULL },
		{ "--rename /x", ADD, "/x", NULL },
		{ "/x", ADD, "/x", NULL },
		{ "--add /x", ADD, "/x", NULL },
		{ "--rename -- /x", ADD, "/x", NULL },
		{ "--divert /y --rename /x", ADD, "/x", "/y" },
		{ "--divert=/y --divert=/z --rename /x", ADD, "/x", "/z" },
		{ "--package p --divert --rename /x", QUERY, NULL, NULL },
		{ "--package --test --rename /x", ADD, "/x", NULL },
		{ "--local --quiet --rename --remove /x", REMOVE, "/x", NULL },
		{ "--remove --divert /x --rename /x", REMOVE, "/x", "/x" },
		{ "--no-rename --rename --remove /x", REMOVE, "/x", NULL },
		{ "--no-rename /x", RECORD, "/x", NULL },
		{ "--rename --no-rename --add /x", RECORD, "/x", NULL },
		{ "--remove --no-rename --divert /y /x", RECORD, "/x", "/y" }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(COMPANION_DIVERT, &rows[i], rows[i].path == NULL);
}
END_TEST

START_TEST(divert_queries)
{
	static const struct row rows[] = {
		{ "--list", QUERY, NULL, NULL },
		{ "--list a b c", QUERY, NULL, NULL },
		{ "--rename --list *", QUERY, NULL, NULL },
		{ "--truename /x", QUERY, NULL, NULL },
		{ "--listpackage /x", QUERY, NULL, NULL },
		{ "--help", QUERY, NULL, NULL },
		{ "-?", QUERY, NULL, NULL },
		{ "--version", QUERY, NULL, NULL },
		{ "--test --rename /x", QUERY, "/x", NULL },
		{ "--rename --remove --test /x", QUERY, "/x", NULL }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(COMPANION_DIVERT, &rows[i], false);
}
END_TEST

START_TEST(divert_refused)
{
	static const struct row rows[] = {
		{ "", QUERY, NULL, NULL },
		{ "-", QUERY, NULL, NULL },
		{ "--", QUERY, NULL, NULL },
		{ "_", QUERY, NULL, NULL },
		{ "--rename", QUERY, NULL, NULL },
		{ "--rename x", QUERY, NULL, NULL },
		{ "--rename /x /y", QUERY, NULL, NULL },
		{ "--rename /x --quiet", QUERY, NULL, NULL },
		{ "--rename /x\ny", QUERY, NULL, NULL },
		{ "--add --remove /x", QUERY, NULL, NULL },
		{ "--add --add /x", QUERY, NULL, NULL },
		{ "--rename=1 /x", QUERY, NULL, NULL },
		{ "--divert y --rename /x", QUERY, NULL, NULL },
		{ "--divert=/y\n --rename /x", QUERY, NULL, NULL },
		{ "--divert= --rename /x", QUERY, NULL, NULL },
		{ "--divert /x --rename /x", QUERY, NULL, NULL },
		{ "--package a\nb --rename /x", QUERY, NULL, NULL },
		{ "--rename --divert", QUERY, NULL, NULL }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(COMPANION_DIVERT, &rows[i], true);
}
END_TEST

START_TEST(statoverride)
{
	static const struct row acts[] = {
		{ "--update --add u g 755 /x", OVERRIDE, "/x", NULL },
		{ "--add --update u g 755 /x/", OVERRIDE, "/x/", NULL },
		{ "--force --update --add u g 755 /x", OVERRIDE, "/x", NULL },
		{ "--force-all --update --add u g 1 x", OVERRIDE, "x", NULL },
		{ "--refuse all --update --add u g 1 x", OVERRIDE, "x", NULL },
		{ "--quiet --update --add -- -u g 1 /x", OVERRIDE, "/x", NULL },
		{ "--add u g 755 /x", QUERY, "/x", NULL },
		{ "--update --remove /x", QUERY, NULL, NULL },
		{ "--remove /x", QUERY, NULL, NULL },
		{ "--quiet --list /x", QUERY, NULL, NULL },
		{ "-?", QUERY, NULL, NULL }
	};
	static const struct row refused[] = {
		{ "--update u g 755 /x", QUERY, NULL, NULL },
		{ "--update --add u g 755", QUERY, NULL, NULL },
		{ "--update --add u g 755 /x /y", QUERY, NULL, NULL },
		{ "--add u g 755 /x --update", QUERY, NULL, NULL },
		{ "--update --add u g 755 /x\ny", QUERY, NULL, NULL },
		{ "--force=all --update --add u g 7 /x", QUERY, NULL, NULL },
		{ "--force-help --update --add u g 7 /x", QUERY, NULL, NULL },
		{ "--update --add --list u g 755 /x", QUERY, NULL, NULL },
		{ "--update=1 --add u g 755 /x", QUERY, NULL, NULL },
		{ "--update --add --no-force", QUERY, NULL, NULL }
	};

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		check_row(COMPANION_STATOVERRIDE, &acts[i], false);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		check_row(COMPANION_STATOVERRIDE, &refused[i], true);
}
END_TEST

START_TEST(unknown_options)
{
	static const struct {
		enum companion_program program;
		const char *words;
		enum companion_action action;
	} rows[] = {
		{ COMPANION_DIVERT, "--renam --add /x", ADD },
		{ COMPANION_DIVERT, "--new value --remove /x", REMOVE },
		{ COMPANION_DIVERT, "--new=v --list", QUERY },
		{ COMPANION_DIVERT, "-z value --remove /x", REMOVE },
		{ COMPANION_STATOVERRIDE, "--new v --update --add u g 1 /x",
		  OVERRIDE },
		{ COMPANION_STATOVERRIDE, "--force-new --update --add u g 1 x",
		  OVERRIDE },
		{ COMPANION_STATOVERRIDE, "--new --add u g 1 x", QUERY },
		{ COMPANION_RECONFIGURE, "--all p", COMPANION_CONFIGURE },
		{ COMPANION_RECONFIGURE, "-a p", COMPANION_CONFIGURE },
		{ COMPANION_RECONFIGURE, "-a", QUERY }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct companion c = parse_in(rows[i].program, no_env,
		                              rows[i].words);

		ck_assert_msg(c.action == rows[i].action, "%s: %d",
		              rows[i].words, (int)c.action);
		ck_assert(c.unknown_option);
		ck_assert(!companion_is_query(rows[i].program, call.argc,
		                              call.argv));
		companion_free(&c);
	}
}
END_TEST

static void
check_reconf(char *const *envp, const char *words, const char *packages)
{
	struct companion c = parse_in(COMPANION_RECONFIGURE, envp, words);
	char found[256] = "";
	size_t at = 0;

	for (int i = 0; i < c.n_operands; i++)
		at += (size_t)snprintf(found + at, sizeof(found) - at, "%s%s",
		                       i ? " " : "", c.operands[i]);
	ck_assert_msg(strcmp(found, packages ? packages : "") == 0,
	              "%s: %s", words, found);
	ck_assert_msg(c.invalid == (packages == NULL), "%s: invalid %d",
	              words, c.invalid);
	ck_assert_int_eq(c.action, packages ? COMPANION_CONFIGURE : QUERY);
	ck_assert(!c.unknown_option);
	ck_assert_ptr_null(c.path);
	if (packages)
		ck_assert(!companion_is_query(COMPANION_RECONFIGURE,
		                              call.argc, call.argv));
	companion_free(&c);
}

START_TEST(reconfigure)
{
	static const struct {
		const char *words;
		const char *packages;	/* NULL: refused */
	} rows[] = {
		{ "p", "p" },
		{ "p q", "p q" },
		{ "-u p q", "p q" },
		{ "p -u q", "p q" },
		{ "-fnoninteractive p", "p" },
		{ "-f noninteractive p", "p" },
		{ "-f -u p", "p" },
		{ "-f -- p", "p" },
		{ "-uf x p", "p" },
		{ "-ufx p", "p" },
		{ "-pu p", "p" },
		{ "-u-force p", "p" },
		{ "-u- -p", "-p" },
		{ "--frontend=x p", "p" },
		{ "--frontend x p", "p" },
		{ "--fr x p", "p" },
		{ "--f x p", "p" },
		{ "--fo p", "p" },
		{ "--FORCE p", "p" },
		{ "--prior high p", "p" },
		{ "--no-reload p", "p" },
		{ "--noreload p", "p" },
		{ "--n p", "p" },
		{ "--re --te --de --un p", "p" },
		{ "-- --force p", "--force p" },
		{ "p -- -u", "p -u" },
		{ "+force p", "+force p" },
		{ "+force -u p", "p" },
		{ "+f x -u p", "p" },
		{ "- p", "- p" },
		{ "_ p", " p" },
		{ "", NULL },
		{ "-u", NULL },
		{ "--", NULL },
		{ "-h p", NULL },
		{ "-uh p", NULL },
		{ "--help p", NULL },
		{ "--he p", NULL },
		{ "p --help", NULL },
		{ "p -f", NULL },
		{ "p --frontend", NULL },
		{ "p --frontend=", NULL },
		{ "--force=1 p", NULL },
		{ "--noreload=1 p", NULL },
		{ "-u + p", NULL }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_reconf(no_env, rows[i].words, rows[i].packages);
}
END_TEST

START_TEST(reconfigure_posix)
{
	static char set[] = "POSIXLY_CORRECT=";
	static char *posix[] = { set, NULL };

	check_reconf(posix, "-u p -f", "p -f");
	check_reconf(posix, "- -h", "- -h");
	check_reconf(posix, "-u +help p", "+help p");
	check_reconf(posix, "--force p --help", "p --help");
	check_reconf(posix, "--F x p", "p");
	/* What only one of both ways refuses is not settled by argv. */
	split(COMPANION_RECONFIGURE, "p --help");
	ck_assert(!companion_is_query(COMPANION_RECONFIGURE, call.argc,
	                              call.argv));
	split(COMPANION_RECONFIGURE, "--help p");
	ck_assert(companion_is_query(COMPANION_RECONFIGURE, call.argc,
	                             call.argv));
}
END_TEST

static void
check_places(enum companion_program program, char *const *envp,
             const char *words, const char *root, const char *admindir)
{
	struct companion c = parse_in(program, envp, words);

	ck_assert_str_eq(c.instdir, root);
	ck_assert_str_eq(c.admindir, admindir);
	companion_free(&c);
}

START_TEST(places)
{
	static char root[] = "DPKG_ROOT=/r/", admin[] = "DPKG_ADMINDIR=/a";
	static char *rooted[] = { root, NULL };
	static char *both[] = { root, admin, NULL };

	check_places(COMPANION_DIVERT, no_env, "--root /r/ --rename /x",
	             "/r", "/r/var/lib/dpkg");
	check_places(COMPANION_DIVERT, no_env, "--instdir=/r --rename /x",
	             "/r", "/var/lib/dpkg");
	check_places(COMPANION_DIVERT, no_env, "--admindir=/a --rename /x",
	             "", "/a");
	check_places(COMPANION_DIVERT, rooted, "--rename /x", "/r",
	             "/r/var/lib/dpkg");
	check_places(COMPANION_STATOVERRIDE, both, "--list", "/r", "/a");
	check_places(COMPANION_STATOVERRIDE, both, "--root=/ --list", "",
	             "/var/lib/dpkg");
	check_places(COMPANION_RECONFIGURE, both, "p", "/r", "/a");
	check_places(COMPANION_RECONFIGURE, no_env, "p", "",
	             "/var/lib/dpkg");
}
END_TEST

START_TEST(environment_force)
{
	static char help[] = "DPKG_FORCE=help", odd[] = "DPKG_FORCE=odd";
	static char *helped[] = { help, NULL }, *forced[] = { odd, NULL };
	const char *words = "--update --add u g 755 /x";
	struct companion c;

	c = parse_in(COMPANION_STATOVERRIDE, helped, words);
	ck_assert(c.invalid);
	ck_assert_int_eq(c.action, QUERY);
	companion_free(&c);
	c = parse_in(COMPANION_STATOVERRIDE, forced, words);
	ck_assert(c.unknown_option);
	ck_assert_int_eq(c.action, OVERRIDE);
	companion_free(&c);
	c = parse_in(COMPANION_DIVERT, helped, "--rename /x");
	ck_assert_int_eq(c.action, ADD);
	companion_free(&c);
}
END_TEST

START_TEST(no_words_at_all)
{
	struct cmdline_host host = { "/nonexistent", no_env };
	char *argv[] = { NULL };

	for (int i = COMPANION_DIVERT; i <= COMPANION_RECONFIGURE; i++) {
		enum companion_program program = (enum companion_program)i;
		struct companion c;

		ck_assert(companion_is_query(program, 0, argv));
		ck_assert_int_eq(companion_parse(&c, program, 0, argv, &host),
		                 0);
		ck_assert(c.invalid);
		companion_free(&c);
		companion_free(&c);
	}
	companion_free(NULL);
}
END_TEST

START_TEST(bad_bytes)
{
	char *junk = malloc(100001);
	char bytes[] = "--\x01\xff\x80", letters[] = "-\xff\x80\x01";
	char *argv[] = { bytes, letters, junk, bytes, NULL };
	struct cmdline_host host = { "/nonexistent", no_env };

	ck_assert_ptr_nonnull(junk);
	memset(junk, '-', 100000);
	junk[100000] = '\0';
	for (int i = COMPANION_DIVERT; i <= COMPANION_RECONFIGURE; i++) {
		enum companion_program program = (enum companion_program)i;
		struct companion c;

		ck_assert_int_eq(companion_parse(&c, program, 4, argv, &host),
		                 0);
		ck_assert(c.unknown_option);
		companion_free(&c);
	}
	free(junk);
}
END_TEST

/* The shim's short cut must never call anything a query that main would not. */
START_TEST(first_word)
{
	ck_assert(companion_query_word(COMPANION_DIVERT, "--truename"));
	ck_assert(companion_query_word(COMPANION_DIVERT, "--list"));
	ck_assert(companion_query_word(COMPANION_DIVERT, "--test"));
	ck_assert(companion_query_word(COMPANION_DIVERT, "-?"));
	ck_assert(companion_query_word(COMPANION_STATOVERRIDE, "--list"));
	ck_assert(companion_query_word(COMPANION_STATOVERRIDE, "--remove"));
	ck_assert(!companion_query_word(COMPANION_DIVERT, "--remove"));
	ck_assert(!companion_query_word(COMPANION_DIVERT, "--no-rename"));
	ck_assert(!companion_query_word(COMPANION_DIVERT, "--root"));
	ck_assert(!companion_query_word(COMPANION_DIVERT, "--nonsense"));
	ck_assert(!companion_query_word(COMPANION_DIVERT, "/x"));
	ck_assert(!companion_query_word(COMPANION_DIVERT, "-"));
	ck_assert(!companion_query_word(COMPANION_DIVERT, ""));
	ck_assert(!companion_query_word(COMPANION_STATOVERRIDE, "--test"));
	ck_assert(!companion_query_word(COMPANION_RECONFIGURE, "--help"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("companion");
	TCase *tc = tcase_create("companion");

	tcase_add_test(tc, divert_acts);
	tcase_add_test(tc, divert_queries);
	tcase_add_test(tc, divert_refused);
	tcase_add_test(tc, statoverride);
	tcase_add_test(tc, unknown_options);
	tcase_add_test(tc, reconfigure);
	tcase_add_test(tc, reconfigure_posix);
	tcase_add_test(tc, places);
	tcase_add_test(tc, environment_force);
	tcase_add_test(tc, no_words_at_all);
	tcase_add_test(tc, bad_bytes);
	tcase_add_test(tc, first_word);
	suite_add_tcase(s, tc);
	return s;
}

CHECK_MAIN()
