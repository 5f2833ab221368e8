/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * show_companion ROOT PROGRAM [ARG...]: enters the folder ROOT with chroot
 * and prints what companion_parse makes of the call of PROGRAM there, one
 * key=value a line. For tests/system/companion-grammar, which asks the real
 * program the same.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "companion.h"

extern char **environ;

static const char *const programs[] = { "dpkg-divert", "dpkg-statoverride",
                                        "dpkg-reconfigure" };
static const char *const actions[] = { "query", "move-add", "move-remove",
                                       "record", "override", "configure" };

static int
program_of(const char *name)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(programs[i], name) == 0)
			return i;
	return -1;
}

int
main(int argc, char **argv)
{
	struct cmdline_host host = { "/etc/dpkg", environ };
	enum companion_program program;
	struct companion c;

	if (argc < 3 || program_of(argv[2]) < 0 || chroot(argv[1]) < 0 ||
	    chdir("/") < 0) {
		fprintf(stderr,
		        "usage: show_companion ROOT PROGRAM [ARG]...\n");
		return 2;
	}
	program = (enum companion_program)program_of(argv[2]);
	if (companion_parse(&c, program, argc - 2, argv + 2, &host) != 0)
		return 2;
	printf("query=%d\n", companion_is_query(program, argc - 2, argv + 2));
	printf("action=%s\n", actions[c.action]);
	printf("invalid=%d\n", c.invalid);
	printf("unknown_option=%d\n", c.unknown_option);
	printf("root=%s\n", c.instdir);
	printf("admindir=%s\n", c.admindir);
	if (c.path)
		printf("path=%s\n", c.path);
	if (c.divert)
		printf("divert=%s\n", c.divert);
	printf("operands=%d\n", c.n_operands);
	for (int i = 0; i < c.n_operands; i++)
		printf("operand%d=%s\n", i, c.operands[i]);
	companion_free(&c);
	return 0;
}
