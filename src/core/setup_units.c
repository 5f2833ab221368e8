/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "setup_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * After everything that may write to the root in an early boot: a first one
 * commits its machine-id, sysusers writes passwd, adoption sets flags. What
 * else is at it just then makes the call fail ("busy"); that passes.
 */
static const char readonly_head[] =
	"# Written by dpkg-immutable --setup-readonly, see dpkg-immutable(8).\n"
	"# To change something by hand: systemctl stop this unit, then start\n"
	"# it. One boot without it: dpkg-immutable.writable on the kernel's\n"
	"# command line.\n"
	"\n"
	"[Unit]\n"
	"Description=Put the read-only flag on mounts (dpkg-immutable)\n"
	"Documentation=man:dpkg-immutable(8)\n"
	"DefaultDependencies=no\n"
	"ConditionKernelCommandLine=!dpkg-immutable.writable\n"
	"After=local-fs.target systemd-remount-fs.service\n"
	"After=systemd-sysusers.service systemd-tmpfiles-setup.service\n"
	"After=systemd-firstboot.service systemd-machine-id-commit.service\n"
	"After=systemd-hwdb-update.service ldconfig.service\n"
	"After=systemd-journal-catalog-update.service\n"
	"After=systemd-update-done.service systemd-journal-flush.service\n"
	"After=dpkg-immutable-recover.service dpkg-immutable-adopt.service\n"
	"Before=sysinit.target\n"
	"StartLimitIntervalSec=5min\n"
	"StartLimitBurst=20\n";

/* Where /var could not be mounted, or its line in fstab is gone, the root stays
 * as it is: one that holds a /var to which nobody can write is worse. */
static const char readonly_root[] =
	"RequiresMountsFor=/var\n"
	"AssertPathIsMountPoint=/var\n";

static const char readonly_service[] =
	"\n"
	"[Service]\n"
	"Type=oneshot\n"
	"RemainAfterExit=yes\n"
	"Restart=on-failure\n"
	"RestartSec=3\n";

static const char readonly_tail[] =
	"\n"
	"[Install]\n"
	"WantedBy=sysinit.target\n";

static const char usr_text[] =
	"# Written by dpkg-immutable --setup-readonly=usr, see\n"
	"# dpkg-immutable(8). Not in fstab: an initramfs would look for a disk\n"
	"# of that name. To change something by hand:\n"
	"# mount -o remount,bind,rw /usr, and then ro.\n"
	"\n"
	"[Unit]\n"
	"Description=/usr, bound on itself and read-only (dpkg-immutable)\n"
	"Documentation=man:dpkg-immutable(8)\n"
	"DefaultDependencies=no\n"
	"ConditionKernelCommandLine=!dpkg-immutable.writable\n"
	"After=systemd-remount-fs.service\n"
	"Before=local-fs.target\n"
	"\n"
	"[Mount]\n"
	"What=/usr\n"
	"Where=/usr\n"
	"Type=none\n"
	"Options=bind,ro\n"
	"\n"
	"[Install]\n"
	"WantedBy=local-fs.target\n";

static const char memory_text[] =
	"# Written by dpkg-immutable --setup-readonly=root, see\n"
	"# dpkg-immutable(8): what the overlay on /var/tmp, in fstab, needs.\n"
	"\n"
	"[Unit]\n"
	"Description=Folders in memory for /var/tmp (dpkg-immutable)\n"
	"Documentation=man:dpkg-immutable(8)\n"
	"DefaultDependencies=no\n"
	"RequiresMountsFor=" SETUP_MEMORY "\n"
	"\n"
	"[Service]\n"
	"Type=oneshot\n"
	"RemainAfterExit=yes\n"
	"ExecStart=/bin/mkdir -p -m 1777 " SETUP_MEMORY "/tmp\n"
	"ExecStart=/bin/mkdir -p -m 0700 " SETUP_MEMORY "/tmp.work\n";

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':';
}

int
setup_unit_name(const char *path, char *ret, size_t size)
{
	static const char end[] = ".mount";
	const char *at = path + strspn(path, "/");
	size_t n = 0;

	if (*at == '\0')
		at = "/";
	for (const char *s = at; *s != '\0'; s++) {
		if (n + 4 + sizeof(end) > size)
			return -ENAMETOOLONG;
		if (*s == '/')
			ret[n++] = '-';
		else if (is_plain(*s) && !(s == at && *s == '.'))
			ret[n++] = *s;
		else
			n += (size_t)snprintf(ret + n, 5, "\\x%02x",
			                      (unsigned int)(unsigned char)*s);
	}
	memcpy(ret + n, end, sizeof(end));
	return 0;
}

static int
add_commands(struct buf *out, const char *const *mounts)
{
	int r = 0;

	for (size_t i = 0; r == 0 && mounts[i] != NULL; i++)
		r = buf_addf(out, "ExecStart=/bin/mount -o remount,bind,ro "
		             "%s\n", mounts[i]);
	for (size_t i = 0; r == 0 && mounts[i] != NULL; i++)
		r = buf_addf(out, "ExecStop=/bin/mount -o remount,bind,rw "
		             "%s\n", mounts[i]);
	return r;
}

int
setup_unit_readonly(struct buf *out, const char *const *mounts, bool root)
{
	int r = buf_add_str(out, readonly_head);

	if (r == 0 && root)
		r = buf_add_str(out, readonly_root);
	if (r == 0)
		r = buf_add_str(out, readonly_service);
	if (r == 0)
		r = add_commands(out, mounts);
	return r < 0 ? r : buf_add_str(out, readonly_tail);
}

int
setup_unit_usr(struct buf *out)
{
	return buf_add_str(out, usr_text);
}

int
setup_unit_memory(struct buf *out)
{
	return buf_add_str(out, memory_text);
}
