/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "apart.h"
#include "check_main.h"
#include "marker.h"
#include "real.h"

static int
fd_of(const void *data, size_t n)
{
	int fd = memfd_create("check_real", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, data, n), (int)n);
	return fd;
}

static bool
is_ours(const void *data, size_t n)
{
	int fd = fd_of(data, n);
	bool ours = real_is_ours(fd) > 0;

	close(fd);
	return ours;
}

START_TEST(test_names)
{
	ck_assert_int_eq(real_program_of("/usr/bin/dpkg"), REAL_DPKG);
	ck_assert_int_eq(real_program_of("dpkg"), REAL_DPKG);
	ck_assert_int_eq(real_program_of("/usr/bin/dpkg-divert"),
	                 REAL_DIVERT);
	ck_assert_int_eq(real_program_of("dpkg-divert"), REAL_DIVERT);
	ck_assert_int_eq(real_program_of("./dpkg-statoverride"),
	                 REAL_STATOVERRIDE);
	ck_assert_int_eq(real_program_of("/usr/sbin/dpkg-reconfigure"),
	                 REAL_RECONFIGURE);
	ck_assert_int_eq(real_program_of("/x/dpkg-divert/"), REAL_DPKG);
	ck_assert_int_eq(real_program_of("dpkg-diver"), REAL_DPKG);
	ck_assert_int_eq(real_program_of("dpkg-divert2"), REAL_DPKG);
	ck_assert_int_eq(real_program_of(""), REAL_DPKG);
	ck_assert_int_eq(real_program_of(NULL), REAL_DPKG);
}
END_TEST

START_TEST(test_path)
{
	const char *path = real_path(REAL_DPKG);

	/* The machine may have a dpkg or not, diverted or not. */
	if (access("/usr/bin/dpkg.distrib", F_OK) == 0)
		ck_assert_str_eq(path, "/usr/bin/dpkg.distrib");
	else if (path)
		ck_assert_str_eq(path, "/usr/bin/dpkg");
}
END_TEST

/* What can't be read can't be told from ours: it is never run. */
static int
no_path(int unused)
{
	(void)unused;
	HOLDS(deny(SYS_openat, 2, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	           O_NONBLOCK, EMFILE));
	for (int i = REAL_DPKG; i <= REAL_RECONFIGURE; i++) {
		const char *path = real_path((enum real_program)i);

		HOLDS(path == NULL || strstr(path, ".distrib") != NULL);
	}
	return 0;
}

APART_TEST(test_no_path, no_path)

/* One that can't be looked at is not a missing one. */
static int
not_told(int unused)
{
	(void)unused;
#ifdef SYS_access
	HOLDS(deny(SYS_access, -1, 0, EIO));
#endif
	HOLDS(deny(SYS_faccessat, -1, 0, EIO));
	for (int i = REAL_DPKG; i <= REAL_RECONFIGURE; i++) {
		const char *path = real_path((enum real_program)i);

		HOLDS(path != NULL && strstr(path, ".distrib") != NULL);
	}
	return 0;
}

APART_TEST(test_not_told, not_told)

START_TEST(test_marker)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	/* This program includes marker.h and so is one of ours. */
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(marker_note.name_size, sizeof(REAL_MARKER));
	ck_assert_int_eq(real_is_ours(fd), 1);
	close(fd);
	fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(real_is_ours(fd), 0);
	close(fd);
	ck_assert_int_eq(real_is_ours(-1), -EBADF);
}
END_TEST

START_TEST(test_not_elf)
{
	static const char script[] = "#!/usr/bin/perl\n# " REAL_MARKER "\n";

	ck_assert(!is_ours("", 0));
	ck_assert(!is_ours(script, sizeof(script)));
	ck_assert(!is_ours(ELFMAG, SELFMAG));
}
END_TEST

struct image {
	ElfW(Ehdr) eh;
	ElfW(Phdr) ph[2];
	ElfW(Nhdr) first;
	char first_name[4];
	char first_desc[8];
	ElfW(Nhdr) second;
	char second_name[sizeof(marker_note.name)];
};

