/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_SETUP_PRIV_H
#define DI_SETUP_PRIV_H

#include "arena.h"
#include "setup.h"
#include "setup_fstab.h"

/* What setup*.c share; for nobody else. */
struct setup {
	enum setup_scheme scheme;
	struct arena *arena;
	struct setup_file *files;
	size_t n_files;
	struct setup_note *notes;
	size_t n_notes;
	/* folders that are writable by then, "/" behind each; the last NULL */
	const char **open;
	size_t n_open;
};

/* A plan in the making. */
struct setup_work {
	struct session *s;
	struct setup *p;
	struct fstab *f;
	struct buf was;		/* fstab as it is */
	bool commented;
	struct diag *diag;
};

#define SETUP_MANY 1000		/* notes, places */
#define SETUP_FSTAB "/etc/fstab"
#define SETUP_UNITS "/etc/systemd/system"
#define SETUP_SERVICE "dpkg-immutable-readonly.service"
#define SETUP_MEMORY_SERVICE "dpkg-immutable-memory.service"
/* Beside /run/dpkg-immutable, whose mode is ours to choose. */
#define SETUP_MEMORY "/run/dpkg-immutable-memory"

/* All three: 0 or -ENOMEM; strings but `text` are copied. */
int setup_note(struct setup *p, const char *path, const char *package,
               const char *text);
int setup_open(struct setup *p, const char *path);
int setup_file(struct setup *p, const struct setup_file *file);
/* Is path in a folder that is writable by then? */
bool setup_is_open(const struct setup *p, const char *path);

/* Places, with their lines in fstab; 0 or a negative error with diag. */
int setup_place_memory(struct setup_work *c);
int setup_place_var(struct setup_work *c);
/* After all others: refuses swap files and images that would hold the root
 * writable. */
int setup_place_images(struct setup_work *c);
/* A folder that may be missing, or be a link to somewhere else. */
int setup_place_folder(struct setup_work *c, const char *path,
                       const char *flags);
/* A folder that is there; ctx is the struct setup_work. */
int setup_place_bind(void *ctx, const char *path);

/* systemd.unit(5): "/var/tmp" is "var-tmp.mount". -ENAMETOOLONG. */
int setup_unit_name(const char *path, char *ret, size_t size);
/* The units' texts. mounts: what gets the flag, the last NULL. root: /var must
 * be a mount before. */
int setup_unit_readonly(struct buf *out, const char *const *mounts, bool root);
int setup_unit_usr(struct buf *out);
int setup_unit_memory(struct buf *out);

/* Known writers below /etc that are installed: folders for them, or a note. */
int setup_writers(struct setup *p, struct session *s,
                  int (*bind)(void *ctx, const char *path), void *ctx);
/* Packaged paths below what will be read-only whose owner may write there. */
int setup_owned(struct setup *p, struct session *s, struct diag *diag);

/* May the root boot with what is planned? ERR_REFUSED with *diag. */
int setup_bootable(struct session *s, enum setup_scheme scheme,
                   const struct fstab *f, struct diag *diag);

#endif
