/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "check_main.h"
#include "iflag.h"
#include "jfile.h"
#include "journal.h"
#include "scratch.h"

/* Small, so that looking at it thousands of times takes no time. */
#define SMALL 2048

static char *argv_in[] = { (char *)"dpkg", (char *)"--unpack", (char *)"",
                           (char *)"./a b\xff.deb", NULL };
static char *packages_in[] = { (char *)"libc6:amd64", (char *)"dash" };
static const struct journal_path paths_in[] = {
	{ "/usr/bin/dash", IFLAG_IMMUTABLE, false, 2049, 17 },
	{ "/usr/bin/dash2", IFLAG_IMMUTABLE, false, 2049, 18 },
	{ "/usr/lib/x\n\xfe", IFLAG_APPEND | IFLAG_IMMUTABLE, true,
	  UINT64_MAX, UINT64_MAX },
	{ "/", 0, false, 1, 0 },
};
static const struct journal_path more_in[] = {
	{ "/opt/late", IFLAG_IMMUTABLE, false, 2049, 99 },
	{ "/opt/latest", IFLAG_APPEND, true, 2050, 100 },
};
static const struct journal_plan plan_in = {
	.action = "unpack", .admindir = "/var/lib/dpkg", .argv = argv_in,
	.argc = 4, .guest_db = true, .paths = paths_in, .n_paths = 4,
	.packages = packages_in, .n_packages = 2,
};

static struct journal *
open_journal(void)
{
	struct journal *j = NULL;

	ck_assert_int_eq(journal_open(scratch_fd, true, &j), 0);
	return j;
}

static void
same_path(const struct journal_path *a, const struct journal_path *b)
{
	ck_assert_str_eq(a->path, b->path);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_int_eq(a->foreign, b->foreign);
	ck_assert_uint_eq(a->dev, b->dev);
	ck_assert_uint_eq(a->ino, b->ino);
}

