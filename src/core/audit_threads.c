/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <sched.h>

#include "audit_priv.h"

/*
 * Every thread has a table of descriptors of its own: in a shared one each
 * call counts references and opening waits for the others. All have theirs
 * before one of them opens anything, so that no table keeps another's files.
 */
static void
own_table(struct audit *a)
{
	(void)unshare(CLONE_FILES);
	pthread_mutex_lock(&a->mutex);
	a->n_own++;
	pthread_cond_broadcast(&a->changed);
	while (!a->begun)
		pthread_cond_wait(&a->changed, &a->mutex);
	pthread_mutex_unlock(&a->mutex);
}

/* For the first thread, which has started so many others. */
static void
begin_all(struct audit *a, size_t others)
{
	pthread_mutex_lock(&a->mutex);
	while (a->n_own < others)
		pthread_cond_wait(&a->changed, &a->mutex);
	if (others > 0)
		(void)unshare(CLONE_FILES);
	a->n_own = 0;
	a->begun = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->mutex);
}

static void *
other_thread(void *arg)
{
	struct auditor *t = arg;

	own_table(t->audit);
	return t->audit->task(t);
}

int
audit_threads(struct auditor *t, size_t n, void *(*task)(void *))
{
	size_t started = 1;
	int r = 0;

	t->audit->task = task;
	t->audit->begun = false;
	while (started < n && pthread_create(&t[started].id, NULL,
	                                     other_thread, &t[started]) == 0)
		started++;
	begin_all(t->audit, started - 1);
	task(&t[0]);
	for (size_t i = 1; i < started; i++)
		pthread_join(t[i].id, NULL);
	for (size_t i = 0; r == 0 && i < started; i++)
		r = t[i].err;
	return r;
}
