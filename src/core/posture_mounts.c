/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Places that others than root can write to, /var, and /etc/mtab. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "posture_priv.h"

#define WANTED (ST_NOSUID | ST_NODEV | ST_NOEXEC)
#define USERS_MAX 1000		/* folders of /run/user */
#define LINKS_MAX 40		/* on the way to a place, as in the kernel */
#define TMP_OPTIONS "mode=1777,nosuid,nodev,noexec,size=50%,nr_inodes=1m"

static const char why_place[] = "who is not root can put files there: no "
    "set-user-ID programs, device nodes or programs of theirs should work";

struct place {
	const char *path;	/* without symlinks */
	const struct mount_point *mount;	/* over it; NULL: unknown */
	bool own;		/* it is that mount's point */
	bool far;		/* somebody else answers for it: not opened */
	unsigned long flags;
	bool limited;		/* in bytes and inodes */
};

/* Of another root that is no mount itself it is one of the host's. */
static const struct mount_point *
mount_of(struct posture *p, const char *path)
{
	const struct mount_point *m = p->mounts == NULL ? NULL :
	    mounts_covering(p->mounts, path);

	if (m == NULL && p->host != NULL)
		m = mounts_covering(p->host, posture_text(p, "%s%s",
		                    p->s->instdir, path));
	return m;
}

/* Not the one that all of the root lies on: that has answered. */
static bool
is_remote(struct posture *p, const char *path)
{
	const struct mount_point *m = mount_of(p, path);

	return m != NULL && mounts_remote(m) && m != mount_of(p, "/");
}

/*
 * Where path leads, without symlinks. What somebody else answers for is not
 * walked into: *ret_far, and the rest as it stands. NULL: too many links.
 */
static const char *
real_of(struct posture *p, const char *path, bool *ret_far)
{
	const char *at = "", *rest = path, *next;
	char target[PATH_MAX];
	size_t n, links = 0;

	*ret_far = false;
	for (; rest += strspn(rest, "/"), *rest != '\0'; rest += n) {
		n = strcspn(rest, "/");
		if (n == 1 && rest[0] == '.')
			continue;
		if (n == 2 && memcmp(rest, "..", 2) == 0) {
			next = strrchr(at, '/');
			at = next == NULL ? "" :
			    posture_text(p, "%.*s", (int)(next - at), at);
			continue;
		}
		next = posture_text(p, "%s/%.*s", at, (int)n, rest);
		*ret_far = is_remote(p, next);
		if (*ret_far)
			return posture_text(p, "%s%s", next, rest + n);
		if (root_readlink(p->s->root, next, target,
		                  sizeof(target)) <= 0) {
			at = next;
			continue;
		}
		if (links++ == LINKS_MAX)
			return NULL;
		rest = posture_text(p, "%s%s", target, rest + n);
		n = 0;
		if (target[0] == '/')
			at = "";
	}
	return at[0] != '\0' ? at : "/";
}

static unsigned long
flags_of(const struct mount_point *m)
{
	return (m->readonly || m->fs_readonly ? ST_RDONLY : 0) |
	       (m->nosuid ? ST_NOSUID : 0) | (m->nodev ? ST_NODEV : 0) |
	       (m->noexec ? ST_NOEXEC : 0);
}

/* False: it isn't there, or no folder, or only once somebody looks. */
static bool
look_at(struct posture *p, const char *path, struct place *ret)
{
	struct statvfs fs = { .f_flag = 0 };
	bool far;
	const char *real = real_of(p, path, &far);
	int fd, r;

	if (real == NULL)
		return false;
	*ret = (struct place){
		.path = real, .far = far, .mount = mount_of(p, real)
	};
	ret->own = ret->mount != NULL && strcmp(ret->mount->path, real) == 0;
	if (far) {
		ret->flags = flags_of(ret->mount);
		return strcmp(ret->mount->fstype, "autofs") != 0;
	}
	fd = posture_open(p, real, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return false;
	r = fstatvfs(fd, &fs);
	close(fd);
	ret->flags = fs.f_flag;
	ret->limited = fs.f_blocks > 0 && fs.f_files > 0;
	return r == 0;
}

/* "nosuid,nodev" of those that are missing. */
static const char *
missing(struct posture *p, const struct place *at)
{
	const char *comma = "";
	char text[32] = "";

	if ((at->flags & ST_NOSUID) == 0) {
		strncat(text, "nosuid", sizeof(text) - 1);
		comma = ",";
	}
	if ((at->flags & ST_NODEV) == 0) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		         "%snodev", comma);
		comma = ",";
	}
	if ((at->flags & ST_NOEXEC) == 0)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		         "%snoexec", comma);
	return posture_text(p, "%s", text);
}

