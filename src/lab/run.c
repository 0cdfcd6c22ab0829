/* A run: one recipe on one device, and the folder it leaves. */
#include "lab/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "lab/receipt.h"
#include "lab/weights.h"

/* The file that keeps a condition's weights, or NULL: the ceiling has none. */
static const char *weights_file(enum ut_condition condition)
{
	static const char *const names[UT_CONDITIONS] = {
		[UT_REFERENCE] = "init.safetensors",
		[UT_TEACHER] = "teacher.safetensors",
		[UT_AUX] = "student-aux.safetensors",
		[UT_ALL] = "student-all.safetensors",
		[UT_CROSS_AUX] = "student-cross-aux.safetensors",
		[UT_CROSS_ALL] = "student-cross-all.safetensors",
	};

	return names[condition];
}

/* How many replicas' weights the recipe keeps. */
static size_t kept_replicas(const struct ut_recipe *recipe)
{
	if (recipe->save == UT_SAVE_NONE)
		return 0;
	return recipe->save == UT_SAVE_FIRST ? 1 : recipe->replicas;
}

/* The weights of all replicas, gathered group by group. */
struct keeper {
	const struct ut_recipe *recipe;
	struct ut_tensors files[UT_CONDITIONS];
};

static enum ut_status keep_weights(void *user, const struct ut_net *net,
				   enum ut_condition condition, unsigned first,
				   unsigned replicas, const float *arenas,
				   struct ut_error *error)
{
	struct keeper *keeper = user;
	struct ut_tensors *file = &keeper->files[condition];
	size_t end = kept_replicas(keeper->recipe), r;

	if (!weights_file(condition))
		return UT_OK;
	for (r = first; r < end && r < first + replicas; ++r)
		ut_weights_add(file, net, r,
			       arenas + (r - first) * net->parameters);
	return file->failed ? ut_error_set(error, UT_MEMORY,
					   "out of memory "
					   "for the weights of %s",
					   ut_condition_name(condition))
			    : UT_OK;
}

/* The observer of the experiment: the caller's, with our keeper behind it. */
struct relay {
	const struct ut_observer *caller;
	struct keeper *keeper;
};

static void relay_progress(void *user, const struct ut_progress *progress)
{
	const struct relay *relay = user;

	if (relay->caller->progress)
		relay->caller->progress(relay->caller->user, progress);
}

static bool relay_stop(void *user)
{
	const struct relay *relay = user;

	return relay->caller->stop && relay->caller->stop(relay->caller->user);
}

static enum ut_status relay_weights(void *user, const struct ut_net *net,
				    enum ut_condition condition, unsigned first,
				    unsigned replicas, const float *arenas,
				    struct ut_error *error)
{
	const struct relay *relay = user;

	return keep_weights(relay->keeper, net, condition, first, replicas,
			    arenas, error);
}

static enum ut_status write_weights(const struct keeper *keeper,
				    const char *folder, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	int c;

	for (c = 0; c < UT_CONDITIONS && !status; ++c) {
		char *path;

		if (!keeper->files[c].count)
			continue;
		path = ut_path_join(folder, weights_file(c));
		status = path ? ut_tensors_write(&keeper->files[c], path, error)
			      : ut_error_set(error, UT_MEMORY, "out of memory");
		free(path);
	}
	return status;
}

/* Loads and prepares the recipe's data; observer, or NULL, may stop it. */
static enum ut_status load_data(struct ut_dataset *data,
				const struct ut_recipe *recipe,
				const char *const *roots,
				const struct ut_observer *observer,
				struct ut_error *error)
{
	const char *dir = recipe->data.dir;
	struct ut_image_options images = {
		.size = (unsigned)recipe->image.size,
		.channels = recipe->image.colour == UT_GREY ? 1 : 3,
		.fit = (enum ut_image_fit)recipe->image.fit,
		.on_error = (enum ut_image_failure)recipe->data.on_error,
		.memory = recipe->data.memory,
		.cache = recipe->data.cache,
		.stop = observer ? observer->stop : NULL,
		.user = observer ? observer->user : NULL,
	};
	enum ut_status status;

	status = ut_dataset_load(data, recipe->data.set, *dir ? dir : NULL,
				 roots, &images, error);
	if (status)
		return status;
	status = ut_experiment_prepare(recipe, data, error);
	if (status)
		ut_dataset_release(data);
	return status;
}

/* Runs the experiment and fills the folder in the making. */
static enum ut_status fill_folder(const struct ut_recipe *recipe,
				  const struct ut_run_options *options,
				  const struct ut_dataset *data,
				  struct ut_device *device, const char *work,
				  struct ut_results *results,
				  struct ut_error *error)
{
	struct keeper keeper = {.recipe = recipe};
	struct relay relay = {&options->observer, &keeper};
	struct ut_observer observer = {
		.user = &relay,
		.progress = relay_progress,
		.stop = relay_stop,
		.weights = relay_weights,
	};
	enum ut_status status;
	struct ut_net net;
	int c;

