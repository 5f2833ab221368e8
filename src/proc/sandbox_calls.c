/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "err.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

/* Younger than our C library's headers; the same on every architecture. */
#define CALL_CACHESTAT 451

/* A memory map under sanitizers lives from calls that nobody else makes. */
#if defined(__SANITIZE_ADDRESS__)
#undef OUR_ARCH
#endif

#ifdef OUR_ARCH
/* All that reads, writes, waits or asks; Landlock says of which files. */
static const unsigned int harmless[] = {
	SYS_read, SYS_readv, SYS_pread64, SYS_preadv, SYS_write, SYS_writev,
	SYS_pwrite64, SYS_close, SYS_close_range, SYS_lseek, SYS_fstat,
	SYS_newfstatat, SYS_statx, SYS_statfs, SYS_fstatfs,
	SYS_openat2, SYS_getdents64, SYS_readlinkat, SYS_getcwd,
	SYS_faccessat,
	SYS_faccessat2, SYS_flock, SYS_dup, SYS_dup3, SYS_pipe2,
	SYS_fsync, SYS_fdatasync, SYS_syncfs, SYS_sync_file_range,
	SYS_fallocate, SYS_ftruncate, SYS_fadvise64, SYS_copy_file_range,
	SYS_sendfile, SYS_memfd_create, SYS_renameat2, SYS_unlinkat,
	SYS_linkat, SYS_mkdirat,
	SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, SYS_listxattr,
	SYS_llistxattr, SYS_flistxattr,
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise,
	SYS_mincore, SYS_brk, SYS_futex, SYS_sched_yield,
	SYS_sched_getaffinity, SYS_set_robust_list, SYS_membarrier,
	SYS_ppoll, SYS_pselect6,
	SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid,
	SYS_getgid, SYS_getegid, SYS_getpgid, SYS_getrusage, SYS_uname,
	SYS_sysinfo, SYS_getrandom, SYS_clock_gettime, SYS_clock_getres,
	SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_times,
	SYS_getpriority, SYS_setpriority, SYS_ioprio_set,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_rt_sigtimedwait, SYS_sigaltstack, SYS_restart_syscall,
	SYS_exit, SYS_exit_group,
	SYS_sendmsg, SYS_recvmsg,	/* with the keeper */
	SYS_landlock_create_ruleset, SYS_landlock_add_rule,
	SYS_landlock_restrict_self, CALL_CACHESTAT,
#ifdef SYS_rseq
	SYS_rseq,
#endif
#ifdef SYS_open			/* x86-64 still has the old ones */
	SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_pipe,
	SYS_dup2, SYS_poll, SYS_select, SYS_rename, SYS_unlink, SYS_link,
	SYS_mkdir, SYS_rmdir, SYS_getdents, SYS_time, SYS_getpgrp,
	SYS_arch_prctl,
#endif
	SYS_renameat
};

/* The kernel gives the halves of an argument as two words; both of our
 * architectures have the low one first. */
#define ARG_LOW(n)	(offsetof(struct seccomp_data, args) + 8 * (n))
#define ARG_HIGH(n)	(ARG_LOW(n) + 4)
#define LOAD(at) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)(at))
#define ANSWER(what)	BPF_STMT(BPF_RET | BPF_K, (what))
#define IF(value, then, otherwise) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)(value), then, \
	         otherwise)
#define IF_BITS(bits, then, otherwise) \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (unsigned int)(bits), then, \
	         otherwise)

#define NOT_THERE (SECCOMP_RET_ERRNO | ENOSYS)
#define REFUSED (SECCOMP_RET_ERRNO | EPERM)

/*
 * Each begins with the number of the call at hand and ends with it: either it
 * answers, or it was another call.
 *	clone	a thread, no process; clone3's arguments nobody can look at, and
 *		the C library falls back
 *	open	never empties what is there: a Landlock before ABI 3 does not keep
 *		it from that. openat2's flags nobody can look at
 *	fcntl	copies, locks, and asks; it names no process that would get a
 *		signal
 *	ioctl	asks for inode flags, and what a terminal is; FICLONE, for which
 *		a file must be open for writing
 *	fchmod	of what is open, anybody's: refused; files are made with the
 *		mode that they keep. So attributes
 *	kill	to ask whether a process lives (signal 0)
 *	prctl	the name of a thread or of memory
 *	prlimit64	asked, never set (the third argument is NULL)
 */
