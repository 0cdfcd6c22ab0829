/* A run, repeated from its receipt: are the bits the same here? */
#include "lab/verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/receipt.h"
#include "lab/supplies.h"
#include "lab/verify_receipt.h"
#include "report/statistics.h"

/* What ut_verify works with. */
struct verifying {
	const struct ut_verify_options *options;
	struct ut_verification *v;
	struct ut_testimony testimony;
	struct ut_supplies supplies;
	struct ut_results results;
};

/* All of its replicas have passed the epoch: is the fingerprint the same? */
static enum ut_status check_print(struct verifying *w,
				  const struct ut_stage *stage,
				  struct ut_error *error)
{
	struct ut_verification *v = w->v;
	struct ut_fingerprint print =
		ut_results_print(stage->results, stage->phase, stage->epoch);

	++v->checked;
	if (ut_fingerprint_equal(
		    print, w->testimony.prints[stage->phase][stage->epoch])) {
		++v->same;
		return UT_OK;
	}
	if (!v->parted) {
		v->phase = stage->phase;
		v->epoch = stage->epoch;
	}
	v->parted = true;
	return ut_verification_exact(v)
		       ? ut_error_set(error, UT_INTERRUPTED, "they part")
		       : UT_OK;
}

/* Running it --------------------------------------------------------------- */

static void show_progress(void *user, const struct ut_progress *progress)
{
	const struct ut_observer *caller =
		((struct verifying *)user)->options->observer;

	if (caller->progress)
		caller->progress(caller->user, progress);
}

static bool ask_stop(void *user)
{
	const struct ut_observer *caller =
		((struct verifying *)user)->options->observer;

	return caller->stop && caller->stop(caller->user);
}

static void pass_note(void *user, const char *text)
{
	const struct ut_observer *caller =
		((struct verifying *)user)->options->observer;

	if (caller->note)
		caller->note(caller->user, text);
}

static enum ut_status take_stage(void *user, const struct ut_stage *stage,
				 struct ut_error *error)
{
	struct verifying *w = user;

	if (stage->kind == UT_STAGE_RECORD &&
	    stage->first + stage->replicas == w->v->recipe.replicas)
		return check_print(w, stage, error);
	return UT_OK;
}

/* What it takes, checked before anything is run. */
static enum ut_status get_ready(struct verifying *w, struct ut_error *error)
{
	const struct ut_verify_options *options = w->options;
	struct ut_recipe *recipe = &w->v->recipe;
	const struct ut_device_info *info;
	struct ut_text here = {0};
	enum ut_status status;

	/* these say how much is measured, and are no part of the bits */
	recipe->samples = 0;
	recipe->robustness = recipe->diagnostics = 0;
	recipe->evaluate = UT_AT_END;
	recipe->save = UT_SAVE_NONE;
	status = ut_supplies_data(&w->supplies, recipe, options->data_roots,
				  options->observer, error);
	if (!status)
		status = ut_receipt_check_data(w->testimony.receipt,
					       &w->supplies.data, error);
	if (!status)
		status = ut_supplies_device(&w->supplies, options->device,
					    error);
	if (!status)
		status = ut_results_init(&w->results, recipe, &w->supplies.data,
					 error);
	if (status)
		return status;
	info = ut_device_about(w->supplies.devices[0]);
	ut_text_append(&here, "%s: %s (%s)", info->platform, info->name,
		       info->driver);
	ut_verify_take(&here, w->v->here);
	w->v->exact_here = info->bit_exact;
	if (!info->bit_exact)
		snprintf(w->v->flaws, sizeof(w->v->flaws), "%s", info->flaw);
	if (options->epochs && !ut_verification_exact(w->v))
		return ut_error_set(error, UT_INVALID,
				    "only accuracies of the whole run can be "
				    "compared, and no first epochs: the bits "
				    "of %s are not the contract's: %s",
				    w->v->exact_there ? w->v->here
						      : w->v->there,
				    w->v->flaws);
	if (options->begun)
		options->begun(options->observer->user, info,
			       &w->supplies.data);
	return UT_OK;
}

static enum ut_status repeat(struct verifying *w, struct ut_error *error)
{
	const struct ut_observer observer = {
		.user = w,
		.progress = show_progress,
		.stop = ask_stop,
		.stage = take_stage,
		.note = pass_note,
	};
	enum ut_status status;

