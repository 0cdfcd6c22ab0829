/* What an experiment measured, replica by replica. */
#include "lab/results.h"

#include <stdlib.h>

enum ut_status ut_results_init(struct ut_results *results,
			       const struct ut_recipe *recipe,
			       struct ut_error *error)
{
	size_t R = recipe->replicas;
	bool good = true;
	int c;

	*results = (struct ut_results){.replicas = R};
	for (c = 0; c < UT_CONDITIONS; ++c) {
		struct ut_phase *phase = &results->phases[c];

		if (!(recipe->conditions & 1u << c))
			continue;
		results->accuracy[c] = calloc(R, sizeof(double));
		results->present[c] = calloc(R, sizeof(double));
		good = good && results->accuracy[c] && results->present[c];
		phase->trained = c == UT_TEACHER || ut_condition_is_student(c);
		if (!phase->trained)
			continue;
		phase->epochs = ut_recipe_training(recipe, c)->epochs;
		phase->points =
			calloc((phase->epochs + 1) * R, sizeof(*phase->points));
		good = good && phase->points;
	}
	return good ? UT_OK
		    : ut_error_set(error, UT_MEMORY,
				   "out of memory for "
				   "the results of %zu replicas",
				   R);
}

void ut_results_release(struct ut_results *results)
{
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		free(results->accuracy[c]);
		free(results->present[c]);
		free(results->phases[c].points);
	}
	*results = (struct ut_results){0};
}

struct ut_fingerprint ut_results_print(const struct ut_results *results,
				       enum ut_condition phase, uint64_t epoch)
{
	const struct ut_point *points =
		results->phases[phase].points + epoch * results->replicas;
	struct ut_fingerprinter all;
	size_t r;
	int i;

	ut_fingerprint_init(&all);
	for (r = 0; r < results->replicas; ++r) {
		struct ut_fingerprint print = points[r].print;
		unsigned char bytes[16];

		for (i = 0; i < 8; ++i) {
			bytes[i] = (unsigned char)(print.high >> (56 - 8 * i));
			bytes[8 + i] =
				(unsigned char)(print.low >> (56 - 8 * i));
		}
		ut_fingerprint_update(&all, bytes, sizeof(bytes));
	}
	return ut_fingerprint_finish(&all);
}
