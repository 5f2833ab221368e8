/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "polite.h"

/* Younger than our C library's headers; the same on every architecture. */
#define CALL_CACHESTAT 451

struct cache_range {
	uint64_t off;
	uint64_t len;	/* 0: to the end */
};

struct cache_pages {
	uint64_t cached;
	uint64_t dirty;
	uint64_t writeback;
	uint64_t evicted;
	uint64_t recently_evicted;
};

/* What mincore(2) is asked at once: a byte of answer a page. */
#define WINDOW ((uint64_t)64 << 20)
#define PAGE_LEAST 4096

#define NICE_LOWEST 19

void
polite_begin(void)
{
	/* Both count for a thread, and one that begins takes over its
	 * maker's. */
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
	        IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
	setpriority(PRIO_PROCESS, 0, NICE_LOWEST);
}

/* n > 0 and at most WINDOW. */
static bool
window_cached(int fd, uint64_t at, uint64_t n)
{
	unsigned char resident[WINDOW / PAGE_LEAST] = { 0 };
	size_t pages;
	long page = sysconf(_SC_PAGESIZE);
	bool any = false;
	void *map;

	if (page < PAGE_LEAST)
		return true;
	map = mmap(NULL, (size_t)n, PROT_READ, MAP_SHARED, fd, (off_t)at);
	if (map == MAP_FAILED)
		return true;
	pages = ((size_t)n + (size_t)page - 1) / (size_t)page;
	if (mincore(map, (size_t)n, resident) < 0)
		any = true;
	for (size_t i = 0; i < pages && !any; i++)
		any = (resident[i] & 1) != 0;
	munmap(map, (size_t)n);
	return any;
}

/* An overlay's files have no pages of their own: those of the file below
 * are only seen through a mapping. */
static bool
has_own_pages(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (uint64_t)fs.f_type != OVERLAYFS_SUPER_MAGIC;
}

bool
polite_cached(int fd, uint64_t size)
{
	struct cache_range all = { 0, 0 };
	struct cache_pages pages;
	uint64_t n;

	if (size == 0)
		return false;
	if (syscall(CALL_CACHESTAT, fd, &all, &pages, 0) == 0 &&
	    (pages.cached > 0 || has_own_pages(fd)))
		return pages.cached > 0;
	for (uint64_t at = 0; at < size; at += n) {
		n = size - at < WINDOW ? size - at : WINDOW;
		if (window_cached(fd, at, n))
			return true;
	}
	return false;
}

void
polite_drop(int fd)
{
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

bool
polite_cold(int fd)
{
	char byte;
	struct iovec iov = { &byte, sizeof(byte) };

	return preadv2(fd, &iov, 1, 0, RWF_NOWAIT) < 0 && errno == EAGAIN;
}