/* A smallest ELF file whose second segment holds two notes, ours last. */
static struct image
make_image(void)
{
	struct image m;

	memset(&m, 0, sizeof(m));
	memcpy(m.eh.e_ident, ELFMAG, SELFMAG);
	m.eh.e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 :
	                                               ELFCLASS32;
	m.eh.e_phoff = offsetof(struct image, ph);
	m.eh.e_phentsize = sizeof(m.ph[0]);
	m.eh.e_phnum = 2;
	m.ph[0].p_type = PT_LOAD;
	m.ph[1].p_type = PT_NOTE;
	m.ph[1].p_offset = offsetof(struct image, first);
	m.ph[1].p_filesz = sizeof(m) - offsetof(struct image, first);
	m.ph[1].p_align = 4;
	m.first.n_namesz = 4;
	m.first.n_descsz = 6;
	memcpy(m.first_name, "GNU", 4);
	m.second.n_namesz = sizeof(REAL_MARKER);
	memcpy(m.second_name, REAL_MARKER, sizeof(REAL_MARKER));
	return m;
}

START_TEST(test_image)
{
	struct image m = make_image();

	ck_assert(is_ours(&m, sizeof(m)));
	for (size_t n = 0; n < offsetof(struct image, second_name) +
	     sizeof(REAL_MARKER); n++)
		ck_assert(!is_ours(&m, n));
	m.second_name[3] ^= 1;
	ck_assert(!is_ours(&m, sizeof(m)));
}
END_TEST

START_TEST(test_bad_image)
{
	struct image m = make_image();

	m.first.n_namesz = 0xffffffff;
	ck_assert(!is_ours(&m, sizeof(m)));
	m = make_image();
	m.first.n_descsz = 0xfffffffd;
	ck_assert(!is_ours(&m, sizeof(m)));
	m = make_image();
	m.ph[1].p_filesz = 0xffffffff;
	ck_assert(!is_ours(&m, sizeof(m)));
	m = make_image();
	memset(&m.ph[1].p_offset, 0xff, sizeof(m.ph[1].p_offset));
	ck_assert(!is_ours(&m, sizeof(m)));
	m = make_image();
	/* a name of five bytes, and the end before what fills it up */
	m.first.n_namesz = 5;
	m.ph[1].p_filesz = sizeof(m.first) + 5;
	ck_assert(!is_ours(&m, sizeof(m)));
	m = make_image();
	memset(&m.eh.e_phoff, 0xff, sizeof(m.eh.e_phoff));
	ck_assert(!is_ours(&m, sizeof(m)));
	m = make_image();
	m.eh.e_phnum = 0xffff;
	ck_assert(!is_ours(&m, sizeof(m)));
	m = make_image();
	m.eh.e_phentsize = 1;
	ck_assert(!is_ours(&m, sizeof(m)));
	m = make_image();
	m.eh.e_ident[EI_CLASS] ^= 3;
	ck_assert(!is_ours(&m, sizeof(m)));
}
END_TEST

START_TEST(test_random)
{
	struct image m;
	unsigned char *bytes = (unsigned char *)&m;

	srandom(20260101);
	for (int i = 0; i < 5000; i++) {
		m = make_image();
		for (int k = 0; k < 1 + i % 8; k++)
			bytes[(size_t)random() % sizeof(m)] =
			    (unsigned char)random();
		(void)is_ours(&m, sizeof(m));
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("real");
	TCase *t = tcase_create("real");

	tcase_add_test(t, test_names);
	tcase_add_test(t, test_path);
	tcase_add_test(t, test_no_path);
	tcase_add_test(t, test_not_told);
	tcase_add_test(t, test_marker);
	tcase_add_test(t, test_not_elf);
	tcase_add_test(t, test_image);
	tcase_add_test(t, test_bad_image);
	tcase_add_test(t, test_random);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
