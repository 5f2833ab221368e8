/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "buf.h"
#include "file.h"
#include "lines.h"
#include "mounts.h"

/* The kernel stacks overlays two high; more than this is a text's doing. */
#define STACK_MAX 16

#define RAMDISK_MAJOR 1u

/* What sysfs says of a device is a page at most. */
#define SYSFS_MAX ((size_t)64 << 10)

/* An attribute of the block device, NUL behind it. 0 or an error. */
static int
read_attribute(uint64_t dev, const char *attribute, struct buf *text)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev),
	         minor(dev), attribute);
	return file_read(AT_FDCWD, path, text);
}

static bool
is_prefix(const char *prefix, const char *s)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The kernel's names of disks in memory: zram0, ram15. */
static bool
names_memory(const char *name, size_t n)
{
	size_t head = is_prefix("zram", name) ? 4 :
	              is_prefix("ram", name) ? 3 : 0;
	unsigned long long number;

	return head > 0 && n > head &&
	       lines_number(name + head, n - head, UINT32_MAX, &number) == 0;
}

/* By the kernel's word; the source may be another name of it, or a label. */
static bool
device_in_memory(uint64_t dev)
{
	static const char key[] = "DEVNAME=";
	bool found = false;
	const char *line;
	struct lines l;
	struct buf text;
	size_t n;

	if (major(dev) == RAMDISK_MAJOR)
		return true;
	if (major(dev) == 0)
		return false;
	buf_init(&text, SYSFS_MAX);
	if (read_attribute(dev, "uevent", &text) == 0 && text.len > 0) {
		lines_init(&l, text.data, text.len);
		while (!found && lines_next(&l, &line, &n))
			found = is_prefix(key, line) && names_memory(
			    line + strlen(key), n - strlen(key));
	}
	buf_free(&text);
	return found;
}

static bool
in_memory(const struct mount_point *p)
{
	static const char *const types[] = {
		"tmpfs", "ramfs", "devtmpfs", "rootfs"
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(p->fstype, types[i]) == 0)
			return true;
	if (is_prefix("/dev/", p->source) &&
	    names_memory(p->source + 5, strlen(p->source + 5)))
		return true;
	return device_in_memory(p->dev);
}

bool
mounts_lasting(const struct mounts *host, const struct mount_point *p)
{
	const struct mount_point *below;

	for (int i = 0; i < STACK_MAX; i++) {
		if (in_memory(p))
			return false;
		if (p->upper == NULL || p->upper[0] != '/')
			return true;
		below = mounts_covering(host, p->upper);
		/* A name of another namespace, as an initramfs leaves it. */
		if (below == NULL || below == p)
			return true;
		p = below;
	}
	return true;
}

/* 1, 0, or an error where sysfs does not know the device. */
static int
read_readonly(uint64_t dev)
{
	struct buf text;
	int r;

	buf_init(&text, SYSFS_MAX);
	r = read_attribute(dev, "ro", &text);
	if (r == 0)
		r = text.len > 0 && text.data[0] == '1';
	buf_free(&text);
	return r;
}

int
mounts_device_readonly(const struct mount_point *p)
{
	struct statx st;
	int r = major(p->dev) != 0 ? read_readonly(p->dev) : -1;

	/* Nothing but /dev is looked at: a source may be any text. */
	if (r < 0 && is_prefix("/dev/", p->source) &&
	    statx(AT_FDCWD, p->source, AT_NO_AUTOMOUNT, STATX_TYPE, &st) == 0 &&
	    S_ISBLK(st.stx_mode))
		r = read_readonly(makedev(st.stx_rdev_major,
		                          st.stx_rdev_minor));
	return r > 0;
}
