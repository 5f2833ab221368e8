/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "err.h"
#include "iflag.h"

/* Of the kernel's ext4.h, which older headers have not. */
#define EXT4_CHECKPOINT		_IOW('f', 43, unsigned int)
#define EXT4_CHECKPOINT_DRY_RUN	0x4u
#define EXT4_MAGIC		0x0000ef53

/* ENOTTY from vfat and pipes, EOPNOTSUPP from squashfs, erofs and fuse. */
static int
flag_error(int err)
{
	switch (err) {
	case ENOTTY:
	case EOPNOTSUPP:
	case ENOSYS:
	case EINVAL:
		return ERR_UNSUPPORTED;
	default:
		return -err;
	}
}

int
iflag_get(int fd, unsigned int *ret_flags)
{
	/* The calls are declared with a long, but all kernels move an int. */
	unsigned int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return flag_error(errno);
	*ret_flags = flags;
	return 0;
}

/* The one thing that differs between a process with the right and one
 * without. */
static const struct iflag_maker *maker;

void
iflag_through(const struct iflag_maker *m)
{
	maker = m;
}

/* 1 and *ret_flags: they would change; 0: they are so already. */
static int
wanted(int fd, unsigned int value, unsigned int mask, unsigned int *ret_old,
       unsigned int *ret_flags)
{
	unsigned int old;
	int err = iflag_get(fd, &old);

	if (err < 0)
		return err;
	*ret_old = old;
	*ret_flags = (old & ~mask) | (value & mask);
	return *ret_flags != old;
}

int
iflag_set(int fd, unsigned int value, unsigned int mask,
          unsigned int *ret_old)
{
	struct iflag_change one = { fd, value, mask, 0 }, *list = &one;
	unsigned int old, flags;
	int r = wanted(fd, value, mask, &old, &flags);

	if (r > 0 && maker != NULL) {
		maker->change(&list, 1);
		r = one.result;
	} else if (r > 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0) {
		r = flag_error(errno);
	}
	if (r >= 0 && ret_old != NULL)
		*ret_old = old;
	return r;
}

void
iflag_set_all(struct iflag_change *list, size_t n)
{
	struct iflag_change *asked[IFLAG_BATCH];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		struct iflag_change *c = &list[i];

		if (maker == NULL)
			c->result = iflag_set(c->fd, c->value, c->mask, NULL);
		else
			asked[k++] = c;
		if (k == IFLAG_BATCH) {
			maker->change(asked, k);
			k = 0;
		}
	}
	if (k > 0)
		maker->change(asked, k);
}

/*
 * "flags" stands only where it was seen that the flag is kept, that statx
 * tells it and that it never tells it wrongly. Elsewhere, and on what is not
 * in this table, only iflag_get and iflag_set know.
 */
static const struct {
	unsigned int magic;
	struct fskind kind;
} kinds[] = {
	/* ext2 and ext3 have the same number, and often the same driver. */
	{ EXT4_MAGIC, { .name = "ext4", .flags = true, .journaled = true,
	                .guards_writers = true } },
	{ 0x58465342, { .name = "xfs", .flags = true, .journaled = true } },
	{ 0x9123683e, { .name = "btrfs", .flags = true } },
	{ 0x01021994, { .name = "tmpfs", .flags = true } },
	{ 0xf2f52010, { .name = "f2fs", .flags = true } },
	{ 0x794c7630, { .name = "overlay", .flags = true, .overlay = true } },
	{ 0x73717368, { .name = "squashfs" } },
	{ 0xe0f5e1e2, { .name = "erofs" } },	/* says +i of everything */
	{ 0x28cd3d45, { .name = "cramfs" } },
	{ 0x858458f6, { .name = "ramfs" } },
	{ 0x00004d44, { .name = "vfat" } },
	{ 0x2011bab0, { .name = "exfat" } },
	{ 0x7366746e, { .name = "ntfs3" } },
	{ 0x00009660, { .name = "iso9660" } },
	{ 0x15013346, { .name = "udf" } },
	{ 0x00006969, { .name = "nfs" } },
	{ 0xff534d42, { .name = "cifs" } },
	{ 0xfe534d42, { .name = "smb2" } },
	{ 0x00c36400, { .name = "ceph" } },
	{ 0x01021997, { .name = "9p" } },
	{ 0x65735546, { .name = "fuse" } },
	{ 0x3153464a, { .name = "jfs" } },
	{ 0x52654973, { .name = "reiserfs" } },
	{ 0x24051905, { .name = "ubifs" } },
	{ 0xca451a4e, { .name = "bcachefs" } },
	{ 0x2fc12fc1, { .name = "zfs" } },
	{ 0x0000f15f, { .name = "ecryptfs" } },
	{ 0x00009fa0, { .name = "proc" } },
	{ 0x62656572, { .name = "sysfs" } },
	{ 0x0027e0eb, { .name = "cgroup" } },
	{ 0x63677270, { .name = "cgroup2" } },
	{ 0x00001cd1, { .name = "devpts" } },
	{ 0x19800202, { .name = "mqueue" } },
	{ 0x958458f6, { .name = "hugetlbfs" } },
	{ 0x64626720, { .name = "debugfs" } },
	{ 0x74726163, { .name = "tracefs" } },
	{ 0x73636673, { .name = "securityfs" } },
	{ 0xcafe4a11, { .name = "bpf" } },
	{ 0xde5e81e4, { .name = "efivarfs" } },
	{ 0x00000187, { .name = "autofs" } },
};

/*
 * ext2, and ext4 where somebody took the journal away: there fsync writes
 * the one inode only. The driver knows; whatever it answers but yes (ENODEV
 * says no, EPERM and ENOTTY nothing), syncfs is never wrong, only slower.
 */
static bool
ext4_has_journal(int fd)
{
	unsigned int flags = EXT4_CHECKPOINT_DRY_RUN;

	return ioctl(fd, EXT4_CHECKPOINT, &flags) == 0;
}

int
fskind_of(int fd, struct fskind *ret)
{
	struct fskind kind = { .name = "unknown" };
	struct statfs fs;
	size_t i;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].magic == (unsigned int)fs.f_type) {
			kind = kinds[i].kind;
			break;
		}
	}
	if (fs.f_type == EXT4_MAGIC)
		kind.journaled = maker != NULL ? maker->has_journal(fd) :
		                 ext4_has_journal(fd);
	kind.read_only = (fs.f_flags & ST_RDONLY) != 0;
	*ret = kind;
	return 0;
}

unsigned int
iflag_of_node(const struct node *n, bool believed)
{
	uint64_t told = n->attributes & n->attributes_mask;
	unsigned int flags = 0;

	if (!believed)
		return 0;
	if ((told & STATX_ATTR_IMMUTABLE) != 0)
		flags |= IFLAG_IMMUTABLE;
	if ((told & STATX_ATTR_APPEND) != 0)
		flags |= IFLAG_APPEND;
	return flags;
}
