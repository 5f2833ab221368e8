/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "dpkgmode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "cmdline.h"
#include "companion.h"
#include "err.h"
#include "log.h"
#include "real.h"
#include "run.h"
#include "state.h"

#define TROUBLE 2	/* dpkg's status for what it could not begin */

int
dpkgmode_become(char *const *argv, char *const *envp)
{
	const char *path;
	int tries = 2;

	/* Once more: it may just have got its own name back. */
	do {
		path = real_path(real_program_of(argv[0]));
		if (path == NULL) {
			log_error("the real %s is missing; install dpkg again "
			          "from its archive",
			          argv[0] != NULL ? argv[0] : "dpkg");
			return TROUBLE;
		}
		execve(path, argv, envp);
	} while (errno == ENOENT && --tries > 0);
	log_error("cannot run %s: %s", path, err_text(-errno));
	return TROUBLE;
}

/* In doubt, yes: opening the session then says what is wrong. */
static bool
is_adopted(const char *instdir)
{
	static const char adopted[] = STATE_DIR "/adopted";
	struct stat st;
	int fd, r;

	fd = open(instdir[0] != '\0' ? instdir : "/",
	          O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOENT && errno != ENOTDIR;
	/* Behind its first slash: taken from the folder. */
	r = fstatat(fd, adopted + 1, &st, AT_SYMLINK_NOFOLLOW);
	if (r < 0)
		r = errno == ENOENT || errno == ENOTDIR ? -1 : 0;
	close(fd);
	return r == 0;
}

static int
companion_main(enum real_program program, int argc, char *const *argv,
               char *const *envp)
{
	static const enum companion_program kinds[] = {
		[REAL_DIVERT] = COMPANION_DIVERT,
		[REAL_STATOVERRIDE] = COMPANION_STATOVERRIDE,
		[REAL_RECONFIGURE] = COMPANION_RECONFIGURE
	};
	const struct cmdline_host host = { "/etc/dpkg", envp };
	struct run_outcome outcome;
	struct companion c;

	if (companion_is_query(kinds[program], argc, argv))
		return dpkgmode_become(argv, envp);
	if (companion_parse(&c, kinds[program], argc, argv, &host) < 0) {
		log_error("cannot read the command line: %s",
		          err_text(-ENOMEM));
		return TROUBLE;
	}
	if (c.action == COMPANION_QUERY || c.invalid ||
	    !is_adopted(c.instdir)) {
		companion_free(&c);
		return dpkgmode_become(argv, envp);
	}
	run_companion(program, &c, argv, envp, &outcome);
	companion_free(&c);
	if (outcome.started)
		child_exit_like(&outcome.child);
	return outcome.status;
}

int
dpkgmode_main(int argc, char *const *argv, char *const *envp)
{
	const struct cmdline_host host = { "/etc/dpkg", envp };
	struct run_outcome outcome;
	struct cmdline c;
	enum real_program program = real_program_of(argc > 0 ? argv[0] : NULL);
	int r;

	if (getuid() != 0 || geteuid() != 0)
		return dpkgmode_become(argv, envp);
	if (program != REAL_DPKG)
		return companion_main(program, argc, argv, envp);
	if (cmdline_is_query(argc, argv))
		return dpkgmode_become(argv, envp);
	r = cmdline_parse(&c, argc, argv, &host);
	if (r < 0) {
		log_error("cannot read the command line: %s", err_text(r));
		return TROUBLE;
	}
	if (!cmdline_touches(&c) || c.invalid || c.no_act ||
	    !is_adopted(c.instdir)) {
		cmdline_free(&c);
		return dpkgmode_become(argv, envp);
	}
	run_dpkg(&c, argv, envp, &outcome);
	cmdline_free(&c);
	if (outcome.started)
		child_exit_like(&outcome.child);
	return outcome.status;
}
