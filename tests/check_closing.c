/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "closing.h"
#include "core_fixture.h"
#include "digest.h"
#include "history.h"
#include "scratch.h"

#define OK "ok installed"
#define LEDGER "/var/lib/dpkg-immutable/ledger"

static struct closing closing;

/* A run's end: a session of its own, as a later process would have it. */
static void
close_run(struct closing c)
{
	findings[0] = '\0';
	open_session();
	closing = c;
	closing.on_finding = fixture_finding;
	ok(closing_run(session, &closing, &diag));
	ck_assert_int_eq(closing.record_error, 0);
	ck_assert_uint_eq(closing.tally.failed, 0);
}

#define BY_DPKG ((struct closing){ .plan = NULL })
#define BY_HAND ((struct closing){ .full = true, .by_hand = true })

static void
counts(size_t packages, size_t closed, size_t cleared)
{
	ck_assert_uint_eq(closing.n_packages, packages);
	ck_assert_uint_eq(closing.tally.closed, closed);
	ck_assert_uint_eq(closing.tally.cleared, cleared);
}

static bool
exists(const char *path)
{
	return access(host(path), F_OK) == 0;
}

static char *
whole(const char *path)
{
	size_t n = 0;

	scratch_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(scratch_fd, 0);
	char *text = scratch_read(path + 1, &n);
	close(scratch_fd);
	return text;
}

/* Two packages, protected. */
static void
two_packages(void)
{
	put("/usr/a", "a");
	put("/usr/a2", "a2");
	put("/usr/b", "b");
	put("/etc/conf", "c");
	add_package("a", OK, "Conffiles:\n /etc/conf"
	            " 0123456789abcdef0123456789abcdef\n",
	            "/usr", "/usr/a", "/usr/a2", "/etc/conf", NULL);
	add_package("b", OK, "", "/usr/b", NULL);
	database();
	adopt();
	close_run(BY_DPKG);
}

START_TEST(all_that_is_due)
{
	struct ledger *l;
	struct ledger_row *row;
	struct stat st;

	NEEDS_ROOT();
	two_packages();
	protected("/usr/a");
	protected("/usr/a2");
	protected("/usr/b");
	open_file("/etc/conf");
	open_file("/usr");
	counts(2, 3, 0);
	ck_assert_str_eq(findings, "");
	l = session_ledger(session, "a");
	ck_assert_ptr_nonnull(l);
	ck_assert_uint_eq(l->n_rows, 3);
	ck_assert_str_eq(l->version, "1");
	ck_assert(l->has_list && l->has_md5sums);
	ck_assert_uint_eq(index_find(session->index, "a", "amd64")->bytes, 3);
	ck_assert_uint_eq(index_find(session->index, "b", "amd64")->bytes, 1);
	row = ledger_any(l, "/usr");
	ck_assert_ptr_nonnull(row);
	ck_assert_int_eq(row->type, LEDGER_DIR);
	ck_assert_uint_eq(row->mode, 0755);
	ck_assert(!row->flagged);
	ck_assert_ptr_null(ledger_find(l, "/usr"));
	row = ledger_find(l, "/usr/a");
	ck_assert_ptr_nonnull(row);
	ck_assert_int_eq(stat(host("/usr/a"), &st), 0);
	ck_assert_uint_eq(row->ino, st.st_ino);
	ck_assert_uint_eq(row->size, 1);
	ck_assert_int_eq(row->ctime, (int64_t)st.st_ctim.tv_sec * 1000000000 +
	                 st.st_ctim.tv_nsec);
	ck_assert(row->has_md5);
}
END_TEST

