/* A run's weights, measured again. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/receipt.h"
#include "lab/run.h"
#include "lab/supplies.h"
#include "lab/weights.h"

/* What ut_run_evaluate works with. */
struct evaluation {
	const char *folder;
	struct ut_recipe recipe;
	json_t *receipt;
	struct ut_dataset data;
	struct ut_net net;
	struct ut_device *device;
};

static enum ut_status read_arenas(const struct evaluation *e,
				  enum ut_condition condition, float *arenas,
				  size_t replicas, struct ut_error *error)
{
	struct ut_tensors file = {0};
	enum ut_status status;
	size_t r;

	status = ut_weights_read(&file, e->folder, &e->recipe, &e->net,
				 condition, error);
	for (r = 0; r < replicas && !status; ++r) {
		status = ut_weights_find(&file, &e->net, r,
					 arenas + r * e->net.parameters, error);
		if (status)
			ut_error_prefix(error, "%s/%s", e->folder,
					ut_weights_file(condition));
	}
	ut_tensors_release(&file);
	return status;
}

/* The ceiling is kept as its parts: the teacher's body, the initial head. */
static enum ut_status read_ceiling(const struct evaluation *e, float *arenas,
				   size_t replicas, struct ut_error *error)
{
	size_t P = e->net.parameters, r;
	size_t head = e->net.layers[e->net.layer_count - 1].weight;
	float *initial = calloc(replicas * P, sizeof(*initial));
	enum ut_status status;

	if (!initial)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = read_arenas(e, UT_TEACHER, arenas, replicas, error);
	if (!status)
		status = read_arenas(e, UT_REFERENCE, initial, replicas, error);
	for (r = 0; r < replicas && !status; ++r)
		memcpy(arenas + r * P + head, initial + r * P + head,
		       (P - head) * sizeof(*initial));
	free(initial);
	return status;
}

static enum ut_status evaluate_condition(const struct evaluation *e,
					 enum ut_condition condition,
					 struct ut_reevaluation *again,
					 struct ut_error *error)
{
	size_t replicas = again->results.replicas;
	double *recorded = calloc(replicas, sizeof(*recorded));
	float *arenas = calloc(replicas * e->net.parameters, sizeof(*arenas));
	enum ut_status status = UT_OK;

	again->recorded[condition] = recorded;
	if (!arenas || !recorded)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		status = condition == UT_CEILING
				 ? read_ceiling(e, arenas, replicas, error)
				 : read_arenas(e, condition, arenas, replicas,
					       error);
	if (!status)
		status = ut_receipt_accuracies(e->receipt, condition, replicas,
					       recorded, error);
	if (!status)
		status = ut_experiment_evaluate(&e->recipe, &e->data, e->device,
						condition, arenas,
						&again->results, error);
	free(arenas);
	return status;
}

static enum ut_status load_run(struct evaluation *e,
			       const struct ut_evaluate_options *options,
			       struct ut_error *error)
{
	enum ut_status status;

	status = ut_recipe_load_run(&e->recipe, e->folder, error);
	if (!status && options->data_dir)
		status = ut_recipe_set(&e->recipe, "data.dir",
				       options->data_dir, error);
	if (!status)
		status = ut_recipe_check(&e->recipe, error);
	if (!status && !ut_weights_kept(&e->recipe))
		status = ut_error_set(error, UT_MISSING,
				      "the run kept no "
				      "weights: save = none");
	if (!status)
		status = ut_receipt_read(&e->receipt, e->folder, error);
	if (!status)
		status = ut_data_load(&e->data, &e->recipe, options->data_roots,
				      NULL, error);
	if (!status)
		status = ut_receipt_check_data(e->receipt, &e->data, error);
	if (!status)
		status =
			ut_experiment_net(&e->recipe, &e->data, &e->net, error);
	if (!status)
		status = ut_device_open(&e->device, options->device, error);
	return status;
}

enum ut_status ut_run_evaluate(const char *folder,
			       const struct ut_evaluate_options *options,
			       struct ut_reevaluation *again,
			       struct ut_error *error)
{
	struct evaluation e = {.folder = folder};
	enum ut_status status = load_run(&e, options, error);
	int c;

	*again = (struct ut_reevaluation){0};
	e.recipe.replicas = ut_weights_kept(&e.recipe);
	e.recipe.robustness = options->robustness;
	e.recipe.diagnostics = 0;
	if (!status)
		status = ut_results_init(&again->results, &e.recipe, &e.data,
					 error);
	for (c = 0; c < UT_CONDITIONS && !status; ++c)
		if (e.recipe.conditions & 1u << c)
			status = evaluate_condition(&e, c, again, error);
	if (status)
		ut_reevaluation_release(again);
	ut_device_close(e.device);
	ut_dataset_release(&e.data);
	json_decref(e.receipt);
	return status;
}

void ut_reevaluation_release(struct ut_reevaluation *again)
{
	int c;

	ut_results_release(&again->results);
	for (c = 0; c < UT_CONDITIONS; ++c)
		free(again->recorded[c]);
	*again = (struct ut_reevaluation){0};
}
