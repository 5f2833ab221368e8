/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Our own options, and the command lines of dpkg's companions. First a byte
 * that chooses, then the parts: environment, words of the call.
 *
 * Reaches: edges:475 companion_parse:5 companion_reconf_walk:33
 * Reaches: options_parse:50 options_apply:18
 */
#include <stdlib.h>
#include <string.h>

#include "companion.h"
#include "companion_priv.h"
#include "fuzz.h"
#include "options.h"

static void
check_options(const struct options *o, const struct fuzz_words *argv)
{
	size_t n = strlen(o->root);

	FUZZ_CHECK(o->verb > VERB_NONE && o->verb < VERB_COUNT);
	FUZZ_CHECK(n == 0 || o->root[n - 1] != '/');
	FUZZ_CHECK(o->jobs >= 0 && o->jobs <= 1024);
	FUZZ_CHECK(o->slice <= o->slices);
	FUZZ_CHECK(o->n_operands < (size_t)argv->n);
	FUZZ_CHECK(o->operands[o->n_operands] == NULL);
	for (size_t i = 0; i < o->n_operands; i++)
		FUZZ_CHECK(fuzz_words_have(argv, o->operands[i]));
	if (o->verb == VERB_OPEN)
		FUZZ_CHECK(o->n_before > 0 && o->n_before < o->n_operands);
}

static void
ours(const struct fuzz_words *argv, const struct fuzz_words *env)
{
	struct cmdline_host host = { "/nonexistent", env->v };
	struct diag diag = { .what = "" };
	struct options o;
	struct cmdline c;
	int r = options_parse(argv->n, argv->v, env->v, &o, &diag);

	FUZZ_CHECK(r == 0 || r == ERR_REFUSED);
	if (r == 0) {
		check_options(&o, argv);
		options_free(&o);
	} else {
		FUZZ_CHECK(diag.what[0] != '\0');
	}
	options_wants_json(argv->n, argv->v);
	options_is_open(argv->n, argv->v);
	/* What is taken for dpkg's call, dpkg's grammar knows as one. */
	if (!options_is_dpkg(argv->n, argv->v))
		return;
	FUZZ_CHECK(cmdline_parse(&c, argv->n, argv->v, &host) == 0);
	FUZZ_CHECK(cmdline_touches(&c) || c.invalid || c.unknown_option);
	cmdline_free(&c);
}

static void
check_companion(const struct companion *c, const struct fuzz_words *argv)
{
	size_t n = strlen(c->instdir);

	FUZZ_CHECK(n == 0 || c->instdir[n - 1] != '/');
	FUZZ_CHECK(c->admindir != NULL);
	FUZZ_CHECK(!c->invalid || c->action == COMPANION_QUERY);
	switch (c->action) {
	case COMPANION_QUERY:
		break;
	case COMPANION_MOVE_ADD:
	case COMPANION_MOVE_REMOVE:
	case COMPANION_RECORD:
		FUZZ_CHECK(c->path != NULL && c->path[0] == '/');
		FUZZ_CHECK(strchr(c->path, '\n') == NULL);
		FUZZ_CHECK(c->divert == NULL || c->divert[0] == '/');
		break;
	case COMPANION_OVERRIDE:
		FUZZ_CHECK(c->path != NULL && strchr(c->path, '\n') == NULL);
		break;
	case COMPANION_CONFIGURE:
		FUZZ_CHECK(c->n_operands > 0 && c->n_operands < argv->n);
		for (int i = 0; i < c->n_operands; i++)
			FUZZ_CHECK(fuzz_words_have(argv, c->operands[i]));
		break;
	}
}

static void
companions(enum companion_program program, const struct fuzz_words *argv,
           const struct fuzz_words *env)
{
	struct cmdline_host host = { "/nonexistent", env->v };
	bool query = companion_is_query(program, argv->n, argv->v);
	struct companion c;

	FUZZ_CHECK(companion_parse(&c, program, argv->n, argv->v, &host) == 0);
	check_companion(&c, argv);
	if (query)
		FUZZ_CHECK(c.action == COMPANION_QUERY);
	if (argv->n > 1 && companion_query_word(program, argv->v[1]))
		FUZZ_CHECK(c.action == COMPANION_QUERY);
	companion_free(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	unsigned int which = fuzz_byte(&f) % 4;
	struct fuzz_words env, argv;

	fuzz_words(&f, NULL, &env);
	fuzz_words(&f, "program", &argv);
	if (which == 3)
		ours(&argv, &env);
	else
		companions((enum companion_program)which, &argv, &env);
	fuzz_words_free(&env);
	fuzz_words_free(&argv);
	return 0;
}
