/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "core_fixture.h"

#define DIR "/var/lib/dpkg-immutable"
#define FIRST "dpkg-immutable adopted 1\n"
#define ID "id 0123456789abcdef0123456789abcdef\n"
#define ADMIN "admindir /var/lib/dpkg\n"

static struct root *root;
static struct state *state;

static void
set_up(void)
{
	core_set_up();
	if (ready)
		ok(root_new(top, &root));
}

static void
tear_down(void)
{
	state_free(state);
	root_free(root);
	core_tear_down();
}

static int
reopen(void)
{
	state_free(state);
	state = NULL;
	memset(&diag, 0, sizeof(diag));
	return state_open(root, &state, &diag);
}

START_TEST(a_root_that_is_not_adopted)
{
	NEEDS_ROOT();
	ck_assert_int_eq(reopen(), -ENOENT);
	ck_assert_ptr_null(state);
	ck_assert_int_eq(mkdir(host(DIR), 0700), 0);
	ck_assert_int_eq(reopen(), -ENOENT);
	ck_assert_str_eq(diag.what, "");
	rmdir(host(DIR));
	put(DIR, "a file");
	ck_assert_int_eq(reopen(), -ENOENT);
	state_free(NULL);
}
END_TEST

START_TEST(adoption_and_release)
{
	static const char *const folders[] = {
		DIR "/run", DIR "/ledger", DIR "/history", DIR "/quarantine"
	};
	struct stat st;
	char id[33];

	NEEDS_ROOT();
	ok(state_create(root, "/srv/dpkg", &state, &diag));
	memcpy(id, state->id, sizeof(id));
	ck_assert_uint_eq(strlen(id), 32);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(stat(host(folders[i]), &st), 0);
		ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
	}
	ck_assert_int_ge(state->ledger_fd, 0);
	ck_assert_int_ge(state->history_fd, 0);
	ck_assert_int_ge(state->run_fd, 0);
	/* no marker yet: not adopted */
	ck_assert_int_eq(reopen(), -ENOENT);
	ok(state_create(root, "/srv/dpkg", &state, &diag));
	ok(state_adopt(state));
	ok(state_adopt(state));
	protected(DIR);
	protected(DIR "/adopted");
	open_file(DIR "/ledger");
	memcpy(id, state->id, sizeof(id));
	ok(reopen());
	ck_assert_int_eq(state->damaged, 0);
	ck_assert_str_eq(state->id, id);
	ck_assert_str_eq(state->admindir, "/srv/dpkg");
	/* create finds it */
	state_free(state);
	ok(state_create(root, "/other", &state, &diag));
	ck_assert_str_eq(state->admindir, "/srv/dpkg");
	ok(state_release(state));
	open_file(DIR);
	ok(state_release(state));
	ck_assert_int_eq(reopen(), -ENOENT);
	ok(state_create(root, "/srv/dpkg", &state, &diag));
	ok(state_forget(state));
	ck_assert_int_ne(access(host(DIR), F_OK), 0);
}
END_TEST

START_TEST(all_is_forgotten_flags_or_not)
{
	NEEDS_ROOT();
	ok(state_create(root, "/d", &state, &diag));
	put(DIR "/history/log", "l");
	put(DIR "/ledger/a", "l");
	set_flags(DIR "/history/log", IFLAG_APPEND);
	set_flags(DIR "/ledger/a", IFLAG_IMMUTABLE);
	ok(state_forget(state));
	ck_assert_int_ne(access(host(DIR), F_OK), 0);
}
END_TEST

START_TEST(no_room_for_a_folder)
{
	char *longest = malloc(5000);

	NEEDS_ROOT();
	memset(longest, '/', 4999);
	longest[4999] = '\0';
	ck_assert_int_eq(state_create(root, longest, &state, &diag),
	                 -ENAMETOOLONG);
	ck_assert_ptr_null(state);
	free(longest);
	ck_assert_int_eq(rename(host("/var/lib"), host("/var/x")), 0);
	ck_assert_int_eq(state_create(root, "/d", &state, &diag), -ENOENT);
	ck_assert_ptr_null(state);
}
END_TEST

/* A marker that is there and can't be read is a damaged one. */
static void
damaged(const char *text, int why)
{
	put(DIR "/adopted", text);
	ok(reopen());
	ck_assert_msg(state->damaged == why, "%d: %s", state->damaged, text);
	ck_assert_str_ne(diag.what, "");
	ck_assert_str_eq(state->admindir, "/var/lib/dpkg");
	ck_assert_str_eq(state->id, "00000000000000000000000000000000");
	if (why == ERR_VERSION)
		ck_assert_int_lt(state->ledger_fd, 0);
	else
		ck_assert_int_ge(state->ledger_fd, 0);
}

