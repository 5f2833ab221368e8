/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* --posture as text: a line each, the command that mends it at its end. */
#include <string.h>

#include "report_priv.h"

static int
add_line(struct buf *out, const struct posture_line *line, int width,
         const char *color)
{
	bool plain = line->state == POSTURE_OK;
	const char *name = posture_state_name(line->state);
	int r = report_colored(out, color, name);

	if (r == 0)
		r = buf_addf(out, "%*s  %-*s  ", 7 - (int)strlen(name), "",
		             width, line->id);
	if (r == 0 && line->subject != NULL) {
		r = report_name(out, line->subject);
		if (r == 0)
			r = buf_add_str(out, ": ");
	}
	if (r == 0)
		r = report_name(out, line->seen);
	if (r == 0 && !plain)
		r = buf_addf(out, "; %s", line->why);
	if (r == 0 && !plain && line->keep != NULL) {
		r = buf_add_str(out, line->mend != NULL ? "; to keep it so: " :
		                "; what mends it: ");
		if (r == 0)
			r = report_name(out, line->keep);
	}
	if (r == 0 && !plain && line->mend != NULL) {
		r = buf_add_str(out, "; mend: ");
		if (r == 0)
			r = report_name(out, line->mend);
	}
	return r < 0 ? r : buf_add_char(out, '\n');
}

static int
add_lines(struct buf *out, const struct posture_line *lines, size_t n,
          const char *const colors[POSTURE_COUNT])
{
	int width = 0, r = 0;

	for (size_t i = 0; i < n; i++)
		if ((int)strlen(lines[i].id) > width)
			width = (int)strlen(lines[i].id);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_line(out, &lines[i], width, colors[lines[i].state]);
	return r;
}

int
report_posture_text(struct buf *out, const struct posture_line *lines,
                    size_t n)
{
	static const char *const none[POSTURE_COUNT] = { NULL };

	return add_lines(out, lines, n, none);
}

int
report_posture_color(struct buf *out, const struct posture_line *lines,
                     size_t n)
{
	static const char *const colors[POSTURE_COUNT] = {
		[POSTURE_BAD] = "31", [POSTURE_UNKNOWN] = "33",
		[POSTURE_NOTE] = "36", [POSTURE_OK] = "32"
	};

	return add_lines(out, lines, n, colors);
}
