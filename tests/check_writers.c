/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>

#include "procs_fixture.h"
#include "writers.h"

#define FILES 4

/* What a walk looks for, and what it found. */
struct hunt {
	struct stat files[FILES];	/* "f0" to "f3" */
	struct writer found[16];
	size_t n_found;
	size_t unseen;
	int answer;
};

static struct hunt hunt;

/* With what the runner has open, which is none of these files. */
static pid_t
holder(void (*act)(void))
{
	return holder_of(act, false);
}

static bool
wanted(void *ctx, uint64_t dev, uint64_t ino)
{
	const struct hunt *h = ctx;

	for (int i = 0; i < FILES; i++)
		if (h->files[i].st_dev == dev && h->files[i].st_ino == ino)
			return true;
	return false;
}

static int
found(void *ctx, const struct writer *w)
{
	struct hunt *h = ctx;

	ck_assert_uint_lt(h->n_found, 16);
	h->found[h->n_found++] = *w;
	return h->answer;
}

static void
setup(void)
{
	static const char *const names[FILES] = { "f0", "f1", "f2", "f3" };
	char page[8192] = "";

	memset(&hunt, 0, sizeof(hunt));
	scratch_open();
	for (int i = 0; i < FILES; i++) {
		scratch_write(names[i], page, sizeof(page));
		ck_assert_int_eq(fstatat(scratch_fd, names[i],
		                         &hunt.files[i], 0), 0);
	}
}

static void
teardown(void)
{
	scratch_close();
}

static int
search(void)
{
	hunt.n_found = 0;
	hunt.unseen = 12345;
	return writers_find(wanted, found, &hunt, &hunt.unseen);
}

/* What the process holds, as a set of bits by file; all must be it. */
static unsigned int
held_by(pid_t pid, bool mapping)
{
	unsigned int set = 0;

	for (size_t i = 0; i < hunt.n_found; i++) {
		const struct writer *w = &hunt.found[i];

		ck_assert_int_eq(w->pid, pid);
		ck_assert_int_eq(w->mapping, mapping);
		for (unsigned int k = 0; k < FILES; k++)
			if (hunt.files[k].st_ino == w->ino &&
			    hunt.files[k].st_dev == w->dev)
				set |= 1u << k;
	}
	return set;
}

static void
descriptors(void)
{
	static const int ways[] = {
		O_RDONLY, O_WRONLY | O_APPEND, O_RDWR | O_CLOEXEC, O_PATH
	};
	char name[] = "f0";

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int fd;

		name[1] = (char)('0' + i);
		fd = openat(scratch_fd, name, ways[i]);
		if (fd < 0)
			_exit(1);
	}
}

START_TEST(descriptors_for_writing)
{
	pid_t pid;

	if (no_proc())
		return;
	pid = holder(descriptors);
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_ne(hunt.unseen, 12345);
	ck_assert_uint_eq(hunt.n_found, 2);
	ck_assert_uint_eq(held_by(pid, false), 1u << 1 | 1u << 2);
	end(pid);
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(hunt.n_found, 0);
}
END_TEST

static void
map(const char *name, int how, int prot, int kind)
{
	int fd = openat(scratch_fd, name, how);
	void *p = mmap(NULL, 4096, prot, kind, fd, 4096);

	if (p == MAP_FAILED)
		_exit(1);
	close(fd);
}

