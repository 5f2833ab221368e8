/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * dpkg's database: an input is the files of an admindir, each behind a line
 * "%%NAME". What was read is written as a status of its own, which must read
 * the same. Triggers are looked for as well.
 *
 * Reaches: edges:600 triggered_add:42 dpkgdivert_load:19
 * Reaches: dpkgdb_load_list:15 dpkgdb_load_md5s:18 dpkgdb_info_conffiles:8
 * Reaches: dpkgoverride_load:8 dpkgstatus_load:20 dpkgstanza_read:42
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "core/triggered.c"
#include "dpkgdb.h"
#include "fuzz.h"

static const char *const names[] = {
	"status", "updates/0000", "updates/0001", "diversions",
	"statoverride", "info/format", "info/format-new", "info/a.list",
	"info/a.md5sums", "info/a.conffiles", "info/a:amd64.list",
	"info/a:amd64.md5sums", "info/b.list", "info/b.md5sums",
	"info/b.conffiles", "info/a.triggers", "info/b.postinst",
	"triggers/File", "triggers/Unincorp", "triggers/x"
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static void
write_files(const char *text, size_t n)
{
	const char *end = text + n, *at = text;
	bool there[N_NAMES] = { false };
	size_t now = 0;

	while (at < end) {
		const char *next = memmem(at, (size_t)(end - at), "\n%%", 3);
		const char *stop = next == NULL ? end : next + 1;
		const char *body = at;

		if (stop - at > 2 && at[0] == '%' && at[1] == '%') {
			const char *newline = memchr(at, '\n',
			                             (size_t)(stop - at));
			size_t len = newline == NULL ? 0 :
			    (size_t)(newline - at - 2);

			for (size_t i = 0; i < N_NAMES; i++)
				if (strlen(names[i]) == len &&
				    memcmp(names[i], at + 2, len) == 0)
					now = i;
			body = newline == NULL ? stop : newline + 1;
		}
		fuzz_write(names[now], body, (size_t)(stop - body));
		there[now] = true;
		at = stop;
	}
	for (size_t i = 0; i < N_NAMES; i++)
		if (!there[i])
			fuzz_unlink(names[i]);
}

int
session_admin_open(const struct session *s, const char *name, int flags)
{
	int fd = openat(s->db_fd, name, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool
archive_hint(const char *name, const struct buf *text)
{
	return name[0] != '\0' && text->len > 0;
}

int
plan_add_triggered(struct plan *plan, struct package *p)
{
	FUZZ_CHECK(p->state > PKG_CONFIG_FILES);
	for (size_t i = 0; i < plan->n_packages; i++)
		if (plan->packages[i].package == p)
			return 0;
	plan->packages = reallocarray(plan->packages, plan->n_packages + 1,
	                              sizeof(*plan->packages));
	FUZZ_CHECK(plan->packages != NULL);
	plan->packages[plan->n_packages++] = (struct plan_package){
		.package = p, .reason = PLAN_TRIGGER
	};
	return 0;
}

/* A run on the first package, which brings an archive of a file. */
static void
look_for_triggers(struct dpkgdb *db)
{
	const struct archive_file file = { .path = "/usr/bin/a" };
	struct archive archive = { .files = &file, .n_files = 1, .hints = "x",
	                           .n_hints = 1 };
	struct archive *archives[] = { &archive };
	struct cmdline c = { .action = CMD_INSTALL };
	struct session s = { .db = db, .db_fd = fuzz_folder() };
	struct diag diag = { .what = "" };
	struct plan plan = { .n_packages = 0 };
	int r;

	if (db->n_packages > 0 && db->packages[0].state > PKG_CONFIG_FILES) {
		plan_add_triggered(&plan, &db->packages[0]);
		plan.packages[0].reason = PLAN_OWN;
	}
	r = triggered_add(&s, &c, &plan, archives, 1, &diag);
	FUZZ_CHECK(r == 0 || r == ERR_FORMAT || r == -ENAMETOOLONG);
	FUZZ_CHECK(plan.n_packages <= db->n_packages);
	free(plan.packages);
}

static bool
is_path(const char *path)
{
	size_t n = strlen(path);

	return path[0] == '/' && (n == 1 || path[n - 1] != '/');
}

static int
count_conffile(void *ctx, const char *path, bool remove)
{
	(void)remove;
	FUZZ_CHECK(is_path(path));
	++*(size_t *)ctx;
	return 0;
}

/* A name can be too long to be a file's. */
static bool
is_told(int r, const struct diag *diag)
{
	return r == 0 || r == -ENAMETOOLONG ||
	    (r == ERR_FORMAT && diag->what[0] != '\0');
}

static void
check_files(struct dpkgdb *db, struct package *p)
{
	struct diag diag = { .what = "" };
	size_t conffiles = 0;
	int r = dpkgdb_load_list(db, p, &diag);

	FUZZ_CHECK(is_told(r, &diag));
	for (size_t i = 0; r == 0 && i < p->n_paths; i++) {
		const char *real = dpkgdb_real(db, p, p->paths[i]);

		FUZZ_CHECK(is_path(p->paths[i]) && p->paths[i][1] != '\0');
		FUZZ_CHECK(real[0] == '/');
	}
	r = dpkgdb_load_md5s(db, p, &diag);
	FUZZ_CHECK(is_told(r, &diag));
	for (size_t i = 0; r == 0 && i < p->n_md5s; i++) {
		FUZZ_CHECK(is_path(p->md5s[i].path));
		FUZZ_CHECK(i == 0 || strcmp(p->md5s[i - 1].path,
		                            p->md5s[i].path) < 0);
		FUZZ_CHECK(dpkgdb_md5(p, p->md5s[i].path) ==
		           p->md5s[i].md5);
	}
	r = dpkgdb_info_conffiles(db, p, count_conffile, &conffiles, &diag);
	FUZZ_CHECK(is_told(r, &diag));
}

static void
check_package(struct dpkgdb *db, size_t i)
{
	struct package *p = &db->packages[i], *found;
	size_t n = strlen(p->name), many = 0;

	FUZZ_CHECK(n > 0 && strchr(p->name, '/') == NULL);
	FUZZ_CHECK(strchr(p->key, '/') == NULL);
	FUZZ_CHECK(strncmp(p->key, p->name, n) == 0 &&
	           (p->key[n] == '\0' || p->key[n] == ':'));
	FUZZ_CHECK(i == 0 || strcmp(p[-1].name, p->name) < 0 ||
	           (strcmp(p[-1].name, p->name) == 0 &&
	            strcmp(p[-1].arch, p->arch) < 0));
	FUZZ_CHECK(dpkgdb_find(db, p->name, p->arch) == p);
	found = n > 255 ? NULL : dpkgdb_operand(db, p->name, &many);
	if (found != NULL)
		FUZZ_CHECK(many > 0 && strcmp(found->name, p->name) == 0);
	else
		FUZZ_CHECK(n > 255 || p->state == PKG_NOT_INSTALLED);
	for (size_t k = 0; k < p->n_conffiles; k++)
		FUZZ_CHECK(is_path(p->conffiles[k].path));
}

static void
check_diversions(const struct dpkgdb *db)
{
	for (size_t i = 0; i < db->n_diversions; i++) {
		const struct diversion *d = &db->diversions[i];

		FUZZ_CHECK(d->from[0] == '/' && d->to[0] == '/');
		FUZZ_CHECK(strcmp(dpkgdb_real(db, NULL, d->from), d->to) == 0);
	}
	for (size_t i = 0; i < db->n_overrides; i++) {
		FUZZ_CHECK(is_path(db->overrides[i].path));
		FUZZ_CHECK(db->overrides[i].mode <= 07777);
	}
}

static void
add_field(struct buf *b, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		FUZZ_CHECK(buf_addf(b, "%s: %s\n", name, value) == 0);
}

static void
add_package(struct buf *b, const struct package *p)
{
	static const char *const wants[] = {
		"unknown", "install", "hold", "deinstall", "purge"
	};

	FUZZ_CHECK(buf_addf(b, "Package: %s\nStatus: %s %s %s\n", p->name,
	                    wants[p->want], p->reinstreq ? "reinstreq" : "ok",
	                    pkg_state_name(p->state)) == 0);
	add_field(b, "Architecture", p->arch);
	add_field(b, "Multi-Arch", p->multiarch_same ? "same" : NULL);
	add_field(b, "Version", p->version);
	add_field(b, "Replaces", p->replaces);
	add_field(b, "Conflicts", p->conflicts);
	add_field(b, "Breaks", p->breaks);
	add_field(b, "Provides", p->provides);
	add_field(b, "Depends", p->depends);
	add_field(b, "Pre-Depends", p->pre_depends);
	if (p->n_conffiles > 0)
		buf_add_str(b, "Conffiles:\n");
	for (size_t i = 0; i < p->n_conffiles; i++) {
		const struct pkg_conffile *c = &p->conffiles[i];

		buf_addf(b, " %s %.32s%s%s\n", c->path,
		         c->md5 != NULL ? c->md5 : "newconffile",
		         c->obsolete ? " obsolete" : "",
		         c->remove_on_upgrade ? " remove-on-upgrade" : "");
	}
	buf_add_char(b, '\n');
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_same(const struct package *a, const struct package *b)
{
	FUZZ_CHECK(same_text(a->name, b->name) && same_text(a->arch, b->arch));
	FUZZ_CHECK(same_text(a->version, b->version));
	FUZZ_CHECK(a->want == b->want && a->state == b->state);
	FUZZ_CHECK(a->reinstreq == b->reinstreq);
	FUZZ_CHECK(a->multiarch_same == b->multiarch_same);
	FUZZ_CHECK(same_text(a->replaces, b->replaces));
	FUZZ_CHECK(same_text(a->conflicts, b->conflicts));
	FUZZ_CHECK(same_text(a->breaks, b->breaks));
	FUZZ_CHECK(same_text(a->provides, b->provides));
	FUZZ_CHECK(same_text(a->depends, b->depends));
	FUZZ_CHECK(same_text(a->pre_depends, b->pre_depends));
	FUZZ_CHECK(a->n_conffiles == b->n_conffiles);
	for (size_t i = 0; i < a->n_conffiles; i++) {
		FUZZ_CHECK(same_text(a->conffiles[i].path,
		                     b->conffiles[i].path));
		FUZZ_CHECK(a->conffiles[i].obsolete ==
		           b->conffiles[i].obsolete);
		FUZZ_CHECK(a->conffiles[i].remove_on_upgrade ==
		           b->conffiles[i].remove_on_upgrade);
	}
}

/* Everything into one status, read again. */
static void
round_trip(const struct dpkgdb *db)
{
	struct diag diag = { .what = "" };
	struct dpkgdb *again;
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < db->n_packages; i++)
		add_package(&b, &db->packages[i]);
	fuzz_write("status", b.data, b.len);
	fuzz_unlink("updates/0000");
	fuzz_unlink("updates/0001");
	FUZZ_CHECK(dpkgdb_load(fuzz_folder(), &again, &diag) == 0);
	FUZZ_CHECK(again->n_packages == db->n_packages);
	for (size_t i = 0; i < db->n_packages; i++)
		check_same(&db->packages[i], &again->packages[i]);
	dpkgdb_free(again);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = { .what = "" };
	struct dpkgdb *db;
	int r;

	fuzz_mkdir("info");
	fuzz_mkdir("updates");
	fuzz_mkdir("triggers");
	write_files((const char *)data, size);
	r = dpkgdb_load(fuzz_folder(), &db, &diag);
	FUZZ_CHECK(r == 0 || (r == ERR_FORMAT && diag.what[0] != '\0'));
	if (r < 0)
		return 0;
	for (size_t i = 0; i < db->n_packages; i++) {
		check_package(db, i);
		check_files(db, &db->packages[i]);
	}
	check_diversions(db);
	look_for_triggers(db);
	round_trip(db);
	dpkgdb_free(db);
	return 0;
}
