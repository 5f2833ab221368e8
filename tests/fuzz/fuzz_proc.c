/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * What is read of processes and programs: maps as the searches for holders and
 * writers read them, below a folder laid out as /proc; stat, loginuid and
 * command lines of whoever called us; notes of a process; the ELF note that
 * our own programs carry; and the marker of an adopted root. First a byte that
 * chooses.
 *
 * Reaches: edges:320 procs_each_line:12 procs_mapping_read:6 procs_escape:6
 * Reaches: procs_first_time:7 holders_find_at:2 writers_find_at:2
 * Reaches: json_utf8:3
 */
#include <limits.h>
#include <sys/sysmacros.h>

#include "core/state.c"
#include "proc/alive.c"
#include "proc/origin.c"
#include "proc/real.c"

#include "fuzz.h"
#include "holders.h"
#include "json.h"
#include "procs.h"
#include "writers.h"

#define PID "77"
#define LINE_SIZE 64

static void
is_clean(const char *text, size_t size)
{
	size_t n = strnlen(text, size);

	FUZZ_CHECK(n < size);
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(text[i] >= ' ' && text[i] < 0x7f);
}

/* One line, its end unseen; what is read of it is written and read again. */
static enum look
take_line(void *ctx, const char *line, size_t n)
{
	struct procs_mapping m, again;
	char text[256], *own = malloc(n);
	int len;

	FUZZ_CHECK(own != NULL && n <= *(size_t *)ctx);
	if (n > 0)
		memcpy(own, line, n);
	if (procs_mapping_read(own, n, &m)) {
		FUZZ_CHECK(m.name >= own && m.name + m.name_len == own + n);
		len = snprintf(text, sizeof(text), "%llx-%llx r%c-%c 0 %x:%x "
		               "%llu  x", m.start, m.end,
		               m.writable ? 'w' : '-', m.shared ? 's' : 'p',
		               major(m.dev), minor(m.dev),
		               (unsigned long long)m.ino);
		FUZZ_CHECK(procs_mapping_read(text, (size_t)len, &again));
		FUZZ_CHECK(again.start == m.start && again.end == m.end &&
		           again.dev == m.dev && again.ino == m.ino &&
		           again.writable == m.writable &&
		           again.shared == m.shared);
		procs_escape(m.name, m.name_len, text, sizeof(text));
		is_clean(text, sizeof(text));
	}
	free(own);
	return LOOK_DONE;
}

static void
take_maps(struct fuzz *f)
{
	static char chunk[PROCS_CHUNK];
	size_t n, most = fuzz_byte(f) + 1;
	struct procs_lines l = { .chunk = chunk, .head_size = most };
	uint8_t *text;
	enum look look;
	int fd;

	l.head = malloc(most);
	FUZZ_CHECK(l.head != NULL);
	text = fuzz_part(f, &n);
	fd = fuzz_memfd(text, n);
	look = procs_each_line(fd, &l, take_line, &most);
	FUZZ_CHECK((look == LOOK_DONE) == (n == 0 || text[n - 1] == '\n'));
	close(fd);
	free(text);
	free(l.head);
}

static int
tell_holder(void *ctx, const struct holder *h)
{
	size_t *n = ctx;

	FUZZ_CHECK(h->pid == 77 && ++*n <= 4096 && h->ino != 0);
	is_clean(h->comm, sizeof(h->comm));
	is_clean(h->path, sizeof(h->path));
	return 0;
}

static bool
is_wanted(void *ctx, uint64_t dev, uint64_t ino)
{
	(void)ctx;
	(void)dev;
	return ino % 2 != 0;
}

static int
tell_writer(void *ctx, const struct writer *w)
{
	size_t *n = ctx;

	FUZZ_CHECK(w->pid == 77 && w->ino % 2 != 0 && ++*n <= 4096);
	is_clean(w->comm, sizeof(w->comm));
	return 0;
}

static void
put(const char *name, struct fuzz *f)
{
	size_t n;
	uint8_t *part = fuzz_part(f, &n);

	fuzz_write(name, part, n);
	free(part);
}

/* A process of which maps alone tells what it has, as where map_files is closed
 * to us, or gone by then. */
static void
take_process(struct fuzz *f)
{
	bool closed = fuzz_byte(f) % 2 != 0;
	size_t told = 0, unseen = 99;

	fuzz_mkdir(PID);
	fuzz_mkdir(PID "/fd");
	fuzz_mkdir(PID "/map_files");
	FUZZ_CHECK(fchmodat(fuzz_folder(), PID "/map_files",
	                    closed ? 0 : 0700, 0) == 0);
	put(PID "/comm", f);
	put(PID "/stat", f);
	put(PID "/maps", f);
	FUZZ_CHECK(holders_find_at(fuzz_folder(), makedev(8, 1), tell_holder,
	                           &told, &unseen) == 0);
	/* 1: no process 1, as where some are hidden */
	FUZZ_CHECK(unseen == 1 || unseen == 2);
	told = 0;
	FUZZ_CHECK(writers_find_at(fuzz_folder(), is_wanted, tell_writer,
	                           &told, &unseen) == 0);
	FUZZ_CHECK(unseen == 1 || unseen == 2);
}

/* No text of /proc has a NUL before its end. */
static void
take_stat(struct fuzz *f)
{
	char *text = fuzz_string(f), name[32];
	const char *at;

	for (int field = STATE_FIELD; field <= START_FIELD; field++) {
		at = field_of(text, field);
		FUZZ_CHECK(at == NULL || (at[-1] == ' ' &&
		                          at > strrchr(text, ')')));
		FUZZ_CHECK(at != NULL || number_of(text, field) == 0);
	}
	(void)has_ended(text);
	name_tty(tty_of(text), name, sizeof(name));
	is_clean(name, sizeof(name));
	FUZZ_CHECK(login_of(text) >= -1 && login_of(text) < 0xffffffffL);
	free(text);
}

