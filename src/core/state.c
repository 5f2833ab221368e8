/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "file.h"
#include "iflag.h"
#include "lines.h"
#include "lock.h"

#define MARKER "adopted"
#define MARKER_FIRST "dpkg-immutable adopted "
#define MARKER_VERSION 1
#define RELEASED "released"	/* in ledger/: the marker was not lost */
#define AT_BOOT "adopt-at-boot"	/* the installation's wish for the first boot */
#define ID_LEN 32
#define ADMINDIR "/var/lib/dpkg"

/* The folders in the state folder. */
static const char *const folders[] = {
	"run", "ledger", "history", "quarantine"
};

static struct state *
state_new(struct root *root)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->root = root;
	s->dir_fd = s->ledger_fd = s->history_fd = s->quarantine_fd = -1;
	s->run_fd = s->lock_fd = -1;
	return s;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
state_free(struct state *s)
{
	if (s == NULL)
		return;
	close_fd(&s->lock_fd);
	close_fd(&s->run_fd);
	close_fd(&s->quarantine_fd);
	close_fd(&s->history_fd);
	close_fd(&s->ledger_fd);
	close_fd(&s->dir_fd);
	free(s);
}

static int
open_folder(int dirfd, const char *name)
{
	return openat(dirfd, name,
	              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Only root's own folder, closed to others, may say what the ledger is. */
static int
check_owner(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != 0 || (st.st_mode & 022) != 0)
		return ERR_UNSAFE;
	return 0;
}

static int
marker_line(struct state *s, const char *line, size_t n)
{
	if (n > 3 && memcmp(line, "id ", 3) == 0) {
		if (n != 3 + ID_LEN || s->id[0] != '\0' ||
		    strspn(line + 3, "0123456789abcdef") < ID_LEN)
			return ERR_FORMAT;
		memcpy(s->id, line + 3, ID_LEN);
		s->id[ID_LEN] = '\0';
		return 0;
	}
	if (n > 9 && memcmp(line, "admindir ", 9) == 0) {
		if (n - 9 >= sizeof(s->admindir) || line[9] != '/' ||
		    s->admindir[0] != '\0')
			return ERR_FORMAT;
		memcpy(s->admindir, line + 9, n - 9);
		s->admindir[n - 9] = '\0';
		return 0;
	}
	return ERR_FORMAT;
}

static int
parse_marker(struct state *s, const struct buf *text, struct diag *diag)
{
	static const char name[] = STATE_DIR "/" MARKER;
	size_t first = sizeof(MARKER_FIRST) - 1;
	unsigned long long version;
	struct lines l;
	const char *line;
	size_t n;

	if (text->len == 0 || text->data[text->len - 1] != '\n' ||
	    memchr(text->data, '\0', text->len) != NULL)
		return diag_set(diag, ERR_FORMAT, name, 0,
		                "holds a NUL, or is cut short");
	lines_init(&l, text->data, text->len);
	if (!lines_next(&l, &line, &n) || n <= first ||
	    memcmp(line, MARKER_FIRST, first) != 0 ||
	    lines_number(line + first, n - first, 1000000, &version) < 0)
		return diag_set(diag, ERR_FORMAT, name, 1,
		                "no marker of an adopted root");
	if (version > MARKER_VERSION)
		return diag_set(diag, ERR_VERSION, name, 1,
		                "of a newer format (%llu)", version);
	while (lines_next(&l, &line, &n))
		if (marker_line(s, line, n) < 0)
			return diag_set(diag, ERR_FORMAT, name, l.number,
			                "unknown or bad line");
	if (s->id[0] == '\0' || s->admindir[0] == '\0')
		return diag_set(diag, ERR_FORMAT, name, 0,
		                "id or admindir is missing");
	return 0;
}

static int
load_marker(struct state *s, struct diag *diag)
{
	struct buf text;
	int r;

	buf_init(&text, 65536);
	r = file_read(s->dir_fd, MARKER, &text);
	if (r == 0)
		r = parse_marker(s, &text, diag);
	else if (r != -ENOENT)
		diag_set(diag, r, STATE_DIR "/" MARKER, 0, "%s", err_text(r));
	buf_free(&text);
	return r;
}

static void
open_folders(struct state *s)
{
	s->ledger_fd = open_folder(s->dir_fd, "ledger");
	s->history_fd = open_folder(s->dir_fd, "history");
	s->quarantine_fd = open_folder(s->dir_fd, "quarantine");
	s->run_fd = open_folder(s->dir_fd, "run");
}

/* The root is adopted, but its marker or state folder can't be believed: no
 * run may stop over that, so these are taken for what they mostly are. */
static void
take_damaged(struct state *s, int why)
{
	memset(s->id, '0', ID_LEN);
	s->id[ID_LEN] = '\0';
	snprintf(s->admindir, sizeof(s->admindir), "%s", ADMINDIR);
	s->damaged = why;
}

int
state_open(struct root *root, struct state **ret, struct diag *diag)
{
	struct state *s = state_new(root);
	int r = s == NULL ? -ENOMEM : -EIO, owner;

	for (int i = 0; i < 2 && (r == -EIO || r == -EPERM); i++) {
		close_fd(&s->dir_fd);
		r = root_open_dir(root, STATE_DIR, &s->dir_fd);
		if (r == -ENOTDIR)
			r = -ENOENT;
		if (r < 0 && r != -ENOENT)
			diag_set(diag, r, STATE_DIR, 0, "%s", err_text(r));
		/* Who is called within our run must see what we do. */
		if (r == 0)
			r = load_marker(s, diag);
	}
	if (r == -ENOENT || r == -ENOMEM || r == -EMFILE || r == -EINTR ||
	    (r == -EACCES && geteuid() != 0)) {
		state_free(s);
		return r;
	}
	/* A bad marker in somebody else's folder is the smaller trouble. */
	owner = s->dir_fd < 0 ? 0 : check_owner(s->dir_fd);
	if (owner < 0)
		r = diag_set(diag, owner, STATE_DIR, 0, "%s", err_text(owner));
	if (r < 0)
		take_damaged(s, r);
	/* What others may have written, or a newer program has, is neither
	 * read nor written over. */
	if (r != ERR_UNSAFE && r != ERR_VERSION)
		open_folders(s);
	*ret = s;
	return 0;
}

static int
new_id(char *id)
{
	unsigned char bytes[ID_LEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* /var/lib may be missing in a root that was only just made. */
static int
make_state_dir(struct root *root)
{
	int lib, r;

	r = root_open_dir(root, "/var/lib", &lib);
	if (r < 0)
		return r;
	r = file_mkdir(lib, "dpkg-immutable", 0700);
	close(lib);
	return r;
}

int
state_create(struct root *root, const char *admindir, struct state **ret,
             struct diag *diag)
{
	struct state *s;
	int r = state_open(root, &s, diag);

	if (r == 0) {
		*ret = s;
		return 0;
	}
	if (r != -ENOENT)
		return r;
	if (strlen(admindir) >= sizeof(s->admindir))
		return -ENAMETOOLONG;
	s = state_new(root);
	if (s == NULL)
		return -ENOMEM;
	r = make_state_dir(root);
	if (r == 0)
		r = root_open_dir(root, STATE_DIR, &s->dir_fd);
	if (r == 0)
		r = check_owner(s->dir_fd);
	if (r == 0) {
		r = iflag_set(s->dir_fd, 0, IFLAG_IMMUTABLE, NULL);
		r = r == ERR_UNSUPPORTED || r > 0 ? 0 : r;
	}
	for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(*folders);
	     i++)
		r = file_mkdir(s->dir_fd, folders[i], 0700);
	if (r == 0)
		r = new_id(s->id);
	if (r < 0) {
		diag_set(diag, r, STATE_DIR, 0, "%s", err_text(r));
		state_free(s);
		return r;
	}
	snprintf(s->admindir, sizeof(s->admindir), "%s", admindir);
	open_folders(s);
	*ret = s;
	return 0;
}

/* Sets or lifts the flags of the marker and of the folder. */
static int
flag_marker(struct state *s, unsigned int value)
{
	int fd = openat(s->dir_fd, MARKER,
	                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = iflag_set(fd, value, IFLAG_IMMUTABLE, NULL);
	close(fd);
	if (r >= 0)
		r = iflag_set(s->dir_fd, value, IFLAG_IMMUTABLE, NULL);
	return r > 0 || r == ERR_UNSUPPORTED ? 0 : r;
}

int
state_adopt(struct state *s)
{
	struct buf text;
	int r;

	if (s->damaged == ERR_VERSION || s->damaged == ERR_UNSAFE)
		return s->damaged;
	if (s->damaged < 0) {
		r = flag_marker(s, 0);
		if (r == 0)
			r = new_id(s->id);
		if (r < 0)
			return r;
	} else if (faccessat(s->dir_fd, MARKER, F_OK,
	                     AT_SYMLINK_NOFOLLOW) == 0)
		return flag_marker(s, IFLAG_IMMUTABLE);
	buf_init(&text, 0);
	r = buf_addf(&text, MARKER_FIRST "%d\nid %s\nadmindir %s\n",
	             MARKER_VERSION, s->id, s->admindir);
	if (r == 0)
		r = file_replace(s->dir_fd, MARKER, text.data, text.len, 0600,
		                 FILE_DURABLE);
	buf_free(&text);
	if (r < 0)
		return r;
	s->damaged = 0;
	unlinkat(s->dir_fd, AT_BOOT, 0);
	if (s->ledger_fd >= 0)
		unlinkat(s->ledger_fd, RELEASED, 0);
	return flag_marker(s, IFLAG_IMMUTABLE);
}

bool
state_adopted(const struct state *s)
{
	return faccessat(s->dir_fd, MARKER, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

bool
state_unguarded(const struct state *s)
{
	unsigned int folder, marker;
	int fd = openat(s->dir_fd, MARKER,
	                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool bare;

	if (fd < 0)
		return false;
	bare = s->damaged == 0 && iflag_get(s->dir_fd, &folder) == 0 &&
	       iflag_get(fd, &marker) == 0 &&
	       !(folder & marker & IFLAG_IMMUTABLE);
	close(fd);
	return bare;
}

bool
state_was_released(const struct state *s)
{
	return s->ledger_fd < 0 ||
	       faccessat(s->ledger_fd, RELEASED, F_OK,
	                 AT_SYMLINK_NOFOLLOW) == 0;
}

int
state_release(struct state *s)
{
	int r = flag_marker(s, 0);

	if (r < 0 && r != -ENOENT)
		return r;
	r = 0;
	/* an adoption that was killed may have left it */
	unlinkat(s->dir_fd, AT_BOOT, 0);
	/* so that a later --adopt takes no flag that it finds for ours */
	if (s->ledger_fd >= 0)
		r = file_replace(s->ledger_fd, RELEASED, "", 0, 0600,
		                 FILE_DURABLE);
	if (r < 0)
		return r;
	if (unlinkat(s->dir_fd, MARKER, 0) < 0 && errno != ENOENT)
		return -errno;
	return fsync(s->dir_fd) < 0 ? -errno : 0;
}

/* A place for lock and journal where the state folder takes no writes. */
static int
open_in_run(struct state *s)
{
	int run, fd, r;

	r = file_mkdir(AT_FDCWD, STATE_RUN, 0700);
	if (r < 0)
		return r;
	run = open_folder(AT_FDCWD, STATE_RUN);
	if (run < 0)
		return -errno;
	r = check_owner(run);
	if (r == 0)
		r = file_mkdir(run, s->id, 0700);
	fd = r == 0 ? open_folder(run, s->id) : -1;
	if (r == 0 && fd < 0)
		r = -errno;
	close(run);
	return r < 0 ? r : fd;
}

static int
take_lock(int dirfd, int *ret_fd)
{
	int fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW |
	                O_NONBLOCK | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = lock_own(fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int
state_lock(struct state *s)
{
	int r = -ENOENT, fd;

	if (s->run_fd >= 0)
		r = take_lock(s->run_fd, &s->lock_fd);
	if (r == 0 || r == ERR_BUSY)
		return r;
	fd = open_in_run(s);
	if (fd < 0)
		return fd;
	r = take_lock(fd, &s->lock_fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	close_fd(&s->run_fd);
	s->run_fd = fd;
	s->in_run = true;
	return 0;
}

int
state_retreat(struct state *s)
{
	int fd;

	if (s->in_run || s->lock_fd < 0)
		return ERR_REFUSED;
	fd = open_in_run(s);
	if (fd < 0)
		return fd;
	close_fd(&s->run_fd);
	s->run_fd = fd;
	s->in_run = true;
	return 0;
}

int
state_child_note(struct state *s)
{
	int fd = openat(s->run_fd, STATE_CHILD, O_RDWR | O_CREAT | O_NOFOLLOW |
	                O_NONBLOCK | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

bool
state_locked(const struct state *s)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	bool held = false;
	int fd;

	if (s->run_fd < 0)
		return false;
	fd = openat(s->run_fd, "lock",
	            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fcntl(fd, F_OFD_GETLK, &fl) == 0)
		held = fl.l_type != F_UNLCK;
	close(fd);
	return held;
}

int
state_journal(struct state *s, struct journal **ret)
{
	return journal_open(s->run_fd, true, ret);
}

/* With the lock in /run only when run/ takes no writes, a journal left in
 * the other place can only be that of a run under other conditions. */
int
state_other_place(struct state *s)
{
	int run, fd, r;

	if (s->in_run) {
		fd = open_folder(s->dir_fd, "run");
		return fd < 0 ? -errno : fd;
	}
	run = openat(AT_FDCWD, STATE_RUN, O_PATH | O_DIRECTORY |
	             O_NOFOLLOW | O_CLOEXEC);
	if (run < 0)
		return -errno;
	r = check_owner(run);
	fd = r < 0 ? r : open_folder(run, s->id);
	if (r == 0 && fd < 0)
		fd = -errno;
	close(run);
	return fd;
}

int
state_other_journal(struct state *s, struct journal **ret)
{
	int fd = state_other_place(s), r;

	if (fd < 0)
		return fd;
	r = journal_open(fd, false, ret);
	close(fd);
	return r;
}

/* Append-only or immutable: the history; a state folder set by hand. */
static void
lift_any(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	                O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	iflag_set(fd, 0, IFLAG_IMMUTABLE | IFLAG_APPEND, NULL);
	close(fd);
}

/* Removes a folder of plain files, and it. Absent is fine. */
static int
remove_folder(int parent, const char *name)
{
	int fd = open_folder(parent, name), r = 0;
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	d = fdopendir(fd);
	if (d == NULL) {
		r = -errno;
		close(fd);
		return r;
	}
	while (r == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		lift_any(dirfd(d), e->d_name);
		if (unlinkat(dirfd(d), e->d_name, 0) < 0)
			r = -errno;
	}
	closedir(d);
	if (r == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int
state_forget(struct state *s)
{
	int lib, r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(*folders);
	     i++)
		r = remove_folder(s->dir_fd, folders[i]);
	if (r < 0)
		return r;
	r = root_open_dir(s->root, "/var/lib", &lib);
	if (r < 0)
		return r;
	if (unlinkat(lib, "dpkg-immutable", AT_REMOVEDIR) < 0)
		r = -errno;
	close(lib);
	return r;
}
