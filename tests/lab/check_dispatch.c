/* Sharing replicas out: whoever is how fast, all end together. */
#include <stdlib.h>

#include "lab/dispatch.h"
#include "support/testing.h"

enum { WORKERS = 3 };

/* A replica's work of each kind, and the workers that do it. */
static const double each[UT_EFFORTS] = {3e9, 6e9, 1e9};
static struct ut_error error;

/* Workers at these seconds a replica, and what became of their work. */
struct race {
	struct ut_dispatch dispatch;
	struct ut_ledger ledger;
	double seconds[WORKERS]; /* a replica */
	double ends[WORKERS];    /* of the group under way */
	unsigned did[WORKERS], groups[WORKERS];
	double now;
};

static void race_open(struct race *race, size_t workers, size_t replicas,
		      const double *seconds, unsigned most)
{
	double planned[UT_EFFORTS];
	size_t h;
	int w;

	*race = (struct race){0};
	for (w = 0; w < UT_EFFORTS; ++w)
		planned[w] = each[w] * (double)replicas;
	ck_assert(!ut_ledger_init(&race->ledger, replicas, &error));
	ck_assert(!ut_dispatch_init(&race->dispatch, workers, &race->ledger,
				    planned, &error));
	for (h = 0; h < workers; ++h) {
		race->seconds[h] = seconds[h];
		race->dispatch.workers[h].most = most;
	}
}

static void race_close(struct race *race)
{
	ut_dispatch_release(&race->dispatch);
	ut_ledger_release(&race->ledger);
}

/* What a worker has done of its group. */
static struct ut_progress progress_of(const struct race *race, size_t h)
{
	const struct ut_worker *worker = &race->dispatch.workers[h];
	double began = race->ends[h] - worker->R * race->seconds[h];
	double replicas = (race->now - began) / race->seconds[h];
	struct ut_progress progress = {0};
	int w;

	for (w = 0; w < UT_EFFORTS; ++w)
		progress.done[w] = each[w] * replicas;
	return progress;
}

/* Every idle worker asks for a group. */
static void hand_out(struct race *race)
{
	size_t h;

	for (h = 0; h < race->dispatch.count; ++h) {
		struct ut_worker *worker = &race->dispatch.workers[h];

		if (worker->R || worker->lost ||
		    !ut_dispatch_take(&race->dispatch, h, &race->ledger,
				      race->now))
			continue;
		race->ends[h] = race->now + worker->R * race->seconds[h];
		race->did[h] += worker->R;
		++race->groups[h];
	}
}

/* The next group ends; false: none was under way. */
static bool go_on(struct race *race)
{
	struct ut_progress progress;
	size_t h, next = race->dispatch.count;

	for (h = 0; h < race->dispatch.count; ++h)
		if (race->dispatch.workers[h].R &&
		    (next == race->dispatch.count ||
		     race->ends[h] < race->ends[next]))
			next = h;
	if (next == race->dispatch.count)
		return false;
	race->now = race->ends[next];
	for (h = 0; h < race->dispatch.count; ++h) {
		if (!race->dispatch.workers[h].R)
			continue;
		progress = progress_of(race, h);
		ut_dispatch_hear(&race->dispatch, h, &progress);
	}
	progress = progress_of(race, next);
	ut_ledger_finish(&race->ledger, race->dispatch.workers[next].first,
			 race->dispatch.workers[next].R, &progress);
	ut_dispatch_finish(&race->dispatch, next, race->now);
	return true;
}

static void run_race(struct race *race)
{
	size_t r;

	do
		hand_out(race);
	while (go_on(race));
	ck_assert_uint_eq(race->dispatch.unfinished, 0);
	for (r = 0; r < race->ledger.replicas; ++r)
		ck_assert_uint_eq(race->ledger.finished[r], 1);
}

START_TEST(workers_end_together_whatever_their_speeds)
{
	static const struct {
		double seconds[WORKERS];
		size_t workers, replicas;
		unsigned most;
	} cases[] = {
		{{1, 1}, 2, 25, 100},   {{1, 1}, 2, 8, 2},
		{{1, 3}, 2, 25, 100},   {{3, 1}, 2, 25, 100},
		{{1, 10}, 2, 25, 100},  {{10, 1}, 2, 40, 5},
		{{1, 2, 4}, 3, 70, 70}, {{1, 1, 50}, 3, 100, 10},
		{{2, 2}, 2, 1, 100},    {{5, 1, 1}, 3, 2, 100},
	};
	size_t i, h;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		double speed = 0, slowest = 0, ideal;
		struct race race;

		race_open(&race, cases[i].workers, cases[i].replicas,
			  cases[i].seconds, cases[i].most);
		for (h = 0; h < cases[i].workers; ++h) {
			speed += 1 / cases[i].seconds[h];
			if (slowest < cases[i].seconds[h])
				slowest = cases[i].seconds[h];
		}
		run_race(&race);
		ideal = (double)cases[i].replicas / speed;
		/* nobody can end sooner than the one that began last */
		ck_assert_msg(race.now <= ideal + 1.5 * slowest,
			      "case %zu: %g s, where %g would be best", i,
			      race.now, ideal);
		race_close(&race);
	}
}
END_TEST

