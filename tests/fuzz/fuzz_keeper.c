/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * What a worker that has been taken over could ask of its keeper. An input is
 * a byte that says what the keeper is (its two lowest bits the size of the
 * answer, then whether it is a helper, whether all begins again), and
 * messages: a byte that says how many descriptors go along and of which kind,
 * one that says how much of the message is there, then op, n, word and pid of
 * a byte each and some bytes behind them. All that has effects is replaced
 * here; what is asked of the replacements is checked.
 *
 * Reaches: edges:110 channel_receive:9
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "core/keeper.c"
#include "fuzz.h"

#define MESSAGES_MAX 12
#define FIRST_PID 1000
#define LOOKER_PID 2000
#define HELPER_PID 3000

static struct {
	int running;		/* programs that were started */
	pid_t last_pid;
	bool reading[64];	/* readers, by pid */
	bool looking;
	int helpers;
	int spare;		/* of a file, to be handed out again */
	int device, folder;
} world = { .spare = -1, .device = -1, .folder = -1 };

int
iflag_set(int fd, unsigned int value, unsigned int mask, unsigned int *ret_old)
{
	struct stat st;

	(void)value;
	(void)ret_old;
	FUZZ_CHECK((mask & ~(IFLAG_IMMUTABLE | IFLAG_APPEND)) == 0);
	FUZZ_CHECK(fstat(fd, &st) == 0);
	FUZZ_CHECK(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
	return 1;
}

int
fskind_of(int fd, struct fskind *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = (struct fskind){ .name = "tmpfs" };
	return 0;
}

int
lock_posix(int fd, pid_t *ret_holder)
{
	FUZZ_CHECK(fd >= 0 && fcntl(fd, F_GETFD) >= 0);
	*ret_holder = 0;
	return 0;
}

int
child_run_as(const char *path, char *const *argv, char *const *envp,
             const struct child_way *way, struct child_result *ret)
{
	FUZZ_CHECK(strcmp(path, "/usr/bin/dpkg.distrib") == 0);
	FUZZ_CHECK(argv != NULL && envp != NULL && way->mask != NULL);
	FUZZ_CHECK(way->note_fd < 0 || fcntl(way->note_fd, F_GETFD) >= 0);
	FUZZ_CHECK(++world.running == 1);
	*ret = (struct child_result){ .exit_status = 0 };
	return 0;
}

int
capture_start(char *const *argv, char *const *envp, int in, bool bare,
              struct capture *ret)
{
	FUZZ_CHECK(argv[0] != NULL && envp != NULL);
	FUZZ_CHECK(!bare || fcntl(in, F_GETFD) >= 0);
	if (world.last_pid == 64)
		return -EAGAIN;
	ret->fd = dup(world.spare);
	FUZZ_CHECK(ret->fd >= 0);
	ret->pid = FIRST_PID + world.last_pid;
	world.reading[world.last_pid++] = true;
	return 0;
}

int
capture_end(struct capture *c, int early)
{
	(void)early;
	FUZZ_CHECK(c->pid >= FIRST_PID && c->pid < FIRST_PID + 64);
	FUZZ_CHECK(world.reading[c->pid - FIRST_PID]);
	world.reading[c->pid - FIRST_PID] = false;
	if (c->fd >= 0)
		close(c->fd);
	return 0;
}

void
log_syslog(const char *fmt, ...)
{
	char text[LOG_TEXT];
	va_list ap;

	va_start(ap, fmt);
	FUZZ_CHECK(vsnprintf(text, sizeof(text), fmt, ap) <
	           (int)sizeof(text));
	va_end(ap);
}

void
log_error(const char *fmt, ...)
{
	(void)fmt;
}

/* Of the descriptors here none is a mount's root. */
int
keeper_mount_here(int fd, int how, bool again)
{
	FUZZ_CHECK(fd >= 0);
	(void)how;
	return again ? 0 : -EINVAL;
}

int
keeper_look(int fd, pid_t *ret_pid, int *ret_fd)
{
	FUZZ_CHECK(fd >= 0 && !world.looking);
	*ret_fd = dup(fd);
	FUZZ_CHECK(*ret_fd >= 0);
	*ret_pid = LOOKER_PID;
	world.looking = true;
	return 0;
}

int
remount_private(void)
{
	return -EPERM;
}

/* Only the keeper's side of a fork is here. */
pid_t
worker_fork(void)
{
	FUZZ_CHECK(world.helpers < KEEPER_HELPERS);
	return HELPER_PID + world.helpers++;
}

void
worker_close(int keep, bool writable)
{
	(void)keep;
	(void)writable;
	abort();
}

void
worker_end(int status)
{
	(void)status;
	abort();
}

int
worker_wait(pid_t pid)
{
	FUZZ_CHECK(pid == LOOKER_PID && world.looking);
	world.looking = false;
	return 0;
}

int
sandbox_caps(uint64_t keep)
{
	(void)keep;
	abort();
}

int
sandbox_calls(void)
{
	abort();
}

void
sandbox_rest(uint64_t keep)
{
	(void)keep;
}

void
sandbox_wake(void)
{
}

void
keeper_ask_begin(int fd, pid_t keeper, bool again, int no_space,
                 const char *kept)
{
	(void)fd;
	(void)keeper;
	(void)again;
	(void)no_space;
	(void)kept;
}

void
keeper_ask_done(int status, const void *answer_bytes, size_t size)
{
	(void)status;
	(void)answer_bytes;
	(void)size;
}

static int
kind_of_fd(unsigned int kind)
{
	return kind == 0 ? world.spare : kind == 1 ? world.device :
	    world.folder;
}

/* One message into the channel; false: no more of them. */
static bool
put_message(struct fuzz *f, int fd)
{
	unsigned int along = fuzz_byte(f), cut = fuzz_byte(f);
	int fds[CHANNEL_FDS];
	struct keeper_request q = { 0 };
	size_t n = along >> 2, size = sizeof(q), left;

	if (f->left == 0)
		return false;
	if (n > CHANNEL_FDS)
		n = CHANNEL_FDS;
	for (size_t i = 0; i < n; i++)
		fds[i] = kind_of_fd(along & 3);
	q.op = fuzz_byte(f);
	q.n = fuzz_byte(f);
	q.word = (int8_t)fuzz_byte(f);
	q.pid = FIRST_PID + (int8_t)fuzz_byte(f);
	left = fuzz_byte(f);
	if (left > f->left)
		left = f->left;
	memcpy(q.answer, f->at, left);
	f->at += left;
	f->left -= left;
	/* The text may have no end. */
	if (cut == 254)
		memset(q.text, 'x', sizeof(q.text));
	if (cut == 255)
		size = fuzz_byte(f);
	FUZZ_CHECK(channel_send(fd, &q, size, fds, n) == 0);
	return true;
}

/* The lowest free descriptor tells whether any was left open. */
static int
lowest(void)
{
	int fd = dup(world.spare);

	FUZZ_CHECK(fd >= 0);
	close(fd);
	return fd;
}

static void
serve_all(struct fuzz *f, struct keeper *k)
{
	int pair[2];

	FUZZ_CHECK(channel_pair(pair) == 0);
	for (int i = 0; i < MESSAGES_MAX; i++)
		if (!put_message(f, pair[1]))
			break;
	FUZZ_CHECK(shutdown(pair[1], SHUT_WR) == 0);
	k->channel = pair[0];
	serve(k);
	close(pair[0]);
	close(pair[1]);
	drop_lock(k);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	unsigned char answer_bytes[KEEPER_ANSWER];
	char word[] = "dpkg", path[] = "/usr/bin/dpkg.distrib";
	char *argv[] = { word, NULL }, *envp[] = { NULL };
	struct keeper_job job = {
		.path = path, .argv = argv, .envp = envp, .instdir = ""
	};
	struct keeper_result result = { .status = -1 };
	unsigned int is = fuzz_byte(&f);
	struct keeper k = {
		.job = &job, .result = &result, .answer = answer_bytes,
		.size = is & 3, .helps = (is & 4) != 0,
		.again = (is & 8) != 0, .lock_fd = -1, .out = -1
	};
	int before;

	if (world.spare < 0) {
		world.spare = fuzz_memfd("x", 1);
		world.device = open("/dev/null", O_RDONLY | O_CLOEXEC);
		world.folder = open("/", O_RDONLY | O_CLOEXEC);
	}
	world.running = 0;
	world.last_pid = 0;
	world.looking = false;
	world.helpers = 0;
	memset(world.reading, 0, sizeof(world.reading));
	memset(answer_bytes, 0xaa, sizeof(answer_bytes));
	before = lowest();
	serve_all(&f, &k);
	FUZZ_CHECK(lowest() == before);
	for (size_t i = k.size; i < sizeof(answer_bytes); i++)
		FUZZ_CHECK(answer_bytes[i] == 0xaa);
	FUZZ_CHECK(result.ran == (world.running == 1));
	FUZZ_CHECK(k.done || result.status == -1);
	/* A helper changes flags, and no more. */
	FUZZ_CHECK(!k.helps || (!k.done && !result.ran && k.n_helpers == 0 &&
	                        !world.looking && world.last_pid == 0));
	return 0;
}
