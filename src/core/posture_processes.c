/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Who on the running machine has the right to lift flags. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "posture_priv.h"

#define TOLD_MAX 20
#define UNITS_MAX 1000
#define RIGHT ((uint64_t)1 << CAP_LINUX_IMMUTABLE)
#define STATUS_SIZE ((size_t)1 << 20)	/* with 65536 groups */

static const char why_right[] = "who holds CAP_LINUX_IMMUTABLE lifts any "
    "flag; a fault of a program that speaks to the network gives it away";

/* Of these dpkg is run, or people log in who do that. */
static const char *const needed_by[] = {
	"apt-*.service", "packagekit*.service",
	"unattended-upgrades.service", "dpkg-immutable*.service",
	"cron.service", "anacron.service", "atd.service", "ssh.service",
	"ssh@*.service", "sshd*.service", "*getty*.service",
	"user@*.service", "console-*.service", "emergency.service",
	"rescue.service", "debug-shell.service", "*dm.service",
	"rc-local.service", "cloud-*.service", "cockpit*.service",
	"cron-*.service", "cronie.service", "fcron.service",
	"dropbear*.service", "inetd.service", "xinetd.service",
	"tailscaled.service", "teleport.service", "webmin.service",
	/* agents that are told what to install */
	"puppet*.service", "salt-minion.service", "chef-client.service",
	"landscape-client.service", "walinuxagent.service",
	"google-*agent*.service", "amazon-ssm-agent.service",
	"qemu-guest-agent.service"
};

struct watch_unit {
	char name[256];
	bool right;
};

struct watch {
	struct posture *p;
	struct posture_sockets *sockets;
	char *text;
	char space[64];		/* our user namespace */
	size_t told_users, told_net, unseen, seen;
	bool first;		/* is shown: /proc hides none (hidepid) */
	struct strmap *named;	/* what was told of the network */
	struct watch_unit *units;
	size_t n_units;
};

static bool
needs_right(const char *unit)
{
	for (size_t i = 0; i < sizeof(needed_by) / sizeof(*needed_by); i++)
		if (fnmatch(needed_by[i], unit, 0) == 0)
			return true;
	return false;
}

static bool
is_service(const char *unit)
{
	size_t n = strlen(unit);

	return n > 8 && strcmp(unit + n - 8, ".service") == 0;
}

/*
 * What takes the right from services from their next start on. That is left to
 * the reader: to restart dbus or the network from afar locks out who does it.
 */
static const char *
drop_in(struct posture *p, const char *units)
{
	return posture_text(p, "for u in %s; do mkdir -p /etc/systemd/system/"
	    "\"$u.d\" && printf '[Service]\\nCapabilityBoundingSet="
	    "~CAP_LINUX_IMMUTABLE\\n' >/etc/systemd/system/\"$u.d\"/"
	    "50-no-immutable.conf; done; systemctl daemon-reload", units);
}

/* A process that is ended is no service that people log in by, nor the
 * network: so only what a user has no business with is. */
static void
tell_process(struct watch *w, const struct posture_process *q,
             struct posture_line *line)
{
	struct posture *p = w->p;

	line->subject = q->unit[0] != '\0' ? posture_text(p, "%s", q->unit) :
	    posture_text(p, "process %d (%s)", (int)q->pid, q->comm);
	if (is_service(q->unit) && !needs_right(q->unit)) {
		line->mend = drop_in(p, posture_word(p, q->unit));
		line->keep = "a restart of this unit, or a boot: the drop-in "
		    "counts from then on";
	} else if (is_service(q->unit)) {
		line->keep = "nothing, where dpkg is called from it; else a "
		    "drop-in: CapabilityBoundingSet=~CAP_LINUX_IMMUTABLE";
	} else if (q->pid == 1) {
		line->keep = "sockets that it listens on for services; "
		    "services of their own in their place";
	} else if (fnmatch("session-*.scope", q->unit, 0) == 0 &&
	           q->uid == 0) {
		line->keep = "nothing: root is logged in by it";
	} else {
		if (q->uid != 0)
			line->mend = posture_text(p, "kill %d", (int)q->pid);
		line->keep = "how it is started: setpriv --bounding-set "
		    "-linux_immutable COMMAND";
	}
	posture_tell(p, line);
}

static void
tell_user(struct watch *w, const struct posture_process *q)
{
	if (w->told_users++ >= TOLD_MAX)
		return;
	tell_process(w, q, &(struct posture_line){
		.id = "capability-user", .state = POSTURE_BAD,
		.seen = posture_text(w->p, "process %d (%s) of user %u holds "
		    "CAP_LINUX_IMMUTABLE", (int)q->pid, q->comm, q->uid),
		.why = "a user who is not root can lift any flag by it"
	});
}

