/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "check_main.h"
#include "file.h"
#include "metrics.h"

#define LAST "dpkg_immutable_last_audit_timestamp_seconds"

static char top[PATH_MAX], file[PATH_MAX + 16];
static struct buf text;
static struct diag diag;

static void
set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(top, sizeof(top), "%s/check_metrics.XXXXXX",
	         tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(file, sizeof(file), "%s/x.prom", top);
	buf_init(&text, 0);
	memset(&diag, 0, sizeof(diag));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
tear_down(void)
{
	buf_free(&text);
	nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct metrics
plain(void)
{
	return (struct metrics){
		.time = 1700000000, .seconds = 1.5, .bytes = 5000000000,
		.states = {
			{ "protected", 100000 }, { "open", 0 },
			{ "unknown", 0 }
		}
	};
}

/* Writes, and reads what came of it. */
static const char *
written(const struct metrics *m)
{
	ck_assert_int_eq(metrics_write(file, m, &diag), 0);
	buf_clear(&text);
	ck_assert_int_eq(file_read(AT_FDCWD, file, &text), 0);
	return text.data;
}

#define HAS(line) ck_assert_msg(strstr(text.data, "\n" line "\n") != NULL, \
	"no line %s in %s", line, text.data)
#define HAS_NOT(part) ck_assert_msg(strstr(text.data, part) == NULL, \
	"%s in %s", part, text.data)

static void
put_old(const char *data, size_t n)
{
	ck_assert_int_eq(file_replace(AT_FDCWD, file, data, n, 0600, 0), 0);
}

/* Every line is a comment or NAME{LABEL="VALUE"} NUMBER; each name is told. */
static void
check_form(void)
{
	char *line = text.data, *save = NULL;
	char type[200] = "";

	ck_assert_int_eq(text.data[text.len - 1], '\n');
	for (line = strtok_r(line, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		double number;
		char *end, *blank = strrchr(line, ' ');

		if (strncmp(line, "# HELP dpkg_immutable_", 22) == 0)
			continue;
		if (sscanf(line, "# TYPE %199s gauge", type) == 1)
			continue;
		ck_assert_int_eq(strncmp(line, type, strlen(type)), 0);
		ck_assert_uint_ne(strspn(line + strlen(type), "{ "), 0);
		ck_assert_ptr_nonnull(blank);
		number = strtod(blank + 1, &end);
		ck_assert_int_eq(*end, '\0');
		ck_assert(number >= 0);
	}
}

START_TEST(metrics_of_a_clean_audit)
{
	struct metrics m = plain();
	struct stat st;

	umask(077);
	written(&m);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
	HAS("dpkg_immutable_files{state=\"protected\"} 100000");
	HAS("dpkg_immutable_files{state=\"open\"} 0");
	HAS("dpkg_immutable_audit_bytes 5000000000");
	HAS("dpkg_immutable_audit_seconds 1.500");
	HAS("dpkg_immutable_audit_clean 1");
	HAS(LAST "{mode=\"full\"} 1700000000");
	HAS_NOT("quick");
	HAS_NOT("partial");
	for (int i = 0; i < FINDING_COUNT; i++) {
		char line[100];

		snprintf(line, sizeof(line),
		         "\ndpkg_immutable_findings{kind=\"%s\"} 0\n",
		         finding_name((enum finding_kind)i));
		ck_assert_ptr_nonnull(strstr(text.data, line));
	}
	check_form();
}
END_TEST

START_TEST(metrics_of_findings)
{
	struct metrics m = plain();

	m.findings[FINDING_CONTENT] = 3;
	written(&m);
	HAS("dpkg_immutable_findings{kind=\"content\"} 3");
	HAS("dpkg_immutable_findings{kind=\"flag\"} 0");
	HAS("dpkg_immutable_audit_clean 0");
	m.findings[FINDING_CONTENT] = 0;
	m.findings[FINDING_UNKNOWN] = 1;
	written(&m);
	HAS("dpkg_immutable_audit_clean 0");
	m.findings[FINDING_UNKNOWN] = 0;
	m.states[2].files = 1;
	written(&m);
	HAS("dpkg_immutable_audit_clean 0");
	m.states[2].name = "off";
	written(&m);
	HAS("dpkg_immutable_audit_clean 1");
}
END_TEST

START_TEST(metrics_keep_older_times)
{
	struct metrics m = plain();

	written(&m);
	m.quick = true;
	m.time += 60;
	written(&m);
	HAS(LAST "{mode=\"full\"} 1700000000");
	HAS(LAST "{mode=\"quick\"} 1700000060");
	m.partial = true;
	m.time += 60;
	written(&m);
	HAS(LAST "{mode=\"full\"} 1700000000");
	HAS(LAST "{mode=\"quick\"} 1700000060");
	HAS(LAST "{mode=\"partial\"} 1700000120");
	m.quick = m.partial = false;
	m.time += 60;
	written(&m);
	HAS(LAST "{mode=\"full\"} 1700000180");
	HAS_NOT("1700000000");
	check_form();
}
END_TEST

/* An old file that we did not write so: no time is taken from it. */
START_TEST(metrics_over_a_bad_file)
{
	static const char *const bad[] = {
		"", "\n", LAST, LAST "{mode=\"full\"} 77",
		LAST "{mode=\"full\"} \n", LAST "{mode=\"full\"} -77\n",
		LAST "{mode=\"full\"} 77.5\n", LAST "{mode=\"full\"} 7e7\n",
		LAST "{mode=\"full\"} 77 x\n",
		LAST "{mode=\"full\"} 7777777777777\n",
		LAST "{mode=\"full\"}77\n", "x" LAST "{mode=\"full\"} 77\n",
		LAST "{mode=\"fuller\"} 77\n",
		LAST "{mode=\"full\"} nonsense\n" LAST "{mode=\"full\"} 77\n",
		"\177ELF\1\2\3\n\n\n\n"
	};
	struct metrics m = plain();
	size_t n = ((size_t)64 << 10) + 1;
	char *huge = malloc(n);

	m.quick = true;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_old(bad[i], strlen(bad[i]));
		written(&m);
		HAS_NOT("mode=\"full\"");
		HAS(LAST "{mode=\"quick\"} 1700000000");
		check_form();
	}
	/* what a NUL hides, and what is behind the bound */
	put_old("a\0\n" LAST "{mode=\"full\"} 77\n", sizeof(LAST) + 19);
	written(&m);
	HAS_NOT("mode=\"full\"");
	ck_assert_ptr_nonnull(huge);
	memset(huge, 'x', n);
	memcpy(huge, LAST "{mode=\"full\"} 77\n", sizeof(LAST) + 16);
	put_old(huge, n);
	written(&m);
	HAS_NOT("mode=\"full\"");
	/* the same within it is taken */
	put_old(huge, n - 1);
	written(&m);
	HAS(LAST "{mode=\"full\"} 77");
	free(huge);
}
END_TEST

