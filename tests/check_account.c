/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "account.h"
#include "arena.h"
#include "check_main.h"
#include "dpkgdb_fixture.h"

static struct session session;
static struct account account;

/* Packages as they are, and rows of the index as they were. */
static void
begin(const char *status)
{
	put("status", status);
	load();
	session.db = db;
	session.index = index_new();
	session.arena = arena_new();
	ck_assert(session.index != NULL && session.arena != NULL);
	account = (struct account){ .s = &session };
}

static void
was(const char *name, const char *version, enum pkg_state state)
{
	const struct index_row row = {
		.name = name, .arch = "amd64", .version = version,
		.state = state
	};

	ck_assert_int_eq(index_add(session.index, &row), 0);
}

static void
finish(void)
{
	index_free(session.index);
	arena_free(session.arena);
	memset(&session, 0, sizeof(session));
	tear_down();
}

#define IS(name, state, version) \
	"Package: " name "\nStatus: install ok " state "\n" \
	"Architecture: amd64\nVersion: " version "\n\n"

static bool
is(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
expect(const char *key, const char *before, const char *after)
{
	size_t n = 0;

	for (size_t i = 0; i < account.n_changes; i++) {
		const struct transaction_change *c = &account.changes[i];

		if (strcmp(c->key, key) != 0)
			continue;
		n++;
		ck_assert_msg(is(c->before, before) && is(c->after, after),
		              "%s: %s %s", key, c->before, c->after);
	}
	ck_assert_msg(n == 1, "%s: %zu times", key, n);
}

START_TEST(versions_before_and_after)
{
	begin(IS("up", "installed", "2") IS("same", "installed", "1")
	      IS("new", "unpacked", "5") IS("gone", "config-files", "3")
	      IS("rest", "config-files", "3") IS("again", "installed", "4"));
	was("up", "1", PKG_INSTALLED);
	was("same", "1", PKG_HALF_CONFIGURED);
	was("gone", "3", PKG_INSTALLED);
	was("rest", "3", PKG_CONFIG_FILES);
	was("again", "4", PKG_CONFIG_FILES);
	was("purged", "9", PKG_INSTALLED);
	was("purged-rest", "9", PKG_CONFIG_FILES);
	index_seal(session.index);
	ck_assert_int_eq(account_changes(&account), 0);
	expect("up", "1", "2");
	expect("new", NULL, "5");
	expect("gone", "3", NULL);
	expect("again", NULL, "4");
	expect("purged", "9", NULL);
	ck_assert_uint_eq(account.n_changes, 5);
}
END_TEST

START_TEST(nothing_changed)
{
	begin(IS("a", "installed", "1"));
	was("a", "1", PKG_INSTALLED);
	index_seal(session.index);
	ck_assert_int_eq(account_changes(&account), 0);
	ck_assert_uint_eq(account.n_changes, 0);
}
END_TEST

/* What it tells outlives the index, and grows past any first room. */
START_TEST(many_changes_of_their_own)
{
	char name[16];

	begin(IS("a", "installed", "1"));
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "p%04d", i);
		was(name, "7", PKG_INSTALLED);
	}
	index_seal(session.index);
	ck_assert_int_eq(account_changes(&account), 0);
	index_free(session.index);
	session.index = NULL;
	ck_assert_uint_eq(account.n_changes, 1001);
	expect("a", NULL, "1");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "p%04d", i);
		ck_assert_str_eq(account.changes[1 + i].key, name);
		ck_assert_str_eq(account.changes[1 + i].before, "7");
		ck_assert_ptr_null(account.changes[1 + i].after);
	}
}
END_TEST

START_TEST(ledgers_written_and_removed)
{
	static const unsigned char one[32] = { 1 }, two[32] = { 2 };
	struct ledger *fresh;
	struct seal_item items[3];

	begin(IS("a", "installed", "1") IS("b", "installed", "1")
	      IS("c", "installed", "1"));
	fresh = ledger_new();
	memset(items, 0, sizeof(items));
	for (size_t i = 0; i < 3; i++)
		items[i].package = &db->packages[i];
	items[0].recorded = true;
	items[0].fresh = fresh;
	memcpy(items[0].digest, one, 32);
	items[1].recorded = true;	/* as it was */
	memcpy(items[1].digest, two, 32);
	/* the third has none */
	ck_assert_int_eq(account_ledgers(&account, items, 3, false), 0);
	ck_assert_uint_eq(account.n_ledgers, 1);
	ck_assert_int_eq(account_removed(&account, "old:i386"), 0);
	memset(items[0].digest, 0xff, 32);	/* a copy is kept */
	ck_assert_uint_eq(account.n_ledgers, 2);
	ck_assert_str_eq(account.ledgers[0].key, "a");
	ck_assert_mem_eq(account.ledgers[0].digest, one, 32);
	ck_assert_str_eq(account.ledgers[1].key, "old:i386");
	ck_assert_ptr_null(account.ledgers[1].digest);
	/* where an entry may have been lost, all that there are */
	account = (struct account){ .s = &session };
	ck_assert_int_eq(account_ledgers(&account, items, 3, true), 0);
	ck_assert_uint_eq(account.n_ledgers, 2);
	ck_assert_str_eq(account.ledgers[1].key, "b");
	ck_assert_mem_eq(account.ledgers[1].digest, two, 32);
	ledger_free(fresh);
}
END_TEST

START_TEST(given_to_an_entry)
{
	struct transaction t = { .action = "x", .n_changes = 9,
	                         .n_ledgers = 9 };

	begin(IS("a", "installed", "1"));
	account_give(&account, &t);
	ck_assert(t.n_changes == 0 && t.n_ledgers == 0);
	ck_assert_int_eq(account_changes(&account), 0);
	ck_assert_int_eq(account_removed(&account, "z"), 0);
	account_give(&account, &t);
	ck_assert_uint_eq(t.n_changes, 1);
	ck_assert_str_eq(t.changes[0].key, "a");
	ck_assert_uint_eq(t.n_ledgers, 1);
	ck_assert_str_eq(t.ledgers[0].key, "z");
	ck_assert_str_eq(t.action, "x");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("account");
	TCase *t = tcase_create("account");

	tcase_add_checked_fixture(t, set_up, finish);
	tcase_add_test(t, versions_before_and_after);
	tcase_add_test(t, nothing_changed);
	tcase_add_test(t, many_changes_of_their_own);
	tcase_add_test(t, ledgers_written_and_removed);
	tcase_add_test(t, given_to_an_entry);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
