/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_META_PRIV_H
#define DI_META_PRIV_H

/* What the reader of attributes and the teller of words share. */
enum {
	META_VALUE_MAX = 256,	/* bytes of a value that is kept whole */
	META_WORDS_MAX = 3000	/* bytes of all words of one file */
};

/* In front of the one word that stands for all of them. */
#define META_WHOLE "meta:~"

#endif
