/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <dirent.h>
#include <errno.h>
#include <sys/sysmacros.h>

#include "check_main.h"
#include "mounts.h"
#include "scratch.h"

#define ROOT_LINE "20 1 0:99999 / / rw - ext4 /dev/nothing rw\n"

/* Is what lies at path lasting, with these mounts beside the root's? */
static bool
lasting(const char *lines, const char *path)
{
	struct mounts *m = NULL;
	struct diag d = { 0 };
	const struct mount_point *p;
	char text[65536];
	bool r;

	snprintf(text, sizeof(text), "%s%s", ROOT_LINE, lines);
	ck_assert_msg(mounts_parse("text", text, strlen(text), "", &m,
	                           &d) == 0, "%lu: %s", d.line, d.what);
	p = mounts_covering(m, path);
	ck_assert_ptr_nonnull(p);
	r = mounts_lasting(m, p);
	mounts_free(m);
	return r;
}

START_TEST(by_type)
{
	static const struct {
		const char *type;
		bool lasting;
	} rows[] = {
		{ "tmpfs", false }, { "ramfs", false }, { "devtmpfs", false },
		{ "rootfs", false }, { "ext4", true }, { "xfs", true },
		{ "nfs4", true }, { "fuse.tmpfs", true }, { "tmpfs2", true },
		{ "overlay", true }, { "squashfs", true }, { "x", true }
	};
	char line[256];

	ck_assert(lasting("", "/a"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(line, sizeof(line),
		         "30 20 0:99998 / /a rw - %s x rw\n", rows[i].type);
		ck_assert_msg(lasting(line, "/a/b") == rows[i].lasting, "%s",
		              rows[i].type);
		ck_assert(lasting(line, "/b"));
	}
}
END_TEST

START_TEST(disks_in_memory)
{
	static const struct {
		const char *dev, *source;
		bool lasting;
	} rows[] = {
		{ "0:99998", "/dev/zram0", false },
		{ "0:99998", "/dev/zram12", false },
		{ "0:99998", "/dev/ram0", false },
		{ "0:99998", "/dev/ram15", false },
		/* By the number, whatever the source says. */
		{ "1:0", "/dev/disk/by-label/x", false },
		{ "1:7", "x", false },
		{ "0:99998", "/dev/ram", true },
		{ "0:99998", "/dev/zram", true },
		{ "0:99998", "/dev/ramx", true },
		{ "0:99998", "/dev/ram0x", true },
		{ "0:99998", "/dev/ram99999999999999999999", true },
		{ "0:99998", "/dev/zram-0", true },
		{ "0:99998", "/dev/x/zram0", true },
		{ "0:99998", "zram0", true },
		{ "0:99998", "ram0", true },
		{ "0:99998", "", true },
		{ "0:99998", "/dev/", true },
		{ "4094:99998", "/dev/sda1", true }
	};
	char line[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(line, sizeof(line), "30 20 %s / /a rw - ext4 %s rw\n",
		         rows[i].dev, rows[i].source);
		ck_assert_msg(lasting(line, "/a/b") == rows[i].lasting,
		              "%s %s", rows[i].dev, rows[i].source);
	}
}
END_TEST

#define MEMORY "30 20 0:99998 / /mem rw - tmpfs tmpfs rw\n"
#define DISK "31 20 0:99997 / /disk rw - ext4 /dev/sda2 rw\n"
#define ZRAM "32 20 0:99996 / /zram rw - ext4 /dev/zram1 rw\n"

#define OVERLAY(at, upper) \
	"40 20 0:99990 / " at " rw - overlay overlay rw,lowerdir=/l," \
	"upperdir=" upper ",workdir=/w\n"
/* The next one up. */
#define OVERLAY2(at, upper) \
	"41 20 0:99991 / " at " rw - overlay overlay rw,lowerdir=/l," \
	"upperdir=" upper "\n"

START_TEST(by_upper_folder)
{
	ck_assert(!lasting(MEMORY DISK OVERLAY("/var", "/mem/u"), "/var/lib"));
	ck_assert(!lasting(MEMORY DISK OVERLAY("/var", "//mem//u"), "/var"));
	ck_assert(!lasting(MEMORY OVERLAY("/var", "/mem"), "/var"));
	ck_assert(!lasting(ZRAM OVERLAY("/var", "/zram/a/b"), "/var/lib"));
	ck_assert(lasting(MEMORY DISK OVERLAY("/var", "/disk/u"), "/var/lib"));
	ck_assert(lasting(MEMORY DISK OVERLAY("/var", "/u"), "/var/lib"));
	ck_assert(lasting(MEMORY DISK OVERLAY("/var", "/memory"), "/var"));
	/* The topmost counts. */
	ck_assert(!lasting(DISK "50 31 0:9 / /disk/m rw - tmpfs t rw\n"
	                   OVERLAY("/var", "/disk/m/u"), "/var"));
	ck_assert(lasting(MEMORY "50 30 0:9 / /mem/d rw - ext4 /dev/x rw\n"
	                  OVERLAY("/var", "/mem/d/u"), "/var"));
	/* An overlay with blanks and commas in its upper folder's name. */
	ck_assert(!lasting("50 20 0:9 / /a\\040b,c rw - tmpfs t rw\n"
	                   OVERLAY("/var", "/a\\040b\\134\\054c/u"), "/var"));
}
END_TEST

START_TEST(overlays_on_overlays)
{
	ck_assert(!lasting(MEMORY OVERLAY("/o", "/mem/u")
	                   OVERLAY2("/var", "/o/u2"), "/var/lib"));
	ck_assert(lasting(DISK OVERLAY("/o", "/disk/u")
	                  OVERLAY2("/var", "/o/u2"), "/var/lib"));
	/* The root itself is one. */
	ck_assert(!lasting("30 40 0:99998 / /mem rw - tmpfs tmpfs rw\n"
	                   OVERLAY("/", "/mem/u"), "/var/lib"));
}
END_TEST

START_TEST(upper_unknown)
{
	/* Read-only, or shown in no way that we know. */
	ck_assert(lasting(MEMORY "40 20 0:9 / /var ro - overlay o ro,"
	                  "lowerdir=/mem/a:/mem/b\n", "/var"));
	ck_assert(lasting(MEMORY OVERLAY("/var", ""), "/var"));
	ck_assert(lasting(MEMORY OVERLAY("/var", "mem/u"), "/var"));
	ck_assert(lasting(MEMORY OVERLAY("/var", "\\040/mem/u"), "/var"));
}
END_TEST

START_TEST(loops_end)
{
	size_t n = 0;
	char text[8192];
	struct mounts *m;

	/* The name from an initramfs: now covered by the overlay itself. */
	ck_assert(lasting(OVERLAY("/", "/cow/upper"), "/var"));
	ck_assert(lasting(OVERLAY("/a", "/b/u") OVERLAY2("/b", "/a/u"),
	                  "/a"));
	/* A tower that is higher than any that could be. */
	for (int i = 0; i < 40; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%d 20 0:9 / /o%d rw - overlay o rw,upperdir=/o%d/u\n",
		    100 + i, i, i + 1);
	ck_assert(lasting(text, "/o0"));
	/* No mount at all to name it by. */
	ck_assert_int_eq(mounts_parse("text", text, 0, "", &m, NULL), 0);
	ck_assert(mounts_lasting(m, &(struct mount_point){
	    .path = "/", .fstype = "overlay", .source = "", .upper = "/u" }));
	ck_assert(!mounts_lasting(m, &(struct mount_point){
	    .path = "/", .fstype = "tmpfs", .source = "" }));
	mounts_free(m);
}
END_TEST

/* A root's own list, whose paths are not those of the machine. */
START_TEST(below_an_instdir)
{
	static const char text[] = ROOT_LINE MEMORY
	    "40 20 0:9 / /srv/root/var rw - overlay o rw,upperdir=/mem/u\n";
	struct mounts *host, *m;
	const struct mount_point *p;

	ck_assert_int_eq(mounts_parse("text", text, sizeof(text) - 1, "",
	                              &host, NULL), 0);
	ck_assert_int_eq(mounts_parse("text", text, sizeof(text) - 1,
	                              "/srv/root", &m, NULL), 0);
	p = mounts_covering(m, "/var/lib/dpkg");
	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(p->path, "/var");
	ck_assert(!mounts_lasting(host, p));
	mounts_free(m);
	mounts_free(host);
}
END_TEST

static int
readonly(uint64_t dev, const char *source)
{
	return mounts_device_readonly(&(struct mount_point){
	    .path = "/", .fstype = "ext4", .source = source, .dev = dev });
}

START_TEST(no_device)
{
	ck_assert_int_eq(readonly(makedev(0, 5), "tmpfs"), 0);
	ck_assert_int_eq(readonly(makedev(0, 5), ""), 0);
	ck_assert_int_eq(readonly(makedev(0, 5), "/dev/null"), 0);
	ck_assert_int_eq(readonly(makedev(0, 5), "/dev/no/such"), 0);
	ck_assert_int_eq(readonly(makedev(0, 5), "/dev/"), 0);
	ck_assert_int_eq(readonly(makedev(4094, 99998), "host:/x"), 0);
	ck_assert_int_eq(readonly(0, "//host/share"), 0);
}
END_TEST

/* By its number alone; name: the kernel's. */
static void
in_memory(uint64_t dev, const char *name)
{
	bool memory = strncmp(name, "zram", 4) == 0 ||
	              strncmp(name, "ram", 3) == 0;
	struct mounts *none;

	ck_assert_int_eq(mounts_parse("text", "", 0, "", &none, NULL), 0);
	ck_assert_int_eq(mounts_lasting(none, &(struct mount_point){
	    .path = "/", .fstype = "ext4", .source = "LABEL=x", .dev = dev }),
	    !memory);
	mounts_free(none);
}

/* Each block device of this machine, by its number and by its node. */
START_TEST(devices_of_this_machine)
{
	DIR *dir = opendir("/sys/dev/block");
	unsigned int major, minor, seen = 0;
	struct dirent *e;
	struct stat st;
	char name[600], link[256], state;
	ssize_t n;
	int fd;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (sscanf(e->d_name, "%u:%u", &major, &minor) != 2)
			continue;
		snprintf(name, sizeof(name), "%s/ro", e->d_name);
		fd = openat(dirfd(dir), name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		ck_assert_int_eq(read(fd, &state, 1), 1);
		close(fd);
		ck_assert_int_eq(readonly(makedev(major, minor), ""),
		                 state == '1');
		seen++;
		n = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);
		ck_assert_int_gt(n, 0);
		link[n] = '\0';
		in_memory(makedev(major, minor), strrchr(link, '/') + 1);
		snprintf(name, sizeof(name), "/dev%s", strrchr(link, '/'));
		if (stat(name, &st) == 0 &&
		    st.st_rdev == makedev(major, minor))
			ck_assert_int_eq(readonly(makedev(0, 9), name),
			                 state == '1');
	}
	if (dir != NULL)
		closedir(dir);
	if (seen == 0)
		printf("# skipped: no block device here\n");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("lasting");
	TCase *t = tcase_create("lasting");

	tcase_add_test(t, by_type);
	tcase_add_test(t, disks_in_memory);
	tcase_add_test(t, by_upper_folder);
	tcase_add_test(t, overlays_on_overlays);
	tcase_add_test(t, upper_unknown);
	tcase_add_test(t, loops_end);
	tcase_add_test(t, below_an_instdir);
	tcase_add_test(t, no_device);
	tcase_add_test(t, devices_of_this_machine);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
