/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "keeper_priv.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holders.h"
#include "remount.h"
#include "worker.h"

/* Others see a mount's flag too, but for those in a namespace of their own. */
int
keeper_mount_here(int fd, int how, bool again)
{
	switch ((enum keeper_mount)how) {
	case KEEPER_MOUNT_OPEN:
		return again ? remount_mount(fd, false) : -EPERM;
	case KEEPER_MOUNT_SHUT:
		return remount_mount(fd, true);
	case KEEPER_FS_OPEN:
		return again ? remount_filesystem(fd, false) : -EPERM;
	case KEEPER_FS_SHUT:
		return remount_filesystem(fd, true);
	}
	return -EINVAL;
}

static int
hand_on(void *ctx, const struct holder *h)
{
	const int *to = ctx;

	return channel_send(*to, h, sizeof(*h), NULL, 0);
}

/* What it looks at others have written: names of programs and files. */
static _Noreturn void
find(int to, uint64_t dev)
{
	size_t unseen;

	/* the last for /proc/PID/map_files */
	(void)sandbox_caps(SANDBOX_CAP(CAP_SYS_PTRACE) |
	                   SANDBOX_CAP(CAP_DAC_READ_SEARCH) |
	                   SANDBOX_CAP(CAP_CHECKPOINT_RESTORE));
	(void)sandbox_limits();
	(void)sandbox_calls();
	(void)holders_find(dev, hand_on, &to, &unseen);
	worker_end(0);
}

int
keeper_look(int fd, pid_t *ret_pid, int *ret_fd)
{
	struct stat st;
	int pair[2], r;
	pid_t pid;

	if (fstat(fd, &st) < 0)
		return -errno;
	r = channel_pair(pair);
	if (r < 0)
		return r;
	pid = worker_fork();
	if (pid == 0) {
		worker_close(pair[0], false);
		find(pair[0], st.st_dev);
	}
	close(pair[0]);
	if (pid < 0) {
		close(pair[1]);
		return pid;
	}
	*ret_pid = pid;
	*ret_fd = pair[1];
	return 0;
}
