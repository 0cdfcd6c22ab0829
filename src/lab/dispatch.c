/* Which replicas a worker does next. */
#include "lab/dispatch.h"

#include <stdlib.h>
#include <string.h>

enum ut_status ut_dispatch_init(struct ut_dispatch *dispatch, size_t count,
				const struct ut_ledger *ledger,
				const double planned[UT_EFFORTS],
				struct ut_error *error)
{
	size_t r;
	int w;

	*dispatch = (struct ut_dispatch){
		.workers = calloc(count, sizeof(*dispatch->workers)),
		.count = count,
		.taken = calloc(ledger->replicas, sizeof(*dispatch->taken)),
		.replicas = ledger->replicas,
	};
	if (!dispatch->workers || !dispatch->taken)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (r = 0; r < ledger->replicas; ++r)
		dispatch->unfinished += !ledger->finished[r];
	for (w = 0; w < UT_EFFORTS; ++w)
		dispatch->each += planned[w] / (double)ledger->replicas;
	return UT_OK;
}

void ut_dispatch_release(struct ut_dispatch *dispatch)
{
	free(dispatch->workers);
	free(dispatch->taken);
	*dispatch = (struct ut_dispatch){0};
}

static double done_of(const struct ut_worker *worker)
{
	double sum = 0;
	int w;

	for (w = 0; w < UT_EFFORTS; ++w)
		sum += worker->done[w];
	return sum;
}

/* Operations a second; 0: not known yet. */
static double speed(const struct ut_worker *worker, double now)
{
	double work = worker->work, seconds = worker->seconds;

	if (worker->R) {
		work += done_of(worker) - worker->before;
		seconds += now - worker->began;
	}
	return work > 0 && seconds > 0 ? work / seconds : 0;
}

/* Operations of a group under way that are still to be done. */
static double outstanding(const struct ut_dispatch *dispatch,
			  const struct ut_worker *worker)
{
	double rest = worker->R * dispatch->each - done_of(worker);

	return rest > 0 ? rest : 0;
}

/* What is known of the workers that are not lost. */
struct survey {
	size_t workers;
	double left;           /* operations: waiting and outstanding */
	double speed, fastest; /* of all together, and of one */
	bool all_known;
};

static struct survey look_round(const struct ut_dispatch *dispatch, double now)
{
	struct survey survey = {.all_known = true};
	size_t waiting = dispatch->unfinished, h, r;

	for (r = 0; r < dispatch->replicas; ++r)
		waiting -= dispatch->taken[r];
	survey.left = (double)waiting * dispatch->each;
	for (h = 0; h < dispatch->count; ++h) {
		const struct ut_worker *worker = &dispatch->workers[h];
		double its = speed(worker, now);

		if (worker->lost)
			continue;
		++survey.workers;
		survey.left += outstanding(dispatch, worker);
		survey.speed += its;
		if (its > survey.fastest)
			survey.fastest = its;
		survey.all_known = survey.all_known && its > 0;
	}
	return survey;
}

/* Replicas that the idle worker should take; 0: others are sooner done. */
static unsigned wanted(const struct ut_dispatch *dispatch,
		       const struct ut_worker *worker, double now)
{
	struct survey survey = look_round(dispatch, now);
	double its = speed(worker, now), replicas;

	if (survey.workers == 1 || !(dispatch->each > 0))
		return worker->most;
	/* one replica shows how fast a worker is */
	if (!survey.all_known)
		return 1;
	/* all end together */
	replicas = survey.left / dispatch->each * its / survey.speed;
	if (replicas < 0.5 && its < survey.fastest)
		return 0;
	replicas = replicas < 1 ? 1 : replicas + 0.5;
	return replicas < worker->most ? (unsigned)replicas : worker->most;
}

/* Replicas that wait, from the first that does on, kept as one or not at all. */
static unsigned find_waiting(const struct ut_dispatch *dispatch,
			     const struct ut_ledger *ledger, unsigned *first)
{
	unsigned r = 0, end;
	const struct ut_kept *kept;

	while (r < dispatch->replicas &&
	       (dispatch->taken[r] || ledger->finished[r]))
		++r;
	*first = r;
	if (r == dispatch->replicas)
		return 0;
	kept = ut_ledger_find(ledger, r);
	if (kept)
		return kept->place.replicas;
	end = r + 1;
	while (end < dispatch->replicas && !dispatch->taken[end] &&
	       !ledger->finished[end] && !ut_ledger_find(ledger, end))
		++end;
	return end - r;
}

bool ut_dispatch_take(struct ut_dispatch *dispatch, size_t worker,
		      struct ut_ledger *ledger, double now)
{
	struct ut_worker *its = &dispatch->workers[worker];
	unsigned first, waiting, R;

	waiting = find_waiting(dispatch, ledger, &first);
	R = waiting ? wanted(dispatch, its, now) : 0;
	if (!R)
		return false;
	if (R < waiting)
		ut_ledger_cut(ledger, first, R);
	else
		R = waiting;
	memset(dispatch->taken + first, true, R);
	its->first = first;
	its->R = R;
	its->began = now;
	ut_dispatch_begin(dispatch, worker, ut_ledger_find(ledger, first));
	its->before = done_of(its);
	return true;
}

void ut_dispatch_begin(struct ut_dispatch *dispatch, size_t worker,
		       const struct ut_kept *kept)
{
	struct ut_worker *its = &dispatch->workers[worker];

	memset(its->done, 0, sizeof(its->done));
	if (kept)
		memcpy(its->done, kept->place.done, sizeof(its->done));
	its->images = kept ? kept->place.images : 0;
}

void ut_dispatch_hear(struct ut_dispatch *dispatch, size_t worker,
		      const struct ut_progress *progress)
{
	struct ut_worker *its = &dispatch->workers[worker];

	memcpy(its->done, progress->done, sizeof(its->done));
	its->images = progress->images;
}

/* Replicas of the worker's group from `from` on wait again. */
static void let_go(struct ut_dispatch *dispatch, struct ut_worker *its,
		   unsigned from)
{
	memset(dispatch->taken + its->first + from, false, its->R - from);
	its->R = from;
}

void ut_dispatch_shrink(struct ut_dispatch *dispatch, size_t worker,
			unsigned replicas)
{
	struct ut_worker *its = &dispatch->workers[worker];

	let_go(dispatch, its, replicas);
	its->most = replicas;
}

void ut_dispatch_finish(struct ut_dispatch *dispatch, size_t worker, double now)
{
	struct ut_worker *its = &dispatch->workers[worker];

	its->work += done_of(its) - its->before;
	its->seconds += now - its->began;
	dispatch->unfinished -= its->R;
	let_go(dispatch, its, 0);
}

bool ut_dispatch_lose(struct ut_dispatch *dispatch, size_t worker)
{
	struct ut_worker *its = &dispatch->workers[worker];
	size_t h;

	let_go(dispatch, its, 0);
	its->lost = true;
	for (h = 0; h < dispatch->count; ++h)
		if (!dispatch->workers[h].lost)
			return true;
	return false;
}
