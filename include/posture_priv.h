/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_POSTURE_PRIV_H
#define DI_POSTURE_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#include "arena.h"
#include "mounts.h"
#include "posture.h"
#include "strmap.h"

/* What the posture_*.c share; for nobody else. */

/* Files that are due, in /usr and elsewhere. */
struct posture_part {
	size_t guarded;		/* carry a flag */
	size_t open;		/* should, and don't */
	size_t unsupported;	/* can't: the file system */
};

struct posture {
	const struct posture_job *job;
	struct session *s;
	struct arena *arena;
	struct posture_line *lines;
	size_t n, cap;
	int err;		/* -ENOMEM, once there was none */

	struct mounts *mounts;	/* below the root; NULL: could not be read */
	struct mounts *host;	/* the machine's; NULL: the same, or unread */
	bool *covering;		/* of mounts: lies over what is due */
	struct strmap *planned;	/* mount points that fstab and units name, and
				 * how often */
	struct posture_part usr, rest;
	size_t off;		/* files of packages that are off */
	const char *off_packages;	/* their keys, for a shell */
	bool surveyed;
	bool live;		/* a run is under way */
};

/* Copies the line; its strings are static or of p->arena. */
void posture_tell(struct posture *p, const struct posture_line *line);
/* A text in p->arena; "" where there is no memory for it. */
const char *posture_text(struct posture *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A word of sh(1), quoted where need be. */
const char *posture_word(struct posture *p, const char *word);
/* The same of a path below the root, as the host names it. */
const char *posture_path(struct posture *p, const char *path);
/* Our own command, and systemctl, with a --root where one is needed; apt-get,
 * which has none, in a chroot. */
const char *posture_engine(struct posture *p);
const char *posture_systemctl(struct posture *p);
const char *posture_apt_get(struct posture *p);

/*
 * Below the root, every symlink followed within it (openat2(2)). O_NONBLOCK,
 * O_NOCTTY and O_CLOEXEC are added. A descriptor, or -errno.
 */
int posture_open(struct posture *p, const char *path, int flags);
/* All of a regular file, at most `max` bytes. 0, ERR_NOT_REGULAR, -errno. */
int posture_read(struct posture *p, const char *path, size_t max,
                 struct buf *ret);
bool posture_exists(struct posture *p, const char *path);
/* A few bytes of a file below `dir` (a folder of /proc, /sys), NUL behind
 * them; more than fit are ERR_LIMIT. Their number, or -errno. */
ssize_t posture_small(int dir, const char *name, char *ret, size_t size);

/* Each checks its part and tells lines. */
void posture_planned(struct posture *p);	/* fills planned */
void posture_survey(struct posture *p);	/* what the others need */
void posture_closed(struct posture *p);
void posture_mounts(struct posture *p);
void posture_over(struct posture *p);
void posture_folders(struct posture *p);
void posture_preload(struct posture *p);
void posture_kernel(struct posture *p);
void posture_processes(struct posture *p);
void posture_ours(struct posture *p);
void posture_units(struct posture *p);

/*
 * Mount points that an fstab(5) names, each added to `points` with how often.
 * Lines that are none are passed over, as mount(8) does. Keys are in `a`.
 */
int posture_fstab(const char *text, size_t n, struct arena *a,
                  struct strmap *points);
/* What a folder of systemd's has by this name: what is masked there is found
 * in none of those after it. */
enum posture_unit {
	POSTURE_UNIT_NONE,
	POSTURE_UNIT_FILE,
	POSTURE_UNIT_MASK
};
enum posture_unit posture_unit(struct posture *p, const char *folder,
                               const char *name);
/* "/usr/share" as "usr-share.mount" (systemd.unit(5)). ERR_LIMIT. */
int posture_mount_unit(const char *path, char *ret, size_t size);

/*
 * The folders that ld.so.conf(5) and what it includes name, and the files
 * that do so. fn's non-zero result ends it. 0, ERR_LIMIT (too many files or
 * folders), ERR_UNSUPPORTED (an include whose folder is a pattern), -errno.
 */
int posture_ldconf(struct posture *p,
                   int (*fn)(void *ctx, const char *path, bool folder),
                   void *ctx);

/*
 * The folders in which root's programs are looked for: what login, cron and
 * the environment say, and the usual ones. fn as above; told once a folder,
 * and also of a part that is no absolute path.
 */
int posture_search_path(struct posture *p,
                        int (*fn)(void *ctx, const char *folder), void *ctx);

/* Has an ACL, as the xattr system.posix_acl_access has it, an entry that lets a
 * user or group that is not root's write? Of its mask nothing is asked. */
bool posture_acl_writes(const unsigned char *acl, size_t n);

/* What /proc/PID/status says. */
struct posture_process {
	pid_t pid;
	pid_t tid;		/* of its thread that can do most */
	char comm[64];		/* odd bytes escaped */
	char unit[256];		/* of systemd; "": none */
	uint32_t uid;		/* effective */
	uint64_t held;		/* capabilities, effective or permitted */
	uint64_t bound;		/* that it could come to hold */
	unsigned int threads;
	bool body;		/* no kernel thread, and not ended */
};
/* 0 or ERR_FORMAT. Fills all but pid, tid and unit. */
int posture_status(const char *text, size_t n, struct posture_process *ret);
/* The unit that /proc/PID/cgroup names; "" for none. */
void posture_unit_of(const char *text, size_t n, char *ret, size_t size);

/* Which sockets of processes are network sockets. */
struct posture_sockets;
int posture_sockets_new(int proc, struct posture_sockets **ret);
void posture_sockets_free(struct posture_sockets *s);
/*
 * Has the process, or thread, one? Its kind ("tcp", "udp6", "vsock", "network"
 * where it is in no table, ...; static) in *ret, NULL: none. 0, or -errno: it
 * can't be told.
 */
int posture_sockets_of(struct posture_sockets *s, pid_t pid,
                       const char **ret);
/* The inodes in one of the tables of /proc/PID/net, by the number of the
 * column; lines that are too short are passed over. */
int posture_net_table(const char *text, size_t n, unsigned int column,
                      int (*fn)(void *ctx, uint64_t ino), void *ctx);

#endif
