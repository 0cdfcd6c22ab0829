/* What the files of a fleet share: its devices, and what they are at. */
#ifndef UT_FLEET_HAND_H
#define UT_FLEET_HAND_H

#include "base/text.h"
#include "lab/dispatch.h"
#include "lab/fleet.h"

struct ut_fleet;

/* A device, and what it is at. */
struct ut_hand {
	struct ut_fleet *fleet;
	struct ut_session session;
	struct ut_observer observer; /* the session's; user is the hand */
	struct ut_results own;       /* the session's, where there are more */
	struct ut_share share;
	pthread_t thread;
	bool has_thread;
};

struct ut_fleet {
	const struct ut_experiment *experiment;
	const struct ut_observer *watcher; /* the caller's */
	struct ut_results *results;
	ut_fleet_work *work;
	struct ut_hand *hands; /* (count) */
	size_t count;
	struct ut_ledger own, *ledger; /* the checkpoint's, or its own */
	struct ut_dispatch dispatch;
	/* Over all that follows, the ledger, the results and the watcher. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	double started;        /* as a session has it; 0: not yet */
	bool stopping;         /* no device takes another group */
	struct ut_error error; /* why, or UT_OK */
};

static inline size_t ut_hand_number(const struct ut_hand *hand)
{
	return (size_t)(hand - hand->fleet->hands);
}

/* What the device is at. */
static inline struct ut_worker *ut_hand_worker(const struct ut_hand *hand)
{
	return &hand->fleet->dispatch.workers[ut_hand_number(hand)];
}

/* The observer of a device's session, which passes all on to the watcher. */
struct ut_observer ut_hand_observer(struct ut_hand *hand);

/*
 * With the lock held: tells the watcher how far the whole run is, progress saying
 * where the device is; and what people should know, whose text is released.
 */
void ut_fleet_tell(const struct ut_fleet *fleet, struct ut_progress progress);
void ut_fleet_note(const struct ut_fleet *fleet, struct ut_text *text);

#endif
