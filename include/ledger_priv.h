/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_LEDGER_PRIV_H
#define DI_LEDGER_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "ledger.h"

/* Shared by ledger.c, ledger_parse.c, ledger_value.c and ledger_format.c. */
#define LEDGER_MAGIC	"#mtree"
#define LEDGER_WORDS	"# dpkg-immutable ledger"
#define LEDGER_VERSION	1
#define LEDGER_MAX_ROWS	1000000
#define LEDGER_MAX_TEXT	((size_t)512 << 20)

struct ledger_priv {
	struct arena *arena;	/* strings that were added or decoded */
	struct buf text;	/* strings that were loaded lie in it */
	size_t cap;		/* of ledger.rows */
	/* Room to sort in, so that ledger_seal cannot fail: order_cap rows. */
	const struct ledger_row **order;
	size_t order_cap;
	bool sorted;		/* strictly, so that bsearch may be used */
};

/* Takes the row as it is: its strings must last as long as l. */
int ledger_take(struct ledger *l, const struct ledger_row *row);

/* The name that the row's line has. */
const char *ledger_real(const struct ledger_row *row);
/* An absolute name below the root, without empty parts, "." and "..". */
bool ledger_clean(const char *name);
/* The order of lines: '/' is lower than any other byte. As strcmp. */
int ledger_by_name(const char *a, const char *b);

/* Stable; spare has room for n / 2. */
typedef int ledger_compare(const struct ledger_row *a,
                           const struct ledger_row *b);
void ledger_sort(const struct ledger_row **rows,
                 const struct ledger_row **spare, size_t n,
                 ledger_compare *compare);

/* A piece of a line: not ended by a NUL. */
struct piece {
	char *at;
	size_t len;
};

/* What a piece says; *ret is untouched where it is not such a thing. */
bool ledger_number(const struct piece *p, uint64_t max, uint64_t *ret);
bool ledger_u32(const struct piece *p, uint32_t max, uint32_t *ret);
bool ledger_signed(struct piece p, int64_t *ret);
bool ledger_mode(const struct piece *p, uint32_t *ret);		/* octal */
bool ledger_time(struct piece p, int64_t *ret);
/* Exactly n bytes in lower-case hex; else they are anything. */
bool ledger_hex(const struct piece *p, unsigned char *bytes, size_t n);
/*
 * Unescapes it in the text and puts a NUL behind it, where a separator was.
 * NULL: empty, or not as vis.h writes.
 */
const char *ledger_string(const struct piece *p);

/*
 * How many bytes of text are such as vis.h writes. *ret_escaped: among them
 * are backslashes; not known to be well-formed escapes.
 */
size_t ledger_plain(const char *text, bool *ret_escaped);

/* l->priv->text to rows that point into it, in the order of lines. */
int ledger_parse(struct ledger *l, const char *name, struct diag *diag);

#endif
