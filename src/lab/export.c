/* What a run is made of, as tensors for other programs. */
#include "lab/export.h"

#include <stdlib.h>

#include <undertone/version.h>

#include "base/file.h"
#include "config.h"
#include "lab/exporter.h"
#include "lab/receipt.h"
#include "lab/shown.h"
#include "lab/supplies.h"
#include "lab/weights.h"

/* Tensors whose header readers still take, and about what each takes there. */
enum { TENSORS_MAX = 800000, ENTRY_BYTES = 110 };

const char *const ut_export_names[] = {"init",   "data",  "batches", "noise",
				       "logits", "masks", NULL};

/* Whose it is, where that makes a difference. */
static enum ut_status choose_condition(struct ut_exporter *e,
				       struct ut_error *error)
{
	enum ut_export_what what = e->options->what;
	enum ut_condition c = e->options->condition;
	const char *wrong = NULL;

	if (c == UT_CONDITIONS)
		e->phase = what == UT_EXPORT_NOISE ? UT_AUX : UT_TEACHER;
	else if (what == UT_EXPORT_INIT || what == UT_EXPORT_DATA)
		wrong = "is of all conditions";
	else if (what == UT_EXPORT_NOISE && !ut_condition_is_student(c))
		wrong = "is a student's";
	else if ((what == UT_EXPORT_BATCHES || what == UT_EXPORT_LOGITS) &&
		 !ut_condition_is_teacher(c))
		wrong = "are a teacher's";
	else if (!ut_condition_is_teacher(c) && !ut_condition_is_student(c))
		wrong = "are of what trains";
	else
		e->phase = c;
	if (wrong)
		return ut_error_set(error, UT_INVALID, "condition %s: %s %s",
				    ut_condition_name(c), ut_export_names[what],
				    wrong);
	return UT_OK;
}

static enum ut_status load_recipe(struct ut_exporter *e, struct ut_error *error)
{
	const struct ut_export *options = e->options;
	enum ut_status status;

	if (!options->folder) {
		e->recipe = *options->recipe;
		if (options->what == UT_EXPORT_LOGITS)
			return ut_error_set(error, UT_INVALID,
					    "logits are of a teacher that was "
					    "trained: export them from the "
					    "folder of a run");
		return ut_recipe_check(&e->recipe, error);
	}
	status = ut_recipe_load_run(&e->recipe, options->folder, error);
	if (!status)
		status = ut_recipe_check(&e->recipe, error);
	if (!status)
		status = ut_receipt_read(&e->receipt, options->folder, error);
	return status;
}

static enum ut_status load_data(struct ut_exporter *e, struct ut_error *error)
{
	struct ut_observer observer = {.user = e->options->user,
				       .stop = e->options->stop};
	struct ut_recipe recipe = e->recipe;
	enum ut_status status = UT_OK;

	if (e->options->data_dir)
		status = ut_recipe_set(&recipe, "data.dir",
				       e->options->data_dir, error);
	if (!status)
		status = ut_data_load(&e->data, &recipe, e->options->data_roots,
				      &observer, error);
	if (status)
		return status;
	e->loaded = true;
	status = ut_shown_load(&e->data, &recipe, e->options->data_roots,
			       &observer, error);
	if (status)
		return status;
	return e->receipt ? ut_receipt_check_data(e->receipt, &e->data, error)
			  : UT_OK;
}

/* A range of 1 ... most; where it begins with 0 it is `first` to `last`. */
static enum ut_status take_range(const uint64_t given[2], const char *what,
				 uint64_t most, uint64_t last,
				 uint64_t taken[2], struct ut_error *error)
{
	taken[0] = given[0] ? given[0] : 1;
	taken[1] = given[0] ? given[1] : last;
	if (taken[0] <= taken[1] && taken[1] <= most)
		return UT_OK;
	return ut_error_set(error, UT_INVALID,
			    "%s %llu-%llu: there are %llu of them", what,
			    (unsigned long long)taken[0],
			    (unsigned long long)taken[1],
			    (unsigned long long)most);
}

/* Images of an epoch of the phase, and how many are in a step. */
static uint64_t epoch_images(const struct ut_exporter *e)
{
	return ut_condition_is_teacher(e->phase) &&
			       e->options->what != UT_EXPORT_LOGITS
		       ? e->data.train.count
		       : e->recipe.distill.images;
}

static enum ut_status take_ranges(struct ut_exporter *e, struct ut_error *error)
{
	enum ut_export_what what = e->options->what;
	const struct ut_training *plan =
		ut_recipe_training(&e->recipe, what == UT_EXPORT_LOGITS
						       ? UT_AUX
						       : e->phase);
	uint64_t images = epoch_images(e), steps;
	enum ut_status status;

