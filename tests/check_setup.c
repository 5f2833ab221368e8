/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "core_fixture.h"

#include "file.h"
#include "setup.h"
#include "setup_fstab.h"
#include "setup_priv.h"

#define GOOD \
	"# /etc/fstab: static file system information.\n" \
	"\n" \
	"UUID=0a-1 / ext4 errors=remount-ro 0 1\n" \
	"UUID=0a-2\t/home\text4\tdefaults,suid\t0\t2\n" \
	"  # odd \001 comment\n" \
	"/dev/sr0 /media/cd\\040rom udf,iso9660 user,noauto 0 0\n" \
	"/swap none swap sw\n" \
	"tmpfs /x tmpfs\n"

static struct fstab *fstab;
static struct buf text;

static void
parse(const char *s)
{
	fstab_free(fstab);
	fstab = NULL;
	ok(fstab_parse("fstab", s, strlen(s), &fstab, &diag));
}

static const char *
now(void)
{
	buf_clear(&text);
	ok(fstab_text(fstab, &text));
	return text.len > 0 ? text.data : "";
}

static void
bad_bytes(const void *s, size_t n, int err, unsigned long line)
{
	struct fstab *const untouched = (struct fstab *)&diag;
	struct fstab *f = untouched;

	memset(&diag, 0, sizeof(diag));
	ck_assert_int_eq(fstab_parse("fstab", s, n, &f, &diag), err);
	ck_assert_ptr_eq(f, untouched);
	ck_assert_str_eq(diag.file, "fstab");
	ck_assert_uint_eq(diag.line, line);
	ck_assert_str_ne(diag.what, "");
}

static void
bad(const char *s, unsigned long line)
{
	bad_bytes(s, strlen(s), ERR_FORMAT, line);
}

START_TEST(what_is_not_changed_stays)
{
	static const char *const texts[] = {
		"", "\n", "\n\n", "#", "a b c", "a b c\n", " \t a  b\tc \n",
		GOOD, "a b c d 0 0 # a word\n", "a b c d 1\n", "#\xff\xfe\n",
		"a\\040b /c\\134 d e,f=\"g,h\"\n"
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		parse(texts[i]);
		ck_assert_str_eq(now(), texts[i]);
		buf_clear(&text);
		ok(fstab_changes(fstab, &text));
		ck_assert_uint_eq(text.len, 0);
	}
}
END_TEST

START_TEST(what_is_no_fstab)
{
	static char huge[FSTAB_MAX + 1], many[2 * FSTAB_LINES_MAX + 2];

	bad("a\n", 1);
	bad("#\na b\n", 2);
	bad("a b c d x\n", 1);
	bad("a b c d 0 -1\n", 1);
	bad("a b c d 0 0x1\n", 1);
	bad("a b c d 99999\n", 1);
	bad("a b c d # word\n", 1);
	bad("a b c d=\"e,f\n", 1);
	bad("a b c d 0 0\r\n", 1);
	bad("a b c\n\na b\001 c\n", 3);
	bad("\x7f" "ELF a b\n", 1);
	bad_bytes("a b c\n#\0\n", 9, ERR_FORMAT, 2);
	bad_bytes("\0", 1, ERR_FORMAT, 1);
	memset(huge, 'a', sizeof(huge));
	bad_bytes(huge, FSTAB_MAX + 1, ERR_LIMIT, 0);
	bad_bytes(huge, FSTAB_LINE_MAX + 1, ERR_LIMIT, 1);
	memset(many, '\n', sizeof(many));
	bad_bytes(many, FSTAB_LINES_MAX + 1, ERR_LIMIT, FSTAB_LINES_MAX + 1);
}
END_TEST

