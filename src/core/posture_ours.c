/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Is all of ours in place: state, programs, diversions, history, audits? */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audited.h"
#include "digest.h"
#include "file.h"
#include "history.h"
#include "iflag.h"
#include "journal.h"
#include "log.h"
#include "posture_priv.h"
#include "remounted_priv.h"
#include "self.h"

#define DAY ((int64_t)24 * 60 * 60)
#define AUDIT_DAYS 15	/* the timer's is a week: two in a row were missed */
#define STAMP_MADE 60	/* seconds of a stamp's birth: none has elapsed since */

static bool
tell_adopted(struct posture *p)
{
	const struct state *s = p->s->state;
	struct posture_line line = {
		.id = "adopted", .subject = STATE_DIR, .state = POSTURE_OK,
		.seen = "adopted",
		.why = "only an adopted root is protected"
	};
	const char *adopt = posture_text(p, "%s --adopt", posture_engine(p));
	bool usable = s != NULL && s->damaged == 0;

	if (s == NULL && geteuid() != 0) {
		line.state = POSTURE_UNKNOWN;
		line.seen = "only root can tell";
		line.keep = "ask again as root";
	} else if (s == NULL) {
		line.state = POSTURE_BAD;
		line.seen = "not adopted";
		line.mend = adopt;
	} else if (s->damaged == ERR_VERSION) {
		line.state = POSTURE_BAD;
		line.seen = "of a newer format than this program knows";
		line.keep = "a newer dpkg-immutable";
	} else if (s->damaged < 0) {
		line.state = POSTURE_BAD;
		line.seen = posture_text(p, "the marker can't be believed: %s",
		                         err_text(s->damaged));
		line.mend = adopt;
	} else if (state_unguarded(s)) {
		line.state = POSTURE_BAD;
		line.seen = "marker and state folder are not immutable, as "
		    "in a copy of a root";
		line.mend = adopt;
	}
	posture_tell(p, &line);
	return usable;
}

/* NULL, or what is wrong with the i-th of our programs. */
static const char *
wrong(struct posture *p, size_t i, const struct digest *shim,
      struct digest *ret, bool *ret_flag)
{
	struct fskind kind;
	struct node n;
	int fd, r = self_open(p->s->root, self_paths[i], &fd, &n);

	*ret_flag = false;
	if (r < 0)
		return r == -ENOENT ? "another file, or gone" : err_text(r);
	r = digest_fd(fd, DIGEST_SHA256, ret, NULL);
	if (r == 0)
		r = fskind_of(fd, &kind);
	close(fd);
	if (r < 0)
		return err_text(r);
	if (shim != NULL && self_is_shim(i) &&
	    memcmp(shim->bytes, ret->bytes, digest_size(DIGEST_SHA256)) != 0)
		return "not the same as " SELF_SHIM;
	*ret_flag = true;
	return !kind.flags || kind.read_only || p->live ||
	    (iflag_of_node(&n, true) & IFLAG_IMMUTABLE) != 0 ? NULL :
	    "not immutable";
}

/* debconf need not be installed; all the others are dpkg's. */
static bool
is_wanted(struct posture *p, size_t i)
{
	return strcmp(self_paths[i], "/usr/sbin/dpkg-reconfigure") != 0 ||
	    posture_exists(p, self_paths[i]) ||
	    posture_exists(p, posture_text(p, "%s.distrib", self_paths[i]));
}

