/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "arena.h"
#include "buf.h"
#include "file.h"
#include "lines.h"
#include "mounts.h"
#include "vis.h"

#define MOUNTINFO "/proc/self/mountinfo"
#define TEXT_MAX ((size_t)64 << 20)

/* A line; the public part first, so that sorting can move it whole. */
struct row {
	struct mount_point point;
	uint64_t parent;
	size_t order;	/* as read; among equal paths, as they lie */
	bool hidden;	/* another mount lies over its place */
};

struct mounts_priv {
	struct arena *arena;
	struct row *rows;
	size_t n_rows;
	size_t cap;
	const char *name;	/* of the text, for messages */
	struct diag *diag;
};

/* Is path the same as, or below, the n bytes of prefix ("/" is ""). */
static bool
is_below(const char *path, const char *prefix, size_t n)
{
	return strncmp(path, prefix, n) == 0 &&
	       (path[n] == '/' || path[n] == '\0');
}

static size_t
prefix_len(const char *path)
{
	return strcmp(path, "/") == 0 ? 0 : strlen(path);
}

/*
 * ------------------------------------------------------------------
 * A line of proc_pid_mountinfo(5):
 * ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL...] - TYPE SOURCE OPTIONS
 */
enum { ID, PARENT, DEVICE, WITHIN, POINT, OPTIONS, FIXED };

struct field {
	const char *s;
	size_t n;
};

/* The next word; they are divided by single blanks, and one may be empty. */
static bool
next_field(const char **at, const char *end, struct field *ret)
{
	const char *blank;

	if (*at == NULL)
		return false;
	blank = memchr(*at, ' ', (size_t)(end - *at));
	ret->s = *at;
	ret->n = (size_t)((blank != NULL ? blank : end) - *at);
	*at = blank != NULL ? blank + 1 : NULL;
	return true;
}

static bool
read_device(const struct field *f, uint64_t *ret)
{
	unsigned long long major, minor;
	const char *colon = memchr(f->s, ':', f->n);
	size_t n;

	if (colon == NULL)
		return false;
	n = (size_t)(colon - f->s);
	if (lines_number(f->s, n, UINT32_MAX, &major) < 0 ||
	    lines_number(colon + 1, f->n - n - 1, UINT32_MAX, &minor) < 0)
		return false;
	*ret = makedev((unsigned int)major, (unsigned int)minor);
	return true;
}

static bool
read_id(const struct field *f, uint64_t *ret)
{
	unsigned long long v;

	if (lines_number(f->s, f->n, UINT64_MAX, &v) < 0)
		return false;
	*ret = v;
	return true;
}

/*
 * The option name, or the value of "name=". A comma within a value stands there
 * as "\054", or behind a backslash.
 */
static bool
find_option(const struct field *options, const char *name, struct field *ret)
{
	const char *at = options->s, *end = at + options->n, *next;
	size_t n = strlen(name);

	for (; at < end; at = next < end ? next + 1 : end) {
		next = at;
		while (next < end && *next != ',')
			next += *next == '\\' && end - next > 1 ? 2 : 1;
		if ((size_t)(next - at) < n || memcmp(at, name, n) != 0 ||
		    (name[n - 1] != '=' && at + n != next))
			continue;
		ret->s = at + n;
		ret->n = (size_t)(next - ret->s);
		return true;
	}
	return false;
}

static bool
has_option(const struct field *options, const char *name)
{
	struct field none;

	return find_option(options, name, &none);
}

/* Type, source and the file system's options, behind the optional fields. */
static const char *
read_tail(const char **at, const char *end, struct field *type,
          struct field *source, struct field *options)
{
	struct field f;

	do {
		if (!next_field(at, end, &f))
			return "no \" - \" behind the optional fields";
	} while (f.n != 1 || f.s[0] != '-');
	/* The source may be an empty word, but there is an end to it. */
	if (!next_field(at, end, type) || type->n == 0 ||
	    !next_field(at, end, source) || !next_field(at, end, options))
		return "the line is cut off";
	return NULL;
}

