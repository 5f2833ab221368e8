/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * What of --posture reads foreign text, on trees laid out as /proc and /sys:
 * what no test can change in a running kernel is made bad here, and mended.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "audited.h"
#include "check_main.h"
#include "posture_priv.h"
#include "report.h"
#include "scratch.h"

static struct posture p;
static struct posture_job job;
static struct session session;

/* Stands in for libc's: of a link that is gone when it is read again. */
static const char *gone_after_once;

ssize_t
readlinkat(int dir, const char *name, char *ret, size_t size)
{
	static bool once;

	if (gone_after_once != NULL && strcmp(name, gone_after_once) == 0) {
		once = !once;
		if (!once) {
			errno = ENOENT;
			return -1;
		}
	}
	return (ssize_t)syscall(SYS_readlinkat, dir, name, ret, size);
}

/* Folders on the way are made. */
static void
put(const char *path, const void *data, size_t n)
{
	char part[512];

	for (const char *at = path; (at = strchr(at, '/')) != NULL; at++) {
		snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		ck_assert(mkdirat(scratch_fd, part, 0755) == 0 ||
		          errno == EEXIST);
	}
	scratch_write(path, data, n);
}

static void
text(const char *path, const char *data)
{
	put(path, data, strlen(data));
}

static void
link_to(const char *path, const char *target)
{
	text(path, "");
	ck_assert_int_eq(unlinkat(scratch_fd, path, 0), 0);
	ck_assert_int_eq(symlinkat(target, scratch_fd, path), 0);
}

static void
gone(const char *path)
{
	ck_assert_int_eq(unlinkat(scratch_fd, path, 0), 0);
}

