/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#include "capability.h"
#include "err.h"

/* capabilities(7), by number; cap_from_name(3) knows them by these. */
static const char *const names[] = {
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid",
	"kill", "setgid", "setuid", "setpcap", "linux_immutable",
	"net_bind_service", "net_broadcast", "net_admin", "net_raw",
	"ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot",
	"sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease",
	"audit_write", "audit_control", "setfcap", "mac_override",
	"mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read",
	"perfmon", "bpf", "checkpoint_restore"
};

enum {
	NAMED = sizeof(names) / sizeof(names[0]),
	BITS = 64,
	EFFECTIVE = 1, PERMITTED = 2, INHERITABLE = 4, STATES = 8
};

struct sets {
	uint64_t permitted;
	uint64_t inheritable;
	bool effective;		/* one for all that the two others have */
	bool has_rootid;
	uint32_t rootid;
};

static uint32_t
little_u32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 |
	       (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static int
decode(const unsigned char *at, size_t n, struct sets *ret)
{
	struct sets s = { 0 };
	uint32_t magic;

	if (n < sizeof(magic))
		return ERR_FORMAT;
	magic = little_u32(at);
	switch (magic & VFS_CAP_REVISION_MASK) {
	case VFS_CAP_REVISION_1:
		if (n != XATTR_CAPS_SZ_1)
			return ERR_FORMAT;
		break;
	case VFS_CAP_REVISION_2:
		if (n != XATTR_CAPS_SZ_2)
			return ERR_FORMAT;
		break;
	case VFS_CAP_REVISION_3:
		if (n != XATTR_CAPS_SZ_3)
			return ERR_FORMAT;
		s.has_rootid = true;
		s.rootid = little_u32(at + 20);
		break;
	default:
		return ERR_FORMAT;
	}
	magic &= ~(uint32_t)VFS_CAP_REVISION_MASK;
	if (magic > VFS_CAP_FLAGS_EFFECTIVE)
		return ERR_FORMAT;
	s.effective = magic == VFS_CAP_FLAGS_EFFECTIVE;
	s.permitted = little_u32(at + 4);
	s.inheritable = little_u32(at + 8);
	if (n > XATTR_CAPS_SZ_1) {
		s.permitted |= (uint64_t)little_u32(at + 12) << 32;
		s.inheritable |= (uint64_t)little_u32(at + 16) << 32;
	}
	*ret = s;
	return 0;
}

static unsigned int
state_of(const struct sets *s, unsigned int capability)
{
	uint64_t bit = UINT64_C(1) << capability;
	unsigned int state = 0;

	if (s->permitted & bit)
		state |= PERMITTED;
	if (s->inheritable & bit)
		state |= INHERITABLE;
	if (state != 0 && s->effective)
		state |= EFFECTIVE;
	return state;
}

/* What most of the named ones have; of equals the one with less. */
static unsigned int
most_common(const struct sets *s)
{
	unsigned int count[STATES] = { 0 }, best = 0;

	for (unsigned int i = 0; i < NAMED; i++)
		count[state_of(s, i)]++;
	for (unsigned int i = 1; i < STATES; i++) {
		if (count[i] > count[best])
			best = i;
	}
	return best;
}

static int
add_flags(struct buf *out, char operator, unsigned int state)
{
	return buf_addf(out, "%c%s%s%s", operator,
	                state & EFFECTIVE ? "e" : "",
	                state & INHERITABLE ? "i" : "",
	                state & PERMITTED ? "p" : "");
}

/* One clause: all capabilities from `first` on that are in this state. */
static int
add_clause(struct buf *out, const struct sets *s, unsigned int state,
           unsigned int base, unsigned int first, unsigned int end)
{
	char adding = out->len ? '+' : '=';
	unsigned int i, found = 0;
	int err = 0;

	for (i = first; i < end && err == 0; i++) {
		if (state_of(s, i) != state)
			continue;
		err = buf_add_str(out, found++ ? "," : out->len ? " " : "");
		if (err < 0)
			break;
		err = i < NAMED ? buf_addf(out, "cap_%s", names[i]) :
		      buf_addf(out, "%u", i);
	}
	if (err < 0 || found == 0)
		return err;
	if (state & ~base)
		err = add_flags(out, adding, state & ~base);
	if (err == 0 && (base & ~state))
		err = add_flags(out, '-', base & ~state);
	return err;
}

static int
add_sets(struct buf *out, const struct sets *s)
{
	const uint64_t named = (UINT64_C(1) << NAMED) - 1;
	unsigned int base = most_common(s);
	int err = 0;

	/* "=" alone: none of the named ones */
	if (base != 0 || ((s->permitted | s->inheritable) & named) == 0)
		err = add_flags(out, '=', base);
	for (unsigned int state = STATES; state-- > 0 && err == 0;) {
		if (state != base)
			err = add_clause(out, s, state, base, 0, NAMED);
	}
	/* A number has no base: that is about the named ones only. */
	for (unsigned int state = STATES; --state > 0 && err == 0;)
		err = add_clause(out, s, state, 0, NAMED, BITS);
	if (err == 0 && s->has_rootid)
		err = buf_addf(out, " [rootid=%u]", s->rootid);
	return err;
}

int
capability_text(const void *value, size_t n, struct buf *out)
{
	struct sets sets;
	struct buf text;
	int err;

	err = decode(value, n, &sets);
	if (err < 0)
		return err;
	buf_init(&text, 0);
	err = add_sets(&text, &sets);
	if (err == 0)
		err = buf_add(out, text.data, text.len);
	buf_free(&text);
	return err;
}
