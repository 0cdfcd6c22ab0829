/* The search for a device's fastest tuning. */
#include "lab/tune.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/tuning.h>

#include "base/clock.h"
#include "lab/tune_match.h"
#include "lab/tune_notes.h"

_Static_assert((int)UT_TUNE_KINDS == (int)UT_REHEARSED,
	       "gains are of what is rehearsed");

/* Seconds for the usual tuning to be ready, and for the host. */
static const double usual_patience = 300;

struct search {
	const struct ut_tune_options *options;
	struct ut_tune_result *result;
	struct ut_error *error;
	struct ut_tune_plan plan;
	struct ut_tune_match match;
	struct ut_tune_notes notes;
	struct ut_tune_child best;                     /* its process */
	struct ut_fingerprint prints[UT_TUNE_RECIPES]; /* the right ones */
	double begun, greeting; /* seconds until the usual one was ready */
	size_t next;            /* of the best one's neighbours */
};

const char *ut_tune_verdict_name(enum ut_tune_verdict verdict)
{
	static const char *const names[] = {
		[UT_TUNE_FASTER] = "faster",
		[UT_TUNE_EVEN] = "not faster",
		[UT_TUNE_WRONG] = "wrong bits",
		[UT_TUNE_UNFIT] = "does not fit",
		[UT_TUNE_HANGS] = "hangs",
		[UT_TUNE_DIES] = "dies",
		[UT_TUNE_SKIPPED] = "not tried",
	};

	return names[verdict];
}

/* Processes ------------------------------------------------------------------ */

/* Starts a process and waits until it is ready; it ends where it fails. */
static enum ut_tune_answer start(struct search *s, struct ut_tune_child *child,
				 const char *selector, const char *tuning,
				 double seconds, char text[UT_ERROR_TEXT])
{
	const struct ut_tune_patience patience = {seconds, s->options->stop,
						  s->options->user};
	enum ut_tune_answer answer;
	struct ut_error error;

	if (ut_tune_child_start(child, &s->plan, selector, tuning, &error)) {
		memcpy(text, error.text, sizeof(error.text));
		return UT_TUNE_DIED;
	}
	answer = ut_tune_child_greet(child, &patience, text);
	if (answer)
		ut_tune_child_end(child);
	return answer;
}

/* The same where nothing may fail. */
static enum ut_status must_start(struct search *s, struct ut_tune_child *child,
				 const char *selector, const char *tuning,
				 const char *who)
{
	enum ut_status status = UT_DEVICE;
	char text[UT_ERROR_TEXT] = "";
	enum ut_tune_answer answer;

	answer = start(s, child, selector, tuning, usual_patience, text);
	if (answer == UT_TUNE_STOPPED)
		return ut_error_set(s->error, UT_INTERRUPTED, "interrupted");
	if (!answer)
		status = child->hello.status;
	if (!status)
		return UT_OK;
	ut_tune_child_end(child);
	return ut_error_set(s->error, status, "%s%s", answer ? who : "", text);
}

static bool same_bits(const struct search *s, const struct ut_tune_child *child)
{
	size_t i;

	for (i = 0; i < s->plan.count; ++i)
		if (!ut_fingerprint_equal(child->hello.prints[i], s->prints[i]))
			return false;
	return true;
}

/* The right bits are the host's; of an inexact device, its usual ones. */
static enum ut_status ask_host(struct search *s)
{
	struct ut_tune_child host;
	enum ut_status status;

	memcpy(s->prints, s->best.hello.prints, sizeof(s->prints));
	if (!s->result->info.bit_exact)
		return UT_OK;
	status = must_start(s, &host, "host", "default", "the host: ");
	if (status)
		return status;
	memcpy(s->prints, host.hello.prints, sizeof(s->prints));
	ut_tune_child_end(&host);
	if (same_bits(s, &s->best))
		return UT_OK;
	return ut_error_set(s->error, UT_DEVICE,
			    "with its usual kernels %s has other bits than the "
			    "host; see `undertone selftest`",
			    s->result->info.name);
}

