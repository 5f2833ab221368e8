/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <endian.h>
#include <link.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "account.h"
#include "audit.h"
#include "closing.h"
#include "core_fixture.h"
#include "real.h"
#include "scratch.h"
#include "self.h"
#include "transaction.h"

#define OK "ok installed"
#define STATE "/var/lib/dpkg-immutable"
#define LEDGER STATE "/ledger"
#define INFO "/var/lib/dpkg/info"

static struct audit_total total;
static char said[1000];		/* "EXPECTED ACTUAL;" of each */
static size_t n_blind;		/* findings on /proc, which is the machine's */
static bool no_flags;		/* not on this file system: left out */

static void
on_finding(void *ctx, const struct finding *f)
{
	size_t n = strlen(said);

	if (strcmp(f->path, "/proc") == 0) {
		n_blind++;
		return;
	}
	if (no_flags && f->kind == FINDING_FLAG)
		return;
	snprintf(said + n, sizeof(said) - n, "%s %s;",
	         f->expected != NULL ? f->expected : "-",
	         f->actual != NULL ? f->actual : "-");
	fixture_finding(ctx, f);
}

static int
audit_as(struct audit_job job)
{
	findings[0] = said[0] = '\0';
	n_blind = 0;
	memset(&total, 0, sizeof(total));
	memset(&diag, 0, sizeof(diag));
	open_session();
	job.fn = on_finding;
	return audit_run(session, &job, &total, &diag);
}

/* All that an audit says; and what it counts is what it says. */
static void
found_as(struct audit_job job, const char *want)
{
	size_t n = 0, kinds = 0;

	ok(audit_as(job));
	ck_assert_str_eq(findings, want);
	for (const char *s = findings; (s = strchr(s, ';')) != NULL; s++)
		n++;
	for (size_t i = 0; i < FINDING_COUNT; i++)
		kinds += total.kinds[i];
	ck_assert_uint_eq(kinds, n + n_blind);
	ck_assert_uint_eq(total.findings + total.unknown, kinds);
}

#define ALL ((struct audit_job){ .fn = NULL })
#define QUICK ((struct audit_job){ .quick = true })

static void
found(const char *want)
{
	found_as(ALL, want);
}

/* As a run ends: closed, and its entry in the history. */
static void
end_run(uint64_t id)
{
	struct account account = { .n_changes = 0 };
	struct transaction t = {
		.id = id, .action = "test", .exit_status = -1, .note = ""
	};
	struct closing c = { .id = id, .account = &account };

	open_session();
	account.s = session;
	ok(closing_run(session, &c, &diag));
	ck_assert_int_eq(c.record_error, 0);
	account_give(&account, &t);
	ok(transaction_write(session, &t));
}

/* As a run that closes nothing: only its entry, which tells of the records. */
static void
run_saw(void)
{
	struct transaction t = {
		.id = 77, .action = "test", .exit_status = -1, .note = ""
	};

	open_session();
	ok(transaction_write(session, &t));
}

#define CONF "Conffiles:\n /etc/conf 900150983cd24fb0d6963f7d28e17f72\n"

/* Where the root's etc would not be root's. */
#define OPT_CONF "Conffiles:\n /opt/conf 900150983cd24fb0d6963f7d28e17f72\n"

/* Two packages, protected and recorded. */
static void
two_packages(void)
{
	put("/usr/a", "a");
	put("/usr/a2", "a2");
	put("/usr/b", "bb");
	put("/etc/conf", "abc");
	put_link("a2", "/usr/link");
	add_package("a", OK, CONF, "/.", "/usr", "/usr/a", "/usr/a2",
	            "/etc/conf", "/usr/link", NULL);
	add_package("b", OK, "", "/usr", "/usr/b", NULL);
	database();
	adopt();
	end_run(1);
}

/* All of a file below the root; to be freed. */
static char *
whole(const char *path)
{
	char *text;

	scratch_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(scratch_fd, 0);
	text = scratch_read(path + 1, NULL);
	close(scratch_fd);
	return text;
}

/* Lets `change` be made to a protected file. */
#define changed(path, change) do { \
	set_flags(path, 0); \
	ck_assert_msg((change) == 0, "%s: %s", path, strerror(errno)); \
	set_flags(path, IFLAG_IMMUTABLE); \
} while (0)

START_TEST(nothing_to_tell)
{
	NEEDS_ROOT();
	two_packages();
	found("");
	ck_assert_uint_eq(total.files, 4);	/* the conffile as well */
	ck_assert_uint_eq(total.bytes, 5);
	ck_assert_uint_eq(total.unread, 0);
	ck_assert_uint_eq(total.states[SURVEY_PROTECTED], 3);
	ck_assert_uint_eq(total.states[SURVEY_EXEMPT], 1);
	ck_assert(!total.partial);
	found_as(QUICK, "");
	ck_assert_uint_eq(total.bytes, 0);
	ck_assert_uint_eq(total.unread, 3);
	found_as((struct audit_job){ .all_digests = true, .polite = true,
	                             .conffiles = true, .by_path = true }, "");
	ck_assert_uint_eq(total.bytes, 8);
}
END_TEST

