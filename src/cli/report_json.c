/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "json.h"
#include "jsonread.h"
#include "report_priv.h"

/* design.md section 2 has the keys; "type" tells what a line is. */
static void
begin(struct json *j, struct buf *out, const char *type)
{
	json_begin(j, out);
	json_str(j, "type", type);
}

static int
end(struct json *j)
{
	int r = json_end(j);

	return r < 0 ? r : buf_add_char(j->out, '\n');
}

static void
add(struct json *j, const char *key, const char *value)
{
	if (value != NULL)
		json_str(j, key, value);
}

/* "libc6:amd64" is a package and an architecture. */
static void
add_package(struct json *j, const char *key)
{
	char name[256];
	const char *colon;

	if (key == NULL)
		return;
	colon = strchr(key, ':');
	if (colon == NULL || (size_t)(colon - key) >= sizeof(name)) {
		json_str(j, "package", key);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(colon - key), key);
	json_str(j, "package", name);
	json_str(j, "architecture", colon + 1);
}

static void
add_row(struct json *j, const struct survey_row *row)
{
	json_path(j, "path", row->path);
	add(j, "package", row->name);
	if (row->arch != NULL && row->arch[0] != '\0')
		json_str(j, "architecture", row->arch);
	if (row->version != NULL && row->version[0] != '\0')
		json_str(j, "version", row->version);
	json_str(j, "state", survey_state_name(row->state));
	add(j, "reason", row->reason);
	add(j, "fs", row->fs);
}

static int
put_path(struct buf *out, const struct survey_row *row)
{
	struct json j;

	begin(&j, out, "path");
	add_row(&j, row);
	return end(&j);
}

/* What the last run's entry says of it, under names of this line. */
static void
add_entry(struct json *j, const struct buf *entry)
{
	static const char *const keys[] = { "txn", "time", "action" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct buf text;

		buf_init(&text, 0);
		if (jsonread_str(entry->data, entry->len, keys[i],
		                 &text) == 0 && text.len > 0)
			json_str(j, keys[i], text.data);
		buf_free(&text);
	}
}

static int
put_explanation(struct buf *out, const struct explanation *e)
{
	struct json j;
	char md5[33];

	begin(&j, out, "path");
	add_row(&j, &e->row);
	add(&j, "package_state", e->package_state);
	if (e->listed != NULL)
		json_path(&j, "listed", e->listed);
	add(&j, "diverted_by", e->diverter);
	if (e->recorded != NULL) {
		json_num(&j, "size", (long long)e->recorded->size);
		if (e->recorded->has_md5) {
			digest_hex(e->recorded->md5, 16, md5);
			json_str(&j, "md5", md5);
		}
	}
	if (e->archive_md5 != NULL) {
		digest_hex(e->archive_md5, 16, md5);
		json_str(&j, "archive_md5", md5);
	}
	if (e->entry.len > 0)
		add_entry(&j, &e->entry);
	return end(&j);
}

static int
put_finding(struct report_last *last, struct buf *out,
            const struct finding *f)
{
	struct json j;

	(void)last;
	begin(&j, out, "finding");
	json_str(&j, "kind", finding_name(f->kind));
	json_path(&j, "path", f->path);
	add_package(&j, f->package);
	add(&j, "version", f->version);
	/* where a symlink leads is as foreign as a path */
	if (f->expected != NULL)
		json_path(&j, "expected", f->expected);
	if (f->actual != NULL)
		json_path(&j, "actual", f->actual);
	return end(&j);
}

static int
put_plan(struct buf *out, const struct plan_line *line)
{
	struct json j;

	begin(&j, out, "path");
	json_str(&j, "action", line->action);
	json_str(&j, "reason", line->reason);
	add_package(&j, line->package);
	json_path(&j, "path", line->path);
	return end(&j);
}

static int
put_error(struct buf *out, const struct diag *d)
{
	struct json j;

	begin(&j, out, "error");
	if (d->file[0] != '\0')
		json_path(&j, "file", d->file);
	if (d->line != 0)
		json_num(&j, "line", (long long)d->line);
	json_str(&j, "reason", d->what);
	return end(&j);
}

/* The line is an object already; a torn one would break its reader. */
static int
put_transaction(struct buf *out, const char *line, size_t len)
{
	struct json j;
	int r;

	if (jsonread_check(line, len) == 0) {
		r = buf_add(out, line, len);
		return r < 0 ? r : buf_add_char(out, '\n');
	}
	begin(&j, out, "error");
	json_str(&j, "file", "history/log");
	json_str(&j, "reason", "an entry that is torn");
	return end(&j);
}

static int
put_posture(struct buf *out, const struct posture_line *lines, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct posture_line *line = &lines[i];
		const char *subject = line->subject;
		bool fine = line->state == POSTURE_OK;
		struct json j;

		begin(&j, out, "posture");
		json_str(&j, "id", line->id);
		json_str(&j, "state", posture_state_name(line->state));
		if (subject != NULL)
			json_path(&j, subject[0] == '/' ? "path" : "subject",
			          subject);
		json_path(&j, "seen", line->seen);
		json_str(&j, "why", line->why);
		if (!fine && line->mend != NULL)
			json_path(&j, "mend", line->mend);
		if (!fine && line->keep != NULL)
			json_path(&j, "keep", line->keep);
		r = end(&j);
	}
	return r;
}

static int
put_counts(struct buf *out, const struct report_count *rows, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct json j;

		begin(&j, out, "summary");
		add(&j, "fs", rows[i].fs);
		json_str(&j, "state", rows[i].state);
		add(&j, "reason", rows[i].reason);
		json_num(&j, "files", (long long)rows[i].files);
		r = end(&j);
	}
	return r;
}

static int
put_summary(struct buf *out, const char *sentence,
            const struct report_fact *facts, size_t n)
{
	struct json j;

	(void)sentence;
	begin(&j, out, "summary");
	for (size_t i = 0; i < n; i++) {
		if (facts[i].text != NULL)
			json_str(&j, facts[i].key, facts[i].text);
		else
			json_num(&j, facts[i].key, facts[i].number);
	}
	return end(&j);
}

const struct report_backend report_json = {
	.path = put_path,
	.finding = put_finding,
	.explanation = put_explanation,
	.plan = put_plan,
	.transaction = put_transaction,
	.posture = put_posture,
	.error = put_error,
	.counts = put_counts,
	.summary = put_summary
};