static int
folder(const char *name)
{
	int fd = openat(scratch_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void
setup(void)
{
	char path[100];

	scratch_open();
	text("proc/sys/kernel/ostype", "Linux\n");
	text("sys/firmware/x", "");
	text("root/x", "");
	memset(&p, 0, sizeof(p));
	memset(&session, 0, sizeof(session));
	job = (struct posture_job){
		.session = &session, .proc = folder("proc"),
		.sys = folder("sys")
	};
	session.instdir = "";
	p.job = &job;
	p.s = &session;
	p.arena = arena_new();
	ck_assert_ptr_nonnull(p.arena);
	snprintf(path, sizeof(path), "%s/root", scratch_path);
	ck_assert_int_eq(root_new(path, &session.root), 0);
}

static void
teardown(void)
{
	root_free(session.root);
	close(job.proc);
	close(job.sys);
	free(p.lines);
	arena_free(p.arena);
	scratch_close();
}

static void
again(void (*check)(struct posture *))
{
	p.n = 0;
	check(&p);
	ck_assert_int_eq(p.err, 0);
}

/* The line of an id; of several the one with this subject. */
static const struct posture_line *
line_of(const char *id, const char *subject)
{
	for (size_t i = 0; i < p.n; i++)
		if (strcmp(p.lines[i].id, id) == 0 &&
		    (subject == NULL || (p.lines[i].subject != NULL &&
		     strcmp(p.lines[i].subject, subject) == 0)))
			return &p.lines[i];
	return NULL;
}

static void
expect(const char *id, enum posture_state state)
{
	const struct posture_line *line = line_of(id, NULL);

	ck_assert_msg(line != NULL, "%s is not told", id);
	ck_assert_msg(line->state == state, "%s is %s, not %s: %s", id,
	              posture_state_name(line->state),
	              posture_state_name(state), line->seen);
	ck_assert_ptr_nonnull(line->why);
}

static void
expect_mend(const char *id, const char *mend)
{
	const struct posture_line *line = line_of(id, NULL);

	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_nonnull(line->mend);
	ck_assert_str_eq(line->mend, mend);
	ck_assert_ptr_nonnull(line->keep);
}

/* What can't be read, or is not what the kernel writes. */
static void
expect_unknown(const char *path, const char *id,
               void (*check)(struct posture *))
{
	static const struct {
		const char *data;
		size_t n;
	} bad[] = {
		{ "", 0 }, { "\n", 1 }, { "\0\0\0\0\0", 5 }, { "x", 1 },
		{ "none integrity\n", 15 }, { "none [\n", 7 },
		{ "[]", 2 }, { "[a b]", 5 }, { "][", 2 },
		{ "\xff\xfe[\x01", 4 },
		{ "9999999999999999999999\n", 23 }, { "-1\n", 3 }
	};
	char *huge = malloc(1 << 20);

	ck_assert_ptr_nonnull(huge);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(path, bad[i].data, bad[i].n);
		again(check);
		expect(id, POSTURE_UNKNOWN);
	}
	memset(huge, '1', 1 << 20);
	put(path, huge, 1 << 20);
	again(check);
	expect(id, POSTURE_UNKNOWN);
	free(huge);
	gone(path);
	ck_assert_int_eq(mkdirat(scratch_fd, path, 0755), 0);
	again(check);
	expect(id, POSTURE_UNKNOWN);
	ck_assert_int_eq(unlinkat(scratch_fd, path, AT_REMOVEDIR), 0);
}

/* ------------------------------------------------------------------ kernel */

#define LOCKDOWN "sys/kernel/security/lockdown"
#define LSM "sys/kernel/security/lsm"
#define MODULES "proc/sys/kernel/modules_disabled"
#define KEXEC "proc/sys/kernel/kexec_load_disabled"
#define EFIVARS "sys/firmware/efi/efivars/"
#define GUID "-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define SECURE EFIVARS "SecureBoot" GUID
#define SETUP EFIVARS "SetupMode" GUID
#define LAX EFIVARS "MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23"

START_TEST(kernel_lockdown)
{
	again(posture_kernel);
	expect("lockdown", POSTURE_NOTE);
	text(LOCKDOWN, "[none] integrity confidentiality\n");
	again(posture_kernel);
	expect("lockdown", POSTURE_NOTE);
	expect_mend("lockdown",
	            "echo integrity >/sys/kernel/security/lockdown");
	text(LOCKDOWN, "none [integrity] confidentiality\n");
	again(posture_kernel);
	expect("lockdown", POSTURE_OK);
	ck_assert_str_eq(line_of("lockdown", NULL)->seen, "integrity");
	/* written, and obeyed by nobody */
	text(LSM, "capability,landlock,yama\n");
	text(KEXEC, "0\n");
	again(posture_kernel);
	expect("lockdown", POSTURE_NOTE);
	expect("kexec", POSTURE_NOTE);
	ck_assert_ptr_null(line_of("lockdown", NULL)->mend);
	ck_assert_ptr_nonnull(line_of("lockdown", NULL)->keep);
	text(LSM, "lockdown,capability,landlock,yama\n");
	again(posture_kernel);
	expect("lockdown", POSTURE_OK);
	expect("kexec", POSTURE_OK);
	expect_unknown(LOCKDOWN, "lockdown", posture_kernel);
}
END_TEST

/* Modules and other kernels must be signed under lockdown. */
START_TEST(kernel_switches)
{
	static const char *const paths[] = { MODULES, KEXEC };
	static const char *const ids[] = { "modules", "kexec" };
	static const char *const mends[] = {
		NULL,
		"echo 1 >/proc/sys/kernel/kexec_load_disabled"
	};

	for (int i = 0; i < 2; i++) {
		again(posture_kernel);
		expect(ids[i], POSTURE_OK);	/* there is no such thing */
		text(paths[i], "0\n");
		again(posture_kernel);
		expect(ids[i], POSTURE_NOTE);
		if (mends[i] != NULL)
			expect_mend(ids[i], mends[i]);
		else
			ck_assert_ptr_null(line_of(ids[i], NULL)->mend);
		text(paths[i], "1\n");
		again(posture_kernel);
		expect(ids[i], POSTURE_OK);
		text(paths[i], "0\n");
		text(LOCKDOWN, "none [integrity] confidentiality\n");
		again(posture_kernel);
		expect(ids[i], POSTURE_OK);
		gone(LOCKDOWN);
		expect_unknown(paths[i], ids[i], posture_kernel);
	}
	text(MODULES, "0\n");
	text("sys/module/module/parameters/sig_enforce", "N\n");
	again(posture_kernel);
	expect("modules", POSTURE_NOTE);
	expect_mend("modules",
	            "echo 1 >/sys/module/module/parameters/sig_enforce");
	text("sys/module/module/parameters/sig_enforce", "Y\n");
	again(posture_kernel);
	expect("modules", POSTURE_OK);
}
END_TEST

START_TEST(kernel_secure_boot)
{
	static const char on[] = { 6, 0, 0, 0, 1 }, off[] = { 6, 0, 0, 0, 0 };

	again(posture_kernel);
	expect("secure-boot", POSTURE_NOTE);
	ck_assert_ptr_nonnull(strstr(line_of("secure-boot", NULL)->seen,
	                             "UEFI"));
	text("sys/firmware/efi/fw_platform_size", "64\n");
	text(EFIVARS ".x", "");
#if defined(__x86_64__)
	again(posture_kernel);
	expect("secure-boot", POSTURE_NOTE);
	ck_assert_ptr_null(line_of("secure-boot", NULL)->mend);
	ck_assert_ptr_nonnull(line_of("secure-boot", NULL)->keep);
#endif
	text("sys/firmware/efi/runtime-map/0/type", "0x5\n");
	again(posture_kernel);
	expect("secure-boot", POSTURE_UNKNOWN);
	ck_assert_str_eq(line_of("secure-boot", NULL)->mend, "mount -t "
	                 "efivarfs efivarfs /sys/firmware/efi/efivars");
	put(EFIVARS "BootCurrent" GUID, off, sizeof(off));
	again(posture_kernel);
	expect("secure-boot", POSTURE_NOTE);
	put(SECURE, off, sizeof(off));
	again(posture_kernel);
	expect("secure-boot", POSTURE_NOTE);
	ck_assert_ptr_null(line_of("secure-boot", NULL)->mend);
	ck_assert_ptr_nonnull(line_of("secure-boot", NULL)->keep);
	put(SECURE, on, sizeof(on));
	again(posture_kernel);
	expect("secure-boot", POSTURE_OK);
	put(SETUP, on, sizeof(on));
	again(posture_kernel);
	expect("secure-boot", POSTURE_NOTE);
	put(SETUP, off, sizeof(off));
	again(posture_kernel);
	expect("secure-boot", POSTURE_OK);
	put(LAX, on, sizeof(on));
	again(posture_kernel);
	expect("secure-boot", POSTURE_NOTE);
	ck_assert_ptr_nonnull(strstr(line_of("secure-boot", NULL)->keep,
	                             "mokutil --enable-validation"));
	put(LAX, on, 2);
	again(posture_kernel);
	expect("secure-boot", POSTURE_UNKNOWN);
	put(LAX, off, sizeof(off));
	again(posture_kernel);
	expect("secure-boot", POSTURE_OK);
	put(SETUP, on, 3);
	again(posture_kernel);
	expect("secure-boot", POSTURE_UNKNOWN);
	gone(SETUP);
	put(SECURE, "\6\0\0\0\2", 5);
	again(posture_kernel);
	expect("secure-boot", POSTURE_UNKNOWN);
	put(SECURE, "\6\0\0\0\1\0", 6);
	again(posture_kernel);
	expect("secure-boot", POSTURE_UNKNOWN);
}
END_TEST

START_TEST(kernel_lsm)
{
	again(posture_kernel);
	expect("lsm", POSTURE_NOTE);
	text(LSM, "capability,yama\n");
	again(posture_kernel);
	expect("lsm", POSTURE_NOTE);
	ck_assert_str_eq(line_of("lsm", NULL)->seen, "capability,yama; "
	                 "without lockdown landlock apparmor");
	ck_assert_ptr_nonnull(line_of("lsm", NULL)->keep);
	text(LSM, "lockdown,capability,landlock,yama,apparmorx\n");
	again(posture_kernel);
	expect("lsm", POSTURE_NOTE);
	text(LSM, "lockdown,capability,landlock,yama,selinux");
	again(posture_kernel);
	expect("lsm", POSTURE_OK);
	text(LSM, "");
	again(posture_kernel);
	expect("lsm", POSTURE_UNKNOWN);
	put(LSM, "yama\0landlock", 13);
	again(posture_kernel);
	expect("lsm", POSTURE_UNKNOWN);
}
END_TEST

/* As with subset=pid, and without sysfs: nothing is told of the kernel. */
START_TEST(kernel_unseen)
{
	gone("proc/sys/kernel/ostype");
	gone("sys/firmware/x");
	again(posture_kernel);
	expect("modules", POSTURE_UNKNOWN);
	expect("kexec", POSTURE_UNKNOWN);
	expect("secure-boot", POSTURE_NOTE);
	ck_assert_ptr_nonnull(strstr(line_of("secure-boot", NULL)->seen,
	                             "not told"));
	ck_assert_int_eq(unlinkat(scratch_fd, "sys/firmware", AT_REMOVEDIR),
	                 0);
	again(posture_kernel);
	expect("secure-boot", POSTURE_NOTE);
	ck_assert_ptr_nonnull(strstr(line_of("secure-boot", NULL)->seen,
	                             "not told"));
}
END_TEST

START_TEST(kernel_of_another_root)
{
	close(job.proc);
	close(job.sys);
	job.proc = job.sys = -1;
	again(posture_kernel);
	ck_assert_uint_eq(p.n, 0);
	again(posture_processes);
	ck_assert_uint_eq(p.n, 0);
}
END_TEST

/* --------------------------------------------------------------- processes */

#define ALL "000001ffffffffff"
#define LESS "000001fffffffdff"
#define NONE "0000000000000000"

struct made {
	int pid;
	const char *name;
	unsigned int uid;
	const char *held, *bound;
	const char *unit;	/* NULL: none */
	unsigned int space;	/* user namespace */
	unsigned int socket;	/* 0: none */
};

static void
make(const struct made *m)
{
	char path[100], data[400];

	snprintf(path, sizeof(path), "proc/%d/status", m->pid);
	snprintf(data, sizeof(data), "Name:\t%s\nState:\tS (sleeping)\n"
	         "Uid:\t0\t%u\t0\t0\nVmSize:\t  100 kB\nCapInh:\t" NONE "\n"
	         "CapPrm:\t%s\nCapEff:\t%s\nCapBnd:\t%s\n", m->name, m->uid,
	         m->held, m->held, m->bound);
	text(path, data);
	snprintf(path, sizeof(path), "proc/%d/cgroup", m->pid);
	snprintf(data, sizeof(data), "4:memory:/x.service\n0::/%s%s\n",
	         m->unit != NULL ? "system.slice/" : "",
	         m->unit != NULL ? m->unit : "");
	text(path, data);
	snprintf(path, sizeof(path), "proc/%d/ns/user", m->pid);
	snprintf(data, sizeof(data), "user:[%u]", m->space);
	link_to(path, data);
	snprintf(path, sizeof(path), "proc/%d/ns/net", m->pid);
	link_to(path, "net:[7]");
	snprintf(path, sizeof(path), "proc/%d/net/tcp", m->pid);
	text(path, "  sl  local_address rem_address   st tx_queue rx_queue tr "
	     "tm->when retrnsmt   uid  timeout inode\n"
	     "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 "
	     "00:00000000 00000000     0        0 4711 1 ffff 100 0 0 10 0\n");
	snprintf(path, sizeof(path), "proc/%d/fd/0", m->pid);
	link_to(path, "/dev/null");
	if (m->socket == 0)
		return;
	snprintf(path, sizeof(path), "proc/%d/fd/9", m->pid);
	snprintf(data, sizeof(data), "socket:[%u]", m->socket);
	link_to(path, data);
}

static void
unmake(int pid)
{
	static const char *const names[] = {
		"status", "cgroup", "ns/user", "ns/net", "net/tcp", "fd/0",
		"fd/9"
	};
	char path[100];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "proc/%d/%s", pid, names[i]);
		unlinkat(scratch_fd, path, 0);
	}
}