START_TEST(content_and_size)
{
	NEEDS_ROOT();
	two_packages();
	tamper("/usr/a", "x");
	found("content /usr/a;");
	ck_assert_ptr_nonnull(strstr(said, "sha256:ca978112ca1bbdcafac231b39a"
	                             "23dc4da786eff8147c4e72b9807785afee48bb"));
	/* another size: what is in it needs no reading */
	tamper("/usr/a", "longer");
	found("size /usr/a;");
	ck_assert_str_eq(said, "1 6;");
	ck_assert_uint_eq(total.bytes, 4);
	ck_assert_uint_eq(total.unread, 0);
	found_as((struct audit_job){ .all_digests = true },
	         "content /usr/a;size /usr/a;");
	found_as(QUICK, "size /usr/a;");
	/* as it was, but for the time */
	tamper("/usr/a", "a");
	found("time /usr/a;");
}
END_TEST

/* The session was opened before a run that is through when files are read. */
START_TEST(a_run_in_between)
{
	struct audit_job job = { .fn = on_finding };
	struct session *stale;

	NEEDS_ROOT();
	two_packages();
	open_session();
	stale = session;
	session = NULL;
	set_flags("/usr/a", 0);
	set_flags("/usr/a2", 0);
	put("/usr/a", "another");
	ck_assert_int_eq(unlink(host("/usr/a2")), 0);
	database_new();
	add_package("a", OK, CONF, "/.", "/usr", "/usr/a", "/etc/conf",
	            "/usr/link", NULL);
	memcpy(strstr(status.data, "Version: 1"), "Version: 2", 10);
	add_package("b", OK, "", "/usr", "/usr/b", NULL);
	database();
	end_run(2);
	/* what is wrong is wrong each time */
	tamper("/usr/b", "xx");
	findings[0] = said[0] = '\0';
	ok(audit_run(stale, &job, &total, &diag));
	ck_assert_str_eq(findings, "content /usr/b;");
	ck_assert_uint_eq(total.findings, 1);
	ck_assert_uint_eq(total.kinds[FINDING_CONTENT], 1);
	session_free(stale);
}
END_TEST

START_TEST(missing_and_other_types)
{
	NEEDS_ROOT();
	two_packages();
	set_flags("/usr/a", 0);
	set_flags("/usr/b", 0);
	unlink(host("/usr/a"));
	unlink(host("/usr/b"));
	unlink(host("/usr/link"));
	put_link("a2", "/usr/b");
	put_link("a", "/usr/link");
	found("type /usr/b;missing /usr/a;link /usr/link;");
	ck_assert_str_eq(said, "file link;- -;a2 a;");
	unlink(host("/usr/link"));
	put("/usr/link", "");
	unlink(host("/usr/b"));
	ck_assert_int_eq(mkdir(host("/usr/b"), 0755), 0);
	ok(audit_as(ALL));
	ck_assert_ptr_nonnull(strstr(findings, "type /usr/link;"));
	ck_assert_ptr_nonnull(strstr(findings, "type /usr/b;"));
}
END_TEST

START_TEST(mode_owner_names)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
	                             { .tv_sec = 5 } };

	NEEDS_ROOT();
	two_packages();
	changed("/usr/a", chmod(host("/usr/a"), 04755));
	changed("/usr/a2", chown(host("/usr/a2"), 5, 6));
	changed("/usr/b", link(host("/usr/b"), host("/usr/b.evil")));
	found("mode /usr/a;owner /usr/a2;hardlink /usr/b;");
	ck_assert_str_eq(said, "0644 4755;0:0 5:6;1 2;");
	found_as(QUICK, "mode /usr/a;owner /usr/a2;hardlink /usr/b;");
	changed("/usr/a", chmod(host("/usr/a"), 0644));
	changed("/usr/a2", chown(host("/usr/a2"), 0, 0));
	changed("/usr/b", unlink(host("/usr/b.evil")));
	found("");
	changed("/usr/b", utimensat(AT_FDCWD, host("/usr/b"), times, 0));
	found("time /usr/b;");
	ck_assert_int_eq(lchown(host("/usr/link"), 7, 0), 0);
	found("owner /usr/link;time /usr/b;");
}
END_TEST

