/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_PROCS_H
#define DI_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the processes of /proc have open and mapped; for the searches in it
 * (writers.h, holders.h).
 */

/* What came of looking at a process, or at a part of it. */
enum look {
	LOOK_DONE,
	LOOK_GONE,	/* it ended meanwhile */
	LOOK_UNSEEN,	/* we may not, or could not */
	LOOK_STOP	/* the walk is to end */
};

/* /proc, or -errno (-ENOENT if that is but a folder). */
int procs_open(void);

/*
 * fn looks at each process but our own below a folder that is laid out as
 * /proc. 0, 1 if LOOK_STOP ended it, or -errno. *ret_unseen, set with 0 only,
 * counts LOOK_UNSEEN but of those that have neither files nor memory (kernel
 * threads, zombies), and one more where processes are hidden.
 */
int procs_walk(int proc, enum look (*fn)(void *ctx, int proc, pid_t pid),
               void *ctx, size_t *ret_unseen);

enum look procs_look_of(int err);	/* errno of what is the process's */

/* fn for each descriptor: a link by its name in dir. */
enum look procs_each_fd(int proc, pid_t pid,
                        enum look (*fn)(void *ctx, int dir, const char *name),
                        void *ctx);

/* The file behind a link of fd, map_files and such. */
struct procs_file {
	uint64_t dev, ino;
	uint32_t links;		/* 0: deleted */
	bool regular;
};

/* 0 or -errno. Nothing is asked of a server that may not answer. */
int procs_behind(int dir, const char *name, struct procs_file *ret);

/* How the file of such a link was opened: 1, 0 or -errno. */
int procs_writes(int dir, const char *name);

/*
 * maps: "START-END rwxs OFFSET MAJOR:MINOR INODE   NAME", all but the inode
 * in hexadecimal.
 */
struct procs_mapping {
	unsigned long long start, end;
	bool writable;
	bool shared;
	uint64_t dev, ino;	/* as the kernel has them: not always stat's */
	const char *name;	/* borrows the line */
	size_t name_len;
};

bool procs_mapping_read(const char *line, size_t n,
                        struct procs_mapping *ret);

#define PROCS_CHUNK ((size_t)64 << 10)

/* Room for reading lines; what is longer than head_size is cut. */
struct procs_lines {
	char *chunk;		/* PROCS_CHUNK bytes */
	char *head;
	size_t head_size;
};

/* fn for each line to fd's end. One that does not end is LOOK_UNSEEN. */
enum look procs_each_line(int fd, const struct procs_lines *l,
                          enum look (*fn)(void *ctx, const char *line,
                                          size_t n),
                          void *ctx);

/* For people: odd bytes as "\ooo"; cut before an escape that has no room. */
void procs_escape(const char *from, size_t n, char *to, size_t size);
/* The process's name, thus escaped; "" if there is none. */
void procs_name(int proc, pid_t pid, char *name, size_t size);

/* Files that were told of already. Zeroed at first; to be freed. */
struct procs_told {
	struct procs_id *files;
	size_t n;
	size_t cap;
};

/* Notes the file; false if that was done before. */
bool procs_first_time(struct procs_told *t, uint64_t dev, uint64_t ino);

#endif
