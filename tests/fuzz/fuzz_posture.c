/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * What --posture reads: ld.so.conf and what it includes, the search path,
 * ld.so.preload, fstab with units beside mountinfo, rights and ACLs, and the
 * texts of processes, sockets and audits. First a byte that chooses. Files are
 * those of a root in the target's own folder: an input fills them, and never
 * names one.
 *
 * Reaches: edges:735 posture_ldconf:2 posture_search_path:24
 * Reaches: posture_preload:18 posture_planned:3 posture_over:10
 * Reaches: posture_folders:6 posture_acl_writes:6 posture_status:25
 * Reaches: posture_unit_of:20 posture_net_table:9 audited_parse:8
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audited.h"
#include "fuzz.h"
#include "posture_priv.h"

#define LD_FOLDERS_MAX 1024
#define PATH_FOLDERS_MAX 256

static const char *const folders[] = {
	"etc", "etc/cron.d", "etc/ld.so.conf.d", "etc/systemd",
	"etc/systemd/system", "run", "run/systemd", "run/systemd/generator",
	"run/systemd/generator.early", "run/systemd/generator.late",
	"run/systemd/system", "usr", "usr/bin", "usr/lib", "usr/lib/systemd",
	"usr/lib/systemd/system", "usr/local", "usr/local/bin",
	"usr/local/lib", "usr/local/lib/systemd",
	"usr/local/lib/systemd/system", "usr/sbin", "var"
};

static const char *const links[][2] = {
	{ "usr/bin", "bin" }, { "usr/sbin", "sbin" }, { "usr/lib", "lib" },
	{ "/lib/x.so", "etc/systemd/system/x.service" }
};

static struct {
	struct posture_job job;
	struct session session;
	struct posture p;
} here;

/* Of posture_run only the checks that are looked at here. */
int
session_conf(struct session *s, const char *file, bool lenient,
             struct diag *diag)
{
	(void)s;
	(void)file;
	(void)lenient;
	(void)diag;
	abort();
}

#define NOT_HERE(check) \
	void check(struct posture *p) { (void)p; abort(); }
NOT_HERE(posture_survey)
NOT_HERE(posture_closed)
NOT_HERE(posture_mounts)
NOT_HERE(posture_kernel)
NOT_HERE(posture_processes)
NOT_HERE(posture_ours)

static void
make_root(void)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		fuzz_mkdir(folders[i]);
		FUZZ_CHECK(fchmodat(fuzz_folder(), folders[i], 0755, 0) == 0);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		FUZZ_CHECK(symlinkat(links[i][0], fuzz_folder(),
		                     links[i][1]) == 0);
	fuzz_write("usr/bin/x", "x", 1);
	fuzz_write("usr/lib/x.so", "x", 1);
}

/* An empty part stands for a file that is not there. */
static void
put(const char *name, struct fuzz *f)
{
	size_t n;
	uint8_t *part = fuzz_part(f, &n);

	if (n > 0)
		fuzz_write(name, part, n);
	else
		fuzz_unlink(name);
	free(part);
}

static struct posture *
begin(void)
{
	static bool made;

	if (!made)
		make_root();
	made = true;
	memset(&here, 0, sizeof(here));
	FUZZ_CHECK(root_new(fuzz_folder_path(), &here.session.root) == 0);
	here.session.instdir = fuzz_folder_path();
	here.job.session = here.p.s = &here.session;
	here.job.proc = here.job.sys = -1;
	here.p.job = &here.job;
	here.p.arena = arena_new();
	here.p.planned = strmap_new();
	FUZZ_CHECK(here.p.arena != NULL && here.p.planned != NULL);
	return &here.p;
}

/* Is it words that sh(1) takes as they are, those of others in quotes? */
static bool
is_command(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%=, ";

	while (*s != '\0') {
		s += strspn(s, plain);
		if (strncmp(s, "&& ", 3) == 0)
			s += 3;
		else if (strncmp(s, "\\'", 2) == 0)
			s += 2;
		else if (*s == '\'' && (s = strchr(s + 1, '\'')) != NULL)
			s++;
		else if (s == NULL || *s != '\0')
			return false;
	}
	return true;
}

static void
end(void)
{
	struct posture *p = &here.p;

	FUZZ_CHECK(p->err == 0);
	for (size_t i = 0; i < p->n; i++) {
		const struct posture_line *line = &p->lines[i];

		FUZZ_CHECK(line->id != NULL && line->why != NULL);
		FUZZ_CHECK(line->seen != NULL && line->seen[0] != '\0');
		FUZZ_CHECK(line->state < POSTURE_COUNT);
		FUZZ_CHECK(line->mend == NULL || is_command(line->mend));
	}
	mounts_free(p->mounts);
	free(p->covering);
	free(p->lines);
	strmap_free(p->planned);
	arena_free(p->arena);
	root_free(here.session.root);
}

