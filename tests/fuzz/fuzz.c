/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char folder_path[PATH_MAX];
static int folder_fd = -1;

_Noreturn void
fuzz_broken(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { .effective = 0 } };

	(void)argc;
	(void)argv;
	FUZZ_CHECK(syscall(SYS_capset, &head, none) == 0);
	return 0;
}

unsigned int
fuzz_byte(struct fuzz *f)
{
	if (f->left == 0)
		return 0;
	f->left--;
	return *f->at++;
}

/* Room for `more` bytes behind the part. */
static uint8_t *
take(struct fuzz *f, size_t more, size_t *ret_n)
{
	const uint8_t *end = f->left == 0 ? NULL :
	    memchr(f->at, FUZZ_SEPARATOR, f->left);
	size_t n = end == NULL ? f->left : (size_t)(end - f->at);
	uint8_t *part = malloc(n + more);

	FUZZ_CHECK(part != NULL);
	if (n > 0)
		memcpy(part, f->at, n);
	f->at += n + (end != NULL);
	f->left -= n + (end != NULL);
	*ret_n = n;
	return part;
}

uint8_t *
fuzz_part(struct fuzz *f, size_t *ret_n)
{
	return take(f, 0, ret_n);
}

char *
fuzz_string(struct fuzz *f)
{
	size_t n;
	char *s = (char *)take(f, 1, &n);

	s[n] = '\0';
	return s;
}

static void
add_word(struct fuzz_words *w, const char *s, size_t n)
{
	w->v = reallocarray(w->v, (size_t)w->n + 2, sizeof(*w->v));
	FUZZ_CHECK(w->v != NULL);
	w->v[w->n] = strndup(s, n);
	FUZZ_CHECK(w->v[w->n] != NULL);
	w->v[++w->n] = NULL;
}

void
fuzz_words(struct fuzz *f, const char *first, struct fuzz_words *ret)
{
	struct fuzz_words w = { .n = 0 };
	size_t n;
	char *part = (char *)take(f, 1, &n), *at = part;

	part[n] = '\0';
	if (first != NULL)
		add_word(&w, first, strlen(first));
	while (n > 0 && at < part + n) {
		size_t len = strlen(at);

		add_word(&w, at, len);
		at += len + 1;
	}
	if (w.v == NULL) {
		w.v = calloc(1, sizeof(*w.v));
		FUZZ_CHECK(w.v != NULL);
	}
	free(part);
	*ret = w;
}

void
fuzz_words_free(struct fuzz_words *w)
{
	for (int i = 0; i < w->n; i++)
		free(w->v[i]);
	free(w->v);
}

bool
fuzz_words_have(const struct fuzz_words *w, const char *word)
{
	for (int i = 0; i < w->n; i++)
		if (w->v[i] == word)
			return true;
	return false;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
remove_folder(void)
{
	nftw(folder_path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int
fuzz_folder(void)
{
	const char *tmp = getenv("DI_FUZZ_TMP");

	if (folder_fd >= 0)
		return folder_fd;
	snprintf(folder_path, sizeof(folder_path), "%s/fuzz.XXXXXX",
	         tmp != NULL ? tmp : "/tmp");
	FUZZ_CHECK(mkdtemp(folder_path) != NULL);
	atexit(remove_folder);
	folder_fd = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	FUZZ_CHECK(folder_fd >= 0);
	return folder_fd;
}

const char *
fuzz_folder_path(void)
{
	fuzz_folder();
	return folder_path;
}

void
fuzz_mkdir(const char *name)
{
	FUZZ_CHECK(mkdirat(fuzz_folder(), name, 0700) == 0 ||
	           errno == EEXIST);
}

void
fuzz_write(const char *name, const void *data, size_t n)
{
	int fd = openat(fuzz_folder(), name, O_WRONLY | O_CREAT | O_TRUNC |
	                O_CLOEXEC, 0600);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(n == 0 || write(fd, data, n) == (ssize_t)n);
	close(fd);
}

void
fuzz_unlink(const char *name)
{
	FUZZ_CHECK(unlinkat(fuzz_folder(), name, 0) == 0 || errno == ENOENT);
}

bool
fuzz_read(const char *name, char **ret, size_t *ret_n)
{
	int fd = openat(fuzz_folder(), name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	if (fd < 0)
		return false;
	FUZZ_CHECK(fstat(fd, &st) == 0);
	data = malloc((size_t)st.st_size + 1);
	FUZZ_CHECK(data != NULL);
	FUZZ_CHECK(read(fd, data, (size_t)st.st_size) == st.st_size);
	data[st.st_size] = '\0';
	close(fd);
	*ret = data;
	*ret_n = (size_t)st.st_size;
	return true;
}

int
fuzz_memfd(const void *data, size_t n)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(n == 0 || write(fd, data, n) == (ssize_t)n);
	FUZZ_CHECK(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}
