/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "remount.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
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

/* Never an automount's, which this must not start. */
static bool
mount_id(int fd, const char *path, uint64_t *ret)
{
	struct statx st;

	if (statx(fd, path, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW |
	          AT_NO_AUTOMOUNT, STATX_MNT_ID, &st) < 0 ||
	    (st.stx_mask & STATX_MNT_ID) == 0)
		return false;
	*ret = st.stx_mnt_id;
	return true;
}

int
remount_find(const struct mount_point *p)
{
	int fd = open(p->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	uint64_t id;

	if (fd < 0)
		return -errno;
	if (mount_id(fd, "", &id) && id == p->id)
		return fd;
	close(fd);
	return -ESTALE;
}

bool
remount_hidden(int err)
{
	return err == -ESTALE || err == -ENOENT || err == -ENOTDIR;
}

const struct mount_point *
remount_of(const struct mounts *m, int fd, const char *path)
{
	uint64_t id;

	if (!mount_id(fd, path, &id))
		return NULL;
	for (size_t i = 0; i < m->n_points; i++)
		if (m->points[i].id == id)
			return &m->points[i];
	return NULL;
}
