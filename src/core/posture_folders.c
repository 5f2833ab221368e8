/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Folders whose files root runs, loads or obeys: only root may write there,
 * nor to the files in them. What carries the flag is safe by that.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "iflag.h"
#include "posture_priv.h"

#define TOLD_MAX 20		/* lines an id */
#define LOOKED_MAX 500000	/* files, in all */
#define DEEPEST 5

/* depth 0: the file or folder alone, 1: with its files, more: and folders. */
struct spot {
	const char *path;
	unsigned int depth;
	const char *only;	/* of its files only this one */
	const char *without;	/* not this subfolder */
};

static const struct spot systemd_spots[] = {
	{ "/etc/systemd", 4, NULL, NULL },
	{ "/usr/lib/systemd", 4, NULL, NULL },
	{ "/usr/local/lib/systemd", 4, NULL, NULL },
	{ "/run/systemd/system", 3, NULL, NULL },
	{ "/run/systemd/transient", 2, NULL, NULL },
	{ "/run/systemd/generator", 3, NULL, NULL },
	{ "/run/systemd/generator.early", 3, NULL, NULL },
	{ "/run/systemd/generator.late", 3, NULL, NULL }
};

static const struct spot cron_spots[] = {
	{ "/etc/crontab", 0, NULL, NULL },
	{ "/etc/anacrontab", 0, NULL, NULL },
	{ "/etc/cron.d", 1, NULL, NULL },
	{ "/etc/cron.hourly", 1, NULL, NULL },
	{ "/etc/cron.daily", 1, NULL, NULL },
	{ "/etc/cron.weekly", 1, NULL, NULL },
	{ "/etc/cron.monthly", 1, NULL, NULL },
	{ "/etc/cron.yearly", 1, NULL, NULL },
	/* users' own lie there too, and group crontab puts them there */
	{ "/var/spool/cron", 0, NULL, NULL },
	{ "/var/spool/cron/crontabs", 1, "root", NULL }
};

static const struct spot apt_spots[] = {
	{ "/etc/apt", 3, NULL, NULL },
	{ "/usr/share/keyrings", 1, NULL, NULL },
	{ "/var/lib/apt", 2, NULL, "partial" },
	{ "/var/cache/apt", 2, NULL, "partial" }
};

static const struct spot dpkg_spots[] = {
	{ "/etc/dpkg", 3, NULL, NULL },
	{ "/etc/dpkg-immutable.conf", 0, NULL, NULL },
	{ "/etc/dpkg-immutable.conf.d", 1, NULL, NULL },
	{ "/etc/alternatives", 1, NULL, NULL },
	{ "/var/lib/dpkg", 2, NULL, NULL },
	{ "/var/lib/dpkg-immutable", 0, NULL, NULL }
};

#define SPOTS(list) list, sizeof(list) / sizeof(*(list))

static const struct {
	const char *id;
	const char *why;
	const struct spot *spots;
	size_t n;
} groups[] = {
	{ "systemd", "whoever can write there has root start programs of his",
	  SPOTS(systemd_spots) },
	{ "cron", "whoever can write there has root start programs of his",
	  SPOTS(cron_spots) },
	{ "apt", "whoever can write there chooses what apt installs, and what "
	  "it runs", SPOTS(apt_spots) },
	{ "dpkg", "whoever can write there chooses what dpkg does as root",
	  SPOTS(dpkg_spots) }
};

/* The check of one id. */
struct visit {
	struct posture *p;
	const char *id, *why;
	const struct spot *spot;
	struct strmap *told;
	size_t looked, told_here, more;
	bool worst;		/* one of `more` is bad */
	bool full;
};

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 &&
	       (path[n] == '/' || path[n] == '\0');
}

/* An entry of user or group (acl(5)), not of root's, that may write: a tag,
 * rights and a number, each in little endian. */
static bool
lets_write(const unsigned char *at)
{
	return (at[0] == 0x02 || at[0] == 0x08) && at[1] == 0 &&
	       (at[2] & 2) != 0 && (at[4] | at[5] | at[6] | at[7]) != 0;
}

bool
posture_acl_writes(const unsigned char *acl, size_t n)
{
	for (size_t at = 4; at + 8 <= n; at += 8)
		if (lets_write(acl + at))
			return true;
	return false;
}

/*
 * Where there is an ACL the group's bits are its mask: who else may write is
 * in its entries alone. Of a long one it is taken for granted. Or -errno.
 */
static int
acl_lets_write(int fd, const struct node *n)
{
	unsigned char acl[1024];
	char name[40];
	ssize_t len;

	if (S_ISLNK(n->mode) || (n->mode & S_IWGRP) == 0)
		return 0;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	len = getxattr(name, "system.posix_acl_access", acl, sizeof(acl));
	if (len < 0)
		return errno == ERANGE ? 1 : errno == ENODATA ||
		    errno == EOPNOTSUPP ? 0 : -errno;
	return posture_acl_writes(acl, (size_t)len);
}