	if (e->options->replica >= e->recipe.replicas)
		return ut_error_set(
			error, UT_INVALID,
			"replica %llu: the recipe has %llu, from 0 on",
			(unsigned long long)e->options->replica,
			(unsigned long long)e->recipe.replicas);
	if (what == UT_EXPORT_INIT || what == UT_EXPORT_DATA)
		return UT_OK;
	steps = (images + plan->batch - 1) / plan->batch;
	status = take_range(e->options->epochs, "epochs", plan->epochs, 1,
			    e->epochs, error);
	return status ? status
		      : take_range(e->options->steps, "steps", steps, steps,
				   e->steps, error);
}

/* Images shown in the ranges. */
static double images_shown(const struct ut_exporter *e)
{
	const struct ut_training *plan =
		ut_recipe_training(&e->recipe,
				   e->options->what == UT_EXPORT_LOGITS
					   ? UT_AUX
					   : e->phase);
	double all = (double)epoch_images(e), batch = (double)plan->batch;
	double end = (double)e->steps[1] * batch;
	double begin = (double)(e->steps[0] - 1) * batch;

	return (double)(e->epochs[1] - e->epochs[0] + 1) *
	       ((end < all ? end : all) - begin);
}

static double steps_shown(const struct ut_exporter *e)
{
	return (double)(e->epochs[1] - e->epochs[0] + 1) *
	       (double)(e->steps[1] - e->steps[0] + 1);
}

/* Conditions whose initial weights there are. */
static double initial_arenas(const struct ut_exporter *e)
{
	double count = 1;
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		count += e->recipe.conditions & 1u << c &&
			 ut_condition_is_student(c);
	return count * (double)e->recipe.replicas;
}

/* What dropout leaves of one image, and of how many layers. */
static double masked_outputs(const struct ut_exporter *e, double *layers)
{
	const struct ut_net *net = &e->session.net;
	double outputs = 0;
	size_t i;

	for (i = 0; i < net->layer_count; ++i)
		if (ut_exporter_dropout(e, &net->layers[i]) > 0) {
			outputs += (double)net->layers[i].O;
			++*layers;
		}
	return outputs;
}

/* Bytes of the numbers, about, and how many tensors they are in. */
static double count_bytes(const struct ut_exporter *e, double *tensors)
{
	const struct ut_net *net = &e->session.net;
	const struct ut_dataset *data = &e->data;
	double logits = (double)(net->classes + net->aux), layers = 0, bytes;
	double pixels = (double)ut_dataset_image_bytes(data);

	switch (e->options->what) {
	case UT_EXPORT_INIT:
		*tensors = initial_arenas(e) * 2 * (double)net->layer_count;
		return initial_arenas(e) * 4 * (double)ut_net_weight_count(net);
	case UT_EXPORT_DATA:
		*tensors = 7;
		bytes = data->shown ? (double)data->shown->train.count : 0;
		return bytes * pixels +
		       (double)(data->train.count + data->test.count) *
			       (pixels + 8);
	case UT_EXPORT_BATCHES:
		*tensors = 3 * steps_shown(e);
		return images_shown(e) *
		       (16 + (ut_exporter_augments(&e->recipe) ? pixels : 0));
	case UT_EXPORT_NOISE:
		*tensors = 2 * steps_shown(e);
		return images_shown(e) * (4 * pixels + 8);
	case UT_EXPORT_LOGITS:
		*tensors = 2 + steps_shown(e);
		return (images_shown(e) + (double)data->test.count) * 4 *
		       logits;
	default:
		bytes = images_shown(e) * masked_outputs(e, &layers);
		*tensors = layers * steps_shown(e);
		return bytes;
	}
}

static enum ut_status check_size(const struct ut_exporter *e,
				 struct ut_error *error)
{
	double tensors = 0, bytes = count_bytes(e, &tensors);

	bytes += tensors * ENTRY_BYTES;
	if (!(bytes <= UT_EXPORT_LIMIT) || !(tensors <= TENSORS_MAX))
		return ut_error_set(
			error, UT_INVALID,
			"%s would take %.0f bytes (%.1f GiB) in %.0f tensors; "
			"at most %.0f GiB and %d are written: choose fewer "
			"epochs or steps",
			ut_export_names[e->options->what], bytes,
			bytes / (1 << 30), tensors, UT_EXPORT_LIMIT / (1 << 30),
			TENSORS_MAX);
	if (e->options->what == UT_EXPORT_MASKS && !tensors)
		return ut_error_set(error, UT_INVALID,
				    "%s has no dropout, so there are no masks",
				    ut_condition_name(e->phase));
	return UT_OK;
}

/* The trained teacher of the folder, onto the device. */
static enum ut_status load_teacher(struct ut_exporter *e,
				   struct ut_error *error)
{
	const struct ut_net *net = &e->session.net;
	const char *folder = e->options->folder;
	struct ut_tensors file = {0};
	enum ut_status status;
	float *arena;

