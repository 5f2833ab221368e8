/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Do our units, or where there is no systemd our jobs, still run? */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posture_priv.h"

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

/* A link to /dev/null, or an empty file. */
static bool
is_masked(struct posture *p, const char *name)
{
	const char *path = posture_text(p, "/etc/systemd/system/%s", name);
	char target[32];
	struct node n;

	if (root_readlink(p->s->root, path, target, sizeof(target)) > 0)
		return strcmp(target, "/dev/null") == 0;
	return root_stat(p->s->root, path, &n) == 0 && S_ISREG(n.mode) &&
	       n.size == 0;
}

static bool
is_enabled(struct posture *p, const char *name, const char *wanted_by)
{
	struct node n;

	return root_stat(p->s->root, posture_text(p,
	    "/etc/systemd/system/%s.wants/%s", wanted_by, name), &n) == 0;
}

static size_t
tell_units(struct posture *p)
{
	size_t bad = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		const char *name = units[i].name;
		const char *systemctl = posture_systemctl(p);
		const char *now = p->s->guest ? "" : "--now ";
		struct posture_line line = {
			.id = "units", .state = POSTURE_BAD, .subject = name,
			.why = why_units
		};

		if (!is_installed(p, name)) {
			line.seen = "not installed";
			line.mend = posture_text(p, "%s install --reinstall "
			    "dpkg-immutable", posture_apt_get(p));
		} else if (is_masked(p, name)) {
			line.seen = "masked";
			line.mend = posture_text(p, "%s unmask %s && %s "
			    "enable %s%s", systemctl, name, systemctl, now,
			    name);
		} else if (!is_enabled(p, name, units[i].wanted_by)) {
			line.seen = "not enabled";
			line.mend = posture_text(p, "%s enable %s%s",
			                         systemctl, now, name);
		} else {
			continue;
		}
		bad++;
		posture_tell(p, &line);
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
	bool systemd = has_systemd(p);

	if ((systemd ? tell_units(p) : tell_jobs(p)) > 0)
		return;
	posture_tell(p, &(struct posture_line){
		.id = "units", .state = POSTURE_OK, .why = why_units,
		.seen = systemd ? "recovery and audits are enabled" :
		    "the jobs of cron and init are in place"
	});
}