static bool
lasts(struct posture *p, const struct mount_point *m)
{
	const struct mounts *host = p->s->guest ? p->host : p->mounts;

	return m == NULL || host == NULL || mounts_lasting(host, m);
}

static bool
has_mounts_below(const struct posture *p, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < p->mounts->n_points; i++)
		if (strncmp(p->mounts->points[i].path, path, n) == 0 &&
		    p->mounts->points[i].path[n] == '/')
			return true;
	return false;
}

/*
 * A mount of its own without nosuid or nodev is an oversight, and takes one
 * word to mend; a place that has none is how most machines are set up.
 */
static void
tell_place(struct posture *p, const struct place *at)
{
	struct posture_line line = {
		.id = "user-writable", .subject = at->path, .why = why_place,
		.state = POSTURE_OK, .seen = "nosuid,nodev,noexec"
	};
	static const char options[] = "bind,nosuid,nodev,noexec";
	const char *word, *path;

	if ((at->flags & WANTED) == WANTED) {
		posture_tell(p, &line);
		return;
	}
	word = missing(p, at);
	path = posture_path(p, at->path);
	line.state = at->own && (at->flags & (ST_NOSUID | ST_NODEV)) !=
	    (ST_NOSUID | ST_NODEV) ? POSTURE_BAD : POSTURE_NOTE;
	line.mend = posture_text(p, "mount -o remount,%s %s", options, path);
	if (at->own) {
		line.seen = posture_text(p, "without %s", word);
		line.keep = posture_text(p, "/etc/fstab, or the mount's unit: "
		                         "%s among its options", word);
	} else {
		line.seen = posture_text(p, "no mount of its own, without %s",
		                         word);
		line.mend = posture_text(p, "mount --%s %s %s && %s",
		    has_mounts_below(p, at->path) ? "rbind" : "bind", path,
		    path, line.mend);
		line.keep = posture_text(p, "/etc/fstab: %s %s none %s 0 0",
		                         at->path, at->path, options);
	}
	posture_tell(p, &line);
}

/* Once a place. */
static void
add_place(struct posture *p, struct strmap *told, const char *path)
{
	struct place at;

	if (!look_at(p, path, &at) || at.mount == NULL ||
	    strcmp(at.path, "/tmp") == 0 ||
	    strmap_get(told, at.path, NULL) > 0)
		return;
	if (strmap_put(told, at.path, 1) < 0)
		p->err = -ENOMEM;
	tell_place(p, &at);
}

/* Folders of users, each a mount of its own where systemd-logind is. */
static void
add_users(struct posture *p, struct strmap *told)
{
	struct place at;
	int fd = !look_at(p, "/run/user", &at) || at.far ? -1 :
	    posture_open(p, at.path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0;
	struct dirent *e;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (n < USERS_MAX && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		add_place(p, told, posture_text(p, "/run/user/%s",
		                                e->d_name));
	}
	closedir(dir);
}

static bool
is_world_writable(struct posture *p, const char *path)
{
	struct statx st;
	int fd = posture_open(p, path, O_PATH | O_DIRECTORY);
	bool open;

	if (fd < 0)
		return false;
	open = statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
	             STATX_MODE, &st) == 0 && (st.stx_mode & S_IWOTH) != 0;
	close(fd);
	return open;
}

/* Who can write there is its server's secret: no command, it may be a /usr. */
static void
tell_far(struct posture *p, const struct mount_point *m)
{
	if ((m->nosuid && m->nodev) || strcmp(m->fstype, "autofs") == 0)
		return;
	posture_tell(p, &(struct posture_line){
		.id = "user-writable", .subject = m->path,
		.state = POSTURE_NOTE, .why = why_place,
		.seen = posture_text(p, "%s, whose server was not asked who "
		    "can write there, without %s%s%s", m->fstype,
		    m->nosuid ? "" : "nosuid", m->nosuid || m->nodev ? "" :
		    ",", m->nodev ? "" : "nodev"),
		.keep = "/etc/fstab, or the mount's unit: these among its "
		    "options, if others than root can"
	});
}