/* As setfacl -m u:5:r writes it. */
static int
set_acl(const char *path, const char *name)
{
	static const struct {
		uint16_t tag, perm;
		uint32_t id;
	} entries[] = {
		{ 1, 6, UINT32_MAX }, { 2, 4, 5 }, { 4, 4, UINT32_MAX },
		{ 16, 4, UINT32_MAX }, { 32, 4, UINT32_MAX }
	};
	unsigned char acl[4 + 8 * 5] = { 2 };

	for (size_t i = 0; i < 5; i++) {
		const uint16_t tag = htole16(entries[i].tag);
		const uint16_t perm = htole16(entries[i].perm);
		const uint32_t id = htole32(entries[i].id);

		memcpy(acl + 4 + 8 * i, &tag, 2);
		memcpy(acl + 6 + 8 * i, &perm, 2);
		memcpy(acl + 8 + 8 * i, &id, 4);
	}
	return setxattr(host(path), name, acl, sizeof(acl), 0);
}

static int
set_capability(const char *path)
{
	const uint32_t net_raw[5] = { htole32(0x02000001), htole32(1 << 13) };

	return setxattr(host(path), "security.capability", net_raw,
	                sizeof(net_raw), 0);
}

START_TEST(attributes)
{
	NEEDS_ROOT();
	two_packages();
	changed("/usr/a", setxattr(host("/usr/a"), "security.check", "v", 1,
	                           0));
	changed("/usr/a2", set_acl("/usr/a2", "system.posix_acl_access"));
	changed("/usr/b", set_capability("/usr/b"));
	found("capability /usr/b;acl /usr/a2;xattr /usr/a;");
	ck_assert_ptr_nonnull(strstr(said, "none cap_net_raw=ep;"));
	ck_assert_ptr_nonnull(strstr(said, "none security.check=v;"));
	ck_assert_ptr_nonnull(strstr(said, "user:5:r--"));
	changed("/usr/a", removexattr(host("/usr/a"), "security.check"));
	changed("/usr/a2", removexattr(host("/usr/a2"),
	                               "system.posix_acl_access"));
	changed("/usr/b", removexattr(host("/usr/b"),
	                              "security.capability"));
	found("");
}
END_TEST

START_TEST(flags)
{
	struct index_row *row;

	NEEDS_ROOT();
	two_packages();
	put("/usr/stray", "s");
	ck_assert_int_eq(mkdir(host("/usr/own"), 0755), 0);
	put("/usr/own/deep", "d");
	set_flags("/usr/a", 0);
	set_flags("/usr/b", IFLAG_IMMUTABLE | IFLAG_APPEND);
	set_flags("/usr/stray", IFLAG_IMMUTABLE);
	set_flags("/usr/own/deep", IFLAG_APPEND);
	found_as((struct audit_job){ .by_path = true },
	         "flag /usr/a;foreign-flag /usr/b;"
	         "foreign-flag /usr/own/deep;foreign-flag /usr/stray;");
	ck_assert_str_eq(said, "immutable not;- append-only;- append-only;"
	                 "- immutable;");
	ck_assert_uint_eq(total.states[SURVEY_OPEN], 1);
	/* those that were there before us */
	put(LEDGER "/foreign", "dpkg-immutable foreign 1\na\t/usr/b\n"
	    "a\t/usr/own/deep\ni\t/usr/stray\n");
	found("flag /usr/a;");
	/* what an admin has lifted lacks nothing */
	row = index_find(session->index, "a", "amd64");
	ck_assert_ptr_nonnull(row);
	row->off = true;
	ok(index_store(session->state->ledger_fd, session->index));
	found("ledger " LEDGER "/index;");
	run_saw();
	found("");
	ck_assert_uint_eq(total.states[SURVEY_OFF], 2);
	/* a folder of packages */
	put(LEDGER "/foreign", "dpkg-immutable foreign 1\na\t/usr/b\n"
	    "a\t/usr/own/deep\ni\t/usr/stray\n");
	set_flags("/usr", IFLAG_APPEND);
	found_as((struct audit_job){ .by_path = true },
	         "foreign-flag /usr;");
	set_flags("/usr", 0);
}
END_TEST

START_TEST(folders_of_many_packages)
{
	NEEDS_ROOT();
	put("/usr/a", "a");
	put("/usr/b", "b");
	add_package("a", OK, "", "/usr", "/usr/a", NULL);
	add_package("b", OK, "", "/usr", "/usr/b", NULL);
	database();
	adopt();
	end_run(1);
	ck_assert_int_eq(chmod(host("/usr"), 0700), 0);
	found("mode /usr;");		/* once, though two list it */
	ck_assert_str_eq(said, "0755 0700;");
	/* recorded anew by one of them: that one's word is enough */
	database_new();
	put("/usr/b2", "b");
	add_package("a", OK, "", "/usr", "/usr/a", NULL);
	add_package("b", OK, "", "/usr", "/usr/b", "/usr/b2", NULL);
	database();
	unlink(host(LEDGER "/b.mtree"));
	end_run(2);
	found("");
	ck_assert_int_eq(set_acl("/usr", "system.posix_acl_default"), 0);
	found("mode /usr;acl /usr;");	/* as the first of them has it */
	found_as(QUICK, "");
}
END_TEST