static void
at_rest(void)
{
	link_to("proc/self/ns/user", "user:[1]");
	make(&(struct made){ 1, "systemd", 0, ALL, ALL, NULL, 1, 0 });
	again(posture_processes);
	expect("capability-user", POSTURE_OK);
	expect("capability-net", POSTURE_OK);
	expect("services", POSTURE_OK);
	ck_assert_ptr_null(line_of("processes", NULL));
}

START_TEST(processes_of_users)
{
	at_rest();
	make(&(struct made){ 20, "odd\\na m\033e", 1000, ALL, ALL, NULL, 1,
	                     0 });
	again(posture_processes);
	expect("capability-user", POSTURE_BAD);
	expect("capability-net", POSTURE_OK);
	ck_assert_str_eq(line_of("capability-user", NULL)->subject,
	                 "process 20 (odd\\134na\\040m\\033e)");
	expect_mend("capability-user", "kill 20");
	unmake(20);
	again(posture_processes);
	expect("capability-user", POSTURE_OK);
	/* neither what has no such right, nor what has it elsewhere only */
	make(&(struct made){ 21, "user", 1000, LESS, ALL, NULL, 1, 4711 });
	make(&(struct made){ 22, "rootless", 1000, ALL, ALL, NULL, 2, 4711 });
	again(posture_processes);
	expect("capability-user", POSTURE_OK);
	expect("capability-net", POSTURE_OK);
}
END_TEST

START_TEST(processes_with_sockets)
{
	const struct posture_line *line;

	at_rest();
	make(&(struct made){ 30, "alone", 0, ALL, ALL, NULL, 1, 4711 });
	make(&(struct made){ 31, "local", 0, ALL, ALL, NULL, 1, 4712 });
	make(&(struct made){ 32, "sshd", 0, ALL, ALL, "ssh.service", 1,
	                     4711 });
	make(&(struct made){ 33, "daemon", 0, ALL, ALL, "d\\x2de.service", 1,
	                     4711 });
	make(&(struct made){ 34, "daemon", 0, ALL, ALL, "d\\x2de.service", 1,
	                     4711 });
	again(posture_processes);
	line = line_of("capability-net", "process 30 (alone)");
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(line->state, POSTURE_NOTE);
	ck_assert_ptr_nonnull(strstr(line->seen, "a tcp socket"));
	/* it may be what people log in by, or the network */
	ck_assert_ptr_null(line->mend);
	ck_assert_ptr_nonnull(strstr(line->keep, "setpriv"));
	ck_assert_ptr_null(line_of("capability-net", "process 31 (local)"));
	/* nor does who is logged in: sshd's own process for that */
	make(&(struct made){ 35, "sshd: root", 0, ALL, ALL, "session-3.scope",
	                     1, 4711 });
	again(posture_processes);
	line = line_of("capability-net", "session-3.scope");
	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_null(line->mend);
	ck_assert_ptr_nonnull(strstr(line->keep, "logged in"));
	unmake(35);
	again(posture_processes);
	/* what people log in by gets no command that locks them out */
	line = line_of("capability-net", "ssh.service");
	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_null(line->mend);
	line = line_of("capability-net", "d\\x2de.service");
	ck_assert_ptr_nonnull(line);
	ck_assert_str_eq(line->mend, "for u in 'd\\x2de.service'; do mkdir -p "
	    "/etc/systemd/system/\"$u.d\" && printf '[Service]\\n"
	    "CapabilityBoundingSet=~CAP_LINUX_IMMUTABLE\\n' "
	    ">/etc/systemd/system/\"$u.d\"/50-no-immutable.conf; done; "
	    "systemctl daemon-reload");
	ck_assert_ptr_nonnull(strstr(line->keep, "restart"));
	ck_assert_uint_eq(p.n, 5);	/* three, users, services */
	for (int pid = 30; pid <= 32; pid++)
		unmake(pid);
	for (int pid = 33; pid <= 34; pid++)
		make(&(struct made){ pid, "daemon", 0, LESS, LESS,
		                     "d\\x2de.service", 1, 0 });
	again(posture_processes);
	expect("capability-net", POSTURE_OK);
}
END_TEST

