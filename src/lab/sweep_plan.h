/* A sweep's plan: the cells of its grid, and the teachers they share. */
#ifndef UT_SWEEP_PLAN_H
#define UT_SWEEP_PLAN_H

#include "base/fingerprint.h"
#include "lab/recipe.h"

enum { UT_SWEEP_CELLS = 10000, UT_SWEEP_AXES = 16, UT_SWEEP_NAME = 160 };

/* A key that varies, and its values as recipes write them. */
struct ut_sweep_axis {
	char *key;
	char **values;
	size_t count;
};

struct ut_sweep_cell {
	char name[UT_SWEEP_NAME]; /* of its folder */
	size_t teacher;           /* whose students it has */
};

/* Teachers that several cells share. */
struct ut_sweep_teacher {
	struct ut_fingerprint hash; /* of what decides their bits */
	size_t cell;                /* the first that has them */
	size_t cells;
	uint64_t replicas; /* the most of any of its cells */
};

struct ut_sweep_plan {
	struct ut_recipe base; /* before the axes' values */
	struct ut_sweep_axis axes[UT_SWEEP_AXES];
	size_t axis_count;
	struct ut_sweep_cell *cells; /* the last axis varies fastest */
	size_t cell_count;
	struct ut_sweep_teacher *teachers;
	size_t teacher_count;
};

/*
 * Makes the plan of a sweep: the recipe, changed by key=value words, of which
 * those with several values (commas between; ';' where a value can hold a
 * comma) are the axes of the grid. Cells keep no weights unless a word sets
 * save. An axis distill.aux does not change the teachers: distill.aux becomes
 * the largest of its values everywhere, and distill.use the cell's. Every
 * cell's recipe is checked. UT_INVALID: what is wrong, and where. Release it
 * either way.
 */
enum ut_status ut_sweep_plan_make(struct ut_sweep_plan *plan,
				  const struct ut_recipe *recipe,
				  const char *const *words, size_t count,
				  struct ut_error *error);
void ut_sweep_plan_release(struct ut_sweep_plan *plan);

/* The axis of this key, or NULL. */
const struct ut_sweep_axis *ut_sweep_find_axis(const struct ut_sweep_plan *plan,
					       const char *key);

/* The value of an axis in a cell. */
const char *ut_sweep_value(const struct ut_sweep_plan *plan, size_t cell,
			   size_t axis);

/* Appends "distill.aux=3, seed=1": the axes' values in a cell. */
void ut_sweep_describe(const struct ut_sweep_plan *plan, size_t cell,
		       struct ut_text *text);

/* The recipe of a cell, and of the run that trains teachers alone. */
void ut_sweep_cell_recipe(const struct ut_sweep_plan *plan, size_t cell,
			  struct ut_recipe *recipe);
void ut_sweep_teacher_recipe(const struct ut_sweep_plan *plan, size_t teacher,
			     struct ut_recipe *recipe);

/*
 * Appends the recipe without the keys that say where things are and how they
 * are worked on, unless they are axes: equal texts are the same cell wherever
 * it is computed.
 */
void ut_sweep_identity(const struct ut_sweep_plan *plan,
		       const struct ut_recipe *recipe, struct ut_text *text);

/*
 * Whether two recipes are the same in that sense; else appends the first key in
 * which they differ: "seed is '1' there, '2' here", there being in a.
 */
bool ut_sweep_same(const struct ut_sweep_plan *plan, const struct ut_recipe *a,
		   const struct ut_recipe *b, struct ut_text *difference);

/*
 * Whether a cell is one of the shard's, 1 <= shard <= shards. With as many
 * teachers as shards or more, a shard takes every shards-th of them, with all
 * their cells; else the shards that have teachers in common take turns with
 * their cells.
 */
bool ut_sweep_in_shard(const struct ut_sweep_plan *plan, size_t cell,
		       unsigned shard, unsigned shards);

#endif