/* The options of a place for users would end all programs there. */
static void
tell_open(struct posture *p, const char *path)
{
	posture_tell(p, &(struct posture_line){
		.id = "user-writable", .subject = path,
		.state = POSTURE_BAD,
		.seen = "anybody can write there, beside what packages "
		    "installed",
		.why = "who can write to a folder can put others in the place "
		    "of those in it",
		.mend = posture_text(p, "chmod o-w %s", posture_path(p, path))
	});
}

static void
look_at_mount(struct posture *p, struct strmap *told, size_t at)
{
	const struct mount_point *m = &p->mounts->points[at];
	bool far;

	if (strncmp(m->path, "/home/", 6) == 0) {
		add_place(p, told, m->path);
		return;
	}
	/* of a stack only the topmost can be reached */
	if (mounts_covering(p->mounts, m->path) != m)
		return;
	if (real_of(p, m->path, &far) == NULL)
		return;
	if (!far && is_world_writable(p, m->path)) {
		if (p->covering[at] || strcmp(m->path, "/") == 0)
			tell_open(p, m->path);
		else
			add_place(p, told, m->path);
	} else if (far && mounts_remote(m) && !p->covering[at] &&
	         strmap_get(told, m->path, NULL) == 0) {
		tell_far(p, m);
	}
}

