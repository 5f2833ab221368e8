/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "help.h"
#include "nearest.h"
#include "options.h"

#define MAX_WORDS 32

/* "dpkg-immutable" and the words of `line`, which has one blank between. */
static int
split(const char *line, char *copy, size_t size, char **argv)
{
	static char name[] = "dpkg-immutable";
	int argc = 0;

	ck_assert_uint_lt(strlen(line), size);
	memcpy(copy, line, strlen(line) + 1);
	argv[argc++] = name;
	for (char *at = copy; at != NULL && *line != '\0';) {
		ck_assert_int_lt(argc, MAX_WORDS - 1);
		argv[argc++] = strsep(&at, " ");
	}
	argv[argc] = NULL;
	return argc;
}

static char *no_env[] = { NULL };

/* Kept between calls, since the options borrow from them. */
static char words[1024];
static char *argv_now[MAX_WORDS];

static void
accept_env(const char *line, char *const *envp, struct options *o)
{
	struct diag d = { .line = 0 };
	int argc = split(line, words, sizeof(words), argv_now);
	int r = options_parse(argc, argv_now, envp, o, &d);

	ck_assert_msg(r == 0, "%s: %s", line, d.what);
}

static void
accept_line(const char *line, struct options *o)
{
	accept_env(line, no_env, o);
}

static void
refuse(const char *line, const char *want)
{
	struct options o = { .verb = VERB_COUNT };
	struct diag d = { .line = 0 };
	int argc = split(line, words, sizeof(words), argv_now);

	ck_assert_msg(options_parse(argc, argv_now, no_env, &o, &d) ==
	              ERR_REFUSED, "%s: not refused", line);
	ck_assert_str_eq(d.what, want);
	ck_assert_int_eq(o.verb, VERB_COUNT);
}

/* An action with what it cannot do without. */
static void
full_action(const struct option_row *row, char *line, size_t size)
{
	bool packages = row->id == VERB_PROTECT || row->id == VERB_UNPROTECT;

	snprintf(line, size, "--%s%s", row->name, row->id == VERB_PLAN ?
	         " -- -i x.deb" : row->id == VERB_SETUP ? "=usr" :
	         row->value ? "=json" :
	         row->id == VERB_OPEN ? " pkg -- true" :
	         row->id == VERB_EXPLAIN ? " /x" : packages ? " pkg" : "");
}

START_TEST(options_every_action)
{
	const struct option_row *row;
	struct options o;
	char line[100], want[100];
	int n = 0;

	for (size_t i = 0; (row = options_row(i)) != NULL; i++) {
		if (row->kind != OPTION_ACTION)
			continue;
		full_action(row, line, sizeof(line));
		accept_line(line, &o);
		ck_assert_int_eq(o.verb, row->id);
		options_free(&o);
		n++;
		if (row->value)
			continue;
		snprintf(line, sizeof(line), "--%s=x", row->name);
		snprintf(want, sizeof(want), "--%s takes no value",
		         row->name);
		refuse(line, want);
	}
	ck_assert_int_eq(n, VERB_COUNT - 1);
}
END_TEST

/* Every option is taken before and behind its actions, refused by others. */
START_TEST(options_every_row_with_every_action)
{
	const struct option_row *row, *act;
	char line[200], want[100], full[100], word[60];
	struct options o;

	for (size_t i = 0; (row = options_row(i)) != NULL; i++) {
		if (row->kind == OPTION_ACTION)
			continue;
		snprintf(word, sizeof(word), "--%s%s", row->name,
		         row->id == OPT_FORMAT ? "=json" :
		         row->id == OPT_JOBS ? "=3" :
		         row->id == OPT_COLOR ? "=never" :
		         row->id == OPT_DIGESTS ? "=one" :
		         row->id == OPT_SLICE ? "=1/2" :
		         row->kind == OPTION_VALUE ? "=/v" : "");
		for (size_t k = 0; (act = options_row(k)) != NULL; k++) {
			if (act->kind != OPTION_ACTION ||
			    act->id == VERB_HELP || act->id == VERB_VERSION)
				continue;
			full_action(act, full, sizeof(full));
			if (row->id == OPT_ALL)
				full[strcspn(full, " ")] = '\0';
			snprintf(line, sizeof(line), "%s %s", word, full);
			if (row->with & 1u << act->id) {
				accept_line(line, &o);
				ck_assert_int_eq(o.verb, act->id);
				options_free(&o);
				continue;
			}
			snprintf(want, sizeof(want),
			         "--%s does not go with --%s%s", row->name,
			         act->name, act->id == VERB_SETUP ? "=usr" :
			         act->value ? "=json" : "");
			refuse(line, want);
		}
	}
}
END_TEST