static size_t
tell_diversions(struct posture *p)
{
	struct posture_line line = {
		.id = "diversions", .state = POSTURE_BAD,
		.why = "without it the package's next upgrade puts the real "
		    "program where ours stands, and nothing is opened for it",
		.seen = "the diversion is not there"
	};
	size_t bad = 0, n = 0;

	line.mend = posture_text(p, "dpkg-immutable-divert add%s%s",
	    p->s->guest ? " --root=" : "", p->s->guest ?
	    posture_word(p, p->s->instdir) : "");
	for (size_t i = 0; i < SELF_COUNT; i++) {
		if (!self_is_shim(i) || !is_wanted(p, i))
			continue;
		n++;
		if (self_is_diverted(p->s->db, self_paths[i]))
			continue;
		bad++;
		line.subject = self_paths[i];
		posture_tell(p, &line);
	}
	if (bad > 0)
		return bad;
	line.state = POSTURE_OK;
	line.mend = line.subject = NULL;
	line.seen = posture_text(p, "%zu of dpkg's programs are diverted", n);
	posture_tell(p, &line);
	return 0;
}

static void
tell_programs(struct posture *p)
{
	struct posture_line line = {
		.id = "programs", .state = POSTURE_BAD,
		.why = "they alone open and close files; a dpkg that is not "
		    "ours fails over flags, and removes in silence"
	};
	struct digest shim, other;
	size_t bad = 0;
	bool flag, known = false;

	for (size_t i = 0; i < SELF_COUNT; i++)
		if (strcmp(self_paths[i], SELF_SHIM) == 0)
			known = wrong(p, i, NULL, &shim, &flag) == NULL ||
			    flag;
	for (size_t i = 0; i < SELF_COUNT; i++) {
		if (!is_wanted(p, i) || (self_is_shim(i) &&
		    !self_is_diverted(p->s->db, self_paths[i])))
			continue;
		line.seen = wrong(p, i, known ? &shim : NULL, &other, &flag);
		if (line.seen == NULL)
			continue;
		bad++;
		line.subject = self_paths[i];
		line.mend = flag ? posture_text(p, "%s --adopt",
		                                posture_engine(p)) :
		    self_is_shim(i) && known ?
		    posture_text(p, "dpkg-immutable-divert add%s%s",
		                 p->s->guest ? " --root=" : "", p->s->guest ?
		                 posture_word(p, p->s->instdir) : "") :
		    posture_text(p, "%s install --reinstall dpkg-immutable",
		                 posture_apt_get(p));
		posture_tell(p, &line);
	}
	if (bad > 0)
		return;
	line.state = POSTURE_OK;
	line.mend = line.subject = NULL;
	line.seen = "all in place and immutable";
	posture_tell(p, &line);
}

/* NULL: nothing is open in it. */
static const char *
open_run(int err, struct journal *j)
{
	enum journal_state state;

	if (err < 0)
		return err == -ENOENT ? NULL : err_text(err);
	state = journal_state(j);
	journal_free(j);
	return state == JOURNAL_IDLE ? NULL : state == JOURNAL_BAD ?
	    "its journal is damaged" : "it was cut short";
}

static void
tell_run(struct posture *p)
{
	struct state *s = p->s->state;
	struct posture_line line = {
		.id = "run", .state = POSTURE_OK, .seen = "the last run ended",
		.why = "what a run has opened stays open until its end"
	};
	struct journal *j = NULL;
	const char *open;
	int r;

	if (p->live) {
		line.state = POSTURE_NOTE;
		line.seen = "a run is under way";
		posture_tell(p, &line);
		return;
	}
	r = s->run_fd < 0 ? -ENOENT : journal_open(s->run_fd, false, &j);
	open = open_run(r, j);
	if (open == NULL) {
		r = state_other_journal(s, &j);
		open = open_run(r, j);
	}
	if (open != NULL) {
		line.state = POSTURE_BAD;
		line.seen = posture_text(p, "the last run: %s", open);
		line.mend = posture_text(p, "%s --recover",
		                         posture_engine(p));
	}
	posture_tell(p, &line);
}

/* Which file systems a record names; "" if it can't be read. */
static const char *
recorded(struct posture *p, int dir, const char *name)
{
	struct remounted *m = calloc(1, sizeof(*m));
	const char *paths = "";
	struct buf text;

	buf_init(&text, REMOUNTED_TEXT);
	if (m == NULL)
		p->err = -ENOMEM;
	else if (file_read(dir, name, &text) == 0 && text.len > 0 &&
	         remounted_parse(name, text.data, text.len, m, NULL) == 0)
		for (size_t i = 0; i < m->n; i++)
			paths = posture_text(p, "%s %s", paths,
			                     m->rows[i].path);
	buf_free(&text);
	free(m);
	return paths;
}

