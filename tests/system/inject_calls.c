/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "inject.h"

#ifdef __x86_64__

#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct call calls[] = {
#define CALL(name, shows, fits) { SYS_##name, #name, shows, fits }
	CALL(open, PATH0, NOSPC | IO | PERM | MFILE | NOMEM | INTR),
	CALL(creat, PATH0, NOSPC | IO | PERM | MFILE | NOMEM | INTR),
	CALL(openat, PATH1, NOSPC | IO | PERM | MFILE | NOMEM | INTR),
	CALL(openat2, PATH1, NOSPC | IO | PERM | MFILE | NOMEM | INTR),
	CALL(read, FD0, IO | INTR | SHORT | NOMEM),
	CALL(pread64, FD0, IO | INTR | SHORT | NOMEM),
	CALL(readv, FD0, IO | INTR),
	CALL(write, FD0, NOSPC | IO | INTR | SHORT | NOMEM),
	CALL(pwrite64, FD0, NOSPC | IO | INTR | SHORT | NOMEM),
	CALL(writev, FD0, NOSPC | IO | INTR),
	CALL(sendfile, FD0, NOSPC | IO | INTR | NOMEM),
	CALL(copy_file_range, FD0, NOSPC | IO | NOMEM),
	CALL(fsync, FD0, NOSPC | IO | INTR | NOMEM),
	CALL(fdatasync, FD0, NOSPC | IO | INTR | NOMEM),
	CALL(syncfs, FD0, NOSPC | IO | NOMEM),
	CALL(sync_file_range, FD0, NOSPC | IO | NOMEM),
	CALL(rename, PATH0, NOSPC | IO | PERM | NOMEM),
	CALL(renameat, PATH1, NOSPC | IO | PERM | NOMEM),
	CALL(renameat2, PATH1, NOSPC | IO | PERM | NOMEM),
	CALL(unlink, PATH0, IO | PERM | NOMEM),
	CALL(unlinkat, PATH1, IO | PERM | NOMEM),
	CALL(rmdir, PATH0, IO | PERM | NOMEM),
	CALL(link, PATH0, NOSPC | IO | PERM | NOMEM),
	CALL(linkat, PATH1, NOSPC | IO | PERM | NOMEM),
	CALL(symlink, PATH0, NOSPC | IO | PERM | NOMEM),
	CALL(symlinkat, PATH0, NOSPC | IO | PERM | NOMEM),
	CALL(mkdir, PATH0, NOSPC | IO | PERM | NOMEM),
	CALL(mkdirat, PATH1, NOSPC | IO | PERM | NOMEM),
	CALL(truncate, PATH0, NOSPC | IO | PERM | INTR),
	CALL(ftruncate, FD0, NOSPC | IO | PERM | INTR),
	CALL(fallocate, FD0, NOSPC | IO | PERM | INTR),
	CALL(stat, PATH0, IO | NOMEM),
	CALL(lstat, PATH0, IO | NOMEM),
	CALL(fstat, FD0, IO | NOMEM),
	CALL(newfstatat, PATH1, IO | NOMEM),
	CALL(statx, PATH1, IO | NOMEM),
	CALL(statfs, PATH0, IO | NOMEM),
	CALL(fstatfs, FD0, IO | NOMEM),
	CALL(getdents64, FD0, IO | NOMEM),
	CALL(access, PATH0, IO | NOMEM),
	CALL(faccessat, PATH1, IO | NOMEM),
	CALL(faccessat2, PATH1, IO | NOMEM),
	CALL(readlink, PATH0, IO | NOMEM),
	CALL(readlinkat, PATH1, IO | NOMEM),
	CALL(fchmod, FD0, IO | PERM | NOSPC),
	CALL(fchmodat, PATH1, IO | PERM | NOSPC),
	CALL(fchown, FD0, IO | PERM | NOSPC),
	CALL(fchownat, PATH1, IO | PERM | NOSPC),
	CALL(utimensat, PATH1, IO | PERM | NOSPC),
	CALL(lgetxattr, PATH0, IO | NOMEM),
	CALL(fgetxattr, FD0, IO | NOMEM),
	CALL(llistxattr, PATH0, IO | NOMEM),
	CALL(flistxattr, FD0, IO | NOMEM),
	CALL(fsetxattr, FD0, NOSPC | IO | PERM | NOMEM),
	CALL(ioctl, FD0, NOSPC | IO | PERM | NOMEM),
	CALL(fcntl, FD0, MFILE | NOMEM | INTR),	/* see call_fits */
	CALL(flock, FD0, NOMEM | INTR),
	CALL(dup, FD0, MFILE),
	CALL(dup2, FD0, MFILE),
	CALL(dup3, FD0, MFILE),
	CALL(pipe, NOTHING, MFILE | NOMEM),
	CALL(pipe2, NOTHING, MFILE | NOMEM),
	CALL(socket, NOTHING, MFILE | NOMEM | PERM),
	CALL(socketpair, NOTHING, MFILE | NOMEM),
	CALL(connect, FD0, PERM | INTR),
	CALL(memfd_create, NOTHING, MFILE | NOMEM),
	CALL(sendto, FD0, IO | INTR | NOMEM),
	CALL(recvfrom, FD0, IO | INTR | NOMEM),
	CALL(sendmsg, FD0, IO | INTR | NOMEM),
	CALL(recvmsg, FD0, IO | INTR | NOMEM),
	CALL(mmap, NOTHING, NOMEM),		/* of no file */
	CALL(mremap, NOTHING, NOMEM),
	CALL(brk, NOTHING, NOMEM),
	CALL(clone, NOTHING, NOMEM | PERM),
	CALL(clone3, NOTHING, NOMEM | PERM),
	CALL(fork, NOTHING, NOMEM | PERM),
	CALL(vfork, NOTHING, NOMEM | PERM),
	CALL(execve, PATH0, IO | NOMEM | PERM | MFILE),
	CALL(wait4, NOTHING, INTR),
	CALL(waitid, NOTHING, INTR),
	CALL(rt_sigtimedwait, NOTHING, INTR),
	CALL(nanosleep, NOTHING, INTR),
	CALL(clock_nanosleep, NOTHING, INTR),
	CALL(poll, NOTHING, INTR | NOMEM),
	CALL(ppoll, NOTHING, INTR | NOMEM),
	CALL(getrandom, NOTHING, INTR | IO),
	CALL(prlimit64, NOTHING, PERM),
	CALL(prctl, NOTHING, PERM),
	CALL(capset, NOTHING, PERM),
	CALL(seccomp, NOTHING, PERM | NOMEM),
	CALL(unshare, NOTHING, PERM | NOMEM),
	CALL(mount_setattr, FD0, PERM | NOMEM | INTR),
	CALL(fspick, FD0, MFILE | NOMEM | PERM),
	CALL(fsconfig, FD0, IO | NOMEM | PERM),
	CALL(chroot, PATH0, PERM | IO | NOMEM),
	CALL(chdir, PATH0, IO | NOMEM),
	CALL(fchdir, FD0, IO),