/* What is wrong with it, and the command that mends it. */
static bool
judge(struct visit *v, const char *path, const struct node *n, bool acl,
      bool way, struct posture_line *line)
{
	struct posture *p = v->p;
	bool link = S_ISLNK(n->mode);
	bool sticky = way && (n->mode & S_ISVTX) != 0;
	bool others = !link && !sticky && (n->mode & S_IWOTH) != 0;
	/* members can take nothing away there, as cron's crontabs are kept */
	bool group = !link && (n->mode & S_IWGRP) != 0 && n->gid != 0 &&
	    (n->mode & S_ISVTX) == 0;
	const char *word, *chown = "", *chmod = "";

	acl &= !sticky;
	group |= acl;
	if (n->uid == 0 && !others && !group)
		return false;
	word = posture_path(p, path);
	if (n->uid != 0)
		chown = posture_text(p, "chown %sroot %s", link ? "-h " : "",
		                     word);
	if (others || group)
		chmod = posture_text(p, "chmod %s-w %s", others && group ?
		                     "go" : others ? "o" : "g", word);
	*line = (struct posture_line){
		.id = v->id, .why = v->why, .subject = path,
		.state = n->uid != 0 || others || acl ? POSTURE_BAD :
		    POSTURE_NOTE,
		.seen = posture_text(p, "owner %u:%u, mode %04o%s", n->uid,
		                     n->gid, n->mode & 07777, others ?
		                     ": anybody can write" : n->uid != 0 ?
		                     ": not root's" : acl ?
		                     ": its ACL lets others write" :
		                     ": its group can write"),
		.mend = posture_text(p, "%s%s%s", chown, chown[0] != '\0' &&
		                     chmod[0] != '\0' ? " && " : "", chmod)
	};
	/* whose home is root's can't log in, and it is his all the same */
	if (strncmp(path, "/home/", 6) == 0) {
		line->mend = NULL;
		line->keep = "a folder of root's in its place, where it is "
		    "named (PATH, ld.so.conf, a link)";
	}
	return true;
}

/* The flag keeps all from writing to a file, and files from a folder. */
static bool
is_immutable(int fd, const struct node *n)
{
	struct fskind kind;

	return fskind_of(fd, &kind) == 0 && !S_ISDIR(n->mode) &&
	    (iflag_of_node(n, kind.flags) & IFLAG_IMMUTABLE) != 0;
}

static void
tell_text(struct visit *v, const char *path, const char *seen)
{
	if (v->told_here++ >= TOLD_MAX)
		return;
	posture_tell(v->p, &(struct posture_line){
		.id = v->id, .state = POSTURE_UNKNOWN, .subject = path,
		.seen = seen, .why = v->why,
		.keep = geteuid() != 0 ? "ask again as root" : NULL
	});
}

static void
tell_unknown(struct visit *v, const char *path, int err)
{
	tell_text(v, path, err_text(err));
}

static void
tell_once(struct visit *v, const struct posture_line *line)
{
	if (strmap_get(v->told, line->subject, NULL) > 0)
		return;
	if (strmap_put(v->told, line->subject, 1) < 0)
		v->p->err = -ENOMEM;
	if (v->told_here == TOLD_MAX) {
		v->more++;
		v->worst |= line->state == POSTURE_BAD;
		return;
	}
	v->told_here++;
	posture_tell(v->p, line);
}

/* Root's, and nobody else may write: most are. */
static bool
is_fine(const struct node *n)
{
	return n->uid == 0 && (S_ISLNK(n->mode) ||
	                       (n->mode & (S_IWOTH | S_IWGRP)) == 0);
}

static bool
is_same(int fd, const struct node *n)
{
	struct node now;

	return node_of_fd(fd, &now) == 0 && now.ino == n->ino &&
	       now.dev == n->dev;
}

/* What is gone, or another, by now is not told. */
static void
check(struct visit *v, const char *path, const struct node *n, bool way)
{
	struct posture_line line;
	int fd, acl;

	if (v->p->err < 0 || path == NULL || is_fine(n))
		return;
	fd = posture_open(v->p, path, O_PATH | O_NOFOLLOW);
	if (fd == -ENOENT)
		return;
	if (fd >= 0 && !is_same(fd, n)) {
		close(fd);
		return;
	}
	acl = fd < 0 ? fd : acl_lets_write(fd, n);
	if (acl < 0)
		tell_unknown(v, path, acl);
	if (judge(v, path, n, acl > 0, way, &line) &&
	    (fd < 0 || !is_immutable(fd, n)))
		tell_once(v, &line);
	if (fd >= 0)
		close(fd);
}

