/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * The journal. The first byte chooses: the file as it stands; records sealed
 * here (type, run, length, payload), so that mutations pass the checksum; the
 * payload of a PLAN or an OPEN alone. Its upper bits choose what is then done
 * with the journal that was read.
 *
 * Reaches: edges:300 journal_begin:4 journal_add:6 planrec_get_plan:4
 * Reaches: planrec_add_paths:12 jrecord_at:7
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "fuzz.h"
#include "jfile.h"
#include "journal.h"
#include "jrecord.h"
#include "planrec.h"

enum { CUT = 8 };

/* Seldom, but for the seeds and whoever shows a finding again: it writes some
 * megabytes, and such inputs are liked for what they reach. */
static bool
goes_on(unsigned int how)
{
	static unsigned int times;

	return how >> 4 == 5 && (++times <= 32 || times % 64 == 0);
}

static bool
same_paths(const struct journal_path *a, const struct journal_path *b,
           size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(a[i].path, b[i].path) != 0 ||
		    a[i].flags != b[i].flags || a[i].foreign != b[i].foreign ||
		    a[i].dev != b[i].dev || a[i].ino != b[i].ino)
			return false;
	return true;
}

static bool
same_strings(char *const *a, char *const *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static bool
same_plan(const struct journal_plan *a, const struct journal_plan *b)
{
	return strcmp(a->action, b->action) == 0 &&
	    strcmp(a->admindir, b->admindir) == 0 &&
	    a->guest_db == b->guest_db && a->argc == b->argc &&
	    same_strings(a->argv, b->argv, a->argc) &&
	    a->n_packages == b->n_packages &&
	    same_strings(a->packages, b->packages, a->n_packages) &&
	    a->n_paths == b->n_paths &&
	    same_paths(a->paths, b->paths, a->n_paths);
}

/* What was read is written and read again. */
static void
plan_payload(const uint8_t *data, size_t n)
{
	struct arena *a = arena_new();
	struct journal_plan plan, again;
	struct buf b;
	int r;

	FUZZ_CHECK(a != NULL);
	buf_init(&b, 0);
	r = planrec_get_plan(a, data, n, &plan);
	FUZZ_CHECK(r == 0 || r == ERR_FORMAT);
	/* Front coding may share more than is allowed to be written. */
	if (r == 0 && planrec_add_plan(&b, &plan) == 0) {
		FUZZ_CHECK(planrec_get_plan(a, b.data, b.len, &again) == 0);
		FUZZ_CHECK(same_plan(&plan, &again));
	}
	buf_free(&b);
	arena_free(a);
}

static void
open_payload(const uint8_t *data, size_t n)
{
	struct arena *a = arena_new();
	struct journal_path *paths, *again;
	size_t n_paths, n_again;
	struct buf b;
	int r;

	FUZZ_CHECK(a != NULL);
	buf_init(&b, 0);
	r = planrec_get_paths(a, data, n, &paths, &n_paths);
	FUZZ_CHECK(r == 0 || r == ERR_FORMAT);
	if (r == 0 && planrec_add_paths(&b, paths, n_paths) == 0) {
		FUZZ_CHECK(planrec_get_paths(a, b.data, b.len, &again,
		                             &n_again) == 0);
		FUZZ_CHECK(n_paths == n_again &&
		           same_paths(paths, again, n_paths));
	}
	buf_free(&b);
	arena_free(a);
}

static void
check_read(struct journal *j)
{
	const struct journal_plan *plan = journal_plan(j);
	enum journal_state state = journal_state(j);
	bool live = state != JOURNAL_IDLE && state != JOURNAL_BAD;

	FUZZ_CHECK((plan != NULL) == live);
	if (!live)
		return;
	FUZZ_CHECK(plan->action != NULL && plan->admindir != NULL);
	for (size_t i = 0; i < plan->n_paths; i++)
		FUZZ_CHECK(strlen(plan->paths[i].path) <= 2 * UINT16_MAX);
	FUZZ_CHECK(state == JOURNAL_PLANNED || state == JOURNAL_RAN ||
	           state == JOURNAL_CLOSED);
}

static enum journal_state
state_of_file(struct journal_plan *ret_plan, struct journal **ret)
{
	enum journal_state state;
	struct journal *j;

	FUZZ_CHECK(journal_open(fuzz_folder(), false, &j) == 0);
	state = journal_state(j);
	if (state != JOURNAL_IDLE && state != JOURNAL_BAD)
		*ret_plan = *journal_plan(j);
	*ret = j;
	return state;
}

/* A run from its first record to its last, read afresh after each. */
static void
run(struct journal *j, uint64_t id)
{
	char word[] = "dpkg", key[] = "a";
	char *argv[] = { word }, *packages[] = { key };
	struct journal_path path = { "/usr/bin/x", 16, false, 2049, 12 };
	struct journal_plan plan = {
		.action = "install", .admindir = "/var/lib/dpkg",
		.argv = argv, .argc = 1, .paths = &path, .n_paths = 1,
		.packages = packages, .n_packages = 1
	}, found;
	struct journal *fresh;

	if (id == journal_id(j) || id == 0)
		id = journal_id(j) ^ 1 ? journal_id(j) ^ 1 : 2;
	FUZZ_CHECK(journal_begin(j, id, &plan) == 0);
	FUZZ_CHECK(state_of_file(&found, &fresh) == JOURNAL_PLANNED);
	FUZZ_CHECK(same_plan(&plan, &found));
	journal_free(fresh);
	FUZZ_CHECK(journal_add(j, &path, 1) == 0);
	FUZZ_CHECK(journal_ran(j, 256) == 0);
	FUZZ_CHECK(state_of_file(&found, &fresh) == JOURNAL_RAN);
	FUZZ_CHECK(found.n_paths == 2 && journal_wait_status(fresh) == 256);
	journal_free(fresh);
	FUZZ_CHECK(journal_plan(j)->n_paths == 2);
	FUZZ_CHECK(journal_closed(j) == 0);
	FUZZ_CHECK(journal_done(j) == 0);
	FUZZ_CHECK(state_of_file(&found, &fresh) == JOURNAL_IDLE);
	journal_free(fresh);
}

/* As recovery goes on with it, then a run after that. */
static void
go_on(struct journal *j)
{
	if (journal_state(j) == JOURNAL_BAD) {
		FUZZ_CHECK(journal_set_aside(j) == 0);
		FUZZ_CHECK(journal_state(j) == JOURNAL_IDLE);
	}
	journal_wished(j);
	if (journal_state(j) != JOURNAL_IDLE) {
		journal_plan(j);
		FUZZ_CHECK(journal_closed(j) == 0);
		FUZZ_CHECK(journal_done(j) == 0);
	}
	FUZZ_CHECK(journal_state(j) == JOURNAL_IDLE);
	run(j, 77);
}

static void
whole_file(const void *data, size_t n, unsigned int how)
{
	struct journal *j;
	int r;

	fuzz_write(JFILE_NAME, data, n);
	r = journal_open(fuzz_folder(), false, &j);
	FUZZ_CHECK(r == 0 || r == ERR_VERSION);
	if (r < 0)
		return;
	check_read(j);
	if (goes_on(how))
		go_on(j);
	journal_free(j);
}

/* Records: type, run (a few), length of 16 bits, payload. */
static void
sealed(struct fuzz *f, unsigned int how)
{
	static const char head[JRECORD_HEAD];
	struct buf file, record;

	buf_init(&file, 0);
	buf_init(&record, 0);
	buf_addf(&file, "%s %d\n", JFILE_WORDS, JFILE_VERSION);
	while (file.len < JFILE_FIRST)
		buf_add_char(&file, '\0');
	while (f->left > 0) {
		unsigned int type = fuzz_byte(f), id = fuzz_byte(f) % 3 + 1;
		size_t n = fuzz_byte(f);

		n |= (size_t)fuzz_byte(f) << 8;
		if (n > f->left)
			n = f->left;
		buf_clear(&record);
		FUZZ_CHECK(buf_add(&record, head, sizeof(head)) == 0);
		FUZZ_CHECK(buf_add(&record, f->at, n) == 0);
		FUZZ_CHECK(jrecord_seal(&record, (enum jrecord_type)(type %
		                        (JRECORD_LAST + 2)), id) == 0);
		FUZZ_CHECK(buf_add(&file, record.data,
		                   record.len - JRECORD_HEAD) == 0);
		f->at += n;
		f->left -= n;
	}
	if ((how & CUT) != 0 && file.len > JFILE_FIRST)
		file.len -= file.len % 7;
	whole_file(file.data, file.len, how);
	buf_free(&file);
	buf_free(&record);
}

static void
records(const uint8_t *data, size_t n)
{
	struct jrecord rec;
	uint64_t id = 0;
	uint32_t word;

	if (jrecord_at(data, n, &rec)) {
		FUZZ_CHECK(rec.total <= n && rec.len > 0);
		FUZZ_CHECK(rec.payload + rec.len <= data + n);
		jrecord_word(&rec, &word);
		id = rec.id;
	}
	if (n > 0)
		jrecord_later(data, n, id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	unsigned int how = fuzz_byte(&f);
	uint8_t *copy = malloc(f.left);

	FUZZ_CHECK(copy != NULL || f.left == 0);
	if (f.left > 0)
		memcpy(copy, f.at, f.left);
	switch (how % 4) {
	case 0:
		records(copy, f.left);
		whole_file(copy, f.left, how);
		break;
	case 1:
		sealed(&f, how);
		break;
	case 2:
		plan_payload(copy, f.left);
		break;
	default:
		open_payload(copy, f.left);
		break;
	}
	free(copy);
	return 0;
}