static int
keep_texts(struct arena *a, const struct field *point,
           const struct field *type, const struct field *source,
           struct mount_point *p)
{
	char *path = arena_strndup(a, point->s, point->n);
	char *from = arena_strndup(a, source->s, source->n);
	char *kind = arena_strndup(a, type->s, type->n);

	if (path == NULL || from == NULL || kind == NULL)
		return -ENOMEM;
	if (vis_undo(path) < 0 || path[0] != '/')
		return ERR_FORMAT;
	/* Some file systems write these two without escaping. */
	vis_undo(from);
	vis_undo(kind);
	p->path = path;
	p->source = from;
	p->fstype = kind;
	return 0;
}

/*
 * overlayfs shows the name as it was given: with backslashes of its own, which
 * the kernel then escapes as it does all.
 */
static int
keep_upper(struct arena *a, const struct field *options, struct mount_point *p)
{
	struct field value;
	char *upper, *to;

	if (strcmp(p->fstype, "overlay") != 0 ||
	    !find_option(options, "upperdir=", &value) || value.n == 0)
		return 0;
	upper = arena_strndup(a, value.s, value.n);
	if (upper == NULL)
		return -ENOMEM;
	vis_undo(upper);
	to = upper;
	for (const char *from = upper; *from != '\0'; from++) {
		if (*from == '\\' && from[1] != '\0')
			from++;
		/* mounts_covering() takes no empty components. */
		if (*from != '/' || to == upper || to[-1] != '/')
			*to++ = *from;
	}
	*to = '\0';
	p->upper = upper;
	return 0;
}

static int
add_row(struct mounts_priv *p, const struct row *row)
{
	size_t cap = p->cap != 0 ? p->cap * 2 : 64;
	struct row *rows = p->rows;

	if (p->n_rows == p->cap) {
		rows = reallocarray(rows, cap, sizeof(*rows));
		if (rows == NULL)
			return -ENOMEM;
		p->rows = rows;
		p->cap = cap;
	}
	rows[p->n_rows] = *row;
	rows[p->n_rows].order = p->n_rows;
	p->n_rows++;
	return 0;
}

static int
read_line(struct mounts_priv *p, unsigned long number, const char *line,
          size_t n)
{
	struct field f[FIXED], type, source, options;
	const char *at = line, *end = line + n, *wrong = NULL;
	struct row row = { 0 };
	int err = ERR_FORMAT;

	if (memchr(line, '\0', n) != NULL)
		wrong = "a NUL byte";
	for (int i = 0; i < FIXED && wrong == NULL; i++)
		if (!next_field(&at, end, &f[i]) || f[i].n == 0)
			wrong = "the line is cut off";
	if (wrong == NULL && (!read_id(&f[ID], &row.point.id) ||
	                      !read_id(&f[PARENT], &row.parent)))
		wrong = "bad mount number";
	if (wrong == NULL && !read_device(&f[DEVICE], &row.point.dev))
		wrong = "bad device number";
	if (wrong == NULL)
		wrong = read_tail(&at, end, &type, &source, &options);
	if (wrong == NULL) {
		row.point.readonly = has_option(&f[OPTIONS], "ro");
		row.point.nosuid = has_option(&f[OPTIONS], "nosuid");
		row.point.nodev = has_option(&f[OPTIONS], "nodev");
		row.point.noexec = has_option(&f[OPTIONS], "noexec");
		row.point.fs_readonly = has_option(&options, "ro");
		err = keep_texts(p->arena, &f[POINT], &type, &source,
		                 &row.point);
		if (err == 0)
			err = keep_upper(p->arena, &options, &row.point);
		if (err == ERR_FORMAT)
			wrong = "bad mount point";
	}
	if (wrong != NULL)
		return diag_set(p->diag, err, p->name, number, "%s", wrong);
	return err == 0 ? add_row(p, &row) : err;
}

