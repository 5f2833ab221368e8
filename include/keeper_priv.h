/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_KEEPER_PRIV_H
#define DI_KEEPER_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "channel.h"
#include "keeper.h"
#include "log.h"

/*
 * What the worker asks and the keeper answers: one request, one reply, no
 * longer than what they say. Numbers only, and no path: what a request is
 * about comes as a descriptor, or was in the keeper's job before the worker was
 * made.
 */
#define KEEPER_BATCH CHANNEL_FDS
#define KEEPER_HELPERS 7

enum keeper_op {
	KEEPER_CHANGE = 1,	/* flags of n descriptors */
	KEEPER_JOURNALED,	/* of a descriptor: iflag_has_journal */
	KEEPER_LOCK,		/* a descriptor */
	KEEPER_UNLOCK,
	KEEPER_RUN,		/* none, or one to note the child in */
	KEEPER_READ,		/* an archive; the answer has a descriptor */
	KEEPER_READ_END,
	KEEPER_SUCCEED,
	KEEPER_HELP,		/* the answer has another channel */
	KEEPER_MOUNT,		/* the root of a mount */
	KEEPER_HOLDERS,		/* the same; the answer has a channel on which
				 * struct holder come */
	KEEPER_SAY,		/* a line for the system's log */
	KEEPER_DONE
};

struct keeper_request {
	uint32_t op;
	uint32_t n;		/* of changes; bytes of the answer, of text */
	int32_t word;		/* locked; tool; early; enum keeper_mount;
				 * work's result */
	int32_t pid;		/* of the reader that is to end */
	union {
		struct {
			uint32_t value, mask;
		} change[KEEPER_BATCH];
		unsigned char answer[KEEPER_ANSWER];
		char text[LOG_TEXT];
	};
};

struct keeper_reply {
	int32_t error;
	int32_t pid;		/* of a reader, or of who holds the lock */
	union {
		int32_t changed[KEEPER_BATCH];
		struct child_result child;
	};
};

/* Without what differs from op to op. */
#define KEEPER_HEAD offsetof(struct keeper_request, change)

/*
 * In a worker that was made just now: the channel, who is behind it, whether
 * it is the second one (or -errno, why it has no namespace of its own), and
 * what it could not give away (NULL: nothing; static).
 */
void keeper_ask_begin(int fd, pid_t keeper, bool again, int no_space,
                      const char *kept);
/* Its last word. */
void keeper_ask_done(int status, const void *answer, size_t size);

/* What the keeper does, and everybody who has none. */
int keeper_read_here(enum keeper_tool tool, int in, struct capture *ret);
void keeper_succeed_here(const struct keeper_job *job);

/* keeper_mounts.c: what the keeper does of mounts. */
int keeper_mount_here(int fd, int how, bool again);
/* Starts a process that looks for holders; *ret_fd is where they come from. */
int keeper_look(int fd, pid_t *ret_pid, int *ret_fd);

#endif