/* What a reader of folders has told, each once. */
struct told {
	struct strmap *names;
	size_t folders;
};

static int
tell_library(void *ctx, const char *path, bool folder)
{
	struct told *t = ctx;

	FUZZ_CHECK(path[0] == '/');
	if (folder) {
		FUZZ_CHECK(path[1] == '\0' || path[strlen(path) - 1] != '/');
		FUZZ_CHECK(++t->folders <= LD_FOLDERS_MAX);
		return 0;
	}
	FUZZ_CHECK(strmap_get(t->names, path, NULL) == 0);
	FUZZ_CHECK(strmap_put(t->names, path, 1) == 0);
	return 0;
}

static int
tell_part(void *ctx, const char *folder)
{
	struct told *t = ctx;
	size_t n = strlen(folder);

	FUZZ_CHECK(n < 2 || folder[n - 1] != '/');
	FUZZ_CHECK(strmap_get(t->names, folder, NULL) == 0);
	FUZZ_CHECK(strmap_put(t->names, folder, 1) == 0);
	FUZZ_CHECK(++t->folders <= PATH_FOLDERS_MAX);
	return 0;
}

static void
put_libraries(struct fuzz *f)
{
	put("etc/ld.so.conf", f);
	put("etc/ld.so.conf.d/a.conf", f);
	put("etc/ld.so.conf.d/b.conf", f);
	put("etc/more", f);
}

static void
take_ldconf(struct fuzz *f)
{
	struct told t = { .names = strmap_new() };
	struct posture *p = begin();
	int r;

	FUZZ_CHECK(t.names != NULL);
	put_libraries(f);
	r = posture_ldconf(p, tell_library, &t);
	FUZZ_CHECK(r <= 0 && r != ERR_FORMAT && r != -EBADF && r != -EFAULT);
	strmap_free(t.names);
	end();
}

static void
put_path(struct fuzz *f)
{
	put("etc/login.defs", f);
	put("etc/environment", f);
	put("etc/crontab", f);
}

static void
take_path(struct fuzz *f)
{
	struct told t = { .names = strmap_new() };
	struct posture *p = begin();
	char *path = fuzz_string(f);

	FUZZ_CHECK(t.names != NULL);
	here.job.path = path;
	put_path(f);
	FUZZ_CHECK(posture_search_path(p, tell_part, &t) == 0);
	/* the usual ones */
	FUZZ_CHECK(t.folders >= 6);
	strmap_free(t.names);
	end();
	free(path);
}

static void
take_preload(struct fuzz *f)
{
	struct posture *p = begin();

	put("etc/ld.so.preload", f);
	posture_preload(p);
	FUZZ_CHECK(p->n == 1 && p->lines[0].state != POSTURE_UNKNOWN);
	FUZZ_CHECK((p->lines[0].state == POSTURE_OK) ==
	           (p->lines[0].mend == NULL));
	end();
}

static const char *const units[] = {
	"run/systemd/generator.early/usr-lib.mount",
	"etc/systemd/system/usr-lib.mount",
	"run/systemd/system/usr-lib.mount",
	"run/systemd/generator/usr-lib.mount",
	"usr/local/lib/systemd/system/usr-lib.mount",
	"usr/lib/systemd/system/usr-bin.mount",
	"run/systemd/generator.late/-.mount"
};

/* A unit in some of the folders, or a mask. */
static void
put_units(unsigned int where, unsigned int masks, struct fuzz *f)
{
	size_t n;
	uint8_t *part = fuzz_part(f, &n);

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		fuzz_unlink(units[i]);
		if ((where >> i & 1) == 0)
			continue;
		if ((masks >> i & 1) == 0)
			fuzz_write(units[i], part, n);
		else
			FUZZ_CHECK(symlinkat("/dev/null", fuzz_folder(),
			                     units[i]) == 0);
	}
	free(part);
}

static void
take_over(struct fuzz *f)
{
	unsigned int where = fuzz_byte(f), masks = fuzz_byte(f);
	unsigned int covers = fuzz_byte(f);
	struct posture *p = begin();
	struct diag diag;
	size_t n;
	char *text;

	put("etc/fstab", f);
	put_path(f);
	put_units(where, masks, f);
	text = (char *)fuzz_part(f, &n);
	if (mounts_parse("mounts", text, n, "", &p->mounts, &diag) < 0)
		p->mounts = NULL;
	if (p->mounts != NULL) {
		n = p->mounts->n_points;
		p->covering = calloc(n + 1, sizeof(*p->covering));
		FUZZ_CHECK(p->covering != NULL);
		for (size_t i = 0; i < n; i++)
			p->covering[i] = (covers >> i % 8 & 1) != 0;
	}
	p->surveyed = true;
	posture_planned(p);
	posture_over(p);
	FUZZ_CHECK(p->n > 0);
	free(text);
	end();
}