START_TEST(options_set_what_they_say)
{
	struct options o;

	accept_line("--protect -a --accept --quick --no-act --quiet --verbose "
	            "--root=/r/ --admindir /a --config c --format=json "
	            "--jobs 12", &o);
	ck_assert_int_eq(o.verb, VERB_PROTECT);
	ck_assert(o.all && o.accept && o.quick && o.no_act && o.quiet &&
	          o.verbose && o.own_root);
	ck_assert_int_eq(o.format, FORMAT_JSON);
	ck_assert_str_eq(o.root, "/r");
	ck_assert_str_eq(o.admindir, "/a");
	ck_assert_str_eq(o.config, "c");
	ck_assert_int_eq(o.jobs, 12);
	ck_assert_uint_eq(o.n_operands, 0);
	options_free(&o);
	accept_line("--release --forget", &o);
	ck_assert(o.forget && !o.own_root);
	ck_assert_int_eq(o.format, FORMAT_TEXT);
	ck_assert_str_eq(o.root, "");
	ck_assert_ptr_null(o.admindir);
	options_free(&o);
	accept_line("--history --check --format json --format text", &o);
	ck_assert(o.check);
	ck_assert_int_eq(o.format, FORMAT_TEXT);
	options_free(&o);
	accept_line("-V", &o);
	ck_assert_int_eq(o.verb, VERB_VERIFY);
	options_free(&o);
	accept_line("--verify -V --root=/", &o);
	ck_assert_str_eq(o.root, "");
	options_free(&o);
}
END_TEST

START_TEST(options_open_a_command)
{
	struct options o;
	char *argv[] = { (char *)"dpkg-immutable", (char *)"--open",
	                 (char *)"a", (char *)"--", (char *)"b", NULL };

	accept_line("--open less --quiet cron -- vi -c x --list", &o);
	ck_assert_int_eq(o.verb, VERB_OPEN);
	ck_assert(o.quiet);
	ck_assert_uint_eq(o.n_before, 2);
	ck_assert_uint_eq(o.n_operands, 6);
	ck_assert_str_eq(o.operands[1], "cron");
	ck_assert_str_eq(o.operands[2], "vi");
	ck_assert_str_eq(o.operands[5], "--list");
	ck_assert_ptr_null(o.operands[6]);
	options_free(&o);
	accept_line("--open a -- b -- c", &o);
	ck_assert_uint_eq(o.n_before, 1);
	ck_assert_str_eq(o.operands[2], "--");
	options_free(&o);
	refuse("--open", "--open needs packages and a command: "
	       "--open PACKAGE -- COMMAND");
	refuse("--open less vi", "--open needs packages and a command: "
	       "--open PACKAGE -- COMMAND");
	refuse("--open less --", "--open needs packages and a command: "
	       "--open PACKAGE -- COMMAND");
	refuse("--open -- vi", "--open needs packages and a command: "
	       "--open PACKAGE -- COMMAND");
	ck_assert(options_is_open(5, argv));
	argv[1] = (char *)"--list";
	ck_assert(!options_is_open(5, argv));
	argv[4] = (char *)"--open";
	ck_assert(!options_is_open(5, argv));
}
END_TEST

