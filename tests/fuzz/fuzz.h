/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_FUZZ_H
#define DI_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the fuzz targets share. A target is one file fuzz_NAME.c with
 * LLVMFuzzerTestOneInput; libFuzzer brings main(). Before the first input all
 * capabilities are given up, so that no target can set an inode flag, whoever
 * runs it.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold of any input: else the input is a finding. */
#define FUZZ_CHECK(x) ((x) ? (void)0 : fuzz_broken(#x, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *what, const char *file, int line);

/* An input, taken from the front. */
struct fuzz {
	const uint8_t *at;
	size_t left;
};

/* Between the parts of an input; no text of ours has it. */
#define FUZZ_SEPARATOR 0x1e

unsigned int fuzz_byte(struct fuzz *f);	/* 0 at the end */
/*
 * The next part, without the separator behind it, or the rest: memory of just
 * its size, so that a read too far is one, to be freed. The other one has a
 * NUL behind it.
 */
uint8_t *fuzz_part(struct fuzz *f, size_t *ret_n);
char *fuzz_string(struct fuzz *f);

/*
 * The next part as words that NULs divide, NULL behind the last: an argv, or
 * an environment. Each its own memory. `first` (may be NULL) is put in front.
 */
struct fuzz_words {
	char **v;
	int n;
};
void fuzz_words(struct fuzz *f, const char *first, struct fuzz_words *ret);
void fuzz_words_free(struct fuzz_words *w);
bool fuzz_words_have(const struct fuzz_words *w, const char *word);

/*
 * A folder of the process's own, below $DI_FUZZ_TMP (a tmpfs, if it is to be
 * fast), which goes with it. Names in it are ours, never the input's.
 */
int fuzz_folder(void);
const char *fuzz_folder_path(void);
void fuzz_mkdir(const char *name);
void fuzz_write(const char *name, const void *data, size_t n);
void fuzz_unlink(const char *name);
/* All of it; *ret is to be freed. False: there is no such file. */
bool fuzz_read(const char *name, char **ret, size_t *ret_n);

/* The bytes as an unnamed file, offset 0. */
int fuzz_memfd(const void *data, size_t n);

#endif
