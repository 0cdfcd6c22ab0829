/* A sweep's plan: reading the axes, the grid, and who shares teachers. */
#include "lab/sweep_plan.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum ut_status no_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY, "out of memory for the sweep");
}

/* One "key=value" word. */
struct word {
	char key[64];
	const char *value;
	size_t values; /* how many there are */
	char between;  /* them */
};

static enum ut_status read_word(const char *text, struct word *word,
				struct ut_error *error)
{
	const char *equals = strchr(text, '='), *c;
	char key[sizeof(word->key)];

	if (!equals || equals == text || equals - text >= (long)sizeof(key))
		return ut_error_set(error, UT_INVALID,
				    "cannot read '%s': a knob is set as "
				    "key=value, an axis as key=value,value",
				    text);
	snprintf(key, sizeof(key), "%.*s", (int)(equals - text), text);
	snprintf(word->key, sizeof(word->key), "%s", ut_text_trim(key));
	word->value = equals + 1;
	word->between = ut_recipe_key_is_list(word->key) ? ';' : ',';
	word->values = 1;
	for (c = word->value; *c; ++c)
		word->values += *c == word->between;
	return UT_OK;
}

/* A key stands once: as one value, or as an axis. */
static enum ut_status check_new(const char *const *words, size_t at,
				const struct word *word, struct ut_error *error)
{
	struct word before;
	size_t i;

	for (i = 0; i < at; ++i)
		if (!read_word(words[i], &before, error) &&
		    !strcmp(before.key, word->key))
			return ut_error_set(error, UT_INVALID,
					    "%s is given twice: '%s' and '%s'",
					    word->key, words[i], words[at]);
	return UT_OK;
}

/* Appends one value, as recipes write it. */
static enum ut_status add_value(struct ut_sweep_axis *axis,
				const struct ut_recipe *base, const char *value,
				struct ut_error *error)
{
	struct ut_recipe trial = *base;
	struct ut_text text = {0};
	enum ut_status status;
	size_t i;

	status = ut_recipe_set(&trial, axis->key, value, error);
	if (status)
		return status;
	ut_recipe_value(&trial, axis->key, &text);
	for (i = 0; i < axis->count && !status; ++i)
		if (!strcmp(axis->values[i], ut_text_string(&text)))
			status = ut_error_set(error, UT_INVALID,
					      "%s=%s stands twice: two cells "
					      "would be the same",
					      axis->key, axis->values[i]);
	if (!status) {
		axis->values[axis->count] = strdup(ut_text_string(&text));
		if (text.failed || !axis->values[axis->count])
			status = no_memory(error);
		else
			++axis->count;
	}
	ut_text_release(&text);
	return status;
}

static enum ut_status add_axis(struct ut_sweep_plan *plan,
			       const struct word *word, struct ut_error *error)
{
	struct ut_sweep_axis *axis = &plan->axes[plan->axis_count];
	char *copy = strdup(word->value), *value = copy, *end;
	enum ut_status status = UT_OK;

	if (plan->axis_count == UT_SWEEP_AXES) {
		free(copy);
		return ut_error_set(error, UT_INVALID,
				    "more than %d keys have several values",
				    UT_SWEEP_AXES);
	}
	++plan->axis_count;
	axis->key = strdup(word->key);
	axis->values = calloc(word->values, sizeof(*axis->values));
	if (!copy || !axis->key || !axis->values)
		status = no_memory(error);
	while (!status && value) {
		end = strchr(value, word->between);
		if (end)
			*end = '\0';
		status = add_value(axis, &plan->base, ut_text_trim(value),
				   error);
		value = end ? end + 1 : NULL;
	}
	free(copy);
	return status;
}

/* Nothing varies: tells how it could. */
static enum ut_status refuse_one_cell(const char *const *words, size_t count,
				      struct ut_error *error)
{
	const char *list = NULL;
	size_t i;