START_TEST(an_override_excuses_no_more)
{
	NEEDS_ROOT();
	two_packages();
	put("/etc/passwd", "root:x:0:0::/:/bin/sh\n");
	put("/etc/group", "root:x:0:\nmail:x:8:\n");
	put("/var/lib/dpkg/statoverride",
	    "root mail 2755 /usr/a\nroot root 700 /usr\n");
	changed("/usr/a", chown(host("/usr/a"), 0, 8));
	changed("/usr/a", chmod(host("/usr/a"), 02755));
	ck_assert_int_eq(chmod(host("/usr"), 0700), 0);
	/* nobody's that a run has seen excuses nothing */
	found("mode /usr/a;owner /usr/a;");
	run_saw();
	found("");
	/* of a folder that is wrong in another way */
	ck_assert_int_eq(set_acl("/usr", "system.posix_acl_default"), 0);
	found("acl /usr;");
	changed("/usr/a", chmod(host("/usr/a"), 0755));
	found("mode /usr/a;acl /usr;");
}
END_TEST

START_TEST(dpkgs_own_files)
{
	NEEDS_ROOT();
	two_packages();
	put(INFO "/a.md5sums", "");
	put(INFO "/b.list", "/usr\n/usr/b\n/usr/c\n");
	found("database " INFO "/a.md5sums;database " INFO "/b.list;");
	unlink(host(INFO "/a.md5sums"));
	ok(audit_as(ALL));
	ck_assert_ptr_nonnull(strstr(said, " none;"));
}
END_TEST

START_TEST(ledgers)
{
	char *text, *at;

	NEEDS_ROOT();
	two_packages();
	text = whole(LEDGER "/b.mtree");
	/* one that nobody of us has written */
	at = strstr(text, "mode=0644");
	ck_assert_ptr_nonnull(at);
	memcpy(at, "mode=0755", 9);
	put(LEDGER "/b.mtree", text);
	changed("/usr/b", chmod(host("/usr/b"), 0755));
	found("ledger " LEDGER "/b.mtree;");
	/* of another version: of no use for what is there now */
	at = strstr(text, "# package b 1\n");
	ck_assert_ptr_nonnull(at);
	at[12] = '2';
	put(LEDGER "/b.mtree", text);
	found("ledger " LEDGER "/b.mtree;unrecorded " INFO "/b.list;");
	/* gone: md5sums alone tell */
	unlink(host(LEDGER "/b.mtree"));
	found("unrecorded " INFO "/b.list;");
	tamper("/usr/b", "xx");
	found("content /usr/b;unrecorded " INFO "/b.list;");
	ck_assert_ptr_nonnull(strstr(said, "md5:"));
	/* damaged: trouble, and yet all the rest is looked at */
	put(LEDGER "/b.mtree", "#mtree\nnonsense\n");
	tamper("/usr/a", "x");
	ck_assert_int_eq(audit_as(ALL), ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(diag.file, "b.mtree"));
	ck_assert_ptr_nonnull(strstr(findings, "content /usr/a;"));
	ck_assert_ptr_nonnull(strstr(findings, "content /usr/b;"));
	free(text);
}
END_TEST

START_TEST(the_history)
{
	struct audit_job job = { .trust = NULL };
	char key[600], *text;

	NEEDS_ROOT();
	two_packages();
	/* a key that nobody has signed with */
	put("/key.pub", "-----BEGIN PUBLIC KEY-----\n"
	    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
	    "-----END PUBLIC KEY-----\n");
	snprintf(key, sizeof(key), "%s", host("/key.pub"));
	job.trust = key;
	found_as(job, "history " STATE "/history/signature;");
	ck_assert_ptr_nonnull(strstr(said, "signed with the trusted key "));
	put("/key.pub", "nonsense");
	ck_assert_int_lt(audit_as(job), 0);
	/* an entry that was changed */
	end_run(2);
	set_flags(STATE "/history/log", 0);
	text = whole(STATE "/history/log");
	text[strcspn(text, ":") + 2] ^= 1;
	put(STATE "/history/log", text);
	free(text);
	ok(audit_as(ALL));
	ck_assert_ptr_nonnull(strstr(findings, "history " STATE
	                             "/history/log;"));
}
END_TEST

