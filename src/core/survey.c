/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "survey.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "self.h"
#include "target.h"

static const char *const state_names[] = {
	[SURVEY_PROTECTED] = "protected",
	[SURVEY_OPEN] = "open",
	[SURVEY_OFF] = "off",
	[SURVEY_EXEMPT] = "exempt",
	[SURVEY_FOREIGN] = "foreign",
	[SURVEY_UNSUPPORTED] = "unsupported",
	[SURVEY_UNSETTLED] = "unsettled",
	[SURVEY_ABSENT] = "absent",
	[SURVEY_SELF] = "self",
	[SURVEY_UNKNOWN] = "unknown",
	[SURVEY_UNOWNED] = "unowned"
};

const char *
survey_state_name(enum survey_state s)
{
	return state_names[s];
}

static void
fill(struct survey_row *row, struct session *s, const struct package *p,
     const struct verdict *v, bool off)
{
	const unsigned int flags = v->flags;

	row->path = v->path;
	row->fs = v->fs != NULL ? v->fs->name : NULL;
	row->folder = v->have_node && S_ISDIR(v->node.mode);
	row->reason = NULL;
	if (s->foreign != NULL && foreign_get(s->foreign, v->path) != 0) {
		row->state = SURVEY_FOREIGN;
		return;
	}
	switch (v->kind) {
	case DUE_YES:
		row->state = flags & IFLAG_IMMUTABLE ? SURVEY_PROTECTED :
		             off ? SURVEY_OFF : SURVEY_OPEN;
		break;
	case DUE_EXEMPT:
		row->state = SURVEY_EXEMPT;
		row->reason = exempt_name(v->exempt);
		break;
	case DUE_ABSENT:
		row->state = SURVEY_ABSENT;
		break;
	case DUE_UNSETTLED:
		row->state = SURVEY_UNSETTLED;
		row->reason = pkg_state_name(p->state);
		break;
	case DUE_UNSUPPORTED:
		row->state = SURVEY_UNSUPPORTED;
		row->reason = row->fs;
		break;
	case DUE_UNKNOWN:
		row->state = SURVEY_UNKNOWN;
		row->reason = err_text(v->err);
		break;
	}
}

static bool
is_off(const struct session *s, const struct package *p)
{
	const struct index_row *ir = s->index == NULL ? NULL :
	    index_find(s->index, p->name, p->arch);

	return ir != NULL && ir->off;
}

static void
judge(struct session *s, const struct package *p, const char *listed,
      bool off, struct survey_row *ret)
{
	struct survey_row row = {
		.package = p->key, .name = p->name, .arch = p->arch,
		.version = p->version
	};
	struct verdict v;

	due_judge(s->due, p, listed, &v);
	fill(&row, s, p, &v, off);
	*ret = row;
}

void
survey_judge(struct session *s, const struct package *p, const char *listed,
             struct survey_row *ret)
{
	judge(s, p, listed, is_off(s, p), ret);
}

static int
walk_package(struct session *s, struct package *p, struct targets *t,
             survey_fn *fn, void *ctx)
{
	bool off = is_off(s, p);

	for (size_t i = 0; i < p->n_paths; i++) {
		struct survey_row row;
		int r;

		if (!targets_path(t, p, p->paths[i],
		                  dpkgdb_real(s->db, p, p->paths[i])))
			continue;
		judge(s, p, p->paths[i], off, &row);
		r = fn(ctx, &row);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
walk_self(struct session *s, struct targets *t, survey_fn *fn, void *ctx)
{
	struct survey_row row = {
		.package = SELF_PACKAGE, .name = SELF_PACKAGE,
		.arch = "", .version = ""
	};

	for (size_t i = 0; i < SELF_COUNT; i++) {
		unsigned int flags = 0;
		struct node node;
		int fd, r = self_open(s->root, self_paths[i], &fd, &node);

		if (r >= 0)
			close(fd);
		if (r == -ENOENT || !targets_path(t, NULL, self_paths[i],
		                                  self_paths[i]))
			continue;
		row.path = self_paths[i];
		row.fs = r < 0 ? NULL : due_fskind(s->due, row.path,
		                                   &node)->name;
		if (r == 0)
			r = due_flags(s->due, row.path, &node, &flags);
		row.state = r < 0 ? SURVEY_UNKNOWN :
		            flags & IFLAG_IMMUTABLE ? SURVEY_SELF :
		            SURVEY_OPEN;
		r = fn(ctx, &row);
		if (r != 0)
			return r;
	}
	return 0;
}

int
survey_walk(struct session *s, char *const *targets, size_t n,
            survey_fn *fn, void *ctx, struct diag *diag)
{
	struct targets t;
	int r = targets_init(&t, targets, n);

	if (r == 0)
		targets_merge(&t, s->root);
	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++) {
		struct package *p = &s->db->packages[i];

		if (p->state <= PKG_CONFIG_FILES || !targets_package(&t, p))
			continue;
		r = dpkgdb_load_list(s->db, p, diag);
		if (r == 0)
			r = walk_package(s, p, &t, fn, ctx);
	}
	if (r == 0)
		r = walk_self(s, &t, fn, ctx);
	if (r == 0)
		r = targets_check(&t, diag);
	targets_free(&t);
	return r;
}