	status = ut_experiment_run(
		&(struct ut_experiment){
			.recipe = &w->v->recipe,
			.data = &w->supplies.data,
			.devices = w->supplies.devices,
			.device_count = w->supplies.device_count,
			.observer = &observer,
			.epochs = w->options->epochs,
		},
		&w->results, error);
	/* which take_stage has ended */
	if (status == UT_INTERRUPTED && w->v->parted && !ask_stop(w))
		return UT_OK;
	return status;
}

/* Accuracies --------------------------------------------------------------- */

/* Differences of this much are no reason to doubt what is not exact. */
static const double tolerance = 0.02;

static enum ut_status compare_accuracy(struct verifying *w, enum ut_condition c,
				       struct ut_error *error)
{
	struct ut_verified_accuracy *accuracy = &w->v->accuracies[c];
	const double *here = w->results.scores[c].accuracy;
	size_t R = w->results.replicas, r;
	double *recorded = calloc(R, sizeof(*recorded));
	struct ut_summary gap;
	enum ut_status status;

	if (!recorded)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = ut_receipt_accuracies(w->testimony.receipt, c, R, recorded,
				       error);
	if (!status) {
		gap = ut_summarise_pairs(here, recorded, R, UT_DIFFERENCE);
		accuracy->compared = accuracy->same = true;
		/* as many digits as receipts have */
		for (r = 0; r < R; ++r)
			accuracy->same &= fabs(here[r] - recorded[r]) < 1e-9;
		accuracy->near = fabs(gap.mean) <= tolerance ||
				 fabs(gap.mean) <= gap.half;
		accuracy->here = ut_summarise(here, R).mean;
		accuracy->recorded = ut_summarise(recorded, R).mean;
	}
	free(recorded);
	return status;
}

/* What --epochs, or a parting, left out. */
static void list_unchecked(struct verifying *w)
{
	const struct ut_recipe *recipe = &w->v->recipe;
	uint64_t most = w->options->epochs;
	struct ut_text *text = &w->v->unchecked;
	int c;

	if (!most || w->v->parted)
		return;
	for (c = 0; c < UT_CONDITIONS; ++c) {
		uint64_t epochs;

		if (!ut_verify_trained(recipe, c))
			continue;
		epochs = ut_recipe_training(recipe, c)->epochs;
		if (ut_condition_is_student(c) && most < recipe->teacher.epochs)
			ut_text_append(text,
				       "%s%s (its teacher was not "
				       "trained to the end)",
				       text->length ? ", " : "",
				       ut_condition_name(c));
		else if (most < epochs)
			ut_text_append(text, "%s%s from epoch %llu on",
				       text->length ? ", " : "",
				       ut_condition_name(c),
				       (unsigned long long)most + 1);
	}
	ut_text_append(text, "%sall accuracies", text->length ? ", " : "");
}

static enum ut_status verify(struct verifying *w, const char *path,
			     struct ut_error *error)
{
	enum ut_status status =
		ut_testimony_read(&w->testimony, path, w->options, w->v, error);
	int c;

	if (!status)
		status = get_ready(w, error);
	if (!status)
		status = repeat(w, error);
	for (c = 0; c < UT_CONDITIONS && !status; ++c)
		if (!w->options->epochs && w->results.scores[c].accuracy &&
		    !(w->v->parted && ut_verification_exact(w->v)))
			status = compare_accuracy(w, c, error);
	if (!status)
		list_unchecked(w);
	return status;
}

enum ut_status ut_verify(const char *path,
			 const struct ut_verify_options *options,
			 struct ut_verification *verification,
			 struct ut_error *error)
{
	struct verifying w = {.options = options, .v = verification};
	enum ut_status status;

	*verification = (struct ut_verification){0};
	status = verify(&w, path, error);
	if (status)
		ut_verification_release(verification);
	ut_testimony_release(&w.testimony);
	ut_results_release(&w.results);
	ut_supplies_check(&w.supplies);
	ut_supplies_release(&w.supplies);
	return status;
}

void ut_verification_release(struct ut_verification *verification)
{
	ut_text_release(&verification->unchecked);
	ut_text_release(&verification->notes);
}
