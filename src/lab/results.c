/* What an experiment measured, replica by replica. */
#include "lab/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/experiment.h"

/* Everything but the confusion; true where there was memory. */
static bool scores_init(struct ut_scores *scores, size_t replicas, bool pair)
{
	scores->accuracy = calloc(replicas, sizeof(double));
	scores->present = calloc(replicas, sizeof(double));
	scores->auc = pair ? calloc(replicas, sizeof(double)) : NULL;
	return scores->accuracy && scores->present && (scores->auc || !pair);
}

/* The facts of the data; true where an AUC can be measured. */
static enum ut_status describe_data(struct ut_results *results,
				    const struct ut_recipe *recipe,
				    const struct ut_dataset *data, bool *pair,
				    struct ut_error *error)
{
	size_t first, end, most = 0, i;
	enum ut_status status;

	status = ut_recipe_classes(recipe, data->classes, &first, &end, error);
	if (status)
		return status;
	ut_split_count_labels(&data->test, results->labels);
	for (i = first; i < end; ++i)
		if (results->labels[i] > most)
			most = results->labels[i];
	results->commonest = (double)most / (double)data->test.count;
	*pair = end - first == 2 && results->labels[first] &&
		results->labels[first + 1];
	return UT_OK;
}

/* Numbers of a replica after an epoch. */
static size_t diagnosis_row(const struct ut_results *results)
{
	return (results->layers + 1) * UT_DIAGNOSTICS;
}

/* Room for the diagnostics of a condition, nothing measured yet. */
static bool diagnosis_init(struct ut_results *results,
			   const struct ut_recipe *recipe, enum ut_condition c)
{
	struct ut_diagnosis *diagnosis = &results->diagnoses[c];
	size_t count, i;

	if (!results->layers || c == UT_CEILING)
		return true;
	if (ut_condition_is_student(c))
		diagnosis->epochs = ut_recipe_training(recipe, c)->epochs;
	count = (diagnosis->epochs + 1) * results->replicas *
		diagnosis_row(results);
	diagnosis->values = calloc(count, sizeof(double));
	if (!diagnosis->values)
		return false;
	for (i = 0; i < count; ++i)
		diagnosis->values[i] = NAN;
	return true;
}

static bool condition_init(struct ut_results *results,
			   const struct ut_recipe *recipe, enum ut_condition c,
			   bool pair)
{
	size_t R = results->replicas;
	size_t logits = results->classes + results->aux;
	struct ut_scores *scores = &results->scores[c];
	struct ut_phase *phase = &results->phases[c];
	int kind;

	if (!scores_init(scores, R, pair) ||
	    !diagnosis_init(results, recipe, c))
		return false;
	for (kind = 0; recipe->robustness && kind < UT_ROBUST_KINDS; ++kind)
		if (!scores_init(&results->robust[c][kind], R, pair))
			return false;
	if (results->samples) {
		results->sample_logits[c] =
			calloc(R * results->samples, logits * sizeof(float));
		if (!results->sample_logits[c])
			return false;
	}
	phase->trained =
		ut_condition_is_teacher(c) || ut_condition_is_student(c);
	if (!phase->trained)
		return true;
	phase->epochs = ut_recipe_training(recipe, c)->epochs;
	phase->points = calloc((phase->epochs + 1) * R, sizeof(*phase->points));
	return phase->points;
}

static enum ut_status out_of_memory(const struct ut_results *results,
				    struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY,
			    "out of memory for the results of %zu replicas",
			    results->replicas);
}

enum ut_status ut_results_make_room(struct ut_results *results,
				    const struct ut_recipe *recipe, bool pair,
				    struct ut_error *error)
{
	bool good;
	int c;

	results->sample_labels = malloc(results->samples + 1);
	good = results->sample_labels;
	for (c = 0; c < UT_CONDITIONS && good; ++c)
		if (recipe->conditions & 1u << c)
			good = condition_init(results, recipe, c, pair);
	return good ? UT_OK : out_of_memory(results, error);
}

static enum ut_status count_layers(struct ut_results *results,
				   const struct ut_recipe *recipe,
				   const struct ut_dataset *data,
				   struct ut_error *error)
{
	struct ut_net net;
	enum ut_status status = ut_experiment_net(recipe, data, &net, error);
	size_t i;

	for (i = 0; !status && i < net.layer_count; ++i)
		results->layers += ut_layer_has_weights(&net.layers[i]);
	return status;
}

enum ut_status ut_results_init(struct ut_results *results,
			       const struct ut_recipe *recipe,
			       const struct ut_dataset *data,
			       struct ut_error *error)
{
	size_t N = data->test.count, cells = data->classes * data->classes;
	enum ut_status status;
	bool pair;
	int c;

