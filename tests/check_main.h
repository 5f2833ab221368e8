/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_TEST_CHECK_MAIN_H
#define DI_TEST_CHECK_MAIN_H

#include <check.h>
#include <fcntl.h>

/* How many descriptors are open, so that a test can say that none is left. */
static inline int
descriptors_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* The main of every unit test: runs what the file's suite() gives. */
#define CHECK_MAIN() \
int \
main(void) \
{ \
	SRunner *r = srunner_create(suite()); \
	int failed; \
 \
	srunner_run_all(r, CK_ENV); \
	failed = srunner_ntests_failed(r); \
	srunner_free(r); \
	return failed ? 1 : 0; \
}

#endif
