/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * What the running kernel lets root do past every flag: load code into it,
 * start another one, write to its memory. Advice: no stock machine has it all.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "posture_priv.h"

#define LOCKDOWN "kernel/security/lockdown"
#define LSM "kernel/security/lsm"
#define ALWAYS "sys/kernel/ostype"	/* in any kernel */
#define EFIVARS "firmware/efi/efivars"
#define OF_FIRMWARE "-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define OF_SHIM "-605dab50-e046-4300-abb6-3dd810dd8b23"

static const char why_kernel[] = "code in the kernel, and whoever writes to "
    "its memory or disks, passes every flag";

/*
 * "none [integrity] confidentiality": the chosen one. 0 or ERR_FORMAT.
 */
static int
chosen(const char *text, const char **ret, size_t *ret_n)
{
	const char *open = strchr(text, '['), *shut;

	if (open == NULL)
		return ERR_FORMAT;
	shut = strchr(open, ']');
	if (shut == NULL || shut == open + 1 ||
	    strcspn(open + 1, " [") < (size_t)(shut - open - 1))
		return ERR_FORMAT;
	*ret = open + 1;
	*ret_n = (size_t)(shut - open - 1);
	return 0;
}

static void
unknown(struct posture *p, struct posture_line *line, int err)
{
	line->state = POSTURE_UNKNOWN;
	line->seen = err_text(err);
	line->mend = NULL;
	posture_tell(p, line);
}

static bool
in_list(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; *at != '\0'; at += *at == ',') {
		size_t len = strcspn(at, ",\n");

		if (len == n && memcmp(at, name, n) == 0)
			return true;
		at += len;
		if (*at == '\n')
			break;
	}
	return false;
}

/* Without it the file can be there, and written to, and nothing is locked. */
static bool
has_no_lockdown(struct posture *p)
{
	char text[512];

	return posture_small(p->job->sys, LSM, text, sizeof(text)) > 0 &&
	       !in_list(text, "lockdown");
}

/* True: at least the kernel's own integrity is guarded. */
static bool
tell_lockdown(struct posture *p)
{
	struct posture_line line = {
		.id = "lockdown", .state = POSTURE_OK, .why = why_kernel
	};
	char text[200];
	const char *word;
	size_t n;
	ssize_t r = posture_small(p->job->sys, LOCKDOWN, text, sizeof(text));

	if (r == -ENOENT) {
		line.state = POSTURE_NOTE;
		line.seen = "not there: securityfs is not mounted, or the "
		    "kernel has none";
		line.mend = "mount -t securityfs securityfs "
		    "/sys/kernel/security";
		line.keep = "a kernel with it";
		posture_tell(p, &line);
		return false;
	}
	if (r >= 0 && strlen(text) != (size_t)r)
		r = ERR_FORMAT;
	if (r >= 0)
		r = chosen(text, &word, &n);
	if (r < 0) {
		unknown(p, &line, (int)r);
		return false;
	}
	line.seen = posture_text(p, "%.*s", (int)n, word);
	if (strcmp(line.seen, "none") == 0) {
		line.state = POSTURE_NOTE;
		line.mend = "echo integrity >/sys/kernel/security/lockdown";
		line.keep = "the kernel's command line: lockdown=integrity; "
		    "only a boot takes it back";
	} else if (has_no_lockdown(p)) {
		line.state = POSTURE_NOTE;
		line.seen = posture_text(p, "%s, and not in force: the kernel "
		    "was started without this module", line.seen);
		line.keep = "the kernel's command line: lsm=lockdown,...";
	}
	posture_tell(p, &line);
	return line.state == POSTURE_OK;
}

static bool
has(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, 0) == 0;
}

/* What is absent where all of /proc/sys is says nothing of the kernel. */
static void
tell_no_proc_sys(struct posture *p, struct posture_line *line)
{
	line->state = POSTURE_UNKNOWN;
	line->seen = "/proc/sys is not there";
	line->keep = "a /proc that is mounted without subset=pid";
	posture_tell(p, line);
}