START_TEST(mounts)
{
	NEEDS_ROOT();
	put("/usr/lib/m/f", "f");
	put("/usr/lib/m/d/g", "g");
	add_package("m", OK, "", "/usr", "/usr/lib", "/usr/lib/m",
	            "/usr/lib/m/f", "/usr/lib/m/d", "/usr/lib/m/d/g", NULL);
	two_packages();
	ck_assert_int_eq(mount(host("/usr/a"), host("/usr/b"), NULL, MS_BIND,
	                       NULL), 0);
	found("mount /usr/b;");
	umount2(host("/usr/b"), MNT_DETACH);
	/* what it covers can't be judged */
	ck_assert_int_eq(mount("tmpfs", host("/usr/lib/m"), "tmpfs", 0,
	                       "size=1m,mode=0755"), 0);
	found("mount /usr/lib/m;");
	ck_assert_int_eq(mount(NULL, host("/usr/lib/m"), NULL,
	                       MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	found_as((struct audit_job){ .by_path = true }, "mount /usr/lib/m;");
	umount2(host("/usr/lib/m"), MNT_DETACH);
	found("");
}
END_TEST

/* On tmpfs a descriptor from before the flag goes on writing. */
START_TEST(who_writes)
{
	char want[100];
	int ready_fds[2];
	char byte;
	pid_t pid;

	NEEDS_ROOT();
	two_packages();
	set_flags("/usr/b", 0);
	ck_assert_int_eq(pipe(ready_fds), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (open(host("/usr/b"), O_WRONLY) < 0 ||
		    write(ready_fds[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready_fds[1]);
	ck_assert_int_eq(read(ready_fds[0], &byte, 1), 1);
	close(ready_fds[0]);
	set_flags("/usr/b", IFLAG_IMMUTABLE);
	ok(audit_as(ALL));
	snprintf(want, sizeof(want), "- process %d (", (int)pid);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_str_eq(findings, "writer /usr/b;");
	ck_assert_int_eq(strncmp(said, want, strlen(want)), 0);
	found("");
}
END_TEST

START_TEST(conffiles)
{
	const struct audit_job job = { .conffiles = true };

	NEEDS_ROOT();
	two_packages();
	found_as(job, "");
	put("/etc/conf", "local");
	found("");
	found_as(job, "conffile /etc/conf;");
	ck_assert_str_eq(said, "md5:900150983cd24fb0d6963f7d28e17f72 "
	                 "edited;");
	unlink(host("/etc/conf"));
	found_as(job, "conffile /etc/conf;");
	ck_assert_str_eq(said, "md5:900150983cd24fb0d6963f7d28e17f72 gone;");
	/* a link to it is as good as the file */
	put("/etc/real", "abc");
	put_link("real", "/etc/conf");
	found_as(job, "");
}
END_TEST

START_TEST(what_is_not_asked)
{
	NEEDS_ROOT();
	put("/usr/u", "u");
	two_packages();
	database_new();
	add_package("a", OK, CONF, "/.", "/usr", "/usr/a", "/usr/a2",
	            "/etc/conf", "/usr/link", NULL);
	add_package("b", OK, "", "/usr", "/usr/b", NULL);
	add_package("u", "ok unpacked", "", "/usr/u", "/usr/none", NULL);
	add_package("r", "ok config-files", "", "/usr/none", NULL);
	database();
	end_run(2);
	found("");
	ck_assert_uint_eq(total.states[SURVEY_UNSETTLED], 1);
	/* exempt since: its content may be anything */
	put("/etc/dpkg-immutable.conf", "exempt = /usr/a2\n");
	tamper("/usr/a2", "x");
	found("");
}
END_TEST

/* A smallest ELF file that carries our note, and a byte of its own. */
static void
put_program(const char *path, char own)
{
	struct {
		ElfW(Ehdr) eh;
		ElfW(Phdr) ph;
		ElfW(Nhdr) note;
		char name[(sizeof(REAL_MARKER) + 3) / 4 * 4];
		char own;
	} m;
	int fd;

	memset(&m, 0, sizeof(m));
	memcpy(m.eh.e_ident, ELFMAG, SELFMAG);
	m.eh.e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 :
	                                               ELFCLASS32;
	m.eh.e_phoff = offsetof(__typeof__(m), ph);
	m.eh.e_phentsize = sizeof(m.ph);
	m.eh.e_phnum = 1;
	m.ph.p_type = PT_NOTE;
	m.ph.p_offset = offsetof(__typeof__(m), note);
	m.ph.p_filesz = sizeof(m.note) + sizeof(m.name);
	m.ph.p_align = 4;
	m.note.n_namesz = sizeof(REAL_MARKER);
	m.note.n_type = 1;
	memcpy(m.name, REAL_MARKER, sizeof(REAL_MARKER));
	m.own = own;
	put(path, "");
	fd = open(host(path), O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, &m, sizeof(m)), sizeof(m));
	close(fd);
}

START_TEST(ours)
{
	NEEDS_ROOT();
	two_packages();
	found("");
	put("/usr/sbin/dpkg-immutable", "not ours at all");
	found("");
	put_program("/usr/sbin/dpkg-immutable", 'e');
	found("self /usr/sbin/dpkg-immutable;");
	ck_assert_str_eq(said, "our own program not immutable;");
	set_flags("/usr/sbin/dpkg-immutable", IFLAG_IMMUTABLE);
	found("");
	ck_assert_uint_eq(total.files, 5);
}
END_TEST

/* Once one shim is in place all must stay. */
START_TEST(shims)
{
	static const char *const places[] = {
		"/usr/bin/dpkg", "/usr/bin/dpkg-divert",
		"/usr/bin/dpkg-statoverride", "/usr/sbin/dpkg-reconfigure",
		SELF_SHIM, SELF_ENGINE
	};
	char text[500];

	NEEDS_ROOT();
	two_packages();
	put("/var/lib/dpkg/diversions",
	    "/usr/bin/dpkg\n/usr/bin/dpkg.distrib\n:\n");
	ok(audit_as(ALL));
	/* debconf need not be installed: no program, no shim */
	ck_assert_uint_eq(total.kinds[FINDING_SELF], 5);
	ck_assert_uint_eq(total.findings, 5);
	for (size_t i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), "self %s;", places[i]);
		ck_assert_int_eq(strstr(findings, text) != NULL, i != 3);
		put_program(places[i], 's');
		set_flags(places[i], IFLAG_IMMUTABLE);
	}
	/* not where something else is asked for */
	found_as((struct audit_job){ .targets =
	         (char *[]){ (char *)"a" }, .n_targets = 1 }, "");
	found("self /usr/bin/dpkg-divert;self /usr/bin/dpkg-statoverride;"
	      "self /usr/sbin/dpkg-reconfigure;");
	ck_assert_ptr_nonnull(strstr(said, "its diversion is gone"));
	text[0] = '\0';
	for (size_t i = 0; i < 4; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		         "%s\n%s.distrib\n:\n", places[i], places[i]);
	put("/var/lib/dpkg/diversions", text);
	found("database /var/lib/dpkg/diversions;");
	run_saw();
	found("");
	set_flags("/usr/bin/dpkg", 0);
	put_program("/usr/bin/dpkg", 'x');
	found("self /usr/bin/dpkg;");
	ck_assert_str_eq(said, "our own program another file;");
	put("/usr/bin/dpkg", "#!/bin/sh\n");
	found("self /usr/bin/dpkg;");
	ck_assert_str_eq(said, "our own program another file, or gone;");
	put_program("/usr/bin/dpkg", 's');
	found("self /usr/bin/dpkg;");
	ck_assert_str_eq(said, "our own program not immutable;");
	set_flags("/usr/bin/dpkg", IFLAG_IMMUTABLE);
	set_flags(SELF_ENGINE, 0);
	put(SELF_ENGINE, "#!/bin/sh\n");
	set_flags(SELF_ENGINE, IFLAG_IMMUTABLE);
	found("self " SELF_ENGINE ";");
	ck_assert_str_eq(said, "our own program another file, or gone;");
}
END_TEST

START_TEST(the_worst_first)
{
	NEEDS_ROOT();
	two_packages();
	set_flags("/usr/a", 0);
	changed("/usr/a2", chmod(host("/usr/a2"), 0600));
	tamper("/usr/b", "xx");
	changed("/usr/b", chmod(host("/usr/b"), 0600));
	found("content /usr/b;mode /usr/b;mode /usr/a2;flag /usr/a;");
	found_as((struct audit_job){ .by_path = true },
	         "flag /usr/a;mode /usr/a2;content /usr/b;mode /usr/b;");
}
END_TEST

START_TEST(listed_twice)
{
	NEEDS_ROOT();
	put("/usr/a", "a");
	add_package("a", OK, "", "/usr/a", "/usr/a", NULL);
	database();
	adopt();
	end_run(1);
	set_flags("/usr/a", 0);
	found("flag /usr/a;");
}
END_TEST

START_TEST(parts_of_it)
{
	char *words[] = { (char *)"b", (char *)"/usr/a2" };
	char *nothing[] = { (char *)"b", (char *)"nosuch" };

	NEEDS_ROOT();
	two_packages();
	set_flags("/usr/a", 0);
	set_flags("/usr/a2", 0);
	set_flags("/usr/b", 0);
	put("/usr/stray", "");
	set_flags("/usr/stray", IFLAG_IMMUTABLE);
	found_as((struct audit_job){ .targets = words, .n_targets = 2 },
	         "flag /usr/a2;flag /usr/b;");
	ck_assert(total.partial);
	ck_assert_uint_eq(total.files, 2);
	ck_assert_int_eq(audit_as((struct audit_job){
		.targets = nothing, .n_targets = 2 }), -ENOENT);
	ck_assert_ptr_nonnull(strstr(diag.what, "nosuch"));
	ck_assert_str_eq(findings, "flag /usr/b;");
}
END_TEST

/* Each file is in one slice, whatever there are. */
START_TEST(slices)
{
	char name[16], path[32], text[400];
	size_t files, all;
	uint64_t bytes;

	NEEDS_ROOT();
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "p%02d", i);
		snprintf(path, sizeof(path), "/usr/lib/p%02d", i);
		text[i * i] = '\0';
		put(path, text);
		text[i * i] = 'x';
		add_package(name, OK, "", path, NULL);
	}
	put("/usr/empty", "");
	put("/usr/large", "0123456789");
	put("/usr/zero", "");
	add_package("z", OK, "", "/usr/empty", "/usr/large", "/usr/zero",
	            NULL);
	database();
	adopt();
	end_run(1);
	found("");
	all = total.files;
	ck_assert_uint_eq(all, 15);
	for (unsigned int m = 1; m <= 20; m += m < 5 ? 1 : 5) {
		files = 0;
		bytes = 0;
		for (unsigned int i = 1; i <= m; i++) {
			found_as((struct audit_job){ .slice = i,
			                             .slices = m }, "");
			ck_assert(total.partial);
			files += total.files;
			bytes += total.bytes;
			ck_assert(m == 1 || total.files < all);
		}
		ck_assert_uint_eq(files, all);
		ck_assert_uint_eq(bytes, 506 + 10);
	}
}
END_TEST

