/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "transaction.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "closing.h"
#include "history.h"
#include "json.h"
#include "log.h"

uint64_t
transaction_new_id(void)
{
	uint64_t id = 0;

	if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id) || id == 0)
		id = (uint64_t)time(NULL) << 20 | (uint64_t)getpid();
	return id;
}

static void
time_text(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		text[0] = '\0';
}

static int
write_history(struct session *s, const struct transaction *t, const char *id)
{
	struct buf line;
	struct json j;
	char when[32];
	int r;

	time_text(when, sizeof(when));
	buf_init(&line, 0);
	json_begin(&j, &line);
	json_str(&j, "type", "transaction");
	json_str(&j, "time", when);
	json_str(&j, "txn", id);
	json_str(&j, "action", t->action);
	json_num(&j, "pid", getpid());
	json_num(&j, "uid", getuid());
	if (t->argv != NULL)
		json_strs(&j, "argv", t->argv, t->argc);
	json_num(&j, "packages", (long long)t->packages);
	json_num(&j, "opened", (long long)t->tally.opened);
	json_num(&j, "closed", (long long)t->tally.closed);
	json_num(&j, "cleared", (long long)t->tally.cleared);
	json_num(&j, "findings", (long long)t->tally.findings);
	if (t->tally.failed > 0) {
		json_num(&j, "failed", (long long)t->tally.failed);
		json_str(&j, "reason", err_text(t->tally.first_error));
	}
	if (t->exit_status >= 0)
		json_num(&j, "exit", t->exit_status);
	if (t->signal > 0)
		json_num(&j, "signal", t->signal);
	if (t->note[0] != '\0')
		json_str(&j, "note", t->note);
	r = json_end(&j);
	if (r == 0)
		r = history_append(s->state->history_fd, &line);
	buf_free(&line);
	return r;
}

int
transaction_write(struct session *s, const struct transaction *t)
{
	int exit_code = t->signal > 0 ? 128 + t->signal : t->exit_status;
	char id[20], exit_text[24];
	int r = -ENOENT;

	snprintf(id, sizeof(id), "%016" PRIx64, t->id);
	exit_text[0] = '\0';
	if (exit_code >= 0)
		snprintf(exit_text, sizeof(exit_text), "exit=%d ", exit_code);
	log_line("txn=%s pid=%d uid=%u action=%s packages=%zu opened=%zu "
	         "closed=%zu cleared=%zu %snote=\"%s\"", id,
	         (int)getpid(), (unsigned int)getuid(), t->action,
	         t->packages, t->tally.opened, t->tally.closed,
	         t->tally.cleared, exit_text, t->note);
	if (t->tally.failed > 0)
		log_line("txn=%s note=\"could not protect %zu files: %s\"",
		         id, t->tally.failed,
		         err_text(t->tally.first_error));
	if (s->state != NULL && s->state->history_fd >= 0)
		r = write_history(s, t, id);
	if (r < 0)
		log_line("txn=%s note=\"history not written: %s\"", id,
		         err_text(r));
	return r;
}

void
transaction_finding(uint64_t id, const struct finding *f)
{
	log_line("txn=%016" PRIx64 " finding=%s package=%s path=%s "
	         "expected=%s actual=%s", id, finding_name(f->kind),
	         f->package != NULL ? f->package : "-", f->path,
	         f->expected != NULL ? f->expected : "-",
	         f->actual != NULL ? f->actual : "-");
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
