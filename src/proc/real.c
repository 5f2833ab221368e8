/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "real.h"

#define MAX_HEADERS 128		/* program headers; ours has about ten */
#define MAX_NOTES 4096		/* bytes of one segment of notes */

static const struct {
	const char *name;
	const char *path;
	const char *diverted;
} programs[] = {
	[REAL_DPKG] = { "dpkg", "/usr/bin/dpkg",
	                "/usr/bin/dpkg.distrib" },
	[REAL_DIVERT] = { "dpkg-divert", "/usr/bin/dpkg-divert",
	                  "/usr/bin/dpkg-divert.distrib" },
	[REAL_STATOVERRIDE] = { "dpkg-statoverride",
	                        "/usr/bin/dpkg-statoverride",
	                        "/usr/bin/dpkg-statoverride.distrib" },
	[REAL_RECONFIGURE] = { "dpkg-reconfigure",
	                       "/usr/sbin/dpkg-reconfigure",
	                       "/usr/sbin/dpkg-reconfigure.distrib" }
};

enum real_program
real_program_of(const char *path)
{
	const char *name = path ? strrchr(path, '/') : NULL;

	name = name ? name + 1 : path;
	if (name) {
		for (int i = REAL_DIVERT; i <= REAL_RECONFIGURE; i++)
			if (strcmp(programs[i].name, name) == 0)
				return (enum real_program)i;
	}
	return REAL_DPKG;
}

const char *
real_path(enum real_program program)
{
	const char *path = programs[program].path;
	int fd, ours;

	/* Whoever starts it is told why that can't be done. */
	if (access(programs[program].diverted, F_OK) == 0 ||
	    (errno != ENOENT && errno != ENOTDIR))
		return programs[program].diverted;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	ours = real_is_ours(fd);
	close(fd);
	return ours != 0 ? NULL : path;
}

/* 1; 0: the file is too short; -errno. */
static int
read_at(int fd, void *data, size_t n, size_t offset)
{
	char *at = data;

	if (offset > PTRDIFF_MAX - n)
		return 0;
	while (n > 0) {
		ssize_t got = pread(fd, at, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		at += got;
		offset += (size_t)got;
		n -= (size_t)got;
	}
	return 1;
}

static size_t
padded(size_t n, size_t align)
{
	return (n + align - 1) / align * align;
}

/* Walks the notes of one segment. */
static bool
notes_hold_marker(const char *notes, size_t size, size_t align)
{
	size_t at = 0;

	while (size - at >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;
		size_t name, desc;

		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		name = padded(note.n_namesz, align);
		desc = padded(note.n_descsz, align);
		if (note.n_namesz > size - at)
			return false;
		if (note.n_namesz == sizeof(REAL_MARKER) &&
		    memcmp(notes + at, REAL_MARKER, sizeof(REAL_MARKER)) == 0)
			return true;
		if (name > size - at || desc > size - at - name)
			return false;
		at += name + desc;
	}
	return false;
}

static int
segment_holds_marker(int fd, const ElfW(Phdr) *ph)
{
	char notes[MAX_NOTES];
	size_t size = ph->p_filesz;
	int r = size > sizeof(notes) ? 0 :
	        read_at(fd, notes, size, ph->p_offset);

	return r <= 0 ? r :
	       notes_hold_marker(notes, size, ph->p_align == 8 ? 8 : 4);
}

int
real_is_ours(int fd)
{
	unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	ElfW(Ehdr) eh;
	int r = read_at(fd, &eh, sizeof(eh), 0);

	/* A program of another word size runs here, but is none of ours. */
	if (r <= 0 || memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh.e_ident[EI_CLASS] != class ||
	    eh.e_phentsize != sizeof(ElfW(Phdr)) || eh.e_phnum > MAX_HEADERS ||
	    eh.e_phoff > PTRDIFF_MAX / 2)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < eh.e_phnum; i++) {
		ElfW(Phdr) ph;

		r = read_at(fd, &ph, sizeof(ph), eh.e_phoff + i * sizeof(ph));
		if (r <= 0)
			return r;
		if (ph.p_type != PT_NOTE)
			continue;
		r = segment_holds_marker(fd, &ph);
		if (r != 0)
			return r;
	}
	return 0;
}
