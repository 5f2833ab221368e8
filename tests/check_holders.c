/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "holders.h"
#include "procs_fixture.h"

#define FILES 5

/* What a walk found, of one process or (pid 0) of all. */
struct hunt {
	pid_t pid;
	uint64_t dev;
	ino_t inos[FILES];	/* "f0" to "f4" */
	struct holder found[32];
	size_t n_found;
	size_t unseen;
	int answer;
};

static struct hunt hunt;

static int
found(void *ctx, const struct holder *h)
{
	struct hunt *hu = ctx;

	/* Others of this machine may have the same file system's files. */
	if (hu->pid != 0 && h->pid != hu->pid)
		return 0;
	ck_assert_uint_lt(hu->n_found, 32);
	hu->found[hu->n_found++] = *h;
	return hu->answer;
}

static void
setup(void)
{
	char name[] = "f0", page[8192] = "";
	struct stat st;

	memset(&hunt, 0, sizeof(hunt));
	scratch_open();
	for (int i = 0; i < FILES; i++) {
		name[1] = (char)('0' + i);
		scratch_write(name, page, sizeof(page));
		ck_assert_int_eq(fstatat(scratch_fd, name, &st, 0), 0);
		hunt.inos[i] = st.st_ino;
		hunt.dev = st.st_dev;
	}
}

static void
teardown(void)
{
	scratch_close();
}

static pid_t
holder(void (*act)(void))
{
	return holder_of(act, true);
}

static int
search(pid_t pid)
{
	hunt.pid = pid;
	hunt.n_found = 0;
	hunt.unseen = 12345;
	return holders_find(hunt.dev, found, &hunt, &hunt.unseen);
}

/* The holder of file f<i>; each must be there once at most. */
static const struct holder *
of_file(int i)
{
	const struct holder *h = NULL;

	for (size_t k = 0; k < hunt.n_found; k++) {
		if (hunt.found[k].ino != hunt.inos[i])
			continue;
		ck_assert_ptr_null(h);
		h = &hunt.found[k];
	}
	return h;
}

/* A process held by name, with the file's path. */
static void
expect(int i, bool deleted)
{
	const struct holder *h = of_file(i);
	char path[128];

	snprintf(path, sizeof(path), "%s/f%d", scratch_path, i);
	ck_assert_msg(h != NULL, "f%d is not there", i);
	ck_assert_int_eq(h->deleted, deleted);
	ck_assert_str_eq(h->path, path);
	ck_assert_str_eq(h->comm, "a holder\\012");
}

static int
opened(const char *name, int how)
{
	int fd = openat(scratch_fd, name, how);

	if (fd < 0)
		_exit(1);
	return fd;
}

static void
descriptors(void)
{
	prctl(PR_SET_NAME, "a holder\n");
	opened("f0", O_RDONLY);
	opened("f1", O_WRONLY);
	opened("f2", O_RDONLY | O_CLOEXEC);
	opened("f3", O_PATH);
	opened("f4", O_RDWR);
	if (dup(opened("f4", O_RDONLY)) < 0 ||
	    unlinkat(scratch_fd, "f2", 0) < 0 ||
	    unlinkat(scratch_fd, "f3", 0) < 0 ||
	    unlinkat(scratch_fd, "f4", 0) < 0)
		_exit(1);
}

START_TEST(by_descriptors)
{
	pid_t pid;

	if (no_proc())
		return;
	pid = holder(descriptors);
	ck_assert_int_eq(search(pid), 0);
	ck_assert_uint_ne(hunt.unseen, 12345);
	ck_assert_ptr_null(of_file(0));
	expect(1, false);
	expect(2, true);
	expect(3, true);
	expect(4, true);
	ck_assert_uint_eq(hunt.n_found, 4);
	/* Another file system's. */
	hunt.dev = makedev(0, 99999);
	ck_assert_int_eq(search(pid), 0);
	ck_assert_uint_eq(hunt.n_found, 0);
	end(pid);
}
END_TEST

static void
map(const char *name, int how, int prot, int kind)
{
	int fd = opened(name, how);

	if (mmap(NULL, 4096, prot, kind, fd, 4096) == MAP_FAILED)
		_exit(1);
	close(fd);
}