/* A file with a number: 0 or 1 and more. Negative: -errno, ERR_FORMAT. */
static int
read_switch(int dir, const char *name)
{
	unsigned long long v;
	char text[32];
	ssize_t n = posture_small(dir, name, text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (lines_number(text, (size_t)n, 1000, &v) < 0)
		return ERR_FORMAT;
	return v != 0;
}

static void
tell_modules(struct posture *p, bool locked)
{
	struct posture_line line = {
		.id = "modules", .state = POSTURE_OK, .why = why_kernel
	};
	char signed_only[8] = "";
	int off = read_switch(p->job->proc, "sys/kernel/modules_disabled");

	if (off == -ENOENT && !has(p->job->proc, ALWAYS)) {
		tell_no_proc_sys(p, &line);
		return;
	} else if (off == -ENOENT) {
		line.seen = "this kernel loads none";
	} else if (off < 0) {
		unknown(p, &line, off);
		return;
	} else if (off > 0) {
		line.seen = "no module can be loaded any more";
	} else if (posture_small(p->job->sys,
	           "module/module/parameters/sig_enforce", signed_only,
	           sizeof(signed_only)) > 0 && signed_only[0] == 'Y') {
		line.seen = "only signed modules can be loaded";
	} else if (locked) {
		line.seen = "only signed modules can be loaded (lockdown)";
	} else {
		line.state = POSTURE_NOTE;
		line.seen = "any module can be loaded";
		/* that none is loaded breaks what is plugged in, mounted or
		 * filtered later: not for who copies commands */
		if (signed_only[0] == 'N')
			line.mend = "echo 1 >/sys/module/module/parameters/"
			    "sig_enforce";
		line.keep = "the kernel's command line: module.sig_enforce=1; "
		    "or, once all modules are loaded, sysctl.d(5): "
		    "kernel.modules_disabled = 1; only a boot takes it back";
	}
	posture_tell(p, &line);
}

static void
tell_kexec(struct posture *p, bool locked)
{
	struct posture_line line = {
		.id = "kexec", .state = POSTURE_OK, .why = why_kernel
	};
	int off = read_switch(p->job->proc, "sys/kernel/kexec_load_disabled");

	if (off == -ENOENT && !has(p->job->proc, ALWAYS)) {
		tell_no_proc_sys(p, &line);
		return;
	} else if (off == -ENOENT) {
		line.seen = "this kernel starts no other";
	} else if (off < 0) {
		unknown(p, &line, off);
		return;
	} else if (off > 0) {
		line.seen = "no other kernel can be started";
	} else if (locked) {
		line.seen = "only signed kernels can be started (lockdown)";
	} else {
		line.state = POSTURE_NOTE;
		line.seen = "any other kernel can be started";
		line.mend = "echo 1 >/proc/sys/kernel/kexec_load_disabled";
		line.keep = "sysctl.d(5): kernel.kexec_load_disabled = 1; "
		    "only a boot takes it back";
	}
	posture_tell(p, &line);
}

/* A variable of one byte behind four of attributes. */
static int
read_variable(struct posture *p, const char *name)
{
	char path[128], text[16];
	ssize_t n;

	snprintf(path, sizeof(path), EFIVARS "/%s", name);
	n = posture_small(p->job->sys, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	if (n != 5 || (unsigned char)text[4] > 1)
		return ERR_FORMAT;
	return text[4];
}

/* The folder may be there for others to be mounted on. */
static bool
has_any(int sys, const char *folder)
{
	int fd = openat(sys, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	bool any = false;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!any && (e = readdir(dir)) != NULL)
		any = e->d_name[0] != '.';
	closedir(dir);
	return any;
}

/* 0, or what kept it from being told. */
static int
judge_started(struct posture *p, struct posture_line *line)
{
	int setup = read_variable(p, "SetupMode" OF_FIRMWARE);
	int lax = read_variable(p, "MokSBStateRT" OF_SHIM);

	if (setup == 1) {
		line->state = POSTURE_NOTE;
		line->seen = "on, but in setup mode: anybody may put keys of "
		    "his there";
	} else if (setup < 0 && setup != -ENOENT) {
		return setup;
	} else if (lax == 1) {
		line->state = POSTURE_NOTE;
		line->seen = "on, but shim was told to start unsigned kernels";
		line->keep = "mokutil --enable-validation, and a boot";
	} else if (lax < 0 && lax != -ENOENT) {
		return lax;
	} else {
		line->keep = NULL;
	}
	return 0;
}

/*
 * efi=noruntime: efivarfs can't be mounted. Only x86 says so, by a map of what
 * it keeps of the firmware.
 */
static bool
has_no_services(struct posture *p)
{
#if defined(__x86_64__)
	return !has(p->job->sys, "firmware/efi/runtime-map");
#else
	(void)p;
	return false;
#endif
}

/* Why the firmware's variable is not there. */
static void
judge_absent(struct posture *p, struct posture_line *line)
{
	char text[8];

	line->state = POSTURE_NOTE;
	if (!has_any(p->job->sys, "firmware")) {
		line->seen = "not told: /sys/firmware is not there, or "
		    "something is mounted over it";
	} else if (posture_small(p->job->sys, "firmware/efi/fw_platform_size",
	                         text, sizeof(text)) < 0) {
		line->seen = "the machine was not started by UEFI";
	} else if (has_any(p->job->sys, EFIVARS)) {
		line->seen = "the firmware has none";
	} else if (has_no_services(p)) {
		line->seen = "the kernel was started without the firmware's "
		    "services: what is on can't be told";
		line->keep = "the kernel's command line: efi=runtime";
	} else {
		line->state = POSTURE_UNKNOWN;
		line->seen = "efivarfs is not mounted";
		line->mend = "mount -t efivarfs efivarfs "
		    "/sys/firmware/efi/efivars";
	}
}

static void
tell_secure_boot(struct posture *p)
{
	struct posture_line line = {
		.id = "secure-boot", .state = POSTURE_OK, .seen = "on",
		.why = "without it another kernel is started from the disk "
		    "unasked",
		.keep = "the firmware's setup, at a boot"
	};
	int on = read_variable(p, "SecureBoot" OF_FIRMWARE), r = 0;

	if (on == 1) {
		r = judge_started(p, &line);
	} else if (on == 0) {
		line.state = POSTURE_NOTE;
		line.seen = "off";
	} else if (on == -ENOENT) {
		judge_absent(p, &line);
	} else {
		r = on;
	}
	if (r < 0)
		unknown(p, &line, r);
	else
		posture_tell(p, &line);
}

static const char *
first_of(const char *list, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (in_list(list, names[i]))
			return names[i];
	return NULL;
}

/* Debian's kernels have all of these unless they are told otherwise. */
static void
tell_lsm(struct posture *p)
{
	static const char *const wanted[] = { "lockdown", "landlock", "yama" };
	static const char *const mac[] = {
		"apparmor", "selinux", "smack", "tomoyo"
	};
	struct posture_line line = {
		.id = "lsm", .state = POSTURE_OK,
		.why = "what confines services (and, by landlock, ourselves) "
		    "is in force only where the kernel started it",
		.keep = "the kernel's command line: lsm="
		    "landlock,lockdown,yama,integrity,apparmor,bpf"
	};
	const char *lacks = "";
	char text[512];
	ssize_t r = posture_small(p->job->sys, LSM, text, sizeof(text));

	if (r == -ENOENT) {
		line.state = POSTURE_NOTE;
		line.seen = "no list: securityfs is not mounted, or the "
		    "kernel has no such modules";
		line.mend = "mount -t securityfs securityfs "
		    "/sys/kernel/security";
		posture_tell(p, &line);
		return;
	}
	if (r >= 0 && (r == 0 || strlen(text) != (size_t)r))
		r = ERR_FORMAT;
	if (r < 0) {
		unknown(p, &line, (int)r);
		return;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (!in_list(text, wanted[i]))
			lacks = posture_text(p, "%s %s", lacks, wanted[i]);
	if (first_of(text, mac, sizeof(mac) / sizeof(*mac)) == NULL)
		lacks = posture_text(p, "%s apparmor", lacks);
	text[strcspn(text, "\n")] = '\0';
	line.seen = posture_text(p, "%s", text);
	if (lacks[0] != '\0') {
		line.state = POSTURE_NOTE;
		line.seen = posture_text(p, "%s; without%s", text, lacks);
	} else {
		line.keep = NULL;
	}
	posture_tell(p, &line);
}

void
posture_kernel(struct posture *p)
{
	bool locked;

	if (p->job->proc < 0 || p->job->sys < 0)
		return;
	locked = tell_lockdown(p);
	tell_modules(p, locked);
	tell_kexec(p, locked);
	tell_secure_boot(p);
	tell_lsm(p);
}
