/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Do our units, or where there is no systemd our jobs, still run? */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posture_priv.h"

#define EARLY "/run/systemd/generator.early"
#define ETC "/etc/systemd/system"
#define RUN "/run/systemd/system"

static const char why_units[] = "without them nothing is closed after a power "
    "cut until dpkg is run again, and no audit is made";

static const struct {
	const char *name;
	const char *wanted_by;
} units[] = {
	{ "dpkg-immutable-recover.service", "sysinit.target" },
	{ "dpkg-immutable-verify.timer", "timers.target" },
	{ "dpkg-immutable-quick.timer", "timers.target" },
	{ "dpkg-immutable-remount.timer", "timers.target" }
};

static const char *const jobs[] = {
	"/etc/cron.weekly/dpkg-immutable", "/etc/cron.daily/dpkg-immutable",
	"/etc/init.d/dpkg-immutable-recover"
};

static bool
has_systemd(struct posture *p)
{
	return posture_exists(p, "/usr/lib/systemd/systemd") ||
	       posture_exists(p, "/lib/systemd/systemd");
}

/* Not so in a chroot, nor beside another init; sd_booted(3). */
static bool
is_booted(struct posture *p)
{
	struct node n;

	return p->s->guest ||
	       (root_stat(p->s->root, "/run/systemd/system", &n) == 0 &&
	        S_ISDIR(n.mode));
}

/* A link to /dev/null, or an empty file. */
enum posture_unit
posture_unit(struct posture *p, const char *folder, const char *name)
{
	const char *path = posture_text(p, "%s/%s", folder, name);
	char target[32];
	struct node n;

	if (root_stat(p->s->root, path, &n) < 0)
		return POSTURE_UNIT_NONE;
	if (S_ISREG(n.mode))
		return n.size == 0 ? POSTURE_UNIT_MASK : POSTURE_UNIT_FILE;
	if (root_readlink(p->s->root, path, target, sizeof(target)) > 0 &&
	    strcmp(target, "/dev/null") == 0)
		return POSTURE_UNIT_MASK;
	return posture_exists(p, path) ? POSTURE_UNIT_FILE :
	    POSTURE_UNIT_NONE;
}

static bool
is_installed(struct posture *p, const char *name)
{
	return posture_exists(p, posture_text(p, "/usr/lib/systemd/system/%s",
	                                      name)) ||
	       posture_exists(p, posture_text(p, "/lib/systemd/system/%s",
	                                      name)) ||
	       posture_exists(p, posture_text(p, "/etc/systemd/system/%s",
	                                      name));
}

/* The folder with the mask that is in force: the first of systemd's that has
 * the unit counts. NULL: none. /run of another root is not what it will be. */
static const char *
masked_in(struct posture *p, const char *name)
{
	static const char *const folders[] = { EARLY, ETC, RUN };

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		enum posture_unit unit;

		if (p->s->guest && strcmp(folders[i], ETC) != 0)
			continue;
		unit = posture_unit(p, folders[i], name);
		if (unit != POSTURE_UNIT_NONE)
			return unit == POSTURE_UNIT_MASK ? folders[i] : NULL;
	}
	return NULL;
}

static bool
is_enabled(struct posture *p, const char *name, const char *wanted_by)
{
	struct node n;

	return root_stat(p->s->root, posture_text(p,
	    "/etc/systemd/system/%s.wants/%s", wanted_by, name), &n) == 0;
}

static void
tell_masked(struct posture *p, const char *folder, const char *enable,
            struct posture_line *line)
{
	const char *systemctl = posture_systemctl(p);
	bool run = strcmp(folder, RUN) == 0;

	if (strcmp(folder, EARLY) == 0) {
		line->seen = "masked by the kernel's command line";
		line->keep = "a boot without systemd.mask= of it";
	} else {
		line->seen = run ? "masked until the next boot" : "masked";
		line->mend = posture_text(p, "%s unmask %s%s && %s",
		    systemctl, run ? "--runtime " : "", line->subject,
		    enable);
	}
	posture_tell(p, line);
}

static size_t
tell_units(struct posture *p)
{
	size_t bad = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		const char *name = units[i].name;
		const char *enable = posture_text(p, "%s enable %s%s",
		    posture_systemctl(p), p->s->guest ? "" : "--now ", name);
		const char *folder = masked_in(p, name);
		struct posture_line line = {
			.id = "units", .state = POSTURE_BAD, .subject = name,
			.why = why_units
		};

		if (!is_installed(p, name)) {
			line.seen = "not installed";
			line.mend = posture_text(p, "%s install --reinstall "
			    "dpkg-immutable", posture_apt_get(p));
			posture_tell(p, &line);
		} else if (folder != NULL) {
			tell_masked(p, folder, enable, &line);
		} else if (!is_enabled(p, name, units[i].wanted_by)) {
			line.seen = "not enabled";
			line.mend = enable;
			posture_tell(p, &line);
		} else {
			continue;
		}
		bad++;
	}
	return bad;
}

static size_t
tell_jobs(struct posture *p)
{
	struct posture_line line = {
		.id = "units", .state = POSTURE_BAD, .why = why_units
	};
	size_t bad = 0;

	if (!posture_exists(p, "/usr/sbin/cron") &&
	    !posture_exists(p, "/usr/sbin/anacron") &&
	    !posture_exists(p, "/usr/sbin/crond")) {
		bad++;
		line.seen = "neither systemd nor cron is installed";
		line.mend = posture_text(p, "%s install -y "
		    "--no-install-recommends cron", posture_apt_get(p));
		posture_tell(p, &line);
	}
	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++) {
		struct node n;
		int r = root_stat(p->s->root, jobs[i], &n);

		line.subject = jobs[i];
		if (r < 0) {
			line.seen = err_text(r);
			line.mend = posture_text(p, "%s install --reinstall "
			    "-o Dpkg::Options::=--force-confmiss "
			    "dpkg-immutable", posture_apt_get(p));
		} else if (!S_ISREG(n.mode) || (n.mode & 0111) == 0) {
			line.seen = "can't be run";
			line.mend = posture_text(p, "chmod 755 %s",
			                         posture_path(p, jobs[i]));
		} else {
			continue;
		}
		bad++;
		posture_tell(p, &line);
	}
	return bad;
}

void
posture_units(struct posture *p)
{
	struct posture_line line = {
		.id = "units", .state = POSTURE_OK, .why = why_units,
		.seen = "the jobs of cron and init are in place"
	};

	if (!has_systemd(p)) {
		if (tell_jobs(p) > 0)
			return;
	} else if (tell_units(p) > 0) {
		return;
	} else if (is_booted(p)) {
		line.seen = "recovery and audits are enabled";
	} else {
		line.state = POSTURE_NOTE;
		line.seen = "systemd is installed, but was not started here: "
		    "none of its units runs";
		line.keep = "cron and an init that run our jobs instead";
	}
	posture_tell(p, &line);
}
