/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "digest.h"
#include "json.h"
#include "ledger.h"
#include "meta.h"
#include "strmap.h"
#include "target.h"

#define PIECE ((size_t)64 << 10)

struct export {
	struct session *s;
	enum export_form form;
	struct targets targets;
	int (*write)(void *ctx, const char *text, size_t len);
	void *ctx;
	struct diag *diag;
	struct buf out;
	struct arena *arena;		/* the names in `seen` */
	struct strmap *seen;		/* real paths that were told */
	struct ledger **ledgers;	/* EXPORT_MTREE: all of them */
	size_t n_ledgers;
	size_t packages, paths;
	size_t unrecorded;		/* packages without a ledger */
	size_t left;			/* files without a SHA-256 */
};

static const char *
real_path(const struct ledger_row *row)
{
	return row->real != NULL ? row->real : row->path;
}

static int
flush(struct export *x)
{
	int r = x->out.len == 0 ? 0 :
	    x->write(x->ctx, x->out.data, x->out.len);

	buf_clear(&x->out);
	return r;
}

/* sha256sum(1) marks a line that holds escapes, so that no name is unclear. */
static int
add_escaped(struct buf *out, const char *hex, const char *path)
{
	int r = strpbrk(path, "\\\n\r") == NULL ? 0 : buf_add_char(out, '\\');

	if (r == 0)
		r = buf_addf(out, "%s  .", hex);
	while (r == 0 && *path != '\0') {
		size_t n = strcspn(path, "\\\n\r");

		r = buf_add(out, path, n);
		path += n;
		if (r == 0 && *path != '\0')
			r = buf_add_str(out, *path == '\\' ? "\\\\" :
			                *path == '\n' ? "\\n" : "\\r");
		path += *path != '\0';
	}
	return r < 0 ? r : buf_add_char(out, '\n');
}

/* 1: told before, of another package. */
static int
seen(struct export *x, const char *path)
{
	char *copy;

	if (strmap_get(x->seen, path, NULL))
		return 1;
	copy = arena_strdup(x->arena, path);
	return copy == NULL ? -ENOMEM : strmap_put(x->seen, copy, 1);
}

static int
add_sum(struct export *x, const struct ledger_row *row)
{
	char hex[2 * DIGEST_MAX + 1];
	int r;

	if (row->type != LEDGER_FILE)
		return 0;
	r = seen(x, real_path(row));
	if (r != 0)
		return r < 0 ? r : 0;
	if (!row->has_sha256) {
		x->left++;
		return 0;
	}
	digest_hex(row->sha256, sizeof(row->sha256), hex);
	return add_escaped(&x->out, hex, real_path(row));
}

/* Attributes, as meta_compare tells them to people. */
struct attributes {
	struct buf acl, capability;
	struct buf xattr;		/* strings one after the other */
	size_t n;			/* so many */
	int err;
};

static void
take_attribute(void *ctx, const struct meta_difference *d)
{
	struct attributes *a = ctx;
	struct buf *to = d->kind == META_ACL ? &a->acl : &a->capability;

	if (a->err < 0)
		return;
	if (d->kind == META_XATTR) {
		a->err = buf_add(&a->xattr, d->actual, strlen(d->actual) + 1);
		a->n++;
		return;
	}
	if (to->len > 0)
		a->err = buf_add_char(to, ',');
	if (a->err == 0)
		a->err = buf_add_str(to, d->actual);
}

static int
add_xattrs(struct json *j, const struct attributes *a)
{
	char **values = calloc(a->n + 1, sizeof(*values));
	char *at = a->xattr.data;

	if (values == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < a->n; i++) {
		values[i] = at;
		at += strlen(at) + 1;
	}
	json_strs(j, "xattr", values, a->n);
	free(values);
	return 0;
}

static int
add_meta(struct json *j, const char *words)
{
	struct attributes a = { .n = 0 };
	int r;

	if (words == NULL)
		return 0;
	buf_init(&a.acl, 0);
	buf_init(&a.capability, 0);
	buf_init(&a.xattr, 0);
	r = meta_compare(NULL, words, take_attribute, &a);
	if (r == 0)
		r = a.err;
	if (r == 0 && a.acl.len > 0)
		json_str(j, "acl", a.acl.data);
	if (r == 0 && a.capability.len > 0)
		json_str(j, "capability", a.capability.data);
	if (r == 0 && a.n > 0)
		r = add_xattrs(j, &a);
	buf_free(&a.xattr);
	buf_free(&a.capability);
	buf_free(&a.acl);
	return r;
}

static void
add_digest(struct json *j, const char *key, bool has,
           const unsigned char *bytes, size_t n)
{
	char hex[2 * DIGEST_MAX + 1];

	if (!has)
		return;
	digest_hex(bytes, n, hex);
	json_str(j, key, hex);
}

/* As text: a number of JSON may lose the nanoseconds on its way. */
static int
add_time(struct json *j, int64_t ns)
{
	int64_t s = ns / 1000000000, rest = ns % 1000000000;
	struct buf text;
	int r;

	if (rest < 0) {
		rest += 1000000000;
		s--;
	}
	buf_init(&text, 0);
	r = buf_addf(&text, "%" PRId64 ".%09" PRId64, s, rest);
	if (r == 0)
		json_str(j, "mtime", text.data);
	buf_free(&text);
	return r;
}

