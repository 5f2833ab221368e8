/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Who writes below what will be read-only, outside of dpkg's runs. */
#include "setup_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "root.h"
#include "strmap.h"

enum writer_kind {
	WRITER_BINDS,	/* its folder gets a writable mount of its own */
	WRITER_FILE,	/* a file; where it is a link it is well already */
	WRITER_LACKS,	/* only where the path is not there */
	WRITER_NOTE
};

struct writer {
	const char *package;
	const char *path;
	enum writer_kind kind;
	const char *text;
};

#define STATE "keeps its state there"
#define BY_HAND "needs " SETUP_SERVICE " stopped for as long as it works"

/* Well known, and few; the rest is found by who owns what. */
static const struct writer writers[] = {
	{ "certbot", "/etc/letsencrypt", WRITER_BINDS, STATE },
	{ "cups-daemon", "/etc/cups", WRITER_BINDS, STATE },
	{ "lvm2", "/etc/lvm/archive", WRITER_BINDS, STATE },
	{ "lvm2", "/etc/lvm/backup", WRITER_BINDS, STATE },
	{ "network-manager", "/etc/NetworkManager/system-connections",
	  WRITER_BINDS, STATE },

	{ "dhcpcd-base", "/etc/resolv.conf", WRITER_FILE,
	  "is written with every lease: install resolvconf, or make it a link "
	  "to a file in /run" },
	{ "isc-dhcp-client", "/etc/resolv.conf", WRITER_FILE,
	  "is written with every lease: install resolvconf, or make it a link "
	  "to a file in /run" },
	{ "network-manager", "/etc/resolv.conf", WRITER_FILE,
	  "make it a link: ln -sf /run/NetworkManager/resolv.conf "
	  "/etc/resolv.conf" },
	{ "resolvconf", "/etc/resolv.conf", WRITER_FILE,
	  "make it a link: ln -sf /run/resolvconf/resolv.conf "
	  "/etc/resolv.conf" },
	{ "systemd-resolved", "/etc/resolv.conf", WRITER_FILE,
	  "make it a link: ln -sf /run/systemd/resolve/stub-resolv.conf "
	  "/etc/resolv.conf" },
	{ "fake-hwclock", "/etc/fake-hwclock.data", WRITER_FILE,
	  "set FILE=/var/lib/fake-hwclock.data in /etc/default/fake-hwclock" },
	{ "util-linux-extra", "/etc/adjtime", WRITER_FILE,
	  "hwclock(8) notes the clock's drift there; to keep that, make it a "
	  "link to a file in /var/lib" },
	{ "grub-common", "/boot/grub/grubenv", WRITER_FILE,
	  "grub-common.service notes there that a boot went well; mask it, or "
	  "give /boot/grub a line of its own in fstab" },

	{ "openssh-server", "/etc/ssh/ssh_host_ed25519_key", WRITER_LACKS,
	  "host keys are not there: ssh-keygen -A makes them, now" },

	{ "bind9", "/etc/bind", WRITER_NOTE,
	  "zones that change by themselves belong into /var/lib/bind" },
	{ "cloud-init", "/etc", WRITER_NOTE,
	  "writes in many places when an instance first boots: boot that once "
	  "with dpkg-immutable.writable on the kernel's command line" },
	{ "etckeeper", "/etc/.git", WRITER_NOTE,
	  "commits outside of dpkg's runs, and fails: remove it, or give "
	  "/etc/.git a line of its own in fstab" },
	{ "mdadm", "/etc/mdadm/mdadm.conf", WRITER_NOTE,
	  "what changes arrays by hand " BY_HAND },
	{ "passwd", "/etc/shadow", WRITER_NOTE,
	  "passwd(1), chage(1), adduser(8) by hand: each " BY_HAND },
	{ "postfix", "/etc/aliases.db", WRITER_NOTE,
	  "newaliases(1) and postmap(1) by hand: each " BY_HAND },
	{ "samba", "/etc/samba", WRITER_NOTE,
	  "shares and passwords lie in /var/lib/samba; what writes smb.conf "
	  BY_HAND },
	{ "snapd", "/etc/systemd/system", WRITER_NOTE,
	  "writes units of its mounts there: every change of a snap "
	  BY_HAND }
};