	for (i = 0; i < count && !list; ++i)
		if (strchr(words[i], ','))
			list = words[i];
	if (list)
		return ut_error_set(error, UT_INVALID,
				    "no key has several values: those of '%s' "
				    "can hold commas, so ';' stands between "
				    "them",
				    list);
	return ut_error_set(error, UT_INVALID,
			    "no key has several values, as in "
			    "distill.aux=1,3,10; one cell is what `undertone "
			    "run` does");
}

/* Fixed keys first: an axis' values are tried on them. */
static enum ut_status read_words(struct ut_sweep_plan *plan,
				 const char *const *words, size_t count,
				 struct ut_error *error)
{
	enum ut_status status = UT_OK;
	struct word word;
	size_t i;
	int axes;

	for (axes = 0; axes < 2; ++axes)
		for (i = 0; i < count && !status; ++i) {
			status = read_word(words[i], &word, error);
			if (!status)
				status = check_new(words, i, &word, error);
			if (status || (word.values > 1) != axes)
				continue;
			status = axes ? add_axis(plan, &word, error)
				      : ut_recipe_set(&plan->base, word.key,
						      word.value, error);
		}
	if (!status && !plan->axis_count)
		status = refuse_one_cell(words, count, error);
	return status;
}

static enum ut_status check_aux(const struct ut_sweep_plan *plan,
				struct ut_error *error)
{
	if (ut_sweep_find_axis(plan, "distill.aux") &&
	    (ut_sweep_find_axis(plan, "distill.use") || plan->base.distill.use))
		return ut_error_set(error, UT_INVALID,
				    "distill.use cannot be set where "
				    "distill.aux varies: the sweep sets it, so "
				    "that all cells share their teachers");
	return UT_OK;
}

static enum ut_status make_room(struct ut_sweep_plan *plan,
				struct ut_error *error)
{
	size_t i;

	plan->cell_count = 1;
	for (i = 0; i < plan->axis_count; ++i) {
		plan->cell_count *= plan->axes[i].count;
		if (plan->cell_count > UT_SWEEP_CELLS) {
			plan->cell_count = 0;
			return ut_error_set(error, UT_INVALID,
					    "more than %d cells: give fewer "
					    "values, or several sweeps",
					    UT_SWEEP_CELLS);
		}
	}
	plan->cells = calloc(plan->cell_count, sizeof(*plan->cells));
	plan->teachers = calloc(plan->cell_count, sizeof(*plan->teachers));
	return plan->cells && plan->teachers ? UT_OK : no_memory(error);
}

static struct ut_fingerprint print_of(const struct ut_text *text)
{
	struct ut_fingerprinter all;

	ut_fingerprint_init(&all);
	ut_fingerprint_update(&all, ut_text_string(text), text->length);
	return ut_fingerprint_finish(&all);
}

/* "distill.aux=3,seed=1-0123abcd", cut where it is long. */
static void name_cell(const struct ut_sweep_plan *plan, size_t cell,
		      struct ut_fingerprint hash, char *name)
{
	enum { END = 10 }; /* "-", eight digits and a NUL */
	struct ut_text text = {0};
	const char *c;
	size_t n = 0, i;

	for (i = 0; i < plan->axis_count; ++i) {
		ut_text_append(&text, "%s%s=", i ? "," : "", plan->axes[i].key);
		for (c = ut_sweep_value(plan, cell, i); *c; ++c)
			ut_text_append(&text, "%c",
				       isalnum((unsigned char)*c) ||
						       strchr(".+-", *c)
					       ? *c
					       : '_');
	}
	for (c = ut_text_string(&text); *c && n < UT_SWEEP_NAME - END; ++c)
		name[n++] = *c;
	snprintf(name + n, END, "-%08x", (unsigned)(hash.high >> 32));
	ut_text_release(&text);
}