/* The device with its usual tuning, and the host. */
static enum ut_status begin(struct search *s)
{
	char text[UT_ERROR_TEXT] = "";
	enum ut_tune_answer answer;
	enum ut_status status;

	s->plan.usual = true;
	status = must_start(s, &s->best, s->options->device, "default",
			    "the usual tuning: ");
	if (status)
		return status;
	s->greeting = ut_clock_now() - s->begun;
	s->plan.usual = false;
	s->result->info = s->best.hello.info;
	memcpy(s->result->best, s->result->info.tuning,
	       sizeof(s->result->best));
	memcpy(s->plan.replicas, s->best.hello.replicas,
	       sizeof(s->plan.replicas));
	memcpy(s->result->replicas, s->best.hello.replicas,
	       sizeof(s->result->replicas));
	ut_tune_notes_read(&s->notes, s->result->info.tuning_key,
			   s->options->again);
	status = ask_host(s);
	if (status)
		return status;
	answer = ut_tune_match_begin(&s->match, &s->best, text);
	if (answer == UT_TUNE_STOPPED)
		return ut_error_set(s->error, UT_INTERRUPTED, "interrupted");
	if (answer)
		return ut_error_set(s->error, UT_DEVICE, "the usual tuning: %s",
				    text);
	return UT_OK;
}

/* Time ----------------------------------------------------------------------- */

static double left(const struct search *s)
{
	return s->options->budget - (ut_clock_now() - s->begun);
}

/*
 * Whether the budget has room for one more, as long as those before, and for the
 * last comparison, for which nothing is compiled.
 */
static bool has_time(const struct search *s)
{
	const struct ut_tune_result *result = s->result;
	bool found = strcmp(result->best, result->info.tuning);
	double taken = 0, last = 0;
	size_t i, count = 0;

	for (i = 0; i < result->count; ++i)
		if (result->trials[i].verdict != UT_TUNE_SKIPPED) {
			taken += result->trials[i].seconds;
			++count;
		}
	if (found)
		last = s->greeting / 4 +
		       ut_tune_match_seconds(&s->match, UT_TUNE_PAIRS);
	return left(s) > (count ? taken / (double)count : 0) + last;
}

/* Trials --------------------------------------------------------------------- */

/* The words of a tuning that another has not. */
static void write_change(char change[UT_DEVICE_TUNING], const char *tuning,
			 const char *from)
{
	struct ut_list words = {0}, old = {0};
	size_t i, j, length = 0;

	change[0] = '\0';
	if (!ut_list_split(&words, tuning) || !ut_list_split(&old, from))
		words.count = 0;
	for (i = 0; i < words.count; ++i) {
		for (j = 0; j < old.count; ++j)
			if (!strcmp(words.items[i], old.items[j]))
				break;
		if (j == old.count)
			length += (size_t)snprintf(change + length,
						   UT_DEVICE_TUNING - length,
						   "%s%s", length ? "," : "",
						   words.items[i]);
	}
	ut_list_release(&words);
	ut_list_release(&old);
}

static struct ut_tune_trial *add_trial(struct search *s, const char *tuning)
{
	struct ut_tune_result *result = s->result;
	struct ut_tune_trial *trials, *trial;

	trials = realloc(result->trials,
			 (result->count + 1) * sizeof(*result->trials));
	if (!trials) {
		ut_error_set(s->error, UT_MEMORY, "out of memory");
		return NULL;
	}
	result->trials = trials;
	trial = &trials[result->count++];
	*trial = (struct ut_tune_trial){.verdict = UT_TUNE_SKIPPED};
	snprintf(trial->tuning, sizeof(trial->tuning), "%s", tuning);
	write_change(trial->change, tuning, result->best);
	return trial;
}

/* Whether it is so much slower that one step shows it. */
static bool is_far_behind(const struct search *s,
			  const struct ut_tune_child *child, double *gain)
{
	double usual = 0, its = 0;
	size_t i, kind;

	for (i = 0; i < s->plan.count; ++i)
		for (kind = 0; kind < UT_REHEARSED; ++kind) {
			usual += s->match.seconds[i][kind] /
				 s->match.steps[i][kind];
			its += child->hello.seconds[i][kind];
		}
	*gain = usual / its;
	return *gain < 1.0 / 3;
}