START_TEST(equal_workers_take_few_groups)
{
	const double seconds[] = {1, 1};
	struct race race;

	race_open(&race, 2, 26, seconds, 100);
	run_race(&race);
	ck_assert_uint_eq(race.did[0], 13);
	ck_assert_uint_le(race.groups[0], 2);
	ck_assert_uint_le(race.groups[1], 2);
	race_close(&race);
}
END_TEST

START_TEST(a_worker_alone_takes_all_that_it_can)
{
	const double seconds[] = {1};
	struct race race;

	race_open(&race, 1, 25, seconds, 10);
	run_race(&race);
	ck_assert_uint_eq(race.groups[0], 3);
	race_close(&race);
}
END_TEST

START_TEST(what_a_lost_worker_had_is_done_by_the_others)
{
	const double seconds[] = {1, 1};
	struct race race;

	race_open(&race, 2, 12, seconds, 4);
	hand_out(&race);
	ck_assert_uint_gt(race.dispatch.workers[0].R, 0);
	race.did[0] = 0;
	ck_assert(ut_dispatch_lose(&race.dispatch, 0));
	run_race(&race);
	ck_assert_uint_eq(race.did[0], 0);
	ck_assert_uint_eq(race.did[1], 12);
	ck_assert(!ut_dispatch_lose(&race.dispatch, 1));
	race_close(&race);
}
END_TEST

START_TEST(a_worker_that_shrinks_takes_no_more_at_a_time)
{
	const double seconds[] = {1};
	struct race race;

	race_open(&race, 1, 9, seconds, 8);
	hand_out(&race);
	ck_assert_uint_eq(race.dispatch.workers[0].R, 8);
	ut_dispatch_shrink(&race.dispatch, 0, 2);
	race.did[0] = race.dispatch.workers[0].R;
	race.ends[0] = race.now + 2;
	run_race(&race);
	ck_assert_uint_eq(race.did[0], 9);
	ck_assert_uint_eq(race.groups[0], 5);
	race_close(&race);
}
END_TEST

/* Keeps a group of which every byte tells the replica and the array. */
static void keep(struct race *race, unsigned first, unsigned replicas)
{
	const struct ut_kept layout = {
		.place = {.first = first,
			  .replicas = replicas,
			  .done = {replicas * 100.0}},
		.arenas = 2,
		.arena_bytes = 4,
		.history_bytes = 1,
	};
	struct ut_kept *kept = ut_kept_new(&layout);
	unsigned char *to;
	unsigned array, r, i;

	ck_assert_ptr_nonnull(kept);
	to = kept->bytes;
	for (array = 0; array < 3; ++array)
		for (r = 0; r < replicas; ++r)
			for (i = 0; i < (array < 2 ? 4 : 1); ++i)
				*to++ = (unsigned char)(16 * array + first + r);
	ut_ledger_keep(&race->ledger, kept);
}

static void expect_kept(const struct race *race, unsigned first,
			unsigned replicas)
{
	const struct ut_kept *kept = ut_ledger_find(&race->ledger, first);
	const unsigned char *at;
	unsigned array, r, i;

	ck_assert_ptr_nonnull(kept);
	ck_assert_uint_eq(kept->place.replicas, replicas);
	ck_assert(kept->place.done[0] == replicas * 100.0);
	at = kept->bytes;
	for (array = 0; array < 3; ++array)
		for (r = 0; r < replicas; ++r)
			for (i = 0; i < (array < 2 ? 4 : 1); ++i)
				ck_assert_uint_eq(*at++,
						  16 * array + first + r);
}

START_TEST(groups_that_were_kept_are_cut_to_size)
{
	const double seconds[] = {1};
	struct race race;

	race_open(&race, 1, 12, seconds, 3);
	keep(&race, 2, 7);
	hand_out(&race);
	/* before it, nothing is kept */
	ck_assert_uint_eq(race.dispatch.workers[0].first, 0);
	ck_assert_uint_eq(race.dispatch.workers[0].R, 2);
	ck_assert(go_on(&race));
	hand_out(&race);
	ck_assert_uint_eq(race.dispatch.workers[0].first, 2);
	ck_assert_uint_eq(race.dispatch.workers[0].R, 3);
	ck_assert(race.dispatch.workers[0].done[0] == 300.0);
	expect_kept(&race, 2, 3);
	expect_kept(&race, 5, 4);
	ut_ledger_cut(&race.ledger, 5, 1);
	expect_kept(&race, 5, 1);
	expect_kept(&race, 6, 3);
	run_race(&race);
	ck_assert_ptr_null(race.ledger.kept);
	race_close(&race);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("dispatch");

	tcase_add_test(tests, workers_end_together_whatever_their_speeds);
	tcase_add_test(tests, equal_workers_take_few_groups);
	tcase_add_test(tests, a_worker_alone_takes_all_that_it_can);
	tcase_add_test(tests, what_a_lost_worker_had_is_done_by_the_others);
	tcase_add_test(tests, a_worker_that_shrinks_takes_no_more_at_a_time);
	tcase_add_test(tests, groups_that_were_kept_are_cut_to_size);
	return test_main_alone("dispatch", tests);
}
