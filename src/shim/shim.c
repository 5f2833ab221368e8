/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * The program that stands in the place of dpkg, dpkg-divert,
 * dpkg-statoverride and dpkg-reconfigure. It decides whether a call can
 * touch an installed file and becomes the engine if so, else the real
 * program. It runs hundreds of times for one apt call, so a query takes no
 * memory, reads no file and prints nothing: mind what you link in.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cmdline.h"
#include "companion.h"
#include "err.h"
#include "marker.h"
#include "real.h"

#ifndef DI_ENGINE_PATH
#define DI_ENGINE_PATH "/usr/sbin/dpkg-immutable"
#endif

#define EXIT_TROUBLE 2		/* dpkg's status for what it could not start */

/* One line on stderr in one write; reason may be NULL. */
static void
say(const char *what, const char *subject, const char *reason)
{
	const char *part[] = { "dpkg-immutable: ", what, subject,
	                       reason ? ": " : "", reason ? reason : "",
	                       "\n" };
	struct iovec io[sizeof(part) / sizeof(part[0])];

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		io[i].iov_base = (char *)part[i];
		io[i].iov_len = strlen(part[i]);
	}
	/* Nothing to be done where even stderr does not take it. */
	if (writev(STDERR_FILENO, io, sizeof(part) / sizeof(part[0])) < 0)
		return;
}

static const char *
reason_of(int err)
{
	const char *text = strerrordesc_np(err);

	return text ? text : "unknown error";
}

static bool
is_diverted(const char *path)
{
	static const char behind[] = ".distrib";
	size_t n = strlen(path);

	return n >= sizeof(behind) &&
	       strcmp(path + n - (sizeof(behind) - 1), behind) == 0;
}

/* Only returns, with an exit status, when the program cannot be started. */
static int
become_real(enum real_program program, const char *self, char **argv,
            char **envp)
{
	const char *path;
	int tries = 2;

	/* Once more: it may just have got its own name back. */
	do {
		path = real_path(program);
		if (!path) {
			say("the program behind this one is missing; put it "
			    "back from its .deb as NAME.distrib: ",
			    self ? self : "dpkg", NULL);
			return EXIT_TROUBLE;
		}
		/* A shim copied over the diverted name would start itself for
		 * ever; what has our own name is known to be none. */
		if (self && strcmp(self, path) == 0 && is_diverted(path)) {
			say("stands in its own way, put the real program "
			    "there: ", path, NULL);
			return EXIT_TROUBLE;
		}
		execve(path, argv, envp);
	} while (errno == ENOENT && --tries > 0);
	say("cannot run ", path, reason_of(errno));
	return EXIT_TROUBLE;
}

/* In doubt, yes: then the engine has the last word. */
static bool
is_adopted(const char *instdir)
{
	struct stat st;
	bool adopted;
	int fd, r;

	fd = open(*instdir ? instdir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOENT && errno != ENOTDIR;
	r = fstatat(fd, "var/lib/dpkg-immutable/adopted", &st,
	            AT_SYMLINK_NOFOLLOW);
	adopted = r == 0 || (errno != ENOENT && errno != ENOTDIR);
	close(fd);
	return adopted;
}

#define MENDS_IT \
	"dpkg-immutable can be reinstalled once its " \
	"./usr/sbin/dpkg-immutable is unpacked from its package " \
	"(dpkg-deb --fsys-tarfile FILE.deb | tar -C / -x), " \
	"or lift the flags with chattr -i and use dpkg.distrib: cannot run "

/* An error of the moment: nothing is half done then, nor left unprotected. A
 * disk's may stay. */
static int
not_now(int err)
{
	say(err == EIO ? "nothing was started, to be tried again; if that "
	    "stays so, " MENDS_IT : "nothing was started, to be tried again: "
	    "cannot run ", DI_ENGINE_PATH, reason_of(err));
	return EXIT_TROUBLE;
}

/*
 * The engine is not there or does not start. Over flags, dpkg fails loudly
 * where it writes files, so a repair can begin; but it reports a removal
 * that removed nothing as done.
 */
static int
without_engine(enum cmd_action action, int err, const char *self,
               char **argv, char **envp)
{
	if (err_passes(-err))
		return not_now(err);
	if (action == CMD_REMOVE || action == CMD_PURGE) {
		say("nothing removed, since the files are still protected; "
		    MENDS_IT, DI_ENGINE_PATH, reason_of(err));
		return EXIT_TROUBLE;
	}
	say("warning: running dpkg over protected files: cannot run ",
	    DI_ENGINE_PATH, reason_of(err));
	return become_real(REAL_DPKG, self, argv, envp);
}

static int
run_dpkg(const char *self, int argc, char **argv, char **envp)
{
	struct cmdline_host host = { "/etc/dpkg", envp };
	enum cmd_action action;
	struct cmdline c;
	bool ours;
	int r;

	if (getuid() != 0 || geteuid() != 0 || cmdline_is_query(argc, argv))
		return become_real(REAL_DPKG, self, argv, envp);
	r = cmdline_parse(&c, argc, argv, &host);
	if (r < 0) {
		say("cannot read the command line", "", reason_of(-r));
		return EXIT_TROUBLE;
	}
	action = c.action;
	ours = cmdline_touches(&c) && !c.no_act && !c.invalid &&
	       is_adopted(c.instdir);
	cmdline_free(&c);
	if (!ours)
		return become_real(REAL_DPKG, self, argv, envp);
	execve(DI_ENGINE_PATH, argv, envp);
	return without_engine(action, errno, self, argv, envp);
}

static enum companion_program
companion_of(enum real_program program)
{
	switch (program) {
	case REAL_STATOVERRIDE:
		return COMPANION_STATOVERRIDE;
	case REAL_RECONFIGURE:
		return COMPANION_RECONFIGURE;
	case REAL_DPKG:
	case REAL_DIVERT:
		break;
	}
	return COMPANION_DIVERT;
}

static int
run_companion(enum real_program program, const char *self, int argc,
              char **argv, char **envp)
{
	struct cmdline_host host = { "/etc/dpkg", envp };
	enum companion_program which = companion_of(program);
	struct companion c;
	bool ours;
	int r;

	if (getuid() != 0 || geteuid() != 0 ||
	    companion_is_query(which, argc, argv))
		return become_real(program, self, argv, envp);
	r = companion_parse(&c, which, argc, argv, &host);
	if (r < 0) {
		say("cannot read the command line", "", reason_of(-r));
		return EXIT_TROUBLE;
	}
	ours = c.action != COMPANION_QUERY && !c.invalid &&
	       is_adopted(c.instdir);
	companion_free(&c);
	if (!ours)
		return become_real(program, self, argv, envp);
	execve(DI_ENGINE_PATH, argv, envp);
	if (err_passes(-errno))
		return not_now(errno);
	/* Over flags all three fail loudly. */
	say("warning: running over protected files: cannot run ",
	    DI_ENGINE_PATH, reason_of(errno));
	return become_real(program, self, argv, envp);
}

int
main(int argc, char **argv, char **envp)
{
	const char *self = (const char *)getauxval(AT_EXECFN);
	enum real_program program;

	if (!self)
		self = argv[0];
	program = real_program_of(self);
	if (program != REAL_DPKG)
		return run_companion(program, self, argc, argv, envp);
	return run_dpkg(self, argc, argv, envp);
}
