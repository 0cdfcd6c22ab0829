/* What the runs of a sweep cost, for its progress. Private to lab. */
#ifndef UT_SWEEP_COSTS_H
#define UT_SWEEP_COSTS_H

#include "lab/experiment.h"
#include "lab/sweep_plan.h"

/* Useful operations of one run, by kind. */
struct ut_sweep_cost {
	double of[UT_EFFORTS];
};

struct ut_sweep_costs {
	bool known;                  /* the data are, and so the costs */
	struct ut_sweep_cost *cells; /* without their teachers */
	struct ut_sweep_cost *teachers;
	size_t teacher_count;
	bool *added; /* teachers, to what comes after */
	/* of the runs before this one, of itself so far, and of those after */
	struct ut_sweep_cost before, now, after;
	double images, images_now; /* trained on before it, and in it */
};

/* Room for the plan's; false when memory runs out. Release them either way. */
bool ut_sweep_costs_init(struct ut_sweep_costs *costs,
			 const struct ut_sweep_plan *plan);
void ut_sweep_costs_release(struct ut_sweep_costs *costs);

/*
 * Estimates every run's cost from the first one's data: other cells may have
 * other data, but their own run tells what it costs when it begins.
 */
void ut_sweep_costs_learn(struct ut_sweep_costs *costs,
			  const struct ut_sweep_plan *plan,
			  const struct ut_dataset *data);

/* A run begins: then what comes after it is added, teachers once. */
void ut_sweep_costs_begin(struct ut_sweep_costs *costs);
void ut_sweep_costs_add_cell(struct ut_sweep_costs *costs, size_t cell);
void ut_sweep_costs_add_teacher(struct ut_sweep_costs *costs, size_t teacher);

/* Makes a run's progress that of the sweep; the run ends, however it went. */
void ut_sweep_costs_widen(struct ut_sweep_costs *costs,
			  struct ut_progress *progress);
void ut_sweep_costs_end(struct ut_sweep_costs *costs);

#endif