	if (e->options->replica >= ut_weights_kept(&e->recipe))
		return ut_error_set(error, UT_MISSING,
				    "%s kept no weights of replica %llu (its "
				    "recipe's save)",
				    folder,
				    (unsigned long long)e->options->replica);
	status = ut_weights_read(&file, folder, &e->recipe, net, e->phase,
				 error);
	if (status)
		return status;
	arena = calloc(net->parameters, sizeof(*arena));
	status = arena ? ut_weights_find(&file, net, e->options->replica, arena,
					 error)
		       : ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		ut_buffer_write(e->group.teacher, 0, net->parameters, arena);
	else
		ut_error_prefix(error, "%s/%s", folder,
				ut_weights_file(e->phase));
	free(arena);
	ut_tensors_release(&file);
	return status;
}

static enum ut_status open_device(struct ut_exporter *e, struct ut_error *error)
{
	size_t rows = 1;
	enum ut_status status;

	status = ut_device_open(&e->device, e->options->device, error);
	e->session.device = e->device;
	if (!status)
		status = ut_session_upload(&e->session, error);
	if (e->options->what == UT_EXPORT_LOGITS) {
		rows = ut_session_rows(&e->session);
		if (rows < e->recipe.distill.training.batch)
			rows = e->recipe.distill.training.batch;
	}
	if (!status)
		status = ut_group_init(&e->group, &e->session,
				       (unsigned)e->options->replica, 1, rows,
				       error);
	if (!status && e->options->what == UT_EXPORT_LOGITS)
		status = load_teacher(e, error);
	return status;
}

/* Those who make batches have a trainer; logits are of an aux student's. */
static enum ut_status open_trainer(struct ut_exporter *e,
				   struct ut_error *error)
{
	enum ut_export_what what = e->options->what;
	enum ut_condition phase = e->phase;

	if (what == UT_EXPORT_INIT || what == UT_EXPORT_DATA)
		return UT_OK;
	if (what == UT_EXPORT_LOGITS)
		phase = phase == UT_TEACHER ? UT_AUX : UT_SHUFFLED_AUX;
	return ut_trainer_init(&e->trainer, &e->group, phase, error);
}

/* What readers must know: whose it is, and of which recipe. */
static void write_notes(struct ut_exporter *e)
{
	struct ut_tensor_writer *writer = &e->writer;
	struct ut_text text = {0};

	ut_tensor_writer_note(writer, "undertone", UT_VERSION);
	ut_text_append(&text, "%d", UT_CONTRACT);
	ut_tensor_writer_note(writer, "contract", ut_text_string(&text));
	ut_text_release(&text);
	ut_tensor_writer_note(writer, "what",
			      ut_export_names[e->options->what]);
	ut_text_append(&text, "%llu", (unsigned long long)e->options->replica);
	ut_tensor_writer_note(writer, "replica", ut_text_string(&text));
	ut_text_release(&text);
	ut_tensor_writer_note(writer, "condition", ut_condition_name(e->phase));
	ut_recipe_write(&e->recipe, &text);
	writer->header.failed |= text.failed;
	ut_tensor_writer_note(writer, "recipe", ut_text_string(&text));
	ut_text_release(&text);
}

static enum ut_status write_file(struct ut_exporter *e, uint64_t *bytes,
				 struct ut_error *error)
{
	enum ut_status status;

	write_notes(e);
	e->declaring = true;
	status = ut_exporter_walk(e, error);
	if (!status)
		status = ut_tensor_writer_open(&e->writer, e->options->out,
					       error);
	e->declaring = false;
	if (!status)
		status = ut_exporter_walk(e, error);
	if (bytes)
		*bytes = UT_TENSOR_PREFIX + e->writer.header.length +
			 e->writer.bytes;
	if (!status)
		status = ut_tensor_writer_close(&e->writer, error);
	return status;
}

static void release(struct ut_exporter *e)
{
	ut_tensor_writer_release(&e->writer);
	if (e->trainer.group)
		ut_trainer_release(&e->trainer);
	if (e->group.session)
		ut_group_release(&e->group);
	if (e->device)
		ut_session_release(&e->session);
	ut_device_close(e->device);
	if (e->loaded)
		ut_dataset_release(&e->data);
	json_decref(e->receipt);
	free(e->scratch);
}

enum ut_status ut_export_write(const struct ut_export *options, uint64_t *bytes,
			       struct ut_error *error)
{
	static const struct ut_observer nobody;
	struct ut_exporter e = {.options = options};
	enum ut_status status;

	if (!options->force && ut_file_exists(options->out))
		return ut_error_set(error, UT_EXISTS,
				    "%s exists; --force replaces it",
				    options->out);
	status = choose_condition(&e, error);
	if (!status)
		status = load_recipe(&e, error);
	if (!status)
		status = load_data(&e, error);
	e.session = (struct ut_session){.recipe = &e.recipe,
					.data = &e.data,
					.observer = &nobody,
					.results = &e.results};
	if (!status)
		status = ut_session_init(&e.session, error);
	if (!status)
		status = take_ranges(&e, error);
	if (!status)
		status = check_size(&e, error);
	if (!status)
		status = open_device(&e, error);
	if (!status)
		status = open_trainer(&e, error);
	if (!status)
		status = write_file(&e, bytes, error);
	release(&e);
	return status;
}
