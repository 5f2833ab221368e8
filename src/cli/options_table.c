/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "options.h"

#define V(verb)		(1u << VERB_ ## verb)
#define WALKS		(V(VERIFY) | V(LIST) | V(COVERAGE) | V(EXPLAIN))
#define CHANGES		(V(PROTECT) | V(UNPROTECT) | V(ADOPT) | V(RELEASE))
#define TELLS		(WALKS | CHANGES | V(PLAN) | V(RECOVER) | V(HISTORY) | \
			 V(POSTURE))
#define ALL		(TELLS | V(OPEN) | V(EXPORT) | V(SETUP))

#define ACTION(name, letter, verb, operands, arg, help) \
	{ name, letter, OPTION_ACTION, VERB_ ## verb, 0, operands, false, \
	  arg, help }
#define PLAIN(name, letter, id, with, help) \
	{ name, letter, OPTION_PLAIN, OPT_ ## id, with, false, false, \
	  NULL, help }
#define VALUE(name, id, with, arg, help) \
	{ name, 0, OPTION_VALUE, OPT_ ## id, with, false, false, arg, help }

/* In the order of --help. */
static const struct option_row rows[] = {
	ACTION("verify", 'V', VERIFY, true, "[PKG|GLOB|PATH]...",
	       "check flags and content of files"),
	ACTION("protect", 0, PROTECT, true, "PKG...|-a",
	       "set flags, record the files"),
	ACTION("unprotect", 0, UNPROTECT, true, "PKG...|-a",
	       "lift flags until --protect"),
	ACTION("adopt", 0, ADOPT, false, NULL,
	       "begin: protect everything that is installed"),
	ACTION("release", 0, RELEASE, false, NULL,
	       "end: lift every flag that we set"),
	ACTION("open", 0, OPEN, true, "PKG... -- COMMAND...",
	       "run a command with their files open"),
	ACTION("plan", 0, PLAN, true, "-- DPKG-ARGS...",
	       "what dpkg would open and close"),
	ACTION("list", 0, LIST, true, "[PKG|GLOB|PATH]...",
	       "a line a file: its state and why"),
	ACTION("coverage", 0, COVERAGE, false, NULL,
	       "files by state and file system"),
	ACTION("explain", 0, EXPLAIN, true, "PATH...",
	       "whose a file is, its state, and why"),
	ACTION("recover", 0, RECOVER, false, NULL,
	       "close what an interrupted run left open"),
	{ "export", 0, OPTION_ACTION, VERB_EXPORT, 0, true, true,
	  "mtree|sha256sum|json [PKG]...",
	  "the records in forms that other tools read" },
	ACTION("history", 0, HISTORY, false, NULL,
	       "the log of all runs, newest last"),
	ACTION("posture", 0, POSTURE, false, NULL,
	       "check the machine around us"),
	{ "setup-readonly", 0, OPTION_ACTION, VERB_SETUP, 0, false, true,
	  "usr|root", "a read-only /usr or root" },
	ACTION("help", 0, HELP, false, NULL, "this text"),
	ACTION("version", 0, VERSION, false, NULL,
	       "the version of this program"),

	PLAIN("all", 'a', ALL, V(PROTECT) | V(UNPROTECT),
	      "all installed packages"),
	PLAIN("accept", 0, ACCEPT, V(PROTECT) | V(ADOPT),
	      "take the present state of the files over"),
	PLAIN("quick", 0, QUICK, V(VERIFY) | V(PROTECT) | V(ADOPT),
	      "--verify: read only what has other times than\n"
	      "recorded; --protect, --adopt: read nothing"),
	PLAIN("no-act", 0, NO_ACT, CHANGES,
	      "only tell what would be done"),
	PLAIN("apply", 0, APPLY, V(SETUP),
	      "write what it prints, keep what was there"),
	PLAIN("forget", 0, FORGET, V(RELEASE),
	      "remove records and history too"),
	PLAIN("check", 0, CHECK, V(HISTORY),
	      "prove that no entry was changed or taken away"),
	VALUE("root", ROOT, ALL, "DIR",
	      "the system below DIR (default: $DPKG_ROOT, /)"),
	VALUE("admindir", ADMINDIR, ALL, "DIR",
	      "dpkg's database (default: $DPKG_ADMINDIR,\n"
	      "else the adopted one)"),
	VALUE("config", CONFIG, ALL & ~V(HISTORY), "FILE",
	      "read this configuration file and no other"),
	PLAIN("conffiles", 0, CONFFILES, V(VERIFY),
	      "tell of conffiles that are not the package's"),
	VALUE("digests", DIGESTS, V(VERIFY), "one|all",
	      "all: every digest that is recorded"),
	VALUE("since", SINCE, V(VERIFY), "TXN|DATE",
	      "only packages that a run since then changed"),
	VALUE("slice", SLICE, V(VERIFY), "N/M",
	      "only the Nth of M parts of all bytes"),
	PLAIN("polite", 0, POLITE, V(VERIFY),
	      "read slowly, leave the page cache as it was"),
	VALUE("metrics", METRICS, V(VERIFY), "FILE",
	      "write the outcome for Prometheus"),
	VALUE("trust", TRUST, V(VERIFY), "FILE",
	      "the history must be signed with this key"),
	VALUE("format", FORMAT, TELLS, "text|json|rpm",
	      "json: one object a line; rpm: as rpm -V"),
	VALUE("jobs", JOBS, WALKS | CHANGES | V(RECOVER) | V(OPEN), "N",
	      "threads (default: one a processor)"),
	PLAIN("quiet", 0, QUIET, ALL,
	      "no summary, no warnings"),
	PLAIN("verbose", 0, VERBOSE, ALL,
	      "tell more: folders, what was read"),
	PLAIN("no-progress", 0, NO_PROGRESS, ALL,
	      "no line on the terminal while work goes on"),
	VALUE("color", COLOR, TELLS, "auto|always|never",
	      "states and findings in colour (default: auto)")
};

const struct option_row *
options_row(size_t n)
{
	return n < sizeof(rows) / sizeof(rows[0]) ? &rows[n] : NULL;
}