	*results = (struct ut_results){
		.replicas = recipe->replicas,
		.classes = data->classes,
		.aux = recipe->distill.aux,
		.samples = recipe->samples < N ? recipe->samples : N,
		.skipped = data->loading.skipped,
	};
	status = describe_data(results, recipe, data, &pair, error);
	if (!status && recipe->diagnostics)
		status = count_layers(results, recipe, data, error);
	if (status)
		return status;
	status = ut_results_make_room(results, recipe, pair, error);
	if (status)
		return status;
	for (c = 0; c < UT_CONDITIONS; ++c) {
		struct ut_scores *scores = &results->scores[c];

		if (!scores->accuracy)
			continue;
		scores->confusion =
			calloc(results->replicas, cells * sizeof(uint32_t));
		if (!scores->confusion)
			return out_of_memory(results, error);
	}
	memcpy(results->sample_labels, data->test.labels, results->samples);
	return UT_OK;
}

/* A visit to every array that replicas have parts in. */
struct tour {
	/* (rows, replicas), each so many bytes */
	void (*visit)(const struct tour *tour, void *array, const void *other,
		      size_t rows, size_t replicas, size_t bytes);
	ut_results_visit *told; /* and user: of ut_results_walk */
	void *user;
	size_t first, count; /* of ut_results_take */
};

static void go_by(const struct tour *tour, void *array, const void *other,
		  size_t rows, size_t replicas, size_t bytes)
{
	if (array)
		tour->visit(tour, array, other, rows, replicas, bytes);
}

static void go_scores(const struct tour *tour, const struct ut_results *results,
		      const struct ut_scores *scores,
		      const struct ut_scores *other)
{
	size_t R = results->replicas;
	size_t cells = results->classes * results->classes;

	go_by(tour, scores->accuracy, other->accuracy, 1, R, sizeof(double));
	go_by(tour, scores->present, other->present, 1, R, sizeof(double));
	go_by(tour, scores->auc, other->auc, 1, R, sizeof(double));
	go_by(tour, scores->confusion, other->confusion, 1, R,
	      cells * sizeof(uint32_t));
}

/* Visits the arrays of results, each beside that of others, in their order. */
static void go_round(const struct tour *tour, const struct ut_results *results,
		     const struct ut_results *others)
{
	size_t R = results->replicas, samples = results->samples;
	size_t logits = results->classes + results->aux;
	int c, kind;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		const struct ut_phase *phase = &results->phases[c];
		const struct ut_diagnosis *diagnosis = &results->diagnoses[c];

		go_scores(tour, results, &results->scores[c],
			  &others->scores[c]);
		for (kind = 0; kind < UT_ROBUST_KINDS; ++kind)
			go_scores(tour, results, &results->robust[c][kind],
				  &others->robust[c][kind]);
		go_by(tour, results->sample_logits[c], others->sample_logits[c],
		      1, R, samples * logits * sizeof(float));
		go_by(tour, phase->points, others->phases[c].points,
		      phase->epochs + 1, R, sizeof(*phase->points));
		go_by(tour, diagnosis->values, others->diagnoses[c].values,
		      diagnosis->epochs + 1, R,
		      diagnosis_row(results) * sizeof(double));
	}
}

static void tell(const struct tour *tour, void *array, const void *other,
		 size_t rows, size_t replicas, size_t bytes)
{
	(void)other;
	tour->told(tour->user, array, rows * replicas * bytes);
}

void ut_results_walk(const struct ut_results *results, ut_results_visit *visit,
		     void *user)
{
	if (results->sample_labels)
		visit(user, results->sample_labels, results->samples);
	go_round(&(struct tour){.visit = tell, .told = visit, .user = user},
		 results, results);
}

static void take(const struct tour *tour, void *array, const void *other,
		 size_t rows, size_t replicas, size_t bytes)
{
	size_t row;

	for (row = 0; row < rows; ++row) {
		size_t at = (row * replicas + tour->first) * bytes;

		memcpy((char *)array + at, (const char *)other + at,
		       tour->count * bytes);
	}
}

void ut_results_take(struct ut_results *results,
		     const struct ut_results *others, size_t first,
		     size_t count)
{
	go_round(&(struct tour){.visit = take, .first = first, .count = count},
		 results, others);
}

static void free_array(void *user, void *array, size_t bytes)
{
	(void)user;
	(void)bytes;
	free(array);
}

void ut_results_release(struct ut_results *results)
{
	ut_results_walk(results, free_array, NULL);
	*results = (struct ut_results){0};
}

double *ut_results_diagnostics(const struct ut_results *results,
			       enum ut_condition c, uint64_t epoch, size_t r)
{
	return results->diagnoses[c].values +
	       (epoch * results->replicas + r) * diagnosis_row(results);
}

void ut_results_confusion(const struct ut_results *results,
			  const struct ut_scores *scores, uint64_t *confusion)
{
	size_t cells = results->classes * results->classes, r, i;

	memset(confusion, 0, cells * sizeof(*confusion));
	for (r = 0; r < results->replicas; ++r)
		for (i = 0; i < cells; ++i)
			confusion[i] += scores->confusion[r * cells + i];
}

struct ut_fingerprint ut_results_print(const struct ut_results *results,
				       enum ut_condition phase, uint64_t epoch)
{
	const struct ut_point *points =
		results->phases[phase].points + epoch * results->replicas;
	struct ut_fingerprinter all;
	size_t r;

	ut_fingerprint_init(&all);
	for (r = 0; r < results->replicas; ++r)
		ut_fingerprint_update_print(&all, points[r].print);
	return ut_fingerprint_finish(&all);
}
