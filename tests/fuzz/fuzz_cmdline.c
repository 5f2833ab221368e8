/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * dpkg's command line, environment and configuration file.
 *
 * Parts: the environment's words, the text of dpkg.cfg, the words of the call.
 * The shim decides by the words alone whether the real dpkg is run at once, so
 * whatever file and environment say, a query must be none that acts.
 *
 * Reaches: edges:265 cmdwords_walk:26 dpkgcfg_line:24 cmdplaces_apply:7
 * Reaches: cmdtable_find_word:13
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cmdline.h"
#include "cmdtable.h"
#include "dpkgcfg.h"
#include "fuzz.h"

static bool
acts(const struct cmdline *c)
{
	return cmdline_touches(c) && !c->no_act && !c->invalid;
}

/* As the shim's early.c asks of the first word. */
static bool
is_query_word(const char *word)
{
	const struct cmd_row *row;
	const char *value;

	if (word[0] != '-')
		return false;
	row = word[1] == '-' ? cmdtable_word(word + 2, &value) :
	    cmdtable_letter(word[1]);
	return row != NULL && (row->effect == CMD_DO_NO_ACT ||
	                       (row->effect == CMD_DO_ACTION &&
	                        row->arg == CMD_QUERY));
}

static int
note(void *ctx, const char *name, const char *value)
{
	struct buf *b = ctx;

	FUZZ_CHECK(name[0] != '\0' && name[0] != '-');
	for (const char *c = name; *c != '\0'; c++)
		FUZZ_CHECK(*c == '-' || (*c >= '0' && *c <= '9') ||
		           (*c >= 'a' && *c <= 'z') ||
		           (*c >= 'A' && *c <= 'Z'));
	return buf_addf(b, "%s%c%s\n", name, value != NULL ? '=' : '!',
	                value != NULL ? value : "");
}

/* What the walk over the file gives is what its lines give, one by one. */
static void
check_lines(const char *etc, const char *text, size_t n)
{
	struct buf whole, single;
	int by_file, by_line = 0;
	const char *end;
	char *line;

	buf_init(&whole, 0);
	buf_init(&single, 0);
	by_file = dpkgcfg_walk(etc, NULL, note, &whole);
	for (size_t at = 0; at < n && by_line == 0;) {
		size_t len;

		end = memchr(text + at, '\n', n - at);
		len = end == NULL ? n - at : (size_t)(end - text) + 1 - at;
		if (len > 1023)
			len = 1023;
		line = calloc(1, len + 1);
		FUZZ_CHECK(line != NULL);
		memcpy(line, text + at, len);
		by_line = dpkgcfg_line(line, note, &single);
		free(line);
		at += len;
	}
	FUZZ_CHECK(by_file == by_line);
	FUZZ_CHECK(whole.len == single.len);
	FUZZ_CHECK(whole.len == 0 ||
	           memcmp(whole.data, single.data, whole.len) == 0);
	buf_free(&whole);
	buf_free(&single);
}

static void
check_call(const struct fuzz_words *argv, const struct cmdline_host *host)
{
	struct cmdline c;
	size_t n;

	FUZZ_CHECK(cmdline_parse(&c, argv->n, argv->v, host) == 0);
	if (cmdline_is_query(argv->n, argv->v))
		FUZZ_CHECK(!acts(&c));
	if (argv->n > 1 && is_query_word(argv->v[1]))
		FUZZ_CHECK(!acts(&c));
	if (!c.invalid) {
		FUZZ_CHECK(c.n_operands >= 0);
		FUZZ_CHECK(c.operands + c.n_operands == argv->v + argv->n);
	}
	n = strlen(c.instdir);
	FUZZ_CHECK(n == 0 || c.instdir[n - 1] != '/');
	FUZZ_CHECK(c.admindir != NULL);
	FUZZ_CHECK(!c.unknown_action || c.action == CMD_NONE);
	FUZZ_CHECK(!(c.triggers && c.no_triggers));
	FUZZ_CHECK(cmdline_action_name(c.action)[0] != '\0');
	cmdline_free(&c);
}

/* With --no-act in front nothing acts. */
static void
check_no_act(const struct fuzz_words *argv, const struct cmdline_host *host)
{
	char no_act[] = "--no-act";
	char **v = calloc((size_t)argv->n + 2, sizeof(*v));
	struct cmdline c;

	FUZZ_CHECK(v != NULL);
	v[0] = argv->v[0];
	v[1] = no_act;
	for (int i = 1; i < argv->n; i++)
		v[i + 1] = argv->v[i];
	FUZZ_CHECK(cmdline_parse(&c, argv->n + 1, v, host) == 0);
	FUZZ_CHECK(!acts(&c));
	cmdline_free(&c);
	free(v);
}

/* The tester's own home is none of our business. */
static void
drop_home(struct fuzz_words *env)
{
	for (int i = 0; i < env->n; i++)
		if (strncmp(env->v[i], "HOME=", 5) == 0)
			env->v[i][0] = 'h';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	struct fuzz_words env, argv;
	struct cmdline_host host;
	char etc[4096];
	uint8_t *cfg;
	size_t n;

	fuzz_mkdir("etc");
	snprintf(etc, sizeof(etc), "%s/etc", fuzz_folder_path());
	fuzz_words(&f, NULL, &env);
	drop_home(&env);
	cfg = fuzz_part(&f, &n);
	fuzz_words(&f, "dpkg", &argv);
	if (n > 0)
		fuzz_write("etc/dpkg.cfg", cfg, n);
	else
		fuzz_unlink("etc/dpkg.cfg");
	host.etc = etc;
	host.envp = env.v;
	check_lines(etc, (const char *)cfg, n);
	check_call(&argv, &host);
	check_no_act(&argv, &host);
	fuzz_words_free(&env);
	fuzz_words_free(&argv);
	free(cfg);
	return 0;
}