START_TEST(options_export_takes_a_form)
{
	static const struct {
		const char *line;
		enum export_form form;
		size_t operands;
	} lines[] = {
		{ "--export=mtree", EXPORT_MTREE, 0 },
		{ "--export=sha256sum less cron", EXPORT_SHA256SUM, 2 },
		{ "less --export json", EXPORT_JSON, 1 },
		{ "--export mtree --export=json", EXPORT_JSON, 0 },
		{ "--export=json --root=/x -- --a", EXPORT_JSON, 1 }
	};
	struct options o;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		accept_line(lines[i].line, &o);
		ck_assert_int_eq(o.verb, VERB_EXPORT);
		ck_assert_int_eq(o.export_form, lines[i].form);
		ck_assert_uint_eq(o.n_operands, lines[i].operands);
		options_free(&o);
	}
	refuse("--export", "--export needs a value");
	refuse("--export=", "--export: '' is none of mtree, sha256sum, json");
	refuse("--export=xml",
	       "--export: 'xml' is none of mtree, sha256sum, json");
	refuse("--export=JSON",
	       "--export: 'JSON' is none of mtree, sha256sum, json");
	refuse("--export --quiet",
	       "--export: '--quiet' is none of mtree, sha256sum, json");
	refuse("--list --export=json",
	       "conflicting actions --list and --export=json");
	refuse("--export=json --format=json",
	       "--format does not go with --export=json");
	refuse("--expotr=json",
	       "unknown option --expotr=json; did you mean --export?");
}
END_TEST

START_TEST(options_of_the_audit)
{
	struct options o;

	accept_line("--verify", &o);
	ck_assert(!o.conffiles && !o.polite && !o.all_digests && !o.quick);
	ck_assert(o.since == NULL && o.metrics == NULL && o.trust == NULL);
	ck_assert_uint_eq(o.slices, 0);
	options_free(&o);
	accept_line("--verify --conffiles --polite --digests=all "
	            "--since 2026-01-02 --slice 3/7 --metrics=m.prom "
	            "--trust=key.pub --format=rpm", &o);
	ck_assert(o.conffiles && o.polite && o.all_digests);
	ck_assert_str_eq(o.since, "2026-01-02");
	ck_assert_str_eq(o.metrics, "m.prom");
	ck_assert_str_eq(o.trust, "key.pub");
	ck_assert_uint_eq(o.slice, 3);
	ck_assert_uint_eq(o.slices, 7);
	ck_assert_int_eq(o.format, FORMAT_RPM);
	options_free(&o);
	accept_line("--verify --digests all --digests=one --quick "
	            "--slice=1/1 --slice=100000/100000", &o);
	ck_assert(!o.all_digests && o.quick);
	ck_assert_uint_eq(o.slice, 100000);
	ck_assert_uint_eq(o.slices, 100000);
	options_free(&o);
}
END_TEST

START_TEST(options_of_the_audit_refused)
{
	static const char *const slices[] = {
		"", "/", "1", "1/", "/2", "0/2", "3/2", "0/0", "1/0", "-1/2",
		"+1/2", "1/2/3", "1/2x", "0x1/2", "1.5/2", "1/100001",
		"99999999999999999999/2", "1/99999999999999999999"
	};
	static const char *const places[] = { "since", "metrics", "trust" };
	char line[100], want[160];

	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
		snprintf(line, sizeof(line), "--verify --slice=%s", slices[i]);
		snprintf(want, sizeof(want), "--slice: '%s' is no N/M with N "
		         "from 1 to M, M at most 100000", slices[i]);
		refuse(line, want);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(line, sizeof(line), "--verify --%s=", places[i]);
		snprintf(want, sizeof(want), "--%s: the value is empty",
		         places[i]);
		refuse(line, want);
		snprintf(line, sizeof(line), "--verify --%s", places[i]);
		snprintf(want, sizeof(want), "--%s needs a value", places[i]);
		refuse(line, want);
	}
	refuse("--verify --digests", "--digests needs a value");
	refuse("--verify --digests=", "--digests: '' is neither all nor one");
	refuse("--verify --digests=two",
	       "--digests: 'two' is neither all nor one");
	refuse("--verify --digests=al",
	       "--digests: 'al' is neither all nor one");
	refuse("--verify --conffiles=1", "--conffiles takes no value");
	refuse("--verify --polite=no", "--polite takes no value");
	refuse("--list --format=rpm", "--format=rpm is for --verify");
	refuse("--format=rpm --history", "--format=rpm is for --verify");
	refuse("--verify --quick --digests=all",
	       "--quick does not go with --digests=all");
	refuse("--list --polite", "--polite does not go with --list");
	refuse("-V --accept", "--accept does not go with -V");
}
END_TEST