static bool
is_installed(const struct dpkgdb *db, const char *name)
{
	const struct package *p = dpkgdb_first(db, name);

	for (; p != NULL && p < db->packages + db->n_packages &&
	       strcmp(p->name, name) == 0; p++)
		if (p->state >= PKG_HALF_INSTALLED)
			return true;
	return false;
}

int
setup_writers(struct setup *p, struct session *s,
              int (*bind)(void *ctx, const char *path), void *ctx)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(writers) / sizeof(writers[0]);
	     i++) {
		const struct writer *w = &writers[i];
		struct node node;
		bool there;

		if (!is_installed(s->db, w->package))
			continue;
		there = root_stat(s->root, w->path, &node) == 0;
		if (w->kind == WRITER_BINDS) {
			if (!there || !S_ISDIR(node.mode))
				continue;
			r = bind(ctx, w->path);
		} else if ((w->kind == WRITER_FILE && there &&
		            S_ISLNK(node.mode)) ||
		           (w->kind == WRITER_LACKS && there)) {
			continue;
		}
		if (r == 0)
			r = setup_note(p, w->path, w->package, w->text);
	}
	return r;
}

/* The name with no link in it, where it will be read-only; else false. */
static bool
will_be_readonly(struct setup *p, struct session *s, const char *path,
                 char *real, size_t size)
{
	const char *base = strrchr(path, '/');
	const char *folder;
	int n, err;

	/* quick: most of what is left out is so by its own name */
	if (base == NULL || setup_is_open(p, path))
		return false;
	folder = root_folder(s->root, path, &err);
	if (folder == NULL)
		return false;
	n = snprintf(real, size, "%s%s", folder, base);
	if (n < 0 || (size_t)n >= size)
		return false;
	return p->scheme == SETUP_ROOT ? !setup_is_open(p, real) :
	    strncmp(real, "/usr/", 5) == 0;
}

/* Programs are owned by others for their setuid bit, not to be written. */
static bool
others_may_write(const struct node *n, char *text, size_t size)
{
	if (n->uid != 0 && (S_ISDIR(n->mode) || (n->mode & 0111) == 0) &&
	    (n->mode & 0200) && (S_ISDIR(n->mode) || S_ISREG(n->mode)))
		snprintf(text, size, "belongs to user %u, who could write "
		         "there", n->uid);
	else if (S_ISDIR(n->mode) && (n->mode & 0002))
		snprintf(text, size, "everybody could write there");
	else if (S_ISDIR(n->mode) && (n->mode & 0020) && n->gid != 0)
		snprintf(text, size, "group %u could write there", n->gid);
	else
		return false;
	return true;
}

static int
look_at(struct setup *p, struct session *s, const struct package *pkg,
        struct strmap *seen)
{
	char real[4096], text[80];
	struct node node;
	int r = 0;

	for (size_t i = 0; r == 0 && i < pkg->n_paths; i++) {
		uintptr_t known;

		if (!will_be_readonly(p, s, pkg->paths[i], real,
		                      sizeof(real)) ||
		    root_stat(s->root, real, &node) < 0 ||
		    !others_may_write(&node, text, sizeof(text)) ||
		    strmap_get(seen, pkg->paths[i], &known))
			continue;
		r = setup_note(p, real, pkg->name, text);
		if (r == 0)
			r = strmap_put(seen, pkg->paths[i], 1);
	}
	return r;
}

int
setup_owned(struct setup *p, struct session *s, struct diag *diag)
{
	struct strmap *seen = strmap_new();
	int r = seen == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < s->db->n_packages; i++) {
		struct package *pkg = &s->db->packages[i];

		if (pkg->state < PKG_UNPACKED)
			continue;
		r = dpkgdb_load_list(s->db, pkg, diag);
		if (r == 0)
			r = look_at(p, s, pkg, seen);
	}
	strmap_free(seen);
	return r;
}
