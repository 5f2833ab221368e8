/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "keeper_priv.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "env.h"
#include "err.h"
#include "hook.h"
#include "iflag.h"
#include "lock.h"
#include "log.h"
#include "remount.h"
#include "sandbox.h"
#include "self.h"
#include "worker.h"

#define DPKG_DEB "/usr/bin/dpkg-deb"
/* In force while it serves: flags, on files of any owner. */
#define FLAGGING (SANDBOX_CAP(CAP_LINUX_IMMUTABLE) | SANDBOX_CAP(CAP_FOWNER))
#define OUR_FLAGS (IFLAG_IMMUTABLE | IFLAG_APPEND)

/* The side that has the rights. */
struct keeper {
	const struct keeper_job *job;
	struct keeper_result *result;
	unsigned char *answer;
	size_t size;
	int channel;
	int lock_fd;		/* a POSIX lock ends at any close */
	pid_t readers[ARCHIVE_JOBS_MAX];
	pid_t helpers[KEEPER_HELPERS];
	size_t n_helpers;
	pid_t looker;		/* for holders of files; 0: none */
	bool helps;		/* is one: changes flags, and no more */
	bool again;		/* in a mount namespace of our own */
	int no_space;		/* -errno: there can be none */
	bool changed;		/* some flag */
	bool done;
	int out;		/* goes with the reply; -1 */
};

/* To a device the calls for files and folders mean other things. */
static bool
is_plain(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

static int
change_one(int fd, unsigned int value, unsigned int mask)
{
	return (mask & ~OUR_FLAGS) != 0 || !is_plain(fd) ? -EINVAL :
	       iflag_set(fd, value, mask, NULL);
}

static int
change(struct keeper *k, const struct keeper_request *q, size_t len,
       const int *fds, size_t n, struct keeper_reply *a)
{
	if (q->n != n || n > KEEPER_BATCH ||
	    len < n * sizeof(q->change[0]))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		a->changed[i] = change_one(fds[i], q->change[i].value,
		                           q->change[i].mask);
		k->changed |= a->changed[i] > 0;
	}
	return 0;
}

/* Kept as it came: closing any other descriptor of the file would end it. */
static int
take_lock(struct keeper *k, int *fd, struct keeper_reply *a)
{
	pid_t holder = 0;
	int r;

	if (k->lock_fd >= 0)
		return -EINVAL;
	r = lock_posix(*fd, &holder);
	a->pid = holder;
	if (r == 0) {
		k->lock_fd = *fd;
		*fd = -1;
	}
	return r;
}

static void
drop_lock(struct keeper *k)
{
	if (k->lock_fd >= 0)
		close(k->lock_fd);
	k->lock_fd = -1;
}

static int
run(struct keeper *k, bool locked, int note_fd, struct keeper_reply *a)
{
	const struct keeper_job *job = k->job;
	struct child_way way = { job->mask, note_fd, job->bound };
	char **envp = NULL;
	sigset_t ours;
	int r;

	if (k->result->ran)
		return -EINVAL;
	if (job->path == NULL)
		return -ENOENT;
	if (locked) {
		envp = env_with(job->envp, "DPKG_FRONTEND_LOCKED=true");
		if (envp == NULL)
			return -ENOMEM;
	}
	sigprocmask(SIG_SETMASK, NULL, &ours);
	if (way.mask == NULL)
		way.mask = &ours;
	r = child_run_as(job->path, job->argv,
	                 envp != NULL ? envp : job->envp, &way,
	                 &k->result->child);
	free(envp);
	k->result->ran = r == 0;
	a->child = k->result->child;
	return r;
}

static pid_t *
find_reader(struct keeper *k, pid_t pid)
{
	for (size_t i = 0; i < ARCHIVE_JOBS_MAX; i++)
		if (k->readers[i] == pid)
			return &k->readers[i];
	return NULL;
}

int
keeper_read_here(enum keeper_tool tool, int in, struct capture *ret)
{
	static const char *const actions[] = {
		[KEEPER_CONTROL] = "--ctrl-tarfile",
		[KEEPER_MEMBERS] = "--fsys-tarfile"
	};
	char program[] = DPKG_DEB, input[] = "-";
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char locale[] = "LC_ALL=C";	/* the others are files to be read */
	char *const envp[] = { path, locale, NULL };
	char *const argv[] = { program, (char *)actions[tool], input, NULL };

	return capture_start(argv, envp, in, true, ret);
}

static int
start_reader(struct keeper *k, int tool, int in, struct keeper_reply *a)
{
	pid_t *slot = find_reader(k, 0);
	struct capture c;
	int r;

	if (slot == NULL || (tool != KEEPER_CONTROL && tool != KEEPER_MEMBERS))
		return -EINVAL;
	r = keeper_read_here((enum keeper_tool)tool, in, &c);
	if (r < 0)
		return r;
	*slot = a->pid = c.pid;
	k->out = c.fd;
	return 0;
}

