/* What the runs of a sweep cost: how far it is, and how long it will take. */
#include "lab/sweep_costs.h"

#include <stdlib.h>

bool ut_sweep_costs_init(struct ut_sweep_costs *costs,
			 const struct ut_sweep_plan *plan)
{
	*costs = (struct ut_sweep_costs){0};
	costs->cells = calloc(plan->cell_count, sizeof(*costs->cells));
	costs->teachers = calloc(plan->teacher_count, sizeof(*costs->teachers));
	costs->added = calloc(plan->teacher_count, sizeof(*costs->added));
	costs->teacher_count = plan->teacher_count;
	return costs->cells && costs->teachers && costs->added;
}

void ut_sweep_costs_release(struct ut_sweep_costs *costs)
{
	free(costs->cells);
	free(costs->teachers);
	free(costs->added);
	*costs = (struct ut_sweep_costs){0};
}

/* A run's own count, ut_experiment_run's, is finer: what is measured. */
static struct ut_sweep_cost estimate(const struct ut_recipe *recipe,
				     const struct ut_dataset *data,
				     bool teaches)
{
	struct ut_sweep_cost cost = {{0}};
	double R = (double)recipe->replicas, training, forward;
	struct ut_net net;
	int c;

	if (ut_experiment_net(recipe, data, &net, NULL))
		return cost;
	training = ut_net_training_flop(&net);
	forward = ut_net_forward_flop(&net);
	for (c = 0; c < UT_CONDITIONS; ++c) {
		double epochs = (double)ut_recipe_training(recipe, c)->epochs;

		if (!(recipe->conditions & 1u << c))
			continue;
		cost.of[UT_EFFORT_MEASURE] +=
			R * (double)data->test.count * forward;
		if (ut_condition_is_student(c))
			cost.of[UT_EFFORT_STUDENT] +=
				R * epochs * (double)recipe->distill.images *
				(training + forward);
		else if ((c == UT_TEACHER && teaches) ||
			 c == UT_SHUFFLED_TEACHER)
			cost.of[UT_EFFORT_TEACHER] +=
				R * epochs * (double)data->train.count *
				training;
	}
	return cost;
}

void ut_sweep_costs_learn(struct ut_sweep_costs *costs,
			  const struct ut_sweep_plan *plan,
			  const struct ut_dataset *data)
{
	struct ut_recipe recipe;
	size_t i;

	for (i = 0; i < plan->cell_count; ++i) {
		ut_sweep_cell_recipe(plan, i, &recipe);
		costs->cells[i] = estimate(&recipe, data, false);
	}
	for (i = 0; i < plan->teacher_count; ++i) {
		ut_sweep_teacher_recipe(plan, i, &recipe);
		costs->teachers[i] = estimate(&recipe, data, true);
	}
	costs->known = true;
}

static void add(struct ut_sweep_cost *to, const struct ut_sweep_cost *more)
{
	int w;

	for (w = 0; w < UT_EFFORTS; ++w)
		to->of[w] += more->of[w];
}

void ut_sweep_costs_begin(struct ut_sweep_costs *costs)
{
	size_t i;

	costs->after = (struct ut_sweep_cost){{0}};
	for (i = 0; i < costs->teacher_count; ++i)
		costs->added[i] = false;
}

void ut_sweep_costs_add_cell(struct ut_sweep_costs *costs, size_t cell)
{
	add(&costs->after, &costs->cells[cell]);
}

void ut_sweep_costs_add_teacher(struct ut_sweep_costs *costs, size_t teacher)
{
	if (!costs->added[teacher])
		add(&costs->after, &costs->teachers[teacher]);
	costs->added[teacher] = true;
}

void ut_sweep_costs_widen(struct ut_sweep_costs *costs,
			  struct ut_progress *progress)
{
	int w;

	for (w = 0; w < UT_EFFORTS; ++w) {
		costs->now.of[w] = progress->done[w];
		progress->done[w] += costs->before.of[w];
		progress->planned[w] +=
			costs->before.of[w] + costs->after.of[w];
	}
	costs->images_now = progress->images;
	progress->images += costs->images;
}

void ut_sweep_costs_end(struct ut_sweep_costs *costs)
{
	add(&costs->before, &costs->now);
	costs->now = (struct ut_sweep_cost){{0}};
	costs->images += costs->images_now;
	costs->images_now = 0;
}