static void
tell_places(struct posture *p)
{
	static const char *const usual[] = {
		"/home", "/var/tmp", "/dev/shm", "/run/lock", "/var/lock"
	};
	struct strmap *told = strmap_new();

	if (told == NULL) {
		p->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		add_place(p, told, usual[i]);
	add_users(p, told);
	for (size_t i = 0; p->err == 0 && i < p->mounts->n_points; i++)
		look_at_mount(p, told, i);
	strmap_free(told);
}

/* A mount over it would hide what programs have there, sockets too. */
static bool
is_empty(struct posture *p, const char *path)
{
	int fd = posture_open(p, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	bool empty = dir != NULL;

	if (dir == NULL && fd >= 0)
		close(fd);
	while (empty && (e = readdir(dir)) != NULL)
		empty = strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0;
	if (dir != NULL)
		closedir(dir);
	return empty;
}

/* A tmpfs without limits can't be given any: another one is needed. */
static void
tell_tmp(struct posture *p)
{
	struct posture_line line = {
		.id = "tmp", .subject = "/tmp", .state = POSTURE_OK,
		.seen = "in memory, nosuid,nodev,noexec, with limits",
		.why = why_place,
		.keep = "/etc/fstab: tmpfs /tmp tmpfs " TMP_OPTIONS " 0 0"
	};
	static const char fresh[] =
	    "mount -t tmpfs -o " TMP_OPTIONS " tmpfs /tmp";
	struct place at;
	bool memory;

	if (!look_at(p, "/tmp", &at))
		return;
	memory = at.own && !lasts(p, at.mount);
	if (memory && (at.flags & WANTED) == WANTED && at.limited) {
		line.keep = NULL;
		posture_tell(p, &line);
		return;
	}
	line.state = at.own && (at.flags & (ST_NOSUID | ST_NODEV)) !=
	    (ST_NOSUID | ST_NODEV) ? POSTURE_BAD : POSTURE_NOTE;
	if (!memory) {
		line.seen = posture_text(p, "on %s, not in memory",
		                         at.mount != NULL ?
		                         at.mount->fstype : "disk");
		line.mend = fresh;
	} else if (!at.limited) {
		line.seen = "in memory, without limits to its size and files";
		line.mend = posture_text(p, "umount /tmp && %s", fresh);
	} else {
		line.seen = posture_text(p, "in memory, without %s",
		                         missing(p, &at));
		line.mend = "mount -o remount,nosuid,nodev,noexec /tmp";
	}
	if ((!memory || !at.limited) && (at.far || !is_empty(p, "/tmp"))) {
		line.mend = NULL;
		line.keep = "a boot with this in /etc/fstab (now it would "
		    "hide what is in /tmp): tmpfs /tmp tmpfs "
		    TMP_OPTIONS " 0 0";
	}
	posture_tell(p, &line);
}

/* "mount -o remount..." that makes it writable; NULL: none does. */
static const char *
make_writable(struct posture *p, const struct mount_point *m)
{
	const char *path = posture_path(p, m->path);

	if (mounts_device_readonly(m) > 0)
		return NULL;
	if (!m->fs_readonly)
		return posture_text(p, "mount -o remount,bind,rw %s", path);
	return m->readonly ?
	    posture_text(p, "mount -o remount,rw %s && "
	                 "mount -o remount,bind,rw %s", path, path) :
	    posture_text(p, "mount -o remount,rw %s", path);
}

static void
tell_var(struct posture *p)
{
	struct posture_line line = {
		.id = "var", .subject = "/var", .state = POSTURE_OK,
		.why = "dpkg, its database and what guards it are written "
		    "there"
	};
	struct place at;

	if (!look_at(p, "/var", &at))
		return;
	line.seen = posture_text(p, "%s, on %s%s%s, %s",
	    at.flags & ST_RDONLY ? "read-only" : "writable",
	    at.mount != NULL ? at.mount->fstype : "?",
	    at.own || at.mount == NULL ? "" : " of ",
	    at.own || at.mount == NULL ? "" : at.mount->path,
	    lasts(p, at.mount) ? "lasting" : "gone after the next boot");
	if (at.flags & ST_RDONLY && at.mount != NULL) {
		line.state = POSTURE_BAD;
		line.mend = make_writable(p, at.mount);
		line.keep = line.mend == NULL ? "the host of this machine: "
		    "its disk is read-only" : "/etc/fstab: no ro there";
	}
	posture_tell(p, &line);
}

/* dpkg's database and our records, while what they tell of is lasting. */
static void
tell_database(struct posture *p, const char *path, bool usr_lasts)
{
	struct posture_line line = {
		.id = "database", .subject = path, .state = POSTURE_OK,
		.why = "a database that is gone after the next boot knows "
		    "nothing of the files that were installed"
	};
	struct place at;
	uintptr_t times = 0;

	if (!look_at(p, path, &at))
		return;
	if (lasts(p, at.mount)) {
		line.seen = "lasting";
		posture_tell(p, &line);
		return;
	}
	line.seen = posture_text(p, "on %s (%s), gone after the next boot%s",
	                         at.mount->path, at.mount->fstype,
	                         usr_lasts ? "" : ", and so is /usr");
	line.state = usr_lasts && !p->s->conf->volatile_database ?
	    POSTURE_BAD : POSTURE_NOTE;
	strmap_get(p->planned, at.mount->path, &times);
	if (strcmp(at.mount->path, "/") != 0 && times == 0)
		line.mend = posture_text(p, "umount %s",
		                         posture_path(p, at.mount->path));
	line.keep = posture_text(p, "a lasting file system bound to %s "
	                         "(dpkg-immutable --setup-readonly=root)",
	                         path);
	posture_tell(p, &line);
}

static void
tell_databases(struct posture *p)
{
	struct place usr;
	bool lasting = !look_at(p, "/usr", &usr) || lasts(p, usr.mount);

	tell_database(p, p->s->state != NULL ? p->s->state->admindir :
	              "/var/lib/dpkg", lasting);
	tell_database(p, STATE_DIR, lasting);
}

static void
tell_mtab(struct posture *p)
{
	static const char *const good[] = {
		"../proc/self/mounts", "/proc/self/mounts", "/proc/mounts",
		"../proc/mounts"
	};
	struct posture_line line = {
		.id = "mtab", .subject = "/etc/mtab", .state = POSTURE_OK,
		.why = "a file of its own there tells of mounts that are "
		    "not, and can't be written on a read-only root"
	};
	char target[64];
	int n = root_readlink(p->s->root, "/etc/mtab", target,
	                      sizeof(target));

	for (size_t i = 0; n > 0 && i < sizeof(good) / sizeof(*good); i++)
		if (strcmp(target, good[i]) == 0)
			line.seen = posture_text(p, "a link to %s", target);
	if (n == -ENOENT)
		line.seen = "not there, and nobody needs it";
	if (line.seen == NULL) {
		line.state = POSTURE_BAD;
		line.seen = n == -EINVAL ? "no link to /proc" :
		    n < 0 ? err_text(n) : "a link, but not to /proc";
		line.mend = posture_text(p, "ln -sfn ../proc/self/mounts %s",
		                         posture_path(p, "/etc/mtab"));
	}
	posture_tell(p, &line);
}

void
posture_mounts(struct posture *p)
{
	tell_mtab(p);
	if (p->mounts == NULL)
		return;	/* posture_over tells */
	tell_var(p);
	tell_databases(p);
	/* another root is mounted elsewhere, by others' options */
	if (p->s->guest)
		return;
	tell_tmp(p);
	tell_places(p);
}