/* What decides the teachers' bits; their data, too, where these vary. */
static struct ut_fingerprint teacher_print(const struct ut_sweep_plan *plan,
					   const struct ut_recipe *recipe,
					   bool *failed)
{
	struct ut_fingerprint print;
	struct ut_text text = {0};

	ut_recipe_write_teacher(recipe, &text);
	if (ut_sweep_find_axis(plan, "data.dir"))
		ut_text_append(&text, "data.dir = %s\n", recipe->data.dir);
	print = print_of(&text);
	*failed = text.failed;
	ut_text_release(&text);
	return print;
}

/* The place of these teachers in the plan, which grows when they are new. */
static size_t find_teacher(struct ut_sweep_plan *plan,
			   struct ut_fingerprint hash, size_t cell)
{
	size_t i;

	for (i = 0; i < plan->teacher_count; ++i)
		if (ut_fingerprint_equal(plan->teachers[i].hash, hash))
			return i;
	plan->teachers[i].hash = hash;
	plan->teachers[i].cell = cell;
	++plan->teacher_count;
	return i;
}

static enum ut_status add_cell(struct ut_sweep_plan *plan, size_t i,
			       struct ut_error *error)
{
	struct ut_sweep_teacher *teacher;
	struct ut_fingerprint hash;
	struct ut_text text = {0};
	struct ut_recipe recipe;
	enum ut_status status;
	bool failed;

	ut_sweep_cell_recipe(plan, i, &recipe);
	status = ut_recipe_check(&recipe, error);
	if (status) {
		ut_sweep_describe(plan, i, &text);
		ut_error_prefix(error, "the cell %s", ut_text_string(&text));
		ut_text_release(&text);
		return status;
	}
	ut_sweep_identity(plan, &recipe, &text);
	name_cell(plan, i, print_of(&text), plan->cells[i].name);
	hash = teacher_print(plan, &recipe, &failed);
	failed |= text.failed;
	ut_text_release(&text);
	if (failed)
		return no_memory(error);
	plan->cells[i].teacher = find_teacher(plan, hash, i);
	teacher = &plan->teachers[plan->cells[i].teacher];
	++teacher->cells;
	if (recipe.replicas > teacher->replicas)
		teacher->replicas = recipe.replicas;
	return UT_OK;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names that were cut, and eight digits, can in the end be the same. */
static enum ut_status check_names(const struct ut_sweep_plan *plan,
				  struct ut_error *error)
{
	const char **names = calloc(plan->cell_count, sizeof(*names));
	enum ut_status status = UT_OK;
	size_t i;

	if (!names)
		return no_memory(error);
	for (i = 0; i < plan->cell_count; ++i)
		names[i] = plan->cells[i].name;
	qsort(names, plan->cell_count, sizeof(*names), by_name);
	for (i = 1; i < plan->cell_count && !status; ++i)
		if (!strcmp(names[i - 1], names[i]))
			status = ut_error_set(error, UT_INVALID,
					      "two cells would have the folder "
					      "%s: give them in two sweeps",
					      names[i]);
	free(names);
	return status;
}

enum ut_status ut_sweep_plan_make(struct ut_sweep_plan *plan,
				  const struct ut_recipe *recipe,
				  const char *const *words, size_t count,
				  struct ut_error *error)
{
	enum ut_status status;
	size_t i;

	*plan = (struct ut_sweep_plan){.base = *recipe};
	plan->base.save = UT_SAVE_NONE;
	status = read_words(plan, words, count, error);
	if (!status)
		status = check_aux(plan, error);
	if (!status)
		status = make_room(plan, error);
	for (i = 0; i < plan->cell_count && !status; ++i)
		status = add_cell(plan, i, error);
	if (!status)
		status = check_names(plan, error);
	return status;
}

void ut_sweep_plan_release(struct ut_sweep_plan *plan)
{
	size_t i, j;

	for (i = 0; i < plan->axis_count; ++i) {
		for (j = 0; j < plan->axes[i].count; ++j)
			free(plan->axes[i].values[j]);
		free(plan->axes[i].values);
		free(plan->axes[i].key);
	}
	free(plan->cells);
	free(plan->teachers);
	*plan = (struct ut_sweep_plan){0};
}