	status = ut_experiment_net(recipe, data, &net, error);
	if (!status)
		status = ut_experiment_run(recipe, data, device, &observer,
					   results, error);
	if (!status)
		status = write_weights(&keeper, work, error);
	if (!status)
		status = ut_receipt_write(
			&(struct ut_receipt){
				.recipe = recipe,
				.data = data,
				.net = &net,
				.device = ut_device_about(device),
				.results = results,
			},
			work, error);
	for (c = 0; c < UT_CONDITIONS; ++c)
		ut_tensors_release(&keeper.files[c]);
	return status;
}

static enum ut_status run_with_data(const struct ut_recipe *recipe,
				    const struct ut_run_options *options,
				    const struct ut_dataset *data,
				    double seconds_loading,
				    struct ut_results *results,
				    struct ut_error *error)
{
	struct ut_folder folder = {0};
	struct ut_device *device = NULL;
	enum ut_status status;

	status = ut_folder_begin(&folder, options->out, options->force, error);
	if (!status)
		status = ut_device_open(&device, options->device, error);
	if (!status)
		status = ut_results_init(results, recipe, data, error);
	results->seconds_loading = seconds_loading;
	if (!status && options->begun)
		options->begun(options->observer.user, ut_device_about(device),
			       data);
	if (!status)
		status = fill_folder(recipe, options, data, device, folder.work,
				     results, error);
	if (!status)
		status = ut_folder_commit(&folder, error);
	else
		ut_folder_abort(&folder);
	if (status)
		ut_results_release(results);
	ut_device_close(device);
	return status;
}

enum ut_status ut_run(const struct ut_recipe *recipe,
		      const struct ut_run_options *options,
		      struct ut_results *results, struct ut_error *error)
{
	struct ut_dataset data;
	enum ut_status status;
	double started = ut_clock_now();

	*results = (struct ut_results){0};
	status = ut_recipe_check(recipe, error);
	if (!status)
		status = load_data(&data, recipe, options->data_roots,
				   &options->observer, error);
	if (status)
		return status;
	status = run_with_data(recipe, options, &data, ut_clock_now() - started,
			       results, error);
	ut_dataset_release(&data);
	return status;
}

/* What ut_run_evaluate works with. */
struct evaluation {
	const char *folder;
	struct ut_recipe recipe;
	json_t *receipt;
	struct ut_dataset data;
	struct ut_net net;
	struct ut_device *device;
};

/* A file that cannot be the recipe's weights is not taken into memory. */
static enum ut_status check_size(const struct evaluation *e, const char *path,
				 struct ut_error *error)
{
	enum { NAMING = 256 }; /* more than a tensor's entry in the header */
	double layer_bytes = (double)e->net.layer_count * 2 * NAMING;
	double most = (double)kept_replicas(&e->recipe) *
		      (4 * (double)e->net.parameters + layer_bytes);
	struct stat info;

	if (stat(path, &info))
		return ut_file_error(error, errno, "cannot read %s", path);
	if (!S_ISREG(info.st_mode) || (double)info.st_size > most)
		return ut_error_set(error, UT_CORRUPT,
				    "%s: not a file, or larger than the "
				    "recipe's weights can be",
				    path);
	return UT_OK;
}

static enum ut_status read_arenas(const struct evaluation *e,
				  enum ut_condition condition, float *arenas,
				  size_t replicas, struct ut_error *error)
{
	char *path = ut_path_join(e->folder, weights_file(condition));
	struct ut_tensors file = {0};
	enum ut_status status;
	size_t r;

	if (!path)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = check_size(e, path, error);
	if (!status)
		status = ut_tensors_read(&file, path, error);
	for (r = 0; r < replicas && !status; ++r) {
		status = ut_weights_find(&file, &e->net, r,
					 arenas + r * e->net.parameters, error);
		if (status)
			ut_error_prefix(error, "%s", path);
	}
	ut_tensors_release(&file);
	free(path);
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
	char *path = ut_path_join(e->folder, "recipe.ini");
	enum ut_status status;

	status = path ? ut_recipe_load(&e->recipe, path, error)
		      : ut_error_set(error, UT_MEMORY, "out of memory");
	free(path);
	if (!status && options->data_dir)
		status = ut_recipe_set(&e->recipe, "data.dir",
				       options->data_dir, error);
	if (!status)
		status = ut_recipe_check(&e->recipe, error);
	if (!status && !kept_replicas(&e->recipe))
		status = ut_error_set(error, UT_MISSING,
				      "the run kept no "
				      "weights: save = none");
	if (!status)
		status = ut_receipt_read(&e->receipt, e->folder, error);
	if (!status)
		status = load_data(&e->data, &e->recipe, options->data_roots,
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
	e.recipe.replicas = kept_replicas(&e.recipe);
	e.recipe.robustness = options->robustness;
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