START_TEST(options_color)
{
	struct options o;

	accept_line("--list", &o);
	ck_assert_int_eq(o.color, COLOR_AUTO);
	ck_assert(!o.no_progress);
	options_free(&o);
	accept_line("--list --color=always --no-progress", &o);
	ck_assert_int_eq(o.color, COLOR_ALWAYS);
	ck_assert(o.no_progress);
	options_free(&o);
	accept_line("--list --color never", &o);
	ck_assert_int_eq(o.color, COLOR_NEVER);
	options_free(&o);
	refuse("--list --color=red",
	       "--color: 'red' is none of auto, always, never");
	refuse("--open a --color=never -- b",
	       "--color does not go with --open");
}
END_TEST

START_TEST(options_explain_files)
{
	struct options o;

	accept_line("--explain /a /b/ --format=json", &o);
	ck_assert_int_eq(o.verb, VERB_EXPLAIN);
	ck_assert_uint_eq(o.n_operands, 2);
	options_free(&o);
	refuse("--explain", "--explain needs the names of files");
	refuse("--explain /a b", "--explain: 'b' does not begin with a slash");
}
END_TEST

START_TEST(options_mix_with_operands)
{
	struct options o;

	accept_line("less --verify - --quick cron:amd64 -- --quick -x", &o);
	ck_assert_int_eq(o.verb, VERB_VERIFY);
	ck_assert(o.quick);
	ck_assert_uint_eq(o.n_operands, 5);
	ck_assert_str_eq(o.operands[0], "less");
	ck_assert_str_eq(o.operands[1], "-");
	ck_assert_str_eq(o.operands[2], "cron:amd64");
	ck_assert_str_eq(o.operands[3], "--quick");
	ck_assert_str_eq(o.operands[4], "-x");
	ck_assert_ptr_null(o.operands[5]);
	options_free(&o);
	accept_line("--plan --format=json -- --root=/x -i a.deb --", &o);
	ck_assert_int_eq(o.format, FORMAT_JSON);
	ck_assert_uint_eq(o.n_operands, 4);
	ck_assert_str_eq(o.operands[0], "--root=/x");
	ck_assert_str_eq(o.operands[3], "--");
	options_free(&o);
	/* A value is a value, whatever it looks like. */
	accept_line("--list --root --quick", &o);
	ck_assert_str_eq(o.root, "--quick");
	ck_assert(!o.quick);
	options_free(&o);
}
END_TEST

START_TEST(options_help_comes_first)
{
	struct options o;

	accept_line("--verify --help --nonsense", &o);
	ck_assert_int_eq(o.verb, VERB_HELP);
	options_free(&o);
	accept_line("--version --help", &o);
	ck_assert_int_eq(o.verb, VERB_VERSION);
	options_free(&o);
	refuse("--nonsense --help", "unknown option --nonsense");
}
END_TEST

START_TEST(options_refuse_in_words)
{
	refuse("", "no action; --help tells them all");
	refuse("--", "no action; --help tells them all");
	refuse("--quiet", "no action; --help tells them all");
	refuse("verify", "no action before verify; did you mean --verify?");
	refuse("/usr/bin", "no action before /usr/bin");
	refuse("--verfiy", "unknown option --verfiy; did you mean --verify?");
	refuse("--verify --formt=json",
	       "unknown option --formt=json; did you mean --format?");
	refuse("--covrage", "unknown option --covrage; "
	       "did you mean --coverage?");
	refuse("--xyzzy", "unknown option --xyzzy");
	refuse("--=x", "unknown option --=x");
	refuse("--verif", "unknown option --verif; did you mean --verify?");
	refuse("-Q", "unknown option -Q");
	refuse("-Va", "-Va: use dpkg for that");
	refuse("--verify --list", "conflicting actions --verify and --list");
	refuse("-V --adopt", "conflicting actions -V and --adopt");
	refuse("--status less", "--status: use dpkg for that");
	refuse("-l", "-l: use dpkg for that");
	refuse("-L less", "-L: use dpkg for that");
	refuse("--verify -i x.deb",
	       "-i is dpkg's and stands first or not at all");
	refuse("--plan -i x.deb", "-i: put -- before the words for dpkg");
	refuse("--plan --force-all -- -i x", "--force-all: put -- before the "
	       "words for dpkg");
	refuse("--plan", "--plan needs the words for dpkg: "
	       "--plan -- --install FILE.deb");
	refuse("--verify --root", "--root needs a value");
	refuse("--verify --root=", "--root: the value is empty");
	refuse("--verify --quick=1", "--quick takes no value");
	refuse("--verify --jobs=0", "--jobs: '0' is no number from 1 to 1024");
	refuse("--verify --jobs=1025",
	       "--jobs: '1025' is no number from 1 to 1024");
	refuse("--verify --jobs=-1",
	       "--jobs: '-1' is no number from 1 to 1024");
	refuse("--verify --jobs=99999999999999999999999", "--jobs: "
	       "'99999999999999999999999' is no number from 1 to 1024");
	refuse("--verify --format=xml",
	       "--format: 'xml' is none of text, json, rpm");
	refuse("--verify --format=",
	       "--format: '' is none of text, json, rpm");
	refuse("--verify --forget", "--forget does not go with --verify");
	refuse("--adopt less", "--adopt takes no operand: less");
	refuse("--recover -- --x", "--recover takes no operand: --x");
	refuse("--protect", "--protect needs packages, or -a for all of them");
	refuse("--unprotect -a less", "-a means all packages: name none");
}
END_TEST

