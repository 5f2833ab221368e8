/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apart.h"
#include "check_main.h"
#include "cmdline.h"
#include "dpkgcfg.h"

#define MAX_WORDS 8

static char *no_env[] = { NULL };

/* Parses a call given as one text, its words parted by one blank. */
static struct cmdline
parse_in(const char *etc, char *const *envp, const char *words)
{
	static char text[128];
	static char *argv[MAX_WORDS];
	struct cmdline_host host = { etc, envp };
	char *save = NULL, *w;
	struct cmdline c;
	int argc = 0;

	snprintf(text, sizeof(text), "dpkg %s", words);
	for (w = strtok_r(text, " ", &save); w && argc < MAX_WORDS - 1;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	ck_assert_int_eq(cmdline_parse(&c, argc, argv, &host), 0);
	return c;
}

struct place {
	char etc[64];
	char home[96];
	char *env[2];
};

static void
put(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static struct place
place_make(void)
{
	static char home_env[112];
	struct place p;
	char path[96];

	memset(&p, 0, sizeof(p));
	snprintf(p.etc, sizeof(p.etc), "/tmp/check_dpkgcfg.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(p.etc));
	snprintf(path, sizeof(path), "%s/dpkg.cfg.d", p.etc);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(p.home, sizeof(p.home), "%s/home", p.etc);
	ck_assert_int_eq(mkdir(p.home, 0700), 0);
	snprintf(home_env, sizeof(home_env), "HOME=%s", p.home);
	p.env[0] = home_env;
	return p;
}

static void
place_drop(struct place *p)
{
	static const char *const files[] = {
		"dpkg.cfg.d/a", "dpkg.cfg.d/b", "dpkg.cfg.d/B_-9",
		"dpkg.cfg.d/c.bad", "dpkg.cfg.d/.d", "dpkg.cfg",
		"home/.dpkg.cfg"
	};
	static const char *const dirs[] = {
		"dpkg.cfg.d/dir", "dpkg.cfg.d", "home", ""
	};
	char path[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", p->etc, files[i]);
		unlink(path);
	}
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", p->etc, dirs[i]);
		rmdir(path);
	}
}

START_TEST(test_order)
{
	struct place p = place_make();
	struct cmdline c;

	put(p.etc, "dpkg.cfg.d/a", "root=/a\n");
	put(p.etc, "dpkg.cfg.d/b", "root=/b\nno-triggers");
	put(p.etc, "dpkg.cfg.d/B_-9", "root=/B\nforce-overwrite\n");
	put(p.etc, "dpkg.cfg.d/c.bad", "root=/bad\n");
	put(p.etc, "dpkg.cfg.d/.d", "root=/hidden\n");
	c = parse_in(p.etc, no_env, "-r a");
	ck_assert_str_eq(c.instdir, "/b");
	ck_assert(c.no_triggers && c.force_overwrite && !c.invalid);
	cmdline_free(&c);
	put(p.etc, "dpkg.cfg", "root=/cfg\n");
	put(p.home, ".dpkg.cfg", "admindir /home\n");
	c = parse_in(p.etc, no_env, "-r a");
	ck_assert_str_eq(c.admindir, "/cfg/var/lib/dpkg");
	cmdline_free(&c);
	c = parse_in(p.etc, p.env, "-r a");
	ck_assert_str_eq(c.admindir, "/home");
	ck_assert_str_eq(c.instdir, "/cfg");
	cmdline_free(&c);
	c = parse_in(p.etc, p.env, "--root=/arg -r a");
	ck_assert_str_eq(c.instdir, "/arg");
	cmdline_free(&c);
	place_drop(&p);
}
END_TEST

START_TEST(test_home)
{
	struct place p = place_make();
	struct cmdline c;

	put(p.home, ".dpkg.cfg", "# mine\n\n  \ninstall\n");
	c = parse_in(p.etc, p.env, "x.deb");
	ck_assert_int_eq(c.action, CMD_INSTALL);
	ck_assert_int_eq(c.n_operands, 1);
	cmdline_free(&c);
	c = parse_in(p.etc, p.env, "-r x");
	ck_assert(c.invalid);
	cmdline_free(&c);
	put(p.home, ".dpkg.cfg", "no-act");
	c = parse_in(p.etc, p.env, "-r x");
	ck_assert(c.no_act && c.action == CMD_REMOVE);
	cmdline_free(&c);
	put(p.home, ".dpkg.cfg", "brand-new 1\n");
	c = parse_in(p.etc, p.env, "-r x");
	ck_assert(c.unknown_option && c.action == CMD_REMOVE && !c.invalid);
	cmdline_free(&c);
	place_drop(&p);
}
END_TEST

START_TEST(test_dead)
{
	struct place p = place_make();
	char path[96];
	struct cmdline c;

	snprintf(path, sizeof(path), "%s/dpkg.cfg.d/dir", p.etc);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	c = parse_in(p.etc, no_env, "-r x");
	ck_assert(c.invalid);
	cmdline_free(&c);
	ck_assert_int_eq(rmdir(path), 0);
	/* A loop of links cannot be opened: dpkg warns and goes on. */
	snprintf(path, sizeof(path), "%s/dpkg.cfg", p.etc);
	ck_assert_int_eq(symlink("dpkg.cfg", path), 0);
	c = parse_in(p.etc, no_env, "-r x");
	ck_assert(!c.invalid && c.action == CMD_REMOVE);
	cmdline_free(&c);
	/* A fifo's bytes are dpkg's; we neither wait nor take them. */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	c = parse_in(p.etc, no_env, "-r x");
	ck_assert(!c.invalid && c.action == CMD_REMOVE);
	cmdline_free(&c);
	place_drop(&p);
}
END_TEST

struct seen {
	char name[64];
	char value[64];
	int lines;
	bool has_value;
};

static int
note_line(void *ctx, const char *name, const char *value)
{
	struct seen *s = ctx;

	s->lines++;
	s->has_value = value != NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->value, sizeof(s->value), "%s", value ? value : "");
	return 0;
}

/* dpkg would read what we can't: nothing is known of the call then. */
START_TEST(test_trouble)
{
	static char *argv[] = { "dpkg", "-r", "x", NULL };
	struct place p = place_make();
	struct cmdline_host host = { p.etc, no_env };
	struct rlimit was, none;
	struct cmdline c;
	int fd;

	put(p.etc, "dpkg.cfg", "root=/a\n");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	fd = open("/", O_RDONLY);
	none.rlim_cur = (rlim_t)fd;
	close(fd);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(cmdline_parse(&c, 3, argv, &host), -EMFILE);
	none.rlim_cur++;	/* enough for one at a time */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(cmdline_parse(&c, 3, argv, &host), 0);
	ck_assert_str_eq(c.instdir, "/a");
	cmdline_free(&c);
	setrlimit(RLIMIT_NOFILE, &was);
	place_drop(&p);
}
END_TEST

/* As a policy for this program alone has it. */
static int
confined(int i)
{
	static char *argv[] = { "dpkg", "-r", "x", NULL };
	struct cmdline_host host = { "/etc/dpkg", no_env };
	struct cmdline c;

	(void)i;
	HOLDS(deny(SYS_openat, -1, 0, EPERM));
	HOLDS(cmdline_parse(&c, 3, argv, &host) == -EPERM);
	return 0;
}

APART_TEST(test_confined, confined)

START_TEST(test_lines)
{
	static const struct {
		const char *line, *name, *value;
		int result;
	} t[] = {
		{ "root=/x", "root", "/x", 0 },
		{ "root /x", "root", "/x", 0 },
		{ "root = /x", "root", "/x", 0 },
		{ "root==/x", "root", "/x", 0 },
		{ "root= /x", "root", "/x", 0 },
		{ "root  =/x", "root", "=/x", 0 },
		{ "root=", "root", "", 0 },
		{ "root=\"/x y\"", "root", "/x y", 0 },
		{ "root '/x' ", "root", "/x", 0 },
		{ "root=\"", "root", "", 0 },
		{ "root=\"/x", NULL, NULL, ERR_FORMAT },
		{ "root=\"/x'", NULL, NULL, ERR_FORMAT },
		{ "no-act", "no-act", NULL, 0 },
		{ "no-act \t\r\f\v", "no-act", NULL, 0 },
		{ "no-act # why", "no-act", "# why", 0 },
		{ "force-a,b", "force-a", "b", 0 },
		{ " no-act", NULL, NULL, ERR_FORMAT },
		{ "--no-act", NULL, NULL, ERR_FORMAT },
		{ "\377\376", NULL, NULL, ERR_FORMAT },
		{ "=", NULL, NULL, ERR_FORMAT },
		{ "# x", NULL, NULL, 0 }, { "", NULL, NULL, 0 },
		{ " \t", NULL, NULL, 0 }
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct seen s = { .lines = 0 };
		char line[64];

		snprintf(line, sizeof(line), "%s", t[i].line);
		ck_assert_int_eq(dpkgcfg_line(line, note_line, &s),
		                 t[i].result);
		ck_assert_int_eq(s.lines, t[i].name ? 1 : 0);
		if (!t[i].name)
			continue;
		ck_assert_str_eq(s.name, t[i].name);
		ck_assert_int_eq(s.has_value, t[i].value != NULL);
		ck_assert_str_eq(s.value, t[i].value ? t[i].value : "");
	}
}
END_TEST

START_TEST(test_long)
{
	struct place p = place_make();
	struct cmdline c;
	char *text = malloc(9000);

	/* dpkg reads 1023 bytes: what follows a long comment is an option. */
	ck_assert_ptr_nonnull(text);
	memset(text, '#', 1023);
	snprintf(text + 1023, 64, "no-act\n");
	put(p.etc, "dpkg.cfg", text);
	c = parse_in(p.etc, no_env, "-r x");
	ck_assert(c.no_act && !c.invalid);
	cmdline_free(&c);
	memset(text, '#', 1022);
	snprintf(text + 1022, 64, "no-act\n");
	put(p.etc, "dpkg.cfg", text);
	c = parse_in(p.etc, no_env, "-r x");
	ck_assert(!c.no_act);
	cmdline_free(&c);
	memset(text, 'a', 8999);
	text[8999] = '\0';
	put(p.etc, "dpkg.cfg", text);
	c = parse_in(p.etc, no_env, "-r x");
	ck_assert(c.unknown_option && c.action == CMD_REMOVE);
	cmdline_free(&c);
	free(text);
	place_drop(&p);
}
END_TEST

START_TEST(test_table)
{
	static const struct {
		const char *line;
		bool dead, unknown;
	} t[] = {
		{ "no-act=1", true, false }, { "root", true, false },
		{ "force", true, false }, { "force-help", true, false },
		{ "debug=help", true, false }, { "status-fd=x", true, false },
		{ "force-overwrite", false, false },
		{ "force overwrite,all", false, false },
		{ "force=overwrite", false, false },
		{ "force-overwrite,all", false, true },
		{ "i", false, true }, { "force-", false, true },
		{ "refuse-all", false, false }, { "remove", true, false },
		{ "assert-x", true, false }, { "pending", false, false },
		{ "path-exclude=/usr/share/doc/*", false, false }
	};
	struct place p = place_make();

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct cmdline c;

		put(p.etc, "dpkg.cfg", t[i].line);
		c = parse_in(p.etc, no_env, "-r x");
		ck_assert_msg(c.invalid == t[i].dead, "%s", t[i].line);
		ck_assert_msg(c.unknown_option == t[i].unknown, "%s",
		              t[i].line);
		cmdline_free(&c);
	}
	place_drop(&p);
}
END_TEST

START_TEST(test_random)
{
	struct place p = place_make();
	char path[96], bytes[3000];

	srandom(815);
	snprintf(path, sizeof(path), "%s/dpkg.cfg", p.etc);
	for (int i = 0; i < 1000; i++) {
		size_t n = (size_t)random() % sizeof(bytes);
		struct cmdline c;
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		ck_assert_int_ge(fd, 0);
		for (size_t k = 0; k < n; k++)
			bytes[k] = random() % 4 ? "root=/x\n #\"'-D\0a"
			    [(size_t)random() % 16] : (char)random();
		ck_assert_int_eq((int)write(fd, bytes, n), (int)n);
		close(fd);
		c = parse_in(p.etc, no_env, "-r x");
		cmdline_free(&c);
	}
	place_drop(&p);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dpkgcfg");
	TCase *t = tcase_create("dpkgcfg");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_order);
	tcase_add_test(t, test_home);
	tcase_add_test(t, test_dead);
	tcase_add_test(t, test_trouble);
	tcase_add_test(t, test_confined);
	tcase_add_test(t, test_lines);
	tcase_add_test(t, test_long);
	tcase_add_test(t, test_table);
	tcase_add_test(t, test_random);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
