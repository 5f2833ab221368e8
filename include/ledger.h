/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_LEDGER_H
#define DI_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * STATE/ledger/PKG[:ARCH].mtree: what everything that a package installed
 * must be. mtree(5) text that mtree-netbsd and bsdtar read:
 *
 *	#mtree
 *	# dpkg-immutable ledger 1
 *	# package KEY VERSION
 *	# list SHA256		of the texts of info/KEY.list and .md5sums;
 *	# md5sums SHA256	absent where there is none
 *	. type=dir
 *	./usr type=dir mode=0755 uid=0 gid=0 tags=ino:12
 *	./usr/bin type=dir
 *	./usr/bin/x type=file mode=0755 uid=0 gid=0 size=5 time=1.000000002
 *		nlink=1 md5digest=HEX sha1digest=HEX sha256digest=HEX
 *		flags=schg tags=ino:13,ctime:1700000000000000000,WORD:BASE64,...
 *	./usr/bin/y type=link mode=0777 uid=0 gid=0 link=x
 *
 * (each on one line.) Names are real ones: diversions applied, and no folder
 * in them is a symlink; odd bytes are vis escapes. Every folder above a name
 * has a line before it; one that the package does not list, or that is not
 * recorded, has no tags. Sorted by component, so that a tree is together. Where dpkg's list, or a diversion, leads
 * to the file by another name (merged /usr), the tag name:BASE64 has that.
 */
enum ledger_type {
	LEDGER_FILE, LEDGER_DIR, LEDGER_LINK, LEDGER_CHAR, LEDGER_BLOCK,
	LEDGER_FIFO, LEDGER_SOCKET
};

struct ledger_row {
	const char *path;	/* absolute, as the list or the diversion has it */
	const char *real;	/* the real name where that is another; or NULL */
	const char *link;	/* target of a LEDGER_LINK, else NULL */
	/* ACL, capability and other attributes as words of meta.h; NULL: none */
	const char *meta;
	enum ledger_type type;
	bool flagged;		/* carries our flag; only a LEDGER_FILE */
	bool has_md5, has_sha1, has_sha256;
	unsigned char md5[16];
	unsigned char sha1[20];
	unsigned char sha256[32];
	uint32_t mode;		/* permission bits, 07777 */
	uint32_t uid, gid;
	uint32_t nlink;		/* of files; else 0 */
	uint64_t ino;
	uint64_t size;		/* of files; else 0 */
	int64_t mtime;		/* ns, of files; else 0 */
	int64_t ctime;		/* ns, after the flag was set; of files */
};

struct ledger {
	struct ledger_row *rows;	/* sorted by path once sealed or loaded */
	size_t n_rows;
	/* of the head; NULL and false where it does not say */
	const char *key, *version;
	bool has_list, has_md5sums;
	unsigned char list[32], md5sums[32];
	/* SHA-256 of the whole text: filled by ledger_load, ledger_stage */
	unsigned char digest[32];
	struct ledger_priv *priv;
};

struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);
/* Copies the strings. The head: key, version copied too. -ENOMEM. */
int ledger_head(struct ledger *l, const char *key, const char *version);
int ledger_add(struct ledger *l, const struct ledger_row *row);
/*
 * Sorts; of rows with one path one stays: the last that was added. A row may
 * be changed in place before that, but for its path.
 */
void ledger_seal(struct ledger *l);

/* KEY as dpkg's info folder spells it. -ENOENT: no ledger. */
int ledger_load(int ledger_dirfd, const char *key, struct ledger **ret,
                struct diag *diag);
/*
 * Stage writes KEY.mtree.new (fsync with `durable`), commit renames it. Many
 * ledgers: stage all without `durable`, settle all, commit all. Of two rows
 * with one real name (a folder listed by two) the first by path is written.
 */
int ledger_stage(int ledger_dirfd, const char *key, struct ledger *l,
                 bool durable);
int ledger_settle(int ledger_dirfd, const char *key);
int ledger_commit(int ledger_dirfd, const char *key);
/*
 * Calls fn with the key of every ledger that is there, until it returns a
 * negative error; keys that were cut to fit a file's name are left out.
 */
int ledger_each(int ledger_dirfd, int (*fn)(void *ctx, const char *key),
                void *ctx);
int ledger_remove(int ledger_dirfd, const char *key);	/* 1; 0: there was none */

/* By path: a file that carried our flag (`flagged`), or NULL. */
struct ledger_row *ledger_find(const struct ledger *l, const char *path);
/* By path: whatever is recorded there. */
struct ledger_row *ledger_any(const struct ledger *l, const char *path);

/*
 * The text as staged: head and all rows of several ledgers in one, for
 * --export. Ledgers are borrowed; of rows with one real name the first stays.
 */
struct buf;
int ledger_format(const struct ledger *const *ledgers, size_t n,
                  struct buf *out);

/* "file", "dir", "link", ...: mtree's words. */
const char *ledger_type_name(enum ledger_type t);

#endif
