/* A fleet: the devices of an experiment, which share its replicas. */
#include "lab/fleet_hand.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/checkpoint.h"
#include "lab/demand.h"

/* A group ------------------------------------------------------------------ */

/* Takes a group, if there is one for this device; else the device is done. */
static bool take(struct ut_hand *hand)
{
	struct ut_fleet *fleet = hand->fleet;
	bool taken = false;

	pthread_mutex_lock(&fleet->lock);
	while (!fleet->stopping && fleet->dispatch.unfinished) {
		taken = ut_dispatch_take(&fleet->dispatch, ut_hand_number(hand),
					 fleet->ledger, ut_clock_now());
		if (taken)
			break;
		pthread_cond_wait(&fleet->changed, &fleet->lock);
	}
	pthread_mutex_unlock(&fleet->lock);
	return taken;
}

/* The group is about to begin, or to go on from where it was kept. */
static void begin(struct ut_hand *hand)
{
	struct ut_fleet *fleet = hand->fleet;
	struct ut_session *session = &hand->session;
	struct ut_progress *progress = &session->progress;
	const struct ut_worker *worker = ut_hand_worker(hand);

	pthread_mutex_lock(&fleet->lock);
	memset(progress->done, 0, sizeof(progress->done));
	progress->images = 0;
	progress->first = worker->first;
	progress->replicas = worker->R;
	session->kept = ut_ledger_find(fleet->ledger, worker->first);
	if (session->results != fleet->results)
		ut_results_take(session->results, fleet->results, worker->first,
				worker->R);
	ut_dispatch_begin(&fleet->dispatch, ut_hand_number(hand),
			  session->kept);
	pthread_mutex_unlock(&fleet->lock);
}

static void finish(struct ut_hand *hand)
{
	struct ut_fleet *fleet = hand->fleet;
	const struct ut_session *session = &hand->session;
	const struct ut_worker *worker = ut_hand_worker(hand);

	pthread_mutex_lock(&fleet->lock);
	if (session->results != fleet->results)
		ut_results_take(fleet->results, session->results, worker->first,
				worker->R);
	ut_ledger_finish(fleet->ledger, worker->first, worker->R,
			 &session->progress);
	hand->share.replicas += worker->R;
	ut_dispatch_hear(&fleet->dispatch, ut_hand_number(hand),
			 &session->progress);
	ut_dispatch_finish(&fleet->dispatch, ut_hand_number(hand),
			   ut_clock_now());
	pthread_cond_broadcast(&fleet->changed);
	pthread_mutex_unlock(&fleet->lock);
}

/* The group keeps its first half; the rest is anybody's. */
static void halve(struct ut_hand *hand)
{
	struct ut_fleet *fleet = hand->fleet;
	const struct ut_worker *worker = ut_hand_worker(hand);
	unsigned all = worker->R;
	struct ut_text text = {0};

	pthread_mutex_lock(&fleet->lock);
	ut_ledger_cut(fleet->ledger, worker->first, all / 2);
	ut_dispatch_shrink(&fleet->dispatch, ut_hand_number(hand), all / 2);
	ut_text_append(&text,
		       "%s has no memory for %u replicas at a time; going on "
		       "with %u",
		       ut_device_about(hand->session.device)->name, all,
		       all / 2);
	ut_fleet_note(fleet, &text);
	pthread_cond_broadcast(&fleet->changed);
	pthread_mutex_unlock(&fleet->lock);
}

/*
 * Does the group. When the device's memory runs out, others may just have held
 * it: the group is tried once more before it is halved.
 */
static enum ut_status do_group(struct ut_hand *hand, struct ut_error *error)
{
	struct ut_device *device = hand->session.device;
	const struct ut_worker *worker = ut_hand_worker(hand);
	bool tried = false;
	enum ut_status status;

	for (;;) {
		begin(hand);
		status = hand->fleet->work(&hand->session, worker->first,
					   worker->R, error);
		if (!status) {
			finish(hand);
			return UT_OK;
		}
		if (status != UT_MEMORY || (tried && worker->R == 1) ||
		    !ut_device_recover(device))
			return status;
		if (tried)
			halve(hand);
		tried = true;
	}
}

/* A device ----------------------------------------------------------------- */