/* Its tables are gone with it, those of its network namespace are not. */
START_TEST(processes_that_end)
{
	struct posture_sockets *s;
	const char *kind = NULL;

	make(&(struct made){ 36, "ended", 0, ALL, ALL, NULL, 1, 4711 });
	make(&(struct made){ 37, "living", 0, ALL, ALL, NULL, 1, 4711 });
	gone("proc/36/net/tcp");
	ck_assert_int_eq(posture_sockets_new(job.proc, &s), 0);
	gone_after_once = "36/ns/net";
	ck_assert_int_eq(posture_sockets_of(s, 36, &kind), -ENOENT);
	gone_after_once = NULL;
	ck_assert_int_eq(posture_sockets_of(s, 37, &kind), 0);
	ck_assert_ptr_nonnull(kind);
	ck_assert_str_eq(kind, "tcp");
	posture_sockets_free(s);
}
END_TEST

/* Of ours; NULL: none of the network. */
static const char *
own_socket(int proc)
{
	struct posture_sockets *s;
	const char *kind = NULL;

	ck_assert_int_eq(posture_sockets_new(proc, &s), 0);
	ck_assert_int_eq(posture_sockets_of(s, getpid(), &kind), 0);
	posture_sockets_free(s);
	return kind;
}

/* No table has what is bound to nothing. */
START_TEST(sockets_without_table)
{
	static const struct {
		int family, type;
		const char *kind;
	} cases[] = {
		{ AF_UNIX, SOCK_STREAM, NULL }, { AF_UNIX, SOCK_DGRAM, NULL },
		{ AF_NETLINK, SOCK_RAW, NULL },
		{ AF_INET, SOCK_DGRAM, "network" },
		{ AF_INET6, SOCK_STREAM, "network" },
		{ AF_VSOCK, SOCK_STREAM, "vsock" }
	};
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(proc, 0);
	if (own_socket(proc) != NULL)
		return;		/* we were given one */
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int fd = socket(cases[i].family, cases[i].type, 0);
		const char *kind;

		if (fd < 0)
			continue;	/* not in this kernel */
		kind = own_socket(proc);
		close(fd);
		if (cases[i].kind == NULL) {
			ck_assert_ptr_null(kind);
			continue;
		}
		ck_assert_ptr_nonnull(kind);
		ck_assert_str_eq(kind, cases[i].kind);
	}
	close(proc);
}
END_TEST

/* One that can do more than the first, whose descriptors may be gone. */
START_TEST(processes_of_threads)
{
	static const char first[] = "Name:\tm\nUid:\t0\t0\t0\t0\nThreads:\t2\n"
	    "CapPrm:\t" NONE "\nCapEff:\t" NONE "\nCapBnd:\t" LESS "\n";
	static const char other[] = "Name:\tt\nUid:\t7\t7\t7\t7\n"
	    "VmSize:\t1 kB\nThreads:\t2\nCapPrm:\t" ALL "\n"
	    "CapEff:\t" NONE "\nCapBnd:\t" ALL "\n";
	const struct posture_line *line;

	at_rest();
	/* its own folder; it is not listed by the kernel */
	make(&(struct made){ 39, "t", 0, NONE, LESS, "a.service", 1, 4711 });
	gone("proc/39/status");
	text("proc/38/status", first);
	text("proc/38/task/38/status", first);
	again(posture_processes);
	expect("capability-user", POSTURE_OK);
	expect("services", POSTURE_OK);
	text("proc/38/task/39/status", other);
	again(posture_processes);
	expect("capability-user", POSTURE_BAD);
	line = line_of("capability-user", NULL);
	ck_assert_str_eq(line->seen, "process 38 (m) of user 7 holds "
	                 "CAP_LINUX_IMMUTABLE");
	line = line_of("capability-net", NULL);
	ck_assert_ptr_nonnull(strstr(line->seen, "a tcp socket"));
	expect("services", POSTURE_NOTE);
	text("proc/38/task/39/status", "Name:\tcut\n");
	again(posture_processes);
	expect("processes", POSTURE_UNKNOWN);
	/* gone meanwhile */
	gone("proc/38/task/39/status");
	again(posture_processes);
	ck_assert_ptr_null(line_of("processes", NULL));
}
END_TEST

START_TEST(processes_of_services)
{
	at_rest();
	make(&(struct made){ 40, "a", 101, NONE, ALL, "a.service", 1, 0 });
	make(&(struct made){ 41, "b", 101, NONE, LESS, "b.service", 1, 0 });
	make(&(struct made){ 42, "cron", 0, ALL, ALL, "cron.service", 1, 0 });
	/* dpkg could lift no flag any more from within it */
	make(&(struct made){ 43, "ruby", 0, ALL, ALL, "puppet.service", 1, 0 });
	again(posture_processes);
	expect("services", POSTURE_NOTE);
	ck_assert_str_eq(line_of("services", NULL)->seen, "1 of 2 services "
	                 "could hold CAP_LINUX_IMMUTABLE: a.service");
	ck_assert_ptr_nonnull(strstr(line_of("services", NULL)->mend,
	                             "for u in a.service;"));
	make(&(struct made){ 40, "a", 101, NONE, LESS, "a.service", 1, 0 });
	again(posture_processes);
	expect("services", POSTURE_OK);
}
END_TEST

START_TEST(processes_unknown)
{
	at_rest();
	text("proc/50/status", "Name:\tcut\nUid:\t0\t0\t0\t0\n");
	again(posture_processes);
	expect("processes", POSTURE_UNKNOWN);
	gone("proc/50/status");
	again(posture_processes);
	ck_assert_ptr_null(line_of("processes", NULL));
	make(&(struct made){ 51, "x", 0, ALL, ALL, NULL, 1, 0 });
	link_to("proc/51/ns/net", "net:7");
	again(posture_processes);
	expect("processes", POSTURE_UNKNOWN);
	unmake(51);
	unmake(1);
	again(posture_processes);
	expect("processes", POSTURE_UNKNOWN);
}
END_TEST

/* As to a user with hidepid=2: his own, and not process 1. */
START_TEST(processes_hidden)
{
	link_to("proc/self/ns/user", "user:[1]");
	make(&(struct made){ 52, "sh", 7, NONE, ALL, NULL, 1, 0 });
	again(posture_processes);
	expect("processes", POSTURE_UNKNOWN);
	ck_assert_uint_eq(p.n, 1);
	make(&(struct made){ 53, "x", 7, ALL, ALL, "a.service", 1, 0 });
	again(posture_processes);
	expect("processes", POSTURE_UNKNOWN);
	expect("capability-user", POSTURE_BAD);
	expect("services", POSTURE_NOTE);
	unmake(53);
	at_rest();
}
END_TEST

START_TEST(processes_in_many_groups)
{
	static const char end[] = "\nVmSize:\t  100 kB\nCapPrm:\t" ALL
	    "\nCapEff:\t" ALL "\nCapBnd:\t" ALL "\n";
	size_t n = 65536 * 11;
	char *data = malloc(n + 200);
	int at;

	ck_assert_ptr_nonnull(data);
	at_rest();
	at = snprintf(data, 100, "Name:\tx\nUid:\t7\t7\t7\t7\nGroups:\t");
	memset(data + at, '1', n);
	memcpy(data + at + n, end, sizeof(end));
	text("proc/54/status", data);
	link_to("proc/54/ns/net", "net:[7]");
	text("proc/54/fd/x", "");
	free(data);
	again(posture_processes);
	ck_assert_ptr_null(line_of("processes", NULL));
	expect("capability-user", POSTURE_BAD);
}
END_TEST

