/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "remount.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

int
remount_mount(int fd, bool readonly)
{
	struct mount_attr attr = {
		.attr_set = readonly ? MOUNT_ATTR_RDONLY : 0,
		.attr_clr = readonly ? 0 : MOUNT_ATTR_RDONLY
	};

	return mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ?
	       -errno : 0;
}

/* Only what is named changes: every other option stays as it is. */
int
remount_filesystem(int fd, bool readonly)
{
	int fs = fspick(fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC), r = 0;

	if (fs < 0)
		return -errno;
	if (fsconfig(fs, FSCONFIG_SET_FLAG, readonly ? "ro" : "rw",
	             NULL, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		r = -errno;
	close(fs);
	return r;
}

int
remount_private(void)
{
	return unshare(CLONE_NEWNS) < 0 ? -errno : 0;
}
