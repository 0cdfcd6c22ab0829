/* Teachers of another run, used instead of training them again. */
#include "lab/teachers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/version.h>

#include "base/file.h"
#include "lab/metrics.h"
#include "lab/receipt.h"
#include "lab/weights.h"

/* Bytes of a row of metrics.csv, at most. */
enum { ROW_BYTES = 256 };

/* The run whose teachers they are. */
struct source {
	struct ut_teachers *teachers;
	struct ut_recipe recipe;
	struct ut_net net;
	json_t *receipt;
};

/* The first line of text in which it is not other; *length of it. */
static const char *first_difference(const char *text, const char *other,
				    size_t *length)
{
	while (*text) {
		*length = strcspn(text, "\n");
		if (strncmp(text, other, *length + 1))
			break;
		text += *length + 1;
		other += *length + 1;
	}
	return text;
}

/* The same keys that decide the teachers' bits, or the first that is not. */
static enum ut_status compare_recipes(const struct source *source,
				      const struct ut_recipe *recipe,
				      struct ut_error *error)
{
	struct ut_text theirs = {0}, ours = {0};
	enum ut_status status = UT_OK;
	const char *line, *other;
	size_t length = 0, at;

	ut_recipe_write_teacher(&source->recipe, &theirs);
	ut_recipe_write_teacher(recipe, &ours);
	line = first_difference(ut_text_string(&ours), ut_text_string(&theirs),
				&length);
	at = (size_t)(line - ut_text_string(&ours));
	if (theirs.failed || ours.failed) {
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	} else if (*line) {
		/* the same keys in the same order, so lines match */
		other = ut_text_string(&theirs) + at;
		status = ut_error_set(
			error, UT_INVALID,
			"the teachers of %s are others: %.*s there, %.*s here",
			source->teachers->folder, (int)strcspn(other, "\n"),
			other, (int)length, line);
	}
	ut_text_release(&theirs);
	ut_text_release(&ours);
	return status;
}

static enum ut_status check_source(const struct source *source,
				   const struct ut_recipe *recipe,
				   const struct ut_dataset *data,
				   struct ut_error *error)
{
	const char *folder = source->teachers->folder;
	size_t kept = ut_weights_kept(&source->recipe);
	const json_t *contract = json_object_get(source->receipt, "contract");
	enum ut_status status = compare_recipes(source, recipe, error);

	if (status)
		return status;
	if (kept < recipe->replicas)
		return ut_error_set(error, UT_INVALID,
				    "%s kept the teachers of %zu replicas, and "
				    "%llu are needed; `undertone teach` keeps "
				    "all of them with save = all",
				    folder, kept,
				    (unsigned long long)recipe->replicas);
	if (json_integer_value(contract) != UT_CONTRACT)
		return ut_error_set(error, UT_CORRUPT,
				    "%s was made under another contract than "
				    "%d: its teachers have other bits",
				    folder, UT_CONTRACT);
	status = ut_receipt_check_data(source->receipt, data, error);
	return status ? ut_error_prefix(error, "%s", folder) : UT_OK;
}

static void note_flaw(const struct source *source)
{
	const json_t *receipt = source->receipt;
	const char *flaw = json_string_value(json_object_get(receipt, "flaw"));
	struct ut_teachers *teachers = source->teachers;

	if (!json_is_true(json_object_get(receipt, "bit_exact")))
		snprintf(teachers->flaw, sizeof(teachers->flaw),
			 "teachers: %.300s", flaw ? flaw : "not bit-exact");
	while (!ut_text_is_utf8(teachers->flaw))
		teachers->flaw[strlen(teachers->flaw) - 1] = '\0';
}

/* The teachers' points are the table's first rows. */
static enum ut_status take_points(const struct source *source,
				  const struct ut_csv *csv,
				  struct ut_error *error)
{
	const struct ut_teachers *teachers = source->teachers;
	size_t R = teachers->replicas, count = (teachers->epochs + 1) * R, i;
	struct ut_results results = {
		.replicas = R,
		.phases[UT_TEACHER] = {.epochs = teachers->epochs,
				       .points = teachers->points},
	};
	enum ut_status status = UT_OK;

	if (csv->rows < count)
		return ut_error_set(error, UT_CORRUPT,
				    "%s: not the training curves of its run's "
				    "recipe",
				    csv->path);
	for (i = 0; i < count && !status; ++i) {
		status = ut_metrics_take(csv, i, UT_TEACHER, i / R, i % R,
					 &teachers->points[i], error);
		/* the last row shows what was measured in the end */
		if (source->recipe.evaluate == UT_AT_END)
			teachers->points[i].accuracy = -1;
	}
	return status ? status
		      : ut_metrics_check(&results, UT_TEACHER, source->receipt,
					 teachers->folder, error);
}

static enum ut_status read_points(struct source *source, struct ut_error *error)
{
	struct ut_teachers *teachers = source->teachers;
	size_t rows = (teachers->epochs + 1) * teachers->replicas, all = 1, c;
	char *path = ut_path_join(teachers->folder, UT_METRICS_FILE);
	enum ut_status status = UT_OK;
	struct ut_csv csv = {0};