/* File systems that a run has made writable, and nobody closed again. */
static void
tell_remounted(struct posture *p)
{
	struct posture_line line = {
		.id = "remounted", .subject = STATE_RUN, .state = POSTURE_OK,
		.seen = "no file system is left writable",
		.why = "what a run made writable stays so until nobody uses "
		    "what it replaced"
	};
	int fd = posture_open(p, STATE_RUN, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	const char *paths = "";
	size_t n = 0;

	if (dir == NULL && fd >= 0)
		close(fd);
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (strncmp(e->d_name, "remounted-", 10) != 0)
			continue;
		n++;
		paths = posture_text(p, "%s%s", paths,
		                     recorded(p, fd, e->d_name));
	}
	if (dir != NULL)
		closedir(dir);
	if (fd < 0 && fd != -ENOENT) {
		line.state = POSTURE_UNKNOWN;
		line.seen = err_text(fd);
	}
	if (n > 0 && !p->live) {
		line.state = POSTURE_BAD;
		line.seen = posture_text(p, "a run has left writable what is "
		                         "to be read-only:%s", paths);
		line.mend = posture_text(p, "%s --recover",
		                         posture_engine(p));
		line.keep = "where it is busy: its log names the processes to "
		    "restart";
	}
	posture_tell(p, &line);
}

/* 1: the log can only be added to, or its file system has no such flag. */
static int
is_append_only(int history)
{
	int fd = openat(history, "log", O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	                O_NOCTTY | O_CLOEXEC), r;
	unsigned int flags;

	if (fd < 0)
		return -errno;
	r = iflag_get(fd, &flags);
	close(fd);
	if (r == ERR_UNSUPPORTED)
		return 1;
	return r < 0 ? r : (flags & IFLAG_APPEND) != 0;
}

static void
tell_history(struct posture *p)
{
	struct posture_line line = {
		.id = "history", .subject = STATE_DIR "/history/log",
		.state = POSTURE_OK,
		.why = "it tells who changed what, and binds the records"
	};
	struct history_ledgers *h = NULL;
	struct diag d = { .line = 0 };
	char text[600];
	int fd = p->s->state->history_fd;
	int append = fd < 0 ? -ENOENT : is_append_only(fd);
	int r = append < 0 ? append : history_ledgers(fd, &h, &d);

	if (r == 0) {
		line.seen = posture_text(p, "whole; its head is %.16s",
		                         history_ledgers_head(h));
	} else if (r == -ENOENT) {
		line.state = POSTURE_BAD;
		line.seen = "there is none";
		line.mend = posture_text(p, "%s --adopt", posture_engine(p));
	} else {
		diag_text(&d, text, sizeof(text));
		line.state = r > 0 ? POSTURE_BAD : POSTURE_UNKNOWN;
		line.seen = r > 0 ? posture_text(p, "its chain is broken: %s",
		                                 text) : err_text(r);
		/* no command: it would take over what an intruder changed */
		line.keep = r > 0 ? posture_text(p, "find out why, by %s "
		    "--history --check; then --protect -a --accept takes over "
		    "what is there", posture_engine(p)) : NULL;
	}
	history_ledgers_free(h);
	if (r == 0 && append == 0) {
		line.state = POSTURE_BAD;
		line.seen = "not append-only";
		line.mend = posture_text(p, "chattr +a %s",
		                         posture_path(p, line.subject));
	}
	posture_tell(p, &line);
}

