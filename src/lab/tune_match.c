/* Two processes that rehearse the same, one after the other. */
#include "lab/tune_match.h"

#include <math.h>
#include <stdlib.h>

static const double usual_sample = 0.05;

/* Less than this is not told from noise. */
static const double clear_win = 1.02;

/* After so many pairs one that is this slow is not waited for. */
enum { FEW = 2 };
static const double far_behind = 0.93;

static struct ut_tune_patience patience_for(const struct ut_tune_match *match,
					    size_t recipe, size_t kind)
{
	return (struct ut_tune_patience){
		.seconds = 20 * match->seconds[recipe][kind] + 2,
		.stop = match->stop,
		.user = match->user,
	};
}

enum ut_tune_answer ut_tune_match_begin(struct ut_tune_match *match,
					struct ut_tune_child *child,
					char text[UT_ERROR_TEXT])
{
	enum ut_tune_answer answer = UT_TUNE_ANSWERED;
	struct ut_tune_patience patience;
	double sample = match->sample > 0 ? match->sample : usual_sample;
	unsigned recipe, kind, steps;
	double seconds, least;

	for (recipe = 0; recipe < match->recipes && !answer; ++recipe)
		for (kind = 0; kind < UT_REHEARSED && !answer; ++kind) {
			least = child->hello.seconds[recipe][kind];
			match->seconds[recipe][kind] = least;
			patience = patience_for(match, recipe, kind);
			/* the first ones may be slower than what follows */
			answer = ut_tune_child_time(child, recipe, kind, 2,
						    &patience, &seconds, text);
			if (!answer && seconds / 2 < least)
				least = seconds / 2;
			steps = (unsigned)(sample / least);
			if (steps < 1)
				steps = 1;
			match->steps[recipe][kind] = steps;
			match->seconds[recipe][kind] = least * steps;
		}
	return answer;
}

double ut_tune_match_seconds(const struct ut_tune_match *match, unsigned pairs)
{
	double sum = 0;
	size_t recipe, kind;

	for (recipe = 0; recipe < match->recipes; ++recipe)
		for (kind = 0; kind < UT_REHEARSED; ++kind)
			sum += match->seconds[recipe][kind];
	return 2 * pairs * sum;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *numbers, size_t count)
{
	double sorted[UT_TUNE_PAIRS];
	size_t i;

	for (i = 0; i < count; ++i)
		sorted[i] = numbers[i];
	qsort(sorted, count, sizeof(*sorted), compare);
	return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

/* The ratios of all pairs so far. */
struct ratios {
	double of[UT_TUNE_RECIPES][UT_REHEARSED][UT_TUNE_PAIRS];
};

static void judge(const struct ut_tune_match *match,
		  const struct ratios *ratios, size_t pairs,
		  struct ut_tune_score *score)
{
	double sum = 0, each[UT_TUNE_PAIRS] = {0};
	size_t recipe, kind, pair, wins = 0;

	for (recipe = 0; recipe < match->recipes; ++recipe)
		for (kind = 0; kind < UT_REHEARSED; ++kind) {
			const double *of = ratios->of[recipe][kind];
			double gain = median(of, pairs);

			score->gains[recipe][kind] = gain;
			sum += log(gain);
			for (pair = 0; pair < pairs; ++pair)
				each[pair] += log(of[pair]);
		}
	for (pair = 0; pair < pairs; ++pair)
		wins += each[pair] > 0;
	score->gain = exp(sum / (double)(match->recipes * UT_REHEARSED));
	score->clear = score->gain > clear_win && wins + 1 >= UT_TUNE_PAIRS;
}

/* A sample of each; who begins alternates. */
static enum ut_tune_answer time_pair(const struct ut_tune_match *match,
				     struct ut_tune_child *const children[2],
				     unsigned recipe, unsigned kind,
				     unsigned pair, double *ratio,
				     struct ut_tune_score *score)
{
	struct ut_tune_patience patience = patience_for(match, recipe, kind);
	enum ut_tune_answer answer;
	double seconds[2];
	unsigned turn;

	for (turn = 0; turn < 2; ++turn) {
		unsigned who = (turn + pair) % 2;

		answer = ut_tune_child_time(children[who], recipe, kind,
					    match->steps[recipe][kind],
					    &patience, &seconds[who],
					    score->text);
		score->first_failed = !who;
		if (answer)
			return answer;
	}
	*ratio = seconds[0] / seconds[1];
	return UT_TUNE_ANSWERED;
}

enum ut_tune_answer ut_tune_match_run(const struct ut_tune_match *match,
				      struct ut_tune_child *first,
				      struct ut_tune_child *second,
				      struct ut_tune_score *score)
{
	struct ut_tune_child *const children[2] = {first, second};
	enum ut_tune_answer answer = UT_TUNE_ANSWERED;
	unsigned recipe, kind, pair;
	struct ratios ratios;

	*score = (struct ut_tune_score){0};
	for (pair = 0; pair < UT_TUNE_PAIRS; ++pair) {
		for (recipe = 0; recipe < match->recipes; ++recipe)
			for (kind = 0; kind < UT_REHEARSED; ++kind) {
				answer = time_pair(
					match, children, recipe, kind, pair,
					&ratios.of[recipe][kind][pair], score);
				if (answer)
					return answer;
			}
		judge(match, &ratios, pair + 1, score);
		if (pair + 1 == FEW && score->gain < far_behind)
			break;
	}
	return answer;
}