START_TEST(nothing_changed_nothing_done)
{
	struct stat before, after;

	NEEDS_ROOT();
	two_packages();
	ck_assert_int_eq(stat(host(LEDGER "/a.mtree"), &before), 0);
	close_run(BY_DPKG);
	counts(0, 0, 0);
	close_run(BY_HAND);
	counts(2, 0, 0);
	ck_assert_int_eq(stat(host(LEDGER "/a.mtree"), &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
}
END_TEST

START_TEST(only_what_differs_from_its_row)
{
	NEEDS_ROOT();
	two_packages();
	set_flags("/usr/b", 0);
	put("/usr/b", "b new");
	database_new();
	add_package("a", OK, "", "/usr/a", NULL);
	database();
	set_flags("/usr/a", 0);
	close_run(BY_DPKG);		/* b has no stanza any more */
	protected("/usr/a");
	open_file("/usr/b");
	counts(1, 1, 1);		/* a2 is nobody's */
	ck_assert(!exists(LEDGER "/b.mtree"));
}
END_TEST

START_TEST(opened_packages_are_closed)
{
	char *keys[] = { (char *)"a", (char *)"nosuch" };
	const struct journal_plan plan = {
		.packages = keys, .n_packages = 2
	};

	NEEDS_ROOT();
	two_packages();
	set_flags("/usr/a", 0);
	set_flags("/usr/b", 0);
	close_run((struct closing){ .plan = &plan });
	protected("/usr/a");
	open_file("/usr/b");
	counts(1, 1, 0);
	close_run(BY_HAND);
	protected("/usr/b");
}
END_TEST

START_TEST(unsettled_packages_are_opened)
{
	NEEDS_ROOT();
	two_packages();
	database_new();
	add_package("a", "ok unpacked", "", "/usr/a", NULL);
	add_package("b", OK, "", "/usr/b", NULL);
	database();
	close_run(BY_DPKG);
	open_file("/usr/a");
	protected("/usr/b");
	ck_assert_uint_eq(closing.tally.cleared, 1);
	database_new();
	add_package("a", OK, "", "/usr/a", NULL);
	add_package("b", OK, "", "/usr/b", NULL);
	database();
	close_run(BY_DPKG);
	protected("/usr/a");
	open_file("/usr/a2");		/* nobody's */
	/* of the same version, and yet another list: not without a word */
	ck_assert_str_eq(findings, "database /var/lib/dpkg/info/a.list;");
}
END_TEST

START_TEST(an_orphan_is_let_go)
{
	NEEDS_ROOT();
	put("/usr/h1", "h");
	put_hard("/usr/h1", "/usr/h2");
	add_package("h", OK, "", "/usr/h1", "/usr/h2", NULL);
	two_packages();
	protected("/usr/h1");
	database_new();
	add_package("a", OK, "", "/usr/a", NULL);
	add_package("b", OK, "", "/usr/b", "/usr/a2", NULL);
	add_package("h", OK, "", "/usr/h2", NULL);
	database();
	close_run(BY_DPKG);
	protected("/usr/a2");		/* b's now */
	protected("/usr/h2");		/* by its other name */
	ck_assert_uint_eq(closing.tally.cleared, 0);
	database_new();
	add_package("a", OK, "", "/usr/a", NULL);
	add_package("b", "ok config-files", "", "/usr/b", NULL);
	add_package("h", OK, "", "/usr/h2", NULL);
	database();
	close_run(BY_DPKG);
	open_file("/usr/a2");
	open_file("/usr/b");
	ck_assert_uint_eq(closing.tally.cleared, 2);
	ck_assert(!exists(LEDGER "/b.mtree"));
}
END_TEST

START_TEST(foreign_flags_are_kept)
{
	NEEDS_ROOT();
	two_packages();
	put("/usr/log", "l");
	put("/usr/own", "o");
	set_flags("/usr/log", IFLAG_APPEND);
	set_flags("/usr/own", IFLAG_IMMUTABLE);
	put(LEDGER "/foreign", "dpkg-immutable foreign 1\n"
	    "a\t/usr/log\ni\t/usr/own\n");
	database_new();
	add_package("a", OK, "", "/usr/a", "/usr/a2", "/usr/log", "/usr/own",
	            NULL);
	database();
	close_run(BY_DPKG);
	ck_assert_str_eq(flags_of("/usr/log"), "ai");
	protected("/usr/own");
	database_new();
	add_package("a", "ok unpacked", "", "/usr/a", "/usr/a2", "/usr/log",
	            "/usr/own", NULL);
	database();
	close_run(BY_DPKG);
	open_file("/usr/a");
	protected("/usr/own");		/* as it was before us */
	ck_assert_str_eq(flags_of("/usr/log"), "a");
}
END_TEST

START_TEST(foreign_flags_come_back)
{
	struct journal_path paths[2] = {
		{ .path = "/usr/own", .flags = IFLAG_APPEND, .foreign = true },
		{ .path = "/usr/new", .flags = IFLAG_APPEND, .foreign = true }
	};
	const struct journal_plan plan = { .paths = paths, .n_paths = 2 };
	struct stat st;

	NEEDS_ROOT();
	two_packages();
	put("/usr/own", "o");
	put("/usr/new", "n");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(stat(host(paths[i].path), &st), 0);
		paths[i].dev = st.st_dev;
		paths[i].ino = st.st_ino + (unsigned int)i;
	}
	close_run((struct closing){ .plan = &plan, .n_known = 2 });
	ck_assert_str_eq(flags_of("/usr/own"), "a");
	open_file("/usr/new");		/* another inode */
}
END_TEST

START_TEST(what_is_gone_is_told)
{
	NEEDS_ROOT();
	two_packages();
	set_flags("/usr/a", 0);
	set_flags("/usr/b", 0);
	unlink(host("/usr/a"));
	unlink(host("/usr/b"));
	put_link("a2", "/usr/b");
	/* two packages, each on a thread: in any order */
	for (int i = 0; i < 2; i++) {
		close_run(BY_HAND);
		if (strncmp(findings, "type", 4) == 0)
			ck_assert_str_eq(findings,
			                 "type /usr/b;missing /usr/a;");
		else
			ck_assert_str_eq(findings,
			                 "missing /usr/a;type /usr/b;");
	}
}
END_TEST

START_TEST(a_change_is_found_and_not_absorbed)
{
	char *before, *after;

	NEEDS_ROOT();
	two_packages();
	before = whole(LEDGER "/a.mtree");
	tamper("/usr/a", "x");
	for (int i = 0; i < 3; i++) {
		close_run(BY_HAND);
		ck_assert_str_eq(findings, "content /usr/a;");
		protected("/usr/a");
	}
	after = whole(LEDGER "/a.mtree");
	ck_assert_int_eq(strncmp(strstr(before, "md5digest="),
	                         strstr(after, "md5digest="), 42), 0);
	/* whoever says so takes it over */
	close_run((struct closing){ .full = true, .by_hand = true,
	                            .accept = true });
	ck_assert_str_eq(findings, "");
	close_run(BY_HAND);
	ck_assert_str_eq(findings, "");
	free(before);
	free(after);
}
END_TEST

START_TEST(files_without_md5sums)
{
	NEEDS_ROOT();
	put("/usr/gen", "1");
	add_package("g", OK, "Description: not /usr/gen\n", "/usr/gen", NULL);
	two_packages();
	tamper("/usr/gen", "2");
	close_run(BY_HAND);
	ck_assert_str_eq(findings, "content /usr/gen;");
	/* a dpkg run past us may have made it anew: not without a word */
	database_new();
	add_package("a", OK, "", "/usr/a", "/usr/a2", NULL);
	add_package("b", OK, "", "/usr/b", NULL);
	add_package("g", OK, "Description: not /usr/gen\n", "/usr/gen", NULL);
	database();
	close_run(BY_DPKG);
	ck_assert_str_eq(findings, "content /usr/gen;"
	                 "database /var/lib/dpkg/info/a.list;");
	close_run(BY_HAND);
	ck_assert_str_eq(findings, "content /usr/gen;");
}
END_TEST

START_TEST(what_was_off_stays_off)
{
	struct index_row *row;

	NEEDS_ROOT();
	two_packages();
	row = index_find(session->index, "a", "amd64");
	ck_assert_ptr_nonnull(row);
	row->off = true;
	ok(index_store(session->state->ledger_fd, session->index));
	set_flags("/usr/a", 0);
	database_new();
	add_package("a", OK, "", "/usr/a", NULL);
	add_package("b", OK, "", "/usr/b", NULL);
	database();
	close_run(BY_DPKG);
	open_file("/usr/a");
	close_run(BY_HAND);
	open_file("/usr/a");
	ck_assert(index_find(session->index, "a", "amd64")->off);
}
END_TEST

START_TEST(flags_alone_make_no_ledger)
{
	struct stat before, after;
	struct index_row *row;
	int64_t from;

	NEEDS_ROOT();
	two_packages();
	ck_assert_int_eq(stat(host(LEDGER "/b.mtree"), &before), 0);
	/* as --unprotect: the row tells when */
	row = index_find(session->index, "b", "amd64");
	ck_assert_int_eq(row->set_to, 0);	/* the ledger is exact */
	from = 1;
	set_flags("/usr/b", 0);
	row->set_from = from;
	row->set_to = INT64_MAX;
	ok(index_store(session->state->ledger_fd, session->index));
	close_run(BY_HAND);
	protected("/usr/b");
	counts(2, 1, 0);
	ck_assert_int_eq(stat(host(LEDGER "/b.mtree"), &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_int_ne(index_find(session->index, "b", "amd64")->set_from,
	                 0);
	/* and the next time all is as recorded: no flag is touched */
	close_run(BY_HAND);
	counts(2, 0, 0);
	ck_assert_str_eq(findings, "");
}
END_TEST

START_TEST(diversions_move_files)
{
	NEEDS_ROOT();
	two_packages();
	set_flags("/usr/b", 0);
	ck_assert_int_eq(rename(host("/usr/b"), host("/usr/b.div")), 0);
	put("/usr/b", "local");
	put("/var/lib/dpkg/diversions", "/usr/b\n/usr/b.div\n:\n");
	close_run(BY_DPKG);
	protected("/usr/b.div");
	open_file("/usr/b");
	/* what happened behind our back is seen by a session that has a view
	 * of before, which knows it already */
	set_flags("/usr/b.div", 0);
	unlink(host("/usr/b"));
	ck_assert_int_eq(rename(host("/usr/b.div"), host("/usr/b")), 0);
	put("/var/lib/dpkg/diversions", "");
	open_session();
	ok(session_db(session, &diag));
	ok(session_due(session, &diag));
	closing = BY_DPKG;
	ok(closing_run(session, &closing, &diag));
	protected("/usr/b");
}
END_TEST

START_TEST(damaged_records)
{
	static const char *const bad[] = {
		"", "#mtree\n", "#mtree\n# dpkg-immutable ledger 1\n./usr/a\n",
		"\x7f\x45LF\n", "#mtree\n# dpkg-immutable ledger 1"
	};

	NEEDS_ROOT();
	two_packages();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(LEDGER "/a.mtree", bad[i]);
		close_run(BY_HAND);
		ck_assert_str_eq(findings, "");
		protected("/usr/a");
		ck_assert_ptr_nonnull(session_ledger(session, "a"));
	}
	put(LEDGER "/index", "nonsense\n");
	set_flags("/usr/b", 0);
	close_run(BY_DPKG);
	protected("/usr/b");
	ck_assert_uint_eq(closing.n_packages, 2);
	close_run(BY_DPKG);
	ck_assert_uint_eq(closing.n_packages, 0);
	/* against a damaged ledger md5sums still hold */
	put(LEDGER "/a.mtree", "");
	tamper("/usr/a", "x");
	close_run(BY_HAND);
	ck_assert_str_eq(findings, "content /usr/a;");
}
END_TEST

static void
close_unread(struct closing c)
{
	open_session();
	closing = c;
	closing.on_finding = fixture_finding;
	ok(closing_run(session, &closing, &diag));
	ck_assert_int_eq(closing.record_error, -EIO);
}

/* What can't be read for the moment is not written anew. */
START_TEST(unreadable_ledgers)
{
	struct stat before, after;

	NEEDS_ROOT();
	two_packages();
	ck_assert_int_eq(stat(host(LEDGER "/a.mtree"), &before), 0);
	set_flags("/usr/a", 0);
	ck_assert_int_eq(chmod(host("/usr/a"), 04755), 0);
	unreadable(LEDGER "/a.mtree");
	close_unread(BY_HAND);
	protected("/usr/a");
	readable(LEDGER "/a.mtree");
	ck_assert_int_eq(stat(host(LEDGER "/a.mtree"), &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	close_run(BY_HAND);
	ck_assert_str_eq(findings, "mode /usr/a;");
	/* of a package that is no more: its files are nobody's later */
	database_new();
	add_package("a", OK, "", "/usr/a", "/usr/a2", NULL);
	database();
	unreadable(LEDGER "/b.mtree");
	close_unread(BY_DPKG);
	protected("/usr/b");
	readable(LEDGER "/b.mtree");
	ck_assert(exists(LEDGER "/b.mtree"));
	close_run(BY_DPKG);
	open_file("/usr/b");
	ck_assert(!exists(LEDGER "/b.mtree"));
}
END_TEST

START_TEST(what_became_exempt_is_let_go)
{
	NEEDS_ROOT();
	two_packages();
	put("/etc/dpkg-immutable.conf", "exempt = /usr/a\n");
	close_run(BY_HAND);
	open_file("/usr/a");
	protected("/usr/a2");
	counts(2, 0, 1);
	/* an admin's own flag on it is none of ours */
	set_flags("/usr/a", IFLAG_IMMUTABLE);
	close_run(BY_HAND);
	protected("/usr/a");
}
END_TEST

START_TEST(an_exempt_file_of_an_unpacked_package)
{
	NEEDS_ROOT();
	two_packages();
	put("/etc/dpkg-immutable.conf", "exempt = /usr/a\n");
	put("/usr/e", "e");
	set_flags("/usr/e", IFLAG_IMMUTABLE);
	database_new();
	add_package("a", "ok unpacked", "Conffiles:\n /usr/e"
	            " 0123456789abcdef0123456789abcdef\n", "/usr/a",
	            "/usr/e", NULL);
	database();
	close_run(BY_DPKG);
	open_file("/usr/a");		/* recorded: ours */
	protected("/usr/e");		/* an admin's own */
}
END_TEST

START_TEST(many_packages_on_many_threads)
{
	char name[16], path[32];

	NEEDS_ROOT();
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "p%03d", i);
		snprintf(path, sizeof(path), "/usr/lib/p%03d", i);
		put(path, name);
		add_package(name, i % 10 ? OK : "ok unpacked", "", path,
		            "/usr/shared", NULL);
	}
	put("/usr/shared", "s");
	put_hard("/usr/lib/p001", "/usr/lib/link");
	put("/etc/dpkg-immutable.conf", "jobs = 4\n");
	two_packages();
	counts(92, 93, 0);
	open_file("/usr/lib/p010");
	open_file("/usr/shared");
	protected("/usr/lib/p001");
	protected("/usr/lib/p099");
}
END_TEST

static const char *
named(const struct account *a, const char *key)
{
	for (size_t i = 0; i < a->n_ledgers; i++)
		if (strcmp(a->ledgers[i].key, key) == 0)
			return a->ledgers[i].digest != NULL ? "written" :
			       "removed";
	return "not named";
}

/* An entry that names the ledger of `key`; NULL: as removed. */
static void
history_names(const char *key, const char *digest)
{
	char text[200];
	struct buf entry;

	snprintf(text, sizeof(text), "{\"ledgers\":[\"%s %s\"]}", key,
	         digest != NULL ? digest : "-");
	buf_init(&entry, 0);
	ok(buf_add_str(&entry, text));
	ok(history_append(session->state->history_fd, &entry, NULL));
	buf_free(&entry);
}

static void
recover_of(uint64_t id, const struct journal_plan *plan,
           struct account *account)
{
	*account = (struct account){ .s = NULL };
	findings[0] = '\0';
	open_session();
	account->s = session;
	closing = (struct closing){
		.id = id, .plan = plan, .recovering = true,
		.account = account, .on_finding = fixture_finding
	};
	ok(closing_run(session, &closing, &diag));
	ck_assert_int_eq(closing.record_error, 0);
	ck_assert_uint_eq(closing.n_packages, 0);
}

#define OTHER "0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef"

/* Killed before its entry in the history: by id, the rows are of that run. */
START_TEST(recovery_names_what_its_run_has_recorded)
{
	char *gone[] = { (char *)"gone" };
	const struct journal_plan plan = { .packages = gone, .n_packages = 1 };
	char hex[65];
	struct account account;

	NEEDS_ROOT();
	two_packages();
	close_run((struct closing){ .id = 7, .full = true });
	digest_hex(session_ledger(session, "b")->digest, 32, hex);
	history_names("a", NULL);
	history_names("b", hex);
	history_names("gone", OTHER);
	recover_of(8, NULL, &account);
	ck_assert_uint_eq(account.n_ledgers, 0);
	recover_of(7, &plan, &account);
	ck_assert_str_eq(named(&account, "a"), "written");
	ck_assert_str_eq(named(&account, "b"), "not named");
	ck_assert_str_eq(named(&account, "gone"), "removed");
	ck_assert_str_eq(findings, "");
}
END_TEST

/* The run's number stands in files that can be written. */
START_TEST(recovery_tells_where_the_history_names_another)
{
	struct account account;

	NEEDS_ROOT();
	two_packages();
	close_run((struct closing){ .id = 7, .full = true });
	history_names("a", OTHER);
	history_names("gone", OTHER);
	recover_of(7, NULL, &account);
	ck_assert_str_eq(findings, "ledger " LEDGER "/a.mtree;");
	ck_assert_uint_eq(closing.tally.findings, 1);
	ck_assert_str_eq(named(&account, "a"), "written");
	ck_assert_str_eq(named(&account, "b"), "written");
	/* nobody's plan: the audit tells of it */
	ck_assert_str_eq(named(&account, "gone"), "not named");
}
END_TEST

/* The row of a package goes, as if the index could not have been written. */
static void
lose_row(const char *name)
{
	struct index *x = index_new();

	open_session();
	for (size_t i = 0; i < session->index->n_rows; i++)
		if (strcmp(session->index->rows[i].name, name) != 0)
			ok(index_add(x, &session->index->rows[i]));
	index_seal(x);
	ok(index_store(session->state->ledger_fd, x));
	index_free(x);
}

static void
run_on(const struct journal_plan *plan, struct account *account)
{
	*account = (struct account){ .s = NULL };
	findings[0] = '\0';
	open_session();
	account->s = session;
	closing = (struct closing){
		.id = 9, .plan = plan, .account = account,
		.on_finding = fixture_finding
	};
	ok(closing_run(session, &closing, &diag));
	ck_assert_int_eq(closing.record_error, 0);
}

/* What one run could not write the next one names. */
START_TEST(catching_up_names_what_was_not_told)
{
	char *gone[] = { (char *)"b" };
	const struct journal_plan plan = { .packages = gone, .n_packages = 1 };
	struct account account;
	char hex[65];

	NEEDS_ROOT();
	two_packages();
	digest_hex(session_ledger(session, "a")->digest, 32, hex);
	history_names("a", hex);
	lose_row("a");
	run_on(NULL, &account);
	ck_assert_uint_eq(account.n_ledgers, 0);
	history_names("a", OTHER);
	run_on(NULL, &account);
	ck_assert_uint_eq(account.n_ledgers, 0);
	lose_row("a");
	run_on(NULL, &account);
	ck_assert_str_eq(named(&account, "a"), "written");
	ck_assert_str_eq(findings, "ledger " LEDGER "/a.mtree;");
	/* installed where the index could not be written, and removed */
	lose_row("b");
	database_new();
	add_package("a", OK, "", "/usr/a", "/usr/a2", NULL);
	database();
	run_on(&plan, &account);
	ck_assert_str_eq(named(&account, "b"), "removed");
	ck_assert(!exists(LEDGER "/b.mtree"));
	open_file("/usr/b");
}
END_TEST

static void
wrong_place(const char *name)
{
	ck_assert_int_eq(mkdir(host(name), 0755), 0);
}

/* Of those that one of them kept from being written the entry tells. */
START_TEST(written_before_an_error_is_told)
{
	struct account account = { .s = NULL };

	NEEDS_ROOT();
	two_packages();
	set_flags("/usr/a", 0);
	set_flags("/usr/b", 0);
	put("/usr/a", "new");
	put("/usr/b", "new");
	database_new();
	add_package("a", OK, "", "/usr/a", NULL);
	add_package("b", OK, "", "/usr/b", NULL);
	database();
	unlink(host(LEDGER "/b.mtree"));
	wrong_place(LEDGER "/b.mtree");
	open_session();
	account.s = session;
	closing = (struct closing){
		.id = 9, .full = true, .account = &account,
		.on_finding = fixture_finding
	};
	ok(closing_run(session, &closing, &diag));
	ck_assert_int_lt(closing.record_error, 0);
	ck_assert_str_eq(named(&account, "a"), "written");
	ck_assert_str_eq(named(&account, "b"), "not named");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("closing");
	TCase *t = tcase_create("closing");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, all_that_is_due);
	tcase_add_test(t, nothing_changed_nothing_done);
	tcase_add_test(t, only_what_differs_from_its_row);
	tcase_add_test(t, opened_packages_are_closed);
	tcase_add_test(t, unsettled_packages_are_opened);
	tcase_add_test(t, an_orphan_is_let_go);
	tcase_add_test(t, foreign_flags_are_kept);
	tcase_add_test(t, foreign_flags_come_back);
	tcase_add_test(t, what_is_gone_is_told);
	tcase_add_test(t, a_change_is_found_and_not_absorbed);
	tcase_add_test(t, files_without_md5sums);
	tcase_add_test(t, what_was_off_stays_off);
	tcase_add_test(t, flags_alone_make_no_ledger);
	tcase_add_test(t, diversions_move_files);
	tcase_add_test(t, damaged_records);
	tcase_add_test(t, unreadable_ledgers);
	tcase_add_test(t, what_became_exempt_is_let_go);
	tcase_add_test(t, an_exempt_file_of_an_unpacked_package);
	tcase_add_test(t, many_packages_on_many_threads);
	tcase_add_test(t, recovery_names_what_its_run_has_recorded);
	tcase_add_test(t, recovery_tells_where_the_history_names_another);
	tcase_add_test(t, catching_up_names_what_was_not_told);
	tcase_add_test(t, written_before_an_error_is_told);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
