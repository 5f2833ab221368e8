/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "options_priv.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "cmdtable.h"
#include "env.h"
#include "nearest.h"

/* A row by the first n bytes of a long word; dashes not counted. */
static const struct option_row *
row_of(const char *word, size_t n)
{
	const struct option_row *row;

	for (size_t i = 0; (row = options_row(i)) != NULL; i++)
		if (strncmp(row->name, word, n) == 0 && row->name[n] == '\0')
			return row;
	return NULL;
}

static const struct option_row *
row_of_letter(char letter)
{
	const struct option_row *row;

	for (size_t i = 0; (row = options_row(i)) != NULL; i++)
		if (row->letter == letter && letter != '\0')
			return row;
	return NULL;
}

static const char *
nearest_name(const char *word)
{
	size_t best = SIZE_MAX;
	const struct option_row *row;
	const char *name = NULL;

	for (size_t i = 0; (row = options_row(i)) != NULL; i++) {
		size_t d = nearest_distance(word, row->name);

		if (d < best) {
			best = d;
			name = row->name;
		}
	}
	return name != NULL && nearest_fits(word, best) ? name : NULL;
}

/* `word` as given, `name` its letters without dashes and value. */
static int
refuse_unknown(struct parse *p, const char *what, const char *word,
               const char *name)
{
	const char *near = nearest_name(name);

	if (near != NULL)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "%s %s; did you mean --%s?", what, word,
		                near);
	return diag_set(p->diag, ERR_REFUSED, NULL, 0, "%s %s", what, word);
}

/* A word of dpkg's that is none of ours? Says so, and whom to ask. */
static int
refuse_word(struct parse *p, const char *word)
{
	const struct cmd_row *theirs;
	const char *value;
	char name[NEAREST_MAX + 2];
	size_t n;

	if (word[1] == '-')
		theirs = cmdtable_word(word + 2, &value);
	else
		theirs = cmdtable_letter(word[1]);
	if (p->o->verb == VERB_PLAN && theirs != NULL)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "%s: put -- before the words for dpkg", word);
	if (theirs != NULL && theirs->effect == CMD_DO_ACTION)
		return theirs->arg == CMD_QUERY ?
		    diag_set(p->diag, ERR_REFUSED, NULL, 0,
		             "%s: use dpkg for that", word) :
		    diag_set(p->diag, ERR_REFUSED, NULL, 0,
		             "%s is dpkg's and stands first or not at all",
		             word);
	if (word[1] != '-')
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "unknown option %s", word);
	n = strcspn(word + 2, "=");
	if (n >= sizeof(name))
		n = sizeof(name) - 1;
	memcpy(name, word + 2, n);
	name[n] = '\0';
	return refuse_unknown(p, "unknown option", word, name);
}

static int
apply_action(struct parse *p, const struct option_row *row,
             const char *word)
{
	if (row->id == VERB_HELP || row->id == VERB_VERSION) {
		p->o->verb = (enum verb)row->id;
		return 0;
	}
	if (p->o->verb != VERB_NONE && p->o->verb != (enum verb)row->id)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "conflicting actions %s and %s", p->action,
		                word);
	p->o->verb = (enum verb)row->id;
	p->action = word;
	return 0;
}

static int
apply(struct parse *p, const struct option_row *row, const char *word,
      const char *value)
{
	bool wants = row->kind == OPTION_VALUE || row->value;
	int r;

	if (!wants && value != NULL)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--%s takes no value", row->name);
	if (wants && value == NULL) {
		if (p->next >= p->argc)
			return diag_set(p->diag, ERR_REFUSED, NULL, 0,
			                "--%s needs a value", row->name);
		value = p->argv[p->next++];
	}
	if (row->kind != OPTION_ACTION)
		return options_apply(p, row, value);
	r = apply_action(p, row, word);
	if (r < 0 || !row->value)
		return r;
	return row->id == VERB_SETUP ? options_scheme(p, value) :
	    options_form(p, value);
}