/* The data go to the device; the first that has them starts the clock. */
static enum ut_status set_out(struct ut_hand *hand, struct ut_error *error)
{
	struct ut_fleet *fleet = hand->fleet;
	const struct ut_checkpoint *checkpoint = hand->session.checkpoint;
	enum ut_status status;

	status = ut_session_stage(&hand->session, UT_STAGE_PREPARE, UT_TEACHER,
				  0, 0, error);
	if (!status)
		status = ut_session_upload(&hand->session, error);
	if (status)
		return status;
	pthread_mutex_lock(&fleet->lock);
	if (!(fleet->started > 0)) {
		fleet->started = ut_clock_now();
		if (checkpoint)
			fleet->started -= checkpoint->seconds;
		/* what was done before says nothing of rates now */
		ut_fleet_tell(fleet, hand->session.progress);
	}
	hand->session.started = fleet->started;
	pthread_mutex_unlock(&fleet->lock);
	return UT_OK;
}

/*
 * The device does no more. If it has failed and others have not, they go on with
 * its replicas; else the first error is that of all.
 */
static void give_up(struct ut_hand *hand, const struct ut_error *error)
{
	struct ut_fleet *fleet = hand->fleet;
	bool failed = ut_device_finish(hand->session.device, NULL);
	struct ut_text text = {0};

	pthread_mutex_lock(&fleet->lock);
	if (ut_dispatch_lose(&fleet->dispatch, ut_hand_number(hand)) &&
	    failed && !fleet->stopping) {
		ut_text_append(&text,
			       "%s does no more: %s; its replicas go to the "
			       "others",
			       ut_device_about(hand->session.device)->name,
			       error->text);
		ut_fleet_note(fleet, &text);
	} else {
		if (!fleet->error.status)
			fleet->error = *error;
		fleet->stopping = true;
	}
	if (failed)
		hand->share.lost = *error;
	pthread_cond_broadcast(&fleet->changed);
	pthread_mutex_unlock(&fleet->lock);
}

static void *run_hand(void *user)
{
	struct ut_hand *hand = user;
	struct ut_error error = {0};
	enum ut_status status = set_out(hand, &error);

	while (!status && take(hand)) {
		double began = ut_clock_now();

		status = do_group(hand, &error);
		hand->share.seconds += ut_clock_now() - began;
	}
	if (status)
		give_up(hand, &error);
	ut_session_release(&hand->session);
	hand->share.device_bytes = ut_device_bytes_peak(hand->session.device);
	return NULL;
}

static enum ut_status hand_init(struct ut_hand *hand, struct ut_fleet *fleet,
				const struct ut_session *session,
				struct ut_device *device,
				struct ut_error *error)
{
	struct ut_session *own = &hand->session;
	enum ut_status status;

	hand->fleet = fleet;
	hand->observer = ut_hand_observer(hand);
	*own = *session;
	own->device = device;
	own->observer = &hand->observer;
	own->lock = &fleet->lock;
	status = ut_demand_check(own, error);
	if (status || fleet->count == 1)
		return status;
	own->results = &hand->own;
	return ut_results_init(&hand->own, own->recipe, own->data, error);
}

/* The fleet ---------------------------------------------------------------- */

static enum ut_status init(struct ut_fleet *fleet,
			   const struct ut_session *session,
			   struct ut_error *error)
{
	const struct ut_experiment *experiment = fleet->experiment;
	size_t R = session->recipe->replicas, h;
	enum ut_status status;

	pthread_mutex_init(&fleet->lock, NULL);
	pthread_cond_init(&fleet->changed, NULL);
	status = ut_ledger_init(&fleet->own, R, error);
	fleet->ledger = experiment->checkpoint ? &experiment->checkpoint->ledger
					       : &fleet->own;
	fleet->hands = calloc(fleet->count, sizeof(*fleet->hands));
	if (!status && !fleet->hands)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	for (h = 0; h < fleet->count && !status; ++h)
		status = hand_init(&fleet->hands[h], fleet, session,
				   experiment->devices[h], error);
	if (!status)
		status = ut_dispatch_init(&fleet->dispatch, fleet->count,
					  fleet->ledger,
					  session->progress.planned, error);
	for (h = 0; h < fleet->count && !status; ++h)
		fleet->dispatch.workers[h].most =
			ut_demand_group(&fleet->hands[h].session);
	return status;
}