static int
read_lines(struct mounts_priv *p, const char *text, size_t n)
{
	struct lines l;
	const char *line;
	size_t len;
	int err = 0;

	lines_init(&l, text, n);
	while (err == 0 && lines_next(&l, &line, &len))
		err = read_line(p, l.number, line, len);
	if (err == 0 && n > 0 && text[n - 1] != '\n')
		err = diag_set(p->diag, ERR_FORMAT, p->name, l.number,
		               "the line is cut off");
	return err;
}

/*
 * ------------------------------------------------------------------
 * Which of them can be seen. A walk along a path leaves a mount by the first
 * of its children that lies on the path; children further on are hidden.
 */

/* By component, so that what lies below a path follows it at once. */
static int
compare_paths(const char *a, const char *b)
{
	a += strcmp(a, "/") == 0;
	b += strcmp(b, "/") == 0;
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (*a == '\0' || *b == '\0')
		return *a == '\0' ? -1 : 1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int
by_order(const struct row *x, const struct row *y)
{
	return x->order < y->order ? -1 : x->order > y->order;
}

static int
by_parent(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int d;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	d = compare_paths(x->point.path, y->point.path);
	return d != 0 ? d : by_order(x, y);
}

static int
by_path(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int d = strcmp(x->point.path, y->point.path);

	return d != 0 ? d : by_order(x, y);
}

/* The first child of the mount id in rows that are sorted by parent. */
static size_t
first_child(const struct mounts_priv *p, uint64_t id)
{
	size_t low = 0, high = p->n_rows;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->rows[mid].parent < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Hides what is mounted on a hidden mount; true if that was any. */
static bool
hide_children(struct mounts_priv *p, const struct row *of)
{
	bool any = false;

	for (size_t i = first_child(p, of->point.id);
	     i < p->n_rows && p->rows[i].parent == of->point.id; i++) {
		if (p->rows[i].point.id == of->point.id)
			continue;
		any |= !p->rows[i].hidden;
		p->rows[i].hidden = true;
	}
	return any;
}

static void
hide(struct mounts_priv *p)
{
	const struct row *over = NULL;
	bool any = true;

	if (p->n_rows > 0)
		qsort(p->rows, p->n_rows, sizeof(*p->rows), by_parent);
	for (size_t i = 0; i < p->n_rows; i++) {
		struct row *r = &p->rows[i];

		/* The very first mount is its own parent. */
		if (r->point.id == r->parent)
			continue;
		if (over != NULL && over->parent == r->parent &&
		    strcmp(over->point.path, r->point.path) != 0 &&
		    is_below(r->point.path, over->point.path,
		             prefix_len(over->point.path)))
			r->hidden = true;
		else
			over = r;
	}
	/* Ends: every turn but the last hides one more. */
	while (any) {
		any = false;
		for (size_t i = 0; i < p->n_rows; i++)
			if (p->rows[i].hidden)
				any |= hide_children(p, &p->rows[i]);
	}
}

/* Of mounts on one another the lowest first: a mount that was moved there is
 * listed where it was made. rows: equal paths. */
static void
stack(struct row *rows, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		size_t lowest = i;

		for (size_t k = i; k < n; k++) {
			size_t m = i;

			while (m < n && rows[m].point.id != rows[k].parent)
				m++;
			if (m == n || m == k) {
				lowest = k;
				break;
			}
		}
		for (size_t k = lowest; k > i; k--) {
			struct row r = rows[k];

			rows[k] = rows[k - 1];
			rows[k - 1] = r;
		}
	}
}

static void
sort(struct mounts_priv *p)
{
	size_t next;

	if (p->n_rows > 0)
		qsort(p->rows, p->n_rows, sizeof(*p->rows), by_path);
	for (size_t i = 0; i < p->n_rows; i = next) {
		for (next = i + 1; next < p->n_rows &&
		     strcmp(p->rows[i].point.path,
		            p->rows[next].point.path) == 0; next++)
			;
		stack(p->rows + i, next - i);
	}
}

/* What is at or below instdir, by the name that it has from there. */
static int
choose(struct mounts *m, const char *instdir)
{
	struct mounts_priv *p = m->priv;
	size_t n = strlen(instdir);

	hide(p);
	sort(p);
	m->points = calloc(p->n_rows + 1, sizeof(*m->points));
	if (m->points == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_rows; i++) {
		struct mount_point *point = &m->points[m->n_points];

		if (p->rows[i].hidden ||
		    !is_below(p->rows[i].point.path, instdir, n))
			continue;
		*point = p->rows[i].point;
		point->path += n;
		if (point->path[0] == '\0')
			point->path = "/";
		m->n_points++;
	}
	free(p->rows);
	p->rows = NULL;
	return 0;
}

int
mounts_parse(const char *name, const char *text, size_t n,
             const char *instdir, struct mounts **ret, struct diag *diag)
{
	struct mounts *m = calloc(1, sizeof(*m));
	int err = -ENOMEM;

	if (m == NULL)
		return -ENOMEM;
	m->priv = calloc(1, sizeof(*m->priv));
	if (m->priv == NULL)
		goto out;
	m->priv->arena = arena_new();
	if (m->priv->arena == NULL)
		goto out;
	m->priv->name = name;
	m->priv->diag = diag;
	err = read_lines(m->priv, text, n);
	if (err == 0)
		err = choose(m, instdir);
	m->priv->name = NULL;
	m->priv->diag = NULL;
	if (err == 0) {
		*ret = m;
		m = NULL;
	}
out:
	mounts_free(m);
	return err;
}

int
mounts_load(const char *instdir, struct mounts **ret, struct diag *diag)
{
	struct buf text;
	int err;

	buf_init(&text, TEXT_MAX);
	err = file_read(AT_FDCWD, MOUNTINFO, &text);
	if (err < 0)
		diag_set(diag, err, MOUNTINFO, 0, "%s", err_text(err));
	else
		err = mounts_parse(MOUNTINFO, text.len > 0 ? text.data : "",
		                   text.len, instdir, ret, diag);
	buf_free(&text);
	return err;
}

void
mounts_free(struct mounts *m)
{
	if (m == NULL)
		return;
	if (m->priv != NULL) {
		arena_free(m->priv->arena);
		free(m->priv->rows);
	}
	free(m->priv);
	free(m->points);
	free(m);
}

/* As strcmp() of a point's path and the n bytes of path. */
static int
compare_prefix(const char *point, const char *path, size_t n)
{
	int d = strncmp(point, path, n);

	return d != 0 ? d : point[n] != '\0';
}

/* The last point whose path is the n bytes of path. */
static const struct mount_point *
last_at(const struct mounts *m, const char *path, size_t n)
{
	size_t low = 0, high = m->n_points;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_prefix(m->points[mid].path, path, n) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || compare_prefix(m->points[low - 1].path, path, n) != 0)
		return NULL;
	return &m->points[low - 1];
}

const struct mount_point *
mounts_covering(const struct mounts *m, const char *path)
{
	const struct mount_point *found = NULL;

	for (size_t n = strlen(path); n > 1 && found == NULL; n--)
		if (path[n] == '\0' || path[n] == '/')
			found = last_at(m, path, n);
	return found != NULL ? found : last_at(m, "/", 1);
}

bool
mounts_remote(const struct mount_point *p)
{
	static const char *const types[] = {
		"9p", "afs", "autofs", "beegfs", "ceph", "cifs", "coda",
		"fuse", "fuseblk", "gfs2", "gpfs", "lustre", "ncpfs", "nfs",
		"nfs4", "ocfs2", "orangefs", "smb3", "smbfs", "vboxsf",
		"virtiofs"
	};
	size_t n = strcspn(p->fstype, ".");	/* "fuse.sshfs" */

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strncmp(p->fstype, types[i], n) == 0 &&
		    types[i][n] == '\0')
			return true;
	return false;
}