/* One line a unit, or a program that is in none. */
static void
tell_net(struct watch *w, const struct posture_process *q, const char *kind)
{
	const char *name = posture_text(w->p, "%s", is_service(q->unit) ?
	                                q->unit : q->comm);

	if (strmap_get(w->named, name, NULL) > 0)
		return;
	if (strmap_put(w->named, name, 1) < 0)
		w->p->err = -ENOMEM;
	if (w->told_net++ >= TOLD_MAX)
		return;
	tell_process(w, q, &(struct posture_line){
		.id = "capability-net", .state = POSTURE_NOTE,
		.seen = posture_text(w->p, "process %d (%s) holds "
		    "CAP_LINUX_IMMUTABLE and a %s socket", (int)q->pid,
		    q->comm, kind),
		.why = why_right
	});
}

static void
note_unit(struct watch *w, const struct posture_process *q)
{
	size_t i = 0;

	if (!is_service(q->unit) || needs_right(q->unit))
		return;
	while (i < w->n_units && strcmp(w->units[i].name, q->unit) != 0)
		i++;
	if (i == UNITS_MAX)
		return;
	if (i == w->n_units) {
		w->units[i].right = false;
		memcpy(w->units[i].name, q->unit, sizeof(q->unit));
		w->n_units++;
	}
	w->units[i].right |= (q->bound & RIGHT) != 0;
}

/* In a user namespace of its own its capabilities count for nothing here. */
static bool
is_elsewhere(const struct watch *w, pid_t pid)
{
	char name[32], text[64];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/ns/user", (int)pid);
	n = readlinkat(w->p->job->proc, name, text, sizeof(text) - 1);
	if (n <= 0 || w->space[0] == '\0')
		return false;
	text[n] = '\0';
	return strcmp(text, w->space) != 0;
}

static bool
has_gone(ssize_t err)
{
	return err == -ENOENT || err == -ESRCH;
}

static DIR *
open_folder(int proc, const char *name)
{
	int fd = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL && fd >= 0)
		close(fd);
	return dir;
}

static int
read_status(struct watch *w, const char *name, struct posture_process *ret)
{
	ssize_t n = posture_small(w->p->job->proc, name, w->text,
	                          STATUS_SIZE);

	return n < 0 ? (int)n : posture_status(w->text, (size_t)n, ret);
}

static int
rank(const struct posture_process *q)
{
	return !q->body ? 0 : (q->held & RIGHT) == 0 ? 1 : q->uid == 0 ? 2 : 3;
}

/* The thread that can do most stands for them all: they share their memory,
 * and each has rights of its own. The first may have ended. */
static int
add_thread(struct watch *w, pid_t tid, struct posture_process *q)
{
	struct posture_process t = { .pid = tid };
	char name[64];
	int r;

	snprintf(name, sizeof(name), "%d/task/%d/status", (int)q->pid,
	         (int)tid);
	r = read_status(w, name, &t);
	if (r < 0)
		return has_gone(r) ? 0 : r;
	q->bound |= t.body ? t.bound : 0;
	if (rank(&t) > rank(q)) {
		q->tid = tid;
		q->uid = t.uid;
		q->held = t.held;
		q->body = t.body;
	}
	return 0;
}

static int
add_threads(struct watch *w, struct posture_process *q)
{
	char name[32];
	struct dirent *e;
	DIR *dir;
	int r = 0;

	snprintf(name, sizeof(name), "%d/task", (int)q->pid);
	dir = open_folder(w->p->job->proc, name);
	if (dir == NULL)
		return -errno;
	if (!q->body)
		q->bound = 0;
	while (r == 0 && (e = readdir(dir)) != NULL) {
		unsigned long long tid;

		if (lines_number(e->d_name, strlen(e->d_name), INT32_MAX,
		                 &tid) == 0)
			r = add_thread(w, (pid_t)tid, q);
	}
	closedir(dir);
	return r;
}

static int
read_process(struct watch *w, struct posture_process *q)
{
	char name[32];
	int r;

	snprintf(name, sizeof(name), "%d/status", (int)q->pid);
	r = read_status(w, name, q);
	return r == 0 && q->threads > 1 ? add_threads(w, q) : r;
}

static void
look_at_process(struct watch *w, pid_t pid)
{
	struct posture_process q = { .pid = pid, .tid = pid };
	const char *kind = NULL;
	char name[32];
	ssize_t n;
	int r = read_process(w, &q);

	if (r < 0) {
		w->unseen += !has_gone(r);
		return;
	}
	w->seen++;
	if (!q.body || is_elsewhere(w, q.tid))
		return;
	/* a thread's folder is there, too, without being listed (proc(5)) */
	snprintf(name, sizeof(name), "%d/cgroup", (int)q.tid);
	n = posture_small(w->p->job->proc, name, w->text, STATUS_SIZE);
	if (n > 0)
		posture_unit_of(w->text, (size_t)n, q.unit, sizeof(q.unit));
	note_unit(w, &q);
	if ((q.held & RIGHT) == 0)
		return;
	if (q.uid != 0)
		tell_user(w, &q);
	r = posture_sockets_of(w->sockets, q.tid, &kind);
	if (r == -ENOMEM)
		w->p->err = r;
	else if (r < 0)
		w->unseen += !has_gone(r);
	else if (kind != NULL)
		tell_net(w, &q, kind);
}

