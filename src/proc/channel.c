/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "channel.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "err.h"

/* Room for the descriptors of one message, aligned as cmsg(3) wants it. */
union control {
	char room[CMSG_SPACE(CHANNEL_FDS * sizeof(int))];
	struct cmsghdr align;
};

int
channel_pair(int ret[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0 ?
	       -errno : 0;
}

int
channel_send(int fd, const void *data, size_t len, const int *fds, size_t n)
{
	struct iovec part = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	union control control;
	ssize_t done;

	if (n > CHANNEL_FDS)
		return -EINVAL;
	if (n > 0) {
		struct cmsghdr *c = &control.align;

		memset(&control, 0, sizeof(control));
		m.msg_control = control.room;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	do
		done = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : 0;
}

/* Out of the control part into fds what there is room for; true if all. */
static bool
take_fds(struct msghdr *m, int *fds, size_t n, size_t *ret_n)
{
	bool all = (m->msg_flags & MSG_CTRUNC) == 0;
	size_t got = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR(m, c)) {
		size_t some = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < some; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (got < n) {
				fds[got++] = fd;
				continue;
			}
			close(fd);
			all = false;
		}
	}
	*ret_n = got;
	return all;
}

int
channel_receive(int fd, void *data, size_t least, size_t size, int *fds,
                size_t n, size_t *ret_n)
{
	struct iovec part = { .iov_base = data, .iov_len = size };
	union control control;
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)
	};
	size_t got = 0;
	ssize_t done;
	bool all;

	do
		done = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	all = take_fds(&m, fds, n, &got);
	if (done == 0 && got == 0)
		return 0;
	if (!all || (m.msg_flags & MSG_TRUNC) != 0 || (size_t)done < least) {
		while (got > 0)
			close(fds[--got]);
		return ERR_FORMAT;
	}
	*ret_n = got;
	return (int)done;
}
