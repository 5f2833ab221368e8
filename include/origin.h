/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ORIGIN_H
#define DI_ORIGIN_H

/*
 * Who called us, for the history (proc(5)). Nothing here is proof: the
 * environment is not asked, but a process may name itself as it likes.
 */
struct origin {
	long login_uid;		/* /proc/self/loginuid; -1: none */
	char tty[32];		/* "pts/3", "tty1", "ttyS0", else "MAJOR:MINOR";
				 * "": none (/proc/self/stat, tty_nr) */
	int parent;		/* its process id */
	char parent_name[64];	/* /proc/PPID/comm; "" unknown */
	char parent_line[256];	/* its command line, blanks between, cut; raw
				 * bytes but no control bytes; "" unknown */
};

/* pid: the process that was called, ours or the one above a worker. Never
 * fails: what can't be read is absent. */
void origin_read(pid_t pid, struct origin *ret);

#endif
