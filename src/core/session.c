/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "file.h"
#include "hook.h"
#include "keeper.h"
#include "log.h"
#include "self.h"
#include "strmap.h"

#define ADMINDIR "/var/lib/dpkg"
#define LAST_CONF "conf.last"
#define NEWER "flags are set, and nothing is recorded"

static char *
join(const char *a, const char *b)
{
	char *s;

	return asprintf(&s, "%s%s", a, b) < 0 ? NULL : s;
}

/* Is the database in use another one than the adopted one? To take ours for
 * another's would leave what it installs open: -errno where we can't tell. */
static int
other_db(const struct session *s)
{
	struct stat st, adopted;
	int fd, r;

	if (s->state == NULL || stat(s->admindir, &st) < 0)
		return 0;
	/* the folder itself may have been moved behind a link of root's */
	r = root_open_dir(s->root, s->state->admindir, &fd);
	if (err_passes(r) || r == -EPERM)
		return r;
	if (r < 0)
		return 1;
	r = fstat(fd, &adopted) < 0 ? -errno :
	    adopted.st_ino != st.st_ino || adopted.st_dev != st.st_dev;
	close(fd);
	return r;
}

static void
warn_diag(const struct diag *d, const char *after)
{
	char text[600];

	diag_text(d, text, sizeof(text));
	log_warn("%s; %s", text, after);
}

/* The program of this machine, whatever root we work on; zeros where there is
 * none. False: it can't be told. */
