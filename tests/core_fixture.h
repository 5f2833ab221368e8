/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_CORE_FIXTURE_H
#define DI_CORE_FIXTURE_H

/*
 * A small root with a dpkg database of its own, on a tmpfs that only the
 * test's process sees, so that no flag is ever set on the machine itself.
 * Needs root; each test begins with NEEDS_ROOT, which ends it elsewhere.
 * Not with CK_FORK=no: the runner would stay in there.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "buf.h"
#include "digest.h"
#include "dpkgdb.h"
#include "finding.h"
#include "iflag.h"
#include "log.h"
#include "session.h"

static char top[64];
static bool ready;
static struct diag diag;
static struct session *session;
static struct buf status;
static char findings[4000];	/* "KIND PATH;" of each */

#define NEEDS_ROOT() do { if (!ready) return; } while (0)

/* The host's name of a path below the root; good until the next but three. */
static inline const char *
host(const char *path)
{
	static char texts[4][512];
	static unsigned int at;
	char *text = texts[at++ % 4];

	snprintf(text, sizeof(texts[0]), "%s%s", top, path);
	return text;
}

static inline void
make_folders(const char *path)
{
	char text[512];

	snprintf(text, sizeof(text), "%s", host(path));
	for (char *s = text + strlen(top) + 1; (s = strchr(s, '/')); s++) {
		*s = '\0';
		ck_assert(mkdir(text, 0755) == 0 || errno == EEXIST);
		*s = '/';
	}
}

