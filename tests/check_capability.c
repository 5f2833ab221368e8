/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <check.h>
#include <string.h>

#include "capability.h"
#include "check_main.h"
#include "err.h"
#include "scratch.h"

#define BYTES(s) (s), sizeof(s) - 1
#define NO4 "\0\0\0\0"
#define ALL4 "\xff\xff\xff\xff"

static const struct {
	const char *value;
	size_t n;
	const char *text;	/* NULL: none */
} capabilities[] = {
	{ BYTES("\1\0\0\2\0\x20\0\0" NO4 NO4 NO4), "cap_net_raw=ep" },
	{ BYTES("\0\0\0\2\0\x20\0\0" NO4 NO4 NO4), "cap_net_raw=p" },
	{ BYTES("\1\0\0\2\0\x34\0\0" NO4 NO4 NO4),
	  "cap_net_bind_service,cap_net_admin,cap_net_raw=ep" },
	{ BYTES("\0\0\0\2\1\0\0\0\x20\0\0\0" NO4 NO4),
	  "cap_kill=i cap_chown+p" },
	{ BYTES("\1\0\0\2\1\0\0\0\1\0\0\0" NO4 NO4), "cap_chown=eip" },
	{ BYTES("\1\0\0\2" NO4 NO4 "\xc0\1\0\0" NO4),
	  "cap_perfmon,cap_bpf,cap_checkpoint_restore=ep" },
	{ BYTES("\0\0\0\2" NO4 NO4 NO4 NO4), "=" },
	{ BYTES("\1\0\0\2" NO4 NO4 NO4 NO4), "=" },
	{ BYTES("\1\0\0\2" ALL4 NO4 "\xff\1\0\0" NO4), "=ep" },
	{ BYTES("\1\0\0\2" ALL4 NO4 "\x7f\1\0\0" NO4), "=ep cap_bpf-ep" },
	{ BYTES("\1\0\0\2\1\0\0\0" NO4 "\0\2\0\x80" NO4),
	  "cap_chown=ep 41,63+ep" },
	{ BYTES("\1\0\0\2" ALL4 NO4 ALL4 NO4), "=ep 41,42,43,44,45,46,47,48,"
	  "49,50,51,52,53,54,55,56,57,58,59,60,61,62,63+ep" },
	{ BYTES("\1\0\0\1\0\x20\0\0" NO4), "cap_net_raw=ep" },
	{ BYTES("\1\0\0\3\0\x20\0\0" NO4 NO4 NO4 "\xe8\3\0\0"),
	  "cap_net_raw=ep [rootid=1000]" },
	{ BYTES("\1\0\0\3\0\x20\0\0" NO4 NO4 NO4 ALL4),
	  "cap_net_raw=ep [rootid=4294967295]" },
	/* truncated, too long, of another revision, with unknown flags */
	{ BYTES(""), NULL },
	{ BYTES("\1\0\0"), NULL },
	{ BYTES("\1\0\0\2"), NULL },
	{ BYTES("\1\0\0\2" NO4 NO4), NULL },
	{ BYTES("\1\0\0\2" NO4 NO4 NO4 "\0\0\0"), NULL },
	{ BYTES("\1\0\0\2" NO4 NO4 NO4 NO4 NO4), NULL },
	{ BYTES("\1\0\0\1" NO4 NO4 NO4 NO4), NULL },
	{ BYTES("\1\0\0\3" NO4 NO4 NO4 NO4), NULL },
	{ BYTES("\1\0\0\3" NO4 NO4 NO4 NO4 NO4 "\0"), NULL },
	{ BYTES("\1\0\0\0" NO4 NO4 NO4 NO4), NULL },
	{ BYTES("\1\0\0\4" NO4 NO4 NO4 NO4 NO4), NULL },
	{ BYTES("\1\0\0\xff" NO4 NO4 NO4 NO4), NULL },
	{ BYTES("\2\0\0\2" NO4 NO4 NO4 NO4), NULL },
	{ BYTES("\1\0\1\2" NO4 NO4 NO4 NO4), NULL }
};

START_TEST(capability_table)
{
	const char *text = capabilities[_i].text;
	struct buf b;
	int err;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_add_str(&b, "before "), 0);
	err = capability_text(capabilities[_i].value, capabilities[_i].n, &b);
	ck_assert_int_eq(err, text ? 0 : ERR_FORMAT);
	ck_assert_str_eq(b.data + strlen("before "), text ? text : "");
	buf_free(&b);
}
END_TEST

START_TEST(capability_full_buffer_stays)
{
	struct buf b;

	buf_init(&b, 12);
	ck_assert_int_eq(buf_add_str(&b, "x"), 0);
	ck_assert_int_eq(capability_text(capabilities[0].value,
	                                 capabilities[0].n, &b), ERR_LIMIT);
	ck_assert_str_eq(b.data, "x");
	buf_free(&b);
}
END_TEST

/* Any bytes of a good length are told or refused, and never read beyond. */
START_TEST(capability_random)
{
	static const unsigned char sizes[] = { 12, 20, 24 };
	unsigned int state = 815, kind, good = 0;
	unsigned char *value;
	struct buf b;
	int err;

	buf_init(&b, 0);
	for (int i = 0; i < 3000; i++) {
		kind = scratch_random(&state, 3);
		value = malloc(sizes[kind]);
		ck_assert_ptr_nonnull(value);
		for (size_t j = 0; j < sizes[kind]; j++)
			value[j] = (unsigned char)scratch_random(&state, 256);
		memcpy(value, "\1\0\0", 3);
		value[3] = (unsigned char)scratch_random(&state, 5);
		buf_clear(&b);
		err = capability_text(value, sizes[kind], &b);
		ck_assert_int_eq(err, value[3] == kind + 1 ? 0 : ERR_FORMAT);
		ck_assert_int_eq(b.len > 0, err == 0);
		good += err == 0;
		free(value);
	}
	ck_assert_uint_gt(good, 100);
	buf_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("capability");
	TCase *t = tcase_create("capability");

	tcase_add_loop_test(t, capability_table, 0,
	                    (int)(sizeof(capabilities) /
	                          sizeof(capabilities[0])));
	tcase_add_test(t, capability_full_buffer_stays);
	tcase_add_test(t, capability_random);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN()
