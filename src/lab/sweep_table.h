/* A sweep's results in a table: a row for each condition of each cell. */
#ifndef UT_SWEEP_TABLE_H
#define UT_SWEEP_TABLE_H

#include "lab/sweep.h"
#include "report/statistics.h"

/* One condition of one finished cell: accuracies over all class logits. */
struct ut_sweep_row {
	size_t cell;
	enum ut_condition condition;
	struct ut_summary accuracy;
	double chance;
	double ceiling; /* mean; below 0: not measured */
	double share;   /* of the ceiling: ratio of the means; the same */
};

/* Shows the rows of all finished cells in order, read from their receipts. */
enum ut_status ut_sweep_rows(const struct ut_sweep *sweep,
			     void (*show)(void *user,
					  const struct ut_sweep_row *row),
			     void *user, struct ut_error *error);

/* Writes them as sweep.csv. */
enum ut_status ut_sweep_table_write(const struct ut_sweep *sweep,
				    struct ut_error *error);

#endif