START_TEST(processes_without_body)
{
	at_rest();
	/* a kernel thread, which has every right and no memory */
	text("proc/60/status", "Name:\tkthreadd\nUid:\t1\t1\t1\t1\n"
	     "CapPrm:\t" ALL "\nCapEff:\t" ALL "\nCapBnd:\t" ALL "\n");
	again(posture_processes);
	expect("capability-user", POSTURE_OK);
	ck_assert_ptr_null(line_of("processes", NULL));
}
END_TEST

START_TEST(status_bad)
{
	static const char good[] = "Name:\tx\nUid:\t1\t2\t3\t4\nCapPrm:\t"
	    NONE "\nCapEff:\t0000000000000200\nCapBnd:\t" ALL "\n";
	static const char *const bad[] = {
		"", "\n", "Name", "Uid:\t0\n", "Uid:\t1\t-2\t3\t4\n",
		"Uid:\t1\t4294967296\t3\n", "CapPrm:\t0\n",
		"CapEff:\t00000000000002zz\n", "CapBnd:\t" ALL "0\n",
		"CapEff:\t000000000000020A\n", "Uid:\t\t\t\t\n",
		"Threads:\t-1\n", "Threads:\t4294967296\n"
	};
	struct posture_process q = { .pid = 5, .uid = 77 };
	char both[600];

	ck_assert_int_eq(posture_status(good, strlen(good), &q), 0);
	ck_assert_uint_eq(q.uid, 2);
	ck_assert_uint_eq(q.held, 0x200);
	ck_assert_int_eq(q.pid, 5);
	ck_assert(!q.body);
	q.uid = 77;
	for (size_t n = 0; n < sizeof(good) - 30; n++)
		ck_assert_int_eq(posture_status(good, n, &q), ERR_FORMAT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		/* an empty text is bad alone, and an empty line anywhere */
		snprintf(both, sizeof(both), "%s%s", good, bad[i]);
		ck_assert_int_eq(posture_status(bad[i], strlen(bad[i]), &q),
		                 ERR_FORMAT);
		if (bad[i][0] != '\0')
			ck_assert_int_eq(posture_status(both, strlen(both),
			                                &q), ERR_FORMAT);
	}
	ck_assert_uint_eq(q.uid, 77);
}
END_TEST

START_TEST(unit_names)
{
	static const struct {
		const char *text, *unit;
	} cases[] = {
		{ "0::/system.slice/ssh.service\n", "ssh.service" },
		{ "0::/system.slice/system-getty.slice/getty@tty1.service",
		  "getty@tty1.service" },
		{ "0::/user.slice/user-0.slice/session-1.scope\n",
		  "session-1.scope" },
		{ "1:name=systemd:/a.service/b.service\n", "a.service" },
		/* a container's */
		{ "0::/lxc.payload.c1/system.slice/nginx.service\n", "" },
		{ "0::/../system.slice/nginx.service\n", "" },
		{ "0::/machine.slice/n@c1.service/payload/x.service\n",
		  "n@c1.service" },
		{ "3:memory:/a.service\n", "" }, { "0::/\n", "" },
		{ "", "" }, { ":", "" }, { "::", "" }, { "0:/a.service", "" },
		{ "0::/.service\n", "" }, { "0::/xservice\n", "" }
	};
	char unit[32], big[100];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		posture_unit_of(cases[i].text, strlen(cases[i].text), unit,
		                sizeof(unit));
		ck_assert_str_eq(unit, cases[i].unit);
	}
	snprintf(big, sizeof(big), "0::/%050d.service\n", 1);
	posture_unit_of(big, strlen(big), unit, sizeof(unit));
	ck_assert_str_eq(unit, "");
}
END_TEST

static int
add_inode(void *ctx, uint64_t ino)
{
	uint64_t *sum = ctx;

	*sum += ino;
	return 0;
}

START_TEST(net_tables)
{
	static const struct {
		const char *text;
		uint64_t sum;
	} cases[] = {
		{ "", 0 }, { "\n\n", 0 }, { "a b c\n", 0 },
		{ "a b 5\n", 5 }, { "  a   b    5  6\n", 5 },
		{ "a b 5\na b 6", 11 }, { "a b 0\n", 0 }, { "a b -5\n", 0 },
		{ "a b 99999999999999999999999\n", 0 }, { "a b 5x\n", 0 }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t sum = 0;

		ck_assert_int_eq(posture_net_table(cases[i].text,
		                 strlen(cases[i].text), 2, add_inode, &sum),
		                 0);
		ck_assert_uint_eq(sum, cases[i].sum);
	}
}
END_TEST

/* ------------------------------------------------------ fstab, ld.so, PATH */

static uintptr_t
times(struct strmap *m, const char *path)
{
	uintptr_t n = 0;

	strmap_get(m, path, &n);
	return n;
}

START_TEST(fstab)
{
	static const char data[] = "# /dev/a /comment ext4\n\n"
	    "/dev/a / ext4 rw 0 1\n"
	    "\t/dev/b\t/with\\040blank/\text4\n"
	    "LABEL=x /twice ext4\nbind /twice none bind\n"
	    "/dev/c none swap sw 0 0\n/dev/d\n/dev/e /bad\\777x ext4\n"
	    "/dev/f relative ext4\n/dev/g /last";
	struct strmap *m = strmap_new();
	char huge[20000];

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(posture_fstab(data, sizeof(data) - 1, p.arena, m), 0);
	ck_assert_uint_eq(times(m, "/"), 1);
	ck_assert_uint_eq(times(m, "/with blank"), 1);
	ck_assert_uint_eq(times(m, "/twice"), 2);
	ck_assert_uint_eq(times(m, "/last"), 1);
	ck_assert_uint_eq(times(m, "/comment"), 0);
	ck_assert_uint_eq(strmap_count(m), 4);
	ck_assert_int_eq(posture_fstab("a /nul\0x b\n", 11, p.arena, m), 0);
	memset(huge, 'x', sizeof(huge));
	ck_assert_int_eq(posture_fstab(huge, sizeof(huge), p.arena, m), 0);
	ck_assert_int_eq(posture_fstab("", 0, p.arena, m), 0);
	ck_assert_uint_eq(strmap_count(m), 4);
	strmap_free(m);
}
END_TEST

