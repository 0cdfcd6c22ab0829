/* What a fleet's devices tell goes to the one who watches, one at a time. */
#include "lab/fleet_hand.h"

#include <string.h>

/* Of the whole run: finished, under way, and kept for later. */
static void sum_up(const struct ut_fleet *fleet, struct ut_progress *progress)
{
	const struct ut_ledger *ledger = fleet->ledger;
	const struct ut_kept *kept;
	size_t h;
	int w;

	memcpy(progress->done, ledger->done, sizeof(progress->done));
	progress->images = ledger->images;
	for (kept = ledger->kept; kept; kept = kept->next) {
		if (fleet->dispatch.taken[kept->place.first])
			continue;
		for (w = 0; w < UT_EFFORTS; ++w)
			progress->done[w] += kept->place.done[w];
		progress->images += kept->place.images;
	}
	for (h = 0; h < fleet->count; ++h) {
		const struct ut_worker *worker = &fleet->dispatch.workers[h];

		for (w = 0; worker->R && w < UT_EFFORTS; ++w)
			progress->done[w] += worker->done[w];
		progress->images += worker->R ? worker->images : 0;
	}
}

void ut_fleet_tell(const struct ut_fleet *fleet, struct ut_progress progress)
{
	if (!fleet->watcher->progress)
		return;
	sum_up(fleet, &progress);
	fleet->watcher->progress(fleet->watcher->user, &progress);
}

static void relay_progress(void *user, const struct ut_progress *progress)
{
	struct ut_hand *hand = user;
	struct ut_fleet *fleet = hand->fleet;

	pthread_mutex_lock(&fleet->lock);
	ut_dispatch_hear(&fleet->dispatch, ut_hand_number(hand), progress);
	ut_fleet_tell(fleet, *progress);
	pthread_mutex_unlock(&fleet->lock);
}

static bool relay_stop(void *user)
{
	const struct ut_hand *hand = user;
	struct ut_fleet *fleet = hand->fleet;
	const struct ut_observer *watcher = fleet->watcher;
	bool stop;

	pthread_mutex_lock(&fleet->lock);
	if (!fleet->stopping && watcher->stop && watcher->stop(watcher->user)) {
		fleet->stopping = true;
		pthread_cond_broadcast(&fleet->changed);
	}
	stop = fleet->stopping;
	pthread_mutex_unlock(&fleet->lock);
	return stop;
}

static enum ut_status relay_weights(void *user, const struct ut_net *net,
				    enum ut_condition condition, unsigned first,
				    unsigned replicas, const float *arenas,
				    struct ut_error *error)
{
	const struct ut_hand *hand = user;
	struct ut_fleet *fleet = hand->fleet;
	enum ut_status status;

	pthread_mutex_lock(&fleet->lock);
	status = fleet->watcher->weights(fleet->watcher->user, net, condition,
					 first, replicas, arenas, error);
	pthread_mutex_unlock(&fleet->lock);
	return status;
}

static enum ut_status relay_stage(void *user, const struct ut_stage *stage,
				  struct ut_error *error)
{
	const struct ut_hand *hand = user;
	struct ut_fleet *fleet = hand->fleet;
	enum ut_status status;

	pthread_mutex_lock(&fleet->lock);
	status = fleet->watcher->stage(fleet->watcher->user, stage, error);
	pthread_mutex_unlock(&fleet->lock);
	return status;
}

void ut_fleet_note(const struct ut_fleet *fleet, struct ut_text *text)
{
	if (fleet->watcher->note)
		fleet->watcher->note(fleet->watcher->user,
				     ut_text_string(text));
	ut_text_release(text);
}

struct ut_observer ut_hand_observer(struct ut_hand *hand)
{
	const struct ut_observer *watcher = hand->fleet->watcher;

	return (struct ut_observer){
		.user = hand,
		.progress = relay_progress,
		.stop = relay_stop,
		.weights = watcher->weights ? relay_weights : NULL,
		.stage = watcher->stage ? relay_stage : NULL,
	};
}