static int
end_reader(struct keeper *k, pid_t pid, bool early)
{
	pid_t *slot = pid > 0 ? find_reader(k, pid) : NULL;
	struct capture c = { .pid = pid, .fd = -1 };

	if (slot == NULL)
		return -EINVAL;
	*slot = 0;
	return capture_end(&c, early);
}

/* Words of its are for nobody: dpkg's terminal is not for us. */
void
keeper_succeed_here(const struct keeper_job *job)
{
	char root[PATH_MAX + 8], said[256];
	char *const argv[] = {
		(char *)SELF_ENGINE, (char *)"--recover", (char *)"--quiet",
		root, NULL
	};
	struct capture recover;
	ssize_t n;

	if (snprintf(root, sizeof(root), "--root=%s", job->instdir[0] != '\0' ?
	             job->instdir : "/") >= (int)sizeof(root) ||
	    capture_start(argv, job->envp, -1, false, &recover) < 0)
		return;
	do
		n = read(recover.fd, said, sizeof(said));
	while (n > 0 || (n < 0 && errno == EINTR));
	(void)capture_end(&recover, 1);
}

static int
finish(struct keeper *k, const struct keeper_request *q, size_t len)
{
	if (q->n != k->size || len < k->size || k->done)
		return -EINVAL;
	/* who begins again finds nothing of the first time */
	if (k->size > 0 && q->word != KEEPER_AGAIN)
		memcpy(k->answer, q->answer, k->size);
	k->result->status = q->word;
	k->done = true;
	return 0;
}

/* ext4's driver tells that to CAP_SYS_ADMIN only. */
static bool
is_journaled(int fd)
{
	struct fskind kind;
	int r;

	if (!is_plain(fd))
		return false;
	sandbox_wake();
	r = fskind_of(fd, &kind);
	sandbox_rest(FLAGGING);
	return r == 0 && kind.journaled;
}

static int
change_mount(struct keeper *k, int how, int fd)
{
	int r;

	sandbox_wake();
	r = keeper_mount_here(fd, how, k->again);
	sandbox_rest(FLAGGING);
	k->changed |= r == 0 && how == KEEPER_FS_OPEN;
	return r;
}

static int
look(struct keeper *k, int fd)
{
	if (k->looker > 0)
		(void)worker_wait(k->looker);
	k->looker = 0;
	return keeper_look(fd, &k->looker, &k->out);
}

static void serve(struct keeper *k);

/* For one more thread of the worker's. It ends with its channel. */
static int
start_helper(struct keeper *k)
{
	struct keeper h = { .lock_fd = -1, .helps = true };
	int pair[2], r;
	pid_t pid;

	if (k->n_helpers == KEEPER_HELPERS)
		return -EINVAL;
	r = channel_pair(pair);
	if (r < 0)
		return r;
	pid = worker_fork();
	if (pid == 0) {
		/* the lock is the keeper's all the same */
		worker_close(pair[0], false);
		h.channel = pair[0];
		(void)sandbox_caps(FLAGGING);
		serve(&h);
		worker_end(0);
	}
	close(pair[0]);
	if (pid < 0) {
		close(pair[1]);
		return pid;
	}
	k->helpers[k->n_helpers++] = pid;
	k->changed = true;
	k->out = pair[1];
	return 0;
}

/* len bytes behind the head, and n descriptors, came along; how many there must
 * be is known of each. One that is kept is -1 afterwards. */
static int
answer(struct keeper *k, const struct keeper_request *q, size_t len,
       int *fds, size_t n, struct keeper_reply *a)
{
	if (k->helps && q->op != KEEPER_CHANGE)
		return -EINVAL;
	switch ((enum keeper_op)q->op) {
	case KEEPER_CHANGE:
		return change(k, q, len, fds, n, a);
	case KEEPER_JOURNALED:
		return n != 1 ? -EINVAL : is_journaled(fds[0]);
	case KEEPER_LOCK:
		return n != 1 ? -EINVAL : take_lock(k, &fds[0], a);
	case KEEPER_UNLOCK:
		drop_lock(k);
		return 0;
	case KEEPER_RUN:
		return n > 1 ? -EINVAL :
		       run(k, q->word != 0, n == 1 ? fds[0] : -1, a);
	case KEEPER_READ:
		return n != 1 ? -EINVAL : start_reader(k, q->word, fds[0], a);
	case KEEPER_READ_END:
		return end_reader(k, q->pid, q->word != 0);
	case KEEPER_SUCCEED:
		drop_lock(k);
		keeper_succeed_here(k->job);
		return 0;
	case KEEPER_HELP:
		return start_helper(k);
	case KEEPER_MOUNT:
		return n != 1 ? -EINVAL : change_mount(k, q->word, fds[0]);
	case KEEPER_HOLDERS:
		return n != 1 ? -EINVAL : look(k, fds[0]);
	case KEEPER_SAY:
		if (q->n > len || len > LOG_TEXT)
			return -EINVAL;
		log_syslog("%.*s", (int)q->n, q->text);
		return 0;
	case KEEPER_DONE:
		return finish(k, q, len);
	}
	return -EINVAL;
}