/* Below the root, of what an O_PATH descriptor stands for; NULL: unknown. */
static const char *
name_of(struct posture *p, int fd)
{
	size_t skip = strlen(p->s->instdir);
	char name[40], target[4096];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, target, sizeof(target));
	if (n <= (ssize_t)skip || n == (ssize_t)sizeof(target) ||
	    memcmp(target, p->s->instdir, skip) != 0 || target[skip] != '/')
		return NULL;
	return posture_text(p, "%.*s", (int)(n - (ssize_t)skip),
	                    target + skip);
}

static void check_way(struct visit *v, const char *path);

/* What a link leads to, which may be anywhere, and be replaced there. */
static void
check_target(struct visit *v, const char *link)
{
	int fd = posture_open(v->p, link, O_PATH);
	const char *name = fd < 0 ? NULL : name_of(v->p, fd);
	struct node n;

	if (name != NULL && node_of_fd(fd, &n) == 0 && S_ISREG(n.mode)) {
		check(v, name, &n, false);
		if (!is_below(name, "/usr") && !is_below(name, "/etc"))
			check_way(v, name);
	}
	if (fd >= 0)
		close(fd);
}

static void visit_folder(struct visit *v, const char *path,
                         unsigned int depth);

static void
visit_entry(struct visit *v, int dir, const char *folder, const char *name,
            unsigned int depth)
{
	struct posture *p = v->p;
	const char *path;
	struct node n;
	bool bad;

	if (node_at(dir, name, &n) < 0)
		return;		/* gone meanwhile */
	bad = n.uid != 0 || (n.mode & (S_IWOTH | S_IWGRP)) != 0;
	v->looked++;
	if (S_ISDIR(n.mode) ? depth < 2 : !bad && !S_ISLNK(n.mode))
		return;
	path = posture_text(p, "%s/%s", strcmp(folder, "/") == 0 ? "" :
	                    folder, name);
	if (S_ISLNK(n.mode)) {
		check(v, path, &n, false);
		check_target(v, path);
	} else if (S_ISDIR(n.mode)) {
		if (v->spot != NULL && v->spot->without != NULL &&
		    strcmp(v->spot->without, name) == 0)
			return;
		check(v, path, &n, false);
		visit_folder(v, path, depth - 1);
	} else if (S_ISREG(n.mode)) {
		check(v, path, &n, false);
	}
}

static void
visit_folder(struct visit *v, const char *path, unsigned int depth)
{
	int fd = posture_open(v->p, path, O_RDONLY | O_DIRECTORY);
	struct dirent *e;
	DIR *dir;

	if (fd < 0) {
		if (fd != -ENOENT && fd != -ENOTDIR)
			tell_unknown(v, path, fd);
		return;
	}
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		v->p->err = -ENOMEM;
		return;
	}
	while (v->p->err == 0 && (e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 || (v->spot != NULL &&
		    v->spot->only != NULL &&
		    strcmp(v->spot->only, e->d_name) != 0))
			continue;
		if (v->looked >= LOOKED_MAX) {
			v->full = true;
			break;
		}
		visit_entry(v, fd, path, e->d_name, depth);
	}
	closedir(dir);
}

/* Each folder on the way, / first: whoever can rename one has what is below
 * it. */
static void
check_way(struct visit *v, const char *path)
{
	size_t n = 0;
	bool last;

	do {
		const char *part = n == 0 ? "/" :
		    posture_text(v->p, "%.*s", (int)n, path);
		struct node node;
		int fd;

		last = path[n] == '\0' || path[n + 1] == '\0';
		fd = posture_open(v->p, part, O_PATH | O_NOFOLLOW);
		if (fd < 0)
			return;
		v->looked++;
		if (node_of_fd(fd, &node) == 0)
			check(v, part, &node, !last);
		close(fd);
		if (!last)
			n += strcspn(path + n + 1, "/") + 1;
	} while (v->p->err == 0 && !last);
}

/* A link on the way that others could have made. */
static void
tell_unsafe(struct visit *v, const char *path)
{
	v->told_here++;
	posture_tell(v->p, &(struct posture_line){
		.id = v->id, .state = POSTURE_BAD, .subject = path,
		.seen = "a symlink leads there that others than root could "
		    "have made", .why = v->why,
		.keep = "its folder, or the link made anew by root"
	});
}

/* To which root.h gives the same error. */
static bool
has_dots(const char *path)
{
	for (; (path = strstr(path, "/..")) != NULL; path++)
		if (path[3] == '/' || path[3] == '\0')
			return true;
	return false;
}