static enum ut_tune_verdict verdict_of(enum ut_tune_answer answer)
{
	return answer == UT_TUNE_HUNG      ? UT_TUNE_HANGS
	       : answer == UT_TUNE_STOPPED ? UT_TUNE_SKIPPED
					   : UT_TUNE_DIES;
}

/* Beside the best one; a win has to be won twice. */
static enum ut_tune_verdict compare(struct search *s,
				    struct ut_tune_child *child,
				    struct ut_tune_trial *trial)
{
	enum ut_tune_answer answer;
	struct ut_tune_score score;
	int i;

	if (is_far_behind(s, child, &trial->gain))
		return UT_TUNE_EVEN;
	for (i = 0; i < 2; ++i) {
		answer = ut_tune_match_run(&s->match, &s->best, child, &score);
		if (answer) {
			snprintf(trial->text, sizeof(trial->text), "%s%.200s",
				 score.first_failed
					 ? "beside it the best until "
					   "then failed: "
					 : "",
				 score.text);
			return verdict_of(answer);
		}
		trial->gain = score.gain;
		if (!score.clear)
			return UT_TUNE_EVEN;
	}
	return UT_TUNE_FASTER;
}

/* How the candidate does; child is ended, or the best one's from now on. */
static enum ut_tune_verdict try(struct search *s, struct ut_tune_trial *trial)
{
	double patience = s->options->patience;
	struct ut_tune_child child = {0};
	enum ut_tune_verdict verdict;
	enum ut_tune_answer answer;
	bool cut;

	if (!(patience > 0))
		patience = 20 + 5 * s->greeting;
	cut = left(s) < patience;
	answer = start(s, &child, s->options->device, trial->tuning,
		       cut ? left(s) : patience, trial->text);
	if (answer == UT_TUNE_HUNG && cut) {
		snprintf(trial->text, sizeof(trial->text),
			 "the budget ended before it was ready");
		return UT_TUNE_SKIPPED;
	}
	if (answer)
		return verdict_of(answer);
	if (child.hello.status) {
		verdict = UT_TUNE_UNFIT;
	} else if (!same_bits(s, &child)) {
		verdict = UT_TUNE_WRONG;
	} else {
		verdict = compare(s, &child, trial);
	}
	if (verdict != UT_TUNE_FASTER) {
		ut_tune_child_end(&child);
		return verdict;
	}
	ut_tune_child_end(&s->best);
	s->best = child;
	memcpy(s->result->best, child.hello.info.tuning,
	       sizeof(s->result->best));
	return verdict;
}

/* What is noted of a verdict; NULL: it may be tried again. */
static const char *word_of(enum ut_tune_verdict verdict)
{
	return verdict == UT_TUNE_HANGS   ? "hung"
	       : verdict == UT_TUNE_DIES  ? "died"
	       : verdict == UT_TUNE_WRONG ? "wrong"
					  : NULL;
}

static enum ut_status hold(struct search *s, const char *tuning)
{
	struct ut_tune_trial *trial = add_trial(s, tuning);
	double begun = ut_clock_now();
	enum ut_status status = UT_OK;
	const char *failed;

	if (!trial)
		return UT_MEMORY;
	failed = ut_tune_notes_find(&s->notes, tuning);
	if (failed) {
		snprintf(trial->text, sizeof(trial->text), "%s", failed);
	} else {
		/* what failed beside another may have taken this with it */
		if (!s->best.pid)
			status = must_start(s, &s->best, s->options->device,
					    s->result->best,
					    "the best tuning: ");
		if (status)
			return status;
		ut_tune_notes_begin(&s->notes, tuning);
		trial->verdict = try(s, trial);
		ut_tune_notes_end(&s->notes, tuning, word_of(trial->verdict));
	}
	trial->seconds = ut_clock_now() - begun;
	if (s->options->stop && s->options->stop(s->options->user))
		return ut_error_set(s->error, UT_INTERRUPTED, "interrupted");
	if (s->options->each)
		s->options->each(s->options->user, trial);
	return UT_OK;
}