/* The plan is plan_in, with or without more_in. Returns which. */
static bool
expect_plan(struct journal *j)
{
	const struct journal_plan *p = journal_plan(j);
	size_t extra;

	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(p->action, "unpack");
	ck_assert_str_eq(p->admindir, "/var/lib/dpkg");
	ck_assert(p->guest_db);
	ck_assert_uint_eq(p->argc, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(p->argv[i], argv_in[i]);
	ck_assert_uint_eq(p->n_packages, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert_str_eq(p->packages[i], packages_in[i]);
	ck_assert_uint_ge(p->n_paths, 4);
	for (size_t i = 0; i < 4; i++)
		same_path(&p->paths[i], &paths_in[i]);
	extra = p->n_paths - 4;
	ck_assert(extra == 0 || extra == 2);
	for (size_t i = 0; i < extra; i++)
		same_path(&p->paths[4 + i], &more_in[i]);
	return extra > 0;
}

START_TEST(a_new_one_is_idle)
{
	struct journal *j = NULL;
	size_t n;
	char *data;

	ck_assert_int_eq(journal_open(scratch_fd, false, &j), -ENOENT);
	ck_assert_ptr_null(j);
	j = open_journal();
	ck_assert_int_eq(journal_state(j), JOURNAL_IDLE);
	ck_assert_ptr_null(journal_plan(j));
	ck_assert_int_eq(journal_wait_status(j), -1);
	ck_assert_int_eq(journal_add(j, more_in, 2), ERR_REFUSED);
	ck_assert_int_eq(journal_ran(j, 0), ERR_REFUSED);
	ck_assert_int_eq(journal_closed(j), ERR_REFUSED);
	ck_assert_int_eq(journal_done(j), ERR_REFUSED);
	journal_free(j);
	journal_free(NULL);
	data = scratch_read("journal", &n);
	ck_assert_uint_eq(n, 1u << 20);
	ck_assert_int_eq(strncmp(data, "dpkg-immutable journal 1\n", 25), 0);
	for (size_t i = 25; i < n; i++)
		ck_assert_int_eq(data[i], 0);
	free(data);
	ck_assert_int_eq(journal_open(scratch_fd, false, &j), 0);
	ck_assert_int_eq(journal_state(j), JOURNAL_IDLE);
	journal_free(j);
}
END_TEST

/* What another process finds now. */
static void
found(enum journal_state state, bool more, int wait_status)
{
	struct journal *j;

	ck_assert_int_eq(journal_open(scratch_fd, false, &j), 0);
	ck_assert_int_eq(journal_state(j), state);
	if (state != JOURNAL_IDLE) {
		ck_assert_uint_eq(journal_id(j), 42);
		ck_assert_int_eq(expect_plan(j), more);
	} else {
		ck_assert_ptr_null(journal_plan(j));
	}
	ck_assert_int_eq(journal_wait_status(j), wait_status);
	journal_free(j);
}

START_TEST(a_run_from_begin_to_done)
{
	struct journal *j = open_journal();

	ck_assert_int_eq(journal_begin(j, 0, &plan_in), -EINVAL);
	ck_assert_int_eq(journal_begin(j, 42, &plan_in), 0);
	ck_assert_int_eq(journal_state(j), JOURNAL_PLANNED);
	ck_assert(!expect_plan(j));
	found(JOURNAL_PLANNED, false, -1);
	ck_assert_int_eq(journal_begin(j, 43, &plan_in), ERR_REFUSED);
	ck_assert_int_eq(journal_add(j, more_in, 2), 0);
	ck_assert_int_eq(journal_add(j, more_in, 0), 0);
	ck_assert(expect_plan(j));
	found(JOURNAL_PLANNED, true, -1);
	ck_assert_int_eq(journal_ran(j, 0x8b), 0);
	found(JOURNAL_RAN, true, 0x8b);
	ck_assert_int_eq(journal_wait_status(j), 0x8b);
	ck_assert_int_eq(journal_closed(j), 0);
	found(JOURNAL_CLOSED, true, 0x8b);
	ck_assert_int_eq(journal_add(j, more_in, 2), ERR_REFUSED);
	ck_assert_int_eq(journal_ran(j, 1), ERR_REFUSED);
	ck_assert(expect_plan(j));
	ck_assert_int_eq(journal_done(j), 0);
	ck_assert_int_eq(journal_state(j), JOURNAL_IDLE);
	found(JOURNAL_IDLE, false, -1);
	ck_assert_int_eq(journal_begin(j, 42, &plan_in), -EINVAL);
	journal_free(j);
}
END_TEST

START_TEST(runs_follow_each_other)
{
	struct journal *j = open_journal();
	struct journal_plan small = { .action = "x", .admindir = "y" };

	for (uint64_t id = 1; id < 20; id++) {
		struct journal *k;

		ck_assert_int_eq(journal_begin(j, id, id % 3 == 0 ? &small :
		                               &plan_in), 0);
		ck_assert_int_eq(journal_open(scratch_fd, false, &k), 0);
		ck_assert_uint_eq(journal_id(k), id);
		ck_assert_int_eq(journal_state(k), JOURNAL_PLANNED);
		ck_assert_int_eq(journal_wait_status(k), -1);
		journal_free(k);
		if (id % 2 == 0) {
			ck_assert_int_eq(journal_add(j, more_in, 2), 0);
			ck_assert_int_eq(journal_ran(j, 0), 0);
			ck_assert_int_eq(journal_closed(j), 0);
		}
		ck_assert_int_eq(journal_done(j), 0);
	}
	journal_free(j);
}
END_TEST

START_TEST(sixty_thousand_paths)
{
	const size_t n = 60000;
	struct journal_path *paths = calloc(n, sizeof(*paths));
	struct journal_plan plan = plan_in;
	struct journal *j, *k;
	char text[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "/usr/share/some/folder/%zu/f%zu",
		         i / 100, i);
		paths[i] = (struct journal_path){ strdup(text),
		    IFLAG_IMMUTABLE, i % 1000 == 0, 2049 + i % 2, i };
	}
	plan.paths = paths;
	plan.n_paths = n;
	j = open_journal();
	ck_assert_int_eq(journal_begin(j, 5, &plan), 0);
	ck_assert_int_eq(journal_add(j, more_in, 2), 0);
	ck_assert_int_eq(journal_ran(j, 0), 0);
	ck_assert_int_eq(journal_open(scratch_fd, false, &k), 0);
	ck_assert_uint_eq(journal_plan(k)->n_paths, n + 2);
	for (size_t i = 0; i < n; i++) {
		same_path(&journal_plan(k)->paths[i], &paths[i]);
		same_path(&journal_plan(j)->paths[i], &paths[i]);
		free((char *)paths[i].path);
	}
	same_path(&journal_plan(k)->paths[n + 1], &more_in[1]);
	ck_assert_int_eq(journal_closed(k), 0);
	ck_assert_int_eq(journal_done(k), 0);
	ck_assert_int_eq(journal_begin(j, 6, &plan_in), 0);
	journal_free(k);
	ck_assert_int_eq(journal_open(scratch_fd, false, &k), 0);
	ck_assert(!expect_plan(k));
	journal_free(k);
	journal_free(j);
	free(paths);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
	char *path = malloc(70000);
	struct journal_path p = { .path = path };
	struct journal *j = open_journal();

	memset(path, 'a', 70000);
	path[65535] = '\0';
	ck_assert_int_eq(journal_begin(j, 1, &plan_in), 0);
	ck_assert_int_eq(journal_add(j, &p, 1), 0);
	path[65535] = 'a';
	path[65536] = '\0';
	ck_assert_int_eq(journal_add(j, &p, 1), ERR_LIMIT);
	ck_assert_uint_eq(journal_plan(j)->n_paths, 5);
	journal_free(j);
	free(path);
}
END_TEST

START_TEST(a_full_disk_leaves_the_journal_as_it_was)
{
	struct rlimit old, limit;
	struct journal_plan plan = plan_in;
	char *word = calloc(1, 1u << 20);
	char *words[] = { word };
	struct journal *j = open_journal();
	struct stat st;

	memset(word, 'w', (1u << 20) - 1);
	plan.argv = words;
	plan.argc = 1;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){ 1148576, old.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(journal_begin(j, 42, &plan), -EFBIG);
	ck_assert_int_eq(journal_state(j), JOURNAL_IDLE);
	found(JOURNAL_IDLE, false, -1);
	ck_assert_int_eq(fstatat(scratch_fd, "journal", &st, 0), 0);
	ck_assert_int_eq(st.st_size, 1 << 20);
	ck_assert_int_eq(journal_begin(j, 42, &plan_in), 0);
	found(JOURNAL_PLANNED, false, -1);
	/* the runner writes down every check of this process, too */
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	journal_free(j);
	free(word);
}
END_TEST

START_TEST(others_may_append)
{
	struct journal *outer = open_journal(), *nested;
	const struct journal_plan *seen;
	const struct journal_path *old;

	ck_assert_int_eq(journal_begin(outer, 42, &plan_in), 0);
	ck_assert_int_eq(journal_open(scratch_fd, false, &nested), 0);
	old = journal_plan(outer)->paths;
	ck_assert_int_eq(journal_add(nested, more_in, 1), 0);
	ck_assert_int_eq(journal_ran(outer, 7), 0);
	seen = journal_plan(outer);
	ck_assert_uint_eq(seen->n_paths, 5);
	same_path(&seen->paths[4], &more_in[0]);
	same_path(&old[3], &paths_in[3]);
	ck_assert_int_eq(journal_add(nested, more_in + 1, 1), 0);
	ck_assert_int_eq(journal_state(nested), JOURNAL_RAN);
	ck_assert_int_eq(journal_wait_status(nested), 7);
	ck_assert_int_eq(journal_closed(outer), ERR_BUSY);
	ck_assert_int_eq(journal_done(outer), ERR_BUSY);
	found(JOURNAL_RAN, true, 7);
	ck_assert(expect_plan(outer));
	ck_assert_int_eq(journal_closed(outer), 0);
	ck_assert_int_eq(journal_add(nested, more_in, 1), ERR_REFUSED);
	ck_assert_int_eq(journal_done(outer), 0);
	ck_assert_int_eq(journal_add(nested, more_in, 1), ERR_REFUSED);
	journal_free(nested);
	/* Once its run is over, nobody may end another in its name. */
	ck_assert_int_eq(journal_begin(outer, 43, &plan_in), 0);
	ck_assert_int_eq(journal_open(scratch_fd, false, &nested), 0);
	ck_assert_int_eq(journal_done(outer), 0);
	ck_assert_int_eq(journal_begin(outer, 44, &plan_in), 0);
	ck_assert_int_eq(journal_closed(nested), ERR_REFUSED);
	ck_assert_int_eq(journal_state(outer), JOURNAL_PLANNED);
	journal_free(outer);
	journal_free(nested);
}
END_TEST

/* What a program within the run asks for is told, and not passed over. */
START_TEST(wishes)
{
	struct journal *outer = open_journal(), *nested;

	ck_assert_int_eq(journal_wish(outer, JOURNAL_RELEASED), ERR_REFUSED);
	ck_assert_int_eq(journal_begin(outer, 42, &plan_in), 0);
	ck_assert_int_eq(journal_wished(outer), JOURNAL_NO_WISH);
	ck_assert_int_eq(journal_open(scratch_fd, false, &nested), 0);
	ck_assert_int_eq(journal_wish(nested, JOURNAL_RELEASED), 0);
	ck_assert_int_eq(journal_state(nested), JOURNAL_PLANNED);
	ck_assert_int_eq(journal_ran(outer, 0), 0);
	ck_assert_int_eq(journal_closed(outer), ERR_BUSY);
	ck_assert_int_eq(journal_done(outer), ERR_BUSY);
	ck_assert_int_eq(journal_wished(outer), JOURNAL_RELEASED);
	/* the last one counts */
	ck_assert_int_eq(journal_wish(nested, JOURNAL_ADOPTED), 0);
	ck_assert_int_eq(journal_closed(outer), ERR_BUSY);
	ck_assert_int_eq(journal_wished(outer), JOURNAL_ADOPTED);
	journal_free(nested);
	/* recovery reads it */
	ck_assert_int_eq(journal_open(scratch_fd, false, &nested), 0);
	ck_assert_int_eq(journal_state(nested), JOURNAL_RAN);
	ck_assert_int_eq(journal_done(nested), ERR_BUSY);
	ck_assert_int_eq(journal_wished(nested), JOURNAL_ADOPTED);
	expect_plan(nested);
	ck_assert_int_eq(journal_closed(outer), 0);
	ck_assert_int_eq(journal_wish(nested, JOURNAL_RELEASED), ERR_REFUSED);
	ck_assert_int_eq(journal_done(outer), 0);
	/* it was that run's */
	ck_assert_int_eq(journal_begin(outer, 43, &plan_in), 0);
	ck_assert_int_eq(journal_wished(outer), JOURNAL_NO_WISH);
	ck_assert_int_eq(unlinkat(scratch_fd, "journal", 0), 0);
	ck_assert_int_eq(journal_wished(outer), JOURNAL_FORGOTTEN);
	journal_free(outer);
	journal_free(nested);
}
END_TEST

/* In a process of its own, where ck_assert would write between the lines of
 * the others'. */
static int
append_many(const char *prefix)
{
	struct journal *j;
	char path[64];
	int r = journal_open(scratch_fd, false, &j);

	for (int i = 0; r == 0 && i < 60; i++) {
		struct journal_path p = { .path = path, .ino = (uint64_t)i };

		snprintf(path, sizeof(path), "/%s/%d", prefix, i);
		r = journal_add(j, &p, 1);
	}
	return r == 0 ? 0 : 1;
}

START_TEST(two_appenders_lose_nothing)
{
	struct journal *j = open_journal();
	const struct journal_plan *p;
	size_t of[2] = { 0, 0 };
	pid_t pid[2];
	int status;

	ck_assert_int_eq(journal_begin(j, 42, &plan_in), 0);
	ck_assert_int_eq(journal_add(j, more_in, 0), 0);
	for (int k = 0; k < 2; k++) {
		pid[k] = fork();
		ck_assert_int_ge(pid[k], 0);
		if (pid[k] == 0)
			_exit(append_many(k == 0 ? "a" : "b"));
	}
	for (int k = 0; k < 2; k++) {
		ck_assert_int_eq(waitpid(pid[k], &status, 0), pid[k]);
		ck_assert_int_eq(status, 0);
	}
	/* looking at what others did is not the same as showing it */
	ck_assert_int_eq(journal_ran(j, 0), 0);
	ck_assert_int_eq(journal_closed(j), ERR_BUSY);
	p = journal_plan(j);
	ck_assert_uint_eq(p->n_paths, 4 + 120);
	for (size_t i = 4; i < p->n_paths; i++)
		ck_assert_uint_eq(p->paths[i].ino,
		                  of[p->paths[i].path[1] - 'a']++);
	ck_assert_int_eq(journal_closed(j), 0);
	journal_free(j);
}
END_TEST

/* An image of the file's first bytes after each step of a run. */
enum step { AT_PLAN, AT_OPEN, AT_RAN, AT_CLOSED, AT_DONE, STEPS };

struct images {
	unsigned char before[SMALL];
	unsigned char data[STEPS][SMALL];
	size_t end[STEPS];		/* behind the record of the step */
};

static void
snap(unsigned char *image)
{
	char *data = scratch_read("journal", NULL);

	memcpy(image, data, SMALL);
	free(data);
}

/* Where the last record ends: a record's head of zeros follows. */
static size_t
end_of(const unsigned char *image)
{
	size_t at = JFILE_FIRST;

	for (;;) {
		size_t len = image[at] | (size_t)image[at + 1] << 8;

		if (len == 0)
			return at;
		at += 16 + len + 4;
		ck_assert_uint_lt(at, SMALL - 16);
	}
}

static void
make_images(struct images *m, bool over_older_run)
{
	struct journal *j = open_journal();
	struct journal_path many[12];

	for (size_t i = 0; i < 12; i++) {
		many[i] = paths_in[i % 4];
		many[i].ino = 1000 + i;
	}
	if (over_older_run) {
		ck_assert_int_eq(journal_begin(j, 41, &plan_in), 0);
		for (int i = 0; i < 4; i++)
			ck_assert_int_eq(journal_add(j, many, 12), 0);
		ck_assert_int_eq(journal_done(j), 0);
	}
	snap(m->before);
	ck_assert_int_eq(journal_begin(j, 42, &plan_in), 0);
	snap(m->data[AT_PLAN]);
	ck_assert_int_eq(journal_add(j, more_in, 2), 0);
	snap(m->data[AT_OPEN]);
	ck_assert_int_eq(journal_ran(j, 9), 0);
	snap(m->data[AT_RAN]);
	ck_assert_int_eq(journal_closed(j), 0);
	snap(m->data[AT_CLOSED]);
	ck_assert_int_eq(journal_done(j), 0);
	snap(m->data[AT_DONE]);
	journal_free(j);
	for (int i = 0; i < STEPS; i++)
		m->end[i] = end_of(m->data[i]);
}

/* Writes the image and reads it; a live run must be told rightly. */
static enum journal_state
state_of(const unsigned char *image, size_t n, bool *ret_more)
{
	enum journal_state state;
	struct journal *j;
	int err;

	scratch_write("journal", image, n);
	err = journal_open(scratch_fd, false, &j);
	if (err == ERR_VERSION)
		return JOURNAL_BAD;
	ck_assert_int_eq(err, 0);
	state = journal_state(j);
	*ret_more = false;
	if (state != JOURNAL_IDLE && state != JOURNAL_BAD &&
	    journal_id(j) == 42)
		*ret_more = expect_plan(j);
	else
		ck_assert(state == JOURNAL_IDLE || state == JOURNAL_BAD);
	journal_free(j);
	return state;
}

static const enum journal_state after[] = {
	JOURNAL_PLANNED, JOURNAL_PLANNED, JOURNAL_RAN, JOURNAL_CLOSED,
	JOURNAL_IDLE,
};

static void
tear(const struct images *m)
{
	unsigned char image[SMALL];
	enum journal_state state;
	bool more;

	for (int step = 0; step < STEPS; step++) {
		const unsigned char *old = step == 0 ? m->before :
		    m->data[step - 1];

		for (size_t k = JFILE_FIRST; k < SMALL; k++) {
			memcpy(image, old, SMALL);
			memcpy(image + JFILE_FIRST,
			       m->data[step] + JFILE_FIRST, k - JFILE_FIRST);
			state = state_of(image, SMALL, &more);
			if (memcmp(image, m->data[step], m->end[step]) == 0) {
				ck_assert_int_eq(state, after[step]);
				ck_assert(more == (step >= AT_OPEN &&
				                   step < AT_DONE));
			} else if (step > 0) {
				ck_assert_int_eq(state, after[step - 1]);
				ck_assert(more == (step > AT_OPEN));
			} else if (memcmp(image, old, SMALL) == 0) {
				ck_assert_int_eq(state, JOURNAL_IDLE);
			} else {
				ck_assert(state == JOURNAL_BAD ||
				          state == JOURNAL_IDLE);
				/* a begun PLAN on zeros is seen */
				ck_assert(m->before[JFILE_FIRST] != 0 ||
				          state == JOURNAL_BAD);
			}
		}
	}
}

START_TEST(torn_at_every_byte)
{
	struct images m;

	make_images(&m, false);
	tear(&m);
	ck_assert_int_eq(unlinkat(scratch_fd, "journal", 0), 0);
	make_images(&m, true);
	tear(&m);
}
END_TEST

START_TEST(cut_at_every_byte)
{
	enum journal_state state;
	struct images m;
	bool more;

	make_images(&m, true);
	for (size_t n = 0; n < SMALL; n++) {
		state = state_of(m.data[AT_RAN], n, &more);
		if (n == 0)
			ck_assert_int_eq(state, JOURNAL_IDLE);
		else if (n < m.end[AT_PLAN] && n != JFILE_FIRST)
			ck_assert_int_eq(state, JOURNAL_BAD);
		else if (n >= m.end[AT_PLAN])
			ck_assert_int_eq(state, n < m.end[AT_RAN] ?
			                 JOURNAL_PLANNED : JOURNAL_RAN);
		ck_assert(more == (n >= m.end[AT_OPEN]));
	}
}
END_TEST

/* What a flip at `at` may make of a run that is at `step`. */
static void
expect_flipped(const struct images *m, int step, size_t at,
               enum journal_state state, bool more)
{
	size_t last = step == 0 ? JFILE_FIRST : m->end[step - 1];

	if (at < JFILE_FIRST || at >= m->end[step]) {
		ck_assert(state == after[step] ||
		          (at < JFILE_FIRST && state == JOURNAL_BAD));
	} else if (at < last || step == AT_PLAN) {
		/* damage before a good record, or in the first */
		ck_assert_int_eq(state, JOURNAL_BAD);
	} else {
		/* the last: nothing tells it from a torn one */
		ck_assert_int_eq(state, after[step - 1]);
		ck_assert(more == (step > AT_OPEN));
	}
}

START_TEST(flipped_at_every_byte)
{
	static const unsigned char masks[] = { 0x01, 0x80, 0xff };
	unsigned char image[SMALL];
	enum journal_state state;
	struct images m;
	bool more;

	for (int older = 0; older < 2; older++) {
		make_images(&m, older != 0);
		for (int step = 0; step < STEPS; step++)
			for (size_t at = 0; at < m.end[step] + 40; at++) {
				memcpy(image, m.data[step], SMALL);
				image[at] ^= masks[at % 3];
				state = state_of(image, SMALL, &more);
				expect_flipped(&m, step, at, state, more);
			}
		ck_assert_int_eq(unlinkat(scratch_fd, "journal", 0), 0);
	}
}
END_TEST

START_TEST(lost_blocks_are_damage_or_the_past)
{
	unsigned char image[SMALL];
	enum journal_state state;
	struct images m;
	bool more;

	make_images(&m, false);
	for (size_t at = JFILE_FIRST; at < m.end[AT_CLOSED]; at += 8)
		for (size_t n = 8; n < 600; n += 40) {
			memcpy(image, m.data[AT_CLOSED], SMALL);
			memset(image + at, 0, n);
			state = state_of(image, SMALL, &more);
			if (memcmp(image, m.data[AT_CLOSED], SMALL) != 0 &&
			    at + n < m.end[AT_RAN])
				ck_assert_int_eq(state, JOURNAL_BAD);
		}
}
END_TEST

START_TEST(a_torn_record_is_written_over)
{
	unsigned char image[SMALL];
	struct images m;
	struct journal *j;

	make_images(&m, true);
	for (size_t k = m.end[AT_PLAN]; k < m.end[AT_OPEN]; k++) {
		memcpy(image, m.data[AT_PLAN], SMALL);
		memcpy(image, m.data[AT_OPEN], k);
		scratch_write("journal", image, SMALL);
		ck_assert_int_eq(journal_open(scratch_fd, false, &j), 0);
		ck_assert_int_eq(journal_ran(j, 3), 0);
		found(JOURNAL_RAN, false, 3);
		ck_assert_int_eq(journal_add(j, more_in, 2), 0);
		found(JOURNAL_RAN, true, 3);
		ck_assert_int_eq(journal_done(j), 0);
		journal_free(j);
	}
}
END_TEST

START_TEST(noise_is_never_a_run)
{
	unsigned char image[SMALL];
	unsigned int state = 1;
	struct images m;
	bool more;

	make_images(&m, true);
	for (int i = 0; i < 3000; i++) {
		memcpy(image, m.data[i % STEPS], SMALL);
		for (int k = 0; k < 1 + i % 4; k++)
			image[scratch_random(&state, SMALL)] =
			    (unsigned char)scratch_random(&state, 256);
		state_of(image, SMALL, &more);
	}
	for (size_t i = 0; i < SMALL; i++)
		image[i] = (unsigned char)scratch_random(&state, 256);
	ck_assert_int_eq(state_of(image, SMALL, &more), JOURNAL_BAD);
	memset(image, 0, SMALL);
	ck_assert_int_eq(state_of(image, SMALL, &more), JOURNAL_IDLE);
	memset(image, '\n', SMALL);
	ck_assert_int_eq(state_of(image, SMALL, &more), JOURNAL_BAD);
}
END_TEST

START_TEST(a_blank_file_can_be_used)
{
	struct journal *j;

	scratch_write("journal", "", 0);
	j = open_journal();
	ck_assert_int_eq(journal_state(j), JOURNAL_IDLE);
	ck_assert_int_eq(journal_begin(j, 42, &plan_in), 0);
	found(JOURNAL_PLANNED, false, -1);
	journal_free(j);
}
END_TEST

START_TEST(a_newer_version_is_told)
{
	unsigned char image[SMALL] = "dpkg-immutable journal 2\nwhatever";
	struct journal *j = NULL;

	scratch_write("journal", image, SMALL);
	ck_assert_int_eq(journal_open(scratch_fd, true, &j), ERR_VERSION);
	ck_assert_ptr_null(j);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	struct journal *j = NULL;

	ck_assert_int_eq(symlinkat("elsewhere", scratch_fd, "journal"), 0);
	ck_assert_int_eq(journal_open(scratch_fd, true, &j), ERR_NOT_REGULAR);
	ck_assert_int_ne(faccessat(scratch_fd, "elsewhere", F_OK, 0), 0);
	ck_assert_int_eq(unlinkat(scratch_fd, "journal", 0), 0);
	ck_assert_int_eq(mkfifoat(scratch_fd, "journal", 0600), 0);
	ck_assert_int_eq(journal_open(scratch_fd, true, &j), ERR_NOT_REGULAR);
	ck_assert_int_eq(unlinkat(scratch_fd, "journal", 0), 0);
	ck_assert_int_eq(mkdirat(scratch_fd, "journal", 0700), 0);
	ck_assert_int_eq(journal_open(scratch_fd, true, &j), ERR_NOT_REGULAR);
}
END_TEST

START_TEST(a_bad_one_is_set_aside)
{
	struct journal *j, *stale;
	char *text;

	scratch_text("journal.bad", "older");
	scratch_text("journal", "no journal");
	ck_assert_int_eq(journal_open(scratch_fd, false, &j), 0);
	ck_assert_int_eq(journal_open(scratch_fd, false, &stale), 0);
	ck_assert_int_eq(journal_state(j), JOURNAL_BAD);
	ck_assert_ptr_null(journal_plan(j));
	ck_assert_int_eq(journal_begin(j, 1, &plan_in), ERR_REFUSED);
	ck_assert_int_eq(journal_set_aside(j), 0);
	ck_assert_int_eq(journal_state(j), JOURNAL_IDLE);
	text = scratch_read("journal.bad", NULL);
	ck_assert_str_eq(text, "no journal");
	free(text);
	ck_assert_int_eq(journal_begin(j, 42, &plan_in), 0);
	found(JOURNAL_PLANNED, false, -1);
	ck_assert_int_eq(journal_begin(stale, 43, &plan_in), -ESTALE);
	journal_free(j);
	journal_free(stale);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("journal");
	TCase *t = tcase_create("journal");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, scratch_open, scratch_close);
	tcase_add_test(t, a_new_one_is_idle);
	tcase_add_test(t, a_run_from_begin_to_done);
	tcase_add_test(t, runs_follow_each_other);
	tcase_add_test(t, sixty_thousand_paths);
	tcase_add_test(t, a_path_that_is_too_long_is_refused);
	tcase_add_test(t, a_full_disk_leaves_the_journal_as_it_was);
	tcase_add_test(t, others_may_append);
	tcase_add_test(t, wishes);
	tcase_add_test(t, two_appenders_lose_nothing);
	tcase_add_test(t, torn_at_every_byte);
	tcase_add_test(t, cut_at_every_byte);
	tcase_add_test(t, flipped_at_every_byte);
	tcase_add_test(t, lost_blocks_are_damage_or_the_past);
	tcase_add_test(t, a_torn_record_is_written_over);
	tcase_add_test(t, noise_is_never_a_run);
	tcase_add_test(t, a_blank_file_can_be_used);
	tcase_add_test(t, a_newer_version_is_told);
	tcase_add_test(t, what_is_no_file_is_refused);
	tcase_add_test(t, a_bad_one_is_set_aside);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