START_TEST(since)
{
	NEEDS_ROOT();
	two_packages();
	database_new();
	put("/usr/b2", "b2");
	add_package("a", OK, CONF, "/.", "/usr", "/usr/a", "/usr/a2",
	            "/etc/conf", "/usr/link", NULL);
	add_package("b", OK, "", "/usr", "/usr/b", "/usr/b2", NULL);
	database();
	put(INFO "/a.list", "/.\n/usr\n/usr/a\n/usr/a2\n/etc/conf\n"
	    "/usr/link\n");
	end_run(2);
	/* the list's new inode: a was closed again as well */
	set_flags("/usr/a", 0);
	set_flags("/usr/b", 0);
	found_as((struct audit_job){ .since = "2000-01-01" },
	         "flag /usr/a;flag /usr/b;");
	ck_assert(total.partial);
	found_as((struct audit_job){ .since = "0000000000000001" },
	         "flag /usr/a;flag /usr/b;");
	found_as((struct audit_job){ .since = "0000000000000002" }, "");
	ck_assert_uint_eq(total.files, 0);
	ck_assert_int_eq(audit_as((struct audit_job){ .since =
	                 "00000000000000ff" }), -ENOENT);
	ck_assert_ptr_nonnull(strstr(diag.what, "00000000000000ff"));
	ck_assert_int_eq(audit_as((struct audit_job){ .since = "soon" }),
	                 ERR_FORMAT);
}
END_TEST