START_TEST(mount_units)
{
	static const struct {
		const char *path, *unit;
	} cases[] = {
		{ "/", "-.mount" }, { "/usr", "usr.mount" },
		{ "/usr/share/x", "usr-share-x.mount" },
		{ "/a-b c", "a\\x2db\\x20c.mount" },
		{ "/.hidden/.x", "\\x2ehidden-.x.mount" }
	};
	char unit[64], path[100];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert_int_eq(posture_mount_unit(cases[i].path, unit,
		                                    sizeof(unit)), 0);
		ck_assert_str_eq(unit, cases[i].unit);
	}
	for (size_t n = 1; n < sizeof(path); n++) {
		memset(path, '-', n);
		path[0] = '/';
		path[n] = '\0';
		ck_assert_int_eq(posture_mount_unit(path, unit, sizeof(unit)),
		                 (n - 1) * 4 + 7 <= sizeof(unit) ?
		                 0 : ERR_LIMIT);
	}
}
END_TEST

static char told[4096];

static int
tell_conf(void *ctx, const char *path, bool is_folder)
{
	(void)ctx;
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s ",
	         is_folder ? "" : "=", path);
	return 0;
}

static void
expect_conf(int result, const char *want)
{
	told[0] = '\0';
	ck_assert_int_eq(posture_ldconf(&p, tell_conf, NULL), result);
	if (want != NULL)
		ck_assert_str_eq(told, want);
}

START_TEST(ldconf)
{
	char data[64];

	expect_conf(0, "");
	text("root/etc/ld.so.conf", "# a comment\n/a\n  /b/ # behind\n"
	     "include ld.so.conf.d/*.conf\n\nhwcap 1 nosegneg\n"
	     "relative\n/c=libc6\n");
	text("root/etc/ld.so.conf.d/2.conf", "/two\n");
	text("root/etc/ld.so.conf.d/1.conf", "/one\ninclude /etc/more "
	     "/etc/ld.so.conf\n");
	text("root/etc/ld.so.conf.d/.3.conf", "/hidden\n");
	text("root/etc/ld.so.conf.d/4.other", "/other\n");
	text("root/etc/more", "/more\r\ninclude /etc/none\n");
	expect_conf(0, "=/etc/ld.so.conf /a /b =/etc/ld.so.conf.d/1.conf /one "
	            "=/etc/more /more =/etc/ld.so.conf.d/2.conf /two /c ");
	put("root/etc/ld.so.conf", "/x\0y\n/z", 7);
	expect_conf(0, "=/etc/ld.so.conf /z ");
	text("root/etc/ld.so.conf", "include /et*/x\n");
	expect_conf(ERR_UNSUPPORTED, NULL);
	text("root/etc/ld.so.conf", "include /etc/n0\n");
	for (int i = 0; i < 12; i++) {
		char path[64];

		snprintf(path, sizeof(path), "root/etc/n%d", i);
		snprintf(data, sizeof(data), "include /etc/n%d\n", i + 1);
		text(path, data);
	}
	expect_conf(ERR_LIMIT, NULL);
}
END_TEST

START_TEST(ldconf_much)
{
	char *much = malloc(3 << 20);

	ck_assert_ptr_nonnull(much);
	for (size_t i = 0; i < (3 << 20); i += 3)
		memcpy(much + i, "/x\n", 3);
	put("root/etc/ld.so.conf", much, 3 * 1024);
	expect_conf(0, NULL);
	put("root/etc/ld.so.conf", much, 3 * 1025);
	expect_conf(ERR_LIMIT, NULL);
	put("root/etc/ld.so.conf", much, 3 << 20);
	expect_conf(ERR_LIMIT, "");
	free(much);
	gone("root/etc/ld.so.conf");
	link_to("root/etc/ld.so.conf", "ld.so.conf");
	expect_conf(-ELOOP, "");
}
END_TEST

static int
tell_part(void *ctx, const char *path)
{
	(void)ctx;
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s ",
	         path);
	return 0;
}

#define USUAL "/usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin "

static void
expect_path(const char *want)
{
	told[0] = '\0';
	ck_assert_int_eq(posture_search_path(&p, tell_part, NULL), 0);
	ck_assert_str_eq(told, want);
}

START_TEST(search_path)
{
	char data[5000];

	expect_path(USUAL);
	text("root/etc/login.defs", "ENV_PATH\tPATH=/user\n"
	     "# ENV_SUPATH PATH=/comment\nENV_SUPATH\tPATH=/super/:/bin\n");
	text("root/etc/environment", "PATH=\"/env\"\nXPATH=/no\nPATH\n");
	text("root/etc/crontab", "SHELL=/bin/sh\nPATH = /cron:$HOME/bin\n"
	     "PATH=/cron\n* * * * * root PATH=/no x\n");
	expect_path(USUAL "/super /env /cron ");
	job.path = "/caller:.::/usr/bin";
	expect_path(USUAL "/super /env /cron /caller .  ");
	session.guest = true;
	expect_path(USUAL "/super /env /cron ");
	put("root/etc/crontab", "PATH=/a\0b\n\xff\xfe\n", 13);
	expect_path(USUAL "/super /env ");
	gone("root/etc/environment");
	ck_assert_int_eq(mkdirat(scratch_fd, "root/etc/environment", 0755),
	                 0);
	expect_path(USUAL "/super ");
	/* so many and no more */
	for (size_t i = 0; i < sizeof(data) - 10; i += 8)
		snprintf(data + i, 9, ":/%06zu", i);
	memcpy(data, "PATH=///", 8);
	text("root/etc/crontab", data);
	told[0] = '\0';
	ck_assert_int_eq(posture_search_path(&p, tell_part, NULL), 0);
}
END_TEST

/* Mounts over /usr and /boot, which are due. */
static void
over(const char *mountinfo)
{
	ck_assert_int_eq(mounts_parse("mountinfo", mountinfo,
	                              strlen(mountinfo), "", &p.mounts, NULL),
	                 0);
	p.covering = calloc(p.mounts->n_points, sizeof(*p.covering));
	p.planned = strmap_new();
	ck_assert(p.covering != NULL && p.planned != NULL);
	ck_assert_int_eq(strmap_put(p.planned, "/usr", 1), 0);
	for (size_t i = 0; i < p.mounts->n_points; i++)
		p.covering[i] = true;
	p.surveyed = true;
	again(posture_over);
	mounts_free(p.mounts);
	free(p.covering);
	strmap_free(p.planned);
}

/* Homes stay their owners'; a pattern of folders is said to be one. */
START_TEST(foreign_folders)
{
	char path[300];
	const struct posture_line *line;

	if (geteuid() != 0)
		return;
	text("root/etc/ld.so.conf", "/home/u\n/lib/x\ninclude */x\n");
	text("root/home/u/x", "");
	text("root/lib/x/x", "");
	snprintf(path, sizeof(path), "%s/root", scratch_path);
	session.instdir = path;
	session.guest = true;
	ck_assert_int_eq(fchownat(scratch_fd, "root/home/u", 7, 0, 0), 0);
	ck_assert_int_eq(fchownat(scratch_fd, "root/lib/x", 7, 0, 0), 0);
	again(posture_folders);
	line = line_of("ld-so", "/home/u");
	ck_assert(line != NULL && line->state == POSTURE_BAD);
	ck_assert_ptr_null(line->mend);
	ck_assert_ptr_nonnull(line->keep);
	line = line_of("ld-so", "/lib/x");
	ck_assert(line != NULL && line->mend != NULL);
	line = line_of("ld-so", "/etc/ld.so.conf");
	ck_assert(line != NULL && line->state == POSTURE_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(line->seen, "pattern"));
}
END_TEST