/* Long and binary words are nobody's, and do no harm. */
START_TEST(options_refuse_strange_words)
{
	static char name[] = "dpkg-immutable", odd[] = "--\xff\x01\n";
	char *argv[] = { name, NULL, NULL };
	struct diag d = { .line = 0 };
	struct options o;
	char *huge = malloc(1 << 20);

	ck_assert_ptr_nonnull(huge);
	memset(huge, '-', 1 << 20);
	huge[(1 << 20) - 1] = '\0';
	argv[1] = huge;
	ck_assert_int_eq(options_parse(2, argv, no_env, &o, &d), ERR_REFUSED);
	memset(huge + 2, 'v', 1 << 10);
	ck_assert_int_eq(options_parse(2, argv, no_env, &o, &d), ERR_REFUSED);
	argv[1] = odd;
	ck_assert_int_eq(options_parse(2, argv, no_env, &o, &d), ERR_REFUSED);
	argv[0] = argv[1] = NULL;
	ck_assert_int_eq(options_parse(0, argv, no_env, &o, &d), ERR_REFUSED);
	ck_assert(!options_is_dpkg(0, argv));
	free(huge);
}
END_TEST

START_TEST(options_take_places_from_the_environment)
{
	static char root[] = "DPKG_ROOT=/env/./", admin[] =
	    "DPKG_ADMINDIR=/env/admin", empty[] = "DPKG_ADMINDIR=",
	    other[] = "DPKG_ROOTS=/no";
	char *both[] = { other, root, admin, NULL };
	char *one[] = { empty, NULL };
	struct options o;

	accept_env("--list", both, &o);
	ck_assert_str_eq(o.root, "/env");
	ck_assert_str_eq(o.admindir, "/env/admin");
	ck_assert(!o.own_root);
	options_free(&o);
	accept_env("--list --root=/cli", both, &o);
	ck_assert_str_eq(o.root, "/cli");
	ck_assert_ptr_null(o.admindir);
	ck_assert(o.own_root);
	options_free(&o);
	accept_env("--list --admindir=/cli", both, &o);
	ck_assert_str_eq(o.root, "/env");
	ck_assert_str_eq(o.admindir, "/cli");
	options_free(&o);
	accept_env("--list", one, &o);
	ck_assert_str_eq(o.root, "");
	ck_assert_ptr_null(o.admindir);
	options_free(&o);
}
END_TEST

START_TEST(options_know_dpkgs_lines)
{
	static const char *const theirs[] = {
		"-i x.deb", "--install x.deb", "--unpack x.deb",
		"--configure -a", "--triggers-only dpkg", "-r less",
		"--remove less", "-P less", "--purge less", "-iR /debs",
		"-aP", "-BRi x", "--force-all -i x", "--force-depends -r x",
		"--root=/x -i y", "--root /x -i y", "--admindir --list -r x",
		"-D 2 -i x", "-D2 -i x", "--no-act -i x", "--quiet -i x",
		"--unknown -i x", "-i --verify", "--status-fd 5 --configure x"
	};
	static const char *const ours[] = {
		"", "--verify", "-V", "--verify -i x", "--plan -- -i x",
		"--list -r", "less -i x", "-- -i x", "- -i x", "--status -i",
		"-l -i", "--root -i x", "--root --install --verify",
		"--admindir=/x --adopt", "--format -i --list", "-Vi", "-Di x",
		"--help -i x", "--version", "--no-act --protect -a"
	};
	char copy[100];
	char *argv[MAX_WORDS];

	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
		int argc = split(theirs[i], copy, sizeof(copy), argv);

		ck_assert_msg(options_is_dpkg(argc, argv), "%s", theirs[i]);
	}
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		int argc = split(ours[i], copy, sizeof(copy), argv);

		ck_assert_msg(!options_is_dpkg(argc, argv), "%s", ours[i]);
	}
}
END_TEST