static void
mappings(void)
{
	map("f0", O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
	map("f1", O_RDWR, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	map("f2", O_RDONLY, PROT_READ, MAP_SHARED);
	/* mprotect(2) would make it writable. */
	map("f3", O_RDWR, PROT_READ, MAP_SHARED);
}

START_TEST(shared_mappings)
{
	pid_t pid;

	if (no_proc())
		return;
	pid = holder(mappings);
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(held_by(pid, true), 1u << 0 | 1u << 3);
	ck_assert_uint_eq(hunt.n_found, 2);
	end(pid);
}
END_TEST

static void
the_same_often(void)
{
	int fd = openat(scratch_fd, "f0", O_RDWR);

	map("f0", O_RDWR, PROT_WRITE, MAP_SHARED);
	for (int i = 0; i < 200; i++) {
		int copy = dup(fd);

		if (copy < 0)
			_exit(1);
	}
	map("f1", O_RDWR, PROT_WRITE, MAP_SHARED);
	map("f1", O_RDWR, PROT_WRITE, MAP_SHARED);
}

START_TEST(once_a_process_and_file)
{
	pid_t one, two;

	if (no_proc())
		return;
	one = holder(the_same_often);
	two = holder(the_same_often);
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(hunt.n_found, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct writer *w = &hunt.found[i];

		ck_assert(w->pid == one || w->pid == two);
		ck_assert_int_eq(w->mapping, w->ino == hunt.files[1].st_ino);
	}
	end(one);
	end(two);
}
END_TEST

START_TEST(not_ourselves)
{
	int fd = openat(scratch_fd, "f0", O_RDWR | O_CLOEXEC);

	if (no_proc())
		return;
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(hunt.n_found, 0);
	close(fd);
}
END_TEST

START_TEST(only_what_is_wanted)
{
	pid_t pid;

	if (no_proc())
		return;
	pid = holder(descriptors);
	hunt.files[1].st_dev++;
	hunt.files[2].st_ino++;
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(hunt.n_found, 0);
	end(pid);
}
END_TEST

START_TEST(an_answer_ends_the_walk)
{
	pid_t pid;

	if (no_proc())
		return;
	pid = holder(descriptors);
	hunt.answer = 7;
	ck_assert_int_eq(search(), 7);
	ck_assert_uint_eq(hunt.n_found, 1);
	ck_assert_uint_eq(hunt.unseen, 12345);
	hunt.answer = -EIO;
	ck_assert_int_eq(search(), -EIO);
	ck_assert_uint_eq(hunt.n_found, 1);
	end(pid);
}
END_TEST

static void
odd_name(void)
{
	prctl(PR_SET_NAME, "a b\n\\\033\xc3\xa4)]x");
	descriptors();
}

static void
very_odd_name(void)
{
	prctl(PR_SET_NAME, "\1\2\3\4\5\6\7\1\1\1\1\1\1\1\1");
	descriptors();
}

START_TEST(names)
{
	pid_t pid;

	if (no_proc())
		return;
	pid = holder(odd_name);
	ck_assert_int_eq(search(), 0);
	ck_assert_uint_eq(hunt.n_found, 2);
	ck_assert_str_eq(hunt.found[0].comm,
	                 "a b\\012\\134\\033\\303\\244)]x");
	ck_assert_str_eq(hunt.found[1].comm, hunt.found[0].comm);
	end(pid);
	pid = holder(very_odd_name);
	ck_assert_int_eq(search(), 0);
	ck_assert_str_eq(hunt.found[0].comm,
	                 "\\001\\002\\003\\004\\005\\006\\007");
	end(pid);
}
END_TEST

/* How many processes there are, and how many of them have no body. */
static int
count_processes(int *ret_bodyless)
{
	char name[300], text[512];
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int all = 0;

	ck_assert_ptr_nonnull(dir);
	*ret_bodyless = 0;
	while ((e = readdir(dir)) != NULL) {
		int fd;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		all++;
		snprintf(name, sizeof(name), "%s/cmdline", e->d_name);
		fd = openat(dirfd(dir), name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		*ret_bodyless += read(fd, text, sizeof(text)) == 0;
		close(fd);
	}
	closedir(dir);
	return all;
}

/* In a child that has no rights: 0, 77 or the step that failed. */
static int
search_as_nobody(void)
{
	int all, bodyless;
	pid_t ours;

	all = count_processes(&bodyless);
	if (kill(1, 0) == 0 || all < 2)
		return 77;
	if (search() != 0 || hunt.unseen == 0)
		return 1;
	/* Kernel threads and zombies have nothing open; some may come and go
	 * meanwhile. */
	if (bodyless > 20 && hunt.unseen > (size_t)(all - bodyless + 10))
		return 2;
	/* What may be seen is found all the same. */
	if (geteuid() != 65534)
		return 0;
	ours = fork();
	if (ours == 0)
		_exit(0);
	return search() == 0 ? 0 : 3;
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
static int
search_fake(void)
{
	hunt.n_found = 0;
	hunt.unseen = 12345;
	return writers_find_at(scratch_fd, wanted, found, &hunt, &hunt.unseen);
}

/* A mapping of file "f1". */
#define MAPPED "7f0000001000-7f0000003000 rw-s 00001000 fe:01 42 "

static void
fake_two(void)
{
	fake_process("1");
	fake_maps("1", "", 0);
	fake_process("70");
	ck_assert_int_eq(symlinkat("../../f0", scratch_fd, "70/fd/5"), 0);
	ck_assert_int_eq(symlinkat("../../f1", scratch_fd,
	    "70/map_files/7f0000001000-7f0000003000"), 0);
	ck_assert_int_eq(symlinkat("../../f2", scratch_fd,
	    "70/map_files/7f0000005000-7f0000006000"), 0);
}

START_TEST(maps_as_text)
{
	static const char text[] =
	    "00400000-00401000 r-xp 00000000 fe:01 41     /usr/bin/x\n"
	    "00500000-00501000 rw-s 00000000 00:00 0 \n"
	    MAPPED "  /a\\012b\n"
	    "7f0000005000-7f0000006000 rw-p 00000000 fe:01 43 /private\n"
	    "ffffffffff600000-ffffffffff601000 --xp 0 00:00 0   [vsyscall]\n";

	fake_two();
	fake_maps("70", text, sizeof(text) - 1);
	ck_assert_int_eq(search_fake(), 0);
	ck_assert_uint_eq(hunt.unseen, 0);
	ck_assert_uint_eq(hunt.n_found, 2);
	ck_assert_uint_eq(hunt.found[0].ino, hunt.files[0].st_ino);
	ck_assert(!hunt.found[0].mapping);
	ck_assert_uint_eq(hunt.found[1].ino, hunt.files[1].st_ino);
	ck_assert(hunt.found[1].mapping);
	ck_assert_str_eq(hunt.found[1].comm, "");
}
END_TEST

/* Lines that are longer than all buffers, and cut by their ends anywhere. */
START_TEST(long_lines)
{
	size_t size = (size_t)300 << 10, head = strlen(MAPPED);
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	fake_two();
	for (size_t pad = 65536 - 2 * head; pad <= 65536 + 1; pad++) {
		memset(text, 'x', size);
		memcpy(text, "1-2 r--p 0 0:0 0 ", 17);
		text[pad] = '\n';
		memcpy(text + pad + 1, MAPPED, head);
		text[size - 1] = '\n';
		fake_maps("70", text, size);
		ck_assert_int_eq(search_fake(), 0);
		ck_assert_uint_eq(hunt.unseen, 0);
		ck_assert_uint_eq(hunt.n_found, 2);
	}
	free(text);
}
END_TEST

START_TEST(bad_maps)
{
	static const char *const texts[] = {
		"\n", "x\n", "1\n", "1-\n", "1-2\n", "1-2 \n", "1-2 rw-s\n",
		"1-2 rw-s 0\n", "1-2 rw-s 0 fe\n", "1-2 rw-s 0 fe:\n",
		"1-2 rw-s 0 fe:1\n", "1-2 rw-s 0 fe:1 \n",
		"1-2 rw-s 0 fe:1 x /a\n", "1-2 rw-s 0 fe:1 -1 /a\n",
		"1-2 rw-sx 0 fe:1 1 /a\n", "1 2 rw-s 0 fe:1 1 /a\n",
		"G-2 rw-s 0 fe:1 1 /a\n", "-2 rw-s 0 fe:1 1 /a\n",
		"11111111111111111-2 rw-s 0 fe:1 1 /a\n",
		"1-2 rw-s 0 fe:1 99999999999999999999 /a\n",
		"\xff\xfe\x01\x02\n", "1-2 r--p 0 0:0 0",
		"1-2 r--p 0 0:0 0\n1-2 rw"
	};

	fake_two();
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		fake_maps("70", texts[i], strlen(texts[i]));
		ck_assert_int_eq(search_fake(), 0);
		ck_assert_msg(hunt.unseen == 1, "%s", texts[i]);
		/* Its descriptors were told all the same. */
		ck_assert_uint_eq(hunt.n_found, 1);
	}
	fake_maps("70", "1-2 rw-s\0 0 fe:1 1 /a\n", 22);
	ck_assert_int_eq(search_fake(), 0);
	ck_assert_uint_eq(hunt.unseen, 1);
}
END_TEST

START_TEST(ended_meanwhile)
{
	fake_process("1");
	fake_maps("1", "", 0);
	/* No fd, no maps, a descriptor that leads nowhere. */
	ck_assert_int_eq(mkdirat(scratch_fd, "50", 0700), 0);
	fake_process("51");
	fake_process("52");
	fake_maps("52", "", 0);
	ck_assert_int_eq(symlinkat("gone", scratch_fd, "52/fd/1"), 0);
	ck_assert_int_eq(search_fake(), 0);
	ck_assert_uint_eq(hunt.unseen, 0);
	ck_assert_uint_eq(hunt.n_found, 0);
}
END_TEST

/* As with the option hidepid: the first process always lives. */
START_TEST(hidden_processes)
{
	fake_process("2");
	fake_maps("2", "", 0);
	ck_assert_int_eq(search_fake(), 0);
	ck_assert_uint_eq(hunt.unseen, 1);
}
END_TEST

START_TEST(names_that_are_no_process)
{
	fake_two();
	fake_maps("70", "", 0);
	fake_process("70x");
	fake_process("-70");
	fake_process("99999999999");
	ck_assert_int_eq(symlinkat("../../f1", scratch_fd, "70x/fd/1"), 0);
	ck_assert_int_eq(symlinkat("70", scratch_fd, "self"), 0);
	ck_assert_int_eq(search_fake(), 0);
	/* 70 is ourselves now. */
	ck_assert_uint_eq(hunt.n_found, 0);
	ck_assert_int_lt(writers_find_at(-1, wanted, found, &hunt,
	                                 &hunt.unseen), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("writers");
	TCase *t = tcase_create("writers");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, descriptors_for_writing);
	tcase_add_test(t, shared_mappings);
	tcase_add_test(t, once_a_process_and_file);
	tcase_add_test(t, not_ourselves);
	tcase_add_test(t, only_what_is_wanted);
	tcase_add_test(t, an_answer_ends_the_walk);
	tcase_add_test(t, names);
	tcase_add_test(t, others_are_unseen);
	tcase_add_test(t, maps_as_text);
	tcase_add_test(t, long_lines);
	tcase_add_test(t, bad_maps);
	tcase_add_test(t, ended_meanwhile);
	tcase_add_test(t, hidden_processes);
	tcase_add_test(t, names_that_are_no_process);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
