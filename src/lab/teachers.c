/* Teachers of another run, used instead of training them again. */
#include "lab/teachers.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/receipt.h"
#include "lab/run.h"
#include "lab/weights.h"

/* What the rows of metrics.csv begin with. */
static const char columns[] =
	"phase,epoch,replica,loss,accuracy,learning_rate,fingerprint";
enum { COLUMNS = 7, ROW_BYTES = 256 };

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

/* Cuts a row at its commas; false unless there are COLUMNS fields. */
static bool cut_row(char *row, char *fields[COLUMNS])
{
	size_t i;

	for (i = 0; i < COLUMNS; ++i) {
		fields[i] = row;
		row += strcspn(row, ",");
		if (!*row && i < COLUMNS - 1)
			return false;
		if (*row)
			*row++ = '\0';
	}
	return true;
}

/* A number that may be missing: then it is below 0. */
static bool parse_optional(const char *text, double *number)
{
	*number = -1;
	return !*text || ut_parse_double(text, 0, 1e300, number);
}

/* Takes in the next row of the teachers' points. */
static bool take_row(struct source *source, char *row, uint64_t epoch,
		     size_t replica)
{
	const struct ut_teachers *teachers = source->teachers;
	struct ut_point *point =
		teachers->points + epoch * teachers->replicas + replica;
	char *fields[COLUMNS];
	uint64_t e, r;

	if (!cut_row(row, fields) ||
	    strcmp(fields[0], ut_condition_name(UT_TEACHER)) ||
	    !ut_parse_u64(fields[1], epoch, epoch, &e) ||
	    !ut_parse_u64(fields[2], replica, replica, &r) ||
	    !parse_optional(fields[3], &point->loss) ||
	    !parse_optional(fields[4], &point->accuracy) ||
	    !ut_parse_double(fields[5], 0, 1e300, &point->rate) ||
	    !ut_fingerprint_parse(fields[6], &point->print))
		return false;
	/* the last row shows what was measured in the end */
	if (source->recipe.evaluate == UT_AT_END)
		point->accuracy = -1;
	return true;
}

/* The next line of *text, ended, or NULL; *text moves behind it. */
static char *next_line(char **text)
{
	char *line = *text;
	size_t length = strcspn(line, "\n");

	if (!line[length])
		return NULL;
	line[length] = '\0';
	*text = line + length + 1;
	return line;
}

static enum ut_status parse_points(struct source *source, char *text,
				   const char *path, struct ut_error *error)
{
	const struct ut_teachers *teachers = source->teachers;
	char *line = next_line(&text);
	bool good = line && !strncmp(line, columns, strlen(columns));
	uint64_t epoch;
	size_t r;

	for (epoch = 0; epoch <= teachers->epochs && good; ++epoch)
		for (r = 0; r < teachers->replicas && good; ++r) {
			line = next_line(&text);
			good = line && take_row(source, line, epoch, r);
		}
	if (good)
		return UT_OK;
	return ut_error_set(error, UT_CORRUPT,
			    "%s: not the training curves of its run's recipe",
			    path);
}

/* The points must be those of which the receipt has the fingerprints. */
static enum ut_status check_points(const struct source *source,
				   struct ut_error *error)
{
	const struct ut_teachers *teachers = source->teachers;
	struct ut_results results = {.replicas = teachers->replicas};
	const json_t *prints = json_object_get(json_object_get(source->receipt,
							       "fingerprints"),
					       ut_condition_name(UT_TEACHER));
	uint64_t epoch;

	results.phases[UT_TEACHER].points = teachers->points;
	for (epoch = 0; epoch <= teachers->epochs; ++epoch) {
		const char *text =
			json_string_value(json_array_get(prints, epoch));
		struct ut_fingerprint print;

		if (!text || !ut_fingerprint_parse(text, &print) ||
		    !ut_fingerprint_equal(print,
					  ut_results_print(&results, UT_TEACHER,
							   epoch)))
			return ut_error_set(
				error, UT_CORRUPT,
				"%s: metrics.csv and receipt.json "
				"have other fingerprints of teacher "
				"epoch %llu",
				teachers->folder, (unsigned long long)epoch);
	}
	return UT_OK;
}

static enum ut_status read_points(struct source *source, struct ut_error *error)
{
	struct ut_teachers *teachers = source->teachers;
	size_t rows = (teachers->epochs + 1) * teachers->replicas, all = 1, c;
	char *path = ut_path_join(teachers->folder, "metrics.csv");
	char *text = NULL;
	enum ut_status status = UT_OK;
	size_t bytes;

	for (c = 0; c < UT_CONDITIONS; ++c)
		all += (ut_recipe_training(&source->recipe, c)->epochs + 1) *
		       teachers->replicas;
	teachers->points = calloc(rows, sizeof(*teachers->points));
	if (!path || !teachers->points)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		status = ut_file_read(path, all * ROW_BYTES, &text, &bytes,
				      error);
	if (!status)
		status = parse_points(source, text, path, error);
	if (!status)
		status = check_points(source, error);
	free(text);
	free(path);
	return status;
}

static struct ut_fingerprint print_of(const float *arena, size_t P)
{
	struct ut_fingerprinter print;

	ut_fingerprint_init(&print);
	ut_fingerprint_update_f32(&print, arena, P);
	return ut_fingerprint_finish(&print);
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
		    !ut_fingerprint_equal(print_of(arena, P), last[r].print))
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

static enum ut_status load_recipe(struct source *source, struct ut_error *error)
{
	char *path = ut_path_join(source->teachers->folder, "recipe.ini");
	enum ut_status status;

	status = path ? ut_recipe_load(&source->recipe, path, error)
		      : ut_error_set(error, UT_MEMORY, "out of memory");
	free(path);
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
	status = load_recipe(&source, error);
	if (!status)
		status = ut_receipt_read(&source.receipt, folder, error);
	if (!status)
		status = check_source(&source, recipe, data, error);
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
			    print_of(group->arenas + r * P, P),
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