static int
parse_word(struct parse *p, const char *word)
{
	const struct option_row *row;
	size_t n;

	if (word[1] != '-') {
		row = word[2] == '\0' ? row_of_letter(word[1]) : NULL;
		return row == NULL ? refuse_word(p, word) :
		    apply(p, row, word, NULL);
	}
	n = strcspn(word + 2, "=");
	row = row_of(word + 2, n);
	if (row == NULL)
		return refuse_word(p, word);
	return apply(p, row, word, word[2 + n] == '=' ? word + 3 + n : NULL);
}

static bool
is_early_end(const struct parse *p)
{
	return p->o->verb == VERB_HELP || p->o->verb == VERB_VERSION;
}

static int
parse_words(struct parse *p)
{
	bool ended = false;

	p->o->n_before = (size_t)p->argc;
	while (p->next < p->argc && !is_early_end(p)) {
		char *word = p->argv[p->next++];
		int r = 0;

		if (ended || word[0] != '-' || word[1] == '\0')
			p->o->operands[p->o->n_operands++] = word;
		else if (strcmp(word, "--") == 0) {
			ended = true;
			p->o->n_before = p->o->n_operands;
		} else
			r = parse_word(p, word);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
check_options(struct parse *p)
{
	unsigned int verb = 1u << p->o->verb;
	const struct option_row *row;

	for (size_t i = 0; (row = options_row(i)) != NULL; i++)
		if (row->kind != OPTION_ACTION &&
		    (p->seen & 1u << row->id) && !(row->with & verb))
			return diag_set(p->diag, ERR_REFUSED, NULL, 0,
			                "--%s does not go with %s", row->name,
			                p->action);
	if (p->o->format == FORMAT_RPM && p->o->verb != VERB_VERIFY)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--format=rpm is for --verify");
	if (p->o->quick && p->o->all_digests)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--quick does not go with --digests=all");
	return 0;
}

static int
check_open(struct parse *p)
{
	const struct options *o = p->o;

	if (o->n_before > 0 && o->n_before < o->n_operands)
		return 0;
	return diag_set(p->diag, ERR_REFUSED, NULL, 0,
	                "--open needs packages and a command: "
	                "--open PACKAGE -- COMMAND");
}

static int
check_explain(struct parse *p)
{
	const struct options *o = p->o;

	if (o->n_operands == 0)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--explain needs the names of files");
	for (size_t i = 0; i < o->n_operands; i++)
		if (o->operands[i][0] != '/')
			return diag_set(p->diag, ERR_REFUSED, NULL, 0,
			                "--explain: '%s' does not begin with a "
			                "slash", o->operands[i]);
	return 0;
}

static int
check_operands(struct parse *p)
{
	const struct options *o = p->o;
	const struct option_row *row = NULL;

	for (size_t i = 0; (row = options_row(i)) != NULL; i++)
		if (row->kind == OPTION_ACTION && row->id == (int)o->verb)
			break;
	if (row != NULL && !row->operands && o->n_operands > 0)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--%s takes no operand: %s", row->name,
		                o->operands[0]);
	if (o->verb == VERB_PLAN && o->n_operands == 0)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "--plan needs the words for dpkg: "
		                "--plan -- --install FILE.deb");
	if (o->verb == VERB_OPEN)
		return check_open(p);
	if (o->verb == VERB_EXPLAIN)
		return check_explain(p);
	if (o->verb != VERB_PROTECT && o->verb != VERB_UNPROTECT)
		return 0;
	if (o->all && o->n_operands > 0)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "-a means all packages: name none");
	if (!o->all && o->n_operands == 0)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "%s needs packages, or -a for all of them",
		                p->action);
	return 0;
}

static int
check(struct parse *p)
{
	int r;

	if (is_early_end(p))
		return 0;
	if (p->o->verb == VERB_NONE && p->o->n_operands > 0)
		return refuse_unknown(p, "no action before",
		                      p->o->operands[0],
		                      p->o->operands[0]);
	if (p->o->verb == VERB_NONE)
		return diag_set(p->diag, ERR_REFUSED, NULL, 0,
		                "no action; --help tells them all");
	r = check_options(p);
	return r < 0 ? r : check_operands(p);
}