#ifdef SYS_landlock_create_ruleset
	CALL(landlock_create_ruleset, NOTHING, MFILE | NOMEM | PERM),
	CALL(landlock_add_rule, NOTHING, NOMEM | PERM),
	CALL(landlock_restrict_self, NOTHING, NOMEM | PERM),
#endif
#undef CALL
};

const struct call *
call_of(unsigned long long nr)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if ((unsigned long long)calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

static void
file_of(pid_t pid, unsigned long long fd, char *ret, size_t size)
{
	char name[64];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)pid, (int)fd);
	n = readlink(name, ret, size - 1);
	ret[n > 0 ? n : 0] = '\0';
}

static void
path_of(pid_t pid, unsigned long long at, char *ret, size_t size)
{
	struct iovec to = { ret, size - 1 };
	struct iovec from = { (void *)(unsigned long)at, 256 };
	ssize_t n = process_vm_readv(pid, &to, 1, &from, 1, 0);

	/* the end of a page */
	if (n < 0) {
		from.iov_len = 4096 - (at & 4095);
		n = process_vm_readv(pid, &to, 1, &from, 1, 0);
	}
	ret[n > 0 ? n : 0] = '\0';
	for (; *ret != '\0'; ret++)
		if (*ret < ' ' || *ret > '~')
			*ret = '?';
}

void
call_detail(const struct call *c, pid_t pid,
            const struct __ptrace_syscall_info *i, char *ret, size_t size)
{
	const unsigned long long *args = (const void *)i->entry.args;

	ret[0] = '\0';
	if (c->shows == FD0)
		file_of(pid, args[0], ret, size);
	else if (c->shows == PATH0)
		path_of(pid, args[0], ret, size);
	else if (c->shows == PATH1)
		path_of(pid, args[1], ret, size);
}

static bool
is_lock(unsigned long long command)
{
	return command == F_SETLK || command == F_SETLKW ||
	       command == F_GETLK || command == F_OFD_SETLK ||
	       command == F_OFD_SETLKW || command == F_OFD_GETLK;
}

unsigned int
call_fits(const struct call *c, const struct __ptrace_syscall_info *i,
          const char *detail)
{
	const unsigned long long *args = (const void *)i->entry.args;
	unsigned int fits = c->fits | KILL;

	switch (c->nr) {
	case SYS_open:
		return args[1] & O_CREAT ? fits : fits & ~(unsigned)NOSPC;
	case SYS_openat:
		return args[2] & O_CREAT ? fits : fits & ~(unsigned)NOSPC;
	case SYS_openat2:
		return fits & ~(unsigned)NOSPC;
	case SYS_ioctl:
		return (args[1] & 0xffffffff) == FS_IOC_SETFLAGS ? fits :
		       KILL | IO | NOMEM;
	case SYS_fcntl:
		if (args[1] == F_DUPFD || args[1] == F_DUPFD_CLOEXEC)
			return KILL | MFILE;
		if (!is_lock(args[1]))
			return 0;
		return KILL | NOMEM | (args[1] == F_SETLKW ||
		       args[1] == F_OFD_SETLKW ? INTR : 0);
	case SYS_writev:
		return args[0] > 2 ? fits : KILL | INTR;
	case SYS_mmap:
		return args[3] & MAP_ANONYMOUS ? fits : 0;
	case SYS_read:
	case SYS_pread64:
	case SYS_write:
	case SYS_pwrite64:
		/* Half of a message is no short read, but another message. */
		if (args[2] < 2 || strncmp(detail, "socket:", 7) == 0)
			fits &= ~(unsigned)SHORT;
		/* Who can't be spoken to can't be told. */
		if (args[0] <= 2)
			fits &= KILL | INTR | SHORT;
		if (strncmp(detail, "pipe:", 5) == 0)
			fits &= ~(unsigned)(NOSPC | IO);
		return fits;
	default:
		return fits;
	}
}

#endif
