/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "metrics.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "file.h"

#define PREFIX "dpkg_immutable_"
#define LAST PREFIX "last_audit_timestamp_seconds"
#define OLD_MAX ((size_t)64 << 10)

enum mode { MODE_FULL, MODE_QUICK, MODE_PARTIAL, MODE_COUNT };
static const char *const mode_names[] = { "full", "quick", "partial" };

/* HELP and TYPE of a metric; all of ours are gauges. */
static int
add_head(struct buf *out, const char *name, const char *help)
{
	return buf_addf(out, "# HELP " PREFIX "%s %s\n"
	                "# TYPE " PREFIX "%s gauge\n", name, help, name);
}

static int
add_files(struct buf *out, const struct metrics *m)
{
	int r = add_head(out, "files", "Files of packages by their state.");

	for (size_t i = 0; r == 0 && i < sizeof(m->states) /
	     sizeof(m->states[0]); i++)
		if (m->states[i].name != NULL)
			r = buf_addf(out, PREFIX "files{state=\"%s\"} %zu\n",
			             m->states[i].name, m->states[i].files);
	return r;
}

static int
add_findings(struct buf *out, const struct metrics *m)
{
	int r = add_head(out, "findings", "Findings of the last audit.");

	for (size_t i = 0; r == 0 && i < FINDING_COUNT; i++)
		r = buf_addf(out, PREFIX "findings{kind=\"%s\"} %zu\n",
		             finding_name((enum finding_kind)i),
		             m->findings[i]);
	return r;
}

static bool
is_clean(const struct metrics *m)
{
	for (size_t i = 0; i < FINDING_COUNT; i++)
		if (m->findings[i] > 0)
			return false;
	for (size_t i = 0; i < sizeof(m->states) / sizeof(m->states[0]); i++)
		if (m->states[i].name != NULL && m->states[i].files > 0 &&
		    strcmp(m->states[i].name, "unknown") == 0)
			return false;
	return true;
}

static int
add_audit(struct buf *out, const struct metrics *m)
{
	int r = add_head(out, "audit_bytes", "Bytes that the last audit read.");

	if (r == 0)
		r = buf_addf(out, PREFIX "audit_bytes %" PRIu64 "\n", m->bytes);
	if (r == 0)
		r = add_head(out, "audit_seconds",
		             "Time that the last audit took.");
	if (r == 0)
		r = buf_addf(out, PREFIX "audit_seconds %.3f\n", m->seconds);
	if (r == 0)
		r = add_head(out, "audit_clean", "1 if the last audit found "
		             "nothing and could look at everything.");
	return r < 0 ? r : buf_addf(out, PREFIX "audit_clean %d\n",
	                            is_clean(m));
}

/* "NUMBER\n" and no more: as we write it. -1: it is not. */
static int64_t
number_at(const char *s)
{
	int64_t n = 0;
	int digits = 0;

	for (; *s >= '0' && *s <= '9'; s++, digits++) {
		if (digits == 12)
			return -1;
		n = n * 10 + (*s - '0');
	}
	return digits > 0 && *s == '\n' ? n : -1;
}

/* When an audit of this mode was last, as the old file has it; -1: never. */
static int64_t
old_time(const char *text, const char *mode)
{
	static const char before[] = LAST "{mode=\"", after[] = "\"} ";
	size_t n = strlen(mode);

	for (const char *line = text; *line != '\0';) {
		const char *at = line + sizeof(before) - 1;
		const char *end = strchr(line, '\n');

		if (strncmp(line, before, sizeof(before) - 1) == 0 &&
		    strncmp(at, mode, n) == 0 &&
		    strncmp(at + n, after, sizeof(after) - 1) == 0)
			return number_at(at + n + sizeof(after) - 1);
		if (end == NULL)
			break;
		line = end + 1;
	}
	return -1;
}

/* A series that was there once must not vanish because another audit ran. */
static int
add_times(struct buf *out, const struct metrics *m, const char *old)
{
	enum mode now = m->partial ? MODE_PARTIAL :
	                m->quick ? MODE_QUICK : MODE_FULL;
	int r = add_head(out, "last_audit_timestamp_seconds",
	                 "When the last audit of each mode ended.");

	for (int i = 0; r == 0 && i < MODE_COUNT; i++) {
		int64_t t = i == (int)now ? m->time :
		            old_time(old, mode_names[i]);

		if (t >= 0)
			r = buf_addf(out, LAST "{mode=\"%s\"} %" PRId64 "\n",
			             mode_names[i], t);
	}
	return r;
}

int
metrics_write(const char *file, const struct metrics *m, struct diag *diag)
{
	struct buf old, text;
	int r;

	buf_init(&old, OLD_MAX);
	buf_init(&text, 0);
	r = file_read(AT_FDCWD, file, &old);
	/* not over /dev/null, nor a link to it */
	if (r == ERR_NOT_REGULAR)
		goto out;
	if (r < 0)
		buf_clear(&old);
	r = add_files(&text, m);
	if (r == 0)
		r = add_findings(&text, m);
	if (r == 0)
		r = add_audit(&text, m);
	if (r == 0)
		r = add_times(&text, m, old.data != NULL ? old.data : "");
	if (r == 0)
		r = file_replace(AT_FDCWD, file, text.data, text.len, 0644,
		                 FILE_DURABLE);
out:
	if (r < 0)
		diag_set(diag, r, file, 0, "cannot be written: %s",
		         err_text(r));
	buf_free(&text);
	buf_free(&old);
	return r;
}
