/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "posture_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"

#define LINES_MAX 10000
#define TRIES 100	/* where folders on the way are being renamed */

const char *
posture_state_name(enum posture_state state)
{
	static const char *const names[POSTURE_COUNT] = {
		[POSTURE_BAD] = "bad", [POSTURE_UNKNOWN] = "unknown",
		[POSTURE_NOTE] = "note", [POSTURE_OK] = "ok"
	};

	return names[state];
}

void
posture_tell(struct posture *p, const struct posture_line *line)
{
	if (p->n == LINES_MAX)
		return;
	if (p->n == p->cap) {
		size_t cap = p->cap != 0 ? p->cap * 2 : 64;
		struct posture_line *more = reallocarray(p->lines, cap,
		                                         sizeof(*more));

		if (more == NULL) {
			p->err = -ENOMEM;
			return;
		}
		p->lines = more;
		p->cap = cap;
	}
	p->lines[p->n++] = *line;
}

const char *
posture_text(struct posture *p, const char *fmt, ...)
{
	char *text = NULL, *kept = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n >= 0) {
		kept = arena_strdup(p->arena, text);
		free(text);
	}
	if (kept == NULL)
		p->err = -ENOMEM;
	return kept != NULL ? kept : "";
}

static bool
is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%=,";

	return word[0] != '\0' && word[strspn(word, plain)] == '\0';
}

const char *
posture_word(struct posture *p, const char *word)
{
	struct buf out;
	const char *kept;
	int r;

	if (is_plain(word))
		return posture_text(p, "%s", word);
	buf_init(&out, 0);
	r = buf_add_char(&out, '\'');
	for (const char *at = word; r == 0 && *at != '\0'; at++)
		r = *at == '\'' ? buf_add_str(&out, "'\\''") :
		    buf_add_char(&out, *at);
	if (r == 0)
		r = buf_add_char(&out, '\'');
	if (r < 0)
		p->err = r;
	kept = posture_text(p, "%s", r == 0 ? out.data : "");
	buf_free(&out);
	return kept;
}

const char *
posture_path(struct posture *p, const char *path)
{
	return posture_word(p, posture_text(p, "%s%s", p->s->instdir, path));
}

static const char *
with_root(struct posture *p, const char *command)
{
	if (!p->s->guest)
		return command;
	return posture_text(p, "%s --root=%s", command,
	                    posture_word(p, p->s->instdir));
}

const char *
posture_engine(struct posture *p)
{
	return with_root(p, "dpkg-immutable");
}

const char *
posture_systemctl(struct posture *p)
{
	return with_root(p, "systemctl");
}

const char *
posture_apt_get(struct posture *p)
{
	if (!p->s->guest)
		return "apt-get";
	return posture_text(p, "chroot %s apt-get",
	                    posture_word(p, p->s->instdir));
}

int
posture_open(struct posture *p, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
	};
	int tries = 0;
	long fd;

	if ((flags & O_PATH) == 0)
		how.flags |= O_NONBLOCK | O_NOCTTY;
	do {
		fd = syscall(SYS_openat2, root_fd(p->s->root), path, &how,
		             sizeof(how));
	} while (fd < 0 && (errno == EINTR || errno == EAGAIN) &&
	         tries++ < TRIES);
	return fd < 0 ? -errno : (int)fd;
}

int
posture_read(struct posture *p, const char *path, size_t max,
             struct buf *ret)
{
	int fd = posture_open(p, path, O_RDONLY), r;
	struct stat st;

	if (fd < 0)
		return fd;
	buf_init(ret, max);
	if (fstat(fd, &st) < 0)
		r = -errno;
	else
		r = S_ISREG(st.st_mode) ? file_read_fd(fd, ret) :
		    ERR_NOT_REGULAR;
	close(fd);
	if (r < 0)
		buf_free(ret);
	return r;
}