/* The old file stays whole, and nothing is left beside it. */
START_TEST(metrics_that_cannot_be_written)
{
	struct metrics m = plain();
	char other[PATH_MAX + 32];
	struct stat st;

	snprintf(file, sizeof(file), "%s/no/x", top);
	ck_assert_int_lt(metrics_write(file, &m, &diag), 0);
	ck_assert_str_eq(diag.file, file);
	ck_assert_ptr_nonnull(strstr(diag.what, "cannot be written"));
	/* a folder, a device and the like, and links to them, must stay */
	ck_assert_int_eq(metrics_write(top, &m, &diag), ERR_NOT_REGULAR);
	snprintf(file, sizeof(file), "%s/fifo", top);
	ck_assert_int_eq(mkfifo(file, 0600), 0);
	ck_assert_int_eq(metrics_write(file, &m, &diag), ERR_NOT_REGULAR);
	ck_assert_int_eq(lstat(file, &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	snprintf(file, sizeof(file), "%s/link", top);
	ck_assert_int_eq(symlink("/dev/null", file), 0);
	ck_assert_int_eq(metrics_write(file, &m, &diag), ERR_NOT_REGULAR);
	ck_assert_int_eq(lstat(file, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	snprintf(other, sizeof(other), "%s.new", file);
	ck_assert_int_lt(lstat(other, &st), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("metrics");
	TCase *t = tcase_create("core");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, metrics_of_a_clean_audit);
	tcase_add_test(t, metrics_of_findings);
	tcase_add_test(t, metrics_keep_older_times);
	tcase_add_test(t, metrics_over_a_bad_file);
	tcase_add_test(t, metrics_that_cannot_be_written);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