/* All descriptors are closed. */
static void
mappings(void)
{
	prctl(PR_SET_NAME, "a holder\n");
	if (fchmodat(scratch_fd, "f0", 0700, 0) < 0)
		_exit(1);
	map("f0", O_RDONLY, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	map("f1", O_RDONLY, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	map("f2", O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
	/* Open for writing as long as it is mapped. */
	map("f3", O_RDWR, PROT_READ, MAP_PRIVATE);
	map("f4", O_RDONLY, PROT_READ, MAP_SHARED);
	map("f4", O_RDONLY, PROT_READ, MAP_SHARED);
	if (unlinkat(scratch_fd, "f0", 0) < 0 ||
	    unlinkat(scratch_fd, "f4", 0) < 0)
		_exit(1);
}

START_TEST(by_mappings)
{
	pid_t pid;

	if (no_proc())
		return;
	pid = holder(mappings);
	ck_assert_int_eq(search(pid), 0);
	expect(0, true);
	ck_assert_ptr_null(of_file(1));
	expect(2, false);
	expect(3, false);
	expect(4, true);
	ck_assert_uint_eq(hunt.n_found, 4);
	end(pid);
	ck_assert_int_eq(search(pid), 0);
	ck_assert_uint_eq(hunt.n_found, 0);
}
END_TEST

/* Another name of it is left: nothing is in the way. */
static void
one_name_less(void)
{
	opened("f0", O_RDONLY);
	map("f0", O_RDONLY, PROT_READ, MAP_SHARED);
	if (linkat(scratch_fd, "f0", scratch_fd, "other", 0) < 0 ||
	    unlinkat(scratch_fd, "f0", 0) < 0)
		_exit(1);
}

START_TEST(other_names_are_left)
{
	pid_t pid;

	if (no_proc())
		return;
	pid = holder(one_name_less);
	ck_assert_int_eq(search(pid), 0);
	ck_assert_uint_eq(hunt.n_found, 0);
	end(pid);
}
END_TEST

static void
in_a_folder_that_is_gone(void)
{
	if (fchdir(scratch_fd) < 0 || mkdir("here", 0700) < 0 ||
	    chdir("here") < 0 || rmdir("../here") < 0)
		_exit(1);
}

START_TEST(by_working_folder)
{
	char path[128];
	pid_t pid;

	if (no_proc())
		return;
	pid = holder(in_a_folder_that_is_gone);
	ck_assert_int_eq(search(pid), 0);
	ck_assert_uint_eq(hunt.n_found, 1);
	ck_assert(hunt.found[0].deleted);
	snprintf(path, sizeof(path), "%s/here", scratch_path);
	ck_assert_str_eq(hunt.found[0].path, path);
	end(pid);
}
END_TEST

static char program[128];

static void
run_program(void)
{
	forget_all_but(-1);
	execl(program, program, "1000", (char *)NULL);
	_exit(1);
}

/* What an upgrade leaves: the program runs on from the old file. */
START_TEST(by_running_program)
{
	int out, in = open("/bin/sleep", O_RDONLY | O_CLOEXEC);
	char buf[4096];
	struct stat st;
	pid_t pid;
	ssize_t n;

	if (no_proc() || in < 0)
		return;
	snprintf(program, sizeof(program), "%s/sleep", scratch_path);
	out = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	ck_assert_int_ge(out, 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		ck_assert_int_eq(write(out, buf, (size_t)n), n);
	ck_assert_int_eq(fstat(out, &st), 0);
	close(in);
	close(out);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		run_program();
	/* Until it has become that program: this one isn't told. */
	for (int i = 0; i < 500; i++) {
		char link[64];

		snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
		n = readlink(link, buf, sizeof(buf) - 1);
		buf[n > 0 ? n : 0] = '\0';
		if (strcmp(buf, program) == 0)
			break;
		usleep(10000);
	}
	ck_assert_str_eq(buf, program);
	ck_assert_int_eq(search(pid), 0);
	ck_assert_uint_eq(hunt.n_found, 0);
	ck_assert_int_eq(unlink(program), 0);
	ck_assert_int_eq(search(pid), 0);
	ck_assert_uint_eq(hunt.n_found, 1);
	ck_assert_uint_eq(hunt.found[0].ino, st.st_ino);
	ck_assert(hunt.found[0].deleted);
	ck_assert_str_eq(hunt.found[0].path, program);
	ck_assert_str_eq(hunt.found[0].comm, "sleep");
	end(pid);
}
END_TEST

START_TEST(not_ourselves)
{
	int fd = openat(scratch_fd, "f0", O_RDWR | O_CLOEXEC);

	if (no_proc())
		return;
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(search(getpid()), 0);
	ck_assert_uint_eq(hunt.n_found, 0);
	close(fd);
}
END_TEST

START_TEST(an_answer_ends_the_walk)
{
	pid_t pid;

	if (no_proc())
		return;
	pid = holder(descriptors);
	hunt.answer = 7;
	ck_assert_int_eq(search(pid), 7);
	ck_assert_uint_eq(hunt.n_found, 1);
	ck_assert_uint_eq(hunt.unseen, 12345);
	hunt.answer = -EIO;
	ck_assert_int_eq(search(pid), -EIO);
	ck_assert_uint_eq(hunt.n_found, 1);
	end(pid);
}
END_TEST

/* In a child without rights: 0, 77 or the step that failed. */
static int
search_as_nobody(void)
{
	if (kill(1, 0) == 0)
		return 77;
	return search(0) == 0 && hunt.unseen > 0 ? 0 : 1;
}

START_TEST(others_are_unseen)
{
	without_rights(search_as_nobody);
}
END_TEST

/*
 * ------------------------------------------------------------------
 * A /proc of our own
 */
static void
fake_link(const char *to, const char *name)
{
	ck_assert_int_eq(symlinkat(to, scratch_fd, name), 0);
}

static int
search_fake(void)
{
	hunt.n_found = 0;
	hunt.unseen = 12345;
	return holders_find_at(scratch_fd, hunt.dev, found, &hunt,
	                       &hunt.unseen);
}

static void
fake_two(void)
{
	fake_process("1");
	fake_maps("1", "", 0);
	fake_process("70");
	fake_maps("70", "", 0);
	scratch_text("70/comm", "a\tb\n");
}

START_TEST(links_of_all_kinds)
{
	int fd = openat(scratch_fd, "f0", O_RDONLY);
	char self[64];

	if (no_proc())
		return;
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlinkat(scratch_fd, "f0", 0), 0);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	fake_two();
	/* The link's own rights say that it was opened for writing. */
	fake_link("../../f1", "70/fd/3");
	fake_link("../../f1", "70/fd/4");
	fake_link("..", "70/fd/5");
	fake_link("../../gone", "70/fd/6");
	fake_link("/proc/self/status", "70/fd/7");
	fake_link("../f2", "70/exe");
	fake_link(self, "70/root");
	fake_link(scratch_path, "70/cwd");
	ck_assert_int_eq(search_fake(), 0);
	ck_assert_uint_eq(hunt.unseen, 0);
	ck_assert_uint_eq(hunt.n_found, 2);
	ck_assert_int_eq(hunt.found[0].pid, 70);
	ck_assert_uint_eq(hunt.found[0].ino, hunt.inos[1]);
	ck_assert(!hunt.found[0].deleted);
	ck_assert_str_eq(hunt.found[0].path, "../../f1");
	ck_assert_str_eq(hunt.found[0].comm, "a\\011b");
	ck_assert_uint_eq(hunt.found[1].ino, hunt.inos[0]);
	ck_assert(hunt.found[1].deleted);
	ck_assert_str_eq(hunt.found[1].path, self);
	close(fd);
}
END_TEST

/* A line of maps for the pages number n, of a file on the test's device. */
static size_t
maps_line(char *to, size_t size, int n, const char *rights, ino_t ino,
          const char *name)
{
	return (size_t)snprintf(to, size, "%x000-%x000 %s 00000000 %x:%x %llu "
	    "   %s\n", n, n + 1, rights, major(hunt.dev), minor(hunt.dev),
	    (unsigned long long)ino, name);
}

/* Where the links of map_files may not be followed (here: they loop). */
START_TEST(by_numbers_in_maps)
{
	char text[16384], name[64], longest[6000];
	size_t n = 0;

	fake_two();
	for (int i = 1; i <= 8; i++) {
		snprintf(name, sizeof(name), "70/map_files/%x000-%x000", i,
		         i + 1);
		fake_link("loop", name);
	}
	fake_link("loop", "70/map_files/loop");
	n += maps_line(text + n, sizeof(text) - n, 1, "r-xp", 1001,
	               "/usr/bin/a\\012b c (deleted)");
	/* The same file once more. */
	n += maps_line(text + n, sizeof(text) - n, 2, "r--p", 1001,
	               "/usr/bin/a\\012b c (deleted)");
	n += maps_line(text + n, sizeof(text) - n, 3, "rw-s", 1002, "/w");
	n += maps_line(text + n, sizeof(text) - n, 4, "r--p", 0, "[x] "
	               "(deleted)");
	n += (size_t)snprintf(text + n, sizeof(text) - n,
	                      "5000-6000 rw-s 0 ffe:ffffe 1003 /o (deleted)\n");
	/* No link: gone meanwhile. */
	n += maps_line(text + n, sizeof(text) - n, 9, "r-xp", 1004,
	               "/gone (deleted)");
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	n += maps_line(text + n, sizeof(text) - n, 7, "rw-s", 1005, longest);
	n += maps_line(text + n, sizeof(text) - n, 8, "rw-s", 1006,
	               " (deleted)");
	fake_maps("70", text, n);
	ck_assert_int_eq(search_fake(), 0);
	ck_assert_uint_eq(hunt.unseen, 0);
	ck_assert_uint_eq(hunt.n_found, 4);
	ck_assert_uint_eq(hunt.found[0].ino, 1001);
	ck_assert(hunt.found[0].deleted);
	ck_assert_str_eq(hunt.found[0].path, "/usr/bin/a\\134012b c");
	ck_assert_uint_eq(hunt.found[1].ino, 1002);
	ck_assert(!hunt.found[1].deleted);
	ck_assert_str_eq(hunt.found[1].path, "/w");
	ck_assert_uint_eq(hunt.found[2].ino, 1005);
	ck_assert_uint_eq(strlen(hunt.found[2].path),
	                  sizeof(hunt.found[2].path) - 1);
	ck_assert_uint_eq(hunt.found[3].ino, 1006);
	ck_assert_str_eq(hunt.found[3].path, "(deleted)");
}
END_TEST

START_TEST(bad_maps)
{
	static const char *const texts[] = {
		"\n", "x\n", "1-2 rw-s 0 fe\n", "1-2 rw-s 0 fe:1 x /a\n",
		"\xff\xfe\x01\x02\n", "1-2 r--p 0 0:0 0", "1-2 rw-s 0 fe:1 1 "
	};
	char last[256];
	size_t n;

	fake_two();
	fake_link("../../f1", "70/fd/3");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		fake_maps("70", texts[i], strlen(texts[i]));
		ck_assert_int_eq(search_fake(), 0);
		ck_assert_msg(hunt.unseen == 1, "%s", texts[i]);
		/* Its descriptors were told all the same. */
		ck_assert_uint_eq(hunt.n_found, 1);
	}
	/* And so is what stands behind a bad line. */
	fake_link("../../f2", "70/map_files/1000-2000");
	n = (size_t)snprintf(last, sizeof(last), "bad\n");
	n += maps_line(last + n, sizeof(last) - n, 1, "rw-s", 5, "/b");
	fake_maps("70", last, n);
	ck_assert_int_eq(search_fake(), 0);
	ck_assert_uint_eq(hunt.unseen, 1);
	ck_assert_uint_eq(hunt.n_found, 2);
	ck_assert_uint_eq(hunt.found[1].ino, hunt.inos[2]);
	fake_maps("70", "1-2 rw-s\0 0 fe:1 1 /a\n", 22);
	ck_assert_int_eq(search_fake(), 0);
	ck_assert_uint_eq(hunt.unseen, 1);
}
END_TEST

START_TEST(ended_meanwhile)
{
	fake_process("1");
	/* No fd, no maps, no folder. */
	ck_assert_int_eq(mkdirat(scratch_fd, "50", 0700), 0);
	fake_process("51");
	fake_maps("51", "", 0);
	ck_assert_int_eq(unlinkat(scratch_fd, "51/maps", 0), 0);
	ck_assert_int_eq(search_fake(), 0);
	ck_assert_uint_eq(hunt.unseen, 0);
	ck_assert_uint_eq(hunt.n_found, 0);
	ck_assert_int_lt(holders_find_at(-1, hunt.dev, found, &hunt,
	                                 &hunt.unseen), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("holders");
	TCase *t = tcase_create("holders");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, by_descriptors);
	tcase_add_test(t, by_mappings);
	tcase_add_test(t, other_names_are_left);
	tcase_add_test(t, by_working_folder);
	tcase_add_test(t, by_running_program);
	tcase_add_test(t, not_ourselves);
	tcase_add_test(t, an_answer_ends_the_walk);
	tcase_add_test(t, others_are_unseen);
	tcase_add_test(t, links_of_all_kinds);
	tcase_add_test(t, by_numbers_in_maps);
	tcase_add_test(t, bad_maps);
	tcase_add_test(t, ended_meanwhile);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