bool
posture_exists(struct posture *p, const char *path)
{
	int fd = posture_open(p, path, O_PATH);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

ssize_t
posture_small(int dir, const char *name, char *ret, size_t size)
{
	struct buf b;
	int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY |
	                O_CLOEXEC), r;
	ssize_t n;

	if (fd < 0)
		return -errno;
	buf_init(&b, size - 1);
	r = file_read_fd(fd, &b);
	close(fd);
	n = r < 0 ? r : (ssize_t)b.len;
	if (n >= 0) {
		if (n > 0)
			memcpy(ret, b.data, (size_t)n);
		ret[n] = '\0';
	}
	buf_free(&b);
	return n;
}

/* What the others stand on. What can't be had of it they tell themselves. */
static void
load(struct posture *p)
{
	struct session *s = p->s;
	struct diag d = { .line = 0 };
	char text[600];

	if (session_conf(s, p->job->conf, false, &d) < 0) {
		diag_text(&d, text, sizeof(text));
		posture_tell(p, &(struct posture_line){
			.id = "configuration", .state = POSTURE_BAD,
			.seen = posture_text(p, "%s", text),
			.why = "what it exempts and asks for is not known: "
			    "no run can close what it opened by it",
			.keep = "this line of this file"
		});
		if (session_conf(s, p->job->conf, true, &d) < 0)
			p->err = -ENOMEM;
	} else {
		posture_tell(p, &(struct posture_line){
			.id = "configuration", .state = POSTURE_OK,
			.seen = "can be read",
			.why = "what it exempts is never protected"
		});
	}
	if (mounts_load(s->instdir, &p->mounts, &d) < 0)
		p->mounts = NULL;
	if (s->guest && mounts_load("", &p->host, &d) < 0)
		p->host = NULL;
	p->planned = strmap_new();
	if (p->mounts != NULL)
		p->covering = calloc(p->mounts->n_points + 1,
		                     sizeof(*p->covering));
	if (p->planned == NULL || (p->mounts != NULL && p->covering == NULL))
		p->err = -ENOMEM;
}

/* Stable: there are few, and the order of the checks is kept. */
static void
sort(struct posture *p)
{
	struct posture_line *sorted = calloc(p->n + 1, sizeof(*sorted));
	size_t n = 0;

	if (sorted == NULL) {
		p->err = -ENOMEM;
		return;
	}
	for (int state = 0; state < POSTURE_COUNT; state++)
		for (size_t i = 0; i < p->n; i++)
			if ((int)p->lines[i].state == state)
				sorted[n++] = p->lines[i];
	free(p->lines);
	p->lines = sorted;
	p->cap = p->n + 1;
}

int
posture_run(const struct posture_job *job, struct posture **ret)
{
	static void (*const checks[])(struct posture *p) = {
		load, posture_planned, posture_survey, posture_closed,
		posture_mounts, posture_over, posture_folders,
		posture_preload, posture_kernel, posture_processes,
		posture_ours, posture_units, sort
	};
	struct posture *p = calloc(1, sizeof(*p));
	int r;

	if (p == NULL)
		return -ENOMEM;
	p->job = job;
	p->s = job->session;
	p->arena = arena_new();
	if (p->arena == NULL)
		p->err = -ENOMEM;
	for (size_t i = 0; p->err == 0 &&
	     i < sizeof(checks) / sizeof(*checks); i++)
		checks[i](p);
	r = p->err;
	if (r < 0)
		posture_free(p);
	else
		*ret = p;
	return r;
}

void
posture_free(struct posture *p)
{
	if (p == NULL)
		return;
	strmap_free(p->planned);
	free(p->covering);
	mounts_free(p->host);
	mounts_free(p->mounts);
	free(p->lines);
	arena_free(p->arena);
	free(p);
}

const struct posture_line *
posture_lines(const struct posture *p, size_t *ret_n)
{
	*ret_n = p->n;
	return p->lines;
}

size_t
posture_total(const struct posture *p, enum posture_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->lines[i].state == state;
	return n;
}