/* A file or folder that may not be there, by its name without links. */
static void
check_spot(struct visit *v, const char *path, unsigned int depth)
{
	struct root *root = v->p->s->root;
	const char *real;
	struct node n;
	int err = root_stat(root, path, &n);

	if (err == 0)
		check_way(v, path);
	if (err == 0 && !S_ISREG(n.mode)) {
		real = root_folder(root, posture_text(v->p, "%s/x", path),
		                   &err);
		if (real != NULL && strcmp(real, path) != 0)
			check_way(v, real);
		if (real != NULL && depth > 0)
			visit_folder(v, real, depth);
		if (real == NULL && S_ISLNK(n.mode))
			check_target(v, path);
		if (real != NULL || err == -ENOTDIR)
			err = 0;
	}
	if (err == ERR_UNSAFE && has_dots(path))
		tell_text(v, path, "is named by way of \"..\", which is not "
		          "looked at");
	else if (err == ERR_UNSAFE)
		tell_unsafe(v, path);
	else if (err < 0 && err != -ENOENT && err != -ENOTDIR)
		tell_unknown(v, path, err);
}

static void
begin(struct visit *v, const char *id, const char *why)
{
	v->id = id;
	v->why = why;
	v->spot = NULL;
	v->looked = v->told_here = v->more = 0;
	v->worst = v->full = false;
	v->told = strmap_new();
	if (v->told == NULL)
		v->p->err = -ENOMEM;
}

static void
end(struct visit *v)
{
	struct posture *p = v->p;

	if (v->more > 0)
		posture_tell(p, &(struct posture_line){
			.id = v->id, .why = v->why, .state = v->worst ?
			    POSTURE_BAD : POSTURE_NOTE,
			.seen = posture_text(p, "%zu more of the kind",
			                     v->more),
			.keep = "ask again when those above are mended"
		});
	if (v->full)
		posture_tell(p, &(struct posture_line){
			.id = v->id, .why = v->why, .state = POSTURE_UNKNOWN,
			.seen = "more files than are looked at"
		});
	if (v->told_here == 0 && !v->full)
		posture_tell(p, &(struct posture_line){
			.id = v->id, .why = v->why, .state = POSTURE_OK,
			.seen = posture_text(p, "%zu files and folders, only "
			                     "root can write there",
			                     v->looked)
		});
	strmap_free(v->told);
	v->told = NULL;
}

static int
check_program_folder(void *ctx, const char *folder)
{
	struct visit *v = ctx;

	if (folder[0] == '/') {
		check_spot(v, folder, 1);
		return v->p->err;
	}
	v->told_here++;
	posture_tell(v->p, &(struct posture_line){
		.id = v->id, .why = v->why, .state = POSTURE_BAD,
		.seen = posture_text(v->p, "PATH has '%s', which is another "
		                     "folder wherever one is", folder),
		.keep = "where PATH is set: the shell's profile, "
		    "/etc/login.defs, /etc/environment, /etc/crontab"
	});
	return v->p->err;
}

static int
check_library_folder(void *ctx, const char *path, bool folder)
{
	struct visit *v = ctx;

	check_spot(v, path, folder ? 1 : 0);
	return v->p->err;
}

static void
check_libraries(struct visit *v)
{
	static const struct spot spots[] = {
		{ "/etc/ld.so.conf.d", 1, NULL, NULL },
		{ "/etc/ld.so.cache", 0, NULL, NULL },
		{ "/lib", 1, NULL, NULL }, { "/usr/lib", 1, NULL, NULL },
		{ "/lib64", 1, NULL, NULL }, { "/usr/lib64", 1, NULL, NULL }
	};
	int r;

	begin(v, "ld-so", "whoever can write there puts code of his into "
	      "root's programs");
	for (size_t i = 0; i < sizeof(spots) / sizeof(*spots); i++)
		check_spot(v, spots[i].path, spots[i].depth);
	r = posture_ldconf(v->p, check_library_folder, v);
	if (r == -ENOMEM)
		v->p->err = r;
	else if (r == ERR_UNSUPPORTED)
		tell_text(v, "/etc/ld.so.conf", "includes a pattern of "
		          "folders, which is not looked at");
	else if (r < 0)
		tell_unknown(v, "/etc/ld.so.conf", r);
	end(v);
}

void
posture_folders(struct posture *p)
{
	struct visit v = { .p = p };
	int r;

	begin(&v, "path", "whoever can write there has root run programs of "
	      "his");
	r = posture_search_path(p, check_program_folder, &v);
	if (r < 0)
		p->err = r;
	end(&v);
	if (p->err == 0)
		check_libraries(&v);
	for (size_t g = 0; p->err == 0 &&
	     g < sizeof(groups) / sizeof(*groups); g++) {
		begin(&v, groups[g].id, groups[g].why);
		for (size_t i = 0; i < groups[g].n; i++) {
			v.spot = &groups[g].spots[i];
			check_spot(&v, v.spot->path, v.spot->depth);
		}
		end(&v);
	}
}
