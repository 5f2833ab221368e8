/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * dpkg-immutable, the engine. The map of its modules; each NAME has a
 * contract in include/NAME.h. A room may use those further down, but dpkg, fs
 * and proc never each other.
 *
 * src/cli: our own command line
 *	cli		one call: parse, open, act, report, exit status
 *	options		the table of our words and its parser
 *	nearest		what a mistyped word may have meant
 *	help		--help and --version, out of that table
 *	act		the actions, a file for each family of them
 *	report		what actions say; backends for text and JSON
 *	watch		the line that tells how far work has come
 *	dpkgmode	called as dpkg: become it, or run it protected
 *
 * src/core: the idea
 *	session		a root with its state, configuration and database
 *	state		the state folder, and what adopts a root
 *	conf		the configuration
 *	policy		which names are never protected
 *	due		which files have to be protected now
 *	sharing		inodes that have more than one owner or name
 *	self		our own programs, protected as well
 *	archive		what a .deb is going to do (archive_control: its
 *			control part; archive_split: parts put together)
 *	plan		facts in, out what a dpkg run will touch
 *	prepare		reads what a plan needs, shows it
 *	triggered	packages whose triggers a run may fire
 *	guard		dpkg's lock and ours
 *	keeper		the process with the rights, and (keeper_ask) what the
 *			worker that has none asks of it
 *	run		a protected run of dpkg
 *	recover		closes what an interrupted run left open
 *	nested		a caller of ours within a live run
 *	opening		its first half: check what is to go, lift flags
 *	closing		its second half: set and record flags again
 *	settle		the end of a run that others may have joined
 *	seal		protects one package (sealall: many at once)
 *	lifting		lifts what is ours
 *	orphan		lifts what nobody owns any more
 *	admin		adopt, release, protect, unprotect, recover
 *	target		packages and paths as words of a command line
 *	survey		what each file is (audit: whether it still is)
 *	explain		all that is known of one file
 *	posture		what else on the machine must be right (posture_NAME:
 *			mounts, folders, kernel, processes, ours)
 *	audited		when the last full audit ended
 *	setup		what makes /usr or the root read-only (setup_NAME:
 *			fstab(5), units, boot, places that stay writable, who
 *			writes where, and applying all that)
 *	writable	read-only mounts in the way of what we do
 *	remounted	file systems that were made writable, on record
 *			(remounted_back: and read-only again)
 *	finding		one difference that a check tells of
 *	journal		the durable record of one run (jfile, jrecord,
 *			planrec: its file, records and plan)
 *	ledger		what each protected file must be
 *	index		a row a package, as we closed it last
 *	foreign		flags that were there before us
 *	transaction	an entry of history and log
 *	history		the chained log of all runs
 *	formatver	the first line of our state files
 *	hook		where tests kill us
 *
 * src/dpkg: what dpkg speaks
 *	cmdline		its command line (cmdtable: the table of it; cmdwords:
 *			how words are read; cmdplaces: which root)
 *	companion	those of dpkg-divert, -statoverride, -reconfigure
 *	dpkgcfg		its configuration files
 *	dpkgdb		its database
 *	deb822		stanzas of fields
 *	relation	dependencies and versions
 *	debar		the control part of a .deb (debar_unpack: by zlib,
 *			liblzma, libzstd)
 *	tar		archives of files (tar_header: one header)
 *
 * src/fs: files and their flags
 *	root		paths below a root folder (walk: finding folders)
 *	iflag		the one place that changes inode flags
 *	syncset		makes such changes durable
 *	mounts		what is mounted (lasting: what a boot forgets)
 *	remount		the one place that changes mounts
 *	holders		who keeps a file system from being read-only; writers:
 *			who may write to a file (procs: both, in /proc)
 *	digest		checksums
 *	lanes		those of many files side by side (lanes_level: which
 *			way on this CPU; lanes_kernel and others: the ways)
 *
 * src/proc: other programs
 *	child		the real dpkg, run as if we were not there
 *	capture		a helper whose output is read
 *	worker		a child of ours that goes on in our own program
 *	sandbox		what a process gives away (sandbox_calls: the system
 *			calls that it may still make)
 *	channel		messages and descriptors between two processes
 *	alive		whether a noted process still lives
 *	which		which file a command's name means
 *	real		which program is the real one (marker: our own)
 *
 * src/base: what any program needs
 *	err		errors as values, and their words
 *	env		an environment
 *	log		where words for people go
 *	progress	how far work has come
 *	buf, arena	memory
 *	strmap, inoset	sets of names, of inodes
 *	lines, vis	text, escaped names
 *	json, jsonread	JSON written and read
 *	file, lock	whole files, locks
 *	crc32c		the journal's checksum
 *
 * src/shim is the other program, the one that stands in dpkg's place (bare:
 * what it does before the C library is set up).
 */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "digest.h"
#include "dpkgmode.h"
#include "err.h"
#include "log.h"
#include "marker.h"
#include "options.h"

#define OWN_NAME "dpkg-immutable"

/*
 * A descriptor below 3 that we were started without would else be given to
 * the next file that is opened, and words meant for people written into it.
 * Nothing can be read from or written to what stands here instead, and the
 * real dpkg is still started without it.
 */
static void
fill_standard_fds(void)
{
	int fd = 0;

	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = open("/", O_PATH | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
}

static bool
is_own_name(const char *path)
{
	const char *name = path != NULL ? strrchr(path, '/') : NULL;

	name = name != NULL ? name + 1 : path;
	return name != NULL && strcmp(name, OWN_NAME) == 0;
}

int
main(int argc, char **argv, char **envp)
{
	int r;

	fill_standard_fds();
	log_program(OWN_NAME);
	r = digest_init();
	if (r < 0) {
		log_error("no checksums: %s", err_text(r));
		return EXIT_TROUBLE;
	}
	if (!is_own_name(argv[0]) || options_is_dpkg(argc, argv))
		return dpkgmode_main(argc, argv, envp);
	return cli_main(argc, argv, envp);
}
