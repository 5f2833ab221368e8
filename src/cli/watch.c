/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "file.h"

#define PATIENCE_MS 1000
#define PAUSE_MS 200

struct watch {
	int fd;
	const char *what;
	struct progress *progress;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t stopped;
	bool stop, shown;
};

static void
put(struct watch *w, const char *text)
{
	/* A terminal that went away is no reason to end. */
	(void)file_write(w->fd, text, strlen(text));
}

static void
clear(struct watch *w)
{
	if (w->shown)
		put(w, "\r\033[K");
	w->shown = false;
}

static void
show(struct watch *w)
{
	size_t total = atomic_load(&w->progress->total);
	size_t done = atomic_load(&w->progress->done);
	char line[200];

	if (total == 0)
		return;
	snprintf(line, sizeof(line), "\r%s: %zu%%\033[K", w->what,
	         done >= total ? 100 : 100 * done / total);
	put(w, line);
	w->shown = true;
}

static void
in_ms(long ms, struct timespec *ret)
{
	clock_gettime(CLOCK_REALTIME, ret);
	ret->tv_nsec += ms * 1000000;
	ret->tv_sec += ret->tv_nsec / 1000000000;
	ret->tv_nsec %= 1000000000;
}

static void *
work(void *arg)
{
	struct watch *w = arg;
	struct timespec until;

	in_ms(PATIENCE_MS, &until);
	pthread_mutex_lock(&w->mutex);
	while (!w->stop) {
		if (pthread_cond_timedwait(&w->stopped, &w->mutex, &until) !=
		    ETIMEDOUT)
			continue;
		show(w);
		in_ms(PAUSE_MS, &until);
	}
	clear(w);
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

struct watch *
watch_start(int fd, const char *what, struct progress *p)
{
	struct watch *w = calloc(1, sizeof(*w));
	sigset_t all, mask;
	int err;

	if (w == NULL)
		return NULL;
	w->fd = fd;
	w->what = what;
	w->progress = p;
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->stopped, NULL);
	/* Signals are for the thread that works. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	err = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (err == 0)
		return w;
	pthread_cond_destroy(&w->stopped);
	pthread_mutex_destroy(&w->mutex);
	free(w);
	return NULL;
}

void
watch_hide(struct watch *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->mutex);
	clear(w);
	pthread_mutex_unlock(&w->mutex);
}

void
watch_stop(struct watch *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	pthread_cond_signal(&w->stopped);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->stopped);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}
