/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * show_control FILE...: the tar of each .deb's control part as debar reads
 * it, to stdout. Status 1 where one is refused, and the words on stderr.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "debar.h"
#include "file.h"

static int
show(const char *name)
{
	char chunk[65536];
	int fd = open(name, O_RDONLY | O_CLOEXEC), out = -1, rc;
	ssize_t n;

	if (fd < 0) {
		perror(name);
		return 1;
	}
	rc = debar_control(fd, &out);
	close(fd);
	while (rc == 0 && (n = read(out, chunk, sizeof(chunk))) > 0)
		rc = file_write(1, chunk, (size_t)n);
	if (out >= 0)
		close(out);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", name, err_text(rc));
	return rc < 0;
}

int
main(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= show(argv[i]);
	return bad;
}