static void
look_at_all(struct watch *w, DIR *proc)
{
	struct dirent *e;

	while (w->p->err == 0 && (e = readdir(proc)) != NULL) {
		unsigned long long pid;

		if (lines_number(e->d_name, strlen(e->d_name), INT32_MAX,
		                 &pid) < 0)
			continue;
		w->first |= pid == 1;
		if ((pid_t)pid != getpid())
			look_at_process(w, (pid_t)pid);
	}
}

/* Nothing is fine of what is not shown. */
static bool
sees_all(const struct watch *w)
{
	return w->seen > 0 && w->first;
}

static void
tell_services(struct watch *w)
{
	struct posture *p = w->p;
	struct posture_line line = {
		.id = "services", .state = POSTURE_OK,
		.seen = "no service of systemd's is running that has no need "
		    "of the right to lift flags, and could have it",
		.why = "what a service can't come to hold, a fault of it "
		    "can't give away"
	};
	const char *names = "";
	size_t n = 0;

	for (size_t i = 0; i < w->n_units; i++) {
		if (!w->units[i].right)
			continue;
		names = posture_text(p, "%s%s%s", names, n > 0 ? " " : "",
		                     posture_word(p, w->units[i].name));
		n++;
	}
	if (n == 0 && !sees_all(w))
		return;
	if (n > 0) {
		line.state = POSTURE_NOTE;
		line.seen = posture_text(p, "%zu of %zu services could hold "
		    "CAP_LINUX_IMMUTABLE: %s", n, w->n_units, names);
		line.mend = drop_in(p, names);
		line.keep = "a restart of each of these units, or a boot: the "
		    "drop-ins count from then on";
	}
	posture_tell(p, &line);
}

static void
tell_rest(struct watch *w)
{
	struct posture *p = w->p;
	bool all = sees_all(w);

	if (w->told_users == 0 && all)
		posture_tell(p, &(struct posture_line){
			.id = "capability-user", .state = POSTURE_OK,
			.seen = "no process of a user but root holds "
			    "CAP_LINUX_IMMUTABLE", .why = why_right
		});
	if (w->told_net == 0 && all)
		posture_tell(p, &(struct posture_line){
			.id = "capability-net", .state = POSTURE_OK,
			.seen = "no process that was seen holds it and a "
			    "network socket", .why = why_right
		});
	if (w->told_net > TOLD_MAX || w->told_users > TOLD_MAX)
		posture_tell(p, &(struct posture_line){
			.id = "capability-net", .why = why_right,
			.state = w->told_users > TOLD_MAX ? POSTURE_BAD :
			    POSTURE_NOTE,
			.seen = "there are more of the kind"
		});
	if (w->unseen > 0 || !all)
		posture_tell(p, &(struct posture_line){
			.id = "processes", .state = POSTURE_UNKNOWN,
			.seen = w->seen == 0 ? "/proc shows none" : !all ?
			    "/proc does not show all (hidepid)" :
			    posture_text(p, "%zu of %zu can't be looked at",
			                 w->unseen, w->unseen + w->seen),
			.why = why_right,
			.keep = "ask again as root, with CAP_SYS_PTRACE"
		});
}

static void
start(struct watch *w)
{
	ssize_t n = readlinkat(w->p->job->proc, "self/ns/user", w->space,
	                       sizeof(w->space) - 1);

	w->space[n > 0 ? n : 0] = '\0';
	w->text = malloc(STATUS_SIZE);
	w->named = strmap_new();
	w->units = calloc(UNITS_MAX, sizeof(*w->units));
	if (w->text == NULL || w->named == NULL || w->units == NULL ||
	    posture_sockets_new(w->p->job->proc, &w->sockets) < 0)
		w->p->err = -ENOMEM;
}

void
posture_processes(struct posture *p)
{
	struct watch w = { .p = p };
	DIR *dir;

	if (p->job->proc < 0)
		return;
	start(&w);
	dir = open_folder(p->job->proc, ".");
	if (dir != NULL) {
		look_at_all(&w, dir);
		closedir(dir);
	}
	tell_rest(&w);
	tell_services(&w);
	posture_sockets_free(w.sockets);
	strmap_free(w.named);
	free(w.units);
	free(w.text);
}
