/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit_priv.h"
#include "buf.h"
#include "clock.h"

/*
 * An audit takes no lock: while it compares, a run may replace files, dpkg's
 * lists and our ledgers, each after what was read of the others. Where that
 * may have been, the packages with findings are looked at again, with
 * everything read anew. What is wrong with a file is wrong every time, in the
 * same words; what was only out of step is not.
 */

/* So many looks at most, with a pause before the next. */
#define LOOKS 5
#define PAUSE_NS 30000000L
/* The session was opened so long before the audit, at most. */
#define BEFORE_NS INT64_C(10000000000)
/* Inode times lag by a tick of the kernel's. */
#define TICK_NS INT64_C(20000000)

static bool
newer(int dirfd, const char *name, int64_t since)
{
	struct stat st;

	return dirfd >= 0 && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW |
	                             AT_EMPTY_PATH) == 0 &&
	       st.st_ctim.tv_sec * INT64_C(1000000000) + st.st_ctim.tv_nsec >=
	       since;
}

/* Everything that a run writes before or after it touches a file. */
static bool
moved(const struct session *s, int64_t since)
{
	static const char *const names[] = {
		"status", "updates", "info", "diversions", "statoverride"
	};
	const struct state *state = s->state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (newer(s->db_fd, names[i], since))
			return true;
	return state != NULL && (state_locked(state) ||
	       newer(state->run_fd, "journal", since) ||
	       newer(state->ledger_fd, "", since) ||
	       newer(state->history_fd, "log", since));
}

/* Findings outlive the database that they name packages of. */
static int
own_words(struct audit *a)
{
	const char *was = NULL, *key = NULL, *version = NULL;

	for (size_t i = 0; i < a->n_found; i++) {
		struct finding *f = &a->found[i].finding;

		if (f->package == NULL)
			continue;
		if (f->package != was) {
			was = f->package;
			key = arena_strdup(a->arena, was);
			version = f->version == NULL ? NULL :
			          arena_strdup(a->arena, f->version);
			if (key == NULL ||
			    (f->version != NULL && version == NULL))
				return -ENOMEM;
		}
		f->package = key;
		f->version = version;
	}
	return 0;
}

/* The packages with findings, each once; *ret stays NULL where some are of
 * none: then all is asked again. */
static int
packages_of(struct audit *a, char ***ret, size_t *ret_n)
{
	struct strmap *known = strmap_new();
	char **keys = calloc(a->n_found + 1, sizeof(*keys));
	int r = known == NULL || keys == NULL ? -ENOMEM : 0;
	bool whole = false;
	size_t n = 0;

	for (size_t i = 0; r == 0 && !whole && i < a->n_found; i++) {
		const char *key = a->found[i].finding.package;

		whole = key == NULL;
		if (whole || strmap_get(known, key, NULL))
			continue;
		r = strmap_put(known, key, 1);
		keys[n++] = (char *)key;
	}
	strmap_free(known);
	if (r < 0 || whole) {
		free(keys);
		return r;
	}
	*ret = keys;
	*ret_n = n;
	return 0;
}

static int
read_anew(struct session *s, struct diag *diag)
{
	int r = session_reroot(s, diag);

	if (r == 0 && s->state != NULL) {
		index_free(s->index);
		foreign_free(s->foreign);
		s->index = NULL;
		s->foreign = NULL;
		session_forget_ledgers(s);
		r = session_records(s, true, diag);
	}
	if (r == 0)
		r = session_db(s, diag);
	return r < 0 ? r : session_due(s, diag);
}

/* What tells one finding from another, in one text. */
static int
words_of(const struct finding *f, struct buf *text)
{
	const char *const words[] = {
		f->package, f->version, f->path, f->expected, f->actual
	};
	int r;

	buf_clear(text);
	r = buf_addf(text, "%d", (int)f->kind);
	for (size_t i = 0; r == 0 && i < sizeof(words) / sizeof(words[0]); i++)
		r = buf_addf(text, "\n%s", words[i] == NULL ? "" : words[i]);
	return r;
}

/* Of a's findings those stay that b has as well. */
static int
agree(struct audit *a, const struct audit *b)
{
	struct strmap *map = strmap_new();
	struct buf text;
	size_t n = 0;
	int r = map == NULL ? -ENOMEM : 0;

	buf_init(&text, 0);
	for (size_t i = 0; r == 0 && i < b->n_found; i++) {
		char *copy;

		r = words_of(&b->found[i].finding, &text);
		copy = r < 0 ? NULL : arena_strdup(a->arena, text.data);
		if (r == 0)
			r = copy == NULL ? -ENOMEM : strmap_put(map, copy, 1);
	}
	for (size_t i = 0; r == 0 && i < a->n_found; i++) {
		r = words_of(&a->found[i].finding, &text);
		if (r == 0 && strmap_get(map, text.data, NULL))
			a->found[n++] = a->found[i];
	}
	if (r == 0)
		a->n_found = n;
	buf_free(&text);
	strmap_free(map);
	return r;
}

/* One more look. *ret_steady: nothing moved meanwhile. */
static int
look_again(struct audit *a, bool *ret_steady)
{
	struct session *s = a->s;
	struct audit_job job = *a->job;
	struct audit_total total = { .files = 0 };
	struct audit b = { .next = 0 };
	struct diag diag = { .line = 0 };
	int64_t start = clock_ns(CLOCK_REALTIME) - TICK_NS;
	char **keys = NULL;
	size_t n = 0;
	int r = a->partial ? 0 : packages_of(a, &keys, &n);

	if (r < 0)
		return r;
	if (keys != NULL) {
		job.targets = keys;
		job.n_targets = n;
	}
	r = read_anew(s, &diag);
	if (r == 0) {
		r = audit_pass(s, &job, &b, &total, &diag);
		if (r == 0)
			r = agree(a, &b);
		audit_end(&b);
		*ret_steady = r == 0 && !moved(s, start);
	}
	free(keys);
	return r;
}

int
audit_again(struct audit *a, int64_t start, struct audit_total *total)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	bool steady = false;
	int r;

	if (a->n_found == 0 || !moved(a->s, start - BEFORE_NS))
		return 0;
	r = own_words(a);
	for (int i = 0; r == 0 && !steady && a->n_found > 0 && i < LOOKS; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		/* What can't be read just now is read the next time. */
		r = look_again(a, &steady);
		if (r < 0 && r != -ENOMEM)
			r = 0;
	}
	audit_count(a, total);
	return r;
}