	for (c = 0; c < UT_CONDITIONS; ++c)
		all += (ut_recipe_training(&source->recipe, c)->epochs + 1) *
		       teachers->replicas;
	teachers->points = calloc(rows, sizeof(*teachers->points));
	if (!path || !teachers->points)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		status = ut_csv_read(&csv, path, all * ROW_BYTES, error);
	if (!status)
		status = ut_csv_check_names(&csv, UT_METRICS_NAMES, error);
	if (!status)
		status = take_points(source, &csv, error);
	ut_csv_release(&csv);
	free(path);
	return status;
}

/* The weights must be those of which the points have the fingerprints. */
static enum ut_status check_weights(const struct source *source,
				    size_t replicas, struct ut_error *error)
{
	const struct ut_teachers *teachers = source->teachers;
	const struct ut_point *last =
		teachers->points + teachers->epochs * teachers->replicas;
	size_t P = source->net.parameters, r;
	float *arena = calloc(P, sizeof(*arena));
	enum ut_status status = UT_OK;

	if (!arena)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	for (r = 0; r < replicas && !status; ++r) {
		status = ut_weights_find(&teachers->weights, &source->net, r,
					 arena, error);
		if (!status &&
		    !ut_fingerprint_equal(ut_fingerprint_of_f32(arena, P),
					  last[r].print))
			status = ut_error_set(error, UT_CORRUPT,
					      "the weights of replica %zu are "
					      "not those of the receipt",
					      r);
		if (status)
			ut_error_prefix(error, "%s/%s", teachers->folder,
					ut_weights_file(UT_TEACHER));
	}
	free(arena);
	return status;
}

enum ut_status ut_teachers_open(struct ut_teachers *teachers,
				const char *folder,
				const struct ut_recipe *recipe,
				const struct ut_dataset *data,
				struct ut_error *error)
{
	struct source source = {.teachers = teachers};
	enum ut_status status;

	*teachers = (struct ut_teachers){.folder = folder};
	status = ut_recipe_load_run(&source.recipe, folder, error);
	if (!status)
		status = ut_receipt_read(&source.receipt, folder, error);
	if (!status)
		status = check_source(&source, recipe, data, error);
	if (!status)
		note_flaw(&source);
	if (!status)
		status = ut_experiment_net(recipe, data, &source.net, error);
	teachers->replicas = source.recipe.replicas;
	teachers->epochs = source.recipe.teacher.epochs;
	if (!status)
		status = read_points(&source, error);
	if (!status)
		status = ut_weights_read(&teachers->weights, folder,
					 &source.recipe, &source.net,
					 UT_TEACHER, error);
	if (!status)
		status = check_weights(&source, recipe->replicas, error);
	json_decref(source.receipt);
	if (status)
		ut_teachers_release(teachers);
	return status;
}

void ut_teachers_release(struct ut_teachers *teachers)
{
	free(teachers->points);
	ut_tensors_release(&teachers->weights);
	*teachers = (struct ut_teachers){0};
}

/* The group's initial arenas must be those that the teachers began from. */
static enum ut_status check_initial(const struct ut_teachers *teachers,
				    struct ut_group *group,
				    struct ut_error *error)
{
	size_t P = group->session->net.parameters;
	enum ut_status status;
	unsigned r;

	status = ut_buffer_read(group->initial, 0, group->R * P, group->arenas,
				error);
	for (r = 0; r < group->R && !status; ++r)
		if (!ut_fingerprint_equal(
			    ut_fingerprint_of_f32(group->arenas + r * P, P),
			    teachers->points[group->first + r].print))
			status = ut_error_set(error, UT_CORRUPT,
					      "%s: the teacher of replica %u "
					      "began from another "
					      "initialisation",
					      teachers->folder,
					      group->first + r);
	return status;
}

enum ut_status ut_teachers_give(const struct ut_teachers *teachers,
				struct ut_group *group, struct ut_error *error)
{
	struct ut_results *results = group->session->results;
	const struct ut_net *net = &group->session->net;
	size_t P = net->parameters;
	enum ut_status status = check_initial(teachers, group, error);
	uint64_t epoch;
	unsigned r;

	memset(group->arenas, 0, group->R * P * sizeof(*group->arenas));
	for (r = 0; r < group->R && !status; ++r)
		status = ut_weights_find(&teachers->weights, net,
					 group->first + r,
					 group->arenas + r * P, error);
	if (status)
		return status;
	ut_buffer_write(group->teacher, 0, group->R * P, group->arenas);
	for (epoch = 0; epoch <= teachers->epochs; ++epoch)
		memcpy(results->phases[UT_TEACHER].points +
			       epoch * results->replicas + group->first,
		       teachers->points + epoch * teachers->replicas +
			       group->first,
		       group->R * sizeof(*teachers->points));
	return UT_OK;
}