static bool
own_program(uint64_t *ret_dev, uint64_t *ret_ino)
{
	struct stat st;

	*ret_dev = *ret_ino = 0;
	if (stat(SELF_ENGINE, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR;
	*ret_dev = st.st_dev;
	*ret_ino = st.st_ino;
	return true;
}

/* The inode that runs cannot be given to another file. */
bool
session_replaced(const struct session *s)
{
	uint64_t dev, ino;

	return own_program(&dev, &ino) && s->own_ino != 0 &&
	       (dev != s->own_dev || ino != s->own_ino);
}

static int
open_steps(struct session *s, const char *admindir, struct diag *diag)
{
	struct diag d = { .line = 0 };
	int r = root_new(s->instdir, &s->root);

	if (r < 0)
		return diag_set(diag, r, s->instdir, 0, "%s", err_text(r));
	r = state_open(s->root, &s->state, &d);
	/* closed to all but root; other readers do what they can */
	if (r == -EACCES && geteuid() != 0)
		r = -ENOENT;
	if (r < 0 && r != -ENOENT)
		return r;
	s->newer = r == 0 && s->state->damaged == ERR_VERSION;
	if (s->newer)
		warn_diag(&d, NEWER);
	else if (r == 0 && s->state->damaged < 0)
		warn_diag(&d, "going on without; dpkg-immutable --adopt "
		          "writes a damaged marker anew");
	if (admindir != NULL)
		s->admindir = strdup(admindir);
	else
		s->admindir = join(s->instdir, s->state != NULL ?
		                   s->state->admindir : ADMINDIR);
	if (s->admindir == NULL)
		return -ENOMEM;
	r = other_db(s);
	if (r < 0)
		return diag_set(diag, r, s->admindir, 0, "%s", err_text(r));
	s->guest_db = r > 0;
	return 0;
}

int
session_open(const char *instdir, const char *admindir,
             struct session **ret, struct diag *diag)
{
	struct session *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (s == NULL)
		return r;
	s->db_fd = s->before_fd = -1;
	(void)own_program(&s->own_dev, &s->own_ino);
	s->instdir = instdir;
	s->guest = instdir[0] != '\0';
	s->arena = arena_new();
	s->ledgers = strmap_new();
	s->spoiled = strmap_new();
	hook_time("begun");
	if (s->arena != NULL && s->ledgers != NULL && s->spoiled != NULL)
		r = open_steps(s, admindir, diag);
	hook_time("session opened");
	if (r < 0) {
		session_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void
drop_db(struct dpkgdb **db, int *fd)
{
	dpkgdb_free(*db);
	*db = NULL;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	due_free(s->due);
	due_facts_free(s->facts);
	session_forget_ledgers(s);
	strmap_free(s->ledgers);
	strmap_free(s->spoiled);
	foreign_free(s->foreign);
	index_free(s->index);
	drop_db(&s->before, &s->before_fd);
	drop_db(&s->db, &s->db_fd);
	mounts_free(s->mounts);
	conf_free(s->conf);
	state_free(s->state);
	root_free(s->root);
	arena_free(s->arena);
	free(s->admindir);
	free(s);
	hook_time("freed");
}

/* Keeps a copy of a configuration that was good, for the day that it isn't. */
void
session_keep_conf(struct session *s)
{
	struct buf now, old;

	if (!s->keeps_conf || s->state == NULL || s->state->run_fd < 0 ||
	    s->state->lock_fd < 0)
		return;
	buf_init(&now, 0);
	buf_init(&old, 1 << 20);
	if (conf_format(s->conf, &now) == 0) {
		int r = file_read(s->state->run_fd, LAST_CONF, &old);

		if (r < 0 || old.len != now.len ||
		    memcmp(old.data, now.data, now.len) != 0)
			file_replace(s->state->run_fd, LAST_CONF, now.data,
			             now.len, 0600, 0);
	}
	buf_free(&old);
	buf_free(&now);
}

static int
last_conf(struct session *s)
{
	struct buf text;
	int r = -ENOENT;

	buf_init(&text, 1 << 20);
	if (s->state != NULL && s->state->run_fd >= 0)
		r = file_read(s->state->run_fd, LAST_CONF, &text);
	if (r == 0)
		r = conf_parse(LAST_CONF, text.data != NULL ? text.data : "",
		               text.len, &s->conf, NULL);
	buf_free(&text);
	return r;
}

int
session_conf(struct session *s, const char *file, bool lenient,
             struct diag *diag)
{
	struct diag d = { .line = 0 };
	int r = conf_load(root_fd(s->root), s->guest, file, &s->conf, &d);

	if (r == 0) {
		s->keeps_conf = file == NULL;
		session_keep_conf(s);
		return 0;
	}
	if (!lenient) {
		if (diag != NULL)
			*diag = d;
		return r;
	}
	r = last_conf(s);
	warn_diag(&d, r == 0 ? "going on with the last good configuration" :
	          "going on with the defaults");
	if (r < 0)
		s->conf = conf_defaults();
	return s->conf == NULL ? -ENOMEM : 0;
}

static int
load_records(struct session *s, struct diag *diag)
{
	struct diag d = { .line = 0 };
	int r = -ENOENT, e;

	if (s->state == NULL || s->state->ledger_fd < 0)
		return diag_set(diag, r, STATE_DIR "/ledger", 0, "%s",
		                err_text(r));
	r = foreign_load(s->state->ledger_fd, &s->foreign, diag);
	if (err_passes(r))
		return r;
	/* one may be good where the other is not */
	e = index_load(s->state->ledger_fd, &s->index, &d);
	if (r < 0 && e != ERR_VERSION && !err_passes(e))
		return r;
	*diag = d;
	return e;
}

int
session_records(struct session *s, bool lenient, struct diag *diag)
{
	struct diag d = { .line = 0 };
	int r = load_records(s, &d);

	/* What can't be read for the moment is not lost: to make it anew would
	 * be to forget what is off, and whose flags are not ours. */
	if (r < 0 && (!lenient || err_passes(r))) {
		if (diag != NULL)
			*diag = d;
		return r;
	}
	if (r == ERR_VERSION)
		s->newer = true;
	/* of the state folder as a whole it was said already */
	if (r < 0 && (s->state == NULL || s->state->damaged != ERR_VERSION))
		warn_diag(&d, s->newer ? NEWER :
		          "what was recorded is made anew");
	s->records_lost = r < 0;
	if (s->index == NULL)
		s->index = index_new();
	if (s->foreign == NULL)
		s->foreign = foreign_new();
	hook_time("records read");
	return s->index == NULL || s->foreign == NULL ? -ENOMEM : 0;
}

int
session_db(struct session *s, struct diag *diag)
{
	struct dpkgdb *db;
	int fd = open(s->admindir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return diag_set(diag, -errno, s->admindir, 0, "%s",
		                strerror(errno));
	r = dpkgdb_load(fd, &db, diag);
	hook_time("database read");
	if (r < 0) {
		close(fd);
		return r;
	}
	if (s->db == NULL && s->index != NULL)
		s->diverted_since = !index_diversions_current(s->index, fd);
	drop_db(&s->before, &s->before_fd);
	s->before = s->db;
	s->before_fd = s->db_fd;
	s->db = db;
	s->db_fd = fd;
	/* Facts are of one database. Without them there is enough to look at
	 * flags; session_due adds the rest. */
	due_free(s->due);
	s->due = NULL;
	due_facts_free(s->facts);
	s->facts = NULL;
	return due_new(NULL, s->root, &s->due);
}

static int
count_key(void *ctx, const char *key)
{
	(void)key;
	++*(size_t *)ctx;
	return 0;
}

/* Without an index the ledgers themselves tell. */
static int
count_recorded(const struct session *s, size_t *ret)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < s->index->n_rows; i++)
		n += s->index->rows[i].state > PKG_CONFIG_FILES;
	if (s->index->n_rows == 0 && s->state != NULL &&
	    s->state->ledger_fd >= 0)
		r = ledger_each(s->state->ledger_fd, count_key, &n);
	if (r == 0)
		*ret = n;
	return r;
}

/* To dpkg a status that is not there is one without packages. */
int
session_populated(const struct session *s, struct diag *diag)
{
	size_t recorded = 0;
	int r;

	if (s->guest_db || s->index == NULL)
		return 0;
	for (size_t i = 0; i < s->db->n_packages; i++)
		if (s->db->packages[i].state > PKG_CONFIG_FILES)
			return 0;
	r = count_recorded(s, &recorded);
	if (r < 0)
		return diag_set(diag, r, STATE_DIR "/ledger", 0, "%s",
		                err_text(r));
	return recorded == 0 ? 0 :
	       diag_set(diag, ERR_REFUSED, s->admindir, 0, "dpkg's status has "
	                "no package, and %zu %s recorded: is it the right one, "
	                "and mounted? status-old is the one before; "
	                "dpkg-immutable --release gives up what is recorded",
	                recorded, recorded == 1 ? "is" : "are");
}

int
session_reroot(struct session *s, struct diag *diag)
{
	struct root *fresh;
	int r = root_new(s->instdir, &fresh);

	if (r < 0)
		return diag_set(diag, r, s->instdir, 0, "%s", err_text(r));
	due_free(s->due);
	s->due = NULL;
	due_facts_free(s->facts);
	s->facts = NULL;
	mounts_free(s->mounts);
	s->mounts = NULL;
	root_free(s->root);
	s->root = fresh;
	if (s->state != NULL)
		s->state->root = fresh;
	return 0;
}

int
session_due(struct session *s, struct diag *diag)
{
	int r;

	due_free(s->due);
	s->due = NULL;
	due_facts_free(s->facts);
	s->facts = NULL;
	r = due_facts_new(s->db, s->conf, s->root, &s->facts, diag);
	hook_time("conffiles found");
	return r < 0 ? r : due_new(s->facts, s->root, &s->due);
}

size_t
session_jobs(const struct session *s, size_t n)
{
	struct rlimit fds;
	cpu_set_t cpus;
	size_t jobs = 1;

	if (s->conf != NULL && s->conf->jobs > 0)
		jobs = (size_t)s->conf->jobs;
	else if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		jobs = (size_t)CPU_COUNT(&cpus);
	if (jobs > n)
		jobs = n;
	if (getrlimit(RLIMIT_NOFILE, &fds) == 0 &&
	    jobs > fds.rlim_cur / SESSION_JOB_FDS)
		jobs = (size_t)(fds.rlim_cur / SESSION_JOB_FDS);
	if (jobs > SESSION_JOBS_MAX)
		jobs = SESSION_JOBS_MAX;
	return jobs == 0 ? 1 : jobs;
}

struct session_cached {
	struct session_cached *next;
	struct ledger *ledger;
};

struct ledger *
session_ledger(struct session *s, const char *key)
{
	struct ledger *l = NULL;
	struct diag d = { .line = 0 };
	uintptr_t found;
	struct session_cached *c;
	char *copy;
	int r;

	if (s->ledgers == NULL || key[0] == '\0')
		return NULL;
	if (strmap_get(s->ledgers, key, &found))
		return (struct ledger *)found;
	if (s->state == NULL || s->state->ledger_fd < 0)
		return NULL;
	r = ledger_load(s->state->ledger_fd, key, &l, &d);
	if (err_passes(r))
		s->unread = r;
	if (r == ERR_VERSION)
		s->newer = true;
	if (r < 0 && r != -ENOENT)
		warn_diag(&d, "this ledger is not used");
	copy = arena_strdup(s->arena, key);
	c = arena_alloc(s->arena, sizeof(*c));
	if (copy == NULL || c == NULL ||
	    strmap_put(s->ledgers, copy, (uintptr_t)l) < 0) {
		ledger_free(l);
		return NULL;
	}
	c->ledger = l;
	c->next = s->cached;
	s->cached = c;
	return l;
}

int
session_unread(const struct session *s, struct diag *diag)
{
	return s->unread == 0 ? 0 :
	       diag_set(diag, s->unread, STATE_DIR "/ledger", 0, "%s; one that "
	                "stays unreadable can be removed, it is written anew",
	                err_text(s->unread));
}

void
session_forget_ledgers(struct session *s)
{
	for (struct session_cached *c = s->cached; c != NULL; c = c->next)
		ledger_free(c->ledger);
	s->cached = NULL;
	strmap_free(s->ledgers);
	s->ledgers = strmap_new();
	s->unread = 0;
}

int
session_admin_open(const struct session *s, const char *name, int flags)
{
	int dir = open(s->admindir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (dir < 0)
		return -errno;
	fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		fd = -errno;
	close(dir);
	return fd;
}

/* The place itself, or where it is yet to be made: all of that then. */
static struct sandbox_place
place_of(int above, const char *name)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = above < 0 ? -1 : openat(above, name, flags);

	if (fd < 0 && above >= 0)
		fd = dup(above);
	return (struct sandbox_place){ .fd = fd };
}

static int
open_log(struct session *s, int flags)
{
	int dir, fd = root_open_dir(s->root, "/var/log", &dir);

	if (fd < 0)
		return fd;
	fd = openat(dir, "dpkg-immutable.log", flags | O_NOFOLLOW | O_CLOEXEC,
	            0640);
	close(dir);
	return fd;
}

/*
 * State folder and run folder with those above them, where they are made and
 * removed; dpkg's lock-frontend; the log. All of our other files are open by
 * now.
 */
static void
confine(struct session *s)
{
	enum { PLACES = 6 };
	struct sandbox_place p[PLACES] = {
		{ .fd = -1, .folders_only = true },
		{ .fd = -1, .folders_only = true }
	};

	if (root_open_dir(s->root, "/var/lib", &p[0].fd) < 0)
		p[0].fd = -1;
	p[1].fd = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);
	p[2] = place_of(p[0].fd, "dpkg-immutable");
	p[3] = place_of(p[1].fd, "dpkg-immutable");
	p[4].fd = session_admin_open(s, "lock-frontend", O_PATH);
	p[5].fd = open_log(s, O_PATH);
	keeper_confine(p, PLACES);
	for (size_t i = 0; i < PLACES; i++)
		if (p[i].fd >= 0)
			close(p[i].fd);
}

void
session_log_again(struct session *s)
{
	unsigned int where = s->conf != NULL ? s->conf->log : LOG_TO_FILE;
	int fd = -1;

	if (where & LOG_TO_FILE)
		fd = open_log(s, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK);
	log_open(fd < 0 ? -1 : fd, where);
}

void
session_log(struct session *s)
{
	session_log_again(s);
	confine(s);
}