/* The root without slashes and "/." behind it, as dpkg has it. */
static int
keep_root(struct options *o, const char *root)
{
	size_t n = strlen(root);

	for (;;) {
		if (n > 0 && root[n - 1] == '/')
			n--;
		else if (n > 1 && root[n - 1] == '.' && root[n - 2] == '/')
			n--;
		else
			break;
	}
	o->storage = strndup(root, n);
	o->root = o->storage;
	return o->storage == NULL ? -ENOMEM : 0;
}

/* As in dpkg, --root takes DPKG_ADMINDIR out of force. */
static int
take_places(struct parse *p, char *const *envp)
{
	const char *root = p->root, *admindir = NULL;

	p->o->own_root = root != NULL || p->o->admindir != NULL;
	if (root == NULL) {
		root = env_get(envp, "DPKG_ROOT");
		admindir = env_get(envp, "DPKG_ADMINDIR");
	}
	if (p->o->admindir == NULL && admindir != NULL &&
	    admindir[0] != '\0')
		p->o->admindir = admindir;
	return keep_root(p->o, root != NULL ? root : "");
}

int
options_parse(int argc, char *const *argv, char *const *envp,
              struct options *ret, struct diag *diag)
{
	struct options o = { .verb = VERB_NONE };
	struct parse p = {
		.o = &o, .argc = argc, .argv = argv, .next = 1, .diag = diag
	};
	int r;

	o.operands = calloc((size_t)(argc > 0 ? argc : 0) + 1,
	                    sizeof(*o.operands));
	r = o.operands == NULL ? -ENOMEM : parse_words(&p);
	if (r == 0)
		r = check(&p);
	if (r == 0)
		r = take_places(&p, envp);
	if (r < 0) {
		options_free(&o);
		return r;
	}
	*ret = o;
	return 0;
}

void
options_free(struct options *o)
{
	free(o->operands);
	free(o->storage);
	memset(o, 0, sizeof(*o));
}

bool
options_is_open(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--open") == 0)
			return true;
	return false;
}

bool
options_wants_json(int argc, char *const *argv)
{
	bool json = false;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--format=", 9) == 0)
			json = strcmp(argv[i] + 9, "json") == 0;
		else if (strcmp(argv[i], "--format") == 0 && i + 1 < argc)
			json = strcmp(argv[++i], "json") == 0;
	}
	return json;
}

/* What the words before the first action tell of it. */
enum leads { LEADS_ON, LEADS_OURS, LEADS_DPKG };

static enum leads
lead_of(const struct cmd_row *row)
{
	if (row->effect != CMD_DO_ACTION)
		return LEADS_ON;
	return row->arg == CMD_QUERY ? LEADS_OURS : LEADS_DPKG;
}

static enum leads
look_at_letters(const char *at, int *io_next)
{
	while (*at != '\0') {
		const struct cmd_row *row = cmdtable_letter(*at++);

		if (row == NULL)
			continue;
		if (row->kind != CMD_PLAIN) {
			*io_next += *at == '\0';
			break;
		}
		if (lead_of(row) != LEADS_ON)
			return lead_of(row);
	}
	return LEADS_ON;
}

static enum leads
look_at_word(const char *word, int *io_next)
{
	size_t n = strcspn(word, "=");
	const struct option_row *ours = row_of(word, n);
	const struct cmd_row *theirs;
	const char *value = NULL;

	if (ours != NULL) {
		if ((ours->kind == OPTION_VALUE || ours->value) &&
		    word[n] == '\0')
			++*io_next;
		return ours->kind == OPTION_ACTION ? LEADS_OURS : LEADS_ON;
	}
	theirs = cmdtable_word(word, &value);
	if (theirs == NULL)
		return LEADS_ON;
	if (theirs->kind != CMD_PLAIN && value == NULL)
		++*io_next;
	return lead_of(theirs);
}

bool
options_is_dpkg(int argc, char *const *argv)
{
	enum leads leads = LEADS_ON;
	int next = 1;

	while (leads == LEADS_ON && next < argc) {
		const char *word = argv[next++];

		if (word[0] != '-' || word[1] == '\0' ||
		    strcmp(word, "--") == 0)
			break;
		leads = word[1] == '-' ? look_at_word(word + 2, &next) :
		    look_at_letters(word + 1, &next);
	}
	return leads == LEADS_DPKG;
}
