/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check_main.h"
#include "file.h"
#include "report.h"

/* A report into an unnamed file, and what came of it. */
static struct report *report;
static struct buf text;
static int fd = -1;

static void
begin(enum report_format format, bool quiet)
{
	fd = memfd_create("report", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(report_new(format, fd, quiet, &report), 0);
}

static void
expect(const char *want)
{
	ck_assert_int_eq(report_end(report), 0);
	report_free(report);
	ck_assert_int_eq((int)lseek(fd, 0, SEEK_SET), 0);
	buf_init(&text, 0);
	ck_assert_int_eq(file_read_fd(fd, &text), 0);
	ck_assert_str_eq(text.len > 0 ? text.data : "", want);
	buf_free(&text);
	close(fd);
}

static const struct survey_row plain_row = {
	.package = "libc6:amd64", .name = "libc6", .arch = "amd64",
	.version = "2.36-9", .path = "/usr/lib/libc.so.6",
	.state = SURVEY_PROTECTED, .fs = "ext4"
};

static void
put_path(const char *path)
{
	struct survey_row row = plain_row;

	row.path = path;
	ck_assert_int_eq(report_path(report, &row), 0);
}

START_TEST(report_in_color)
{
	static const struct finding missing = {
		.kind = FINDING_MISSING, .path = "/a"
	}, unknown = {
		.kind = FINDING_UNKNOWN, .path = "/b"
	};
	struct survey_row row = plain_row;

	begin(REPORT_COLOR, true);
	ck_assert_int_eq(report_path(report, &row), 0);
	row.state = SURVEY_EXEMPT;
	ck_assert_int_eq(report_path(report, &row), 0);
	ck_assert_int_eq(report_finding(report, &missing), 0);
	ck_assert_int_eq(report_finding(report, &unknown), 0);
	ck_assert_int_eq(report_summary(report, "quiet", NULL, 0), 0);
	expect("\033[32mprotected\033[0m\t-\tlibc6:amd64\t"
	       "/usr/lib/libc.so.6\n"
	       "exempt\t-\tlibc6:amd64\t/usr/lib/libc.so.6\n"
	       "\033[1mof no package\033[0m\n"
	       "  /a: \033[31mmissing\033[0m\n"
	       "  /b: \033[33mcould not be looked at\033[0m\n");
}
END_TEST

static struct explanation
plain_explanation(void)
{
	static const struct ledger_row recorded = {
		.path = "/usr/lib/libc.so.6", .has_md5 = true, .size = 7
	};
	struct explanation e = {
		.row = plain_row, .package_state = "installed",
		.recorded = &recorded
	};

	buf_init(&e.entry, 0);
	return e;
}

START_TEST(report_explanations)
{
	static const char entry[] = "{\"type\":\"transaction\",\"time\":"
	    "\"T\",\"txn\":\"00aa\",\"action\":\"unpack\"}";
	struct explanation e = plain_explanation();

	begin(REPORT_TEXT, false);
	ck_assert_int_eq(report_explanation(report, &e), 0);
	e.listed = "/lib/libc.so.6\033[2J";
	e.diverter = "";
	e.recorded = NULL;
	ck_assert_int_eq(buf_add(&e.entry, entry, sizeof(entry) - 1), 0);
	ck_assert_int_eq(report_explanation(report, &e), 0);
	buf_free(&e.entry);
	e = (struct explanation){ .row = {
		.path = "/x", .state = SURVEY_UNOWNED, .reason = "flag"
	} };
	buf_init(&e.entry, 0);
	ck_assert_int_eq(report_explanation(report, &e), 0);
	expect("/usr/lib/libc.so.6\n"
	       "  package   libc6 2.36-9 amd64 (installed)\n"
	       "  state     protected, on ext4\n"
	       "  recorded  7 bytes, md5 00000000000000000000000000000000\n"
	       "/usr/lib/libc.so.6\n"
	       "  package   libc6 2.36-9 amd64 (installed)\n"
	       "  listed as /lib/libc.so.6\\033\\1332J\n"
	       "  diverted  by hand (a local diversion)\n"
	       "  state     protected, on ext4\n"
	       "  last run  T 00aa unpack\n"
	       "/x\n"
	       "  package   none lists it\n"
	       "  state     unowned (flag)\n");
}
END_TEST

START_TEST(report_explanations_as_json)
{
	static const char entry[] = "{\"time\":\"T\",\"txn\":\"00aa\"}";
	struct explanation e = plain_explanation();

	e.listed = "/lib/libc.so.6";
	e.diverter = "other";
	ck_assert_int_eq(buf_add(&e.entry, entry, sizeof(entry) - 1), 0);
	begin(REPORT_JSON, false);
	ck_assert_int_eq(report_explanation(report, &e), 0);
	buf_free(&e.entry);
	expect("{\"type\":\"path\",\"path\":\"/usr/lib/libc.so.6\","
	       "\"package\":\"libc6\",\"architecture\":\"amd64\","
	       "\"version\":\"2.36-9\",\"state\":\"protected\","
	       "\"fs\":\"ext4\",\"package_state\":\"installed\","
	       "\"listed\":\"/lib/libc.so.6\",\"diverted_by\":\"other\","
	       "\"size\":7,\"md5\":\"00000000000000000000000000000000\","
	       "\"txn\":\"00aa\",\"time\":\"T\"}\n");
}
END_TEST

START_TEST(report_paths_as_text)
{
	struct survey_row row = plain_row;

	begin(REPORT_TEXT, false);
	ck_assert_int_eq(report_path(report, &row), 0);
	row.state = SURVEY_EXEMPT;
	row.reason = "conffile";
	ck_assert_int_eq(report_path(report, &row), 0);
	expect("protected\t-\tlibc6:amd64\t/usr/lib/libc.so.6\n"
	       "exempt\tconffile\tlibc6:amd64\t/usr/lib/libc.so.6\n");
}
END_TEST

/* What stands as it is, and what is escaped, blanks and all. */
START_TEST(report_odd_paths_as_text)
{
	begin(REPORT_TEXT, false);
	put_path("/a b/#\\x2d*?[\"'");
	put_path("/\xc3\xa4\xe2\x82\xac");
	put_path("/a b\nc");
	put_path("/tab\there");
	put_path("/\x1b[31m");
	put_path("/\x7f");
	put_path("/\xff");
	put_path("/\xc2\x9b" "1m");
	put_path("/not\\012odd");
	expect("protected\t-\tlibc6:amd64\t/a b/#\\x2d*?[\"'\n"
	       "protected\t-\tlibc6:amd64\t/\xc3\xa4\xe2\x82\xac\n"
	       "protected\t-\tlibc6:amd64\t/a\\040b\\012c\n"
	       "protected\t-\tlibc6:amd64\t/tab\\011here\n"
	       "protected\t-\tlibc6:amd64\t/\\033\\13331m\n"
	       "protected\t-\tlibc6:amd64\t/\\177\n"
	       "protected\t-\tlibc6:amd64\t/\\377\n"
	       "protected\t-\tlibc6:amd64\t/\\302\\2331m\n"
	       "protected\t-\tlibc6:amd64\t/not\\134012odd\n");
}
END_TEST

START_TEST(report_paths_as_json)
{
	struct survey_row row = plain_row;

	begin(REPORT_JSON, true);
	ck_assert_int_eq(report_path(report, &row), 0);
	row.path = "/a\n\"\xff";
	row.arch = "";
	row.fs = NULL;
	row.version = NULL;
	row.state = SURVEY_UNKNOWN;
	row.reason = "Permission denied";
	ck_assert_int_eq(report_path(report, &row), 0);
	expect("{\"type\":\"path\",\"path\":\"/usr/lib/libc.so.6\","
	       "\"package\":\"libc6\",\"architecture\":\"amd64\","
	       "\"version\":\"2.36-9\",\"state\":\"protected\","
	       "\"fs\":\"ext4\"}\n"
	       "{\"type\":\"path\",\"path\":\"/a\\n\\\"\xef\xbf\xbd\","
	       "\"path_hex\":\"2f610a22ff\",\"package\":\"libc6\","
	       "\"state\":\"unknown\",\"reason\":\"Permission denied\"}\n");
}
END_TEST

static const struct finding findings[] = {
	{ FINDING_CONTENT, "less", "590-2", "/usr/bin/less", "md5:aa",
	  "md5:bb", NULL },
	{ FINDING_MISSING, "libc6:amd64", NULL, "/x\ny", NULL, NULL,
	  NULL },
	{ FINDING_TYPE, "less", "590-2", "/t", "file", "symlink", NULL },
	{ FINDING_FLAG, "less", "590-2", "/t", "immutable", "not", NULL },
	{ FINDING_SELF, NULL, NULL, "/usr/bin/dpkg", "immutable", "not",
	  NULL },
	{ FINDING_LINK, "less", "590-2", "/l", "a\x1b[2J", "b\xff", NULL },
	{ FINDING_UNKNOWN, "less", "1", "/u", NULL, "Permission denied",
	  NULL }
};

static void
put_findings(void)
{
	for (size_t i = 0; i < sizeof(findings) / sizeof(findings[0]); i++)
		ck_assert_int_eq(report_finding(report, &findings[i]), 0);
}

START_TEST(report_findings_as_text)
{
	begin(REPORT_TEXT, true);
	put_findings();
	expect("less 590-2\n"
	       "  /usr/bin/less: content differs: expected md5:aa, "
	       "found md5:bb\n"
	       "libc6:amd64\n"
	       "  /x\\012y: missing\n"
	       "less 590-2\n"
	       "  /t: type of file differs: expected file, found symlink\n"
	       "  /t: not immutable\n"
	       "of no package\n"
	       "  /usr/bin/dpkg: our own, and not as it must be: "
	       "expected immutable, found not\n"
	       "less 590-2\n"
	       "  /l: the symlink leads elsewhere: expected a\\033\\1332J, "
	       "found b\\377\n"
	       "less 1\n"
	       "  /u: could not be looked at: Permission denied\n");
}
END_TEST

/* Whatever else is said between two findings, the second is not lost. */
START_TEST(report_heads_findings_anew)
{
	begin(REPORT_TEXT, false);
	ck_assert_int_eq(report_finding(report, &findings[2]), 0);
	ck_assert_int_eq(report_finding(report, &findings[3]), 0);
	put_path("/p");
	ck_assert_int_eq(report_finding(report, &findings[3]), 0);
	ck_assert_int_eq(report_summary(report, "2 findings", NULL, 0), 0);
	expect("less 590-2\n"
	       "  /t: type of file differs: expected file, found symlink\n"
	       "  /t: not immutable\n"
	       "protected\t-\tlibc6:amd64\t/p\n"
	       "less 590-2\n"
	       "  /t: not immutable\n"
	       "2 findings\n");
}
END_TEST

/* A name, and words of its own, for each kind. */
START_TEST(report_every_kind)
{
	static char seen[FINDING_COUNT][200];
	struct finding f = { .package = "p", .path = "/x" };

	for (int i = 0; i < FINDING_COUNT; i++) {
		size_t n;

		f.kind = (enum finding_kind)i;
		ck_assert_ptr_nonnull(finding_name(f.kind));
		fd = memfd_create("report", MFD_CLOEXEC);
		ck_assert_int_eq(report_new(REPORT_TEXT, fd, false,
		                            &report), 0);
		ck_assert_int_eq(report_finding(report, &f), 0);
		report_free(report);
		ck_assert_int_eq((int)lseek(fd, 0, SEEK_SET), 0);
		buf_init(&text, 0);
		ck_assert_int_eq(file_read_fd(fd, &text), 0);
		n = strlen("p\n  /x: ");
		ck_assert_int_eq(strncmp(text.data, "p\n  /x: ", n), 0);
		ck_assert_uint_gt(text.len, n + 1);
		ck_assert_uint_lt(text.len, sizeof(seen[0]));
		memcpy(seen[i], text.data, text.len + 1);
		ck_assert_ptr_null(strstr(seen[i], "(null)"));
		for (int k = 0; k < i; k++) {
			ck_assert_str_ne(seen[i], seen[k]);
			ck_assert_str_ne(finding_name(f.kind), finding_name(
			    (enum finding_kind)k));
		}
		buf_free(&text);
		close(fd);
	}
}
END_TEST

static void
put_kind(enum finding_kind kind, const char *path, const char *expected,
         const char *actual)
{
	const struct finding f = {
		.kind = kind, .package = "p", .path = path,
		.expected = expected, .actual = actual
	};

	ck_assert_int_eq(report_finding(report, &f), 0);
}

START_TEST(report_findings_as_rpm)
{
	begin(REPORT_RPM, false);
	put_kind(FINDING_CONTENT, "/content", "md5:aa", "md5:bb");
	put_kind(FINDING_SIZE, "/size", "1", "2");
	put_kind(FINDING_TYPE, "/type", "file", "fifo");
	put_kind(FINDING_MODE, "/mode", "0755", "0777");
	put_kind(FINDING_LINK, "/link", "a", "b");
	put_kind(FINDING_TIME, "/time", "1", "2");
	put_kind(FINDING_CAPABILITY, "/capability", "none", "x=ep");
	put_kind(FINDING_MISSING, "/miss ing", NULL, NULL);
	put_kind(FINDING_CONFFILE, "/etc/edited", NULL, "edited");
	put_kind(FINDING_CONFFILE, "/etc/gone", NULL, "gone");
	put_kind(FINDING_UNKNOWN, "/unknown", NULL, "why");
	expect("..5......   /content\n"
	       "S.5......   /size\n"
	       ".M.......   /type\n"
	       ".M.......   /mode\n"
	       "....L....   /link\n"
	       ".......T.   /time\n"
	       "........P   /capability\n"
	       "missing     /miss ing\n"
	       "..5...... c /etc/edited\n"
	       "missing   c /etc/gone\n"
	       "?????????   /unknown\n");
}
END_TEST

START_TEST(report_owners_as_rpm)
{
	begin(REPORT_RPM, false);
	put_kind(FINDING_OWNER, "/u", "0:0", "10:0");
	put_kind(FINDING_OWNER, "/u1", "1:0", "10:0");
	put_kind(FINDING_OWNER, "/g", "0:0", "0:01");
	put_kind(FINDING_OWNER, "/both", "0:0", "1:1");
	put_kind(FINDING_OWNER, "/odd", "0", "0:1");
	put_kind(FINDING_OWNER, "/none", NULL, NULL);
	expect(".....U...   /u\n"
	       ".....U...   /u1\n"
	       "......G..   /g\n"
	       ".....UG..   /both\n"
	       ".....UG..   /odd\n"
	       ".....UG..   /none\n");
}
END_TEST

/* One line a path; what has no column is named behind it. */
START_TEST(report_gathers_for_rpm)
{
	begin(REPORT_RPM, false);
	put_kind(FINDING_FLAG, "/a", NULL, NULL);
	put_kind(FINDING_MODE, "/a", NULL, NULL);
	put_kind(FINDING_ACL, "/a", NULL, NULL);
	put_kind(FINDING_ACL, "/a", NULL, NULL);
	put_kind(FINDING_CONTENT, "/a", NULL, NULL);
	put_kind(FINDING_UNKNOWN, "/b", NULL, NULL);
	put_kind(FINDING_MODE, "/b", NULL, NULL);
	put_kind(FINDING_FOREIGN, "/b\nc", NULL, NULL);
	put_kind(FINDING_MISSING, "/d", NULL, NULL);
	put_kind(FINDING_SELF, "/d", NULL, NULL);
	expect(".M5......   /a (acl, flag)\n"
	       "?M???????   /b\n"
	       ".........   /b\\012c (foreign-flag)\n"
	       "missing     /d (self)\n");
	begin(REPORT_RPM, false);
	for (int i = 0; i < FINDING_COUNT; i++)
		put_kind((enum finding_kind)i, "/x", "0:1", "1:0");
	put_kind(FINDING_HISTORY, "/y", NULL, NULL);
	ck_assert_int_eq(report_summary(report, "not told", NULL, 0), 0);
	expect("missing   c /x (ledger, history, self, mount, database, acl, "
	       "xattr, hardlink, writer, flag, foreign-flag, unrecorded)\n"
	       ".........   /y (history)\n");
	begin(REPORT_RPM, false);
	ck_assert_int_eq(report_summary(report, "not told", NULL, 0), 0);
	expect("");
}
END_TEST

/* What is not findings is as in text, and stands in its place. */
START_TEST(report_others_as_rpm)
{
	begin(REPORT_RPM, false);
	put_kind(FINDING_MODE, "/a", NULL, NULL);
	put_path("/p");
	put_kind(FINDING_MODE, "/a", NULL, NULL);
	expect(".M.......   /a\n"
	       "protected\t-\tlibc6:amd64\t/p\n"
	       ".M.......   /a\n");
}
END_TEST

START_TEST(report_findings_as_json)
{
	begin(REPORT_JSON, false);
	put_findings();
	expect("{\"type\":\"finding\",\"kind\":\"content\","
	       "\"path\":\"/usr/bin/less\",\"package\":\"less\","
	       "\"version\":\"590-2\",\"expected\":\"md5:aa\","
	       "\"actual\":\"md5:bb\"}\n"
	       "{\"type\":\"finding\",\"kind\":\"missing\","
	       "\"path\":\"/x\\ny\",\"package\":\"libc6\","
	       "\"architecture\":\"amd64\"}\n"
	       "{\"type\":\"finding\",\"kind\":\"type\",\"path\":\"/t\","
	       "\"package\":\"less\",\"version\":\"590-2\","
	       "\"expected\":\"file\",\"actual\":\"symlink\"}\n"
	       "{\"type\":\"finding\",\"kind\":\"flag\",\"path\":\"/t\","
	       "\"package\":\"less\",\"version\":\"590-2\","
	       "\"expected\":\"immutable\",\"actual\":\"not\"}\n"
	       "{\"type\":\"finding\",\"kind\":\"self\","
	       "\"path\":\"/usr/bin/dpkg\",\"expected\":\"immutable\","
	       "\"actual\":\"not\"}\n"
	       "{\"type\":\"finding\",\"kind\":\"link\",\"path\":\"/l\","
	       "\"package\":\"less\",\"version\":\"590-2\","
	       "\"expected\":\"a\\u001b[2J\","
	       "\"actual\":\"b\xef\xbf\xbd\",\"actual_hex\":\"62ff\"}\n"
	       "{\"type\":\"finding\",\"kind\":\"unknown\",\"path\":\"/u\","
	       "\"package\":\"less\",\"version\":\"1\","
	       "\"actual\":\"Permission denied\"}\n");
}
END_TEST

START_TEST(report_plans)
{
	const struct plan_line line = { "open", "own", "less", "/a b" };

	begin(REPORT_TEXT, true);
	ck_assert_int_eq(report_plan(report, &line), 0);
	expect("open\town\tless\t/a b\n");
	begin(REPORT_JSON, true);
	ck_assert_int_eq(report_plan(report, &line), 0);
	expect("{\"type\":\"path\",\"action\":\"open\",\"reason\":\"own\","
	       "\"package\":\"less\",\"path\":\"/a b\"}\n");
}
END_TEST

static const char entry[] = "{\"type\":\"transaction\","
    "\"time\":\"2026-01-31T10:00:00Z\",\"txn\":\"00ff\","
    "\"action\":\"install\",\"pid\":7,\"uid\":0,"
    "\"argv\":[\"dpkg\",\"-i\",\"a.deb\"],\"packages\":1,\"opened\":2,"
    "\"closed\":3,\"cleared\":0,\"findings\":0,\"exit\":0,"
    "\"note\":\"odd\\u001b\",\"prev\":\"e3\"}";

START_TEST(report_history)
{
	size_t n = sizeof(entry) - 1;

	begin(REPORT_TEXT, true);
	ck_assert_int_eq(report_transaction(report, entry, n), 0);
	ck_assert_int_eq(report_transaction(report, entry, n - 9), 0);
	ck_assert_int_eq(report_transaction(report, "{}", 2), 0);
	expect("2026-01-31T10:00:00Z 00ff install, packages 1, opened 2, "
	       "closed 3, cleared 0, findings 0, exit 0, note: odd\\033: "
	       "dpkg -i a.deb\n"
	       "(an entry that is torn)\n"
	       "\n");
	begin(REPORT_JSON, true);
	ck_assert_int_eq(report_transaction(report, "{\"a\":1}", 7), 0);
	ck_assert_int_eq(report_transaction(report, "{\"a\":1", 6), 0);
	expect("{\"a\":1}\n{\"type\":\"error\",\"file\":\"history/log\","
	       "\"reason\":\"an entry that is torn\"}\n");
}
END_TEST

START_TEST(report_coverage)
{
	static const struct report_count counts[] = {
		{ "ext4", "protected", NULL, 2000 },
		{ NULL, "exempt", "conffile", 7 },
		{ "vfat", "exempt", "conffile", 1 },
		{ "vfat", "unsupported", "vfat", 12 },
		{ "ext4", "protected", NULL, 11 }
	};

	begin(REPORT_TEXT, true);
	ck_assert_int_eq(report_counts(report, counts, 5), 0);
	expect("STATE        REASON      ext4       -   "
	       " vfat     FILES  share\n"
	       "protected    -           2011       -   "
	       "    -      2011  99.0%\n"
	       "exempt       conffile       -       7   "
	       "    1         8   0.3%\n"
	       "unsupported  vfat           -       -   "
	       "   12        12   0.5%\n"
	       "all                      2011       7   "
	       "   13      2031 100.0%\n");
	begin(REPORT_TEXT, false);
	ck_assert_int_eq(report_counts(report, NULL, 0), 0);
	expect("STATE  REASON     FILES  share\n"
	       "all                   0   0.0%\n");
	begin(REPORT_JSON, false);
	ck_assert_int_eq(report_counts(report, counts, 2), 0);
	expect("{\"type\":\"summary\",\"fs\":\"ext4\","
	       "\"state\":\"protected\",\"files\":2000}\n"
	       "{\"type\":\"summary\",\"state\":\"exempt\","
	       "\"reason\":\"conffile\",\"files\":7}\n");
}
END_TEST

START_TEST(report_ends_with_a_summary)
{
	static const struct report_fact facts[] = {
		{ "action", "adopt", 0 }, { "closed", NULL, 25854 }
	};
	const struct diag d = { .file = "x.conf", .line = 3, .what = "bad" };

	begin(REPORT_TEXT, false);
	ck_assert_int_eq(report_error(report, &d), 0);
	ck_assert_int_eq(report_summary(report, "done", facts, 2), 0);
	expect("done\n");
	begin(REPORT_TEXT, true);
	ck_assert_int_eq(report_summary(report, "done", facts, 2), 0);
	expect("");
	begin(REPORT_JSON, true);
	ck_assert_int_eq(report_error(report, &d), 0);
	ck_assert_int_eq(report_summary(report, NULL, facts, 2), 0);
	expect("{\"type\":\"error\",\"file\":\"x.conf\",\"line\":3,"
	       "\"reason\":\"bad\"}\n"
	       "{\"type\":\"summary\",\"action\":\"adopt\","
	       "\"closed\":25854}\n");
}
END_TEST

/* The first error stays, and is told again by every call. */
START_TEST(report_keeps_errors_of_writing)
{
	const struct finding *f = &findings[0];
	int pair[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(full, 0);
	ck_assert_int_eq(report_new(REPORT_TEXT, full, false, &report), 0);
	ck_assert_int_eq(report_path(report, &plain_row), 0);
	ck_assert_int_eq(report_finding(report, f), -ENOSPC);
	ck_assert_int_eq(report_path(report, &plain_row), -ENOSPC);
	ck_assert_int_eq(report_end(report), -ENOSPC);
	report_free(report);
	close(full);

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(pair), 0);
	close(pair[0]);
	ck_assert_int_eq(report_new(REPORT_JSON, pair[1], false, &report), 0);
	ck_assert_int_eq(report_finding(report, f), -EPIPE);
	ck_assert_int_eq(report_end(report), -EPIPE);
	report_free(report);
	close(pair[1]);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("core");

	tcase_add_test(t, report_in_color);
	tcase_add_test(t, report_explanations);
	tcase_add_test(t, report_explanations_as_json);
	tcase_add_test(t, report_paths_as_text);
	tcase_add_test(t, report_odd_paths_as_text);
	tcase_add_test(t, report_paths_as_json);
	tcase_add_test(t, report_findings_as_text);
	tcase_add_test(t, report_heads_findings_anew);
	tcase_add_test(t, report_every_kind);
	tcase_add_test(t, report_findings_as_rpm);
	tcase_add_test(t, report_owners_as_rpm);
	tcase_add_test(t, report_gathers_for_rpm);
	tcase_add_test(t, report_others_as_rpm);
	tcase_add_test(t, report_findings_as_json);
	tcase_add_test(t, report_plans);
	tcase_add_test(t, report_history);
	tcase_add_test(t, report_coverage);
	tcase_add_test(t, report_ends_with_a_summary);
	tcase_add_test(t, report_keeps_errors_of_writing);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