static void release(struct ut_fleet *fleet)
{
	size_t h;

	for (h = 0; fleet->hands && h < fleet->count; ++h)
		ut_results_release(&fleet->hands[h].own);
	free(fleet->hands);
	ut_dispatch_release(&fleet->dispatch);
	ut_ledger_release(&fleet->own);
	pthread_cond_destroy(&fleet->changed);
	pthread_mutex_destroy(&fleet->lock);
}

/* A thread each, but for the first device: it has the caller's. */
static void run_all(struct ut_fleet *fleet)
{
	size_t h;

	for (h = 1; h < fleet->count; ++h) {
		struct ut_hand *hand = &fleet->hands[h];
		struct ut_error error = {0};

		hand->has_thread =
			!pthread_create(&hand->thread, NULL, run_hand, hand);
		if (hand->has_thread)
			continue;
		ut_error_set(&error, UT_MEMORY,
			     "no thread for %s: out of memory, or too many",
			     ut_device_about(hand->session.device)->name);
		give_up(hand, &error);
	}
	run_hand(&fleet->hands[0]);
	for (h = 1; h < fleet->count; ++h)
		if (fleet->hands[h].has_thread)
			pthread_join(fleet->hands[h].thread, NULL);
}

/* Whether the checkpoint lacks what was done: see below. */
static bool is_behind(const struct ut_fleet *fleet)
{
	const struct ut_ledger *ledger = fleet->ledger;
	enum ut_status status = fleet->error.status;

	if (!fleet->experiment->checkpoint || !(fleet->started > 0))
		return false;
	if (status == UT_INTERRUPTED)
		return fleet->count > 1;
	return (status == UT_DEVICE || status == UT_MEMORY) &&
	       (ledger->kept || memchr(ledger->finished, 1, ledger->replicas));
}

/*
 * Keeps what was done. When devices were stopped, one that had nothing left to
 * train has finished its group after the others were kept. When the last has
 * failed, a new process may go on, or another device.
 */
static enum ut_status keep_rest(struct ut_fleet *fleet, struct ut_error *error)
{
	struct ut_checkpoint *checkpoint = fleet->experiment->checkpoint;
	struct ut_error why = *error;

	if (!is_behind(fleet) ||
	    !ut_checkpoint_write(checkpoint, ut_clock_now() - fleet->started,
				 error))
		return error->status;
	/* a failure is told before another that comes of it */
	if (why.status != UT_INTERRUPTED)
		*error = why;
	return error->status;
}

/* Which of several devices did how much. */
static void note_share(const struct ut_fleet *fleet, const struct ut_hand *hand)
{
	struct ut_text text = {0};

	ut_text_append(&text, "%s: replicas %u, %.1f s",
		       ut_device_about(hand->session.device)->name,
		       hand->share.replicas, hand->share.seconds);
	ut_fleet_note(fleet, &text);
}

static void fill_in(struct ut_fleet *fleet)
{
	struct ut_results *results = fleet->results;
	const double *done = fleet->ledger->done;
	size_t h;

	results->seconds = ut_clock_now() - fleet->started;
	results->flop = done[UT_EFFORT_TEACHER] + done[UT_EFFORT_STUDENT];
	results->device_bytes = 0;
	for (h = 0; h < fleet->count; ++h) {
		const struct ut_share *share = &fleet->hands[h].share;

		results->device_bytes += share->device_bytes;
		if (fleet->experiment->shares)
			fleet->experiment->shares[h] = *share;
		if (fleet->count > 1)
			note_share(fleet, &fleet->hands[h]);
	}
}

enum ut_status ut_fleet_run(const struct ut_experiment *experiment,
			    const struct ut_session *session,
			    ut_fleet_work *work, struct ut_error *error)
{
	struct ut_fleet fleet = {
		.experiment = experiment,
		.watcher = session->observer,
		.results = session->results,
		.work = work,
		.count = experiment->device_count,
	};
	enum ut_status status = init(&fleet, session, error);

	if (!status) {
		run_all(&fleet);
		status = fleet.error.status;
		if (!status)
			fill_in(&fleet);
	}
	if (fleet.error.status) {
		*error = fleet.error;
		status = keep_rest(&fleet, error);
	}
	release(&fleet);
	return status;
}