static int64_t
adopted_at(const struct posture *p)
{
	struct stat st;

	return fstatat(p->s->state->dir_fd, "adopted", &st,
	               AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mtim.tv_sec : 0;
}

/*
 * When the weekly timer last began an audit; 0: never. systemd makes the stamp
 * when it first starts the timer, and touches it each time that it elapses.
 */
static int64_t
timer_began(struct posture *p)
{
	int fd = posture_open(p, "/var/lib/systemd/timers/"
	                      "stamp-dpkg-immutable-verify.timer", O_PATH);
	struct statx st;
	int64_t when, earliest = adopted_at(p);
	bool known;

	if (fd < 0)
		return 0;
	known = statx(fd, "", AT_EMPTY_PATH, STATX_MTIME | STATX_BTIME,
	              &st) == 0 && (st.stx_mask & STATX_MTIME) != 0;
	close(fd);
	if (!known)
		return 0;
	when = st.stx_mtime.tv_sec;
	if ((st.stx_mask & STATX_BTIME) == 0)
		earliest += DAY;	/* the package's timer starts with it */
	else if (when - st.stx_btime.tv_sec >= 0 &&
	         when - st.stx_btime.tv_sec < STAMP_MADE)
		return 0;
	return when >= earliest && when <= p->job->now ? when : 0;
}

/* By age alone. What the timer began excuses what could not note its end, but
 * is no word on how that was. */
static void
judge_age(struct posture *p, int64_t last, struct posture_line *line)
{
	int64_t oldest = p->job->now - AUDIT_DAYS * DAY;
	int64_t began = last >= oldest && last > 0 ? 0 : timer_began(p);
	char when[LOG_TIME_SIZE];

	log_time((time_t)(began > last ? began : last), when);
	if (began > 0 && began >= oldest) {
		line->state = POSTURE_NOTE;
		line->seen = posture_text(p, "the timer began one at %s, and "
		                          "it noted no end", when);
		line->keep = "how it ended: journalctl -u "
		    "dpkg-immutable-verify";
	} else if (last == 0 && began == 0) {
		line->state = adopted_at(p) < oldest ? POSTURE_BAD :
		    POSTURE_NOTE;
		line->seen = "there was none yet";
	} else {
		line->state = last >= oldest ? POSTURE_OK : POSTURE_BAD;
		line->seen = posture_text(p, "the last was at %s%s", when,
		                          last >= oldest ? ", and clean" : "");
	}
}

static void
tell_audit(struct posture *p)
{
	struct posture_line line = {
		.id = "audit", .state = POSTURE_BAD,
		.why = "what somebody changed past the flags is found by "
		    "nothing else"
	};
	struct audited a = { .time = 0 };
	int r = audited_read(p->s->state, &a);
	char when[LOG_TIME_SIZE];

	log_time((time_t)a.time, when);
	if (r < 0 && r != -ENOENT) {
		line.state = POSTURE_UNKNOWN;
		line.seen = err_text(r);
	} else if (a.time > p->job->now + DAY) {
		line.seen = posture_text(p, "the last is said to have been "
		                         "at %s, which is to come", when);
	} else if (a.findings > 0 || a.unknown > 0) {
		line.seen = posture_text(p, "the last that noted its end, at "
		    "%s, had %llu findings, and %llu files could not be "
		    "looked at", when, (unsigned long long)a.findings,
		    (unsigned long long)a.unknown);
		line.keep = "what it finds: mended, or taken over by "
		    "--protect --accept";
	} else {
		judge_age(p, a.time, &line);
	}
	if (line.state != POSTURE_OK)
		line.mend = posture_text(p, "%s --verify", posture_engine(p));
	posture_tell(p, &line);
}

void
posture_ours(struct posture *p)
{
	bool usable = tell_adopted(p);

	if (p->s->state == NULL)
		return;
	if (p->s->db != NULL) {
		tell_diversions(p);
		tell_programs(p);
	}
	if (!usable)
		return;
	tell_run(p);
	if (!p->s->guest)
		tell_remounted(p);
	tell_history(p);
	tell_audit(p);
}