START_TEST(entries_are_found)
{
	const struct fstab_entry *e = NULL;

	parse(GOOD);
	ok(fstab_find(fstab, "/media/cd rom", &e, &diag));
	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq(e->spec, "/dev/sr0");
	ck_assert_str_eq(e->type, "udf,iso9660");
	ck_assert_str_eq(e->options, "user,noauto");
	ck_assert_uint_eq(e->line, 6);
	ck_assert(fstab_has(e, "noauto") && !fstab_has(e, "auto"));
	ok(fstab_find(fstab, "/", &e, &diag));
	ck_assert(fstab_has(e, "errors") && !fstab_has(e, "ro"));
	ok(fstab_find(fstab, "/x", &e, &diag));
	ck_assert_str_eq(e->options, "");
	ok(fstab_find(fstab, "/hom", &e, &diag));
	ck_assert_ptr_null(e);
	parse("a /x/ b ro=vfs\na \\000 b c\na \\9 b c\n");
	ok(fstab_find(fstab, "/x", &e, &diag));
	ck_assert(e != NULL && fstab_has(e, "ro"));
	ok(fstab_find(fstab, "\\000", &e, &diag));
	ck_assert_ptr_nonnull(e);
	ok(fstab_find(fstab, "\\9", &e, &diag));
	ck_assert_ptr_nonnull(e);
}
END_TEST

START_TEST(one_folder_twice)
{
	const struct fstab_entry *e;

	parse("a /x b c\na /y b c\nd /x/ b c\n");
	ck_assert_int_eq(fstab_find(fstab, "/x", &e, &diag), ERR_FORMAT);
	ck_assert_uint_eq(diag.line, 3);
	ok(fstab_find(fstab, "/y", &e, &diag));
}
END_TEST

static void
set(const char *was, const char *words, int want, const char *then)
{
	char line[400], got[400];

	snprintf(line, sizeof(line), "#\n\td  /x\tt %s\t0  2 \n#", was);
	parse(line);
	ck_assert_int_eq(fstab_set(fstab, "/x", words), want);
	snprintf(got, sizeof(got), "#\n\td  /x\tt %s\t0  2 \n#", then);
	ck_assert_str_eq(now(), got);
	/* again: nothing */
	ck_assert_int_eq(fstab_set(fstab, "/x", words), 0);
}

START_TEST(options_are_set)
{
	set("defaults", "nosuid,nodev", 1, "defaults,nosuid,nodev");
	set("nodev", "nodev", 0, "nodev");
	set("suid,rw,dev", "nosuid,nodev", 1, "rw,nosuid,nodev");
	set("exec", "noexec", 1, "noexec");
	set("ro", "rw", 1, "rw");
	set("a=\"x,suid\",suid", "nosuid", 1, "a=\"x,suid\",nosuid");
	set(",,a,", "nodev", 1, "a,nodev");
	set("size=1m", "size=2m,nodev", 1, "size=1m,nodev");
	set("nosuidx", "nosuid", 1, "nosuidx,nosuid");
	parse("a /x b");
	ck_assert_int_eq(fstab_set(fstab, "/y", "nodev"), -ENOENT);
	ck_assert_int_eq(fstab_set(fstab, "/x", "nodev"), 1);
	ck_assert_str_eq(now(), "a /x b nodev");
	buf_clear(&text);
	ok(fstab_changes(fstab, &text));
	ck_assert_str_eq(text.data, "- a /x b\n+ a /x b nodev\n");
}
END_TEST

START_TEST(entries_are_added)
{
	parse("a / b\nc /v/l/x d\n#");
	ok(fstab_add(fstab, "/v/l", "/v/l", "none", "bind"));
	ok(fstab_comment(fstab, "# more"));
	ok(fstab_add(fstab, "a b", "/v\t\\#", "t", "o"));
	ck_assert_str_eq(now(), "a / b\n/v/l /v/l none bind 0 0\n"
	                 "c /v/l/x d\n#\n# more\n"
	                 "a\\040b /v\\011\\134\\043 t o 0 0\n");
	buf_clear(&text);
	ok(fstab_changes(fstab, &text));
	ck_assert_str_eq(text.data, "+ /v/l /v/l none bind 0 0\n+ # more\n"
	                 "+ a\\040b /v\\011\\134\\043 t o 0 0\n");
	/* what was written is read again */
	ok(buf_add_char(&text, '\0'));
	buf_clear(&text);
	ok(fstab_text(fstab, &text));
	parse(text.data);
	ck_assert_int_eq(fstab_set(fstab, "/v\t\\#", "o"), 0);
	parse("");
	ok(fstab_add(fstab, "a", "/b", "c", "d"));
	ck_assert_str_eq(now(), "a /b c d 0 0\n");
}
END_TEST