static int
add_file(struct json *j, const struct ledger_row *row)
{
	int r;

	json_num(j, "size", (long long)row->size);
	r = add_time(j, row->mtime);
	add_digest(j, "md5", row->has_md5, row->md5, sizeof(row->md5));
	add_digest(j, "sha1", row->has_sha1, row->sha1, sizeof(row->sha1));
	add_digest(j, "sha256", row->has_sha256, row->sha256,
	           sizeof(row->sha256));
	return r;
}

static int
add_object(struct export *x, const struct package *p, const char *version,
           const struct ledger_row *row)
{
	char mode[16];
	struct json j;
	int r = 0;

	json_begin(&j, &x->out);
	json_str(&j, "type", "path");
	json_path(&j, "path", real_path(row));
	if (row->real != NULL)
		json_path(&j, "listed", row->path);
	json_str(&j, "package", p->name);
	if (p->arch[0] != '\0')
		json_str(&j, "architecture", p->arch);
	if (version[0] != '\0')
		json_str(&j, "version", version);
	json_str(&j, "kind", ledger_type_name(row->type));
	snprintf(mode, sizeof(mode), "%04" PRIo32, row->mode);
	json_str(&j, "mode", mode);
	json_num(&j, "uid", row->uid);
	json_num(&j, "gid", row->gid);
	if (row->type == LEDGER_FILE)
		r = add_file(&j, row);
	if (row->link != NULL)
		json_path(&j, "link", row->link);
	if (r == 0)
		r = add_meta(&j, row->meta);
	if (r == 0)
		r = json_end(&j);
	x->paths++;
	return r < 0 ? r : buf_add_char(&x->out, '\n');
}

static int
add_summary(struct export *x)
{
	struct json j;
	int r;

	json_begin(&j, &x->out);
	json_str(&j, "type", "summary");
	json_str(&j, "action", "export");
	json_num(&j, "packages", (long long)x->packages);
	json_num(&j, "paths", (long long)x->paths);
	json_num(&j, "unrecorded", (long long)x->unrecorded);
	r = json_end(&j);
	return r < 0 ? r : buf_add_char(&x->out, '\n');
}

static int
add_rows(struct export *x, const struct package *p, const struct ledger *l)
{
	const char *version = l->version != NULL ? l->version : p->version;
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->n_rows; i++) {
		r = x->form == EXPORT_JSON ?
		    add_object(x, p, version, &l->rows[i]) :
		    add_sum(x, &l->rows[i]);
		if (r == 0 && x->out.len >= PIECE)
			r = flush(x);
	}
	return r;
}

static bool
is_meant(struct export *x, const struct package *p)
{
	return p->state > PKG_CONFIG_FILES && targets_package(&x->targets, p);
}

static int
export_package(struct export *x, struct package *p)
{
	struct ledger *l = NULL;
	int r = dpkgdb_list_stat(x->s->db, p);	/* makes the key final */

	if (r < 0)
		return diag_set(x->diag, r, p->key, 0, "%s", err_text(r));
	r = ledger_load(x->s->state->ledger_fd, p->key, &l, x->diag);
	if (r == -ENOENT) {
		x->unrecorded++;
		return 0;
	}
	if (r < 0)
		return r;
	x->packages++;
	if (x->form == EXPORT_MTREE) {
		x->ledgers[x->n_ledgers++] = l;
		return 0;
	}
	r = add_rows(x, p, l);
	ledger_free(l);
	return r;
}

/* Nothing is written if a word means no package. */
static int
check_targets(struct export *x)
{
	const struct dpkgdb *db = x->s->db;

	for (size_t i = 0; x->targets.paths && i < x->targets.n; i++)
		if (x->targets.words[i][0] == '/')
			return diag_set(x->diag, -EINVAL, NULL, 0,
			                "only packages can be exported, not "
			                "the path %s", x->targets.words[i]);
	for (size_t i = 0; i < db->n_packages; i++)
		is_meant(x, &db->packages[i]);
	return targets_check(&x->targets, x->diag);
}

static int
export_all(struct export *x)
{
	struct dpkgdb *db = x->s->db;
	int r = check_targets(x);

	for (size_t i = 0; r == 0 && i < db->n_packages; i++)
		if (is_meant(x, &db->packages[i]))
			r = export_package(x, &db->packages[i]);
	if (r == 0 && x->form == EXPORT_MTREE)
		r = ledger_format((const struct ledger *const *)x->ledgers,
		                  x->n_ledgers, &x->out);
	if (r == 0 && x->form == EXPORT_JSON)
		r = add_summary(x);
	return r < 0 ? r : flush(x);
}

int
export_run(struct session *s, enum export_form form, char *const *targets,
           size_t n, int (*write)(void *ctx, const char *text, size_t len),
           void *ctx, size_t *ret_left, struct diag *diag)
{
	struct export x = {
		.s = s, .form = form, .write = write, .ctx = ctx, .diag = diag
	};
	int r = targets_init(&x.targets, targets, n);

	buf_init(&x.out, SIZE_MAX / 2);
	x.arena = arena_new();
	x.seen = strmap_new();
	x.ledgers = calloc(s->db->n_packages + 1, sizeof(*x.ledgers));
	if (x.arena == NULL || x.seen == NULL || x.ledgers == NULL)
		r = -ENOMEM;
	if (r == 0)
		r = export_all(&x);
	if (r == 0)
		*ret_left = x.left;
	for (size_t i = 0; i < x.n_ledgers; i++)
		ledger_free(x.ledgers[i]);
	free(x.ledgers);
	strmap_free(x.seen);
	arena_free(x.arena);
	buf_free(&x.out);
	targets_free(&x.targets);
	return r;
}