/* Until the worker has said its last word, or is gone. */
static void
serve(struct keeper *k)
{
	int fds[CHANNEL_FDS];
	struct keeper_request q;
	struct keeper_reply a;
	size_t n;
	int r;

	while ((r = channel_receive(k->channel, &q, KEEPER_HEAD, sizeof(q),
	                            fds, CHANNEL_FDS, &n)) > 0) {
		memset(&a, 0, sizeof(a));
		k->out = -1;
		a.error = answer(k, &q, (size_t)r - KEEPER_HEAD, fds, n, &a);
		while (n-- > 0)
			if (fds[n] >= 0)
				close(fds[n]);
		r = channel_send(k->channel, &a, sizeof(a), &k->out,
		                 k->out >= 0);
		if (k->out >= 0)
			close(k->out);
		/* who waits for an answer must see that none comes */
		if (r < 0)
			break;
	}
	shutdown(k->channel, SHUT_RDWR);
}

/* What it gives away before it reads anything; what the kernel has not got, in
 * `kept`, is said once the log is open. */
static const char *
give_away(char *kept, size_t size)
{
	/* of which we want to know ourselves */
	static const char *const words[] = {
		"DPKG_FRONTEND_LOCKED", "DPKG_MAINTSCRIPT_NAME",
		"DPKG_MAINTSCRIPT_PACKAGE", HOOK_WORDS
	};
	int caps = sandbox_caps(SANDBOX_CAP(CAP_DAC_READ_SEARCH));
	int limits = sandbox_limits();
	int calls = sandbox_calls();

	env_only(environ, words, sizeof(words) / sizeof(words[0]));
	snprintf(kept, size, "%s%s%s",
	         caps < 0 ? "; capabilities stay" : "",
	         limits < 0 ? "; resources are not limited" : "",
	         calls < 0 ? "; system calls are not limited (seccomp)" : "");
	return kept[0] == '\0' ? NULL : kept + strlen("; ");
}

/* It crashed, was killed, or called what no worker may. */
static int
worker_lost(struct keeper *k, int status)
{
	if (status > 256)
		log_error("the process that reads packages was killed by "
		          "signal %d", status - 256);
	else
		log_error("the process that reads packages ended early");
	if (k->changed || k->result->ran)
		keeper_succeed_here(k->job);
	return ERR_CHILD;
}

/* One worker, from its begin to its end. */
static int
attempt(struct keeper *k, int (*work)(void *ctx), void *ctx)
{
	pid_t self = getpid(), pid;
	int pair[2], r = channel_pair(pair), status;
	char kept[120];		/* for as long as the worker works */

	if (r < 0)
		return r;
	pid = worker_fork();
	if (pid == 0) {
		worker_close(pair[1], true);
		keeper_ask_begin(pair[1], self, k->again, k->no_space,
		                 give_away(kept, sizeof(kept)));
		status = work(ctx);
		keeper_ask_done(status, k->answer, k->size);
		worker_end(0);
	}
	close(pair[1]);
	k->channel = pair[0];
	if (pid > 0) {
		sandbox_rest(FLAGGING);
		serve(k);
		sandbox_wake();
	}
	close(k->channel);
	drop_lock(k);
	if (pid < 0)
		return pid;
	status = worker_wait(pid);
	while (k->n_helpers > 0)
		(void)worker_wait(k->helpers[--k->n_helpers]);
	if (k->looker > 0)
		(void)worker_wait(k->looker);
	hook_follow(status == 256 + SIGKILL);
	/* who ignores SIGCHLD is not told how a child ended */
	return k->done && (status == 0 || status == -ECHILD) ? 0 :
	       worker_lost(k, status);
}

int
keeper_do(const struct keeper_job *job, int (*work)(void *ctx), void *ctx,
          void *answer_bytes, size_t size, struct keeper_result *ret)
{
	const struct keeper first = {
		.job = job, .result = ret, .answer = answer_bytes,
		.size = size, .lock_fd = -1
	};
	struct keeper k = first;
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->child.exit_status = -1;
	if (size > KEEPER_ANSWER)
		return -EINVAL;
	r = attempt(&k, work, ctx);
	if (r < 0 || ret->status != KEEPER_AGAIN || ret->ran)
		return r;
	k = first;
	k.no_space = remount_private();
	k.again = k.no_space == 0;
	r = attempt(&k, work, ctx);
	if (r < 0 || ret->status != KEEPER_AGAIN || ret->ran)
		return r;
	log_error("a read-only mount is in the way, and a mount namespace of "
	          "our own cannot be had: %s", err_text(k.no_space));
	return ERR_CHILD;
}