START_TEST(names_of_units)
{
	static const char *const names[][2] = {
		{ "/", "-.mount" }, { "/var/tmp", "var-tmp.mount" },
		{ "/a-b", "a\\x2db.mount" }, { "/.x", "\\x2ex.mount" },
		{ "/a b/\xc3", "a\\x20b-\\xc3.mount" }, { "x:_.", "x:_..mount" }
	};
	char name[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ok(setup_unit_name(names[i][0], name, sizeof(name)));
		ck_assert_str_eq(name, names[i][1]);
	}
	ck_assert_int_eq(setup_unit_name("/a/long/name", name, 10),
	                 -ENAMETOOLONG);
}
END_TEST

static struct setup *plan;

static int
plan_of(enum setup_scheme scheme)
{
	setup_free(plan);
	plan = NULL;
	memset(&diag, 0, sizeof(diag));
	open_session();
	return setup_plan(session, scheme, &plan, &diag);
}

static const struct setup_file *
file_of(const char *path)
{
	const struct setup_file *files;
	size_t n = setup_files(plan, &files);

	while (n > 0)
		if (strcmp(files[--n].path, path) == 0)
			return &files[n];
	return NULL;
}

static bool
is_noted(const char *path, const char *package)
{
	const struct setup_note *notes;
	size_t n = setup_notes(plan, &notes);

	while (n-- > 0)
		if (strcmp(notes[n].path, path) == 0 &&
		    (package == NULL || (notes[n].package != NULL &&
		     strcmp(notes[n].package, package) == 0)))
			return true;
	return false;
}

/* As Debian has it, so far as is looked at. */
static void
bootable(void)
{
	put("/etc/fstab", GOOD);
	put("/lib/systemd/systemd", "");
	put_link("/lib/systemd/systemd", "/sbin/init");
	put("/bin/mount", "");
	put("/bin/mkdir", "");
	for (const char *const *d = (const char *const []){ "/tmp/", "/run/",
	     "/home/", "/var/lib/", "/var/cache/", "/var/log/", "/var/tmp/",
	     "/etc/systemd/system/", "/etc/apt/apt.conf.d/",
	     "/etc/cups/", "/usr/share/p/", NULL }; *d != NULL; d++)
		make_folders(*d);
	put_link("../run", "/var/run");
	put_link("spool/mail", "/var/mail");
	put("/usr/share/p/own", "");
	put("/usr/share/p/root", "");
	put("/usr/share/p/setuid", "");
	put("/usr/share/p/\033[31m", "");
	ck_assert_int_eq(chown(host("/usr/share/p/\033[31m"), 7, 0), 0);
	ck_assert_int_eq(chown(host("/usr/share/p/own"), 7, 0), 0);
	ck_assert_int_eq(chown(host("/usr/share/p/setuid"), 7, 0), 0);
	ck_assert_int_eq(chmod(host("/usr/share/p/setuid"), 04755), 0);
	ck_assert_int_eq(chown(host("/var/lib"), 7, 0), 0);
	add_package("p", "ok installed", "", "/usr/share/p/own",
	            "/usr/share/p/root", "/usr/share/p/setuid",
	            "/usr/share/p/\033[31m", "/var/lib",
	            "/gone", NULL);
	add_package("cups-daemon", "ok installed", "", "/etc/cups", NULL);
	add_package("resolvconf", "ok installed", "", NULL);
	add_package("mdadm", "ok not-installed", "", NULL);
	database();
	adopt();
}

static bool
has(const char *path, const char *words)
{
	const struct setup_file *f = file_of(path);

	return f != NULL && f->text != NULL && strstr(f->text, words) != NULL;
}

START_TEST(usr_by_a_unit)
{
	const struct setup_file *f;

	NEEDS_ROOT();
	bootable();
	ok(plan_of(SETUP_USR));
	ck_assert_uint_eq(setup_due(plan), 2);
	ck_assert_ptr_null(file_of("/etc/fstab"));
	ck_assert(has(SETUP_UNITS "/usr.mount", "\nOptions=bind,ro\n"));
	f = file_of(SETUP_UNITS "/local-fs.target.wants/usr.mount");
	ck_assert(f != NULL && strcmp(f->link, "../usr.mount") == 0);
	ck_assert(is_noted("/usr/share/p/own", "p"));
	ck_assert(!is_noted("/usr/share/p/root", NULL));
	ck_assert(!is_noted("/usr/share/p/setuid", NULL));
	ck_assert(!is_noted("/var/lib", NULL));
	/* nothing was touched */
	ck_assert_int_eq(access(host(SETUP_UNITS "/usr.mount"), F_OK), -1);
	ok(setup_apply(session, plan, &diag));
	ok(plan_of(SETUP_USR));
	ck_assert_uint_eq(setup_due(plan), 0);
}
END_TEST

