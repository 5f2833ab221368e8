/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "transaction.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "closing.h"
#include "digest.h"
#include "history.h"
#include "infosum.h"
#include "json.h"
#include "keeper.h"
#include "log.h"
#include "origin.h"
#include "signing.h"

#define MAX_FOUND	100
/* A path, a package and a kind; or a package and two versions. */
#define STRING_SIZE	16384

uint64_t
transaction_new_id(void)
{
	uint64_t id = 0;

	if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id) || id == 0)
		id = (uint64_t)time(NULL) << 20 | (uint64_t)getpid();
	return id;
}


/* Strings one behind another, until their array can be told to json.h. */
struct strings {
	struct buf text;	/* each with its NUL */
	size_t n;
	int err;
};

static void add_string(struct strings *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add_string(struct strings *s, const char *fmt, ...)
{
	char text[STRING_SIZE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		text[0] = '\0';
	if (s->err == 0)	/* what is longer than any path is cut */
		s->err = buf_add(&s->text, text, strlen(text) + 1);
	s->n++;
}

/* Nothing where there are none. Frees them. */
static int
put_strings(struct json *j, const char *key, struct strings *s)
{
	char **values = NULL;
	char *at = s->text.data;
	int r = s->err;

	if (r == 0 && s->n > 0) {
		values = calloc(s->n, sizeof(*values));
		r = values == NULL ? -ENOMEM : 0;
	}
	for (size_t i = 0; values != NULL && i < s->n; i++) {
		values[i] = at;
		at += strlen(at) + 1;
	}
	if (values != NULL)
		json_strs(j, key, values, s->n);
	free(values);
	buf_free(&s->text);
	return r;
}

static int
put_changes(struct json *j, const struct transaction *t)
{
	struct strings s = { .n = 0 };

	buf_init(&s.text, 0);
	for (size_t i = 0; i < t->n_changes; i++) {
		const struct transaction_change *c = &t->changes[i];

		add_string(&s, "%s %s %s", c->key,
		           c->before != NULL ? c->before : "-",
		           c->after != NULL ? c->after : "-");
	}
	return put_strings(j, "changes", &s);
}

static int
put_ledgers(struct json *j, const struct transaction *t)
{
	struct strings s = { .n = 0 };
	char hex[2 * DIGEST_MAX + 1];

	buf_init(&s.text, 0);
	for (size_t i = 0; i < t->n_ledgers; i++) {
		const struct transaction_ledger *l = &t->ledgers[i];

		if (l->digest != NULL)
			digest_hex(l->digest, digest_size(DIGEST_SHA256),
			           hex);
		add_string(&s, "%s %s", l->key, l->digest != NULL ? hex : "-");
	}
	return put_strings(j, "ledgers", &s);
}

static void
add_record(struct strings *s, int dirfd, const char *name)
{
	char hex[2 * DIGEST_MAX + 1];
	unsigned char sum[32];
	bool has;

	if (dirfd < 0 || infosum_file(dirfd, name, &has, sum) < 0)
		return;
	if (has)
		digest_hex(sum, sizeof(sum), hex);
	add_string(s, "%s %s", name, has ? hex : "-");
}

static int
put_records(struct json *j, const struct session *s)
{
	struct strings words = { .n = 0 };

	buf_init(&words.text, 0);
	add_record(&words, s->state->ledger_fd, TRANSACTION_INDEX);
	if (s->db != NULL && !s->guest_db) {
		add_record(&words, s->db_fd, TRANSACTION_DIVERSIONS);
		add_record(&words, s->db_fd, TRANSACTION_OVERRIDES);
	}
	return put_strings(j, "records", &words);
}

static int
put_found(struct json *j, const struct transaction *t)
{
	struct strings s = { .n = 0 };

	buf_init(&s.text, 0);
	for (size_t i = 0; i < t->n_found && i < MAX_FOUND; i++) {
		const struct finding *f = &t->found[i];

		add_string(&s, "%s %s %s", finding_name(f->kind),
		           f->package != NULL ? f->package : "-", f->path);
	}
	return put_strings(j, "found", &s);
}

static void
put_origin(struct json *j)
{
	struct origin o;

	origin_read(keeper_pid(), &o);
	if (o.login_uid >= 0)
		json_num(j, "login_uid", o.login_uid);
	if (o.tty[0] != '\0')
		json_str(j, "tty", o.tty);
	if (o.parent > 0)
		json_num(j, "parent", o.parent);
	if (o.parent_name[0] != '\0')
		json_str(j, "parent_name", o.parent_name);
	if (o.parent_line[0] != '\0')
		json_str(j, "parent_line", o.parent_line);
}

static void
put_outcome(struct json *j, const struct transaction *t)
{
	json_num(j, "packages", (long long)t->packages);
	json_num(j, "opened", (long long)t->tally.opened);
	json_num(j, "closed", (long long)t->tally.closed);
	json_num(j, "cleared", (long long)t->tally.cleared);
	json_num(j, "findings", (long long)t->tally.findings);
	if (t->tally.failed > 0) {
		json_num(j, "failed", (long long)t->tally.failed);
		json_str(j, "reason", err_text(t->tally.first_error));
	}
	if (t->exit_status >= 0)
		json_num(j, "exit", t->exit_status);
	if (t->signal > 0)
		json_num(j, "signal", t->signal);
	if (t->note[0] != '\0')
		json_str(j, "note", t->note);
}

static int
format_entry(const struct session *s, const struct transaction *t,
             const char *id, bool with_argv, struct buf *line)
{
	struct json j;
	char when[LOG_TIME_SIZE];
	int end, r;

	log_time(time(NULL), when);
	json_begin(&j, line);
	json_str(&j, "type", "transaction");
	json_str(&j, "time", when);
	json_str(&j, "txn", id);
	json_str(&j, "action", t->action);
	json_num(&j, "pid", keeper_pid());
	json_num(&j, "uid", getuid());
	put_origin(&j);
	if (with_argv && t->argv != NULL)
		json_strs(&j, "argv", t->argv, t->argc);
	put_outcome(&j, t);
	r = put_changes(&j, t);
	if (r == 0)
		r = put_ledgers(&j, t);
	if (r == 0)
		r = put_records(&j, s);
	if (r == 0)
		r = put_found(&j, t);
	end = json_end(&j);
	return r < 0 ? r : end;
}

/* What it says of the ledgers must stand there; the command line need not. */
static int
write_history(struct session *s, const struct transaction *t, const char *id,
              char head[HISTORY_HEAD_SIZE])
{
	bool with_argv = true;
	struct buf line;
	int r;

	do {
		buf_init(&line, 0);
		r = format_entry(s, t, id, with_argv, &line);
		if (r == 0)
			r = history_append(s->state->history_fd, &line, head);
		buf_free(&line);
		with_argv = !with_argv;
	} while (r == ERR_LIMIT && !with_argv);
	return r;
}

/* The entry first: a signature of one that a power cut took would be none. */
static void
sign_history(struct session *s, const char *id,
             const char head[HISTORY_HEAD_SIZE])
{
	struct diag diag = { .line = 0 };
	char text[600];
	int r;

	/* A guest's own configuration must not reach for a key of the host. */
	if (s->guest || s->conf == NULL || s->conf->sign_key == NULL)
		return;
	r = history_sync(s->state->history_fd);
	if (r < 0)
		diag_set(&diag, r, "history", 0, "%s", err_text(r));
	else
		r = signing_sign(s->state->history_fd, s->conf->sign_key,
		                 head, &diag);
	if (r == 0)
		return;
	diag_text(&diag, text, sizeof(text));
	log_warn("the history is not signed: %s", text);
	log_line("txn=%s note=\"the history is not signed: %s\"", id, text);
}

int
transaction_write(struct session *s, const struct transaction *t)
{
	int exit_code = t->signal > 0 ? 128 + t->signal : t->exit_status;
	char id[20], exit_text[24], head[HISTORY_HEAD_SIZE];
	int r = -ENOENT;

	snprintf(id, sizeof(id), "%016" PRIx64, t->id);
	exit_text[0] = '\0';
	if (exit_code >= 0)
		snprintf(exit_text, sizeof(exit_text), "exit=%d ", exit_code);
	log_line("txn=%s pid=%d uid=%u action=%s packages=%zu opened=%zu "
	         "closed=%zu cleared=%zu %snote=\"%s\"", id,
	         (int)keeper_pid(), (unsigned int)getuid(), t->action,
	         t->packages, t->tally.opened, t->tally.closed,
	         t->tally.cleared, exit_text, t->note);
	if (t->tally.failed > 0)
		log_line("txn=%s note=\"could not protect %zu files: %s\"",
		         id, t->tally.failed,
		         err_text(t->tally.first_error));
	if (s->state != NULL && s->state->history_fd >= 0)
		r = write_history(s, t, id, head);
	if (r == 0) {
		log_syslog("txn=%s history=%s", id, head);
		sign_history(s, id, head);
	}
	if (r < 0)
		log_line("txn=%s note=\"history not written: %s\"", id,
		         err_text(r));
	return r;
}

void
transaction_finding(uint64_t id, const struct finding *f)
{
	log_line("txn=%016" PRIx64 " finding=%s package=%s path=%s "
	         "expected=%s actual=%s%s%s", id, finding_name(f->kind),
	         f->package != NULL ? f->package : "-", f->path,
	         f->expected != NULL ? f->expected : "-",
	         f->actual != NULL ? f->actual : "-",
	         f->copy != NULL ? " quarantine=" : "",
	         f->copy != NULL ? f->copy : "");
}

void
transaction_caught(uint64_t id, const struct closing *c)
{
	if (c->caught_all != NULL)
		log_line("txn=%016" PRIx64 " note=\"caught up with every "
		         "package: %s changed behind our back\"", id,
		         c->caught_all);
	else if (c->n_caught > 0)
		log_line("txn=%016" PRIx64 " note=\"caught up with %zu "
		         "packages that changed behind our back\"", id,
		         c->n_caught);
}
