/* How results are written down: for receipt.json, and as tables of numbers. */
#include "lab/scores.h"

#include <stdio.h>
#include <stdlib.h>

#include "lab/verdict.h"

/* Replicas' confusion matrices are left out beyond this many numbers. */
enum { CONFUSION_NUMBERS = 1 << 22 };

static json_t *numbers_json(const double *numbers, size_t count)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < count; ++i)
		json_array_append_new(array, json_real(numbers[i]));
	return array;
}

json_t *ut_summary_json(struct ut_summary summary)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f}", "mean", summary.mean,
			 "deviation", summary.deviation, "half_interval_95",
			 summary.half, "min", summary.min, "max", summary.max);
}

/* The replicas' values of one set of images, added to the object. */
static void add_values(json_t *object, const struct ut_results *results,
		       const struct ut_scores *scores)
{
	size_t R = results->replicas;

	json_object_set_new(object, "accuracy",
			    numbers_json(scores->accuracy, R));
	json_object_set_new(object, "accuracy_present",
			    numbers_json(scores->present, R));
	if (scores->auc)
		json_object_set_new(object, "auc",
				    numbers_json(scores->auc, R));
}

/* Rows are labels, columns answers. */
static json_t *matrix_json(const uint64_t *counts, size_t classes)
{
	json_t *rows = json_array(), *row;
	size_t i, j;

	for (i = 0; i < classes; ++i) {
		row = json_array();
		for (j = 0; j < classes; ++j)
			json_array_append_new(
				row,
				json_integer(
					(json_int_t)counts[i * classes + j]));
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *replicas_confusion_json(const struct ut_results *results,
				       const struct ut_scores *scores,
				       uint64_t *counts)
{
	size_t cells = results->classes * results->classes, r, i;
	json_t *array = json_array();

	for (r = 0; r < results->replicas; ++r) {
		for (i = 0; i < cells; ++i)
			counts[i] = scores->confusion[r * cells + i];
		json_array_append_new(array,
				      matrix_json(counts, results->classes));
	}
	return array;
}

/* Of a matrix summed over the replicas; null where a class has no images. */
static json_t *class_accuracy_json(const struct ut_results *results,
				   const uint64_t *confusion)
{
	size_t classes = results->classes, i;
	json_t *array = json_array();

	for (i = 0; i < classes; ++i) {
		double images =
			(double)results->labels[i] * (double)results->replicas;

		json_array_append_new(
			array,
			images > 0
				? json_real((double)confusion[i * classes + i] /
					    images)
				: json_null());
	}
	return array;
}

static bool add_confusion(json_t *object, const struct ut_results *results,
			  const struct ut_scores *scores)
{
	size_t classes = results->classes, cells = classes * classes;
	uint64_t *counts = calloc(cells, sizeof(*counts));

	if (!counts)
		return false;
	ut_results_confusion(results, scores, counts);
	json_object_set_new(object, "class_accuracy",
			    class_accuracy_json(results, counts));
	json_object_set_new(object, "confusion", matrix_json(counts, classes));
	if (cells * results->replicas * UT_CONDITIONS <= CONFUSION_NUMBERS)
		json_object_set_new(object, "confusion_replicas",
				    replicas_confusion_json(results, scores,
							    counts));
	free(counts);
	return true;
}

static json_t *robust_json(const struct ut_results *results, int c)
{
	json_t *object = json_object();
	int kind;

	for (kind = 0; kind < UT_ROBUST_KINDS; ++kind) {
		json_t *values = json_object();

		add_values(values, results, &results->robust[c][kind]);
		json_object_set_new(object, ut_robust_names[kind], values);
	}
	return object;
}

/* The values of one measure, each NULL where it is not measured. */
struct measured {
	const double *values, *control, *ceiling;
};

/*
 * How far the values are above their control's and what share they are of the
 * ceiling's, replica by replica, added to the object under names that end in
 * `ending`.
 */
static void add_comparison(json_t *object, const char *ending,
			   struct measured m, size_t count)
{
	struct ut_summary share;
	char name[64];

	if (m.control) {
		snprintf(name, sizeof(name), "difference%s", ending);
		json_object_set_new(object, name,
				    ut_summary_json(
					    ut_summarise_pairs(m.values,
							       m.control, count,
							       UT_DIFFERENCE)));
	}
	if (!m.ceiling)
		return;
	share = ut_summarise_pairs(m.values, m.ceiling, count, UT_RATIO);
	snprintf(name, sizeof(name), "share_of_ceiling%s", ending);
	if (share.count)
		json_object_set_new(object, name, ut_summary_json(share));
}

static void add_statistics(json_t *object, const struct ut_results *results,
			   enum ut_condition c)
{
	static const struct ut_scores none;
	enum ut_condition control = ut_condition_control(c);
	const struct ut_scores *own = &results->scores[c];
	const struct ut_scores *other =
		control == c ? &none : &results->scores[control];
	const struct ut_scores *ceiling =
		c == UT_CEILING ? &none : &results->scores[UT_CEILING];
	size_t R = results->replicas, images = 0, i;
	struct ut_interval interval;

	for (i = 0; i < results->classes; ++i)
		images += results->labels[i];
	json_object_set_new(object, "replicas_above_chance",
			    json_integer((json_int_t)ut_count_above(
				    own->accuracy, R, results->chance)));
	if (R == 1) {
		interval = ut_wilson95(own->accuracy[0], images);
		json_object_set_new(object, "wilson_interval_95",
				    json_pack("[f, f]", interval.low,
					      interval.high));
	}
	if (other->accuracy)
		json_object_set_new(object, "control",
				    json_string(ut_condition_name(control)));
	add_comparison(object, "",
		       (struct measured){own->accuracy, other->accuracy,
					 ceiling->accuracy},
		       R);
	if (results->chance_present > results->chance)
		add_comparison(object, "_present",
			       (struct measured){own->present, other->present,
						 ceiling->present},
			       R);
	if (own->auc)
		add_comparison(object, "_auc",
			       (struct measured){own->auc, other->auc, NULL},
			       R);
}

static json_t *condition_json(const struct ut_results *results, int c)
{
	const struct ut_scores *scores = &results->scores[c];
	size_t R = results->replicas;
	json_t *object = ut_summary_json(ut_summarise(scores->accuracy, R));

	add_values(object, results, scores);
	add_statistics(object, results, c);
	if (scores->auc)
		json_object_set_new(object, "auc_summary",
				    ut_summary_json(
					    ut_summarise(scores->auc, R)));
	if (!add_confusion(object, results, scores)) {
		json_decref(object);
		return NULL;
	}
	if (results->robust[c][0].accuracy)
		json_object_set_new(object, "robustness",
				    robust_json(results, c));
	return object;
}

json_t *ut_scores_json(const struct ut_results *results)
{
	json_t *object = json_object();
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		if (!results->scores[c].accuracy)
			continue;
		if (json_object_set_new(object, ut_condition_name(c),
					condition_json(results, c))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* A number to so many digits, or nothing where there is none. */
static void append_if(struct ut_text *text, bool there, int digits,
		      double value)
{
	ut_text_append(text, ",");
	if (there)
		ut_text_append(text, "%.*g", digits, value);
}

static void append_point(struct ut_text *text, const struct ut_results *results,
			 int c, uint64_t epoch, size_t r)
{
	const struct ut_phase *phase = &results->phases[c];
	const struct ut_scores *scores = &results->scores[c];
	const struct ut_point *point =
		phase->points + epoch * results->replicas + r;
	bool last = epoch == phase->epochs;
	double accuracy = last ? scores->accuracy[r] : point->accuracy;
	char print[UT_FINGERPRINT_TEXT];

	ut_fingerprint_text(point->print, print);
	ut_text_append(text, "%s,%llu,%zu", ut_condition_name(c),
		       (unsigned long long)epoch, r);
	append_if(text, point->loss >= 0, 9, point->loss);
	append_if(text, accuracy >= 0, 6, accuracy);
	append_if(text, true, 9, point->rate);
	ut_text_append(text, ",%s", print);
	append_if(text, last, 6, scores->present[r]);
	append_if(text, last && scores->auc, 9,
		  scores->auc ? scores->auc[r] : 0);
	ut_text_append(text, "\n");
}

void ut_scores_metrics(const struct ut_results *results, struct ut_text *text)
{
	uint64_t epoch;
	size_t r;
	int c;

	ut_text_append(text, "phase,epoch,replica,loss,accuracy,"
			     "learning_rate,fingerprint,accuracy_present,"
			     "auc\n");
	for (c = 0; c < UT_CONDITIONS; ++c) {
		const struct ut_phase *phase = &results->phases[c];

		for (epoch = 0; phase->trained && epoch <= phase->epochs;
		     ++epoch)
			for (r = 0; r < results->replicas; ++r)
				append_point(text, results, c, epoch, r);
	}
}

static void append_sample(struct ut_text *text,
			  const struct ut_results *results, int c, size_t r,
			  size_t i)
{
	size_t count = results->classes + results->aux, l;
	const float *logits =
		results->sample_logits[c] + (r * results->samples + i) * count;

	ut_text_append(text, "%s,%zu,%zu,%u", ut_condition_name(c), r, i,
		       results->sample_labels[i]);
	for (l = 0; l < count; ++l)
		ut_text_append(text, ",%.9g", (double)logits[l]);
	ut_text_append(text, "\n");
}

void ut_scores_samples(const struct ut_results *results, struct ut_text *text)
{
	size_t r, i;
	int c;

	ut_text_append(text, "condition,replica,image,label");
	for (i = 0; i < results->classes; ++i)
		ut_text_append(text, ",class%zu", i);
	for (i = 0; i < results->aux; ++i)
		ut_text_append(text, ",aux%zu", i);
	ut_text_append(text, "\n");
	for (c = 0; c < UT_CONDITIONS; ++c)
		for (r = 0; results->sample_logits[c] && r < results->replicas;
		     ++r)
			for (i = 0; i < results->samples; ++i)
				append_sample(text, results, c, r, i);
}