START_TEST(usr_of_its_own)
{
	NEEDS_ROOT();
	bootable();
	put("/etc/fstab", GOOD "x /usr ext4 defaults 0 0\n");
	ok(plan_of(SETUP_USR));
	ck_assert_ptr_null(file_of(SETUP_UNITS "/usr.mount"));
	ck_assert(has(SETUP_UNITS "/" SETUP_SERVICE,
	              "\nExecStart=/bin/mount -o remount,bind,ro /usr\n"));
	put("/etc/fstab", GOOD "x /usr ext4 ro 0 0\n");
	ck_assert_int_eq(plan_of(SETUP_USR), ERR_REFUSED);
	ck_assert_uint_eq(diag.line, 9);
	put("/etc/fstab", GOOD "x /usr squashfs loop 0 0\n");
	ck_assert_int_eq(plan_of(SETUP_USR), ERR_REFUSED);
}
END_TEST

START_TEST(root_and_again)
{
	const struct setup_file *f;
	struct stat st;
	int dirfd;

	NEEDS_ROOT();
	bootable();
	ck_assert_int_eq(chmod(host("/etc/fstab"), 0640), 0);
	ok(plan_of(SETUP_ROOT));
	f = file_of("/etc/fstab");
	ck_assert(f != NULL && f->state == SETUP_CHANGED);
	ck_assert(has("/etc/fstab", "\nUUID=0a-2\t/home\text4\t"
	              "defaults,nosuid,nodev,noexec\t0\t2\n"));
	ck_assert(has("/etc/fstab", "\n/var /var none bind,rw 0 0\n"));
	ck_assert(has("/etc/fstab", "\n/var/log /var/log none "
	              "bind,rw,nosuid,nodev,noexec 0 0\n"));
	ck_assert(!has("/etc/fstab", "/var/mail"));	/* a link */
	ck_assert(!has("/etc/fstab", "/var/spool"));	/* not there */
	ck_assert(has("/etc/fstab", "\n/etc/cups /etc/cups none bind,rw,"
	              "nosuid,nodev,noexec,nofail,x-systemd.before="
	              SETUP_SERVICE " 0 0\n"));
	ck_assert(has("/etc/fstab", "\noverlay /var/tmp overlay rw,"));
	ck_assert(!has("/etc/fstab", "/var/run"));
	ck_assert(has(SETUP_UNITS "/" SETUP_SERVICE, "remount,bind,ro /\n"));
	ck_assert(has(SETUP_UNITS "/" SETUP_SERVICE,
	              "\nAssertPathIsMountPoint=/var\n"));
	ck_assert(is_noted("/etc/cups", "cups-daemon"));
	ck_assert(is_noted("/etc/resolv.conf", "resolvconf"));
	ck_assert(!is_noted("/etc/mdadm/mdadm.conf", NULL));
	/* what fstab's lines need, and debconf, is there before them */
	ck_assert(f > file_of(SETUP_UNITS "/" SETUP_MEMORY_SERVICE));
	ck_assert(f > file_of("/etc/apt/apt.conf.d/51dpkg-immutable"));
	ck_assert(f < file_of(SETUP_UNITS "/" SETUP_SERVICE));
	ok(setup_apply(session, plan, &diag));
	ck_assert_str_eq(file_of("/etc/fstab")->old,
	                 "/etc/fstab.dpkg-immutable-old");
	ck_assert_int_eq(stat(host("/etc/fstab"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	dirfd = open(host("/etc"), O_RDONLY | O_DIRECTORY);
	buf_clear(&text);
	ok(file_read(dirfd, "fstab.dpkg-immutable-old", &text));
	ck_assert_str_eq(text.data, GOOD);
	close(dirfd);
	ok(plan_of(SETUP_ROOT));
	ck_assert_uint_eq(setup_due(plan), 0);
	buf_clear(&text);
	ok(setup_text(plan, false, false, &text));
	ck_assert_ptr_nonnull(strstr(text.data, "Nothing is to be written."));
	/* a name that would drive the terminal */
	ck_assert_ptr_nonnull(strstr(text.data, "p/\\033\\133"));
	ck_assert_ptr_null(strchr(text.data, '\033'));
}
END_TEST

START_TEST(nothing_is_written_over)
{
	NEEDS_ROOT();
	bootable();
	put("/etc/fstab.dpkg-immutable-old", "first");
	put("/etc/fstab.new", "somebody's");
	ok(plan_of(SETUP_ROOT));
	ck_assert_int_eq(setup_apply(session, plan, &diag), -EEXIST);
	ck_assert_str_eq(diag.file, "/etc/fstab");
	ck_assert_int_eq(unlink(host("/etc/fstab.new")), 0);
	ok(plan_of(SETUP_ROOT));
	ok(setup_apply(session, plan, &diag));
	ck_assert_str_eq(file_of("/etc/fstab")->old,
	                 "/etc/fstab.dpkg-immutable-old.1");
	/* what a call that was killed has left is not in the way */
	put("/etc/fstab.new", "");
	put(SETUP_UNITS "/" SETUP_SERVICE ".new", "# Written by dpkg-imm");
	put("/etc/fstab", GOOD);
	ok(plan_of(SETUP_ROOT));
	ok(setup_apply(session, plan, &diag));
	ck_assert_int_eq(access(host("/etc/fstab.new"), F_OK), -1);
	ck_assert_int_eq(unlink(host(SETUP_UNITS "/" SETUP_SERVICE)), 0);
	ok(plan_of(SETUP_ROOT));
	ok(setup_apply(session, plan, &diag));
	ck_assert_int_eq(access(host(SETUP_UNITS "/" SETUP_SERVICE ".new"),
	                        F_OK), -1);
	/* a unit that somebody has changed is kept, too */
	put(SETUP_UNITS "/" SETUP_SERVICE, "[Unit]\n");
	ok(plan_of(SETUP_ROOT));
	ck_assert_uint_eq(setup_due(plan), 1);
	ok(setup_apply(session, plan, &diag));
	ck_assert_int_eq(access(host(SETUP_UNITS "/" SETUP_SERVICE
	                             ".dpkg-immutable-old"), F_OK), 0);
}
END_TEST

static void
refused(const char *file, unsigned long line)
{
	ck_assert_int_eq(plan_of(SETUP_ROOT), ERR_REFUSED);
	ck_assert_str_eq(diag.file, file);
	ck_assert_uint_eq(diag.line, line);
	ck_assert_str_ne(diag.what, "");
}

START_TEST(what_could_not_boot)
{
	NEEDS_ROOT();
	bootable();
	put("/etc/fstab", "x / ext4 ro 0 1\n");
	refused("/etc/fstab", 1);
	put("/etc/fstab", "#\nx / overlay rw\n");
	refused("/etc/fstab", 2);
	put("/etc/fstab", "x /home ext4 rw\n");
	refused("/etc/fstab", 0);
	unlink(host("/etc/fstab"));
	refused("/etc/fstab", 0);
	put("/etc/fstab", "x / ext4 rw\ny /var/log ext4 ro\n");
	refused("/etc/fstab", 2);
	put("/etc/fstab", "x / ext4 rw\ny /var ext4 noauto\n");
	refused("/etc/fstab", 2);
	/* files that are open for writing as long as the machine runs */
	put("/swapfile", "");
	put("/etc/fstab", "x / ext4 rw\n/swapfile none swap sw\n");
	refused("/etc/fstab", 2);
	put("/etc/fstab", "x / ext4 rw\n/swapfile /srv/x ext4 loop\n");
	refused("/etc/fstab", 2);
	put("/etc/fstab", "x / ext4 rw\n/swapfile /srv/x ext4 loop,ro\n"
	    "/var/lib/swap none swap sw\n/data/swap none swap sw\n"
	    "y /data ext4 rw\n/dev/z none swap sw\n");
	put("/var/lib/swap", "");
	put("/data/swap", "");
	ok(plan_of(SETUP_ROOT));
	put("/etc/fstab", "x / ext4 rw\n");
	ok(plan_of(SETUP_ROOT));
	put_link("/dev/null", SETUP_UNITS "/tmp.mount");
	refused(SETUP_UNITS "/tmp.mount", 0);
	ck_assert_int_eq(unlink(host(SETUP_UNITS "/tmp.mount")), 0);
	put_link("/dev/null", SETUP_UNITS "/systemd-remount-fs.service");
	refused(SETUP_UNITS "/systemd-remount-fs.service", 0);
	ck_assert_int_eq(unlink(host(SETUP_UNITS
	                             "/systemd-remount-fs.service")), 0);
	put_link("/dev/null", SETUP_UNITS "/" SETUP_SERVICE);
	refused(SETUP_UNITS "/" SETUP_SERVICE, 0);
	ck_assert_int_eq(unlink(host(SETUP_UNITS "/" SETUP_SERVICE)), 0);
	ck_assert_int_eq(unlink(host("/sbin/init")), 0);
	put("/sbin/init", "");
	refused("/sbin/init", 0);
}
END_TEST

START_TEST(bad_fstab)
{
	NEEDS_ROOT();
	bootable();
	put("/etc/fstab", "x / ext4 rw\n/dev/y\n");
	ck_assert_int_eq(plan_of(SETUP_ROOT), ERR_FORMAT);
	ck_assert_str_eq(diag.file, "/etc/fstab");
	ck_assert_uint_eq(diag.line, 2);
	ck_assert_int_eq(unlink(host("/etc/fstab")), 0);
	put_link("elsewhere", "/etc/fstab");
	ck_assert_int_lt(plan_of(SETUP_ROOT), 0);
	ck_assert_str_eq(diag.file, "/etc/fstab");
}
END_TEST

START_TEST(what_somebody_else_mounts)
{
	NEEDS_ROOT();
	bootable();
	put("/etc/fstab", "x / ext4 rw\ny /var ext4 defaults\n"
	    "z /var/lib/db ext4 defaults\nt /tmp tmpfs exec,size=1m\n");
	put(SETUP_UNITS "/home.mount", "[Mount]\n");
	ok(plan_of(SETUP_ROOT));
	ck_assert(has("/etc/fstab", "\ny /var ext4 defaults\n"));
	ck_assert(has("/etc/fstab", "\nz /var/lib/db ext4 defaults\n"));
	ck_assert(has("/etc/fstab",
	              "\nt /tmp tmpfs size=1m,nosuid,nodev,noexec\n"));
	ck_assert(!has("/etc/fstab", "/var /var"));
	ck_assert(!has("/etc/fstab", "/home"));
	ck_assert(is_noted(SETUP_UNITS "/home.mount", NULL));
	ck_assert(has(SETUP_UNITS "/" SETUP_SERVICE,
	              "\nAssertPathIsMountPoint=/var\n"));
	/* before what is mounted below it */
	put("/etc/fstab", "x / ext4 rw\nz /var/lib/db ext4 defaults\n");
	ok(plan_of(SETUP_ROOT));
	ck_assert(has("/etc/fstab", "\n/var /var none bind,rw 0 0\n"
	              "z /var/lib/db "));
}
END_TEST

static void
set_up(void)
{
	core_set_up();
	buf_init(&text, 0);
}

static void
tear_down(void)
{
	fstab_free(fstab);
	fstab = NULL;
	setup_free(plan);
	plan = NULL;
	buf_free(&text);
	core_tear_down();
}

static Suite *
suite(void)
{
	Suite *s = suite_create("setup");
	TCase *t = tcase_create("setup");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_is_not_changed_stays);
	tcase_add_test(t, what_is_no_fstab);
	tcase_add_test(t, entries_are_found);
	tcase_add_test(t, one_folder_twice);
	tcase_add_test(t, options_are_set);
	tcase_add_test(t, entries_are_added);
	tcase_add_test(t, names_of_units);
	tcase_add_test(t, usr_by_a_unit);
	tcase_add_test(t, usr_of_its_own);
	tcase_add_test(t, root_and_again);
	tcase_add_test(t, nothing_is_written_over);
	tcase_add_test(t, what_could_not_boot);
	tcase_add_test(t, bad_fstab);
	tcase_add_test(t, what_somebody_else_mounts);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