/* As one string, as it would be read. */
static bool
is_utf8(const char *bytes, size_t n)
{
	char *text = malloc(n + 1);
	bool is;

	FUZZ_CHECK(text != NULL);
	for (size_t i = 0; i < n; i++)
		text[i] = bytes[i] != '\0' ? bytes[i] : ' ';
	text[n] = '\0';
	is = json_utf8(text);
	free(text);
	return is;
}

static void
take_words(struct fuzz *f)
{
	size_t size = fuzz_byte(f) + 1u, n, len;
	char *words = malloc(size), *bytes = (char *)fuzz_part(f, &n);

	FUZZ_CHECK(words != NULL);
	put_words(words, size, bytes, n);
	len = strnlen(words, size);
	FUZZ_CHECK(len < size && len <= n);
	for (size_t i = 0; i < len; i++)
		FUZZ_CHECK((unsigned char)words[i] >= ' ' &&
		           words[i] != 0x7f);
	/* No end goes through a character. */
	FUZZ_CHECK(!is_utf8(bytes, n) || json_utf8(words));
	free(bytes);
	free(words);
}

static void
take_note(struct fuzz *f)
{
	char text[NOTE_SIZE + 1];
	unsigned long long pid = 0, start, again;
	size_t n;
	char *note = fuzz_string(f);
	const char *rest;
	int fd;

	n = strnlen(note, NOTE_SIZE);
	note[n] = '\0';
	if (read_note(note, &pid, &start, &rest)) {
		FUZZ_CHECK(pid > 0 && pid <= INT32_MAX);
		n = (size_t)snprintf(text, sizeof(text), "%llu %llu\n", pid,
		                     start);
		FUZZ_CHECK(n < sizeof(text));
		FUZZ_CHECK(read_note(text, &pid, &again, &rest) &&
		           again == start && *rest == '\n');
	}
	/* Who is noted is asked for with signal 0 alone; ours lives. */
	if (pid == 0 || pid == (unsigned long long)getpid()) {
		pid_t found;

		fd = fuzz_memfd(note, n);
		FUZZ_CHECK(alive_noted(fd, &found) <= 1);
		FUZZ_CHECK(alive_note(fd) == 0);
		FUZZ_CHECK(alive_noted(fd, &found) == 1 && found == getpid());
		close(fd);
	}
	free(note);
}

static void
take_elf(struct fuzz *f)
{
	int fd = fuzz_memfd(f->at, f->left);
	int r = real_is_ours(fd);

	FUZZ_CHECK(r == 0 || r == 1);
	FUZZ_CHECK(r == 0 || memmem(f->at, f->left, REAL_MARKER,
	                            sizeof(REAL_MARKER)) != NULL);
	close(fd);
}

/* The same of notes alone, in memory of just their size. */
static void
take_notes(struct fuzz *f)
{
	size_t align = fuzz_byte(f) % 2 != 0 ? 8 : 4, n = f->left;
	char *notes = malloc(n);

	FUZZ_CHECK(notes != NULL);
	if (n > 0)
		memcpy(notes, f->at, n);
	FUZZ_CHECK(!notes_hold_marker(notes, n, align) ||
	           memmem(notes, n, REAL_MARKER, sizeof(REAL_MARKER)) != NULL);
	free(notes);
}

static void
check_marker(const struct state *s)
{
	struct diag diag = { .what = "" };
	struct state *again = state_new(NULL);
	struct buf text;

	FUZZ_CHECK(again != NULL);
	FUZZ_CHECK(strlen(s->id) == ID_LEN);
	FUZZ_CHECK(strspn(s->id, "0123456789abcdef") == ID_LEN);
	FUZZ_CHECK(s->admindir[0] == '/');
	FUZZ_CHECK(strlen(s->admindir) < sizeof(s->admindir));
	buf_init(&text, 0);
	FUZZ_CHECK(buf_addf(&text, MARKER_FIRST "%d\nid %s\nadmindir %s\n",
	                    MARKER_VERSION, s->id, s->admindir) == 0);
	FUZZ_CHECK(parse_marker(again, &text, &diag) == 0);
	FUZZ_CHECK(strcmp(again->id, s->id) == 0 &&
	           strcmp(again->admindir, s->admindir) == 0);
	buf_free(&text);
	state_free(again);
}

static void
take_marker(struct fuzz *f)
{
	struct diag diag = { .what = "" };
	struct state *s = state_new(NULL);
	struct buf text;
	int r;

	FUZZ_CHECK(s != NULL);
	buf_init(&text, 65536);
	FUZZ_CHECK(buf_add(&text, f->at, f->left) == 0);
	r = parse_marker(s, &text, &diag);
	FUZZ_CHECK(r == 0 || r == ERR_FORMAT || r == ERR_VERSION);
	FUZZ_CHECK(r == 0 || diag.what[0] != '\0');
	if (r == 0)
		check_marker(s);
	buf_free(&text);
	state_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const takes[])(struct fuzz *f) = {
		take_maps, take_process, take_stat, take_words, take_note,
		take_elf, take_notes, take_marker
	};
	struct fuzz f = { data, size };

	takes[fuzz_byte(&f) % (sizeof(takes) / sizeof(takes[0]))](&f);
	return 0;
}