/* The search ----------------------------------------------------------------- */

static bool was_tried(const struct search *s, const char *tuning)
{
	size_t i;

	for (i = 0; i < s->result->count; ++i)
		if (!strcmp(s->result->trials[i].tuning, tuning))
			return true;
	return !strcmp(s->result->info.tuning, tuning);
}

/* The next neighbour of the best that was not tried, round and round. */
static bool choose(struct search *s, char tuning[UT_DEVICE_TUNING])
{
	const struct ut_device_info *info = &s->result->info;
	size_t count = 0, i;

	while (ut_tuning_neighbour(info, s->result->best, count, tuning))
		++count;
	for (i = 0; i < count; ++i) {
		size_t at = (s->next + i) % count;

		ut_tuning_neighbour(info, s->result->best, at, tuning);
		if (!was_tried(s, tuning)) {
			/* a number that was won by goes on being changed */
			s->next = at;
			return true;
		}
	}
	return false;
}

static enum ut_status climb(struct search *s)
{
	char tuning[UT_DEVICE_TUNING];
	enum ut_status status = UT_OK;

	if (ut_tuning_kept(&s->result->info, tuning) && !was_tried(s, tuning) &&
	    has_time(s))
		status = hold(s, tuning);
	while (!status && has_time(s)) {
		if (!choose(s, tuning)) {
			s->result->ended = true;
			break;
		}
		status = hold(s, tuning);
	}
	return status;
}

/* The best beside the usual one, once more: what is said and kept. */
static enum ut_status conclude(struct search *s)
{
	struct ut_tune_result *result = s->result;
	struct ut_tune_score score = {.gain = 1};
	struct ut_tune_child usual = {0};
	char before[UT_DEVICE_TUNING];
	enum ut_tune_answer answer = 0;
	enum ut_status status = UT_OK;

	if (strcmp(result->best, result->info.tuning)) {
		status = must_start(s, &usual, s->options->device, "default",
				    "the usual tuning: ");
		if (!status && !s->best.pid)
			status = must_start(s, &s->best, s->options->device,
					    result->best, "the best tuning: ");
		if (!status)
			answer = ut_tune_match_run(&s->match, &usual, &s->best,
						   &score);
		ut_tune_child_end(&usual);
		if (!status && answer == UT_TUNE_STOPPED)
			status = ut_error_set(s->error, UT_INTERRUPTED,
					      "interrupted");
		else if (!status && answer)
			status = ut_error_set(s->error, UT_DEVICE, "%s",
					      score.text);
	}
	if (status)
		return status;
	memcpy(result->gains, score.gains, sizeof(result->gains));
	result->gain = score.gain;
	if (score.clear) {
		result->kept = ut_tuning_keep(&result->info, result->best);
		return UT_OK;
	}
	memcpy(result->best, result->info.tuning, sizeof(result->best));
	if (ut_tuning_kept(&result->info, before))
		ut_tuning_keep(&result->info, "");
	return UT_OK;
}

enum ut_status ut_tune(const struct ut_tune_options *options,
		       struct ut_tune_result *result, struct ut_error *error)
{
	struct search s = {
		.options = options,
		.result = result,
		.error = error,
		.plan = {.recipes = options->recipes, .count = options->count},
		.match = {.recipes = options->count,
			  .sample = options->sample,
			  .stop = options->stop,
			  .user = options->user},
		.begun = ut_clock_now(),
	};
	enum ut_status status = UT_OK;
	size_t i;

	assert(options->count && options->count <= UT_TUNE_RECIPES);
	*result = (struct ut_tune_result){0};
	for (i = 0; i < options->count && !status; ++i)
		status = ut_recipe_check(&options->recipes[i], error);
	if (!status)
		status = begin(&s);
	if (!status)
		status = climb(&s);
	if (!status)
		status = conclude(&s);
	ut_tune_child_end(&s.best);
	ut_tune_notes_release(&s.notes);
	result->seconds = ut_clock_now() - s.begun;
	return status;
}

void ut_tune_release(struct ut_tune_result *result)
{
	free(result->trials);
	*result = (struct ut_tune_result){0};
}
