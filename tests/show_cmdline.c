/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * show_cmdline ROOT [ARGV0 ARG...]: enters the folder ROOT with chroot and
 * prints what cmdline_parse makes of the call there, one key=value a line.
 * For tests/system/grammar, which asks the real dpkg the same.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmdline.h"

extern char **environ;

int
main(int argc, char **argv)
{
	struct cmdline_host host = { "/etc/dpkg", environ };
	struct cmdline c;

	if (argc < 3 || chroot(argv[1]) < 0 || chdir("/") < 0) {
		fprintf(stderr, "usage: show_cmdline ROOT ARGV0 [ARG]...\n");
		return 2;
	}
	if (cmdline_parse(&c, argc - 2, argv + 2, &host) != 0)
		return 2;
	printf("query=%d\n", cmdline_is_query(argc - 2, argv + 2));
	printf("touches=%d\n", cmdline_touches(&c));
	printf("action=%s\n", cmdline_action_name(c.action));
	printf("invalid=%d\n", c.invalid);
	printf("unknown_action=%d\n", c.unknown_action);
	printf("unknown_option=%d\n", c.unknown_option);
	printf("no_act=%d\n", c.no_act);
	printf("root=%s\n", c.instdir);
	printf("admindir=%s\n", c.admindir);
	printf("operands=%d\n", c.n_operands);
	for (int i = 0; i < c.n_operands; i++)
		printf("operand=%s\n", c.operands[i]);
	cmdline_free(&c);
	return 0;
}