/* What is not looked at is not said to be others'. */
START_TEST(folders_with_dots)
{
	static const char *const names[] = {
		"/usr/lib/../lib/x", "/usr/lib/.."
	};
	const struct posture_line *line;

	text("root/usr/lib/x/x", "");
	text("root/etc/ld.so.conf", "/usr/lib/../lib/x\n/usr/lib/..\n"
	     "/usr/lib/..x\n");
	again(posture_folders);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		line = line_of("ld-so", names[i]);
		ck_assert(line != NULL && line->state == POSTURE_UNKNOWN);
		ck_assert_ptr_nonnull(strstr(line->seen, "\"..\""));
	}
	ck_assert_ptr_null(line_of("ld-so", "/usr/lib/..x"));
}
END_TEST

static void
expect_root(mode_t mode, enum posture_state state, const char *mend)
{
	const struct posture_line *line;

	ck_assert_int_eq(fchmodat(scratch_fd, "root", mode, 0), 0);
	again(posture_folders);
	line = line_of("systemd", mend != NULL ? "/" : NULL);
	ck_assert(line != NULL && line->state == state);
	if (mend != NULL)
		ck_assert_ptr_nonnull(strstr(line->mend, mend));
}

/* The first folder on every way. */
START_TEST(root_folder_open)
{
	if (geteuid() != 0)
		return;
	text("root/etc/systemd/x", "");
	expect_root(0755, POSTURE_OK, NULL);
	expect_root(0757, POSTURE_BAD, "chmod o-w /");
	expect_root(01777, POSTURE_OK, NULL);
	ck_assert_int_eq(fchownat(scratch_fd, "root", 7, 0, 0), 0);
	expect_root(0755, POSTURE_BAD, "chown root /");
}
END_TEST

/* Rights of one user more, and the mask. */
static bool
give_acl(const char *path, unsigned char user, unsigned char number,
         unsigned char mask)
{
	const unsigned char acl[] = {
		2, 0, 0, 0,
		0x01, 0, 7, 0, 255, 255, 255, 255,
		0x02, 0, user, 0, number, 0, 0, 0,
		0x04, 0, 5, 0, 255, 255, 255, 255,
		0x10, 0, mask, 0, 255, 255, 255, 255,
		0x20, 0, 5, 0, 255, 255, 255, 255
	};
	char name[300];

	snprintf(name, sizeof(name), "%s/%s", scratch_path, path);
	return setxattr(name, "system.posix_acl_access", acl, sizeof(acl),
	                0) == 0;
}

/* The group's bits are its mask then, and its group may be root's. */
START_TEST(folders_with_acl)
{
	static const struct {
		unsigned char user, number, mask;
		enum posture_state state;
	} cases[] = {
		{ 7, 7, 7, POSTURE_BAD }, { 7, 7, 5, POSTURE_OK },
		{ 5, 7, 7, POSTURE_OK }, { 7, 0, 7, POSTURE_OK }
	};
	const struct posture_line *line;

	if (geteuid() != 0)
		return;
	text("root/etc/systemd/x", "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!give_acl("root/etc/systemd", cases[i].user,
		              cases[i].number, cases[i].mask))
			return;		/* a file system without */
		again(posture_folders);
		expect("systemd", cases[i].state);
		if (cases[i].state != POSTURE_BAD)
			continue;
		line = line_of("systemd", "/etc/systemd");
		ck_assert_ptr_nonnull(line);
		ck_assert_ptr_nonnull(strstr(line->seen, "ACL"));
		ck_assert_str_eq(line->mend, "chmod g-w /etc/systemd");
	}
}
END_TEST

/* The loader blanks from a # to the end of the line. */
START_TEST(preload)
{
	static const struct {
		const char *text;
		int n;
		const char *first;
	} cases[] = {
		{ "", 0, NULL }, { "#", 0, NULL },
		{ "# /a.so\n#/b.so", 0, NULL },
		{ " # a: b\n\n", 0, NULL }, { "/a.so", 1, "/a.so" },
		{ "/a.so#/b.so c.so\n", 1, "/a.so" },
		{ "# x\n/b.so:c.so # d.so\n#\n\te.so\n", 3, "/b.so" }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char seen[200];

		text("root/etc/ld.so.preload", cases[i].text);
		again(posture_preload);
		expect("ld-preload", cases[i].n > 0 ? POSTURE_BAD :
		       POSTURE_OK);
		if (cases[i].n == 0)
			continue;
		snprintf(seen, sizeof(seen), "%d librar%s, %d of them neither "
		         "immutable nor on a read-only file system: %s",
		         cases[i].n, cases[i].n == 1 ? "y" : "ies", cases[i].n,
		         cases[i].first);
		ck_assert_str_eq(line_of("ld-preload", NULL)->seen, seen);
	}
}
END_TEST

#define ROOT_MOUNT "20 1 8:1 / / rw - ext4 /dev/a rw\n"

START_TEST(mounts_over)
{
	over(ROOT_MOUNT "21 20 8:2 / /usr rw - ext4 /dev/b rw\n");
	expect("mount-over", POSTURE_OK);
	/* x-systemd.automount: the autofs stays below */
	over(ROOT_MOUNT "21 20 0:9 / /usr rw - autofs systemd-1 rw\n"
	     "22 21 8:2 / /usr rw - ext4 /dev/b rw\n");
	expect("mount-over", POSTURE_OK);
	over(ROOT_MOUNT "21 20 8:2 / /usr rw - ext4 /dev/b rw\n"
	     "22 21 8:3 / /usr rw - ext4 /dev/c rw\n");
	expect("mount-over", POSTURE_BAD);
	over(ROOT_MOUNT "21 20 0:9 / /boot rw - autofs systemd-1 rw\n");
	expect("mount-over", POSTURE_BAD);
	/* a partition of that type */
	text("root/run/systemd/generator.late/boot.mount", "");
	over(ROOT_MOUNT "21 20 0:9 / /boot rw - autofs systemd-1 rw\n"
	     "22 21 8:2 / /boot rw - vfat /dev/b rw\n");
	expect("mount-over", POSTURE_OK);
}
END_TEST

/* ------------------------------------------------------------- the rest */

