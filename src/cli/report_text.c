/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "digest.h"
#include "json.h"
#include "jsonread.h"
#include "report_priv.h"
#include "vis.h"

static bool
is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Would this name drive a terminal, or read as the escape of another one? */
static bool
is_odd(const char *name)
{
	for (const char *c = name; *c != '\0'; c++) {
		unsigned char u = (unsigned char)*c;

		if (u < 0x20 || u == 0x7f)
			return true;
		if (u == 0xc2 && (unsigned char)c[1] < 0xa0)
			return true;	/* C1 controls in UTF-8 */
		if (u == '\\' && is_octal(c[1]) && is_octal(c[2]) &&
		    is_octal(c[3]))
			return true;
	}
	return !json_utf8(name);
}

int
report_name(struct buf *out, const char *name)
{
	return is_odd(name) ? vis_add(out, name) : buf_add_str(out, name);
}

/* Fields with tabs between and a name at the end. */
static int
add_fields(struct buf *out, const char *a, const char *b, const char *c,
           const char *name)
{
	int r = buf_addf(out, "%s\t%s\t%s\t", a, b != NULL ? b : "-",
	                 c != NULL ? c : "-");

	if (r == 0)
		r = report_name(out, name);
	return r < 0 ? r : buf_add_char(out, '\n');
}

/* SGR sequences (ECMA-48), the same width everywhere. */
int
report_colored(struct buf *out, const char *color, const char *words)
{
	return color == NULL ? buf_add_str(out, words) :
	       buf_addf(out, "\033[%sm%s\033[0m", color, words);
}

static const char *
color_of_state(enum survey_state state)
{
	switch (state) {
	case SURVEY_PROTECTED:
	case SURVEY_SELF:
		return "32";
	case SURVEY_OPEN:
	case SURVEY_UNKNOWN:
		return "31";
	case SURVEY_OFF:
	case SURVEY_UNSETTLED:
	case SURVEY_FOREIGN:
		return "33";
	default:
		return NULL;
	}
}

static int
put_path_color(struct buf *out, const struct survey_row *row)
{
	int r = report_colored(out, color_of_state(row->state),
	                    survey_state_name(row->state));

	return r < 0 ? r : add_fields(out, "", row->reason, row->package,
	                              row->path);
}

static int
put_path(struct buf *out, const struct survey_row *row)
{
	return add_fields(out, survey_state_name(row->state), row->reason,
	                  row->package, row->path);
}

static int
put_plan(struct buf *out, const struct plan_line *line)
{
	return add_fields(out, line->action, line->reason, line->package,
	                  line->path);
}

static int
put_error(struct buf *out, const struct diag *d)
{
	(void)out;
	(void)d;
	return 0;
}

/* "3 packages, " and the like; nothing where the entry does not say. */
static int
add_number(struct buf *out, const char *line, size_t len, const char *key)
{
	long long n;
	int r = jsonread_num(line, len, key, &n);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : buf_addf(out, ", %s %lld", key, n);
}

/* A string, or the words of an array, with `before` in front of it. */
static int
add_words(struct buf *out, const char *before, const char *line, size_t len,
          const char *key)
{
	struct buf text;
	int r;

	buf_init(&text, 0);
	r = jsonread_str(line, len, key, &text);
	if (r == -ENOENT)
		r = jsonread_strs(line, len, key, " ", &text);
	if (r == 0)
		r = buf_add_str(out, before);
	if (r == 0 && text.len > 0)
		r = report_name(out, text.data);
	buf_free(&text);
	return r == -ENOENT ? 0 : r;
}

static int
add_entry(struct buf *out, const char *line, size_t len)
{
	static const char *const numbers[] = {
		"packages", "opened", "closed", "cleared", "findings",
		"failed", "exit", "signal"
	};
	int r = add_words(out, "", line, len, "time");

	if (r == 0)
		r = add_words(out, " ", line, len, "txn");
	if (r == 0)
		r = add_words(out, " ", line, len, "action");
	for (size_t i = 0; r == 0 && i < sizeof(numbers) / sizeof(*numbers);
	     i++)
		r = add_number(out, line, len, numbers[i]);
	if (r == 0)
		r = add_words(out, ", note: ", line, len, "note");
	return r < 0 ? r : add_words(out, ": ", line, len, "argv");
}

static int
put_transaction(struct buf *out, const char *line, size_t len)
{
	size_t old = out->len;
	int r = add_entry(out, line, len);

	if (r == ERR_FORMAT || r == ERR_LIMIT) {
		out->len = old;
		r = buf_add_str(out, "(an entry that is torn)");
	}
	return r < 0 ? r : buf_add_char(out, '\n');
}

/* "  LABEL   words", the words already safe for a terminal. */
static int
add_label(struct buf *out, const char *label)
{
	return buf_addf(out, "  %-10s", label);
}

