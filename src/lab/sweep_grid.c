/* The cells of a sweep's grid: their recipes, and which shard computes them. */
#include <assert.h>
#include <string.h>

#include "lab/sweep_plan.h"

const struct ut_sweep_axis *ut_sweep_find_axis(const struct ut_sweep_plan *plan,
					       const char *key)
{
	size_t i;

	for (i = 0; i < plan->axis_count; ++i)
		if (!strcmp(plan->axes[i].key, key))
			return &plan->axes[i];
	return NULL;
}

const char *ut_sweep_value(const struct ut_sweep_plan *plan, size_t cell,
			   size_t axis)
{
	size_t i;

	assert(cell < plan->cell_count && axis < plan->axis_count);
	for (i = plan->axis_count - 1; i > axis; --i)
		cell /= plan->axes[i].count;
	return plan->axes[axis].values[cell % plan->axes[axis].count];
}

void ut_sweep_describe(const struct ut_sweep_plan *plan, size_t cell,
		       struct ut_text *text)
{
	size_t i;

	for (i = 0; i < plan->axis_count; ++i)
		ut_text_append(text, "%s%s=%s", i ? ", " : "",
			       plan->axes[i].key,
			       ut_sweep_value(plan, cell, i));
}

static uint64_t widest(const struct ut_sweep_axis *axis)
{
	uint64_t most = 0, value;
	size_t i;

	for (i = 0; i < axis->count; ++i)
		if (ut_parse_u64(axis->values[i], 0, UINT64_MAX, &value) &&
		    value > most)
			most = value;
	return most;
}

void ut_sweep_cell_recipe(const struct ut_sweep_plan *plan, size_t cell,
			  struct ut_recipe *recipe)
{
	enum ut_status status;
	size_t i;

	*recipe = plan->base;
	for (i = 0; i < plan->axis_count; ++i) {
		status = ut_recipe_set(recipe, plan->axes[i].key,
				       ut_sweep_value(plan, cell, i), NULL);
		assert(!status); /* add_value tried it */
		(void)status;
		if (!strcmp(plan->axes[i].key, "distill.aux")) {
			recipe->distill.use = recipe->distill.aux;
			recipe->distill.aux = widest(&plan->axes[i]);
		}
	}
}

void ut_sweep_teacher_recipe(const struct ut_sweep_plan *plan, size_t teacher,
			     struct ut_recipe *recipe)
{
	const struct ut_sweep_teacher *t = &plan->teachers[teacher];
	struct ut_recipe plain;
	uint64_t aux;

	ut_recipe_init(&plain);
	ut_sweep_cell_recipe(plan, t->cell, recipe);
	/* the same text whichever cell comes first */
	aux = recipe->distill.aux;
	recipe->distill = plain.distill;
	recipe->distill.aux = aux;
	recipe->conditions = 1u << UT_TEACHER | 1u << UT_REFERENCE;
	recipe->replicas = t->replicas;
	recipe->save = UT_SAVE_ALL;
	recipe->samples = 0;
	recipe->robustness = 0;
	recipe->diagnostics = 0;
}

void ut_sweep_identity(const struct ut_sweep_plan *plan,
		       const struct ut_recipe *recipe, struct ut_text *text)
{
	const char *const *key = ut_recipe_circumstances;
	struct ut_recipe copy = *recipe, plain;

	ut_recipe_init(&plain);
	for (; *key; ++key) {
		struct ut_text value = {0};

		if (ut_sweep_find_axis(plan, *key))
			continue;
		ut_recipe_value(&plain, *key, &value);
		ut_recipe_set(&copy, *key, ut_text_string(&value), NULL);
		text->failed |= value.failed;
		ut_text_release(&value);
	}
	ut_recipe_write(&copy, text);
}

static bool is_circumstance(const struct ut_sweep_plan *plan, const char *key)
{
	return ut_recipe_key_is_circumstance(key) &&
	       !ut_sweep_find_axis(plan, key);
}

bool ut_sweep_same(const struct ut_sweep_plan *plan, const struct ut_recipe *a,
		   const struct ut_recipe *b, struct ut_text *difference)
{
	struct ut_text range = {0}, one = {0}, other = {0};
	const char *key, *meaning;
	bool same = true;
	size_t i;

	for (i = 0; same && ut_recipe_describe(i, &key, &meaning, &range);
	     ++i) {
		ut_text_release(&range);
		ut_text_release(&one);
		ut_text_release(&other);
		ut_recipe_value(a, key, &one);
		ut_recipe_value(b, key, &other);
		same = is_circumstance(plan, key) ||
		       !strcmp(ut_text_string(&one), ut_text_string(&other));
	}
	if (!same)
		ut_text_append(difference, "%s is '%s' there, '%s' here", key,
			       ut_text_string(&one), ut_text_string(&other));
	ut_text_release(&range);
	ut_text_release(&one);
	ut_text_release(&other);
	return same;
}

/* How many cells before this one have its teachers. */
static size_t place_in_group(const struct ut_sweep_plan *plan, size_t cell)
{
	size_t n = 0, i;

	for (i = 0; i < cell; ++i)
		n += plan->cells[i].teacher == plan->cells[cell].teacher;
	return n;
}

bool ut_sweep_in_shard(const struct ut_sweep_plan *plan, size_t cell,
		       unsigned shard, unsigned shards)
{
	size_t groups = plan->teacher_count, mine = shard - 1, sharers;
	size_t group = plan->cells[cell].teacher;

	assert(shard >= 1 && shard <= shards);
	if (groups >= shards)
		return group % shards == mine;
	if (mine % groups != group)
		return false;
	sharers = (shards - group + groups - 1) / groups;
	return place_in_group(plan, cell) % sharers == mine / groups;
}