START_TEST(words)
{
	ck_assert_str_eq(posture_word(&p, "/usr/bin"), "/usr/bin");
	ck_assert_str_eq(posture_word(&p, ""), "''");
	ck_assert_str_eq(posture_word(&p, "a b"), "'a b'");
	ck_assert_str_eq(posture_word(&p, "it's"), "'it'\\''s'");
	ck_assert_str_eq(posture_word(&p, "$(x)\n"), "'$(x)\n'");
	ck_assert_str_eq(posture_engine(&p), "dpkg-immutable");
	ck_assert_str_eq(posture_apt_get(&p), "apt-get");
	session.guest = true;
	session.instdir = "/srv/a root";
	ck_assert_str_eq(posture_path(&p, "/etc/x"), "'/srv/a root/etc/x'");
	ck_assert_str_eq(posture_engine(&p),
	                 "dpkg-immutable --root='/srv/a root'");
	ck_assert_str_eq(posture_apt_get(&p), "chroot '/srv/a root' apt-get");
}
END_TEST

START_TEST(audited)
{
	static const char good[] = "dpkg-immutable audited 1\n"
	    "time 1700000000\nfindings 3\nunknown 4\n";
	static const char *const bad[] = {
		"", "\n", "dpkg-immutable audited 1\n",
		"dpkg-immutable index 1\ntime 1\nfindings 0\nunknown 0\n",
		"dpkg-immutable audited 1\ntime -1\nfindings 0\nunknown 0\n",
		("dpkg-immutable audited 1\ntime 9223372036854775808\n"
		 "findings 0\nunknown 0\n"),
		"dpkg-immutable audited 1\ntime 1\nfindings 0\nunknown 0\n\n",
		"dpkg-immutable audited 1\nfindings 0\ntime 1\nunknown 0\n",
		"dpkg-immutable audited 1\ntime 1\nfindings 0\nunknown \n"
	};
	struct audited a = { .time = 5 };
	struct state s = { .run_fd = scratch_fd };
	char *written;

	for (size_t n = 0; n < sizeof(good) - 1; n++)
		ck_assert_int_eq(audited_parse(good, n, &a), ERR_FORMAT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_int_eq(audited_parse(bad[i], strlen(bad[i]), &a),
		                 ERR_FORMAT);
	ck_assert_int_eq(audited_parse("dpkg-immutable audited 2\n", 25, &a),
	                 ERR_VERSION);
	ck_assert_int_eq(a.time, 5);
	ck_assert_int_eq(audited_read(&s, &a), -ENOENT);
	a = (struct audited){ 1700000000, 3, 4 };
	ck_assert_int_eq(audited_write(&s, &a), 0);
	written = scratch_read("audited", NULL);
	ck_assert_str_eq(written, good);
	free(written);
	a.time = 0;
	ck_assert_int_eq(audited_read(&s, &a), 0);
	ck_assert_int_eq(a.time, 1700000000);
	ck_assert_uint_eq(a.findings, 3);
	ck_assert_uint_eq(a.unknown, 4);
	s.run_fd = -1;
	ck_assert_int_eq(audited_write(&s, &a), -ENOENT);
	ck_assert_int_eq(audited_read(&s, &a), -ENOENT);
}
END_TEST

static const struct posture_line some[] = {
	{ "path", POSTURE_BAD, "/a\nb", "seen", "why", "chmod o-w '/a\nb'",
	  "keep" },
	{ "lockdown", POSTURE_NOTE, NULL, "none", "why", NULL, "a boot" },
	{ "services", POSTURE_OK, "x.service", "fine", "why", "never", "x" }
};

static void
expect_report(enum report_format format, const char *want)
{
	int fd = memfd_create("report", MFD_CLOEXEC);
	struct report *r;
	char got[4096];
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(report_new(format, fd, false, &r), 0);
	ck_assert_int_eq(report_posture(r, some, 3), 0);
	ck_assert_int_eq(report_end(r), 0);
	report_free(r);
	n = pread(fd, got, sizeof(got) - 1, 0);
	ck_assert_int_ge(n, 0);
	got[n] = '\0';
	close(fd);
	ck_assert_str_eq(got, want);
}

START_TEST(reports)
{
	expect_report(REPORT_TEXT,
	    "bad      path      /a\\012b: seen; why; to keep it so: keep; "
	    "mend: chmod\\040o-w\\040'/a\\012b'\n"
	    "note     lockdown  none; why; what mends it: a boot\n"
	    "ok       services  x.service: fine\n");
	expect_report(REPORT_COLOR,
	    "\033[31mbad\033[0m      path      /a\\012b: seen; why; to keep "
	    "it so: keep; mend: chmod\\040o-w\\040'/a\\012b'\n"
	    "\033[36mnote\033[0m     lockdown  none; why; what mends it: a "
	    "boot\n\033[32mok\033[0m       services  x.service: fine\n");
	expect_report(REPORT_JSON,
	    "{\"type\":\"posture\",\"id\":\"path\",\"state\":\"bad\","
	    "\"path\":\"/a\\nb\",\"seen\":\"seen\",\"why\":\"why\","
	    "\"mend\":\"chmod o-w '/a\\nb'\",\"keep\":\"keep\"}\n"
	    "{\"type\":\"posture\",\"id\":\"lockdown\",\"state\":\"note\","
	    "\"seen\":\"none\",\"why\":\"why\",\"keep\":\"a boot\"}\n"
	    "{\"type\":\"posture\",\"id\":\"services\",\"state\":\"ok\","
	    "\"subject\":\"x.service\",\"seen\":\"fine\","
	    "\"why\":\"why\"}\n");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("posture");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, kernel_lockdown);
	tcase_add_test(t, kernel_switches);
	tcase_add_test(t, kernel_secure_boot);
	tcase_add_test(t, kernel_lsm);
	tcase_add_test(t, kernel_unseen);
	tcase_add_test(t, kernel_of_another_root);
	tcase_add_test(t, processes_of_users);
	tcase_add_test(t, processes_with_sockets);
	tcase_add_test(t, processes_that_end);
	tcase_add_test(t, sockets_without_table);
	tcase_add_test(t, processes_of_threads);
	tcase_add_test(t, processes_of_services);
	tcase_add_test(t, processes_unknown);
	tcase_add_test(t, processes_hidden);
	tcase_add_test(t, processes_in_many_groups);
	tcase_add_test(t, processes_without_body);
	tcase_add_test(t, status_bad);
	tcase_add_test(t, unit_names);
	tcase_add_test(t, net_tables);
	tcase_add_test(t, fstab);
	tcase_add_test(t, mount_units);
	tcase_add_test(t, ldconf);
	tcase_add_test(t, ldconf_much);
	tcase_add_test(t, search_path);
	tcase_add_test(t, preload);
	tcase_add_test(t, mounts_over);
	tcase_add_test(t, foreign_folders);
	tcase_add_test(t, folders_with_dots);
	tcase_add_test(t, root_folder_open);
	tcase_add_test(t, folders_with_acl);
	tcase_add_test(t, words);
	tcase_add_test(t, audited);
	tcase_add_test(t, reports);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