/* Beside a run, what it has changed has its old ledger still. */
START_TEST(beside_a_run)
{
	struct state *state;
	struct root *root;

	NEEDS_ROOT();
	two_packages();
	put("/usr/b2", "b2");
	put(INFO "/b.list", "/usr\n/usr/b\n/usr/b2\n");
	found("database " INFO "/b.list;flag /usr/b2;");
	ok(root_new(top, &root));
	ok(state_open(root, &state, &diag));
	ok(state_lock(state));
	found("flag /usr/b2;");
	state_free(state);
	root_free(root);
	found("database " INFO "/b.list;flag /usr/b2;");
}
END_TEST

START_TEST(many_packages_on_many_threads)
{
	char name[16], path[32];

	NEEDS_ROOT();
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "p%03d", i);
		snprintf(path, sizeof(path), "/usr/lib/p%03d", i);
		put(path, name);
		add_package(name, OK, "", "/usr", "/usr/lib", path, NULL);
	}
	put("/etc/dpkg-immutable.conf", "jobs = 4\n");
	two_packages();
	found("");
	ck_assert_uint_eq(total.files, 204);
	for (int i = 0; i < 200; i += 50) {
		snprintf(path, sizeof(path), "/usr/lib/p%03d", i);
		tamper(path, "evil");
	}
	found("content /usr/lib/p000;content /usr/lib/p050;"
	      "content /usr/lib/p100;content /usr/lib/p150;");
	/* and with more threads for a disk that is slow */
	put("/etc/dpkg-immutable.conf", "");
	found("content /usr/lib/p000;content /usr/lib/p050;"
	      "content /usr/lib/p100;content /usr/lib/p150;");
}
END_TEST

/*
 * A root that is not adopted, in a plain folder: any user can look, by dpkg's
 * md5sums alone.
 */
