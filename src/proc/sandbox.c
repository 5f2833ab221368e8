/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "err.h"

/* Rights of later kernels than our headers; the numbers are for good. */
#define FS_REFER	(1ULL << 13)
#define FS_TRUNCATE	(1ULL << 14)
#define OF_A_FILE	(LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define LAST_CAP	63

/* `permitted` for ever, or `effective` for a while. */
static int
set_caps(uint64_t permitted, uint64_t effective)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (unsigned int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (unsigned int)(permitted >> 32 * i);
		data[i].inheritable &= data[i].permitted;
		data[i].effective = data[i].permitted &
		                    (unsigned int)(effective >> 32 * i);
	}
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

void
sandbox_rest(uint64_t keep)
{
	(void)set_caps(~0ULL, keep);
}

void
sandbox_wake(void)
{
	(void)set_caps(~0ULL, ~0ULL);
}

int
sandbox_caps(uint64_t keep)
{
	int r = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	/* EINVAL: the kernel has no more; EPERM: not root. */
	for (unsigned int c = 0; c <= LAST_CAP; c++)
		if ((keep & SANDBOX_CAP(c)) == 0)
			(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return r < 0 ? r : set_caps(keep, keep);
}

int
sandbox_no_flags(void)
{
	(void)prctl(PR_CAPBSET_DROP, CAP_LINUX_IMMUTABLE, 0, 0, 0);
	return set_caps(~SANDBOX_CAP(CAP_LINUX_IMMUTABLE), ~0ULL);
}

static int
limit(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit l;

	if (getrlimit(what, &l) < 0)
		return -errno;
	if (l.rlim_max > most)
		l.rlim_max = most;
	if (l.rlim_cur > l.rlim_max)
		l.rlim_cur = l.rlim_max;
	return setrlimit(what, &l) < 0 ? -errno : 0;
}

int
sandbox_limits(void)
{
	int r = limit(RLIMIT_CORE, 0);

	if (r == 0)
		r = limit(RLIMIT_MEMLOCK, 0);
#ifndef __SANITIZE_ADDRESS__	/* whose map of the memory is larger */
	if (r == 0)
		r = limit(RLIMIT_DATA, SANDBOX_MEMORY);
#endif
	return r;
}

/* struct landlock_ruleset_attr as later kernels have it: to one that knows less
 * of it, the rest must be 0. */
struct rules {
	uint64_t files, net, scoped;
};
#define NET_TCP		3	/* bind and connect */
#define SCOPE_OTHERS	3	/* abstract sockets and signals */

static long
landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	               LANDLOCK_CREATE_RULESET_VERSION);
}

/* What such a kernel can forbid, of what we forbid; 0: nothing. */
static uint64_t
known_rights(long abi)
{
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi < 1)
		return 0;
	if (abi >= 2)
		rights |= FS_REFER;
	if (abi >= 3)
		rights |= FS_TRUNCATE;
	/* Reading is free everywhere, and a rule that says so would be looked
	 * for at each file that is opened. */
	return rights & ~(uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE |
	                            LANDLOCK_ACCESS_FS_READ_DIR);
}

static int
allow(int rules, int place, uint64_t rights)
{
	struct landlock_path_beneath_attr below = {
		.allowed_access = rights, .parent_fd = place
	};
	struct stat st;

	if (fstat(place, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		below.allowed_access &= OF_A_FILE;

	return syscall(SYS_landlock_add_rule, rules,
	               LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0 ? -errno : 0;
}

void
sandbox_nothing(void)
{
	const long abi = landlock_abi();
	const struct rules all = {
		.files = known_rights(abi) &
		         ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE,
		.net = abi >= 4 ? NET_TCP : 0,
		.scoped = abi >= 6 ? SCOPE_OTHERS : 0
	};
	int rules;

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)limit(RLIMIT_CORE, 0);
	(void)limit(RLIMIT_FSIZE, 0);
	if (all.files != 0) {
		rules = (int)syscall(SYS_landlock_create_ruleset, &all,
		                     sizeof(all), 0);
		(void)syscall(SYS_landlock_restrict_self, rules, 0);
		close(rules);
	}
	(void)set_caps(0, 0);
}

int
sandbox_files(const struct sandbox_place *places, size_t n, bool starts)
{
	const uint64_t known = known_rights(landlock_abi()) &
	    ~(uint64_t)(starts ? LANDLOCK_ACCESS_FS_EXECUTE : 0);
	const struct rules all = { .files = known };
	const uint64_t writing = known & ~(uint64_t)(
	    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK |
	    LANDLOCK_ACCESS_FS_MAKE_FIFO);
	const uint64_t folders = LANDLOCK_ACCESS_FS_MAKE_DIR |
	                         LANDLOCK_ACCESS_FS_REMOVE_DIR;
	int rules, r = 0;

	if (known == 0)
		return ERR_UNSUPPORTED;
	rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (rules < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (places[i].fd >= 0)
			r = allow(rules, places[i].fd, places[i].folders_only ?
			          folders : writing);
	if (r == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		r = -errno;
	close(rules);
	return r;
}