/* Some of the root as bits of the input say; its owner may read it. */
static void
take_folders(struct fuzz *f)
{
	static const char *const some[] = {
		"usr/bin", "usr/bin/x", "usr/lib", "usr/lib/x.so",
		"etc/systemd/system", "etc/cron.d", "usr", "etc"
	};
	const size_t n = sizeof(some) / sizeof(*some);
	struct posture *p = begin();
	bool open = false;

	for (size_t i = 0; i < n; i++) {
		unsigned int bits = fuzz_byte(f);

		open |= (bits & 022) != 0;
		FUZZ_CHECK(fchmodat(fuzz_folder(), some[i], 0700 |
		                    (bits & 077) | (bits & 0x80) << 2,
		                    0) == 0);
	}
	put_path(f);
	put_libraries(f);
	posture_folders(p);
	for (size_t i = 0; i < p->n; i++)
		FUZZ_CHECK(open || p->lines[i].state != POSTURE_BAD ||
		           p->lines[i].subject == NULL || geteuid() != 0);
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(fchmodat(fuzz_folder(), some[i], 0755, 0) == 0);
	end();
}

static void
take_acl(struct fuzz *f)
{
	size_t n, named = 0;
	uint8_t *acl = fuzz_part(f, &n);
	bool writes = posture_acl_writes(acl, n), less = false;

	for (size_t i = 4; i + 8 <= n; i += 8)
		named += acl[i] == 0x02 || acl[i] == 0x08;
	FUZZ_CHECK(!writes || named > 0);
	/* One entry more takes nothing back. */
	for (size_t i = 0; i <= n; i++) {
		FUZZ_CHECK(!less || posture_acl_writes(acl, i));
		less = posture_acl_writes(acl, i);
	}
	FUZZ_CHECK(less == writes);
	free(acl);
}

/* Names of units go into commands, and names of processes to terminals. */
static void
take_process(struct fuzz *f)
{
	struct posture_process p = { .pid = 7 };
	size_t n, len;
	char *text = (char *)fuzz_part(f, &n);

	if (posture_status(text, n, &p) == 0) {
		len = strnlen(p.comm, sizeof(p.comm));
		FUZZ_CHECK(len < sizeof(p.comm) && p.pid == 7);
		for (size_t i = 0; i < len; i++)
			FUZZ_CHECK(p.comm[i] > ' ' && p.comm[i] < 0x7f);
	}
	free(text);
	text = (char *)fuzz_part(f, &n);
	posture_unit_of(text, n, p.unit, sizeof(p.unit));
	FUZZ_CHECK(strnlen(p.unit, sizeof(p.unit)) < sizeof(p.unit));
	FUZZ_CHECK(strpbrk(p.unit, "/\n") == NULL);
	free(text);
}

static int
count_inode(void *ctx, uint64_t ino)
{
	size_t *n = ctx;

	FUZZ_CHECK(ino != 0);
	++*n;
	return 0;
}

static void
take_net(struct fuzz *f)
{
	static const unsigned int columns[] = { 9, 8, 7, 2 };
	unsigned int column = columns[fuzz_byte(f) % 4];
	size_t n, found = 0;
	char *text = (char *)fuzz_part(f, &n);

	FUZZ_CHECK(posture_net_table(text, n, column, count_inode,
	                             &found) == 0);
	/* A line has that many words, each of them a byte and a blank. */
	FUZZ_CHECK(found * (2 * column + 1) <= n);
	free(text);
}

static void
take_audited(struct fuzz *f)
{
	struct audited audited;
	size_t n;
	char *text = (char *)fuzz_part(f, &n);
	int r = audited_parse(text, n, &audited);

	FUZZ_CHECK(r == 0 || r == ERR_FORMAT || r == ERR_VERSION);
	FUZZ_CHECK(r < 0 || audited.time >= 0);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const takes[])(struct fuzz *f) = {
		take_ldconf, take_path, take_preload, take_over, take_folders,
		take_acl, take_process, take_net, take_audited
	};
	struct fuzz f = { data, size };

	takes[fuzz_byte(&f) % (sizeof(takes) / sizeof(takes[0]))](&f);
	return 0;
}
