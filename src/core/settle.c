/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "settle.h"

#include "nested.h"

/* More rounds of nested callers than this are left to the next run. */
#define TRIES 16
/* How long those that joined may go on after the real program's end. */
#define VISITORS_SECONDS 60

/* With its state folder gone, what was released has been seen to already. */
static int
close_once(struct settling *t, bool *ret_gone)
{
	enum journal_wish wish = t->journal == NULL ? JOURNAL_NO_WISH :
	                         journal_wished(t->journal);

	*ret_gone = wish == JOURNAL_FORGOTTEN;
	return *ret_gone ? 0 : t->close(t->ctx, wish);
}

int
settle(struct settling *t, struct diag *diag)
{
	bool gone = false;
	int e = 0;

	t->visitors_fd = nested_wait(t->s->state->run_fd,
	                             VISITORS_SECONDS);
	if (!t->closed)
		e = close_once(t, &gone);
	if (e < 0 || gone || t->journal == NULL)
		return e;
	e = journal_closed(t->journal);
	for (int i = 0; i < TRIES && e == ERR_BUSY; i++) {
		e = close_once(t, &gone);
		if (e < 0 || gone)
			return e;
		e = journal_closed(t->journal);
	}
	return e == 0 ? 0 : diag_set(diag, e, STATE_DIR "/run/journal", 0,
	                             "not closed: %s", err_text(e));
}