START_TEST(options_know_who_wants_json)
{
	static const struct {
		const char *line;
		bool json;
	} lines[] = {
		{ "", false }, { "--format=json --verfiy", true },
		{ "--format json", true }, { "--format", false },
		{ "--format=json --format=text", false },
		{ "--format=jsonx", false }, { "-- --format=json", false }
	};
	char copy[100];
	char *argv[MAX_WORDS];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int argc = split(lines[i].line, copy, sizeof(copy), argv);

		ck_assert_int_eq(options_wants_json(argc, argv),
		                 lines[i].json);
	}
}
END_TEST

START_TEST(nearest_counts_letters)
{
	char huge[NEAREST_MAX + 2];

	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	ck_assert_uint_eq(nearest_distance("", ""), 0);
	ck_assert_uint_eq(nearest_distance("abc", "abc"), 0);
	ck_assert_uint_eq(nearest_distance("", "abc"), 3);
	ck_assert_uint_eq(nearest_distance("abc", ""), 3);
	ck_assert_uint_eq(nearest_distance("verfiy", "verify"), 1);
	ck_assert_uint_eq(nearest_distance("verify", "verfy"), 1);
	ck_assert_uint_eq(nearest_distance("kitten", "sitting"), 3);
	ck_assert_uint_eq(nearest_distance("ab", "ba"), 1);
	ck_assert_uint_eq(nearest_distance("abcd", "badc"), 2);
	ck_assert_uint_eq(nearest_distance("a", huge), SIZE_MAX);
	ck_assert_uint_eq(nearest_distance(huge + 1, huge + 1), 0);
	ck_assert(nearest_fits("verfiy", 1) && nearest_fits("verify", 2));
	ck_assert(!nearest_fits("ab", 1) && !nearest_fits("verify", 3));
	ck_assert(!nearest_fits("abcdefghijklmno", 4));
}
END_TEST

START_TEST(help_tells_every_row)
{
	const struct option_row *row;
	struct buf b;
	char word[60];

	buf_init(&b, 0);
	ck_assert_int_eq(help_text(&b), 0);
	for (size_t i = 0; (row = options_row(i)) != NULL; i++) {
		snprintf(word, sizeof(word), "--%s", row->name);
		ck_assert_msg(strstr(b.data, word) != NULL, "%s", word);
		ck_assert_ptr_nonnull(strstr(b.data, row->arg != NULL ?
		                             row->arg : ""));
	}
	for (const char *at = b.data; *at != '\0';) {
		size_t n = strcspn(at, "\n");

		ck_assert_msg(n <= 80, "%.*s", (int)n, at);
		at += n + 1;
	}
	buf_clear(&b);
	ck_assert_int_eq(help_version(&b), 0);
	ck_assert_int_eq(strncmp(b.data, "dpkg-immutable ", 15), 0);
	buf_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("core");

	tcase_add_test(t, options_every_action);
	tcase_add_test(t, options_every_row_with_every_action);
	tcase_add_test(t, options_set_what_they_say);
	tcase_add_test(t, options_open_a_command);
	tcase_add_test(t, options_export_takes_a_form);
	tcase_add_test(t, options_of_the_audit);
	tcase_add_test(t, options_of_the_audit_refused);
	tcase_add_test(t, options_color);
	tcase_add_test(t, options_explain_files);
	tcase_add_test(t, options_mix_with_operands);
	tcase_add_test(t, options_help_comes_first);
	tcase_add_test(t, options_refuse_in_words);
	tcase_add_test(t, options_refuse_strange_words);
	tcase_add_test(t, options_take_places_from_the_environment);
	tcase_add_test(t, options_know_dpkgs_lines);
	tcase_add_test(t, options_know_who_wants_json);
	tcase_add_test(t, nearest_counts_letters);
	tcase_add_test(t, help_tells_every_row);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