START_TEST(bad_markers)
{
	static const char *const bad[] = {
		"", "\n", "dpkg-immutable adopted \n" ID ADMIN,
		"dpkg-immutable adopted x\n" ID ADMIN, ID ADMIN, FIRST,
		FIRST ID, FIRST ADMIN, FIRST ID ADMIN "x", FIRST ID ADMIN
		"more\n", FIRST "id \n" ADMIN, FIRST ID ID ADMIN, FIRST ID
		ADMIN ADMIN, FIRST "id 0123456789ABCDEF0123456789abcdef\n"
		ADMIN, FIRST "id 0123456789abcdef0123456789abcde\n" ADMIN,
		FIRST ID "admindir lib\n", FIRST ID "admindir \n", FIRST ID
		"admindir /var/lib/dp", FIRST ID "\n" ADMIN
	};
	char *huge = malloc(70001);

	NEEDS_ROOT();
	ok(state_create(root, "/d", &state, &diag));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		damaged(bad[i], ERR_FORMAT);
	damaged("dpkg-immutable adopted 2\nwhatever\n", ERR_VERSION);
	ck_assert_int_eq(state_adopt(state), ERR_VERSION);
	memset(huge, 'x', 70000);
	huge[70000] = '\0';
	damaged(huge, ERR_LIMIT);
	snprintf(huge, 70000, FIRST ID "admindir /%05000d\n", 0);
	damaged(huge, ERR_FORMAT);
	free(huge);
	unlink(host(DIR "/adopted"));
	put_link("/etc/passwd", DIR "/adopted");
	ok(reopen());
	ck_assert_int_ne(state->damaged, 0);
	/* a new one is written over it */
	damaged("nonsense\n", ERR_FORMAT);
	set_flags(DIR "/adopted", IFLAG_IMMUTABLE);
	ok(state_adopt(state));
	ok(reopen());
	ck_assert_int_eq(state->damaged, 0);
	protected(DIR "/adopted");
}
END_TEST

START_TEST(a_nul_in_the_marker)
{
	static const char text[] = FIRST ID ADMIN;
	char noise[sizeof(text)];
	int fd;

	NEEDS_ROOT();
	ok(state_create(root, "/d", &state, &diag));
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memcpy(noise, text, sizeof(text));
		noise[i] = '\0';
		put(DIR "/adopted", "");
		fd = open(host(DIR "/adopted"), O_WRONLY | O_CLOEXEC);
		ck_assert_int_eq(write(fd, noise, sizeof(text) - 1),
		                 sizeof(text) - 1);
		close(fd);
		ok(reopen());
		ck_assert_int_eq(state->damaged, ERR_FORMAT);
	}
}
END_TEST

START_TEST(somebody_elses_folder)
{
	static const char *const markers[] = { FIRST ID ADMIN, "nonsense" };

	NEEDS_ROOT();
	ok(state_create(root, "/d", &state, &diag));
	for (size_t i = 0; i < 2; i++) {
		put(DIR "/adopted", markers[i]);
		ck_assert_int_eq(chown(host(DIR), 1000, 0), 0);
		ok(reopen());
		ck_assert_int_eq(state->damaged, ERR_UNSAFE);
		ck_assert_int_lt(state->ledger_fd, 0);
		ck_assert_int_lt(state->run_fd, 0);
		ck_assert_int_eq(state_adopt(state), ERR_UNSAFE);
		ck_assert_int_eq(chown(host(DIR), 0, 0), 0);
		ck_assert_int_eq(chmod(host(DIR), 0770), 0);
		ok(reopen());
		ck_assert_int_eq(state->damaged, ERR_UNSAFE);
		ck_assert_int_eq(chmod(host(DIR), 0700), 0);
	}
	unlink(host(DIR "/adopted"));
	ck_assert_int_eq(chown(host(DIR), 1000, 0), 0);
	state_free(state);
	state = NULL;
	ck_assert_int_eq(state_create(root, "/d", &state, &diag), ERR_UNSAFE);
	ck_assert_ptr_null(state);
}
END_TEST

START_TEST(one_lock)
{
	struct state *other;
	struct journal *j = NULL;

	NEEDS_ROOT();
	ck_assert_int_eq(mount("tmpfs", "/run", "tmpfs", 0,
	                       "size=1m,mode=0755"), 0);
	ok(state_create(root, "/d", &state, &diag));
	ok(state_adopt(state));
	ok(state_open(root, &other, &diag));
	ck_assert(!state_locked(other));
	ok(state_lock(state));
	ck_assert(!state->in_run);
	ck_assert(state_locked(other));
	ck_assert_int_eq(state_lock(other), ERR_BUSY);
	ck_assert_int_lt(other->lock_fd, 0);
	ok(state_journal(state, &j));
	journal_free(j);
	ck_assert_int_lt(state_other_journal(state, &j), 0);
	/* the journal's place moves, the lock stays */
	ok(state_retreat(state));
	ck_assert(state->in_run);
	ck_assert_int_eq(state_retreat(state), ERR_REFUSED);
	ck_assert_int_eq(state_lock(other), ERR_BUSY);
	ok(state_other_journal(state, &j));
	journal_free(j);
	state_free(state);
	state = NULL;
	ck_assert(!state_locked(other));
	ok(state_lock(other));
	state_free(other);
}
END_TEST

START_TEST(a_lock_in_run)
{
	NEEDS_ROOT();
	ck_assert_int_eq(mount("tmpfs", "/run", "tmpfs", 0,
	                       "size=1m,mode=0755"), 0);
	ok(state_create(root, "/d", &state, &diag));
	ok(state_adopt(state));
	set_flags(DIR, 0);
	ck_assert_int_eq(rmdir(host(DIR "/run")), 0);
	ok(reopen());
	ck_assert_int_lt(state->run_fd, 0);
	ok(state_lock(state));
	ck_assert(state->in_run);
	/* a folder there that is not root's is none */
	ck_assert_int_eq(chmod("/run/dpkg-immutable", 0777), 0);
	ok(reopen());
	ck_assert_int_lt(state_lock(state), 0);
	ck_assert_int_lt(state->lock_fd, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("state");
	TCase *t = tcase_create("state");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_root_that_is_not_adopted);
	tcase_add_test(t, adoption_and_release);
	tcase_add_test(t, all_is_forgotten_flags_or_not);
	tcase_add_test(t, no_room_for_a_folder);
	tcase_add_test(t, bad_markers);
	tcase_add_test(t, a_nul_in_the_marker);
	tcase_add_test(t, somebody_elses_folder);
	tcase_add_test(t, one_lock);
	tcase_add_test(t, a_lock_in_run);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