/* A blank behind each. */
static int
add_names(struct buf *out, const char *const *names, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = report_name(out, names[i]);
		if (r == 0)
			r = buf_add_char(out, ' ');
	}
	return r;
}

static int
add_owner(struct buf *out, const struct explanation *e)
{
	const struct survey_row *row = &e->row;
	int r = add_label(out, "package");

	if (r < 0)
		return r;
	if (row->package == NULL)
		return buf_add_str(out, "none lists it\n");
	if (e->package_state == NULL)
		return buf_addf(out, "%s: one of our own programs\n",
		                row->package);
	r = add_names(out, (const char *const []){ row->name, row->version,
	              row->arch }, 3);
	if (r == 0)
		r = buf_addf(out, "(%s)\n", e->package_state);
	if (r == 0 && e->listed != NULL) {
		r = add_label(out, "listed as");
		if (r == 0)
			r = report_name(out, e->listed);
		if (r == 0)
			r = buf_add_char(out, '\n');
	}
	if (r < 0 || e->diverter == NULL)
		return r;
	r = add_label(out, "diverted");
	if (r == 0)
		r = buf_add_str(out, "by ");
	if (r == 0)
		r = e->diverter[0] != '\0' ? report_name(out, e->diverter) :
		    buf_add_str(out, "hand (a local diversion)");
	return r < 0 ? r : buf_add_char(out, '\n');
}

static int
add_state(struct buf *out, const struct explanation *e)
{
	int r = add_label(out, "state");

	if (r == 0)
		r = buf_add_str(out, survey_state_name(e->row.state));
	if (r == 0 && e->row.reason != NULL)
		r = buf_addf(out, " (%s)", e->row.reason);
	if (r == 0 && e->row.fs != NULL)
		r = buf_addf(out, ", on %s", e->row.fs);
	return r < 0 ? r : buf_add_char(out, '\n');
}

static int
add_recorded(struct buf *out, const struct explanation *e)
{
	char md5[33];
	int r;

	if (e->recorded == NULL && e->archive_md5 == NULL)
		return 0;
	r = add_label(out, "recorded");
	if (r < 0)
		return r;
	if (e->recorded == NULL) {
		digest_hex(e->archive_md5, 16, md5);
		return buf_addf(out, "not by us; md5 %s in its archive\n",
		                md5);
	}
	r = buf_addf(out, "%" PRIu64 " bytes", e->recorded->size);
	if (r == 0 && e->recorded->has_md5) {
		digest_hex(e->recorded->md5, 16, md5);
		r = buf_addf(out, ", md5 %s", md5);
	}
	if (r == 0 && e->recorded->has_md5 && e->archive_md5 != NULL)
		r = buf_addf(out, ", %s", memcmp(e->archive_md5,
		             e->recorded->md5, 16) == 0 ?
		             "as in its archive" : "not as in its archive");
	return r < 0 ? r : buf_add_char(out, '\n');
}

static int
put_explanation(struct buf *out, const struct explanation *e)
{
	int r = report_name(out, e->row.path);

	if (r == 0)
		r = buf_add_char(out, '\n');
	if (r == 0)
		r = add_owner(out, e);
	if (r == 0)
		r = add_state(out, e);
	if (r == 0)
		r = add_recorded(out, e);
	if (r < 0 || e->entry.len == 0)
		return r;
	r = add_label(out, "last run");
	return r < 0 ? r : put_transaction(out, e->entry.data, e->entry.len);
}

static int
put_summary(struct buf *out, const char *sentence,
            const struct report_fact *facts, size_t n)
{
	(void)facts;
	(void)n;
	return sentence == NULL ? 0 : buf_addf(out, "%s\n", sentence);
}

/* Findings alone are meant to be read by programs that know no other line. */
static int
no_summary(struct buf *out, const char *sentence,
           const struct report_fact *facts, size_t n)
{
	(void)out;
	(void)sentence;
	(void)facts;
	(void)n;
	return 0;
}

const struct report_backend report_text = {
	.path = put_path,
	.finding = report_finding_text,
	.settle = report_finding_settle,
	.explanation = put_explanation,
	.plan = put_plan,
	.transaction = put_transaction,
	.posture = report_posture_text,
	.error = put_error,
	.counts = report_table,
	.summary = put_summary
};

const struct report_backend report_color = {
	.path = put_path_color,
	.finding = report_finding_color,
	.settle = report_finding_settle,
	.explanation = put_explanation,
	.plan = put_plan,
	.transaction = put_transaction,
	.posture = report_posture_color,
	.error = put_error,
	.counts = report_table,
	.summary = put_summary
};

const struct report_backend report_rpm = {
	.path = put_path,
	.finding = report_rpm_finding,
	.settle = report_rpm_settle,
	.explanation = put_explanation,
	.plan = put_plan,
	.transaction = put_transaction,
	.posture = report_posture_text,
	.error = put_error,
	.counts = report_table,
	.summary = no_summary
};