/* A new file (a new inode), folders and all. */
static inline void
put(const char *path, const char *text)
{
	int fd;

	make_folders(path);
	unlink(host(path));
	fd = open(host(path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static inline void
put_link(const char *target, const char *path)
{
	make_folders(path);
	ck_assert_int_eq(symlink(target, host(path)), 0);
}

static inline void
put_hard(const char *old, const char *path)
{
	make_folders(path);
	ck_assert_int_eq(link(host(old), host(path)), 0);
}

/* "", "i", "a" or "ai". */
static inline const char *
flags_of(const char *path)
{
	unsigned int flags = 0;
	int fd = open(host(path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(iflag_get(fd, &flags), 0);
	close(fd);
	if (flags & IFLAG_APPEND)
		return flags & IFLAG_IMMUTABLE ? "ai" : "a";
	return flags & IFLAG_IMMUTABLE ? "i" : "";
}

static inline void
set_flags(const char *path, unsigned int flags)
{
	int fd = open(host(path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_ge(iflag_set(fd, flags, IFLAG_IMMUTABLE | IFLAG_APPEND,
	                           NULL), 0);
	close(fd);
}

#define protected(path) ck_assert_msg(strcmp(flags_of(path), "i") == 0, \
	"%s has \"%s\", not i", path, flags_of(path))
#define open_file(path) ck_assert_msg(flags_of(path)[0] == '\0', \
	"%s has \"%s\"", path, flags_of(path))

/* Takes a file's flags, gives it other content in place, flags again. */
static inline void
tamper(const char *path, const char *text)
{
	unsigned int flags = strcmp(flags_of(path), "i") == 0 ?
	    IFLAG_IMMUTABLE : 0;
	int fd;

	set_flags(path, 0);
	fd = open(host(path), O_WRONLY | O_TRUNC | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	set_flags(path, flags);
}

/* Reading it fails with EIO, as on a bad disk, until it is readable again. */
static inline void
unreadable(const char *path)
{
	ck_assert_int_eq(mount("/proc/self/mem", host(path), NULL, MS_BIND,
	                       NULL), 0);
}

static inline void
readable(const char *path)
{
	ck_assert_int_eq(umount2(host(path), MNT_DETACH), 0);
}

/* The database: stanzas are gathered, then written by database(). */
static inline void
database_new(void)
{
	buf_clear(&status);
}

static inline void
add_md5(struct buf *md5s, const char *path)
{
	char hex[2 * DIGEST_MAX + 1];
	struct digest md5;
	struct stat st;
	int fd;

	if (lstat(host(path), &st) < 0 || !S_ISREG(st.st_mode))
		return;
	fd = open(host(path), O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(digest_fd(fd, DIGEST_MD5, &md5, NULL), 0);
	close(fd);
	digest_hex(md5.bytes, 16, hex);
	ck_assert_int_eq(buf_addf(md5s, "%s  %s\n", hex, path + 1), 0);
}

/*
 * A package with Status "install STATUS" (e.g. "ok installed"), more fields
 * (whole lines) and its paths, up to NULL. md5sums are of the files as they
 * are now, but for those of which more fields speak.
 */
static inline void
add_package(const char *name, const char *state, const char *more, ...)
{
	struct buf list, md5s;
	const char *path;
	char file[256];
	va_list ap;

	buf_init(&list, 0);
	buf_init(&md5s, 0);
	ck_assert_int_eq(buf_addf(&status, "Package: %s\nStatus: install %s\n"
	                          "Architecture: amd64\nVersion: 1\n%s\n",
	                          name, state, more), 0);
	va_start(ap, more);
	while ((path = va_arg(ap, const char *)) != NULL) {
		ck_assert_int_eq(buf_addf(&list, "%s\n", path), 0);
		if (strstr(more, path) == NULL)
			add_md5(&md5s, path);
	}
	va_end(ap);
	snprintf(file, sizeof(file), "/var/lib/dpkg/info/%s.list", name);
	put(file, list.len > 0 ? list.data : "");
	snprintf(file, sizeof(file), "/var/lib/dpkg/info/%s.md5sums", name);
	put(file, md5s.len > 0 ? md5s.data : "");
	buf_free(&list);
	buf_free(&md5s);
}

static inline void
database(void)
{
	put("/var/lib/dpkg/status", status.len > 0 ? status.data : "");
}

static inline void
fixture_finding(void *ctx, const struct finding *f)
{
	size_t n = strlen(findings);

	(void)ctx;
	snprintf(findings + n, sizeof(findings) - n, "%s %s;",
	         finding_name(f->kind), f->path);
}

#define ok(call) do { \
	int ok_r = (call); \
	ck_assert_msg(ok_r == 0, #call ": %d %s %s", ok_r, diag.file, \
	              diag.what); \
} while (0)

/* An adopted root: state folder with its marker. */
static inline void
adopt(void)
{
	struct root *root;
	struct state *state;

	ok(root_new(top, &root));
	ok(state_create(root, "/var/lib/dpkg", &state, &diag));
	ok(state_adopt(state));
	state_free(state);
	root_free(root);
}

/* The session as a run has it after dpkg. */
static inline void
open_session(void)
{
	session_free(session);
	session = NULL;
	ok(session_open(top, NULL, &session, &diag));
	ok(session_conf(session, NULL, false, &diag));
	ok(session_records(session, true, &diag));
	ok(session_db(session, &diag));
	ok(session_due(session, &diag));
}

static inline void
core_set_up(void)
{
	const char *mode = getenv("CK_FORK");
	char made[] = "/tmp/check_core.XXXXXX";
	unsigned int old;
	int fd;

	buf_init(&status, 0);
	memset(&diag, 0, sizeof(diag));
	findings[0] = '\0';
	log_quiet(1);
	ready = false;
	if (geteuid() != 0 || (mode != NULL && strcmp(mode, "no") == 0) ||
	    unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		printf("# skipped: needs root and a mount namespace\n");
		return;
	}
	umask(022);
	ck_assert_ptr_nonnull(mkdtemp(made));
	snprintf(top, sizeof(top), "%s", made);
	ck_assert_int_eq(mount("tmpfs", top, "tmpfs", 0,
	                       "size=16m,mode=0755"), 0);
	fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ready = iflag_get(fd, &old) == 0;
	close(fd);
	if (!ready)
		printf("# skipped: no flags on the tmpfs of this kernel\n");
	put("/var/lib/dpkg/info/format", "1\n");
	put("/var/log/x", "");
	put("/usr/bin/x", "");
}

static inline void
core_tear_down(void)
{
	session_free(session);
	session = NULL;
	buf_free(&status);
	if (top[0] == '\0')
		return;
	umount2(top, MNT_DETACH);
	rmdir(top);
	top[0] = '\0';
}

#endif
