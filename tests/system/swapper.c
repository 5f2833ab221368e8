/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * For the case `swaps`.
 *
 *	swapper swap UID N SEED POOL BASE...
 *
 * As user UID does N changes of what lies in the folders BASE, all of which
 * are his, and prints how many of each sort went well:
 *
 *	dirs	BASE/sub exchanged with POOL/dir-*
 *	files	BASE/loose/g0.. exchanged with POOL/file-*
 *	made	a link, symlink, fifo or file made in BASE/loose, and
 *		exchanged with what is there
 *
 *	swapper watch <LIST
 *
 * LIST has a line "c PATH" or "f PATH" for each victim. Holds them all open,
 * says "ready", and looks at their flags, with c at their ctime too, again
 * and again until SIGTERM; tells each that changed, and how often it looked.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILES 8
#define POOL_MAX 64
#define VICTIMS 256

static void
fail(const char *what)
{
	fprintf(stderr, "swapper: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void
pause_ms(long ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

/* xorshift: the same seed, the same changes. */
static uint32_t
random_below(uint64_t *state, uint32_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32) % n;
}

struct pool {
	int fd;
	char dirs[POOL_MAX][32];
	char files[POOL_MAX][32];
	uint32_t n_dirs, n_files;
};

static void
read_pool(struct pool *p)
{
	DIR *dir = fdopendir(dup(p->fd));
	struct dirent *e;

	if (dir == NULL)
		fail("pool");
	while ((e = readdir(dir)) != NULL) {
		if (strncmp(e->d_name, "dir-", 4) == 0 && p->n_dirs < POOL_MAX)
			snprintf(p->dirs[p->n_dirs++], 32, "%.31s", e->d_name);
		if (strncmp(e->d_name, "file-", 5) == 0 &&
		    p->n_files < POOL_MAX)
			snprintf(p->files[p->n_files++], 32, "%.31s",
			         e->d_name);
	}
	closedir(dir);
	if (p->n_dirs == 0 || p->n_files == 0)
		fail("nothing in the pool");
}

/* A new thing by a name of its own, then in the place of another. */
static bool
make(const struct pool *p, int base, uint32_t kind, const char *name)
{
	int fd = -1, r;

	unlinkat(base, "loose/new", 0);
	switch (kind) {
	case 0:
		r = symlinkat("/root/victims/plain/f0", base, "loose/new");
		break;
	case 1:
		r = mkfifoat(base, "loose/new", 0666);
		break;
	case 2:
		r = linkat(p->fd, "own", base, "loose/new", 0);
		break;
	default:
		r = fd = openat(base, "loose/new",
		                O_WRONLY | O_CREAT | O_EXCL, 0644);
		break;
	}
	if (fd >= 0)
		close(fd);
	/* what could not go, a folder or a protected file, comes back */
	return (r >= 0 || errno == EEXIST) &&
	       renameat2(base, "loose/new", base, name, RENAME_EXCHANGE) == 0;
}

static int
swap(char **argv, int argc)
{
	uid_t uid = (uid_t)atoi(argv[0]);
	long n = atol(argv[1]), done[3] = { 0 }, refused = 0;
	uint64_t seed = strtoull(argv[2], NULL, 10) * 2654435761u + 1;
	struct pool pool = { .fd = open(argv[3], O_RDONLY | O_DIRECTORY) };
	int bases[8], n_bases = argc - 4;
	char name[64];

	for (int i = 0; i < n_bases && i < 8; i++) {
		bases[i] = open(argv[4 + i], O_RDONLY | O_DIRECTORY);
		if (bases[i] < 0)
			fail(argv[4 + i]);
	}
	if (pool.fd < 0 || n_bases < 1 || n_bases > 8)
		fail("arguments");
	read_pool(&pool);
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		fail("another user");
	while (done[0] + done[1] + done[2] < n && refused < 100 * n) {
		int base = bases[random_below(&seed, (uint32_t)n_bases)];
		uint32_t sort = random_below(&seed, 8);
		bool good;

		snprintf(name, sizeof(name), "loose/g%u",
		         random_below(&seed, FILES));
		sort = sort < 4 ? 0 : sort < 7 ? 1 : 2;
		if (sort == 0)
			good = renameat2(base, "sub", pool.fd,
			                 pool.dirs[random_below(&seed,
			                 pool.n_dirs)], RENAME_EXCHANGE) == 0;
		else if (sort == 1)
			good = renameat2(base, name, pool.fd,
			                 pool.files[random_below(&seed,
			                 pool.n_files)], RENAME_EXCHANGE) == 0;
		else
			good = make(&pool, base, random_below(&seed, 4), name);
		done[sort] += good;
		refused += !good;
		/* Now dense, now with room for the others. */
		if (random_below(&seed, 16) == 0)
			pause_ms(1);
	}
	printf("dirs %ld files %ld made %ld refused %ld\n", done[0], done[1],
	       done[2], refused);
	return 0;
}

struct victim {
	char path[256];
	int fd;
	bool times;
	bool told;
	unsigned int flags;
	struct timespec ctime;
};

static volatile sig_atomic_t ended;

static void
on_term(int sig)
{
	(void)sig;
	ended = 1;
}

static void
look(struct victim *v, bool first)
{
	unsigned int flags = 0;
	struct stat st;

	if (ioctl(v->fd, FS_IOC_GETFLAGS, &flags) < 0 || fstat(v->fd, &st) < 0)
		fail(v->path);
	flags &= FS_IMMUTABLE_FL | FS_APPEND_FL;
	if (!first && !v->told && (flags != v->flags || (v->times &&
	    (st.st_ctim.tv_sec != v->ctime.tv_sec ||
	     st.st_ctim.tv_nsec != v->ctime.tv_nsec)))) {
		printf("changed %s flags %#x -> %#x links %lu\n", v->path,
		       v->flags, flags, (unsigned long)st.st_nlink);
		v->told = true;
	}
	if (first) {
		v->flags = flags;
		v->ctime = st.st_ctim;
	}
}

static int
watch(void)
{
	static struct victim victims[VICTIMS];
	size_t n = 0;
	long looks = 0;
	char how;

	signal(SIGTERM, on_term);
	while (n < VICTIMS &&
	       scanf(" %c %255s", &how, victims[n].path) == 2) {
		struct victim *v = &victims[n++];

		v->times = how == 'c';
		v->fd = open(v->path, O_RDONLY | O_NOATIME | O_NONBLOCK);
		if (v->fd < 0)
			fail(v->path);
		look(v, true);
	}
	printf("ready\n");
	fflush(stdout);
	while (!ended) {
		for (size_t i = 0; i < n; i++)
			look(&victims[i], false);
		looks++;
		pause_ms(1);
	}
	printf("looked at %zu files, %ld times\n", n, looks);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "watch") == 0)
		return watch();
	if (argc >= 7 && strcmp(argv[1], "swap") == 0)
		return swap(argv + 2, argc - 2);
	fprintf(stderr, "swapper: see its source\n");
	return 2;
}