static void
set_up_plain(void)
{
	buf_init(&status, 0);
	log_quiet(1);
	scratch_open();
	ck_assert_uint_lt(strlen(scratch_path), sizeof(top));
	snprintf(top, sizeof(top), "%s", scratch_path);
	no_flags = true;
	put("/var/lib/dpkg/info/format", "1\n");
	put("/usr/a", "a");
	put("/usr/b", "b");
	put("/usr/unknown", "u");
	put("/opt/conf", "abc");
	add_package("a", OK, OPT_CONF "X: /usr/unknown\n", "/.", "/usr", "/usr/a",
	            "/usr/unknown", "/usr/none", "/opt/conf", NULL);
	add_package("b", OK, "", "/usr", "/usr/b", NULL);
	database();
}

static void
tear_down_plain(void)
{
	session_free(session);
	session = NULL;
	buf_free(&status);
	scratch_close();
	top[0] = '\0';
	no_flags = false;
}

/* Flags aside, which this file system may have or not. */
static void
plain(struct audit_job job, const char *want)
{
	ok(audit_as(job));
	ck_assert_str_eq(findings, want);
}

START_TEST(without_records)
{
	plain(ALL, "");
	ck_assert_ptr_null(session->state);
	ck_assert_uint_eq(total.files, 4);
	ck_assert_uint_eq(total.bytes, 2);
	ck_assert_uint_eq(total.unread, 1);
	put("/usr/a", "another size");
	plain(ALL, "content /usr/a;");
	ck_assert_uint_eq(total.kinds[FINDING_CONTENT], 1);
	ck_assert_str_eq(said, "md5:0cc175b9c0f1b6a831c399e269772661 "
	                 "md5:6c86f62ccae0caaa5ddd8a5890d61c2c;");
	plain(QUICK, "");
	ck_assert_uint_eq(total.bytes, 0);
}
END_TEST

START_TEST(conffiles_without_records)
{
	const struct audit_job job = { .conffiles = true };

	plain(job, "");
	put("/opt/conf", "abd");
	plain(ALL, "");
	plain(job, "conffile /opt/conf;");
	unlink(host("/opt/conf"));
	plain(job, "conffile /opt/conf;");
	ck_assert_str_eq(said, "md5:900150983cd24fb0d6963f7d28e17f72 gone;");
}
END_TEST

START_TEST(targets_without_records)
{
	char *words[] = { (char *)"/usr/b", (char *)"b*", NULL };

	put("/usr/a", "x");
	put("/usr/b", "y");
	plain((struct audit_job){ .targets = words, .n_targets = 1 },
	      "content /usr/b;");
	plain((struct audit_job){ .targets = words + 1, .n_targets = 1 },
	      "content /usr/b;");
	words[1] = (char *)"c*";
	ck_assert_int_eq(audit_as((struct audit_job){
		.targets = words, .n_targets = 2 }), -ENOENT);
	ck_assert_int_eq(audit_as((struct audit_job){ .since =
	                 "2000-01-01" }), -ENOENT);
}
END_TEST

START_TEST(damaged_databases)
{
	put("/var/lib/dpkg/info/b.list", "/usr/b\n\n");
	ck_assert_int_eq(audit_as(ALL), ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(diag.file, "b.list"));
	/* bad md5sums know nothing */
	put("/var/lib/dpkg/info/b.list", "/usr/b\n");
	put("/var/lib/dpkg/info/b.md5sums", "\xff\x01nonsense");
	plain(ALL, "");
	ck_assert_uint_eq(total.unread, 2);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("audit");
	TCase *t = tcase_create("audit"), *any = tcase_create("any user");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, core_set_up, core_tear_down);
	tcase_add_test(t, nothing_to_tell);
	tcase_add_test(t, content_and_size);
	tcase_add_test(t, a_run_in_between);
	tcase_add_test(t, missing_and_other_types);
	tcase_add_test(t, mode_owner_names);
	tcase_add_test(t, attributes);
	tcase_add_test(t, flags);
	tcase_add_test(t, folders_of_many_packages);
	tcase_add_test(t, an_override_excuses_no_more);
	tcase_add_test(t, dpkgs_own_files);
	tcase_add_test(t, ledgers);
	tcase_add_test(t, the_history);
	tcase_add_test(t, mounts);
	tcase_add_test(t, who_writes);
	tcase_add_test(t, conffiles);
	tcase_add_test(t, what_is_not_asked);
	tcase_add_test(t, ours);
	tcase_add_test(t, shims);
	tcase_add_test(t, the_worst_first);
	tcase_add_test(t, listed_twice);
	tcase_add_test(t, parts_of_it);
	tcase_add_test(t, slices);
	tcase_add_test(t, since);
	tcase_add_test(t, beside_a_run);
	tcase_add_test(t, many_packages_on_many_threads);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(any, set_up_plain, tear_down_plain);
	tcase_add_test(any, without_records);
	tcase_add_test(any, conffiles_without_records);
	tcase_add_test(any, targets_without_records);
	tcase_add_test(any, damaged_databases);
	suite_add_tcase(s, any);
	return s;
}

CHECK_MAIN()