static const struct sock_filter choosy[] = {
#ifdef SYS_open
	IF(SYS_open, 0, 4), LOAD(ARG_LOW(1)), IF_BITS(O_TRUNC, 1, 0),
	ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_KILL_PROCESS),
#endif
	IF(SYS_openat, 0, 4), LOAD(ARG_LOW(2)), IF_BITS(O_TRUNC, 1, 0),
	ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_KILL_PROCESS),
	IF(SYS_fcntl, 0, 11), LOAD(ARG_LOW(1)), IF(F_DUPFD_CLOEXEC, 8, 0),
	IF(F_GETFD, 7, 0), IF(F_SETFD, 6, 0), IF(F_GETFL, 5, 0),
	IF(F_GETLK, 4, 0), IF(F_OFD_GETLK, 3, 0), IF(F_OFD_SETLK, 2, 0),
	IF(F_OFD_SETLKW, 1, 0),
	ANSWER(SECCOMP_RET_KILL_PROCESS), ANSWER(SECCOMP_RET_ALLOW),
	IF(SYS_ioctl, 0, 7), LOAD(ARG_LOW(1)), IF(FS_IOC_GETFLAGS, 3, 0),
	IF(FICLONE, 2, 0), IF(0x5401 /* TCGETS */, 1, 0),
	IF(0x5413 /* TIOCGWINSZ */, 0, 1),
	ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_KILL_PROCESS),
	IF(SYS_clone3, 0, 1), ANSWER(NOT_THERE),
	IF(SYS_clone, 0, 4), LOAD(ARG_LOW(0)), IF_BITS(CLONE_THREAD, 0, 1),
	ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_KILL_PROCESS),
	IF(SYS_fchmod, 1, 0), IF(SYS_fremovexattr, 0, 1), ANSWER(REFUSED),
	IF(SYS_kill, 0, 4), LOAD(ARG_LOW(1)), IF(0, 0, 1),
	ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_KILL_PROCESS),
	IF(SYS_prctl, 0, 5), LOAD(ARG_LOW(0)), IF(PR_SET_NAME, 1, 0),
	IF(0x53564d41 /* PR_SET_VMA */, 0, 1),
	ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_KILL_PROCESS),
	IF(SYS_prlimit64, 0, 6), LOAD(ARG_LOW(2)), IF(0, 0, 3),
	LOAD(ARG_HIGH(2)), IF(0, 0, 1),
	ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_KILL_PROCESS),
};

#define N_HARMLESS (sizeof(harmless) / sizeof(*harmless))
#define N_CHOOSY (sizeof(choosy) / sizeof(*choosy))
#define N_HEAD 4
#define N_FILTER (N_HEAD + 2 * N_HARMLESS + N_CHOOSY + 1)

static size_t
make_filter(struct sock_filter *f)
{
	const struct sock_filter head[N_HEAD] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		IF(OUR_ARCH, 1, 0), ANSWER(SECCOMP_RET_KILL_PROCESS),
		LOAD(offsetof(struct seccomp_data, nr))
	};
	size_t n = 0;

	for (size_t i = 0; i < N_HEAD; i++)
		f[n++] = head[i];
	/* The kernel remembers which calls are harmless (since 5.11), and asks
	 * for the others each time. */
	for (size_t i = 0; i < N_CHOOSY; i++)
		f[n++] = choosy[i];
	for (size_t i = 0; i < N_HARMLESS; i++) {
		f[n++] = (struct sock_filter)IF(harmless[i], 0, 1);
		f[n++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
	}
	f[n++] = (struct sock_filter)ANSWER(SECCOMP_RET_KILL_PROCESS);
	return n;
}

int
sandbox_calls(void)
{
	struct sock_filter filter[N_FILTER];
	const struct sock_fprog program = {
		.len = (unsigned short)make_filter(filter), .filter = filter
	};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS ? ERR_UNSUPPORTED : -errno;
}
#else
int
sandbox_calls(void)
{
	return ERR_UNSUPPORTED;
}
#endif
